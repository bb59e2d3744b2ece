//! Which messages a command is about.
use core::num::NonZeroU32;

use crate::SeqSet;
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;

/// What the numbers of a command are, and those of its responses.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Numbering {
    /// Sequence numbers: places in the mailbox, which move when messages go.
    Sequence,
    /// Unique identifiers, which stay; the command's name has `UID` before it.
    Uid,
}

impl Numbering {
    pub(super) fn write(self, out: &mut Writer<'_>) {
        match self {
            Self::Sequence => {}
            Self::Uid => out.put("UID "),
        }
    }
}

/// Which messages (RFC 9051 §9, `sequence-set`).
///
/// ```
/// use imap_proto::{SeqSet, command::MessageSet};
///
/// let set = MessageSet::from(SeqSet::parse(b"1:5")?);
/// assert_ne!(set, MessageSet::Saved);
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum MessageSet {
    /// `$`: those that the last search saved (RFC 5182).
    Saved,
    /// Those with these numbers.
    Numbers(SeqSet),
}

impl From<SeqSet> for MessageSet {
    fn from(numbers: SeqSet) -> Self {
        Self::Numbers(numbers)
    }
}

impl MessageSet {
    #[inline]
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.eat(b'$') { Ok(Self::Saved) } else { SeqSet::read(cursor).map(Self::Numbers) }
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Saved => out.put("$"),
            Self::Numbers(numbers) => numbers.put(out),
        }
    }
}

/// A page of results (RFC 9394 §4, `partial-range`), counted from one end; both numbers are
/// included, in either order.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PartialRange {
    /// Counted from the first: `1:100`.
    First(NonZeroU32, NonZeroU32),
    /// Counted from the last: `-1:-100`.
    Last(NonZeroU32, NonZeroU32),
}

impl PartialRange {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let is_last = cursor.eat(b'-');
        let from = cursor.nz_number()?;
        cursor.expect(b':')?;
        if is_last {
            cursor.expect(b'-')?;
        }
        let to = cursor.nz_number()?;
        Ok(if is_last { Self::Last(from, to) } else { Self::First(from, to) })
    }

    pub(super) fn write(self, out: &mut Writer<'_>) {
        let (sign, from, to) = match self {
            Self::First(from, to) => ("", from, to),
            Self::Last(from, to) => ("-", from, to),
        };
        out.put(sign);
        out.number(from.get());
        out.put(":");
        out.put(sign);
        out.number(to.get());
    }
}
