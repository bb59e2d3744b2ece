//! CREATE: makes a mailbox.
use alloc::vec::Vec;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{Atom, Mailbox};

use super::grammar::{Word, once};

/// CREATE: makes a mailbox (RFC 9051 §6.3.4), perhaps for something particular (RFC 6154 §3).
///
/// ```
/// use imap_proto::command::{Command, SpecialUse};
///
/// let line = r"CREATE MySpecial (USE (\Drafts \Sent))";
/// let Command::Create(create) = Command::parse(line.into())? else { panic!("it is CREATE") };
/// assert_eq!(create.uses, Some(vec![SpecialUse::Drafts, SpecialUse::Sent]));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Create {
    /// Its name.
    pub mailbox: Mailbox,
    /// What it is for, if that is said.
    pub uses: Option<Vec<SpecialUse>>,
}

/// What a mailbox is for (RFC 6154 §2, RFC 8457).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SpecialUse {
    /// All messages of the user.
    All,
    /// What is kept.
    Archive,
    /// What is being written.
    Drafts,
    /// What is flagged.
    Flagged,
    /// What matters.
    Important,
    /// What nobody asked for.
    Junk,
    /// What was sent.
    Sent,
    /// What is thrown away.
    Trash,
    /// Something else, here without its backslash; never one of the above.
    Other(Atom),
}

const NAMES: [(SpecialUse, &str); 8] = [
    (SpecialUse::All, "All"),
    (SpecialUse::Archive, "Archive"),
    (SpecialUse::Drafts, "Drafts"),
    (SpecialUse::Flagged, "Flagged"),
    (SpecialUse::Important, "Important"),
    (SpecialUse::Junk, "Junk"),
    (SpecialUse::Sent, "Sent"),
    (SpecialUse::Trash, "Trash"),
];

impl SpecialUse {
    /// Names a use, by its name without the backslash, in any case.
    ///
    /// ```
    /// use imap_proto::{Atom, command::SpecialUse};
    ///
    /// let sent = Atom::new("sent").map(SpecialUse::named);
    /// assert_eq!(sent, Some(SpecialUse::Sent));
    /// assert_eq!(SpecialUse::Sent.name(), "Sent");
    /// ```
    #[must_use]
    pub fn named(name: Atom) -> Self {
        let named = NAMES.iter().find(|(_, known)| name.is(known));
        named.map_or_else(|| Self::Other(name), |(known, _)| known.clone())
    }

    /// Returns its name, without the backslash.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Other(name) => core::str::from_utf8(name.as_bytes()).unwrap_or_default(),
            known => NAMES.iter().find(|(other, _)| other == known).map_or("", |(_, name)| name),
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'\\')?;
        Ok(Self::named(Atom::trusted(cursor.atom()?)))
    }

    fn write(&self, out: &mut Writer<'_>) {
        out.put("\\");
        out.put(self.name());
    }
}

impl Create {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let mailbox = Mailbox::read(cursor)?;
        let mut uses = None;
        if !cursor.is_at_end() {
            cursor.space()?;
            cursor.list1(|cursor| {
                let word = Word::take(cursor);
                if word.as_slice() != b"USE" {
                    return Err(word.unknown());
                }
                cursor.space()?;
                let mut all = Vec::new();
                cursor.list(|cursor| {
                    all.push(SpecialUse::read(cursor)?);
                    Ok(())
                })?;
                once(&mut uses, all, &word)
            })?;
        }
        Ok(Self { mailbox, uses })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("CREATE ");
        self.mailbox.write(out);
        if let Some(uses) = &self.uses {
            out.put(" (USE ");
            out.list(uses.iter(), |out, item| item.write(out));
            out.put(")");
        }
    }
}
