//! The service extensions: one table.
//!
//! To add one: a variant of [`Extension`], its row in `TABLE` with its parameters and their
//! checks, and, if it changes what a session does, that in `server` and `client`.
use core::fmt;

use crate::{
    Body, DateTime, DeliverBy, EnvelopeId, Mailbox, Notify, OriginalRecipient, Priority, Return,
    ValidSince, xtext,
};

/// A service extension that both sessions know (RFC 5321 §2.2).
///
/// ```
/// use smtp_proto::Extension;
///
/// assert_eq!(Extension::parse(b"pipelining"), Some(Extension::Pipelining));
/// assert_eq!(Extension::EightBitMime.to_string(), "8BITMIME");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Extension {
    /// Commands need not wait for replies: RFC 2920.
    Pipelining,
    /// How large messages may be: RFC 1870.
    Size,
    /// Messages beyond ASCII: RFC 6152.
    EightBitMime,
    /// Addresses and headers beyond ASCII: RFC 6531.
    SmtpUtf8,
    /// Replies that machines understand: RFC 2034.
    EnhancedStatusCodes,
    /// Encryption in mid-session: RFC 3207.
    StartTls,
    /// Authentication: RFC 4954.
    Auth,
    /// Messages in counted chunks: RFC 3030.
    Chunking,
    /// Messages of any octets, in chunks: RFC 3030.
    BinaryMime,
    /// Notifications of what became of a message: RFC 3461.
    Dsn,
    /// Times of delivery: RFC 2852.
    DeliverBy,
    /// Messages that are held first: RFC 4865.
    FutureRelease,
    /// Urgency: RFC 6710.
    MtPriority,
    /// Encryption on the whole way: RFC 8689. Announced only where there is TLS.
    RequireTls,
    /// Mailboxes that may have changed hands: RFC 7293.
    Rrvs,
    /// How much a session may ask for: RFC 9422.
    Limits,
    /// Messages fetched from elsewhere: RFC 4468.
    Burl,
    /// Queues that are to be run: RFC 1985.
    Etrn,
    /// Users looked up: RFC 5321 §3.5.
    Vrfy,
    /// Lists looked up: RFC 5321 §3.5.
    Expn,
    /// Words of help: RFC 5321 §4.1.1.8.
    Help,
    /// A trusted client that speaks for another: Postfix's XCLIENT.
    XClient,
    /// A trusted client that tells of another: Postfix's XFORWARD.
    XForward,
}

/// The command that a parameter belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Of {
    Mail,
    Rcpt,
}

struct Row {
    extension: Extension,
    keyword: Keyword,
    parameters: &'static [Parameter],
}

