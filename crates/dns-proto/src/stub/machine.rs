//! The machine: queries, whom they are put to next, and what is made of the answers.
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::{Agent, Flow, Instant, Transmit, Transport};

use crate::edns::{EdnsOption, OptionsBuf};
use crate::error::{Error, Misuse};
use crate::exchange::{Ask, Extras, Heard, Sent};
use crate::message::{Message, MessageBuf};
use crate::name::Name;
use crate::number::{OptionCode, Rcode, RecordType};
use crate::random::Random;
use crate::stub::streams::Streams;
use crate::stub::upstream::{Taste, Upstream};
use crate::stub::{Config, Server};

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
        /// What the last server said that was of no use: SERVFAIL, say, perhaps with a reason
        /// (RFC 8914).
        message: Option<MessageBuf>,
    },
}

/// Asks configured servers, with recursion desired; UDP first, TCP if the answer is truncated, or
/// TLS alone.
///
/// It is an [`Agent`]: a driver sends what [`transmit`](Agent::transmit) says, and the
/// application reads [`poll`](Agent::poll). Any number of queries may be out at once. By UDP each
/// goes out from a port of its own; by TCP and TLS they share connections (RFC 7766 §6.2), which
/// stay open for a while.
///
/// A server that does not answer is asked after the others for a while; one that does not
/// understand EDNS is asked without; one that knows cookies is held to them.
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
    random: Random,
    upstreams: Vec<Upstream>,
    queries: BTreeMap<QueryId, Pending>,
    /// What is out, by flow and id: on a stream there are many.
    attempts: BTreeMap<(Flow, u16), Attempt>,
    streams: Streams,
    timers: BTreeSet<(Instant, QueryId)>,
    events: VecDeque<Event>,
    outbox: VecDeque<Transmit>,
    next_query: u64,
    next_flow: u64,
}

/// A query that has not ended.
#[derive(Debug)]
struct Pending {
    name: Name,
    rtype: RecordType,
    /// The server that is preferred, and how often each has been asked.
    first: usize,
    asked: Vec<u8>,
    sends: u8,
    /// When somebody else is asked; until then the last attempt is waited for.
    patience: Instant,
    attempts: Vec<(Flow, u16)>,
    /// Whether a server has wanted a new cookie already.
    salted: bool,
    error: Error,
    useless: Option<MessageBuf>,
}

/// A message that is out.
#[derive(Debug)]
struct Attempt {
    query: QueryId,
    /// The index of the server.
    server: usize,
    sent: Sent,
    since: Instant,
}

/// How a server is asked.
#[derive(Clone, Copy, Debug)]
struct Way {
    server: usize,
    /// By TCP or TLS, whichever it speaks.
    stream: bool,
    edns: bool,
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
        let mut stub = Self {
            config,
            random: Random::new(seed),
            upstreams: Vec::new(),
            queries: BTreeMap::new(),
            attempts: BTreeMap::new(),
            streams: Streams::default(),
            timers: BTreeSet::new(),
            events: VecDeque::new(),
            outbox: VecDeque::new(),
            next_query: 0,
            next_flow: 0,
        };
        stub.forget();
        Ok(stub)
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Draws another generator from this one's.
    #[cfg(feature = "std")]
    pub(crate) fn random(&mut self) -> Random {
        self.random.fork()
    }

    /// Asks for the records of a type at a name.
    pub fn query(&mut self, now: Instant, name: Name, rtype: RecordType) -> QueryId {
        let id = QueryId(self.next_query);
        self.next_query += 1;
        let count = self.upstreams.len();
        let first = if self.config.rotate { self.random.below(count) } else { 0 };
        let query = Pending {
            name,
            rtype,
            first,
            asked: vec![0; count],
            sends: 0,
            patience: now,
            attempts: Vec::new(),
            salted: false,
            error: Error::Unanswered,
            useless: None,
        };
        self.queries.insert(id, query);
        self.ask_next(now, id);
        id
    }

    /// Forgets a query: it will have no event.
    pub fn cancel(&mut self, now: Instant, id: QueryId) {
        self.end(now, id);
    }

