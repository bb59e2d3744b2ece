//! The recursive resolver: a local name server that goes to the root itself (RFC 1034 §5.3.3).
#[cfg(feature = "dnssec")]
mod aggressive;
#[cfg(feature = "dnssec")]
mod anchors;
mod ask;
#[cfg(feature = "dnssec")]
mod check;
#[cfg(not(feature = "dnssec"))]
#[path = "trusting.rs"]
mod check;
mod config;
mod crowd;
mod hints;
mod hit;
mod job;
mod jobs;
mod learn;
mod local;
mod persist;
mod reply;
mod said;
#[cfg(feature = "dnssec")]
mod sentinel;
mod speed;
mod targets;
mod verdict;
mod walk;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use core::net::IpAddr;

use bytes::Bytes;
use proto_core::{Agent, Flow, Instant, Transmit, Transport};

pub use config::{Config, Limits, Role, Stale, Statistics, Upstream};
pub use hints::{parse_root_hints, root_hints};
pub use local::local_zones;

use crate::authority::wants_time;
use crate::cache::{Answer, Cache, Rank, Security, Store};
use crate::error::Misuse;
use crate::exchange::{Exchanges, Heard};
use crate::message::Message;
use crate::name::{Name, NameRef};
use crate::number::{Class, ExtendedError, Opcode, Rcode, RecordType};
use crate::random::Random;
use crate::recursive::job::{Account, Asker, Client, Job, JobId, Kind};
use crate::recursive::speed::Speeds;

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
    /// A client's query took too long, or came when too many were waiting, and is to have no answer
    /// ([`Limits::discard`], [`Limits::clients`]).
    Discarded {
        /// Whose query.
        client: ClientId,
    },
    /// The keys of a zone were looked at, whose changes its trust anchors follow (RFC 5011). With
    /// feature `dnssec`.
    Anchors {
        /// The zone.
        zone: Name,
        /// What is known of its keys, and when to look again: text that
        /// `dnssec::Rollover::parse` reads. It is to be kept durably, in the place of what was kept
        /// before, and to be begun with the next time.
        state: String,
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
    local: local::Local,
    cache: Cache,
    exchanges: Exchanges<JobId>,
    jobs: BTreeMap<JobId, Job>,
    /// Jobs by what they are to find out.
    index: BTreeMap<(Name, RecordType, Kind), JobId>,
    accounts: BTreeMap<JobId, Account>,
    ready: VecDeque<JobId>,
    events: VecDeque<Event>,
    statistics: Statistics,
    speeds: Speeds,
    /// What could not be found out lately, and why (RFC 9520).
    failures: Store<(Instant, Option<ExtendedError>)>,
    /// Clients who are soon given what is stale.
    impatient: BTreeSet<(Instant, JobId)>,
    /// What signatures are checked against.
    trusted: check::Trusted,
    next: u64,
    crowd: crowd::Crowd,
}

impl Resolver {
    /// Makes a resolver with an empty cache; the seed must be secret and never used again, for the
    /// ids of its queries come from it.
    #[must_use]
    pub fn new(config: Config, seed: [u8; 32]) -> Self {
        let Limits { cache, known_servers, .. } = config.limits;
        let mut random = Random::new(seed);
        let key = [random.word(), random.word()];
        let mut exchanges = Exchanges::new(random);
        exchanges.mends = true;
        Self {
            local: local::Local::new(&config),
            config,
            cache: Cache::new(cache, key),
            exchanges,
            jobs: BTreeMap::new(),
            index: BTreeMap::new(),
            accounts: BTreeMap::new(),
            ready: VecDeque::new(),
            events: VecDeque::new(),
            statistics: Statistics::default(),
            speeds: Speeds::new(known_servers),
            failures: Store::new(cache),
            impatient: BTreeSet::new(),
            trusted: check::Trusted::default(),
            next: 0,
            crowd: crowd::Crowd::default(),
        }
    }

    /// Returns what it has done so far.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Returns the number of RRsets in the cache, expired ones included.
    #[must_use]
    pub fn cached(&self) -> usize {
        self.cache.len()
    }

    /// Forgets everything that was found out.
    pub fn forget_all(&mut self) {
        self.cache.clear();
        self.failures.clear();
    }

    /// Forgets what is known of one question.
    pub fn forget(&mut self, name: &Name, rtype: RecordType) {
        self.cache.forget_answer(name.view(), rtype);
        self.cache.forget_set(name.view(), rtype);
        self.failures.remove(&jobs::question_key(name, rtype));
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
        self.accept(now, (client, None), query, via)
    }

