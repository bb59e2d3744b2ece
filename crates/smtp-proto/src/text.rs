//! Words for people.
use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::grammar::first_control;
use crate::{Misuse, ParseError, ParseErrorKind};

/// One line of words: octets without control characters, so that it cannot end a line.
///
/// ```
/// use smtp_proto::{Misuse, Text};
///
/// assert_eq!(Text::new("Crispin")?.to_string(), "Crispin");
/// assert_eq!(Text::new("a\r\nQUIT"), Err(Misuse::Text));
/// # Ok::<_, Misuse>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Text(Bytes);

impl Text {
    /// Makes a text.
    ///
    /// # Errors
    /// It holds a control character other than the tabulator.
    pub fn new(text: &str) -> Result<Self, Misuse> {
        match first_control(text.as_bytes()) {
            None => Ok(Self(Bytes::copy_from_slice(text.as_bytes()))),
            Some(_) => Err(Misuse::Text),
        }
    }

    /// Returns the octets, which need not be UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes octets that came over the wire.
    pub(crate) fn parse(octets: Bytes) -> Result<Self, ParseError> {
        match first_control(&octets) {
            None => Ok(Self(octets)),
            Some(at) => Err(ParseError::new(ParseErrorKind::Control, at)),
        }
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }
}

/// What is not UTF-8 is replaced.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.0, f)
    }
}

/// Prints octets that are UTF-8 as a rule.
pub(crate) fn show(octets: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    octets.utf8_chunks().try_for_each(|chunk| {
        f.write_str(chunk.valid())?;
        if chunk.invalid().is_empty() { Ok(()) } else { f.write_str("\u{FFFD}") }
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_could_end_a_line_is_no_text() {
        for bad in ["\r", "\n", "\0", "a\x7F", "\x1B[2J"] {
            assert_eq!(Text::new(bad), Err(Misuse::Text), "{bad:?}");
            assert!(Text::parse(bad.into()).is_err(), "{bad:?}");
        }
        assert!(Text::new("a\tb ü").is_ok());
    }

    #[test]
    fn what_is_not_utf8_is_shown_as_such() {
        let text = Text::parse(Bytes::from_static(b"a\xFFb")).unwrap();
        assert_eq!(text.to_string(), "a\u{FFFD}b");
    }
}
