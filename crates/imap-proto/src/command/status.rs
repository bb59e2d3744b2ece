//! STATUS: numbers of a mailbox.
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{Mailbox, NotEmpty};

use super::grammar::{Word, list};

/// STATUS: asks for numbers of a mailbox that need not be selected (RFC 9051 §6.3.11).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Status {
    /// Which.
    pub mailbox: Mailbox,
    /// Which numbers.
    pub items: NotEmpty<StatusItem>,
}

/// A number of a mailbox (RFC 9051 §6.3.11), or something like it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum StatusItem {
    /// How many messages there are.
    Messages,
    /// The UID that the next message will have at least.
    UidNext,
    /// What makes UIDs valid.
    UidValidity,
    /// How many messages are not `\Seen`.
    Unseen,
    /// How many are `\Deleted`.
    Deleted,
    /// How many octets they have (RFC 8438).
    Size,
    /// How many are `\Recent` (RFC 3501).
    Recent,
    /// The largest mod-sequence (RFC 7162).
    HighestModSeq,
    /// The mailbox's name that stays when it is renamed (RFC 8474).
    MailboxId,
    /// How large a message may be that is appended (RFC 7889).
    AppendLimit,
    /// How much expunging would free, in units of 1024 octets (RFC 9208).
    DeletedStorage,
}

const NAMES: [(StatusItem, &str); 11] = [
    (StatusItem::Messages, "MESSAGES"),
    (StatusItem::UidNext, "UIDNEXT"),
    (StatusItem::UidValidity, "UIDVALIDITY"),
    (StatusItem::Unseen, "UNSEEN"),
    (StatusItem::Deleted, "DELETED"),
    (StatusItem::Size, "SIZE"),
    (StatusItem::Recent, "RECENT"),
    (StatusItem::HighestModSeq, "HIGHESTMODSEQ"),
    (StatusItem::MailboxId, "MAILBOXID"),
    (StatusItem::AppendLimit, "APPENDLIMIT"),
    (StatusItem::DeletedStorage, "DELETED-STORAGE"),
];

impl StatusItem {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let word = Word::take(cursor);
        let named = NAMES.iter().find(|(_, name)| name.as_bytes() == word.as_slice());
        named.map(|(item, _)| *item).ok_or_else(|| word.unknown())
    }

    pub(super) fn write(self, out: &mut Writer<'_>) {
        let named = NAMES.iter().find(|(item, _)| *item == self);
        out.put(named.map_or("", |(_, name)| name));
    }
}

impl Status {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let mailbox = Mailbox::read(cursor)?;
        cursor.space()?;
        Ok(Self { mailbox, items: list(cursor, StatusItem::read)? })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("STATUS ");
        self.mailbox.write(out);
        out.put(" ");
        out.list(self.items.iter(), |out, item| item.write(out));
    }
}
