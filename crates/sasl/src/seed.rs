//! The caller's randomness.
use alloc::string::{String, ToString};
use core::fmt;

use bytes::BytesMut;

use crate::scram::Hash;
use crate::{ParseError, ParseErrorKind, base64};

/// Randomness for one session, from which the nonces of all its exchanges are made.
///
/// A seed that is used twice lets a listener repeat what was said the first time, so it is made
/// from the operating system's random source for each connection, and cannot be copied.
///
/// ```
/// let mut seed = sasl::Seed::new([7; 32]); // random, in earnest
/// assert_ne!(seed.nonce(), seed.nonce());
/// ```
pub struct Seed {
    key: [u8; 32],
    used: u64,
}

impl Seed {
    /// Takes randomness.
    #[must_use]
    pub const fn new(random: [u8; 32]) -> Self {
        Self { key: random, used: 0 }
    }

    /// Makes the next nonce: 144 bits that nobody can foretell.
    pub fn nonce(&mut self) -> Nonce {
        self.used += 1;
        let octets = Hash::Sha256.hmac(&self.key, &self.used.to_be_bytes());
        let mut text = BytesMut::new();
        base64::write(octets.get(..18).unwrap_or_default(), &mut text);
        Nonce::parse(&text).expect("base64 is printable and has no commas")
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What makes one exchange differ from all others: printable ASCII without commas (RFC 5802 §7).
///
/// ```
/// use sasl::Nonce;
///
/// assert!(Nonce::parse(b"fyko+d2lbbFgONRv9qkxdawL").is_ok());
/// assert!(Nonce::parse(b"a,b").is_err());
/// ```
#[derive(Debug, Eq, PartialEq)]
pub struct Nonce(String);

impl Nonce {
    /// Takes a nonce that the caller made.
    ///
    /// # Errors
    /// It is empty, or holds another character.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let error = |offset| ParseError::new(ParseErrorKind::Nonce, offset);
        let legal = |octet: &u8| octet.is_ascii_graphic() && *octet != b',';
        match (text.iter().position(|octet| !legal(octet)), core::str::from_utf8(text)) {
            (None, Ok(text)) if !text.is_empty() => Ok(Self(text.to_string())),
            (offset, _) => Err(error(offset.unwrap_or_default())),
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;

    use super::*;

    #[test]
    fn nonces_differ_and_depend_on_the_seed() {
        let (mut one, mut two) = (Seed::new([1; 32]), Seed::new([2; 32]));
        let all: BTreeSet<_> = (0..100).flat_map(|_| [one.nonce().0, two.nonce().0]).collect();
        assert_eq!(all.len(), 200);
        assert!(all.iter().all(|nonce| nonce.len() == 24));
        assert_eq!(format!("{one:?}"), "…");
    }

    #[test]
    fn what_is_no_nonce_is_refused() {
        for (text, offset) in [(&b""[..], 0), (b"a,", 1), (b"a b", 1), (b"ab\x7F", 2), (b"\xFF", 0)]
        {
            let error = Nonce::parse(text).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (ParseErrorKind::Nonce, offset));
        }
    }
}