    /// Forgets all that is known of the servers. Call it when the host has come into another
    /// network: what was dead may be reached from there, and nobody need recognise the host by its
    /// cookies (RFC 7873 §4.1) or its connections.
    pub fn forget(&mut self) {
        let Self { config, random, .. } = self;
        let new = |server: &Server| Upstream::new(server.clone(), random);
        self.upstreams = config.servers.iter().map(new).collect();
        let idle = self.streams.retire_all();
        self.outbox.extend(idle.into_iter().map(Transmit::Close));
    }

    /// Asks the server whose turn it is: of those asked least, one that is well.
    fn ask_next(&mut self, now: Instant, id: QueryId) {
        let Some(query) = self.queries.get_mut(&id) else { return };
        let (first, second) = (query.first, query.first + query.asked.len());
        let round = query.asked.iter().zip(&self.upstreams).enumerate().cycle();
        let open = round
            .skip(first)
            .take(second - first)
            .filter(|(_, (asked, _))| **asked < self.config.rounds)
            .min_by_key(|(_, (asked, upstream))| (**asked, !upstream.is_well(now)));
        let Some((server, _)) = open else { return self.give_up(now, id) };
        if let Some(asked) = query.asked.get_mut(server) {
            *asked += 1;
        }
        let Some(upstream) = self.upstreams.get_mut(server) else { return };
        upstream.asked(now, &self.config.limits);
        let stream = self.config.tcp || upstream.server.stream() == Transport::Tls;
        let edns = upstream.knows_edns(now);
        self.ask(now, id, Way { server, stream, edns });
    }

    /// Sends a query in some way, if it may cost one more message.
    fn ask(&mut self, now: Instant, id: QueryId, way: Way) {
        let wait = self.wait(now, id, way);
        let Some(query) = self.queries.get_mut(&id) else { return };
        let Some(upstream) = self.upstreams.get(way.server) else { return };
        if query.sends >= self.config.sends {
            return self.give_up(now, id);
        }
        query.sends += 1;
        self.timers.remove(&(query.patience, id));
        query.patience = now + wait;
        self.timers.insert((query.patience, id));
        let ask = Ask {
            to: upstream.server.address(),
            via: if way.stream { upstream.server.stream() } else { Transport::Udp },
            name: query.name.clone(),
            rtype: query.rtype,
            recursion: true,
            payload: way.edns.then_some(self.config.payload),
            dnssec: self.config.dnssec,
            authentic: self.config.authentic,
            mixed: self.config.mixed_case,
            wait,
            garbled: false,
        };
        self.send(now, id, way.server, ask);
    }

    /// Returns for how long an attempt is waited for before another is made beside it.
    fn wait(&self, now: Instant, id: QueryId, way: Way) -> Duration {
        let Some(query) = self.queries.get(&id) else { return Duration::ZERO };
        let asked = query.asked.get(way.server).copied().unwrap_or_default();
        let factor = [1, 1, 2].get(usize::from(asked)).copied().unwrap_or(4);
        let wait = self.config.timeout.saturating_mul(factor);
        let fresh = |(other, upstream): (&u8, &Upstream)| *other < asked && upstream.is_well(now);
        let others = query.asked.iter().zip(&self.upstreams).any(fresh);
        match self.upstreams.get(way.server) {
            // There is somebody else to ask, so it need not be the slowest answer there ever was.
            Some(upstream) if others && !way.stream => upstream.patience(wait),
            _ => wait,
        }
    }

    fn send(&mut self, now: Instant, id: QueryId, server: usize, ask: Ask) {
        let (to, via) = (ask.to, ask.via);
        let flow = self.flow(server, via);
        let number = loop {
            let number = self.random.id();
            if !self.attempts.contains_key(&(flow, number)) {
                break number;
            }
        };
        let sent = Sent::new(ask, number, &mut self.random);
        let message = sent.write(self.extras(server, via));
        self.outbox.push_back(Transmit::Send { flow, to, via, message });
        self.attempts.insert((flow, number), Attempt { query: id, server, sent, since: now });
        if let Some(query) = self.queries.get_mut(&id) {
            query.attempts.push((flow, number));
        }
        self.streams.asked(flow);
    }

