//! The forms in which signatures see a message (RFC 6376 §3.4).
use bytes::{BufMut, BytesMut};
use memchr::{memchr, memchr3};

use crate::Field;

/// How header fields and bodies are made alike before they are signed or verified (RFC 6376
/// §3.4), so that a signature survives what servers do on the way. Closed: the RFC has these two.
///
/// ```
/// use bytes::BytesMut;
/// use mime::{Canonicalization, Field};
///
/// let field = Field::new(b"B : Y\t\r\n\tZ  \r\n").unwrap();
/// let mut out = BytesMut::new();
/// Canonicalization::Relaxed.write_field(&field, &mut out);
/// assert_eq!(out, "b:Y Z\r\n");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Canonicalization {
    /// As it is, but for blank lines at the end of a body (§3.4.1, §3.4.3).
    #[default]
    Simple,
    /// Names in lower case, fields unfolded, blanks made one (§3.4.2, §3.4.4).
    Relaxed,
}

impl Canonicalization {
    /// Appends a header field, line end included.
    pub fn write_field(self, field: &Field<'_>, out: &mut BytesMut) {
        if self == Self::Simple {
            return out.put_slice(field.raw());
        }
        out.extend(field.name().bytes().map(|octet| octet.to_ascii_lowercase()));
        out.put_u8(b':');
        let blank = |octet: &u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
        let words = field.value().split(blank).filter(|word| !word.is_empty());
        for (at, word) in words.enumerate() {
            if at > 0 {
                out.put_u8(b' ');
            }
            out.put_slice(word);
        }
        out.put_slice(b"\r\n");
    }
}

/// Makes a body alike, however its octets are cut (RFC 6376 §3.4.3, §3.4.4).
///
/// Only CRLF is a line end: what has others is not what was signed.
///
/// ```
/// use bytes::BytesMut;
/// use mime::{BodyCanonicalizer, Canonicalization};
///
/// let (mut body, mut out) = (BodyCanonicalizer::new(Canonicalization::Relaxed), BytesMut::new());
/// body.feed(b" C \r\nD \t E\r", &mut out);
/// body.feed(b"\n\r\n\r\n", &mut out);
/// body.finish(&mut out);
/// assert_eq!(out, " C\r\nD E\r\n");
/// ```
#[derive(Clone, Debug, Default)]
pub struct BodyCanonicalizer {
    kind: Canonicalization,
    /// Line ends that count only if something follows them.
    line_ends: u64,
    /// Blanks that count only if the line goes on.
    blank: bool,
    /// CR, of which the next octet decides what it is.
    cr: bool,
    begun: bool,
}

impl BodyCanonicalizer {
    /// Makes one at the start of a body.
    #[must_use]
    pub const fn new(kind: Canonicalization) -> Self {
        Self { kind, line_ends: 0, blank: false, cr: false, begun: false }
    }

    /// Takes the next octets of the body and appends what is certain of its canonical form.
    pub fn feed(&mut self, octets: &[u8], out: &mut BytesMut) {
        let relaxed = self.kind == Canonicalization::Relaxed;
        out.reserve(octets.len());
        let mut rest = octets;
        while let Some((first, tail)) = rest.split_first() {
            match first {
                b'\n' if self.cr => {
                    (self.cr, self.blank) = (false, false);
                    self.line_ends += 1;
                    rest = tail;
                }
                _ if self.cr => {
                    self.cr = false;
                    self.text(b"\r", out);
                }
                b'\r' => (self.cr, rest) = (true, tail),
                b' ' | b'\t' if relaxed => (self.blank, rest) = (true, tail),
                _ => {
                    let end = if relaxed {
                        memchr3(b' ', b'\t', b'\r', rest)
                    } else {
                        memchr(b'\r', rest)
                    };
                    let (run, after) =
                        rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
                    self.text(run, out);
                    rest = after;
                }
            }
        }
    }

    /// Appends the end of the canonical form, at the end of the body. The canonicalizer is then as
    /// new.
    pub fn finish(&mut self, out: &mut BytesMut) {
        if self.cr {
            self.text(b"\r", out);
        }
        // §3.4.3: an empty body is one line end; §3.4.4: it is nothing.
        if self.begun || self.kind == Canonicalization::Simple {
            out.put_slice(b"\r\n");
        }
        *self = Self::new(self.kind);
    }

    fn text(&mut self, run: &[u8], out: &mut BytesMut) {
        for _ in 0..core::mem::take(&mut self.line_ends) {
            out.put_slice(b"\r\n");
        }
        if core::mem::take(&mut self.blank) {
            out.put_u8(b' ');
        }
        out.put_slice(run);
        self.begun = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;
    use Canonicalization::{Relaxed, Simple};

    fn header(kind: Canonicalization, message: &Message<'_>) -> BytesMut {
        let mut out = BytesMut::new();
        message.root().fields().for_each(|field| kind.write_field(&field, &mut out));
        out
    }

    fn body(kind: Canonicalization, pieces: &[&[u8]]) -> BytesMut {
        let (mut body, mut out) = (BodyCanonicalizer::new(kind), BytesMut::new());
        pieces.iter().for_each(|piece| body.feed(piece, &mut out));
        body.finish(&mut out);
        out
    }

    #[test]
    fn the_examples_of_rfc_6376_3_4_5() {
        let message = Message::parse(b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n");
        assert_eq!(header(Relaxed, &message), "a:X\r\nb:Y Z\r\n");
        assert_eq!(header(Simple, &message), "A: X\r\nB : Y\t\r\n\tZ  \r\n");
        assert_eq!(body(Relaxed, &[message.root().body()]), " C\r\nD E\r\n");
        assert_eq!(body(Simple, &[message.root().body()]), " C \r\nD \t E\r\n");
    }

    #[test]
    fn bodies_end_in_one_line_end() {
        for (text, simple, relaxed) in [
            ("", "\r\n", ""),
            ("\r\n\r\n", "\r\n", ""),
            ("a", "a\r\n", "a\r\n"),
            ("a\r\n", "a\r\n", "a\r\n"),
            (" \r\n", " \r\n", ""),
            ("a \r\n \t\r\n\r\n", "a \r\n \t\r\n", "a\r\n"),
            ("\r\n\r\na", "\r\n\r\na\r\n", "\r\n\r\na\r\n"),
            ("a \rb\nc\r", "a \rb\nc\r\r\n", "a \rb\nc\r\r\n"),
            ("a\r\r\n", "a\r\r\n", "a\r\r\n"),
            ("\ta  b\t", "\ta  b\t\r\n", " a b\r\n"),
        ] {
            assert_eq!(body(Simple, &[text.as_bytes()]), simple, "{text:?}");
            assert_eq!(body(Relaxed, &[text.as_bytes()]), relaxed, "{text:?}");
        }
    }

    #[test]
    fn a_body_may_be_cut_anywhere() {
        let text = b" a \t b\r\n\r\n \r\nc\r\r\n\n \rd\t\r\n\r\n";
        for kind in [Simple, Relaxed] {
            let whole = body(kind, &[text]);
            for first in 0..=text.len() {
                for second in first..=text.len() {
                    let pieces = [&text[..first], &text[first..second], &text[second..]];
                    assert_eq!(body(kind, &pieces), whole);
                }
            }
            assert_eq!(body(kind, &[&whole]), whole, "what is canonical stays so");
        }
    }
}
