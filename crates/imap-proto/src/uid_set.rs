//! Sets of numbers that are known.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::{
    ParseErrorKind,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// A `uid-set` (RFC 9051 §9): numbers of messages, UIDs or not, kept as ranges in the order they
/// were given in. Unlike a [`SeqSet`](crate::SeqSet) it has no `*`: servers know their numbers.
///
/// Numbers that follow each other cost one range of 8 octets, however they were written.
///
/// ```
/// use core::num::NonZeroU32;
/// use imap_proto::UidSet;
///
/// let numbers = [4, 5, 6, 9].into_iter().filter_map(NonZeroU32::new);
/// let set = UidSet::from_numbers(numbers).ok_or("no numbers")?;
/// assert_eq!((set.ranges().len(), set.count()), (2, 4));
/// assert!(set.contains(5) && !set.contains(7));
/// # Ok::<_, &str>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UidSet(Vec<UidRange>);

/// Numbers from one to another, both included.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct UidRange {
    from: NonZeroU32,
    to: NonZeroU32,
}

impl UidRange {
    /// Makes a range of its two ends, given in either order.
    #[must_use]
    pub fn new(one: NonZeroU32, other: NonZeroU32) -> Self {
        Self { from: one.min(other), to: one.max(other) }
    }

    /// Returns the smallest number.
    #[must_use]
    pub const fn from(self) -> NonZeroU32 {
        self.from
    }

    /// Returns the largest number.
    #[must_use]
    pub const fn to(self) -> NonZeroU32 {
        self.to
    }

    /// Returns how many numbers there are.
    #[must_use]
    pub fn count(self) -> u64 {
        u64::from(self.to.get() - self.from.get()) + 1
    }
}

impl UidSet {
    /// Makes a set of one range.
    #[must_use]
    pub fn new(range: UidRange) -> Self {
        Self(alloc::vec![range])
    }

    /// Makes a set of numbers; `None` of none, for the grammar has no empty set.
    pub fn from_numbers(numbers: impl IntoIterator<Item = NonZeroU32>) -> Option<Self> {
        let mut set = Self(Vec::new());
        numbers.into_iter().for_each(|number| set.push(number));
        (!set.0.is_empty()).then_some(set)
    }

    /// Returns the ranges, one at least.
    #[must_use]
    pub fn ranges(&self) -> &[UidRange] {
        &self.0
    }

    /// Returns how many numbers there are, those given twice counted twice.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|range| range.count()).sum()
    }

    /// Whether a number is in the set.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        self.0.iter().any(|range| (range.from.get()..=range.to.get()).contains(&number))
    }

    /// Returns the numbers. A peer may have said `1:4294967295`: bound what is taken.
    pub fn iter(&self) -> impl Iterator<Item = NonZeroU32> {
        let numbers = |range: &UidRange| range.from.get()..=range.to.get();
        self.0.iter().flat_map(numbers).filter_map(NonZeroU32::new)
    }

    /// Adds a number.
    #[inline]
    pub fn push(&mut self, number: NonZeroU32) {
        match self.0.last_mut() {
            Some(last) if last.to.checked_add(1) == Some(number) => last.to = number,
            _ => self.0.push(UidRange { from: number, to: number }),
        }
    }

    /// Adds a range.
    pub fn push_range(&mut self, range: UidRange) {
        match self.0.last_mut() {
            Some(last) if last.to.checked_add(1) == Some(range.from) => last.to = range.to,
            _ => self.0.push(range),
        }
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut set = Self(Vec::new());
        loop {
            let from = cursor.nz_number().map_err(|_| cursor.error(ParseErrorKind::SeqSet))?;
            if cursor.eat(b':') {
                set.push_range(UidRange::new(from, cursor.nz_number()?));
            } else {
                set.push(from);
            }
            if !cursor.eat(b',') {
                return Ok(set);
            }
        }
    }

    /// Takes numbers with a space before each, as SEARCH has them, perhaps none.
    pub(crate) fn read_spaced(cursor: &mut Cursor<'_>) -> Parsed<Option<Self>> {
        // 200,000 of them are usual: the loop keeps to itself.
        let mut rest = cursor.rest();
        let Some((first, more)) = spaced_number(rest) else {
            return not_a_number(cursor, rest).map(|()| None);
        };
        rest = more;
        let mut set = Self(Vec::new());
        let mut range = UidRange { from: first, to: first };
        while let Some((number, more)) = spaced_number(rest) {
            rest = more;
            if range.to.get().wrapping_add(1) != number.get() {
                set.push_one_of_many(range, rest.len());
                range.from = number;
            }
            range.to = number;
        }
        set.0.push(range);
        cursor.skip(cursor.rest().len() - rest.len());
        not_a_number(cursor, rest).map(|()| Some(set))
    }

    /// Where there are some ranges there are many: an octet is reserved for each that has come.
    #[inline]
    fn push_one_of_many(&mut self, range: UidRange, octets: usize) {
        if self.0.len() == self.0.capacity() {
            self.0.reserve(if self.0.len() < FEW { 1 } else { octets / size_of::<UidRange>() });
        }
        self.0.push(range);
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        for (index, range) in self.0.iter().enumerate() {
            if index > 0 {
                writer.put(b",");
            }
            writer.number(range.from.get());
            if range.from != range.to {
                writer.put(b":");
                writer.number(range.to.get());
            }
        }
    }

    /// Writes each number with a space before it.
    pub(crate) fn write_spaced(&self, writer: &mut Writer<'_>) {
        for number in self.iter() {
            writer.put(b" ");
            writer.number(number.get());
        }
    }
}

