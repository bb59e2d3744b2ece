//! THREAD: which messages belong together (RFC 5256).
use crate::Atom;
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;

use super::{Charset, Criteria};
use crate::command::Numbering;
use crate::command::grammar::Word;

/// THREAD, or UID THREAD: asks which messages belong together (RFC 5256 §3).
///
/// ```
/// use imap_proto::command::{Command, ThreadAlgorithm};
///
/// let line = "UID THREAD REFERENCES UTF-8 SINCE 5-MAR-2000";
/// let Command::Thread(thread) = Command::parse(line.into())? else { panic!("it is THREAD") };
/// assert_eq!(thread.algorithm, ThreadAlgorithm::References);
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Thread {
    /// What the numbers in the answer are.
    pub numbering: Numbering,
    /// How it is found out.
    pub algorithm: ThreadAlgorithm,
    /// What the text in the criteria is in.
    pub charset: Charset,
    /// Which messages.
    pub criteria: Criteria,
}

/// How it is found out what belongs together.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ThreadAlgorithm {
    /// By subject and date.
    OrderedSubject,
    /// By what they refer to, and by subject where that is missing.
    References,
    /// In another way, such as `REFS`; never one of the above.
    Other(Atom),
}

impl Thread {
    pub(in crate::command) fn read(numbering: Numbering, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let algorithm = ThreadAlgorithm::read(cursor)?;
        cursor.space()?;
        let charset = Charset::read(cursor)?;
        cursor.space()?;
        Ok(Self { numbering, algorithm, charset, criteria: Criteria::read(cursor)? })
    }

    pub(in crate::command) fn write(&self, out: &mut Writer<'_>) {
        self.numbering.write(out);
        out.put("THREAD ");
        match &self.algorithm {
            ThreadAlgorithm::OrderedSubject => out.put("ORDEREDSUBJECT"),
            ThreadAlgorithm::References => out.put("REFERENCES"),
            ThreadAlgorithm::Other(name) => out.atom(name),
        }
        out.put(" ");
        self.charset.write(out);
        out.put(" ");
        self.criteria.write(out);
    }
}

impl ThreadAlgorithm {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let offset = cursor.offset();
        let name = cursor.atom()?;
        Ok(match Word::of(&name, offset).as_slice() {
            b"ORDEREDSUBJECT" => Self::OrderedSubject,
            b"REFERENCES" => Self::References,
            _ => Self::Other(Atom::trusted(name)),
        })
    }
}
