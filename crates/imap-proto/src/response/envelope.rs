//! The header of a message, as the server read it (RFC 9051 §7.5.2).
use alloc::vec::Vec;

use crate::{
    IString, ParseErrorKind, Quirk,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// An `envelope` (RFC 9051 §7.5.2): what the header of a message says, not decoded.
///
/// ```
/// use imap_proto::{Address, AddressField, Envelope, IString};
///
/// let mut envelope = Envelope::default();
/// envelope.subject = Some(IString::from_static("Crepes"));
/// let alice = Address { mailbox: Some(IString::from_static("alice")), ..Address::default() };
/// envelope.set_addresses(AddressField::To, vec![alice]);
/// assert_eq!(envelope.addresses(AddressField::To).len(), 1);
/// assert!(envelope.addresses(AddressField::From).is_empty());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Envelope {
    /// `Date`.
    pub date: Option<IString>,
    /// `Subject`.
    pub subject: Option<IString>,
    /// `In-Reply-To`.
    pub in_reply_to: Option<IString>,
    /// `Message-ID`.
    pub message_id: Option<IString>,
    /// The addresses of all fields, one after the other.
    addresses: Vec<Address>,
    /// Where each field's addresses end.
    ends: [usize; 6],
}

/// A field of addresses.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AddressField {
    /// `From`.
    From,
    /// `Sender`, or else `From`.
    Sender,
    /// `Reply-To`, or else `From`.
    ReplyTo,
    /// `To`.
    To,
    /// `Cc`.
    Cc,
    /// `Bcc`.
    Bcc,
}

/// An `address` (RFC 9051 §7.5.2). One without host begins a group, whose name is `mailbox`; one
/// without mailbox either ends it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Address {
    /// The name, not decoded.
    pub name: Option<IString>,
    /// The route, of old.
    pub adl: Option<IString>,
    /// The part before the `@`.
    pub mailbox: Option<IString>,
    /// The part after the `@`.
    pub host: Option<IString>,
}

static FIELDS: [AddressField; 6] = [
    AddressField::From,
    AddressField::Sender,
    AddressField::ReplyTo,
    AddressField::To,
    AddressField::Cc,
    AddressField::Bcc,
];

impl Envelope {
    /// Returns the addresses of a field.
    #[must_use]
    pub fn addresses(&self, field: AddressField) -> &[Address] {
        let index = FIELDS.iter().position(|one| *one == field).unwrap_or_default();
        let end = |index: usize| self.ends.get(index).copied().unwrap_or_default();
        let start = index.checked_sub(1).map_or(0, end);
        self.addresses.get(start..end(index)).unwrap_or_default()
    }

    /// Puts addresses into a field, for those that are there.
    pub fn set_addresses(&mut self, field: AddressField, addresses: Vec<Address>) {
        let index = FIELDS.iter().position(|one| *one == field).unwrap_or_default();
        let end = |index: usize| self.ends.get(index).copied().unwrap_or_default();
        let (start, old) = (index.checked_sub(1).map_or(0, end), end(index));
        let new = start + addresses.len();
        self.addresses.splice(start..old, addresses);
        for end in self.ends.iter_mut().skip(index) {
            *end = *end + new - old;
        }
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(')?;
        let mut envelope = Self::default();
        if cursor.peek() == Some(b')') {
            cursor.quirk(Quirk::EmptyList, ParseErrorKind::String)?;
            cursor.skip(1);
            return Ok(envelope);
        }
        envelope.date = cursor.nstring()?;
        cursor.gap()?;
        envelope.subject = cursor.nstring()?;
        // Most mail: a sender three times, and some who receive it.
        envelope.addresses.reserve(8);
        for end in &mut envelope.ends {
            cursor.gap()?;
            read_addresses(cursor, &mut envelope.addresses)?;
            *end = envelope.addresses.len();
        }
        cursor.gap()?;
        envelope.in_reply_to = cursor.nstring()?;
        cursor.gap()?;
        envelope.message_id = cursor.nstring()?;
        cursor.expect(b')')?;
        Ok(envelope)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.put(b"(");
        writer.nstring(self.date.as_ref());
        writer.put(b" ");
        writer.nstring(self.subject.as_ref());
        let (mut rest, mut start) = (&self.addresses[..], 0);
        for end in self.ends {
            writer.put(b" ");
            let (field, more) = rest.split_at_checked(end - start).unwrap_or((rest, &[]));
            (rest, start) = (more, end);
            write_addresses(field, writer);
        }
        for string in [&self.in_reply_to, &self.message_id] {
            writer.put(b" ");
            writer.nstring(string.as_ref());
        }
        writer.put(b")");
    }
}

fn read_addresses(cursor: &mut Cursor<'_>, addresses: &mut Vec<Address>) -> Parsed<()> {
    if !cursor.eat(b'(') {
        if cursor.eat_atom("NIL") {
            return Ok(());
        }
        if cursor.rest().starts_with(b"\"\"") {
            cursor.quirk(Quirk::EmptyList, ParseErrorKind::Expected('('))?;
            cursor.skip(2);
            return Ok(());
        }
        return Err(cursor.error(ParseErrorKind::Expected('(')));
    }
    if cursor.peek() == Some(b')') {
        cursor.quirk(Quirk::EmptyList, ParseErrorKind::Expected('('))?;
    }
    while !cursor.eat(b')') {
        cursor.count()?;
        if cursor.peek() == Some(b' ') {
            cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Expected('('))?;
            cursor.skip(1);
        }
        addresses.push(Address::read(cursor)?);
    }
    Ok(())
}

fn write_addresses(addresses: &[Address], writer: &mut Writer<'_>) {
    if addresses.is_empty() {
        return writer.put(b"NIL");
    }
    writer.put(b"(");
    for address in addresses {
        writer.put(b"(");
        writer.nstring(address.name.as_ref());
        for part in [&address.adl, &address.mailbox, &address.host] {
            writer.put(b" ");
            writer.nstring(part.as_ref());
        }
        writer.put(b")");
    }
    writer.put(b")");
}

impl Address {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(')?;
        let name = cursor.nstring()?;
        cursor.gap()?;
        let adl = cursor.nstring()?;
        cursor.gap()?;
        let mailbox = cursor.nstring()?;
        cursor.gap()?;
        let host = cursor.nstring()?;
        cursor.expect(b')')?;
        Ok(Self { name, adl, mailbox, host })
    }
}
