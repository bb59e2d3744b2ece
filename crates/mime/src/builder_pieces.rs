//! Writing in bounded memory.
use alloc::vec::{self, Vec};

use bytes::{Bytes, BytesMut};

use crate::Encoding;
use crate::encode::{self, BASE64_LINE, Quoter};

/// Octets encoded at once: about 80 kB when they are, large enough to cost nothing by their
/// number. Whole lines of base64.
pub(crate) const PIECE: usize = BASE64_LINE * 1024;

/// A message in pieces, as [`Builder::pieces`](crate::Builder::pieces) writes it.
///
/// It holds the headers and the small bodies, shares the octets of the large ones with the
/// builder, and encodes these as they are asked for.
#[derive(Clone, Debug)]
pub struct Pieces {
    head: Bytes,
    written: usize,
    later: vec::IntoIter<Later>,
    next: Option<Later>,
    current: Option<(Encoding, Bytes)>,
    quoter: Quoter,
    buffer: BytesMut,
}

/// A large body, and its place among what is written at once.
#[derive(Clone, Debug)]
pub(crate) struct Later {
    pub(crate) at: usize,
    pub(crate) encoding: Encoding,
    pub(crate) octets: Bytes,
}

impl Pieces {
    pub(crate) fn new(head: Bytes, later: Vec<Later>) -> Self {
        let mut later = later.into_iter();
        let next = later.next();
        let (buffer, quoter) = (BytesMut::new(), Quoter::default());
        Self { head, written: 0, later, next, current: None, quoter, buffer }
    }

    fn encode(&mut self) -> Option<Bytes> {
        let (encoding, octets) = self.current.as_mut()?;
        if encoding.is_identity() {
            return self.current.take().map(|(_, octets)| octets);
        }
        let mut len = octets.len().min(PIECE);
        // The writer of quoted-printable wants line ends whole.
        let cut = |len: usize| octets.get(len - 1..=len) == Some(b"\r\n");
        if len > 1 && cut(len) {
            len -= 1;
        }
        let piece = octets.split_to(len);
        match encoding {
            Encoding::Base64 => encode::base64_lines(&piece, &mut self.buffer),
            _ => self.quoter.feed(&piece, octets.first().copied(), &mut self.buffer),
        }
        if octets.is_empty() {
            (self.current, self.quoter) = (None, Quoter::default());
        }
        Some(self.buffer.split().freeze())
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.current.is_some() {
            return self.encode();
        }
        let end = self.next.as_ref().map_or(self.written + self.head.len(), |later| later.at);
        let small = self.head.split_to((end - self.written).min(self.head.len()));
        self.written = end;
        if let Some(Later { encoding, octets, .. }) = self.next.take() {
            self.next = self.later.next();
            self.current = Some((encoding, octets));
        }
        match small.is_empty() {
            false => Some(small),
            true => self.encode(),
        }
    }
}
