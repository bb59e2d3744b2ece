//! Where a session stands, and which replies lead on from there.
use alloc::boxed::Box;

use sasl::server::Exchange;

use crate::Host;

use super::{auth::Incoming as Auth, body::Incoming as Body};

#[derive(Debug)]
pub(super) enum State {
    /// A command is awaited.
    Command,
    /// The application owes a reply.
    Owed(Owed),
    /// A message is on its way.
    Body(Body),
    /// The client's next words of an authentication exchange are awaited.
    Auth(Auth),
    /// The handshake is awaited.
    Tls,
    /// Everything is said.
    Closed,
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
    },
    Rcpt,
    Data,
    Body,
    StartTls,
    Auth(Box<Exchange>),
    /// What is stored of a user.
    Lookup(Box<Exchange>),
    Verify,
    Help,
    Quit,
}

impl Owed {
    /// Whether a reply with this code makes sense (RFC 5321 §4.3.2, RFC 3207 §4, RFC 4954 §6).
    pub(super) fn allows(&self, code: u16) -> bool {
        let refuses = matches!(code, 400..600) && !matches!(self, Self::Quit);
        let agrees = match self {
            Self::Connected | Self::StartTls => code == 220,
            Self::Hello { .. } | Self::Mail { .. } | Self::Body => code == 250,
            Self::Rcpt => matches!(code, 250 | 251),
            Self::Data => code == 354,
            Self::Auth(_) => code == 235,
            Self::Lookup(_) => false,
            Self::Verify => matches!(code, 250..=252),
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
    pub(super) recipients: usize,
}