/// A parameter that an extension brings.
pub(crate) struct Parameter {
    keyword: Keyword,
    pub(crate) of: Of,
    /// How much longer it lets a command line be, by its RFC.
    growth: usize,
    /// Whether this is a value for it.
    pub(crate) check: fn(Option<&str>) -> bool,
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { extension: Extension::Pipelining, keyword: Keyword::new("PIPELINING"), parameters: &[] },
    Row { extension: Extension::Size, keyword: Keyword::new("SIZE"), parameters: &[
        Parameter { keyword: Keyword::new("SIZE"), of: Of::Mail, growth: 26, check: is_size },
    ] },
    // BODY=BINARYMIME is BinaryMime's: see `Parameters::are_of`.
    Row { extension: Extension::EightBitMime, keyword: Keyword::new("8BITMIME"), parameters: &[
        Parameter { keyword: Keyword::new("BODY"), of: Of::Mail, growth: 17, check: is_body },
    ] },
    Row { extension: Extension::SmtpUtf8, keyword: Keyword::new("SMTPUTF8"), parameters: &[
        Parameter { keyword: Keyword::new("SMTPUTF8"), of: Of::Mail, growth: 10, check: is_absent },
    ] },
    Row { extension: Extension::EnhancedStatusCodes, keyword: Keyword::new("ENHANCEDSTATUSCODES"), parameters: &[] },
    Row { extension: Extension::StartTls, keyword: Keyword::new("STARTTLS"), parameters: &[] },
    Row { extension: Extension::Auth, keyword: Keyword::new("AUTH"), parameters: &[
        Parameter { keyword: Keyword::new("AUTH"), of: Of::Mail, growth: 500, check: is_submitter },
    ] },
    Row { extension: Extension::Chunking, keyword: Keyword::new("CHUNKING"), parameters: &[] },
    Row { extension: Extension::BinaryMime, keyword: Keyword::new("BINARYMIME"), parameters: &[] },
    // The lengths of RFC 3461 §5.4, each with the space before it.
    Row { extension: Extension::Dsn, keyword: Keyword::new("DSN"), parameters: &[
        Parameter { keyword: Keyword::new("RET"), of: Of::Mail, growth: 9, check: is_return },
        Parameter { keyword: Keyword::new("ENVID"), of: Of::Mail, growth: 107, check: is_envelope_id },
        Parameter { keyword: Keyword::new("NOTIFY"), of: Of::Rcpt, growth: 29, check: is_notify },
        Parameter { keyword: Keyword::new("ORCPT"), of: Of::Rcpt, growth: 507, check: is_original_recipient },
    ] },
    Row { extension: Extension::DeliverBy, keyword: Keyword::new("DELIVERBY"), parameters: &[
        Parameter { keyword: Keyword::new("BY"), of: Of::Mail, growth: 17, check: is_deliver_by },
    ] },
    Row { extension: Extension::FutureRelease, keyword: Keyword::new("FUTURERELEASE"), parameters: &[
        Parameter { keyword: Keyword::new("HOLDFOR"), of: Of::Mail, growth: 34, check: is_interval },
        Parameter { keyword: Keyword::new("HOLDUNTIL"), of: Of::Mail, growth: 0, check: is_utc },
    ] },
    Row { extension: Extension::MtPriority, keyword: Keyword::new("MT-PRIORITY"), parameters: &[
        Parameter { keyword: Keyword::new("MT-PRIORITY"), of: Of::Mail, growth: 15, check: is_priority },
    ] },
    Row { extension: Extension::RequireTls, keyword: Keyword::new("REQUIRETLS"), parameters: &[
        Parameter { keyword: Keyword::new("REQUIRETLS"), of: Of::Mail, growth: 11, check: is_absent },
    ] },
    Row { extension: Extension::Rrvs, keyword: Keyword::new("RRVS"), parameters: &[
        Parameter { keyword: Keyword::new("RRVS"), of: Of::Rcpt, growth: 33, check: is_valid_since },
    ] },
    Row { extension: Extension::Limits, keyword: Keyword::new("LIMITS"), parameters: &[] },
    Row { extension: Extension::Burl, keyword: Keyword::new("BURL"), parameters: &[] },
    Row { extension: Extension::Etrn, keyword: Keyword::new("ETRN"), parameters: &[] },
    Row { extension: Extension::Vrfy, keyword: Keyword::new("VRFY"), parameters: &[] },
    Row { extension: Extension::Expn, keyword: Keyword::new("EXPN"), parameters: &[] },
    Row { extension: Extension::Help, keyword: Keyword::new("HELP"), parameters: &[] },
    Row { extension: Extension::XClient, keyword: Keyword::new("XCLIENT"), parameters: &[] },
    Row { extension: Extension::XForward, keyword: Keyword::new("XFORWARD"), parameters: &[] },
];

/// The parameters of all rows in one, for each parameter of a command is looked up here.
#[expect(clippy::indexing_slicing, reason = "before the program runs")]
static PARAMETERS: [(Extension, &Parameter); 14] = {
    let mut all = [(Extension::Size, &TABLE[1].parameters[0]); 14];
    let (mut row, mut filled) = (0, 0);
    while row < TABLE.len() {
        let Row { extension, parameters, .. } = &TABLE[row];
        let mut next = 0;
        while next < parameters.len() {
            all[filled] = (*extension, &parameters[next]);
            (filled, next) = (filled + 1, next + 1);
        }
        row += 1;
    }
    assert!(filled == all.len(), "its length is not their number");
    all
};

