//! The trace that servers leave (RFC 5321 §4.4).
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::lex::{Lexer, is_blank};
use crate::unfold::clean;
use crate::{DateTime, Field};

/// A `Received` field: how a message came to one server (RFC 5321 §4.4).
///
/// Servers write it in many ways, so that it is read as clauses, a keyword with the words and
/// comments after it; what stands before the first keyword is a clause without one.
///
/// ```
/// use mime::Field;
///
/// let field = Field::new(
///     b"Received: from crepes.fr (mx.crepes.fr [192.0.2.7]) by hamburger.edu\r\n \
///       with ESMTPS id 17b2 for <bob@hamburger.edu>; Sat, 22 Nov 2025 09:26:41 +0100\r\n",
/// ).unwrap();
/// let received = field.received();
/// assert_eq!((received.from(), received.by()), (Some("crepes.fr"), Some("hamburger.edu")));
/// assert_eq!((received.with(), received.id()), (Some("ESMTPS"), Some("17b2")));
/// assert_eq!(received.recipient(), Some("<bob@hamburger.edu>"));
/// assert_eq!(received.peer(), Some("192.0.2.7".parse()?));
/// assert_eq!(received.date().unwrap().unix_seconds(), 1_763_800_001);
/// # Ok::<(), core::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Received {
    clauses: Vec<ReceivedClause>,
    date: Option<DateTime>,
}

/// One clause of a [`Received`] field, such as `by hamburger.edu (Postfix)`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReceivedClause {
    keyword: Option<&'static str>,
    value: String,
    comments: Vec<String>,
}

/// RFC 5321 §4.4, in its order.
const KEYWORDS: [&str; 6] = ["from", "by", "via", "with", "id", "for"];

impl Received {
    /// Reads the value of a field: what follows the colon.
    #[must_use]
    pub fn read(value: &[u8]) -> Self {
        let mut lexer = Lexer::new(value);
        let (mut clauses, mut open) = (Vec::new(), ReceivedClause::default());
        loop {
            lexer.take_while(is_blank);
            match lexer.peek() {
                None | Some(b';') => break,
                Some(b'(') => open.comments.push(clean(&lexer.comment())),
                Some(_) => {
                    let word = word(&mut lexer);
                    match keyword(&word) {
                        // A keyword needs a value: in `from by by x` a host is called `by`.
                        Some(found) if open.keyword.is_none() || !open.value.is_empty() => {
                            let next =
                                ReceivedClause { keyword: Some(found), ..Default::default() };
                            clauses.push(core::mem::replace(&mut open, next));
                        }
                        _ => open.add(&word),
                    }
                }
            }
        }
        clauses.push(open);
        clauses
            .retain(|it| it.keyword.is_some() || !it.value.is_empty() || !it.comments.is_empty());
        let date = if lexer.eat(b';') { DateTime::read(lexer.rest) } else { None };
        Self { clauses, date }
    }

    /// Returns the clauses, in their order.
    #[must_use]
    pub fn clauses(&self) -> &[ReceivedClause] {
        &self.clauses
    }

    /// Returns the name that the sending host gave itself.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        self.value("from")
    }

    /// Returns the host that received it.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.value("by")
    }

    /// Returns the link, if it was no Internet.
    #[must_use]
    pub fn via(&self) -> Option<&str> {
        self.value("via")
    }

    /// Returns the protocol: `ESMTPS` and the like (RFC 3848).
    #[must_use]
    pub fn with(&self) -> Option<&str> {
        self.value("with")
    }

    /// Returns the number that the receiving host gave it.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.value("id")
    }

    /// Returns for whom it was, as it is spelled: the `for` clause.
    #[must_use]
    pub fn recipient(&self) -> Option<&str> {
        self.value("for")
    }

    /// Returns when it was received.
    #[must_use]
    pub const fn date(&self) -> Option<DateTime> {
        self.date
    }

    /// Returns the address that it came from: the first literal of the `from` clause. Its
    /// comments are the receiver's word, the name before them the sender's, so that they are
    /// asked first.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        let from = self.clauses.iter().find(|it| it.keyword == Some("from"))?;
        from.comments.iter().chain([&from.value]).find_map(|text| literal(text))
    }

    fn value(&self, keyword: &str) -> Option<&str> {
        let clause = self.clauses.iter().find(|it| it.keyword == Some(keyword));
        clause.map(|it| it.value.as_str())
    }
}

