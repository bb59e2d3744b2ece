//! Mailbox files that arrive in pieces.
use bytes::{Bytes, BytesMut};

use crate::mbox_scan::{MboxScanner, MboxToken};
use crate::{Limits, MboxDialect};

/// A push reader of mailbox files: octets go in as they arrive, [`MboxEvent`]s come out, whatever
/// the size of the file.
///
/// It holds one `From ` line at most ([`Limits::from_line`]) besides what was fed and not yet
/// polled. Feed the bodies to a [`Parser`](crate::Parser) to read messages on the way.
///
/// ```
/// use mime::{Limits, MboxDialect, MboxEvent, MboxReader};
///
/// let mut reader = MboxReader::new(MboxDialect::Rd, &Limits::default());
/// let (mut messages, mut octets) = (0, Vec::new());
/// for piece in [&b"From a@b Sat Nov 22 08:2"[..], b"6:40 2025\nSubject: x\n\n>Fr", b"om\n>From y\n"] {
///     reader.feed(piece);
///     while let Some(event) = reader.poll() {
///         match event {
///             MboxEvent::Begin(_) => messages += 1,
///             MboxEvent::Body(piece) => octets.extend_from_slice(&piece),
///             MboxEvent::End => {}
///         }
///     }
/// }
/// assert_eq!((messages, &octets[..]), (1, &b"Subject: x\n\n>From\nFrom y\n"[..]));
/// reader.finish();
/// assert_eq!(reader.poll(), Some(MboxEvent::End));
/// ```
#[derive(Clone, Debug)]
pub struct MboxReader {
    scanner: MboxScanner,
    buffer: BytesMut,
    eof: bool,
}

/// A piece of a mailbox file. Closed: there are no others.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MboxEvent {
    /// A message begins, with this line before it; read it with
    /// [`MboxFrom::new`](crate::MboxFrom::new).
    Begin(Bytes),
    /// Octets of the message, its marks removed. They share the memory of what was fed.
    Body(Bytes),
    /// The message ends.
    End,
}

impl MboxReader {
    /// Makes a reader at the start of a file.
    #[must_use]
    pub fn new(dialect: MboxDialect, limits: &Limits) -> Self {
        let scanner = MboxScanner::new(dialect, limits.from_line);
        Self { scanner, buffer: BytesMut::new(), eof: false }
    }

    /// Takes the next octets of the file. Stores them; reads nothing. After
    /// [`finish`](Self::finish) they are ignored.
    pub fn feed(&mut self, octets: &[u8]) {
        if !self.eof {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// Notes that the file is complete.
    pub const fn finish(&mut self) {
        self.eof = true;
    }

    /// Returns what comes next in the file; `None` until more is fed, or for good at the end.
    pub fn poll(&mut self) -> Option<MboxEvent> {
        loop {
            let (token, len) = self.scanner.next(&self.buffer, self.eof)?;
            let octets = self.buffer.split_to(len).freeze();
            match token {
                MboxToken::From => return Some(MboxEvent::Begin(octets)),
                MboxToken::Body => return Some(MboxEvent::Body(octets)),
                MboxToken::End => return Some(MboxEvent::End),
                MboxToken::Skipped => {}
            }
        }
    }
}
