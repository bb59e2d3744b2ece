//! Why a connection ended early, or a command was not obeyed.
use crate::{Condition, RespText, client};

/// Why a connection ended early, or a command was not obeyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The session or its stream failed.
    #[error(transparent)]
    Session(#[from] proto_core::blocking::Error<client::Error>),
    /// The server answered NO, or BAD, in these words. The session goes on.
    #[error("the server refused: {}", .1.text())]
    Refused(Condition, RespText),
    /// The server ended the session, in these words.
    #[error("the server said goodbye: {}", .0.text())]
    Bye(RespText),
    /// The session does not allow that: it is over, or somebody is logged in already.
    #[error(transparent)]
    Misuse(#[from] client::Misuse),
    /// The application's own file or store failed.
    #[error("reading or writing a message failed")]
    Message(#[source] std::io::Error),
    /// The server said more to one command than the limits let a convenience keep.
    #[error("the server's answer is beyond the limits")]
    TooLong,
}

impl Error {
    /// The session ended before its time.
    pub(super) fn ended() -> Self {
        proto_core::blocking::Error::Protocol(client::Error::UnexpectedEof).into()
    }

    /// TLS was agreed or wanted, and there is nobody to do the handshake.
    pub(crate) fn no_tls() -> Self {
        proto_core::blocking::Error::NotReadyForTls.into()
    }
}

impl Error {
    /// The handshake failed.
    #[cfg(feature = "std")]
    pub(crate) const fn tls(error: std::io::Error) -> Self {
        Self::Session(proto_core::blocking::Error::Tls(error))
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Session(error.into())
    }
}
