//! What a message is and says (RFC 9051 §7.5.2).
use alloc::{boxed::Box, vec::Vec};
use core::num::NonZeroU32;

use bytes::Bytes;

use super::{
    Body, Envelope, NotEmpty, ObjectId,
    metadata::{read_value, write_value},
};
use crate::{
    DateTime, Flags, IString, Number64, ParseErrorKind, Quirk, Raw, Section,
    cursor::{Cursor, Parsed, Token},
    octets::{NOT_ATOM, same_word},
    section,
    writer::Writer,
};

/// Something about a message (RFC 9051 §7.5.2).
///
/// A server that has a large message says how long it is, and puts the octets where
/// [`Response::write`](crate::Response::write) says:
///
/// ```
/// use core::num::NonZeroU32;
/// use imap_proto::{Content, Dialect, Fetch, FetchItem, Gap, Response, Section};
///
/// let content = Content::Streamed(1 << 30);
/// let all = FetchItem::Section { section: Section::default(), origin: None, content };
/// let fetch = Fetch { number: NonZeroU32::MIN, by_uid: false, items: vec![all] };
/// let mut out = bytes::BytesMut::new();
/// let gaps = Response::Fetch(fetch).write(&mut out, Dialect::SERVER);
/// assert_eq!(out, "* 1 FETCH (BODY[] {1073741824}\r\n)\r\n");
/// assert_eq!(gaps, [Gap { at: out.len() - 3, size: 1 << 30 }]);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetch {
    /// Its sequence number, or its UID.
    pub number: NonZeroU32,
    /// Whether the number is its UID: `UIDFETCH` (RFC 9586).
    pub by_uid: bool,
    /// What about it.
    pub items: Vec<FetchItem>,
}

/// An item about a message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FetchItem {
    /// Its flags.
    Flags(Flags),
    /// Its UID.
    Uid(NonZeroU32),
    /// When it arrived.
    InternalDate(DateTime),
    /// How many octets it has.
    Size(Number64),
    /// What its header says.
    Envelope(Box<Envelope>),
    /// Its structure, without extension data.
    Body(Box<Body>),
    /// Its structure.
    BodyStructure(Box<Body>),
    /// Of it, a section: `BODY[…]`.
    Section {
        /// Which.
        section: Section,
        /// Where what is here begins, if not all was asked for.
        origin: Option<u32>,
        /// The octets.
        content: Content,
    },
    /// Of it, a part, decoded (RFC 3516).
    Binary {
        /// Which.
        part: Vec<NonZeroU32>,
        /// Where what is here begins, if not all was asked for.
        origin: Option<u32>,
        /// The octets.
        content: Content,
    },
    /// How many octets a part has, decoded (RFC 3516).
    BinarySize {
        /// Which.
        part: Vec<NonZeroU32>,
        /// How many.
        size: Number64,
    },
    /// All of it (RFC 3501 §7.4.2).
    Rfc822(Content),
    /// Its header (RFC 3501 §7.4.2).
    Rfc822Header(Content),
    /// Its text (RFC 3501 §7.4.2).
    Rfc822Text(Content),
    /// Its mod-sequence (RFC 7162 §3.1.4.2).
    ModSeq(Number64),
    /// Its identity (RFC 8474 §5.1).
    EmailId(ObjectId),
    /// Its conversation's identity (RFC 8474 §5.2).
    ThreadId(Option<ObjectId>),
    /// When it came into this mailbox (RFC 8514 §4.2).
    SaveDate(Option<DateTime>),
    /// Its beginning, for people (RFC 8970 §3).
    Preview(Option<IString>),
    /// Annotations (RFC 5257 §4.2).
    Annotation(NotEmpty<Annotation>),
    /// Gmail's number of the message.
    GmailMessageId(u64),
    /// Gmail's number of the conversation.
    GmailThreadId(u64),
    /// Gmail's labels.
    GmailLabels(Vec<IString>),
    /// Another, or one that could not be read: its name and its value.
    Raw(Raw),
}

/// Octets of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// There is no such part: `NIL`.
    Nil,
    /// The octets. NUL may be among them, for servers send it, though in BINARY only it is right.
    Octets(Bytes),
    /// So many octets, which went by, or will go by, as a stream.
    Streamed(u64),
}

/// Annotations of one name (RFC 5257 §4.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Annotation {
    /// The name.
    pub entry: IString,
    /// Attributes and values.
    pub attributes: NotEmpty<(IString, Option<Bytes>)>,
}

impl Fetch {
    /// Returns the message's UID, if it is among the items, or the number is one.
    #[must_use]
    pub fn uid(&self) -> Option<NonZeroU32> {
        if self.by_uid {
            return Some(self.number);
        }
        self.items.iter().find_map(|item| match item {
            FetchItem::Uid(uid) => Some(*uid),
            _ => None,
        })
    }

