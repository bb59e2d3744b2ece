//! Machines that die and start again, and what else goes wrong.
use std::mem;

use homing::delivery::Action;

use crate::clock::{MILLI, MINUTE, Micros};
use crate::faults::{Mood, What};
use crate::mail::Purpose;
use crate::net::{ConnId, End, Event, Side};

use super::{Dirty, World};

impl World {
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
    pub(super) fn cut_off(&mut self, site: u32, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let at = self.now + conn.latency;
        for side in [0, 1] {
            let user = match &conn.ends[side] {
                End::Client(client) => matches!(client.purpose, Purpose::Submit(_)),
                End::Reader(_) | End::ImapReader(_) => true,
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

    pub(super) fn tell_other(&mut self, id: ConnId, side: Side, at: Micros) {
        let Some(conn) = self.conns.get(&id) else { return };
        if matches!(conn.ends[1 - side], End::Gone) {
            return self.forget(id);
        }
        // What was still on its way must not arrive after the end.
        self.agenda.add(at.max(conn.last[side]), Event::Reset(id, 1 - side));
    }

    pub(super) fn restart(&mut self, site: u32) {
        let place = &mut self.sites[site as usize];
        if place.running.is_none() {
            place.start(self.size, self.now, &mut self.random, self.plan.trusting);
            self.follow_all(site);
            self.dirty.push_back(Dirty::Site(site));
        }
    }

    pub(super) fn fault(&mut self, index: usize, begins: bool) {
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
            What::Attack { site, attack } => {
                self.sites[site as usize].attack = begins.then_some(attack);
            }
            What::Tls { site, trouble } => {
                self.sites[site as usize].trouble = begins.then_some(trouble);
            }
            What::Spoof { site } => self.sites[site as usize].spoofed = begins,
            What::Forge { site } => self.sites[site as usize].forged = begins,
            _ => {}
        }
    }

    /// There is room for reports again.
    pub(super) fn report_again(&mut self, site: u32) {
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
}
