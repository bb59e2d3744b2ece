//! What an attempt came to, for one recipient.
use smtp_proto::{
    Stage,
    client::{Delivery, Reason},
};

use crate::Cause;
use crate::cause::{own, status, words};

/// What an attempt came to, for one recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Somebody else is responsible.
    Delivered(Handover),
    /// Not now.
    Deferred(Cause),
    /// Never.
    Failed(Cause),
}

/// To whom a message was handed over, which decides what its sender is told (RFC 3461 §5.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Handover {
    /// To a server that reports by itself: nothing is told.
    Passed,
    /// To a server that does not report: who asked for `SUCCESS` is told that it was relayed.
    Relayed,
    /// To a server that cannot be told by when it is to deliver, as was asked for: who did not ask
    /// for silence is told that it was relayed (RFC 2852 §4.1.4.2).
    Untimed,
    /// To the recipient's mailbox.
    Delivered,
    /// To more than one recipient in place of this one.
    Expanded,
}

impl Verdict {
    /// What a session's result means for the queue: 2yz is delivered, 5yz fails, and all the
    /// rest is tried again, for the server may come to its senses. So is a message whose last
    /// dot was never answered: rather two than none (RFC 5321 §4.5.4.1, RFC 1047).
    ///
    /// `host` is what we know the server by, `how` what its yes means.
    #[must_use]
    pub fn of(delivery: &Delivery, host: &str, how: Handover) -> Self {
        match delivery {
            Delivery::Accepted(_) => Self::Delivered(how),
            // RFC 5321 §4.5.3.1.10: an old server's "too many recipients"; one that means its
            // 552 for good says so in an enhanced code.
            Delivery::Refused(Stage::Rcpt, reply)
                if reply.code() == 552 && reply.enhanced().is_none() =>
            {
                Self::Deferred(Cause::said(reply, host).with_status(status(4, 5, 3)))
            }
            Delivery::Refused(_, reply) if reply.is_permanent() => {
                Self::Failed(Cause::said(reply, host))
            }
            Delivery::Refused(_, reply) => Self::Deferred(Cause::said(reply, host)),
            // Another connection may do.
            Delivery::Unsent(
                reason @ (Reason::Interrupted
                | Reason::SessionFull { .. }
                | Reason::DomainsFull { .. }),
            ) => Self::Deferred(Cause::new(status(4, 4, 2), words(reason))),
            Delivery::Unsent(reason) => Self::Failed(Cause::new(status_of(*reason), words(reason))),
            _ => Self::Deferred(own(
                status(4, 4, 2),
                "the connection ended after the message and before the answer",
            )),
        }
    }
}

/// RFC 3463, and RFC 8689 §4.3 for REQUIRETLS.
const fn status_of(reason: Reason) -> mime::report::StatusCode {
    use smtp_proto::Extension as E;
    match reason {
        Reason::TooLarge { .. } => status(5, 3, 4),
        Reason::NotOffered(E::SmtpUtf8) => status(5, 6, 7),
        Reason::NotOffered(E::RequireTls) => status(5, 7, 30),
        Reason::NotOffered(E::EightBitMime | E::BinaryMime) => status(5, 6, 3),
        Reason::NotOffered(E::DeliverBy) | Reason::TooSoon { .. } => status(5, 4, 7),
        Reason::Bare(_) => status(5, 6, 0),
        _ => status(5, 5, 4),
    }
}

#[cfg(test)]
mod tests {
    use smtp_proto::Reply;

    use super::*;

    fn of(delivery: &Delivery) -> Verdict {
        Verdict::of(delivery, "mx.example.org", Handover::Relayed)
    }

    #[test]
    fn replies_mean_what_the_rfc_says() {
        let deferred = |verdict| matches!(verdict, Verdict::Deferred(_));
        let table = [
            (Stage::Rcpt, 451, "4.7.1 greylisted", true, "4.7.1"),
            (Stage::Rcpt, 452, "too many recipients", true, "4.0.0"),
            (Stage::Rcpt, 552, "too many recipients", true, "4.5.3"),
            (Stage::Rcpt, 552, "5.2.2 mailbox full", false, "5.2.2"),
            (Stage::Mail, 552, "too large", false, "5.0.0"),
            (Stage::Rcpt, 550, "5.1.1 who?", false, "5.1.1"),
            (Stage::Rcpt, 550, "4.1.1 a status that disagrees", false, "5.0.0"),
            (Stage::Body, 421, "4.3.2 closing", true, "4.3.2"),
            (Stage::Data, 354, "where none is due", true, "2.0.0"),
        ];
        for (stage, code, text, again, status) in table {
            let verdict = of(&Delivery::Refused(stage, Reply::new(code, text).unwrap()));
            let (Verdict::Deferred(cause) | Verdict::Failed(cause)) = &verdict else { panic!() };
            assert_eq!(alloc::format!("{}", cause.status()), status, "{code} {text}");
            assert_eq!(deferred(verdict), again, "{code} {text}");
        }
        assert!(deferred(of(&Delivery::Unsent(Reason::Interrupted))));
        assert!(deferred(of(&Delivery::Unknown)));
        let unsent = |reason| of(&Delivery::Unsent(reason));
        assert!(!deferred(unsent(Reason::NotOffered(smtp_proto::Extension::RequireTls))));
        assert!(!deferred(unsent(Reason::TooLarge { limit: 1 })));
    }
}
