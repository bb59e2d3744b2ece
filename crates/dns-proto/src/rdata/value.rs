//! Fields that are numbers with a notation of their own: times, addresses, locators, places.
use alloc::vec::Vec;
use core::fmt;

use super::field::{Field, Names, Sink, fixed};
use crate::error::{ParseError, ParseErrorKind};
use crate::reader::Reader;
use crate::text::{Word, Words};

/// Seconds since 1970, modulo 2^32, printed as `YYYYMMDDHHmmSS` (RFC 4034 §3.2).
///
/// ```
/// use dns_proto::Timestamp;
///
/// assert_eq!(Timestamp(1_079_391_843).to_string(), "20040315230403");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Timestamp(pub u32);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.0 / 86_400, self.0 % 86_400);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }
}

/// The civil date so many days after 1970 (in years that begin in March, leap days come last).
const fn date(days: u32) -> (u32, u32, u32) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1);
    (era * 400 + year + (month <= 2) as u32, month, day)
}

/// The inverse of [`date`], for dates from 1970 on.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let valid = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_year = (153 * month + 2) / 5 + day - 1;
    let of_era = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + of_year;
    valid.then(|| (year / 400 * 146_097 + of_era).saturating_sub(719_468))
}

fixed!(
    Timestamp,
    4,
    |octets| Self(u32::from_be_bytes(octets)),
    |time: Self| time.0.to_be_bytes(),
    |words| {
        const EXPECTED: &str = "a time as YYYYMMDDHHmmSS, or seconds";
        let word = words.word(EXPECTED)?;
        let number = word.number(99_991_231_235_959, EXPECTED)?;
        // RFC 4034 §3.2: fourteen digits are a date, up to ten are seconds.
        if word.octets.len() != 14 {
            return u32::try_from(number).map(Timestamp).map_err(|_| word.error(EXPECTED));
        }
        let (date, time) = (number / 1_000_000, number % 1_000_000);
        let days = days(date / 10_000, date / 100 % 100, date % 100);
        let (hour, minute, second) = (time / 10_000, time / 100 % 100, time % 100);
        let days = days.filter(|_| hour < 24 && minute < 60 && second < 61);
        let days = days.ok_or_else(|| word.error(EXPECTED))?;
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
        // Modulo 2^32: serial arithmetic (RFC 1982) takes it on after 2106.
        Ok(Timestamp(u32::try_from(seconds % (1 << 32)).unwrap_or(u32::MAX)))
    }
);

/// Seconds since 1970 in 48 bits (RFC 8945 §4.2).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Time48(u64);

impl Time48 {
    /// Wraps seconds; those beyond 48 bits are cut off.
    #[must_use]
    pub const fn new(seconds: u64) -> Self {
        Self(seconds & 0xffff_ffff_ffff)
    }

    /// Returns the seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    pub(crate) const fn octets(self) -> [u8; 6] {
        let [_, _, a, b, c, d, e, f] = self.0.to_be_bytes();
        [a, b, c, d, e, f]
    }
}

impl fmt::Display for Time48 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

fixed!(
    Time48,
    6,
    |[a, b, c, d, e, f]| Self(u64::from_be_bytes([0, 0, a, b, c, d, e, f])),
    Self::octets,
    |words| words.number((1 << 48) - 1, "seconds").map(Time48)
);

/// Reads groups of hexadecimal digits with a separator between them.
fn groups<const N: usize>(word: Word<'_>, digits: usize, separator: u8) -> Option<[u8; N]> {
    let (mut out, mut places) = ([0_u8; N], 0);
    let mut groups = word.octets.split(|&octet| octet == separator);
    for place in out.chunks_mut(digits.div_ceil(2)) {
        let group = groups.next()?;
        let text = core::str::from_utf8(group).ok().filter(|_| group.len() <= digits)?;
        let plain = !group.is_empty() && group.iter().all(u8::is_ascii_hexdigit);
        let number = u16::from_str_radix(text, 16).ok().filter(|_| plain)?;
        let octets = number.to_be_bytes();
        place.copy_from_slice(octets.get(2 - place.len()..)?);
        places += 1;
    }
    (places > 0 && groups.next().is_none()).then_some(out)
}

