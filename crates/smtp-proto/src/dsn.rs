//! Delivery status notifications: RFC 3461, and RFC 6533 beyond ASCII.
use alloc::string::String;
use core::fmt::{self, Write};

use crate::{Mailbox, ParseError, ParseErrorKind, xtext};

/// Of what a sender wants to be told (RFC 3461 §4.1).
///
/// ```
/// use smtp_proto::Notify;
///
/// let both = Notify::SUCCESS.and(Notify::DELAY);
/// assert!(both.has(Notify::SUCCESS) && !both.has(Notify::FAILURE));
/// assert_eq!(both.to_string(), "SUCCESS,DELAY");
/// assert_eq!(Notify::NEVER.to_string(), "NEVER");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Notify(u8);

impl Notify {
    /// Of nothing.
    pub const NEVER: Self = Self(0);
    /// That it was delivered.
    pub const SUCCESS: Self = Self(1);
    /// That it cannot be.
    pub const FAILURE: Self = Self(2);
    /// That it takes its time.
    pub const DELAY: Self = Self(4);

    const NAMES: [(Self, &'static str); 3] =
        [(Self::SUCCESS, "SUCCESS"), (Self::FAILURE, "FAILURE"), (Self::DELAY, "DELAY")];

    /// Adds another wish.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all that `other` wishes is wished.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// `NEVER`, or a list of the others.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        if value.eq_ignore_ascii_case("NEVER") {
            return Some(Self::NEVER);
        }
        value.split(',').try_fold(Self::NEVER, |all, word| {
            let found = Self::NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(word));
            found.map(|(notify, _)| all.and(*notify))
        })
    }
}

impl fmt::Display for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NEVER {
            return f.write_str("NEVER");
        }
        let mut wished = Self::NAMES.iter().filter(|(notify, _)| self.has(*notify));
        if let Some((_, name)) = wished.next() {
            f.write_str(name)?;
        }
        wished.try_for_each(|(_, name)| write!(f, ",{name}"))
    }
}

/// What of a message is returned with a notification of failure (RFC 3461 §4.3).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Return {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}

impl Return {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        match value {
            _ if value.eq_ignore_ascii_case("FULL") => Some(Self::Full),
            _ if value.eq_ignore_ascii_case("HDRS") => Some(Self::Headers),
            _ => None,
        }
    }
}

impl fmt::Display for Return {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Full { "FULL" } else { "HDRS" })
    }
}

/// What the sender calls the transaction, to know it again in a notification (RFC 3461 §4.4):
/// up to 100 printable octets of ASCII, as encoded.
///
/// ```
/// use smtp_proto::EnvelopeId;
///
/// assert_eq!(EnvelopeId::new("QQ314159")?.as_str(), "QQ314159");
/// assert!(EnvelopeId::new("ü").is_err());
/// assert!(EnvelopeId::new(&"+".repeat(34)).is_err());
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EnvelopeId(String);

impl EnvelopeId {
    /// RFC 3461 §5.4 (a).
    const LONGEST: usize = 100;

    /// Makes one.
    ///
    /// # Errors
    /// It is empty or too long, or an octet is not printable.
    pub fn new(id: &str) -> Result<Self, ParseError> {
        let bad = id.bytes().position(|octet| !matches!(octet, b' '..=b'~'));
        let encoded = xtext::write(id.as_bytes());
        match bad {
            None if matches!(encoded.len(), 1..=Self::LONGEST) => Ok(Self(id.into())),
            bad => Err(ParseError::new(ParseErrorKind::Parameter, bad.unwrap_or(0))),
        }
    }

    /// Returns it as it is meant.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let id = String::from_utf8(xtext::parse(value)?).ok()?;
        if value.len() <= Self::LONGEST { Self::new(&id).ok() } else { None }
    }
}

