//! Undoing quoted-printable (RFC 2045 §6.7).
use alloc::vec::Vec;

use memchr::{memchr2, memrchr};

use crate::decode::hex_pair;
use crate::scan::after;

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
        out.reserve(octets.len());
        // Whole lines are decoded at once; what follows the last line end waits for its own.
        let (lines, tail) = octets.split_at_checked(whole_lines(octets)).unwrap_or((&[], octets));
        let (mut problems, mut rest) = (0, lines);
        loop {
            if self.escape == Escape::None && self.blanks.is_empty() {
                rest = sound(rest, out);
            }
            let Some((octet, more)) = rest.split_first() else { break };
            problems += self.octet(*octet, out);
            rest = more;
        }
        problems + tail.iter().map(|octet| self.octet(*octet, out)).sum::<usize>()
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

fn whole_lines(octets: &[u8]) -> usize {
    memrchr(b'\n', octets).map_or(0, |at| at + 1)
}

/// Decodes octets that end in LF up to the first that is wrong, and returns those left.
fn sound<'a>(lines: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    // Blanks before this place were written as escapes, or do not end a line.
    let (mut rest, mut fixed) = (lines, out.len());
    while let Some(at) = memchr2(b'=', b'\n', rest) {
        let (text, tail) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(text);
        rest = tail;
        if let [b'\n', more @ ..] = rest {
            end_line(fixed, out);
            (rest, fixed) = (more, out.len());
            continue;
        }
        while let [b'=', more @ ..] = rest {
            rest = match more {
                [b'\r', b'\n', more @ ..] | [b'\n', more @ ..] => more,
                [high, low, more @ ..] => {
                    let Some(octet) = hex_pair(*high, *low) else { return rest };
                    out.push(octet);
                    more
                }
                _ => return rest,
            };
            fixed = out.len();
        }
    }
    rest
}

/// Ends a line: the blanks before go, as many as the machine above would hold.
fn end_line(fixed: usize, out: &mut Vec<u8>) {
    let cr = out.len() > fixed && out.last() == Some(&b'\r');
    if !cr && (out.len() == fixed || !matches!(out.last(), Some(b' ' | b'\t'))) {
        return out.push(b'\n');
    }
    let written = after(out, fixed);
    let blanks = written.iter().rev().take_while(|it| matches!(it, b' ' | b'\t' | b'\r')).count();
    let held = blanks.checked_sub(1).map_or(0, |more| more % BLANKS + 1);
    out.truncate(out.len() - held);
    out.extend_from_slice(if cr { b"\r\n" } else { b"\n" });
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
