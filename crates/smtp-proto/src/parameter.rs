//! The parameters of MAIL and RCPT.
use alloc::string::String;
use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::extension::{Extension, Extensions, Of};
use crate::grammar::{self, Cursor};
use crate::{
    DeliverBy, EnvelopeId, Hold, Mailbox, Notify, OriginalRecipient, ParseError, ParseErrorKind,
    Priority, Return, ReversePath, ValidSince, xtext,
};

/// What a message holds (RFC 6152, RFC 3030).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// ASCII only.
    SevenBit,
    /// Octets beyond ASCII as well, in lines.
    EightBitMime,
    /// Octets of any kind, in chunks: RFC 3030.
    Binary,
}

impl Body {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        match value {
            _ if value.eq_ignore_ascii_case("7BIT") => Some(Self::SevenBit),
            _ if value.eq_ignore_ascii_case("8BITMIME") => Some(Self::EightBitMime),
            _ if value.eq_ignore_ascii_case("BINARYMIME") => Some(Self::Binary),
            _ => None,
        }
    }
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

    /// Returns what the message holds, by BODY (RFC 6152, RFC 3030).
    #[must_use]
    pub fn body(&self) -> Option<Body> {
        Body::parse(self.get("BODY")??)
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

    /// Returns what the sender calls the transaction, by ENVID (RFC 3461).
    #[must_use]
    pub fn envelope_id(&self) -> Option<EnvelopeId> {
        EnvelopeId::parse(self.get("ENVID")??)
    }

    /// Returns what is to be returned with a notification of failure, by RET (RFC 3461).
    #[must_use]
    pub fn returned(&self) -> Option<Return> {
        Return::parse(self.get("RET")??)
    }

    /// Returns of what the sender wants to be told, by NOTIFY of a recipient (RFC 3461).
    #[must_use]
    pub fn notify(&self) -> Option<Notify> {
        Notify::parse(self.get("NOTIFY")??)
    }

    /// Returns the recipient as the sender named it, by ORCPT (RFC 3461, RFC 6533).
    #[must_use]
    pub fn original_recipient(&self) -> Option<OriginalRecipient> {
        OriginalRecipient::parse(self.get("ORCPT")??)
    }

    /// Returns by when the message is to be delivered, by BY (RFC 2852).
    #[must_use]
    pub fn deliver_by(&self) -> Option<DeliverBy> {
        DeliverBy::parse(self.get("BY")??)
    }

    /// Returns how long the message is to be held, by HOLDFOR or HOLDUNTIL (RFC 4865).
    #[must_use]
    pub fn hold(&self) -> Option<Hold> {
        if let Some(Some(seconds)) = self.get("HOLDFOR") {
            return seconds.parse().ok().map(Hold::For);
        }
        self.get("HOLDUNTIL")??.parse().ok().map(Hold::Until)
    }

    /// Returns how urgent the message is, by MT-PRIORITY (RFC 6710).
    #[must_use]
    pub fn priority(&self) -> Option<Priority> {
        Priority::parse(self.get("MT-PRIORITY")??)
    }

    /// Whether the message may only go where TLS is, by REQUIRETLS (RFC 8689).
    #[must_use]
    pub fn requires_tls(&self) -> bool {
        self.get("REQUIRETLS").is_some()
    }

    /// Returns since when the recipient must have been its owner's, by RRVS (RFC 7293).
    #[must_use]
    pub fn valid_since(&self) -> Option<ValidSince> {
        ValidSince::parse(self.get("RRVS")??)
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
        let value = match body {
            Body::SevenBit => "7BIT",
            Body::EightBitMime => "8BITMIME",
            Body::Binary => "BINARYMIME",
        };
        self.with("BODY", Some(value))
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

    /// Says what the sender calls the transaction.
    #[must_use]
    pub fn with_envelope_id(self, id: &EnvelopeId) -> Self {
        self.with("ENVID", Some(&xtext::write(id.as_str().as_bytes())))
    }

    /// Says what is to be returned with a notification of failure.
    #[must_use]
    pub fn with_returned(self, what: Return) -> Self {
        self.with_display("RET", what)
    }

    /// Says of what the sender wants to be told, of a recipient.
    #[must_use]
    pub fn with_notify(self, wishes: Notify) -> Self {
        self.with_display("NOTIFY", wishes)
    }

    /// Says how the sender named the recipient.
    #[must_use]
    pub fn with_original_recipient(self, recipient: &OriginalRecipient) -> Self {
        self.with("ORCPT", Some(&recipient.encoded()))
    }

    /// Says by when the message is to be delivered.
    #[must_use]
    pub fn with_deliver_by(self, by: DeliverBy) -> Self {
        self.with_display("BY", by)
    }

    /// Says how long the message is to be held. Not at all if that is no time: 0 seconds, more
    /// than nine digits of them, or a time that is not in UTC.
    #[must_use]
    pub fn with_hold(self, hold: &Hold) -> Self {
        let others = self.without("HOLDFOR").without("HOLDUNTIL");
        match hold {
            Hold::For(seconds @ 1..=999_999_999) => others.with_display("HOLDFOR", seconds),
            Hold::Until(time) if time.is_utc() => others.with_display("HOLDUNTIL", time),
            _ => others,
        }
    }

    /// Says how urgent the message is.
    #[must_use]
    pub fn with_priority(self, priority: Priority) -> Self {
        self.with_display("MT-PRIORITY", priority)
    }

    /// Says that the message may only go where TLS is.
    #[must_use]
    pub fn with_required_tls(self) -> Self {
        self.with("REQUIRETLS", None)
    }

    /// Says since when the recipient must have been its owner's.
    #[must_use]
    pub fn with_valid_since(self, valid: &ValidSince) -> Self {
        self.with_display("RRVS", valid)
    }

    /// Returns those that belong to these extensions: what may be said to a server.
    #[must_use]
    pub(crate) fn only(&self, offered: Extensions, of: Of) -> Self {
        let theirs = self.iter().filter(|(keyword, value)| {
            needed(keyword, *value, of).is_some_and(|extension| offered.contains(extension))
        });
        theirs.fold(Self::default(), |all, (keyword, value)| all.with(keyword, value))
    }

    /// Returns the extensions that they belong to.
    pub(crate) fn needs(&self, of: Of) -> Extensions {
        let needed = self.iter().filter_map(|(keyword, value)| needed(keyword, value, of));
        needed.fold(Extensions::NONE, Extensions::with)
    }

    fn with_display(self, keyword: &str, value: impl fmt::Display) -> Self {
        self.with(keyword, Some(&alloc::format!("{value}")))
    }

    /// Leaves out the parameter with this keyword, in any case.
    ///
    /// ```
    /// let parameters = smtp_proto::Parameters::default().with_size(7).with_required_tls();
    /// assert_eq!(parameters.without("size").to_string(), "REQUIRETLS");
    /// ```
    #[must_use]
    pub fn without(self, keyword: &str) -> Self {
        let others = self.iter().filter(|(key, _)| !key.eq_ignore_ascii_case(keyword));
        others.fold(Self::default(), |all, (key, value)| all.with(key, value))
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
        let (mut start, mut single) = (None, true);
        while !cursor.is_at_end() {
            match cursor.eat_spaces() {
                0 => return Err(cursor.error(ParseErrorKind::Parameter)),
                spaces => single &= spaces == 1,
            }
            let start = *start.get_or_insert(cursor.position());
            check_next(cursor, start, of)?;
        }
        let all = start.map_or(Self::default(), |start| Self { wire: cursor.since(start) });
        Ok(if single { all } else { all.respaced() })
    }

    fn respaced(&self) -> Self {
        self.iter().fold(Self::default(), |all, (keyword, value)| all.with(keyword, value))
    }

    /// Whether each belongs to one of these extensions.
    pub(crate) fn are_of(&self, offered: Extensions, of: Of) -> bool {
        self.iter().all(|(keyword, value)| {
            needed(keyword, value, of).is_some_and(|extension| offered.contains(extension))
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

/// Checks one parameter by itself, and that it is not among those since `start`.
fn check_next(cursor: &mut Cursor<'_>, start: usize, of: Of) -> Result<(), ParseError> {
    let malformed = cursor.error(ParseErrorKind::Parameter);
    let repeated = cursor.error(ParseErrorKind::RepeatedParameter);
    let before = cursor.taken_since(start);
    let keyword = cursor.take_str(grammar::keyword(cursor.rest())).ok_or(malformed)?;
    let value = match cursor.eat_octet(b'=') {
        false => None,
        true => Some(cursor.take_str(grammar::value(cursor.rest())).ok_or(malformed)?),
    };
    if Extension::parameter(keyword.as_bytes(), of).is_some_and(|(_, it)| !(it.check)(value)) {
        return Err(malformed);
    }
    if has(before, keyword.as_bytes()) { Err(repeated) } else { Ok(()) }
}

/// Whether this keyword is among parameters.
fn has(parameters: &[u8], keyword: &[u8]) -> bool {
    parameters.split(|octet| *octet == b' ').any(|word| {
        // Most differ in length.
        matches!(word.get(keyword.len()), None | Some(b'='))
            && word.get(..keyword.len()).is_some_and(|it| it.eq_ignore_ascii_case(keyword))
    })
}

/// The extension that a parameter belongs to.
fn needed(keyword: &str, value: Option<&str>, of: Of) -> Option<Extension> {
    let (extension, _) = Extension::parameter(keyword.as_bytes(), of)?;
    let binary = value.is_some_and(|value| Body::parse(value) == Some(Body::Binary));
    Some(if extension == Extension::EightBitMime && binary {
        Extension::BinaryMime
    } else {
        extension
    })
}

fn text(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).expect("the charset of the line is checked before its parts")
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn parse(text: &str) -> Result<Parameters, ParseError> {
        let line = Bytes::copy_from_slice(text.as_bytes());
        Parameters::parse(&mut Cursor::new(&line)?, Of::Mail)
    }

    #[test]
    fn parameters_are_kept_as_they_came_but_for_spaces() {
        for (input, expected) in [
            ("", "[]"),
            (" SIZE=1", "[SIZE=1]"),
            (" size=1   X-Y  smtputf8", "[size=1 X-Y smtputf8]"),
            (" RET=HDRS ENVID=+2B", "[RET=HDRS ENVID=+2B]"),
            (" BY=120;R BODY=BINARYMIME", "[BY=120;R BODY=BINARYMIME]"),
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
