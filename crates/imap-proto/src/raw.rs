//! What could not be read.
use bytes::{BufMut, Bytes, BytesMut};

use crate::{Line, ParseError, ParseErrorKind};

/// Octets of a line that this crate has no grammar for, kept as they came, literals written out:
/// balanced in their parentheses and whole in their strings, so that they can be written again.
///
/// ```
/// let raw = imap_proto::Raw::parse("X-COLOUR (\"blue\" 7)".into())?;
/// assert_eq!(raw.as_bytes(), b"X-COLOUR (\"blue\" 7)");
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Raw(Bytes);

impl Raw {
    /// Takes octets that are a part of a line, without CRLF at their end.
    ///
    /// # Errors
    /// They hold CR, LF or NUL outside literals, or a literal that is not whole.
    pub fn parse(octets: Bytes) -> Result<Self, ParseError> {
        let mut line = BytesMut::from(&octets[..]);
        line.put_slice(b"\r\n");
        let line = Line::parse(line.freeze())?;
        let mut before = 0;
        let texts = core::iter::once((line.text(), 0)).chain(
            line.holes()
                .iter()
                .map(|hole| (&hole.text, hole.octets.as_ref().map_or(0, Bytes::len))),
        );
        for (text, literal) in texts {
            before += literal;
            if let Some(at) = text.iter().position(|octet| matches!(octet, 0 | b'\r' | b'\n')) {
                return Err(ParseError::new(ParseErrorKind::Text, before + at));
            }
            before += text.len();
        }
        Ok(Self(octets))
    }

    /// Takes octets of a line that has been framed.
    pub(crate) const fn trusted(octets: Bytes) -> Self {
        Self(octets)
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
