//! DNS between resolvers and authoritative servers.
use std::net::IpAddr;

use bytes::{Bytes, BytesMut};
use homing::delivery::{Answer, LinkId};
use homing::dns::{
    Authority, Header, Message, Name, Rdata, Record, RecordType, Section, Writer, recursive,
};
use homing::proto_core::{Agent, Transmit, Transport};

use crate::clock::{MINUTE, Micros, SECOND, instant};
use crate::names::{self, FORGED, Host};
use crate::net::{Asker, Event, Who};
use crate::world::{Dirty, World};

/// How long a lie is to be believed.
const LIE_SECONDS: u32 = 300;
const LIE: Micros = LIE_SECONDS as Micros * SECOND;

impl World {
    /// Sends what a site's resolver wants to send, and takes what it has found.
    pub(crate) fn run_resolver(&mut self, number: u32) {
        loop {
            let site = &mut self.sites[number as usize];
            let life = site.life;
            let Some(running) = &mut site.running else { return };
            if let Some(transmit) = running.resolver.transmit() {
                if let Transmit::Send { flow, to, via, message } = transmit {
                    let asker = Asker { site: number, life, flow, who: Who::Resolver };
                    self.send_query(asker, to.ip(), message, via);
                }
                continue;
            }
            let Some(event) = running.resolver.poll() else { break };
            let recursive::Event::Reply { client, message } = event else { continue };
            if let Some((link, rtype)) = running.asked.remove(&client.0) {
                let answer =
                    Message::parse(&message).map_or(Answer::Failed, |message| Answer::of(&message));
                self.believe(number, &answer);
                self.with_queue(number, |queue, now| {
                    queue.found(now.0, now.1, link, rtype, answer)
                });
            }
        }
    }

    /// No resolver believes what its zone did not say.
    fn believe(&mut self, site: u32, answer: &Answer) {
        let Answer::Records(records, _) = answer else { return };
        let thief = names::name(&names::site(self.size.thief()));
        let wrong = records.iter().find(|record| match record.data() {
            Rdata::A { address } if IpAddr::V4(address) == FORGED => {
                *record.owner() != thief && !self.may_believe(site, record.owner())
            }
            Rdata::A { address } => self.size.host(IpAddr::V4(address)).is_none(),
            Rdata::Mx { exchange, .. } => {
                exchange.to_name() == thief && !self.may_believe(site, record.owner())
            }
            _ => false,
        });
        if let Some(wrong) = wrong {
            self.fail(format!("the resolver of site {site} believes {wrong}"));
        }
    }

    /// Whether a resolver may believe a lie about a name: it was told so, and nothing that is
    /// signed says otherwise.
    fn may_believe(&self, site: u32, name: &Name) -> bool {
        let text = name.to_string();
        let domain = text.trim_start_matches("mail.").trim_end_matches('.');
        let signed = self.size.domain(domain).is_some_and(|it| names::is_signed(self.size, it));
        !signed && self.was_lied_to(site, name, self.now)
    }

    /// Whether somebody who knew the query has answered for this name, not long before.
    pub(crate) fn was_lied_to(&self, site: u32, name: &Name, now: Micros) -> bool {
        let told = self.lies.get(&(site, name.clone()));
        told.is_some_and(|told| now.saturating_sub(*told) < LIE + 30 * MINUTE)
    }

    pub(crate) fn send_query(&mut self, from: Asker, to: IpAddr, message: Bytes, via: Transport) {
        let host = self.size.host(to);
        self.metrics.query(self.now, host);
        self.note_query(from.site, to, &message);
        let stream = via != Transport::Udp;
        for _ in 0..self.copies(from.site, host, stream) {
            let at = self.now + self.delay(from.site, host);
            let message = message.clone();
            self.agenda.add(at, Event::Query { to, from, message, via });
        }
        let resolving = matches!(from.who, Who::Resolver);
        let place = &self.sites[from.site as usize];
        let (forged, spoofed) = (place.forged, place.spoofed && !place.is_cut());
        if forged && !stream && resolving {
            self.forge(from, &message);
        }
        if spoofed && !stream && resolving {
            self.spoof(from, &message);
        }
    }

