//! One entry of a master file, word by word.
use alloc::vec::Vec;

use crate::error::{ParseError, ParseErrorKind};
use crate::name::{MAX_LABEL, MAX_NAME, escape};

/// What an octet means between words and in them.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Plain,
    Blank,
    Comment,
    Quote,
    Escape,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Plain; 256];
    let mut octet = 0_u8;
    loop {
        let kind = match octet {
            b' ' | b'\t' | b'\r' | b'\n' | b'(' | b')' => Kind::Blank,
            b';' => Kind::Comment,
            b'"' => Kind::Quote,
            b'\\' => Kind::Escape,
            _ => Kind::Plain,
        };
        if let Some((place, _)) = kinds.split_at_mut(octet as usize).1.split_first_mut() {
            *place = kind;
        }
        if octet == u8::MAX {
            break kinds;
        }
        octet += 1;
    }
};

#[inline]
fn kind(octet: u8) -> Kind {
    KINDS.get(usize::from(octet)).copied().unwrap_or(Kind::Plain)
}

/// A word as it stands in the text, escapes and all; the quotes around it are gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'t> {
    pub(crate) octets: &'t [u8],
    pub(crate) quoted: bool,
    pub(crate) at: usize,
}

impl Word<'_> {
    pub(crate) const fn error(&self, expected: &'static str) -> ParseError {
        ParseError::new(ParseErrorKind::Expected(expected), self.at)
    }

    /// Reads a decimal number.
    pub(crate) fn number(&self, most: u64, expected: &'static str) -> Result<u64, ParseError> {
        let digits = self.octets.iter().try_fold(0_u64, |number, octet| {
            let digit = octet.wrapping_sub(b'0');
            let number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
            (digit < 10 && number <= most).then_some(number)
        });
        let digits = digits.filter(|_| !self.octets.is_empty() && !self.quoted);
        digits.ok_or_else(|| self.error(expected))
    }

    /// Reads seconds, perhaps with units: `1h30m` (RFC 1035 knows none; BIND brought them).
    pub(crate) fn seconds(&self) -> Option<u32> {
        let (mut total, mut number, mut digits) = (0_u64, 0_u64, false);
        for octet in self.octets {
            let unit = match octet.to_ascii_lowercase() {
                digit @ b'0'..=b'9' => {
                    number = (number * 10 + u64::from(digit - b'0')).min(1 << 40);
                    digits = true;
                    continue;
                }
                b's' => 1,
                b'm' => 60,
                b'h' => 3_600,
                b'd' => 86_400,
                b'w' => 604_800,
                _ => return None,
            };
            if !digits {
                return None;
            }
            total += number * unit;
            (number, digits) = (0, false);
        }
        let seconds = total + number;
        u32::try_from(seconds).ok().filter(|_| !self.octets.is_empty() && !self.quoted)
    }
}

/// The words of an entry that is known to be whole: parentheses and quotes are in pairs.
#[derive(Clone, Debug)]
pub(crate) struct Words<'t> {
    text: &'t [u8],
    at: usize,
    /// What relative names end in, on the wire.
    pub(crate) origin: &'t [u8],
}

impl<'t> Words<'t> {
    pub(crate) const fn new(text: &'t [u8], origin: &'t [u8]) -> Self {
        Self { text, at: 0, origin }
    }

    pub(crate) const fn error(&self, expected: &'static str) -> ParseError {
        ParseError::new(ParseErrorKind::Expected(expected), self.at)
    }

    /// Whether the entry begins with a blank: its owner is the one before.
    pub(crate) fn begins_blank(&self) -> bool {
        self.text.first().is_some_and(|&octet| kind(octet) == Kind::Blank)
    }

