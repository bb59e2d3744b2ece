//! The world: everybody in it, and what happens next.
mod deaths;
mod offices;
pub(crate) mod veil;
mod wires;
pub(crate) mod zones;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;

use bytes::Bytes;
use homing::dns::Authority;

use crate::clock::{DAY, HOUR, Micros, SECOND};
use crate::faults::Fault;
use crate::ledger::{Address, Broken, Ledger, number};
use crate::mail::Purpose;
use crate::metrics::Metrics;
use crate::names::{self, Size};
use crate::net::{Agenda, Conn, ConnId, Event, Side};
use crate::random::{Digest, Random};
use crate::site::{CACHE, Site};

/// What a world is made of.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) size: Size,
    pub(crate) messages: u32,
    pub(crate) days: u64,
    pub(crate) seed: u64,
    pub(crate) faults: Vec<Fault>,
    /// The letter whose way is written down.
    pub(crate) chosen: Option<u32>,
    /// Resolvers do not validate: to see that it is noticed.
    pub(crate) trusting: bool,
}

/// What is to be looked at before time goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Dirty {
    End(ConnId, Side),
    Site(u32),
}

pub(crate) struct World {
    pub(crate) size: Size,
    plan: Plan,
    pub(crate) now: Micros,
    pub(crate) agenda: Agenda,
    pub(crate) random: Random,
    pub(crate) sites: Vec<Site>,
    /// Of the root, and of the top-level domains.
    pub(crate) servers: [Authority; 2],
    server_cuts: [u32; 4],
    conns: BTreeMap<ConnId, Conn>,
    next_conn: ConnId,
    pub(crate) dirty: VecDeque<Dirty>,
    pub(crate) ledger: Ledger,
    pub(crate) metrics: Metrics,
    /// When a site's resolver was last lied to about a name, by somebody who knew its query.
    pub(crate) lies: BTreeMap<(u32, homing::dns::Name), Micros>,
    /// MTA-STS policies that sites have on their disks: since when, and until when they hold.
    promises: BTreeMap<(u32, homing::dns::Name), (Micros, u64)>,
    /// Of each user: the number of the last message fetched, and whether mail is to be fetched.
    pub(crate) seen: Vec<u64>,
    pub(crate) expecting: Vec<bool>,
    written: u32,
    /// The chosen letter, and the sites that hold it.
    pub(crate) chosen: Option<u32>,
    pub(crate) watched: BTreeSet<u32>,
    /// Clients believe every certificate: to see that it is noticed.
    pub(crate) gullible: bool,
    /// And go in clear to servers whose TLS is broken, whatever is promised.
    pub(crate) reckless: bool,
    broken: Option<Broken>,
    digest: Digest,
    events: u64,
    /// How long users wait at most before they look.
    pub(crate) patience: Micros,
    active: u32,
}

/// How a world ended.
#[derive(Clone, Debug)]
pub(crate) struct End_ {
    pub(crate) broken: Option<Broken>,
    pub(crate) digest: u64,
    pub(crate) events: u64,
    pub(crate) ended: Micros,
}

impl World {
    pub(crate) fn new(plan: Plan) -> Self {
        let size = plan.size;
        let mut random = Random::new(plan.seed);
        let mut sites: Vec<_> = (0..=size.thief()).map(|number| Site::new(size, number)).collect();
        for site in &mut sites {
            site.start(size, 0, &mut random, plan.trusting);
        }
        let mut agenda = Agenda::default();
        for (index, fault) in plan.faults.iter().enumerate() {
            agenda.add(fault.at, Event::FaultBegins(index));
            agenda.add(fault.at + fault.lasts, Event::FaultEnds(index));
        }
        agenda.add(SECOND, Event::Write);
        agenda.add(HOUR, Event::Sample);
        let users = size.users as usize;
        Self {
            size,
            now: 0,
            agenda,
            random,
            sites,
            servers: names::servers(size),
            server_cuts: [0; 4],
            conns: BTreeMap::new(),
            next_conn: 0,
            dirty: VecDeque::new(),
            ledger: Ledger::default(),
            metrics: Metrics::default(),
            lies: BTreeMap::new(),
            promises: BTreeMap::new(),
            seen: vec![0; users],
            expecting: vec![false; users],
            written: 0,
            chosen: plan.chosen,
            watched: BTreeSet::new(),
            gullible: false,
            reckless: false,
            broken: None,
            digest: Digest::new(),
            events: 0,
            patience: 6 * HOUR,
            active: 0,
            plan,
        }
    }

