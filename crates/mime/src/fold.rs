//! Writing header fields: folded, and only of words that cannot break them.
use core::fmt::{self, Write};

use alloc::string::String;

use bytes::{BufMut, BytesMut};

use crate::date::{DAYS, MONTHS, civil_from_days};
use crate::encode;
use crate::lex::{is_atext, is_token};
use crate::{AddrSpec, Address, DateTime, Mailbox, MessageId};

/// RFC 5322 §2.1.1: a line SHOULD have no more than 78 octets, its line end apart.
const LINE: usize = 78;
/// RFC 2047 §2: an encoded word has no more than 75 octets.
const WORD: usize = 75;
const WORD_START: &[u8] = b"=?utf-8?";
/// The start, `B?` and `?=`.
const WORD_FRAME: usize = 12;
/// Room for an encoded word worth starting on a line; one with less goes to the next line. It
/// holds the frame and any one character: 12 octets of quoted UTF-8.
const WORD_LEAST: usize = 24;

/// Writes one field. Words never hold CR, LF or a blank line: a fold is written only right before
/// a word that is not empty.
pub(crate) struct FieldWriter<'o> {
    out: &'o mut BytesMut,
    column: usize,
    utf8: bool,
}

impl<'o> FieldWriter<'o> {
    /// Begins a field. `utf8`: names and text may be UTF-8 as they are (RFC 6532).
    pub(crate) fn new(out: &'o mut BytesMut, name: &str, utf8: bool) -> Self {
        out.put_slice(name.as_bytes());
        out.put_u8(b':');
        Self { out, column: name.len() + 1, utf8 }
    }

    pub(crate) fn end(self) {
        self.out.put_slice(b"\r\n");
    }

    /// Writes a blank, or a fold where the line would be too long, and then the word.
    pub(crate) fn word(&mut self, word: &[u8]) {
        self.space(word.len());
        self.glued(word);
    }

    /// Writes a blank and a word that is shorter than a line has left.
    pub(crate) fn display(&mut self, word: impl fmt::Display) {
        let start = self.out.len();
        // Writing to memory does not fail.
        let _ = write!(self.out, " {word}");
        self.column += self.out.len() - start;
    }

