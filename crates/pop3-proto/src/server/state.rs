//! Where a server's session stands.
use alloc::boxed::Box;

use proto_core::dot::Stuffer;
use sasl::server::Exchange;

use crate::{Response, top::Top};

#[derive(Debug)]
pub(super) enum State {
    /// The client's turn.
    Command,
    /// The client's turn, in a SASL exchange.
    Sasl(Box<Exchange>),
    /// The client's turn, to say the last word of an exchange that is refused.
    Refusing(Response),
    /// The application's turn.
    Owed(Owed),
    /// A listing is being written, as the client takes it.
    Listing(Listing),
    /// STLS was granted.
    Tls,
    Closed,
}

/// What the application owes.
#[derive(Debug)]
pub(super) enum Owed {
    /// With the exchange, if the login is by SASL.
    Login(Option<Box<Exchange>>),
    Lookup(Box<Exchange>),
    Tls,
    Message {
        lines: Option<u64>,
    },
    Body(Body),
    Commit,
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) stuffer: Stuffer,
    pub(super) top: Option<Top>,
}

/// A listing on its way.
#[derive(Clone, Debug)]
pub(super) struct Listing {
    pub(super) kind: Kind,
    /// The place of the next message that may be listed.
    pub(super) next: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Sizes,
    Ids,
}

impl Listing {
    pub(super) const fn sizes() -> Self {
        Self { kind: Kind::Sizes, next: 0 }
    }

    pub(super) const fn ids() -> Self {
        Self { kind: Kind::Ids, next: 0 }
    }
}
