//! The stub resolver in virtual time.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#[path = "../common/mod.rs"]
mod common;
mod cookies;
mod hostile;
mod servers;
mod streams;
mod world;

use bytes::BytesMut;
use common::net::{Net, Server, answering, silent};
use common::{authority, lines, name};
use core::time::Duration;
use dns_proto::stub::{Config, Event, Stub};
use dns_proto::{Error, Message, Misuse, Rcode, RecordType};
use proto_core::{Agent, Instant, Transmit, Transport};

const ZONE: &str = "z SOA 1\n z MX 10 mail.z";

fn config(servers: &[u8]) -> Config {
    Config::new(servers.iter().map(|&last| ([127, 0, 0, last], 53).into()))
}

fn run(net: &mut Net, config: Config, asked: &str) -> Event {
    let mut stub = Stub::new(config, [1; 32]).unwrap();
    stub.query(net.now, name(asked), RecordType::MX);
    let events = net.run(&mut stub);
    assert_eq!(events.len(), 1);
    events.into_iter().next().unwrap()
}

#[test]
fn data_and_their_absence_are_answers() {
    let mut net = Net::default();
    net.authority("127.0.0.1", &[ZONE]);
    for (asked, rcode, expected) in
        [("z", Rcode::NOERROR, "z. MX 10 mail.z."), ("x.z", Rcode::NXDOMAIN, "? z. SOA")]
    {
        let Event::Answer { message, .. } = run(&mut net, config(&[1]), asked) else { panic!() };
        assert_eq!(
            (message.view().rcode(), lines(&message.view())),
            (rcode, vec![expected.into()])
        );
    }
}

#[test]
fn a_stub_needs_a_server() {
    assert_eq!(Stub::new(config(&[]), [0; 32]).err(), Some(Misuse::NoServers));
}

#[test]
fn silent_refusing_and_absent_servers_are_passed_over() {
    for bad in [Some(silent()), Some(answering(authority(&[]))), None] {
        let mut net = Net::default();
        net.authority("127.0.0.1", &[ZONE]);
        net.servers.extend(bad.map(|bad| ([127, 0, 0, 2].into(), bad)));
        let event = run(&mut net, config(&[1, 2]), "z");
        assert!(matches!(event, Event::Answer { .. }));
    }
}

#[test]
fn a_query_costs_so_many_messages_and_no_more() {
    for sends in [1, 2, 5] {
        let mut net = Net::default();
        net.serve("127.0.0.1", silent());
        net.serve("127.0.0.2", silent());
        let event = run(&mut net, Config { sends, ..config(&[1, 2]) }, "z");
        assert!(matches!(event, Event::Failed { error: Error::Unanswered, .. }));
        assert_eq!(net.log.len(), usize::from(sends));
    }
}

#[test]
fn each_round_waits_longer_up_to_four_times() {
    let mut net = Net::default();
    net.serve("127.0.0.1", silent());
    run(&mut net, Config { rounds: 5, ..config(&[1]) }, "z");
    assert_eq!(net.now - Instant::ORIGIN, Duration::from_secs(1 + 2 + 4 + 4 + 4));
}

#[test]
fn useless_answers_are_told_from_silence() {
    let mut net = Net::default();
    net.authority("127.0.0.1", &[]);
    let event = run(&mut net, config(&[1]), "z");
    assert!(matches!(event, Event::Failed { error: Error::Useless, .. }));
}

#[test]
fn truncated_answers_are_asked_for_by_tcp() {
    let authority = authority(&[ZONE]);
    let server: Server = Box::new(move |query, via| {
        assert!(query.header().recursion_desired && query.edns().is_some());
        let mut out = BytesMut::new();
        let _ = authority.answer(query, via, &mut out);
        out[2] |= if via == Transport::Udp { 2 } else { 0 };
        // A forged answer before the true one changes nothing.
        let mut forged = out.clone();
        forged[1] ^= 1;
        vec![forged.freeze(), out.freeze()]
    });
    let mut net = Net::default();
    net.serve("127.0.0.1", server);
    assert!(matches!(run(&mut net, config(&[1]), "z"), Event::Answer { .. }));
    assert_eq!(net.log, ["127.0.0.1 z. MX", "127.0.0.1 z. MX tcp"]);
}

#[test]
fn what_is_validated_is_asked_for_by_a_bit_and_no_more() {
    for (authentic, unchecked, expected) in
        [(false, false, (false, false)), (true, false, (true, false)), (false, true, (false, true))]
    {
        let config = Config { authentic, unchecked, ..config(&[1]) };
        let mut stub = Stub::new(config, [1; 32]).unwrap();
        stub.query(Instant::ORIGIN, name("z"), RecordType::MX);
        let Some(Transmit::Send { message, .. }) = stub.transmit() else { panic!() };
        let header = Message::parse(&message).unwrap().header();
        // RFC 6840 §5.7: AD alone; and RFC 4035 §3.2.2: who checks by himself says CD.
        assert_eq!((header.authentic_data, header.checking_disabled), expected);
    }
}

#[test]
fn cancelled_queries_have_no_event() {
    let mut net = Net::default();
    net.authority("127.0.0.1", &[ZONE]);
    let mut stub = Stub::new(config(&[1]), [1; 32]).unwrap();
    let id = stub.query(net.now, name("z"), RecordType::MX);
    stub.query(net.now, name("x.z"), RecordType::MX);
    stub.cancel(net.now, id);
    let events = net.run(&mut stub);
    assert!(events.len() == 1 && stub.deadline().is_none());
}
