//! A map of bounded size that forgets what nobody asks for.
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ops::Bound;

/// A bounded map; when it is full, a hand goes round and throws out the first value that has not
/// been used since it last came by (SIEVE). What is asked for once, as most names are, leaves
/// before what is asked for twice, however many names an attacker makes up.
#[derive(Debug)]
pub(crate) struct Store<V> {
    index: BTreeMap<Box<[u8]>, usize>,
    slots: Vec<Option<Slot<V>>>,
    free: Vec<usize>,
    hand: usize,
    bound: usize,
}

#[derive(Debug)]
struct Slot<V> {
    key: Box<[u8]>,
    value: V,
    used: Cell<bool>,
}

impl<V> Store<V> {
    pub(crate) const fn new(bound: usize) -> Self {
        let index = BTreeMap::new();
        Self { index, slots: Vec::new(), free: Vec::new(), hand: 0, bound }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&V> {
        let slot = self.slots.get(*self.index.get(key)?)?.as_ref()?;
        slot.used.set(true);
        Some(&slot.value)
    }

    /// Returns the last value at or before a key, without its counting as used.
    pub(crate) fn before(&self, key: &[u8]) -> Option<&V> {
        let (_, &at) =
            self.index.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back()?;
        Some(&self.slots.get(at)?.as_ref()?.value)
    }

    pub(crate) fn put(&mut self, key: &[u8], value: V) {
        if let Some(&at) = self.index.get(key)
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
        let slot = Some(Slot { key: key.into(), value, used: Cell::new(false) });
        let at = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(at) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
        self.index.insert(key.into(), at);
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<V> {
        let at = self.index.remove(key)?;
        self.free.push(at);
        Some(self.slots.get_mut(at)?.take()?.value)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.bound);
    }

    /// Throws one value out; says whether there was one.
    fn evict(&mut self) -> bool {
        // Twice round is enough: the first time clears every mark.
        for _ in 0..=2 * self.slots.len() {
            let at = self.hand % self.slots.len().max(1);
            self.hand = at + 1;
            let Some(Some(slot)) = self.slots.get(at) else { continue };
            if !slot.used.replace(false) {
                let key = slot.key.clone();
                return self.remove(&key).is_some();
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let mut store = Store::new(3);
        for key in [b"a", b"b", b"c"] {
            store.put(key, 1);
        }
        store.get(b"a");
        store.get(b"c");
        store.put(b"d", 2);
        assert_eq!((store.len(), store.get(b"b")), (3, None));
        assert!(store.get(b"a").is_some() && store.get(b"c").is_some());
    }

    #[test]
    fn a_flood_of_names_asked_for_once_does_not_drive_out_the_others() {
        let mut store = Store::new(10);
        store.put(b"useful", 0);
        for number in 0..1000_u32 {
            assert!(store.get(b"useful").is_some());
            store.put(&number.to_be_bytes(), number);
            assert!(store.len() <= 10);
        }
    }

    #[test]
    fn a_store_of_nothing_keeps_nothing() {
        let mut store = Store::new(0);
        store.put(b"a", 1);
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn places_are_used_again() {
        let mut store = Store::new(5);
        for number in 0..100_u32 {
            store.put(&number.to_be_bytes(), number);
            store.remove(&number.to_be_bytes());
        }
        assert!(store.slots.len() <= 1 && store.len() == 0);
    }

    #[test]
    fn the_value_before_a_key_is_found() {
        let mut store = Store::new(5);
        store.put(b"a", 1);
        store.put(b"c", 3);
        assert_eq!((store.before(b"b"), store.before(b"c")), (Some(&1), Some(&3)));
        assert_eq!(store.before(b"A"), None);
    }
}
