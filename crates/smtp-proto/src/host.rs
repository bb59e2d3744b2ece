//! Names of hosts.
use core::fmt;
use core::str::FromStr;

use bytes::{BufMut, Bytes, BytesMut};

use crate::grammar::{self, check_charset};
use crate::{ParseError, ParseErrorKind};

/// A domain or an address literal (RFC 5321 §4.1.2, §4.1.3), as it stands on the wire: what one
/// calls oneself in EHLO, and what follows the `@` of a mailbox.
///
/// One that came from a peer shares its line's buffer.
///
/// ```
/// use smtp_proto::Host;
///
/// assert_eq!(Host::parse(b"bar.com")?.as_str(), "bar.com");
/// assert!(Host::parse(b"[192.0.2.1]")?.is_literal());
/// assert!(Host::parse(b"bar.com SIZE=1").is_err());
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Host(Bytes);

impl Host {
    /// Reads a domain, in UTF-8 or with A-labels, or an address literal.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        Self::parse_bytes(Bytes::copy_from_slice(octets))
    }

    /// Returns it as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("every constructor checks the charset")
    }

    /// Whether it is an address literal, in brackets.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.0.starts_with(b"[")
    }

    pub(crate) fn parse_bytes(octets: Bytes) -> Result<Self, ParseError> {
        check_charset(&octets, true)?;
        match grammar::host(&octets) {
            0 => Err(ParseError::new(ParseErrorKind::Host, 0)),
            end if end < octets.len() => Err(ParseError::new(ParseErrorKind::Host, end)),
            _ => Ok(Self(octets)),
        }
    }

    /// Takes any printable word: what clients call themselves is often enough neither.
    pub(crate) fn parse_any_word(octets: Bytes) -> Result<Self, ParseError> {
        check_charset(&octets, true)?;
        let is_legal = |octet: &u8| octet.is_ascii_graphic() || !octet.is_ascii();
        match octets.iter().position(|octet| !is_legal(octet)) {
            None if !octets.is_empty() => Ok(Self(octets)),
            at => Err(ParseError::new(ParseErrorKind::Host, at.unwrap_or(0))),
        }
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }
}

impl FromStr for Host {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
