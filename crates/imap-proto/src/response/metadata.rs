//! Annotations of mailboxes and of the server (RFC 5464).
use bytes::Bytes;

use super::{NotEmpty, mailbox};
use crate::{
    IString, Mailbox, ParseErrorKind,
    cursor::{Cursor, Parsed, Token},
    writer::Writer,
};

/// Annotations (RFC 5464 §4.4). The mailbox with the empty name is the server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Metadata {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Its annotations.
    pub entries: MetadataEntries,
}

/// Annotations, told with their values, or only that they have changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MetadataEntries {
    /// Names and values; a value of any octets, or `None` for no such annotation.
    Values(NotEmpty<(IString, Option<Bytes>)>),
    /// Names of annotations that have changed.
    Names(NotEmpty<IString>),
}

impl Metadata {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mailbox = mailbox(cursor)?;
        let mark = cursor.mark();
        cursor.gap()?;
        let entries = if cursor.peek() == Some(b'(') {
            MetadataEntries::Values(NotEmpty::read_list(cursor, entry)?)
        } else {
            cursor.back(mark);
            MetadataEntries::Names(NotEmpty::read(cursor, Cursor::astring)?)
        };
        Ok(Self { mailbox, entries })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.mailbox.write(writer);
        writer.put(" ");
        match &self.entries {
            MetadataEntries::Names(names) => writer.spaced(names.as_slice(), Writer::astring),
            MetadataEntries::Values(values) => {
                writer.list(values.as_slice(), |writer, (name, value)| {
                    writer.astring(name);
                    writer.put(" ");
                    write_value(value.as_ref(), writer);
                });
            }
        }
    }
}

fn entry(cursor: &mut Cursor<'_>) -> Parsed<(IString, Option<Bytes>)> {
    let name = cursor.astring()?;
    cursor.gap()?;
    Ok((name, read_value(cursor)?))
}

/// Takes a `value`: a string, a literal8, or nothing.
pub(crate) fn read_value(cursor: &mut Cursor<'_>) -> Parsed<Option<Bytes>> {
    if !cursor.is_at_literal() {
        return Ok(cursor.nstring()?.map(IString::into_bytes));
    }
    match cursor.token()? {
        Token::Octets { octets, .. } => Ok(Some(octets)),
        Token::Streamed { .. } => Err(cursor.error(ParseErrorKind::Literal)),
    }
}

pub(crate) fn write_value(value: Option<&Bytes>, writer: &mut Writer<'_>) {
    match value {
        None => writer.put("NIL"),
        Some(octets) => match IString::new(octets.clone()) {
            Some(text) => writer.string(&text),
            None => writer.literal(octets, true),
        },
    }
}