    /// Returns the next word, if there is one.
    pub(crate) fn next(&mut self) -> Option<Word<'t>> {
        let mut rest = self.text.get(self.at..)?;
        loop {
            let (&octet, after) = rest.split_first()?;
            rest = match kind(octet) {
                Kind::Blank => after,
                Kind::Comment => after.get(memchr::memchr(b'\n', after)?..)?,
                _ => break,
            };
        }
        let at = self.text.len() - rest.len();
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            let end = closing_quote(quoted);
            self.at = at + end + 2;
            return Some(Word { octets: quoted.get(..end)?, quoted: true, at });
        }
        let plain = |octet: &u8| kind(*octet) == Kind::Plain;
        let mut end = rest.iter().position(|octet| !plain(octet)).unwrap_or(rest.len());
        while let Some(&octet) = rest.get(end) {
            end += match kind(octet) {
                Kind::Plain => 1,
                Kind::Escape => 2,
                Kind::Quote => closing_quote(rest.get(end + 1..)?) + 2,
                _ => break,
            };
        }
        let octets = rest.get(..end).unwrap_or(rest);
        self.at = at + octets.len();
        Some(Word { octets, quoted: false, at })
    }

    /// Returns the next word without stepping over it.
    pub(crate) fn peek(&self) -> Option<Word<'t>> {
        self.clone().next()
    }

    /// Returns the next word if it begins with an escape, without stepping over it.
    pub(crate) fn escaped(&self) -> Option<Word<'t>> {
        let rest = self.text.get(self.at..)?;
        let first = rest.iter().find(|octet| kind(**octet) != Kind::Blank)?;
        if *first == b'\\' || *first == b';' { self.peek() } else { None }
    }

    pub(crate) fn word(&mut self, expected: &'static str) -> Result<Word<'t>, ParseError> {
        self.next().ok_or_else(|| self.error(expected))
    }

    pub(crate) fn number(&mut self, most: u64, expected: &'static str) -> Result<u64, ParseError> {
        self.word(expected)?.number(most, expected)
    }

    pub(crate) fn name(&mut self, out: &mut Vec<u8>) -> Result<(), ParseError> {
        put_name(self.word("a domain name")?, self.origin, out)
    }
}

fn closing_quote(quoted: &[u8]) -> usize {
    let mut end = 0;
    loop {
        match quoted.get(end) {
            Some(b'\\') => end += 2,
            Some(b'"') | None => return end.min(quoted.len()),
            Some(_) => end += 1,
        }
    }
}

/// Appends a name's wire form; one without a final dot ends in the origin.
pub(crate) fn put_name(word: Word<'_>, origin: &[u8], out: &mut Vec<u8>) -> Result<(), ParseError> {
    let start = out.len();
    match word.octets {
        b"@" => {
            out.extend_from_slice(origin);
            return Ok(());
        }
        b"." => {
            out.push(0);
            return Ok(());
        }
        _ => {}
    }
    let mut rest = word.octets;
    let absolute = loop {
        let length = rest.iter().position(|&octet| octet == b'.' || octet == b'\\');
        let (label, after) = rest.split_at(length.unwrap_or(rest.len()));
        let error =
            |kind, rest: &[u8]| ParseError::new(kind, word.at + word.octets.len() - rest.len());
        let place = out.len();
        out.push(0);
        out.extend_from_slice(label);
        let after = match after.first() {
            Some(b'\\') => escaped_label(word, after, out)?,
            _ => after,
        };
        let length = u8::try_from(out.len() - place - 1).ok();
        let length = length.filter(|&length| (1..=MAX_LABEL).contains(&usize::from(length)));
        let length = length.ok_or_else(|| error(ParseErrorKind::LabelLength, rest))?;
        if let Some(place) = out.get_mut(place) {
            *place = length;
        }
        match after {
            [] => break false,
            [_] => break true,
            [_, after @ ..] => rest = after,
        }
        if out.len() - start > MAX_NAME {
            return Err(error(ParseErrorKind::NameLength, rest));
        }
    };
    out.extend_from_slice(if absolute { &[0] } else { origin });
    if out.len() - start > MAX_NAME {
        return Err(ParseError::new(ParseErrorKind::NameLength, word.at));
    }
    Ok(())
}

/// Appends the rest of a label from its first escape on; returns what follows the label.
fn escaped_label<'t>(
    word: Word<'t>,
    text: &'t [u8],
    out: &mut Vec<u8>,
) -> Result<&'t [u8], ParseError> {
    let start = word.octets.len() - text.len();
    let mut octets = word.octets.iter().copied().enumerate().skip(start);
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'.' => return Ok(word.octets.get(at..).unwrap_or_default()),
            b'\\' => out.push(escape(&mut octets, at).map_err(|error| moved(error, word.at))?),
            _ => out.push(octet),
        }
    }
    Ok(&[])
}

fn moved(error: ParseError, by: usize) -> ParseError {
    ParseError::new(error.kind(), error.offset() + by)
}

/// Appends the octets that a word's text stands for.
pub(crate) fn unescape(word: Word<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
    let Some(first) = memchr::memchr2(b'\\', b'"', word.octets) else {
        out.extend_from_slice(word.octets);
        return Ok(());
    };
    out.extend_from_slice(word.octets.get(..first).unwrap_or_default());
    let mut octets = word.octets.iter().copied().enumerate().skip(first);
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'\\' => out.push(escape(&mut octets, at).map_err(|error| moved(error, word.at))?),
            b'"' => return Err(word.error("a blank before the quote")),
            _ => out.push(octet),
        }
    }
    Ok(())
}
