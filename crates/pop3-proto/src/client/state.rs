//! Where a client's session stands.
use proto_core::dot::Unstuffer;
use sasl::client::Exchange;

/// Each but the last seven waits for the server's answer to what it is named for.
#[derive(Debug)]
pub(super) enum State {
    Greeting,
    Capa,
    CapabilityLines,
    Stls,
    Utf8,
    User,
    Login,
    Sasl(Sasl),
    /// The handshake is due.
    Tls,
    /// Logged in; waits for answers to what was sent, or for the application.
    Idle,
    Listing(Listing),
    Body(Unstuffer),
    /// The login was refused, and QUIT said; what the server answers does not matter.
    Leaving,
    Closed,
}

impl State {
    pub(super) const fn is_logged_in(&self) -> bool {
        matches!(self, Self::Idle | Self::Listing(_) | Self::Body(_))
    }
}

/// A SASL exchange.
#[derive(Debug)]
pub(super) struct Sasl {
    pub(super) exchange: Exchange,
    /// Why we gave up, and sent `*`.
    pub(super) cancelled: Option<sasl::Error>,
}

/// A listing that arrives.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) ids: bool,
    pub(super) lines: u64,
}

impl Listing {
    pub(super) const fn sizes() -> Self {
        Self { ids: false, lines: 0 }
    }

    pub(super) const fn ids() -> Self {
        Self { ids: true, lines: 0 }
    }
}
