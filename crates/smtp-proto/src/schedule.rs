//! When a message is to be delivered, and how urgently.
use core::fmt;

use crate::DateTime;

/// By when a message is to be delivered, and what to do if it is not (RFC 2852 §4).
///
/// ```
/// use smtp_proto::{DeliverBy, Late, Parameters};
///
/// let soon = DeliverBy::new(120, Late::Return).expect("a legal time");
/// assert_eq!(soon.to_string(), "120;R");
/// assert_eq!(Parameters::default().with_deliver_by(soon).deliver_by(), Some(soon));
/// assert_eq!(DeliverBy::new(0, Late::Return), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct DeliverBy {
    seconds: i32,
    late: Late,
    trace: bool,
}

/// What becomes of a message that is late.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Late {
    /// It is returned.
    Return,
    /// Its sender is told, and it is delivered all the same.
    Notify,
}

impl DeliverBy {
    /// Makes one; `None` if the time has more than nine digits, or is past and the message would
    /// be returned at once.
    #[must_use]
    pub const fn new(seconds: i32, late: Late) -> Option<Self> {
        let possible = seconds > 0 || matches!(late, Late::Notify);
        if possible && seconds.unsigned_abs() <= 999_999_999 {
            Some(Self { seconds, late, trace: false })
        } else {
            None
        }
    }

    /// Asks every server on the way to tell the sender (`T`).
    #[must_use]
    pub const fn traced(self) -> Self {
        Self { trace: true, ..self }
    }

    /// Returns how many seconds are left; negative if the time is past.
    #[must_use]
    pub const fn seconds(self) -> i32 {
        self.seconds
    }

    /// Returns what becomes of the message if it is late.
    #[must_use]
    pub const fn late(self) -> Late {
        self.late
    }

    /// Whether servers on the way are to tell the sender.
    #[must_use]
    pub const fn is_traced(self) -> bool {
        self.trace
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (time, mode) = value.split_once(';')?;
        let digits = time.strip_prefix(['+', '-']).unwrap_or(time);
        if !matches!(digits.len(), 1..=9) || !digits.bytes().all(|it| it.is_ascii_digit()) {
            return None;
        }
        let (mode, trace) = match mode.strip_suffix(['T', 't']) {
            Some(mode) => (mode, true),
            None => (mode, false),
        };
        let late = match mode {
            "R" | "r" => Late::Return,
            "N" | "n" => Late::Notify,
            _ => return None,
        };
        let made = Self::new(time.parse().ok()?, late)?;
        Some(if trace { made.traced() } else { made })
    }
}

impl fmt::Display for DeliverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let late = if self.late == Late::Return { "R" } else { "N" };
        write!(f, "{};{late}{}", self.seconds, if self.trace { "T" } else { "" })
    }
}

/// Until when a message is held before it goes out (RFC 4865 §3).
///
/// ```
/// use smtp_proto::{Hold, Parameters};
///
/// let hold = Hold::Until("2026-11-22T20:00:00Z".parse()?);
/// let parameters = Parameters::default().with_hold(&hold);
/// assert_eq!(parameters.to_string(), "HOLDUNTIL=2026-11-22T20:00:00Z");
/// assert_eq!(parameters.hold(), Some(hold));
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Hold {
    /// For so many seconds.
    For(u32),
    /// Until then.
    Until(DateTime),
}

/// How long a server holds messages (RFC 4865 §3), by its answer to EHLO.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HoldLimits {
    /// The longest time, in seconds.
    pub seconds: u32,
    /// The latest time.
    pub until: DateTime,
}

impl HoldLimits {
    /// Whether a message may be held so long.
    #[must_use]
    pub fn allow(&self, hold: &Hold) -> bool {
        match hold {
            Hold::For(seconds) => *seconds <= self.seconds,
            Hold::Until(time) => time.unix_seconds() <= self.until.unix_seconds(),
        }
    }
}

