//! What the application does for the queue.
use alloc::{sync::Arc, vec::Vec};
use core::net::SocketAddr;

use dns_proto::{Name, RecordType};
use smtp_proto::client::Envelope;

use crate::{MessageId, Policy, Record, Report, Security};

/// Names a connection, from the first look-up for it to its end; never used twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LinkId(pub(crate) u64);

/// What the application does next. The order matters: what is to be written is durable before
/// the next action is begun.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Make a record durable.
    Write(Record),
    /// Ask DNS; then call [`Queue::found`](crate::Queue::found).
    LookUp {
        /// For whom.
        link: LinkId,
        /// What.
        name: Name,
        /// Of what type.
        rtype: RecordType,
    },
    /// Fetch `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` (RFC 8461 §3.3); then call
    /// [`Queue::fetched`](crate::Queue::fetched).
    Fetch {
        /// For whom.
        link: LinkId,
        /// Whose policy.
        domain: Name,
    },
    /// Connect, and open a session; then call [`Queue::ready`](crate::Queue::ready),
    /// [`Queue::unreachable`](crate::Queue::unreachable) or
    /// [`Queue::tls_failed`](crate::Queue::tls_failed).
    Connect {
        /// Which connection this will be.
        link: LinkId,
        /// Where to and how.
        hop: Hop,
    },
    /// Send a message over an open connection; then call [`Queue::sent`](crate::Queue::sent), or
    /// [`Queue::closed`](crate::Queue::closed) if the session ends before it says what became of
    /// the message.
    Send {
        /// Over which.
        link: LinkId,
        /// Which message.
        message: MessageId,
        /// To whom.
        envelope: Envelope,
    },
    /// Put a message into mailboxes, there being no server to do it; then call
    /// [`Queue::kept`](crate::Queue::kept).
    Keep {
        /// For whom.
        link: LinkId,
        /// Which message.
        message: MessageId,
        /// To whom.
        envelope: Envelope,
    },
    /// Take leave: QUIT. Nothing more is to be said of this connection.
    Close {
        /// Which.
        link: LinkId,
    },
    /// Tell a sender: compose the report, then call
    /// [`Queue::submit_report`](crate::Queue::submit_report), or
    /// [`Queue::reported`](crate::Queue::reported) if the queue is not to carry it.
    Report(Report),
    /// The message's octets are needed no more.
    Forget(MessageId),
}

/// Where to connect and how.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Hop {
    /// The host's name, if it was found by one.
    pub host: Option<Name>,
    /// Its address.
    pub address: SocketAddr,
    /// The names by which its certificate may know it, if that is looked at.
    pub names: Vec<Name>,
    /// Whether it speaks LMTP.
    pub lmtp: bool,
    /// How the connection is protected.
    pub security: Security,
    /// The MTA-STS policy of the domain, if it has one: what reports on TLS (RFC 8460) are about,
    /// and for one that only tests, what would be demanded.
    pub policy: Option<Arc<Policy>>,
}

impl Hop {
    /// Returns what people know the server by: its name, or its address.
    #[must_use]
    pub fn label(&self) -> alloc::string::String {
        match &self.host {
            Some(host) => plain(host),
            None => alloc::format!("[{}]", self.address.ip()),
        }
    }
}

/// A name without its last dot.
pub(crate) fn plain(name: &Name) -> alloc::string::String {
    let text = alloc::format!("{name}");
    text.strip_suffix('.').unwrap_or(&text).into()
}

/// What DNS said.
///
/// ```
/// use delivery::Answer;
/// use dns_proto::{Message, Name, Query, RecordType};
///
/// let question = Query::new(&"example.org".parse()?, RecordType::MX).write();
/// assert_eq!(Answer::of(&Message::parse(&question)?), Answer::Records(vec![], false));
/// # Ok::<_, dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// These records, maybe none, and whether they were validated by DNSSEC.
    Records(Vec<dns_proto::Record>, bool),
    /// There is no such name.
    NoSuchName,
    /// Nobody could say.
    Failed,
}

impl Answer {
    /// Reads a resolver's reply. That it says AD counts as validation: ask a resolver that is to
    /// be trusted, over a path that is.
    #[must_use]
    pub fn of(reply: &dns_proto::Message<'_>) -> Self {
        match reply.rcode() {
            dns_proto::Rcode::NXDOMAIN => Self::NoSuchName,
            dns_proto::Rcode::NOERROR => {
                let records = reply.answers().map(dns_proto::Record::from);
                Self::Records(records.collect(), reply.header().authentic_data)
            }
            _ => Self::Failed,
        }
    }
}
