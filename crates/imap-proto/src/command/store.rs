//! STORE: changes what is noted on messages.
use alloc::vec::Vec;

use crate::cursor::{Cursor, Parsed};
use crate::octets::{NOT_ASTRING, all_outside, class};
use crate::writer::Writer;
use crate::{Flag, Flags, IString, NotEmpty, Number64};

use super::grammar::{Word, list, once};
use super::{Annotation, MessageSet, Numbering};

/// STORE, or UID STORE: changes flags (RFC 9051 §6.4.6), notes (RFC 5257) or Gmail's labels.
///
/// ```
/// use imap_proto::Number64;
/// use imap_proto::command::{Change, Command, StoreData};
///
/// let line = r"UID STORE 18 (UNCHANGEDSINCE 320162338) +FLAGS.SILENT (\Seen)";
/// let Command::Store(store) = Command::parse(line.into())? else { panic!("it is STORE") };
/// assert_eq!(store.unchanged_since, Number64::new(320162338));
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
    pub unchanged_since: Option<Number64>,
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
        /// Which. `\Recent` and `\*` are not written, for no client may set them.
        flags: Flags,
    },
    /// Notes (RFC 5257).
    Annotations(NotEmpty<Annotation>),
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
    fn read(cursor: &mut Cursor<'_>) -> Self {
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
            out.number64(mod_seq);
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
            b"FLAGS" => {
                let offset = cursor.offset();
                let flags = some(cursor, Flag::read)?.into_iter().collect();
                let flags = super::check_flags(flags, offset)?;
                Ok(Self::Flags { change, silent, flags })
            }
            b"X-GM-LABELS" => {
                let labels = some(cursor, read_label)?;
                Ok(Self::GmailLabels { change, silent, labels })
            }
            b"ANNOTATION" if change == Change::Replace && !silent => {
                list(cursor, Annotation::read).map(Self::Annotations)
            }
            _ => Err(word.unknown()),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Flags { change, silent, flags } => {
                change.write(out);
                out.put(if *silent { "FLAGS.SILENT " } else { "FLAGS " });
                out.list(flags.iter().filter(|flag| super::may_set(flag)), |out, item| {
                    item.write(out)
                });
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
fn some<'a, T>(
    cursor: &mut Cursor<'a>,
    mut item: impl FnMut(&mut Cursor<'a>) -> Parsed<T>,
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

/// Gmail's labels are astrings, and some look like flags: `\Important`.
fn read_label(cursor: &mut Cursor<'_>) -> Parsed<IString> {
    if cursor.peek() != Some(b'\\') {
        return cursor.astring();
    }
    let rest = cursor.rest();
    let length =
        1 + rest.iter().skip(1).take_while(|octet| class(**octet) & NOT_ASTRING == 0).count();
    let label = cursor.take(length);
    Ok(IString::trusted(cursor.share(label)))
}

fn write_label(label: &IString, out: &mut Writer<'_>) {
    match label.as_bytes() {
        [b'\\', name @ ..] if all_outside(name, NOT_ASTRING) => out.put(label.as_bytes()),
        _ => out.astring(label),
    }
}
