//! A primary and a secondary without a network, in virtual time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod common;

use std::time::Duration;

use bytes::BytesMut;
use common::zone;
use dns_proto::authority::{Client, Reply, Server};
use dns_proto::secondary::{Event, Limits, Primary, Secondary};
use dns_proto::tsig::{Algorithm, Key, Keyring};
use dns_proto::{
    Access, Action, Authority, Message, Misuse, Name, Outcome, Query, Rcode, Record, RecordType,
    Rule, Update, Zone, ZoneDelta,
};
use proto_core::{Agent, Instant, Transmit, Transport};

const NOW: u64 = 1_800_000_000;
const PRIMARY: &str = "192.0.2.1:53";
const OTHER: &str = "192.0.2.2:53";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A version with SOA timers of 1200, 300 and 4000 seconds.
fn version(serial: u32) -> Zone {
    let text = format!(
        "@ 60 SOA ns host {serial} 1200 300 4000 5\n@ 60 NS ns\nns 60 A 192.0.2.{serial}\n"
    );
    let records = dns_proto::zone_file::read("z", text.as_bytes(), name("z"), |_| None);
    Zone::new(records.unwrap()).unwrap()
}

fn key(name: &str) -> Key {
    Key::new(name.parse().unwrap(), Algorithm::HmacSha256, b"secret".to_vec())
}

fn rules(rules: &[(&str, Action)]) -> Access {
    let rule = |(who, action): &(&str, Action)| {
        let who = who.parse().unwrap();
        Rule { who, action: *action, zone: None, allow: true }
    };
    rules.iter().map(rule).collect()
}

fn primary(zone: Zone) -> Server {
    let mut authority = Authority::default();
    authority.insert(zone);
    let all = [("key", Action::Transfer), ("key", Action::Update), ("192.0.2.9", Action::Notify)];
    Server::new(authority).with_keys(Keyring::from_iter([key("key")])).with_access(rules(&all))
}

fn client(via: Transport) -> Client {
    Client { address: Some([192, 0, 2, 7].into()), now: NOW, ..via.into() }
}

/// All messages that a server answers with.
fn ask(server: &Server, query: &[u8], via: Transport, now: u64) -> Vec<BytesMut> {
    let mut out = BytesMut::new();
    match server.receive(query, Client { now, ..client(via) }, &mut out) {
        Reply::Transfer(mut outgoing) => {
            std::iter::from_fn(|| outgoing.message(now).unwrap()).map(BytesMut::from).collect()
        }
        _ => vec![out],
    }
}

fn rcode(server: &Server, query: &[u8], via: Transport) -> Rcode {
    Message::parse(&ask(server, query, via, NOW)[0]).unwrap().rcode()
}

