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
        let first = loop {
            let (&octet, after) = rest.split_first()?;
            match kind(octet) {
                Kind::Blank => rest = after,
                Kind::Comment => rest = after_comment(after)?,
                kind => break kind,
            }
        };
        let at = self.text.len() - rest.len();
        if first == Kind::Quote {
            return self.quoted(at);
        }
        let mut end = plain(rest);
        match rest.get(end).map(|octet| kind(*octet)) {
            None | Some(Kind::Blank) => {}
            Some(_) => end = end_of_word(rest, end)?,
        }
        let octets = rest.get(..end).unwrap_or(rest);
        self.at = at + octets.len();
        Some(Word { octets, quoted: false, at })
    }

    /// Returns the word in quotes that begins here.
    #[inline(never)]
    fn quoted(&mut self, at: usize) -> Option<Word<'t>> {
        let quoted = self.text.get(at + 1..)?;
        let end = closing_quote(quoted);
        self.at = at + end + 2;
        Some(Word { octets: quoted.get(..end)?, quoted: true, at })
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

/// Returns a number of octets that are plain; what follows them is mostly not.
#[inline]
fn plain(text: &[u8]) -> usize {
    let mut end = 0;
    for word in text.as_chunks().0 {
        let suspects = suspects(u64::from_le_bytes(*word));
        if suspects != 0 {
            return end + usize::try_from(suspects.trailing_zeros() / 8).unwrap_or_default();
        }
        end += 8;
    }
    while text.get(end).is_some_and(|octet| kind(*octet) == Kind::Plain) {
        end += 1;
    }
    end
}

/// Marks by their highest bit the octets that may be other than plain, the first of them for
/// certain: those up to `)`, semicolons and backslashes.
const fn suspects(word: u64) -> u64 {
    const fn all(octet: u8) -> u64 {
        u64::from_ne_bytes([octet; 8])
    }
    const fn below(word: u64, octet: u8) -> u64 {
        word.wrapping_sub(all(octet)) & !word
    }
    let (semicolons, backslashes) = (word ^ all(b';'), word ^ all(b'\\'));
    (below(word, b')' + 1) | below(semicolons, 1) | below(backslashes, 1)) & all(0x80)
}

/// Finds the end of a word from an octet in it on that is not plain.
#[cold]
fn end_of_word(text: &[u8], mut end: usize) -> Option<usize> {
    while let Some(&octet) = text.get(end) {
        end += match kind(octet) {
            Kind::Plain => 1,
            Kind::Escape => 2,
            Kind::Quote => closing_quote(text.get(end + 1..)?) + 2,
            Kind::Blank | Kind::Comment => break,
        };
    }
    Some(end)
}

#[cold]
fn after_comment(text: &[u8]) -> Option<&[u8]> {
    text.get(memchr::memchr(b'\n', text)?..)
}

/// Returns how many octets are before the quote that ends this.
pub(crate) fn closing_quote(quoted: &[u8]) -> usize {
    let mut end = 0;
    while let Some(length) = memchr::memchr2(b'"', b'\\', quoted.get(end..).unwrap_or_default()) {
        end += length;
        if quoted.get(end) == Some(&b'"') {
            return end;
        }
        end += 2;
    }
    quoted.len()
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
        b"" => return put_labels(word, origin, out),
        _ => {}
    }
    out.push(b'.');
    out.extend_from_slice(word.octets);
    let absolute = lengths_for_dots(out.get_mut(start..).unwrap_or_default());
    if absolute == Some(false) {
        out.extend_from_slice(origin);
    }
    if absolute.is_some() && out.len() - start <= MAX_NAME {
        return Ok(());
    }
    // It has escapes, or something is wrong with it.
    out.truncate(start);
    put_labels(word, origin, out)
}

/// Writes over each dot the length of the label behind it; says whether the last is the root.
/// `None` if there are escapes, or labels that are none.
fn lengths_for_dots(name: &mut [u8]) -> Option<bool> {
    let (mut length, mut absolute) = (0_u8, false);
    for (behind, octet) in name.iter_mut().rev().enumerate() {
        match *octet {
            b'.' if length == 0 && behind > 0 => return None,
            b'.' if usize::from(length) > MAX_LABEL => return None,
            b'.' => {
                absolute |= length == 0;
                *octet = core::mem::take(&mut length);
            }
            b'\\' => return None,
            _ => length = length.saturating_add(1),
        }
    }
    Some(absolute)
}

/// Appends a name label by label, with care.
fn put_labels(word: Word<'_>, origin: &[u8], out: &mut Vec<u8>) -> Result<(), ParseError> {
    let start = out.len();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn names_are_read_at_once_as_with_care(text in r#"([a.]{0,9}|[a-c.\\0-9]{1,12}|a{60,66}(\.a{60,66}){0,4}\.?)"#) {
            let word = Word { octets: text.as_bytes(), quoted: false, at: 7 };
            prop_assume!(!matches!(text.as_str(), "@" | "."));
            let (mut whole, mut careful) = (Vec::from(b"-"), Vec::from(b"-"));
            let read = put_name(word, b"\x02fr\0", &mut whole);
            prop_assert_eq!(read, put_labels(word, b"\x02fr\0", &mut careful));
            prop_assert!(read.is_err() || whole == careful);
        }

        #[test]
        fn plain_octets_are_counted_at_most_to_the_first_that_is_not(text in any::<Vec<u8>>()) {
            let first = text.iter().position(|octet| kind(*octet) != Kind::Plain);
            let count = plain(&text);
            prop_assert!(count <= first.unwrap_or(text.len()));
            // What stops it before is one of a few.
            let stop = text.get(count).is_none_or(|octet| *octet <= b')' || kind(*octet) != Kind::Plain);
            prop_assert!(stop);
        }
    }
}
