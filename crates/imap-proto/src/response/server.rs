//! The server itself: its name, its languages; and URLs.
use alloc::vec::Vec;

use crate::{
    IString, ParseErrorKind,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// One or more.
///
/// ```
/// use imap_proto::NotEmpty;
///
/// assert!(NotEmpty::new(vec![1]).is_some());
/// assert_eq!(NotEmpty::<u8>::new(vec![]), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct NotEmpty<T>(Vec<T>);

impl<T> NotEmpty<T> {
    /// Makes a list; `None` of none.
    #[must_use]
    pub fn new(all: Vec<T>) -> Option<Self> {
        (!all.is_empty()).then_some(Self(all))
    }

    /// Makes a list of one.
    #[must_use]
    pub fn one(one: T) -> Self {
        Self(alloc::vec![one])
    }

    /// Returns the elements.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// Returns the elements.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }

    /// Takes elements with a space before each, up to the end.
    pub(super) fn read<'a>(
        cursor: &mut Cursor<'a>,
        read: impl Fn(&mut Cursor<'a>) -> Parsed<T>,
    ) -> Parsed<Self> {
        let mut all = Vec::new();
        loop {
            cursor.count()?;
            cursor.space()?;
            all.push(read(cursor)?);
            if cursor.is_at_end() {
                return Ok(Self(all));
            }
        }
    }

    /// Takes elements in parentheses.
    pub(super) fn read_list<'a>(
        cursor: &mut Cursor<'a>,
        read: impl Fn(&mut Cursor<'a>) -> Parsed<T>,
    ) -> Parsed<Self> {
        let mut all = Vec::new();
        cursor.list1(|cursor| {
            all.push(read(cursor)?);
            Ok(())
        })?;
        Ok(Self(all))
    }
}

/// What a server, or a client, says it is (RFC 2971 §3.2, §3.3): names of fields and values.
///
/// ```
/// use imap_proto::{IString, Id};
///
/// let name = (IString::from_static("name"), Some(IString::from_static("Homing")));
/// assert!(Id::new(vec![name]).is_some());
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Id(Vec<(IString, Option<IString>)>);

impl Id {
    /// RFC 2971 §3.3: so many fields at most.
    const FIELDS: usize = 30;

    /// Makes an identity, of no fields for nothing to say; `None` of more than 30.
    #[must_use]
    pub fn new(fields: Vec<(IString, Option<IString>)>) -> Option<Self> {
        (fields.len() <= Self::FIELDS).then_some(Self(fields))
    }

    /// Returns the fields.
    #[must_use]
    pub fn fields(&self) -> &[(IString, Option<IString>)] {
        &self.0
    }

    /// Returns a field's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&IString> {
        self.0.iter().find(|(field, _)| field.is(name)).and_then(|(_, value)| value.as_ref())
    }

    /// Takes the space before, and the fields.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.gap()?;
        let mut fields = Vec::new();
        if cursor.eat_atom("NIL") {
            return Ok(Self(fields));
        }
        cursor.list(|cursor| {
            if fields.len() >= Self::FIELDS {
                return Err(cursor.error(ParseErrorKind::TooMany));
            }
            let name = cursor.string()?;
            cursor.gap()?;
            fields.push((name, cursor.nstring()?));
            Ok(())
        })?;
        Ok(Self(fields))
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        if self.0.is_empty() {
            return writer.put("NIL");
        }
        writer.list(&self.0, |writer, (name, value)| {
            writer.string(name);
            writer.put(" ");
            writer.nstring(value.as_ref());
        });
    }
}

/// Languages (RFC 5255 §3.3): the one in use, or those that can be had.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Languages(pub NotEmpty<IString>);

impl Languages {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.gap()?;
        NotEmpty::read_list(cursor, Cursor::astring).map(Self)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.list(self.0.as_slice(), Writer::string);
    }
}

/// The comparator in use (RFC 5255 §4.8), and others that match what was asked for.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Comparator {
    /// The one in use.
    pub active: IString,
    /// Those that match.
    pub matching: Vec<IString>,
}

impl Comparator {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.gap()?;
        let active = cursor.astring()?;
        let mut matching = Vec::new();
        if !cursor.is_at_end() {
            cursor.gap()?;
            matching = NotEmpty::read_list(cursor, Cursor::astring)?.0;
        }
        Ok(Self { active, matching })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.astring(&self.active);
        if !self.matching.is_empty() {
            writer.put(" ");
            writer.list(&self.matching, Writer::astring);
        }
    }
}

/// What is behind a URL (RFC 4467 §7).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct UrlFetch {
    /// The URL.
    pub url: IString,
    /// What is there; `None` if it cannot be had.
    pub data: Option<IString>,
}

impl UrlFetch {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let url = cursor.astring()?;
        cursor.gap()?;
        Ok(Self { url, data: cursor.nstring()? })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.astring(&self.url);
        writer.put(" ");
        writer.nstring(self.data.as_ref());
    }
}
