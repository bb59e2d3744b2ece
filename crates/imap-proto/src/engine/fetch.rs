//! FETCH: data of messages, one message after the other.
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;
use mime::Message;

use super::answer::{Answer, Output, bad, bad_code, coded, ok};
use super::fetch_item::One;
use super::uids::Uids;
use super::view::Allowed;
use super::{Details, Engine, Failure, FlagUpdate, Limits, Mailbox, Selected, Stage, Store, split};
use crate::command::{Change, Fetch, FetchItem, FetchItems, MessageSet, Numbering};
use crate::{Code, Condition, Flag, Flags, PartialRange, RespText, Response};

/// A FETCH under way.
#[derive(Debug)]
pub(super) struct Fetching {
    items: Vec<FetchItem>,
    numbering: Numbering,
    uids: Uids,
    /// From which UID on messages are still to be looked at.
    next: u32,
    changed_since: u64,
    /// Messages that are to be told next, and whether `\Seen` has been set for it.
    batch: VecDeque<(Details, bool)>,
    /// Whether a message that was asked for by its number is gone.
    is_missing: bool,
    /// Whether a part's encoding is not known.
    is_unknown: bool,
    text: RespText,
    is_over: bool,
    /// What follows, if these are messages that NOTIFY tells of.
    then: Option<(Allowed, Option<(Condition, RespText)>)>,
}

/// Octets for a content that streams.
#[derive(Debug)]
pub(super) enum Source {
    /// These.
    Octets(Bytes),
    /// Those of a message, as many from an offset on.
    Message { uid: NonZeroU32, offset: u64, left: u64 },
}

impl Source {
    /// Returns the next piece.
    pub(super) fn next<M: Mailbox>(
        &mut self,
        mailbox: Option<&mut M>,
        limits: &Limits,
    ) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::Octets(octets) => Ok(split(octets, limits.piece)),
            Self::Message { left: 0, .. } => Ok(None),
            Self::Message { uid, offset, left } => {
                let at_most = usize::try_from(*left).unwrap_or(limits.piece).min(limits.piece);
                let mailbox = mailbox.ok_or(Failure::Bug)?;
                let mut octets = mailbox.read(*uid, *offset, at_most)?;
                octets.truncate(at_most);
                let count = u64::try_from(octets.len()).unwrap_or(u64::MAX);
                if count == 0 {
                    return Err(Failure::Corruption);
                }
                *offset += count;
                *left -= count;
                Ok(Some(octets))
            }
        }
    }
}

impl Fetching {
    /// Tells UID, FLAGS and MODSEQ of messages that changed (RFC 7162 §3.2.5).
    pub(super) fn resynchronizing(uids: Uids, text: RespText) -> Self {
        let items = alloc::vec![FetchItem::Uid, FetchItem::Flags, FetchItem::ModSeq];
        Self::new(items, Numbering::Uid, uids, text)
    }

    fn new(items: Vec<FetchItem>, numbering: Numbering, uids: Uids, text: RespText) -> Self {
        Self {
            items,
            numbering,
            uids,
            next: 1,
            changed_since: 0,
            batch: VecDeque::new(),
            is_missing: false,
            is_unknown: false,
            text,
            is_over: false,
            then: None,
        }
    }

    fn has(&self, item: &FetchItem) -> bool {
        self.items.contains(item)
    }

    /// Whether a message's details are needed: its size comes before its octets.
    fn needs_details(&self) -> bool {
        let of_view = |item: &FetchItem| {
            matches!(item, FetchItem::Uid | FetchItem::Flags | FetchItem::ModSeq)
        };
        !self.items.iter().all(of_view)
    }

    /// Whether the client will have read the message.
    fn sets_seen(&self) -> bool {
        self.items.iter().any(|item| {
            matches!(
                item,
                FetchItem::Rfc822
                    | FetchItem::Rfc822Text
                    | FetchItem::BodySection { peek: false, .. }
                    | FetchItem::Binary { peek: false, .. }
            )
        })
    }

    fn ending(&mut self) -> Answer<(Condition, RespText)> {
        let text = core::mem::replace(&mut self.text, ok("done"));
        Ok(if self.is_unknown {
            (Condition::No, coded(Code::UnknownCte, "nobody knows how a part is encoded"))
        } else if self.is_missing {
            // RFC 2180 §4.1.2: those that are there have been told.
            (Condition::No, coded(Code::ExpungeIssued, "some messages are gone"))
        } else {
            (Condition::Ok, text)
        })
    }
}

