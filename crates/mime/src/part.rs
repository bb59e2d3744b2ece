//! The parts of a message.
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::index::{Entry, FieldEntry};
use crate::{Content, ContentType, Disposition, Encoding, Field, Message, PartKind, Span, charset};

/// A part of a [`Message`]; the message itself is one too.
///
/// ```
/// use mime::{Message, PartKind};
///
/// let message = Message::parse(
///     b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--",
/// );
/// assert_eq!(message.root().kind(), PartKind::Multipart);
/// let bodies: Vec<_> = message.root().children().map(|part| part.body()).collect();
/// assert_eq!(bodies, [b"one", b"two"]);
/// assert_eq!(message.parts().map(|part| part.path().to_string()).collect::<Vec<_>>(), ["TEXT", "1", "2"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Part<'m, 'a> {
    message: &'m Message<'a>,
    at: usize,
}

impl<'m, 'a> Part<'m, 'a> {
    pub(crate) const fn new(message: &'m Message<'a>, at: usize) -> Self {
        Self { message, at }
    }

    fn entry(&self) -> &'m Entry {
        self.message.index().parts.get(self.at).expect("parts are made from places in the index")
    }

    /// Returns what its body is made of.
    #[must_use]
    pub fn kind(&self) -> PartKind {
        self.entry().head.kind
    }

    /// Returns how deep it lies: 1 for the message itself.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.entry().depth
    }

    /// Returns the part it lies in.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.entry().parent.map(|at| Self::new(self.message, at))
    }

    /// Iterates over the parts right inside it.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<'m, 'a> {
        let (message, end) = (self.message, self.entry().after);
        let first = (self.at + 1 < end).then(|| Self::new(message, self.at + 1));
        core::iter::successors(first, move |part| {
            let next = part.entry().after;
            (next < end).then(|| Self::new(message, next))
        })
    }

    /// Returns its number in IMAP's counting.
    #[must_use]
    pub fn path(&self) -> Path {
        let (mut numbers, mut part) = (Vec::new(), *self);
        let in_multipart =
            |part: &Self| part.parent().is_some_and(|up| up.kind() == PartKind::Multipart);
        let text = !in_multipart(self) && self.kind() == PartKind::Multipart;
        if !in_multipart(self) && !text {
            numbers.push(1);
        }
        loop {
            if in_multipart(&part) {
                numbers.push(part.entry().number);
            } else if part.at != self.at && part.kind() == PartKind::Message {
                numbers.push(1);
            }
            let Some(up) = part.parent() else { break };
            part = up;
        }
        numbers.reverse();
        Path { numbers, text }
    }

    /// Returns where it lies: header, blank line and body.
    #[must_use]
    pub fn span(&self) -> Span {
        Span { start: self.entry().start, end: self.entry().end }
    }

    /// Returns where its header lies, blank line included.
    #[must_use]
    pub fn header_span(&self) -> Span {
        Span { start: self.entry().start, end: self.entry().body }
    }

    /// Returns where its body lies. The line end before a delimiter belongs to the delimiter.
    #[must_use]
    pub fn body_span(&self) -> Span {
        Span { start: self.entry().body, end: self.entry().end }
    }

    /// Returns the octets of its header, blank line included.
    #[must_use]
    pub fn header(&self) -> &'a [u8] {
        self.header_span().of(self.message.as_bytes())
    }

    /// Returns the octets of its body, still transfer-encoded.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body_span().of(self.message.as_bytes())
    }

    /// Iterates over its header fields, in their order.
    pub fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'m, 'a> {
        let (octets, limits) = (self.message.as_bytes(), self.message.index().limits);
        self.field_entries().iter().map(move |entry| Field::indexed(entry, octets, limits))
    }

    /// Iterates over where its header fields lie, in step with [`fields`](Self::fields).
    pub fn field_spans(&self) -> impl Iterator<Item = Span> + use<'m, 'a> {
        self.field_entries().iter().map(FieldEntry::span)
    }

    fn field_entries(&self) -> &'m [FieldEntry] {
        let (start, end) = self.entry().fields;
        self.message.index().fields.get(start..end).unwrap_or_default()
    }

    fn indexed(&self, entry: &FieldEntry) -> Field<'a> {
        Field::indexed(entry, self.message.as_bytes(), self.message.index().limits)
    }

    fn field_at(&self, place: Option<usize>) -> Option<Field<'a>> {
        let entry = self.message.index().fields.get(place?)?;
        Some(self.indexed(entry))
    }

    /// Returns its first field of this name, in any case of letters.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Field<'a>> {
        // Names of another length are not even looked at.
        let mut entries = self.field_entries().iter().filter(|entry| entry.name == name.len());
        entries.find_map(|entry| {
            let field = self.indexed(entry);
            field.is(name).then_some(field)
        })
    }

    /// Returns what it says it is; where it says nothing, what RFC 2046 §5.1.5 and RFC 2045 §5.2
    /// say for it.
    #[must_use]
    pub fn content_type(&self) -> ContentType<'a> {
        if let Some(field) = self.field_at(self.entry().kind) {
            return field.content_type();
        }
        let default: &[u8] = if self.in_digest() { b"message/rfc822" } else { b"text/plain" };
        ContentType::new(default)
    }

    fn in_digest(&self) -> bool {
        self.parent().is_some_and(|up| up.entry().head.digest)
    }

    /// Returns what it wants to become (RFC 2183).
    #[must_use]
    pub fn disposition(&self) -> Option<Disposition<'a>> {
        self.field_at(self.entry().disposition).map(|field| field.disposition())
    }

    /// Returns how its body is encoded. A multipart's is not, whatever it says (RFC 2045 §6.4).
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        let said = self.entry().head.encoding;
        if self.kind() == PartKind::Multipart && !said.is_identity() {
            return Encoding::SevenBit;
        }
        said
    }

    /// Returns the file name it suggests: the disposition's `filename`, or the type's `name`.
    ///
    /// Strangers choose it: it may be `../../etc/passwd`.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        let named = self.disposition().and_then(|it| it.parameter("filename"));
        named.or_else(|| self.content_type().parameter("name"))
    }

    /// Decodes its body: the octets that the sender meant, borrowed if they are not encoded.
    #[must_use]
    pub fn content(&self) -> Content<'a> {
        Content::decode(self.encoding(), self.body())
    }

    /// Decodes its body as text, by the `charset` of its type. What is wrong in it, and what is
    /// no text, becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> Cow<'a, str> {
        self.decode_text(self.content()).0
    }

    /// Decodes its body as [`text`](Self::text) does, and tells how many octets and characters in
    /// it were wrong.
    #[must_use]
    pub fn text_and_problems(&self) -> (Cow<'a, str>, usize) {
        let content = self.content();
        let problems = content.problems();
        let (text, wrong) = self.decode_text(content);
        let replaced = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        // What was sent as U+FFFD is no problem; what is wrong is one at least.
        (text, problems + if wrong { replaced.max(1) } else { 0 })
    }

    /// Tells whether its content, as text, has something wrong in it.
    pub(crate) fn is_bad_text(&self, content: Content<'a>) -> bool {
        let charset = self.content_type().parameter("charset");
        let known = charset.is_none_or(|it| it.is_empty() || charset::is_known(it.as_bytes()));
        !known || self.decode_text(content).1
    }

    fn decode_text(&self, content: Content<'a>) -> (Cow<'a, str>, bool) {
        let mut charset = Vec::new();
        self.content_type().append_parameter("charset", &mut charset);
        match content.octets {
            Cow::Borrowed(octets) => charset::checked(&charset, octets),
            Cow::Owned(octets) => {
                let (text, wrong) = charset::checked_vec(&charset, octets);
                (Cow::Owned(text), wrong)
            }
        }
    }
}

/// A part's number in IMAP's counting (RFC 9051 §6.4.5.1).
///
/// A multipart that is a whole message has no number there; it prints as `TEXT`, by which IMAP
/// fetches its body, after the number of the part that the message lies in.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Path {
    numbers: Vec<u32>,
    text: bool,
}

impl Path {
    /// Returns the numbers, the outermost first.
    #[must_use]
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.then_some(0);
        for (at, number) in self.numbers.iter().copied().chain(text).enumerate() {
            if at > 0 {
                f.write_str(".")?;
            }
            if number == 0 { f.write_str("TEXT")? } else { write!(f, "{number}")? }
        }
        Ok(())
    }
}

/// `path type/subtype encoding octets "file name"`, indented by depth. The octets are those of
/// the decoded body; a part with parts inside has neither them nor an encoding.
impl fmt::Display for Part<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.content_type();
        write!(f, "{:1$}", "", (self.depth() - 1) * 2)?;
        write!(f, "{} {}/{}", self.path(), kind.top(), kind.subtype())?;
        if self.kind() == PartKind::Leaf {
            write!(f, " {} {}", self.encoding(), self.content().octets().len())?;
        }
        self.file_name().map_or(Ok(()), |name| write!(f, " {name:?}"))
    }
}
