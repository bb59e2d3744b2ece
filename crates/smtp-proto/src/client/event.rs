//! What happened, as the application hears it.
use alloc::vec::Vec;

use proto_core::dot::Bare;

use super::Envelope;
use crate::{Extension, ForwardPath, Reply, Stage};

/// What the session came to.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The server waits for the handshake: make it, then call
    /// [`secured`](proto_core::Machine::secured).
    StartTls,
    /// The session is open: call [`send`](super::Session::send) or
    /// [`quit`](super::Session::quit).
    Ready,
    /// The server takes the message: call [`body`](super::Session::body) with its next piece, or
    /// [`body_end`](super::Session::body_end). Comes again after each piece, once there is room.
    SendBody,
    /// What was [`ask`](super::Session::ask)ed is answered.
    Answered(Reply),
    /// The transaction is over. If no error follows, the session is ready for the next.
    Sent(Outcome),
}

/// What became of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Each recipient, in the envelope's order.
    pub recipients: Vec<(ForwardPath, Delivery)>,
    /// The recipients beyond what the server takes at once (RFC 9422): send this next, with the
    /// same message.
    pub rest: Option<Envelope>,
}

impl Outcome {
    /// Whether the server took the message for every recipient.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let accepted = |(_, delivery): &_| matches!(delivery, Delivery::Accepted(_));
        self.rest.is_none() && self.recipients.iter().all(accepted)
    }
}

/// What became of a message for one recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Delivery {
    /// The server is responsible for it, and said so in these words.
    Accepted(Reply),
    /// The server refused, in these words; they tell whether to come again.
    Refused(Stage, Reply),
    /// It was not sent, and nobody else has it.
    Unsent(Reason),
    /// The connection ended after the last dot and before the reply to it: the server may have
    /// the message or not. Sending it again may make it two, and not sending it may make it
    /// none (RFC 1047).
    Unknown,
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The server takes no messages of that size.
    #[error("the server takes at most {limit} octets")]
    TooLarge {
        /// What it takes, in octets.
        limit: u64,
    },
    /// It needs an extension that the server does not offer.
    #[error("the server does not offer {0}")]
    NotOffered(Extension),
    /// The server does not hold messages so long.
    #[error("the server does not hold messages so long")]
    HeldTooLong,
    /// The server cannot deliver it so soon, and it would be returned at once.
    #[error("the server needs {least} seconds")]
    TooSoon {
        /// How many seconds the server wants at least.
        least: u32,
    },
    /// The server takes no more transactions in this session: make another connection.
    #[error("the server takes at most {limit} messages a session")]
    SessionFull {
        /// How many it takes.
        limit: u32,
    },
    /// The server takes mail for no other domains in this session: make another connection.
    #[error("the server takes mail for at most {limit} domains a session")]
    DomainsFull {
        /// For how many it does.
        limit: u32,
    },
    /// It holds an octet that has no business in a message.
    #[error("{0}")]
    Bare(Bare),
    /// The session ended before the message did.
    #[error("the session ended early")]
    Interrupted,
}
