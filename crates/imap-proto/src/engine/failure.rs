//! Why a store could not do what was asked.
use proto_core::Text;

use crate::{Code, RespText};

/// Why a store could not do what was asked: each is one response code (RFC 5530, RFC 9051 §7.1).
///
/// ```
/// use imap_proto::{Code, engine::Failure};
///
/// assert_eq!(Failure::OverQuota.to_text().code(), Some(&Code::OverQuota));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// There is no mailbox, quota root or the like of that name.
    #[error("there is none of that name")]
    NonExistent,
    /// There is one of that name already.
    #[error("there is one of that name already")]
    AlreadyExists,
    /// The message is not there: somebody expunged it.
    #[error("the message is gone")]
    MessageGone,
    /// The user may not do that.
    #[error("no permission")]
    NoPermission,
    /// It can never be done.
    #[error("that cannot be done")]
    Cannot,
    /// The store does not do such things at all.
    #[error("not supported")]
    NotSupported,
    /// There would be more than the quota allows.
    #[error("over quota")]
    OverQuota,
    /// The message is too large for the mailbox.
    #[error("the message is too large")]
    TooBig,
    /// Another limit of the store.
    #[error("a limit has been reached")]
    Limit,
    /// Somebody else has it, and will let go.
    #[error("in use")]
    InUse,
    /// The special use is not known, or is another mailbox's (RFC 6154 §3).
    #[error("no such special use")]
    SpecialUse,
    /// What is stored is damaged.
    #[error("damaged")]
    Corruption,
    /// Something that will pass: the disk is full, the database is away.
    #[error("temporarily unavailable")]
    Unavailable,
    /// Something is wrong with the store itself.
    #[error("internal error")]
    Bug,
}

impl Failure {
    /// Returns what the client is told.
    #[must_use]
    pub fn to_text(self) -> RespText {
        let (code, text) = match self {
            Self::NonExistent => (Code::NonExistent, "there is none of that name"),
            Self::AlreadyExists => (Code::AlreadyExists, "there is one of that name"),
            Self::MessageGone => (Code::ExpungeIssued, "a message is gone"),
            Self::NoPermission => (Code::NoPerm, "you may not"),
            Self::Cannot => (Code::Cannot, "that cannot be done"),
            Self::NotSupported => (Code::Cannot, "not supported"),
            Self::OverQuota => (Code::OverQuota, "over quota"),
            Self::TooBig => (Code::TooBig, "the message is too large"),
            Self::Limit => (Code::Limit, "a limit has been reached"),
            Self::InUse => (Code::InUse, "somebody else has it"),
            Self::SpecialUse => (Code::UseAttr, "no such special use"),
            Self::Corruption => (Code::Corruption, "what is stored is damaged"),
            Self::Unavailable => (Code::Unavailable, "try again later"),
            Self::Bug => (Code::ServerBug, "internal error"),
        };
        RespText::new(Some(code), Text::from_static(text))
    }
}
