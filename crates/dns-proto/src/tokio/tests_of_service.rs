//! What a server does for many at once, and by TLS, over real sockets.
use core::net::SocketAddr;
use std::io;
use std::sync::Arc;
use std::vec::Vec;

use ::tokio::net::{TcpListener, TcpStream, UdpSocket};
use ::tokio::sync::mpsc;
use ::tokio::time::{Instant, timeout};
use proto_core::tokio::tls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use proto_core::tokio::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use proto_core::tokio::tls::{TlsAcceptor, TlsConnector};

use super::tests::{MOMENT, Running, address, everybody, host, name, run, server};
use crate::secondary::{Event, Primary, Secondary};
use crate::tokio::{Driver, Follower, Server, ServerLimits, Zones, frame, seed};
use crate::tsig::{Algorithm, Key, Keyring};
use crate::{
    Access, Action, Authority, Message, Query, RateLimiter, RateLimits, Record, RecordType, Rule,
    Who,
};

#[::tokio::test]
async fn transfers_at_once_are_limited() {
    // More than what a connection holds that nobody reads.
    let text = [b'x'; 255];
    let record = |n| Record::text(name(&alloc::format!("t{n}.z")), 60, &[&text]).unwrap();
    let big = server("z", (0..40_000).map(record)).with_access(everybody(Action::Transfer));
    let zones = Zones::new(big);
    let query = Query::new(&name("z"), RecordType::AXFR).write();
    for limit in [1, 2] {
        let limits = ServerLimits { transfers: limit, ..ServerLimits::default() };
        let bound = Server::bind((host(1), 0).into(), zones.clone()).await.unwrap();
        let address = bound.local_addr().unwrap();
        let _running = run(bound.limits(limits));
        let mut streams = Vec::new();
        for n in 0..=limit {
            let mut stream = TcpStream::connect(address).await.unwrap();
            frame::write(&mut stream, &query).await.unwrap();
            let begun = timeout(MOMENT * 5, frame::read(&mut stream)).await;
            assert_eq!(begun.is_ok(), n < limit);
            streams.push(stream);
        }
        // Who goes away makes room.
        let mut last = streams.pop().unwrap();
        streams.clear();
        let begun = timeout(MOMENT * 50, frame::read(&mut last)).await.unwrap();
        assert!(begun.unwrap().is_some());
    }
}

#[::tokio::test]
async fn a_flood_of_one_question_is_answered_as_often_as_the_limit_says() {
    let limits = RateLimits { answers: 5, burst: 1, slip: 2, ..RateLimits::default() };
    let limiter = RateLimiter::new(limits, [7; 16]);
    let zones = Zones::kept(server("z", [address("a.z", 1)]), (), Some(limiter));
    let bound = Server::bind((host(1), 0).into(), zones).await.unwrap();
    let to = bound.local_addr().unwrap();
    let _running = run(bound);
    let socket = UdpSocket::bind((host(2), 0)).await.unwrap();
    let query = Query::new(&name("a.z"), RecordType::A).write();
    let (mut whole, mut slipped, begun) = (0_u64, 0_u64, Instant::now());
    let mut buffer = [0; 512];
    for _ in 0..20 {
        for _ in 0..10 {
            socket.send_to(&query, to).await.unwrap();
        }
        while let Ok(length) = timeout(MOMENT / 20, socket.recv(&mut buffer)).await {
            let length = length.unwrap();
            let answer = Message::parse(&buffer[..length]).unwrap();
            let empty = answer.answers().next().is_none();
            assert_eq!(answer.header().truncated, empty, "whole, or to be asked for by TCP");
            if empty { slipped += 1 } else { whole += 1 }
        }
    }
    let seconds = begun.elapsed().as_secs() + 2;
    assert!((1..=5 * seconds).contains(&whole), "{whole} of 200 were answered");
    // Every other of the rest, but for some that may be on their way.
    let rest = (200 - whole) / 2;
    assert!((rest.saturating_sub(20)..=rest + 1).contains(&slipped), "{slipped} of 200 slipped");
    // By TCP nobody lies about his address.
    let mut stream = TcpStream::connect(to).await.unwrap();
    for _ in 0..20 {
        frame::write(&mut stream, &query).await.unwrap();
        let answer = frame::read(&mut stream).await.unwrap().unwrap();
        assert!(Message::parse(&answer).unwrap().answers().next().is_some());
    }
}

