//! What happened, as the application hears it.
use bytes::Bytes;
use proto_core::dot::Bare;
use sasl::{scram::Lookup, server::Claim};

use crate::{Attributes, ForwardPath, Host, Parameters, ProxyHeader, Queue, ReversePath, Text};

/// What the client did. Where a reply is owed, `poll` says `Paused` until it is given.
///
/// Any of them may be answered 421, which ends the session.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A balancer said who really connected, before anything else. No reply is owed.
    Proxied(ProxyHeader),
    /// A connection was made. 220 welcomes the client; 4xx or 5xx turns it away, and it may only
    /// QUIT.
    Connected,
    /// The client names itself. An open transaction is forgotten: so should its envelope be.
    /// 250 lets it go on; [`ehlo_reply`](super::Session::ehlo_reply) makes one that announces
    /// the extensions.
    Hello {
        /// What it calls itself.
        host: Host,
        /// Whether it asks for extensions: EHLO, not HELO.
        extended: bool,
    },
    /// A transaction is to begin. 250 begins it.
    Mail {
        /// Where to tell of failure.
        from: ReversePath,
        /// What else is said of the message.
        parameters: Parameters,
    },
    /// A recipient is named. 250 (or 251: elsewhere, but will do) adds it.
    Rcpt {
        /// Who it is.
        to: ForwardPath,
        /// What else is said of the recipient.
        parameters: Parameters,
    },
    /// A message is to follow. 354 lets it.
    ///
    /// So it is for a message in chunks (RFC 3030), where it comes with the first one; there the
    /// 354 is not sent, for the client does not wait. A refusal is sent, and the chunks are
    /// thrown away.
    Data,
    /// A piece of the message, dots removed. No reply is owed. It shares the buffer it was read
    /// into: copy what is kept for long.
    Body(Bytes),
    /// The message is complete. 250 takes responsibility for it; 4xx or 5xx leaves that with the
    /// client. The transaction is over in any case.
    ///
    /// In LMTP no reply is owed to this, but to each [`Verdict`](Self::Verdict) that follows.
    BodyEnd,
    /// LMTP: what becomes of the message for this recipient? They come in the order in which
    /// they were accepted. 250 takes responsibility for this one (RFC 2033 §4.2).
    Verdict(ForwardPath),
    /// A part of the message is to be fetched. 250 says that it was; with the last part it takes
    /// responsibility for the message, and the transaction is over.
    Burl {
        /// From where.
        url: Text,
        /// Whether the message is complete with it.
        last: bool,
    },
    /// A queue is to be run. 250 to 253 say what will be done, 458 and 459 why not.
    Etrn(Queue),
    /// A client says for whom it speaks. 220, a greeting, believes it: only whom you trust. The
    /// session begins anew, with EHLO; 550 refuses.
    XClient(Attributes),
    /// A client says from whom the next message came. 250 believes it; 550 refuses.
    XForward(Attributes),
    /// The message is complete and was refused, and the client has been told: throw away what
    /// there is of it. The transaction is over; no reply is owed.
    BodyRefused(Refusal),
    /// The client gave up the transaction and has been told 250. No reply is owed.
    Reset,
    /// TLS is wanted. 220 promises it: then the session waits for
    /// [`secured`](proto_core::Machine::secured), and knows nothing of the client after it.
    StartTls,
    /// The client says who it is. 235 says it is true, 535 that it is not.
    Auth(Claim),
    /// The client is about to prove a password by SCRAM: what is stored of it? Answer with
    /// [`supply`](super::Session::supply), of a user who does not exist with a
    /// [decoy](sasl::scram::Verifier::decoy), or with 4xx or 5xx. A proof that fails is answered
    /// 535 by the session itself; one that holds comes as [`Auth`](Self::Auth).
    AuthLookup(Lookup),
    /// Is this a user or a mailbox? `SMTPUTF8` may follow it (RFC 6531 §3.7.4.2). 250 or 251 with
    /// the mailbox, 252 for "perhaps".
    Vrfy(Text),
    /// Who is on this list? 250 with the mailboxes.
    Expn(Text),
    /// What can be said, or what does it mean? 211 or 214.
    Help(Option<Text>),
    /// The client leaves. 221 lets it; there is no way to hold it.
    Quit,
}

/// Why the session refused a message by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is larger than the limit.
    #[error("message too large")]
    TooLarge,
    /// It holds an octet that has no business in a message.
    #[error("{0}")]
    Bare(Bare),
    /// It has a line that is longer than the limit.
    #[error("line too long")]
    LongLine,
}