impl<S: Store> Engine<S> {
    pub(super) fn fetch(&mut self, fetch: &Fetch) -> Answer {
        let mut items = expand(&fetch.items);
        if items.iter().any(|item| !is_supported(item)) {
            return Err(bad("an item that is not supported"));
        }
        let changed = fetch.modifiers.changed_since;
        if changed.is_some_and(|it| it.vanished)
            && (fetch.numbering != Numbering::Uid || !self.enabled.qresync())
        {
            return Err(bad("VANISHED is for UID FETCH, after ENABLE QRESYNC"));
        }
        if changed.is_some() && !items.contains(&FetchItem::ModSeq) {
            items.push(FetchItem::ModSeq);
        }
        let uids = self.resolve(fetch.numbering, &fetch.messages)?;
        if items.contains(&FetchItem::ModSeq) {
            self.enable_condstore();
        }
        if let Some(since) = changed.filter(|it| it.vanished) {
            self.tell_vanished(since.mod_seq.get(), &uids)?;
        }
        let is_uid = fetch.numbering == Numbering::Uid;
        if is_uid && !self.enabled.uid_only() && !items.contains(&FetchItem::Uid) {
            items.insert(0, FetchItem::Uid);
        }
        let selected = self.selected_mut()?;
        let mut fetching = Fetching::new(items, fetch.numbering, uids, ok("done"));
        fetching.changed_since = changed.map_or(0, |it| it.mod_seq.get());
        fetching.is_missing = !is_uid && selected.view.has_gone(&fetching.uids);
        if let Some(range) = fetch.modifiers.partial {
            fetching.uids = selected.page(&fetching, range);
        }
        self.stage = Stage::Fetching(fetching);
        Ok(ok("done"))
    }

    /// Tells of messages that came what NOTIFY has asked for (RFC 5465 §5.2).
    pub(super) fn fetch_new(
        &mut self,
        after: u32,
        allowed: Allowed,
        ending: Option<(Condition, RespText)>,
    ) {
        let last = self.selected.as_ref().map_or(0, |selected| selected.view.last_uid());
        let items = self.items_of_new().to_vec();
        if self.brings || last <= after || items.iter().any(|item| !is_supported(item)) {
            self.stage = Stage::Telling { allowed, ending, new: None };
            return;
        }
        let uids = Uids::collect([(after.saturating_add(1), last)]);
        let mut fetching = Fetching::new(items, Numbering::Uid, uids, ok("done"));
        fetching.then = Some((allowed, ending));
        self.stage = Stage::Fetching(fetching);
    }

    /// Turns a client's set into UIDs.
    pub(super) fn resolve(&mut self, numbering: Numbering, set: &MessageSet) -> Answer<Uids> {
        let uid_only = self.enabled.uid_only();
        let selected = self.selected_mut()?;
        match (numbering, set) {
            // RFC 9586 §3: sequence numbers are not known any more.
            (Numbering::Sequence, _) if uid_only => Err(bad_code(Code::UidRequired, "UIDs only")),
            (_, MessageSet::Saved) => Ok(selected.saved.clone()),
            (Numbering::Uid, MessageSet::Numbers(set)) => {
                Ok(Uids::of(set, selected.view.last_uid()))
            }
            (Numbering::Sequence, MessageSet::Numbers(set)) => {
                Ok(selected.view.uids_of_numbers(set)?)
            }
        }
    }

    /// RFC 7162 §3.2.6: which of these are gone since.
    fn tell_vanished(&mut self, since: u64, uids: &Uids) -> Answer<()> {
        let selected = self.selected_mut()?;
        let changes = selected.mailbox.changes(since)?;
        let vanished = if changes.complete {
            uids.intersection(&Uids::of_ranges(&changes.vanished))
        } else {
            let all = uids.intersection(&Uids::collect([(1, selected.view.last_uid())]));
            all.without(selected.view.iter().map(|row| row.uid))
        };
        if let Some(uids) = vanished.to_set() {
            self.tell(Response::Vanished { earlier: true, uids });
        }
        Ok(())
    }

