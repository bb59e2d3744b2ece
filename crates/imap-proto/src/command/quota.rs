//! How much there may be (RFC 9208).
use alloc::vec::Vec;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{IString, Number64};

use super::Resource;

/// SETQUOTA: says how much there may be under a quota's root (RFC 9208 §4.1.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetQuota {
    /// Which root.
    pub root: IString,
    /// How much of what; what is not in the list is without limit.
    pub limits: Vec<(Resource, Number64)>,
}

impl SetQuota {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let root = cursor.astring()?;
        cursor.space()?;
        let mut limits = Vec::new();
        cursor.list(|cursor| {
            let resource = Resource::read(cursor)?;
            cursor.space()?;
            limits.push((resource, cursor.number64()?));
            Ok(())
        })?;
        Ok(Self { root, limits })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("SETQUOTA ");
        out.astring(&self.root);
        out.put(" ");
        out.list(self.limits.iter(), |out, (resource, limit)| {
            resource.write(out);
            out.put(" ");
            out.number64(*limit);
        });
    }
}
