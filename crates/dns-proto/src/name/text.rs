//! Names as text (RFC 1035 §5.1).
use core::fmt;
use core::str::FromStr;

use super::{MAX_LABEL, Name, NameRef, Wire};
use crate::error::{ParseError, ParseErrorKind};

/// Writes the absolute name, with its final dot, escaped so that it reads back the same.
///
/// A width pads it on the right.
impl fmt::Display for NameRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut count = Counting { out: f, octets: 0 };
        print(*self, &mut count)?;
        let octets = count.octets;
        let missing = f.width().map_or(0, |width| width.saturating_sub(octets));
        (0..missing).try_for_each(|_| f.write_str(" "))
    }
}

fn print(name: NameRef<'_>, f: &mut impl fmt::Write) -> fmt::Result {
    if name.is_root() {
        return f.write_str(".");
    }
    for label in name.labels() {
        label.iter().try_for_each(|&octet| write_octet(f, octet, b".;()@$\\\""))?;
        f.write_str(".")?;
    }
    Ok(())
}

impl fmt::Debug for NameRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

impl FromStr for Name {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text == "." {
            return Ok(Self::ROOT);
        }
        let (mut wire, mut label) = (Wire::new(), Label::new());
        let mut octets = text.bytes().enumerate();
        let mut open = true;
        while let Some((at, octet)) = octets.next() {
            open = octet != b'.';
            match octet {
                b'.' => wire.push(label.take()).map_err(|error| moved(error, at))?,
                b'\\' => label.push(escape(&mut octets, at)?, at)?,
                _ => label.push(octet, at)?,
            }
        }
        if open {
            wire.push(label.take()).map_err(|error| moved(error, text.len()))?;
        }
        Ok(wire.finish())
    }
}

/// Counts what is written through it.
struct Counting<'f, 'b> {
    out: &'f mut fmt::Formatter<'b>,
    octets: usize,
}

impl fmt::Write for Counting<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.octets += text.len();
        self.out.write_str(text)
    }
}

/// Writes octets between quotes, as a character string (RFC 1035 §5.1).
pub(crate) fn write_text(f: &mut fmt::Formatter<'_>, octets: &[u8]) -> fmt::Result {
    f.write_str("\"")?;
    for &octet in octets {
        match octet {
            b' ' => f.write_str(" ")?,
            _ => write_octet(f, octet, b"\"\\")?,
        }
    }
    f.write_str("\"")
}

/// Writes one octet of text: itself, or `\X` if it is special, or `\DDD`.
pub(crate) fn write_octet(f: &mut impl fmt::Write, octet: u8, special: &[u8]) -> fmt::Result {
    match octet {
        _ if special.contains(&octet) => write!(f, "\\{}", char::from(octet)),
        b'!'..=b'~' => write!(f, "{}", char::from(octet)),
        _ => write!(f, "\\{octet:03}"),
    }
}

/// Reads what follows a backslash at `at`: three digits, or one other octet.
pub(crate) fn escape(
    octets: &mut impl Iterator<Item = (usize, u8)>,
    at: usize,
) -> Result<u8, ParseError> {
    let error = ParseError::new(ParseErrorKind::Escape, at);
    let digit = |octet: u8| char::from(octet).to_digit(10);
    let mut next = || octets.next().map(|(_, octet)| octet).ok_or(error);
    let first = next()?;
    let Some(hundreds) = digit(first) else { return Ok(first) };
    let tens = digit(next()?).ok_or(error)?;
    let ones = digit(next()?).ok_or(error)?;
    u8::try_from(hundreds * 100 + tens * 10 + ones).map_err(|_| error)
}

fn moved(error: ParseError, at: usize) -> ParseError {
    ParseError::new(error.kind(), at)
}

/// The label being read.
struct Label {
    octets: [u8; MAX_LABEL],
    length: usize,
}

impl Label {
    const fn new() -> Self {
        Self { octets: [0; MAX_LABEL], length: 0 }
    }

    fn push(&mut self, octet: u8, at: usize) -> Result<(), ParseError> {
        let error = ParseError::new(ParseErrorKind::LabelLength, at);
        *self.octets.get_mut(self.length).ok_or(error)? = octet;
        self.length += 1;
        Ok(())
    }

    fn take(&mut self) -> &[u8] {
        let length = core::mem::take(&mut self.length);
        self.octets.get(..length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_read_and_written_as_in_master_files() {
        let cases = [
            (".", "."),
            ("a", "a."),
            ("a.b.", "a.b."),
            (r"a\.b.c", r"a\.b.c."),
            (r"\097\000\255", r"a\000\255."),
            ("a b", r"a\032b."),
            (r"\@\;", r"\@\;."),
            ("é", r"\195\169."),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), expected);
        }
    }

    #[test]
    fn malformed_text_is_located() {
        use ParseErrorKind::{Escape, LabelLength, NameLength};
        let long = "a".repeat(64);
        let longer = "abcdefg.".repeat(32);
        let cases = [
            ("", LabelLength, 0),
            ("..", LabelLength, 0),
            (".a", LabelLength, 0),
            ("a..b", LabelLength, 2),
            ("a\\", Escape, 1),
            (r"a\25", Escape, 1),
            (r"a\256", Escape, 1),
            (r"\1x3", Escape, 0),
            (&long, LabelLength, 63),
            (&longer, NameLength, 255),
        ];
        for (text, kind, offset) in cases {
            assert_eq!(text.parse::<Name>(), Err(ParseError::new(kind, offset)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_name_reads_back_from_its_text(
            labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..12)
        ) {
            let name = Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
            let read: Name = name.to_string().parse().unwrap();
            prop_assert_eq!(read.wire(), name.wire());
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Name>();
        }
    }
}