    /// Lets everything happen, until nothing does or a promise is broken.
    pub(crate) fn run(&mut self, mut progress: impl FnMut(&Self)) -> End_ {
        while self.broken.is_none() {
            let Some((at, event)) = self.agenda.next() else { break };
            self.now = at;
            self.events += 1;
            if self.events.is_multiple_of(65_536) {
                progress(self);
            }
            self.happen(event);
            while let Some(dirty) = self.dirty.pop_front() {
                match dirty {
                    Dirty::End(conn, side) => self.run_end(conn, side),
                    Dirty::Site(site) => self.run_site(site),
                }
            }
            if self.now > (self.plan.days + 30) * DAY {
                let lost = self.ledger.close().err();
                self.fail(lost.map_or_else(|| "the world does not end".into(), |lost| lost.0));
            }
        }
        self.compare_zones();
        if self.broken.is_none() {
            self.broken = self.ledger.close().err();
        }
        let (broken, digest, events) = (self.broken.clone(), self.digest.0, self.events);
        End_ { broken, digest, events, ended: self.now }
    }

    pub(crate) fn fail(&mut self, why: String) {
        self.broken.get_or_insert(Broken(why));
    }

    pub(crate) const fn written(&self) -> u32 {
        self.written
    }

    pub(crate) fn queued(&self) -> u64 {
        let queues = self.sites.iter().filter_map(|site| site.running.as_ref());
        queues.map(|running| running.queue.len() as u64).sum()
    }

