//! Names of mailboxes.
use alloc::string::String;

use bytes::Bytes;

use crate::{
    IString, ParseErrorKind, Quirk,
    cursor::{Cursor, Parsed},
    utf7,
    writer::Writer,
};

/// The name of a mailbox as it is on the wire (RFC 9051 §5.1): modified UTF-7, or UTF-8 once
/// IMAP4rev2 or UTF8=ACCEPT is enabled. INBOX is the same in any case.
///
/// Kept as it came, because a name that was encoded strangely must be said as strangely to reach
/// its mailbox.
///
/// ```
/// use imap_proto::Mailbox;
///
/// let name = Mailbox::from_utf7("Entwürfe").ok_or("a name has no NUL")?;
/// assert_eq!(name.as_bytes(), b"Entw&APw-rfe");
/// assert_eq!(name.to_utf7().as_deref(), Some("Entwürfe"));
/// assert!(Mailbox::new("inbox").is_some_and(|name| name.is_inbox()));
/// # Ok::<_, &str>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Mailbox(IString);

const INBOX: &str = "INBOX";

impl Mailbox {
    /// The mailbox that everybody has.
    pub const INBOX: Self = Self(IString::from_static(INBOX));

    /// Takes the name as it is on the wire, which for UTF-8 is the name; `None` if NUL is in it.
    #[must_use]
    pub fn new(octets: impl Into<Bytes>) -> Option<Self> {
        IString::new(octets).map(Self::named)
    }

    /// Encodes a name in modified UTF-7 (RFC 9051 §A.1), for servers without UTF-8.
    #[must_use]
    pub fn from_utf7(name: &str) -> Option<Self> {
        Self::new(utf7::encode(name))
    }

    /// Returns the name that the octets mean as modified UTF-7; `None` if they are not that.
    #[must_use]
    pub fn to_utf7(&self) -> Option<String> {
        utf7::decode(self.as_bytes())
    }

    /// Returns the name that the octets mean as UTF-8; `None` if they are not that.
    #[must_use]
    pub fn to_utf8(&self) -> Option<&str> {
        core::str::from_utf8(self.as_bytes()).ok()
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it is INBOX.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.0.as_bytes() == INBOX.as_bytes()
    }

    pub(crate) fn named(name: IString) -> Self {
        if name.is(INBOX) { Self::INBOX } else { Self(name) }
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mark = cursor.mark();
        match cursor.astring() {
            Ok(name) if !cursor.is_lenient() => Ok(Self::named(name)),
            Ok(name) if cursor.peek().is_none_or(|next| matches!(next, b' ' | b')' | b']')) => {
                Ok(Self::named(name))
            }
            Err(error) if !cursor.is_lenient() => Err(error),
            _ => {
                cursor.back(mark);
                Self::read_loosely(cursor)
            }
        }
    }

    /// Servers have sent names with `*`, `{` or UTF-8 as if they were atoms.
    fn read_loosely(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let name = cursor.rest().split(|octet| matches!(octet, b' ' | b')')).next();
        let name = name.filter(|name| !name.is_empty() && !name.starts_with(b"("));
        let Some(name) = name else { return Err(cursor.error(ParseErrorKind::Mailbox)) };
        let text = IString::new(cursor.share(name));
        let text = text.ok_or_else(|| cursor.error(ParseErrorKind::Mailbox))?;
        cursor.quirk(Quirk::AtomOctets, ParseErrorKind::Mailbox)?;
        cursor.skip(name.len());
        Ok(Self::named(text))
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.astring(&self.0);
    }
}

/// A pattern of names, in which `*` stands for anything and `%` for anything but the hierarchy's
/// delimiter (RFC 9051 §6.3.9).
///
/// ```
/// assert!(imap_proto::ListMailbox::new("lists/%").is_some());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ListMailbox(IString);

impl ListMailbox {
    /// Takes a pattern as it is on the wire; `None` if NUL is in it.
    #[must_use]
    pub fn new(octets: impl Into<Bytes>) -> Option<Self> {
        IString::new(octets).map(Self)
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match cursor.while_outside(crate::octets::NOT_LIST) {
            [] => cursor.string().map(Self),
            atom => Ok(Self(IString::trusted(cursor.share(atom)))),
        }
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.list_mailbox(&self.0);
    }
}
