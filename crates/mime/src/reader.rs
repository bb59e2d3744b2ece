//! Many messages, one after the other, in the same memory.
use crate::index::Index;
use crate::scan::Scanner;
use crate::{Limits, Message};

/// Reads messages like [`Message::parse_with`], and keeps its memory from one to the next: once
/// it has seen a message as large as any other, reading allocates nothing.
///
/// ```
/// use mime::{Limits, Reader};
///
/// let mut reader = Reader::new(Limits::default());
/// for octets in [&b"Subject: one\r\n\r\n"[..], b"Subject: two\r\n\r\n"] {
///     let message = reader.read(octets);
///     assert_eq!(message.root().fields().count(), 1);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    scanner: Scanner,
    index: Index,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Reader {
    /// Makes a reader that has read nothing.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { scanner: Scanner::new(limits), index: Index::default() }
    }

    /// Reads a message. It borrows the reader; a clone of it does too.
    #[must_use]
    pub fn read<'a>(&'a mut self, octets: &'a [u8]) -> Message<'a> {
        self.scanner.restart();
        self.index.fill(octets, &mut self.scanner);
        Message::lent(octets, &self.index)
    }
}
