//! What a client wants, and what a server may cost it.
use core::time::Duration;

use proto_core::dot::BarePolicy;

/// Whether to ask for TLS on a connection that begins in clear.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Stls {
    /// Go on only with TLS.
    #[default]
    Required,
    /// Take TLS if the server offers it. Whoever sits in between can take the offer away.
    IfOffered,
    /// Do without; the connection is encrypted already, or need not be.
    Never,
}

/// What a client wants. The default sends no password in clear.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Whether to ask for TLS.
    pub stls: Stls,
    /// Whether a password or a token may be sent in clear: on loopback, say. SCRAM, which proves
    /// the password and does not send it, is used without this too.
    pub login_without_tls: bool,
    /// Whether to log in by APOP where there is no TLS and the server offers it. Off by default:
    /// it is weak, see [`ApopTimestamp`](crate::ApopTimestamp), though better than the password in
    /// clear.
    pub apop: bool,
    /// Whether to ask for messages with UTF-8 in their headers, if the server has them
    /// (RFC 6856). Off by default, for not every reader of them can.
    pub utf8: bool,
    /// What SASL exchanges may cost, and whether they are bound to the encrypted channel.
    pub sasl: sasl::client::Policy,
    /// What to do about bare CR, bare LF and NUL in messages. [`BarePolicy::Reject`], the
    /// default, gives them as they are, and names the first when the message ends.
    pub bare: BarePolicy,
    /// What a server may cost.
    pub limits: Limits,
}

/// What a server may cost a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest line of a response or a listing, in octets with CRLF: 2048. RFC 2449 §4 has
    /// 512; SASL lines of CAPA and unique ids of old servers are known to be longer.
    pub line: usize,
    /// The most lines in a list of capabilities: 100.
    pub capabilities: usize,
    /// The most lines in a listing: 10 million, more than any maildrop has.
    pub listing: u64,
    /// How many commands are under way at once if the server allows more than one (RFC 2449
    /// §6.6): 64, whose commands fit any window of TCP, so that two blocking ends cannot wait
    /// for each other.
    pub window: usize,
    /// How long the server may take for each line, or piece of a message, that is due: 5 minutes.
    pub response: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 2048,
            capabilities: 100,
            listing: 10_000_000,
            window: 64,
            response: Duration::from_secs(300),
        }
    }
}
