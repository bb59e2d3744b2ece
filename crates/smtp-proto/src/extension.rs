//! The service extensions: one table.
//!
//! To add one: a variant of [`Extension`], its row in `TABLE` with its parameters and their
//! checks, and, if it changes what a session does, that in `server` and `client`.
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use sasl::Mechanism;

use crate::{Mailbox, Reply, grammar, xtext};

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
}

/// The command that a parameter belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Of {
    Mail,
    Rcpt,
}

struct Row {
    extension: Extension,
    keyword: &'static str,
    parameters: &'static [Parameter],
}

/// A parameter that an extension brings.
pub(crate) struct Parameter {
    pub(crate) keyword: &'static str,
    pub(crate) of: Of,
    /// How much longer it lets a command line be, by its RFC.
    growth: usize,
    /// Whether this is a value for it.
    pub(crate) check: fn(Option<&str>) -> bool,
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    Row { extension: Extension::Pipelining, keyword: "PIPELINING", parameters: &[] },
    Row { extension: Extension::Size, keyword: "SIZE", parameters: &[
        Parameter { keyword: "SIZE", of: Of::Mail, growth: 26, check: is_size },
    ] },
    Row { extension: Extension::EightBitMime, keyword: "8BITMIME", parameters: &[
        Parameter { keyword: "BODY", of: Of::Mail, growth: 17, check: is_body },
    ] },
    Row { extension: Extension::SmtpUtf8, keyword: "SMTPUTF8", parameters: &[
        Parameter { keyword: "SMTPUTF8", of: Of::Mail, growth: 10, check: is_absent },
    ] },
    Row { extension: Extension::EnhancedStatusCodes, keyword: "ENHANCEDSTATUSCODES", parameters: &[] },
    Row { extension: Extension::StartTls, keyword: "STARTTLS", parameters: &[] },
    Row { extension: Extension::Auth, keyword: "AUTH", parameters: &[
        Parameter { keyword: "AUTH", of: Of::Mail, growth: 500, check: is_submitter },
    ] },
];

/// RFC 1870 §4: 1 to 20 digits; one that does not fit 64 bits is refused, not cut.
fn is_size(value: Option<&str>) -> bool {
    value.is_some_and(|v| v.bytes().all(|octet| octet.is_ascii_digit()) && v.parse::<u64>().is_ok())
}

/// RFC 6152 §2.
fn is_body(value: Option<&str>) -> bool {
    value.is_some_and(|v| v.eq_ignore_ascii_case("7BIT") || v.eq_ignore_ascii_case("8BITMIME"))
}

/// RFC 4954 §5: `<>` or a mailbox, as xtext.
fn is_submitter(value: Option<&str>) -> bool {
    value.is_some_and(|value| {
        value == "<>" || xtext::parse(value).is_some_and(|octets| Mailbox::parse(&octets).is_ok())
    })
}

fn is_absent(value: Option<&str>) -> bool {
    value.is_none()
}

impl Extension {
    /// Reads the keyword of an EHLO line, in any case; `None` for one that is not known here.
    #[must_use]
    pub fn parse(keyword: &[u8]) -> Option<Self> {
        let row = TABLE.iter().find(|row| row.keyword.as_bytes().eq_ignore_ascii_case(keyword));
        row.map(|row| row.extension)
    }

