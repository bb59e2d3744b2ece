//! What a client knows of its selected mailbox, and what it is still to be told.
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::keywords::{Keywords, names};
use super::rows::{Row, Rows};
use super::store::{Changes, FlagUpdate, State};
use super::uids::Uids;
use crate::command::Change;
use crate::flag::RECENT;
use crate::{Fetch, FetchItem, Flag, Flags, Number64, Response, SeqSet};

/// What a client knows of its selected mailbox, and what it is still to be told.
///
/// News come as [`Changes`] and are kept as marks on the messages they are about: however much
/// happens before the client may be told, no more is kept than there are messages. Messages that
/// are gone keep their place until EXPUNGE or VANISHED has been said, and those that came are
/// behind what the client counts until EXISTS has, so that numbers mean the same on both sides.
#[derive(Debug)]
pub(super) struct View {
    known: Arc<Known>,
    /// Whether that has changed since it was [shared](Self::share).
    is_own: bool,
    /// The mod-sequence up to which the store has been asked.
    synced: u64,
    /// The mod-sequence before the first removal that is held back.
    held: u64,
    /// How many of the rows the client counts.
    told: usize,
    /// Those that are `\Recent`, and how many.
    recent: Uids,
    recent_count: usize,
    told_recent: usize,
    /// Those that are gone from the store, which the client has not been told.
    gone: BTreeSet<u32>,
    changed: BTreeSet<u32>,
    /// The flags that the mailbox is known to have.
    flags: Flags,
    new_flags: bool,
}

/// The messages of a mailbox, as many sessions know them.
#[derive(Clone, Debug, Default)]
struct Known {
    rows: Rows,
    keywords: Keywords,
}

/// What a session knows of a mailbox, for others to begin with: a handle that is cheap to copy.
///
/// A store that keeps one for each of its mailboxes ([`Mailbox::keep`](super::Mailbox::keep)) has
/// sessions at rest that share what they know, however many there are.
#[derive(Clone, Debug)]
pub struct Snapshot {
    known: Arc<Known>,
    mod_seq: u64,
}

/// How news are told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// Whether there is `\Recent`.
    pub(super) recent: bool,
    /// Whether mod-sequences are told.
    pub(super) mod_seq: bool,
    /// VANISHED for EXPUNGE.
    pub(super) qresync: bool,
    /// UIDs with flags.
    pub(super) uid: bool,
    /// No sequence numbers at all.
    pub(super) uid_only: bool,
}

/// Which news may be told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Allowed {
    /// That messages are gone: numbers change.
    pub(super) expunge: bool,
    /// That messages came.
    pub(super) exists: bool,
    /// That flags changed.
    pub(super) flags: bool,
}

impl Allowed {
    pub(super) const ALL: Self = Self { expunge: true, exists: true, flags: true };
    pub(super) const NO_EXPUNGE: Self = Self { expunge: false, exists: true, flags: true };
    pub(super) const EXISTS: Self = Self { expunge: false, exists: true, flags: false };
}

/// A number that no message has.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoSuchNumber;

impl View {
    pub(super) fn new(mod_seq: u64, flags: Flags) -> Self {
        Self::of(Snapshot { known: Arc::default(), mod_seq }, flags)
    }

    /// Begins with what another session knew.
    pub(super) fn of(snapshot: Snapshot, flags: Flags) -> Self {
        Self {
            known: snapshot.known,
            is_own: false,
            synced: snapshot.mod_seq,
            held: snapshot.mod_seq,
            told: 0,
            recent: Uids::default(),
            recent_count: 0,
            told_recent: 0,
            gone: BTreeSet::new(),
            changed: BTreeSet::new(),
            flags,
            new_flags: false,
        }
    }

    /// Whether there is something to be shared: just after the store has been asked, and when
    /// nothing is held back, all who are at the same mod-sequence know the same.
    pub(super) fn is_sharable(&self) -> bool {
        self.is_own && self.gone.is_empty()
    }

