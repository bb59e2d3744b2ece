//! What a client remembers between sessions, for POP3 itself remembers nothing.
use alloc::{collections::BTreeSet, string::String, vec::Vec};

use bytes::Bytes;

use crate::{MessageNumber, UniqueId};

/// The messages that were fetched and kept on the server: download-and-keep's memory.
///
/// It is data: the caller stores it wherever it likes, a file for each user and server say, and
/// gives it back for the next session.
///
/// ```
/// use pop3_proto::{MessageNumber, UniqueId, client::Seen};
///
/// let mut seen = Seen::parse("m1\nm2\n");
/// let listing = [(MessageNumber::MIN, UniqueId::new("m3".into())?)];
/// assert_eq!(seen.fresh(&listing), listing);
/// seen.insert(listing[0].1.clone());
/// // m1 and m2 are on the server no more, and need not be remembered.
/// seen.retain(&listing);
/// assert_eq!(seen.write(), "m3\n");
/// # Ok::<_, pop3_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Seen(BTreeSet<UniqueId>);

impl Seen {
    /// Reads what [`write`](Self::write) wrote. A line that is no unique id, the torn last one
    /// say, is passed over: at worst its message is fetched again.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let ids = text.lines().map(|line| Bytes::copy_from_slice(line.as_bytes()));
        Self(ids.filter_map(|id| UniqueId::new(id).ok()).collect())
    }

    /// Writes a line for each; a single id's line may be appended to what was written before.
    #[must_use]
    pub fn write(&self) -> String {
        self.0.iter().flat_map(|id| [id.as_str(), "\n"]).collect()
    }

    /// Notes that a message was fetched, and is safe.
    pub fn insert(&mut self, id: UniqueId) {
        self.0.insert(id);
    }

    /// Whether a message was fetched.
    #[must_use]
    pub fn contains(&self, id: &UniqueId) -> bool {
        self.0.contains(id)
    }

    /// Returns those of a UIDL listing that were not fetched yet.
    #[must_use]
    pub fn fresh(&self, listing: &[(MessageNumber, UniqueId)]) -> Vec<(MessageNumber, UniqueId)> {
        listing.iter().filter(|(_, id)| !self.contains(id)).cloned().collect()
    }

    /// Forgets what the server does not list any more. RFC 1939 §7 lets it use an id again only
    /// if the message is gone, and ours would then not be fetched.
    pub fn retain(&mut self, listing: &[(MessageNumber, UniqueId)]) {
        let listed: BTreeSet<_> = listing.iter().map(|(_, id)| id).collect();
        self.0.retain(|id| listed.contains(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &'static str) -> UniqueId {
        UniqueId::new(text.into()).unwrap()
    }

    #[test]
    fn a_torn_or_strange_line_is_passed_over() {
        let seen = Seen::parse("a\n\nnot an id\nb");
        assert!(seen.contains(&id("a")) && seen.contains(&id("b")));
        assert_eq!(Seen::parse(&seen.write()), seen);
        assert_eq!(seen.write(), "a\nb\n");
    }

    #[test]
    fn nothing_is_fetched_twice_and_what_is_gone_is_forgotten() {
        let (one, two) = (MessageNumber::MIN, MessageNumber::MIN.saturating_add(1));
        let mut seen = Seen::default();
        let listing = [(one, id("a")), (two, id("b"))];
        assert_eq!(seen.fresh(&listing), listing);
        seen.insert(id("a"));
        assert_eq!(seen.fresh(&listing), [(two, id("b"))]);
        seen.retain(&listing[1..]);
        assert!(!seen.contains(&id("a")));
    }
}
