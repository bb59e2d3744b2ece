//! Compression of names (RFC 1035 §4.1.4): a tree of labels, as far as a fixed table holds it.
use crate::name::{MAX_NAME, NameRef};
use crate::reader::HEADER;

/// Remembered labels: more than any message of 4096 octets in practice has.
const SLOTS: usize = 256;
/// Slots looked at for one label. So each octet of a name is compared at most this often: an
/// attacker who makes hashes collide (CVE-2024-8508 and its kin) gets a longer message, not a
/// slower server.
const PROBES: u8 = 8;
/// Where the first name begins: behind the header.
const QUESTION: u16 = 12;
/// Octets of the longest name that is remembered whole.
const RECENT: usize = 64;

/// In which part of a record a name stands: each has its own last name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    Owner,
    Data,
}

/// Where labels are in the message, each by its hash and that of what is to its right.
#[derive(Debug)]
pub(crate) struct Table {
    /// Positions; zero if empty: no name begins in a header. None before the first search.
    slots: Option<[u16; SLOTS]>,
    highest: u16,
    /// Octets of the first name, which is written whole behind the header: the question's.
    question: u8,
    /// Whether its labels are not in the slots yet, as no search has gone beyond it.
    unknown: bool,
    owner: Recent,
    data: Recent,
    /// Where the labels of the name that is looked for begin.
    starts: Starts,
}

/// The last name in its place: often the next is the same, or its sister.
#[derive(Debug)]
struct Recent {
    wire: [u8; RECENT],
    /// Octets of the name; zero if there is none.
    length: u8,
    position: u16,
    /// Octets of its first label and the length before, and the position of what is behind.
    first: u8,
    parent: u16,
}

/// A name that is to be written: so many octets of it, and a pointer behind them.
#[derive(Clone, Copy)]
pub(crate) struct Split<'n> {
    wire: &'n [u8],
    head: usize,
    /// Where the rest is in the message; zero if the rest is the root.
    pointer: u16,
    /// How to remember it; nothing needs to be if the name is the last one again.
    news: News,
}

#[derive(Clone, Copy)]
enum News {
    None,
    /// The first label, for which this slot is free, and a known parent.
    First(u8),
    /// All labels in the head, so many, the last of them into this slot; and where the name's
    /// parent is, if all of it is known.
    Labels(usize, Option<u8>, u16),
}

type Starts = [u8; 128];

enum Found {
    At(u16),
    /// Not in the table, which has a free slot for it.
    Free(u8),
    /// Not in the table, and there is no room.
    Crowded,
}

