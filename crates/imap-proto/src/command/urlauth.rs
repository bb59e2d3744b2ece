//! Messages by URL (RFC 4467).
use alloc::vec::Vec;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{Atom, IString, Mailbox};

use super::grammar::spaced;

/// A URL that is to be authorized, and how: one of GENURLAUTH's (RFC 4467 §7).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UrlRump {
    /// The URL, without its proof.
    pub url: IString,
    /// How it is proved: `INTERNAL`.
    pub mechanism: Atom,
}

/// RESETKEY: makes URLs that were authorized worthless (RFC 4467 §7).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ResetKey {
    /// All of the user's.
    All,
    /// Those into one mailbox.
    Mailbox {
        /// Which.
        mailbox: Mailbox,
        /// Those proved in these ways; in any way, if there are none.
        mechanisms: Vec<Atom>,
    },
}

impl UrlRump {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let url = cursor.astring()?;
        cursor.space()?;
        Ok(Self { url, mechanism: Atom::trusted(cursor.atom()?) })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.astring(&self.url);
        out.put(" ");
        out.atom(&self.mechanism);
    }
}

impl ResetKey {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.is_at_end() {
            return Ok(Self::All);
        }
        cursor.space()?;
        let mailbox = Mailbox::read(cursor)?;
        let mechanisms = spaced(cursor, |cursor| cursor.atom().map(Atom::trusted))?;
        Ok(Self::Mailbox { mailbox, mechanisms })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("RESETKEY");
        if let Self::Mailbox { mailbox, mechanisms } = self {
            out.put(" ");
            mailbox.write(out);
            for mechanism in mechanisms {
                out.put(" ");
                out.atom(mechanism);
            }
        }
    }
}
