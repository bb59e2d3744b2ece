//! Names of things that extensions know.
use bytes::Bytes;

use crate::Atom;
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;

/// What somebody may do with a mailbox (RFC 4314 §2): a letter for each right.
///
/// ```
/// use imap_proto::command::Rights;
///
/// assert!(Rights::new("lrswipkxtea").is_some_and(|rights| rights.contains(b'w')));
/// assert!(Rights::new("LR").is_none());
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Rights(Bytes);

impl Rights {
    /// Makes rights of lower-case letters and digits; `None` of anything else.
    #[must_use]
    pub fn new(letters: impl Into<Bytes>) -> Option<Self> {
        let letters = letters.into();
        let is_right = |octet: &u8| octet.is_ascii_lowercase() || octet.is_ascii_digit();
        letters.iter().all(is_right).then_some(Self(letters))
    }

    /// Whether a right is among them.
    #[must_use]
    pub fn contains(&self, right: u8) -> bool {
        self.0.contains(&right)
    }

    /// Returns the letters.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What there may be a limited amount of (RFC 9208 §5).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Resource {
    /// Octets of messages, in units of 1024.
    Storage,
    /// Messages.
    Message,
    /// Mailboxes.
    Mailbox,
    /// Octets of notes, in units of 1024.
    AnnotationStorage,
    /// Something else; never one of the above.
    Other(Atom),
}

impl Resource {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let name = Atom::trusted(cursor.atom()?);
        let known = [Self::Storage, Self::Message, Self::Mailbox, Self::AnnotationStorage];
        Ok(known.into_iter().find(|known| name.is(known.word())).unwrap_or(Self::Other(name)))
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Other(name) => out.atom(name),
            known => out.put(known.word()),
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Storage => "STORAGE",
            Self::Message => "MESSAGE",
            Self::Mailbox => "MAILBOX",
            Self::AnnotationStorage | Self::Other(_) => "ANNOTATION-STORAGE",
        }
    }
}
