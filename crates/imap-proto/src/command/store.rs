//! STORE: changes what is noted on messages.
use alloc::vec::Vec;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{Flag, IString, ParseErrorKind};

use super::grammar::{Word, list_or_one, once};
use super::{Annotation, MessageSet, Numbering, OneOrMore};

/// STORE, or UID STORE: changes flags (RFC 9051 §6.4.6), notes (RFC 5257) or Gmail's labels.
///
/// ```
/// use imap_proto::command::{Change, Command, StoreData};
///
/// let line = r"UID STORE 18 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\Seen)";
/// let Command::Store(store) = Command::parse(line.into())? else { panic!("it is STORE") };
/// assert_eq!(store.unchanged_since, Some(320162338));
/// assert!(matches!(store.data, StoreData::Flags { change: Change::Add, silent: true, .. }));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Store {
    /// What the numbers are.
    pub numbering: Numbering,
    /// Which messages.
    pub messages: MessageSet,
    /// Only of messages that did not change after this mod-sequence (RFC 7162 §3.1.3).
    pub unchanged_since: Option<u64>,
    /// What changes.
    pub data: StoreData,
}

/// What changes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StoreData {
    /// Flags.
    Flags {
        /// How they change.
        change: Change,
        /// Whether the client does not want to be told what they are then.
        silent: bool,
        /// Which.
        flags: Vec<Flag>,
    },
    /// Notes (RFC 5257).
    Annotations(OneOrMore<Annotation>),
    /// Gmail's labels.
    GmailLabels {
        /// How they change.
        change: Change,
        /// Whether the client does not want to be told what they are then.
        silent: bool,
        /// Which.
        labels: Vec<IString>,
    },
}

/// How something changes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Change {
    /// This comes to what there is.
    Add,
    /// This goes from what there is.
    Remove,
    /// This is what there is then.
    Replace,
}

impl Change {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Self {
        if cursor.eat(b'+') {
            Self::Add
        } else if cursor.eat(b'-') {
            Self::Remove
        } else {
            Self::Replace
        }
    }

    pub(super) fn write(self, out: &mut Writer<'_>) {
        match self {
            Self::Add => out.put("+"),
            Self::Remove => out.put("-"),
            Self::Replace => {}
        }
    }
}

impl Store {
    pub(super) fn read(numbering: Numbering, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let messages = MessageSet::read(cursor)?;
        cursor.space()?;
        let mut unchanged_since = None;
        if cursor.peek() == Some(b'(') {
            cursor.list1(|cursor| {
                let word = Word::take(cursor);
                if word.as_slice() != b"UNCHANGEDSINCE" {
                    return Err(word.unknown());
                }
                cursor.space()?;
                once(&mut unchanged_since, cursor.number64()?, &word)
            })?;
            cursor.space()?;
        }
        let data = StoreData::read(cursor)?;
        Ok(Self { numbering, messages, unchanged_since, data })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        self.numbering.write(out);
        out.put("STORE ");
        self.messages.write(out);
        if let Some(mod_seq) = self.unchanged_since {
            out.put(" (UNCHANGEDSINCE ");
            out.number(mod_seq.get());
            out.put(")");
        }
        out.put(" ");
        self.data.write(out);
    }
}

impl StoreData {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let change = Change::read(cursor);
        let word = Word::take(cursor);
        let (name, silent) = match word.as_slice() {
            [name @ .., b'.', b'S', b'I', b'L', b'E', b'N', b'T'] => (name, true),
            name => (name, false),
        };
        cursor.space()?;
        match name {
            b"FLAGS" => Ok(Self::Flags { change, silent, flags: some(cursor, Flag::read)? }),
            b"X-GM-LABELS" => {
                let labels = some(cursor, label)?;
                Ok(Self::GmailLabels { change, silent, labels })
            }
            b"ANNOTATION" if change == Change::Replace && !silent => {
                super::grammar::list(cursor, Annotation::read).map(Self::Annotations)
            }
            _ => Err(word.unknown()),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Flags { change, silent, flags } => {
                change.write(out);
                out.put(if *silent { "FLAGS.SILENT " } else { "FLAGS " });
                out.list(flags.iter(), |out, item| item.write(out));
            }
            Self::GmailLabels { change, silent, labels } => {
                change.write(out);
                out.put(if *silent { "X-GM-LABELS.SILENT " } else { "X-GM-LABELS " });
                out.list(labels.iter(), |out, label| write_label(label, out));
            }
            Self::Annotations(annotations) => {
                out.put("ANNOTATION ");
                out.list(annotations.iter(), |out, item| item.write(out));
            }
        }
    }
}

/// RFC 9051 §9, `store-att-flags`: `flag-list / (flag *(SP flag))`.
fn some<T>(
    cursor: &mut Cursor<'_>,
    mut item: impl FnMut(&mut Cursor<'_>) -> Parsed<T>,
) -> Parsed<Vec<T>> {
    let mut items = Vec::new();
    if cursor.peek() == Some(b'(') {
        cursor.list(|cursor| {
            items.push(item(cursor)?);
            Ok(())
        })?;
        return Ok(items);
    }
    items.push(item(cursor)?);
    while cursor.eat(b' ') {
        cursor.count()?;
        items.push(item(cursor)?);
    }
    Ok(items)
}
