//! Sets of message numbers.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::{Bytes, BytesMut};

use crate::{
    Dialect, Limits, Line, ParseError, ParseErrorKind, UidRange, UidSet,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// A set of sequence numbers or UIDs (RFC 9051 §9, `sequence-set`), kept as the ranges it was
/// written in: `1:200000` costs what `1` costs.
///
/// ```
/// use imap_proto::SeqSet;
///
/// let set = SeqSet::parse(b"2,4:7,9,12:*")?;
/// let mut text = bytes::BytesMut::new();
/// set.write(&mut text);
/// assert_eq!(text, "2,4:7,9,12:*");
/// // In a mailbox of 15 messages, RFC 9051's own example:
/// assert!(set.contains(14, 15) && !set.contains(8, 15));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SeqSet(Vec<Range>);

/// A range of numbers, both ends included, in either order.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Range {
    /// One end.
    pub from: SeqNumber,
    /// The other; the same for a single number.
    pub to: SeqNumber,
}

/// A number, or the largest there is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum SeqNumber {
    /// A number.
    Number(NonZeroU32),
    /// `*`.
    Largest,
}

/// What a server said, asked about again.
impl From<&UidSet> for SeqSet {
    fn from(set: &UidSet) -> Self {
        let number = SeqNumber::Number;
        let range = |range: &UidRange| Range { from: number(range.from()), to: number(range.to()) };
        Self(set.ranges().iter().map(range).collect())
    }
}

impl SeqSet {
    /// Makes a set of ranges; `None` of none, for the grammar has no empty set.
    #[must_use]
    pub fn new(ranges: Vec<Range>) -> Option<Self> {
        (!ranges.is_empty()).then_some(Self(ranges))
    }

    /// Returns the ranges in the order in which they were written.
    #[must_use]
    pub fn ranges(&self) -> &[Range] {
        &self.0
    }

    /// Whether a number is in the set, in a mailbox whose largest number is `largest`.
    #[must_use]
    pub fn contains(&self, number: u32, largest: u32) -> bool {
        self.0.iter().any(|range| {
            let (from, to) = (range.from.resolve(largest), range.to.resolve(largest));
            (from.min(to)..=from.max(to)).contains(&number)
        })
    }

    /// Reads a set.
    ///
    /// # Errors
    /// The octets are no `sequence-set`.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let line = Line::new(Bytes::copy_from_slice(octets));
        let mut cursor = Cursor::new(&line, Limits::default());
        let set = Self::read(&mut cursor)?;
        cursor.end()?;
        Ok(set)
    }

    /// Appends the set.
    pub fn write(&self, out: &mut BytesMut) {
        self.put(&mut Writer::new(out, Dialect::CLIENT));
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut ranges = Vec::new();
        loop {
            let from = SeqNumber::read(cursor)?;
            let to = if cursor.eat(b':') { SeqNumber::read(cursor)? } else { from };
            ranges.push(Range { from, to });
            if !cursor.eat(b',') {
                return Ok(Self(ranges));
            }
        }
    }

    pub(crate) fn put(&self, writer: &mut Writer<'_>) {
        for (index, range) in self.0.iter().enumerate() {
            if index > 0 {
                writer.put(b",");
            }
            range.from.put(writer);
            if range.from != range.to {
                writer.put(b":");
                range.to.put(writer);
            }
        }
    }
}

impl SeqNumber {
    fn resolve(self, largest: u32) -> u32 {
        match self {
            Self::Number(number) => number.get(),
            Self::Largest => largest,
        }
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match cursor.peek() {
            Some(b'*') => {
                cursor.skip(1);
                Ok(Self::Largest)
            }
            Some(b'0'..=b'9') => cursor.nz_number().map(Self::Number),
            _ => Err(cursor.error(ParseErrorKind::SeqSet)),
        }
    }

    pub(crate) fn put(self, writer: &mut Writer<'_>) {
        match self {
            Self::Number(number) => writer.number(number.get()),
            Self::Largest => writer.put(b"*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mistakes_are_named() {
        use ParseErrorKind as Kind;
        let table: [(&[u8], Kind, usize); 9] = [
            (b"", Kind::SeqSet, 0),
            (b"1,", Kind::SeqSet, 2),
            (b"1:", Kind::SeqSet, 2),
            (b"0", Kind::Number, 0),
            (b"1,01", Kind::Number, 2),
            (b"5:4294967296", Kind::Number, 2),
            (b"1:2:3", Kind::Trailing, 3),
            (b"+1", Kind::SeqSet, 0),
            (b"1, 2", Kind::SeqSet, 2),
        ];
        for (octets, kind, offset) in table {
            let error = SeqSet::parse(octets).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (kind, offset), "{octets:?}");
        }
        assert_eq!(SeqSet::new(Vec::new()), None);
    }

    #[test]
    fn a_range_may_be_written_backwards() {
        let set = SeqSet::parse(b"*:4").unwrap();
        assert!(set.contains(3, 3) && set.contains(4, 3) && !set.contains(2, 3));
        assert!(set.contains(9, 9) && !set.contains(10, 9));
    }

    fn number() -> impl Strategy<Value = SeqNumber> {
        prop_oneof![
            Just(SeqNumber::Largest),
            (1..=u32::MAX).prop_map(|n| SeqNumber::Number(NonZeroU32::new(n).unwrap())),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            ranges in proptest::collection::vec((number(), number()), 1..9),
        ) {
            let ranges = ranges.into_iter().map(|(from, to)| Range { from, to }).collect();
            let set = SeqSet::new(ranges).unwrap();
            let mut text = BytesMut::new();
            set.write(&mut text);
            prop_assert_eq!(SeqSet::parse(&text), Ok(set));
        }
    }
}
