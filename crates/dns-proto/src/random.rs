//! Numbers that nobody can guess.
use chacha20::ChaCha12Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use crate::name::Name;

/// A generator of ids, seeded by the driver.
///
/// An id is half of what an off-path forger has to guess (RFC 5452 §9.2), and he sees the ids of
/// queries to his own servers: the generator must not be predictable from its output. ChaCha12 is
/// what Rust's own `StdRng` uses, from the crate of the cipher's implementers.
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    pub(crate) fn id(&mut self) -> u16 {
        let [a, b, ..] = self.0.next_u32().to_be_bytes();
        u16::from_be_bytes([a, b])
    }

    /// Draws a key for hashes.
    pub(crate) fn word(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Makes another generator, of which this one's later numbers say nothing.
    #[cfg(feature = "std")]
    pub(crate) fn fork(&mut self) -> Self {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        Self::new(seed)
    }

    /// Writes the letters of a name large and small at random (draft-vixie-dnsext-dns0x20).
    pub(crate) fn spell(&mut self, name: &Name) -> Name {
        let mut wire = name.wire().to_vec();
        let (mut bits, mut left) = (0, 0_u32);
        // The lengths of labels are below 64 and so no letters.
        for octet in wire.iter_mut().filter(|octet| octet.is_ascii_alphabetic()) {
            if left == 0 {
                (bits, left) = (self.0.next_u32(), 32);
            }
            if bits & 1 == 1 {
                *octet ^= 0x20;
            }
            (bits, left) = (bits >> 1, left - 1);
        }
        Name::checked(&wire)
    }

    /// Draws a number below `count`, or zero. The bias is below 2^-32 for any list there is.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let drawn = u128::from(self.0.next_u64()) * (count as u128);
        usize::try_from(drawn >> 64).unwrap_or_default()
    }
}

/// Prints nothing of the state.
impl core::fmt::Debug for Random {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Random")
    }
}