impl Table {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            slots: None,
            highest: 0,
            question: 0,
            unknown: false,
            owner: Recent::NONE,
            data: Recent::NONE,
            starts: [0; 128],
        }
    }

    /// Finds the longest suffix of a name that is in the message; `None` if the name itself is
    /// compressed, and must be put together first.
    ///
    /// Letters are compared with their case: what is read is what was written.
    #[inline]
    pub(crate) fn split<'n>(
        &mut self,
        message: &[u8],
        octets: &'n [u8],
        place: Place,
    ) -> Option<Split<'n>> {
        let recent = self.recent(place);
        if let Some((wire, pointer)) = recent.again(octets) {
            return Some(Split { wire, head: 0, pointer, news: News::None });
        }
        self.sister(message, octets, recent).or_else(|| self.search(message, octets))
    }

    /// Returns where the name is if it is the same as the last owner.
    #[inline]
    pub(crate) fn again(&self, octets: &[u8]) -> Option<u16> {
        self.owner.again(octets).map(|(_, pointer)| pointer)
    }

    /// Finds a name of which the last name's parent is the parent.
    #[inline]
    fn sister<'n>(&self, message: &[u8], octets: &'n [u8], recent: &Recent) -> Option<Split<'n>> {
        let parent = recent.parent_name()?;
        // A pointer is no label, whatever is behind it.
        let head = usize::from(*octets.first().filter(|length| **length <= 63)?) + 1;
        let wire = octets.get(..head + parent.len())?;
        let (label, rest) = wire.split_at_checked(head)?;
        if !same(rest, parent) {
            return None;
        }
        Some(match self.find(message, recent.parent, label) {
            Found::At(pointer) => Split { wire, head: 0, pointer, news: News::First(0) },
            Found::Free(slot) => {
                Split { wire, head, pointer: recent.parent, news: News::First(slot) }
            }
            Found::Crowded => Split { wire, head, pointer: recent.parent, news: News::None },
        })
    }

    /// Finds a name label by label, from the root down.
    fn search<'n>(&mut self, message: &[u8], octets: &'n [u8]) -> Option<Split<'n>> {
        let length = usize::from(self.question);
        let question = message.get(HEADER..HEADER + length).filter(|name| name.len() > 1);
        let (mut at, mut count) = (0, 0);
        let (wire, mut head, mut pointer) = loop {
            if let Some(question) = question
                && octets.get(at..at + length).is_some_and(|rest| same(rest, question))
            {
                break (octets.get(..at + length)?, at, QUESTION);
            }
            match *octets.get(at)? {
                0 => break (octets.get(..=at)?, at, 0),
                length @ 1..=63 => {
                    *self.starts.get_mut(count)? = u8::try_from(at).ok()?;
                    count += 1;
                    at += usize::from(length) + 1;
                }
                _ => return None,
            }
        };
        if pointer == 0 && core::mem::take(&mut self.unknown) {
            self.insert_question(message);
            return self.search(message, octets);
        }
        let (starts, mut labels) = (self.starts.get(..count).unwrap_or_default(), count);
        let (mut slot, mut parent) = (None, 0);
        for start in starts.iter().rev().map(|start| usize::from(*start)) {
            let label = wire.get(start..head).unwrap_or_default();
            match self.find(message, pointer, label) {
                Found::At(position) => {
                    (parent, head, pointer, labels) = (pointer, start, position, labels - 1);
                }
                Found::Free(free) => {
                    slot = Some(free);
                    break;
                }
                Found::Crowded => break,
            }
        }
        Some(Split { wire, head, pointer, news: News::Labels(labels, slot, parent) })
    }

    /// Remembers a name that has been written at `position`.
    #[inline]
    pub(crate) fn remember(&mut self, split: &Split<'_>, position: usize, place: Place) {
        // RFC 1035 §4.1.4: a pointer has fourteen bits.
        let own = u16::try_from(position).ok().filter(|own| *own < 0x4000);
        let (own, parent) = match (split.news, own) {
            (News::None, _) | (News::First(_), None) => return,
            // The parent is the last name's, and stays where it is.
            (News::First(_), _) if split.head == 0 => (split.pointer, self.recent(place).parent),
            (News::First(slot), Some(own)) => {
                self.insert(slot, own);
                (own, split.pointer)
            }
            (News::Labels(labels, slot, parent), own) => {
                self.insert_labels(split, position, labels, slot);
                let Some(own) = own else { return };
                match labels {
                    0 => (split.pointer, parent),
                    1 => (own, split.pointer),
                    _ => (own, self.second(split.wire, own)),
                }
            }
        };
        self.highest = self.highest.max(own);
        self.recent_mut(place).keep(split.wire, own, parent);
    }

    /// Returns where the second label is of a name written whole at `own`; zero if out of reach.
    #[inline]
    fn second(&mut self, wire: &[u8], own: u16) -> u16 {
        let parent = own + wire.first().map_or(0, |length| u16::from(*length) + 1);
        let parent = if parent < 0x4000 { parent } else { 0 };
        self.highest = self.highest.max(own).max(parent);
        parent
    }

    /// Takes the first name, which is written whole and not the root.
    pub(crate) fn first(&mut self, wire: &[u8]) {
        self.question = u8::try_from(wire.len()).unwrap_or(0);
        self.unknown = true;
        let parent = self.second(wire, QUESTION);
        // The root has no position.
        let root = HEADER + wire.len().saturating_sub(1);
        let parent = if usize::from(parent) < root { parent } else { 0 };
        self.owner.keep(wire, QUESTION, parent);
    }

    /// Remembers the labels of the first name.
    fn insert_question(&mut self, message: &[u8]) {
        let end = HEADER + usize::from(self.question);
        let Some(wire) = message.get(HEADER..end) else { return };
        let (mut at, mut count) = (0, 0);
        while let (Some(&length @ 1..), Some(place)) = (wire.get(at), self.starts.get_mut(count)) {
            *place = u8::try_from(at).unwrap_or_default();
            at += usize::from(length) + 1;
            count += 1;
        }
        let split = Split { wire, head: at, pointer: 0, news: News::None };
        self.insert_labels(&split, HEADER, count, None);
    }

    /// Remembers new labels from the right to the left, as each is under the next.
    fn insert_labels(
        &mut self,
        split: &Split<'_>,
        position: usize,
        labels: usize,
        slot: Option<u8>,
    ) {
        let (mut parent, mut end, mut slot) = (split.pointer, split.head, slot);
        for place in (0..labels).rev() {
            let start = self.starts.get(place).map_or(0, |start| usize::from(*start));
            let own = u16::try_from(position + start).ok().filter(|own| *own < 0x4000);
            let label = split.wire.get(start..end).unwrap_or_default();
            let free = slot.take().or_else(|| self.free(parent, label));
            let (Some(own), Some(free)) = (own, free) else { return };
            self.insert(free, own);
            (parent, end) = (own, start);
        }
    }

    /// Forgets what was at or behind `length`.
    pub(crate) fn forget(&mut self, length: usize) {
        if usize::from(self.highest) < length {
            return;
        }
        for recent in [&mut self.owner, &mut self.data] {
            if usize::from(recent.position.max(recent.parent)) >= length {
                *recent = Recent::NONE;
            }
        }
        if length <= HEADER {
            (self.question, self.unknown) = (0, false);
        }
        self.highest = self.owner.position.max(self.data.position);
        for slot in self.slots.iter_mut().flatten() {
            if usize::from(*slot) >= length {
                *slot = 0;
            }
            self.highest = self.highest.max(*slot);
        }
    }

    const fn recent(&self, place: Place) -> &Recent {
        match place {
            Place::Owner => &self.owner,
            Place::Data => &self.data,
        }
    }

    const fn recent_mut(&mut self, place: Place) -> &mut Recent {
        match place {
            Place::Owner => &mut self.owner,
            Place::Data => &mut self.data,
        }
    }

    #[inline]
    fn find(&self, message: &[u8], parent: u16, label: &[u8]) -> Found {
        let first = hash(parent, label);
        let Some(slots) = &self.slots else { return Found::Free(first) };
        for probe in 0..PROBES {
            let slot = first.wrapping_add(probe);
            match slots.get(usize::from(slot)).copied().unwrap_or_default() {
                0 => return Found::Free(slot),
                position if is_at(message, position, parent, label) => return Found::At(position),
                _ => {}
            }
        }
        Found::Crowded
    }

    /// Finds a slot for a label that is not in the table, as its parent is new.
    #[inline]
    fn free(&self, parent: u16, label: &[u8]) -> Option<u8> {
        let first = hash(parent, label);
        let Some(taken) = &self.slots else { return Some(first) };
        let mut slots = (0..PROBES).map(|probe| first.wrapping_add(probe));
        slots.find(|slot| taken.get(usize::from(*slot)) == Some(&0))
    }

    #[inline]
    fn insert(&mut self, slot: u8, position: u16) {
        let slots = self.slots.get_or_insert([0; SLOTS]);
        if let Some(slot) = slots.get_mut(usize::from(slot)) {
            *slot = position;
            self.highest = self.highest.max(position);
        }
    }
}

