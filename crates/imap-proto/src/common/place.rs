//! Where a server is, and how it is reached.
use alloc::string::String;

use crate::client::{Config, StartTls};

/// A server to connect to.
///
/// ```
/// use imap_proto::blocking::{Place, Security};
///
/// let mut place = Place::new("imap.example.org", Security::Tls);
/// assert_eq!(place.port, 993);
/// place.port = 10993;
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
    /// From the beginning, as RFC 8314 §3.2 recommends: port 993.
    Tls,
    /// By STARTTLS, or the session ends: port 143.
    StartTls,
    /// Never: port 143.
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
            Self::Tls => 993,
            Self::StartTls | Self::Plain => 143,
        }
    }

    /// Has the session ask for TLS just so.
    pub(crate) const fn configure(self, mut config: Config) -> Config {
        config.starttls = match self {
            Self::StartTls => StartTls::Required,
            Self::Tls | Self::Plain => StartTls::Never,
        };
        config
    }
}
