//! Sets of numbers that are known.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::{
    ParseErrorKind,
    cursor::{Cursor, Parsed},
    octets::NOT_DIGIT,
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
        let mut set = Self(Vec::new());
        while let [b' ', digit, ..] = cursor.rest()
            && class_is_digit(*digit)
        {
            cursor.skip(1);
            set.push(cursor.nz_number()?);
        }
        Ok((!set.0.is_empty()).then_some(set))
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

fn class_is_digit(octet: u8) -> bool {
    crate::octets::class(octet) & NOT_DIGIT == 0
}

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
