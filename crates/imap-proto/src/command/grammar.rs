//! What the grammars of commands share.
use alloc::vec::Vec;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{NotEmpty, ParseError, ParseErrorKind};

/// A word of the grammar in upper case, so that it can be matched: all words that mean something
/// are shorter.
#[derive(Clone, Copy)]
pub(super) struct Word {
    octets: [u8; LONGEST],
    length: usize,
    offset: usize,
}

/// More than MAILBOXMETADATACHANGE.
const LONGEST: usize = 24;

impl Word {
    /// Takes letters, digits and what joins them; of a word that is too long, nothing that could
    /// be another.
    #[inline]
    pub(super) fn take(cursor: &mut Cursor<'_>) -> Self {
        let mut word = Self { octets: [0; LONGEST], length: 0, offset: cursor.offset() };
        for (to, from) in word.octets.iter_mut().zip(cursor.rest()) {
            *to = upper(*from);
            if *to == 0 {
                break;
            }
            word.length += 1;
        }
        cursor.skip(word.length);
        word
    }

    /// Takes a word that was read otherwise.
    pub(super) fn of(word: &[u8], offset: usize) -> Self {
        let mut taken = Self { octets: [0; LONGEST], length: 0, offset };
        if word.len() <= LONGEST {
            for (to, from) in taken.octets.iter_mut().zip(word) {
                *to = from.to_ascii_uppercase();
            }
            taken.length = word.len();
        }
        taken
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    /// Blames the word.
    #[cold]
    pub(super) const fn unknown(&self) -> ParseError {
        ParseError::new(ParseErrorKind::Word, self.offset)
    }

    /// Where it began.
    pub(super) const fn offset(&self) -> usize {
        self.offset
    }
}

/// An octet of a word in upper case; 0 for any other octet.
#[inline]
fn upper(octet: u8) -> u8 {
    UPPER.get(usize::from(octet)).copied().unwrap_or(0)
}

static UPPER: [u8; 256] = {
    let mut table = [0; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut octet = 0_u8;
    while let Some((entry, more)) = rest.split_first_mut() {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_' | b'=') {
            *entry = octet.to_ascii_uppercase();
        }
        rest = more;
        octet = octet.wrapping_add(1);
    }
    table
};

/// Takes items between parentheses, at least one.
pub(super) fn list<'a, T>(
    cursor: &mut Cursor<'a>,
    mut item: impl FnMut(&mut Cursor<'a>) -> Parsed<T>,
) -> Parsed<NotEmpty<T>> {
    let mut items = Vec::new();
    cursor.list1(|cursor| {
        items.push(item(cursor)?);
        Ok(())
    })?;
    Ok(NotEmpty::new(items).expect("list1 takes at least one"))
}

/// Takes items between parentheses, or one without.
pub(super) fn list_or_one<'a, T>(
    cursor: &mut Cursor<'a>,
    mut item: impl FnMut(&mut Cursor<'a>) -> Parsed<T>,
) -> Parsed<NotEmpty<T>> {
    if cursor.peek() == Some(b'(') { list(cursor, item) } else { item(cursor).map(NotEmpty::from) }
}

/// Takes items, each after a space, up to the end of the command.
pub(super) fn spaced<'a, T>(
    cursor: &mut Cursor<'a>,
    mut item: impl FnMut(&mut Cursor<'a>) -> Parsed<T>,
) -> Parsed<Vec<T>> {
    let mut items = Vec::new();
    while !cursor.is_at_end() {
        cursor.space()?;
        cursor.count()?;
        items.push(item(cursor)?);
    }
    Ok(items)
}

/// The same, with one item at least.
pub(super) fn spaced1<'a, T>(
    cursor: &mut Cursor<'a>,
    item: impl FnMut(&mut Cursor<'a>) -> Parsed<T>,
) -> Parsed<NotEmpty<T>> {
    let error = cursor.error(ParseErrorKind::Expected(' '));
    NotEmpty::new(spaced(cursor, item)?).ok_or(error)
}

/// Sets what may be said once.
pub(super) fn once<T>(place: &mut Option<T>, value: T, word: &Word) -> Parsed<()> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(word.unknown()),
    }
}

/// Writes an option after a space, unless it is the first.
pub(super) fn option(is_first: &mut bool, word: &str, out: &mut Writer<'_>) {
    if !core::mem::take(is_first) {
        out.put(" ");
    }
    out.put(word);
}

/// Writes the words of a list that are wanted; says whether the list is still empty.
pub(super) fn words(words: &[(bool, &str)], out: &mut Writer<'_>) -> bool {
    let mut is_first = true;
    for (_, word) in words.iter().filter(|(is_wanted, _)| *is_wanted) {
        option(&mut is_first, word, out);
    }
    is_first
}
