//! Sets of keywords that messages have.
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::{Flag, Flags};

/// Sets of keywords that messages have, each kept once: most messages have one of few.
#[derive(Clone, Debug)]
pub(super) struct Keywords {
    sets: Vec<Vec<Flag>>,
    places: BTreeMap<Vec<Vec<u8>>, u32>,
}

impl Default for Keywords {
    /// Set 0 has none.
    fn default() -> Self {
        Self { sets: alloc::vec![Vec::new()], places: BTreeMap::new() }
    }
}

impl Keywords {
    /// Returns where a set is, if it is known.
    pub(super) fn place(&self, names: &[Vec<u8>]) -> Option<u32> {
        self.places.get(names).copied()
    }

    pub(super) fn add(&mut self, names: Vec<Vec<u8>>, flags: &Flags) -> u32 {
        let place = u32::try_from(self.sets.len()).unwrap_or_default();
        self.places.insert(names, place);
        self.sets.push(flags.others().to_vec());
        place
    }

    pub(super) fn flags(&self, bits: u8, keywords: u32) -> Flags {
        let set = usize::try_from(keywords).ok().and_then(|place| self.sets.get(place));
        Flags::of_parts(bits, set.cloned().unwrap_or_default())
    }
}

/// The names of keywords, as sets are told apart by.
pub(super) fn names(flags: &Flags) -> Vec<Vec<u8>> {
    let name = |flag: &Flag| match flag {
        Flag::Keyword(name) => name.as_bytes().to_ascii_lowercase(),
        Flag::Other(name) => [b"\\", name.as_bytes()].concat().to_ascii_lowercase(),
        _ => Vec::new(),
    };
    let mut names: Vec<_> = flags.others().iter().map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}