/// The recipient as the sender named it, whatever became of it on the way (RFC 3461 §4.2).
///
/// ```
/// use smtp_proto::{OriginalRecipient, Parameters};
///
/// let bob = OriginalRecipient::of(&"bob+x@hamburger.edu".parse()?)?;
/// assert_eq!((bob.kind(), bob.address()), ("rfc822", "bob+x@hamburger.edu"));
/// let parameters = Parameters::default().with_original_recipient(&bob);
/// assert_eq!(parameters.to_string(), "ORCPT=rfc822;bob+2Bx@hamburger.edu");
///
/// let ü = OriginalRecipient::of(&"ü@hamburger.edu".parse()?)?;
/// let parameters = Parameters::default().with_original_recipient(&ü);
/// assert_eq!(parameters.to_string(), r"ORCPT=utf-8;\x{FC}@hamburger.edu");
/// assert_eq!(parameters.original_recipient(), Some(ü));
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OriginalRecipient {
    kind: String,
    address: String,
}

impl OriginalRecipient {
    /// RFC 3461 §5.4 (c).
    const LONGEST: usize = 500;

    /// One of so many octets is not too long however it is encoded: each makes three at most.
    const SHORT: usize = Self::LONGEST / 3;

    /// Makes one of a kind of address (`rfc822`, `utf-8`, `x400`) and an address.
    ///
    /// # Errors
    /// The kind is no word, the address is empty, holds a control character, or has octets
    /// beyond ASCII in another kind than `utf-8`, or all is too long.
    pub fn new(kind: &str, address: &str) -> Result<Self, ParseError> {
        let utf8 = kind.eq_ignore_ascii_case("utf-8");
        let made = Self { kind: kind.into(), address: address.into() };
        let good = is_kind(kind)
            && !address.is_empty()
            && !address.chars().any(char::is_control)
            && (utf8 || address.is_ascii());
        match good && made.encoded().len() <= Self::LONGEST {
            true => Ok(made),
            false => Err(ParseError::new(ParseErrorKind::Parameter, 0)),
        }
    }

    /// Makes one of a mailbox: of kind `rfc822`, or `utf-8` if ASCII is not enough for it.
    ///
    /// # Errors
    /// It is too long to be said.
    pub fn of(mailbox: &Mailbox) -> Result<Self, ParseError> {
        Self::new(if mailbox.is_ascii() { "rfc822" } else { "utf-8" }, mailbox.as_str())
    }

    /// Returns what kind of address it is.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the address as it is meant.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Whether this is one, in due form. Most are of ASCII, and need not be decoded for it.
    pub(crate) fn is_one(value: &str) -> bool {
        let Some((kind, encoded)) = value.split_once(';') else { return false };
        if kind.eq_ignore_ascii_case("utf-8") || value.len() > Self::SHORT {
            return Self::parse(value).is_some();
        }
        let is_address = |octet| matches!(octet, Some(b' '..=b'~'));
        is_kind(kind) && !encoded.is_empty() && xtext::octets(encoded).all(is_address)
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (kind, encoded) = value.split_once(';')?;
        let octets = xtext::parse(encoded)?;
        let text = String::from_utf8(octets).ok()?;
        let utf8 = kind.eq_ignore_ascii_case("utf-8");
        let address = if utf8 { unescape(&text)? } else { text };
        if value.len() > Self::LONGEST { None } else { Self::new(kind, &address).ok() }
    }

    /// In ASCII: RFC 6533 §3 lets `utf-8-addr-xtext` go everywhere.
    pub(crate) fn encoded(&self) -> String {
        let mut out = String::with_capacity(self.kind.len() + self.address.len() + 1);
        out.push_str(&self.kind);
        out.push(';');
        if !self.kind.eq_ignore_ascii_case("utf-8") {
            out.push_str(&xtext::write(self.address.as_bytes()));
            return out;
        }
        for char in self.address.chars() {
            match char {
                '!'..='~' if !matches!(char, '\\' | '+' | '=') => out.push(char),
                _ => {
                    let _ = write!(out, "\\x{{{:X}}}", u32::from(char));
                }
            }
        }
        out
    }
}

