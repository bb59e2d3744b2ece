//! What a server can do.
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use sasl::Mechanism;

use crate::extension::is_interval;
use crate::{AttributeName, Extension, Extensions, HoldLimits, Reply, Text, grammar};

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
    /// DELIVERBY: the shortest time in which a message is delivered or returned, in seconds.
    pub deliver_by: Option<u32>,
    /// FUTURERELEASE: how long messages are held.
    pub hold: Option<HoldLimits>,
    /// MT-PRIORITY: what the priorities mean, by the name of a profile.
    pub priorities: Option<Text>,
    /// LIMITS: how much may be asked for.
    pub limits: SessionLimits,
    /// BURL: from where messages are fetched: `imap`, or URLs of servers.
    pub burl: Vec<Text>,
    /// XCLIENT: the attributes that may be said.
    pub xclient: Vec<AttributeName>,
    /// XFORWARD: the attributes that may be said.
    pub xforward: Vec<AttributeName>,
}

/// How much a session may ask for (RFC 9422 §4), as far as the server says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SessionLimits {
    /// How many transactions a session may have: MAILMAX.
    pub transactions: Option<u32>,
    /// How many recipients a transaction may have: RCPTMAX.
    pub recipients: Option<u32>,
    /// In how many domains a session's recipients may be: RCPTDOMAINMAX.
    pub domains: Option<u32>,
}

impl SessionLimits {
    /// RFC 9422 §3: a name, `=`, and a number of up to six digits that does not begin with zero.
    /// What is not known is passed over.
    fn note(&mut self, word: &str) {
        let Some((name, value)) = word.split_once('=') else { return };
        let digits = matches!(value.len(), 1..=6) && value.bytes().all(|it| it.is_ascii_digit());
        let number = value.parse().ok().filter(|_| digits && !value.starts_with('0'));
        match name {
            _ if number.is_none() => {}
            _ if name.eq_ignore_ascii_case("MAILMAX") => self.transactions = number,
            _ if name.eq_ignore_ascii_case("RCPTMAX") => self.recipients = number,
            _ if name.eq_ignore_ascii_case("RCPTDOMAINMAX") => self.domains = number,
            _ => {}
        }
    }
}

impl fmt::Display for SessionLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            ("MAILMAX", self.transactions),
            ("RCPTMAX", self.recipients),
            ("RCPTDOMAINMAX", self.domains),
        ];
        let said = all.iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        said.into_iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
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
        let old = extension == Extension::Auth;
        let is_separator = |octet: &u8| matches!(octet, b' ' | b'\t') || old && *octet == b'=';
        if rest.first().is_some_and(|octet| !is_separator(octet)) {
            return;
        }
        self.extensions = self.extensions.with(extension);
        let words = rest.split(is_separator).filter(|word| !word.is_empty());
        if extension == Extension::Auth {
            return self.note_mechanisms(words);
        }
        self.note_arguments(extension, words.filter_map(|word| core::str::from_utf8(word).ok()));
    }

    fn note_mechanisms<'a>(&mut self, words: impl Iterator<Item = &'a [u8]>) {
        for mechanism in words.filter_map(|word| Mechanism::parse(word).ok()) {
            if !self.mechanisms.contains(&mechanism) {
                self.mechanisms.push(mechanism);
            }
        }
    }

    fn note_arguments<'a>(
        &mut self,
        extension: Extension,
        mut words: impl Iterator<Item = &'a str>,
    ) {
        match extension {
            // RFC 1870 §3: zero means that there is no fixed limit.
            Extension::Size => {
                self.size = words.next().and_then(|it| it.parse().ok()).filter(|size| *size > 0);
            }
            // RFC 2852 §2: options may follow after a comma.
            Extension::DeliverBy => {
                let least = words.next().and_then(|it| it.split(',').next());
                self.deliver_by = least.and_then(|least| least.parse().ok());
            }
            Extension::FutureRelease => {
                let seconds = words.next().filter(|it| is_interval(Some(it)));
                let seconds = seconds.and_then(|it| it.parse().ok());
                let until = words.next().and_then(|it| it.parse().ok());
                let both = seconds.zip(until);
                self.hold = both.map(|(seconds, until)| HoldLimits { seconds, until });
            }
            Extension::MtPriority => {
                self.priorities = words.next().and_then(|it| Text::new(it).ok());
            }
            Extension::Limits => words.for_each(|word| self.limits.note(word)),
            Extension::Burl => self.burl.extend(words.filter_map(|it| Text::new(it).ok())),
            Extension::XClient => self.xclient.extend(names(words)),
            Extension::XForward => self.xforward.extend(names(words)),
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
                Extension::DeliverBy => self.deliver_by.map_or(Ok(()), |it| write!(out, " {it}")),
                Extension::FutureRelease => self
                    .hold
                    .as_ref()
                    .map_or(Ok(()), |hold| write!(out, " {} {}", hold.seconds, hold.until)),
                Extension::MtPriority => {
                    self.priorities.as_ref().map_or(Ok(()), |it| write!(out, " {it}"))
                }
                Extension::Limits => write!(out, "{}", self.limits),
                Extension::Burl => self.burl.iter().try_for_each(|it| write!(out, " {it}")),
                Extension::XClient => self.xclient.iter().try_for_each(|it| write!(out, " {it}")),
                Extension::XForward => self.xforward.iter().try_for_each(|it| write!(out, " {it}")),
                _ => Ok(()),
            };
        }
    }
}

fn names<'a>(words: impl Iterator<Item = &'a str>) -> impl Iterator<Item = AttributeName> {
    words.filter_map(|word| AttributeName::parse(word.as_bytes()))
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
    fn limits_are_numbers_of_up_to_six_digits() {
        for (words, expected) in [
            ("RCPTMAX=100 MAILMAX=1", " MAILMAX=1 RCPTMAX=100"),
            ("RCPTMAX=999999 X=1", " RCPTMAX=999999"),
            ("RCPTMAX=0 MAILMAX=007 MAILMAX=1000000 RCPTDOMAINMAX=x RCPTMAX", ""),
            ("rcptdomainmax=1", " RCPTDOMAINMAX=1"),
        ] {
            let reply = Reply::new(250, &alloc::format!("x\nLIMITS {words}")).unwrap();
            let found = Capabilities::parse(&reply).limits;
            assert_eq!(alloc::format!("{found}"), expected, "{words}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let limits = SessionLimits { transactions: Some(1), recipients: Some(2), domains: None };
        let until = "2026-11-22T20:00:00Z".parse().unwrap();
        let said = Capabilities {
            extensions: Extensions::all(),
            size: Some(1000),
            mechanisms: vec![Mechanism::PLAIN, Mechanism::LOGIN],
            deliver_by: Some(120),
            hold: Some(HoldLimits { seconds: 60, until }),
            priorities: Some(Text::from_static("MIXER")),
            limits,
            burl: vec![Text::from_static("imap"), Text::from_static("imap://a.b")],
            xclient: AttributeName::XCLIENT.to_vec(),
            xforward: AttributeName::XFORWARD.to_vec(),
        };
        let mut text = String::from("foo.com");
        said.write_lines(&mut text);
        assert_eq!(Capabilities::parse(&Reply::new(250, &text).unwrap()), said);
    }
}
