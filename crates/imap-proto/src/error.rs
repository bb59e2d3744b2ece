//! What can be wrong with octets.

/// These octets are not what the grammar says.
pub type ParseError = proto_core::ParseError<ParseErrorKind>;

/// What is wrong with octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A sequence number or UID is not a number from 1 to 4294967295.
    #[error("not a message number")]
    Number,
    /// A set of numbers is empty, or something else stands in it.
    #[error("not a set of numbers")]
    SeqSet,
}
