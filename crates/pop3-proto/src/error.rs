//! What can be wrong, by whose fault.
use proto_core::dot::Bare;

/// These octets are not what the grammar says.
pub type ParseError = proto_core::ParseError<ParseErrorKind>;

/// What is wrong with octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The keyword is none that this crate knows.
    #[error("unknown command")]
    Keyword,
    /// An argument is missing, or there is one too many.
    #[error("wrong number of arguments")]
    Arguments,
    /// A message number is not a number from 1 to 4294967295.
    #[error("not a message number")]
    MessageNumber,
    /// A number is not one, or does not fit 64 bits.
    #[error("not a number")]
    Number,
    /// A control character, NUL for instance.
    #[error("control character")]
    Control,
    /// The name of a SASL mechanism is malformed.
    #[error("not a mechanism name")]
    Mechanism,
    /// The initial response of a SASL exchange is not in base64.
    #[error("invalid base64")]
    Base64,
    /// A unique id is empty, longer than 70 octets, or not printable (RFC 1939 §7).
    #[error("not a unique id")]
    UniqueId,
    /// An APOP timestamp is not of the form `<…@…>`.
    #[error("not a timestamp")]
    Timestamp,
    /// An APOP digest is not 32 hexadecimal digits.
    #[error("not a digest")]
    Digest,
    /// A language tag has other octets than letters, digits and hyphens, or too many.
    #[error("not a language tag")]
    Language,
    /// A response begins with neither `+OK` nor `-ERR`.
    #[error("neither +OK nor -ERR")]
    Status,
}

/// The session is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer said nothing for too long.
    #[error("the peer said nothing for too long")]
    Timeout,
    /// The client did not log in for too long, whatever it said.
    #[error("no login for too long")]
    LoginTimeout,
    /// The server ends: the client may come again, and nothing was deleted.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The application could not send a message to its end: the connection has to be closed, so
    /// that the client does not take what it has for the whole.
    #[error("a message could not be sent to its end")]
    CutMessage,
    /// The peer made more mistakes than the limits allow.
    #[error("too many bad commands")]
    TooManyBadCommands,
    /// The peer failed to log in more often than the limits allow.
    #[error("too many failed logins")]
    TooManyFailures,
    /// A line is so long that it is no mistake.
    #[error("a line without end")]
    EndlessLine,
    /// Something came in clear after STLS and before TLS: somebody may have put it there
    /// (CVE-2011-0411 and its sisters).
    #[error("plaintext after STLS")]
    PlaintextAfterStls,
    /// The server closed the connection.
    #[error("the peer closed the connection")]
    UnexpectedEof,
    /// The server said what no server may say.
    #[error("the server's response is malformed")]
    BadResponse(#[from] ParseError),
    /// The server's listing or message is beyond the limits.
    #[error("the server's answer is beyond the limits")]
    TooLong,
    /// The server refused the connection.
    #[error("the server refused the connection")]
    Refused,
    /// The server does not offer the TLS that the configuration requires.
    #[error("the server offers no TLS")]
    NoTls,
    /// The SASL exchange went wrong: the server reported success before it was over, say.
    #[error(transparent)]
    Sasl(#[from] sasl::Error),
    /// None of the ways to log in is offered, or may be used without TLS.
    #[error("no way to log in")]
    NoLogin,
}

/// The application called the session wrongly.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// No answer of this kind is due.
    #[error("no such answer is due")]
    NotDue,
    /// A maildrop holds more messages than numbers exist.
    #[error("more messages than numbers")]
    TooManyMessages,
    /// The body holds an octet that the policy rejects.
    #[error(transparent)]
    Bare(#[from] Bare),
    /// A word that goes into a command or a response has a character that it cannot carry.
    #[error("not a word for the wire")]
    Word,
    /// The session is not logged in, or is about to end.
    #[error("not logged in")]
    NotLoggedIn,
}