    /// Shares what is known with others: takes theirs if it is the same, or returns its own if
    /// that is newer.
    pub(super) fn share(&mut self, kept: Option<Snapshot>) -> Option<Snapshot> {
        self.is_own = false;
        match kept {
            Some(kept) if kept.mod_seq == self.synced => {
                self.known = kept.known;
                None
            }
            Some(kept) if kept.mod_seq > self.synced => None,
            _ => Some(Snapshot { known: Arc::clone(&self.known), mod_seq: self.synced }),
        }
    }

    fn own(&mut self) -> &mut Known {
        self.is_own = true;
        Arc::make_mut(&mut self.known)
    }

    /// Takes a message that the mailbox has when it is opened.
    pub(super) fn load(&mut self, state: &State) {
        self.arrive(state);
    }

    /// Counts all that there is as told: the mailbox has been opened.
    pub(super) fn all_told(&mut self) {
        self.told = self.known.rows.len();
        self.told_recent = self.recent_count;
        self.new_flags = false;
        self.changed.clear();
    }

    /// Marks messages from a UID on as recent.
    pub(super) fn set_recent(&mut self, from: u32) {
        for row in self.known.rows.from(from) {
            if !self.recent.contains(row.uid) {
                self.recent.push(row.uid);
                self.recent_count += 1;
            }
        }
    }

    /// The largest UID that has come, told or not; 0 if none has.
    pub(super) fn newest(&self) -> u32 {
        self.known.rows.last().map_or(0, |row| row.uid)
    }

    /// Whether messages have come that the client does not know.
    pub(super) fn has_arrivals(&self) -> bool {
        self.told < self.known.rows.len()
    }

    pub(super) const fn synced(&self) -> u64 {
        self.synced
    }

    /// The highest mod-sequence up to which the client has been told all: what is held back is
    /// above it.
    pub(super) fn highest(&self) -> u64 {
        if self.gone.is_empty() { self.synced } else { self.held }
    }

    /// How many messages the client counts.
    pub(super) const fn count(&self) -> usize {
        self.told
    }

    pub(super) const fn recent_count(&self) -> usize {
        self.recent_count
    }

    pub(super) const fn flags(&self) -> &Flags {
        &self.flags
    }

