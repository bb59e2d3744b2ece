//! Undoing base64 and quoted-printable, leniently and piece by piece.
use alloc::vec::Vec;

use crate::Encoding;

/// Undoes a transfer encoding, however the octets are cut.
///
/// Never fails: what is wrong is left out or left as it is, and [counted](Self::problems).
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
    Base64 { bits: u32, symbols: u8 },
    Quoted(Quoted),
}

/// What a quoted-printable decoder has not decided about yet.
#[derive(Clone, Debug, Default)]
struct Quoted {
    /// Blanks that are dropped if the line ends after them (RFC 2045 §6.7 rule 3).
    blanks: Vec<u8>,
    escape: Escape,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Escape {
    #[default]
    None,
    /// `=`
    Equals,
    /// `=` and a hexadecimal digit.
    Digit(u8),
    /// `=` and blanks (held apart).
    Soft,
    /// `=`, perhaps blanks, and CR: LF completes a soft line break.
    Return,
}

/// Blanks held until the next octet tells whether they end a line: more than any line may have
/// (RFC 5322 §2.1.1), and all the memory that a decoder takes.
const BLANKS: usize = 998;

impl Decoder {
    /// Makes a decoder at the start of a body.
    #[must_use]
    pub fn new(encoding: Encoding) -> Self {
        let kind = match encoding {
            Encoding::Base64 => Kind::Base64 { bits: 0, symbols: 0 },
            Encoding::QuotedPrintable => Kind::Quoted(Quoted::default()),
            _ => Kind::Identity,
        };
        Self { kind, problems: 0 }
    }

    /// Decodes the next octets of the body and appends what they say to `out`.
    pub fn feed(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        match &mut self.kind {
            Kind::Identity => out.extend_from_slice(octets),
            Kind::Base64 { bits, symbols } => {
                out.reserve(octets.len() / 4 * 3);
                for octet in octets {
                    self.problems += base64_octet(*octet, bits, symbols, out);
                }
            }
            Kind::Quoted(quoted) => {
                out.reserve(octets.len());
                for octet in octets {
                    self.problems += quoted.octet(*octet, out);
                }
            }
        }
    }

    /// Decodes what was held back, at the end of the body. The decoder is then as new, but for
    /// its problems.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match &mut self.kind {
            Kind::Identity => {}
            Kind::Base64 { bits, symbols } => self.problems += base64_end(bits, symbols, out),
            Kind::Quoted(quoted) => {
                self.problems += match quoted.escape {
                    // A soft line break may end a body: its line end went to the delimiter.
                    Escape::None | Escape::Equals | Escape::Soft | Escape::Return => 0,
                    Escape::Digit(digit) => {
                        out.extend([b'=', digit]);
                        1
                    }
                };
                *quoted = Quoted::default();
            }
        }
    }

    /// Returns how many octets could not be what they should be.
    #[must_use]
    pub const fn problems(&self) -> usize {
        self.problems
    }
}

/// Takes one octet of base64 and returns the number of problems.
fn base64_octet(octet: u8, bits: &mut u32, symbols: &mut u8, out: &mut Vec<u8>) -> usize {
    let value = match octet {
        b'A'..=b'Z' => octet - b'A',
        b'a'..=b'z' => octet - b'a' + 26,
        b'0'..=b'9' => octet - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        b'=' if *symbols == 0 => return 0,
        // Padding ends a group; senders that join two encodings go on after it.
        b'=' => return base64_end(bits, symbols, out),
        b' ' | b'\t' | b'\r' | b'\n' => return 0,
        _ => return 1,
    };
    *bits = *bits << 6 | u32::from(value);
    *symbols += 1;
    if *symbols == 4 {
        let [_, octets @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&octets);
        (*bits, *symbols) = (0, 0);
    }
    0
}

fn base64_end(bits: &mut u32, symbols: &mut u8, out: &mut Vec<u8>) -> usize {
    let problems = match *symbols {
        2 => {
            let [.., octet] = (*bits >> 4).to_be_bytes();
            out.push(octet);
            0
        }
        3 => {
            let [.., first, second] = (*bits >> 2).to_be_bytes();
            out.extend([first, second]);
            0
        }
        symbols => usize::from(symbols),
    };
    (*bits, *symbols) = (0, 0);
    problems
}

impl Quoted {
    /// Takes one octet and returns the number of problems.
    fn octet(&mut self, octet: u8, out: &mut Vec<u8>) -> usize {
        match (self.escape, octet) {
            (Escape::None, b'=') => {
                out.append(&mut self.blanks);
                self.escape = Escape::Equals;
            }
            // A CR alone keeps the blanks before it as they are.
            (Escape::None, b' ' | b'\t' | b'\r') => {
                if self.blanks.len() == BLANKS {
                    out.append(&mut self.blanks);
                }
                self.blanks.push(octet);
            }
            (Escape::None, b'\n') => {
                let cr = self.blanks.last() == Some(&b'\r');
                self.blanks.clear();
                out.extend_from_slice(if cr { b"\r\n" } else { b"\n" });
            }
            (Escape::None, octet) => {
                out.append(&mut self.blanks);
                out.push(octet);
            }
            (Escape::Equals, b' ' | b'\t') => self.escape = Escape::Soft,
            (Escape::Soft, b' ' | b'\t') => {}
            (Escape::Equals | Escape::Soft, b'\r') => self.escape = Escape::Return,
            (Escape::Equals | Escape::Soft | Escape::Return, b'\n') => self.escape = Escape::None,
            (Escape::Equals, octet) if octet.is_ascii_hexdigit() => {
                self.escape = Escape::Digit(octet);
            }
            (Escape::Digit(high), octet) => {
                self.escape = Escape::None;
                match hex_pair(high, octet) {
                    Some(value) => out.push(value),
                    None => {
                        out.extend([b'=', high]);
                        return 1 + self.octet(octet, out);
                    }
                }
            }
            (escape, octet) => {
                self.escape = Escape::None;
                out.push(b'=');
                out.extend_from_slice(match escape {
                    Escape::Soft => b" ",
                    Escape::Return => b"\r",
                    _ => b"",
                });
                // One level deep at most: the escape is gone.
                return 1 + self.octet(octet, out);
            }
        }
        0
    }
}

/// Reads two hexadecimal digits.
pub(crate) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |octet| char::from(octet).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

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

    #[test]
    fn blanks_without_end_are_not_hoarded() {
        let mut decoder = Decoder::new(Encoding::QuotedPrintable);
        let mut out = Vec::new();
        decoder.feed(&b" ".repeat(BLANKS), &mut out);
        assert!(out.is_empty());
        decoder.feed(b" ", &mut out);
        assert_eq!(out.len(), BLANKS);
        decoder.feed(&b"\r".repeat(2 * BLANKS), &mut out);
        let Kind::Quoted(quoted) = &decoder.kind else { unreachable!() };
        assert!(quoted.blanks.len() <= BLANKS);
    }
}
