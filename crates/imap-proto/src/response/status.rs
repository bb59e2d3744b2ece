//! The state of a mailbox (RFC 9051 §7.3.4).
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;

use super::mailbox;
use crate::{
    Mailbox, Number64, ParseErrorKind, Quirk, Raw,
    cursor::{Cursor, Parsed},
    octets::same_word,
    writer::Writer,
};

/// The state of a mailbox (RFC 9051 §7.3.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MailboxStatus {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// What was asked for.
    pub items: Vec<StatusItem>,
}

/// Something about a mailbox.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StatusItem {
    /// How many messages it has.
    Messages(u32),
    /// How many are recent (RFC 3501 §7.2.4).
    Recent(u32),
    /// The next UID.
    UidNext(NonZeroU32),
    /// The validity of UIDs.
    UidValidity(NonZeroU32),
    /// How many messages are not seen.
    Unseen(u32),
    /// How many messages are marked to be deleted.
    Deleted(u32),
    /// How many octets they have together (RFC 8438, RFC 9208 §4.1.4).
    DeletedStorage(Number64),
    /// How many octets the messages have together (RFC 8438).
    Size(Number64),
    /// The highest mod-sequence (RFC 7162 §3.1.7); 0 if the mailbox has none.
    HighestModSeq(Number64),
    /// Its identity (RFC 8474 §4.3).
    MailboxId(ObjectId),
    /// The largest message that may be appended, if there is a limit (RFC 7889 §3.1).
    AppendLimit(Option<Number64>),
    /// Another, or one that could not be read.
    Raw(Raw),
}

impl MailboxStatus {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mailbox = mailbox(cursor)?;
        cursor.gap()?;
        Ok(Self { mailbox, items: StatusItem::read_list(cursor)? })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        self.mailbox.write(writer);
        writer.put(" ");
        writer.list(&self.items, |writer, item| item.write(writer));
    }
}

impl StatusItem {
    /// Takes the items in their parentheses.
    fn read_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Self>> {
        let mut items = Vec::new();
        cursor.list(|cursor| {
            if cursor.is_lenient() && cursor.peek() == Some(b')') {
                return cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Word);
            }
            items.push(Self::read(cursor)?);
            Ok(())
        })?;
        Ok(items)
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mark = cursor.mark();
        match Self::read_known(cursor) {
            Ok(Some(item)) if matches!(cursor.peek(), Some(b' ' | b')')) => return Ok(item),
            Ok(None) => {}
            Ok(Some(_)) | Err(_) if cursor.is_lenient() => {
                cursor.back(mark);
                cursor.quirk(Quirk::Item, ParseErrorKind::Word)?;
            }
            Ok(Some(item)) => return Ok(item),
            Err(error) => return Err(error),
        }
        cursor.back(mark);
        cursor.raw_pair().map(Self::Raw)
    }

    fn read_known(cursor: &mut Cursor<'_>) -> Parsed<Option<Self>> {
        let word = cursor.word()?;
        let is = |name: &str| same_word(word, name);
        cursor.gap()?;
        Ok(Some(if is("MESSAGES") {
            Self::Messages(cursor.number()?)
        } else if is("RECENT") {
            Self::Recent(cursor.number()?)
        } else if is("UIDNEXT") {
            Self::UidNext(cursor.nz_number()?)
        } else if is("UIDVALIDITY") {
            Self::UidValidity(cursor.nz_number()?)
        } else if is("UNSEEN") {
            Self::Unseen(cursor.number()?)
        } else if is("DELETED") {
            Self::Deleted(cursor.number()?)
        } else if is("DELETED-STORAGE") {
            Self::DeletedStorage(cursor.number64()?)
        } else if is("SIZE") {
            Self::Size(cursor.any_number()?)
        } else if is("HIGHESTMODSEQ") {
            Self::HighestModSeq(cursor.number64()?)
        } else if is("MAILBOXID") {
            Self::MailboxId(ObjectId::read(cursor)?)
        } else if is("APPENDLIMIT") {
            let limit = if cursor.eat_atom("NIL") { None } else { Some(cursor.number64()?) };
            Self::AppendLimit(limit)
        } else {
            return Ok(None);
        }))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let (name, number) = match self {
            Self::Messages(number) => ("MESSAGES ", Number64::from(*number)),
            Self::Recent(number) => ("RECENT ", Number64::from(*number)),
            Self::UidNext(number) => ("UIDNEXT ", Number64::from(number.get())),
            Self::UidValidity(number) => ("UIDVALIDITY ", Number64::from(number.get())),
            Self::Unseen(number) => ("UNSEEN ", Number64::from(*number)),
            Self::Deleted(number) => ("DELETED ", Number64::from(*number)),
            Self::DeletedStorage(number) => ("DELETED-STORAGE ", *number),
            Self::Size(number) => ("SIZE ", *number),
            Self::HighestModSeq(number) => ("HIGHESTMODSEQ ", *number),
            Self::AppendLimit(Some(number)) => ("APPENDLIMIT ", *number),
            Self::AppendLimit(None) => return writer.put("APPENDLIMIT NIL"),
            Self::MailboxId(id) => {
                writer.put("MAILBOXID ");
                return id.write(writer);
            }
            Self::Raw(raw) => return writer.put(raw.as_bytes()),
        };
        writer.put(name);
        writer.number64(number);
    }
}

/// An `objectid` (RFC 8474 §7): the identity of a mailbox, a message or a conversation.
///
/// ```
/// use imap_proto::ObjectId;
///
/// assert!(ObjectId::new("F2212ea87-6097-4256-9d51-71338625").is_some());
/// assert_eq!(ObjectId::new("not one"), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ObjectId(Bytes);

impl ObjectId {
    /// Makes an identity; `None` if it is not of 1 to 255 letters, digits, `_` and `-`.
    #[must_use]
    pub fn new(octets: impl Into<Bytes>) -> Option<Self> {
        let octets = octets.into();
        let real = octets
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-'));
        (real && (1..=255).contains(&octets.len())).then_some(Self(octets))
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Takes an identity in its parentheses.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(')?;
        let error = cursor.error(ParseErrorKind::Atom);
        let id = Self::new(cursor.atom()?).ok_or(error)?;
        cursor.expect(b')')?;
        Ok(id)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.put("(");
        writer.put(&self.0);
        writer.put(")");
    }
}
