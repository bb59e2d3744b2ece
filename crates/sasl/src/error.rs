//! What can go wrong, by whose fault.

/// The peer's octets are not what the grammar wants, and where.
pub type ParseError = proto_core::ParseError<ParseErrorKind>;

/// What is wrong with some octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Not base64 (RFC 4648 §4), or not canonical.
    #[error("invalid base64")]
    Base64,
    /// Not a mechanism's name: RFC 4422 §3.1.
    #[error("invalid mechanism name")]
    Mechanism,
    /// Too few or too many parts in a message.
    #[error("wrong number of parts")]
    Parts,
    /// A part that must not be empty is.
    #[error("empty part")]
    Empty,
    /// An identity is not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// A NUL stands inside of a part.
    #[error("NUL")]
    Nul,
}

/// Why an exchange cannot succeed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer's message is malformed.
    #[error("malformed message")]
    Malformed(#[from] ParseError),
    /// The peer spoke when it was not its turn.
    #[error("message out of turn")]
    OutOfTurn,
    /// The server reports success before the exchange was complete.
    #[error("success before the end of the exchange")]
    Premature,
}

/// The caller gave what no exchange can carry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// An identity or a password holds a NUL, which PLAIN uses as its separator.
    #[error("NUL in credentials")]
    Nul,
    /// An identity or a password is empty.
    #[error("empty credentials")]
    Empty,
    /// Anonymous trace information is longer than 255 characters (RFC 4505 §2).
    #[error("trace information is too long")]
    TraceTooLong,
}
