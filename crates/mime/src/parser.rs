//! Messages that arrive in pieces.
use bytes::{Bytes, BytesMut};

use crate::scan::{Scanner, Token};
use crate::{Defect, Field, Limits, PartKind};

/// A push parser: octets go in as they arrive, [`Event`]s come out.
///
/// Never fails, and the events do not depend on how the message was cut, but for where the
/// octets of one body are cut. It holds one header field at most
/// ([`Limits::field_octets`]) besides what was fed and not yet polled, so that a message of any
/// size passes through bounded memory: feed, poll until `None`, feed again.
///
/// ```
/// use mime::{Event, Parser};
///
/// let mut parser = Parser::default();
/// let mut body = Vec::new();
/// for piece in [&b"Subject: pie"[..], b"ces\r\n\r\nHel", b"lo\r\n"] {
///     parser.feed(piece);
///     while let Some(event) = parser.poll() {
///         match event {
///             Event::Field(field) => assert_eq!(&field[..], b"Subject: pieces\r\n"),
///             Event::Body(octets) => body.extend_from_slice(&octets),
///             _ => {}
///         }
///     }
/// }
/// parser.finish();
/// while let Some(event) = parser.poll() {
///     if let Event::Body(octets) = event { body.extend_from_slice(&octets) }
/// }
/// assert_eq!(body, b"Hello\r\n");
/// ```
#[derive(Clone, Debug)]
pub struct Parser {
    scanner: Scanner,
    buffer: BytesMut,
    eof: bool,
}

impl Default for Parser {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Parser {
    /// Makes a parser at the start of a message.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { scanner: Scanner::new(limits), buffer: BytesMut::new(), eof: false }
    }

    /// Takes the next octets of the message. Stores them; parses nothing. After
    /// [`finish`](Self::finish) they are ignored.
    pub fn feed(&mut self, octets: &[u8]) {
        if !self.eof {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// Notes that the message is complete.
    pub const fn finish(&mut self) {
        self.eof = true;
    }

    /// Returns what comes next in the message; `None` until more is fed, or for good when all
    /// parts have ended.
    pub fn poll(&mut self) -> Option<Event> {
        let (token, len) = self.scanner.next(&self.buffer, self.eof)?;
        let octets = self.buffer.split_to(len).freeze();
        Some(match token {
            Token::Begin(number) => Event::PartBegin { number },
            Token::Field(_) => Event::Field(octets),
            Token::HeaderEnd(head) => Event::HeaderEnd { kind: head.kind, octets },
            Token::Preamble => Event::Preamble(octets),
            Token::Body => Event::Body(octets),
            Token::Delimiter => Event::Delimiter(octets),
            Token::Epilogue => Event::Epilogue(octets),
            Token::Skipped => Event::Skipped(octets),
            Token::End => Event::PartEnd,
            Token::Defect(defect) => Event::Defect(defect),
        })
    }
}

/// A piece of a message. The octets of all events, joined, are the message. Closed: a message has
/// no other pieces (RFC 2046 §5.1.1).
///
/// The message itself is the first part: `PartBegin`, `Field`s, `HeaderEnd`, and then by its
/// [`PartKind`] either `Body`, or one part, or `Preamble`, parts between `Delimiter`s and
/// `Epilogue`; last `PartEnd`. The [`Bytes`] share the memory of what was fed with them: copy
/// what is kept long.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// A part begins: the `number`th of those in the part that is open, counted from 1.
    PartBegin {
        /// Its place among its siblings: the last number of its IMAP path, in a multipart.
        number: u32,
    },
    /// A header field with its line end; read it with [`Field::new`].
    Field(Bytes),
    /// The header is complete.
    HeaderEnd {
        /// What the body is made of.
        kind: PartKind,
        /// The blank line; empty where there is none.
        octets: Bytes,
    },
    /// Octets before the first part of a multipart.
    Preamble(Bytes),
    /// Octets of a body, still transfer-encoded ([`Decoder`](crate::Decoder) undoes that).
    Body(Bytes),
    /// A delimiter line with the line end before it.
    Delimiter(Bytes),
    /// Octets after the last part of a multipart.
    Epilogue(Bytes),
    /// Octets that are not part of the structure: a defect or a limit says why.
    Skipped(Bytes),
    /// The part that is open ends.
    PartEnd,
    /// Something is wrong.
    Defect(Defect),
}

impl Event {
    /// Returns the octets of the message that this event is.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        match self {
            Self::Field(octets)
            | Self::HeaderEnd { octets, .. }
            | Self::Preamble(octets)
            | Self::Body(octets)
            | Self::Delimiter(octets)
            | Self::Epilogue(octets)
            | Self::Skipped(octets) => octets,
            Self::PartBegin { .. } | Self::PartEnd | Self::Defect(_) => &[],
        }
    }

    /// Returns the header field, if this is one.
    #[must_use]
    pub fn field(&self) -> Option<Field<'_>> {
        if let Self::Field(octets) = self { Field::new(octets) } else { None }
    }
}
