//! Compression of names (RFC 1035 §4.1.4): a tree of labels, as far as a fixed table holds it.
use crate::name::{MAX_NAME, NameRef};

/// Remembered labels: more than any message of 4096 octets in practice has.
const SLOTS: usize = 256;
/// Slots looked at for one label. So each octet of a name is compared at most this often: an
/// attacker who makes hashes collide (CVE-2024-8508 and its kin) gets a longer message, not a
/// slower server.
const PROBES: u8 = 8;

/// Where labels are in the message, each by its hash and that of what is to its right.
#[derive(Debug)]
pub(crate) struct Table {
    slots: [Slot; SLOTS],
    highest: u16,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u16,
    /// Zero if empty: no name begins in a header.
    position: u16,
}

/// A name with the places of its labels; from `known` on they are in the message already.
pub(crate) struct Split<'n> {
    wire: &'n [u8],
    starts: Starts,
    known: usize,
    pointer: u16,
}

type Starts = [u8; 128];

impl Table {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self { slots: [Slot { tag: 0, position: 0 }; SLOTS], highest: 0 }
    }

    /// Finds the longest suffix of an uncompressed name that is in the message.
    ///
    /// Letters are compared with their case: what is read is what was written.
    #[inline]
    pub(crate) fn split<'n>(&self, message: &[u8], wire: &'n [u8]) -> Split<'n> {
        let (mut starts, mut count, mut at) = ([0; 128], 0, 0);
        while let Some((&length @ 1..=63, _)) = wire.get(at..).and_then(<[u8]>::split_first) {
            if let (Some(place), Ok(start)) = (starts.get_mut(count), u8::try_from(at)) {
                *place = start;
            }
            count += 1;
            at += usize::from(length) + 1;
        }
        let mut split = Split { wire, starts, known: count, pointer: 0 };
        while let Some(place) = split.known.checked_sub(1) {
            let Some(position) = self.find(message, split.pointer, split.label(place)) else {
                break;
            };
            (split.known, split.pointer) = (place, position);
        }
        split
    }

    /// Remembers the labels that have been written at `position`.
    #[inline]
    pub(crate) fn remember(&mut self, split: &Split<'_>, position: usize) {
        let mut parent = split.pointer;
        for place in (0..split.known).rev() {
            let own = position + split.start(place);
            // RFC 1035 §4.1.4: a pointer has fourteen bits.
            let Some(own) = u16::try_from(own).ok().filter(|own| *own < 0x4000) else { return };
            if !self.insert(parent, split.label(place), own) {
                return;
            }
            parent = own;
        }
    }

    /// Forgets what was at or behind `length`.
    pub(crate) fn forget(&mut self, length: usize) {
        if usize::from(self.highest) < length {
            return;
        }
        self.highest = 0;
        for slot in &mut self.slots {
            if usize::from(slot.position) >= length {
                *slot = Slot { tag: 0, position: 0 };
            }
            self.highest = self.highest.max(slot.position);
        }
    }

    #[inline]
    fn find(&self, message: &[u8], parent: u16, label: &[u8]) -> Option<u16> {
        let (first, tag) = hash(parent, label);
        for probe in 0..PROBES {
            let slot = self.slots.get(usize::from(first.wrapping_add(probe)))?;
            if slot.position == 0 {
                return None;
            }
            if slot.tag == tag && is_at(message, slot.position, parent, label) {
                return Some(slot.position);
            }
        }
        None
    }

    #[inline]
    fn insert(&mut self, parent: u16, label: &[u8], position: u16) -> bool {
        let (first, tag) = hash(parent, label);
        for probe in 0..PROBES {
            let place = usize::from(first.wrapping_add(probe));
            if let Some(slot) = self.slots.get_mut(place)
                && slot.position == 0
            {
                *slot = Slot { tag, position };
                self.highest = self.highest.max(position);
                return true;
            }
        }
        false
    }
}

impl<'n> Split<'n> {
    /// Returns what must be written whole.
    #[inline]
    pub(crate) fn head(&self) -> &'n [u8] {
        self.wire.get(..self.start(self.known)).unwrap_or_default()
    }

    /// Returns where the rest is in the message; zero if the rest is the root.
    pub(crate) const fn pointer(&self) -> u16 {
        self.pointer
    }

    #[inline]
    fn start(&self, place: usize) -> usize {
        match self.starts.get(place) {
            Some(&start) if start > 0 || place == 0 => usize::from(start),
            // Behind the last label there is only the root.
            _ => self.wire.len().saturating_sub(1),
        }
    }

    #[inline]
    fn label(&self, place: usize) -> &'n [u8] {
        let rest = self.wire.get(self.start(place)..).unwrap_or_default();
        rest.split_first()
            .and_then(|(&length, rest)| rest.get(..usize::from(length)))
            .unwrap_or_default()
    }
}

/// Whether a label is at a position, and what follows it is `parent`.
#[inline]
fn is_at(message: &[u8], position: u16, parent: u16, label: &[u8]) -> bool {
    let octets = message.get(usize::from(position)..).unwrap_or_default();
    let Some((&length, octets)) = octets.split_first() else { return false };
    let Some((own, rest)) = octets.split_at_checked(usize::from(length)) else { return false };
    let next = match *rest {
        [0, ..] => 0,
        [high @ 192..=255, low, ..] => u16::from_be_bytes([high & 0x3f, low]),
        _ => position.wrapping_add(u16::from(length)).wrapping_add(1),
    };
    next == parent && own == label
}

/// Mixes a label with what is to its right, into a place and a tag.
#[inline]
fn hash(parent: u16, label: &[u8]) -> (u8, u16) {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut hash = (u64::from(parent) << 32) ^ u64::try_from(label.len()).unwrap_or_default();
    let mut mix = |word: u64| hash = (hash ^ word).wrapping_mul(MIX).rotate_left(29);
    let (words, rest) = label.as_chunks();
    words.iter().for_each(|word| mix(u64::from_le_bytes(*word)));
    match (rest, rest.first_chunk(), rest.last_chunk()) {
        (_, Some(first), Some(last)) => {
            mix(u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)));
        }
        ([first, .., last], ..) => {
            let middle = rest.get(1).copied().unwrap_or_default();
            mix(u64::from(u32::from_le_bytes([*first, middle, *last, 1])));
        }
        ([only], ..) => mix(u64::from(*only)),
        _ => {}
    }
    let [.., tag_high, tag_low, place] = hash.wrapping_mul(MIX).to_le_bytes();
    (place, u16::from_be_bytes([tag_high, tag_low]))
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
