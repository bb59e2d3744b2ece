//! What an attempt came to, for one recipient.
use alloc::string::ToString;
use core::fmt::Display;

use proto_core::Text;
use smtp_proto::{
    Stage,
    client::{Delivery, Reason},
};

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
            // RFC 5321 §4.5.3.1.10: an old server's "too many recipients"; one that means its
            // 552 for good says so in an enhanced code.
            Delivery::Refused(Stage::Rcpt, reply)
                if reply.code() == 552 && reply.enhanced().is_none() =>
            {
                Self::Deferred(words(reply))
            }
            Delivery::Refused(_, reply) if (500..600).contains(&reply.code()) => {
                Self::Failed(words(reply))
            }
            Delivery::Refused(_, reply) => Self::Deferred(words(reply)),
            // Another connection may do.
            Delivery::Unsent(
                reason @ (Reason::Interrupted
                | Reason::SessionFull { .. }
                | Reason::DomainsFull { .. }),
            ) => Self::Deferred(words(reason)),
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

#[cfg(test)]
mod tests {
    use smtp_proto::Reply;

    use super::*;

    #[test]
    fn replies_mean_what_the_rfc_says() {
        let refused = |stage, code, text: &str| {
            Verdict::of(&Delivery::Refused(stage, Reply::new(code, text).unwrap()))
        };
        let deferred = |verdict| matches!(verdict, Verdict::Deferred(_));
        assert!(deferred(refused(Stage::Rcpt, 451, "4.7.1 greylisted")));
        assert!(deferred(refused(Stage::Rcpt, 552, "too many recipients")));
        assert!(!deferred(refused(Stage::Rcpt, 552, "5.2.2 mailbox full")));
        assert!(!deferred(refused(Stage::Mail, 552, "too large")));
        assert!(!deferred(refused(Stage::Rcpt, 550, "5.1.1 who?")));
        assert!(deferred(Verdict::of(&Delivery::Unsent(Reason::Interrupted))));
        assert!(deferred(Verdict::of(&Delivery::Unknown)));
    }
}
