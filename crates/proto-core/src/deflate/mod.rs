//! Streams compressed by DEFLATE, both ways (RFC 1951, RFC 4978).
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

mod blocking;
#[cfg(feature = "tokio")]
mod nonblocking;
#[cfg(test)]
mod tests;

/// How much is compressed at once, and how much that is compressed is read at once.
const PIECE: usize = 16 * 1024;

/// A stream, seen from where nothing is compressed.
///
/// It holds the two windows, a read that is not yet inflated and a piece that is not yet written:
/// what a peer lets a few octets grow to stays unmade until it is asked for.
pub(crate) struct Compressed<S> {
    stream: S,
    codec: Codec,
}

impl<S> Compressed<S> {
    /// Compresses what goes through a stream, from which `early` has been read already.
    pub(crate) fn new(stream: S, early: Bytes) -> Self {
        Self { stream, codec: Codec::new(early) }
    }
}

/// Both directions, without the stream.
struct Codec {
    inflate: Decompress,
    deflate: Compress,
    /// Received and not yet inflated: one read at most.
    arrived: BytesMut,
    /// Compressed and not yet written.
    owed: BytesMut,
    /// The peer has ended its half, which RFC 4978 does not ask for.
    ended: bool,
}

impl Codec {
    fn new(early: Bytes) -> Self {
        // RFC 4978 §3: raw DEFLATE, without the header of zlib.
        Self {
            inflate: Decompress::new(false),
            deflate: Compress::new(Compression::default(), false),
            arrived: early.into(),
            owed: BytesMut::new(),
            ended: false,
        }
    }

    /// Inflates into `space` what has arrived, as far as there is room; returns how much it is, 0
    /// for want of octets.
    fn inflate(&mut self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.ended {
                return Ok(0);
            }
            let before = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(&self.arrived, space, FlushDecompress::None)?;
            let consumed = progress(before.0, self.inflate.total_in());
            let made = progress(before.1, self.inflate.total_out());
            self.arrived.advance(consumed);
            self.ended = status == Status::StreamEnd;
            if made > 0 || self.arrived.is_empty() || space.is_empty() {
                return Ok(made);
            }
            if consumed == 0 && !self.ended {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Compresses a piece so that the peer can read all of it (RFC 4978 §3); returns how much was
    /// taken.
    fn deflate(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut rest = octets.get(..PIECE).unwrap_or(octets);
        let taken = rest.len();
        let mut space = [0; 4096];
        loop {
            let before = (self.deflate.total_in(), self.deflate.total_out());
            self.deflate
                .compress(rest, &mut space, FlushCompress::Sync)
                .map_err(io::Error::other)?;
            let consumed = progress(before.0, self.deflate.total_in());
            let made = progress(before.1, self.deflate.total_out());
            rest = rest.get(consumed..).unwrap_or_default();
            self.owed.extend_from_slice(space.get(..made).unwrap_or_default());
            if rest.is_empty() && made < space.len() {
                return Ok(taken);
            }
        }
    }
}

/// How far a counter went in one call, which is less than a buffer's length.
fn progress(before: u64, after: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX)
}