    /// Takes the query of a client at an address, of which [so many](Limits::clients_per_address)
    /// may wait at once; otherwise as [`resolve`](Self::resolve).
    ///
    /// # Errors
    ///
    /// As there.
    pub fn resolve_from(
        &mut self,
        now: Instant,
        (client, from): (ClientId, IpAddr),
        query: &Message<'_>,
        via: Transport,
    ) -> Result<(), Misuse> {
        self.accept(now, (client, Some(from)), query, via)
    }

    fn accept(
        &mut self,
        now: Instant,
        (client, from): (ClientId, Option<IpAddr>),
        query: &Message<'_>,
        via: Transport,
    ) -> Result<(), Misuse> {
        if query.header().response {
            return Err(Misuse::NotQuery);
        }
        let asked = query.question();
        let client = Client { from, ..Client::new(now, client, query, via) };
        if let Some(rcode) = self.refusal(query, via) {
            // What is malformed is not said again.
            let question = client.question.clone().filter(|_| rcode != Rcode::FORMERR);
            let client = Client { question, ..client };
            self.reply(now, &client, &Answer::bare(rcode), None);
            return Ok(());
        }
        if let Some(answer) = self.local.answer(query, via) {
            self.statistics.hits += 1;
            let message = answer.freeze();
            self.events.push_back(Event::Reply { client: client.id, message });
            return Ok(());
        }
        let question = asked.ok_or(Misuse::NotQuery)?;
        self.serve(now, question.name.to_name(), question.rtype, client);
        self.work(now);
        Ok(())
    }

    /// Answers a client from the cache, or has its question worked on.
    fn serve(&mut self, now: Instant, name: Name, rtype: RecordType, mut client: Client) {
        if let Some(answer) = self.cache.answer(name.view(), rtype)
            && self.is_servable(&answer, &client)
        {
            if answer.is_fresh(now) {
                self.statistics.hits += 1;
                self.reply(now, &client, &answer, None);
                if self.config.prefetch && answer.is_old(now) && answer.ttl > 0 {
                    self.renew(now, name, rtype);
                }
                return;
            }
            if let Some(stale) = self.stale(now, &answer).cloned() {
                // What could not be found out a moment ago is not waited for (RFC 8767 §5).
                if stale.patience.is_zero() || self.failure(now, &name, rtype).is_some() {
                    self.statistics.hits += 1;
                    let ttl = stale.ttl;
                    self.reply(now, &client, &answer, Some(ttl));
                    return self.renew(now, name, rtype);
                }
                client.patience = Some(now + stale.patience);
            }
        }
        if !client.header.recursion_desired {
            let known = self
                .synthesize(now, &name, rtype)
                .or_else(|| self.failure(now, &name, rtype))
                .or_else(|| self.referral(now, name.view()));
            let nothing = || Shared::new(Answer::failure(ExtendedError::CACHED_ERROR));
            let answer = known.unwrap_or_else(nothing);
            return self.reply(now, &client, &answer, None);
        }
        self.statistics.misses += 1;
        if !self.make_room(now, &client) {
            return self.turn_away(now, &client);
        }
        let kind = self.kind_for(&client);
        let id = self.begin(now, name, rtype, kind, None, false);
        self.crowd.enter(&client, id, self.config.limits.clients);
        self.impatient.extend(client.patience.map(|until| (until, id)));
        if let Some(job) = self.jobs.get_mut(&id) {
            job.askers.push(Asker::Client(client));
        }
    }

    /// Whether an answer of the cache is good enough for a client.
    fn is_servable(&self, answer: &Answer, client: &Client) -> bool {
        match answer.security {
            Security::Unchecked => self.kind_for(client) == Kind::Walk,
            Security::Secure | Security::Insecure | Security::Bogus => true,
        }
    }

    fn kind_for(&self, client: &Client) -> Kind {
        let unchecked = client.header.checking_disabled || !self.trusted.is_any();
        if unchecked { Kind::Walk } else { Kind::Check }
    }

    /// Returns how an old answer is given, if it may be.
    fn stale(&self, now: Instant, answer: &Answer) -> Option<&Stale> {
        let stale = self.config.stale.as_ref()?;
        let age = (now - answer.expires).as_secs();
        let good = !answer.is_useless() && answer.ttl > 0;
        (age <= u64::from(stale.most) && good).then_some(stale)
    }

