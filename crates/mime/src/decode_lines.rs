//! Undoing uuencode (POSIX `uuencode`, the historical one) and yEnc, which go by lines.
use alloc::vec::Vec;

use crate::scan::after;

/// A decoder that looks at whole lines.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    yenc: bool,
    place: Place,
    /// The line that has not ended yet.
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// Before the line that begins the file, or after the one that ends it.
    Outside,
    Inside,
    /// Inside a line of which a piece was decoded already.
    Continued,
}

/// Octets of a line that are held: more than any line may have (RFC 5322 §2.1.1).
const LINE: usize = 1000;

impl Lines {
    pub(crate) const fn uuencode() -> Self {
        Self { yenc: false, place: Place::Outside, line: Vec::new() }
    }

    pub(crate) const fn yenc() -> Self {
        Self { yenc: true, place: Place::Outside, line: Vec::new() }
    }

    /// Returns the number of problems.
    pub(crate) fn feed(&mut self, octets: &[u8], out: &mut Vec<u8>) -> usize {
        let mut problems = 0;
        for octet in octets {
            if *octet == b'\n' {
                problems += self.line(out, true);
                continue;
            }
            self.line.push(*octet);
            if self.line.len() == LINE {
                problems += self.line(out, false);
            }
        }
        problems
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> usize {
        let last = if self.line.is_empty() { 0 } else { self.line(out, true) };
        // A file that does not end was cut.
        let cut = core::mem::replace(&mut self.place, Place::Outside) != Place::Outside;
        last + usize::from(cut)
    }

    /// Takes the line that is held, whole or up to where it is too long.
    fn line(&mut self, out: &mut Vec<u8>, whole: bool) -> usize {
        let held = core::mem::take(&mut self.line);
        let line = if whole { held.strip_suffix(b"\r").unwrap_or(&held) } else { &held };
        let problems = if self.yenc { self.yenc_line(line, out) } else { self.uu_line(line, out) };
        if self.place == Place::Inside && !whole {
            self.place = Place::Continued;
        } else if self.place == Place::Continued && whole {
            self.place = Place::Inside;
        }
        self.line = held;
        self.line.clear();
        problems
    }

    fn uu_line(&mut self, line: &[u8], out: &mut Vec<u8>) -> usize {
        match (self.place, line) {
            (Place::Outside, _) => {
                if line.starts_with(b"begin ") {
                    self.place = Place::Inside;
                }
                0
            }
            (Place::Inside, b"end") => {
                self.place = Place::Outside;
                0
            }
            (Place::Inside, [] | [b'`' | b' ']) => 0,
            (Place::Inside, [count, symbols @ ..]) => uu_symbols(*count, symbols, out),
            // Nothing that uuencode writes is so long.
            (Place::Continued, line) => line.len(),
        }
    }

    fn yenc_line(&mut self, line: &[u8], out: &mut Vec<u8>) -> usize {
        match (self.place, line) {
            (Place::Outside, _) => {
                if line.starts_with(b"=ybegin ") {
                    self.place = Place::Inside;
                }
                0
            }
            (Place::Inside, [b'=', b'y', rest @ ..]) => {
                if rest.starts_with(b"end") {
                    self.place = Place::Outside;
                }
                0
            }
            (Place::Inside | Place::Continued, line) => yenc_octets(line, out),
        }
    }
}

/// Decodes a line: how many octets it has, then four symbols for each three of them. What a
/// gateway took off the end of a group were spaces, which are zeros.
fn uu_symbols(count: u8, symbols: &[u8], out: &mut Vec<u8>) -> usize {
    let value = |octet: u8| octet.wrapping_sub(b' ') & 0x3f;
    if !(b' '..=b'`').contains(&count) {
        return 1;
    }
    let start = out.len();
    let count = usize::from(value(count));
    for group in symbols.chunks(4).take(count.div_ceil(3)) {
        let at = |at: usize| u32::from(value(group.get(at).copied().unwrap_or(b' ')));
        let bits = at(0) << 18 | at(1) << 12 | at(2) << 6 | at(3);
        let [_, octets @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&octets);
    }
    out.truncate(start + count);
    let short = (count * 4).div_ceil(3).saturating_sub(symbols.len());
    let used = symbols.iter().take(count.div_ceil(3) * 4);
    short + used.filter(|octet| !(b' '..=b'`').contains(octet)).count()
}

/// Decodes octets of yEnc: each is 42 more than what it means, 64 more than that after `=`.
fn yenc_octets(line: &[u8], out: &mut Vec<u8>) -> usize {
    let mut rest = line;
    while let Some((octet, more)) = rest.split_first() {
        rest = match (octet, more) {
            (b'=', []) => return 1,
            (b'=', [escaped, ..]) => {
                out.push(escaped.wrapping_sub(64 + 42));
                after(more, 1)
            }
            (octet, more) => {
                out.push(octet.wrapping_sub(42));
                more
            }
        };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decoder, Encoding};

    fn decode(encoding: Encoding, octets: &[u8]) -> (Vec<u8>, usize) {
        let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
        decoder.feed(octets, &mut out);
        decoder.finish(&mut out);
        (out, decoder.problems())
    }

    #[test]
    fn uuencoded_files_are_found_between_their_lines() {
        let table: &[(&[u8], &[u8], usize)] = &[
            (b"Hi\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\nBye", b"Cat", 0),
            (b"begin 644 a\n!0P\n\nend\n", b"C", 0),
            (b"begin 644 a\n#0V%\nend\n", b"Ca\x40", 1),
            (b"begin 644 a\n#0V%T\n", b"Cat", 1),
            (b"#0V%T\n", b"", 0),
            (b"begin 644 a\n~\nend", b"", 1),
        ];
        for (octets, expected, problems) in table {
            let found = decode(Encoding::Uuencode, octets);
            assert_eq!(found, (expected.to_vec(), *problems), "{}", octets.escape_ascii());
        }
    }

    #[test]
    fn yenc_is_undone() {
        let plain: Vec<u8> = (0..=255).collect();
        let mut octets =
            b"=ybegin line=128 size=256 name=all\r\n=ypart begin=1 end=256\r\n".to_vec();
        for octet in &plain {
            match octet.wrapping_add(42) {
                critical @ (0 | b'\r' | b'\n' | b'=') => {
                    octets.extend([b'=', critical.wrapping_add(64)])
                }
                octet => octets.push(octet),
            }
        }
        octets.extend(b"\r\n=yend size=256\r\n");
        assert_eq!(decode(Encoding::Yenc, &octets), (plain, 0));
        assert_eq!(decode(Encoding::Yenc, b"=ybegin \nk=\n=yend"), (b"A".to_vec(), 1));
    }

    #[test]
    fn lines_without_end_are_not_hoarded() {
        let mut lines = Lines::yenc();
        let mut out = Vec::new();
        lines.feed(b"=ybegin \n", &mut out);
        lines.feed(&b"k".repeat(10 * LINE), &mut out);
        assert!(lines.line.len() < LINE && out.len() == 10 * LINE);
        let mut lines = Lines::uuencode();
        lines.feed(b"begin 644 a\n", &mut out);
        assert!(lines.feed(&b"k".repeat(10 * LINE), &mut out) > 9 * LINE - 1);
    }
}
