//! Parts of a message, as FETCH names them.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::{
    IString, ParseErrorKind,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// A `section-spec` (RFC 9051 §6.4.5.1): the whole message, a part, or a part's header or text.
///
/// ```
/// use imap_proto::{Section, SectionText};
///
/// let whole = Section::default();
/// assert!(whole.part().is_empty() && whole.text().is_none());
/// assert!(Section::new(vec![], Some(SectionText::Header)).is_some());
/// assert_eq!(Section::new(vec![], Some(SectionText::Mime)), None);
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Section {
    part: Vec<NonZeroU32>,
    text: Option<SectionText>,
}

/// What of a message or a part.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum SectionText {
    /// Its header.
    Header,
    /// These fields of its header.
    HeaderFields(FieldNames),
    /// The fields of its header but these.
    HeaderFieldsNot(FieldNames),
    /// Its body.
    Text,
    /// The MIME header of a part: the message itself has none.
    Mime,
}

/// Names of fields, one at least.
///
/// ```
/// use imap_proto::{FieldNames, IString};
///
/// assert!(FieldNames::new(vec![IString::from_static("From")]).is_some());
/// assert_eq!(FieldNames::new(vec![]), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct FieldNames(Vec<IString>);

impl FieldNames {
    /// Makes a list; `None` of none.
    #[must_use]
    pub fn new(names: Vec<IString>) -> Option<Self> {
        (!names.is_empty()).then_some(Self(names))
    }

    /// Returns the names.
    #[must_use]
    pub fn as_slice(&self) -> &[IString] {
        &self.0
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut names = Vec::new();
        cursor.space()?;
        cursor.list1(|cursor| {
            names.push(cursor.astring()?);
            Ok(())
        })?;
        Ok(Self(names))
    }
}

impl Section {
    /// Names a part, and what of it; `None` for [`SectionText::Mime`] of no part.
    #[must_use]
    pub fn new(part: Vec<NonZeroU32>, text: Option<SectionText>) -> Option<Self> {
        let real = !part.is_empty() || text != Some(SectionText::Mime);
        real.then_some(Self { part, text })
    }

    /// Returns the way to the part: `2.1` is the first part of the second. Empty for the message.
    #[must_use]
    pub fn part(&self) -> &[NonZeroU32] {
        &self.part
    }

    /// Returns what of it; `None` for all of a message, or for a part's body.
    #[must_use]
    pub const fn text(&self) -> Option<&SectionText> {
        self.text.as_ref()
    }

    /// Takes a section with its brackets.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'[')?;
        let part = part(cursor)?;
        let text = match cursor.peek() {
            Some(b']') => None,
            _ => Some(SectionText::read(cursor, !part.is_empty())?),
        };
        cursor.expect(b']')?;
        Ok(Self { part, text })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.put(b"[");
        write_part(&self.part, writer);
        if let Some(text) = &self.text {
            if !self.part.is_empty() {
                writer.put(b".");
            }
            text.write(writer);
        }
        writer.put(b"]");
    }
}

impl SectionText {
    fn read(cursor: &mut Cursor<'_>, of_part: bool) -> Parsed<Self> {
        // The longest first: each begins with the one after it.
        if cursor.eat_word("HEADER.FIELDS.NOT") {
            FieldNames::read(cursor).map(Self::HeaderFieldsNot)
        } else if cursor.eat_word("HEADER.FIELDS") {
            FieldNames::read(cursor).map(Self::HeaderFields)
        } else if cursor.eat_word("HEADER") {
            Ok(Self::Header)
        } else if cursor.eat_word("TEXT") {
            Ok(Self::Text)
        } else if of_part && cursor.eat_word("MIME") {
            Ok(Self::Mime)
        } else {
            Err(cursor.error(ParseErrorKind::Section))
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let (word, names) = match self {
            Self::Mime => ("MIME", None),
            Self::Header => ("HEADER", None),
            Self::HeaderFields(names) => ("HEADER.FIELDS ", Some(names)),
            Self::HeaderFieldsNot(names) => ("HEADER.FIELDS.NOT ", Some(names)),
            Self::Text => ("TEXT", None),
        };
        writer.put(word);
        if let Some(names) = names {
            writer.list(&names.0, |writer, name| writer.astring(name));
        }
    }
}

/// Takes a `section-part` and, if more follows it, the dot.
fn part(cursor: &mut Cursor<'_>) -> Parsed<Vec<NonZeroU32>> {
    let mut part = Vec::new();
    while cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        cursor.count()?;
        part.push(cursor.nz_number()?);
        let dot = cursor.eat(b'.');
        if dot == (cursor.peek() == Some(b']')) {
            return Err(cursor.error(ParseErrorKind::Section));
        }
    }
    Ok(part)
}

/// Takes a section of BINARY, which is a part only, with its brackets.
pub(crate) fn read_binary(cursor: &mut Cursor<'_>) -> Parsed<Vec<NonZeroU32>> {
    cursor.expect(b'[')?;
    let part = part(cursor)?;
    cursor.expect(b']')?;
    Ok(part)
}

pub(crate) fn write_binary(part: &[NonZeroU32], writer: &mut Writer<'_>) {
    writer.put(b"[");
    write_part(part, writer);
    writer.put(b"]");
}

fn write_part(part: &[NonZeroU32], writer: &mut Writer<'_>) {
    for (index, number) in part.iter().enumerate() {
        if index > 0 {
            writer.put(b".");
        }
        writer.number(number.get());
    }
}
