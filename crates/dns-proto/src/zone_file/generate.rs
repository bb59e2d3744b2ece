//! `$GENERATE`: many records from one line (BIND).
use alloc::vec::Vec;
use core::fmt::Write;

use super::Limits;
use crate::error::{ParseError, ParseErrorKind};
use crate::text::Words;

/// A template and the numbers it is still to be filled with.
#[derive(Clone, Debug)]
pub(super) struct Generate {
    next: u32,
    stop: u32,
    step: u32,
    /// Owner, TTL, class, type and data.
    template: Vec<u8>,
}

impl Generate {
    /// Reads `START-STOP[/STEP] TEMPLATE` behind the directive.
    pub(super) fn parse(
        words: &mut Words<'_>,
        text: &[u8],
        limits: &Limits,
    ) -> Result<Self, ParseError> {
        const RANGE: &str = "a range like 1-10 or 0-255/2";
        let word = words.word(RANGE)?;
        let range = core::str::from_utf8(word.octets).ok().and_then(|range| {
            let (range, step) = range.split_once('/').unwrap_or((range, "1"));
            let (start, stop) = range.split_once('-')?;
            Some((start.parse().ok()?, stop.parse().ok()?, step.parse::<u32>().ok()?))
        });
        let sound = range.filter(|(start, stop, step)| start <= stop && *step > 0);
        let (next, stop, step) = sound.ok_or_else(|| word.error(RANGE))?;
        if u64::from((stop - next) / step) + 1 > u64::from(limits.generate) {
            return Err(ParseError::new(ParseErrorKind::Generate, word.at));
        }
        let start = words.peek().ok_or_else(|| words.error("an owner"))?.at;
        let template = text.get(start..).unwrap_or_default().trim_ascii_end().to_vec();
        Ok(Self { next, stop, step, template })
    }

    /// Fills the template with the next number; `None` when there is none.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> Option<Result<(), ParseError>> {
        if self.next > self.stop {
            return None;
        }
        let number = self.next;
        // Beyond the last number there is none.
        (self.next, self.stop) = match number.checked_add(self.step) {
            Some(next) => (next, self.stop),
            None => (1, 0),
        };
        out.clear();
        let filled = substitute(&self.template, number, out);
        Some(
            filled.ok_or(ParseError::new(ParseErrorKind::Expected("$ or ${offset,width,base}"), 0)),
        )
    }
}

fn substitute(template: &[u8], number: u32, out: &mut Vec<u8>) -> Option<()> {
    let mut rest = template;
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after) {
            (b'\\', [next, more @ ..]) => {
                out.extend_from_slice(&[b'\\', *next]);
                rest = more;
            }
            // BIND's older way to say a dollar.
            (b'$', [b'$', more @ ..]) => {
                out.extend_from_slice(b"\\$");
                rest = more;
            }
            (b'$', [b'{', more @ ..]) => {
                let end = more.iter().position(|octet| *octet == b'}')?;
                let (inside, more) = more.split_at(end);
                put(core::str::from_utf8(inside).ok()?, number, out)?;
                rest = more.get(1..)?;
            }
            (b'$', _) => print(i64::from(number), 0, "d", out)?,
            _ => out.push(octet),
        }
    }
    Some(())
}

/// Puts a number as `offset[,width[,base]]` says.
fn put(format: &str, number: u32, out: &mut Vec<u8>) -> Option<()> {
    let mut parts = format.split(',');
    let offset: i64 = parts.next()?.parse().ok()?;
    let width: usize = parts.next().map_or(Some(0), |width| width.parse().ok())?;
    let base = parts.next().unwrap_or("d");
    // Nothing longer fits a label's text.
    if parts.next().is_some() || width > 255 || offset.unsigned_abs() > u64::from(u32::MAX) {
        return None;
    }
    print(i64::from(number) + offset, width, base, out)
}

fn print(number: i64, width: usize, base: &str, out: &mut Vec<u8>) -> Option<()> {
    let mut text = alloc::string::String::new();
    let written = match base {
        "d" => write!(text, "{number:0width$}"),
        "o" => write!(text, "{number:0width$o}"),
        "x" => write!(text, "{number:0width$x}"),
        "X" => write!(text, "{number:0width$X}"),
        "n" | "N" => nibbles(number, width, base == "N", &mut text),
        _ => return None,
    };
    written.ok().map(|()| out.extend_from_slice(text.as_bytes()))
}

/// Hexadecimal digits, the lowest first, as labels; the width counts dots.
fn nibbles(number: i64, width: usize, capital: bool, out: &mut impl Write) -> core::fmt::Result {
    let (mut left, mut length) = (number.cast_unsigned(), 0);
    loop {
        let digit = u32::try_from(left & 15).unwrap_or_default();
        let digit = char::from_digit(digit, 16).unwrap_or('0');
        out.write_char(if capital { digit.to_ascii_uppercase() } else { digit })?;
        (left, length) = (left >> 4, length + 1);
        if left == 0 && length >= width {
            return Ok(());
        }
        out.write_char('.')?;
        length += 1;
        if left == 0 && length >= width {
            return Ok(());
        }
    }
}
