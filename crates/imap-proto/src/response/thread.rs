//! Conversations (RFC 5256 §4).
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::{
    ParseErrorKind,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// Messages as conversations (RFC 5256 §4): a forest, kept flat, each message before its
/// answers, so that a hostile depth costs neither stack nor time.
///
/// ```
/// use core::num::NonZeroU32;
/// use imap_proto::{Thread, ThreadEntry};
///
/// let entry = |depth, number| ThreadEntry { depth, number: NonZeroU32::new(number) };
/// // (2)(3 6): 2 alone; 6 answers 3.
/// assert!(Thread::new(vec![entry(0, 2), entry(0, 3), entry(1, 6)]).is_some());
/// assert_eq!(Thread::new(vec![entry(1, 2)]), None);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Thread(Vec<ThreadEntry>);

/// A message in a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ThreadEntry {
    /// How many messages it answers, one the other.
    pub depth: u32,
    /// Its sequence number or UID; `None` for one that is missing, whose answers belong together.
    pub number: Option<NonZeroU32>,
}

impl Thread {
    /// Makes conversations of messages in order; `None` if one is more than a level deeper than
    /// the one before it, or if one that is missing has not two answers, or is itself the only
    /// answer: such a one could not be told from none.
    #[must_use]
    pub fn new(entries: Vec<ThreadEntry>) -> Option<Self> {
        let mut next = 0;
        for entry in &entries {
            if entry.depth > next {
                return None;
            }
            next = entry.depth.checked_add(1)?;
        }
        let answers = answers(&entries);
        let mut above: Vec<u32> = Vec::new();
        let real = |(entry, answers): (&ThreadEntry, &u32)| {
            above.truncate(usize::try_from(entry.depth).unwrap_or(usize::MAX));
            let alone = above.last() == Some(&1);
            above.push(*answers);
            entry.number.is_some() || (*answers > 1 && !alone)
        };
        entries.iter().zip(&answers).all(real).then_some(Self(entries))
    }

    /// Returns the messages.
    #[must_use]
    pub fn entries(&self) -> &[ThreadEntry] {
        &self.0
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let (mut entries, mut open) = (Vec::new(), Vec::<u32>::new());
        if !cursor.is_at_end() {
            cursor.gap()?;
        }
        // How deep the next message is, and whether its list has had one.
        let (mut depth, mut empty) = (0, true);
        loop {
            match cursor.peek() {
                Some(b'(') => {
                    cursor.skip(1);
                    if empty && !open.is_empty() {
                        cursor.count()?;
                        entries.push(ThreadEntry { depth, number: None });
                        depth += 1;
                    }
                    open.push(depth);
                    empty = true;
                }
                Some(b')') if !open.is_empty() && !empty => {
                    cursor.skip(1);
                    depth = open.pop().unwrap_or(0);
                }
                Some(b'1'..=b'9') if !open.is_empty() => {
                    entries.push(ThreadEntry { depth, number: Some(cursor.nz_number()?) });
                    (depth, empty) = (depth + 1, false);
                    if cursor.peek() == Some(b' ') {
                        cursor.skip(1);
                    } else if cursor.peek() != Some(b')') {
                        break;
                    }
                }
                _ => break,
            }
        }
        if !open.is_empty() {
            return Err(cursor.error(ParseErrorKind::Expected(')')));
        }
        Self::new(entries).ok_or_else(|| cursor.error(ParseErrorKind::Expected('(')))
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        let answers = answers(&self.0);
        // The messages above: whether each stands in parentheses, and how many answers it has.
        let mut above: Vec<(bool, u32)> = Vec::new();
        let mut after_number = true;
        for (entry, answers) in self.0.iter().zip(&answers) {
            let depth = usize::try_from(entry.depth).unwrap_or(usize::MAX);
            while above.len() > depth {
                let parenthesized = above.pop().is_some_and(|(parenthesized, _)| parenthesized);
                writer.put(if parenthesized { ")" } else { "" });
                after_number = false;
            }
            let parenthesized = above.last().is_none_or(|(_, answers)| *answers > 1);
            writer.put(if after_number { " " } else { "" });
            writer.put(if parenthesized { "(" } else { "" });
            if let Some(number) = entry.number {
                writer.number(number.get());
            }
            after_number = entry.number.is_some();
            above.push((parenthesized, *answers));
        }
        while let Some((parenthesized, _)) = above.pop() {
            writer.put(if parenthesized { ")" } else { "" });
        }
    }
}

/// How many answers each message has.
fn answers(entries: &[ThreadEntry]) -> Vec<u32> {
    let mut counts = alloc::vec![0_u32; entries.len()];
    let mut above = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        above.truncate(usize::try_from(entry.depth).unwrap_or(usize::MAX));
        if let Some(count) = above.last().and_then(|parent: &usize| counts.get_mut(*parent)) {
            *count += 1;
        }
        above.push(index);
    }
    counts
}