/// How urgent a message is, from -9 to 9 (RFC 6710 §4).
///
/// ```
/// use smtp_proto::Priority;
///
/// assert!(Priority::new(4) > Priority::new(-4));
/// assert_eq!(Priority::new(10), None);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Priority(i8);

impl Priority {
    /// Makes one; `None` outside of -9 to 9.
    #[must_use]
    pub const fn new(value: i8) -> Option<Self> {
        if matches!(value, -9..=9) { Some(Self(value)) } else { None }
    }

    /// Returns the number.
    #[must_use]
    pub const fn value(self) -> i8 {
        self.0
    }

    /// `priority-value = (["-"] NZDIGIT) / "0"`.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        match value.as_bytes() {
            b"0" => Some(Self(0)),
            [b'1'..=b'9'] | [b'-', b'1'..=b'9'] => value.parse().ok().and_then(Self::new),
            _ => None,
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Since when a mailbox must have been its owner's, or the message is not for the one who has
/// it (RFC 7293 §3).
///
/// ```
/// use smtp_proto::{Parameters, Unsupported, ValidSince};
///
/// let since = "2013-01-01T00:00:00Z".parse()?;
/// let valid = ValidSince { since, unsupported: Unsupported::Return };
/// let parameters = Parameters::default().with_valid_since(&valid);
/// assert_eq!(parameters.to_string(), "RRVS=2013-01-01T00:00:00Z;R");
/// assert_eq!(parameters.valid_since(), Some(valid));
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ValidSince {
    /// Since then.
    pub since: DateTime,
    /// What to do where the next server does not know RRVS.
    pub unsupported: Unsupported,
}

/// What becomes of a message whose next server cannot look after RRVS.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Unsupported {
    /// It goes on without (`C`), as it does when nothing is said.
    Continue,
    /// It is returned (`R`).
    Return,
}

impl ValidSince {
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (since, action) = value.split_once(';').unwrap_or((value, "C"));
        let unsupported = match action {
            "C" | "c" => Unsupported::Continue,
            "R" | "r" => Unsupported::Return,
            _ => return None,
        };
        Some(Self { since: since.parse().ok()?, unsupported })
    }
}

impl fmt::Display for ValidSince {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = if self.unsupported == Unsupported::Return { ";R" } else { "" };
        write!(f, "{}{action}", self.since)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn times_of_delivery_are_checked() {
        for (value, expected) in [
            ("120;R", Some("120;R")),
            ("+5;nt", Some("5;NT")),
            ("-999999999;N", Some("-999999999;N")),
            ("0;N", Some("0;N")),
            ("0;R", None),
            ("-1;RT", None),
            ("1000000000;N", None),
            ("1;X", None),
            ("1;", None),
            ("1", None),
            (";R", None),
            ("+-1;N", None),
            ("1;RTT", None),
        ] {
            let found = DeliverBy::parse(value).map(|it| it.to_string());
            assert_eq!(found.as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn priorities_are_single_digits() {
        for good in ["-9", "-1", "0", "1", "9"] {
            assert_eq!(Priority::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "10", "-0", "+1", "-", "x", "01"] {
            assert_eq!(Priority::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_server_holds_as_long_as_it_says() {
        let until: DateTime = "2026-11-22T20:00:00Z".parse().unwrap();
        let limits = HoldLimits { seconds: 60, until: until.clone() };
        assert!(limits.allow(&Hold::For(60)) && !limits.allow(&Hold::For(61)));
        assert!(limits.allow(&Hold::Until(until)));
        assert!(!limits.allow(&Hold::Until("2026-11-22T20:00:01Z".parse().unwrap())));
    }

    #[test]
    fn mailboxes_are_valid_since_a_time() {
        assert!(ValidSince::parse("2013-01-01T00:00:00Z;C").is_some());
        for bad in ["", "2013", "2013-01-01T00:00:00Z;X", "2013-01-01T00:00:00Z;"] {
            assert_eq!(ValidSince::parse(bad), None, "{bad}");
        }
    }
}
