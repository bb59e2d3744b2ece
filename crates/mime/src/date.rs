//! Dates as headers have them (RFC 5322 §3.3).
use core::fmt;
use core::str::FromStr;

use crate::lex::Lexer;
use crate::{Misuse, ParseError, ParseErrorKind};

/// A moment, and the offset from UTC of the clock that showed it.
///
/// ```
/// use mime::DateTime;
///
/// let date = DateTime::new(880_127_706, -6 * 60)?;
/// assert_eq!(date.to_string(), "Fri, 21 Nov 1997 09:55:06 -0600");
/// assert_eq!("Fri, 21 Nov 1997 09:55:06 -0600".parse(), Ok(date));
/// # Ok::<(), mime::Misuse>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DateTime {
    seconds: i64,
    offset: i16,
}

impl DateTime {
    /// Makes a date of the seconds since 1970 in UTC, and an offset from UTC in minutes.
    ///
    /// # Errors
    /// The local year is not one of 1900 to 9999, or the offset is 100 hours or more: RFC 5322
    /// §3.3 cannot say those.
    pub const fn new(unix_seconds: i64, offset_minutes: i16) -> Result<Self, Misuse> {
        if offset_minutes <= -6000 || offset_minutes >= 6000 {
            return Err(Misuse::Offset);
        }
        let local = unix_seconds.saturating_add(offset_minutes as i64 * 60);
        if local < FIRST || local > LAST {
            return Err(Misuse::Year);
        }
        Ok(Self { seconds: unix_seconds, offset: offset_minutes })
    }

    /// Returns the seconds since 1970 in UTC.
    #[must_use]
    pub const fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    /// Returns the offset from UTC, in minutes.
    #[must_use]
    pub const fn offset_minutes(&self) -> i16 {
        self.offset
    }

    /// Reads a date with comments, missing parts and obsolete zones (RFC 5322 §4.3).
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let mut lexer = Lexer::new(value);
        let mut word = number_or_word(&mut lexer);
        if word.parse::<u32>().is_err() {
            lexer.skip_cfws();
            lexer.eat(b',');
            word = number_or_word(&mut lexer);
        }
        let day = word.parse().ok()?;
        lexer.take_while(|octet| octet == b'-');
        let month = number_or_word(&mut lexer).get(..3)?;
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
        lexer.take_while(|octet| octet == b'-');
        let year = year(number_or_word(&mut lexer))?;
        let [hour, minute, second] = time(&mut lexer)?;
        let offset = zone(&mut lexer);
        let month = i64::try_from(month).ok()? + 1;
        let days = days_from_civil(year, month, day);
        // The day must exist: 31 April is not 1 May.
        if civil_from_days(days) != (year, month, day) {
            return None;
        }
        // A leap second is the second after it (RFC 5322 §3.3 allows 60).
        let local = days * 86_400 + hour * 3600 + minute * 60 + second;
        Self::new(local - i64::from(offset) * 60, offset).ok()
    }
}

/// 1 January 1900 and 31 December 9999, in seconds since 1970.
const FIRST: i64 = -2_208_988_800;
const LAST: i64 = 253_402_300_799;

pub(crate) const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
pub(crate) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads digits, or letters.
fn number_or_word<'a>(lexer: &mut Lexer<'a>) -> &'a str {
    lexer.skip_cfws();
    let digits = lexer.peek().is_some_and(|octet| octet.is_ascii_digit());
    let word = if digits {
        lexer.take_while(|octet| octet.is_ascii_digit())
    } else {
        lexer.take_while(|octet| octet.is_ascii_alphabetic())
    };
    core::str::from_utf8(word).unwrap_or_default()
}

/// RFC 5322 §4.3: two digits up to 49 are of this century, other short years of the last.
fn year(digits: &str) -> Option<i64> {
    let year: i64 = digits.parse().ok().filter(|_| digits.len() <= 4)?;
    match (digits.len(), year) {
        (0 | 1, _) => None,
        (2, 0..=49) => Some(year + 2000),
        (2 | 3, _) => Some(year + 1900),
        _ => Some(year),
    }
}

fn time(lexer: &mut Lexer<'_>) -> Option<[i64; 3]> {
    let mut time = [0; 3];
    for (at, (part, limit)) in time.iter_mut().zip([23, 59, 60]).enumerate() {
        if at > 0 {
            lexer.skip_cfws();
            // Seconds may be left out; some senders write dots.
            if !lexer.eat(b':') && !lexer.eat(b'.') {
                return (at == 2).then_some(time);
            }
        }
        *part = number_or_word(lexer).parse().ok().filter(|part| *part <= limit)?;
    }
    Some(time)
}

