//! Known mistakes of servers, which a client reads past.

/// A mistake that was read past, and where.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Diagnostic {
    /// Which mistake.
    pub quirk: Quirk,
    /// How many octets of the line come before it.
    pub offset: usize,
}

/// A mistake that servers are known to make.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Quirk {
    /// A backslash in a quoted string before something other than `"` and `\`: both are kept.
    Escape,
    /// `NIL` where a string must be: the string is empty.
    NilString,
    /// `NIL` where a list must be: the list is empty.
    NilList,
    /// `()` where `NIL` must be: nothing.
    EmptyList,
    /// `NIL` or nothing where a number must be: the number is 0.
    NoNumber,
    /// A number that is negative or too large: it is 0 or the largest.
    NumberRange,
    /// `""""`, or a `"` more than should be: it is passed over.
    QuoteTwice,
    /// A space is missing.
    MissingSpace,
    /// A space too many.
    ExtraSpace,
    /// A multipart without parts.
    EmptyMultipart,
    /// Octets that are not ASCII, or other marks, in an atom.
    AtomOctets,
    /// A flag that is none, as `\` alone or a word with `]`: left out.
    Flag,
    /// A response code whose contents are not what its name wants, or that has no end: it is
    /// passed over, or is part of the words.
    Code,
    /// A control character in words for people: it becomes a space.
    Text,
    /// A capability that is none: it is left out.
    Capability,
    /// An item that could not be read: it is kept as [`Raw`](crate::Raw).
    Item,
    /// A line that could not be read: it is kept as [`Raw`](crate::Raw).
    Line,
    /// Fields too many or too few in a structure: those too many are passed over.
    Fields,
}