    /// Returns the parameter with this keyword, and the extension that brings it.
    pub(crate) fn parameter(keyword: &[u8], of: Of) -> Option<(Self, &'static Parameter)> {
        TABLE.iter().find_map(|row| {
            let found = row.parameters.iter().find(|parameter| {
                parameter.of == of && parameter.keyword.as_bytes().eq_ignore_ascii_case(keyword)
            });
            found.map(|parameter| (row.extension, parameter))
        })
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = TABLE.iter().find(|row| row.extension == *self);
        f.write_str(row.map_or("", |row| row.keyword))
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

    /// Adds one.
    #[must_use]
    pub const fn with(self, extension: Extension) -> Self {
        Self(self.0 | extension.bit())
    }

    /// Removes one.
    #[must_use]
    pub const fn without(self, extension: Extension) -> Self {
        Self(self.0 & !extension.bit())
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

/// What a server can do, by its answer to EHLO (RFC 5321 §4.1.1.1).
///
/// ```
/// use smtp_proto::{Capabilities, Extension, Reply};
///
/// let reply = Reply::parse(b"250-foo.com greets bar.com\r\n250-8BITMIME\r\n250 SIZE 1000\r\n")?;
/// let server = Capabilities::parse(&reply);
/// assert!(server.extensions.contains(Extension::EightBitMime));
/// assert_eq!(server.size, Some(1000));
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The extensions that are known here; others are passed over.
    pub extensions: Extensions,
    /// The largest message in octets, if the server names one.
    pub size: Option<u64>,
    /// The mechanisms of authentication.
    pub mechanisms: Vec<Mechanism>,
}

impl Capabilities {
    /// Reads the answer to EHLO. Lines that make no sense are passed over.
    #[must_use]
    pub fn parse(reply: &Reply) -> Self {
        let mut found = Self::default();
        for line in reply.lines().skip(1) {
            found.note(line);
        }
        found
    }

    fn note(&mut self, line: &[u8]) {
        let (keyword, rest) = line.split_at(grammar::keyword(line));
        let Some(extension) = Extension::parse(keyword) else { return };
        // `AUTH=LOGIN` is how servers older than RFC 4954 say it.
        let is_separator = |octet: &u8| matches!(octet, b' ' | b'=' | b'\t');
        if rest.first().is_some_and(|octet| !is_separator(octet)) {
            return;
        }
        self.extensions = self.extensions.with(extension);
        let mut words = rest.split(is_separator).filter(|word| !word.is_empty());
        match extension {
            Extension::Auth => {
                for mechanism in words.filter_map(|word| Mechanism::parse(word).ok()) {
                    if !self.mechanisms.contains(&mechanism) {
                        self.mechanisms.push(mechanism);
                    }
                }
            }
            // RFC 1870 §3: zero means that there is no fixed limit.
            Extension::Size => {
                let size = words.next().and_then(|word| core::str::from_utf8(word).ok());
                self.size = size.and_then(|size| size.parse().ok()).filter(|size| *size > 0);
            }
            _ => {}
        }
    }

    /// Appends a line for each extension, as EHLO's answer has it.
    pub(crate) fn write_lines(&self, out: &mut String) {
        for extension in self.extensions.iter() {
            let _ = write!(out, "\n{extension}");
            let _ = match extension {
                Extension::Size => self.size.map_or(Ok(()), |size| write!(out, " {size}")),
                Extension::Auth => self.mechanisms.iter().try_for_each(|it| write!(out, " {it}")),
                _ => Ok(()),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn what_a_server_says_of_itself_is_understood() {
        let reply = Reply::parse(
            b"250-x\r\n250-size\r\n250-AUTH PLAIN  login plain\r\n250-AUTH=XOAUTH2\r\n\
              250-X-OWN thing\r\n250- \r\n250-SIZES 5\r\n250-STARTTLS:\r\n250 pipelining \r\n",
        );
        let found = Capabilities::parse(&reply.unwrap());
        let expected = Extensions::NONE
            .with(Extension::Size)
            .with(Extension::Auth)
            .with(Extension::Pipelining);
        assert_eq!((found.extensions, found.size), (expected, None));
        let xoauth2 = Mechanism::parse(b"XOAUTH2").unwrap();
        assert_eq!(found.mechanisms, [Mechanism::PLAIN, Mechanism::LOGIN, xoauth2]);
    }

    #[test]
    fn sizes_that_are_none_are_no_limit() {
        for (line, size) in [
            ("SIZE", None),
            ("SIZE 0", None),
            ("SIZE x", None),
            ("SIZE 18446744073709551616", None),
            ("SIZE 18446744073709551615", Some(u64::MAX)),
        ] {
            let reply = Reply::new(250, &alloc::format!("x\n{line}")).unwrap();
            assert_eq!(Capabilities::parse(&reply).size, size, "{line}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let said = Capabilities {
            extensions: TABLE.iter().fold(Extensions::NONE, |all, row| all.with(row.extension)),
            size: Some(1000),
            mechanisms: vec![Mechanism::PLAIN, Mechanism::LOGIN],
        };
        let mut text = String::from("foo.com");
        said.write_lines(&mut text);
        assert_eq!(Capabilities::parse(&Reply::new(250, &text).unwrap()), said);
    }

    #[test]
    fn values_are_checked() {
        for (check, good, bad) in [
            (
                is_size as fn(_) -> _,
                &["0", "18446744073709551615"][..],
                &["", "-1", "1k", "18446744073709551616"][..],
            ),
            (is_body, &["7BIT", "8bitmime"], &["BINARYMIME", ""]),
            (is_submitter, &["<>", "a@b", "e+3Dmc2@example.com"], &["", "a", "a+@b", "+3d@b"]),
        ] {
            assert!(!check(None));
            good.iter().for_each(|value| assert!(check(Some(value)), "{value}"));
            bad.iter().for_each(|value| assert!(!check(Some(value)), "{value}"));
        }
    }
}
