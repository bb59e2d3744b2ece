//! SORT: which messages are there, in an order (RFC 5256).
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{IString, NotEmpty};

use super::{Charset, Criteria, SearchReturns};
use crate::command::grammar::{Word, list};
use crate::command::{AnnotationScope, Numbering};

/// SORT, or UID SORT: asks which messages have something, in an order (RFC 5256 §3).
///
/// ```
/// use imap_proto::command::{Command, SortKey};
///
/// let line = "SORT (SUBJECT REVERSE DATE) UTF-8 ALL";
/// let Command::Sort(sort) = Command::parse(line.into())? else { panic!("it is SORT") };
/// assert!(sort.order[1].reverse && sort.order[1].key == SortKey::Date);
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sort {
    /// What the numbers in the answer are.
    pub numbering: Numbering,
    /// What to tell of those that are found, in an ESEARCH response (RFC 5267 §3).
    pub returns: Option<SearchReturns>,
    /// What they are compared by, the most important first.
    pub order: NotEmpty<SortCriterion>,
    /// What the text in the criteria is in.
    pub charset: Charset,
    /// What is looked for.
    pub criteria: Criteria,
}

/// What messages are compared by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SortCriterion {
    /// Whether the largest comes first.
    pub reverse: bool,
    /// What of them.
    pub key: SortKey,
}

/// What of messages is compared (RFC 5256 §3).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SortKey {
    /// When they came.
    Arrival,
    /// The mailbox of the first address in Cc.
    Cc,
    /// When they were sent.
    Date,
    /// The mailbox of the first address in From.
    From,
    /// How large they are.
    Size,
    /// The subject without what answering adds.
    Subject,
    /// The mailbox of the first address in To.
    To,
    /// The name of the first address in From (RFC 5957).
    DisplayFrom,
    /// The name of the first address in To (RFC 5957).
    DisplayTo,
    /// How well they are what is looked for (RFC 6203).
    Relevancy,
    /// A note (RFC 5257).
    Annotation(IString, AnnotationScope),
}

impl Sort {
    pub(in crate::command) fn read(numbering: Numbering, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let returns = SearchReturns::read_optional(cursor)?;
        cursor.space()?;
        let order = list(cursor, SortCriterion::read)?;
        cursor.space()?;
        let charset = Charset::read(cursor)?;
        cursor.space()?;
        Ok(Self { numbering, returns, order, charset, criteria: Criteria::read(cursor)? })
    }

    pub(in crate::command) fn write(&self, out: &mut Writer<'_>) {
        self.numbering.write(out);
        out.put("SORT");
        SearchReturns::write_optional(self.returns.as_ref(), out);
        out.put(" ");
        out.list(self.order.iter(), |out, criterion| criterion.write(out));
        out.put(" ");
        self.charset.write(out);
        out.put(" ");
        self.criteria.write(out);
    }
}

impl SortCriterion {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let reverse = cursor.eat_word("REVERSE ");
        Ok(Self { reverse, key: SortKey::read(cursor)? })
    }

    fn write(&self, out: &mut Writer<'_>) {
        if self.reverse {
            out.put("REVERSE ");
        }
        self.key.write(out);
    }
}

impl SortKey {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let word = Word::take(cursor);
        Ok(match word.as_slice() {
            b"ARRIVAL" => Self::Arrival,
            b"CC" => Self::Cc,
            b"DATE" => Self::Date,
            b"FROM" => Self::From,
            b"SIZE" => Self::Size,
            b"SUBJECT" => Self::Subject,
            b"TO" => Self::To,
            b"DISPLAYFROM" => Self::DisplayFrom,
            b"DISPLAYTO" => Self::DisplayTo,
            b"RELEVANCY" => Self::Relevancy,
            b"ANNOTATION" => {
                cursor.space()?;
                let entry = cursor.astring()?;
                cursor.space()?;
                Self::Annotation(entry, AnnotationScope::read(cursor)?)
            }
            _ => return Err(word.unknown()),
        })
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.put(match self {
            Self::Arrival => "ARRIVAL",
            Self::Cc => "CC",
            Self::Date => "DATE",
            Self::From => "FROM",
            Self::Size => "SIZE",
            Self::Subject => "SUBJECT",
            Self::To => "TO",
            Self::DisplayFrom => "DISPLAYFROM",
            Self::DisplayTo => "DISPLAYTO",
            Self::Relevancy => "RELEVANCY",
            Self::Annotation(..) => "ANNOTATION ",
        });
        if let Self::Annotation(entry, scope) = self {
            out.astring(entry);
            out.put(" ");
            scope.write(out);
        }
    }
}