    /// The messages that the client counts and that are there, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.known.rows.iter().take(self.told).filter(|row| !self.gone.contains(&row.uid))
    }

    /// The same, from a UID on.
    pub(super) fn iter_from(&self, uid: u32) -> impl Iterator<Item = &Row> {
        let last = self.last_uid();
        let rows = self.known.rows.from(uid).take_while(move |row| row.uid <= last);
        rows.filter(|row| !self.gone.contains(&row.uid))
    }

    /// The largest UID that the client counts; 0 if it counts nothing.
    pub(super) fn last_uid(&self) -> u32 {
        self.told.checked_sub(1).and_then(|rank| self.known.rows.at(rank)).map_or(0, |row| row.uid)
    }

    /// Returns a message that is there.
    pub(super) fn get(&self, uid: u32) -> Option<&Row> {
        self.known.rows.get(uid).filter(|row| !self.gone.contains(&row.uid))
    }

    /// Whether the client counts a message that is gone, among these.
    pub(super) fn has_gone(&self, uids: &Uids) -> bool {
        uids.ranges().iter().any(|(from, to)| self.gone.range(from..=to).next().is_some())
    }

    /// The sequence number of a message that the client counts.
    pub(super) fn number(&self, uid: u32) -> Option<NonZeroU32> {
        let rank = self.known.rows.rank(uid).ok().filter(|rank| *rank < self.told)?;
        NonZeroU32::new(u32::try_from(rank + 1).ok()?)
    }

    pub(super) fn flags_of(&self, row: &Row) -> Flags {
        self.known.keywords.flags(self.bits_of(row), row.keywords)
    }

    fn bits_of(&self, row: &Row) -> u8 {
        row.bits | if self.recent.contains(row.uid) { RECENT } else { 0 }
    }

    pub(super) fn has_flag(&self, row: &Row, flag: &Flag) -> bool {
        match flag.bit() {
            0 => row.keywords != 0 && self.flags_of(row).contains(flag),
            bit => self.bits_of(row) & bit != 0,
        }
    }

    /// Turns sequence numbers into the UIDs they stand for, as far as there are any.
    pub(super) fn uids_of_those(&self, set: &SeqSet) -> Uids {
        let count = u32::try_from(self.told).unwrap_or(u32::MAX);
        let uid = |number: u32| {
            let rank = usize::try_from(number).ok()?.checked_sub(1)?;
            self.known.rows.at(rank).map(|row| row.uid)
        };
        let ranges = Uids::of(set, count);
        let ranges = ranges.ranges().iter().filter(|(from, _)| *from <= count);
        Uids::collect(ranges.filter_map(|(from, to)| uid(*from).zip(uid(*to.min(&count)))))
    }

    /// Turns sequence numbers into the UIDs they stand for.
    pub(super) fn uids_of_numbers(&self, set: &SeqSet) -> Result<Uids, NoSuchNumber> {
        let count = u32::try_from(self.told).unwrap_or(u32::MAX);
        // RFC 9051 §9, seq-number: one that no message has is BAD, and so is "*" if there is none.
        let any_star = || {
            set.ranges()
                .iter()
                .any(|range| [range.from, range.to].contains(&crate::SeqNumber::Largest))
        };
        if count == 0 && any_star() {
            return Err(NoSuchNumber);
        }
        let uid = |number: u32| {
            let rank = usize::try_from(number).ok()?.checked_sub(1)?;
            self.known.rows.at(rank).filter(|_| rank < self.told).map(|row| row.uid)
        };
        let ranges = Uids::of(set, count);
        let ranges = ranges.ranges().iter().map(|(from, to)| uid(*from).zip(uid(*to)));
        let ranges: Option<Vec<_>> = ranges.collect();
        Ok(Uids::collect(ranges.ok_or(NoSuchNumber)?))
    }

    /// Takes news.
    pub(super) fn apply(&mut self, changes: &Changes) {
        for range in &changes.vanished {
            self.vanish(range.from().get(), range.to().get());
        }
        for state in &changes.states {
            self.update(state);
        }
        self.synced = self.synced.max(changes.mod_seq);
    }

    /// Takes it that of all messages only these are there.
    pub(super) fn keep_only(&mut self, uids: &Uids) {
        let missing = self.known.rows.iter().map(|row| row.uid).filter(|uid| !uids.contains(*uid));
        let missing: Uids = missing.collect();
        missing.ranges().iter().for_each(|(from, to)| self.vanish(*from, *to));
    }

    /// Takes what a change of flags by this client came to. If the flags are what the client
    /// expects, and it knew them, there is nothing to tell.
    pub(super) fn stored(&mut self, update: &FlagUpdate, states: &[State]) {
        for state in states {
            let uid = state.uid.get();
            let Some(row) = self.known.rows.get(uid).copied() else { continue };
            if row.mod_seq >= state.mod_seq {
                continue;
            }
            let expected = changed(self.flags_of(&row), update);
            let now = self.set_flags(state);
            if (self.intern(&expected)) != now {
                self.changed.insert(uid);
            }
        }
    }

    /// Takes a message's flags, and says how they are kept.
    fn set_flags(&mut self, state: &State) -> (u8, u32) {
        let (bits, keywords) = self.intern(&state.flags);
        if let Some(row) = self.own().rows.get_mut(state.uid.get()) {
            (row.bits, row.keywords, row.mod_seq) = (bits, keywords, state.mod_seq);
        }
        (bits, keywords)
    }

    /// Has a message's flags told with the next news.
    pub(super) fn tell_flags(&mut self, uid: u32) {
        self.changed.insert(uid);
    }

    /// Takes it that a message's flags are being told.
    pub(super) fn flags_told(&mut self, uid: u32) {
        self.changed.remove(&uid);
    }

    /// Returns the next news that may be told, which are told thereby.
    pub(super) fn next_news(&mut self, allowed: Allowed, style: Style) -> Option<Response> {
        if allowed.expunge && !self.gone.is_empty() {
            return self.tell_gone(style);
        }
        if core::mem::take(&mut self.new_flags) {
            return Some(Response::Flags(self.flags.clone()));
        }
        if allowed.exists && self.has_arrivals() {
            self.told = self.known.rows.len();
            return Some(Response::Exists(u32::try_from(self.told).unwrap_or(u32::MAX)));
        }
        if allowed.exists && style.recent && self.told_recent != self.recent_count {
            self.told_recent = self.recent_count;
            return Some(Response::Recent(u32::try_from(self.recent_count).unwrap_or(u32::MAX)));
        }
        while allowed.flags
            && let Some(uid) = self.changed.pop_first()
        {
            if let Some(fetch) = self.flags_response(uid, style) {
                return Some(fetch);
            }
        }
        None
    }

    fn flags_response(&self, uid: u32, style: Style) -> Option<Response> {
        let row = self.get(uid)?;
        let (number, uid) = (self.number(uid)?, NonZeroU32::new(uid)?);
        let mut items = alloc::vec![FetchItem::Flags(self.shown_flags(row, style))];
        if style.uid && !style.uid_only {
            items.insert(0, FetchItem::Uid(uid));
        }
        if style.mod_seq {
            items.push(FetchItem::ModSeq(Number64::new(row.mod_seq).unwrap_or(Number64::MAX)));
        }
        let number = if style.uid_only { uid } else { number };
        Some(Response::Fetch(Fetch { number, by_uid: style.uid_only, items }))
    }

    /// A message's flags as this client is told them.
    pub(super) fn shown_flags(&self, row: &Row, style: Style) -> Flags {
        let bits = if style.recent { self.bits_of(row) } else { row.bits };
        self.known.keywords.flags(bits, row.keywords)
    }

    fn tell_gone(&mut self, style: Style) -> Option<Response> {
        if style.qresync || style.uid_only {
            let all = core::mem::take(&mut self.gone);
            let uids: Uids = all.into_iter().collect();
            uids.iter().for_each(|uid| {
                self.forget(uid);
            });
            return Some(Response::Vanished { earlier: false, uids: uids.to_set()? });
        }
        // From the last to the first, so that no number changes before it has been said.
        let rank = self.gone.pop_last().and_then(|uid| self.forget(uid))?;
        Some(Response::Expunge(NonZeroU32::new(u32::try_from(rank + 1).ok()?)?))
    }

    /// Takes a row out that the client counts.
    fn forget(&mut self, uid: u32) -> Option<usize> {
        let rank = self.own().rows.remove(uid)?;
        if self.recent.contains(uid) {
            self.recent.remove_range(uid, uid);
            self.recent_count -= 1;
        }
        self.told -= usize::from(rank < self.told);
        Some(rank)
    }

    fn vanish(&mut self, from: u32, to: u32) {
        let told = self.last_uid();
        let rows = self.known.rows.from(from).take_while(|row| row.uid <= to);
        let uids: Vec<u32> =
            rows.map(|row| row.uid).filter(|uid| !self.gone.contains(uid)).collect();
        for uid in uids {
            self.changed.remove(&uid);
            if uid > told {
                // The client never counted it.
                self.forget(uid);
                continue;
            }
            if self.gone.is_empty() {
                self.held = self.synced;
            }
            self.gone.insert(uid);
        }
    }

    fn update(&mut self, state: &State) {
        let uid = state.uid.get();
        match self.known.rows.get(uid) {
            None => self.arrive(state),
            Some(row) if row.mod_seq >= state.mod_seq => {}
            Some(_) => {
                self.set_flags(state);
                if uid <= self.last_uid() {
                    self.changed.insert(uid);
                }
            }
        }
    }

    fn arrive(&mut self, state: &State) {
        let uid = state.uid.get();
        let (bits, keywords) = self.intern(&state.flags);
        let row = Row { uid, keywords, mod_seq: state.mod_seq, bits };
        // UIDs ascend: one that comes too late is of a store that breaks its word, and nobody's.
        self.own().rows.push(row);
    }

    /// Takes flags apart, and notes those that the mailbox was not known to have.
    fn intern(&mut self, flags: &Flags) -> (u8, u32) {
        for flag in flags.others() {
            if !self.flags.contains(flag) {
                self.flags.push(flag.clone());
                self.new_flags = true;
            }
        }
        let bits = flags.bits() & !RECENT;
        if flags.others().is_empty() {
            return (bits, 0);
        }
        let names = names(flags);
        let known = self.known.keywords.place(&names);
        (bits, known.unwrap_or_else(|| self.own().keywords.add(names, flags)))
    }
}

