//! Framing: lines, and runs of counted octets.
use bytes::{Buf, Bytes, BytesMut};
use memchr::memchr;

/// Octets received and not yet consumed.
///
/// Each octet is searched once, however the input trickles in, and a line that is too long is
/// thrown away while it arrives: what is held never exceeds the limit and one read.
///
/// ```
/// use proto_core::{Input, LineError};
///
/// let mut input = Input::default();
/// input.push(b"NOOP\r\nXYZZYXYZZY\r\nQU");
/// assert_eq!(input.line(8), Ok(Some("NOOP".into())));
/// assert_eq!(input.line(8), Err(LineError::TooLong { length: 12 }));
/// assert_eq!(input.line(8), Ok(None));
/// input.push(b"IT\r\n");
/// assert_eq!(input.line(8), Ok(Some("QUIT".into())));
/// ```
#[derive(Debug, Default)]
pub struct Input {
    buf: BytesMut,
    /// No LF before this index.
    scanned: usize,
    /// How much of an over-long line is gone already.
    skipped: u64,
    /// The last octets of the line that is, or was, bad.
    tail: BytesMut,
}

/// How much of a bad line is remembered: more than any word that it can end in.
const TAIL: usize = 64;

/// Why a line could not be taken. The line itself is gone, and the next one can be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The line is longer than the limit.
    #[error("line of {length} octets is too long")]
    TooLong {
        /// Its length with the line ending, in octets.
        length: u64,
    },
    /// A line feed was not preceded by a carriage return (RFC 5321 §2.3.8).
    #[error("line feed without carriage return")]
    BareLf,
}

