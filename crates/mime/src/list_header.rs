//! What mailing lists say of themselves (RFC 2369, RFC 2919).
use alloc::string::String;
use alloc::vec::Vec;

use crate::Field;
use crate::lex::{Lexer, is_blank};
use crate::unfold::clean;

/// The identifier of a mailing list (RFC 2919).
///
/// ```
/// use mime::Message;
///
/// let message = Message::parse(b"List-Id: \"Crepe eaters\" <eaters.crepes.fr>\r\n\r\n");
/// let list = message.list_id().unwrap();
/// assert_eq!((list.name(), list.id()), (Some("Crepe eaters"), "eaters.crepes.fr"));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ListId {
    name: Option<String>,
    id: String,
}

impl ListId {
    /// Returns the name for people.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the identifier, without angle brackets. Case does not count (RFC 2919 §6).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// What a `List-Help`, `-Unsubscribe`, `-Subscribe`, `-Post`, `-Owner` or `-Archive` field offers
/// (RFC 2369).
///
/// ```
/// use mime::Field;
///
/// let field = Field::new(b"List-Help: <mailto:list@host.com?subject=help> (ask)\r\n").unwrap();
/// assert_eq!(field.list_urls().urls(), ["mailto:list@host.com?subject=help"]);
/// let field = Field::new(b"List-Post: NO (moderated)\r\n").unwrap();
/// assert!(field.list_urls().is_no());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ListUrls {
    urls: Vec<String>,
    no: bool,
}

impl ListUrls {
    /// Returns the URLs, the one that the list likes best first (RFC 2369 §2).
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Tells whether the field says `NO`: the list takes no posts (RFC 2369 §3.4).
    #[must_use]
    pub const fn is_no(&self) -> bool {
        self.no
    }
}

impl Field<'_> {
    /// Reads the value as a list's identifier; one without angle brackets is taken whole.
    #[must_use]
    pub fn list_id(&self) -> Option<ListId> {
        let mut lexer = Lexer::new(self.value());
        let mut name = Vec::new();
        loop {
            match lexer.peek() {
                Some(b'<') => break,
                // Quotes may hold the bracket.
                Some(b'"') => name.extend_from_slice(&lexer.quoted()),
                Some(b'(') => drop(lexer.comment()),
                Some(_) => name.extend(lexer.next()),
                None => {
                    let id = clean(name.trim_ascii());
                    return (!id.is_empty()).then_some(ListId { name: None, id });
                }
            }
        }
        lexer.eat(b'<');
        let id = address(&mut lexer);
        let name = self.words().decode(name.trim_ascii());
        (!id.is_empty()).then_some(ListId { name: (!name.is_empty()).then_some(name), id })
    }

    /// Reads the value as a list of URLs, or `NO` (RFC 2369).
    #[must_use]
    pub fn list_urls(&self) -> ListUrls {
        let (mut lexer, mut out) = (Lexer::new(self.value()), ListUrls::default());
        loop {
            lexer.skip_cfws();
            match lexer.peek() {
                None => return out,
                Some(b'<') => {
                    lexer.next();
                    let url = address(&mut lexer);
                    out.urls.extend((!url.is_empty()).then_some(url));
                }
                Some(b',') => drop(lexer.next()),
                Some(_) => {
                    let word = lexer.take_while(|it| !is_blank(it) && !b"<,(".contains(&it));
                    out.no |= word.eq_ignore_ascii_case(b"no");
                }
            }
        }
    }
}

/// Reads up to `>`. RFC 2369 §2: white space between the brackets does not count.
fn address(lexer: &mut Lexer<'_>) -> String {
    let octets = lexer.take_while(|octet| octet != b'>');
    lexer.eat(b'>');
    let octets: Vec<u8> = octets.iter().copied().filter(|octet| !is_blank(*octet)).collect();
    clean(&octets)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    /// RFC 2369 §3.
    #[test]
    fn the_examples_of_rfc_2369_are_read() {
        let table: &[(&str, &[&str], bool)] = &[
            (
                "<mailto:list@host.com?subject=help> (List Instructions)",
                &["mailto:list@host.com?subject=help"],
                false,
            ),
            (
                "<ftp://ftp.host.com/list.txt> (FTP),\r\n <mailto:list@host.com?subject=help>",
                &["ftp://ftp.host.com/list.txt", "mailto:list@host.com?subject=help"],
                false,
            ),
            (
                "(Use this command to get off the list)\r\n <mailto:list-manager@host.com?body=unsubscribe%20list>",
                &["mailto:list-manager@host.com?body=unsubscribe%20list"],
                false,
            ),
            ("NO (posting not allowed on this list)", &[], true),
            ("< http://a/\r\n b >", &["http://a/b"], false),
            ("<a,b>,<c", &["a,b", "c"], false),
            ("", &[], false),
        ];
        for (value, urls, no) in table {
            let raw = format!("List-Post: {value}\r\n");
            let found = Field::new(raw.as_bytes()).unwrap().list_urls();
            assert_eq!(
                (found.urls(), found.is_no()),
                (&urls.iter().map(|it| String::from(*it)).collect::<Vec<_>>()[..], *no),
                "{value}"
            );
        }
    }

    /// RFC 2919 §3.
    #[test]
    fn the_examples_of_rfc_2919_are_read() {
        for (value, expected) in [
            (
                "List Header Mailing List <list-header.nisto.com>",
                Some((Some("List Header Mailing List"), "list-header.nisto.com")),
            ),
            (
                "<commonspace-users.list-id.within.com>",
                Some((None, "commonspace-users.list-id.within.com")),
            ),
            (
                "\"Lena's Personal <Joke> List\"\r\n <lenas-jokes.da39efc25c530ad145d41b86f7420c3b.021999.localhost>",
                Some((
                    Some("Lena's Personal <Joke> List"),
                    "lenas-jokes.da39efc25c530ad145d41b86f7420c3b.021999.localhost",
                )),
            ),
            ("=?utf-8?Q?=C3=A9?= <a.b>", Some((Some("é"), "a.b"))),
            ("bare.example.org", Some((None, "bare.example.org"))),
            ("x <>", None),
            ("", None),
        ] {
            let raw = format!("List-Id: {value}\r\n");
            let found = Field::new(raw.as_bytes()).unwrap().list_id();
            assert_eq!(found.as_ref().map(|it| (it.name(), it.id())), expected, "{value}");
        }
    }
}
