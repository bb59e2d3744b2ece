//! Encoded words in header text (RFC 2047).
use alloc::string::String;
use alloc::vec::Vec;

use memchr::memchr_iter;

use crate::Encoding;
use crate::charset;
use crate::decode::{Decoder, hex_pair};
use crate::lex::{is_blank, is_token};
use crate::scan::{after, before};

/// The encoded words of a field: how many more are decoded, and what was wrong with them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words {
    left: usize,
    /// There were more than may be decoded.
    pub(crate) truncated: bool,
    /// One was not whole, in no known character set, or not what its encoding has.
    pub(crate) wrong: bool,
}

impl Words {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { left: limit, truncated: false, wrong: false }
    }

    /// Unfolds header text and decodes its encoded words.
    ///
    /// Neighbours in the same character set are decoded together, because senders split characters
    /// between them. What only looks like an encoded word stays as it is, and so do those that are
    /// too many.
    pub(crate) fn decode(&mut self, text: &[u8]) -> String {
        let mut out = String::with_capacity(text.len());
        let mut pending: Option<(&[u8], Vec<u8>)> = None;
        let (mut rest, mut from) = (text, 0);
        while let Some(at) = find(after(rest, from)).map(|at| from + at) {
            let Some(word) = self.split(after(rest, at)) else {
                from = at + 1;
                continue;
            };
            let plain = before(rest, at);
            // RFC 2047 §6.2: white space between two encoded words is not part of the text.
            if pending.is_none() || !plain.iter().all(|octet| is_blank(*octet)) {
                self.flush(&mut pending, &mut out);
                push_plain(plain, &mut out);
            }
            let same = |(charset, _): &(&[u8], _)| charset.eq_ignore_ascii_case(word.charset);
            if !pending.as_ref().is_some_and(same) {
                self.flush(&mut pending, &mut out);
            }
            let (_, octets) = pending.get_or_insert_with(|| (word.charset, Vec::new()));
            self.wrong |= !word.decode(octets);
            (rest, from) = (after(rest, at + word.len), 0);
        }
        self.flush(&mut pending, &mut out);
        push_plain(rest, &mut out);
        out
    }

    /// Splits an encoded word off the front, if there is one and it may be decoded.
    fn split<'a>(&mut self, rest: &'a [u8]) -> Option<Word<'a>> {
        let Some(word) = split_word(rest) else {
            self.wrong |= begins_word(rest);
            return None;
        };
        self.truncated |= self.left == 0;
        self.left = self.left.checked_sub(1)?;
        Some(word)
    }

    fn flush(&mut self, pending: &mut Option<(&[u8], Vec<u8>)>, out: &mut String) {
        if let Some((charset, octets)) = pending.take() {
            let (text, wrong) = charset::checked(charset, &octets);
            self.wrong |= wrong || !charset::is_known(charset);
            out.push_str(&text);
        }
    }
}

/// Finds what may begin an encoded word.
pub(crate) fn find(text: &[u8]) -> Option<usize> {
    memchr_iter(b'=', text).find(|at| text.get(at + 1) == Some(&b'?'))
}

/// Appends text without its line ends: unfolding (RFC 5322 §2.2.3).
fn push_plain(plain: &[u8], out: &mut String) {
    let text = charset::decode(b"", plain);
    text.split(['\r', '\n']).for_each(|line| out.push_str(line));
}

struct Word<'a> {
    charset: &'a [u8],
    base64: bool,
    text: &'a [u8],
    len: usize,
}

/// Splits `=?charset?encoding?text?=` off the front. Stops at the first octet that cannot be
/// part of it, so that many false starts cost no more than their octets.
fn split_word(rest: &[u8]) -> Option<Word<'_>> {
    let inner = after(rest, 2);
    let len = inner.iter().position(|octet| *octet == b'?' || is_blank(*octet))?;
    let (charset, inner) = inner.split_at_checked(len)?;
    let [b'?', encoding, b'?', inner @ ..] = inner else { return None };
    let base64 = match encoding {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    let len = inner.iter().position(|octet| *octet == b'?' || matches!(octet, b'\r' | b'\n'))?;
    let (text, inner) = inner.split_at_checked(len)?;
    let tail = inner.strip_prefix(b"?=")?;
    // RFC 2231 §5: a language may follow the character set.
    let charset = charset.split(|octet| *octet == b'*').next().unwrap_or_default();
    let known = !charset.is_empty();
    known.then_some(Word { charset, base64, text, len: rest.len() - tail.len() })
}

/// Tells whether a word begins here, as far as its encoding: RFC 2047 §2.
fn begins_word(rest: &[u8]) -> bool {
    let inner = after(rest, 2);
    let len = inner.iter().take_while(|octet| is_token(**octet)).count();
    len > 0 && matches!(after(inner, len), [b'?', b'B' | b'b' | b'Q' | b'q', b'?', ..])
}

impl Word<'_> {
    /// Appends what it says; tells whether all of it could be read.
    fn decode(&self, out: &mut Vec<u8>) -> bool {
        if self.base64 {
            let mut decoder = Decoder::new(Encoding::Base64);
            decoder.feed(self.text, out);
            decoder.finish(out);
            return decoder.problems() == 0;
        }
        let (mut text, mut whole) = (self.text, true);
        while let Some((first, rest)) = text.split_first() {
            let escaped = match text {
                [b'=', high, low, ..] => hex_pair(*high, *low),
                _ => None,
            };
            whole &= *first != b'=' || escaped.is_some();
            out.push(escaped.unwrap_or(if *first == b'_' { b' ' } else { *first }));
            text = if escaped.is_some() { after(text, 3) } else { rest };
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::Words;

    fn decode(text: &[u8]) -> String {
        Words::new(usize::MAX).decode(text)
    }

    /// RFC 2047 §8, and what is seen in the wild.
    #[test]
    fn encoded_words_are_decoded_where_they_are_whole() {
        for (text, expected) in [
            ("=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"),
            ("=?ISO-8859-1?Q?Andr=E9?= Pirard", "André Pirard"),
            (
                "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
                "If you can read this you understand the example.",
            ),
            ("=?ISO-8859-1?Q?a?=", "a"),
            ("=?ISO-8859-1?Q?a?= b", "a b"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a?=\r\n   =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a_b?=", "a b"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
            ("=?utf-8?Q?=C3?= =?UTF-8?B?qQ==?=", "é"),
            ("=?utf-8*en?q?=c3=a9?=", "é"),
            ("=?utf-8?X?a?= =?utf-8?Q?a =?", "=?utf-8?X?a?= =?utf-8?Q?a =?"),
            ("plain\r\n folded", "plain folded"),
            ("=??Q?a?=", "=??Q?a?="),
            ("é raw", "é raw"),
        ] {
            assert_eq!(decode(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn unfinished_words_cost_no_more_than_their_octets() {
        let text = "=?utf-8?Q?a".repeat(100_000);
        assert_eq!(decode(text.as_bytes()), text);
        let text = "=?".repeat(500_000);
        assert_eq!(decode(text.as_bytes()), text);
    }
}
