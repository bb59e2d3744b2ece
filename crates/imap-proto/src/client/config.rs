//! What a client wants, and what a server may cost it.
use core::time::Duration;

use crate::ReaderLimits;

/// Whether to ask for TLS on a connection that begins in clear.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum StartTls {
    /// Go on only with TLS.
    #[default]
    Required,
    /// Take TLS if the server offers it. Whoever sits in between can take the offer away.
    IfOffered,
    /// Do without; the connection is encrypted already, or need not be.
    Never,
}

/// What a client wants. The default sends no password in clear.
///
/// ```
/// use imap_proto::client::{Config, StartTls};
///
/// // A server on the same host.
/// let mut config = Config::default();
/// (config.starttls, config.login_without_tls) = (StartTls::Never, true);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Whether to ask for TLS.
    pub starttls: StartTls,
    /// Whether a password or a token may be sent in clear: on loopback, say. SCRAM, which proves
    /// the password and does not send it, is used without this too.
    pub login_without_tls: bool,
    /// What SASL exchanges may cost, and whether they are bound to the encrypted channel.
    pub sasl: sasl::client::Policy,
    /// What a server may cost.
    pub limits: Limits,
}

/// What a server may cost a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// For responses.
    pub reader: ReaderLimits,
    /// The most capabilities that are remembered: 500, several times what exists.
    pub capabilities: usize,
    /// The most responses that are passed over before the session is open: 100. There is nothing
    /// to say then.
    pub preliminaries: u32,
    /// How many commands are under way at once, where the rules of RFC 9051 §5.5 allow more than
    /// one: 64, whose commands fit any window of TCP, so that two blocking ends cannot wait for
    /// each other.
    pub window: usize,
    /// How many responses to one command the conveniences keep: 1 million, more messages than most
    /// mailboxes have. A session keeps none.
    pub answer: usize,
    /// How long the server may take for each response, or piece of one, that is due: 5 minutes.
    pub response: Duration,
    /// How long IDLE lasts before it is given anew: 28 minutes, as RFC 2177 §3 wants less than 29.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reader: ReaderLimits::default(),
            capabilities: 500,
            preliminaries: 100,
            window: 64,
            answer: 1_000_000,
            response: Duration::from_secs(300),
            idle: Duration::from_secs(28 * 60),
        }
    }
}
