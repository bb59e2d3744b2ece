//! Values that say what they are.
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write};

use crate::fold::FieldWriter;
use crate::lex::is_token;
use crate::{AddrSpec, ParseError, ParseErrorKind, Text};

/// A value with the name of what it is: `dns; mail.example.org` (RFC 3464 §2.1.2).
///
/// Addresses, names of servers and diagnostic codes are written so, for networks that have other
/// ones than the Internet.
///
/// ```
/// use mime::report::Typed;
///
/// let to = Typed::address(&"bob@hamburger.edu".parse()?)?;
/// assert_eq!(to.to_string(), "rfc822; bob@hamburger.edu");
/// let to = Typed::address(&"jürgen@hamburger.edu".parse()?)?;
/// assert_eq!((to.kind(), to.value()), ("utf-8", "jürgen@hamburger.edu"));
/// assert_eq!(Typed::new("dns", "mail.hamburger.edu")?, Typed::dns("mail.hamburger.edu")?);
/// # Ok::<(), mime::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Typed {
    kind: Cow<'static, str>,
    value: Text,
}

impl Typed {
    /// Makes a value.
    ///
    /// # Errors
    /// The type is not a token, or a word of the value would not fit into a line (RFC 5322
    /// §2.1.1): it has more than 900 octets as they are written.
    pub fn new(kind: &str, value: impl Into<Text>) -> Result<Self, ParseError> {
        if kind.is_empty() || kind.len() > 64 || !kind.bytes().all(is_token) {
            return Err(ParseError::new(ParseErrorKind::Typed, 0));
        }
        Self::of(Cow::Owned(kind.into()), value.into())
    }

    /// Makes an address: `rfc822`, or `utf-8` if it is not ASCII (RFC 6533 §3).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn address(address: &AddrSpec) -> Result<Self, ParseError> {
        let ascii = address.local().is_ascii() && address.domain().is_ascii();
        let kind = Cow::Borrowed(if ascii { "rfc822" } else { "utf-8" });
        Self::of(kind, alloc::format!("{address}").into())
    }

    /// Makes the name of a server.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn dns(name: impl Into<Text>) -> Result<Self, ParseError> {
        Self::of(Cow::Borrowed("dns"), name.into())
    }

    /// Makes a diagnostic code of an SMTP server's words: `550 5.1.1 No such user`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn smtp(reply: impl Into<Text>) -> Result<Self, ParseError> {
        Self::of(Cow::Borrowed("smtp"), reply.into())
    }

    fn of(kind: Cow<'static, str>, value: Text) -> Result<Self, ParseError> {
        let made = Self { kind, value };
        let written = made.written(false);
        match written.split(' ').find(|word| word.len() > 900) {
            Some(word) => {
                let at = word.as_ptr().addr().saturating_sub(written.as_ptr().addr());
                Err(ParseError::new(ParseErrorKind::Typed, made.kind.len() + 2 + at))
            }
            None => Ok(made),
        }
    }

    /// Returns what the value is: `dns`, `rfc822`, `utf-8`, `smtp` or `x-` something.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the value, with nothing escaped.
    #[must_use]
    pub fn value(&self) -> &str {
        self.value.as_str()
    }

    /// Tells whether it is an address with octets that are not ASCII.
    #[must_use]
    pub fn is_utf8_address(&self) -> bool {
        self.kind.eq_ignore_ascii_case("utf-8")
    }

    pub(crate) fn write(&self, utf8: bool, field: &mut FieldWriter<'_>) {
        field.word(alloc::format!("{};", self.kind).as_bytes());
        field.words(&self.written(utf8));
    }

    /// Escapes what RFC 6533 §3 wants escaped. What is not ASCII elsewhere has no form: it is
    /// replaced, unless the report is one of RFC 6533.
    fn written(&self, utf8: bool) -> Cow<'_, str> {
        let value = self.value.as_str();
        if !self.is_utf8_address() {
            return match utf8 || value.is_ascii() {
                true => Cow::Borrowed(value),
                false => value.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect(),
            };
        }
        let mut out = String::with_capacity(value.len());
        for c in value.chars() {
            if matches!(c, ' ' | '+' | '=' | '\\') || !c.is_ascii() && !utf8 {
                // Writing to a String does not fail.
                let _ = write!(out, "\\x{{{:02X}}}", u32::from(c));
            } else {
                out.push(c);
            }
        }
        Cow::Owned(out)
    }
}

/// As it is written where UTF-8 may not be.
impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.kind, self.written(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_beyond_ascii_are_escaped() {
        let address = AddrSpec::new("é+\\🦀", "b.example").unwrap();
        let typed = Typed::address(&address).unwrap();
        // The backslash makes it a quoted string, in which it is escaped.
        assert_eq!(
            typed.to_string(),
            "utf-8; \"\\x{E9}\\x{2B}\\x{5C}\\x{5C}\\x{1F980}\"@b.example"
        );
        assert_eq!(typed.written(true), "\"é\\x{2B}\\x{5C}\\x{5C}🦀\"@b.example");
    }

    #[test]
    fn a_word_fits_into_a_line() {
        assert!(Typed::smtp("x".repeat(900) + " " + &"y".repeat(900)).is_ok());
        let error = Typed::smtp("ab ".to_owned() + &"x".repeat(901)).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ParseErrorKind::Typed, 9));
        assert!(Typed::new("utf-8", "é".repeat(151)).is_err());
        for kind in ["", "a b", "é", "a;"] {
            assert!(Typed::new(kind, "x").is_err(), "{kind}");
        }
        assert_eq!(Typed::smtp("a\r\nBcc: b").unwrap().to_string(), "smtp; a  Bcc: b");
    }

    use alloc::borrow::ToOwned;
    use alloc::string::ToString;
}
