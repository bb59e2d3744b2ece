//! Notes on messages (RFC 5257).
use bytes::Bytes;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{IString, ListMailbox, NotEmpty};

use super::grammar::{Word, list, list_or_one};
use super::metadata::{nstring8, write_nstring8};

/// A note that is set: an entry such as `/comment`, and its values (RFC 5257 §5, `entry-att`).
///
/// ```
/// use imap_proto::command::{Annotation, AnnotationValue};
/// use imap_proto::IString;
///
/// let value = AnnotationValue { attribute: IString::from_static("value.priv"), value: None };
/// let gone = Annotation { entry: IString::from_static("/comment"), values: value.into() };
/// assert_eq!(gone.values.len(), 1);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Annotation {
    /// Which note.
    pub entry: IString,
    /// Its values.
    pub values: NotEmpty<AnnotationValue>,
}

/// One of a note's values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnnotationValue {
    /// Which: `value.priv` or `value.shared`.
    pub attribute: IString,
    /// What it is; none takes it away.
    pub value: Option<Bytes>,
}

/// Which notes are wanted (RFC 5257 §4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnnotationQuery {
    /// The entries, perhaps with wildcards.
    pub entries: NotEmpty<ListMailbox>,
    /// What of them.
    pub attributes: NotEmpty<IString>,
}

/// What is looked for in notes (RFC 5257 §4.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnnotationKey {
    /// The entries, perhaps with wildcards.
    pub entry: ListMailbox,
    /// Whose values.
    pub whose: AnnotationScope,
    /// What is in the value; none for no value at all.
    pub value: Option<Bytes>,
}

/// Whose values of a note (RFC 5257 §5, `att-search`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AnnotationScope {
    /// The user's own, or everybody's.
    Both,
    /// The user's own.
    Private,
    /// Everybody's.
    Shared,
}

impl Annotation {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let entry = cursor.astring()?;
        cursor.space()?;
        Ok(Self { entry, values: list(cursor, AnnotationValue::read)? })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.astring(&self.entry);
        out.put(" ");
        out.list(self.values.iter(), |out, item| item.write(out));
    }
}

impl AnnotationValue {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let attribute = cursor.astring()?;
        cursor.space()?;
        Ok(Self { attribute, value: nstring8(cursor)? })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.astring(&self.attribute);
        out.put(" ");
        write_nstring8(self.value.as_ref(), out);
    }
}

impl AnnotationQuery {
    /// RFC 5257 §5: `"(" entries SP attribs ")"`.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(')?;
        let entries = list_or_one(cursor, ListMailbox::read)?;
        cursor.space()?;
        let attributes = list_or_one(cursor, Cursor::astring)?;
        cursor.expect(b')')?;
        Ok(Self { entries, attributes })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("(");
        out.list(self.entries.iter(), |out, item| item.write(out));
        out.put(" ");
        out.list(self.attributes.iter(), |out, attribute| out.astring(attribute));
        out.put(")");
    }
}

impl AnnotationKey {
    /// RFC 5257 §5: `entry-match SP att-search SP value`.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let entry = ListMailbox::read(cursor)?;
        cursor.space()?;
        let whose = AnnotationScope::read(cursor)?;
        cursor.space()?;
        Ok(Self { entry, whose, value: nstring8(cursor)? })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        self.entry.write(out);
        out.put(" ");
        self.whose.write(out);
        out.put(" ");
        write_nstring8(self.value.as_ref(), out);
    }
}

impl AnnotationScope {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let word = Word::take(cursor);
        match word.as_slice() {
            b"VALUE" => Ok(Self::Both),
            b"VALUE.PRIV" => Ok(Self::Private),
            b"VALUE.SHARED" => Ok(Self::Shared),
            _ => Err(word.unknown()),
        }
    }

    pub(super) fn write(self, out: &mut Writer<'_>) {
        out.put(match self {
            Self::Both => "value",
            Self::Private => "value.priv",
            Self::Shared => "value.shared",
        });
    }
}
