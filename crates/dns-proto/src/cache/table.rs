//! What is known by name and type: a hash table of bounded size that forgets what nobody asks for.
use alloc::vec::Vec;
use core::cell::Cell;

use hashbrown::HashTable;

use crate::compress::assemble;
use crate::fold;
use crate::name::{MAX_NAME, Name, NameRef};
use crate::number::RecordType;

/// Two secret numbers: who does not know them cannot choose names that fall into one place.
pub(crate) type HashKey = [u64; 2];

/// A bounded map; when it is full, values leave as they do from a [`Store`](super::Store), by the
/// same hand. It has no order, and so a question costs one look into memory and not a dozen.
#[derive(Debug)]
pub(crate) struct Table<V> {
    index: HashTable<u32>,
    slots: Vec<Option<Slot<V>>>,
    free: Vec<u32>,
    hand: usize,
    bound: usize,
    key: HashKey,
}

#[derive(Debug)]
struct Slot<V> {
    name: Name,
    rtype: RecordType,
    used: Cell<bool>,
    value: V,
}

impl<V> Table<V> {
    pub(crate) const fn new(bound: usize, key: HashKey) -> Self {
        let index = HashTable::new();
        Self { index, slots: Vec::new(), free: Vec::new(), hand: 0, bound, key }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn get(&self, name: NameRef<'_>, rtype: RecordType) -> Option<&V> {
        let slot = self.slots.get(self.find(name, rtype)?)?.as_ref()?;
        slot.used.set(true);
        Some(&slot.value)
    }

    pub(crate) fn put(&mut self, name: NameRef<'_>, rtype: RecordType, value: V) {
        if let Some(at) = self.find(name, rtype)
            && let Some(Some(slot)) = self.slots.get_mut(at)
        {
            slot.value = value;
            return;
        }
        while self.len() >= self.bound {
            if !self.evict() {
                return;
            }
        }
        let at = match self.free.pop() {
            Some(at) => at,
            None => match u32::try_from(self.slots.len()) {
                Ok(at) => at,
                Err(_) => return,
            },
        };
        let slot = Slot { name: name.to_name(), rtype, used: Cell::new(false), value };
        let hash = slot.hash(self.key);
        match self.slots.get_mut(place(at)) {
            Some(place) => *place = Some(slot),
            None => self.slots.push(Some(slot)),
        }
        let (slots, key) = (&self.slots, self.key);
        let again = |&at: &u32| match slots.get(place(at)) {
            Some(Some(slot)) => slot.hash(key),
            _ => 0,
        };
        self.index.insert_unique(hash, at, again);
    }

    pub(crate) fn remove(&mut self, name: NameRef<'_>, rtype: RecordType) -> Option<V> {
        let at = self.find(name, rtype)?;
        self.take(at)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.bound, self.key);
    }

    /// Returns all values, with what they are known by.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, RecordType, &V)> {
        self.slots.iter().flatten().map(|slot| (&slot.name, slot.rtype, &slot.value))
    }

    fn find(&self, name: NameRef<'_>, rtype: RecordType) -> Option<usize> {
        let mut room;
        let wire = match name.plain() {
            Some(wire) => wire,
            None => {
                room = [0; MAX_NAME];
                assemble(name, &mut room)
            }
        };
        let same = |&at: &u32| match self.slots.get(place(at)) {
            Some(Some(slot)) => slot.rtype == rtype && fold::equal(slot.name.wire(), wire),
            _ => false,
        };
        self.index.find(hash(self.key, wire, rtype), same).map(|&at| place(at))
    }

    fn take(&mut self, at: usize) -> Option<V> {
        let slot = self.slots.get_mut(at)?.take()?;
        let own = |&other: &u32| place(other) == at;
        if let Ok(entry) = self.index.find_entry(slot.hash(self.key), own) {
            let (at, _) = entry.remove();
            self.free.push(at);
        }
        Some(slot.value)
    }

    /// Throws one value out; says whether there was one.
    fn evict(&mut self) -> bool {
        // Twice round is enough: the first time clears every mark.
        for _ in 0..=2 * self.slots.len() {
            let at = self.hand % self.slots.len().max(1);
            self.hand = at + 1;
            let Some(Some(slot)) = self.slots.get(at) else { continue };
            if !slot.used.replace(false) {
                return self.take(at).is_some();
            }
        }
        false
    }
}

