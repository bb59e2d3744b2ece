//! Which messages a command is about.
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{SeqSet, UidSet};

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

impl From<&UidSet> for MessageSet {
    fn from(numbers: &UidSet) -> Self {
        Self::Numbers(numbers.into())
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
