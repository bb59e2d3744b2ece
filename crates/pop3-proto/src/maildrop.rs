//! What a server shows of a user's mail.
use alloc::vec::Vec;

use bytes::Bytes;
use memchr::memchr_iter;

use crate::{MessageNumber, Misuse, ParseError, ParseErrorKind};

/// The messages of a user, as they were when the session began: later arrivals wait for the next
/// session (RFC 1939 §4).
///
/// ```
/// use pop3_proto::{Entry, Maildrop, UniqueId};
///
/// let entry = |size, id: &'static str| {
///     Ok::<_, pop3_proto::ParseError>(Entry { size, id: UniqueId::new(id.into())? })
/// };
/// let maildrop = Maildrop::new(vec![entry(498, "a")?, entry(912, "b")?])?;
/// assert_eq!((maildrop.count(), maildrop.size()), (2, 1410));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Maildrop {
    entries: Vec<Entry>,
    /// A mark for each entry: octets, for these are searched for fast. A client may ask for a
    /// listing of what it has deleted as often as it likes.
    marks: Vec<u8>,
    /// How many are kept, and their size: the same goes for STAT.
    count: usize,
    size: u128,
}

const KEPT: u8 = 0;
const DELETED: u8 = 1;

/// A message, as listings show it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its size in octets as it will be sent, lines ending in CRLF, without stuffed dots.
    pub size: u64,
    /// Its name for good.
    pub id: UniqueId,
}

/// A message's name, the same in every session: 1 to 70 octets from `!` to `~` (RFC 1939 §7).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UniqueId(Bytes);

impl UniqueId {
    /// Checks a unique id.
    ///
    /// # Errors
    /// It is empty, longer than 70 octets, or has an octet that is not printable.
    pub fn new(id: Bytes) -> Result<Self, ParseError> {
        let printable = |octet: &u8| (0x21..=0x7E).contains(octet);
        match id.iter().position(|octet| !printable(octet)) {
            None if (1..=70).contains(&id.len()) => Ok(Self(id)),
            bad => Err(ParseError::new(ParseErrorKind::UniqueId, bad.unwrap_or(id.len().min(70)))),
        }
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the same as text, for it is ASCII.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("the constructor lets nothing but ASCII pass")
    }
}

impl Maildrop {
    /// Makes a maildrop; the first entry is message 1.
    ///
    /// No two messages should have one id. Two that are alike may, where ids are made of the
    /// messages' octets: RFC 1939 §7 allows that.
    ///
    /// # Errors
    /// There are more than 4294967295.
    pub fn new(entries: Vec<Entry>) -> Result<Self, Misuse> {
        if u32::try_from(entries.len()).is_err() {
            return Err(Misuse::TooManyMessages);
        }
        let marks = alloc::vec![KEPT; entries.len()];
        let mut maildrop = Self { entries, marks, count: 0, size: 0 };
        maildrop.undelete();
        Ok(maildrop)
    }

    /// Returns how many messages are not marked as deleted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the size of those that are not marked as deleted, in octets.
    #[must_use]
    pub fn size(&self) -> u64 {
        u64::try_from(self.size).unwrap_or(u64::MAX)
    }

    /// Looks a message up, unless it is marked as deleted (RFC 1939 §5: "any future reference
    /// to the message number … generates an error").
    #[must_use]
    pub fn get(&self, message: MessageNumber) -> Option<(usize, &Entry)> {
        let index = index(message)?;
        let entry = self.entries.get(index)?;
        (self.marks.get(index) == Some(&KEPT)).then_some((index, entry))
    }

    /// Marks a message; false if there is none of this number, or it is marked already.
    pub(crate) fn delete(&mut self, message: MessageNumber) -> bool {
        let Some((index, entry)) = self.get(message) else { return false };
        let size = u128::from(entry.size);
        // `get` has looked: it is there, and it is not marked.
        self.marks.get_mut(index).into_iter().for_each(|mark| *mark = DELETED);
        self.count -= 1;
        self.size -= size;
        true
    }

    pub(crate) fn undelete(&mut self) {
        if self.count < self.entries.len() {
            self.marks.fill(KEPT);
            self.count = self.entries.len();
            self.size = self.entries.iter().map(|entry| u128::from(entry.size)).sum();
        }
    }

    /// The messages that are marked, by their places among the entries.
    pub(crate) fn deleted(&self) -> Vec<usize> {
        memchr_iter(DELETED, &self.marks).collect()
    }

    /// Those that are not marked, from the place `from` on, by number.
    pub(crate) fn kept_from(&self, from: usize) -> impl Iterator<Item = (usize, &Entry)> {
        let marks = self.marks.get(from..).unwrap_or_default();
        let kept = memchr_iter(KEPT, marks).map(move |at| from + at);
        kept.filter_map(|index| Some((index, self.entries.get(index)?)))
    }
}

fn index(message: MessageNumber) -> Option<usize> {
    usize::try_from(message.get() - 1).ok()
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn entry(size: u64, id: &'static str) -> Entry {
        Entry { size, id: UniqueId::new(id.into()).unwrap() }
    }

    #[test]
    fn a_unique_id_has_1_to_70_printable_octets() {
        for (id, good) in [("", false), ("a b", false), ("\x7F", false), ("!~", true)] {
            assert_eq!(UniqueId::new(id.into()).is_ok(), good, "{id:?}");
        }
        assert!(UniqueId::new(String::from("x").repeat(70).into()).is_ok());
        assert!(UniqueId::new(String::from("x").repeat(71).into()).is_err());
    }

    #[test]
    fn a_deleted_message_is_gone_until_it_is_undeleted() {
        let mut maildrop = Maildrop::new(alloc::vec![entry(1, "a"), entry(2, "b")]).unwrap();
        let first = MessageNumber::MIN;
        assert!(maildrop.delete(first));
        assert!(!maildrop.delete(first));
        assert_eq!(maildrop.get(first), None);
        assert_eq!((maildrop.count(), maildrop.size()), (1, 2));
        assert_eq!(maildrop.deleted(), [0]);
        assert_eq!(maildrop.kept_from(0).map(|(index, _)| index).collect::<Vec<_>>(), [1]);
        assert_eq!(maildrop.kept_from(2).count(), 0);
        maildrop.undelete();
        assert_eq!(maildrop.get(first), Some((0, &entry(1, "a"))));
        assert_eq!((maildrop.count(), maildrop.size()), (2, 3));
        assert!(!maildrop.delete(MessageNumber::MAX));
    }

    #[test]
    fn sizes_beyond_64_bits_saturate_and_come_back() {
        let huge = alloc::vec![entry(u64::MAX, "a"), entry(2, "b")];
        let mut maildrop = Maildrop::new(huge).unwrap();
        assert_eq!(maildrop.size(), u64::MAX);
        assert!(maildrop.delete(MessageNumber::MIN));
        assert_eq!(maildrop.size(), 2);
    }
}
