//! FETCH: data of messages, one message after the other.
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;
use mime::Message;

use super::answer::{Answer, Output, bad, bad_code, coded, ok};
use super::message::Lazy;
use super::section::{Decoded, cut, decode, is_of_header, partial};
use super::structure;
use super::uids::Uids;
use super::view::Style;
use super::{Details, Engine, Failure, FlagUpdate, Limits, Mailbox, Selected, Stage, Store, split};
use crate::command::{Change, Fetch, FetchItem, FetchItems, MessageSet, Numbering, Partial};
use crate::response::FetchItem as Item;
use crate::{
    Code, Condition, Content, Flag, Flags, Number64, PartialRange, RespText, Response, Section,
    SectionText,
};

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
                return self.finish(Err(failure.into()), true);
            }
        }
        let Some((details, seen)) = fetching.batch.pop_front() else {
            let keeps_numbers = fetching.numbering == Numbering::Sequence;
            let ending = fetching.ending();
            return self.finish(ending, keeps_numbers);
        };
        match self.fetch_one(&mut fetching, &details, seen) {
            Ok(()) => {}
            Err(Failure::MessageGone) => fetching.is_missing = true,
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
        let mut one = One::new(fetching, details, selected, limits)?;
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

/// A message that is being told.
struct One {
    details: Details,
    octets: Bytes,
    /// Whether `octets` are all of the message, not its header alone.
    is_whole: bool,
    sources: Vec<Source>,
}

impl One {
    /// Reads as much of the message as the items need.
    fn new<M: Mailbox>(
        fetching: &Fetching,
        details: &Details,
        selected: &mut Selected<M>,
        limits: &Limits,
    ) -> Result<Self, Failure> {
        let need = fetching.items.iter().map(need).max().unwrap_or(Need::Nothing);
        let mut lazy = Lazy::new(details.uid, details.size);
        let small = details.size <= u64::try_from(limits.inline).unwrap_or(u64::MAX);
        let (octets, is_whole) = match need {
            Need::Nothing => (Bytes::new(), false),
            Need::Octets if !small => (Bytes::new(), false),
            Need::Header => (lazy.header(&mut selected.mailbox, limits)?, false),
            Need::Octets | Need::Whole => (lazy.whole(&mut selected.mailbox, limits)?, true),
        };
        Ok(Self { details: details.clone(), octets, is_whole, sources: Vec::new() })
    }

    /// Makes an item; none if a part's encoding is not known.
    fn item<M: Mailbox>(
        &mut self,
        item: &FetchItem,
        message: &Message<'_>,
        selected: &Selected<M>,
        style: Style,
        limits: &Limits,
    ) -> Result<Option<Item>, Failure> {
        let row = selected.view.get(self.details.uid.get()).ok_or(Failure::MessageGone)?;
        let details = &self.details;
        Ok(Some(match item {
            FetchItem::Flags => Item::Flags(selected.view.shown_flags(row, style)),
            FetchItem::Uid => Item::Uid(details.uid),
            FetchItem::ModSeq => Item::ModSeq(number(row.mod_seq)),
            FetchItem::InternalDate => Item::InternalDate(details.received),
            FetchItem::Rfc822Size => Item::Size(number(details.size)),
            FetchItem::EmailId => match details.email_id.clone() {
                Some(id) => Item::EmailId(id),
                None => return Err(Failure::NotSupported),
            },
            FetchItem::ThreadId => Item::ThreadId(details.thread_id.clone()),
            FetchItem::SaveDate => Item::SaveDate(details.saved),
            item => return Ok(self.of_octets(item, message, limits)),
        }))
    }

    fn of_octets(
        &mut self,
        item: &FetchItem,
        message: &Message<'_>,
        limits: &Limits,
    ) -> Option<Item> {
        let octets = self.octets.clone();
        Some(match item {
            FetchItem::Envelope => {
                Item::Envelope(Box::new(structure::envelope(&message.envelope())))
            }
            FetchItem::Body => {
                Item::Body(Box::new(structure::body(&message.body_structure(), false)))
            }
            FetchItem::BodyStructure => {
                Item::BodyStructure(Box::new(structure::body(&message.body_structure(), true)))
            }
            FetchItem::Preview { .. } => Item::Preview(Some(structure::string(&message.preview()))),
            FetchItem::Rfc822 => Item::Rfc822(self.raw(None, limits).0),
            FetchItem::Rfc822Header => {
                let header = cut(&octets, message, &of_text(SectionText::Header));
                Item::Rfc822Header(self.content(header, limits))
            }
            FetchItem::Rfc822Text => {
                let text = cut(&octets, message, &of_text(SectionText::Text));
                Item::Rfc822Text(self.content(text, limits))
            }
            FetchItem::BodySection { section, partial: wanted, .. } => {
                let (content, origin) = if *section == Section::default() {
                    self.raw(*wanted, limits)
                } else {
                    self.piece(cut(&octets, message, section), *wanted, limits)
                };
                Item::Section { section: section.clone(), origin, content }
            }
            FetchItem::Binary { part, partial: wanted, .. } => {
                let decoded = match decode(&octets, message, part) {
                    Decoded::Octets(_) if part.is_empty() => {
                        let (content, origin) = self.raw(*wanted, limits);
                        return Some(Item::Binary { part: part.clone(), origin, content });
                    }
                    Decoded::Octets(decoded) => Some(decoded),
                    Decoded::Nil => None,
                    Decoded::UnknownEncoding => return None,
                };
                let (content, origin) = self.piece(decoded, *wanted, limits);
                Item::Binary { part: part.clone(), origin, content }
            }
            FetchItem::BinarySize(part) => {
                let size = match decode(&octets, message, part) {
                    Decoded::Octets(_) if part.is_empty() => self.details.size,
                    Decoded::Octets(decoded) => u64::try_from(decoded.len()).unwrap_or(u64::MAX),
                    Decoded::Nil => 0,
                    Decoded::UnknownEncoding => return None,
                };
                Item::BinarySize { part: part.clone(), size: number(size) }
            }
            // The rest has been refused.
            _ => return None,
        })
    }

    /// The message as it is: read as it goes out, if it is long and not needed for other items.
    fn raw(&mut self, wanted: Option<Partial>, limits: &Limits) -> (Content, Option<u32>) {
        if self.is_whole && u64::try_from(self.octets.len()).is_ok_and(|it| it == self.details.size)
        {
            return self.piece(Some(self.octets.clone()), wanted, limits);
        }
        let size = self.details.size;
        let start = wanted.map_or(0, |it| it.start().get()).min(size);
        let left = wanted.map_or(size, |it| it.count().get()).min(size - start);
        let origin = wanted.map(|it| u32::try_from(it.start().get()).unwrap_or(u32::MAX));
        self.sources.push(Source::Message { uid: self.details.uid, offset: start, left });
        (Content::Streamed(left), origin)
    }

    fn piece(
        &mut self,
        octets: Option<Bytes>,
        wanted: Option<Partial>,
        limits: &Limits,
    ) -> (Content, Option<u32>) {
        match octets {
            None => (Content::Nil, wanted.map(|_| 0)),
            Some(octets) => {
                let (octets, origin) = partial(&octets, wanted);
                (self.content(Some(octets), limits), origin)
            }
        }
    }

    fn content(&mut self, octets: Option<Bytes>, limits: &Limits) -> Content {
        match octets {
            None => Content::Nil,
            Some(octets) if octets.len() <= limits.inline => Content::Octets(octets),
            Some(octets) => {
                let size = u64::try_from(octets.len()).unwrap_or(u64::MAX);
                self.sources.push(Source::Octets(octets));
                Content::Streamed(size)
            }
        }
    }
}

/// How much of a message an item needs to be read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Need {
    Nothing,
    /// Its octets as they are, which can go out as they are read.
    Octets,
    Header,
    Whole,
}

fn need(item: &FetchItem) -> Need {
    match item {
        FetchItem::Envelope | FetchItem::Rfc822Header => Need::Header,
        FetchItem::BodySection { section, .. } if *section == Section::default() => Need::Octets,
        FetchItem::BodySection { section, .. } if is_of_header(section) => Need::Header,
        FetchItem::Rfc822 => Need::Octets,
        FetchItem::Binary { part, .. } if part.is_empty() => Need::Octets,
        FetchItem::BinarySize(part) if part.is_empty() => Need::Nothing,
        FetchItem::Body
        | FetchItem::BodyStructure
        | FetchItem::Rfc822Text
        | FetchItem::Preview { .. }
        | FetchItem::BodySection { .. }
        | FetchItem::Binary { .. }
        | FetchItem::BinarySize(_) => Need::Whole,
        _ => Need::Nothing,
    }
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

fn of_text(text: SectionText) -> Section {
    Section::new(Vec::new(), Some(text)).unwrap_or_default()
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

fn number(number: u64) -> Number64 {
    Number64::new(number).unwrap_or(Number64::MAX)
}
