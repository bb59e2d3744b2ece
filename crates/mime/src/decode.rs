//! Undoing transfer encodings, leniently and piece by piece.
use alloc::vec::Vec;

use crate::Encoding;
use crate::decode_base64::Base64;
use crate::decode_lines::Lines;
use crate::decode_quoted::Quoted;

/// Undoes a transfer encoding, however the octets are cut.
///
/// Never fails: what is wrong is left out or left as it is, and [counted](Self::problems). Besides
/// what was fed it holds one line at most.
///
/// ```
/// use mime::{Decoder, Encoding};
///
/// let (mut decoder, mut out) = (Decoder::new(Encoding::Base64), Vec::new());
/// decoder.feed(b"aGVs\r\nb", &mut out);
/// decoder.feed(b"G8=", &mut out);
/// decoder.finish(&mut out);
/// assert_eq!(out, b"hello");
/// assert_eq!(decoder.problems(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    kind: Kind,
    problems: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    Identity,
    Base64(Base64),
    Quoted(Quoted),
    Lines(Lines),
}

impl Decoder {
    /// Makes a decoder at the start of a body.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        let kind = match encoding {
            Encoding::Base64 => Kind::Base64(Base64::default()),
            Encoding::QuotedPrintable => Kind::Quoted(Quoted::default()),
            Encoding::Uuencode => Kind::Lines(Lines::uuencode()),
            Encoding::Yenc => Kind::Lines(Lines::yenc()),
            Encoding::SevenBit | Encoding::EightBit | Encoding::Binary | Encoding::Unknown => {
                Kind::Identity
            }
        };
        Self { kind, problems: 0 }
    }

    /// Decodes the next octets of the body and appends what they say to `out`.
    pub fn feed(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        self.problems += match &mut self.kind {
            Kind::Identity => {
                out.extend_from_slice(octets);
                0
            }
            Kind::Base64(base64) => base64.feed(octets, out),
            Kind::Quoted(quoted) => quoted.feed(octets, out),
            Kind::Lines(lines) => lines.feed(octets, out),
        };
    }

    /// Decodes what was held back, at the end of the body. The decoder is then as new, but for
    /// its problems.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.problems += match &mut self.kind {
            Kind::Identity => 0,
            Kind::Base64(base64) => base64.finish(out),
            Kind::Quoted(quoted) => quoted.finish(out),
            Kind::Lines(lines) => lines.finish(out),
        };
    }

    /// Returns how many octets could not be what they should be.
    #[must_use]
    pub const fn problems(&self) -> usize {
        self.problems
    }
}

/// Reads two hexadecimal digits.
pub(crate) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |octet: u8| DIGITS.get(usize::from(octet)).copied().unwrap_or(NO_DIGIT);
    let (high, low) = (digit(high), digit(low));
    ((high | low) < NO_DIGIT).then_some(high << 4 | low)
}

const NO_DIGIT: u8 = 0x10;

const DIGITS: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let (mut rest, mut octet) = (table.as_mut_slice(), 0_u8);
    while let [first, more @ ..] = rest {
        *first = match octet {
            b'0'..=b'9' => octet - b'0',
            b'A'..=b'F' => octet - b'A' + 10,
            b'a'..=b'f' => octet - b'a' + 10,
            _ => NO_DIGIT,
        };
        octet = octet.wrapping_add(1);
        rest = more;
    }
    table
};

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn decode(encoding: Encoding, cut: usize, octets: &[u8]) -> (Vec<u8>, usize) {
        let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
        let (one, two) = octets.split_at(cut);
        decoder.feed(one, &mut out);
        decoder.feed(two, &mut out);
        decoder.finish(&mut out);
        (out, decoder.problems())
    }

    #[test]
    fn every_encoding_is_undone_at_every_split() {
        use Encoding::{Base64, QuotedPrintable as Quoted};
        let table: &[(Encoding, &[u8], &[u8], usize)] = &[
            (Base64, b"", b"", 0),
            (Base64, b"Zg==", b"f", 0),
            (Base64, b"Zm8=", b"fo", 0),
            (Base64, b"Zm8", b"fo", 0),
            (Base64, b"Zm 9v\r\nYmFy", b"foobar", 0),
            (Base64, b"Zg==Zg==", b"ff", 0),
            (Base64, b"Z", b"", 1),
            (Base64, b"Z!m9v", b"foo", 1),
            (Quoted, b"a=3Db=3db", b"a=b=b", 0),
            (Quoted, b"a  \r\nb\t\nc", b"a\r\nb\nc", 0),
            (Quoted, b"a =\r\nb=  \nc=", b"a bc", 0),
            (Quoted, b"a=", b"a", 0),
            (Quoted, b"a=4", b"a=4", 1),
            (Quoted, b"=XY=4Z", b"=XY=4Z", 2),
            (Quoted, b"==41", b"=A", 1),
            (Quoted, b"= x", b"= x", 1),
            (Quoted, b"=\rx", b"=\rx", 1),
            (Quoted, b"a \rb", b"a \rb", 0),
            (Quoted, b"end  ", b"end", 0),
            (Encoding::Unknown, b"=41", b"=41", 0),
        ];
        for (encoding, octets, expected, problems) in table {
            for cut in 0..=octets.len() {
                let found = decode(*encoding, cut, octets);
                assert_eq!(found, (expected.to_vec(), *problems), "{octets:?} at {cut}");
            }
        }
    }

    /// Octets of every kind in every order decode the same in pieces as at once.
    #[test]
    fn pieces_do_not_matter() {
        let pieces: [&[u8]; 16] = [
            b"=",
            b"\r\n",
            b"\n",
            b"\r",
            b" ",
            b"\t ",
            b"AB",
            b"4",
            b"Zm9v",
            b"==",
            b"!",
            b"=C3=A9",
            b"begin 644 a\r\n",
            b"=ybegin line=9\r\n",
            b"end\r\n",
            b"#0V%T\r\n",
        ];
        let mut state = 7_u32;
        for _ in 0..3000 {
            let mut octets = Vec::new();
            for _ in 0..12 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                octets.extend_from_slice(pieces[(state >> 28) as usize]);
            }
            for encoding in
                [Encoding::Base64, Encoding::QuotedPrintable, Encoding::Uuencode, Encoding::Yenc]
            {
                let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
                octets.iter().for_each(|octet| decoder.feed(&[*octet], &mut out));
                decoder.finish(&mut out);
                let found = decode(encoding, 0, &octets);
                assert_eq!(
                    found,
                    (out, decoder.problems()),
                    "{encoding} {}",
                    octets.escape_ascii()
                );
            }
        }
    }
}