/// Defines an address of hexadecimal groups.
macro_rules! groups {
    ($(#[$meta:meta])* $name:ident, $octets:literal, $digits:literal, $separator:literal, $text:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub struct $name(pub [u8; $octets]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (place, group) in self.0.chunks($digits / 2).enumerate() {
                    if place > 0 {
                        write!(f, "{}", char::from($separator))?;
                    }
                    group.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
                }
                Ok(())
            }
        }

        fixed!($name, $octets, Self, |it: Self| it.0, |words| {
            let word = words.word($text)?;
            groups(word, $digits, $separator).map(Self).ok_or_else(|| word.error($text))
        });
    };
}

groups! {
    /// An EUI-48 address, as `00-00-5e-00-53-2a` (RFC 7043 §3.2).
    Eui48, 6, 2, b'-', "six hexadecimal octets with hyphens"
}
groups! {
    /// An EUI-64 address, as `00-00-5e-ef-10-00-00-2a` (RFC 7043 §4.2).
    Eui64, 8, 2, b'-', "eight hexadecimal octets with hyphens"
}
groups! {
    /// A node identifier or locator of 64 bits, as `0014:4fff:ff20:ee64` (RFC 6742 §2.1.2).
    Locator64, 8, 4, b':', "four hexadecimal groups with colons"
}

/// A place on Earth (RFC 1876 §2), in the units of the wire.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Location {
    /// The diameter of what is there: a digit and a power of ten, in centimetres.
    pub size: u8,
    /// The horizontal precision, likewise.
    pub horizontal: u8,
    /// The vertical precision, likewise.
    pub vertical: u8,
    /// Thousandths of a second of arc north of the equator, plus 2^31.
    pub latitude: u32,
    /// Thousandths of a second of arc east of Greenwich, plus 2^31.
    pub longitude: u32,
    /// Centimetres above 100,000 metres below the WGS 84 reference spheroid.
    pub altitude: u32,
}

const EQUATOR: u32 = 1 << 31;
/// Thousandths of a second in 90 degrees.
const POLE: u32 = 90 * 3_600_000;

impl<'a> Field<'a> for Location {
    fn has_notation(&self) -> bool {
        // A zero has no power of ten.
        let plain = |octet: u8| octet == 0 || octet >> 4 > 0;
        [self.size, self.horizontal, self.vertical].into_iter().all(plain)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let error = reader.error(ParseErrorKind::Version);
        let [version, size, horizontal, vertical] = reader.array()?;
        let (latitude, longitude, altitude) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let precise = |octet: u8| octet >> 4 <= 9 && octet & 15 <= 9;
        let valid = [size, horizontal, vertical].into_iter().all(precise)
            && latitude.abs_diff(EQUATOR) <= POLE
            && longitude.abs_diff(EQUATOR) <= 2 * POLE;
        // RFC 1876 §2: "must be zero"; what another version means, nobody knows.
        if version != 0 || !valid {
            return Err(error);
        }
        Ok(Self { size, horizontal, vertical, latitude, longitude, altitude })
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(&[0, self.size, self.horizontal, self.vertical]);
        [self.latitude, self.longitude, self.altitude]
            .into_iter()
            .for_each(|number| out.put(&number.to_be_bytes()));
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        angle(f, self.latitude, ["S", "N"])?;
        angle(f, self.longitude, ["W", "E"])?;
        let above = i64::from(self.altitude) - 10_000_000;
        let sign = if above < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}m", above.abs() / 100, above.abs() % 100)?;
        [self.size, self.horizontal, self.vertical].into_iter().try_for_each(|octet| {
            let centimetres = u64::from(octet >> 4) * 10_u64.pow(u32::from(octet & 15));
            match centimetres % 100 {
                0 => write!(f, " {}m", centimetres / 100),
                rest => write!(f, " {}.{rest:02}m", centimetres / 100),
            }
        })
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        let latitude = scan_angle(words, POLE, [b"S", b"N"])?;
        let longitude = scan_angle(words, 2 * POLE, [b"W", b"E"])?;
        let word = words.word("an altitude in metres")?;
        let above = metres(word).ok_or_else(|| word.error("an altitude in metres"))?;
        let altitude = u32::try_from(above + 10_000_000)
            .map_err(|_| word.error("an altitude between -100000 and 42849672.95 metres"))?;
        // RFC 1876 §3: 1 m, 10 km and 10 m are understood.
        let mut precision = [0x12, 0x16, 0x13];
        for place in &mut precision {
            let Some(word) = words.next() else { break };
            *place = exponent(word).ok_or_else(|| word.error("at most 90000000 metres"))?;
        }
        let [size, horizontal, vertical] = precision;
        Self { size, horizontal, vertical, latitude, longitude, altitude }.write(out, Names::Plain);
        Ok(())
    }
}