    /// Returns the connection that there is, or the name of a new socket.
    fn flow(&mut self, server: usize, via: Transport) -> Flow {
        let current = self.streams.current(server, &self.config.limits);
        if let Some(flow) = current.filter(|_| via != Transport::Udp) {
            return flow;
        }
        let flow = Flow::new(self.next_flow);
        self.next_flow += 1;
        if via != Transport::Udp {
            self.streams.open(flow, server, &self.config.limits);
        }
        flow
    }

    fn extras(&self, server: usize, via: Transport) -> Extras {
        let mut options = OptionsBuf::default();
        if via != Transport::Udp {
            options.push(&EdnsOption::Keepalive(None));
        } else if let Some(upstream) = self.upstreams.get(server)
            && let Some(cookie) = upstream.cookies.option().filter(|_| self.config.cookies)
        {
            options.push(&cookie);
        }
        Extras { options, unchecked: self.config.unchecked, padded: via == Transport::Tls }
    }

    /// Closes an attempt; by UDP, its socket.
    fn close(&mut self, now: Instant, at: (Flow, u16)) -> Option<Attempt> {
        let attempt = self.attempts.remove(&at)?;
        if let Some(query) = self.queries.get_mut(&attempt.query) {
            query.attempts.retain(|other| *other != at);
        }
        if attempt.sent.ask.via == Transport::Udp || self.streams.settled(now, at.0) {
            self.outbox.push_back(Transmit::Close(at.0));
        }
        Some(attempt)
    }

    /// Closes a query with all its attempts.
    fn end(&mut self, now: Instant, id: QueryId) -> Option<Pending> {
        let query = self.queries.remove(&id)?;
        self.timers.remove(&(query.patience, id));
        for &at in &query.attempts {
            self.close(now, at);
        }
        Some(query)
    }

    fn give_up(&mut self, now: Instant, id: QueryId) {
        if let Some(query) = self.end(now, id) {
            let (error, message) = (query.error, query.useless);
            self.events.push_back(Event::Failed { id, error, message });
        }
    }

    /// Takes what is an answer by all appearances, and looks what it is worth.
    fn heard(&mut self, now: Instant, attempt: &Attempt, message: MessageBuf) {
        let Attempt { query: id, server, sent: Sent { ask, .. }, .. } = attempt;
        let (id, server, is_udp) = (*id, *server, ask.via == Transport::Udp);
        let way = Way { server, stream: !is_udp, edns: ask.payload.is_some() };
        let Some(query) = self.queries.get_mut(&id) else { return };
        let view = message.view();
        match view.rcode() {
            _ if view.header().truncated && is_udp => {
                self.ask(now, id, Way { stream: true, ..way });
            }
            Rcode::NOERROR | Rcode::NXDOMAIN => {
                self.end(now, id);
                self.events.push_back(Event::Answer { id, message });
            }
            // RFC 7873 §5.3: with the new cookie; if that is no good either, by TCP.
            Rcode::BADCOOKIE if is_udp => {
                let stream = core::mem::replace(&mut query.salted, true);
                self.ask(now, id, Way { stream, ..way });
            }
            // RFC 6891 §7: who does not know EDNS says FORMERR, and some say NOTIMP; who says so
            // in an OPT record knows it, and means something else in it.
            Rcode::FORMERR | Rcode::NOTIMP | Rcode::BADVERS if way.edns => {
                if let Some(upstream) = self.upstreams.get_mut(server)
                    && view.edns().is_none()
                {
                    upstream.is_plain(now, &self.config.limits);
                }
                self.ask(now, id, Way { edns: false, ..way });
            }
            _ => {
                query.error = Error::Useless;
                query.useless = Some(message);
                // It has said what it has to say.
                if let Some(asked) = query.asked.get_mut(server) {
                    *asked = self.config.rounds;
                }
                self.ask_next(now, id);
            }
        }
    }