    /// Returns the message's flags, if they are among the items.
    #[must_use]
    pub fn flags(&self) -> Option<&Flags> {
        self.items.iter().find_map(|item| match item {
            FetchItem::Flags(flags) => Some(flags),
            _ => None,
        })
    }

    /// Returns the message's mod-sequence, if it is among the items.
    #[must_use]
    pub fn mod_seq(&self) -> Option<Number64> {
        self.items.iter().find_map(|item| match item {
            FetchItem::ModSeq(number) => Some(*number),
            _ => None,
        })
    }

    /// Takes the space and the items.
    pub(super) fn read(number: NonZeroU32, by_uid: bool, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.gap()?;
        cursor.expect(b'(')?;
        let mut fetch = Self { number, by_uid, items: Vec::with_capacity(4) };
        if cursor.peek() == Some(b')') {
            cursor.quirk(Quirk::EmptyList, ParseErrorKind::Word)?;
            cursor.skip(1);
            return Ok(fetch);
        }
        fetch.read_items(cursor)?;
        Ok(fetch)
    }

    /// Goes on after a literal that went by as a stream; whether that was all.
    pub(crate) fn go_on(&mut self, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        let all = after_item(cursor)? || self.read_items(cursor)?;
        if all {
            cursor.end()?;
        }
        Ok(all)
    }

    /// Takes items up to the end, or up to a literal that goes by as a stream; whether that was
    /// the end.
    fn read_items(&mut self, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        loop {
            cursor.count()?;
            self.items.push(FetchItem::read(cursor)?);
            if cursor.is_at_end() && self.ends_in_stream() {
                return Ok(false);
            }
            if after_item(cursor)? {
                return Ok(true);
            }
        }
    }

    /// Whether the last item's octets go by as a stream.
    pub(crate) fn ends_in_stream(&self) -> bool {
        let content = self.items.last().and_then(FetchItem::content);
        matches!(content, Some(Content::Streamed(_)))
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.number(self.number.get());
        writer.put(if self.by_uid { " UIDFETCH " } else { " FETCH " });
        writer.list(&self.items, |writer, item| item.write(writer));
    }
}

/// Takes what follows an item; whether it was the last.
fn after_item(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    match cursor.peek() {
        Some(b')') => {
            cursor.skip(1);
            return Ok(true);
        }
        Some(b' ') => cursor.gap()?,
        Some(octet) if octet.is_ascii_alphabetic() => {
            cursor.quirk(Quirk::MissingSpace, ParseErrorKind::Expected(' '))?;
        }
        _ => return Err(cursor.error(ParseErrorKind::Expected(')'))),
    }
    if cursor.is_lenient() && cursor.eat(b')') {
        cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Word)?;
        return Ok(true);
    }
    Ok(false)
}

impl Content {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if !cursor.is_at_literal() {
            let string = cursor.nstring()?;
            return Ok(string.map_or(Self::Nil, |string| Self::Octets(string.into_bytes())));
        }
        Ok(match cursor.token()? {
            Token::Octets { octets, .. } => Self::Octets(octets),
            Token::Streamed { size, .. } => Self::Streamed(size),
        })
    }

    fn write(&self, writer: &mut Writer<'_>, binary: bool) {
        match self {
            Self::Nil => writer.put(b"NIL"),
            Self::Octets(octets) => writer.literal(octets, binary),
            Self::Streamed(size) => writer.gap(*size, binary),
        }
    }
}

