//! The recursive resolver: a local name server that goes to the root itself (RFC 1034 §5.3.3).
mod config;
mod job;
mod verdict;
mod work;

use alloc::collections::{BTreeMap, VecDeque};

use bytes::{Bytes, BytesMut};
use proto_core::{Agent, Flow, Instant, Transmit, Transport};

pub use config::{Config, Limits, Statistics};

use crate::authority::udp_limit;
use crate::cache::Cache;
use crate::edns::Edns;
use crate::error::Misuse;
use crate::exchange::Exchanges;
use crate::header::Header;
use crate::message::{Message, Question, Section};
use crate::name::Name;
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::random::Random;
use crate::recursive::job::{Account, Asker, Client, Job, JobId, Solution};
use crate::writer::Writer;

/// Names a client's query; the application chooses it and finds it in the [`Event`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ClientId(pub u64);

/// What a [`Resolver`] tells the application.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A client's query is answered: send it this message.
    Reply {
        /// Whose query.
        client: ClientId,
        /// The message, without a length prefix.
        message: Bytes,
    },
}

/// Resolves names for clients by asking authoritative servers from the root down, and remembers.
///
/// Every query goes out on a flow of its own with a random id; an answer is believed about the
/// zone that was asked, and nothing else. Jobs for the same name and type are shared by all who
/// ask. Finding a server's address is a job like any other: jobs form a graph without cycles, and
/// all that serve one client draw on one account.
///
/// ```
/// use dns_proto::recursive::{ClientId, Config, Resolver};
/// use dns_proto::{Message, Name, Query, RecordType};
/// use proto_core::{Agent, Instant, Transmit, Transport};
///
/// let root = ("a.root-servers.net".parse()?, [198, 41, 0, 4].into());
/// let mut resolver = Resolver::new(Config::new([root]), [7; 32]);
/// let name: Name = "hamburger.edu".parse()?;
/// let octets = Query::new(&name, RecordType::MX).recursion(true).write();
/// let query = Message::parse(&octets)?;
/// resolver.resolve(Instant::ORIGIN, ClientId(1), &query, Transport::Udp)?;
/// let Some(Transmit::Send { to, .. }) = resolver.transmit() else { panic!() };
/// assert_eq!(to, "198.41.0.4:53".parse().unwrap());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Resolver {
    config: Config,
    cache: Cache,
    exchanges: Exchanges<JobId>,
    jobs: BTreeMap<JobId, Job>,
    /// Jobs by what they are to find out.
    index: BTreeMap<(Name, RecordType), JobId>,
    accounts: BTreeMap<JobId, Account>,
    ready: VecDeque<JobId>,
    events: VecDeque<Event>,
    statistics: Statistics,
    next: u64,
    waiting: usize,
}

impl Resolver {
    /// Makes a resolver with an empty cache; the seed must be secret and never used again, for the
    /// ids of its queries come from it.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let Limits { cache, ttl, negative_ttl, .. } = config.limits;
        Self {
            config,
            cache: Cache::new(cache, ttl, negative_ttl),
            exchanges: Exchanges::new(Random::new(seed)),
            jobs: BTreeMap::new(),
            index: BTreeMap::new(),
            accounts: BTreeMap::new(),
            ready: VecDeque::new(),
            events: VecDeque::new(),
            statistics: Statistics::default(),
            next: 0,
            waiting: 0,
        }
    }

    /// Returns what it has done so far.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Returns the number of RRsets and absences in the cache, expired ones included.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    /// Takes a client's query. Its reply comes as an [`Event`], at once if the cache has it.
    ///
    /// Queries without RD, of another class, or for transfers are refused.
    ///
    /// # Errors
    ///
    /// [`Misuse::NotQuery`] for a message that is itself an answer: it must not be answered.
    pub fn resolve(
        &mut self,
        now: Instant,
        client: ClientId,
        query: &Message<'_>,
        via: Transport,
    ) -> Result<(), Misuse> {
        let header = *query.header();
        if header.response {
            return Err(Misuse::NotQuery);
        }
        let asked = query.question();
        let question = asked.map(|asked| (asked.name.to_name(), asked.rtype, asked.class));
        let payload = query.edns().map(|edns| edns.payload);
        let client = Client { id: client, header, question, payload, via };
        if let Some(rcode) = self.refusal(query) {
            self.reply(&client, &Solution { rcode, ..Solution::FAILURE });
            return Ok(());
        }
        let question = asked.ok_or(Misuse::NotQuery)?;
        let (sent, waiting) = (self.statistics.upstream, self.waiting);
        self.waiting += 1;
        self.ask(question.name.to_name(), question.rtype, Asker::Client(client), None);
        self.work(now);
        let hit = sent == self.statistics.upstream && waiting == self.waiting;
        let count = if hit { &mut self.statistics.hits } else { &mut self.statistics.misses };
        *count += 1;
        Ok(())
    }

    /// Returns why a query is not worked on.
    fn refusal(&self, query: &Message<'_>) -> Option<Rcode> {
        let Some(question) = query.question() else { return Some(Rcode::FORMERR) };
        let meta = question.rtype.is_meta() && question.rtype != RecordType::ANY;
        match query.header() {
            _ if query.edns().is_some_and(|edns| edns.version > 0) => Some(Rcode::BADVERS),
            header if header.opcode != Opcode::QUERY || meta => Some(Rcode::NOTIMP),
            // What is in the cache is nobody's business who does not want recursion.
            header if !header.recursion_desired => Some(Rcode::REFUSED),
            _ if question.class != Class::IN => Some(Rcode::REFUSED),
            _ if self.waiting >= self.config.limits.clients => Some(Rcode::SERVFAIL),
            _ => None,
        }
    }

    /// Writes a client's reply.
    fn reply(&mut self, client: &Client, solution: &Solution) {
        let own = Edns::new(self.config.payload);
        let limit = udp_limit(client.payload, own.payload, client.via);
        let header =
            Header { rcode: solution.rcode, recursion_available: true, ..client.header.answer() };
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out, header, limit);
        let reserved = client.payload.map_or(0, |_| own.wire_len());
        writer.reserve(reserved);
        if let Some((name, rtype, class)) = &client.question {
            let question = Question { name: name.view(), rtype: *rtype, class: *class };
            writer.question(question).expect("a question is shorter than any limit");
        }
        let answers = solution.answers.iter().map(|record| (Section::Answer, record));
        let authorities = solution.soa.iter().map(|record| (Section::Authority, record));
        for (section, record) in answers.chain(authorities) {
            // A record that does not fit has set TC; the client comes back by TCP.
            if writer.section(section).is_err() || writer.record(record).is_err() {
                break;
            }
        }
        writer.release(reserved);
        if client.payload.is_some() {
            writer.edns(&own).expect("room for the OPT record was reserved");
        }
        writer.finish();
        self.events.push_back(Event::Reply { client: client.id, message: out.freeze() });
    }
}

impl Agent for Resolver {
    type Event = Event;

    fn receive(&mut self, now: Instant, flow: Flow, message: &[u8]) {
        if let Some((job, ask, message)) = self.exchanges.receive(flow, message) {
            self.heard(now, job, &ask, &message.view());
            self.work(now);
        }
    }

    fn fail(&mut self, now: Instant, flow: Flow) {
        if let Some((job, ask)) = self.exchanges.close(flow) {
            self.unheard(job, &ask, true);
            self.work(now);
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
        while let Some((job, ask)) = self.exchanges.expire(now) {
            self.unheard(job, &ask, false);
        }
        self.work(now);
    }
}
