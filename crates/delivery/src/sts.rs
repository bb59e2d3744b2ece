//! What a domain says of TLS to its servers: MTA-STS (RFC 8461).
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use dns_proto::{Name, Rdata, Record};

/// The longest policy that is read: 64 KiB, as RFC 8461 §3.3 suggests.
const LONGEST: usize = 64 * 1024;

/// The longest time that a policy is remembered: a year (RFC 8461 §3.2).
const LONGEST_AGE: u64 = 31_557_600;

/// A domain's policy (RFC 8461 §3.2): which hosts may have its mail, over TLS that proves them.
///
/// ```
/// use delivery::{Policy, PolicyMode};
///
/// let text = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.example.net\n\
///     max_age: 604800\n";
/// let policy = Policy::parse(text)?;
/// assert_eq!(policy.mode(), PolicyMode::Enforce);
/// assert!(policy.matches(&"mx1.example.net".parse()?));
/// assert!(!policy.matches(&"mx.backup.example.net".parse()?));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    mode: PolicyMode,
    mx: Vec<Pattern>,
    max_age: u64,
}

/// What becomes of mail for hosts that do not keep to the policy.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PolicyMode {
    /// It does not go there.
    Enforce,
    /// It goes, and the domain is told in reports.
    Testing,
    /// It goes: the domain takes its policy back.
    None,
}

impl PolicyMode {
    /// Returns the word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Pattern {
    /// `*.` stands for one label.
    wildcard: bool,
    name: Name,
}

/// A policy that is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind} in line {line} of the policy")]
pub struct PolicyError {
    /// What is wrong.
    pub kind: PolicyErrorKind,
    /// Where, counted from 1.
    pub line: usize,
}

/// What can be wrong with a policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// It is longer than 64 KiB.
    #[error("too much")]
    TooLong,
    /// A line is no key with a value.
    #[error("no key and value")]
    Line,
    /// It does not begin with `version: STSv1`.
    #[error("another version")]
    Version,
    /// The mode is missing, or none of the three.
    #[error("no mode")]
    Mode,
    /// A host is no name, or there is none where the mode wants one.
    #[error("no host")]
    Mx,
    /// The age is missing, or no number.
    #[error("no age")]
    MaxAge,
}

