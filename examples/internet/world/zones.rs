//! Secondaries: that a zone has changed is told, asked for and transferred, all over the network.
use std::collections::BTreeMap;

use bytes::BytesMut;
use homing::dns::{
    Journal, Message, Notification, Notifier, Opcode, Rcode, RecordType, ZoneDelta,
    secondary::{self, Primary, Secondary},
    transfer::Outgoing,
};
use homing::proto_core::{Agent, Flow, Instant, Transmit, Transport};

use crate::clock::{instant, unix};
use crate::names::{self, Host};
use crate::net::{Asker, Event, Who};

use super::{Dirty, World};

/// The port of all name servers.
const PORT: u16 = 53;

/// How many octets of changes a zone remembers.
pub(crate) const CHANGES: usize = 4096;

/// A site's part in the zones of others, and in telling of its own, by domain.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    /// Those that may be behind. Of the others nobody would see that they look once an hour.
    secondaries: BTreeMap<u32, Secondary>,
    notifiers: BTreeMap<u32, Notifier>,
}

impl Zones {
    pub(super) fn deadline(&self) -> Option<Instant> {
        let secondaries = self.secondaries.values().filter_map(Agent::deadline);
        secondaries.chain(self.notifiers.values().filter_map(Notifier::deadline)).min()
    }

    pub(super) fn expire(&mut self, now: Instant) {
        for secondary in self.secondaries.values_mut() {
            if secondary.deadline().is_some_and(|due| due <= now) {
                secondary.expire(now);
            }
        }
    }
}

impl World {
    /// A domain's zone changes; its secondary is told.
    pub(super) fn change_zone(&mut self, domain: u32) {
        let number = self.size.site_of_domain(domain);
        let second = self.size.second(number);
        let apex = names::name(&names::domain(domain));
        let id = u16::try_from(self.random.below(65_536)).unwrap_or(0);
        let site = &mut self.sites[number as usize];
        let old = site.authority.zone(apex.view()).expect("a primary").clone();
        let zone = names::zone(self.size, domain, old.serial() + 1);
        let journal = site.journals.entry(domain).or_insert_with(|| Journal::new(CHANGES));
        journal.push(ZoneDelta::between(&old, &zone));
        site.authority.insert(zone.clone());
        if second == number {
            return;
        }
        if let Some(running) = &mut site.running {
            let told = (names::address(second, 0), PORT).into();
            running.zones.notifiers.insert(domain, Notifier::new(&zone, [(told, id)]));
            self.dirty.push_back(Dirty::Site(number));
        }
        self.sites[second as usize].follows.insert(domain);
        self.follow(second, domain);
    }

    /// A site that has started looks after the zones that may have changed meanwhile.
    pub(super) fn follow_all(&mut self, site: u32) {
        for domain in self.sites[site as usize].follows.clone() {
            self.follow(site, domain);
        }
    }

    fn follow(&mut self, number: u32, domain: u32) {
        let seed = self.random.seed();
        let primary = (names::address(self.size.site_of_domain(domain), 0), PORT).into();
        let site = &mut self.sites[number as usize];
        let Some(running) = &mut site.running else { return };
        if running.zones.secondaries.contains_key(&domain) {
            return;
        }
        let apex = names::name(&names::domain(domain));
        let zone = site.authority.zone(apex.view()).expect("a secondary").clone();
        let primaries = [Primary { address: primary, key: None, tls: None }];
        let made = Secondary::new(apex, primaries, seed).expect("there is a primary");
        let mut made = made.with_zone(zone);
        made.set_clock(instant(self.now), unix(self.now));
        made.expire(instant(self.now));
        running.zones.secondaries.insert(domain, made);
        self.dirty.push_back(Dirty::Site(number));
    }

    /// Sends what a site's secondaries and notifiers want to send, and takes what they have found.
    pub(super) fn run_zones(&mut self, number: u32) {
        let Some(running) = &mut self.sites[number as usize].running else { return };
        let zones = &mut running.zones;
        if zones.secondaries.is_empty() && zones.notifiers.is_empty() {
            return;
        }
        let (now, life) = (instant(self.now), self.sites[number as usize].life);
        let Some(running) = &mut self.sites[number as usize].running else { return };
        let (mut sent, mut found) = (Vec::new(), Vec::new());
        for (domain, secondary) in &mut running.zones.secondaries {
            while let Some(transmit) = secondary.transmit() {
                if let Transmit::Send { flow, to, via, message } = transmit {
                    let who = Who::Secondary(*domain);
                    sent.push((Asker { site: number, life, flow, who }, to, message, via));
                }
            }
            while let Some(event) = secondary.poll() {
                found.push((*domain, event));
            }
        }
        for (domain, notifier) in &mut running.zones.notifiers {
            while let Some((to, message)) = notifier.transmit(now) {
                let (flow, who) = (Flow::new(0), Who::Notifier(*domain));
                sent.push((Asker { site: number, life, flow, who }, to, message, Transport::Udp));
            }
        }
        running.zones.notifiers.retain(|_, notifier| !notifier.is_done());
        for (asker, to, message, via) in sent {
            self.send_query(asker, to.ip(), message, via);
        }
        for (domain, event) in found {
            self.zone_found(number, domain, event);
        }
    }

