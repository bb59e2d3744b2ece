//! LIST and LSUB: which mailboxes there are.
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{ListMailbox, Mailbox, NotEmpty, ParseError, ParseErrorKind};

use super::grammar::{Word, list, once, option, words};
use super::{Entry, StatusItem};

/// LIST: asks which mailboxes there are (RFC 9051 §6.3.9, RFC 5258).
///
/// ```
/// use imap_proto::command::{Command, ListPatterns};
///
/// let line = r#"LIST (SUBSCRIBED) "" ("INBOX" "Work/%") RETURN (STATUS (UNSEEN))"#;
/// let Command::List(list) = Command::parse(line.into())? else { panic!("it is LIST") };
/// assert!(list.selection.is_some_and(|selection| selection.is_subscribed()));
/// assert!(matches!(&list.patterns, ListPatterns::Many(patterns) if patterns.len() == 2));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List {
    /// What is wanted of a mailbox to be listed; none is not the same as nothing, for nothing
    /// makes the command an extended one.
    pub selection: Option<ListSelection>,
    /// What the patterns begin at.
    pub reference: Mailbox,
    /// The names.
    pub patterns: ListPatterns,
    /// What to tell of those that are listed; none is not the same as nothing.
    pub returns: Option<ListReturns>,
}

/// Which names are listed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ListPatterns {
    /// Those that match. An empty pattern asks for the hierarchy's delimiter.
    One(ListMailbox),
    /// Those that match one of these (RFC 5258).
    Many(NotEmpty<ListMailbox>),
}

impl List {
    /// Whether the command is an extended one, in which a name may come without wildcards, and
    /// the empty pattern means nothing particular (RFC 5258 §3).
    #[must_use]
    pub fn is_extended(&self) -> bool {
        self.selection.is_some()
            || self.returns.is_some()
            || matches!(self.patterns, ListPatterns::Many(_))
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let mut selection = None;
        if cursor.peek() == Some(b'(') {
            selection = Some(ListSelection::read(cursor)?);
            cursor.space()?;
        }
        let reference = Mailbox::read(cursor)?;
        cursor.space()?;
        let patterns = match cursor.peek() {
            Some(b'(') => ListPatterns::Many(list(cursor, ListMailbox::read)?),
            _ => ListPatterns::One(ListMailbox::read(cursor)?),
        };
        let mut returns = None;
        if !cursor.is_at_end() {
            cursor.space()?;
            returns = Some(ListReturns::read(cursor)?);
        }
        Ok(Self { selection, reference, patterns, returns })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("LIST ");
        if let Some(selection) = &self.selection {
            selection.write(out);
            out.put(" ");
        }
        self.reference.write(out);
        out.put(" ");
        match &self.patterns {
            ListPatterns::One(pattern) => pattern.write(out),
            ListPatterns::Many(patterns) => out.list(patterns.iter(), |out, item| item.write(out)),
        }
        if let Some(returns) = &self.returns {
            out.put(" RETURN (");
            returns.write(out);
            out.put(")");
        }
    }
}

/// What is wanted of a mailbox to be listed (RFC 5258 §3.1).
///
/// ```
/// use imap_proto::command::ListSelection;
///
/// // RECURSIVEMATCH means nothing by itself, so it brings SUBSCRIBED along.
/// let selection = ListSelection::default().recursive_match();
/// assert!(selection.is_subscribed());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct ListSelection {
    subscribed: bool,
    special_use: bool,
    remote: bool,
    recursive_match: bool,
}

impl ListSelection {
    /// Subscribed, whether it exists or not.
    #[must_use]
    pub fn subscribed(self) -> Self {
        Self { subscribed: true, ..self }
    }

    /// With a special use (RFC 6154).
    #[must_use]
    pub fn special_use(self) -> Self {
        Self { special_use: true, ..self }
    }

    /// On other servers as well.
    #[must_use]
    pub fn remote(self) -> Self {
        Self { remote: true, ..self }
    }

