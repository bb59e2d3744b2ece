//! What can be wrong with a server's session, and by whose fault.

/// The session is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client said nothing for too long.
    #[error("the client said nothing for too long")]
    Timeout,
    /// The client did not log in for too long, whatever it said.
    #[error("no login for too long")]
    LoginTimeout,
    /// The server ends: the client may come again.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The client closed the connection in the middle of a command.
    #[error("the client closed the connection in the middle of a command")]
    UnexpectedEof,
    /// The client made more mistakes in a row than the limits allow.
    #[error("too many bad commands")]
    TooManyMistakes,
    /// The client failed to log in more often than the limits allow.
    #[error("too many failed logins")]
    TooManyFailures,
    /// A line is so long that it is no mistake.
    #[error("a line without end")]
    EndlessLine,
    /// The client sends, without waiting, a literal so large that it is not worth skipping.
    #[error("a literal without end")]
    EndlessLiteral,
    /// Something came in clear after STARTTLS and before TLS: somebody may have put it there
    /// (CVE-2011-0411 and its sisters).
    #[error("plaintext after STARTTLS")]
    PlaintextAfterStartTls,
    /// The application could not give the octets that a response announced: the connection has to
    /// be closed, so that the client does not take what it has for the whole.
    #[error("a response could not be sent to its end")]
    CutResponse,
}

/// The application called the session wrongly. Nothing has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// No such answer is due.
    #[error("no such answer is due")]
    NotDue,
    /// Octets that the last response announced are still due.
    #[error("octets of the last response are due")]
    Unfinished,
    /// More octets than the last response announced.
    #[error("more octets than were announced")]
    TooMany,
    /// A message may not be said to be gone now: the client would take its numbers for others'
    /// (RFC 9051 §7.5.1).
    #[error("no message may go now")]
    NoExpunge,
}
