//! The stub resolver: asks a local name server to do all the work (RFC 1123 §6.1.3.1).
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use proto_core::{Agent, Flow, Instant, Transmit, Transport};

use crate::error::{Error, Misuse};
use crate::exchange::{Ask, Exchanges, Heard};
use crate::message::MessageBuf;
use crate::name::Name;
use crate::number::{Rcode, RecordType};
use crate::query::UDP_PAYLOAD;
use crate::random::Random;

/// Whom a stub asks, and how patiently.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The name servers. Each query begins with one of them at random, and goes round.
    pub servers: Vec<SocketAddr>,
    /// How long the first round waits for each server; the second waits twice as long, and every
    /// later one four times. 1 s: a local server that has to go to the root takes about that.
    pub timeout: Duration,
    /// How many messages a query may cost, TCP after truncation included. 5: with one server that
    /// is silent, fifteen seconds.
    pub sends: u8,
    /// The UDP payload that is offered by EDNS.
    pub payload: u16,
    /// Whether signatures are wanted too.
    pub dnssec: bool,
    /// Whether the servers are to say, by the AD bit, what they have validated (RFC 6840 §5.7).
    /// Believe only servers that are to be trusted, over a path that is.
    pub authentic: bool,
    /// Whether to ask by TCP at once.
    pub tcp: bool,
    /// Whether the letters of names are written large and small at random, which a forger has to
    /// guess too (0x20). On; a server that does not keep them is asked again by TCP.
    pub mixed_case: bool,
}

impl Config {
    /// Makes a configuration with these servers and the defaults.
    ///
    /// ```
    /// let config = dns_proto::stub::Config::new([([127, 0, 0, 1], 53).into()]);
    /// assert_eq!(config.sends, 5);
    /// ```
    #[must_use]
    pub fn new(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let servers = servers.into_iter().collect();
        let (dnssec, authentic, tcp, mixed_case) = (false, false, false, true);
        let (timeout, sends, payload) = (Duration::from_secs(1), 5, UDP_PAYLOAD);
        Self { servers, timeout, sends, payload, dnssec, authentic, tcp, mixed_case }
    }
}

/// A query of a [`Stub`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct QueryId(u64);

/// How a query ended.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A server answered: with data, without (NODATA), or that the name does not exist
    /// (NXDOMAIN). All three are answers.
    Answer {
        /// Which query.
        id: QueryId,
        /// The answer, whole.
        message: MessageBuf,
    },
    /// No server did.
    Failed {
        /// Which query.
        id: QueryId,
        /// Why.
        error: Error,
    },
}

/// Asks configured servers, with recursion desired; UDP first, TCP if the answer is truncated.
///
/// It is an [`Agent`]: a driver sends what [`transmit`](Agent::transmit) says, and the
/// application reads [`poll`](Agent::poll). Any number of queries may be out at once.
///
/// ```
/// use dns_proto::stub::{Config, Stub};
/// use dns_proto::RecordType;
/// use proto_core::{Agent, Instant, Transmit};
///
/// let seed = [7; 32]; // From the operating system, in earnest.
/// let mut stub = Stub::new(Config::new([([127, 0, 0, 1], 53).into()]), seed)?;
/// stub.query(Instant::ORIGIN, "hamburger.edu".parse()?, RecordType::MX);
/// assert!(matches!(stub.transmit(), Some(Transmit::Send { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Stub {
    config: Config,
    queries: BTreeMap<QueryId, Pending>,
    exchanges: Exchanges<QueryId>,
    events: VecDeque<Event>,
    next: u64,
}

/// A query that has not ended.
#[derive(Debug)]
struct Pending {
    name: Name,
    rtype: RecordType,
    /// The server asked first, and how many have been asked since.
    first: usize,
    turns: usize,
    sends: u8,
    error: Error,
}

impl Stub {
    /// Makes a stub; the seed must be secret and never used again, for the ids come from it.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoServers`].
    pub fn new(config: Config, seed: [u8; 32]) -> Result<Self, Misuse> {
        if config.servers.is_empty() {
            return Err(Misuse::NoServers);
        }
        let exchanges = Exchanges::new(Random::new(seed));
        let (queries, events) = (BTreeMap::new(), VecDeque::new());
        Ok(Self { config, queries, exchanges, events, next: 0 })
    }

    /// Asks for the records of a type at a name.
    pub fn query(&mut self, now: Instant, name: Name, rtype: RecordType) -> QueryId {
        let id = QueryId(self.next);
        self.next += 1;
        let first = self.exchanges.random.below(self.config.servers.len());
        let error = Error::Unanswered;
        self.queries.insert(id, Pending { name, rtype, first, turns: 0, sends: 0, error });
        self.send(now, id, None);
        id
    }

    /// Forgets a query: it will have no event.
    pub fn cancel(&mut self, id: QueryId) {
        self.queries.remove(&id);
        self.exchanges.cancel(|&other| other == id);
    }

    /// Sends to the server whose turn it is, or by TCP to the one whose answer was too long.
    fn send(&mut self, now: Instant, id: QueryId, by_tcp: Option<SocketAddr>) {
        let Some(query) = self.queries.get_mut(&id) else { return };
        let count = self.config.servers.len().max(1);
        let turn = self.config.servers.get((query.first + query.turns) % count);
        let Some(&to) = by_tcp.as_ref().or(turn).filter(|_| query.sends < self.config.sends) else {
            let error = query.error;
            self.queries.remove(&id);
            return self.events.push_back(Event::Failed { id, error });
        };
        let round = [1, 2].get(query.turns / count).copied().unwrap_or(4);
        let wait = self.config.timeout.saturating_mul(round);
        let tcp = by_tcp.is_some() || self.config.tcp;
        let via = if tcp { Transport::Tcp } else { Transport::Udp };
        query.sends += 1;
        query.turns += usize::from(by_tcp.is_none());
        let (name, rtype, payload) = (query.name.clone(), query.rtype, self.config.payload);
        let payload = Some(payload);
        let Config { dnssec, authentic, mixed_case: mixed, .. } = self.config;
        let (recursion, garbled) = (true, false);
        let ask = Ask {
            to,
            via,
            name,
            rtype,
            recursion,
            payload,
            dnssec,
            authentic,
            mixed,
            wait,
            garbled,
        };
        self.exchanges.send(now, id, ask);
    }
}

impl Agent for Stub {
    type Event = Event;

    fn receive(&mut self, now: Instant, flow: Flow, message: &[u8]) {
        let heard = self.exchanges.receive(now, flow, message);
        let Some((id, ask, heard, _)) = heard else { return };
        let Heard::Answer(message) = heard else { return self.send(now, id, Some(ask.to)) };
        match message.view().rcode() {
            _ if message.view().header().truncated && ask.via == Transport::Udp => {
                self.send(now, id, Some(ask.to));
            }
            Rcode::NOERROR | Rcode::NXDOMAIN => {
                self.queries.remove(&id);
                self.events.push_back(Event::Answer { id, message });
            }
            _ => {
                if let Some(query) = self.queries.get_mut(&id) {
                    query.error = Error::Useless;
                }
                self.send(now, id, None);
            }
        }
    }

    fn fail(&mut self, now: Instant, flow: Flow) {
        if let Some((id, _)) = self.exchanges.close(flow) {
            self.send(now, id, None);
        }
    }

    fn transmit(&mut self) -> Option<Transmit> {
        self.exchanges.transmit()
    }

    fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        self.exchanges.deadline()
    }

    fn expire(&mut self, now: Instant) {
        while let Some((id, _)) = self.exchanges.expire(now) {
            self.send(now, id, None);
        }
    }
}
