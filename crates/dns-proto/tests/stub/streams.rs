//! Connections: shared, kept for a while, secret (RFC 7766, RFC 7828, RFC 7858, RFC 8467).
use core::time::Duration;
use dns_proto::stub::{Config, Event, Limits, Server};
use dns_proto::{EdnsOption, Message, OptionCode};
use proto_core::{Agent, Transport};

use crate::config;
use crate::world::{SECOND, Said, World, edns};

fn tcp() -> Config {
    Config { tcp: true, ..config(&[1]) }
}

fn tls() -> Config {
    let server = |last| Server::Tls { address: ([127, 0, 0, last], 853).into(), name: None };
    Config { servers: vec![server(1), server(2)], ..config(&[]) }
}

#[test]
fn queries_share_a_connection_and_are_answered_in_any_order() {
    let mut world = World::new(tcp());
    let ids = ["a", "b", "c"].map(|asked| world.query(asked));
    let sent = world.sent();
    assert!(sent.iter().all(|it| it.via == Transport::Tcp && it.flow == sent[0].flow));
    for place in [2, 0, 1] {
        world.answer(&sent[place], &Said::default());
        let Some(Event::Answer { id, .. }) = world.stub.poll() else { panic!("answer") };
        assert_eq!(id, ids[place]);
        // Which is said once.
        world.answer(&sent[place], &Said::default());
        assert!(world.stub.poll().is_none());
    }
    world.query("d");
    assert_eq!(world.one().flow, sent[0].flow);
}

#[test]
fn a_connection_has_so_many_queries_and_no_more() {
    for (count, connections) in [(3, 1), (4, 2)] {
        let limits = Limits { pipelined: 3, ..Limits::default() };
        let mut world = World::new(Config { limits, ..tcp() });
        for _ in 0..count {
            world.query("z");
        }
        let sent = world.sent();
        assert_eq!(world.open.len(), connections);
        // When all is answered, one is kept.
        sent.iter().for_each(|sent| world.answer(sent, &Said::default()));
        world.sent();
        assert_eq!(world.open.len(), 1);
    }
}

#[test]
fn a_connection_is_kept_for_a_while() {
    let (mut world, idle) = (World::new(tcp()), Limits::default().idle);
    let moment = Duration::from_nanos(1);
    world.asked();
    world.pass(idle - moment);
    world.asked();
    world.pass(idle - moment);
    assert!(world.sent().is_empty() && world.open.len() == 1);
    world.pass(moment);
    assert!(world.sent().is_empty() && world.open.is_empty());
    assert!(world.stub.deadline().is_none());
}

#[test]
fn a_server_may_say_for_how_long() {
    let most = Limits::default().idle_most;
    for (tenths, kept) in [(20, SECOND * 2), (1_200, most), (1_201, most), (u16::MAX, most)] {
        let mut world = World::new(tcp());
        world.query("z");
        let sent = world.one();
        let asked = edns(&sent).unwrap().options.get(OptionCode::KEEPALIVE);
        assert_eq!(asked, Some(EdnsOption::Keepalive(None)));
        world.answer(&sent, &Said::option(&EdnsOption::Keepalive(Some(tenths))));
        assert_eq!(world.stub.deadline(), Some(world.now + kept));
    }
    let mut world = World::new(tcp());
    world.query("z");
    let sent = world.one();
    world.answer(&sent, &Said::option(&EdnsOption::Keepalive(Some(0))));
    assert!(world.sent().is_empty() && world.open.is_empty());
}

#[test]
fn a_connection_that_has_served_and_breaks_is_made_again() {
    let mut world = World::new(Config { servers: config(&[1, 2]).servers, ..tcp() });
    world.asked();
    world.query("z");
    let sent = world.one();
    world.stub.fail(world.now, sent.flow);
    let again = world.one();
    assert!(again.flow != sent.flow && again.to == 1);
    // One that never has is a server's failure.
    world.stub.fail(world.now, again.flow);
    assert_eq!(world.one().to, 2);
}

#[test]
fn a_connection_on_which_nothing_comes_is_left() {
    let mut world = World::new(tcp());
    world.query("z");
    let first = world.one();
    world.pass(SECOND);
    let second = world.one();
    assert!(first.flow != second.flow);
    // But what comes on it after all is as good.
    world.answer(&first, &Said::default());
    assert!(matches!(world.stub.poll(), Some(Event::Answer { .. })));
    world.sent();
    assert_eq!(world.open.len(), 1);
}

#[test]
fn cancelled_queries_leave_the_connection_to_others() {
    let mut world = World::new(tcp());
    let (one, two) = (world.query("a"), world.query("b"));
    let sent = world.sent();
    world.stub.cancel(world.now, one);
    sent.iter().for_each(|sent| world.answer(sent, &Said::default()));
    let Some(Event::Answer { id, .. }) = world.stub.poll() else { panic!("answer") };
    assert!(id == two && world.stub.poll().is_none());
}

#[test]
fn who_is_to_be_asked_by_tls_is_asked_by_nothing_else() {
    let mut world = World::new(tls());
    world.query("z");
    let mut sent = 0;
    while world.stub.poll().is_none() {
        for it in world.sent() {
            assert_eq!(it.via, Transport::Tls);
            world.stub.fail(world.now, it.flow);
            sent += 1;
        }
    }
    assert_eq!(sent, 2 * usize::from(tls().rounds));
}

#[test]
fn lengths_are_hidden_by_padding() {
    let mut world = World::new(tls());
    for length in 1..=63 {
        let asked = format!("{}.{}", "x".repeat(length), "y".repeat(63));
        world.query(&asked);
        let sent = world.one();
        assert_eq!(sent.message.len(), 128 * sent.message.len().div_ceil(128));
        let options = Message::parse(&sent.message).unwrap().edns().unwrap().options;
        assert!(matches!(options.get(OptionCode::PADDING), Some(EdnsOption::Padding(_))));
        assert!(options.get(OptionCode::COOKIE).is_none());
        world.answer(&sent, &Said::default());
        world.sent();
    }
}

#[test]
fn another_network_has_its_own_connections() {
    let mut world = World::new(tcp());
    world.asked();
    world.query("z");
    let out = world.one();
    world.stub.forget();
    world.query("z");
    let fresh = world.one();
    assert!(fresh.flow != out.flow);
    world.pass(Duration::ZERO);
    world.answer(&out, &Said::default());
    world.sent();
    assert!(!world.open.contains(&out.flow) && world.open.contains(&fresh.flow));
}
