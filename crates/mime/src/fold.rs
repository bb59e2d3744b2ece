//! Writing header fields: folded, and only of words that cannot break them.
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{BufMut, BytesMut};

use crate::encode;
use crate::lex::{is_atext, is_token};
use crate::{Address, Mailbox};

/// RFC 5322 §2.1.1: a line SHOULD have no more than 78 octets, its line end apart.
const LINE: usize = 78;
/// RFC 2047 §2: an encoded word has no more than 75 octets.
const WORD: usize = 75;
const WORD_START: &[u8] = b"=?utf-8?B?";
const WORD_END: &[u8] = b"?=";
/// Room for an encoded word worth starting on a line; one with less goes to the next line.
const WORD_LEAST: usize = 24;

/// Writes one field. Words never hold CR, LF or a blank line: a fold is written only right before
/// a word that is not empty.
pub(crate) struct FieldWriter<'o> {
    out: &'o mut BytesMut,
    column: usize,
}

impl<'o> FieldWriter<'o> {
    pub(crate) fn new(out: &'o mut BytesMut, name: &str) -> Self {
        out.put_slice(name.as_bytes());
        out.put_u8(b':');
        Self { out, column: name.len() + 1 }
    }

    pub(crate) fn end(self) {
        self.out.put_slice(b"\r\n");
    }

    /// Writes a blank, or a fold where the line would be too long, and then the word.
    pub(crate) fn word(&mut self, word: &[u8]) {
        self.space(word.len());
        self.glued(word);
    }

    fn space(&mut self, room: usize) {
        if self.column + 1 + room > LINE && self.column > 1 {
            self.out.put_slice(b"\r\n");
            self.column = 0;
        }
        self.glued(b" ");
    }

    /// Writes octets right after what stands there.
    fn glued(&mut self, octets: &[u8]) {
        self.out.put_slice(octets);
        self.column += octets.len();
    }

    /// Writes unstructured text (RFC 5322 §2.2.1): what is not plain as encoded words.
    pub(crate) fn text(&mut self, text: &str) {
        let words: Vec<_> = text.split(' ').collect();
        // Blanks beside blanks, or at an end, are empty words: only encoding keeps them, and only
        // together with the words beside them.
        let empty = |at: usize| words.get(at).is_some_and(|word| word.is_empty());
        let odd = |at: usize| {
            words.get(at).is_some_and(|word| !is_plain(word))
                || empty(at + 1)
                || at.checked_sub(1).is_some_and(empty)
        };
        let Some(first) = (0..words.len()).find(|at| odd(*at)) else {
            return words.iter().for_each(|word| self.word(word.as_bytes()));
        };
        // From the first to the last word that needs it all is encoded, blanks included, since
        // blanks between encoded words are lost (RFC 2047 §6.2).
        let last = (0..words.len()).rfind(|at| odd(*at)).unwrap_or(first);
        let (head, rest) = words.split_at_checked(first).unwrap_or((&words, &[]));
        let (middle, tail) = rest.split_at_checked(last + 1 - first).unwrap_or((rest, &[]));
        head.iter().for_each(|word| self.word(word.as_bytes()));
        self.encoded(&middle.join(" "));
        tail.iter().for_each(|word| self.word(word.as_bytes()));
    }

    /// Writes text as encoded words of whole characters (RFC 2047 §5 rule 3).
    fn encoded(&mut self, mut text: &str) {
        // A field of empty text has no words.
        while !text.is_empty() {
            let frame = WORD_START.len() + WORD_END.len();
            let room = LINE.saturating_sub(self.column + 1);
            let room = if room < WORD_LEAST { WORD } else { room.min(WORD) };
            let whole = (room - frame) / 4 * 3;
            let len = (0..=whole).rev().find(|len| text.is_char_boundary(*len) && *len > 0);
            let (piece, rest) =
                text.split_at_checked(len.unwrap_or(text.len())).unwrap_or((text, ""));
            let mut word = WORD_START.to_vec();
            encode::base64_line(piece.as_bytes(), &mut word);
            word.extend_from_slice(WORD_END);
            self.word(&word);
            text = rest;
        }
    }

    /// Writes addresses with commas between them.
    pub(crate) fn addresses(&mut self, addresses: &[Address]) {
        for (at, address) in addresses.iter().enumerate() {
            let comma = at + 1 < addresses.len();
            match address {
                Address::Mailbox(mailbox) => self.mailbox(mailbox, comma),
                Address::Group(group) => {
                    self.phrase(group.name());
                    self.glued(b":");
                    for (at, member) in group.members().iter().enumerate() {
                        self.mailbox(member, at + 1 < group.members().len());
                    }
                    self.glued(if comma { b";," } else { b";" });
                }
                // The only form in which words without an address are an address.
                Address::Unreadable(text) => {
                    self.phrase(text.as_str());
                    self.glued(if comma { b":;," } else { b":;" });
                }
            }
        }
    }

    fn mailbox(&mut self, mailbox: &Mailbox, comma: bool) {
        let mut address = alloc::format!("{}", mailbox.address());
        if let Some(name) = mailbox.name() {
            self.phrase(name);
            address = alloc::format!("<{address}>");
        }
        if comma {
            address.push(',');
        }
        self.word(address.as_bytes());
    }

    /// Writes a name: atoms, or a quoted string, or encoded words.
    fn phrase(&mut self, name: &str) {
        let atoms =
            |name: &str| name.split(' ').all(|it| !it.is_empty() && it.bytes().all(is_atext));
        if !name.split(' ').all(is_plain) {
            self.encoded(name);
        } else if atoms(name) {
            name.split(' ').for_each(|word| self.word(word.as_bytes()));
        } else {
            quoted(name).split(' ').for_each(|word| self.word(word.as_bytes()));
        }
    }

    /// Writes `; name=value`, as RFC 2231 wants it where it is no short ASCII.
    pub(crate) fn parameter(&mut self, name: &str, value: &str) {
        self.glued(b";");
        let token = !value.is_empty() && value.bytes().all(is_token);
        let short = name.len() + value.len() < LINE / 2;
        if short && token {
            self.word(alloc::format!("{name}={value}").as_bytes());
        } else if short
            && value.bytes().all(|it| matches!(it, b' '..=b'~'))
            && !value.contains("=?")
        {
            self.word(alloc::format!("{name}={}", quoted(value)).as_bytes());
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
            let next =
                if plain { char::from(octet).into() } else { alloc::format!("%{octet:02X}") };
            if name.len() + piece.len() + next.len() + 12 > LINE {
                self.word(alloc::format!("{name}*{section}*={piece};").as_bytes());
                piece.clear();
                section += 1;
            }
            piece.push_str(&next);
        }
        if section == 0 {
            self.word(alloc::format!("{name}*={piece}").as_bytes());
        } else {
            self.word(alloc::format!("{name}*{section}*={piece}").as_bytes());
        }
    }
}

/// Tells whether a word of text can stand for itself.
fn is_plain(word: &str) -> bool {
    // Long words are encoded, because encoded words can be cut.
    let length = (1..LINE - 1).contains(&word.len());
    length && word.bytes().all(|octet| octet.is_ascii_graphic()) && !word.contains("=?")
}

fn quoted(text: &str) -> String {
    alloc::format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
