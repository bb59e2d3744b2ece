//! Mailboxes.
use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use bytes::{BufMut, Bytes, BytesMut};

use crate::grammar::{self, check_charset};
use crate::{ParseError, ParseErrorKind};

/// A mailbox (RFC 5321 §4.1.2), as it stands on the wire: a quoted local part stays quoted, so
/// nothing in it can be taken for anything else.
///
/// One that came from a peer shares its line's buffer. Two are equal if their octets are: only
/// the host of the domain knows which local parts mean the same.
///
/// ```
/// use smtp_proto::Mailbox;
///
/// let bob: Mailbox = "bob@hamburger.edu".parse()?;
/// assert_eq!((bob.local_part(), bob.domain()), ("bob", "hamburger.edu"));
/// assert!(bob.is_at("Hamburger.EDU"));
///
/// let odd: Mailbox = r#""a> SIZE=1 <b"@c"#.parse()?;
/// assert_eq!(odd.local_part(), r#""a> SIZE=1 <b""#);
/// assert_eq!(odd.unquoted_local_part(), "a> SIZE=1 <b");
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Mailbox {
    wire: Bytes,
    /// Where the `@` is.
    at: usize,
}

impl Mailbox {
    /// Reads a mailbox, without angle brackets.
    ///
    /// # Errors
    /// It is none, or more follows it.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        Self::parse_bytes(&Bytes::copy_from_slice(octets), true)
    }

    /// Returns the local part as it is written, quotes and all.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.as_str().get(..self.at).unwrap_or_default()
    }

    /// Returns the local part as it is meant, without quotes and escapes.
    #[must_use]
    pub fn unquoted_local_part(&self) -> Cow<'_, str> {
        let local = self.local_part();
        let Some(inside) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return local.into();
        };
        let mut plain = String::with_capacity(inside.len());
        let mut chars = inside.chars();
        while let Some(char) = chars.next() {
            plain.extend(if char == '\\' { chars.next() } else { Some(char) });
        }
        plain.into()
    }

    /// Returns the domain or the address literal after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.as_str().get(self.at + 1..).unwrap_or_default()
    }

    /// Whether it is in this domain, in any case (RFC 5321 §2.4).
    #[must_use]
    pub fn is_at(&self, domain: &str) -> bool {
        self.domain().eq_ignore_ascii_case(domain)
    }

    /// Returns the whole as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.wire).expect("every constructor checks the charset")
    }

    /// Whether it can be sent to a server without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.wire.is_ascii()
    }

    pub(crate) fn parse_bytes(octets: &Bytes, utf8: bool) -> Result<Self, ParseError> {
        check_charset(octets, utf8)?;
        match Self::parse_prefix(octets, 0)? {
            found if found.wire.len() < octets.len() => {
                Err(ParseError::new(ParseErrorKind::Mailbox, found.wire.len()))
            }
            found => Ok(found),
        }
    }

    /// Takes the mailbox that begins at `from`. The charset has been checked.
    pub(crate) fn parse_prefix(octets: &Bytes, from: usize) -> Result<Self, ParseError> {
        let error = |at: usize| ParseError::new(ParseErrorKind::Mailbox, from + at);
        let rest = octets.get(from..).unwrap_or_default();
        let at = grammar::local_part(rest);
        if at == 0 {
            return Err(error(0));
        }
        let Some((b'@', host)) = rest.get(at..).and_then(<[u8]>::split_first) else {
            return Err(error(at));
        };
        match grammar::host(host) {
            0 => Err(error(at + 1)),
            length => Ok(Self { wire: octets.slice(from..from + at + 1 + length), at }),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.wire.len()
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        out.put_slice(&self.wire);
    }
}

impl FromStr for Mailbox {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mailbox_is_refused_where_it_is_wrong() {
        for (input, offset) in [
            ("", 0),
            ("a", 1),
            ("a@", 2),
            ("@b", 0),
            ("a@b c", 3),
            ("a@b>", 3),
            ("a b@c", 1),
            ("a@[1.2.3]", 2),
            ("\"a@b", 0),
            ("a\r@b", 1),
        ] {
            let error = Mailbox::parse(input.as_bytes()).unwrap_err();
            assert_eq!(
                (error.kind(), error.offset()),
                (ParseErrorKind::Mailbox, offset),
                "{input}"
            );
        }
    }

    #[test]
    fn escapes_are_kept_on_the_wire_and_gone_in_the_meaning() {
        let mailbox: Mailbox = r#""a\"\\b"@c"#.parse().unwrap();
        assert_eq!(mailbox.local_part(), r#""a\"\\b""#);
        assert_eq!(mailbox.unquoted_local_part(), r#"a"\b"#);
        assert_eq!(mailbox.domain(), "c");
    }
}
