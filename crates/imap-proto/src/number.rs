//! Numbers of 63 bits.

/// A `number64`, or a mod-sequence (RFC 9051 §9, RFC 7162 §7): from 0 to 2^63 - 1.
///
/// ```
/// use imap_proto::Number64;
///
/// assert_eq!(Number64::new(5).map(Number64::get), Some(5));
/// assert_eq!(Number64::new(1 << 63), None);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Number64(u64);

impl Number64 {
    /// The largest there is.
    pub const MAX: Self = Self(u64::MAX >> 1);

    /// Makes a number; `None` if it has more than 63 bits.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number <= Self::MAX.0 { Some(Self(number)) } else { None }
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Reads digits.
    pub(crate) fn parse_digits(digits: &[u8]) -> Option<Self> {
        let digits = (!digits.is_empty()).then_some(digits)?;
        let number = digits.iter().try_fold(0_u64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
            number.checked_mul(10)?.checked_add(digit)
        })?;
        Self::new(number)
    }
}

impl From<u32> for Number64 {
    fn from(number: u32) -> Self {
        Self(u64::from(number))
    }
}
