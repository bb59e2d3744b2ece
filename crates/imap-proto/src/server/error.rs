//! What ends a session, and what an application must not do.

/// Why a session is over. The client has been told by BYE.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Octets came after STARTTLS and before TLS: somebody put them there (CVE-2011-0411).
    #[error("octets in clear after STARTTLS")]
    PlaintextAfterStartTls,
    /// A line has no end.
    #[error("a line without end")]
    EndlessLine,
    /// More commands were bad than the limit allows.
    #[error("too many bad commands")]
    TooManyBadCommands,
    /// More logins failed than the limit allows.
    #[error("too many failed logins")]
    TooManyLogins,
    /// Nobody logged in for too long.
    #[error("no login in time")]
    LoginTimeout,
    /// The client was silent for too long.
    #[error("silent for too long")]
    Timeout,
    /// The server is to end.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The octets of a response that had begun could not be had.
    #[error("a response was cut off")]
    CutResponse,
}

/// The application called something at the wrong time: a bug of its own. Nothing has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// No answer of this kind is due.
    #[error("no answer of this kind is due")]
    NotDue,
    /// The octets of the last response have not all been given.
    #[error("octets of the last response are due")]
    OctetsDue,
    /// There are more octets than were announced.
    #[error("more octets than were announced")]
    TooManyOctets,
}
