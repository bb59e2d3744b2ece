//! How names of a message come to their roots, remembered: few are followed more than once.
use core::cell::Cell;

/// What a name has from one place to another, or to its root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// Octets of the labels, the lengths before them among them.
    pub(crate) octets: usize,
    pub(crate) pointers: u8,
}

impl Way {
    /// Adds a pointer and what it leads to.
    #[inline]
    pub(crate) const fn then(self, other: Self) -> Self {
        let pointers = self.pointers.saturating_add(other.pointers).saturating_add(1);
        Self { octets: self.octets + other.octets, pointers }
    }

    /// Takes off what was before.
    pub(crate) const fn without(self, before: Self) -> Self {
        Self { octets: self.octets - before.octets, pointers: self.pointers - before.pointers }
    }
}

/// Ways from names of a message to their roots: who points to those names need not follow them
/// again, as long as names are read in the order they stand in.
///
/// A later name may point to whatever an earlier one may, and has more of the message before it.
#[derive(Debug, Default)]
pub(crate) struct Ways([Cell<Known>; WAYS]);

/// More than names that others point to, at a time; the last takes the place of another.
const WAYS: usize = 32;

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Zero if there is none: no name begins in a header.
    position: u16,
    octets: u8,
    pointers: u8,
}

impl Ways {
    #[inline]
    fn slot(&self, position: usize) -> Option<&Cell<Known>> {
        self.0.get((position ^ (position >> 5)) % WAYS)
    }

    #[inline]
    pub(crate) fn get(&self, position: usize) -> Option<Way> {
        let known = self.slot(position)?.get();
        let way = Way { octets: usize::from(known.octets), pointers: known.pointers };
        (usize::from(known.position) == position && position > 0).then_some(way)
    }

    #[inline]
    pub(crate) fn insert(&self, position: usize, way: Way) {
        if let (Some(slot), Ok(position), Ok(octets)) =
            (self.slot(position), u16::try_from(position), u8::try_from(way.octets))
        {
            slot.set(Known { position, octets, pointers: way.pointers });
        }
    }
}
