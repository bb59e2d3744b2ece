//! What a queue is told, and what others may cost it.
use alloc::{collections::BTreeMap, string::String, vec::Vec};
use core::{net::IpAddr, time::Duration};

use dns_proto::Name;

use crate::{Schedule, Security, Target};

/// What a queue is.
///
/// ```
/// use delivery::{Config, Target, Transport};
///
/// let mut config = Config::new("mail.crepes.fr".parse()?);
/// let store = Target::Address([127, 0, 0, 1].into());
/// config.transports.insert("crepes.fr".into(), Transport::Lmtp { to: store, port: 24 });
/// # Ok::<_, dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Our name, to see when mail comes back to us.
    pub own: Name,
    /// Our addresses, for the same.
    pub addresses: Vec<IpAddr>,
    /// How mail for these domains goes, each in lower case.
    pub transports: BTreeMap<String, Transport>,
    /// How mail for all others goes: by MX records.
    pub transport: Transport,
    /// The port of servers found by MX records: 25, but on a test rig.
    pub port: u16,
    /// Whether servers are looked for at IPv4 addresses. They are.
    pub ipv4: bool,
    /// Whether servers are looked for at IPv6 addresses. They are, and first.
    pub ipv6: bool,
    /// The least protection of connections to servers found by MX records. Opportunistic TLS:
    /// more, for everybody, loses mail.
    pub security: Security,
    /// Whether a server with which TLS could not be agreed on is tried again in clear, if TLS is
    /// opportunistic. On, and at once, as in Exim (`tls_tempfail_tryclear`); Postfix does so at a
    /// later attempt. TLS with whoever it may be keeps nobody out who can break the handshake, so to
    /// hold mail back for it helps nobody (RFC 7435 §4).
    pub in_clear: bool,
    /// Whether domains are asked for MTA-STS policies (RFC 8461). Off: each costs a query by DNS
    /// and a fetch by HTTPS, which the application must be able to do.
    pub sts: bool,
    /// Whether servers are asked for TLSA records (RFC 7672). Off: of use only behind a resolver
    /// that validates.
    pub dane: bool,
    /// When to try again.
    pub schedule: Schedule,
    /// What others may cost.
    pub limits: Limits,
}

impl Config {
    /// Makes the configuration of a server of this name.
    #[must_use]
    pub fn new(own: Name) -> Self {
        Self {
            own,
            addresses: Vec::new(),
            transports: BTreeMap::new(),
            transport: Transport::Mx,
            port: 25,
            ipv4: true,
            ipv6: true,
            security: Security::Opportunistic,
            in_clear: true,
            sts: false,
            dane: false,
            schedule: Schedule::default(),
            limits: Limits::default(),
        }
    }

    pub(crate) fn transport(&self, domain: &str) -> &Transport {
        self.transports.get(domain).unwrap_or(&self.transport)
    }
}

/// How mail for a domain goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Transport {
    /// To the hosts of its MX records (RFC 5321 §5.1).
    Mx,
    /// To one host, whatever DNS says of the domain: a smart host.
    Relay {
        /// Which.
        to: Target,
        /// Its port.
        port: u16,
        /// How the connection is protected.
        security: Security,
    },
    /// To one host that speaks LMTP (RFC 2033) and puts it into mailboxes.
    Lmtp {
        /// Which.
        to: Target,
        /// Its port.
        port: u16,
    },
    /// Nowhere: the application keeps it, see [`Action::Keep`](crate::Action::Keep).
    Local,
}

/// What senders and destinations may cost a queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The most messages waiting: 100,000. Beyond, `submit` refuses, and the server says 452.
    /// Reports are taken all the same: each belongs to a message that is there.
    pub messages: usize,
    /// The most connections: 100, as Postfix's default process limit.
    pub connections: usize,
    /// The most connections for one domain: 20, as Postfix. A slow domain does not take the
    /// places of the others.
    pub per_domain: usize,
    /// The most messages that go over one connection before others have their turn: 100.
    pub per_connection: u32,
    /// The most recipients of one transaction: 100, which every server must take (RFC 5321
    /// §4.5.3.1.8).
    pub recipients: usize,
    /// The most hosts tried in one attempt: 5, as Postfix tries addresses. A domain with a
    /// thousand MX records, each of them slow, keeps a delivery no longer than others do.
    pub hosts: usize,
    /// The most addresses tried in one attempt: 5, as Postfix.
    pub addresses: usize,
    /// The most `Received:` fields: 100, which is the least that RFC 5321 §6.3 allows. A message
    /// with more goes in circles; see [`is_loop`](Self::is_loop).
    pub hops: usize,
    /// How long a connection is kept for the next message: 5 seconds. It takes somebody's place.
    pub idle: Duration,
    /// The most MTA-STS policies remembered: 10,000.
    pub policies: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            messages: 100_000,
            connections: 100,
            per_domain: 20,
            per_connection: 100,
            recipients: 100,
            hosts: 5,
            addresses: 5,
            hops: 100,
            idle: Duration::from_secs(5),
            policies: 10_000,
        }
    }
}

impl Limits {
    /// Whether a message has been through so many servers that it must be going in circles: answer
    /// 554 5.4.6 in place of taking it (RFC 5321 §6.3). The beginning of the message is enough, if
    /// its header is in it.
    ///
    /// ```
    /// let mut limits = delivery::Limits::default();
    /// limits.hops = 1;
    /// assert!(!limits.is_loop(b"Received: from a\r\n\r\nReceived: from b\r\n"));
    /// assert!(limits.is_loop(b"Received: from a\r\n by b\r\nRECEIVED: from c\r\n"));
    /// ```
    #[must_use]
    pub fn is_loop(&self, message: &[u8]) -> bool {
        count_hops(message) > self.hops
    }
}

/// Counts the `Received:` fields of a message's header.
///
/// ```
/// let header = b"Received: from a\r\n by b\r\nreceived: from c\r\nSubject: Received: x\r\n\r\nReceived:";
/// assert_eq!(delivery::count_hops(header), 2);
/// ```
#[must_use]
pub fn count_hops(message: &[u8]) -> usize {
    let lines = message.split(|octet| *octet == b'\n').map(<[u8]>::trim_ascii_end);
    let is_trace =
        |line: &&[u8]| line.get(..9).is_some_and(|it| it.eq_ignore_ascii_case(b"received:"));
    lines.take_while(|line| !line.is_empty()).filter(is_trace).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_goes_in_circles_beyond_a_hundred_hops() {
        let hops = |count: usize| "Received: from a by b\r\n".repeat(count);
        let limits = Limits::default();
        assert!(!limits.is_loop(hops(100).as_bytes()));
        assert!(limits.is_loop(hops(101).as_bytes()));
    }
}
