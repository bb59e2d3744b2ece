//! A mailbox as an application sees it.
mod memory;
#[cfg(test)]
mod tests;

use alloc::{vec, vec::Vec};
use core::num::NonZeroU32;

pub use memory::Memory;

use super::{Error, Session};
use crate::{
    Capability, Code, Fetch, Flags, Number64, RespText, Response, SearchData, UidSet,
    command::{
        ChangedSince, Command, Criteria, FetchItem, FetchModifiers, Numbering, Search, SearchKey,
        SearchReturns,
    },
};

/// A mailbox as an application sees it: which message has which number, kept up to date from what
/// the server says, and brought up to date from what was known before.
///
/// Make it before the mailbox is opened, let it [hear](Self::hear) every response, give the
/// commands that it wants after the mailbox is open ([`resync`](Self::resync)), and
/// [settle](Self::settle) it when they, and later other commands, have succeeded.
///
/// ```
/// use imap_proto::{Response, client::{Config, Memory, Session, View}};
/// use proto_core::Instant;
///
/// let session = Session::new(Instant::ORIGIN, Config::default());
/// let mut view = View::new(Memory::parse("7 4 - 1:3"), 1000);
/// view.hear(&Response::Exists(2))?;
/// // The server says nothing of UIDVALIDITY, so all messages are listed anew.
/// assert_eq!(view.resync(&session).len(), 1);
/// # Ok::<_, imap_proto::client::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct View {
    /// What was known before, sorted: until all is known anew.
    known: Vec<NonZeroU32>,
    memory: Option<Memory>,
    most: u32,
    exists: u32,
    /// Of the messages from the first on; of those after it nothing is known.
    messages: Vec<Seen>,
    uid_validity: Option<NonZeroU32>,
    uid_next: Option<NonZeroU32>,
    /// Up to which all changes are known, and what the server has said since.
    settled: Option<Number64>,
    mod_seq: Option<Number64>,
    /// Whether a search for all messages is under way.
    listing: bool,
    gone: Vec<NonZeroU32>,
}

/// What is known of a message.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Seen {
    /// Its UID.
    pub uid: Option<NonZeroU32>,
    /// Its flags, if they have been told since the mailbox was opened; if not, they are what they
    /// were.
    pub flags: Option<Flags>,
    /// Its mod-sequence, if it has been told.
    pub mod_seq: Option<Number64>,
}

impl View {
    /// Begins with what is known from an earlier session, if anything is. `most` is how many
    /// messages are looked after: 32 octets are held for each, and its flags.
    #[must_use]
    pub fn new(memory: Option<Memory>, most: u32) -> Self {
        let uids = memory.as_ref().and_then(|memory| memory.uids.as_ref());
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        let mut known: Vec<_> = uids.into_iter().flat_map(UidSet::iter).take(limit).collect();
        known.sort_unstable();
        known.dedup();
        Self { known, memory, most, ..Self::default() }
    }

    /// Returns how many messages there are.
    #[must_use]
    pub const fn exists(&self) -> u32 {
        self.exists
    }

    /// Returns what makes the UIDs valid, once the server has said it.
    #[must_use]
    pub const fn uid_validity(&self) -> Option<NonZeroU32> {
        self.uid_validity
    }

    /// Returns the messages, from the first on; of those after the last one here nothing is known.
    #[must_use]
    pub fn messages(&self) -> &[Seen] {
        &self.messages
    }

    /// Returns the number of a message.
    #[must_use]
    pub fn number(&self, uid: NonZeroU32) -> Option<NonZeroU32> {
        let index = self.messages.iter().position(|seen| seen.uid == Some(uid))?;
        u32::try_from(index + 1).ok().and_then(NonZeroU32::new)
    }

    /// Returns a message's UID.
    #[must_use]
    pub fn uid(&self, number: NonZeroU32) -> Option<NonZeroU32> {
        self.messages.get(index(number))?.uid
    }

