//! The network: how octets get from one end of a connection to the other.
use std::mem;

use crate::clock::{MILLI, Micros, SECOND, instant, micros};
use crate::imap;
use crate::machine::AnyMachine;
use crate::mail::{Purpose, Server};
use crate::names::{self, Host};
use crate::net::{Conn, ConnId, End, Event, Side};
use crate::pop::Keeper;

use super::{Dirty, World};

impl World {
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
            made: self.now,
            attack: None,
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

    pub(super) fn open(&mut self, id: ConnId) {
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
            End::Imap => End::ImapKeeper(Box::new(imap::Keeper::new(self, to))),
            _ => return,
        };
        let attack = self.sites[to as usize].attack;
        if let Some(conn) = self.conns.get_mut(&id) {
            conn.ends[1] = end;
            // Users are at home.
            conn.attack = attack.filter(|_| conn.sites[0] != conn.sites[1]);
        }
        self.dirty.extend([Dirty::End(id, 1), Dirty::End(id, 0)]);
    }

    pub(super) fn machine(&mut self, conn: ConnId, side: Side) -> Option<&mut dyn AnyMachine> {
        self.conns.get_mut(&conn)?.ends[side].machine()
    }

    pub(super) fn take_segment(&mut self, id: ConnId, side: Side, octets: &[u8]) {
        let now = instant(self.now);
        let Some(octets) = self.unveil(id, side, octets) else { return };
        if let Some(machine) = self.machine(id, side) {
            machine.receive(now, &octets);
            self.dirty.push_back(Dirty::End(id, side));
        }
    }

    pub(super) fn wake_end(&mut self, id: ConnId, side: Side) {
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
    pub(super) fn run_end(&mut self, id: ConnId, side: Side) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let mut end = mem::replace(&mut conn.ends[side], End::Gone);
        let goes_on = loop {
            let goes_on = match &mut end {
                End::Client(client) => self.run_client(client),
                End::Server(server) => self.run_server(server),
                End::Reader(reader) => self.run_reader(reader),
                End::Keeper(keeper) => self.run_keeper(keeper),
                End::ImapReader(reader) => self.run_imap_reader(reader),
                End::ImapKeeper(keeper) => self.run_imap_keeper(keeper),
                End::Smtp | End::Pop | End::Imap => true,
                End::Gone => return,
            };
            // What was held back while much was owed may go on now.
            if !self.flush(id, side, &mut end) || !goes_on {
                break goes_on;
            }
        };
        self.greet(id, &mut end);
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
    pub(super) fn flush(&mut self, id: ConnId, side: Side, end: &mut End) -> bool {
        let Some(machine) = end.machine() else { return false };
        let said = machine.output().split();
        if said.is_empty() {
            return false;
        }
        let stalled = self.stall(id);
        let cut = self.is_broken(id);
        let octets = self.veil(id, side, end, said.clone()).freeze();
        let split = self.random.chance(20).then(|| self.random.below(octets.len() as u64));
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return false };
        if let Some(trace) = &mut conn.trace {
            let who = if side == 0 { "C: " } else { "S: " };
            let text = String::from_utf8_lossy(&said);
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
    pub(super) fn stall(&mut self, id: ConnId) -> Micros {
        let Some(sites) = self.conns.get(&id).map(|conn| conn.sites) else { return 0 };
        let loss = sites.map(|site| self.sites[site as usize].loss).into_iter().max().unwrap_or(0);
        if loss > 0 && self.random.chance(loss) {
            self.random.between(200 * MILLI, 6 * SECOND)
        } else {
            0
        }
    }

    pub(super) fn is_broken(&self, id: ConnId) -> bool {
        let Some(conn) = self.conns.get(&id) else { return true };
        // Users are at home.
        conn.sites[0] != conn.sites[1]
            && conn.sites.iter().any(|site| self.sites[*site as usize].is_cut())
    }

    /// An end has closed.
    pub(super) fn leave(&mut self, id: ConnId, side: Side, end: &End) {
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

    pub(super) fn forget(&mut self, id: ConnId) {
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
    pub(super) fn break_end(&mut self, id: ConnId, side: Side) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let mut end = mem::replace(&mut conn.ends[side], End::Gone);
        let both = matches!(conn.ends[1 - side], End::Gone | End::Smtp | End::Pop | End::Imap);
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
            End::ImapReader(reader) => {
                if self.run_imap_reader(reader) {
                    self.imap_reader_failed(reader);
                }
            }
            End::ImapKeeper(keeper) => drop(self.run_imap_keeper(keeper)),
            End::Smtp | End::Pop | End::Imap | End::Gone => {}
        }
    }
}
