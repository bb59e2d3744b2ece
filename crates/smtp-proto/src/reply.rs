//! What servers say.
use alloc::string::String;
use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memchr;

use crate::grammar::first_control;
use crate::{Misuse, ParseError, ParseErrorKind};

/// A reply (RFC 5321 §4.2): a code, and one or more lines of words.
///
/// The code means something; the words are for people, but for two: an enhanced status code
/// (RFC 2034) at their beginning, and what EHLO is answered. A reply holds no control character,
/// so that whatever a text says, it stays one reply.
///
/// ```
/// use smtp_proto::{EnhancedCode, Misuse, Reply};
///
/// let reply = Reply::new(250, "2.1.5 bob@hamburger.edu ... Recipient ok")?;
/// assert_eq!((reply.code(), reply.is_positive()), (250, true));
/// assert_eq!(reply.enhanced(), Some(EnhancedCode { class: 2, subject: 1, detail: 5 }));
///
/// let reply = Reply::new(250, "foo.com greets bar.com\nSIZE")?;
/// let mut out = bytes::BytesMut::new();
/// reply.write(&mut out);
/// assert_eq!(out, "250-foo.com greets bar.com\r\n250 SIZE\r\n");
///
/// assert_eq!(Reply::new(250, "OK\r\n354 go"), Err(Misuse::Text));
/// # Ok::<_, Misuse>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Reply {
    code: u16,
    /// Lines, with LF between them.
    text: Bytes,
}

/// What a reply means, for machines (RFC 3463): `class.subject.detail`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EnhancedCode {
    /// 2: success, 4: come again, 5: do not.
    pub class: u8,
    /// What it is about: 1 addresses, 2 mailboxes, 3 the mail system, 4 the network, 5 the
    /// protocol, 6 contents, 7 security.
    pub subject: u16,
    /// What about it.
    pub detail: u16,
}

impl Reply {
    /// Makes a reply; LF divides its lines.
    ///
    /// # Errors
    /// The code is not between 200 and 599, or the text holds another control character.
    pub fn new(code: u16, text: &str) -> Result<Self, Misuse> {
        if !is_code(code) {
            return Err(Misuse::Code { code });
        }
        if text.split('\n').any(|line| first_control(line.as_bytes()).is_some()) {
            return Err(Misuse::Text);
        }
        Ok(Self { code, text: Bytes::copy_from_slice(text.as_bytes()) })
    }

    /// One of our own, whose words are known to be good.
    pub(crate) fn own(code: u16, text: impl Into<Bytes>) -> Self {
        Self { code, text: text.into() }
    }

    /// Returns the three digits.
    #[must_use]
    pub const fn code(&self) -> u16 {
        self.code
    }

    /// Returns the lines, without code and CRLF, and as the server said them but for control
    /// characters. They need not be UTF-8; [`Display`](fmt::Display) makes text of them.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = Some(self.text.as_ref());
        core::iter::from_fn(move || {
            let text = rest?;
            let Some(end) = memchr(b'\n', text) else { return rest.take() };
            rest = text.get(end + 1..);
            text.get(..end)
        })
    }

    /// Returns the enhanced status code at the beginning of the words, if there is one and it
    /// agrees with the code.
    #[must_use]
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        EnhancedCode::parse(&self.text).filter(|it| u16::from(it.class) == self.code / 100)
    }

    /// Whether it says yes, finally (2xx) or so far (3xx).
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// Whether it says no for the time being: 4xx. The same may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.code, 400..500)
    }

    /// Whether it says no for good: 5xx.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// Reads a whole reply, as leniently as a client does: a line may end in LF alone, words may
    /// be missing, and control characters become `?`.
    ///
    /// # Errors
    /// A line does not begin with a code, the codes differ, or the end is missing.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let (mut rest, mut reader) = (octets, Reader::default());
        loop {
            let at = octets.len() - rest.len();
            let Some(end) = memchr(b'\n', rest) else {
                return Err(ParseError::new(ParseErrorKind::Reply, octets.len()));
            };
            let (line, more) = rest.split_at(end + 1);
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            rest = more;
            let error = |error: ParseError| ParseError::new(error.kind(), at + error.offset());
            match reader.push(line.strip_suffix(b"\r").unwrap_or(line)).map_err(error)? {
                Some(reply) if rest.is_empty() => return Ok(reply),
                Some(_) => {
                    let at = octets.len() - rest.len();
                    return Err(ParseError::new(ParseErrorKind::Reply, at));
                }
                None => {}
            }
        }
    }

    /// Appends the reply, each line with its CRLF.
    pub fn write(&self, out: &mut BytesMut) {
        let code: [u8; 3] = [self.code / 100, self.code / 10 % 10, self.code % 10]
            .map(|digit| b'0' + u8::try_from(digit).expect("a code has three digits"));
        let mut lines = self.lines().peekable();
        while let Some(line) = lines.next() {
            out.put_slice(&code);
            out.put_u8(if lines.peek().is_some() { b'-' } else { b' ' });
            out.put_slice(line);
            out.put_slice(b"\r\n");
        }
    }
}

