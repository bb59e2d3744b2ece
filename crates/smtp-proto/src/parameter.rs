//! The parameters of MAIL and RCPT.
use alloc::string::String;
use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::extension::{Extension, Extensions, Of};
use crate::grammar::{self, Cursor};
use crate::{Mailbox, ParseError, ParseErrorKind, ReversePath, xtext};

/// What a message holds (RFC 6152).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// ASCII only.
    SevenBit,
    /// Octets beyond ASCII as well.
    EightBitMime,
}

/// The parameters of MAIL or RCPT (RFC 5321 §4.1.2): keywords, most with a value, each once.
///
/// Those of a known extension have been checked; others are kept as they came.
///
/// ```
/// use smtp_proto::{Body, Parameters};
///
/// let parameters = Parameters::default().with_size(500_000).with_body(Body::EightBitMime);
/// assert_eq!(parameters.to_string(), "SIZE=500000 BODY=8BITMIME");
/// assert_eq!(parameters.size(), Some(500_000));
/// assert_eq!(parameters.get("body"), Some(Some("8BITMIME")));
/// assert_eq!(parameters.get("RET"), None);
/// ```
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Parameters {
    /// With single spaces between them.
    wire: Bytes,
}

impl Parameters {
    /// Returns the octets that the message will have, by SIZE (RFC 1870). Only said, not true.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.get("SIZE")??.parse().ok()
    }

    /// Returns what the message holds, by BODY (RFC 6152).
    #[must_use]
    pub fn body(&self) -> Option<Body> {
        let is_7bit = self.get("BODY")??.eq_ignore_ascii_case("7BIT");
        Some(if is_7bit { Body::SevenBit } else { Body::EightBitMime })
    }

    /// Whether addresses and headers may be beyond ASCII, by SMTPUTF8 (RFC 6531).
    #[must_use]
    pub fn smtputf8(&self) -> bool {
        self.get("SMTPUTF8").is_some()
    }

    /// Returns who submitted the message, by AUTH (RFC 4954 §5). Believe only whom you trust.
    #[must_use]
    pub fn submitter(&self) -> Option<ReversePath> {
        let value = self.get("AUTH")??;
        if value == "<>" {
            return Some(ReversePath::Null);
        }
        Mailbox::parse(&xtext::parse(value)?).ok().map(ReversePath::Mailbox)
    }

    /// Returns the value of the parameter with this keyword, in any case, if it is there and has
    /// one.
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<Option<&str>> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(keyword)).map(|(_, value)| value)
    }

    /// Returns keywords and values, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let words = self.as_str().split(' ').filter(|word| !word.is_empty());
        words.map(|word| match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wire.is_empty()
    }

    /// Announces the size of the message, in octets with their CRLFs and without stuffed dots.
    #[must_use]
    pub fn with_size(self, octets: u64) -> Self {
        self.with("SIZE", Some(&alloc::format!("{octets}")))
    }

    /// Announces what the message holds.
    #[must_use]
    pub fn with_body(self, body: Body) -> Self {
        self.with("BODY", Some(if body == Body::SevenBit { "7BIT" } else { "8BITMIME" }))
    }

    /// Announces addresses or headers beyond ASCII.
    #[must_use]
    pub fn with_smtputf8(self) -> Self {
        self.with("SMTPUTF8", None)
    }

    /// Names who submitted the message.
    #[must_use]
    pub fn with_submitter(self, submitter: &ReversePath) -> Self {
        match submitter {
            ReversePath::Null => self.with("AUTH", Some("<>")),
            ReversePath::Mailbox(mailbox) => {
                self.with("AUTH", Some(&xtext::write(mailbox.as_str().as_bytes())))
            }
        }
    }

    /// Adds one that is legal, in place of the one with its keyword.
    fn with(self, keyword: &str, value: Option<&str>) -> Self {
        let others = self.iter().filter(|(key, _)| !key.eq_ignore_ascii_case(keyword));
        let mut text = String::new();
        for (key, value) in others.chain([(keyword, value)]) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(key);
            if let Some(value) = value {
                text.push('=');
                text.push_str(value);
            }
        }
        Self { wire: text.into() }
    }

    /// Takes the rest of a line: nothing, or each with spaces before it.
    pub(crate) fn parse(cursor: &mut Cursor<'_>, of: Of) -> Result<Self, ParseError> {
        let mut all = Self::default();
        let mut start = None;
        let mut single = true;
        while !cursor.is_at_end() {
            match cursor.eat_spaces() {
                0 => return Err(cursor.error(ParseErrorKind::Parameter)),
                spaces => single &= spaces == 1,
            }
            let start = *start.get_or_insert(cursor.position());
            all.check_next(cursor, of)?;
            all.wire = cursor.since(start);
        }
        Ok(if single { all } else { all.respaced() })
    }

    /// Checks one parameter by itself, and that it is not among these.
    fn check_next(&self, cursor: &mut Cursor<'_>, of: Of) -> Result<(), ParseError> {
        let malformed = cursor.error(ParseErrorKind::Parameter);
        let repeated = cursor.error(ParseErrorKind::RepeatedParameter);
        let keyword = match grammar::keyword(cursor.rest()) {
            0 => return Err(malformed),
            length => cursor.take(length),
        };
        let value = match cursor.eat(b"=").then(|| grammar::value(cursor.rest())) {
            None => None,
            Some(0) => return Err(malformed),
            Some(length) => Some(cursor.take(length)),
        };
        let value = value.as_deref().map(text);
        if Extension::parameter(&keyword, of).is_some_and(|(_, it)| !(it.check)(value)) {
            return Err(malformed);
        }
        if self.get(text(&keyword)).is_some() { Err(repeated) } else { Ok(()) }
    }

    fn respaced(&self) -> Self {
        self.iter().fold(Self::default(), |all, (keyword, value)| all.with(keyword, value))
    }

    /// Whether each belongs to one of these extensions.
    pub(crate) fn are_of(&self, offered: Extensions, of: Of) -> bool {
        self.iter().all(|(keyword, _)| {
            Extension::parameter(keyword.as_bytes(), of)
                .is_some_and(|(extension, _)| offered.contains(extension))
        })
    }

    fn as_str(&self) -> &str {
        text(&self.wire)
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        if !self.is_empty() {
            out.put_u8(b' ');
            out.put_slice(&self.wire);
        }
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

fn text(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).expect("the charset of the line is checked before its parts")
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn parse(text: &str) -> Result<Parameters, ParseError> {
        Parameters::parse(&mut Cursor::new(&Bytes::copy_from_slice(text.as_bytes())), Of::Mail)
    }

    #[test]
    fn parameters_are_kept_as_they_came_but_for_spaces() {
        for (input, expected) in [
            ("", "[]"),
            (" SIZE=1", "[SIZE=1]"),
            (" size=1   X-Y  smtputf8", "[size=1 X-Y smtputf8]"),
            (" RET=HDRS ENVID=+2B", "[RET=HDRS ENVID=+2B]"),
            (" X=ü", "[X=ü]"),
        ] {
            assert_eq!(alloc::format!("{:?}", parse(input).unwrap()), expected);
        }
    }

    #[test]
    fn malformed_parameters_are_refused_where_they_are_wrong() {
        use ParseErrorKind as K;
        for (input, kind, offset) in [
            ("SIZE=1", K::Parameter, 0),
            (" SIZE", K::Parameter, 1),
            (" SIZE=", K::Parameter, 1),
            (" SIZE=-1", K::Parameter, 1),
            (" SIZE=18446744073709551616", K::Parameter, 1),
            (" SIZE=1 size=2", K::RepeatedParameter, 8),
            (" X=1 X=2", K::RepeatedParameter, 5),
            (" BODY=9BIT", K::Parameter, 1),
            (" SMTPUTF8=1", K::Parameter, 1),
            (" AUTH=a", K::Parameter, 1),
            (" =1", K::Parameter, 1),
            (" X==1", K::Parameter, 1),
            (" X=1=2", K::Parameter, 4),
            (" X\r", K::Parameter, 2),
        ] {
            let error = parse(input).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (kind, offset), "{input}");
        }
    }

    #[test]
    fn typed_parameters_are_read_as_they_were_written() {
        let submitter = ReversePath::Mailbox("e=mc2@example.com".parse().unwrap());
        let made = Parameters::default().with_size(7).with_submitter(&submitter).with_smtputf8();
        assert_eq!(made.to_string(), "SIZE=7 AUTH=e+3Dmc2@example.com SMTPUTF8");
        assert_eq!(made.submitter(), Some(submitter));
        assert_eq!(made.with_size(8).size(), Some(8));
        let unknown = Parameters::default().with_submitter(&ReversePath::Null);
        assert_eq!(unknown.submitter(), Some(ReversePath::Null));
    }

    #[test]
    fn parameters_belong_to_extensions() {
        let offered = Extensions::NONE.with(Extension::Size);
        assert!(parse(" SIZE=1").unwrap().are_of(offered, Of::Mail));
        assert!(!parse(" SIZE=1").unwrap().are_of(offered, Of::Rcpt));
        assert!(!parse(" SIZE=1 BODY=7BIT").unwrap().are_of(offered, Of::Mail));
        assert!(!parse(" X").unwrap().are_of(offered, Of::Mail));
    }
}
