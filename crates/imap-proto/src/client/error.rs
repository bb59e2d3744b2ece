//! What can be wrong with a client's session, and by whose fault.
use crate::ReadError;

/// The session is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server said nothing for too long.
    #[error("the server said nothing for too long")]
    Timeout,
    /// The server closed the connection.
    #[error("the server closed the connection")]
    UnexpectedEof,
    /// The server said BYE, and nobody had asked it to; its words have been told.
    #[error("the server said goodbye")]
    Bye,
    /// The first that the server said is no greeting.
    #[error("not the greeting of an IMAP server")]
    NoGreeting,
    /// The server does not offer the TLS that the configuration requires.
    #[error("the server offers no TLS")]
    NoTls,
    /// The server says in clear that we are logged in, and the configuration requires TLS, which
    /// can no longer be had: somebody in between may say it (RFC 9051 §7.1.4, CVE-2020-12398).
    #[error("logged in before TLS")]
    PreauthInClear,
    /// Something came in clear after STARTTLS and before TLS: somebody may have put it there
    /// (CVE-2011-0411 and its sisters).
    #[error("plaintext after STARTTLS")]
    PlaintextAfterStartTls,
    /// None of the ways to log in is offered, or may be used without TLS.
    #[error("no way to log in")]
    NoLogin,
    /// The SASL exchange went wrong: the server reported success before it was over, say.
    #[error(transparent)]
    Sasl(#[from] sasl::Error),
    /// The server ended a command that is not under way.
    #[error("a response to no command")]
    UnknownTag,
    /// The server said `+`, and nothing waits for it; or greeted again.
    #[error("a response that is not due")]
    NotDue,
    /// The server has more to say than the limits allow.
    #[error("the server's answer is beyond the limits")]
    TooLong,
    /// The server said what is no response.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The application called the session wrongly.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// The session is not open yet, or is about to end.
    #[error("the session is not open")]
    NotOpen,
    /// The client is somebody already, or is about to be.
    #[error("logged in already")]
    LoggedIn,
    /// The session gives this command itself, or another method does.
    #[error("not a command for the application")]
    NotYours,
    /// What APPEND brings is not a message, or not whole.
    #[error("the parts make no message")]
    Parts,
    /// No octets of a message are due, or fewer than these.
    #[error("no such octets are due")]
    NotDue,
}
