//! Cookies: RFC 7873 §5.3 and RFC 9018.
use dns_proto::stub::{Config, Event};
use dns_proto::{Cookie, EdnsOption, OptionCode, Rcode};
use proto_core::{Agent, Transport};

use crate::config;
use crate::world::{Said, Sent, World, edns};

const SERVER: [u8; 16] = [9; 16];

fn cookie(sent: &Sent) -> Option<([u8; 8], Vec<u8>)> {
    match edns(sent)?.options.get(OptionCode::COOKIE)? {
        EdnsOption::Cookie(cookie) => Some((cookie.client(), cookie.server().to_vec())),
        _ => None,
    }
}

/// What a server says that knows cookies.
fn said(client: [u8; 8], server: &[u8]) -> Said {
    Said::option(&EdnsOption::Cookie(Cookie::new(client, server).unwrap()))
}

/// BADCOOKIE is 23: the upper bits are in the OPT record, before the cookie.
fn bad_cookie(sent: &Sent, server: &[u8]) -> Vec<u8> {
    let (client, _) = cookie(sent).unwrap();
    let said = Said { rcode: Some(Rcode::new(7)), ..said(client, server) };
    let mut octets = crate::world::answer(&sent.message, &said).to_vec();
    let upper = octets.len() - 4 - 8 - server.len() - 6;
    octets[upper] = 1;
    octets
}

/// A world in which the server has given its cookie.
fn known() -> (World, [u8; 8]) {
    let mut world = World::new(config(&[1]));
    world.query("z");
    let sent = world.one();
    let (client, server) = cookie(&sent).unwrap();
    assert!(server.is_empty());
    world.answer(&sent, &said(client, &SERVER));
    assert!(matches!(world.stub.poll(), Some(Event::Answer { .. })));
    world.sent();
    (world, client)
}

#[test]
fn what_a_server_gives_is_shown_to_it() {
    let (mut world, client) = known();
    world.query("z");
    assert_eq!(cookie(&world.one()), Some((client, SERVER.to_vec())));
}

#[test]
fn each_server_sees_another_cookie_and_another_network_too() {
    let mut world = World::new(config(&[1, 2]));
    world.query("z");
    let one = world.one();
    world.stub.fail(world.now, one.flow);
    let two = world.one();
    world.stub.forget();
    world.query("z");
    let three = world.one();
    assert_eq!((one.to, two.to, three.to), (1, 2, 1));
    let [one, two, three] = [one, two, three].map(|sent| cookie(&sent).unwrap());
    assert!(one != two && one != three);
}

#[test]
fn a_wrong_cookie_is_a_forgery_and_the_true_answer_is_waited_for() {
    let mut world = World::new(config(&[1]));
    world.query("z");
    let sent = world.one();
    let (client, _) = cookie(&sent).unwrap();
    world.answer(&sent, &said([0; 8], &SERVER));
    let illegal = EdnsOption::Other(OptionCode::COOKIE, &client[..7]);
    world.answer(&sent, &Said::option(&illegal));
    assert!(world.stub.poll().is_none() && world.sent().is_empty());
    world.answer(&sent, &said(client, &SERVER));
    assert!(matches!(world.stub.poll(), Some(Event::Answer { .. })));
}

#[test]
fn an_answer_without_the_cookie_that_was_expected_is_not_believed() {
    let (mut world, client) = known();
    world.query("z");
    let sent = world.one();
    world.answer(&sent, &Said::default());
    assert!(world.stub.poll().is_none());
    // A server that has lost its cookies can say so by TCP.
    let sent = world.one();
    assert!(sent.via == Transport::Tcp && cookie(&sent).is_none());
    world.answer(&sent, &Said::default());
    assert!(matches!(world.stub.poll(), Some(Event::Answer { .. })));
    world.query("z");
    assert_eq!(cookie(&world.one()), Some((client, Vec::new())));
}

#[test]
fn a_bad_cookie_is_replaced_once_and_then_tcp_is_used() {
    let (mut world, client) = known();
    world.query("z");
    let sent = world.one();
    world.stub.receive(world.now, sent.flow, &bad_cookie(&sent, &[8; 8]));
    let sent = world.one();
    assert_eq!((sent.via, cookie(&sent)), (Transport::Udp, Some((client, vec![8; 8]))));
    world.stub.receive(world.now, sent.flow, &bad_cookie(&sent, &[7; 32]));
    let sent = world.one();
    assert_eq!(sent.via, Transport::Tcp);
    world.answer(&sent, &Said::default());
    assert!(matches!(world.stub.poll(), Some(Event::Answer { .. })));
}

#[test]
fn cookies_can_be_left_out() {
    let mut world = World::new(Config { cookies: false, ..config(&[1]) });
    world.query("z");
    let sent = world.one();
    assert!(edns(&sent).is_some() && cookie(&sent).is_none());
}