/// What follows the last number is no other one that could not be read.
fn not_a_number(cursor: &Cursor<'_>, rest: &[u8]) -> Parsed<()> {
    match rest {
        [b' ', b'0'..=b'9', ..] => Err(cursor.error(ParseErrorKind::Number)),
        _ => Ok(()),
    }
}

/// Takes a space and an `nz-number` off the beginning.
#[inline]
fn spaced_number(octets: &[u8]) -> Option<(NonZeroU32, &[u8])> {
    let Some([b' ', eight @ ..]) = octets.first_chunk::<9>() else { return spaced_digits(octets) };
    let eight = u64::from_le_bytes(*eight);
    let (number, digits) = number_in_eight(eight);
    if digits == 8 || eight & 0xFF == u64::from(b'0') {
        return spaced_digits(octets);
    }
    Some((NonZeroU32::new(number)?, octets.get(digits + 1..)?))
}

/// The number that eight octets, the first the lowest, begin with, and how many digits it has.
/// All digits are looked at at once: two multiplications instead of seven.
#[inline]
fn number_in_eight(octets: u64) -> (u32, usize) {
    let values = octets ^ 0x3030_3030_3030_3030;
    // What is over 9 gets, or has, its highest bit; a carry reaches only what comes after it.
    let beyond = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    let digits = beyond.trailing_zeros() / 8;
    // As many zeros before the digits as are missing.
    let eight = values.checked_shl(64 - 8 * digits).unwrap_or(0);
    let pairs = eight.wrapping_mul(10).wrapping_add(eight >> 8);
    let (low, high) = (pairs & 0x0000_00FF_0000_00FF, (pairs >> 16) & 0x0000_00FF_0000_00FF);
    let sum = low
        .wrapping_mul(0x000F_4240_0000_0064)
        .wrapping_add(high.wrapping_mul(0x0000_2710_0000_0001));
    (u32::try_from(sum >> 32).unwrap_or(0), usize::try_from(digits).unwrap_or(0))
}

#[cold]
fn spaced_digits(octets: &[u8]) -> Option<(NonZeroU32, &[u8])> {
    let octets = octets.strip_prefix(b" ")?;
    let digits = octets.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (digits, rest) = octets.split_at_checked(digits)?;
    let canonical = digits.len() <= 10 && digits.first() != Some(&b'0');
    let digits = core::str::from_utf8(digits).ok().filter(|_| canonical)?;
    Some((digits.parse().ok()?, rest))
}

/// How many ranges a set has before it is taken for a large one.
const FEW: usize = 32;

/// Which results of a search are wanted (RFC 9394 §3.1): from one rank to another.
///
/// ```
/// use core::num::NonZeroU32;
/// use imap_proto::{PartialRange, UidRange};
///
/// let hundred = NonZeroU32::new(100).ok_or("zero")?;
/// let page = PartialRange::Last(UidRange::new(NonZeroU32::MIN, hundred)); // -1:-100
/// # let _ = page;
/// # Ok::<_, &str>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PartialRange {
    /// Counted from the first result: `1:100`.
    First(UidRange),
    /// Counted from the last result: `-1:-100`.
    Last(UidRange),
}

impl PartialRange {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let last = cursor.eat(b'-');
        let one = cursor.nz_number()?;
        cursor.expect(b':')?;
        if last {
            cursor.expect(b'-')?;
        }
        let range = UidRange::new(one, cursor.nz_number()?);
        Ok(if last { Self::Last(range) } else { Self::First(range) })
    }

    pub(crate) fn write(self, writer: &mut Writer<'_>) {
        let (sign, range) = match self {
            Self::First(range) => ("", range),
            Self::Last(range) => ("-", range),
        };
        writer.put(sign);
        writer.number(range.from.get());
        writer.put(":");
        writer.put(sign);
        writer.number(range.to.get());
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn numbers_of_every_length_are_taken_whatever_follows() {
        for number in [1, 9, 10, 123, 4096, 65_535, 999_999, 1_234_567, 12_345_678, u32::MAX] {
            for after in ["", " ", ")", " 123456789", "\u{7F}\u{FF}", ":;<=>?@A", "/.-"] {
                let text = format!(" {number}{after}");
                let read = spaced_number(text.as_bytes()).map(|(read, rest)| (read.get(), rest));
                assert_eq!(read, Some((number, after.as_bytes())), "{text}");
            }
        }
        for text in ["", "1", " ", " 0", " 01", " x1234567", " 4294967296", " 12345678901", "  1"] {
            assert_eq!(spaced_number(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn numbers_that_follow_each_other_are_one_range() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let set = UidSet::from_numbers([1, 2, 3, 5, 4, 4, u32::MAX].map(number)).unwrap();
        assert_eq!(set.ranges().len(), 5);
        assert_eq!((set.count(), set.iter().count()), (7, 7));
        let mut set = UidSet::new(UidRange::new(number(9), number(3)));
        set.push_range(UidRange::new(number(10), number(12)));
        assert_eq!(set.ranges(), [UidRange::new(number(3), number(12))]);
        assert_eq!(UidSet::from_numbers([]), None);
    }
}
