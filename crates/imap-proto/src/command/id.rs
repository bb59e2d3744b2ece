//! ID: which programs talk (RFC 2971).
use alloc::vec::Vec;

use crate::IString;
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;

/// What a program says of itself: names and values (RFC 2971 §3.3).
pub type IdFields = Vec<(IString, Option<IString>)>;

/// RFC 2971 §4: `"(" #(string SPACE nstring) ")" / nil`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Option<IdFields>> {
    if cursor.eat_atom("NIL") {
        return Ok(None);
    }
    let mut fields = Vec::new();
    cursor.list(|cursor| {
        let name = cursor.string()?;
        cursor.space()?;
        fields.push((name, cursor.nstring()?));
        Ok(())
    })?;
    Ok(Some(fields))
}

pub(super) fn write(fields: Option<&IdFields>, out: &mut Writer<'_>) {
    out.put("ID ");
    let Some(fields) = fields else { return out.put("NIL") };
    out.list(fields, |out, (name, value)| {
        out.string(name);
        out.put(" ");
        out.nstring(value.as_ref());
    });
}