impl Input {
    /// Appends received octets.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buf.reserve(bytes.len());
        // Not all at once: a long copy is made by an instruction that takes its time to begin.
        bytes.chunks(3072).for_each(|part| self.buf.extend_from_slice(part));
    }

    /// Takes one line that ends in CRLF, without its CRLF; `None` until it is complete.
    ///
    /// `limit` counts octets with the CRLF, as RFCs do. The line shares the buffer that it was
    /// read into: copy what is kept for long.
    ///
    /// # Errors
    /// The line is too long, which is said once, when its end has come; or LF alone ended it.
    /// The line is skipped in either case: answer, and go on.
    pub fn line(&mut self, limit: usize) -> Result<Option<Bytes>, LineError> {
        let Some(line) = self.any_line(limit)? else { return Ok(None) };
        match line.strip_suffix(b"\r") {
            Some(content) => Ok(Some(line.slice(..content.len()))),
            None => {
                self.tail.clear();
                self.remember(&line);
                Err(LineError::BareLf)
            }
        }
    }

    /// Takes one line that ends in CRLF or in LF alone, without its ending: for clients, whose
    /// servers are what they are.
    ///
    /// # Errors
    /// The line is too long and has been skipped.
    pub fn lenient_line(&mut self, limit: usize) -> Result<Option<Bytes>, LineError> {
        let line = self.any_line(limit)?;
        Ok(line.map(|line| match line.strip_suffix(b"\r") {
            Some(content) => line.slice(..content.len()),
            None => line,
        }))
    }

    /// Takes up to `n` octets: the next piece of a literal, a chunk or a body.
    pub fn take(&mut self, n: u64) -> Option<Bytes> {
        let n = usize::try_from(n).map_or(self.buf.len(), |n| n.min(self.buf.len()));
        (n > 0).then(|| self.split(n).freeze())
    }

    /// Whether everything received has been consumed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buf.is_empty() && self.skipped == 0
    }

    /// Returns how many octets are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.buf.len()
    }

    /// Returns how much of a line that is too long has been thrown away so far: a session ends
    /// when a line will not.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns the last octets, up to 64, of the line that the last [`LineError`] was about,
    /// without its ending: where a line's end says what follows it, as in IMAP, the reader of a
    /// bad line has to know.
    #[must_use]
    pub fn tail(&self) -> &[u8] {
        self.tail.strip_suffix(b"\r").unwrap_or(&self.tail)
    }

    /// Forgets everything received.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns what is held: for readers that frame otherwise, and have to look before they
    /// [`take`](Self::take).
    #[must_use]
    pub fn held(&self) -> &[u8] {
        &self.buf
    }

    pub(crate) fn held_mut(&mut self) -> &mut [u8] {
        &mut self.buf
    }

    /// Takes exactly `n` octets, which must be held.
    pub(crate) fn split(&mut self, n: usize) -> BytesMut {
        self.scanned = 0;
        self.buf.split_to(n)
    }

    pub(crate) fn skip(&mut self, n: usize) {
        self.scanned = 0;
        self.buf.advance(n);
    }

    /// Takes one line up to its LF, without the LF.
    fn any_line(&mut self, limit: usize) -> Result<Option<Bytes>, LineError> {
        let fresh = self.buf.get(self.scanned..).unwrap_or_default();
        let Some(at) = memchr(b'\n', fresh) else {
            self.scanned = self.buf.len();
            if self.scanned >= limit {
                let octets = self.split(self.scanned);
                self.begin_tail();
                self.remember(&octets);
                self.skipped += octets.len() as u64;
            }
            return Ok(None);
        };
        let mut line = self.split(self.scanned + at + 1);
        let length = self.skipped + line.len() as u64;
        line.truncate(line.len() - 1);
        if length > limit as u64 {
            self.begin_tail();
            self.remember(&line);
            self.skipped = 0;
            return Err(LineError::TooLong { length });
        }
        Ok(Some(line.freeze()))
    }

    /// Forgets the last bad line, if this is another.
    fn begin_tail(&mut self) {
        if self.skipped == 0 {
            self.tail.clear();
        }
    }

    fn remember(&mut self, octets: &[u8]) {
        self.tail
            .extend_from_slice(octets.get(octets.len().saturating_sub(TAIL)..).unwrap_or_default());
        self.tail.advance(self.tail.len().saturating_sub(TAIL));
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    type Line = Result<Vec<u8>, LineError>;

    fn lines<'a>(chunks: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> (Vec<Line>, u64) {
        let (mut input, mut found) = (Input::default(), Vec::new());
        for chunk in chunks {
            input.push(chunk);
            while let Some(line) = input.line(limit).transpose() {
                if line.is_err() {
                    found.push(Ok(input.tail().to_vec()));
                }
                found.push(line.map(Vec::from));
            }
            assert!(input.len() < limit, "an unfinished line is held beyond the limit");
        }
        (found, input.skipped() + input.len() as u64)
    }

    #[test]
    fn a_line_at_the_limit_is_taken_and_one_octet_more_is_skipped() {
        let whole: &[u8] = b"12345678\r\n123456789\r\nok\r\n";
        let (found, _) = lines([whole], 10);
        assert_eq!(found[0].as_deref(), Ok(&b"12345678"[..]));
        assert_eq!(found[1].as_deref(), Ok(&b"123456789"[..]), "the tail");
        assert_eq!(found[2], Err(LineError::TooLong { length: 11 }));
        assert_eq!(found[3].as_deref(), Ok(&b"ok"[..]));
    }

    #[test]
    fn bare_lf_is_reported_and_resynchronises() {
        let (found, _) = lines([&b"a\nb\r\n"[..]], 10);
        assert_eq!(found[0].as_deref(), Ok(&b"a"[..]), "the tail");
        assert_eq!(found[1], Err(LineError::BareLf));
        assert_eq!(found[2].as_deref(), Ok(&b"b"[..]));
    }

    #[test]
    fn a_bad_lines_tail_has_64_octets_at_most() {
        for chunk in [1, 7, 100, 200] {
            let mut input = Input::default();
            let line: Vec<_> = (b' '..b'~').chain(*b"\r\n").collect();
            for octets in line.chunks(chunk) {
                input.push(octets);
                let _ = input.line(10);
            }
            assert_eq!(input.tail(), &line[line.len() - 65..line.len() - 2], "{chunk}");
        }
    }

    #[test]
    fn an_endless_line_costs_no_memory_and_is_counted() {
        let mut input = Input::default();
        for _ in 0..1000 {
            input.push(&[b'x'; 512]);
            assert_eq!(input.line(512), Ok(None));
            assert_eq!(input.len(), 0);
        }
        assert_eq!(input.skipped(), 512_000);
        assert!(!input.is_empty());
    }

    #[test]
    fn counted_octets_come_as_they_arrived() {
        let mut input = Input::default();
        assert_eq!(input.take(5), None);
        input.push(b"abc");
        assert_eq!(input.take(5).as_deref(), Some(&b"abc"[..]));
        input.push(b"defg");
        assert_eq!(input.take(2).as_deref(), Some(&b"de"[..]));
        assert_eq!(input.len(), 2);
    }

    #[test]
    fn lenient_lines_may_end_in_lf() {
        let mut input = Input::default();
        input.push(b"a\nb\r\n\n");
        for expected in ["a", "b", ""] {
            assert_eq!(input.lenient_line(3), Ok(Some(expected.into())));
        }
    }

    proptest! {
        #[test]
        fn splitting_changes_nothing(
            octets in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'x')], 0..80),
            at in 0usize..80,
            limit in 2usize..12,
        ) {
            let (a, b) = octets.split_at(at.min(octets.len()));
            let whole = lines([&octets[..]], limit);
            prop_assert_eq!(&lines([a, b], limit), &whole);
            prop_assert_eq!(&lines(octets.chunks(1), limit), &whole);
        }
    }
}
