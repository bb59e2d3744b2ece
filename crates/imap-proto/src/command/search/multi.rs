//! ESEARCH: searches many mailboxes (RFC 7377).
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{NotEmpty, ParseErrorKind};

use super::{Charset, Criteria, SearchReturns, read_program, write_program};
use crate::command::MailboxFilter;

/// ESEARCH: asks which messages have something, in many mailboxes (RFC 7377 §2). The numbers in
/// the answer are unique identifiers.
///
/// ```
/// use imap_proto::command::Command;
///
/// let line = r#"ESEARCH IN (mailboxes "folder1" subtree "folder2") unseen"#;
/// let Command::MultiSearch(search) = Command::parse(line.into())? else { panic!("ESEARCH") };
/// assert_eq!(search.sources.unwrap().filters().len(), 2);
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MultiSearch {
    /// Where to look; in the selected mailbox, if it is not said.
    pub sources: Option<SearchSources>,
    /// What to tell of those that are found.
    pub returns: Option<SearchReturns>,
    /// What the text in the criteria is in, if it is said.
    pub charset: Option<Charset>,
    /// What is looked for.
    pub criteria: Criteria,
}

/// Where to look: any mailboxes but `selected-delayed`, which is of NOTIFY alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SearchSources(NotEmpty<MailboxFilter>);

impl SearchSources {
    /// Makes a list; `None` if `selected-delayed` is in it.
    #[must_use]
    pub fn new(filters: NotEmpty<MailboxFilter>) -> Option<Self> {
        (!filters.contains(&MailboxFilter::SelectedDelayed)).then_some(Self(filters))
    }

    /// Returns the list.
    #[must_use]
    pub fn filters(&self) -> &[MailboxFilter] {
        &self.0
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let error = cursor.error(ParseErrorKind::Word);
        Self::new(crate::command::grammar::list(cursor, MailboxFilter::read)?).ok_or(error)
    }
}

impl MultiSearch {
    pub(in crate::command) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut sources = None;
        if cursor.eat_word(" IN ") {
            sources = Some(SearchSources::read(cursor)?);
        }
        let returns = SearchReturns::read_optional(cursor)?;
        cursor.space()?;
        let (charset, criteria) = read_program(cursor)?;
        Ok(Self { sources, returns, charset, criteria })
    }

    pub(in crate::command) fn write(&self, out: &mut Writer<'_>) {
        out.put("ESEARCH");
        if let Some(sources) = &self.sources {
            out.put(" IN ");
            out.list(sources.0.iter(), |out, filter| filter.write(out));
        }
        SearchReturns::write_optional(self.returns.as_ref(), out);
        out.put(" ");
        write_program(self.charset.as_ref(), &self.criteria, out);
    }
}
