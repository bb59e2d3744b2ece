//! Why a connection ended early.
use crate::Response;

/// Why a connection ended early, or a command was not obeyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The session or its stream failed.
    #[error(transparent)]
    Session(#[from] proto_core::blocking::Error<crate::Error>),
    /// The server answered `-ERR`, in these words. The session goes on, but after a login.
    #[error("the server refused: {}", .0.text())]
    Refused(Response),
    /// The application's own file or store failed.
    #[error("reading or writing a message failed")]
    Message(#[source] std::io::Error),
}

impl Error {
    /// The session ended before its time.
    pub(super) fn ended() -> Self {
        proto_core::blocking::Error::Protocol(crate::Error::UnexpectedEof).into()
    }

    /// STLS was agreed, and there is nobody to do the handshake.
    pub(crate) fn no_tls() -> Self {
        proto_core::blocking::Error::NotReadyForTls.into()
    }
}