    /// Tells the next message, or that this was all.
    pub(super) fn go_on_fetching(&mut self, mut fetching: Fetching) {
        if fetching.batch.is_empty() && !fetching.is_over {
            let Some(selected) = &mut self.selected else { return };
            if let Err(failure) = selected.prepare(&mut fetching, &self.limits) {
                if let Some((allowed, ending)) = fetching.then.take() {
                    self.stage = Stage::Telling { allowed, ending, new: None };
                    return;
                }
                return self.finish(Err(failure.into()), true);
            }
        }
        let Some((details, seen)) = fetching.batch.pop_front() else {
            if let Some((allowed, ending)) = fetching.then.take() {
                self.stage = Stage::Telling { allowed, ending, new: None };
                return;
            }
            let keeps_numbers = fetching.numbering == Numbering::Sequence;
            let ending = fetching.ending();
            return self.finish(ending, keeps_numbers);
        };
        match self.fetch_one(&mut fetching, &details, seen) {
            Ok(()) => {}
            Err(Failure::MessageGone) => fetching.is_missing = true,
            Err(_) if fetching.then.is_some() => {}
            Err(failure) => return self.finish(Err(failure.into()), true),
        }
        self.stage = Stage::Fetching(fetching);
    }

    fn fetch_one(
        &mut self,
        fetching: &mut Fetching,
        details: &Details,
        seen: bool,
    ) -> Result<(), Failure> {
        let style = self.enabled.style();
        let Some(selected) = &mut self.selected else { return Err(Failure::Bug) };
        let (uid, limits) = (details.uid, &self.limits);
        let mut one = One::new(&fetching.items, details, selected, limits)?;
        let octets = one.octets.clone();
        let message = Message::parse(&octets);
        let mut items = Vec::with_capacity(fetching.items.len() + 1);
        for item in &fetching.items {
            match one.item(item, &message, selected, style, limits)? {
                Some(item) => items.push(item),
                None => fetching.is_unknown = true,
            }
        }
        if seen {
            for item in [FetchItem::Flags, FetchItem::ModSeq] {
                let wanted = item == FetchItem::Flags || style.mod_seq;
                if wanted && !fetching.has(&item) {
                    items.extend(one.item(&item, &message, selected, style, limits)?);
                }
            }
        }
        if seen || fetching.has(&FetchItem::Flags) {
            selected.view.flags_told(uid.get());
        }
        let number = if style.uid_only { Some(uid) } else { selected.view.number(uid.get()) };
        let Some(number) = number else { return Err(Failure::MessageGone) };
        let fetch = crate::Fetch { number, by_uid: style.uid_only, items };
        self.out.push_back(Output::Response(Response::Fetch(fetch)));
        // They are asked for once the response has been given out, which is next.
        self.pending.extend(one.sources);
        Ok(())
    }
}

impl<M: Mailbox> Selected<M> {
    /// Reads what is needed of the next messages, and sets `\Seen` where they will be read.
    fn prepare(&mut self, fetching: &mut Fetching, limits: &Limits) -> Result<(), Failure> {
        while fetching.batch.is_empty() && !fetching.is_over {
            let uids = self.next_uids(fetching, limits.batch);
            let Some(last) = uids.last() else {
                fetching.is_over = true;
                break;
            };
            fetching.next = last.get().saturating_add(1);
            fetching.is_over = last.get() == u32::MAX;
            fetching.batch = self.read_batch(fetching, &uids)?;
            let is_missing = fetching.batch.len() < uids.len();
            fetching.is_missing |= is_missing && fetching.numbering == Numbering::Sequence;
        }
        Ok(())
    }

    fn read_batch(
        &mut self,
        fetching: &Fetching,
        uids: &[NonZeroU32],
    ) -> Result<VecDeque<(Details, bool)>, Failure> {
        let seen = if fetching.sets_seen() && !self.read_only {
            self.set_seen(uids)?
        } else {
            Uids::default()
        };
        let details = if fetching.needs_details() {
            self.mailbox.details(uids)?
        } else {
            uids.iter().map(|uid| nothing(*uid)).collect()
        };
        let with_seen = |details: Details| {
            let seen = seen.contains(details.uid.get());
            (details, seen)
        };
        Ok(details.into_iter().map(with_seen).collect())
    }

