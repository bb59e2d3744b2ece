//! What a server found when it checked who sent a message (RFC 8601).
use alloc::string::String;
use alloc::vec::Vec;

use crate::Field;
use crate::lex::{Lexer, is_blank};
use crate::unfold::clean;

/// An `Authentication-Results` field (RFC 8601 §2.2), or `ARC-Authentication-Results`
/// (RFC 8617 §4.1.1).
///
/// Anybody can write one: believe only those whose [`server`](Self::server) is ours, and remove
/// the others (RFC 8601 §5).
///
/// ```
/// use mime::Field;
///
/// let field = Field::new(
///     b"Authentication-Results: example.com; spf=pass smtp.mailfrom=example.net\r\n",
/// ).unwrap();
/// let found = field.authentication_results();
/// assert_eq!(found.server(), "example.com");
/// let [spf] = found.results() else { panic!() };
/// assert_eq!((spf.method(), spf.result()), ("spf", "pass"));
/// assert_eq!(spf.property("smtp", "mailfrom"), Some("example.net"));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuthenticationResults {
    instance: Option<u8>,
    server: String,
    version: Option<u32>,
    results: Vec<AuthenticationResult>,
}

/// What one method found (RFC 8601 §2.2 `resinfo`).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AuthenticationResult {
    method: String,
    version: Option<u32>,
    result: String,
    reason: Option<String>,
    properties: Vec<(String, String, String)>,
    comments: Vec<String>,
}

impl AuthenticationResults {
    /// Reads the value of a field: what follows the colon.
    #[must_use]
    pub fn read(value: &[u8]) -> Self {
        let mut lexer = Lexer::new(value);
        let mut out = Self::default();
        let mut head = statement(&mut lexer);
        if let [Item::Pair { name, value, .. }] = &head[..]
            && name.eq_ignore_ascii_case("i")
        {
            out.instance = value.parse().ok();
            head = statement(&mut lexer);
        }
        let mut words = head.into_iter().filter_map(Item::word);
        out.server = words.next().unwrap_or_default();
        out.version = words.next().and_then(|it| it.parse().ok());
        while !lexer.rest.is_empty() {
            out.results.extend(AuthenticationResult::new(statement(&mut lexer)));
        }
        out
    }

    /// Returns the number of the ARC set, where it is of one (RFC 8617 §4.2.1).
    #[must_use]
    pub const fn instance(&self) -> Option<u8> {
        self.instance
    }

    /// Returns who says it: the `authserv-id`.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// Returns the version of the field's grammar: 1, where it is said.
    #[must_use]
    pub const fn version(&self) -> Option<u32> {
        self.version
    }

    /// Returns what was found, in the field's order; nothing where it says `none`.
    #[must_use]
    pub fn results(&self) -> &[AuthenticationResult] {
        &self.results
    }
}

impl AuthenticationResult {
    /// Makes one of a statement; `None` for `none` and for what has no `method=result`.
    fn new(items: Vec<Item>) -> Option<Self> {
        let (mut out, mut found) = (Self::default(), false);
        for item in items {
            match item {
                Item::Comment(text) => out.comments.push(text),
                Item::Word(_) => {}
                Item::Pair { name, value } if !found => {
                    found = true;
                    let (method, version) = name.split_once('/').unwrap_or((&name, ""));
                    (out.method, out.version) = (method.into(), version.parse().ok());
                    out.result = value;
                }
                Item::Pair { name, value } => match name.split_once('.') {
                    Some((kind, property)) => {
                        out.properties.push((kind.into(), property.into(), value));
                    }
                    None if name.eq_ignore_ascii_case("reason") => out.reason = Some(value),
                    None => {}
                },
            }
        }
        found.then_some(out)
    }

    /// Returns the method: `spf`, `dkim`, `dmarc`, `auth`, `iprev`, …
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Returns the version of the method, where it is said.
    #[must_use]
    pub const fn version(&self) -> Option<u32> {
        self.version
    }

    /// Returns what it found: `pass`, `fail`, `none`, …
    #[must_use]
    pub fn result(&self) -> &str {
        &self.result
    }

    /// Returns why, in words.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Iterates over what was looked at: the kind (`smtp`, `header`, `body`, `policy`, …), the
    /// property of that kind, and its value.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.properties.iter().map(|(kind, name, value)| (&**kind, &**name, &**value))
    }

    /// Returns the value of a property, in any case of letters: `("header", "d")` is `header.d`.
    #[must_use]
    pub fn property(&self, kind: &str, name: &str) -> Option<&str> {
        let is = |it: &(&str, &str, &str)| {
            it.0.eq_ignore_ascii_case(kind) && it.1.eq_ignore_ascii_case(name)
        };
        self.properties().find(is).map(|(_, _, value)| value)
    }

    /// Returns the comments, without their outer parentheses.
    #[must_use]
    pub fn comments(&self) -> &[String] {
        &self.comments
    }
}

impl Field<'_> {
    /// Reads the value as the results of authentication (RFC 8601 §2.2).
    #[must_use]
    pub fn authentication_results(&self) -> AuthenticationResults {
        AuthenticationResults::read(self.value())
    }
}

enum Item {
    Word(String),
    Comment(String),
    Pair { name: String, value: String },
}

impl Item {
    fn word(self) -> Option<String> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }
}