/// Reads a zone as minutes from UTC; what is unknown is UTC (RFC 5322 §4.3).
fn zone(lexer: &mut Lexer<'_>) -> i16 {
    lexer.skip_cfws();
    let sign = match lexer.peek() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return named_zone(number_or_word(lexer)),
    };
    lexer.next();
    let digits = number_or_word(lexer);
    let number = digits.parse::<i16>().ok().filter(|_| digits.len() == 4);
    number.filter(|it| it % 100 < 60).map_or(0, |it| sign * (it / 100 * 60 + it % 100))
}

fn named_zone(name: &str) -> i16 {
    let zones = [("EDT", -4), ("EST", -5), ("CDT", -5), ("CST", -6), ("MDT", -6), ("MST", -7)];
    let zones = zones.iter().chain(&[("PDT", -7), ("PST", -8)]);
    let found = zones.into_iter().find(|(zone, _)| zone.eq_ignore_ascii_case(name));
    found.map_or(0, |(_, hours)| hours * 60)
}

impl FromStr for DateTime {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::read(text.as_bytes()).ok_or(ParseError::new(ParseErrorKind::Date, 0))
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.seconds + i64::from(self.offset) * 60;
        let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let pick = |names: &[&'static str], at: i64| {
            usize::try_from(at).ok().and_then(|at| names.get(at).copied()).unwrap_or_default()
        };
        let (name, month) = (pick(&DAYS, days.rem_euclid(7)), pick(&MONTHS, month - 1));
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let sign = if self.offset < 0 { '-' } else { '+' };
        let (hours, minutes) = (self.offset.abs() / 60, self.offset.abs() % 60);
        write!(f, "{name}, {day} {month} {year:04} {hour:02}:{minute:02}:{second:02} ")?;
        write!(f, "{sign}{hours:02}{minutes:02}")
    }
}

/// Days since 1 January 1970 in the Gregorian calendar. Years are counted from March, so that
/// the leap day is the last of its year, in eras of 400 years.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day of a day since 1970.
pub(crate) const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + (month <= 2) as i64, month, day)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn dates_are_read_in_every_disguise() {
        for (text, expected) in [
            ("Fri, 21 Nov 1997 09:55:06 -0600", Some("Fri, 21 Nov 1997 09:55:06 -0600")),
            ("21 Nov 97 09:55:06 GMT", Some("Fri, 21 Nov 1997 09:55:06 +0000")),
            (
                "Fri, 21 Nov 1997 09(comment):   55  :  06 -0600",
                Some("Fri, 21 Nov 1997 09:55:06 -0600"),
            ),
            (
                "Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 (Newfoundland Time)",
                Some("Thu, 13 Feb 1969 23:32:00 -0330"),
            ),
            ("Tue, 29 Feb 2000 00:00 EST", Some("Tue, 29 Feb 2000 00:00:00 -0500")),
            ("1-Jan-1970 00:00:00 +0000", Some("Thu, 1 Jan 1970 00:00:00 +0000")),
            ("31 Dec 2016 23:59:60 +0000", Some("Sun, 1 Jan 2017 00:00:00 +0000")),
            ("29 Feb 2001 00:00 +0000", None),
            ("1 Jan 2001 24:00 +0000", None),
            ("1 Jän 2001 00:00", None),
            ("99999999999999999999 Jan 2001 00:00", None),
            ("", None),
        ] {
            let found = text.parse::<DateTime>().ok().map(|date| date.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_calendar_has_ends() {
        assert!(DateTime::new(FIRST, 0).is_ok() && DateTime::new(LAST, 0).is_ok());
        assert_eq!(DateTime::new(FIRST - 1, 0), Err(Misuse::Year));
        assert_eq!(DateTime::new(LAST, 1), Err(Misuse::Year));
        assert_eq!(DateTime::new(i64::MIN, -1), Err(Misuse::Year));
        assert!(DateTime::new(0, 5999).is_ok());
        assert_eq!(DateTime::new(0, -6000), Err(Misuse::Offset));
        assert_eq!(DateTime::new(FIRST, 0).unwrap().to_string(), "Mon, 1 Jan 1900 00:00:00 +0000");
        assert_eq!(DateTime::new(LAST, 0).unwrap().to_string(), "Fri, 31 Dec 9999 23:59:59 +0000");
    }
}