    fn zone_found(&mut self, number: u32, domain: u32, event: secondary::Event) {
        match event {
            secondary::Event::Zone(zone) => {
                self.metrics.transfers += 1;
                self.sites[number as usize].authority.insert(zone);
            }
            secondary::Event::Current(_) => {}
            // It tries again.
            _ => return,
        }
        if self.serial(number, domain) == self.serial(self.size.site_of_domain(domain), domain) {
            let site = &mut self.sites[number as usize];
            site.follows.remove(&domain);
            if let Some(running) = &mut site.running {
                running.zones.secondaries.remove(&domain);
            }
        }
    }

    fn serial(&self, site: u32, domain: u32) -> u32 {
        let apex = names::name(&names::domain(domain));
        let zone = self.sites[site as usize].authority.zone(apex.view());
        zone.map_or(0, homing::dns::Zone::serial)
    }

    /// Answers what is no simple query; false if it is one.
    pub(crate) fn answer_transfer(
        &mut self,
        number: u32,
        from: Asker,
        octets: &[u8],
        via: Transport,
    ) -> bool {
        let Ok(query) = Message::parse(octets) else { return false };
        let Some(question) = query.question() else { return false };
        if query.header().opcode == Opcode::NOTIFY {
            self.be_notified(number, from, &query);
            return true;
        }
        if !matches!(question.rtype, RecordType::AXFR | RecordType::IXFR) {
            return false;
        }
        let site = &self.sites[number as usize];
        let domain = self.size.domain(question.name.to_string().trim_end_matches('.'));
        let none = Journal::new(0);
        let journal = domain.and_then(|it| site.journals.get(&it)).unwrap_or(&none);
        let Some(zone) = site.authority.zone(question.name) else { return false };
        let Ok(mut outgoing) = Outgoing::new(zone, journal, &query, via, None) else {
            return false;
        };
        let mut messages = Vec::new();
        while let Ok(Some(message)) = outgoing.message(unix(self.now)) {
            messages.push(message);
        }
        // In order, as a stream has them; and all or none, as one that is cut.
        let copies = self.copies(from.site, Some(Host::Site(number)), via != Transport::Udp);
        let at = self.now + self.delay(from.site, Some(Host::Site(number)));
        for (later, message) in (0..).zip(messages).filter(|_| copies > 0) {
            self.agenda.add(at + later, Event::Answer { to: from, message });
        }
        true
    }

    /// A secondary is told of a change.
    fn be_notified(&mut self, number: u32, from: Asker, message: &Message<'_>) {
        let notified = Notification::parse(message);
        let domain = notified.as_ref().map(|it| it.zone.to_string());
        let domain = domain.and_then(|it| self.size.domain(it.trim_end_matches('.')));
        let Some((notified, domain)) = notified.zip(domain) else { return };
        let now = instant(self.now);
        let running = self.sites[number as usize].running.as_mut();
        if let Some(secondary) = running.and_then(|it| it.zones.secondaries.get_mut(&domain)) {
            secondary.notify(now, notified.serial);
            self.dirty.push_back(Dirty::Site(number));
        }
        let mut out = BytesMut::new();
        Notification::answer(message, Rcode::NOERROR, &mut out);
        let at = self.now + self.delay(from.site, Some(Host::Site(number)));
        for _ in 0..self.copies(from.site, Some(Host::Site(number)), false) {
            let message = out.clone().freeze();
            self.agenda.add(at, Event::Answer { to: from, message });
        }
    }

    /// An answer, or the end of its flow, for a secondary or a notifier.
    pub(crate) fn take_zone_answer(&mut self, to: Asker, message: Option<&[u8]>) {
        let now = instant(self.now);
        let second = (names::address(self.size.second(to.site), 0), PORT).into();
        let Some(running) = &mut self.sites[to.site as usize].running else { return };
        match (to.who, message) {
            (Who::Secondary(domain), message) => {
                let Some(secondary) = running.zones.secondaries.get_mut(&domain) else { return };
                match message {
                    Some(message) => secondary.receive(now, to.flow, message),
                    None => secondary.fail(now, to.flow),
                }
            }
            (Who::Notifier(domain), Some(message)) => {
                if let Some(notifier) = running.zones.notifiers.get_mut(&domain) {
                    notifier.receive(now, second, message);
                }
            }
            _ => {}
        }
        self.dirty.push_back(Dirty::Site(to.site));
    }

    /// At the end every secondary has what its primary has.
    pub(super) fn compare_zones(&mut self) {
        for domain in 0..self.size.domains {
            let (first, apex) =
                (self.size.site_of_domain(domain), names::name(&names::domain(domain)));
            let zones = [first, self.size.second(first)].map(|site| {
                let zone = self.sites[site as usize].authority.zone(apex.view());
                zone.map(|zone| {
                    zone.records()
                        .map(|it| it.to_string())
                        .collect::<std::collections::BTreeSet<_>>()
                })
            });
            let changed = self.sites[first as usize].journals.contains_key(&domain);
            if changed && zones[0] != zones[1] {
                return self.fail(format!("the secondary of domain {domain} is behind"));
            }
        }
    }
}