    /// The next messages that are wanted.
    fn next_uids(&self, fetching: &Fetching, at_most: usize) -> Vec<NonZeroU32> {
        let (mut uids, mut next) = (Vec::new(), fetching.next);
        while let Some((from, to)) = fetching.uids.from(next) {
            let mut rows = self.view.iter_from(from).peekable();
            // What the set has below the next message that is there is passed over at once.
            let Some(first) = rows.peek() else { break };
            next = first.uid;
            while let Some(row) = rows.next_if(|row| row.uid <= to) {
                if row.mod_seq > fetching.changed_since {
                    uids.extend(NonZeroU32::new(row.uid));
                }
                if uids.len() >= at_most {
                    return uids;
                }
                next = row.uid.saturating_add(1);
                if row.uid == u32::MAX {
                    return uids;
                }
            }
        }
        uids
    }

    /// Sets `\Seen`, and says where that changed something.
    fn set_seen(&mut self, uids: &[NonZeroU32]) -> Result<Uids, Failure> {
        let is_unseen = |uid: &&NonZeroU32| {
            self.view.get(uid.get()).is_some_and(|row| !self.view.has_flag(row, &Flag::Seen))
        };
        let unseen: Vec<NonZeroU32> = uids.iter().filter(is_unseen).copied().collect();
        if unseen.is_empty() {
            return Ok(Uids::default());
        }
        let flags = Flags::from_iter([Flag::Seen]);
        let update = FlagUpdate { change: Change::Add, flags, unchanged_since: None };
        let done = match self.mailbox.set_flags(&unseen, &update) {
            Ok(done) => done,
            // Who may read and not mark has not marked.
            Err(Failure::NoPermission) => return Ok(Uids::default()),
            Err(failure) => return Err(failure),
        };
        self.view.stored(&update, &done.states);
        let uids: Uids = done.states.iter().map(|state| state.uid.get()).collect();
        // Told with the message, or else with the news.
        uids.iter().for_each(|uid| self.view.tell_flags(uid));
        Ok(uids)
    }

    /// Those of the messages that are on a page (RFC 9394 §3.2).
    fn page(&self, fetching: &Fetching, range: PartialRange) -> Uids {
        let rows = fetching
            .uids
            .ranges()
            .iter()
            .flat_map(|(from, to)| self.view.iter_from(*from).take_while(|row| row.uid <= *to));
        let uids: Vec<u32> =
            rows.filter(|row| row.mod_seq > fetching.changed_since).map(|row| row.uid).collect();
        page(&uids, range).iter().copied().collect()
    }
}

/// Cuts a page out of results.
pub(super) fn page<T>(all: &[T], range: PartialRange) -> &[T] {
    let rank = |number: NonZeroU32| usize::try_from(number.get()).unwrap_or(usize::MAX);
    let count = all.len();
    let (start, end) = match range {
        PartialRange::First(range) => (rank(range.from()) - 1, rank(range.to())),
        PartialRange::Last(range) => {
            (count.saturating_sub(rank(range.to())), (count + 1).saturating_sub(rank(range.from())))
        }
    };
    all.get(start.min(count)..end.min(count)).unwrap_or_default()
}

const fn is_supported(item: &FetchItem) -> bool {
    !matches!(
        item,
        FetchItem::Annotation(_)
            | FetchItem::GmailMessageId
            | FetchItem::GmailThreadId
            | FetchItem::GmailLabels
    )
}

/// RFC 9051 §6.4.5: what the words for several items mean.
fn expand(items: &FetchItems) -> Vec<FetchItem> {
    let fast = [FetchItem::Flags, FetchItem::InternalDate, FetchItem::Rfc822Size];
    let more: &[FetchItem] = match items {
        FetchItems::These(items) => return items.to_vec(),
        FetchItems::Fast => &[],
        FetchItems::All => &[FetchItem::Envelope],
        FetchItems::Full => &[FetchItem::Envelope, FetchItem::Body],
    };
    fast.into_iter().chain(more.iter().cloned()).collect()
}

/// What is known of a message of which nothing is asked.
fn nothing(uid: NonZeroU32) -> Details {
    let epoch = crate::Date::new(1970, 1, 1).and_then(|date| crate::DateTime::new(date, [0; 3], 0));
    Details {
        uid,
        size: 0,
        received: epoch.expect("1970 began on a day that calendars have"),
        saved: None,
        email_id: None,
        thread_id: None,
    }
}
