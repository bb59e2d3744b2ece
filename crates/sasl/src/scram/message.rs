//! The words of SCRAM: RFC 5802 §7.
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::Write;

use crate::{Error, ParseError, ParseErrorKind};

/// Reads the parts of a message, between its commas.
pub(super) struct Parts<'a> {
    message: &'a str,
    /// Where the next part begins; beyond the end if there is none.
    at: usize,
}

impl<'a> Parts<'a> {
    /// # Errors
    /// The message is not UTF-8, or holds a NUL.
    pub(super) fn new(message: &'a [u8]) -> Result<Self, ParseError> {
        if let Some(at) = message.iter().position(|octet| *octet == 0) {
            return Err(ParseError::new(ParseErrorKind::Nul, at));
        }
        let utf8 = core::str::from_utf8(message);
        let message =
            utf8.map_err(|utf8| ParseError::new(ParseErrorKind::Utf8, utf8.valid_up_to()))?;
        Ok(Self { message, at: 0 })
    }

    /// Takes a part, whatever it is.
    pub(super) fn part(&mut self) -> Option<&'a str> {
        let rest = self.message.get(self.at..)?;
        let part = rest.split(',').next().unwrap_or_default();
        self.at += part.len() + 1;
        Some(part)
    }

    /// Takes a part that must be the attribute of this letter, and not empty.
    pub(super) fn attribute(&mut self, letter: &str) -> Result<&'a str, Error> {
        let at = self.at;
        let part = self.part().unwrap_or_default();
        if part.starts_with("m=") {
            return Err(Error::Extension);
        }
        let value = part.strip_prefix(letter).and_then(|value| value.strip_prefix('='));
        match value {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(ParseError::new(ParseErrorKind::Attribute, at).into()),
        }
    }

    /// Takes the optional attributes that are left; they mean nothing yet.
    pub(super) fn extensions(&mut self) -> Result<(), Error> {
        loop {
            let at = self.at;
            let Some(part) = self.part() else { return Ok(()) };
            match part.as_bytes() {
                [b'm', b'=', ..] => return Err(Error::Extension),
                [letter, b'=', _, ..] if letter.is_ascii_alphabetic() => {}
                _ => return Err(ParseError::new(ParseErrorKind::Attribute, at).into()),
            }
        }
    }

    /// Returns what has been taken, and what has not.
    pub(super) fn split(&self) -> (&'a str, &'a str) {
        self.message.split_at_checked(self.at).unwrap_or((self.message, ""))
    }

    /// Returns where the next part begins.
    pub(super) const fn at(&self) -> usize {
        self.at
    }
}

/// Reads a positive number without leading zeros.
pub(super) fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|octet| octet.is_ascii_digit()) && !text.starts_with('0');
    if plain { text.parse().ok() } else { None }
}

/// Reads a name in which commas and equals signs are escaped.
pub(crate) fn saslname(text: &str) -> Option<Cow<'_, str>> {
    let mut pieces = text.split('=');
    let first = pieces.next().unwrap_or_default();
    let mut name = Cow::Borrowed(first);
    for piece in pieces {
        let (sign, rest) = match piece.split_at_checked(2)? {
            ("2C", rest) => (',', rest),
            ("3D", rest) => ('=', rest),
            _ => return None,
        };
        let name = name.to_mut();
        name.push(sign);
        name.push_str(rest);
    }
    (!name.is_empty() && !text.contains([',', '\0'])).then_some(name)
}

/// Appends a name with its commas and equals signs escaped.
pub(crate) fn write_saslname(name: &str, out: &mut String) {
    for letter in name.chars() {
        // Writing to a string does not fail.
        let _ = match letter {
            ',' => out.write_str("=2C"),
            '=' => out.write_str("=3D"),
            letter => out.write_char(letter),
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_escaped_and_nothing_else_is() {
        for (text, name) in [
            ("user", Some("user")),
            ("a=2Cb=3D", Some("a,b=")),
            ("a=2cb", None),
            ("a=", None),
            ("=3", None),
            ("a=üx", None),
            ("", None),
        ] {
            assert_eq!(saslname(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn numbers_are_positive_and_fit() {
        let table = [("4096", Some(4096)), ("0", None), ("01", None), ("", None), ("+1", None)];
        for (text, expected) in table.into_iter().chain([("4294967295", Some(u32::MAX))]) {
            assert_eq!(number(text), expected, "{text}");
        }
        assert_eq!(number("4294967296"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(name in "[^\0]{1,20}") {
            let mut text = String::new();
            write_saslname(&name, &mut text);
            let read = saslname(&text);
            prop_assert_eq!(read.as_deref(), Some(name.as_str()));
        }
    }
}
