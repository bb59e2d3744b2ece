//! The world: everybody in it, and what happens next.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;

use bytes::{Bytes, BytesMut};
use homing::delivery::{Action, Cause, Handover, LinkId, Queue, Record, Report, Reporter, Verdict};
use homing::dns::Authority;
use homing::mime::DateTime;
use homing::proto_core::{Agent, Instant, Machine, Text};
use homing::smtp::{Parameters, client::Envelope};

use crate::clock::{DAY, HOUR, MILLI, MINUTE, Micros, SECOND, instant, micros, unix};
use crate::disk::Died;
use crate::faults::{Fault, Mood, What};
use crate::ledger::{Address, Broken, Ledger, number};
use crate::mail::{Purpose, Server};
use crate::metrics::Metrics;
use crate::names::{self, Host, Size};
use crate::net::{Agenda, Conn, ConnId, End, Event, Side};
use crate::pop::Keeper;
use crate::random::{Digest, Random};
use crate::site::Site;

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
    /// Of each user: the number of the last message fetched, and whether mail is to be fetched.
    pub(crate) seen: Vec<u64>,
    pub(crate) expecting: Vec<bool>,
    written: u32,
    /// The chosen letter, and the sites that hold it.
    pub(crate) chosen: Option<u32>,
    pub(crate) watched: BTreeSet<u32>,
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
        let mut sites: Vec<_> = (0..size.sites).map(|number| Site::new(size, number)).collect();
        for site in &mut sites {
            site.start(size, 0, &mut random, None);
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
            seen: vec![0; users],
            expecting: vec![false; users],
            written: 0,
            chosen: plan.chosen,
            watched: BTreeSet::new(),
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
            Event::Write => self.write(),
            Event::Submit(letter) => self.submit(letter),
            Event::Read(user) => self.read_mail(user),
            Event::Transfer(domain) => self.transfer(domain),
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
        let conn = self.connect_smtp(site, site, Purpose::Submit(letter));
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
        let mailbox = self.sites[site].disk.mailboxes.get(&user).filter(|_| theirs);
        mailbox.is_some_and(|it| it.iter().any(|(_, octets)| number(octets) == self.chosen))
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

    // ---- the network ----

    /// How long something takes to get to a host.
    pub(crate) fn delay(&mut self, _from: u32, to: Option<Host>) -> Micros {
        let far = if matches!(to, Some(Host::Server(_))) { 20 } else { 40 };
        // What varies so much overtakes.
        MILLI * far + self.random.below(20 * MILLI)
    }

    /// How many copies of a datagram arrive: none, one, or two.
    pub(crate) fn copies(&mut self, from: u32, to: Option<Host>, stream: bool) -> usize {
        let (cut, loss) = match to {
            Some(Host::Server(server)) => (self.server_cuts[server] > 0, 0),
            Some(Host::Site(site)) => {
                let site = &self.sites[site as usize];
                (site.is_cut(), site.loss)
            }
            None => (true, 0),
        };
        let own = &self.sites[from as usize];
        let (cut, loss) = (cut || own.is_cut(), loss.max(own.loss));
        if cut || !stream && loss > 0 && self.random.chance(loss) {
            self.metrics.lost += 1;
            return 0;
        }
        if !stream && loss > 0 && self.random.chance(50) { 2 } else { 1 }
    }

    pub(crate) fn connect(&mut self, from: u32, to: u32, client: End, listener: End) -> ConnId {
        self.next_conn += 1;
        let conn = self.next_conn;
        let latency = if from == to { MILLI } else { 30 * MILLI + self.random.below(40 * MILLI) };
        let made = Conn {
            ends: [client, listener],
            sites: [from, to],
            last: [self.now; 2],
            wake: [Micros::MAX; 2],
            latency,
            silent: false,
            trace: None,
            traced: false,
        };
        self.conns.insert(conn, made);
        for site in [from, to] {
            self.sites[site as usize].conns.insert(conn);
        }
        let (one, other) = (&self.sites[from as usize], &self.sites[to as usize]);
        match one.is_cut() || other.is_cut() {
            true => self.agenda.add(self.now + 30 * SECOND, Event::NotOpened(conn)),
            false => self.agenda.add(self.now + latency, Event::Open(conn)),
        }
        conn
    }

    fn open(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get(&id) else { return };
        let to = conn.sites[1];
        if self.sites[to as usize].running.is_none() {
            let at = self.now + conn.latency;
            return self.agenda.add(at, Event::NotOpened(id));
        }
        let end = match conn.ends[1] {
            End::Smtp => {
                let submission = matches!(&conn.ends[0], End::Client(it) if matches!(it.purpose, Purpose::Submit(_)));
                End::Server(Box::new(Server::new(self, to, submission)))
            }
            End::Pop => End::Keeper(Box::new(Keeper::new(self, to))),
            _ => return,
        };
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.ends[1] = end;
        }
        self.dirty.extend([Dirty::End(id, 1), Dirty::End(id, 0)]);
    }

    fn machine(&mut self, conn: ConnId, side: Side) -> Option<&mut dyn AnyMachine> {
        self.conns.get_mut(&conn)?.ends[side].machine()
    }

    fn take_segment(&mut self, id: ConnId, side: Side, octets: &[u8]) {
        let now = instant(self.now);
        if let Some(machine) = self.machine(id, side) {
            machine.receive(now, octets);
            self.dirty.push_back(Dirty::End(id, side));
        }
    }

    fn wake_end(&mut self, id: ConnId, side: Side) {
        let now = instant(self.now);
        let Some(conn) = self.conns.get_mut(&id) else { return };
        if conn.wake[side] != self.now {
            return;
        }
        conn.wake[side] = Micros::MAX;
        if let Some(machine) = conn.ends[side].machine() {
            if machine.deadline().is_some_and(|at| at <= now) {
                machine.expire(now);
            }
            self.dirty.push_back(Dirty::End(id, side));
        }
    }

    /// Lets one end of a connection go on.
    fn run_end(&mut self, id: ConnId, side: Side) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let mut end = mem::replace(&mut conn.ends[side], End::Gone);
        let goes_on = loop {
            let goes_on = match &mut end {
                End::Client(client) => self.run_client(client),
                End::Server(server) => self.run_server(server),
                End::Reader(reader) => self.run_reader(reader),
                End::Keeper(keeper) => self.run_keeper(keeper),
                End::Smtp | End::Pop => true,
                End::Gone => return,
            };
            // What was held back while much was owed may go on now.
            if !self.flush(id, side, &mut end) || !goes_on {
                break goes_on;
            }
        };
        if !goes_on {
            return self.leave(id, side, &end);
        }
        let deadline = end.machine().and_then(|machine| machine.deadline()).map(micros);
        let held = end.machine().map_or(0, |machine| machine.buffered());
        if held > 256 * 1024 {
            self.fail(format!("a session holds {held} octets"));
        }
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.ends[side] = end;
        if let Some(due) = deadline.map(|due| due.max(now + 1))
            && due < conn.wake[side]
        {
            conn.wake[side] = due;
            self.agenda.add(due, Event::WakeEnd(id, side));
        }
    }

    /// Sends what an end owes; false if that is nothing.
    fn flush(&mut self, id: ConnId, side: Side, end: &mut End) -> bool {
        let Some(machine) = end.machine() else { return false };
        let octets = machine.output().split().freeze();
        if octets.is_empty() {
            return false;
        }
        let stalled = self.stall(id);
        let cut = self.is_broken(id);
        let split = self.random.chance(20).then(|| self.random.below(octets.len() as u64));
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return false };
        if let Some(trace) = &mut conn.trace {
            let who = if side == 0 { "C: " } else { "S: " };
            let text = String::from_utf8_lossy(&octets);
            trace.extend(text.lines().map(|line| (now, format!("{who}{line}"))));
        }
        conn.silent |= cut;
        if conn.silent {
            return true;
        }
        let at = (self.now + conn.latency + stalled).max(conn.last[side]);
        conn.last[side] = at;
        let cut = usize::try_from(split.unwrap_or(0)).unwrap_or(0);
        let (first, rest) = (octets.slice(..cut), octets.slice(cut..));
        if !first.is_empty() {
            self.agenda.add(at, Event::Segment(id, 1 - side, first));
        }
        self.agenda.add(at, Event::Segment(id, 1 - side, rest));
        true
    }

    /// What is lost of a stream is sent again, which takes time.
    fn stall(&mut self, id: ConnId) -> Micros {
        let Some(sites) = self.conns.get(&id).map(|conn| conn.sites) else { return 0 };
        let loss = sites.map(|site| self.sites[site as usize].loss).into_iter().max().unwrap_or(0);
        if loss > 0 && self.random.chance(loss) {
            self.random.between(200 * MILLI, 6 * SECOND)
        } else {
            0
        }
    }

    fn is_broken(&self, id: ConnId) -> bool {
        let Some(conn) = self.conns.get(&id) else { return true };
        // Users are at home.
        conn.sites[0] != conn.sites[1]
            && conn.sites.iter().any(|site| self.sites[*site as usize].is_cut())
    }

    /// An end has closed.
    fn leave(&mut self, id: ConnId, side: Side, end: &End) {
        if let End::Client(client) = end
            && let Purpose::Link(site, link) = client.purpose
            && let Some(running) = &mut self.sites[site as usize].running
        {
            running.links.remove(&link);
        }
        let Some(conn) = self.conns.get(&id) else { return };
        let at = (self.now + conn.latency).max(conn.last[side]);
        let silent = conn.silent;
        if matches!(conn.ends[1 - side], End::Gone) {
            return self.forget(id);
        }
        if !silent {
            self.agenda.add(at, Event::Fin(id, 1 - side));
        }
    }

    fn forget(&mut self, id: ConnId) {
        let Some(conn) = self.conns.remove(&id) else { return };
        for site in conn.sites {
            self.sites[site as usize].conns.remove(&id);
        }
        if conn.traced {
            for (at, line) in conn.trace.unwrap_or_default() {
                let [from, to] = conn.sites.map(names::site);
                let from = if from == to { "user".into() } else { from };
                self.metrics.ladder(at, format!("{from} → {to}  {line}"));
            }
        }
    }

    /// A connection is reset, or was never made, as one end sees it.
    fn break_end(&mut self, id: ConnId, side: Side) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let mut end = mem::replace(&mut conn.ends[side], End::Gone);
        let both = matches!(conn.ends[1 - side], End::Gone | End::Smtp | End::Pop);
        if both {
            self.forget(id);
        }
        if let Some(machine) = end.machine() {
            machine.receive_eof();
        }
        match &mut end {
            End::Client(client) => {
                // The session says what became of the message before it says why.
                if self.run_client(client) {
                    self.client_failed(client);
                }
            }
            End::Server(server) => drop(self.run_server(server)),
            End::Reader(reader) => {
                if self.run_reader(reader) {
                    self.reader_failed(reader);
                }
            }
            End::Keeper(keeper) => drop(self.run_keeper(keeper)),
            End::Smtp | End::Pop | End::Gone => {}
        }
    }

    // ---- sites ----

    pub(crate) fn with_queue(&mut self, site: u32, call: impl FnOnce(&mut Queue, (Instant, u64))) {
        let now = (instant(self.now), unix(self.now));
        if let Some(running) = &mut self.sites[site as usize].running {
            call(&mut running.queue, now);
            self.dirty.push_back(Dirty::Site(site));
        }
    }

    fn run_site(&mut self, site: u32) {
        if self.write_records(site).is_err() {
            self.dies(site);
        }
        self.run_resolver(site);
        let place = &mut self.sites[site as usize];
        let Some(running) = &mut place.running else { return };
        let due = running.queue.deadline().into_iter().chain(running.resolver.deadline()).min();
        if let Some(due) = due.map(micros).map(|due| due.max(self.now + 1))
            && due < place.wake
        {
            place.wake = due;
            self.agenda.add(due, Event::WakeSite(site));
        }
    }

    fn wake_site(&mut self, site: u32) {
        let now = (instant(self.now), unix(self.now));
        let place = &mut self.sites[site as usize];
        if place.wake != self.now {
            return;
        }
        place.wake = Micros::MAX;
        let Some(running) = &mut place.running else { return };
        running.queue.expire(now.0, now.1);
        running.resolver.expire(now.0);
        self.dirty.push_back(Dirty::Site(site));
    }

    /// Does all that a site's queue wants, in order.
    pub(crate) fn write_records(&mut self, site: u32) -> Result<(), Died> {
        loop {
            let place = &mut self.sites[site as usize];
            let Some(running) = &mut place.running else { return Err(Died) };
            let Some(action) = running.queue.poll() else { break };
            self.obey(site, action)?;
        }
        let place = &mut self.sites[site as usize];
        if let Some(running) = &place.running
            && place.disk.is_large()
        {
            place.disk.replace(running.queue.snapshot())?;
        }
        Ok(())
    }

    fn obey(&mut self, site: u32, action: Action) -> Result<(), Died> {
        let place = &mut self.sites[site as usize];
        match action {
            Action::Write(record) => {
                if let Err(died) = place.disk.append(&record) {
                    self.doubt_record(site, &record);
                    return Err(died);
                }
            }
            Action::LookUp { link, name, rtype } => {
                self.ask(site, link, &name, rtype);
                self.dirty.push_back(Dirty::Site(site));
            }
            Action::Connect { link, hop } => self.connect_link(site, link, hop.address.ip()),
            Action::Send { link, message, envelope } => {
                let octets = place.disk.messages.get(&message).cloned().unwrap_or_default();
                let links = place.running.as_ref().map(|running| &running.links);
                let conn = links.and_then(|links| links.get(&link).copied());
                self.send(site, link, conn, envelope, octets);
            }
            Action::Keep { link, message, envelope } => {
                let octets = place.disk.messages.get(&message).cloned().unwrap_or_default();
                self.keep(site, link, &envelope, &octets)?;
            }
            Action::Close { link } => {
                let conn = place.running.as_mut().and_then(|running| running.links.remove(&link));
                if let Some(id) = conn
                    && let Some(conn) = self.conns.get_mut(&id)
                    && let End::Client(client) = &mut conn.ends[0]
                {
                    let _ = client.session.quit();
                    self.dirty.push_back(Dirty::End(id, 0));
                }
            }
            Action::Report(report) => self.report(site, report)?,
            Action::Forget(message) => {
                let octets = place.disk.messages.remove(&message);
                if octets.is_some_and(|octets| number(&octets) == self.chosen) {
                    self.watched.remove(&site);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn connect_link(&mut self, site: u32, link: LinkId, to: std::net::IpAddr) {
        let Some(Host::Site(to)) = self.size.host(to) else {
            return self.fail(format!("site {site} sends mail to {to}"));
        };
        let conn = self.connect_smtp(site, to, Purpose::Link(site, link));
        let watched = self.watched.contains(&site);
        if watched && let Some(conn) = self.conns.get_mut(&conn) {
            conn.trace = Some(Vec::new());
        }
        if let Some(running) = &mut self.sites[site as usize].running {
            running.links.insert(link, conn);
        }
    }

    fn send(
        &mut self,
        site: u32,
        link: LinkId,
        id: Option<ConnId>,
        envelope: Envelope,
        octets: Bytes,
    ) {
        let traced = self.chosen.is_some() && number(&octets) == self.chosen;
        let end = id.and_then(|id| self.conns.get_mut(&id));
        if let Some(conn) = end
            && let End::Client(client) = &mut conn.ends[0]
        {
            client.send(envelope, octets);
            conn.traced |= traced && conn.trace.is_some();
            self.dirty.extend(id.map(|id| Dirty::End(id, 0)));
            return;
        }
        // It ended, and the queue does not know yet.
        self.with_queue(site, |queue, now| queue.closed(now.0, now.1, link));
    }

    fn keep(
        &mut self,
        site: u32,
        link: LinkId,
        envelope: &Envelope,
        octets: &Bytes,
    ) -> Result<(), Died> {
        let cause = |status: &str, words| {
            Cause::new(status.parse().expect("a status"), Text::from_static(words))
        };
        let full = self.sites[site as usize].disk.full;
        let mut users = Vec::new();
        let verdicts: Vec<_> = envelope
            .recipients
            .iter()
            .map(|it| match it.to.mailbox().and_then(|to| self.user(to)) {
                None => Verdict::Failed(cause("5.1.1", "no such user")),
                Some(_) if full => Verdict::Deferred(cause("4.3.1", "the disk is full")),
                Some(user) => {
                    users.push(user);
                    Verdict::Delivered(Handover::Delivered)
                }
            })
            .collect();
        if !users.is_empty() {
            self.sites[site as usize].disk.deliver(&users, octets)?;
            self.arrived(&users);
        }
        self.with_queue(site, |queue, now| queue.kept(now.0, now.1, link, &verdicts));
        Ok(())
    }

    /// A report is one more message of the queue.
    fn report(&mut self, site: u32, report: Report) -> Result<(), Died> {
        let now = (instant(self.now), unix(self.now));
        let random = u128::from(self.random.draw());
        let place = &mut self.sites[site as usize];
        let Some(running) = &mut place.running else { return Err(Died) };
        if place.disk.full {
            running.reports.push_back(report);
            return Ok(());
        }
        let original = place.disk.messages.get(&report.message).cloned().unwrap_or_default();
        let date = DateTime::new(i64::try_from(now.1).unwrap_or(0), 0).expect("a date");
        let host = names::site(site);
        let reporter = Reporter { host: &host, date, random: Some(random) };
        let mut octets = BytesMut::new();
        report.compose(reporter, original).expect("names of this world").write(&mut octets);
        let submitted =
            running.queue.submit_report(now.0, now.1, report.message, Parameters::default());
        if let Some(message) = submitted {
            place.disk.store(message, octets.freeze())?;
            self.metrics.reports += 1;
        }
        Ok(())
    }

    /// What was done and is not written will be done again.
    fn doubt_record(&mut self, site: u32, record: &Record) {
        if let Record::Delivered { message, .. } = record
            && let Some(octets) = self.sites[site as usize].disk.messages.get(message).cloned()
        {
            self.ledger.doubt(&octets, |_| true);
        }
    }

    /// A machine dies: what was only in its memory is gone.
    pub(crate) fn dies(&mut self, site: u32) {
        let place = &mut self.sites[site as usize];
        let Some(mut running) = place.running.take() else { return };
        place.disk.fuse = None;
        let mut unwritten = Vec::new();
        while let Some(action) = running.queue.poll() {
            match action {
                Action::Write(record) => unwritten.push(record),
                Action::LookUp { .. } | Action::Connect { .. } => break,
                _ => {}
            }
        }
        let conns: Vec<_> = mem::take(&mut place.conns).into_iter().collect();
        for record in &unwritten {
            self.doubt_record(site, record);
        }
        for id in conns {
            self.cut_off(site, id);
        }
        self.metrics.crashes += 1;
        let mut lasts = self.plan.faults.iter().filter(|fault| {
            matches!(fault.what, What::Crash { site: it, .. } if it == site) && fault.at <= self.now
        });
        let down = lasts.next_back().map_or(MINUTE, |fault| fault.lasts);
        self.agenda.add(self.now + down, Event::Restart(site));
    }

    /// The ends of a connection at a site that died are gone; the others learn of it.
    fn cut_off(&mut self, site: u32, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let at = self.now + conn.latency;
        for side in [0, 1] {
            let user = match &conn.ends[side] {
                End::Client(client) => matches!(client.purpose, Purpose::Submit(_)),
                End::Reader(_) => true,
                _ => false,
            };
            // Users are not on the machine that died.
            if conn.sites[side] == site && !user {
                if let End::Client(client) = mem::replace(&mut conn.ends[side], End::Gone) {
                    let conn_sites = conn.sites;
                    self.client_died(&client);
                    let Some(again) = self.conns.get_mut(&id) else { return };
                    debug_assert!(again.sites == conn_sites);
                    return self.tell_other(id, side, at);
                }
                return self.tell_other(id, side, at);
            }
        }
    }

    fn tell_other(&mut self, id: ConnId, side: Side, at: Micros) {
        let Some(conn) = self.conns.get(&id) else { return };
        if matches!(conn.ends[1 - side], End::Gone) {
            return self.forget(id);
        }
        // What was still on its way must not arrive after the end.
        self.agenda.add(at.max(conn.last[side]), Event::Reset(id, 1 - side));
    }

    fn restart(&mut self, site: u32) {
        let place = &mut self.sites[site as usize];
        if place.running.is_none() {
            place.start(self.size, self.now, &mut self.random, None);
            self.dirty.push_back(Dirty::Site(site));
        }
    }

    // ---- faults ----

    fn fault(&mut self, index: usize, begins: bool) {
        let fault = self.plan.faults[index].clone();
        self.active = if begins { self.active + 1 } else { self.active - 1 };
        if begins {
            self.metrics.fault(self.now);
        }
        let step = |count: u32| if begins { count + 1 } else { count - 1 };
        match fault.what {
            What::Loss { site, per_mille } => {
                self.sites[site as usize].loss = if begins { per_mille } else { 0 };
            }
            What::Cut { site } => {
                let place = &mut self.sites[site as usize];
                place.cut = step(place.cut);
            }
            What::CutServer { server } => {
                self.server_cuts[server] = step(self.server_cuts[server]);
            }
            What::Resets { site } if begins => {
                let conns: Vec<_> = self.sites[site as usize].conns.iter().copied().collect();
                for id in conns {
                    let Some(conn) = self.conns.get_mut(&id) else { continue };
                    conn.silent = true;
                    self.agenda.add(self.now + MILLI, Event::Reset(id, 0));
                    self.agenda.add(self.now + MILLI, Event::Reset(id, 1));
                }
            }
            What::Crash { site, writes } if begins => {
                let place = &mut self.sites[site as usize];
                if place.running.is_some() {
                    place.disk.fuse = Some(writes);
                }
            }
            What::Full { site } => {
                self.sites[site as usize].disk.full = begins;
                self.report_again(site);
            }
            What::Mood { site, mood } => {
                self.sites[site as usize].mood = if begins { mood } else { Mood::Fair };
            }
            What::Move { domain } if begins => self.change_zone(domain),
            What::Forge { site } => self.sites[site as usize].forged = begins,
            _ => {}
        }
    }

    /// There is room for reports again.
    fn report_again(&mut self, site: u32) {
        let place = &mut self.sites[site as usize];
        if place.disk.full {
            return;
        }
        let Some(running) = &mut place.running else { return };
        for report in mem::take(&mut running.reports) {
            if self.report(site, report).is_err() {
                return self.dies(site);
            }
        }
        self.dirty.push_back(Dirty::Site(site));
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
            if connections > 100 || cached > 20_000 {
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

/// What sessions have in common, whatever they say.
pub(crate) trait AnyMachine {
    fn receive(&mut self, now: Instant, octets: &[u8]);
    fn receive_eof(&mut self);
    fn output(&mut self) -> &mut BytesMut;
    fn deadline(&self) -> Option<Instant>;
    fn expire(&mut self, now: Instant);
    fn buffered(&self) -> usize;
}

macro_rules! any_machine {
    ($($session:ty),*) => {$(
        impl AnyMachine for $session {
            fn receive(&mut self, now: Instant, octets: &[u8]) {
                Machine::receive(self, now, octets);
            }
            fn receive_eof(&mut self) {
                Machine::receive_eof(self);
            }
            fn output(&mut self) -> &mut BytesMut {
                Machine::output(self)
            }
            fn deadline(&self) -> Option<Instant> {
                Machine::deadline(self)
            }
            fn expire(&mut self, now: Instant) {
                Machine::expire(self, now);
            }
            fn buffered(&self) -> usize {
                <$session>::buffered(self)
            }
        }
    )*};
}

any_machine!(
    homing::smtp::client::Session,
    homing::smtp::server::Session,
    homing::pop3::client::Session,
    homing::pop3::server::Session
);

impl End {
    pub(crate) fn machine(&mut self) -> Option<&mut dyn AnyMachine> {
        Some(match self {
            Self::Client(client) => &mut client.session,
            Self::Server(server) => &mut server.session,
            Self::Reader(reader) => &mut reader.session,
            Self::Keeper(keeper) => &mut keeper.session,
            Self::Smtp | Self::Pop | Self::Gone => return None,
        })
    }
}
