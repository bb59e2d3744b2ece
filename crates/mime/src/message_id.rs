//! Message identifiers (RFC 5322 §3.6.4).
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use smol_str::SmolStr;

use crate::lex::Lexer;
use crate::{ParseError, ParseErrorKind};

/// The identifier of a message, without its angle brackets.
///
/// Holds no blanks, controls or angle brackets, so that nothing can be injected by it. Some that
/// are sent have no `@`; they identify as well.
///
/// ```
/// use mime::MessageId;
///
/// let id: MessageId = "17b2@crepes.fr".parse()?;
/// assert_eq!(id.to_string(), "<17b2@crepes.fr>");
/// assert_eq!(id.as_str(), "17b2@crepes.fr");
/// # Ok::<(), mime::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageId(SmolStr);

impl MessageId {
    /// Returns what stands between the angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn read_all(value: &[u8]) -> Vec<Self> {
        let (mut out, mut lexer) = (Vec::new(), Lexer::new(value));
        loop {
            lexer.take_while(|octet| octet != b'<' && octet != b'(');
            if lexer.peek() == Some(b'(') {
                lexer.comment();
            } else if lexer.eat(b'<') {
                let id = lexer.take_while(|octet| octet != b'>' && octet != b'<');
                // Senders fold inside long identifiers.
                let id: Vec<u8> =
                    id.iter().copied().filter(|it| !it.is_ascii_whitespace()).collect();
                out.extend(String::from_utf8_lossy(&id).parse());
            } else {
                return out;
            }
        }
    }
}

impl FromStr for MessageId {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>');
        // The usual case, in which octets tell.
        let plain = text.bytes().all(|it| it.is_ascii_graphic() && it != b'<' && it != b'>');
        match if plain { None } else { text.find(bad) } {
            Some(at) => Err(ParseError::new(ParseErrorKind::MessageId, at)),
            // RFC 5322 §2.1.1: it must fit into a line, as nothing in it can be folded.
            None if text.is_empty() || text.len() > 900 => {
                Err(ParseError::new(ParseErrorKind::MessageId, text.len().min(900)))
            }
            None => Ok(Self(SmolStr::new(text))),
        }
    }
}

/// With its angle brackets, as headers have it.
impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_found_between_what_is_none() {
        let found = MessageId::read_all(b" (c <x@y>) <a@b>\r\n\t<c@\r\n d>junk <><e f@g> <open");
        let found: Vec<_> = found.iter().map(MessageId::as_str).collect();
        assert_eq!(found, ["a@b", "c@d", "ef@g", "open"]);
        for bad in ["", "a b", "a\r\nb", "<a@b>"] {
            assert!(bad.parse::<MessageId>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(900).parse::<MessageId>().is_ok());
        assert!("a".repeat(901).parse::<MessageId>().is_err());
    }
}
