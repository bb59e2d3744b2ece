//! Names of mechanisms.
use core::fmt;

use crate::scram::Hash;
use crate::{ParseError, ParseErrorKind};

/// The longest name: RFC 4422 §3.1.
const LONGEST: usize = 20;

/// The registered name of a mechanism (RFC 4422 §3.1): 1 to 20 of A–Z, 0–9, `-` and `_`.
///
/// Known or not, every name has this type: a server offers many that a client knows nothing of.
///
/// ```
/// use sasl::Mechanism;
///
/// assert_eq!(Mechanism::parse(b"plain"), Ok(Mechanism::PLAIN));
/// assert_eq!(Mechanism::parse(b"SCRAM-SHA-256")?.as_str(), "SCRAM-SHA-256");
/// assert!(Mechanism::parse(b"no spaces").is_err());
/// # Ok::<_, sasl::ParseError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Mechanism {
    /// Padded with zeros.
    name: [u8; LONGEST],
}

impl Mechanism {
    /// RFC 4616: identity and password in the clear, for encrypted transports.
    pub const PLAIN: Self = Self::known(b"PLAIN");
    /// The same in two steps, without an RFC, for peers that know nothing better.
    pub const LOGIN: Self = Self::known(b"LOGIN");
    /// RFC 4422 appendix A: whoever the transport says it is.
    pub const EXTERNAL: Self = Self::known(b"EXTERNAL");
    /// RFC 4505: nobody in particular.
    pub const ANONYMOUS: Self = Self::known(b"ANONYMOUS");
    /// RFC 2195: a keyed digest by MD5. The server has to know the password; weak.
    pub const CRAM_MD5: Self = Self::known(b"CRAM-MD5");
    /// RFC 5802: the password is proved, not told, and neither end can pretend to know it.
    pub const SCRAM_SHA_1: Self = Self::known(b"SCRAM-SHA-1");
    /// RFC 5802, bound to the encrypted channel below.
    pub const SCRAM_SHA_1_PLUS: Self = Self::known(b"SCRAM-SHA-1-PLUS");
    /// RFC 7677: the same with a better hash.
    pub const SCRAM_SHA_256: Self = Self::known(b"SCRAM-SHA-256");
    /// RFC 7677, bound to the encrypted channel below.
    pub const SCRAM_SHA_256_PLUS: Self = Self::known(b"SCRAM-SHA-256-PLUS");
    /// A token instead of a password, without an RFC, as large providers began it.
    pub const XOAUTH2: Self = Self::known(b"XOAUTH2");
    /// RFC 7628: a token instead of a password.
    pub const OAUTHBEARER: Self = Self::known(b"OAUTHBEARER");

    /// Every mechanism that both sides of this crate know, the best first; a server may offer
    /// all of them that its users can be checked by.
    pub const ALL: [Self; 11] = [
        Self::SCRAM_SHA_256_PLUS,
        Self::SCRAM_SHA_1_PLUS,
        Self::SCRAM_SHA_256,
        Self::SCRAM_SHA_1,
        Self::OAUTHBEARER,
        Self::XOAUTH2,
        Self::CRAM_MD5,
        Self::PLAIN,
        Self::LOGIN,
        Self::EXTERNAL,
        Self::ANONYMOUS,
    ];

    /// Reads a name, in any case.
    ///
    /// # Errors
    /// It is empty, too long, or holds another character.
    pub fn parse(name: &[u8]) -> Result<Self, ParseError> {
        let error = |offset| ParseError::new(ParseErrorKind::Mechanism, offset);
        let mut padded = [0; LONGEST];
        let room = padded.get_mut(..name.len()).ok_or(error(LONGEST))?;
        if name.is_empty() {
            return Err(error(0));
        }
        let legal = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        if let Some(offset) = name.iter().position(|octet| !legal(octet)) {
            return Err(error(offset));
        }
        room.copy_from_slice(name);
        padded.make_ascii_uppercase();
        Ok(Self { name: padded })
    }

    /// Returns the name, in capitals.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let length = self.name.iter().position(|&octet| octet == 0).unwrap_or(LONGEST);
        let name = self.name.get(..length).unwrap_or_default();
        core::str::from_utf8(name).expect("a name is made of ASCII only")
    }

    /// Whether a password or a token crosses the wire as it is, so that the transport must be
    /// encrypted.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        matches!(*self, Self::PLAIN | Self::LOGIN | Self::XOAUTH2 | Self::OAUTHBEARER)
    }

    /// Whether an exchange is bound to the encrypted channel below (RFC 5802 §6).
    #[must_use]
    pub fn is_bound(&self) -> bool {
        matches!(*self, Self::SCRAM_SHA_1_PLUS | Self::SCRAM_SHA_256_PLUS)
    }

    /// Returns the hash of a SCRAM mechanism; `None` for all others.
    #[must_use]
    pub fn hash(&self) -> Option<Hash> {
        match *self {
            Self::SCRAM_SHA_1 | Self::SCRAM_SHA_1_PLUS => Some(Hash::Sha1),
            Self::SCRAM_SHA_256 | Self::SCRAM_SHA_256_PLUS => Some(Hash::Sha256),
            _ => None,
        }
    }

    const fn known(name: &[u8]) -> Self {
        let mut padded = [0; LONGEST];
        let (room, _) = padded.split_at_mut(name.len());
        room.copy_from_slice(name);
        Self { name: padded }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_twenty_characters_is_taken_and_one_of_twenty_one_is_not() {
        assert!(Mechanism::parse(&[b'A'; 20]).is_ok());
        assert_eq!(Mechanism::parse(&[b'A'; 21]).unwrap_err().offset(), 20);
    }

    #[test]
    fn other_characters_are_refused_where_they_stand() {
        for (name, offset) in [("", 0), ("PL AIN", 2), ("PLAIN\0", 5), ("PLÄIN", 2), ("A.B", 1)] {
            assert_eq!(Mechanism::parse(name.as_bytes()).unwrap_err().offset(), offset, "{name}");
        }
    }

    #[test]
    fn known_names_read_as_themselves() {
        for known in Mechanism::ALL {
            assert_eq!(Mechanism::parse(known.as_str().as_bytes()), Ok(known));
        }
    }
}
