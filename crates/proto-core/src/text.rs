//! Words for people.
use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

/// One line of words: octets without control characters other than the tabulator, so that it can
/// neither end a line nor steer a terminal. UTF-8 as a rule, though not every peer keeps it.
///
/// ```
/// use proto_core::{NotText, Text};
///
/// assert_eq!(Text::new("Crispin")?.to_string(), "Crispin");
/// assert_eq!(Text::new("a\r\nQUIT"), Err(NotText { offset: 1 }));
/// # Ok::<_, NotText>(())
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Text(Bytes);

/// A control character where words were expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("control character at octet {offset}")]
pub struct NotText {
    /// Where it stands.
    pub offset: usize,
}

impl Text {
    /// Makes a text.
    ///
    /// # Errors
    /// It holds a control character.
    pub fn new(text: &str) -> Result<Self, NotText> {
        Self::parse(Bytes::copy_from_slice(text.as_bytes()))
    }

    /// Makes a text of words known when the program is written.
    ///
    /// # Panics
    /// They hold a control character.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        let mut rest = text.as_bytes();
        while let Some((octet, tail)) = rest.split_first() {
            assert!(!is_control(*octet), "a text has no control characters");
            rest = tail;
        }
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// Takes octets that came over the wire; shares their buffer.
    ///
    /// # Errors
    /// They hold a control character.
    pub fn parse(octets: Bytes) -> Result<Self, NotText> {
        match octets.iter().position(|octet| is_control(*octet)) {
            None => Ok(Self(octets)),
            Some(offset) => Err(NotText { offset }),
        }
    }

    /// Returns the octets, which need not be UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends the octets.
    pub fn write(&self, out: &mut BytesMut) {
        out.put_slice(&self.0);
    }
}

const fn is_control(octet: u8) -> bool {
    octet.is_ascii_control() && octet != b'\t'
}

/// What is not UTF-8 is replaced.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.utf8_chunks().try_for_each(|chunk| {
            f.write_str(chunk.valid())?;
            if chunk.invalid().is_empty() { Ok(()) } else { f.write_str("\u{FFFD}") }
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_could_end_a_line_or_steer_a_terminal_is_no_text() {
        for (bad, offset) in [("\r", 0), ("\n", 0), ("\0", 0), ("a\x7F", 1), ("ü\x1B[2J", 2)] {
            assert_eq!(Text::new(bad), Err(NotText { offset }), "{bad:?}");
        }
        assert_eq!(Text::new("a\tb ü"), Ok(Text::from_static("a\tb ü")));
    }

    #[test]
    fn what_is_not_utf8_is_shown_as_such() {
        let text = Text::parse(Bytes::from_static(b"a\xFFb")).unwrap();
        assert_eq!(text.to_string(), "a\u{FFFD}b");
    }
}