    /// Notes what is in an answer for us alone; returns what its cookie says.
    fn note(
        &mut self,
        flow: Flow,
        server: usize,
        (via, edns, took): (Transport, bool, Duration),
        message: &Message<'_>,
    ) -> Taste {
        let Some(upstream) = self.upstreams.get_mut(server) else { return Taste::Forged };
        if via != Transport::Udp {
            let option = message.edns().and_then(|edns| edns.options.get(OptionCode::KEEPALIVE));
            let keepalive = match option {
                Some(EdnsOption::Keepalive(tenths)) => tenths,
                _ => None,
            };
            self.streams.heard(flow, keepalive, &self.config.limits);
            upstream.heard(None);
            return Taste::Good;
        }
        let taste = match edns && self.config.cookies {
            true => upstream.cookies.taste(message),
            false => Taste::Good,
        };
        match taste {
            Taste::Good => upstream.heard(Some(took)),
            Taste::Missing => upstream.cookies.forget(),
            Taste::Forged => {}
        }
        taste
    }

    /// Asks the same server by TCP.
    fn ask_by_tcp(&mut self, now: Instant, at: (Flow, u16)) {
        let Some(attempt) = self.close(now, at) else { return };
        let edns = attempt.sent.ask.payload.is_some();
        self.ask(now, attempt.query, Way { server: attempt.server, stream: true, edns });
    }

    /// Asks again what was on a socket that has failed.
    fn failed(&mut self, now: Instant, at: (Flow, u16), served: bool) {
        let Some(attempt) = self.close(now, at) else { return };
        let (id, server) = (attempt.query, attempt.server);
        if served {
            let edns = attempt.sent.ask.payload.is_some();
            return self.ask(now, id, Way { server, stream: true, edns });
        }
        if let Some(upstream) = self.upstreams.get_mut(server) {
            upstream.unheard(now, &self.config.limits);
        }
        // Somebody else has been asked since, and is waited for.
        if self.queries.get(&id).is_some_and(|query| query.attempts.is_empty()) {
            self.ask_next(now, id);
        }
    }

    /// Asks somebody else, too.
    fn impatient(&mut self, now: Instant, id: QueryId) {
        let Some(query) = self.queries.get(&id) else { return };
        if let Some(at) = query.attempts.last()
            && let Some(attempt) = self.attempts.get(at)
            && let Some(upstream) = self.upstreams.get_mut(attempt.server)
        {
            upstream.unheard(now, &self.config.limits);
            // A connection on which nothing comes may have no other end.
            self.streams.retire(at.0);
        }
        self.ask_next(now, id);
    }
}

impl Agent for Stub {
    type Event = Event;

    fn receive(&mut self, now: Instant, flow: Flow, message: &[u8]) {
        let Some(&id) = message.first_chunk() else { return };
        let at = (flow, u16::from_be_bytes(id));
        let Some(attempt) = self.attempts.get_mut(&at) else { return };
        match attempt.sent.hear(message, false, self.config.authentic) {
            None => {}
            Some(Heard::Misspelt) => self.ask_by_tcp(now, at),
            Some(Heard::Answer(message)) => {
                let (server, ask, since) = (attempt.server, &attempt.sent.ask, attempt.since);
                let heard = (ask.via, ask.payload.is_some(), now - since);
                match self.note(flow, server, heard, &message.view()) {
                    // The true one may be yet to come.
                    Taste::Forged => {}
                    // RFC 7873 §5.3: it is discarded; a server that has lost its cookies is
                    // believed by TCP.
                    Taste::Missing => self.ask_by_tcp(now, at),
                    Taste::Good => {
                        let Some(attempt) = self.close(now, at) else { return };
                        self.heard(now, &attempt, message);
                    }
                }
            }
        }
    }

    fn fail(&mut self, now: Instant, flow: Flow) {
        let served = self.streams.has_served(flow);
        if self.streams.remove(flow) {
            self.outbox.push_back(Transmit::Close(flow));
        }
        let out = self.attempts.range((flow, 0)..=(flow, u16::MAX)).map(|(&at, _)| at);
        let out: Vec<_> = out.collect();
        out.into_iter().for_each(|at| self.failed(now, at, served));
    }

    fn transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }

    fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        let query = self.timers.first().map(|&(patience, _)| patience);
        query.into_iter().chain(self.streams.deadline()).min()
    }

    fn expire(&mut self, now: Instant) {
        let idle = self.streams.expire(now);
        self.outbox.extend(idle.into_iter().map(Transmit::Close));
        while let Some(&(patience, id)) = self.timers.first()
            && patience <= now
        {
            self.timers.pop_first();
            self.impatient(now, id);
        }
    }
}
