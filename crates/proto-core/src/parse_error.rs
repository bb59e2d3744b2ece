//! What is wrong with octets, and where.
use core::{error::Error, fmt};

/// These octets are not what a grammar says: what every crate's `ParseError` is, with its own kinds.
///
/// ```
/// use proto_core::ParseError;
///
/// let error = ParseError::new("bare LF", 17);
/// assert_eq!((error.kind(), error.offset()), ("bare LF", 17));
/// assert_eq!(error.to_string(), "bare LF at octet 17");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParseError<K> {
    kind: K,
    offset: usize,
}

impl<K: Copy> ParseError<K> {
    /// Blames an octet.
    #[must_use]
    pub const fn new(kind: K, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// Returns what is wrong.
    #[must_use]
    pub const fn kind(&self) -> K {
        self.kind
    }

    /// Returns where: how many octets of what was read come before it.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl<K: fmt::Display> fmt::Display for ParseError<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at octet {}", self.kind, self.offset)
    }
}

impl<K: fmt::Debug + fmt::Display> Error for ParseError<K> {}