/// Reads up to and over the next `;`.
fn statement(lexer: &mut Lexer<'_>) -> Vec<Item> {
    let mut items = Vec::new();
    loop {
        lexer.take_while(is_blank);
        match lexer.peek() {
            None => return items,
            Some(b';') => {
                lexer.next();
                return items;
            }
            Some(b'(') => items.push(Item::Comment(clean(&lexer.comment()))),
            Some(_) => {
                let name = name(lexer, &mut items);
                lexer.take_while(is_blank);
                if lexer.eat(b'=') {
                    skip_comments(lexer, &mut items);
                    items.push(Item::Pair { name, value: value(lexer) });
                } else {
                    items.push(Item::Word(name));
                }
            }
        }
    }
}

/// Reads a name. Blanks and comments may stand around its `/` and its `.` (RFC 8601 §2.2).
fn name(lexer: &mut Lexer<'_>, items: &mut Vec<Item>) -> String {
    let mut out = word(lexer, b"=;(\"./");
    loop {
        let mut ahead = *lexer;
        let mut comments = Vec::new();
        skip_comments(&mut ahead, &mut comments);
        match ahead.peek() {
            Some(mark @ (b'.' | b'/')) => {
                ahead.next();
                skip_comments(&mut ahead, &mut comments);
                *lexer = ahead;
                items.append(&mut comments);
                out.push(char::from(mark));
                out.push_str(&word(lexer, b"=;(\"./"));
            }
            Some(b'=') if !comments.is_empty() => {
                *lexer = ahead;
                items.append(&mut comments);
                return out;
            }
            _ => return out,
        }
    }
}

/// Reads a word as it is spelled, or what is quoted. Something is always consumed.
fn word(lexer: &mut Lexer<'_>, ends: &[u8]) -> String {
    if lexer.peek() == Some(b'"') {
        return clean(&lexer.quoted());
    }
    let word = lexer.take_while(|octet| !is_blank(octet) && !ends.contains(&octet));
    clean(word)
}

/// Reads a value: words and quoted strings that touch, such as `"a b"@example.org`.
fn value(lexer: &mut Lexer<'_>) -> String {
    let mut out = String::new();
    loop {
        match lexer.peek() {
            None | Some(b';' | b'(') => return out,
            Some(octet) if is_blank(octet) => return out,
            Some(_) => out.push_str(&word(lexer, b";(\"")),
        }
    }
}

fn skip_comments(lexer: &mut Lexer<'_>, items: &mut Vec<Item>) {
    lexer.take_while(is_blank);
    while lexer.peek() == Some(b'(') {
        items.push(Item::Comment(clean(&lexer.comment())));
        lexer.take_while(is_blank);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;

    /// Prints a field as one line, to be compared.
    fn shown(value: &str) -> String {
        let read = AuthenticationResults::read(value.as_bytes());
        let mut out = format!("{} {:?}", read.server(), read.version());
        for it in read.results() {
            out += &format!("; {}={}", it.method(), it.result());
            it.version().into_iter().for_each(|version| out += &format!(" v{version}"));
            it.reason().into_iter().for_each(|reason| out += &format!(" reason={reason:?}"));
            it.properties()
                .for_each(|(kind, name, value)| out += &format!(" {kind}.{name}={value}"));
            it.comments().iter().for_each(|comment| out += &format!(" ({comment})"));
        }
        out
    }

    /// RFC 8601 appendix B, B.2 to B.7.
    #[test]
    fn the_examples_of_rfc_8601_are_read() {
        for (value, expected) in [
            (" example.org 1; none", "example.org Some(1)"),
            (
                " example.com;\r\n\tspf=pass smtp.mailfrom=example.net",
                "example.com None; spf=pass smtp.mailfrom=example.net",
            ),
            (
                " example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n \
                  spf=pass smtp.mailfrom=example.net",
                "example.com None; auth=pass smtp.auth=sender@example.net (cram-md5); \
                  spf=pass smtp.mailfrom=example.net",
            ),
            (
                " example.com;\r\n\tdkim=pass (good signature) header.d=example.com",
                "example.com None; dkim=pass header.d=example.com (good signature)",
            ),
            (
                " example.com; iprev=pass policy.iprev=192.0.2.200",
                "example.com None; iprev=pass policy.iprev=192.0.2.200",
            ),
            (
                " example.com;\r\n dkim=pass reason=\"good signature\"\r\n  \
                  header.i=@mail-router.example.net;\r\n dkim=fail reason=\"bad signature\"\r\n  \
                  header.i=@newyork.example.com",
                "example.com None; dkim=pass reason=\"good signature\" \
                  header.i=@mail-router.example.net; dkim=fail reason=\"bad signature\" \
                  header.i=@newyork.example.com",
            ),
            (
                " foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = \
                  (wait for it) fail\r\n      policy (A dot can go here) . (like that) expired\r\n      \
                  (this surprised me) = (as I wasn't expecting it) 1362471462",
                "foo.example.net Some(1); dkim=fail v1 policy.expired=1362471462 \
                  (Because I like it) (One yay) (wait for it) (A dot can go here) (like that) \
                  (this surprised me) (as I wasn't expecting it)",
            ),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn odd_fields_are_read_as_far_as_they_go() {
        for (value, expected) in [
            ("", " None"),
            (";;", " None"),
            ("a;=;b=", "a None; =; b="),
            ("a; none; none", "a None"),
            ("a; x=y smtp.mailfrom=\"a b\"@c", "a None; x=y smtp.mailfrom=a b@c"),
            ("a; x=y header.b=\"q;r\"", "a None; x=y header.b=q;r"),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
        assert_eq!(AuthenticationResults::read(b"i=3; a; arc=pass").instance(), Some(3));
        assert_eq!(AuthenticationResults::read(b"i=3; a; arc=pass").server(), "a");
        let found: Vec<_> =
            (0..=255_u8).map(|it| AuthenticationResults::read(&[b'a', b';', it])).collect();
        assert_eq!(found.len(), 256);
    }
}
