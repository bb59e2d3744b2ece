//! A whole message, indexed.
use alloc::string::String;
use core::fmt;

use crate::index::Index;
use crate::scan::Scanner;
use crate::{AddressList, DateTime, Defect, Field, Limits, MessageId, Part};

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
    octets: &'a [u8],
    index: Held<'a>,
}

/// The index of a message: its own, or that of a [`Reader`](crate::Reader).
#[derive(Clone, Debug)]
enum Held<'a> {
    Own(Index),
    Lent(&'a Index),
}

impl<'a> Message<'a> {
    /// Reads a message under the default [`Limits`].
    #[must_use]
    pub fn parse(octets: &'a [u8]) -> Self {
        Self::parse_with(octets, &Limits::default())
    }

    /// Reads a message. Who reads many has a [`Reader`](crate::Reader), which keeps its memory.
    #[must_use]
    pub fn parse_with(octets: &'a [u8], limits: &Limits) -> Self {
        let mut index = Index::default();
        index.fill(octets, &mut Scanner::new(limits.clone()));
        Self { octets, index: Held::Own(index) }
    }

    pub(crate) const fn lent(octets: &'a [u8], index: &'a Index) -> Self {
        Self { octets, index: Held::Lent(index) }
    }

    pub(crate) const fn index(&self) -> &Index {
        match &self.index {
            Held::Own(index) => index,
            Held::Lent(index) => index,
        }
    }

    /// Returns the octets it was read from, every one of them.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.octets
    }

    /// Returns what is wrong with its structure, in the order of discovery; what is wrong inside
    /// fields and bodies, [`problems`](Self::problems) finds.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.index().defects
    }

    /// Returns the part that is the message itself.
    #[must_use]
    pub const fn root(&self) -> Part<'_, 'a> {
        Part::new(self, 0)
    }

    /// Iterates over all parts, each before the parts inside it; the first is the root.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_, 'a>> {
        (0..self.index().parts.len()).map(|at| Part::new(self, at))
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
        let problems = self.problems();
        self.defects()
            .iter()
            .chain(&problems)
            .try_for_each(|it| writeln!(f, "! {:?} {}", it.kind, it.span))
    }
}
