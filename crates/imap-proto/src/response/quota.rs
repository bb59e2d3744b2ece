//! Quotas (RFC 9208).
use alloc::vec::Vec;

use super::mailbox;
use crate::{
    Atom, IString, Mailbox, Number64,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// What a quota root allows, and what is used (RFC 9208 §4.2.1).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Quota {
    /// The root.
    pub root: IString,
    /// Its resources.
    pub resources: Vec<ResourceUse>,
}

/// A resource, and how much of it is used.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ResourceUse {
    /// `STORAGE`, in units of 1024 octets, `MESSAGE`, `MAILBOX`, `ANNOTATION-STORAGE` (RFC 9208
    /// §5) or another.
    pub name: Atom,
    /// How much is used.
    pub usage: Number64,
    /// How much there is.
    pub limit: Number64,
}

/// The quota roots of a mailbox (RFC 9208 §4.2.2).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct QuotaRoot {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Its roots.
    pub roots: Vec<IString>,
}

impl Quota {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.gap()?;
        let root = cursor.astring()?;
        cursor.gap()?;
        let mut resources = Vec::new();
        cursor.list(|cursor| {
            let name = super::atom(cursor)?;
            cursor.gap()?;
            let usage = cursor.any_number()?;
            cursor.gap()?;
            resources.push(ResourceUse { name, usage, limit: cursor.any_number()? });
            Ok(())
        })?;
        Ok(Self { root, resources })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.astring(&self.root);
        writer.put(" ");
        writer.list(&self.resources, |writer, resource| {
            writer.atom(&resource.name);
            writer.put(" ");
            writer.number64(resource.usage);
            writer.put(" ");
            writer.number64(resource.limit);
        });
    }
}

impl QuotaRoot {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mailbox = mailbox(cursor)?;
        let mut roots = Vec::new();
        while !cursor.is_at_end() {
            cursor.count()?;
            cursor.gap()?;
            roots.push(cursor.astring()?);
        }
        Ok(Self { mailbox, roots })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.mailbox.write(writer);
        for root in &self.roots {
            writer.put(" ");
            writer.astring(root);
        }
    }
}
