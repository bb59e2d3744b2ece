//! Octets that must not be printed.
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

/// A password, a token or a SASL message: readable by those who ask, never printed by accident.
///
/// ```
/// use proto_core::Secret;
///
/// let secret = Secret::from(b"hungry".to_vec());
/// assert_eq!(format!("{secret:?}"), "…");
/// assert_eq!(secret.expose(), b"hungry");
/// ```
#[derive(Clone, Default)]
pub struct Secret(Bytes);

impl Secret {
    /// Returns the octets.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Compares in time that depends on the lengths only, not on where the octets differ.
    #[must_use]
    pub fn matches(&self, other: &[u8]) -> bool {
        let same = |sum: u8, (a, b): (&u8, &u8)| sum | (a ^ b);
        self.0.len() == other.len()
            && core::hint::black_box(self.0.iter().zip(other).fold(0, same)) == 0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl Eq for Secret {}

impl From<Bytes> for Secret {
    fn from(octets: Bytes) -> Self {
        Self(octets)
    }
}

impl From<Vec<u8>> for Secret {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_compare_by_content() {
        assert_eq!(Secret::from("a"), Secret::from(b"a".to_vec()));
        assert_ne!(Secret::from("a"), Secret::from("b"));
        assert_ne!(Secret::from("a"), Secret::from("ab"));
    }
}
