//! Where a client's session stands.
use sasl::client::Exchange;

use crate::Mailbox;

/// Where a client stands with the server (RFC 9051 §3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum State {
    /// It has to say who it is.
    NotAuthenticated,
    /// It is somebody.
    Authenticated,
    /// It works on a mailbox.
    Selected {
        /// Which.
        mailbox: Mailbox,
        /// Whether nothing can be changed.
        read_only: bool,
    },
    /// The session is over.
    LoggedOut,
}

/// What the session is at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    /// The server has to speak first.
    Greeting,
    /// CAPABILITY or STARTTLS is under way.
    Opening,
    /// The handshake is due.
    Tls,
    /// The application gives commands.
    Open,
    /// The stream has to be compressed.
    Compressing,
    Closed,
}

/// Whose command it is, and so what its end means.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// The application's.
    Asked,
    /// CAPABILITY, before the session is open, or after a login.
    Capabilities,
    StartTls,
    /// LOGIN or AUTHENTICATE.
    Login,
}

/// A SASL exchange.
#[derive(Debug)]
pub(super) struct Sasl {
    pub(super) exchange: Exchange,
    /// Why we gave up, and sent `*`.
    pub(super) cancelled: Option<sasl::Error>,
}

/// How far IDLE is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Idle {
    /// It is not under way.
    #[default]
    No,
    /// The server has not said `+`; whether the application has had enough already, and whether it
    /// has been told once.
    Begun { done: bool, told: bool },
    /// The server tells what happens.
    Lasts,
    /// DONE is said, for good or only so that IDLE is given anew.
    Ends { renew: bool },
}
