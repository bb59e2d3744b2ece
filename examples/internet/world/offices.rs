//! The mail servers: what their queues want, carried out.

use bytes::{Bytes, BytesMut};
use homing::delivery::{
    Action, Cause, Handover, Hop, LinkId, Queue, Record, Report, Reporter, Security, Verdict,
};
use homing::mime::DateTime;
use homing::proto_core::{Agent, Instant, Text};
use homing::smtp::{Parameters, client::Envelope};

use crate::clock::{Micros, instant, micros, unix};
use crate::disk::Died;
use crate::ledger::number;
use crate::mail::Purpose;
use crate::names::{self, Host};
use crate::net::{ConnId, End, Event};

use super::{Dirty, World};

impl World {
    pub(crate) fn with_queue(&mut self, site: u32, call: impl FnOnce(&mut Queue, (Instant, u64))) {
        let now = (instant(self.now), unix(self.now));
        if let Some(running) = &mut self.sites[site as usize].running {
            call(&mut running.queue, now);
            self.dirty.push_back(Dirty::Site(site));
        }
    }

    pub(super) fn run_site(&mut self, site: u32) {
        if self.write_records(site).is_err() {
            self.dies(site);
        }
        self.run_resolver(site);
        self.run_zones(site);
        let place = &mut self.sites[site as usize];
        let Some(running) = &mut place.running else { return };
        let due = running.queue.deadline().into_iter().chain(running.resolver.deadline());
        let due = due.chain(running.zones.deadline()).min();
        if let Some(due) = due.map(micros).map(|due| due.max(self.now + 1))
            && due < place.wake
        {
            place.wake = due;
            self.agenda.add(due, Event::WakeSite(site));
        }
    }

    pub(super) fn wake_site(&mut self, site: u32) {
        let now = (instant(self.now), unix(self.now));
        let place = &mut self.sites[site as usize];
        if place.wake != self.now {
            return;
        }
        place.wake = Micros::MAX;
        let Some(running) = &mut place.running else { return };
        running.queue.expire(now.0, now.1);
        running.resolver.expire(now.0);
        running.zones.expire(now.0);
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

    pub(super) fn obey(&mut self, site: u32, action: Action) -> Result<(), Died> {
        let place = &mut self.sites[site as usize];
        match action {
            Action::Write(record) => {
                if let Err(died) = place.disk.append(&record) {
                    self.doubt_record(site, &record);
                    return Err(died);
                }
                if let Record::Policy(held) = &record {
                    self.note_policy(site, held);
                }
            }
            Action::LookUp { link, name, rtype } => {
                self.ask(site, link, &name, rtype);
                self.dirty.push_back(Dirty::Site(site));
            }
            Action::Connect { link, hop } => self.connect_link(site, link, hop),
            Action::Fetch { link, domain } => self.fetch_policy(site, link, &domain),
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

    pub(super) fn connect_link(&mut self, site: u32, link: LinkId, mut hop: Hop) {
        let Some(Host::Site(to)) = self.size.host(hop.address.ip()) else {
            return self.fail(format!("site {site} sends mail to {}", hop.address));
        };
        if self.reckless && self.sites[to as usize].trouble.is_some() {
            hop.security = Security::Plain;
        }
        self.metrics.cleared += u64::from(hop.security == Security::Plain);
        let conn = self.connect_smtp(site, to, Purpose::Link(site, link), Some(hop));
        let watched = self.watched.contains(&site);
        if watched && let Some(conn) = self.conns.get_mut(&conn) {
            conn.trace = Some(Vec::new());
        }
        if let Some(running) = &mut self.sites[site as usize].running {
            running.links.insert(link, conn);
        }
    }

    pub(super) fn send(
        &mut self,
        site: u32,
        link: LinkId,
        id: Option<ConnId>,
        envelope: Envelope,
        octets: Bytes,
    ) {
        let traced = self.chosen.is_some() && number(&octets) == self.chosen;
        if let Some(id) = id {
            self.beware(site, id, &envelope);
        }
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

    pub(super) fn keep(
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
    pub(super) fn report(&mut self, site: u32, report: Report) -> Result<(), Died> {
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
    pub(super) fn doubt_record(&mut self, site: u32, record: &Record) {
        if let Record::Delivered { message, .. } = record
            && let Some(octets) = self.sites[site as usize].disk.messages.get(message).cloned()
        {
            self.ledger.doubt(&octets, |_| true);
        }
    }
}