    /// Whether the UIDs of all messages are known. If not, ask: `FETCH` of the numbers after those
    /// that are.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        usize::try_from(self.exists) == Ok(self.messages.len())
            && self.messages.iter().all(|seen| seen.uid.is_some())
    }

    /// Takes the UIDs of messages that have gone since this was last asked.
    pub fn take_gone(&mut self) -> Vec<NonZeroU32> {
        core::mem::take(&mut self.gone)
    }

    /// Hears what the server says.
    ///
    /// # Errors
    /// There are more messages than are looked after.
    pub fn hear(&mut self, response: &Response) -> Result<(), Error> {
        match response {
            Response::Exists(count) => {
                self.exists = *count;
                self.messages.truncate(usize::try_from(*count).unwrap_or(usize::MAX));
                if *count > self.most {
                    return Err(Error::TooLong);
                }
            }
            Response::Expunge(number) => self.expunge(*number),
            Response::Vanished { earlier, uids } => self.vanish(uids, *earlier),
            Response::Fetch(fetch) => self.fetch(fetch),
            Response::Condition { text, .. } => self.learn(text),
            Response::Search(search) if self.listing => self.list(search.numbers.as_ref()),
            Response::Esearch(found) if self.listing && found.uid && found.mailbox.is_none() => {
                let all = found.data.iter().find_map(|data| match data {
                    SearchData::All(uids) => Some(uids),
                    _ => None,
                });
                self.list(all);
            }
            _ => {}
        }
        Ok(())
    }

    /// Hears the words that end a command, which may say how far the mod-sequences have come.
    pub fn learn(&mut self, text: &RespText) {
        match text.code() {
            Some(Code::UidValidity(number)) => self.uid_validity = Some(*number),
            Some(Code::UidNext(number)) => self.uid_next = Some(*number),
            Some(Code::HighestModSeq(number)) => self.mod_seq = Some(*number),
            Some(Code::NoModSeq) => self.mod_seq = None,
            _ => {}
        }
    }

    /// Returns the commands that bring the view up to date, once the mailbox has been opened by
    /// [`Memory::select`]: none, if QRESYNC has told everything; a list of UIDs and what has
    /// changed, by CONDSTORE; or all flags. If others change the mailbox meanwhile so that the view
    /// is not [complete](Self::is_complete) afterwards, ask again.
    #[must_use]
    pub fn resync(&mut self, session: &Session) -> Vec<Command> {
        let valid = self.memory.as_ref().filter(|memory| {
            // Without it UIDs mean nothing (RFC 9051 §2.3.1.1).
            Some(memory.uid_validity) == self.uid_validity
        });
        let since =
            valid.and_then(|memory| memory.highest_mod_seq).filter(|_| self.mod_seq.is_some());
        if valid.is_none() {
            self.gone.append(&mut self.known);
        }
        if self.exists == 0 {
            return Vec::new();
        }
        let Some(since) = since else { return vec![fetch_flags(None)] };
        let qresync = session.enabled().contains(&Capability::Qresync);
        if (qresync || Some(since) == self.mod_seq) && self.merge() {
            return Vec::new();
        }
        if self.known.is_empty() {
            return vec![fetch_flags(None)];
        }
        self.listing = true;
        // RFC 4731: ranges instead of numbers.
        let has = |capability| session.capabilities().has(&capability);
        let returns = (has(Capability::Esearch) || has(Capability::Imap4rev2))
            .then(|| SearchReturns { all: true, ..SearchReturns::default() });
        let criteria = Criteria::from(SearchKey::All);
        let (numbering, charset) = (Numbering::Uid, None);
        let search = Command::Search(Search { numbering, returns, charset, criteria });
        if qresync { vec![search] } else { vec![search, fetch_flags(Some(since))] }
    }

    /// Notes that what was asked for has been told to its end: what is known is whole, and what is
    /// known no more is gone.
    pub fn settle(&mut self) {
        self.listing = false;
        if !self.is_complete() {
            return;
        }
        self.settled = self.mod_seq;
        self.memory = None;
        let current = &self.messages;
        let known = core::mem::take(&mut self.known);
        let is_here = |uid: &NonZeroU32| current.binary_search_by_key(&Some(*uid), |seen| seen.uid);
        self.gone.extend(known.into_iter().filter(|uid| is_here(uid).is_err()));
    }

    /// Returns what to remember; `None` before the view is settled, or if the server says nothing
    /// that would be worth it.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        if self.memory.is_some() || !self.is_complete() {
            return None;
        }
        Some(Memory {
            uid_validity: self.uid_validity?,
            uid_next: self.uid_next,
            highest_mod_seq: self.settled,
            uids: UidSet::from_numbers(self.messages.iter().filter_map(|seen| seen.uid)),
        })
    }

    fn fetch(&mut self, fetch: &Fetch) {
        let uid = fetch.uid();
        let at = match uid.filter(|_| fetch.by_uid) {
            Some(uid) => self.messages.iter().position(|seen| seen.uid == Some(uid)),
            None => Some(index(fetch.number)).filter(|_| fetch.number.get() <= self.exists),
        };
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        let Some(at) = at.filter(|at| *at < most) else { return };
        if self.messages.len() <= at {
            self.messages.resize(at + 1, Seen::default());
        }
        let Some(seen) = self.messages.get_mut(at) else { return };
        if uid.is_some() && seen.uid != uid {
            *seen = Seen { uid, ..Seen::default() };
        }
        if let Some(flags) = fetch.flags() {
            seen.flags = Some(flags.clone());
        }
        seen.mod_seq = fetch.mod_seq().or(seen.mod_seq);
        // Not less than what has been told before, except by the server itself.
        if let (Some(told), Some(highest)) = (fetch.mod_seq(), self.mod_seq)
            && told > highest
        {
            self.mod_seq = Some(told);
        }
        if let Some(uid) = uid {
            self.uid_next = self.uid_next.max(uid.checked_add(1));
        }
    }

    fn expunge(&mut self, number: NonZeroU32) {
        if number.get() > self.exists {
            return;
        }
        self.exists -= 1;
        if index(number) < self.messages.len() {
            let seen = self.messages.remove(index(number));
            if let Some(uid) = seen.uid {
                self.known.binary_search(&uid).ok().map(|at| self.known.remove(at));
                self.gone.push(uid);
            }
        }
    }

    fn vanish(&mut self, uids: &UidSet, earlier: bool) {
        let gone = Ranges::new(uids);
        let (before, mut lost) = (self.messages.len(), Vec::new());
        self.known.retain(|uid| {
            !gone.contains(*uid) || {
                lost.push(*uid);
                false
            }
        });
        let was_known = lost.len();
        self.messages.retain(|seen| match seen.uid.filter(|uid| gone.contains(*uid)) {
            None => true,
            Some(uid) => {
                let known = lost.get(..was_known).unwrap_or_default();
                if known.binary_search(&uid).is_err() {
                    lost.push(uid);
                }
                false
            }
        });
        self.gone.append(&mut lost);
        if earlier {
            return;
        }
        let found = before - self.messages.len();
        let count = u32::try_from(uids.count()).unwrap_or(u32::MAX);
        self.exists = self.exists.saturating_sub(count);
        if found < usize::try_from(count).unwrap_or(usize::MAX) {
            // Some of those whose UIDs are unknown have gone: who comes after them has moved.
            let firm = self.messages.iter().take_while(|seen| seen.uid.is_some()).count();
            self.messages.truncate(firm);
        }
        self.messages.truncate(usize::try_from(self.exists).unwrap_or(usize::MAX));
    }

    /// Takes the UIDs of all messages.
    fn list(&mut self, uids: Option<&UidSet>) {
        self.listing = false;
        let limit = usize::try_from(self.exists.min(self.most)).unwrap_or(usize::MAX);
        let uids = uids.into_iter().flat_map(UidSet::iter);
        self.adopt(uids.take(limit.saturating_add(1)).collect());
    }

    /// Makes the messages of what was known before and what has come since, if that is all.
    fn merge(&mut self) -> bool {
        let fresh = self.messages.iter().filter_map(|seen| seen.uid);
        let uids: Vec<_> = self.known.iter().copied().chain(fresh).collect();
        self.adopt(uids)
    }

    /// Numbers these messages; false, and nothing changes, if they are not all.
    fn adopt(&mut self, mut uids: Vec<NonZeroU32>) -> bool {
        uids.sort_unstable();
        uids.dedup();
        let fits = |(index, seen): (usize, &Seen)| {
            seen.uid.is_none() || seen.uid.as_ref() == uids.get(index)
        };
        if usize::try_from(self.exists) != Ok(uids.len())
            || !self.messages.iter().enumerate().all(fits)
        {
            return false;
        }
        self.messages.resize(uids.len(), Seen::default());
        for (seen, uid) in self.messages.iter_mut().zip(uids) {
            seen.uid = Some(uid);
        }
        true
    }
}