    /// Writes a blank and a date (RFC 5322 §3.3) without formatting: every message has one.
    pub(crate) fn date(&mut self, date: DateTime) {
        let local = date.unix_seconds() + i64::from(date.offset_minutes()) * 60;
        let (days, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let pick = |names: &[&'static str], at: i64| -> [u8; 3] {
            let name = usize::try_from(at).ok().and_then(|at| names.get(at));
            name.and_then(|name| name.as_bytes().first_chunk()).copied().unwrap_or_default()
        };
        let ([a, b, c], [d, e, f]) = (pick(&DAYS, days.rem_euclid(7)), pick(&MONTHS, month - 1));
        let ([g, h], [i, j, k, l]) = (digits(day), digits(year));
        self.glued(&[b' ', a, b, c, b',', b' ']);
        let day = [g, h];
        self.glued(day.strip_prefix(b"0").unwrap_or(&day));
        self.glued(&[b' ', d, e, f, b' ', i, j, k, l]);
        let [[a, b], [c, d], [e, f]] = [second / 3600, second / 60 % 60, second % 60].map(digits);
        let offset = i64::from(date.offset_minutes());
        let sign = if offset < 0 { b'-' } else { b'+' };
        let [[g, h], [i, j]] = [offset.abs() / 60, offset.abs() % 60].map(digits);
        self.glued(&[b' ', a, b, b':', c, d, b':', e, f, b' ', sign, g, h, i, j]);
    }

    fn space(&mut self, room: usize) {
        if self.column + 1 + room > LINE && self.column > 1 {
            self.out.put_slice(b"\r\n ");
            self.column = 1;
        } else {
            self.glued(b" ");
        }
    }

    /// Writes octets right after what stands there.
    pub(crate) fn glued(&mut self, octets: &[u8]) {
        self.out.put_slice(octets);
        self.column += octets.len();
    }

    /// Writes words that stand for themselves, folded at their blanks only.
    pub(crate) fn words(&mut self, text: &str) {
        if self.column + 1 + text.len() <= LINE {
            return self.word(text.as_bytes());
        }
        let words = text.split(' ').filter(|word| !word.is_empty());
        words.for_each(|word| self.word(word.as_bytes()));
    }

    /// Writes unstructured text (RFC 5322 §2.2.1): what is not plain as encoded words.
    pub(crate) fn text(&mut self, text: &str) {
        let Some((start, end)) = odd_words(text, self.utf8) else {
            // Without blanks beside blanks or at its ends: no word of it is empty.
            return if text.is_empty() { self.glued(b" ") } else { self.words(text) };
        };
        // From the first to the last word that needs it all is encoded, blanks included, since
        // blanks between encoded words are lost (RFC 2047 §6.2).
        let (head, rest) = text.split_at_checked(start).unwrap_or((text, ""));
        let (middle, tail) = rest.split_at_checked(end - start).unwrap_or((rest, ""));
        for (words, encoded) in [(head, false), (middle, true), (tail, false)] {
            match words.strip_suffix(' ').filter(|_| !encoded).unwrap_or(words) {
                "" => {}
                words if encoded => self.encoded(words),
                words => self.words(words.strip_prefix(' ').unwrap_or(words)),
            }
        }
    }

    /// Writes text as encoded words of whole characters (RFC 2047 §5 rule 3), in the encoding that
    /// makes them shorter.
    fn encoded(&mut self, mut text: &str) {
        let alike = |octet: &u8| *octet == b' ' || is_plain_in_word(*octet);
        let escapes = text.len() - text.bytes().filter(alike).count();
        let quoted = text.len() + 2 * escapes <= base64_len(text.len());
        while !text.is_empty() {
            let room = LINE.saturating_sub(self.column + 1);
            let room = if room < WORD_LEAST { WORD } else { room.min(WORD) };
            let room = room - WORD_FRAME;
            let whole = if quoted { text.len() + 2 * escapes } else { base64_len(text.len()) };
            let (piece, len) = match whole <= room {
                true => (text.len(), whole),
                false => fitting(text, room, quoted),
            };
            let (piece, rest) = text.split_at_checked(piece).unwrap_or((text, ""));
            self.space(len + WORD_FRAME);
            self.glued(WORD_START);
            self.glued(if quoted { b"Q?" } else { b"B?" });
            if quoted {
                piece.bytes().for_each(|octet| quote(octet, self.out));
            } else {
                encode::base64_line(piece.as_bytes(), self.out);
            }
            self.column += len;
            self.glued(b"?=");
            text = rest;
        }
    }

    /// Writes addresses with commas between them.
    pub(crate) fn addresses<'a>(&mut self, addresses: impl IntoIterator<Item = &'a Address>) {
        let mut addresses = addresses.into_iter().peekable();
        while let Some(address) = addresses.next() {
            let comma: &[u8] = if addresses.peek().is_some() { b"," } else { b"" };
            match address {
                Address::Mailbox(mailbox) => self.mailbox(mailbox, comma),
                Address::Group(group) => {
                    self.phrase(group.name());
                    self.glued(b":");
                    let last = group.members().len().saturating_sub(1);
                    for (at, member) in group.members().iter().enumerate() {
                        self.mailbox(member, if at < last { b"," } else { b"" });
                    }
                    self.glued(b";");
                    self.glued(comma);
                }
                // The only form in which words without an address are an address.
                Address::Unreadable(text) => {
                    self.phrase(text.as_str());
                    self.glued(b":;");
                    self.glued(comma);
                }
            }
        }
    }

    pub(crate) fn mailbox(&mut self, mailbox: &Mailbox, after: &[u8]) {
        let Some(name) = mailbox.name() else {
            return self.address([b"", after], mailbox.address());
        };
        self.phrase(name);
        let close: &[u8] = if after.is_empty() { b">" } else { b">," };
        self.address([b"<", close], mailbox.address());
    }

    /// Writes an address in angle brackets.
    pub(crate) fn path(&mut self, address: &AddrSpec) {
        self.address([b"<", b">"], address);
    }

    /// Writes an address with octets before and after it.
    fn address(&mut self, [before, after]: [&[u8]; 2], address: &AddrSpec) {
        if let Some(text) = address.unquoted() {
            self.space(before.len() + text.len() + after.len());
            self.glued(before);
            self.glued(text.as_bytes());
            return self.glued(after);
        }
        let (local, domain) = (address.local(), address.domain());
        let escapes = 2 + local.bytes().filter(needs_escape).count();
        self.space(before.len() + local.len() + escapes + 1 + domain.len() + after.len());
        self.glued(before);
        self.quoted(local, false);
        self.glued(b"@");
        self.glued(domain.as_bytes());
        self.glued(after);
    }

