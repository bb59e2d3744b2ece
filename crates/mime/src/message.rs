//! A whole message, indexed.
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::scan::{Scanner, Token};
use crate::{AddressList, DateTime, Defect, Field, Limits, MessageId, Part, Span};

/// What the body of a part is made of.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum PartKind {
    /// Octets: text, a picture, anything that is not read further.
    #[default]
    Leaf,
    /// Parts between delimiters (RFC 2046 §5.1).
    Multipart,
    /// One message (RFC 2046 §5.2.1).
    Message,
}

/// A message over the octets it was read from: nothing is copied, nothing is lost.
///
/// Reading finds the structure only: header fields, parts and bodies are decoded when asked for.
/// It never fails; [`defects`](Self::defects) tells what is wrong.
///
/// ```
/// use mime::Message;
///
/// let message = Message::parse(b"From: Bob <bob@example.org>\r\nSubject: Hi\r\n\r\nHello\r\n");
/// assert_eq!(message.from().mailboxes().next().unwrap().address().to_string(), "bob@example.org");
/// assert_eq!(message.subject().as_deref(), Some("Hi"));
/// assert_eq!(message.root().text(), "Hello\r\n");
/// ```
#[derive(Clone, Debug)]
pub struct Message<'a> {
    pub(crate) octets: &'a [u8],
    pub(crate) fields: Vec<Span>,
    pub(crate) parts: Vec<Entry>,
    defects: Vec<Defect>,
}

/// A part in the index. Parts stand in the order of their beginnings, so that a part's children
/// follow it and `after` is its next sibling's place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) kind: PartKind,
    pub(crate) number: u32,
    /// A multipart whose parts are messages unless they say otherwise. Kept, because every one of
    /// its parts asks.
    pub(crate) digest: bool,
    pub(crate) depth: usize,
    pub(crate) parent: Option<usize>,
    pub(crate) after: usize,
    /// Places of its header fields.
    pub(crate) fields: (usize, usize),
    /// Where it starts, its body starts, and it ends.
    pub(crate) start: u64,
    pub(crate) body: u64,
    pub(crate) end: u64,
}

impl<'a> Message<'a> {
    /// Reads a message under the default [`Limits`].
    #[must_use]
    pub fn parse(octets: &'a [u8]) -> Self {
        Self::parse_with(octets, &Limits::default())
    }

    /// Reads a message.
    #[must_use]
    pub fn parse_with(octets: &'a [u8], limits: &Limits) -> Self {
        let mut message =
            Self { octets, fields: Vec::new(), parts: Vec::new(), defects: Vec::new() };
        let mut scanner = Scanner::new(limits.clone());
        let (mut window, mut at, mut open) = (octets, 0_u64, None);
        while let Some((token, len)) = scanner.next(window, true) {
            let end = at + len as u64;
            message.note(token, Span { start: at, end }, &mut open);
            window = crate::scan::after(window, len);
            at = end;
        }
        message
    }

    /// Adds a token to the index; `open` is the place of the part that is open.
    fn note(&mut self, token: Token, span: Span, open: &mut Option<usize>) {
        match token {
            Token::Begin(number) => {
                let depth = open.and_then(|at| self.parts.get(at)).map_or(1, |up| up.depth + 1);
                let fields = (self.fields.len(), self.fields.len());
                let (start, parent) = (span.start, *open);
                *open = Some(self.parts.len());
                let entry = Entry { number, depth, parent, fields, start, ..Entry::default() };
                self.parts.push(entry);
            }
            Token::Field => {
                self.fields.push(span);
                if let Some(part) = open.and_then(|at| self.parts.get_mut(at)) {
                    part.fields.1 = self.fields.len();
                }
            }
            Token::HeaderEnd(kind) => {
                let digest = kind == PartKind::Multipart
                    && open.is_some_and(|at| {
                        let subtype = Part::new(self, at).content_type().subtype();
                        subtype.eq_ignore_ascii_case("digest")
                    });
                if let Some(part) = open.and_then(|at| self.parts.get_mut(at)) {
                    (part.kind, part.body, part.digest) = (kind, span.end, digest);
                }
            }
            Token::End => {
                let after = self.parts.len();
                if let Some(part) = open.and_then(|at| self.parts.get_mut(at)) {
                    (part.end, part.after) = (span.end, after);
                    *open = part.parent;
                }
            }
            Token::Defect(defect) => self.defects.push(defect),
            Token::Skipped | Token::Preamble | Token::Body | Token::Delimiter | Token::Epilogue => {
            }
        }
    }