impl Policy {
    /// Reads a policy. Keys that are not known are skipped; of one that comes twice, the first
    /// counts.
    ///
    /// # Errors
    /// It is none: then it is as if there were no new one (RFC 8461 §3.3).
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let lines = text.lines().count();
        let error = |kind, line| PolicyError { kind, line };
        if text.len() > LONGEST {
            return Err(error(PolicyErrorKind::TooLong, lines));
        }
        let (mut version, mut mode, mut max_age, mut mx) = (false, None, None, Vec::new());
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim_end();
            if line.is_empty() {
                continue;
            }
            let pair = line.split_once(':').map(|(key, value)| (key.trim(), value.trim()));
            let Some((key, value)) = pair else {
                return Err(error(PolicyErrorKind::Line, number));
            };
            if !version && (key, value) != ("version", "STSv1") {
                return Err(error(PolicyErrorKind::Version, number));
            }
            match key {
                "version" => version = true,
                "mode" if mode.is_none() => {
                    let parsed = parse_mode(value);
                    mode = Some(parsed.ok_or(error(PolicyErrorKind::Mode, number))?);
                }
                "max_age" if max_age.is_none() => {
                    let parsed = parse_age(value);
                    max_age = Some(parsed.ok_or(error(PolicyErrorKind::MaxAge, number))?);
                }
                "mx" => mx.push(parse_mx(value).ok_or(error(PolicyErrorKind::Mx, number))?),
                _ => {}
            }
        }
        if !version {
            return Err(error(PolicyErrorKind::Version, lines));
        }
        let mode = mode.ok_or(error(PolicyErrorKind::Mode, lines))?;
        if mx.is_empty() && mode != PolicyMode::None {
            return Err(error(PolicyErrorKind::Mx, lines));
        }
        let max_age = max_age.ok_or(error(PolicyErrorKind::MaxAge, lines))?;
        Ok(Self { mode, mx, max_age })
    }

    /// Writes the policy.
    #[must_use]
    pub fn write(&self) -> String {
        let mut text = alloc::format!("version: STSv1\nmode: {}\n", self.mode.as_str());
        for pattern in self.patterns() {
            text.push_str(&alloc::format!("mx: {pattern}\n"));
        }
        text.push_str(&alloc::format!("max_age: {}\n", self.max_age));
        text
    }

    /// Returns what becomes of other mail.
    #[must_use]
    pub const fn mode(&self) -> PolicyMode {
        self.mode
    }

    /// Returns how long the policy holds.
    #[must_use]
    pub const fn max_age(&self) -> Duration {
        Duration::from_secs(self.max_age)
    }

    /// Returns the names of the hosts, as the policy has them.
    pub fn patterns(&self) -> impl Iterator<Item = String> {
        self.mx.iter().map(|pattern| {
            let star = if pattern.wildcard { "*." } else { "" };
            alloc::format!("{star}{}", pattern.name).trim_end_matches('.').to_string()
        })
    }

    /// Whether a host is one of those that may have the mail (RFC 8461 §4.1): a `*` stands for one
    /// label, the first.
    #[must_use]
    pub fn matches(&self, host: &Name) -> bool {
        self.mx.iter().any(|pattern| match pattern.wildcard {
            false => pattern.name == *host,
            true => host.parent().is_some_and(|parent| parent == pattern.name),
        })
    }

    pub(crate) fn is_enforced(&self) -> bool {
        self.mode == PolicyMode::Enforce
    }

    /// The same on one line: the mode, the age, and the hosts.
    pub(crate) fn line(&self) -> String {
        let mut line = alloc::format!("{} {}", self.mode.as_str(), self.max_age);
        for pattern in self.patterns() {
            line.push(' ');
            line.push_str(&pattern);
        }
        line
    }

    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (mode, max_age) = (parse_mode(words.next()?)?, parse_age(words.next()?)?);
        let mx = words.map(parse_mx).collect::<Option<Vec<_>>>()?;
        Some(Self { mode, mx, max_age })
    }
}

fn parse_mode(value: &str) -> Option<PolicyMode> {
    let modes = [PolicyMode::Enforce, PolicyMode::Testing, PolicyMode::None];
    modes.into_iter().find(|mode| mode.as_str() == value)
}

fn parse_age(value: &str) -> Option<u64> {
    let digits = matches!(value.len(), 1..=10) && value.bytes().all(|it| it.is_ascii_digit());
    let age = value.parse::<u64>().ok().filter(|_| digits)?;
    Some(age.min(LONGEST_AGE))
}

fn parse_mx(value: &str) -> Option<Pattern> {
    let (wildcard, name) = match value.strip_prefix("*.") {
        Some(name) => (true, name),
        None => (false, value),
    };
    let legal = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
    let name: Name = name.parse().ok().filter(|_| name.bytes().all(legal))?;
    (!name.is_root()).then_some(Pattern { wildcard, name })
}