/// Where a message is in the list.
fn index(number: NonZeroU32) -> usize {
    usize::try_from(number.get() - 1).unwrap_or(usize::MAX)
}

fn fetch_flags(since: Option<Number64>) -> Command {
    let mod_seq = since.map(|mod_seq| ChangedSince { mod_seq, vanished: false });
    let modifiers = FetchModifiers { changed_since: mod_seq, ..FetchModifiers::default() };
    let all = crate::SeqSet::parse(b"1:*").expect("it is a set");
    let (numbering, messages, items) = (Numbering::Uid, all.into(), FetchItem::Flags.into());
    Command::Fetch(crate::command::Fetch { numbering, messages, items, modifiers })
}

/// A set that is asked about often.
struct Ranges(Vec<(NonZeroU32, NonZeroU32)>);

impl Ranges {
    fn new(uids: &UidSet) -> Self {
        let mut ranges: Vec<_> =
            uids.ranges().iter().map(|range| (range.from(), range.to())).collect();
        ranges.sort_unstable();
        // Where ranges overlap, the end of what comes before counts.
        let mut end = NonZeroU32::MIN;
        for range in &mut ranges {
            end = end.max(range.1);
            range.1 = end;
        }
        Self(ranges)
    }

    fn contains(&self, uid: NonZeroU32) -> bool {
        let at = self.0.partition_point(|(from, _)| *from <= uid);
        at.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| uid <= *to)
    }
}
