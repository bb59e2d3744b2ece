//! Dates as the Internet writes them outside of mail (RFC 3339).
use alloc::format;
use alloc::string::String;

use crate::DateTime;
use crate::date::civil_from_days;

impl DateTime {
    /// Writes it as RFC 3339 §5.6 does; UTC is `Z`.
    ///
    /// RFC 3339 has no offsets of a day and more: such a date is written in UTC.
    ///
    /// ```
    /// use mime::DateTime;
    ///
    /// assert_eq!(DateTime::new(1_763_800_000, 60)?.to_rfc3339(), "2025-11-22T09:26:40+01:00");
    /// assert_eq!(DateTime::new(0, 0)?.to_rfc3339(), "1970-01-01T00:00:00Z");
    /// # Ok::<(), mime::Misuse>(())
    /// ```
    #[must_use]
    pub fn to_rfc3339(&self) -> String {
        let offset = match self.offset_minutes() {
            it @ -1439..=1439 => i64::from(it),
            _ => 0,
        };
        let local = self.unix_seconds() + offset * 60;
        let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        let zone = match offset {
            0 => String::from("Z"),
            _ => {
                let sign = if offset < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60)
            }
        };
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")
    }
}

#[cfg(test)]
mod tests {
    use crate::DateTime;

    #[test]
    fn offsets_are_written_with_their_sign() {
        for (seconds, offset, expected) in [
            (880_127_706, -360, "1997-11-21T09:55:06-06:00"),
            (0, -90, "1969-12-31T22:30:00-01:30"),
            (0, 1439, "1970-01-01T23:59:00+23:59"),
            (0, 1440, "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(DateTime::new(seconds, offset).unwrap().to_rfc3339(), expected);
        }
    }
}