/// Reads what the policy of now is called, of the TXT records of `_mta-sts` (RFC 8461 §3.1); none
/// if there is not exactly one that says so.
pub(crate) fn id(records: &[Record]) -> Option<Vec<u8>> {
    let texts = records.iter().filter_map(|record| match record.data() {
        Rdata::Txt { strings } => Some(strings.iter().flatten().copied().collect::<Vec<u8>>()),
        _ => None,
    });
    let mut ours = texts.filter(|text| text.starts_with(b"v=STSv1;"));
    let text = ours.next()?;
    if ours.next().is_some() {
        return None;
    }
    let mut fields = text.split(|octet| *octet == b';').map(<[u8]>::trim_ascii);
    let id = fields.find_map(|field| field.strip_prefix(b"id="))?;
    let legal = matches!(id.len(), 1..=32) && id.iter().all(u8::is_ascii_alphanumeric);
    legal.then(|| id.to_vec())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn policies_that_are_none_are_told_apart() {
        use PolicyErrorKind as K;
        let table = [
            ("", K::Version, 0),
            ("mode: enforce\n", K::Version, 1),
            ("version: STSv2\n", K::Version, 1),
            ("version: STSv1\nmode enforce\n", K::Line, 2),
            ("version: STSv1\nmode: maybe\n", K::Mode, 2),
            ("version: STSv1\nmx: a.b\nmax_age: 1\n", K::Mode, 3),
            ("version: STSv1\nmode: testing\nmax_age: 1\n", K::Mx, 3),
            ("version: STSv1\nmode: enforce\nmx: *\nmax_age: 1\n", K::Mx, 3),
            ("version: STSv1\nmode: enforce\nmx: a.*.b\nmax_age: 1\n", K::Mx, 3),
            ("version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1\n", K::MaxAge, 4),
            ("version: STSv1\nmode: enforce\nmx: a.b\n", K::MaxAge, 3),
        ];
        for (text, kind, line) in table {
            assert_eq!(Policy::parse(text), Err(PolicyError { kind, line }), "{text}");
        }
        assert!(Policy::parse("version: STSv1\r\nmode: none\r\nmax_age: 0\r\n").is_ok());
    }

    #[test]
    fn a_policy_is_read_up_to_its_limit() {
        let policy = "version: STSv1\nmode: none\nmax_age: 1\nx: ";
        let of = |length: usize| alloc::format!("{policy}{}", "y".repeat(length - policy.len()));
        assert!(Policy::parse(&of(LONGEST)).is_ok());
        let error = Policy::parse(&of(LONGEST + 1)).unwrap_err();
        assert_eq!(error.kind, PolicyErrorKind::TooLong);
    }

    #[test]
    fn the_first_of_two_counts_and_ages_end_after_a_year() {
        let policy = Policy::parse(
            "version: STSv1\nmode: none\nmode: enforce\nmax_age: 9999999999\nmax_age: 1\n",
        );
        let policy = policy.unwrap();
        assert_eq!((policy.mode(), policy.max_age), (PolicyMode::None, LONGEST_AGE));
    }

    #[test]
    fn a_star_is_one_label() {
        let policy = "version: STSv1\nmode: enforce\nmx: *.example.com\nmax_age: 1\n";
        let policy = Policy::parse(policy).unwrap();
        let matches = |host: &str| policy.matches(&host.parse().unwrap());
        assert!(matches("MX.Example.com"));
        assert!(!matches("example.com") && !matches("a.b.example.com") && !matches("x.org"));
    }

    #[test]
    fn the_record_is_one_and_of_our_version() {
        let record = |text: &str| {
            Record::text("_mta-sts.a".parse().unwrap(), 60, &[text.as_bytes()]).unwrap()
        };
        let found = |texts: &[&str]| id(&texts.iter().map(|it| record(it)).collect::<Vec<_>>());
        assert_eq!(found(&["v=STSv1; id=20160831085700Z;"]).unwrap(), b"20160831085700Z");
        assert_eq!(found(&["v=spf1 -all", "v=STSv1;id=7"]).unwrap(), b"7");
        for none in [&["v=STSv1; id=1", "v=STSv1; id=2"][..], &["v=STSv1; id="], &["id=1"], &[]] {
            assert_eq!(found(none), None, "{none:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(text in "version: STSv1\nmode: (enforce|testing|none)\n(mx: (\\*\\.)?[a-z]{1,9}\\.[a-z]{1,3}\n){1,3}max_age: [0-9]{1,10}\n") {
            let policy = Policy::parse(&text).unwrap();
            prop_assert_eq!(Policy::of_line(&policy.line()), Some(policy.clone()));
            prop_assert_eq!(Policy::parse(&policy.write()), Ok(policy));
        }
    }
}
