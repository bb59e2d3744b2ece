//! Where bounces go (RFC 5321 §4.4).
use crate::lex::Lexer;
use crate::{AddrSpec, Field};

/// The reverse path of a delivered message (RFC 5321 §4.4). Closed, as the grammar is.
///
/// ```
/// use mime::{Message, ReturnPath};
///
/// let bounce = Message::parse(b"Return-Path: <>\r\n\r\n");
/// assert_eq!(bounce.return_path(), Some(ReturnPath::Null));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum ReturnPath {
    /// `<>`: nowhere; it is a bounce itself.
    Null,
    /// To this address. A source route before it is dropped (RFC 5321 appendix C).
    Address(AddrSpec),
}

impl Field<'_> {
    /// Reads the value as a return path; `None` if it is neither `<>` nor an address.
    #[must_use]
    pub fn return_path(&self) -> Option<ReturnPath> {
        let mut lexer = Lexer::new(self.value());
        lexer.skip_cfws();
        if lexer.eat(b'<') {
            lexer.skip_cfws();
            if lexer.eat(b'>') {
                return Some(ReturnPath::Null);
            }
        }
        let list = self.addresses();
        list.mailboxes().next().map(|it| ReturnPath::Address(it.address().clone()))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn paths_are_read_with_routes_comments_and_without_brackets() {
        for (value, expected) in [
            ("<>", Some("")),
            (" ( a ) < > ", Some("")),
            ("<a@b>", Some("a@b")),
            ("a@b", Some("a@b")),
            ("<@x,@y:a@b>", Some("a@b")),
            ("<\"a b\"@c>", Some("\"a b\"@c")),
            ("", None),
            ("<MAILER-DAEMON>", None),
        ] {
            let raw = alloc::format!("Return-Path: {value}\r\n");
            let found = Field::new(raw.as_bytes()).unwrap().return_path();
            let found = found.map(|it| match it {
                ReturnPath::Null => "".to_string(),
                ReturnPath::Address(it) => it.to_string(),
            });
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }
}