fn is_kind(kind: &str) -> bool {
    let legal = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    !kind.is_empty() && kind.bytes().all(legal)
}

/// RFC 6533 §3: `\x{HEX}`, with capital digits and no leading zero.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        out.push_str(plain);
        let (digits, more) = escaped.strip_prefix("x{")?.split_once('}')?;
        let is_digit = |octet: u8| matches!(octet, b'0'..=b'9' | b'A'..=b'F');
        let good = matches!(digits.len(), 2..=6) && digits.bytes().all(is_digit);
        let code = u32::from_str_radix(digits, 16).ok().filter(|_| good)?;
        out.push(char::from_u32(code)?);
        rest = more;
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wishes_are_never_or_a_list() {
        for (value, expected) in [
            ("never", Some("NEVER")),
            ("DELAY,success", Some("SUCCESS,DELAY")),
            ("SUCCESS,FAILURE,DELAY", Some("SUCCESS,FAILURE,DELAY")),
            ("NEVER,SUCCESS", None),
            ("", None),
            ("SUCCESS,", None),
            ("ALWAYS", None),
        ] {
            assert_eq!(Notify::parse(value).map(|it| it.to_string()).as_deref(), expected);
        }
    }

    #[test]
    fn original_recipients_are_read_as_they_are_meant() {
        for (value, kind, address) in [
            ("rfc822;Bob@Example.COM", "rfc822", "Bob@Example.COM"),
            ("rfc822;a+2Bb@c", "rfc822", "a+b@c"),
            (r"utf-8;\x{3B4}@c", "utf-8", "δ@c"),
            ("utf-8;δ@c", "utf-8", "δ@c"),
            ("x400;/C+3DNL/", "x400", "/C=NL/"),
        ] {
            let found = OriginalRecipient::parse(value).unwrap_or_else(|| panic!("{value}"));
            assert_eq!((found.kind(), found.address()), (kind, address));
        }
        let long = alloc::format!("rfc822;{}", "a".repeat(494));
        for bad in [
            "rfc822",
            "rfc822;",
            ";a",
            "rfc822;a=b",
            r"utf-8;\x{3b4}",
            r"utf-8;\q",
            "rfc822;+0A",
            &long,
        ] {
            assert_eq!(OriginalRecipient::parse(bad), None, "{bad}");
        }
        assert!(OriginalRecipient::parse(&long[..500]).is_some());
    }

    #[test]
    fn an_envelope_id_has_a_hundred_octets_at_most() {
        assert!(EnvelopeId::parse(&"x".repeat(100)).is_some());
        assert_eq!(EnvelopeId::parse(&"x".repeat(101)), None);
        assert_eq!(EnvelopeId::parse("a+20b").unwrap().as_str(), "a b");
        assert_eq!(EnvelopeId::parse("+0A"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(kind in "[a-z0-9-]{1,8}|utf-8", address in "[ -~üδ]{1,30}") {
            if let Ok(made) = OriginalRecipient::new(&kind, &address) {
                prop_assert_eq!(OriginalRecipient::parse(&made.encoded()), Some(made));
            }
        }

        #[test]
        fn the_check_agrees_with_the_reader(value in prop_oneof![
            any::<String>(),
            "(rfc822|utf-8|UTF-8|x400|ü|)[;]{0,2}([!-~]|\\+[0-9A-F]{2}|\\\\x\\{[0-9A-F]{0,6}\\}|[ δ+\0]){0,12}",
            // Long enough for the limit to matter, raw and encoded.
            "(rfc822|utf-8);(a|\\+2B){120,520}",
            "rfc822;([a=+]|\\+2B){150,180}",
        ]) {
            prop_assert_eq!(OriginalRecipient::is_one(&value), OriginalRecipient::parse(&value).is_some());
        }
    }
}
