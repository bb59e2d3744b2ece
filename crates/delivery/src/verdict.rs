//! What an attempt came to, for one recipient.
use alloc::string::ToString;
use core::fmt::Display;

use proto_core::Text;
use smtp_proto::client::{Delivery, Reason};

/// What an attempt came to, for one recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The next server has it.
    Delivered,
    /// Not now; these words say why.
    Deferred(Text),
    /// Never; these words say why.
    Failed(Text),
}

impl Verdict {
    /// What a session's result means for the queue: 2yz is delivered, 5yz fails, and all the
    /// rest is tried again, for the server may come to its senses. So is a message whose last
    /// dot was never answered: rather two than none (RFC 5321 §4.5.4.1, RFC 1047).
    #[must_use]
    pub fn of(delivery: &Delivery) -> Self {
        match delivery {
            Delivery::Accepted(_) => Self::Delivered,
            Delivery::Refused(_, reply) if (500..600).contains(&reply.code()) => {
                Self::Failed(words(reply))
            }
            Delivery::Refused(_, reply) => Self::Deferred(words(reply)),
            Delivery::Unsent(reason @ Reason::Interrupted) => Self::Deferred(words(reason)),
            Delivery::Unsent(reason) => Self::Failed(words(reason)),
            _ => Self::Deferred(Text::from_static("the connection ended after the message")),
        }
    }
}

/// Somebody's words on one line.
pub(crate) fn words(from: &impl Display) -> Text {
    let line = from.to_string().replace(|c: char| c.is_control(), " ");
    Text::new(&line).unwrap_or_default()
}
