//! The contract of datagram protocols: one party that talks with many at once.
use core::net::SocketAddr;

use bytes::Bytes;

use crate::Instant;

/// Somebody who asks many servers questions at once, without sockets: a DNS resolver.
///
/// Whole messages go in by [`receive`](Self::receive), each named by the flow it arrived on, and
/// come out of [`transmit`](Self::transmit). Drain `transmit` and `poll` after every other call.
pub trait Agent {
    /// What the application hears about.
    type Event;

    /// Takes one whole message that arrived on `flow`. Unknown flows are ignored.
    fn receive(&mut self, now: Instant, flow: Flow, message: &[u8]);

    /// Notes that `flow` failed: refused, reset, closed, unreachable.
    fn fail(&mut self, now: Instant, flow: Flow);

    /// The next thing to do on the network, until `None`.
    fn transmit(&mut self) -> Option<Transmit>;

    /// The next thing that happened, until `None`.
    fn poll(&mut self) -> Option<Self::Event>;

    /// When to call [`expire`](Self::expire), if nothing happens before.
    fn deadline(&self) -> Option<Instant>;

    /// Notes that the time is `now`. At or after the deadline, the deadline moves or goes.
    fn expire(&mut self, now: Instant);
}

/// A socket that an agent wants: a fresh UDP port, or one TCP or TLS connection.
///
/// A name is never used again, so a late answer cannot be taken for another flow's.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Flow(u64);

impl Flow {
    /// Names a flow. An agent counts up; a driver only copies.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What carries a flow's messages.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Transport {
    /// One datagram a message, from a port of its own that the system chose at random.
    Udp,
    /// A stream; the driver adds and takes off the two octets of length (RFC 1035 §4.2.2).
    Tcp,
    /// The same under TLS (RFC 7858).
    Tls,
}

/// What an agent asks of its driver.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Transmit {
    /// Opens the flow if it is new, and sends one message on it.
    Send {
        /// The flow.
        flow: Flow,
        /// Whom to send to; a datagram flow hears nobody else.
        to: SocketAddr,
        /// What carries it.
        via: Transport,
        /// The message, without a length prefix.
        message: Bytes,
    },
    /// Closes the flow's socket; nothing more is heard on it.
    Close(Flow),
}
