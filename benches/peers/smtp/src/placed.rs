//! Octets at a chosen place.
use std::ops::Deref;

/// What addresses are compared by when loads are told from stores that are not done yet.
pub const PAGE: usize = 4096;

/// Octets whose address has a chosen remainder by 4096.
///
/// A load whose address has the last twelve bits of a store just before it waits for that store,
/// whatever the other bits are. So what is copied from one place to another takes several times as
/// long at some distances than at others, and where the allocator puts a buffer decides which
/// crate looks fast. Each round therefore has its inputs at another place, the same for everybody,
/// and the best round counts: everybody has been at a good distance.
pub struct Placed {
    room: Vec<u8>,
    start: usize,
    length: usize,
}

impl Placed {
    pub fn new(octets: &[u8]) -> Self {
        let mut room = vec![0; octets.len() + PAGE];
        room[..octets.len()].copy_from_slice(octets);
        let mut placed = Self { room, start: 0, length: octets.len() };
        placed.place(0);
        placed
    }

    /// Moves them to where their address has this remainder.
    pub fn place(&mut self, remainder: usize) {
        let start = (PAGE + remainder - self.room.as_ptr().addr() % PAGE) % PAGE;
        self.room.copy_within(self.start..self.start + self.length, start);
        self.start = start;
    }
}

impl Deref for Placed {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.room[self.start..self.start + self.length]
    }
}