    /// Returns the octets it was read from, every one of them.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.octets
    }

    /// Returns what is wrong with it, in the order of discovery.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// Returns the part that is the message itself.
    #[must_use]
    pub const fn root(&self) -> Part<'_, 'a> {
        Part::new(self, 0)
    }

    /// Iterates over all parts, each before the parts inside it; the first is the root.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_, 'a>> {
        (0..self.parts.len()).map(|at| Part::new(self, at))
    }

    /// Finds a part by its IMAP number (RFC 9051 §6.4.5.1): `&[1, 2]` is `1.2`.
    ///
    /// ```
    /// let message = mime::Message::parse(b"Subject: Hi\r\n\r\nHello");
    /// assert_eq!(message.part(&[1]).unwrap().body(), b"Hello");
    /// assert!(message.part(&[2]).is_none());
    /// ```
    #[must_use]
    pub fn part(&self, path: &[u32]) -> Option<Part<'_, 'a>> {
        let mut part = self.root();
        for (depth, number) in path.iter().enumerate() {
            // The body of a message that is no multipart is its part 1.
            if part.kind() != PartKind::Multipart && depth == 0 {
                (*number == 1).then_some(())?;
                continue;
            }
            if part.kind() == PartKind::Message {
                part = part.children().next()?;
                if part.kind() != PartKind::Multipart {
                    (*number == 1).then_some(())?;
                    continue;
                }
            }
            part = part.children().nth(usize::try_from(number.checked_sub(1)?).ok()?)?;
        }
        Some(part)
    }

    /// Returns the first field of this name in the message's own header.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Field<'a>> {
        self.root().field(name)
    }

    /// Returns the subject, decoded (RFC 5322 §3.6.5).
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        self.field("subject").map(|field| field.text())
    }

    /// Returns the authors (RFC 5322 §3.6.2); empty if they are not said.
    #[must_use]
    pub fn from(&self) -> AddressList {
        self.addresses("from")
    }

    /// Returns the primary recipients (RFC 5322 §3.6.3); empty if there are none.
    #[must_use]
    pub fn to(&self) -> AddressList {
        self.addresses("to")
    }

    /// Returns the other recipients (RFC 5322 §3.6.3); empty if there are none.
    #[must_use]
    pub fn cc(&self) -> AddressList {
        self.addresses("cc")
    }

    fn addresses(&self, name: &str) -> AddressList {
        self.field(name).map(|field| field.addresses()).unwrap_or_default()
    }

    /// Returns when it was written (RFC 5322 §3.6.1), if that can be read.
    #[must_use]
    pub fn date(&self) -> Option<DateTime> {
        self.field("date")?.date()
    }

    /// Returns its identifier (RFC 5322 §3.6.4).
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        self.field("message-id")?.message_ids().into_iter().next()
    }
}

/// The header's fields decoded, a blank line, and a line for each part and each defect.
impl fmt::Display for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for field in self.root().fields() {
            writeln!(f, "{}: {}", field.name(), field.text())?;
        }
        writeln!(f)?;
        for part in self.parts() {
            writeln!(f, "{part}")?;
        }
        self.defects.iter().try_for_each(|it| writeln!(f, "! {:?} {}", it.kind, it.span))
    }
}
