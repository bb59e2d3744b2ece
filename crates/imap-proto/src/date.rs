//! Dates.
use crate::{
    ParseErrorKind,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// A `date` (RFC 9051 §9): a day, as SEARCH wants it.
///
/// ```
/// use imap_proto::Date;
///
/// assert!(Date::new(1994, 2, 1).is_some());
/// assert_eq!(Date::new(1995, 2, 29), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A `date-time` (RFC 9051 §9): when a message arrived, on the clock of a zone.
///
/// ```
/// use imap_proto::{Date, DateTime};
///
/// let day = Date::new(1996, 7, 17).ok_or("no such day")?;
/// let time = DateTime::new(day, [2, 44, 25], -7 * 60).ok_or("no such time")?;
/// assert_eq!(time.to_unix(), 837_596_665);
/// # Ok::<_, &str>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct DateTime {
    date: Date,
    time: [u8; 3],
    zone: i16,
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Date {
    /// Makes a date; `None` if no calendar has it, or its year has not four digits.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 31,
        };
        let real = year <= 9999 && 1 <= month && month <= 12 && 1 <= day && day <= days;
        if real { Some(Self { year, month, day }) } else { None }
    }

    /// Returns the year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// Returns the month, from 1.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// Returns the day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Takes a `date`: one or two digits for the day, perhaps all of it in quotes.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let quoted = cursor.eat(b'"');
        let digits =
            cursor.rest().iter().take(2).take_while(|octet| octet.is_ascii_digit()).count();
        let date = Self::read_with_day(cursor, digits)?;
        if quoted {
            cursor.expect(b'"')?;
        }
        Ok(date)
    }

    fn read_with_day(cursor: &mut Cursor<'_>, digits: usize) -> Parsed<Self> {
        let error = cursor.error(ParseErrorKind::Date);
        let day = two(cursor.take(digits)).ok_or(error)?;
        let [b'-', month @ .., b'-'] = cursor.take(5) else { return Err(error) };
        let month =
            MONTHS.iter().zip(1_u8..).find(|(name, _)| month.eq_ignore_ascii_case(name.as_bytes()));
        let month = month.ok_or(error)?.1;
        let (century, year) = (cursor.take(2), cursor.take(2));
        let (century, year) = two(century).zip(two(year)).ok_or(error)?;
        let whole = year_is_whole(cursor);
        let date = Self::new(u16::from(century) * 100 + u16::from(year), month, day);
        date.filter(|_| whole).ok_or(error)
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        writer.number(self.day);
        self.write_month(writer);
    }

    fn write_month(self, writer: &mut Writer<'_>) {
        writer.put(b"-");
        writer.put(MONTHS.get(usize::from(self.month) - 1).unwrap_or(&""));
        writer.put(b"-");
        put_two(writer, self.year / 100);
        put_two(writer, self.year % 100);
    }

    /// The day that is so many days after 1970-01-01.
    fn from_days(days: i64) -> Option<Self> {
        // Years begin in March, and 400 of them have 146,097 days.
        let days = days.checked_add(719_468)?;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = u8::try_from(day_of_year - (153 * month + 2) / 5 + 1).ok()?;
        let year = era * 400 + year + i64::from(month >= 10);
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, day)
    }

    /// Days since 1970-01-01.
    fn to_days(self) -> i64 {
        // Years begin in March: a leap day is a year's last.
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
            - 719_468
    }
}

impl DateTime {
    /// Makes a time of hours, minutes and seconds, and of the zone's minutes east of Greenwich;
    /// `None` if no clock shows it. A leap second is the 60th.
    #[must_use]
    pub const fn new(date: Date, time: [u8; 3], zone: i16) -> Option<Self> {
        let [hours, minutes, seconds] = time;
        let real = hours < 24 && minutes < 60 && seconds <= 60 && zone.unsigned_abs() < 100 * 60;
        if real { Some(Self { date, time, zone }) } else { None }
    }

    /// Returns the day on the zone's calendar.
    #[must_use]
    pub const fn date(self) -> Date {
        self.date
    }

    /// Returns hours, minutes and seconds on the zone's clock.
    #[must_use]
    pub const fn time(self) -> [u8; 3] {
        self.time
    }

