//! The words of structured header fields (RFC 5322 §3.2), read leniently.
use alloc::borrow::Cow;
use alloc::vec::Vec;

use memchr::memchr3;

/// A reader of the octets that are left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexer<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Lexer<'a> {
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Goes over the octet if it is the next one.
    pub(crate) fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        if found {
            self.next();
        }
        found
    }

    #[inline]
    pub(crate) fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let len = self.rest.iter().take_while(|octet| accept(**octet)).count();
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Goes over blanks, folds and comments.
    pub(crate) fn skip_cfws(&mut self) {
        loop {
            self.take_while(is_blank);
            if self.peek() != Some(b'(') {
                return;
            }
            self.skip_comment();
        }
    }

    /// Goes over a comment, which may hold others, and returns what is between its parentheses.
    /// One without end takes all that is left.
    pub(crate) fn skip_comment(&mut self) -> &'a [u8] {
        let inside = self.rest.strip_prefix(b"(").unwrap_or(self.rest);
        let mut depth = 0_usize;
        while let Some(octet) = self.next() {
            match octet {
                b'(' => depth += 1,
                b')' if depth <= 1 => return inside.strip_end(self.rest.len() + 1),
                b')' => depth -= 1,
                b'\\' => {
                    self.next();
                }
                _ => {}
            }
        }
        inside
    }

    /// Goes over a comment and returns its text, without folds and backslashes.
    pub(crate) fn comment(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        unquote(self.skip_comment(), &mut text);
        text
    }

    /// Goes over a quoted string and returns what is between its quotes; without end it takes all
    /// that is left.
    pub(crate) fn skip_quoted(&mut self) -> &'a [u8] {
        self.eat(b'"');
        let inside = self.rest;
        while let Some(octet) = self.next() {
            match octet {
                b'"' => return inside.strip_end(self.rest.len() + 1),
                b'\\' => {
                    self.next();
                }
                _ => {}
            }
        }
        inside
    }

    /// Reads a quoted string from its opening quote; without end it takes all that is left.
    pub(crate) fn quoted(&mut self) -> Cow<'a, [u8]> {
        let raw = self.skip_quoted();
        if memchr3(b'\\', b'\r', b'\n', raw).is_none() {
            return Cow::Borrowed(raw);
        }
        let mut text = Vec::new();
        unquote(raw, &mut text);
        Cow::Owned(text)
    }
}

/// Appends text without the backslashes before quoted octets, and without folds.
pub(crate) fn unquote(raw: &[u8], out: &mut Vec<u8>) {
    let mut octets = raw.iter();
    while let Some(octet) = octets.next() {
        match octet {
            b'\\' => out.extend(octets.next()),
            b'\r' | b'\n' => {}
            octet => out.push(*octet),
        }
    }
}

trait StripEnd {
    /// Leaves so many octets off the end.
    fn strip_end(&self, len: usize) -> &Self;
}

impl StripEnd for [u8] {
    fn strip_end(&self, len: usize) -> &Self {
        self.len().checked_sub(len).and_then(|len| self.get(..len)).unwrap_or_default()
    }
}

/// White space, with the line ends of folds.
pub(crate) const fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// RFC 5322 §3.2.3 `atext`, with the octets of UTF-8 (RFC 6532 §3.2).
pub(crate) const fn is_atext(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet >= 0x80 || is_atext_mark(octet)
}

const fn is_atext_mark(octet: u8) -> bool {
    matches!(octet, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'/' | b'=' | b'?' | b'^'..=b'`' | b'{'..=b'~')
}

/// RFC 2045 §5.1 `token`.
pub(crate) const fn is_token(octet: u8) -> bool {
    is_token_mark(octet) || octet.is_ascii_alphanumeric()
}

const fn is_token_mark(octet: u8) -> bool {
    matches!(octet, b'.' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'^'..=b'`' | b'{'..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_nest_without_recursion() {
        let deep = [b"(".repeat(100_000), b")".repeat(100_000), b"x".to_vec()].concat();
        let mut lexer = Lexer::new(&deep);
        lexer.skip_cfws();
        assert_eq!(lexer.rest, b"x");
        let mut lexer = Lexer::new(b"(a (b\\) c) d) e");
        assert_eq!(lexer.comment(), b"a (b) c) d");
        assert_eq!(lexer.rest, b" e");
    }

    #[test]
    fn a_quoted_string_loses_quotes_folds_and_backslashes() {
        let mut lexer = Lexer::new(b"\"a \\\"b\\\"\r\n c\" d");
        assert_eq!(*lexer.quoted(), *b"a \"b\" c");
        assert_eq!(lexer.rest, b" d");
        assert_eq!(*Lexer::new(b"\"open").quoted(), *b"open");
    }
}