/// Returns flags as they are after a change.
pub(super) fn changed(mut flags: Flags, update: &FlagUpdate) -> Flags {
    match update.change {
        Change::Add => {
            update.flags.iter().for_each(|flag| flags.insert(flag.clone()));
            flags
        }
        Change::Remove => {
            flags.iter().filter(|flag| !update.flags.contains(flag)).cloned().collect()
        }
        Change::Replace => {
            let mut new = Flags::default();
            update.flags.iter().for_each(|flag| new.insert(flag.clone()));
            if flags.contains(&Flag::Recent) {
                new.push(Flag::Recent);
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UidRange;

    fn changes(mod_seq: u64, came: &[u32], went: &[u32]) -> Changes {
        let uid = |uid: &u32| NonZeroU32::new(*uid).unwrap();
        let state = |it: &u32| State { uid: uid(it), mod_seq, flags: Flags::default() };
        Changes {
            mod_seq,
            states: came.iter().map(state).collect(),
            vanished: went.iter().map(|it| UidRange::new(uid(it), uid(it))).collect(),
            complete: true,
        }
    }

    #[test]
    fn what_went_before_it_was_told_of_is_never_told() {
        let mut view = View::new(1, Flags::default());
        view.apply(&changes(2, &[1], &[]));
        view.all_told();
        view.apply(&changes(3, &[2, 3], &[]));
        view.apply(&changes(4, &[], &[1, 2]));
        // What is held back was not there for the client yet.
        assert_eq!((view.highest(), view.synced(), view.count()), (3, 4, 1));
        let mut told = Vec::new();
        while let Some(news) = view.next_news(Allowed::ALL, Style::default()) {
            told.push(news);
        }
        assert_eq!(told, [Response::Expunge(NonZeroU32::MIN), Response::Exists(1)]);
        assert_eq!(view.highest(), 4);
    }

    #[test]
    fn sessions_that_know_the_same_hold_it_once() {
        let mut one = View::new(1, Flags::default());
        one.apply(&changes(2, &[1, 2], &[]));
        one.all_told();
        assert!(one.is_sharable());
        let kept = one.share(None);
        let mut other = View::of(kept.clone().unwrap(), Flags::default());
        other.all_told();
        let is_shared = |one: &View, other: &View| Arc::ptr_eq(&one.known, &other.known);
        assert!(is_shared(&one, &other) && other.count() == 2);

        // A change is each one's own until the first has shown the others what it knows.
        for view in [&mut one, &mut other] {
            view.apply(&changes(3, &[3], &[]));
        }
        assert!(!is_shared(&one, &other) && one.is_sharable());
        let newer = one.share(kept.clone());
        assert!(other.share(newer).is_none() && is_shared(&one, &other));

        // Who may not be told yet that a message is gone has it still, and shares nothing.
        one.apply(&changes(4, &[], &[1]));
        assert!(!one.is_sharable());
        // What is older than what there is already is nobody's.
        assert!(other.share(kept).is_some_and(|it| it.mod_seq == 3));
    }
}
