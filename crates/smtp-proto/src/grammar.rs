//! The octets of RFC 5321 §4.1.2 and §4.1.3, and a cursor over a line.
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::Utf8Error;

use bytes::Bytes;

use crate::{ParseError, ParseErrorKind};

/// A position in a line.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    line: &'a Bytes,
    /// The same.
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Begins at the beginning of a line of UTF-8.
    pub(crate) fn new(line: &'a Bytes) -> Result<Self, ParseError> {
        let wrong =
            |error: Utf8Error| ParseError::new(ParseErrorKind::NotAscii, error.valid_up_to());
        let text = core::str::from_utf8(line).map_err(wrong)?;
        Ok(Self { line, text, at: 0 })
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.line.len()
    }

    pub(crate) fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.at)
    }

    /// Takes the next `n` octets, which must be there.
    pub(crate) fn take(&mut self, n: usize) -> Bytes {
        let from = self.at;
        self.at += n;
        self.line.slice(from..self.at)
    }

    /// Takes the next `n` octets as text; `None` if there are none.
    pub(crate) fn take_str(&mut self, n: usize) -> Option<&'a str> {
        let from = self.at;
        let taken = self.text.get(from..from + n).filter(|taken| !taken.is_empty())?;
        self.at += n;
        Some(taken)
    }

    /// What was taken since a position, without a copy.
    pub(crate) fn taken_since(&self, start: usize) -> &'a [u8] {
        self.line.get(start..self.at).unwrap_or_default()
    }

    /// Passes over the next `n` octets, which must be there.
    pub(crate) const fn skip(&mut self, n: usize) {
        self.at += n;
    }

    /// Takes all that is left.
    pub(crate) fn take_rest(&mut self) -> Bytes {
        self.take(self.rest().len())
    }

    /// Takes `expected`, in any case, if it is next.
    pub(crate) fn eat(&mut self, expected: &[u8]) -> bool {
        let found =
            self.rest().get(..expected.len()).is_some_and(|it| it.eq_ignore_ascii_case(expected));
        if found {
            self.at += expected.len();
        }
        found
    }

    /// Takes this octet, if it is next.
    pub(crate) fn eat_octet(&mut self, expected: u8) -> bool {
        let found = self.line.get(self.at) == Some(&expected);
        self.at += usize::from(found);
        found
    }

    /// Takes spaces, and says how many there were.
    pub(crate) fn eat_spaces(&mut self) -> usize {
        let spaces = self.rest().iter().take_while(|octet| **octet == b' ').count();
        self.at += spaces;
        spaces
    }

    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// What was taken since a position.
    pub(crate) fn since(&self, start: usize) -> Bytes {
        self.line.slice(start..self.at)
    }

    pub(crate) const fn line(&self) -> &'a Bytes {
        self.line
    }
}

/// What an octet may stand in; a table, for each octet of a line is asked at least once.
#[derive(Clone, Copy)]
enum Class {
    /// An atom: RFC 5322 §3.2.3, RFC 6531 §3.3.
    Atom = 1,
    /// A label of a domain.
    Label = 2,
    /// A keyword, but for its first octet.
    Keyword = 4,
    /// The value of a parameter.
    Value = 8,
}

impl Class {
    fn has(self, octet: u8) -> bool {
        CLASSES.get(usize::from(octet)).is_some_and(|classes| classes & self as u8 != 0)
    }

    /// The number of octets of this class that come first.
    fn run(self, octets: &[u8]) -> usize {
        octets.iter().position(|octet| !self.has(*octet)).unwrap_or(octets.len())
    }
}

static CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "before the program runs")]
#[expect(clippy::cast_possible_truncation, reason = "of numbers below 256")]
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut at = 0;
    while at < classes.len() {
        classes[at] = classes_of(at as u8);
        at += 1;
    }
    classes
}

