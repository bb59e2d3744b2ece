//! The message, read piece by piece.
use std::{
    fs::File,
    io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom},
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use homing::smtp::client::Envelope;
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};

/// How much of a file is read at once.
const PIECE: usize = 16 * 1024;

/// A message as mail has it on the wire: each line that ends in LF gets its CR.
///
/// What is on the disk is read while it is sent; reading does not wait for anybody, so it may
/// hold up the one task there is.
pub(crate) struct Message {
    source: Box<dyn Source>,
    /// The last octet read.
    last: u8,
    piece: Vec<u8>,
    /// How much of the piece has been taken.
    taken: usize,
}

trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

impl Message {
    /// Opens a file; `-` is standard input, which cannot be read twice and is held in memory, as
    /// pipes are.
    pub(crate) fn open(file: &Path) -> io::Result<Self> {
        if file == Path::new("-") {
            return Self::held(io::stdin().lock());
        }
        let file = File::open(file)?;
        if file.metadata()?.is_file() { Ok(Self::new(Box::new(file))) } else { Self::held(file) }
    }

    fn held(mut source: impl Read) -> io::Result<Self> {
        let mut octets = Vec::new();
        source.read_to_end(&mut octets)?;
        Ok(Self::new(Box::new(Cursor::new(octets))))
    }

    fn new(source: Box<dyn Source>) -> Self {
        Self { source, last: 0, piece: Vec::new(), taken: 0 }
    }

    /// Notes what the message needs, and begins it anew.
    pub(crate) fn examine(&mut self, envelope: &mut Envelope) -> io::Result<()> {
        let (mut size, mut matched) = (0, 0);
        while self.fill()? {
            size += self.piece.len() as u64;
            envelope.eight_bit |= !self.piece.is_ascii();
            for &octet in &self.piece {
                if matched == END_OF_HEADER.len() {
                    break;
                }
                envelope.utf8_header |= !octet.is_ascii();
                matched = after(matched, octet);
            }
        }
        envelope.size = Some(size);
        self.rewind()
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.source.rewind()?;
        self.piece.clear();
        (self.last, self.taken) = (0, 0);
        Ok(())
    }

    /// Reads the next piece; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        let mut raw = [0; PIECE];
        let read = loop {
            match self.source.read(&mut raw) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.piece.clear();
        self.taken = 0;
        for &octet in raw.iter().take(read) {
            if octet == b'\n' && self.last != b'\r' {
                self.piece.push(b'\r');
            }
            self.piece.push(octet);
            self.last = octet;
        }
        Ok(read > 0)
    }
}

const END_OF_HEADER: &[u8] = b"\r\n\r\n";

/// How much of the end of the header has come with this octet, after so much of it.
fn after(matched: usize, octet: u8) -> usize {
    match octet {
        _ if END_OF_HEADER.get(matched) == Some(&octet) => matched + 1,
        b'\r' => 1,
        _ => 0,
    }
}

impl AsyncRead for Message {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.taken == this.piece.len() {
            this.fill()?;
        }
        let rest = this.piece.get(this.taken..).unwrap_or_default();
        let (now, _) = rest.split_at(rest.len().min(into.remaining()));
        into.put_slice(now);
        this.taken += now.len();
        Poll::Ready(Ok(()))
    }
}

/// Only to the beginning, which is where a message is read from anew.
impl AsyncSeek for Message {
    fn start_seek(self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        if to == SeekFrom::Start(0) {
            self.get_mut().rewind()
        } else {
            Err(ErrorKind::Unsupported.into())
        }
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(0))
    }
}

#[cfg(test)]
mod tests {
    use homing::smtp::ReversePath;
    use tokio::io::{AsyncReadExt, AsyncSeekExt};

    use super::*;

    fn message(octets: &[u8]) -> Message {
        Message::held(octets).unwrap()
    }

    fn examined(octets: &[u8]) -> Envelope {
        let mut envelope = Envelope::new(ReversePath::Null, vec![]);
        message(octets).examine(&mut envelope).unwrap();
        envelope
    }

    #[tokio::test]
    async fn lines_end_in_crlf_wherever_the_pieces_do() {
        for (octets, expected) in [
            (b"a\nb\r\n\n".to_vec(), b"a\r\nb\r\n\r\n".to_vec()),
            (b"x\r\n".repeat(PIECE), b"x\r\n".repeat(PIECE)),
            (b"xyz\n".repeat(PIECE), b"xyz\r\n".repeat(PIECE)),
            (vec![], vec![]),
        ] {
            let (mut message, mut read) = (message(&octets), vec![]);
            message.read_to_end(&mut read).await.unwrap();
            assert!(read == expected);
            AsyncSeekExt::rewind(&mut message).await.unwrap();
            read.clear();
            message.read_to_end(&mut read).await.unwrap();
            assert!(read == expected, "and anew");
        }
    }

    #[test]
    fn a_message_is_examined_as_one_in_memory_is() {
        let large = b"A: b\n".repeat(PIECE);
        for octets in [
            &b"A: b\r\n\r\nc"[..],
            "A: ü\r\n\r\nc".as_bytes(),
            "A: b\r\n\r\nü".as_bytes(),
            "A: b\r\r\n\r\nü".as_bytes(),
            "A: b\r\n\r\r\n\r\nü".as_bytes(),
            "ü".as_bytes(),
            b"",
            &[&large[..], "\nü".as_bytes()].concat(),
            &[&large[..], "ü".as_bytes()].concat(),
        ] {
            let mut expected = Envelope::new(ReversePath::Null, vec![]);
            let text = String::from_utf8(octets.to_vec()).unwrap().replace("\r\n", "\n");
            let text = text.replace('\n', "\r\n");
            expected.examine(text.as_bytes());
            assert_eq!(examined(octets), expected);
        }
    }
}