    /// Somebody on the way sees the whole query, and answers it first: that mail goes to him, and
    /// that there are no policies and no keys.
    fn spoof(&mut self, to: Asker, query: &[u8]) {
        let Ok(query) = Message::parse(query) else { return };
        let Some(question) = query.question() else { return };
        let owner = question.name.to_name();
        let (ttl, thief) = (LIE_SECONDS, names::name(&names::site(self.size.thief())));
        let record = match question.rtype {
            RecordType::MX => {
                let mx = Rdata::Mx { preference: 0, exchange: thief.view() };
                Some(Record::new(owner.clone(), ttl, mx))
            }
            RecordType::A if owner.to_string().starts_with("mail.") => {
                Some(Record::address(owner.clone(), ttl, FORGED))
            }
            RecordType::TXT | RecordType::TLSA => None,
            _ => return,
        };
        if let Some(message) = lie(&query, query.header().id, record.as_ref()) {
            self.metrics.forged += 1;
            self.lies.insert((to.site, owner), self.now);
            self.agenda.add(self.now + 1, Event::Answer { to, message });
        }
    }

    /// Somebody who sees that a query goes out, but not what its id is, answers it first.
    fn forge(&mut self, to: Asker, query: &[u8]) {
        let Ok(query) = Message::parse(query) else { return };
        let Some(question) = query.question() else { return };
        for _ in 0..4 {
            let id = u16::try_from(self.random.below(65_536)).unwrap_or(0);
            if id == query.header().id {
                continue;
            }
            let record = Record::address(question.name.to_name(), 86_400, FORGED);
            if let Some(message) = lie(&query, id, Some(&record)) {
                self.metrics.forged += 1;
                self.agenda.add(self.now + 1, Event::Answer { to, message });
            }
        }
    }

    /// A query arrives at an authoritative server.
    pub(crate) fn answer_query(&mut self, to: IpAddr, from: Asker, message: &[u8], via: Transport) {
        let Some(host) = self.size.host(to) else { return };
        if let Host::Site(site) = host
            && self.sites[site as usize].running.is_some()
            && self.answer_transfer(site, from, message, via)
        {
            return;
        }
        let mut out = BytesMut::new();
        let authority: &Authority = match host {
            Host::Server(server) => &self.servers[server / 2],
            Host::Site(site) => {
                let site = &self.sites[site as usize];
                if site.running.is_none() {
                    let at = self.now + self.delay(from.site, Some(host));
                    return self.agenda.add(at, Event::FlowFailed(from));
                }
                &site.authority
            }
        };
        authority.respond(message, via, &mut out);
        let message = out.freeze();
        for _ in 0..self.copies(from.site, Some(host), via != Transport::Udp) {
            let at = self.now + self.delay(from.site, Some(host));
            let message = message.clone();
            self.agenda.add(at, Event::Answer { to: from, message });
        }
    }

    pub(crate) fn take_answer(&mut self, to: Asker, message: Option<&[u8]>) {
        let site = &mut self.sites[to.site as usize];
        if site.life != to.life {
            return;
        }
        let Some(running) = &mut site.running else { return };
        if !matches!(to.who, Who::Resolver) {
            return self.take_zone_answer(to, message);
        }
        match message {
            Some(message) => running.resolver.receive(instant(self.now), to.flow, message),
            None => running.resolver.fail(instant(self.now), to.flow),
        }
        self.dirty.push_back(Dirty::Site(to.site));
    }

    /// A query of a link's goes to the site's resolver.
    pub(crate) fn ask(&mut self, number: u32, link: LinkId, name: &Name, rtype: RecordType) {
        let site = &mut self.sites[number as usize];
        let Some(running) = &mut site.running else { return };
        running.next += 1;
        let client = running.next;
        running.asked.insert(client, (link, rtype));
        let mut query =
            BytesMut::from(homing::dns::Query::new(name, rtype).recursion(true).write());
        // AD: say what is validated (RFC 6840 §5.7).
        query[3] |= 0x20;
        let query = Message::parse(&query).expect("our own");
        // Over a stream, as it were: who asks by UDP gets no answer that comes late.
        let asked = running.resolver.resolve(
            instant(self.now),
            recursive::ClientId(client),
            &query,
            Transport::Tcp,
        );
        asked.expect("a query");
    }
}

/// An answer to a query, under this id.
fn lie(query: &Message<'_>, id: u16, record: Option<&Record>) -> Option<Bytes> {
    let header = Header { id, authoritative: true, ..query.header().answer() };
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, header, 1232);
    writer.question(query.question()?).ok()?;
    writer.section(Section::Answer).ok()?;
    if let Some(record) = record {
        writer.record(record).ok()?;
    }
    writer.finish();
    Some(out.freeze())
}