impl Recent {
    const NONE: Self = Self { wire: [0; RECENT], length: 0, position: 0, first: 0, parent: 0 };

    /// Returns the name that `octets` begin with, and where it is, if it is this one.
    #[inline]
    fn again<'n>(&self, octets: &'n [u8]) -> Option<(&'n [u8], u16)> {
        let name = self.wire.get(..usize::from(self.length)).filter(|name| !name.is_empty())?;
        let wire = octets.get(..name.len())?;
        same(wire, name).then_some((wire, self.position))
    }

    /// Returns the name's parent if it is in the message, and not the root.
    #[inline]
    fn parent_name(&self) -> Option<&[u8]> {
        let parent = self.wire.get(usize::from(self.first)..usize::from(self.length))?;
        (self.parent > 0).then_some(parent)
    }

    #[inline]
    fn keep(&mut self, wire: &[u8], position: u16, parent: u16) {
        let (Some(place), Ok(length)) = (self.wire.get_mut(..wire.len()), u8::try_from(wire.len()))
        else {
            self.length = 0;
            self.parent = 0;
            return;
        };
        place.copy_from_slice(wire);
        let first = wire.first().map_or(0, |length| length + 1);
        (self.length, self.position, self.first, self.parent) = (length, position, first, parent);
    }
}