impl<V> Slot<V> {
    fn hash(&self, key: HashKey) -> u64 {
        hash(key, self.name.wire(), self.rtype)
    }
}

/// Slots are numbered in 32 bits, for there are many; a `usize` has no fewer where they fit.
fn place(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// Hashes a name without case, and a type. Lengths of labels are below the capital letters.
fn hash([seed, factor]: HashKey, wire: &[u8], rtype: RecordType) -> u64 {
    let factor = factor | 1;
    let (words, rest) = wire.as_chunks();
    let mut state = seed ^ u64::from(rtype.number());
    for &word in words {
        state = mix(state ^ fold::lower(u64::from_le_bytes(word)), factor);
    }
    let mut last = [0; 8];
    fold::copy(&mut last, rest);
    // A name ends with a zero, so nothing is lost by filling up with more of them.
    mix(mix(state ^ u64::from_le_bytes(last), factor), seed | 1)
}

/// Multiplies, and folds the product into one word.
fn mix(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    let half = |product: u128| u64::try_from(product & u128::from(u64::MAX)).unwrap_or_default();
    half(product) ^ half(product >> 64)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::format;

    use super::*;

    const KEY: HashKey = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn get(table: &Table<u32>, text: &str) -> Option<u32> {
        table.get(name(text).view(), RecordType::A).copied()
    }

    fn put(table: &mut Table<u32>, text: &str, value: u32) {
        table.put(name(text).view(), RecordType::A, value);
    }

    #[test]
    fn names_are_found_whatever_their_case_and_types_are_apart() {
        let mut table = Table::new(9, KEY);
        put(&mut table, "WWW.hamburger.edu", 1);
        assert_eq!(get(&table, "www.HAMBURGER.edu"), Some(1));
        assert_eq!(table.get(name("www.hamburger.edu").view(), RecordType::MX), None);
        put(&mut table, "www.hamburger.EDU", 2);
        assert_eq!((table.len(), get(&table, "www.hamburger.edu")), (1, Some(2)));
        assert_eq!(table.remove(name("www.hamburger.edu").view(), RecordType::A), Some(2));
        assert_eq!((table.len(), get(&table, "www.hamburger.edu")), (0, None));
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut table = Table::new(3, KEY);
        ["a", "b", "c"].iter().for_each(|it| put(&mut table, it, 1));
        let _ = (get(&table, "a"), get(&table, "c"));
        put(&mut table, "d", 2);
        assert_eq!((table.len(), get(&table, "b")), (3, None));
        assert!(get(&table, "a").is_some() && get(&table, "c").is_some());
    }

    #[test]
    fn a_flood_of_names_asked_for_once_does_not_drive_out_the_others() {
        let mut table = Table::new(10, KEY);
        put(&mut table, "useful", 0);
        for number in 0..1000 {
            assert!(get(&table, "useful").is_some());
            put(&mut table, &format!("x{number}"), number);
            assert!(table.len() <= 10 && table.slots.len() <= 10);
        }
    }

    #[test]
    fn a_table_of_nothing_keeps_nothing() {
        let mut table = Table::new(0, KEY);
        put(&mut table, "a", 1);
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn hashes_depend_on_every_octet_and_on_the_key() {
        let names: Vec<Name> = (0..2000).map(|it| name(&format!("h{it}.hamburger.edu"))).collect();
        let hashes = |key| -> BTreeSet<u64> {
            names.iter().map(|it| hash(key, it.wire(), RecordType::A)).collect()
        };
        assert_eq!(hashes(KEY).len(), names.len());
        assert!(hashes(KEY).is_disjoint(&hashes([1, 2])));
        // The low bits choose the place and the high ones tell neighbours apart.
        let low: BTreeSet<u64> = hashes(KEY).iter().map(|it| it & 0xffff).collect();
        assert!(low.len() > 1900, "{}", low.len());
    }
}