#[::tokio::test]
async fn datagrams_that_come_together_are_all_answered_and_each_to_its_sender() {
    let hosts = (0..200).map(|n| address(&alloc::format!("h{n}.z"), n));
    let bound = Server::bind((host(1), 0).into(), Zones::new(server("z", hosts))).await.unwrap();
    let to = bound.local_addr().unwrap();
    let mut sockets = Vec::new();
    for n in 0..200_u16 {
        let socket = UdpSocket::bind((host(2), 0)).await.unwrap();
        let owner = name(&alloc::format!("h{n}.z"));
        let query = Query::new(&owner, RecordType::A).id(n).write();
        // Nobody reads yet: they all wait.
        socket.send_to(&query, to).await.unwrap();
        sockets.push(socket);
    }
    let _running = run(bound);
    for (n, socket) in (0..).zip(&sockets) {
        let mut buffer = [0; 512];
        let length = timeout(MOMENT * 20, socket.recv(&mut buffer)).await.unwrap().unwrap();
        let answer = Message::parse(&buffer[..length]).unwrap();
        assert_eq!(answer.header().id, n);
        assert_eq!(answer.answers().count(), 1);
    }
}

/// A server's certificate for `localhost`, and who believes it.
fn tls() -> (TlsAcceptor, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(std::vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(std::vec![made.cert.der().clone()], key)
        .unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server).into(), Arc::new(client).into())
}

/// Serves a zone by TLS, to who signs with the key.
async fn secret(acceptor: TlsAcceptor, key: &Key) -> (SocketAddr, Running) {
    let who = Who::Key(key.name().clone());
    let rule = Rule { who, action: Action::Transfer, zone: None, allow: true };
    let zone = server("z", [address("a.z", 1)]);
    let keys: Keyring = [key.clone()].into_iter().collect();
    let zones = Zones::new(zone.with_access(Access::from_iter([rule])).with_keys(keys));
    let listener = TcpListener::bind((host(1), 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let bound = Server::bind((host(1), 0).into(), zones).await.unwrap();
    (address, run(bound.tls(listener, acceptor)))
}

fn key() -> Key {
    Key::new(name("key"), Algorithm::HmacSha256, b"a secret of some octets".to_vec())
}

#[::tokio::test]
async fn queries_are_answered_by_tls() {
    let (acceptor, connector) = tls();
    let (address, _running) = secret(acceptor, &key()).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let to = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(to, stream).await.unwrap();
    for id in 0..3 {
        let query = Query::new(&name("a.z"), RecordType::A).id(id).write();
        frame::write(&mut stream, &query).await.unwrap();
        let answer = frame::read(&mut stream).await.unwrap().unwrap();
        let answer = Message::parse(&answer).unwrap();
        assert_eq!((answer.header().id, answer.answers().count()), (id, 1));
    }
}

#[::tokio::test]
async fn a_zone_is_transferred_by_tls_from_who_has_the_certificate_and_from_nobody_else() {
    let (acceptor, connector) = tls();
    let (address, _running) = secret(acceptor, &key()).await;
    for (host, believed) in [("localhost", true), ("other.example", false)] {
        let primary = Primary { address, key: Some(key()), tls: Some(name(host)) };
        let machine = Secondary::new(name("z"), [primary], seed().unwrap()).unwrap();
        let zones = Zones::new(Authority::default());
        let (events, mut heard) = mpsc::unbounded_channel();
        let driver = Driver::new(machine).tls(connector.clone());
        let watch = move |_: &_, event: Result<&Event, io::Error>| {
            let _ = events.send(matches!(event, Ok(Event::Zone(_))));
        };
        let _following = Follower::spawn(zones.clone(), driver, watch);
        assert_eq!(timeout(MOMENT * 50, heard.recv()).await.unwrap(), Some(believed));
        let has = zones.with(|server| server.authority().zone(name("z").view()).is_some());
        assert_eq!(has, believed);
    }
}