impl<'n> Split<'n> {
    /// Returns what must be written whole.
    #[inline]
    pub(crate) fn head(&self) -> &'n [u8] {
        self.wire.get(..self.head).unwrap_or_default()
    }

    /// Returns how long the name is when it is whole.
    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.wire.len()
    }

    /// Returns where the rest is in the message; zero if the rest is the root.
    #[inline]
    pub(crate) const fn pointer(&self) -> u16 {
        self.pointer
    }
}

/// Whether a label is at a position, and what follows it is `parent`.
#[inline]
fn is_at(message: &[u8], position: u16, parent: u16, label: &[u8]) -> bool {
    let octets = message.get(usize::from(position)..).unwrap_or_default();
    let Some((own, rest)) = octets.split_at_checked(label.len()) else { return false };
    if !same(own, label) {
        return false;
    }
    match *rest {
        [0, ..] => parent == 0,
        [high @ 192..=255, low, ..] => parent == u16::from_be_bytes([high & 0x3f, low]),
        _ => usize::from(parent) == usize::from(position) + label.len(),
    }
}

/// Whether two short slices are the same, without a call.
#[inline]
fn same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let (words, rest) = one.as_chunks::<8>();
    let (others, other_rest) = other.as_chunks::<8>();
    let load = |octets: &[u8; 8]| u64::from_ne_bytes(*octets);
    for (word, other) in words.iter().zip(others) {
        if load(word) != load(other) {
            return false;
        }
    }
    // The last eight once more, rather than up to seven singly.
    match (one.last_chunk(), other.last_chunk()) {
        (Some(one), Some(other)) => load(one) == load(other),
        _ => same_few(rest, other_rest),
    }
}

/// The same for less than eight.
#[inline]
fn same_few(one: &[u8], other: &[u8]) -> bool {
    let load = |octets: &[u8; 4]| u32::from_ne_bytes(*octets);
    match (one.first_chunk(), other.first_chunk(), one.last_chunk(), other.last_chunk()) {
        (Some(one), Some(other), Some(end), Some(other_end)) => {
            load(one) == load(other) && load(end) == load(other_end)
        }
        _ => one.iter().eq(other),
    }
}

/// Mixes a label, its length before it, with what is to its right, into a slot.
#[inline]
fn hash(parent: u16, label: &[u8]) -> u8 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = u64::from(parent) << 24;
    let mut mix = |one: u64, other: u64| {
        hash = (hash ^ one ^ other.rotate_left(29)).wrapping_mul(MIX);
    };
    if let (Some(first), Some(last)) = (label.first_chunk(), label.last_chunk()) {
        let (words, _) = label.get(8..).unwrap_or_default().as_chunks();
        words.iter().for_each(|word| mix(u64::from_le_bytes(*word), 0));
        mix(u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    } else if let (Some(first), Some(last)) = (label.first_chunk(), label.last_chunk()) {
        mix(u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)));
    } else if let (Some(first), Some(last)) = (label.first_chunk(), label.last_chunk()) {
        mix(u64::from(u16::from_le_bytes(*first)), u64::from(u16::from_le_bytes(*last)));
    }
    let [slot, ..] = hash.to_be_bytes();
    slot
}

/// Puts the labels of a compressed name together.
pub(crate) fn assemble<'b>(name: NameRef<'_>, buffer: &'b mut [u8; MAX_NAME]) -> &'b [u8] {
    let mut end = 0;
    for label in name.labels() {
        let next = end + 1 + label.len();
        if let Some([first, rest @ ..]) = buffer.get_mut(end..next) {
            *first = u8::try_from(label.len()).unwrap_or_default();
            rest.copy_from_slice(label);
        }
        end = next;
    }
    if let Some(root) = buffer.get_mut(end) {
        *root = 0;
    }
    buffer.get(..=end).unwrap_or_default()
}