const fn classes_of(octet: u8) -> u8 {
    let inner = octet.is_ascii_alphanumeric() || octet == b'-';
    let mut classes = 0;
    if is_atext(octet) {
        classes |= Class::Atom as u8;
    }
    if inner || !octet.is_ascii() {
        classes |= Class::Label as u8;
    }
    if inner {
        classes |= Class::Keyword as u8;
    }
    if octet.is_ascii_graphic() && octet != b'=' || !octet.is_ascii() {
        classes |= Class::Value as u8;
    }
    classes
}

const fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
        || !octet.is_ascii()
}

/// The length of the local part that begins here; 0 if there is none.
///
/// RFC 5321 §4.5.3.1.1 lets senders count on 64 octets; longer ones are common and understood.
pub(crate) fn local_part(octets: &[u8]) -> usize {
    if octets.first() == Some(&b'"') { quoted_string(octets) } else { dot_string(octets) }
}

/// Atoms with single dots between them.
fn dot_string(octets: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = octets.get(at..).unwrap_or_default();
        let atom = Class::Atom.run(rest);
        at += atom;
        match rest.get(atom) {
            _ if atom == 0 => return 0,
            Some(b'.') => at += 1,
            _ => return at,
        }
    }
}

/// `"…"` of printable octets, with `\` before any of them.
fn quoted_string(octets: &[u8]) -> usize {
    let mut escaped = false;
    for (at, &octet) in octets.iter().enumerate().skip(1) {
        match octet {
            _ if octet.is_ascii_control() => return 0,
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    0
}

/// The length of the domain or address literal that begins here; 0 if there is none.
pub(crate) fn host(octets: &[u8]) -> usize {
    if octets.first() == Some(&b'[') { address_literal(octets) } else { domain(octets) }
}

/// Labels with single dots between them. RFC 1035 §2.3.4: at most 63 octets each, 255 in all.
fn domain(octets: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let rest = octets.get(at..).unwrap_or_default();
        let (label, rest) = rest.split_at(Class::Label.run(rest));
        let hyphen = label.first() == Some(&b'-') || label.last() == Some(&b'-');
        at += label.len();
        match rest.first() {
            _ if hyphen || !matches!(label.len(), 1..=63) => return 0,
            Some(b'.') => at += 1,
            _ => return if at <= 255 { at } else { 0 },
        }
    }
}

fn address_literal(octets: &[u8]) -> usize {
    let Some(end) = octets.iter().position(|octet| *octet == b']') else { return 0 };
    let inside = octets.get(1..end).and_then(|inside| core::str::from_utf8(inside).ok());
    if inside.is_some_and(is_address) { end + 1 } else { 0 }
}

/// RFC 5321 §4.1.3: an IPv4 address, `IPv6:` and one, or a tag and anything.
fn is_address(text: &str) -> bool {
    let Some((tag, address)) = text.split_once(':') else {
        return text.parse::<Ipv4Addr>().is_ok();
    };
    if tag.eq_ignore_ascii_case("IPv6") {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_tag = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    let is_dcontent = |octet: u8| octet.is_ascii_graphic() && !matches!(octet, b'[' | b'\\' | b']');
    !tag.is_empty()
        && tag.bytes().all(is_tag)
        && !tag.ends_with('-')
        && !address.is_empty()
        && address.bytes().all(is_dcontent)
}

/// The length of the keyword of a parameter or of an extension that begins here: RFC 5321
/// §4.1.2 `esmtp-keyword`.
pub(crate) fn keyword(octets: &[u8]) -> usize {
    match octets.first() {
        Some(first) if first.is_ascii_alphanumeric() => Class::Keyword.run(octets),
        _ => 0,
    }
}

/// The length of the value that begins here: `esmtp-value`, and beyond ASCII RFC 6531 §3.3.
pub(crate) fn value(octets: &[u8]) -> usize {
    Class::Value.run(octets)
}

/// Where the first octet is that no text may hold.
pub(crate) fn first_control(octets: &[u8]) -> Option<usize> {
    let is_control = |octet: u8| octet.is_ascii_control() && octet != b'\t';
    // A sum over all becomes vector instructions; a search that may end early does not.
    let any = octets.iter().fold(false, |any, octet| any | is_control(*octet));
    if any { octets.iter().position(|octet| is_control(*octet)) } else { None }
}

/// Checks that the octets are ASCII, or at least UTF-8 where that is allowed.
pub(crate) fn check_charset(octets: &[u8], utf8: bool) -> Result<(), ParseError> {
    if octets.is_ascii() {
        return Ok(());
    }
    let wrong = match core::str::from_utf8(octets) {
        Ok(_) if utf8 => None,
        Ok(_) => octets.iter().position(|octet| !octet.is_ascii()),
        Err(_) if !utf8 => octets.iter().position(|octet| !octet.is_ascii()),
        Err(error) => Some(error.valid_up_to()),
    };
    wrong.map_or(Ok(()), |at| Err(ParseError::new(ParseErrorKind::NotAscii, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_parts() {
        for (input, expected) in [
            ("a", 1),
            ("a.b@", 3),
            ("first+tag@", 9),
            ("ü@", 2),
            (".a", 0),
            ("a.", 0),
            ("a..b", 0),
            ("", 0),
            ("@", 0),
            (r#""a> SIZE=1 <b"@c"#, 14),
            (r#""a\"b"@c"#, 6),
            (r#""""#, 2),
            (r#""a"#, 0),
            (r#""a\""#, 0),
            ("\"a\rb\"", 0),
            ("\"a\0b\"", 0),
        ] {
            assert_eq!(local_part(input.as_bytes()), expected, "{input}");
        }
    }

    #[test]
    fn hosts() {
        let long = "a".repeat(63);
        let longer = "a".repeat(64);
        let whole = [&*long, &long, &long, &long[..63]].join(".");
        for (input, expected) in [
            ("example.org>", 11),
            ("localhost", 9),
            ("1.2.3.4", 7),
            ("bücher.example", 15),
            ("a..b", 0),
            (".a", 0),
            ("a.>", 0),
            ("-a", 0),
            ("a-", 0),
            ("a_b", 1),
            ("", 0),
            (&long, 63),
            (&longer, 0),
            (&whole, 255),
            (&whole[..250], 250),
            ("[192.0.2.1]", 11),
            ("[IPv6:2001:db8::1]>", 18),
            ("[ipv6:::1]", 10),
            ("[X-new:anything]", 16),
            ("[192.0.2.256]", 0),
            ("[IPv6:zz]", 0),
            ("[]", 0),
            ("[a b]", 0),
            ("[x:]", 0),
            ("[x-:a]", 0),
            ("[192.0.2.1", 0),
        ] {
            assert_eq!(host(input.as_bytes()), expected, "{input}");
        }
        let too_long = [&*long, &long, &long, &long, "a"].join(".");
        assert_eq!(host(too_long.as_bytes()), 0);
    }

    #[test]
    fn keywords_and_values() {
        for (input, expected) in [("SIZE=1", 4), ("8BITMIME", 8), ("-A", 0), ("X-Y Z", 3), ("", 0)]
        {
            assert_eq!(keyword(input.as_bytes()), expected, "{input}");
        }
        for (input, expected) in [("<>", 2), ("a=b", 1), ("a b", 1), ("a\rb", 1), ("", 0)] {
            assert_eq!(value(input.as_bytes()), expected, "{input}");
        }
    }

    #[test]
    fn charset_is_checked_where_it_is_wrong() {
        assert_eq!(check_charset("aü".as_bytes(), true), Ok(()));
        assert_eq!(check_charset("aü".as_bytes(), false).unwrap_err().offset(), 1);
        assert_eq!(check_charset(b"a\xFF", true).unwrap_err().offset(), 1);
        assert_eq!(check_charset(b"a\xFF", false).unwrap_err().offset(), 1);
    }
}
