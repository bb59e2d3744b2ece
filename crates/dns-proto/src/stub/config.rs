//! Whom a stub asks, and how patiently.
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use proto_core::Transport;

use crate::name::Name;
use crate::query::UDP_PAYLOAD;
use crate::stub::Limits;

/// A name server that is asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Server {
    /// By UDP, and by TCP when an answer does not fit (RFC 7766).
    Plain(SocketAddr),
    /// By TLS and by nothing else: the strict profile (RFC 7858 §4.2, RFC 8310 §5).
    Tls {
        /// Where; the port is 853.
        address: SocketAddr,
        /// The name that its certificate must be for; without one, it must be for the address.
        name: Option<Name>,
    },
}

impl Server {
    /// Returns the server's address.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        match *self {
            Self::Plain(address) | Self::Tls { address, .. } => address,
        }
    }

    /// Returns what its streams are.
    pub(crate) const fn stream(&self) -> Transport {
        match self {
            Self::Plain(_) => Transport::Tcp,
            Self::Tls { .. } => Transport::Tls,
        }
    }
}

impl From<SocketAddr> for Server {
    fn from(address: SocketAddr) -> Self {
        Self::Plain(address)
    }
}

/// Whom a stub asks, and how patiently.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The name servers, the best first.
    pub servers: Vec<Server>,
    /// Whether each query begins with another of the servers that are well, so that they share the
    /// work; by default, with the first.
    pub rotate: bool,
    /// How long the first round waits for each server; the second waits twice as long, and every
    /// later one four times. 1 s: a local server that has to go to the root takes about that. An
    /// answer is good as long as the query lives, also when another server has been asked since.
    pub timeout: Duration,
    /// How often each server is asked. 3: one that is silent costs seven seconds.
    pub rounds: u8,
    /// How many messages a query may cost in all, those by TCP after truncation, without EDNS or
    /// with a new cookie included. 12: three servers in three rounds, and three such detours.
    pub sends: u8,
    /// The UDP payload that is offered by EDNS.
    pub payload: u16,
    /// Whether signatures are wanted too (DO).
    pub dnssec: bool,
    /// Whether the server shall leave the checking of signatures to us (CD), who then must.
    pub unchecked: bool,
    /// Whether the servers are to say, by the AD bit, what they have validated (RFC 6840 §5.7), as
    /// `trust-ad` of resolv.conf(5) wants. Believe only servers that are to be trusted, over a path
    /// that is; if they are not, the bit is not left in answers.
    pub authentic: bool,
    /// Whether to ask by TCP at once.
    pub tcp: bool,
    /// Whether the letters of names are written large and small at random, which a forger has to
    /// guess too (0x20). On; a server that does not keep them is asked again by TCP.
    pub mixed_case: bool,
    /// Whether cookies are sent by UDP (RFC 7873). On: a server that knows them cannot be
    /// impersonated by who does not see the queries.
    pub cookies: bool,
    /// What servers can make the stub keep and do.
    pub limits: Limits,
}

impl Config {
    /// Makes a configuration with these servers and the defaults.
    ///
    /// ```
    /// use dns_proto::stub::{Config, Server};
    ///
    /// let config = Config::new([([127, 0, 0, 1], 53).into()]);
    /// assert_eq!((config.rounds, config.sends), (3, 12));
    ///
    /// let name = Some("dns.hamburger.edu".parse()?);
    /// let private = Server::Tls { address: ([192, 0, 2, 53], 853).into(), name };
    /// let config = Config { servers: vec![private], ..config };
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    #[must_use]
    pub fn new(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            servers: servers.into_iter().map(Server::from).collect(),
            rotate: false,
            timeout: Duration::from_secs(1),
            rounds: 3,
            sends: 12,
            payload: UDP_PAYLOAD,
            dnssec: false,
            unchecked: false,
            authentic: false,
            tcp: false,
            mixed_case: true,
            cookies: true,
            limits: Limits::default(),
        }
    }
}
