//! Undoing quoted-printable (RFC 2045 §6.7).
use alloc::vec::Vec;

use memchr::memrchr;

use crate::decode::hex_pair;
use crate::scan::{after, before};

/// What a quoted-printable decoder has not decided about yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Quoted {
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

impl Quoted {
    /// Returns the number of problems.
    pub(crate) fn feed(&mut self, octets: &[u8], out: &mut Vec<u8>) -> usize {
        let (start, held) = (out.len(), self.blanks.len() + 2);
        // Nothing decodes to more than itself, so that all is written in place; a word is more
        // than what is written of it.
        out.resize(start + held + octets.len() + 8, 0);
        let (mut at, mut rest, mut problems) = (start, octets, 0);
        let mut lines = memrchr(b'\n', octets).map_or(0, |end| end + 1);
        let mut scratch = Vec::new();
        while !rest.is_empty() {
            if lines > 0 && self.escape == Escape::None && self.blanks.is_empty() {
                // Whole lines are decoded at once; what follows the last one waits for its end.
                let done = sound(before(rest, lines), out, &mut at);
                (rest, lines) = (after(rest, done), lines - done);
            }
            let Some((octet, more)) = rest.split_first() else { break };
            problems += self.octet(*octet, &mut scratch);
            for (slot, octet) in out.iter_mut().skip(at).zip(&scratch) {
                *slot = *octet;
            }
            at += scratch.len();
            scratch.clear();
            (rest, lines) = (more, lines.saturating_sub(1));
        }
        out.truncate(at);
        problems
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> usize {
        let problems = match self.escape {
            // A soft line break may end a body: its line end went to the delimiter.
            Escape::None | Escape::Equals | Escape::Soft | Escape::Return => 0,
            Escape::Digit(digit) => {
                out.extend([b'=', digit]);
                1
            }
        };
        *self = Self::default();
        problems
    }

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

/// Decodes octets that end in LF up to the first that is wrong, to this place; returns how many
/// they are.
fn sound(lines: &[u8], out: &mut [u8], at: &mut usize) -> usize {
    // Blanks before this place were written as escapes, or do not end a line.
    let (mut rest, mut fixed) = (lines, *at);
    loop {
        let run = copy_run(rest, out.get_mut(*at..).unwrap_or_default());
        *at += run;
        rest = match after(rest, run) {
            [b'\n', more @ ..] => {
                let written = out.get(fixed..*at).unwrap_or_default();
                *at -= blanks_to_drop(written);
                let end: &[u8] = if written.ends_with(b"\r") { b"\r\n" } else { b"\n" };
                for octet in end {
                    put(*octet, out, at);
                }
                more
            }
            [b'=', b'\r', b'\n', more @ ..] | [b'=', b'\n', more @ ..] => more,
            wrong => {
                let [b'=', high, low, more @ ..] = wrong else { return lines.len() - wrong.len() };
                let Some(octet) = hex_pair(*high, *low) else { return lines.len() - wrong.len() };
                put(octet, out, at);
                more
            }
        };
        fixed = *at;
    }
}

fn put(octet: u8, out: &mut [u8], at: &mut usize) {
    if let Some(slot) = out.get_mut(*at) {
        *slot = octet;
        *at += 1;
    }
}

/// Copies what comes before the next `=` or LF, a word at a time; returns how much that is.
fn copy_run(rest: &[u8], slots: &mut [u8]) -> usize {
    let mut len = 0;
    for (word, slot) in rest.as_chunks().0.iter().zip(slots.as_chunks_mut().0) {
        *slot = *word;
        let hits = hits(u64::from_le_bytes(*word));
        if hits != 0 {
            return len + hits.trailing_zeros() as usize / 8;
        }
        len += 8;
    }
    let tail = after(rest, len).iter().zip(slots.iter_mut().skip(len));
    for (octet, slot) in tail.take_while(|(octet, _)| !matches!(octet, b'=' | b'\n')) {
        *slot = *octet;
        len += 1;
    }
    len
}

/// Marks the octets of a word that are `=` or LF. What is above the first mark may be wrong.
const fn hits(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let (equals, lf) = (word ^ (ONES * b'=' as u64), word ^ (ONES * b'\n' as u64));
    let zeros = equals.wrapping_sub(ONES) & !equals | lf.wrapping_sub(ONES) & !lf;
    zeros & (ONES << 7)
}

/// Counts the blanks that end a line with its CR: as many as the machine above would hold.
fn blanks_to_drop(line: &[u8]) -> usize {
    let blanks = line.iter().rev().take_while(|it| matches!(it, b' ' | b'\t' | b'\r')).count();
    blanks.checked_sub(1).map_or(0, |more| more % BLANKS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_without_end_are_not_hoarded() {
        let (mut quoted, mut out) = (Quoted::default(), Vec::new());
        quoted.feed(&b" ".repeat(BLANKS), &mut out);
        assert!(out.is_empty());
        quoted.feed(b" ", &mut out);
        assert_eq!(out.len(), BLANKS);
        quoted.feed(&b"\r".repeat(2 * BLANKS), &mut out);
        assert!(quoted.blanks.len() <= BLANKS);
        for len in [BLANKS - 1, BLANKS, BLANKS + 1, 2 * BLANKS, 2 * BLANKS + 1] {
            let line = [b" ".repeat(len), b"\n".to_vec()].concat();
            let (mut whole, mut pieces) = (Vec::new(), Vec::new());
            Quoted::default().feed(&line, &mut whole);
            let mut quoted = Quoted::default();
            line.iter().for_each(|octet| _ = quoted.feed(&[*octet], &mut pieces));
            assert_eq!(whole, pieces, "{len}");
        }
    }
}