impl FetchItem {
    /// Returns the octets of the message that the item has.
    #[must_use]
    pub const fn content(&self) -> Option<&Content> {
        match self {
            Self::Section { content, .. }
            | Self::Binary { content, .. }
            | Self::Rfc822(content)
            | Self::Rfc822Header(content)
            | Self::Rfc822Text(content) => Some(content),
            _ => None,
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mark = cursor.mark();
        match Self::read_known(cursor) {
            Ok(Some(item)) if !cursor.is_lenient() || ends(cursor) => return Ok(item),
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
        let name = name(cursor);
        let is = |word: &str| same_word(name, word);
        if cursor.peek() == Some(b'[') {
            return section_item(name, cursor);
        }
        // RFC822.SIZE and the like do without a space in some servers' BODY(…).
        cursor.gap()?;
        Ok(Some(if is("FLAGS") {
            Self::Flags(Flags::read(cursor)?)
        } else if is("UID") {
            Self::Uid(cursor.nz_number()?)
        } else if is("INTERNALDATE") {
            Self::InternalDate(DateTime::read(cursor)?)
        } else if is("RFC822.SIZE") {
            Self::Size(cursor.any_number()?)
        } else if is("ENVELOPE") {
            Self::Envelope(Box::new(Envelope::read(cursor)?))
        } else if is("BODYSTRUCTURE") {
            Self::BodyStructure(Box::new(Body::read(cursor)?))
        } else if is("BODY") {
            Self::Body(Box::new(Body::read(cursor)?))
        } else if is("RFC822") {
            Self::Rfc822(Content::read(cursor)?)
        } else if is("RFC822.HEADER") {
            Self::Rfc822Header(Content::read(cursor)?)
        } else if is("RFC822.TEXT") {
            Self::Rfc822Text(Content::read(cursor)?)
        } else {
            return extension_item(name, cursor);
        }))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Flags(flags) => {
                writer.put(b"FLAGS ");
                flags.write(writer);
            }
            Self::Uid(uid) => put_number(writer, "UID ", u64::from(uid.get())),
            Self::InternalDate(date) => {
                writer.put(b"INTERNALDATE ");
                date.write(writer);
            }
            Self::Size(size) => put_number(writer, "RFC822.SIZE ", size.get()),
            Self::Envelope(envelope) => {
                writer.put(b"ENVELOPE ");
                envelope.write(writer);
            }
            Self::Body(body) => {
                writer.put(b"BODY ");
                body.write(writer);
            }
            Self::BodyStructure(body) => {
                writer.put(b"BODYSTRUCTURE ");
                body.write(writer);
            }
            Self::Section { section, origin, content } => {
                writer.put(b"BODY");
                section.write(writer);
                write_content(*origin, content, false, writer);
            }
            Self::Binary { part, origin, content } => {
                writer.put(b"BINARY");
                section::write_binary(part, writer);
                write_content(*origin, content, true, writer);
            }
            Self::BinarySize { part, size } => {
                writer.put(b"BINARY.SIZE");
                section::write_binary(part, writer);
                put_number(writer, " ", size.get());
            }
            Self::Rfc822(content) => {
                writer.put(b"RFC822 ");
                content.write(writer, false);
            }
            Self::Rfc822Header(content) => {
                writer.put(b"RFC822.HEADER ");
                content.write(writer, false);
            }
            Self::Rfc822Text(content) => {
                writer.put(b"RFC822.TEXT ");
                content.write(writer, false);
            }
            extension => extension.write_extension(writer),
        }
    }

    fn write_extension(&self, writer: &mut Writer<'_>) {
        match self {
            Self::ModSeq(number) => {
                put_number(writer, "MODSEQ (", number.get());
                writer.put(b")");
            }
            Self::EmailId(id) => {
                writer.put(b"EMAILID ");
                id.write(writer);
            }
            Self::ThreadId(Some(id)) => {
                writer.put(b"THREADID ");
                id.write(writer);
            }
            Self::ThreadId(None) => writer.put(b"THREADID NIL"),
            Self::SaveDate(Some(date)) => {
                writer.put(b"SAVEDATE ");
                date.write(writer);
            }
            Self::SaveDate(None) => writer.put(b"SAVEDATE NIL"),
            Self::Preview(text) => {
                writer.put(b"PREVIEW ");
                writer.nstring(text.as_ref());
            }
            Self::Annotation(all) => {
                writer.put(b"ANNOTATION ");
                writer.list(all.as_slice(), |writer, annotation| annotation.write(writer));
            }
            Self::GmailMessageId(number) => put_number(writer, "X-GM-MSGID ", *number),
            Self::GmailThreadId(number) => put_number(writer, "X-GM-THRID ", *number),
            Self::GmailLabels(labels) => {
                writer.put(b"X-GM-LABELS ");
                writer.list(labels, write_label);
            }
            Self::Raw(raw) => writer.put(raw.as_bytes()),
            _ => {}
        }
    }
}

/// Whether an item ends here.
fn ends(cursor: &Cursor<'_>) -> bool {
    cursor.peek().is_none_or(|next| matches!(next, b' ' | b')') || next.is_ascii_alphabetic())
}

/// Takes the name of an item, up to a bracket.
fn name<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    let part = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_');
    let end = cursor.rest().iter().position(|octet| !part(octet));
    cursor.take(end.unwrap_or(cursor.rest().len()))
}

