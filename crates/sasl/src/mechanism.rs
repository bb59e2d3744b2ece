//! Names of mechanisms.
use core::fmt;

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

    /// Whether a password crosses the wire as it is, so that the transport must be encrypted.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        matches!(*self, Self::PLAIN | Self::LOGIN)
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
        for known in [Mechanism::PLAIN, Mechanism::LOGIN, Mechanism::EXTERNAL, Mechanism::ANONYMOUS]
        {
            assert_eq!(Mechanism::parse(known.as_str().as_bytes()), Ok(known));
        }
    }
}