impl ReceivedClause {
    /// Returns the keyword in lower case; none for what precedes the first one.
    #[must_use]
    pub const fn keyword(&self) -> Option<&'static str> {
        self.keyword
    }

    /// Returns the words after the keyword, with one space between them.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the comments in it, without their outer parentheses.
    #[must_use]
    pub fn comments(&self) -> &[String] {
        &self.comments
    }

    fn add(&mut self, word: &str) {
        if !self.value.is_empty() {
            self.value.push(' ');
        }
        self.value.push_str(word);
    }
}

impl Field<'_> {
    /// Reads the value as a trace field (RFC 5321 §4.4).
    #[must_use]
    pub fn received(&self) -> Received {
        Received::read(self.value())
    }
}

/// Reads a word as it is spelled; quoted strings and what is in angle brackets hold together.
fn word(lexer: &mut Lexer<'_>) -> String {
    let (start, mut angle) = (lexer.rest, false);
    while let Some(octet) = lexer.peek() {
        match octet {
            b'"' => {
                lexer.quoted();
                continue;
            }
            b'<' => angle = true,
            b'>' => angle = false,
            b'(' | b';' if !angle => break,
            _ if is_blank(octet) => break,
            _ => {}
        }
        lexer.next();
    }
    clean(start.get(..start.len() - lexer.rest.len()).unwrap_or_default())
}

fn keyword(word: &str) -> Option<&'static str> {
    KEYWORDS.into_iter().find(|keyword| keyword.eq_ignore_ascii_case(word))
}

/// Finds `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3), with or without the tag.
fn literal(text: &str) -> Option<IpAddr> {
    text.split('[').skip(1).find_map(|rest| {
        let address = rest.split(']').next()?;
        let tagged = address.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("ipv6:"));
        address.get(if tagged { 5 } else { 0 }..)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_many_servers_are_read() {
        let table: &[(&str, [Option<&str>; 6], bool)] = &[
            (
                "from a by b; 1 Jan 2020 00:00 +0000",
                [Some("a"), Some("b"), None, None, None, None],
                true,
            ),
            (
                "from mail (HELO x) ([10.0.0.1]) (envelope-sender <a@b>) by h (qmail) with SMTP id 1 for <c@d>; x",
                [Some("mail"), Some("h"), None, Some("SMTP"), Some("1"), Some("<c@d>")],
                false,
            ),
            (
                "from A.B (1.2.3.4) by C with Microsoft SMTP Server (version=TLS1_2) id 15.20 via Frontend Transport; 1 Jan 20 1:2",
                [
                    Some("A.B"),
                    Some("C"),
                    Some("Frontend Transport"),
                    Some("Microsoft SMTP Server"),
                    Some("15.20"),
                    None,
                ],
                true,
            ),
            ("(qmail 12 invoked by uid 5); 1 Jan 2020 00:00", [None; 6], true),
            (
                "by 10.1.2.3 with SMTP id x",
                [None, Some("10.1.2.3"), None, Some("SMTP"), Some("x"), None],
                false,
            ),
            ("from by by x", [Some("by"), Some("x"), None, None, None, None], false),
            ("from \"a ; b\" by x", [Some("\"a ; b\""), Some("x"), None, None, None, None], false),
            ("", [None; 6], false),
        ];
        for (value, expected, dated) in table {
            let it = Received::read(value.as_bytes());
            let found = [it.from(), it.by(), it.via(), it.with(), it.id(), it.recipient()];
            assert_eq!((&found, it.date().is_some()), (expected, *dated), "{value}");
        }
    }

    #[test]
    fn the_peer_is_the_first_literal_that_the_receiver_wrote() {
        for (value, expected) in [
            ("from x (y [192.0.2.1]) by z", Some("192.0.2.1")),
            ("from [10.0.0.1] (y [IPv6:2001:db8::1]) by z", Some("2001:db8::1")),
            ("from [10.0.0.1] by z", Some("10.0.0.1")),
            ("by z ([10.0.0.1])", None),
            ("from [x] by z", None),
        ] {
            let expected = expected.map(|it| it.parse().unwrap());
            assert_eq!(Received::read(value.as_bytes()).peer(), expected, "{value}");
        }
    }
}
