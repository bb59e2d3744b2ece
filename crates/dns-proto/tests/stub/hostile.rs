//! The laws of agents, in a network that loses, repeats, mixes up and forges.
use core::time::Duration;
use dns_proto::Rcode;
use dns_proto::stub::{Config, Event, Server};
use proptest::prelude::*;
use proto_core::{Agent, Transport};
use std::collections::{BTreeMap, VecDeque};

use crate::config;
use crate::world::{Said, Sent, World, answer};

/// What becomes of a message.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    Lost,
    Twice,
    Delayed,
    Failed,
    Useless,
    Plain,
    Truncated,
    Forged,
    Garbage,
}

fn fate() -> impl Strategy<Value = Fate> {
    use Fate::{
        Answered, Delayed, Failed, Forged, Garbage, Lost, Plain, Truncated, Twice, Useless,
    };
    prop::sample::select(vec![
        Answered, Lost, Twice, Delayed, Failed, Useless, Plain, Truncated, Forged, Garbage,
    ])
}

fn servers(tls: bool, tcp: bool) -> Config {
    let mut config = Config { tcp, ..config(&[1, 2, 3]) };
    if tls {
        let address = ([127, 0, 0, 4], 853).into();
        config.servers.push(Server::Tls { address, name: None });
    }
    config
}

/// Lets a message meet its fate; what is delayed comes later.
fn meet(world: &mut World, sent: Sent, fate: Fate, later: &mut VecDeque<Sent>) {
    let whole = answer(&sent.message, &Said::default());
    let mut octets = whole.to_vec();
    match fate {
        Fate::Lost => return,
        Fate::Delayed => return later.push_back(sent),
        Fate::Failed => {
            world.stub.fail(world.now, sent.flow);
            return;
        }
        Fate::Answered => {}
        Fate::Twice => world.stub.receive(world.now, sent.flow, &octets),
        Fate::Useless => {
            octets = answer(&sent.message, &Said::rcode(Rcode::SERVFAIL)).to_vec();
        }
        Fate::Plain => {
            let said = Said { plain: true, ..Said::rcode(Rcode::FORMERR) };
            octets = answer(&sent.message, &said).to_vec();
        }
        Fate::Truncated => octets[2] |= 2,
        Fate::Forged => octets[0] ^= 1,
        Fate::Garbage => octets.truncate(13),
    }
    world.stub.receive(world.now, sent.flow, &octets);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every query ends, once, within its budget of messages and time; and nothing is left open.
    #[test]
    fn every_query_ends_once_within_its_budget(
        fates in prop::collection::vec(fate(), 1..60),
        tls in any::<bool>(),
        tcp in any::<bool>(),
        cancelled in any::<bool>(),
    ) {
        let config = servers(tls, tcp);
        let mut world = World::new(config.clone());
        let mut fates = fates.into_iter().chain(std::iter::repeat(Fate::Lost));
        let mut ends: BTreeMap<_, u32> = BTreeMap::new();
        for asked in ["a", "b", "c", "d"] {
            ends.insert(world.query(asked), 0);
        }
        if cancelled {
            let id = *ends.keys().next().expect("four");
            world.stub.cancel(world.now, id);
            ends.remove(&id);
        }
        let (mut later, mut messages) = (VecDeque::new(), 0);
        while ends.values().any(|count| *count == 0) {
            for sent in world.sent() {
                messages += 1;
                let fate = fates.next().expect("for ever");
                meet(&mut world, sent, fate, &mut later);
            }
            while let Some(event) = world.stub.poll() {
                let (Event::Answer { id, .. } | Event::Failed { id, .. }) = event else {
                    panic!("neither")
                };
                *ends.get_mut(&id).expect("asked and not cancelled") += 1;
            }
            let deadline = world.stub.deadline();
            if world.sent().is_empty() && let Some(deadline) = deadline {
                world.now = world.now.max(deadline);
                world.stub.expire(world.now);
                prop_assert_ne!(world.stub.deadline(), Some(deadline));
            }
            if let Some(sent) = later.pop_front() {
                world.answer(&sent, &Said::default());
            }
        }
        prop_assert!(ends.values().all(|count| *count == 1));
        prop_assert!(messages <= 4 * u32::from(config.sends));
        let most = config.timeout * (1 + 2 + 4) * u32::try_from(config.servers.len()).unwrap();
        // Detours by TCP and without EDNS have their time too.
        let detours = config.timeout * 4 * u32::from(config.sends);
        prop_assert!(world.now.since_origin() <= most + detours);
        world.pass(Duration::from_secs(300));
        prop_assert!(world.sent().is_empty());
        prop_assert!(world.open.is_empty() && world.stub.deadline().is_none());
    }

    /// What is not the answer to a query changes nothing, wherever it comes.
    #[test]
    fn noise_changes_nothing(
        noise in prop::collection::vec((0..5_u64, prop::collection::vec(any::<u8>(), 0..40)), 0..50),
        tcp in any::<bool>(),
    ) {
        let mut world = World::new(servers(false, tcp));
        world.query("z");
        let sent = world.one();
        for (flow, octets) in &noise {
            // An id that is right is an attack of another kind.
            if octets.get(..2) != sent.message.get(..2) {
                world.stub.receive(world.now, proto_core::Flow::new(*flow), octets);
            }
        }
        prop_assert!(world.sent().is_empty() && world.stub.poll().is_none());
        world.answer(&sent, &Said::default());
        let answered = matches!(world.stub.poll(), Some(Event::Answer { .. }));
        prop_assert!(answered);
    }
}

/// Nobody who does not see the queries can guess what an answer must have.
#[test]
fn a_forger_has_to_guess_id_port_letters_and_cookie() {
    let mut world = World::new(config(&[1]));
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..200 {
        world.query("abcdefgh.ijklmnop");
        let sent = world.one();
        assert_eq!(sent.via, Transport::Udp);
        ids.insert(sent.message[..2].to_vec());
        world.answer(&sent, &Said::default());
        // A port is used once: each flow is a socket of its own.
        assert!(world.sent().is_empty() && world.open.is_empty());
    }
    assert!(ids.len() > 190);
}