    /// Writes message identifiers.
    pub(crate) fn message_ids(&mut self, ids: &[MessageId]) {
        for id in ids {
            self.space(id.as_str().len() + 2);
            self.glued(b"<");
            self.glued(id.as_str().as_bytes());
            self.glued(b">");
        }
    }

    /// Writes a name: atoms, or a quoted string, or encoded words.
    pub(crate) fn phrase(&mut self, name: &str) {
        if is_simple(name, |it| it.is_ascii() && is_atext(it) && it != b'=') {
            self.word(name.as_bytes());
        } else if !is_plain(name, self.utf8)
            && !name.split(' ').all(|word| is_plain(word, self.utf8))
        {
            self.encoded(name);
        } else if name.bytes().all(|octet| octet == b' ' || is_atext(octet)) {
            self.words(name);
        } else {
            self.space(name.split(' ').next().map_or(0, str::len) + 2);
            self.quoted(name, true);
        }
    }

    /// Writes a quoted string, right after what stands there.
    fn quoted(&mut self, text: &str, folded: bool) {
        self.glued(b"\"");
        for (at, word) in text.split(' ').enumerate() {
            match at {
                0 => {}
                _ if folded => self.space(word.len() + 1),
                _ => self.glued(b" "),
            }
            for piece in word.split_inclusive(['"', '\\']) {
                // What is escaped stands at the end of its piece.
                let (plain, mark) = match piece.as_bytes() {
                    [plain @ .., mark @ (b'"' | b'\\')] => (plain, Some(*mark)),
                    plain => (plain, None),
                };
                self.glued(plain);
                mark.into_iter().for_each(|mark| self.glued(&[b'\\', mark]));
            }
        }
        self.glued(b"\"");
    }

    /// Writes `; name=value`, as RFC 2231 wants it where it is no short ASCII.
    pub(crate) fn parameter(&mut self, name: &str, value: &str) {
        self.glued(b";");
        let token = !value.is_empty() && value.bytes().all(is_token);
        let short = name.len() + value.len() < LINE / 2;
        let printable = || value.bytes().all(|it| matches!(it, b' '..=b'~'));
        if short && (token || printable() && !value.contains("=?")) {
            self.space(name.len() + value.len() + if token { 1 } else { 3 });
            self.glued(name.as_bytes());
            self.glued(b"=");
            if token { self.glued(value.as_bytes()) } else { self.quoted(value, false) }
        } else {
            self.continuations(name, value);
        }
    }

    /// RFC 2231 §4.1: pieces of percent-encoded UTF-8, each on a line.
    fn continuations(&mut self, name: &str, value: &str) {
        let mut piece = String::from("utf-8''");
        let mut section = 0;
        for octet in value.bytes() {
            // RFC 2231 §7 `attribute-char`.
            let plain = is_token(octet) && !b"*'%".contains(&octet);
            if name.len() + piece.len() + 15 > LINE {
                self.word(alloc::format!("{name}*{section}*={piece};").as_bytes());
                piece.clear();
                section += 1;
            }
            if plain {
                piece.push(char::from(octet));
            } else {
                let _ = write!(piece, "%{octet:02X}");
            }
        }
        if section == 0 {
            self.word(alloc::format!("{name}*={piece}").as_bytes());
        } else {
            self.word(alloc::format!("{name}*{section}*={piece}").as_bytes());
        }
    }
}

