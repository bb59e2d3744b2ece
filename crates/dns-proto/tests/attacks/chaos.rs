//! The laws of agents: replies in any order, twice, late, spoilt or never.
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use dns_proto::recursive::{ClientId, Event, Limits};
use dns_proto::{Message, MessageBuf, Rcode, RecordType};
use proptest::prelude::*;
use proto_core::{Agent, Flow, Instant, Transmit, Transport};

use crate::common::net::query;
use crate::common::{lines, name};
use crate::rig::{COM, Rig};

/// Names that are asked for, all at once.
const NAMES: [&str; 4] = ["www.victim.com", "mail.victim.com", "nothing.victim.com", "x.other.com"];

/// What the network does to each message that a server sends: how often it arrives, when, and which
/// octet is changed.
#[derive(Clone, Debug)]
struct Fate {
    copies: usize,
    delays: [u16; 3],
    spoilt: Option<(prop::sample::Index, u8)>,
}

fn fates(lossy: bool) -> impl Strategy<Value = Vec<Fate>> {
    let copies = if lossy { 0..=3_usize } else { 1..=3 };
    // Without loss, nothing comes later than it is waited for.
    let delays = if lossy { 0..4000_u16 } else { 0..100 };
    let spoilt = prop::option::weighted(0.3, any::<(prop::sample::Index, u8)>());
    let fate = (copies, [delays.clone(), delays.clone(), delays], spoilt);
    let fate = fate.prop_map(move |(copies, delays, spoilt)| Fate {
        copies,
        delays,
        spoilt: spoilt.filter(|_| lossy),
    });
    prop::collection::vec(fate, 1..40)
}

/// Asks for all names at once and carries messages until nothing is out; returns the replies, and
/// how many messages were sent.
fn run(rig: &mut Rig, fates: &[Fate], clients: u64) -> (BTreeMap<ClientId, MessageBuf>, usize) {
    let mut now = Instant::ORIGIN;
    for client in 0..clients {
        let asked = NAMES[usize::try_from(client).unwrap() % NAMES.len()];
        let octets = query(&name(asked), RecordType::A);
        let query = Message::parse(&octets).unwrap();
        rig.resolver.resolve(now, ClientId(client), &query, Transport::Tcp).unwrap();
    }
    let mut post: BTreeMap<(Instant, usize), (Flow, Bytes)> = BTreeMap::new();
    let (mut sent, mut posted, mut replies) = (0, 0, BTreeMap::new());
    loop {
        while let Some(transmit) = rig.resolver.transmit() {
            let Transmit::Send { flow, to, via, message } = transmit else { continue };
            let fate = &fates[sent % fates.len()];
            sent += 1;
            let message = Message::parse(&message).unwrap();
            let server = rig.net.servers.get(&to.ip());
            for answer in server.iter().flat_map(|server| server(&message, via)) {
                for delay in fate.delays.iter().take(fate.copies) {
                    let mut octets = answer.to_vec();
                    if let Some((place, bits)) = &fate.spoilt {
                        let place = place.index(octets.len());
                        octets[place] ^= bits;
                    }
                    let at = now + Duration::from_millis(u64::from(*delay));
                    posted += 1;
                    post.insert((at, posted), (flow, octets.into()));
                }
            }
        }
        while let Some(event) = rig.resolver.poll() {
            let Event::Reply { client, message } = event else { panic!("{event:?}") };
            let message = MessageBuf::parse(message).unwrap();
            assert!(replies.insert(client, message).is_none(), "{client:?} has two replies");
        }
        let next = post.first_key_value().map(|(&(at, _), _)| at);
        let Some(then) = next.into_iter().chain(rig.resolver.deadline()).min() else { break };
        assert!(then >= now, "time goes on");
        now = then;
        match post.first_entry() {
            Some(entry) if entry.key().0 <= now => {
                let (flow, octets) = entry.remove();
                rig.resolver.receive(now, flow, &octets);
            }
            _ => rig.resolver.expire(now),
        }
    }
    rig.net.now = now;
    (replies, sent)
}

fn rig() -> Rig {
    let mut rig = Rig::new(Limits::default());
    let com = format!("{COM}\n other.com NS ns.victim.com");
    rig.net.authority("127.0.0.2", &[&com]);
    let victim = "victim.com SOA 1
        ns.victim.com A 127.0.0.7\n www.victim.com A 127.0.0.8\n mail.victim.com CNAME x.other.com";
    rig.net.authority("127.0.0.7", &[victim, "other.com SOA 1\n x.other.com A 127.0.0.9"]);
    rig
}

fn said(replies: &BTreeMap<ClientId, MessageBuf>) -> Vec<(Rcode, Vec<String>)> {
    replies.values().map(|it| (it.view().rcode(), lines(&it.view()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn order_and_duplication_change_nothing(fates in fates(false)) {
        let quiet = [Fate { copies: 1, delays: [0; 3], spoilt: None }];
        let (expected, _) = run(&mut rig(), &quiet, 8);
        let (replies, sent) = run(&mut rig(), &fates, 8);
        prop_assert_eq!(said(&replies), said(&expected));
        // Nobody asks again because an answer has come twice.
        prop_assert!(sent <= 20, "{}", sent);
    }

    #[test]
    fn loss_and_noise_end_within_the_budget_and_say_nothing_wrong(fates in fates(true)) {
        let quiet = [Fate { copies: 1, delays: [0; 3], spoilt: None }];
        let (expected, _) = run(&mut rig(), &quiet, 8);
        let mut rig = rig();
        let (replies, sent) = run(&mut rig, &fates, 8);
        prop_assert_eq!(replies.len(), 8);
        // Four names, each with an account of its own.
        prop_assert!(sent <= 4 * 200);
        prop_assert!(rig.clock() < 300, "{} seconds", rig.clock());
        prop_assert!(rig.resolver.deadline().is_none() && rig.resolver.transmit().is_none());
        // What no bit of was changed is the truth, or a failure.
        if fates.iter().all(|fate| fate.spoilt.is_none()) {
            for (own, whole) in said(&replies).iter().zip(said(&expected)) {
                prop_assert!(own.0 == Rcode::SERVFAIL || *own == whole, "{:?}", own);
            }
        }
    }
}
