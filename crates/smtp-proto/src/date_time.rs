//! Points in time.
use core::fmt;
use core::str::FromStr;

use bytes::Bytes;

use crate::{ParseError, ParseErrorKind};

/// A date and time (RFC 3339), as it stands on the wire: what HOLDUNTIL and RRVS name.
///
/// ```
/// use smtp_proto::DateTime;
///
/// let release: DateTime = "2026-11-22T20:00:00Z".parse()?;
/// assert_eq!(release.unix_seconds(), 1_795_377_600);
/// assert_eq!(release, DateTime::from_unix(1_795_377_600).expect("a year of four digits"));
/// assert!(release.is_utc());
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct DateTime(Bytes);

const DAY: i64 = 86_400;

impl DateTime {
    /// Makes one in UTC of the seconds since 1970; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let text =
            alloc::format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
        (0..=9999).contains(&year).then(|| Self(text.into()))
    }

    /// Returns the seconds since 1970; fractions are dropped, and a leap second is the one
    /// after it.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        seconds(&self.0).unwrap_or_default()
    }

    /// Whether it is written in UTC, with `Z`, as RFC 4865 wants it.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        self.0.ends_with(b"Z") || self.0.ends_with(b"z")
    }

    /// Returns it as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("digits and signs are ASCII")
    }
}

impl FromStr for DateTime {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        match seconds(text.as_bytes()) {
            Some(_) => Ok(Self(Bytes::copy_from_slice(text.as_bytes()))),
            None => Err(ParseError::new(ParseErrorKind::DateTime, 0)),
        }
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// RFC 3339 §5.6: `YYYY-MM-DDTHH:MM:SS[.fraction](Z/+hh:mm/-hh:mm)`.
fn seconds(text: &[u8]) -> Option<i64> {
    let (date, rest) = text.split_first_chunk::<10>()?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *date else { return None };
    let year = number(&[y0, y1, y2, y3])?;
    let (month, day) = (number(&[m0, m1])?, number(&[d0, d1])?);
    let (time, rest) = rest.split_first_chunk::<9>()?;
    let [b'T' | b't', h0, h1, b':', i0, i1, b':', s0, s1] = *time else { return None };
    let (hour, minute, second) = (number(&[h0, h1])?, number(&[i0, i1])?, number(&[s0, s1])?);
    let legal = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let offset = offset(fraction(rest)?)?;
    legal.then(|| days(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset)
}

/// Takes off a fraction of a second, if there is one.
fn fraction(text: &[u8]) -> Option<&[u8]> {
    let Some(digits) = text.strip_prefix(b".") else { return Some(text) };
    let length = digits.iter().take_while(|octet| octet.is_ascii_digit()).count();
    if length == 0 { None } else { digits.get(length..) }
}

/// How many seconds local time is ahead of UTC.
fn offset(text: &[u8]) -> Option<i64> {
    match *text {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (number(&[h0, h1])?, number(&[m0, m1])?);
            let ahead = hours * 3600 + minutes * 60;
            let legal = hours < 24 && minutes < 60;
            legal.then_some(if sign == b'-' { -ahead } else { ahead })
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
    })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970, in years that begin in March so that the leap day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of `days`.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_what_they_say() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("1985-04-12T23:20:50.52Z", 482_196_050),
            ("1996-12-19T16:39:57-08:00", 851_042_397),
            ("1990-12-31T23:59:60Z", 662_688_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_173),
        ] {
            assert_eq!(text.parse::<DateTime>().unwrap().unix_seconds(), seconds, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22 20:00:00Z",
            "2026-13-22T20:00:00Z",
            "2026-02-29T20:00:00Z",
            "2026-11-31T20:00:00Z",
            "2026-11-00T20:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T20:60:00Z",
            "2026-11-22T20:00:61Z",
            "2026-11-22T20:00:00",
            "2026-11-22T20:00:00.Z",
            "2026-11-22T20:00:00+24:00",
            "2026-11-22T20:00:00+0100",
            "2026-11-22T20:00:00Zx",
            "+026-11-22T20:00:00Z",
        ] {
            assert!(text.parse::<DateTime>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_made_of_seconds_is_those_seconds(seconds in -62_167_219_200i64..253_402_300_800) {
            let made = DateTime::from_unix(seconds).unwrap();
            prop_assert_eq!(made.as_str().parse(), Ok(made.clone()));
            prop_assert_eq!(made.unix_seconds(), seconds);
        }

        #[test]
        fn seconds_far_from_here_are_none(seconds in 253_402_300_800i64..i64::MAX / 2) {
            prop_assert_eq!(DateTime::from_unix(seconds), None);
        }
    }
}
