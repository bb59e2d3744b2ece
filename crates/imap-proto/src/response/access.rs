//! Who may do what (RFC 4314).
use alloc::vec::Vec;

use super::mailbox;
use crate::{
    IString, Mailbox,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// The access control list of a mailbox (RFC 4314 §3.6).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Acl {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Identifiers and their rights, a letter each.
    pub entries: Vec<(IString, IString)>,
}

/// What may be given to somebody (RFC 4314 §3.7).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ListRights {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Who.
    pub identifier: IString,
    /// Rights that are always given.
    pub required: IString,
    /// Rights that can be given, those together that cannot be given alone.
    pub optional: Vec<IString>,
}

/// What this user may do (RFC 4314 §3.8).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct MyRights {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// The rights, a letter each.
    pub rights: IString,
}

fn astring(cursor: &mut Cursor<'_>) -> Parsed<IString> {
    cursor.gap()?;
    cursor.astring()
}

impl Acl {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mailbox = mailbox(cursor)?;
        let mut entries = Vec::new();
        while !cursor.is_at_end() {
            cursor.count()?;
            entries.push((astring(cursor)?, astring(cursor)?));
        }
        Ok(Self { mailbox, entries })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.mailbox.write(writer);
        for (identifier, rights) in &self.entries {
            write_all(writer, [identifier, rights]);
        }
    }
}

impl ListRights {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mailbox = mailbox(cursor)?;
        let (identifier, required) = (astring(cursor)?, astring(cursor)?);
        let mut optional = Vec::new();
        while !cursor.is_at_end() {
            cursor.count()?;
            optional.push(astring(cursor)?);
        }
        Ok(Self { mailbox, identifier, required, optional })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.mailbox.write(writer);
        write_all(writer, [&self.identifier, &self.required].into_iter().chain(&self.optional));
    }
}

impl MyRights {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self { mailbox: mailbox(cursor)?, rights: astring(cursor)? })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.mailbox.write(writer);
        write_all(writer, [&self.rights]);
    }
}

fn write_all<'a>(writer: &mut Writer<'_>, all: impl IntoIterator<Item = &'a IString>) {
    for one in all {
        writer.put(" ");
        writer.astring(one);
    }
}