fn angle(f: &mut fmt::Formatter<'_>, wire: u32, [low, high]: [&str; 2]) -> fmt::Result {
    let side = if wire < EQUATOR { low } else { high };
    let angle = wire.abs_diff(EQUATOR);
    let (seconds, thousandths) = (angle / 1_000, angle % 1_000);
    let (degrees, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    write!(f, "{degrees} {minutes} {seconds}.{thousandths:03} {side} ")
}

fn scan_angle(
    words: &mut Words<'_>,
    most: u32,
    [low, high]: [&[u8]; 2],
) -> Result<u32, ParseError> {
    const EXPECTED: &str = "degrees, minutes, seconds and N, S, E or W";
    let (mut angle, mut units) = (0_u64, [3_600_000, 60_000, 1_000].into_iter());
    loop {
        let word = words.word(EXPECTED)?;
        let south = word.octets.eq_ignore_ascii_case(low);
        if south || word.octets.eq_ignore_ascii_case(high) {
            let angle = u32::try_from(angle).ok().filter(|angle| *angle <= most);
            let angle = angle.ok_or_else(|| word.error("an angle in range"))?;
            return Ok(if south { EQUATOR - angle } else { EQUATOR + angle });
        }
        let unit = units.next().ok_or_else(|| word.error(EXPECTED))?;
        let thousandths = decimal(word.octets, 3).ok_or_else(|| word.error(EXPECTED))?;
        let valid = match unit {
            1_000 => thousandths < 60_000,
            60_000 => thousandths < 60_000 && thousandths % 1_000 == 0,
            _ => thousandths % 1_000 == 0,
        };
        if !valid {
            return Err(word.error(EXPECTED));
        }
        angle += thousandths / 1_000 * unit + if unit == 1_000 { thousandths % 1_000 } else { 0 };
    }
}

/// Reads a decimal fraction as a whole number of its so-manieth parts.
fn decimal(text: &[u8], places: u32) -> Option<u64> {
    let (mut number, mut left, mut digits) = (0_u64, None, 0);
    for &octet in text {
        match octet {
            b'.' if left.is_none() => left = Some(places),
            b'0'..=b'9' => {
                left = match left {
                    None => None,
                    Some(left) => Some(left.checked_sub(1)?),
                };
                number = number.checked_mul(10)?.checked_add(u64::from(octet - b'0'))?;
                digits += 1;
            }
            _ => return None,
        }
    }
    (digits > 0).then(|| number.checked_mul(10_u64.pow(left.unwrap_or(places)))).flatten()
}

/// Reads metres, to centimetres.
fn metres(word: Word<'_>) -> Option<i64> {
    let text = word.octets.strip_suffix(b"m").unwrap_or(word.octets);
    let (text, sign) = match text.strip_prefix(b"-") {
        Some(text) => (text, -1),
        None => (text, 1),
    };
    i64::try_from(decimal(text, 2)?).ok().filter(|metres| *metres < 1 << 40).map(|it| sign * it)
}

/// Reads metres, to a digit and a power of ten.
fn exponent(word: Word<'_>) -> Option<u8> {
    let mut left = u64::try_from(metres(word)?).ok()?;
    let mut power = 0;
    while left > 9 {
        (left, power) = (left / 10, power + 1);
    }
    (power <= 9).then(|| u8::try_from(left).unwrap_or_default() << 4 | power)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn dates_and_days_are_inverse() {
        for day in (0..49_710).step_by(7) {
            let (year, month, of_month) = date(day);
            let read = days(year.into(), month.into(), of_month.into());
            assert_eq!(read, Some(u64::from(day)));
        }
        assert_eq!(Timestamp(0).to_string(), "19700101000000");
        assert_eq!(Timestamp(951_782_400).to_string(), "20000229000000");
        assert_eq!(Timestamp(u32::MAX).to_string(), "21060207062815");
    }
}