    /// Or with such a mailbox somewhere below, SUBSCRIBED if nothing else is wanted.
    #[must_use]
    pub fn recursive_match(self) -> Self {
        let subscribed = self.subscribed || !self.special_use;
        Self { subscribed, recursive_match: true, ..self }
    }

    /// Whether it has to be subscribed.
    #[must_use]
    pub fn is_subscribed(&self) -> bool {
        self.subscribed
    }

    /// Whether it has to have a special use.
    #[must_use]
    pub fn is_special_use(&self) -> bool {
        self.special_use
    }

    /// Whether it may be on another server.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.remote
    }

    /// Whether it may be above such a mailbox.
    #[must_use]
    pub fn is_recursive_match(&self) -> bool {
        self.recursive_match
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let start = cursor.offset();
        let mut all = Self::default();
        cursor.list(|cursor| {
            let word = Word::take(cursor);
            let flag = match word.as_slice() {
                b"SUBSCRIBED" => &mut all.subscribed,
                b"SPECIAL-USE" => &mut all.special_use,
                b"REMOTE" => &mut all.remote,
                b"RECURSIVEMATCH" => &mut all.recursive_match,
                _ => return Err(word.unknown()),
            };
            *flag = true;
            Ok(())
        })?;
        // RFC 5258 §3.1: RECURSIVEMATCH by itself, or with REMOTE, is BAD.
        if all.recursive_match && !all.subscribed && !all.special_use {
            return Err(ParseError::new(ParseErrorKind::Word, start));
        }
        Ok(all)
    }

    fn write(self, out: &mut Writer<'_>) {
        out.put("(");
        words(
            &[
                (self.subscribed, "SUBSCRIBED"),
                (self.special_use, "SPECIAL-USE"),
                (self.remote, "REMOTE"),
                (self.recursive_match, "RECURSIVEMATCH"),
            ],
            out,
        );
        out.put(")");
    }
}

/// What to tell of mailboxes that are listed (RFC 5258 §3.2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ListReturns {
    /// Whether they are subscribed.
    pub subscribed: bool,
    /// Whether there are some below.
    pub children: bool,
    /// What they are for (RFC 6154).
    pub special_use: bool,
    /// What the user may do (RFC 8440).
    pub my_rights: bool,
    /// Numbers (RFC 5819).
    pub status: Option<NotEmpty<StatusItem>>,
    /// Notes (RFC 9590).
    pub metadata: Option<NotEmpty<Entry>>,
}

impl ListReturns {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect_word("RETURN ")?;
        let mut all = Self::default();
        cursor.list(|cursor| all.parse_one(cursor))?;
        Ok(all)
    }

    fn parse_one(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let word = Word::take(cursor);
        match word.as_slice() {
            b"SUBSCRIBED" => self.subscribed = true,
            b"CHILDREN" => self.children = true,
            b"SPECIAL-USE" => self.special_use = true,
            b"MYRIGHTS" => self.my_rights = true,
            b"STATUS" => {
                cursor.space()?;
                once(&mut self.status, list(cursor, StatusItem::read)?, &word)?;
            }
            b"METADATA" => {
                cursor.space()?;
                once(&mut self.metadata, list(cursor, Entry::read)?, &word)?;
            }
            _ => return Err(word.unknown()),
        }
        Ok(())
    }

    fn write(&self, out: &mut Writer<'_>) {
        let mut is_first = words(
            &[
                (self.subscribed, "SUBSCRIBED"),
                (self.children, "CHILDREN"),
                (self.special_use, "SPECIAL-USE"),
                (self.my_rights, "MYRIGHTS"),
            ],
            out,
        );
        if let Some(items) = &self.status {
            option(&mut is_first, "STATUS ", out);
            out.list(items.iter(), |out, item| item.write(out));
        }
        if let Some(entries) = &self.metadata {
            option(&mut is_first, "METADATA ", out);
            out.list(entries.iter(), |out, item| item.write(out));
        }
    }
}
