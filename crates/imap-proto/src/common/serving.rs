//! What both who serve a client have in common.
use crate::server::{self, Misuse};
use crate::{Code, Condition, RespText, Text};

/// How a command ends.
pub type Ending = (Condition, RespText);

/// Why a connection ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The session or its stream failed.
    #[error(transparent)]
    Session(#[from] proto_core::blocking::Error<server::Error>),
    /// The handler answered what makes no sense.
    #[error(transparent)]
    Misuse(#[from] Misuse),
}

pub(crate) fn ok(text: &'static str) -> Ending {
    (Condition::Ok, RespText::new(None, Text::from_static(text)))
}

/// Nobody has told what is stored of passwords.
pub(crate) fn no_verifier() -> RespText {
    let text = Text::from_static("no such login here");
    RespText::new(Some(Code::AuthenticationFailed), text)
}