/// Takes what follows a name that has a bracket after it.
fn section_item(name: &[u8], cursor: &mut Cursor<'_>) -> Parsed<Option<FetchItem>> {
    let is = |word: &str| same_word(name, word);
    Ok(Some(if is("BODY") {
        let section = Section::read(cursor)?;
        let origin = read_origin(cursor)?;
        cursor.gap()?;
        FetchItem::Section { section, origin, content: Content::read(cursor)? }
    } else if is("BINARY") {
        let part = section::read_binary(cursor)?;
        let origin = read_origin(cursor)?;
        cursor.gap()?;
        FetchItem::Binary { part, origin, content: Content::read(cursor)? }
    } else if is("BINARY.SIZE") {
        let part = section::read_binary(cursor)?;
        cursor.gap()?;
        FetchItem::BinarySize { part, size: cursor.any_number()? }
    } else {
        return Ok(None);
    }))
}

fn extension_item(name: &[u8], cursor: &mut Cursor<'_>) -> Parsed<Option<FetchItem>> {
    let is = |word: &str| same_word(name, word);
    Ok(Some(if is("MODSEQ") {
        cursor.expect(b'(')?;
        let number = cursor.number64()?;
        cursor.expect(b')')?;
        FetchItem::ModSeq(number)
    } else if is("EMAILID") {
        FetchItem::EmailId(ObjectId::read(cursor)?)
    } else if is("THREADID") {
        let id = if cursor.eat_atom("NIL") { None } else { Some(ObjectId::read(cursor)?) };
        FetchItem::ThreadId(id)
    } else if is("SAVEDATE") {
        let date = if cursor.eat_atom("NIL") { None } else { Some(DateTime::read(cursor)?) };
        FetchItem::SaveDate(date)
    } else if is("PREVIEW") {
        FetchItem::Preview(cursor.nstring()?)
    } else if is("ANNOTATION") {
        FetchItem::Annotation(NotEmpty::read_list(cursor, Annotation::read)?)
    } else if is("X-GM-MSGID") {
        FetchItem::GmailMessageId(number_of_64_bits(cursor)?)
    } else if is("X-GM-THRID") {
        FetchItem::GmailThreadId(number_of_64_bits(cursor)?)
    } else if is("X-GM-LABELS") {
        let mut labels = Vec::new();
        cursor.list(|cursor| {
            labels.push(label(cursor)?);
            Ok(())
        })?;
        FetchItem::GmailLabels(labels)
    } else {
        return Ok(None);
    }))
}

fn read_origin(cursor: &mut Cursor<'_>) -> Parsed<Option<u32>> {
    if !cursor.eat(b'<') {
        return Ok(None);
    }
    let origin = cursor.number()?;
    cursor.expect(b'>')?;
    Ok(Some(origin))
}

fn write_content(origin: Option<u32>, content: &Content, binary: bool, writer: &mut Writer<'_>) {
    if let Some(origin) = origin {
        put_number(writer, "<", u64::from(origin));
        writer.put(b">");
    }
    writer.put(b" ");
    content.write(writer, binary);
}

fn put_number(writer: &mut Writer<'_>, name: &str, number: u64) {
    writer.put(name);
    writer.number(number);
}

/// Gmail's numbers have all 64 bits.
fn number_of_64_bits(cursor: &mut Cursor<'_>) -> Parsed<u64> {
    let error = cursor.error(ParseErrorKind::Number);
    let digits = cursor.while_outside(crate::octets::NOT_DIGIT);
    let text = core::str::from_utf8(digits).map_err(|_| error)?;
    text.parse().map_err(|_| error)
}

/// A label is an astring, or `\` and an atom for those that Gmail has made.
fn label(cursor: &mut Cursor<'_>) -> Parsed<IString> {
    if cursor.peek() != Some(b'\\') {
        return cursor.astring();
    }
    let rest = cursor.rest();
    cursor.skip(1);
    let length = 1 + cursor.while_outside(NOT_ATOM).len();
    IString::new(cursor.share(rest.get(..length).unwrap_or_default()))
        .ok_or_else(|| cursor.error(ParseErrorKind::String))
}

fn write_label(writer: &mut Writer<'_>, label: &IString) {
    match label.as_bytes().strip_prefix(b"\\") {
        // As in RFC 9051's flags.
        Some(atom) if atom.iter().all(|octet| crate::octets::class(*octet) & NOT_ATOM == 0) => {
            writer.put(label.as_bytes());
        }
        _ => writer.astring(label),
    }
}

impl Annotation {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let entry = cursor.astring()?;
        cursor.gap()?;
        let attributes = NotEmpty::read_list(cursor, |cursor| {
            let name = cursor.astring()?;
            cursor.gap()?;
            Ok((name, read_value(cursor)?))
        })?;
        Ok(Self { entry, attributes })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.astring(&self.entry);
        writer.put(b" ");
        writer.list(self.attributes.as_slice(), |writer, (name, value)| {
            writer.astring(name);
            writer.put(b" ");
            write_value(value.as_ref(), writer);
        });
    }
}
