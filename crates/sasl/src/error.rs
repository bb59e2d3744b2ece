//! What can go wrong, by whose fault.
use crate::PrepareError;

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
    /// An attribute of SCRAM is missing, out of order, or not of its form (RFC 5802 §7).
    #[error("malformed SCRAM attribute")]
    Attribute,
    /// A nonce holds something else than printable ASCII without commas, or nothing.
    #[error("invalid nonce")]
    Nonce,
    /// The header of a GS2 mechanism is malformed (RFC 5801 §4).
    #[error("malformed GS2 header")]
    Gs2Header,
    /// Not 32 lower-case hexadecimal digits (RFC 2195 §2).
    #[error("not a digest")]
    Digest,
    /// A message with a token is malformed (RFC 7628 §3.1).
    #[error("malformed token message")]
    Token,
    /// A stored verifier is malformed (RFC 5803 §2).
    #[error("malformed verifier")]
    Verifier,
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
    /// The client's proof is of another password, or of nothing: refuse it, as one refuses a
    /// wrong password.
    #[error("wrong proof")]
    WrongProof,
    /// The server could not prove that it knows the user: it is not the one it seems.
    #[error("the server does not prove that it knows the user")]
    WrongSignature,
    /// The nonce is not the one that the exchange began with.
    #[error("altered nonce")]
    AlteredNonce,
    /// Somebody hid from the client that the server binds channels: RFC 5802 §6.
    #[error("channel binding was hidden from the client")]
    Downgrade,
    /// The two ends are not on one encrypted channel, or cannot say so.
    #[error("the channel bindings do not match")]
    Unbound,
    /// The peer requires an extension (`m=`, RFC 5802 §5.1), and there is none.
    #[error("unknown mandatory extension")]
    Extension,
    /// The server asks for so few iterations that a listener could guess the password, or for so
    /// many that the client would be busy for long: [`client::Policy`](crate::client::Policy).
    #[error("the iteration count {0} is beyond the limits")]
    Iterations(u32),
    /// The server says that it refuses, inside of the exchange.
    #[error("the server refuses")]
    Refused,
    /// A name cannot be prepared.
    #[error("a name cannot be prepared")]
    Prepare(#[from] PrepareError),
}

impl Error {
    /// Whether the peer kept to the grammar, and is refused all the same. A server answers as it
    /// does to a wrong password, so that nobody learns which users there are.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::Malformed(_) | Self::OutOfTurn | Self::Extension)
    }
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
    /// A name or a password cannot be prepared.
    #[error("a name or a password cannot be prepared")]
    Prepare(#[from] PrepareError),
    /// A password is not UTF-8, which SCRAM wants.
    #[error("the password is not UTF-8")]
    Utf8,
    /// A token holds something else than visible ASCII characters.
    #[error("not a token")]
    Token,
    /// Nobody asked for a verifier, or for one of another hash.
    #[error("no such verifier is due")]
    NotDue,
    /// An iteration count or a salt that makes no verifier.
    #[error("no salt or no iterations")]
    Verifier,
}