    /// Returns the zone's minutes east of Greenwich.
    #[must_use]
    pub const fn zone(self) -> i16 {
        self.zone
    }

    /// Returns the seconds since 1970-01-01 00:00:00 UTC.
    #[must_use]
    pub fn to_unix(self) -> i64 {
        let [hours, minutes, seconds] = self.time.map(i64::from);
        let minutes = hours * 60 + minutes - i64::from(self.zone);
        self.date.to_days() * 86_400 + minutes * 60 + seconds
    }

    /// Makes the time that is so many seconds after 1970-01-01 00:00:00 UTC, on the clock of a
    /// zone so many minutes east of Greenwich; `None` if its year has not four digits.
    ///
    /// ```
    /// let time = imap_proto::DateTime::from_unix(837_596_665, -7 * 60).unwrap();
    /// assert_eq!((time.date().day(), time.time()), (17, [2, 44, 25]));
    /// assert_eq!(time.to_unix(), 837_596_665);
    /// ```
    #[must_use]
    pub fn from_unix(seconds: i64, zone: i16) -> Option<Self> {
        let local = seconds.checked_add(i64::from(zone) * 60)?;
        let date = Date::from_days(local.div_euclid(86_400))?;
        let second = local.rem_euclid(86_400);
        let two = |number: i64| u8::try_from(number).unwrap_or_default();
        Self::new(date, [two(second / 3600), two(second / 60 % 60), two(second % 60)], zone)
    }

    /// Takes a `date-time`, which is in quotes: `"17-Jul-1996 02:44:25 -0700"`.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let error = cursor.error(ParseErrorKind::Date);
        cursor.expect(b'"')?;
        // date-day-fixed: a space or a digit before a digit; some servers leave the space out.
        let spaces = cursor.eat(b' ');
        let short = spaces || (cursor.is_lenient() && cursor.rest().get(1) == Some(&b'-'));
        let date = Date::read_with_day(cursor, if short { 1 } else { 2 })?;
        let [
            b' ',
            h1,
            h2,
            b':',
            m1,
            m2,
            b':',
            s1,
            s2,
            b' ',
            sign @ (b'+' | b'-'),
            z1,
            z2,
            z3,
            z4,
            b'"',
        ] = cursor.take(16)
        else {
            return Err(error);
        };
        let number = |digits: [u8; 2]| two(&digits).ok_or(error);
        let time = [number([*h1, *h2])?, number([*m1, *m2])?, number([*s1, *s2])?];
        let (hours, minutes) = (number([*z1, *z2])?, number([*z3, *z4])?);
        let zone = (minutes < 60).then_some(i16::from(hours) * 60 + i16::from(minutes));
        let zone = zone.ok_or(error)? * if *sign == b'-' { -1 } else { 1 };
        Self::new(date, time, zone).ok_or(error)
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        writer.put(if self.date.day < 10 { "\" " } else { "\"" });
        writer.number(self.date.day);
        self.date.write_month(writer);
        let [hours, minutes, seconds] = self.time.map(u16::from);
        for (mark, number) in [(" ", hours), (":", minutes), (":", seconds)] {
            writer.put(mark);
            put_two(writer, number);
        }
        writer.put(if self.zone < 0 { " -" } else { " +" });
        put_two(writer, self.zone.unsigned_abs() / 60);
        put_two(writer, self.zone.unsigned_abs() % 60);
        writer.put(b"\"");
    }
}

/// A number of one or two digits.
fn two(digits: &[u8]) -> Option<u8> {
    match digits {
        [one @ b'0'..=b'9'] => Some(one - b'0'),
        [ten @ b'0'..=b'9', one @ b'0'..=b'9'] => Some((ten - b'0') * 10 + (one - b'0')),
        _ => None,
    }
}

/// Whether the year ended where its fourth digit did.
fn year_is_whole(cursor: &Cursor<'_>) -> bool {
    !cursor.peek().is_some_and(|next| next.is_ascii_digit())
}

fn put_two(writer: &mut Writer<'_>, number: u16) {
    // Both are digits: what is written is under 100.
    let digit = |number: u16| b'0' | u8::try_from(number % 10).unwrap_or_default();
    writer.put([digit(number / 10), digit(number)]);
}
