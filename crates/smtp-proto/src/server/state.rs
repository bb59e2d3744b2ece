//! Where a session stands, and which replies lead on from there.
use alloc::boxed::Box;
use alloc::vec::Vec;

use proto_core::dot::Unstuffer;
use sasl::server::Exchange;

use super::auth::Incoming as Auth;
use super::message::Message;
use crate::{ForwardPath, Host};

#[derive(Debug)]
pub(super) enum State {
    /// The header of the PROXY protocol is awaited.
    Proxy,
    /// A command is awaited.
    Command,
    /// The application owes a reply.
    Owed(Owed),
    /// A message is on its way, until its last dot.
    Body(Unstuffer),
    /// A chunk of a message is on its way.
    Chunk(Chunk),
    /// A chunk that nobody wants is on its way.
    Skip(u64),
    /// LMTP: the message is complete, and this recipient is next.
    Verdicts(usize),
    /// The client's next words of an authentication exchange are awaited.
    Auth(Auth),
    /// The handshake is awaited.
    Tls,
    /// Everything is said.
    Closed,
}

/// What is left of a chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Chunk {
    pub(super) left: u64,
    pub(super) last: bool,
}

/// What the application owes a reply to.
#[derive(Debug)]
pub(super) enum Owed {
    Connected,
    Hello {
        host: Host,
        extended: bool,
    },
    Mail {
        smtputf8: bool,
        binary: bool,
    },
    /// The recipient, if it has to be known later.
    Rcpt(Option<ForwardPath>),
    Data,
    Chunk(Chunk),
    Burl {
        last: bool,
    },
    Body,
    Verdict(usize),
    StartTls,
    Auth(Box<Exchange>),
    /// What is stored of a user.
    Lookup(Box<Exchange>),
    Verify,
    Help,
    Etrn,
    XClient {
        login: bool,
    },
    XForward,
    Quit,
}

impl Owed {
    /// Whether a reply with this code makes sense (RFC 5321 §4.3.2, RFC 3207 §4, RFC 4954 §6).
    pub(super) fn allows(&self, code: u16) -> bool {
        let refuses = matches!(code, 400..600) && !matches!(self, Self::Quit);
        let agrees = match self {
            Self::Connected | Self::StartTls | Self::XClient { .. } => code == 220,
            Self::Hello { .. } | Self::Mail { .. } | Self::Body | Self::Verdict(_) => code == 250,
            Self::Burl { .. } | Self::XForward => code == 250,
            Self::Rcpt(_) => matches!(code, 250 | 251),
            Self::Data | Self::Chunk(_) => code == 354,
            Self::Auth(_) => code == 235,
            Self::Lookup(_) => false,
            Self::Verify => matches!(code, 250..=252),
            Self::Etrn => matches!(code, 250..=253),
            Self::Help => matches!(code, 211 | 214),
            Self::Quit => code == 221,
        };
        agrees || refuses || code == 421
    }
}

/// A message in the making.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) smtputf8: bool,
    /// It may hold any octets, and so needs chunks.
    pub(super) binary: bool,
    pub(super) recipients: usize,
    /// LMTP: those to whom a verdict is due.
    pub(super) paths: Vec<ForwardPath>,
    /// Begun by DATA, or by the first chunk.
    pub(super) message: Option<Message>,
    /// A chunk was refused: nothing but RSET helps (RFC 3030 §2).
    pub(super) spoilt: bool,
    /// A chunk went beyond the size limit, of which the application has yet to hear.
    pub(super) too_large: bool,
    /// How much was thrown away.
    pub(super) skipped: u64,
}
