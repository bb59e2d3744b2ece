//! Where a server is, and how it is reached.
use alloc::string::String;

use super::Error;
use crate::client::{Config, Tls};

/// A server to connect to.
///
/// ```
/// use smtp_proto::blocking::{Place, Security};
///
/// let mut submission = Place::new("mail.hamburger.edu", Security::Tls);
/// assert_eq!(submission.port, 465);
/// submission.port = 10465;
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Place {
    /// The name or address to connect to; with TLS also who the server has to prove to be.
    pub host: String,
    /// The port: by default the one that is usual with this security.
    pub port: u16,
    /// Whether and when TLS begins.
    pub security: Security,
}

/// Whether and when TLS begins.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Security {
    /// From the beginning, as RFC 8314 §3.3 recommends for submission: port 465.
    Tls,
    /// By STARTTLS, or the session ends: submission on port 587.
    StartTls,
    /// By STARTTLS if it is offered, and if we can do it, between mail servers: port 25.
    Opportunistic,
    /// Never: port 25.
    Plain,
}

impl Place {
    /// Names a server, on the port that is usual with this security.
    #[must_use]
    pub fn new(host: impl Into<String>, security: Security) -> Self {
        Self { host: host.into(), port: security.port(), security }
    }
}

impl Security {
    /// Returns the port on which servers with this security usually are.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::Opportunistic | Self::Plain => 25,
        }
    }

    /// Has the session ask for TLS just so, if we can do it.
    pub(crate) fn configure(self, mut config: Config, can_tls: bool) -> Result<Config, Error> {
        config.tls = match self {
            Self::Tls | Self::StartTls if !can_tls => return Err(Error::NotReadyForTls),
            Self::Tls | Self::StartTls => Tls::Required,
            Self::Opportunistic if can_tls => Tls::Opportunistic,
            Self::Opportunistic | Self::Plain => Tls::Off,
        };
        Ok(config)
    }
}
