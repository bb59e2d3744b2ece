//! What a client's application hears about.
use bytes::Bytes;
use proto_core::dot::Bare;

use crate::{Command, MessageNumber, Response, UniqueId};

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The server is ready for TLS: do the handshake, then call `secured`.
    Stls,
    /// The login succeeded: give commands.
    Ready(Response),
    /// The server would not have us. The session ends by itself; the words say why.
    LoginRefused(Response),
    /// The server answered a command. If it is `+OK` to LIST, UIDL, RETR or TOP, what was asked
    /// for follows, and then [`End`](Self::End).
    Answered {
        /// The command.
        command: Command,
        /// The answer.
        response: Response,
    },
    /// The answer to STAT.
    Stat {
        /// How many messages there are.
        count: u64,
        /// Their size, in octets.
        size: u64,
    },
    /// A line of LIST's answer.
    Size {
        /// Which message.
        message: MessageNumber,
        /// Its size, in octets.
        size: u64,
    },
    /// A line of UIDL's answer.
    Id {
        /// Which message.
        message: MessageNumber,
        /// Its name for good.
        id: UniqueId,
    },
    /// A line of a listing that makes no sense; the others are not lost for it.
    BadLine(Bytes),
    /// Octets of a message, as many as arrived at once. They share the buffer that they were
    /// read into: copy what is kept for long.
    Body(Bytes),
    /// The listing or message is complete.
    End(Option<Bare>),
}
