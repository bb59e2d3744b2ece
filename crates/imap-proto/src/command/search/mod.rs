//! SEARCH and its relatives: which messages are there.
mod criteria;
mod key;
mod multi;
mod options;
mod sort;
mod thread;

pub use criteria::{Criteria, Term};
pub use key::{EntryType, ModSeqKey, SearchKey};
pub use multi::{MultiSearch, SearchSources};
pub use options::{Charset, SearchReturns};
pub use sort::{Sort, SortCriterion, SortKey};
pub use thread::{Thread, ThreadAlgorithm};

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;

use super::Numbering;

/// SEARCH, or UID SEARCH: asks which messages have something (RFC 9051 §6.4.4).
///
/// ```
/// use imap_proto::command::{Command, SearchKey, Term};
///
/// let line = "SEARCH RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994 NOT FROM Smith";
/// let Command::Search(search) = Command::parse(line.into())? else { panic!("it is SEARCH") };
/// assert!(search.returns.is_some_and(|returns| returns.min && returns.count && !returns.all));
/// assert_eq!(search.criteria.terms()[0], Term::Key(SearchKey::Flagged));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Search {
    /// What the numbers in the answer are.
    pub numbering: Numbering,
    /// What to tell of those that are found, in an ESEARCH response; none is not the same as
    /// nothing (RFC 4731).
    pub returns: Option<SearchReturns>,
    /// What the text in the criteria is in, if it is said.
    pub charset: Option<Charset>,
    /// What is looked for.
    pub criteria: Criteria,
}

impl Search {
    pub(in crate::command) fn read(numbering: Numbering, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let returns = SearchReturns::read_optional(cursor)?;
        cursor.space()?;
        let (charset, criteria) = read_program(cursor)?;
        Ok(Self { numbering, returns, charset, criteria })
    }

    pub(in crate::command) fn write(&self, out: &mut Writer<'_>) {
        self.numbering.write(out);
        out.put("SEARCH");
        SearchReturns::write_optional(self.returns.as_ref(), out);
        out.put(" ");
        write_program(self.charset.as_ref(), &self.criteria, out);
    }
}

/// RFC 9051 §9, `search-program`.
fn read_program(cursor: &mut Cursor<'_>) -> Parsed<(Option<Charset>, Criteria)> {
    let mut charset = None;
    if cursor.eat_word("CHARSET ") {
        charset = Some(Charset::read(cursor)?);
        cursor.space()?;
    }
    Ok((charset, Criteria::read(cursor)?))
}

fn write_program(charset: Option<&Charset>, criteria: &Criteria, out: &mut Writer<'_>) {
    if let Some(charset) = charset {
        out.put("CHARSET ");
        charset.write(out);
        out.put(" ");
    }
    criteria.write(out);
}