/// RFC 1870 §4: 1 to 20 digits; one that does not fit 64 bits is refused, not cut.
fn is_size(value: Option<&str>) -> bool {
    value.is_some_and(|v| v.bytes().all(|octet| octet.is_ascii_digit()) && v.parse::<u64>().is_ok())
}

/// RFC 6152 §2, RFC 3030 §3.
fn is_body(value: Option<&str>) -> bool {
    value.is_some_and(|value| Body::parse(value).is_some())
}

/// RFC 4954 §5: `<>` or a mailbox, as xtext.
fn is_submitter(value: Option<&str>) -> bool {
    value.is_some_and(|value| {
        value == "<>" || xtext::parse(value).is_some_and(|octets| Mailbox::parse(&octets).is_ok())
    })
}

fn is_return(value: Option<&str>) -> bool {
    value.is_some_and(|value| Return::parse(value).is_some())
}

fn is_envelope_id(value: Option<&str>) -> bool {
    value.is_some_and(|value| EnvelopeId::parse(value).is_some())
}

fn is_notify(value: Option<&str>) -> bool {
    value.is_some_and(|value| Notify::parse(value).is_some())
}

fn is_original_recipient(value: Option<&str>) -> bool {
    value.is_some_and(OriginalRecipient::is_one)
}

fn is_deliver_by(value: Option<&str>) -> bool {
    value.is_some_and(|value| DeliverBy::parse(value).is_some())
}

/// RFC 4865 §3: a positive number of up to nine digits.
pub(crate) fn is_interval(value: Option<&str>) -> bool {
    value.is_some_and(|value| {
        matches!(value.len(), 1..=9)
            && value.bytes().all(|octet| octet.is_ascii_digit())
            && value.bytes().any(|octet| octet != b'0')
    })
}

/// RFC 4865 §3: normalised to UTC.
fn is_utc(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.parse().is_ok_and(|time: DateTime| time.is_utc()))
}

fn is_priority(value: Option<&str>) -> bool {
    value.is_some_and(|value| Priority::parse(value).is_some())
}

fn is_valid_since(value: Option<&str>) -> bool {
    value.is_some_and(|value| ValidSince::parse(value).is_some())
}

fn is_absent(value: Option<&str>) -> bool {
    value.is_none()
}

impl Extension {
    /// Reads the keyword of an EHLO line, in any case; `None` for one that is not known here.
    #[must_use]
    pub fn parse(keyword: &[u8]) -> Option<Self> {
        let word = Word::new(keyword);
        let row = TABLE.iter().find(|row| row.keyword.is(word));
        row.map(|row| row.extension)
    }

    /// Returns the parameter with this keyword, and the extension that brings it.
    pub(crate) fn parameter(keyword: &[u8], of: Of) -> Option<(Self, &'static Parameter)> {
        let word = Word::new(keyword);
        PARAMETERS.iter().copied().find(|(_, it)| it.keyword.is(word) && it.of == of)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// A keyword, in capitals.
struct Keyword {
    text: &'static str,
    start: u64,
}

/// What may be a keyword, in any case.
#[derive(Clone, Copy)]
struct Word<'a> {
    octets: &'a [u8],
    start: u64,
}

impl Keyword {
    const fn new(text: &'static str) -> Self {
        Self { text, start: start(text.as_bytes()) }
    }

    /// Most differ from a word in their beginnings, and have no more than that.
    #[inline(always)] // or it is called for each row
    fn is(&self, word: Word<'_>) -> bool {
        self.start == word.start
            && self.text.len() == word.octets.len()
            && (self.text.len() <= 8 || self.text.as_bytes().eq_ignore_ascii_case(word.octets))
    }
}

impl<'a> Word<'a> {
    const fn new(octets: &'a [u8]) -> Self {
        Self { octets, start: start(octets) }
    }
}

/// The first eight octets in capitals, as one number.
const fn start(word: &[u8]) -> u64 {
    let mut start = [0; 8];
    match word.first_chunk() {
        Some(first) => start = *first,
        None => start.split_at_mut(word.len()).0.copy_from_slice(word),
    }
    start.make_ascii_uppercase();
    u64::from_ne_bytes(start)
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = TABLE.iter().find(|row| row.extension == *self);
        f.write_str(row.map_or("", |row| row.keyword.text))
    }
}