/// A secondary, and the primaries that can be reached.
struct World {
    now: Instant,
    secondary: Secondary,
    primaries: Vec<(&'static str, Server)>,
    /// What was sent: where, how, and what for.
    sent: Vec<(String, Transport, RecordType)>,
}

impl World {
    fn new(primaries: Vec<(&'static str, Server)>) -> Self {
        let all = [PRIMARY, OTHER].map(|address| {
            let address = address.parse().unwrap();
            Primary { address, key: Some(key("key")), tls: None }
        });
        let mut secondary = Secondary::new(name("z"), all, [7; 32]).unwrap();
        secondary.set_clock(Instant::ORIGIN, NOW);
        Self { now: Instant::ORIGIN, secondary, primaries, sent: Vec::new() }
    }

    /// Goes to the next deadline, and tells what happens there.
    fn next(&mut self) -> Vec<Event> {
        self.now = self.now.max(self.secondary.deadline().unwrap());
        self.secondary.expire(self.now);
        self.exchange()
    }

    fn exchange(&mut self) -> Vec<Event> {
        while let Some(transmit) = self.secondary.transmit() {
            let Transmit::Send { flow, to, via, message } = transmit else { continue };
            let rtype = Message::parse(&message).unwrap().question().unwrap().rtype;
            self.sent.push((to.to_string(), via, rtype));
            let server = self.primaries.iter().find(|(at, _)| *at == to.to_string());
            let Some((_, server)) = server else {
                self.secondary.fail(self.now, flow);
                continue;
            };
            for answer in ask(server, &message, via, NOW + self.now.since_origin().as_secs()) {
                self.secondary.receive(self.now, flow, &answer);
            }
        }
        std::iter::from_fn(|| self.secondary.poll()).collect()
    }

    fn sent(&mut self) -> Vec<(String, Transport, RecordType)> {
        std::mem::take(&mut self.sent)
    }

    fn after(&self, since: Instant) -> u64 {
        (self.now - since).as_secs()
    }
}

fn serial(events: &[Event]) -> Option<u32> {
    events.iter().find_map(|event| match event {
        Event::Zone(zone) => Some(zone.serial()),
        _ => None,
    })
}

#[test]
fn a_zone_is_fetched_and_looked_at_when_its_timers_say_so() {
    let mut world = World::new(vec![(PRIMARY, primary(version(1)))]);
    assert_eq!(serial(&world.next()), Some(1));
    assert_eq!(world.sent(), [(PRIMARY.into(), Transport::Tcp, RecordType::AXFR)]);
    let begun = world.now;
    assert!(matches!(world.next()[..], [Event::Current(_)]));
    // Up to a tenth sooner than 1200 seconds.
    assert!((1_080..=1_200).contains(&world.after(begun)), "{}", world.after(begun));
    assert_eq!(world.sent(), [(PRIMARY.into(), Transport::Udp, RecordType::SOA)]);
}

#[test]
fn what_is_new_comes_in_steps_and_whole_if_there_are_none() {
    let mut world = World::new(vec![(PRIMARY, primary(version(1)))]);
    world.next();
    let server = &mut world.primaries[0].1;
    server.advance(version(2), ZoneDelta::between(&version(1), &version(2))).unwrap();
    assert_eq!(
        server.advance(version(3), ZoneDelta::between(&version(1), &version(3))),
        Err(Misuse::Version)
    );
    world.sent();
    assert_eq!(serial(&world.next()), Some(2));
    let (udp, tcp) = (Transport::Udp, Transport::Tcp);
    let steps = [(PRIMARY.into(), udp, RecordType::SOA), (PRIMARY.into(), tcp, RecordType::IXFR)];
    assert_eq!(world.sent(), steps);
    // A version that no step leads to.
    world.primaries[0].1.authority_mut().insert(version(9));
    assert_eq!(serial(&world.next()), Some(9));
    assert_eq!(world.sent(), steps, "the whole zone answers the same query");
}

#[test]
fn a_notification_hastens_unless_it_is_old() {
    let mut world = World::new(vec![(PRIMARY, primary(version(5)))]);
    world.next();
    let due = world.secondary.deadline();
    for serial in [5, 4] {
        world.secondary.notify(world.now, Some(serial));
        assert_eq!(world.secondary.deadline(), due);
    }
    world.primaries[0].1.authority_mut().insert(version(6));
    for serial in [None, Some(6)] {
        world.secondary.notify(world.now, serial);
        assert_eq!(world.secondary.deadline(), Some(world.now));
    }
    assert_eq!(serial(&world.next()), Some(6));
}

#[test]
fn another_primary_is_asked_when_the_first_is_away() {
    let mut world = World::new(vec![(OTHER, primary(version(1)))]);
    let events = world.next();
    assert!(matches!(events[0], Event::Failed { .. }));
    assert_eq!(serial(&events), Some(1));
    world.sent();
    assert!(matches!(world.next()[..], [Event::Failed { .. }, Event::Current(_)]));
    let asked: Vec<_> = world.sent().into_iter().map(|(to, via, _)| (to, via)).collect();
    let (udp, tcp) = (Transport::Udp, Transport::Tcp);
    assert_eq!(asked, [(PRIMARY.into(), udp), (PRIMARY.into(), tcp), (OTHER.into(), udp)]);
}

#[test]
fn a_zone_that_cannot_be_looked_at_expires_and_comes_back() {
    let mut world = World::new(vec![(PRIMARY, primary(version(1)))]);
    world.next();
    let (begun, gone) = (world.now, std::mem::take(&mut world.primaries));
    let mut tries = 0;
    while !world.next().iter().any(|event| matches!(event, Event::Expired)) {
        tries += 1;
    }
    assert_eq!(world.after(begun), 4_000);
    // From 1,200 s on every 300 s, each up to a tenth sooner.
    assert!((9..=12).contains(&tries), "{tries}");
    world.primaries = gone;
    assert_eq!(serial(&world.next()), Some(1), "the same version, good again");
}

#[test]
fn without_a_zone_the_wait_doubles_up_to_the_limit() {
    let mut world = World::new(vec![]);
    let seconds = Duration::from_secs;
    let limits = Limits { retry: (seconds(10), seconds(60)), ..Limits::default() };
    world.secondary = world.secondary.with_limits(limits);
    world.next();
    for wait in [10, 20, 40, 60, 60] {
        let before = world.now;
        world.next();
        let waited = world.after(before);
        assert!((wait * 9 / 10..=wait).contains(&waited), "{waited} of {wait}");
    }
}

#[test]
fn a_primary_that_signs_with_another_secret_is_not_believed() {
    let forged = Key::new(name("key"), Algorithm::HmacSha256, b"other".to_vec());
    let server = primary(version(1)).with_keys(Keyring::from_iter([forged]));
    let mut world = World::new(vec![(PRIMARY, server)]);
    assert!(world.next().iter().all(|event| matches!(event, Event::Failed { .. })));
    assert!(world.secondary.zone().is_none());
}

#[test]
fn a_suspended_zone_answers_servfail() {
    let mut server = primary(version(1));
    let query = Query::new(&name("ns.z"), RecordType::A).write();
    assert_eq!(rcode(&server, &query, Transport::Udp), Rcode::NOERROR);
    server.authority_mut().suspend(name("z").view());
    assert_eq!(rcode(&server, &query, Transport::Udp), Rcode::SERVFAIL);
    server.authority_mut().remove(name("z").view());
    assert_eq!(rcode(&server, &query, Transport::Udp), Rcode::REFUSED);
}

fn signed(query: &[u8], key: Key) -> BytesMut {
    let mut query = BytesMut::from(query);
    key.request(&mut query, NOW).unwrap();
    query
}

#[test]
fn who_may_transfer_does_and_who_may_not_is_refused() {
    let server = primary(version(1));
    let axfr = Query::new(&name("z"), RecordType::AXFR).payload(None).write();
    assert_eq!(rcode(&server, &axfr, Transport::Tcp), Rcode::REFUSED);
    assert_eq!(rcode(&server, &signed(&axfr, key("key")), Transport::Tcp), Rcode::NOERROR);
    assert_eq!(rcode(&server, &signed(&axfr, key("no")), Transport::Tcp), Rcode::NOTAUTH);
    assert_eq!(rcode(&server, &signed(&axfr, key("key")), Transport::Udp), Rcode::FORMERR);
    let elsewhere = Query::new(&name("y"), RecordType::AXFR).payload(None).write();
    assert_eq!(rcode(&server, &elsewhere, Transport::Tcp), Rcode::NOTAUTH);
}

#[test]
fn signed_answers_leave_room_for_the_signature() {
    let records: String = (0..90).map(|n| format!("z TXT {n:0100}\n")).collect();
    let zone = zone(&format!("z SOA 1\n{records}"));
    let server = primary(zone);
    let query = signed(&Query::new(&name("z"), RecordType::TXT).write(), key("key"));
    let answer = &ask(&server, &query, Transport::Udp, NOW)[0];
    let message = Message::parse(answer).unwrap();
    assert!(message.header().truncated && is_signed(&message));
    assert!(answer.len() <= 1232, "{}", answer.len());
}

fn addition(host: &str) -> Vec<u8> {
    let record = Record::address(name(host), 60, [192, 0, 2, 99].into());
    Update::new(name("z")).insert(record).write().unwrap().to_vec()
}

#[test]
fn an_update_is_in_service_when_it_is_committed_and_not_before() {
    let mut server = primary(version(1));
    assert_eq!(rcode(&server, &addition("a.z"), Transport::Udp), Rcode::REFUSED);
    let update = signed(&addition("a.z"), key("key"));
    let mut out = BytesMut::new();
    let Reply::Update(pending) = server.receive(&update, client(Transport::Udp), &mut out) else {
        panic!("not permitted")
    };
    assert!(out.is_empty());
    let [prepared, late] = [(); 2].map(|()| pending.prepare(&server, &mut out));
    assert_eq!(prepared.outcome(), Outcome::Updated { changed: true });
    assert_eq!(prepared.next().unwrap().1.to(), 2);
    let query = Query::new(&name("a.z"), RecordType::A).write();
    assert_eq!(rcode(&server, &query, Transport::Udp), Rcode::NXDOMAIN);
    server.commit(prepared).unwrap();
    assert_eq!(rcode(&server, &query, Transport::Udp), Rcode::NOERROR);
    assert_eq!(server.commit(late), Err(Misuse::Version), "another was first");

    let mut failed = BytesMut::new();
    pending.fail(&server, Rcode::SERVFAIL, &mut failed);
    let failed = Message::parse(&failed).unwrap();
    assert!(failed.rcode() == Rcode::SERVFAIL && is_signed(&failed));
}

#[test]
fn notifications_are_heard_from_who_may_send_them() {
    let server = primary(version(1));
    let mut notify = Query::new(&name("z"), RecordType::SOA).payload(None).write().to_vec();
    notify[2] = 4 << 3;
    let hear = |from: &str| {
        let client = Client { address: Some(from.parse().unwrap()), ..client(Transport::Udp) };
        let mut out = BytesMut::new();
        let heard = matches!(server.receive(&notify, client, &mut out), Reply::Notified(_));
        (heard, Message::parse(&out).unwrap().rcode())
    };
    assert_eq!(hear("192.0.2.9"), (true, Rcode::NOERROR));
    assert_eq!(hear("192.0.2.8"), (false, Rcode::REFUSED));
}

#[test]
fn rules_about_queries_are_asked() {
    let refuse =
        Rule { who: "192.0.2.7".parse().unwrap(), action: Action::Query, zone: None, allow: false };
    let query = Query::new(&name("ns.z"), RecordType::A).write();
    let server = primary(version(1)).with_access(Access::from_iter([refuse]));
    assert_eq!(rcode(&server, &query, Transport::Udp), Rcode::REFUSED);
}

fn is_signed(message: &Message<'_>) -> bool {
    message.additionals().last().is_some_and(|record| record.rtype() == RecordType::TSIG)
}
