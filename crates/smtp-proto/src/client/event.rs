//! What happened, as the application hears it.
use alloc::vec::Vec;

use proto_core::dot::Bare;

use crate::{ForwardPath, Reply, Stage};

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
    /// The transaction is over. If no error follows, the session is ready for the next.
    Sent(Outcome),
}

/// What became of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Each recipient, in the envelope's order.
    pub recipients: Vec<(ForwardPath, Delivery)>,
}

impl Outcome {
    /// Whether the server took the message for every recipient.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.recipients.iter().all(|(_, delivery)| matches!(delivery, Delivery::Accepted(_)))
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
    /// It needs 8BITMIME, which the server does not offer.
    #[error("the server does not offer 8BITMIME")]
    NeedsEightBitMime,
    /// It needs SMTPUTF8, which the server does not offer.
    #[error("the server does not offer SMTPUTF8")]
    NeedsSmtpUtf8,
    /// It holds an octet that has no business in a message.
    #[error("{0}")]
    Bare(Bare),
    /// The session ended before the message did.
    #[error("the session ended early")]
    Interrupted,
}