    /// Returns the nearest servers that are known (RFC 1034 §4.3.1), for who wants no recursion.
    fn referral(&self, now: Instant, name: NameRef<'_>) -> Option<Shared> {
        let servers = self.cache.delegation(now, name)?;
        let mut answer = Answer::bare(Rcode::NOERROR);
        for host in servers.servers() {
            let types = [RecordType::A, RecordType::AAAA].into_iter();
            let sets =
                types.filter_map(|rtype| self.cache.get(now, host.view(), rtype, Rank::Additional));
            answer.additionals.extend(sets);
        }
        answer.authorities.push(servers);
        Some(Arc::new(answer))
    }

    /// Has an answer renewed that nobody waits for.
    fn renew(&mut self, now: Instant, name: Name, rtype: RecordType) {
        let kind = if self.trusted.is_any() { Kind::Check } else { Kind::Walk };
        if self.failure(now, &name, rtype).is_none() {
            self.begin(now, name, rtype, kind, None, true);
        }
    }

    /// Returns why a query is not worked on.
    fn refusal(&self, query: &Message<'_>, via: Transport) -> Option<Rcode> {
        let Some(question) = query.question() else { return Some(Rcode::FORMERR) };
        let transfer = is_transfer(question.rtype);
        let meta = question.rtype.is_meta() && question.rtype != RecordType::ANY;
        // RFC 1035 §4.1: those sections are of answers. What an IXFR has there is not for a resolver.
        let said = query.answers().chain(query.authorities()).next().is_some();
        let timed = via != Transport::Udp
            && self.config.keepalive.is_some()
            && query.edns().is_some_and(|edns| wants_time(&edns));
        match query.header() {
            _ if said || timed => Some(Rcode::FORMERR),
            _ if query.edns().is_some_and(|edns| edns.version > 0) => Some(Rcode::BADVERS),
            header if header.opcode != Opcode::QUERY => Some(Rcode::NOTIMP),
            // RFC 5936 §2.2.1: zones are to be had from their authorities.
            _ if transfer => Some(Rcode::REFUSED),
            _ if meta => Some(Rcode::NOTIMP),
            // What is in the cache is nobody's business who does not want recursion.
            header if !header.recursion_desired && !self.config.snoop => Some(Rcode::REFUSED),
            // Of all classes there are data in one.
            _ if !matches!(question.class, Class::IN | Class::ANY) => Some(Rcode::REFUSED),
            _ => None,
        }
    }

    /// Gives those clients what is stale who have waited long enough.
    fn soothe(&mut self, now: Instant) {
        while let Some(&(until, id)) = self.impatient.first().filter(|(until, _)| *until <= now) {
            self.impatient.remove(&(until, id));
            let Some(job) = self.jobs.get(&id) else { continue };
            let (name, rtype) = job.asked.clone();
            // Meanwhile it may have become too old even for this.
            let old = self.cache.answer(name.view(), rtype);
            let Some(old) = old.filter(|old| self.stale(now, old).is_some()) else { continue };
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            let due = |asker: &mut Asker| match asker {
                Asker::Client(client) => client.patience.is_some_and(|until| until <= now),
                _ => false,
            };
            let due: alloc::vec::Vec<_> = job.askers.extract_if(.., due).collect();
            for asker in due {
                let Asker::Client(client) = asker else { continue };
                self.crowd.leave(&client, id);
                let ttl = self.config.stale.as_ref().map(|stale| stale.ttl);
                self.reply(now, &client, &old, ttl);
            }
        }
    }
}

/// Whether whole zones are asked for.
fn is_transfer(rtype: RecordType) -> bool {
    matches!(rtype, RecordType::AXFR | RecordType::IXFR)
}

impl Agent for Resolver {
    type Event = Event;

    fn receive(&mut self, now: Instant, flow: Flow, message: &[u8]) {
        let Some((job, ask, heard, took)) = self.exchanges.receive(now, flow, message) else {
            return;
        };
        match heard {
            Heard::Answer(message) => {
                self.speeds.heard(now, ask.to.ip(), took);
                self.heard(now, job, &ask, &message.view());
            }
            Heard::Misspelt => self.resend(now, job, ask, Transport::Tcp, None),
        }
        self.work(now);
    }

    fn fail(&mut self, now: Instant, flow: Flow) {
        if let Some((job, ask)) = self.exchanges.close(flow) {
            self.unheard(now, job, &ask);
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
        let impatient = self.impatient.first().map(|&(until, _)| until);
        self.exchanges.deadline().into_iter().chain(impatient).chain(self.next_probe()).min()
    }

    fn expire(&mut self, now: Instant) {
        while let Some((job, ask)) = self.exchanges.expire(now) {
            self.unheard(now, job, &ask);
        }
        self.probe(now);
        self.work(now);
        self.soothe(now);
    }
}

/// An answer that everybody may share.
type Shared = Arc<Answer>;