/// The code and the words, on one line.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        self.lines().try_for_each(|line| {
            f.write_str(" ")?;
            f.write_str(&String::from_utf8_lossy(line))
        })
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl EnhancedCode {
    /// Reads one from the beginning of some words.
    fn parse(text: &[u8]) -> Option<Self> {
        let word = text.split(|octet| matches!(octet, b' ' | b'\n')).next()?;
        let mut numbers = core::str::from_utf8(word).ok()?.split('.');
        let class = match numbers.next()? {
            "2" => 2,
            "4" => 4,
            "5" => 5,
            _ => return None,
        };
        let mut number = || numbers.next().filter(|n| is_number(n)).and_then(|n| n.parse().ok());
        let found = Self { class, subject: number()?, detail: number()? };
        numbers.next().is_none().then_some(found)
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// RFC 3463 §2: one to three digits.
fn is_number(text: &str) -> bool {
    matches!(text.len(), 1..=3) && text.bytes().all(|octet| octet.is_ascii_digit())
}

/// RFC 5321 §4.2: the first digit is 2 to 5. Those who come after are not held to its second.
const fn is_code(code: u16) -> bool {
    matches!(code, 200..600)
}

/// Puts the lines of a reply together.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    code: Option<u16>,
    text: BytesMut,
    lines: usize,
}

impl Reader {
    /// Takes a line without its ending; returns the reply with its last one.
    pub(crate) fn push(&mut self, line: &[u8]) -> Result<Option<Reply>, ParseError> {
        let malformed = ParseError::new(ParseErrorKind::Reply, 0);
        let (code, rest) = line.split_first_chunk().ok_or(malformed)?;
        let code = parse_code(*code).ok_or(malformed)?;
        if self.code.is_some_and(|before| before != code) {
            return Err(malformed);
        }
        // RFC 5321 §4.2: a code alone is a reply, though servers should not send it.
        let (last, text) = match rest.split_first() {
            None => (true, rest),
            Some((b' ' | b'\t', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(ParseError::new(ParseErrorKind::Reply, 3)),
        };
        if self.code.replace(code).is_some() {
            self.text.put_u8(b'\n');
        } else if !last {
            // What EHLO is answered has about so many.
            self.text.reserve(256);
        }
        self.text.put_slice(text);
        if !last {
            self.lines += 1;
            return Ok(None);
        }
        let mut text = core::mem::take(self).text;
        blank_controls(&mut text);
        Ok(Some(Reply { code, text: text.freeze() }))
    }

    /// How many lines of an unfinished reply there are.
    pub(crate) const fn lines(&self) -> usize {
        self.lines
    }

    /// How many octets are held.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }
}

/// Makes control characters visible; LF is between lines only, where it belongs. At once for all
/// lines, for that is faster than one by one.
fn blank_controls(text: &mut [u8]) {
    let is_control = |octet: u8| octet.is_ascii_control() && !matches!(octet, b'\t' | b'\n');
    if text.iter().fold(false, |any, octet| any | is_control(*octet)) {
        text.iter_mut().filter(|octet| is_control(**octet)).for_each(|octet| *octet = b'?');
    }
}

fn parse_code(digits: [u8; 3]) -> Option<u16> {
    let code = digits.iter().try_fold(0, |code, digit| {
        digit.is_ascii_digit().then(|| code * 10 + u16::from(digit - b'0'))
    })?;
    is_code(code).then_some(code)
}

/// Makes a reply's text of an enhanced status code, if it may be said, and words.
pub(crate) fn words(enhanced: bool, code: &str, text: &str) -> String {
    if enhanced { alloc::format!("{code} {text}") } else { text.into() }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn replies_are_read_leniently() {
        for (wire, shown) in [
            (&b"250 OK\r\n"[..], "250 OK"),
            (b"250 OK\n", "250 OK"),
            (b"250\r\n", "250 "),
            (b"250 \r\n", "250 "),
            (b"250-a\r\n250-b\n250 c\r\n", "250 a b c"),
            (b"250-\r\n250\r\n", "250  "),
            (b"550 a\0b\rc\r\n", "550 a?b?c"),
            (b"220\thello\r\n", "220 hello"),
            (b"299 \xFF\r\n", "299 \u{FFFD}"),
        ] {
            assert_eq!(Reply::parse(wire).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_reply_is_refused_where_it_is_wrong() {
        for (wire, offset) in [
            (&b""[..], 0),
            (b"\r\n", 0),
            (b"25\r\n", 0),
            (b"25x y\r\n", 0),
            (b"199 x\r\n", 0),
            (b"600 x\r\n", 0),
            (b"250x\r\n", 3),
            (b"2500 x\r\n", 3),
            (b"250 OK", 6),
            (b"250-OK\r\n", 8),
            (b"250-OK\r\n251 OK\r\n", 8),
            (b"250 OK\r\n250 OK\r\n", 8),
        ] {
            assert_eq!(Reply::parse(wire).unwrap_err().offset(), offset, "{wire:?}");
        }
    }

    #[test]
    fn only_codes_of_the_protocol_can_be_made() {
        for code in [200, 599] {
            assert!(Reply::new(code, "").is_ok());
        }
        for code in [0, 199, 600, 1250] {
            assert_eq!(Reply::new(code, ""), Err(Misuse::Code { code }));
        }
    }

    #[test]
    fn enhanced_codes_agree_with_the_code_or_are_words() {
        for (code, text, expected) in [
            (250, "2.1.5 OK", Some("2.1.5")),
            (550, "5.1.1", Some("5.1.1")),
            (550, "5.1.1\nmore", Some("5.1.1")),
            (450, "4.999.999 x", Some("4.999.999")),
            (250, "4.1.5 OK", None),
            (250, "2.1 OK", None),
            (250, "2.1.5.6 OK", None),
            (250, "2.1.1000 OK", None),
            (250, "2.1.x OK", None),
            (250, "2.+1.1 OK", None),
            (250, "OK", None),
            (354, "3.0.0 go", None),
        ] {
            let found = Reply::new(code, text).unwrap().enhanced();
            assert_eq!(found.map(|it| it.to_string()).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(code in 200u16..600, text in "[ -~ü\t\n]{0,40}") {
            let reply = Reply::new(code, &text).unwrap();
            let mut out = BytesMut::new();
            reply.write(&mut out);
            prop_assert_eq!(Reply::parse(&out), Ok(reply));
        }

        #[test]
        fn what_is_read_is_canonical(wire in prop_oneof![
            any::<Vec<u8>>(),
            "(250[- \r\0a]{0,3}\r?\n){1,4}".prop_map(String::into_bytes),
        ]) {
            if let Ok(reply) = Reply::parse(&wire) {
                let mut once = BytesMut::new();
                reply.write(&mut once);
                prop_assert_eq!(Reply::parse(&once), Ok(reply));
            }
        }
    }
}
