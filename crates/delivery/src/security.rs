//! How a connection is protected.
use alloc::vec::Vec;

use crate::Tlsa;

/// How a connection is protected; what is further down is stronger.
///
/// The application obeys: it asks for TLS by `smtp_proto::client::Tls`, gives its TLS library the
/// names of the [`Hop`](crate::Hop), and with [`Dane`](Self::Dane) calls
/// [`dane_matches`](crate::dane_matches) in place of the authorities it trusts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Security {
    /// No TLS: for a host at the other end of a cable, or one with which TLS could not be agreed on.
    Plain,
    /// TLS if it is offered, whoever the server is; else in clear (RFC 7435).
    Opportunistic,
    /// TLS or no mail, whoever the server is.
    Encrypted,
    /// TLS with a server whose name a trusted authority certifies, or no mail.
    Verified,
    /// TLS with a server that has one of these keys (RFC 7672), or no mail.
    Dane(Vec<Tlsa>),
}

impl Security {
    /// Whether mail does not go without TLS.
    #[must_use]
    pub const fn is_required(&self) -> bool {
        matches!(self, Self::Encrypted | Self::Verified | Self::Dane(_))
    }

    /// Whether the server must prove who it is.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        matches!(self, Self::Verified | Self::Dane(_))
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Opportunistic => 1,
            Self::Encrypted => 2,
            Self::Verified => 3,
            Self::Dane(_) => 4,
        }
    }

    /// The stronger of two.
    pub(crate) fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}
