//! Whether a person or a program sent a message (RFC 3834 §5).
use alloc::string::String;

use crate::Field;
use crate::lex::{Lexer, is_token};
use crate::unfold::clean;

/// Who caused a message to be sent (RFC 3834 §5).
///
/// ```
/// use mime::{AutoSubmitted, Message};
///
/// let message = Message::parse(b"Auto-Submitted: auto-replied (vacation)\r\n\r\n");
/// assert_eq!(message.auto_submitted(), AutoSubmitted::Replied);
/// assert!(message.auto_submitted().is_automatic());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AutoSubmitted {
    /// `no`: a person. Also where nothing is said.
    No,
    /// `auto-generated`: a program, by itself.
    Generated,
    /// `auto-replied`: a program, as an answer.
    Replied,
    /// `auto-notified`: a program, about a mailbox (RFC 5436 §2.7.1).
    Notified,
    /// Another keyword: a program, too.
    Other(String),
}

impl AutoSubmitted {
    /// Tells whether a program sent it: everything but `no`.
    #[must_use]
    pub fn is_automatic(&self) -> bool {
        *self != Self::No
    }
}

impl Field<'_> {
    /// Reads the value as `Auto-Submitted`, its parameters left out (RFC 3834 §5).
    #[must_use]
    pub fn auto_submitted(&self) -> AutoSubmitted {
        let mut lexer = Lexer::new(self.value());
        lexer.skip_cfws();
        let word = lexer.take_while(is_token);
        let known = [
            ("no", AutoSubmitted::No),
            ("", AutoSubmitted::No),
            ("auto-generated", AutoSubmitted::Generated),
            ("auto-replied", AutoSubmitted::Replied),
            ("auto-notified", AutoSubmitted::Notified),
        ];
        let found = known.into_iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word));
        found.map_or_else(|| AutoSubmitted::Other(clean(word)), |(_, it)| it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_read_in_any_case_and_between_comments() {
        for (field, expected) in [
            ("A: no", AutoSubmitted::No),
            ("A: (hm) No; x=y", AutoSubmitted::No),
            ("A: AUTO-generated", AutoSubmitted::Generated),
            ("A: auto-replied; owner-email=\"a@b\"", AutoSubmitted::Replied),
            ("A: auto-notified", AutoSubmitted::Notified),
            ("A: auto-x", AutoSubmitted::Other("auto-x".into())),
            ("A:", AutoSubmitted::No),
        ] {
            assert_eq!(Field::new(field.as_bytes()).unwrap().auto_submitted(), expected, "{field}");
        }
    }
}