    fn note(&mut self, kind: u8, octets: &[u8]) {
        self.digest.add(&[kind]);
        self.digest.add(&self.now.to_le_bytes());
        self.digest.add(octets);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Query { to, from, message, via } => {
                self.note(1, &message);
                self.answer_query(to, from, &message, via);
            }
            Event::Answer { to, message } => {
                self.note(2, &message);
                self.take_answer(to, Some(&message));
            }
            Event::FlowFailed(to) => self.take_answer(to, None),
            Event::Open(conn) => self.open(conn),
            Event::NotOpened(conn) => self.break_end(conn, 0),
            Event::Segment(conn, side, octets) => {
                self.note(3, &octets);
                self.take_segment(conn, side, &octets);
            }
            Event::Fin(conn, side) => {
                if let Some(machine) = self.machine(conn, side) {
                    machine.receive_eof();
                    self.dirty.push_back(Dirty::End(conn, side));
                }
            }
            Event::Reset(conn, side) => self.break_end(conn, side),
            Event::WakeEnd(conn, side) => self.wake_end(conn, side),
            Event::WakeSite(site) => self.wake_site(site),
            Event::Restart(site) => self.restart(site),
            Event::Fetched { site, life, link, policy } => {
                self.fetched_policy(site, life, link, policy.as_deref());
            }
            Event::Write => self.write(),
            Event::Submit(letter) => self.submit(letter),
            Event::Read(user) if names::reads_by_imap(user) => self.read_by_imap(user),
            Event::Read(user) => self.read_by_pop3(user),
            Event::FaultBegins(index) => self.fault(index, true),
            Event::FaultEnds(index) => self.fault(index, false),
            Event::Sample => self.sample(),
        }
    }

    // ---- users ----

    /// A user writes a letter.
    fn write(&mut self) {
        let from = u32::try_from(self.random.below(u64::from(self.size.users))).unwrap_or(0);
        let count = match self.random.below(10) {
            0 => 3,
            1 | 2 => 2,
            _ => 1,
        };
        let mut to = Vec::new();
        for _ in 0..count {
            let user = u32::try_from(self.random.below(u64::from(self.size.users))).unwrap_or(0);
            let address = match self.random.below(100) {
                0 | 1 => Address::Nobody(user),
                2 => Address::Nowhere,
                _ => Address::User(user),
            };
            if !to.contains(&address) {
                to.push(address);
            }
        }
        let octets = self.letter(self.written, from, &to);
        let letter = self.ledger.add(from, &to, &octets, self.now);
        self.written += 1;
        let home = self.size.site_of_user(from);
        let far = |to: &Address| matches!(to, Address::User(user) if self.size.site_of_user(*user) != home);
        if self.chosen.is_none() && to.iter().any(far) {
            self.chosen = Some(letter);
        }
        self.metrics.written(self.now);
        self.submit(letter);
        if self.written < self.plan.messages {
            let span = self.plan.days * DAY;
            let next = SECOND + span / u64::from(self.plan.messages) * u64::from(self.written);
            self.agenda.add(next.max(self.now), Event::Write);
        }
    }

    /// The octets of a letter follow from its number, so that nobody need keep them.
    pub(crate) fn write_letter(&self, number: u32) -> Bytes {
        let letter = &self.ledger.letters[number as usize];
        let to: Vec<_> = letter.to.iter().map(|to| to.address).collect();
        self.letter(number, letter.from, &to)
    }

    fn letter(&self, number: u32, from: u32, to: &[Address]) -> Bytes {
        use std::fmt::Write;
        let mut random = Random::new(self.plan.seed ^ u64::from(number) << 20);
        let names: Vec<_> = to.iter().map(|it| names::mail_address(self.size, *it)).collect();
        let mut text = format!(
            "X-Letter: {number}\r\nFrom: {}\r\nTo: {}\r\nSubject: Letter {number}\r\n\r\n",
            names::mail_address(self.size, Address::User(from)),
            names.join(", "),
        );
        for _ in 0..random.between(1, 12) {
            let _ = match random.below(8) {
                0 => write!(text, ".\r\n"),
                1 => write!(text, "..dots {}\r\n", random.below(1000)),
                _ => write!(text, "Do you like ketchup? {:x}\r\n", random.draw()),
            };
        }
        text.into()
    }

    fn submit(&mut self, letter: u32) {
        let site = self.size.site_of_user(self.ledger.letters[letter as usize].from);
        let conn = self.connect_smtp(site, site, Purpose::Submit(letter), None);
        if self.chosen == Some(letter) {
            self.trace(conn);
        }
    }

    /// What is said over a connection is written down.
    pub(crate) fn trace(&mut self, conn: ConnId) {
        if let Some(conn) = self.conns.get_mut(&conn) {
            (conn.trace, conn.traced) = (Some(Vec::new()), true);
        }
    }

    /// Whether the chosen letter is in a user's mailbox.
    pub(crate) fn has_chosen(&self, user: u32) -> bool {
        let Some(letter) = self.chosen.and_then(|it| self.ledger.letters.get(it as usize)) else {
            return false;
        };
        let theirs = letter.to.iter().any(|to| to.address == Address::User(user));
        let site = self.size.site_of_user(user) as usize;
        theirs && self.sites[site].disk.mail_of(user).iter().any(|it| number(it) == self.chosen)
    }

    pub(crate) fn fetched(&mut self, user: u32, octets: &Bytes) {
        if self.chosen.is_some() && number(octets) == self.chosen {
            let line = format!("{} has it", names::mail_address(self.size, Address::User(user)));
            self.metrics.ladder(self.now, line);
        }
        if Ledger::is_report(octets) {
            self.metrics.bounce(octets);
        }
        match self.ledger.read(user, octets, self.now) {
            Ok(Some(took)) => self.metrics.fetched(self.now, took),
            Ok(None) => {}
            Err(broken) => self.fail(broken.0),
        }
    }

    /// Once an hour: how long the queues are, and whether anybody holds too much.
    fn sample(&mut self) {
        let mut waiting = 0;
        for number in 0..self.sites.len() {
            let site = &mut self.sites[number];
            let Some(running) = &mut site.running else { continue };
            waiting += running.queue.len() as u64;
            let (connections, cached) = (running.queue.connections(), running.resolver.cached());
            let statistics = running.resolver.statistics();
            let seen = (statistics.hits, statistics.misses, running.queue.statistics().deferred);
            let before = mem::replace(&mut running.counted, seen);
            self.metrics.count(self.now, before, seen);
            if connections > 100 || cached > CACHE {
                self.fail(format!(
                    "site {number}: {connections} connections, {cached} in the cache"
                ));
            }
        }
        self.metrics.sample(self.now, waiting, self.conns.len() as u64);
        let quiet = self.written >= self.plan.messages
            && waiting == 0
            && self.ledger.open == 0
            && self.conns.is_empty();
        if !quiet || self.active > 0 || self.sites.iter().any(|site| site.running.is_none()) {
            self.agenda.add(self.now + HOUR, Event::Sample);
        }
    }

    /// Notes a query for the ladder of the chosen letter.
    pub(crate) fn note_query(&mut self, site: u32, to: std::net::IpAddr, message: &[u8]) {
        if !self.watched.contains(&site) {
            return;
        }
        if let Some(question) = homing::dns::Message::parse(message)
            .ok()
            .and_then(|it| it.question().map(|it| format!("{} {}", it.name, it.rtype)))
        {
            let line = format!("{} asks {to}: {question}", names::site(site));
            self.metrics.ladder(self.now, line);
        }
    }
}