/// A set of extensions.
///
/// ```
/// use smtp_proto::{Extension, Extensions};
///
/// let some = Extensions::NONE.with(Extension::Size).with(Extension::StartTls);
/// assert!(some.contains(Extension::Size));
/// assert!(!some.without(Extension::Size).contains(Extension::Size));
/// assert_eq!(some.iter().count(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Extensions(u32);

impl Extensions {
    /// The empty set: SMTP as in RFC 821.
    pub const NONE: Self = Self(0);

    /// All that are known here.
    #[must_use]
    pub fn all() -> Self {
        TABLE.iter().fold(Self::NONE, |all, row| all.with(row.extension))
    }

    /// Adds one.
    #[must_use]
    pub const fn with(self, extension: Extension) -> Self {
        Self(self.0 | extension.bit())
    }

    /// Adds one, if that is so.
    #[must_use]
    pub(crate) const fn with_if(self, extension: Extension, condition: bool) -> Self {
        if condition { self.with(extension) } else { self }
    }

    /// Removes one.
    #[must_use]
    pub const fn without(self, extension: Extension) -> Self {
        Self(self.0 & !extension.bit())
    }

    /// Returns those that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether one is there.
    #[must_use]
    pub const fn contains(self, extension: Extension) -> bool {
        self.0 & extension.bit() != 0
    }

    /// Returns them in the order in which they are announced.
    pub fn iter(self) -> impl Iterator<Item = Extension> {
        TABLE.iter().map(|row| row.extension).filter(move |extension| self.contains(*extension))
    }

    /// How much longer than 512 octets they let a command line be.
    pub(crate) fn growth(self) -> usize {
        let offered = TABLE.iter().filter(|row| self.contains(row.extension));
        offered.flat_map(|row| row.parameters).map(|parameter| parameter.growth).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_known_in_any_case_and_nothing_else_is_it() {
        for row in TABLE {
            let text = row.keyword.text;
            let lower = text.to_ascii_lowercase();
            assert_eq!(Extension::parse(lower.as_bytes()), Some(row.extension));
            for at in 0..text.len() {
                let mut other = text.as_bytes().to_vec();
                other[at] ^= 1;
                assert_ne!(Extension::parse(&other), Some(row.extension), "{other:?}");
                assert_eq!(Extension::parse(&text.as_bytes()[..at]), None, "{text}");
            }
            for more in ["\0", "X"] {
                let longer = alloc::format!("{text}{more}");
                assert_eq!(Extension::parse(longer.as_bytes()), None, "{longer:?}");
            }
        }
    }

    #[test]
    fn every_extension_has_one_row() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!(Extension::parse(row.keyword.text.as_bytes()), Some(row.extension));
            assert!(TABLE[place + 1..].iter().all(|other| other.extension != row.extension));
        }
        assert_eq!(Extensions::all().iter().count(), TABLE.len());
    }

    #[test]
    fn values_are_checked() {
        for (check, good, bad) in [
            (
                is_size as fn(_) -> _,
                &["0", "18446744073709551615"][..],
                &["", "-1", "1k", "18446744073709551616"][..],
            ),
            (is_body, &["7BIT", "8bitmime", "BinaryMime"], &["9BIT", ""]),
            (is_submitter, &["<>", "a@b", "e+3Dmc2@example.com"], &["", "a", "a+@b", "+3d@b"]),
            (is_interval, &["1", "999999999"], &["", "0", "000", "1000000000", "-1"]),
            (is_utc, &["2026-11-22T20:00:00Z"], &["2026-11-22T20:00:00+01:00", "now"]),
            (is_notify, &["NEVER", "DELAY,FAILURE"], &["", "NEVER,DELAY"]),
            (is_return, &["FULL", "hdrs"], &["", "HEADERS"]),
        ] {
            assert!(!check(None));
            good.iter().for_each(|value| assert!(check(Some(value)), "{value}"));
            bad.iter().for_each(|value| assert!(!check(Some(value)), "{value}"));
        }
    }
}
