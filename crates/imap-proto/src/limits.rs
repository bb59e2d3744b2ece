//! What a line may cost.

/// What a peer's line may cost the one who reads it. Framing has limits of its own, which come
/// first: [`frame::Limits`](crate::frame::Limits).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// How deep parentheses, and the keys of a search, may stand in one another: 100. Real mail
    /// has a dozen; every level costs the reader's stack a frame, and what is dropped later too.
    pub depth: u32,
    /// How many elements one line may hold, each list's added up: 100,000. The envelopes of
    /// circulars have thousands of addresses. Numbers in sets do not count: they cost 8 octets.
    pub elements: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 100, elements: 100_000 }
    }
}
