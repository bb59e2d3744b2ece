//! Who is asked, and what is remembered of it.
use dns_proto::stub::{Config, Event};
use dns_proto::{Error, Message, Rcode};
use proto_core::{Agent, Transport};

use crate::config;
use crate::world::{SECOND, Said, World, edns};

#[test]
fn servers_are_asked_in_their_order() {
    let mut world = World::new(config(&[1, 2, 3]));
    assert_eq!([world.asked(), world.asked(), world.asked()], [1; 3]);
}

#[test]
fn servers_that_share_the_work_are_all_asked() {
    let mut world = World::new(Config { rotate: true, ..config(&[1, 2, 3]) });
    let mut asked: Vec<_> = (0..100).map(|_| world.asked()).collect();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked, [1, 2, 3]);
}

#[test]
fn a_dead_server_costs_one_query_some_time_and_the_next_none() {
    let mut world = World::new(config(&[1, 2]));
    world.query("z");
    assert_eq!(world.one().to, 1);
    world.pass(SECOND);
    let second = world.one();
    assert_eq!(second.to, 2);
    world.answer(&second, &Said::default());
    assert!(matches!(world.stub.poll(), Some(Event::Answer { .. })));
    assert_eq!([world.asked(), world.asked()], [2, 2]);
}

#[test]
fn a_server_is_returned_to_by_one_query_and_then_by_all() {
    let mut world = World::new(config(&[1, 2]));
    world.query("z");
    world.one();
    world.pass(SECOND);
    let second = world.one();
    world.answer(&second, &Said::default());
    let penalty = config(&[1]).limits.penalty;
    world.pass(penalty);
    world.sent();
    world.query("one");
    world.query("two");
    let [one, two] = world.sent().try_into().ok().expect("two messages");
    assert_eq!([one.to, two.to], [1, 2]);
    world.answer(&one, &Said::default());
    assert_eq!(world.asked(), 1);
}

#[test]
fn a_port_that_is_closed_is_a_dead_server() {
    let mut world = World::new(config(&[1, 2]));
    world.query("z");
    let first = world.one();
    world.stub.fail(world.now, first.flow);
    assert_eq!(world.one().to, 2);
    world.query("x");
    assert_eq!(world.one().to, 2);
}

#[test]
fn an_answer_that_comes_late_is_one() {
    let mut world = World::new(config(&[1, 2]));
    world.query("z");
    let first = world.one();
    world.pass(SECOND);
    let second = world.one();
    world.answer(&first, &Said::default());
    assert!(matches!(world.stub.poll(), Some(Event::Answer { .. })));
    // Of which there is one.
    world.answer(&second, &Said::default());
    assert!(world.stub.poll().is_none() && world.sent().is_empty() && world.open.is_empty());
    assert_eq!(world.asked(), 1);
}

#[test]
fn a_server_that_was_fast_is_not_waited_for_long_if_there_is_another() {
    for (servers, patience) in [(&[1, 2][..], SECOND / 5), (&[1], SECOND)] {
        let mut world = World::new(config(servers));
        world.asked();
        world.query("z");
        world.one();
        assert_eq!(world.stub.deadline(), Some(world.now + patience));
    }
}

#[test]
fn each_server_is_asked_in_so_many_rounds_and_no_more() {
    for rounds in [1, 2, 3] {
        let mut world = World::new(Config { rounds, ..config(&[1, 2]) });
        world.query("z");
        let mut asked = [0, 0];
        while world.stub.poll().is_none() {
            world.sent().iter().for_each(|sent| asked[usize::from(sent.to - 1)] += 1);
            world.pass(SECOND);
        }
        assert_eq!(asked, [rounds; 2]);
        world.sent();
        assert!(world.open.is_empty() && world.stub.deadline().is_none());
    }
}

#[test]
fn what_is_of_no_use_is_said_once_and_told() {
    let mut world = World::new(config(&[1, 2]));
    world.query("z");
    for (server, rcode) in [(1, Rcode::REFUSED), (2, Rcode::SERVFAIL)] {
        let sent = world.one();
        assert_eq!(sent.to, server);
        world.answer(&sent, &Said::rcode(rcode));
    }
    let Some(Event::Failed { error, message, .. }) = world.stub.poll() else { panic!("failed") };
    assert_eq!((error, message.unwrap().view().rcode()), (Error::Useless, Rcode::SERVFAIL));
    // Who answers is not dead.
    assert_eq!(world.asked(), 1);
}

#[test]
fn who_does_not_know_edns_is_asked_without_for_a_while() {
    for rcode in [Rcode::FORMERR, Rcode::NOTIMP] {
        let mut world = World::new(config(&[1]));
        world.query("z");
        let sent = world.one();
        assert!(edns(&sent).is_some());
        world.answer(&sent, &Said { plain: true, ..Said::rcode(rcode) });
        for _ in 0..2 {
            let sent = world.one();
            assert!(edns(&sent).is_none() && sent.to == 1);
            world.answer(&sent, &Said::default());
            world.query("z");
        }
        world.pass(config(&[1]).limits.plain);
        world.sent();
        world.query("z");
        assert!(edns(&world.one()).is_some());
    }
}

#[test]
fn who_answers_badly_in_edns_knows_it() {
    for rcode in [Rcode::FORMERR, Rcode::BADVERS] {
        let mut world = World::new(config(&[1]));
        world.query("z");
        let sent = world.one();
        let mut octets = crate::world::answer(&sent.message, &Said::rcode(rcode)).to_vec();
        if rcode == Rcode::BADVERS {
            // The upper bits of the rcode are in the OPT record, the last eleven octets.
            let upper = octets.len() - 6;
            octets[upper] = 1;
            octets[3] &= 0xf0;
        }
        world.stub.receive(world.now, sent.flow, &octets);
        let sent = world.one();
        assert!(edns(&sent).is_none());
        world.answer(&sent, &Said::default());
        world.query("z");
        assert!(edns(&world.one()).is_some());
    }
}

#[test]
fn who_does_not_keep_letters_is_asked_by_tcp() {
    let mut world = World::new(config(&[1]));
    world.query("abcdefghijklmnopqrstuvwxyz");
    let sent = world.one();
    let octets = crate::world::answer(&sent.message, &Said::default()).to_ascii_lowercase();
    // The id may have had letters too.
    let octets = [&sent.message[..2], &octets[2..]].concat();
    world.stub.receive(world.now, sent.flow, &octets);
    assert_eq!(world.one().via, Transport::Tcp);
}

#[test]
fn data_are_authentic_only_by_a_server_that_is_trusted() {
    for authentic in [false, true] {
        let mut world = World::new(Config { authentic, ..config(&[1]) });
        world.query("z");
        let sent = world.one();
        assert_eq!(Message::parse(&sent.message).unwrap().header().authentic_data, authentic);
        world.answer(&sent, &Said { authentic: true, ..Said::default() });
        let Some(Event::Answer { message, .. }) = world.stub.poll() else { panic!("answer") };
        assert_eq!(message.view().header().authentic_data, authentic);
    }
}

#[test]
fn in_another_network_nothing_is_known() {
    let mut world = World::new(config(&[1, 2]));
    world.query("z");
    let first = world.one();
    world.stub.fail(world.now, first.flow);
    assert_eq!(world.one().to, 2);
    world.stub.forget();
    world.query("z");
    assert_eq!(world.one().to, 1);
}

#[test]
fn servers_are_offered_the_payload() {
    for payload in [512, 1232, 4096] {
        let mut world = World::new(Config { payload, ..config(&[1]) });
        world.query("z");
        assert_eq!(edns(&world.one()).unwrap().payload, payload);
    }
}
