//! Where a session stands.
use alloc::boxed::Box;
use alloc::collections::VecDeque;

use bytes::BytesMut;
use sasl::server::Exchange;

use super::auth::Incoming;
use crate::frame::Literal;
use crate::{Condition, Gap, Tag};

#[derive(Debug)]
pub(super) enum State {
    /// A greeting is owed, and the application has heard so or not.
    Greeting { told: bool },
    /// A command is awaited.
    Command,
    /// The application owes how this command ended.
    Owed { tag: Tag, what: Owed },
    /// What this command brings is on its way.
    Bringing(Tag),
    /// The client's next words of an authentication exchange are awaited.
    Auth { tag: Tag, incoming: Incoming },
    /// The client listens until DONE.
    Idle(Tag),
    /// The handshake is awaited.
    Tls,
    /// Compression is awaited.
    Compression,
    /// Everything is said.
    Closed,
}

/// What a command is that the application has yet to end.
#[derive(Debug)]
pub(super) enum Owed {
    /// One that leaves the session where it is.
    Plain,
    /// SELECT or EXAMINE.
    Select,
    /// CLOSE or UNSELECT.
    Close,
    /// One whose message may come or not; the literal, once it is announced.
    Message(Option<Literal>),
    /// NOTIFY, and whether it wants to hear at any time that messages are gone.
    Notify(bool),
    /// LOGIN, or AUTHENTICATE with its exchange.
    Auth(Option<Box<Exchange>>),
    /// What is stored of a user.
    Lookup(Box<Exchange>),
    StartTls,
    Compress,
    Unauthenticate,
}

impl Owed {
    /// Whether a command may end so now.
    pub(super) const fn allows(&self, condition: Condition) -> bool {
        match self {
            Self::Message(_) | Self::Lookup(_) => !matches!(condition, Condition::Ok),
            // RFC 8437 §3: NO is not permitted, for the next command may be here already.
            Self::Unauthenticate => matches!(condition, Condition::Ok),
            _ => true,
        }
    }
}

/// What the client may do (RFC 9051 §3).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Phase {
    NotAuthenticated,
    Authenticated,
    Selected { read_only: bool },
}

/// A response whose contents stream.
#[derive(Debug)]
pub(super) struct Streaming {
    /// What has yet to be written of it besides them.
    pub(super) rest: BytesMut,
    /// How much of the response comes before that, contents left out.
    pub(super) before: usize,
    /// Where contents come after this one.
    pub(super) gaps: VecDeque<Gap>,
    /// How much of this one is due.
    pub(super) left: u64,
}
