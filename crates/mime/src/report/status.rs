//! Status codes that programs read (RFC 3463).
use core::fmt;
use core::str::FromStr;

use crate::{ParseError, ParseErrorKind};

/// An enhanced status code (RFC 3463 §2): `5.1.1`.
///
/// ```
/// use mime::report::StatusCode;
///
/// let status: StatusCode = "5.1.1".parse()?;
/// assert_eq!((status.class(), status.subject(), status.detail()), (5, 1, 1));
/// assert_eq!(StatusCode::new(5, 1, 1), Some(status));
/// assert_eq!(StatusCode::new(3, 0, 0), None);
/// # Ok::<(), mime::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StatusCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl StatusCode {
    /// `2.0.0`: done.
    pub const SUCCESS: Self = Self { class: 2, subject: 0, detail: 0 };
    /// `4.0.0`: not yet.
    pub const TRANSIENT: Self = Self { class: 4, subject: 0, detail: 0 };
    /// `5.0.0`: never.
    pub const PERMANENT: Self = Self { class: 5, subject: 0, detail: 0 };

    /// Makes a code; `None` if the class is none of 2, 4 and 5, or another number is over 999.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Option<Self> {
        match class {
            2 | 4 | 5 if subject <= 999 && detail <= 999 => Some(Self { class, subject, detail }),
            _ => None,
        }
    }

    /// Returns 2 for success, 4 for failure that may pass, 5 for failure that will not.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.class
    }

    /// Returns what it is about: 1 for addresses, 2 for mailboxes, and so on (RFC 3463 §3).
    #[must_use]
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// Returns which of the subject's conditions it is.
    #[must_use]
    pub const fn detail(self) -> u16 {
        self.detail
    }
}

impl FromStr for StatusCode {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut numbers = text.splitn(3, '.').map(|digits| {
            let plain =
                (1..=3).contains(&digits.len()) && digits.bytes().all(|it| it.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|_| plain)
        });
        let mut next = || numbers.next().flatten();
        let code = (|| Self::new(u8::try_from(next()?).ok()?, next()?, next()?))();
        code.ok_or(ParseError::new(ParseErrorKind::Status, 0))
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_three_numbers() {
        for bad in ["", "5", "5.1", "5.1.1.1", "3.0.0", "5.1000.0", "5.1.+1", "5..1", "5.1.1 "] {
            assert!(bad.parse::<StatusCode>().is_err(), "{bad}");
        }
        assert_eq!("2.999.0".parse(), Ok(StatusCode { class: 2, subject: 999, detail: 0 }));
    }
}
