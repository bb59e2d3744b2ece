//! SELECT and EXAMINE: which mailbox is worked on.
use core::num::NonZeroU32;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{Mailbox, Number64, ParseErrorKind, UidSet};

use super::grammar::{Word, once, option, words};

/// SELECT or EXAMINE: opens a mailbox (RFC 9051 §6.3.2, §6.3.3).
///
/// ```
/// use imap_proto::command::{Command, Select};
///
/// let line = "SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))";
/// let Command::Select(select) = Command::parse(line.into())? else { panic!("it is SELECT") };
/// let known = select.parameters.qresync.expect("what the client knows");
/// assert_eq!(known.uid_validity.get(), 67890007);
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Select {
    /// Which.
    pub mailbox: Mailbox,
    /// What else is said.
    pub parameters: SelectParameters,
}

/// What else is said when a mailbox is opened.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SelectParameters {
    /// The client wants mod-sequences (RFC 7162 §3.1.8).
    pub condstore: bool,
    /// The client wants to be told of notes (RFC 5257).
    pub annotate: bool,
    /// The client says what it knows already (RFC 7162 §3.2.5).
    pub qresync: Option<QResync>,
}

/// What a client knows of a mailbox from an earlier session (RFC 7162 §3.2.5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QResync {
    /// What makes its UIDs valid.
    pub uid_validity: NonZeroU32,
    /// The last mod-sequence that it heard of. The RFC has none of 0, yet clients send it.
    pub mod_seq: Number64,
    /// The messages that it knows, by UID, if it says so.
    pub known: Option<UidSet>,
    /// Some of them with their numbers, so that a server can guess what has gone.
    pub numbered: Option<KnownUids>,
}

/// Messages that a client knows by sequence number and by UID, in the same order (RFC 7162
/// §3.2.5.2).
///
/// ```
/// use core::num::NonZeroU32;
/// use imap_proto::{UidSet, command::KnownUids};
///
/// let set = |numbers: [u32; 2]| {
///     UidSet::from_numbers(numbers.into_iter().filter_map(NonZeroU32::new)).unwrap()
/// };
/// assert!(KnownUids::new(set([1, 2]), set([7, 12])).is_some());
/// assert!(KnownUids::new(set([1, 2]), set([7, 7])).is_some());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownUids {
    numbers: UidSet,
    uids: UidSet,
}

impl KnownUids {
    /// Joins numbers and UIDs; `None` if there are more of one than of the other.
    #[must_use]
    pub fn new(numbers: UidSet, uids: UidSet) -> Option<Self> {
        (numbers.count() == uids.count()).then_some(Self { numbers, uids })
    }

    /// Returns the sequence numbers.
    #[must_use]
    pub const fn numbers(&self) -> &UidSet {
        &self.numbers
    }

    /// Returns the UIDs.
    #[must_use]
    pub const fn uids(&self) -> &UidSet {
        &self.uids
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(')?;
        let numbers = UidSet::read(cursor)?;
        cursor.space()?;
        let error = cursor.error(ParseErrorKind::SeqSet);
        let uids = UidSet::read(cursor)?;
        cursor.expect(b')')?;
        Self::new(numbers, uids).ok_or(error)
    }
}

impl Select {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let mailbox = Mailbox::read(cursor)?;
        let mut parameters = SelectParameters::default();
        if !cursor.is_at_end() {
            cursor.space()?;
            cursor.list1(|cursor| parameters.parse_one(cursor))?;
        }
        Ok(Self { mailbox, parameters })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put(" ");
        self.mailbox.write(out);
        if self.parameters != SelectParameters::default() {
            out.put(" (");
            self.parameters.write(out);
            out.put(")");
        }
    }
}

impl SelectParameters {
    fn parse_one(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let word = Word::take(cursor);
        match word.as_slice() {
            b"CONDSTORE" => self.condstore = true,
            b"ANNOTATE" => self.annotate = true,
            b"QRESYNC" => {
                cursor.space()?;
                once(&mut self.qresync, QResync::read(cursor)?, &word)?;
            }
            _ => return Err(word.unknown()),
        }
        Ok(())
    }

    fn write(&self, out: &mut Writer<'_>) {
        let mut is_first =
            words(&[(self.condstore, "CONDSTORE"), (self.annotate, "ANNOTATE")], out);
        if let Some(known) = &self.qresync {
            option(&mut is_first, "QRESYNC ", out);
            known.write(out);
        }
    }
}

impl QResync {
    /// RFC 7162 §7: `"(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"`.
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(')?;
        let uid_validity = cursor.nz_number()?;
        cursor.space()?;
        let mod_seq = cursor.number64()?;
        let (mut known, mut numbered) = (None, None);
        if cursor.eat(b' ') {
            if cursor.peek() != Some(b'(') {
                known = Some(UidSet::read(cursor)?);
            }
            if known.is_none() || cursor.eat(b' ') {
                numbered = Some(KnownUids::read(cursor)?);
            }
        }
        cursor.expect(b')')?;
        Ok(Self { uid_validity, mod_seq, known, numbered })
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.put("(");
        out.number(self.uid_validity.get());
        out.put(" ");
        out.number64(self.mod_seq);
        if let Some(known) = &self.known {
            out.put(" ");
            known.write(out);
        }
        if let Some(numbered) = &self.numbered {
            out.put(" (");
            numbered.numbers.write(out);
            out.put(" ");
            numbered.uids.write(out);
            out.put(")");
        }
        out.put(")");
    }
}