/// Writes the last digits of a number.
fn digits<const N: usize>(mut number: i64) -> [u8; N] {
    let mut out = [b'0'; N];
    for place in out.iter_mut().rev() {
        *place += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    out
}

/// Finds the part of a text that must be encoded: from the first to the last word that cannot
/// stand for itself. Blanks beside blanks, or at an end, are empty words: only encoding keeps
/// them, and only together with the words beside them.
fn odd_words(text: &str, utf8: bool) -> Option<(usize, usize)> {
    if is_simple(text, |it| it.is_ascii_graphic() && it != b'=') {
        return None;
    }
    let (mut odd, mut start) = (None, 0);
    let (mut previous_start, mut after_empty) = (0, false);
    for word in text.split(' ') {
        let end = start + word.len();
        let empty = word.is_empty() && !text.is_empty();
        if empty || after_empty || !word.is_empty() && !is_plain(word, utf8) {
            let from = if empty { previous_start } else { start };
            odd = Some((odd.map_or(from, |(from, _)| from), end));
        }
        (previous_start, after_empty, start) = (start, empty, end + 1);
    }
    odd
}

/// Tells whether text is as short as a word, with single blanks between what stands for itself:
/// the usual case, of which no word has to be looked at.
fn is_simple(text: &str, stands: impl Fn(u8) -> bool) -> bool {
    let mut previous = b' ';
    let simple = text.bytes().all(|octet| {
        let before = core::mem::replace(&mut previous, octet);
        stands(octet) || octet == b' ' && before != b' '
    });
    text.len() < LINE - 1 && simple && previous != b' '
}

/// Tells whether a word of text can stand for itself.
fn is_plain(word: &str, utf8: bool) -> bool {
    // Long words are encoded, because encoded words can be cut.
    let length = (1..LINE - 1).contains(&word.len());
    let plain = |octet: u8| octet.is_ascii_graphic() || utf8 && octet >= 0x80;
    length && word.bytes().all(plain) && !word.contains("=?")
}

const fn needs_escape(octet: &u8) -> bool {
    matches!(octet, b'"' | b'\\')
}

/// Returns how much of a text fits into `room` octets of an encoded word, a character at least,
/// and how long it is encoded.
fn fitting(text: &str, room: usize, quoted: bool) -> (usize, usize) {
    let (mut taken, mut width) = (0, 0);
    for c in text.chars() {
        let next = taken + c.len_utf8();
        let wider = if quoted { width + quoted_width(c) } else { base64_len(next) };
        if wider > room && taken > 0 {
            break;
        }
        (taken, width) = (next, wider);
    }
    (taken, width)
}

const fn base64_len(octets: usize) -> usize {
    octets.div_ceil(3) * 4
}

fn quoted_width(c: char) -> usize {
    let mut octets = [0; 4];
    let octets = c.encode_utf8(&mut octets).bytes();
    octets.map(|octet| if octet == b' ' || is_plain_in_word(octet) { 1 } else { 3 }).sum()
}

/// RFC 2047 §5 rule 3: what may stand for itself even in a phrase. A blank takes one place too.
const fn is_plain_in_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'!' | b'*' | b'+' | b'-' | b'/')
}

/// RFC 2047 §4.2.
fn quote(octet: u8, out: &mut BytesMut) {
    match octet {
        b' ' => out.put_u8(b'_'),
        octet if is_plain_in_word(octet) => out.put_u8(octet),
        octet => out.put_slice(&encode::escape(octet)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str, utf8: bool) -> String {
        let mut out = BytesMut::new();
        let mut field = FieldWriter::new(&mut out, "Subject", utf8);
        field.text(text);
        field.end();
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn only_words_that_need_it_are_encoded() {
        for (it, expected) in [
            ("plain words", "Subject: plain words\r\n"),
            ("", "Subject: \r\n"),
            ("a é b", "Subject: a =?utf-8?B?w6k=?= b\r\n"),
            ("a  b c", "Subject: =?utf-8?Q?a__b?= c\r\n"),
            ("one café two", "Subject: one =?utf-8?B?Y2Fmw6k=?= two\r\n"),
            ("é b c é", "Subject: =?utf-8?B?w6kgYiBjIMOp?=\r\n"),
            ("end ", "Subject: =?utf-8?Q?end_?=\r\n"),
            (" start", "Subject: =?utf-8?Q?_start?=\r\n"),
            ("=?utf-8?Q?x?=", "Subject: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n"),
        ] {
            assert_eq!(text(it, false), expected, "{it:?}");
        }
        assert_eq!(text("a é b", true), "Subject: a é b\r\n");
    }

    #[test]
    fn dates_are_written_as_they_are_shown() {
        for (seconds, offset) in
            [(0, 0), (880_127_706, -360), (-2_208_988_800, 0), (253_402_300_799, 0), (1, -5999)]
        {
            let date = DateTime::new(seconds, offset).unwrap();
            let mut out = BytesMut::new();
            FieldWriter::new(&mut out, "Date", false).date(date);
            assert_eq!(out, alloc::format!("Date: {date}"));
        }
    }

    #[test]
    fn encoded_words_hold_whole_characters_and_fit() {
        for unit in ["é", "🦀", "aé", "=", "日本", "x🦀y é"] {
            for count in 1..90 {
                let written = text(&unit.repeat(count), false);
                for line in written.split_terminator("\r\n") {
                    assert!(line.len() <= LINE, "{line}");
                    for word in line.split(' ').filter(|it| it.starts_with("=?")) {
                        assert!(word.len() <= WORD, "{word}");
                    }
                }
            }
        }
    }
}
