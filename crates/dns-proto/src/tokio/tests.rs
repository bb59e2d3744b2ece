//! A small Internet on loopback addresses.
use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex};
use std::vec;
use std::vec::Vec;

use ::tokio::net::{TcpStream, UdpSocket};
use ::tokio::sync::{Notify, oneshot};
use ::tokio::task::JoinHandle;
use ::tokio::time::timeout;
use bytes::Bytes;
use proto_core::Transport;

use crate::recursive::Config;
use crate::stub::{self, Stub};
use crate::tokio::{
    Driver, Exchange, Follower, Handler, Keeper, Recursive, Resolver, Server, ServerLimits, Zones,
    frame, seed,
};
use crate::{
    Access, Action, Authority, Error, Message, Name, Query, Rcode, Rdata, Record, RecordType, Rule,
    Update, Who, Zone, authority, recursive, secondary,
};

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(super) fn address(owner: &str, last: u8) -> Record {
    Record::address(name(owner), 60, [127, 0, 53, last].into())
}

fn ns(owner: &str, server: &str) -> Record {
    Record::new(name(owner), 60, Rdata::Ns { server: name(server).view() })
}

fn mx(owner: &str, preference: u16, exchange: &str) -> Record {
    Record::new(name(owner), 60, Rdata::Mx { preference, exchange: name(exchange).view() })
}

fn zones(apex: &str, records: impl IntoIterator<Item = Record>) -> Zones {
    Zones::new(server(apex, records))
}

pub(super) fn server(apex: &str, records: impl IntoIterator<Item = Record>) -> authority::Server {
    let owner = name(apex);
    let [serial, refresh, retry, expire, minimum] = [1, 2, 3, 4, 60];
    let (primary, mailbox) = (owner.view(), owner.view());
    let soa = Rdata::Soa { primary, mailbox, serial, refresh, retry, expire, minimum };
    let soa = Record::new(owner.clone(), 60, soa);
    let mut authority = Authority::default();
    authority.insert(Zone::new([soa].into_iter().chain(records)).unwrap());
    authority::Server::new(authority)
}

pub(super) const fn host(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(127, 0, 53, last))
}

/// A running server that stops when it is told to.
pub(super) struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

pub(super) fn run<H: Handler>(server: Server<H>) -> Running {
    let (stop, stopped) = oneshot::channel();
    let task = ::tokio::spawn(server.run(async { drop(stopped.await) }));
    Running { stop, task }
}

/// Binds servers at `127.0.53.1` and so on, all to one port.
async fn bind(handlers: &[Arc<Zones>]) -> (u16, Vec<Running>) {
    'ports: loop {
        let (mut port, mut servers) = (0, Vec::new());
        for (last, zones) in (1..).zip(handlers) {
            match Server::bind(SocketAddr::new(host(last), port), Arc::clone(zones)).await {
                Ok(server) => {
                    port = server.local_addr().unwrap().port();
                    servers.push(server);
                }
                Err(_) => continue 'ports,
            }
        }
        return (port, servers.into_iter().map(run).collect());
    }
}

type Log = Arc<Mutex<Vec<String>>>;

/// Notes what passes a socket: from, to, and the first answer or the question.
fn observer(log: &Log) -> impl Fn(&Exchange<'_>) + Send + Sync + 'static {
    let log = Arc::clone(log);
    move |exchange| {
        let message = Message::parse(exchange.message).unwrap();
        let Exchange { from, to, via, .. } = exchange;
        let question = message.question().unwrap().rtype;
        let mark = if message.header().response { "answer" } else { "query" };
        let (from, to) = (from.ip(), to.ip());
        log.lock().unwrap().push(alloc::format!("{from} {to} {via:?} {mark} {question}"));
    }
}

#[::tokio::test]
async fn mail_is_routed_through_a_whole_internet_and_a_registrar_extends_it() {
    let root = [ns("edu", "a.edu"), address("a.edu", 2), ns("com", "a.com"), address("a.com", 3)];
    let edu = [ns("hamburger.edu", "dns.hamburger.edu"), address("dns.hamburger.edu", 4)];
    let mail = ["b", "a"].map(|host| alloc::format!("{host}.hamburger.edu"));
    // Enough exchanges that the answer does not fit a datagram.
    let mut hamburger: Vec<_> = (0..100).map(|n| mx("hamburger.edu", 300 - n, &mail[0])).collect();
    hamburger.extend([mx("hamburger.edu", 7, &mail[1]), address(&mail[1], 40)]);
    let registrar = Rule {
        who: Who::address(host(99)),
        action: Action::Update,
        zone: Some(name("com")),
        allow: true,
    };
    let handlers = [
        zones(".", root),
        zones("edu", edu),
        Zones::new(server("com", []).with_access(Access::from_iter([registrar]))),
        zones("hamburger.edu", hamburger),
    ];
    let (port, _servers) = bind(&handlers.map(Arc::new)).await;

    let config = Config {
        upstream_port: port,
        allow_loopback: true,
        ..Config::new([(name("a.root"), host(1))])
    };
    let upstream = Log::default();
    let agent = recursive::Resolver::new(config, seed().unwrap());
    let local = Recursive::spawn(Driver::new(agent).bind(host(10)).observe(observer(&upstream)));
    let server = Server::bind(SocketAddr::new(host(10), 0), local.clone()).await.unwrap();
    let servers = stub::Config::new([server.local_addr().unwrap()]);
    let _running = run(server);
    let resolver = Resolver::spawn(Driver::new(Stub::new(servers, seed().unwrap()).unwrap()));

    let exchanges = resolver.lookup_mx(&name("hamburger.edu")).await.unwrap();
    // No more than anybody tries.
    assert_eq!((exchanges.len(), exchanges[0].preference), (16, 7));
    assert_eq!(
        (&exchanges[0].name, &exchanges[0].addresses),
        (&name(&mail[1]), &Ok(vec![host(40)]))
    );
    assert_eq!(exchanges[1].addresses, Ok(Vec::new()));
    assert_eq!(resolver.lookup_ip(&exchanges[0].name).await.unwrap(), [host(40)]);
    assert!(resolver.lookup_ip(&name("nobody.hamburger.edu")).await.unwrap().is_empty());
    let walk = upstream.lock().unwrap().iter().take(10).cloned().collect::<Vec<_>>();
    let expected = [
        "127.0.53.10 127.0.53.1 Udp query NS",
        "127.0.53.1 127.0.53.10 Udp answer NS",
        "127.0.53.10 127.0.53.1 Udp query A",
        "127.0.53.1 127.0.53.10 Udp answer A",
        "127.0.53.10 127.0.53.2 Udp query MX",
        "127.0.53.2 127.0.53.10 Udp answer MX",
        "127.0.53.10 127.0.53.4 Udp query MX",
        "127.0.53.4 127.0.53.10 Udp answer MX",
        "127.0.53.10 127.0.53.4 Tcp query MX",
        "127.0.53.4 127.0.53.10 Tcp answer MX",
    ];
    assert_eq!(walk, expected);

    let before = local.statistics().await;
    resolver.lookup_mx(&name("hamburger.edu")).await.unwrap();
    let after = local.statistics().await;
    // Once truncated, once by TCP, two addresses each of two hosts, and nobody else is asked.
    assert_eq!((after.hits - before.hits, after.upstream), (6, before.upstream));

    let update = Update::new(name("com"))
        .insert(ns("networkutopia.com", "dns1.networkutopia.com"))
        .insert(address("dns1.networkutopia.com", 9));
    for (from, rcode) in [(98, Rcode::REFUSED), (99, Rcode::NOERROR)] {
        let socket = UdpSocket::bind(SocketAddr::new(host(from), 0)).await.unwrap();
        socket.send_to(&update.write().unwrap(), (host(3), port)).await.unwrap();
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).await.unwrap();
        assert_eq!(Message::parse(&buffer[..length]).unwrap().rcode(), rcode);
    }
}

#[::tokio::test]
async fn a_server_that_is_not_there_fails_the_query() {
    let socket = UdpSocket::bind((host(1), 0)).await.unwrap();
    let nobody = socket.local_addr().unwrap();
    drop(socket);
    let config = stub::Config { timeout: MOMENT / 10, ..stub::Config::new([nobody]) };
    let stub = Stub::new(config, seed().unwrap()).unwrap();
    let resolver = Resolver::spawn(Driver::new(stub));
    let answer = resolver.lookup_ip(&name("z")).await;
    assert_eq!(answer, Err(Error::Unanswered));
}

/// Answers when it is let, and only then.
struct Gate(Notify);

impl Handler for Gate {
    async fn handle(&self, query: Bytes, _: SocketAddr, _: Transport) -> Option<Bytes> {
        self.0.notified().await;
        Some(query)
    }
}

async fn gate(limits: ServerLimits) -> (SocketAddr, Arc<Gate>, Running) {
    let server = Server::bind((host(1), 0).into(), Gate(Notify::new())).await.unwrap();
    let (address, gate) = (server.local_addr().unwrap(), Arc::clone(server.handler()));
    (address, gate, run(server.limits(limits)))
}

pub(super) const MOMENT: Duration = Duration::from_millis(200);

#[::tokio::test]
async fn connections_at_once_are_limited() {
    let limits = ServerLimits { connections: 2, ..ServerLimits::default() };
    let server = Server::bind((host(1), 0).into(), zones("z", [])).await.unwrap();
    let address = server.local_addr().unwrap();
    let _running = run(server.limits(limits));
    let query = Query::new(&name("z"), RecordType::SOA).write();
    let mut streams = Vec::new();
    for count in 1..=3 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        frame::write(&mut stream, &query).await.unwrap();
        let answer = timeout(MOMENT, frame::read(&mut stream)).await;
        assert_eq!(answer.is_ok(), count <= 2, "{count}");
        streams.push(stream);
    }
    // When one closes, the next is served.
    let mut third = streams.pop().unwrap();
    streams.pop();
    assert!(frame::read(&mut third).await.unwrap().is_some());
}

#[::tokio::test]
async fn datagrams_in_work_are_limited() {
    let limits = ServerLimits { queries: 2, ..ServerLimits::default() };
    let (address, gate, _running) = gate(limits).await;
    let socket = UdpSocket::bind((host(2), 0)).await.unwrap();
    let mut buffer = [0; 8];
    for query in 0..3 {
        socket.send_to(&[query], address).await.unwrap();
        ::tokio::time::sleep(MOMENT / 4).await;
    }
    for _ in 0..2 {
        gate.0.notify_one();
        timeout(MOMENT * 10, socket.recv(&mut buffer)).await.unwrap().unwrap();
    }
    gate.0.notify_one();
    assert!(timeout(MOMENT, socket.recv(&mut buffer)).await.is_err());
}

#[::tokio::test]
async fn idle_connections_are_closed() {
    let limits = ServerLimits { idle: MOMENT / 4, ..ServerLimits::default() };
    let (address, _, _running) = gate(limits).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let end = timeout(MOMENT * 10, frame::read(&mut stream)).await.unwrap();
    assert!(matches!(end, Ok(None)));
}

#[::tokio::test]
async fn a_server_that_stops_finishes_what_is_in_work() {
    let (address, gate, Running { stop, task }) = gate(ServerLimits::default()).await;
    let socket = UdpSocket::bind((host(2), 0)).await.unwrap();
    socket.send_to(b"query", address).await.unwrap();
    ::tokio::time::sleep(MOMENT / 4).await;
    stop.send(()).unwrap();
    ::tokio::time::sleep(MOMENT / 4).await;
    gate.0.notify_one();
    let mut buffer = [0; 8];
    assert_eq!(socket.recv(&mut buffer).await.unwrap(), 5);
    task.await.unwrap().unwrap();
}

#[::tokio::test]
async fn a_server_that_stops_does_not_wait_for_ever() {
    let limits = ServerLimits { grace: MOMENT / 4, ..ServerLimits::default() };
    let (address, _, Running { stop, task }) = gate(limits).await;
    let socket = UdpSocket::bind((host(2), 0)).await.unwrap();
    socket.send_to(b"query", address).await.unwrap();
    ::tokio::time::sleep(MOMENT / 4).await;
    stop.send(()).unwrap();
    timeout(MOMENT * 10, task).await.unwrap().unwrap().unwrap();
}

#[::tokio::test]
async fn messages_on_streams_follow_their_length() {
    let mut out = Vec::new();
    frame::write(&mut out, b"abc").await.unwrap();
    assert_eq!(out, b"\0\x03abc");
    let mut input = &out[..];
    assert_eq!(frame::read(&mut input).await.unwrap(), Some(Bytes::from_static(b"abc")));
    assert_eq!(frame::read(&mut input).await.unwrap(), None);
    assert!(frame::read(&mut &out[..4]).await.is_err());
    assert!(frame::write(&mut Vec::new(), &[0; 65_536]).await.is_err());
    assert!(frame::write(&mut Vec::new(), &[0; 65_535]).await.is_ok());
    assert_ne!(seed().unwrap(), seed().unwrap());
}

/// Keeps nothing, if it is told to fail.
struct Disk(bool);

impl Keeper for Disk {
    fn keep(&self, _: &Name, _: &[crate::ZoneDelta]) -> io::Result<()> {
        if self.0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

pub(super) fn everybody(action: Action) -> Access {
    Access::from_iter([Rule { who: Who::Anybody, action, zone: None, allow: true }])
}

#[::tokio::test]
async fn an_update_that_cannot_be_kept_is_not_done() {
    let update = Update::new(name("z")).insert(address("a.z", 1)).write().unwrap();
    let query = Query::new(&name("a.z"), RecordType::A).write();
    for (full, updated, asked) in
        [(true, Rcode::SERVFAIL, Rcode::NXDOMAIN), (false, Rcode::NOERROR, Rcode::NOERROR)]
    {
        let server = server("z", []).with_access(everybody(Action::Update));
        let zones = Zones::kept(server, Disk(full), None);
        let from = SocketAddr::new(host(2), 1);
        for (message, rcode) in [(&update, updated), (&query, asked)] {
            let answer = zones.handle(message.clone(), from, Transport::Udp).await.unwrap();
            assert_eq!(Message::parse(&answer).unwrap().rcode(), rcode);
        }
    }
}

/// Keeps a batch when it is told to, and remembers how many steps each had.
struct Slow(Mutex<Vec<usize>>, Mutex<std::sync::mpsc::Receiver<()>>);

impl Keeper for Slow {
    fn keep(&self, _: &Name, steps: &[crate::ZoneDelta]) -> io::Result<()> {
        self.0.lock().unwrap().push(steps.len());
        self.1.lock().unwrap().recv().unwrap();
        Ok(())
    }
}

#[::tokio::test]
async fn updates_that_come_while_others_are_kept_are_kept_together() {
    let (allow, allowed) = std::sync::mpsc::channel();
    let keeper = Arc::new(Slow(Mutex::default(), Mutex::new(allowed)));
    let server = server("z", []).with_access(everybody(Action::Update));
    let zones = Zones::kept(server, Arc::clone(&keeper), None);
    let update = |n: u8| {
        let owner = alloc::format!("h{n}.z");
        let update = Update::new(name("z")).insert(address(&owner, n)).write().unwrap();
        let zones = zones.clone();
        let from = SocketAddr::new(host(2), 1);
        ::tokio::spawn(async move { zones.handle(update, from, Transport::Tcp).await.unwrap() })
    };
    let mut all = std::vec![update(0)];
    while keeper.0.lock().unwrap().is_empty() {
        ::tokio::task::yield_now().await;
    }
    all.extend((1..10).map(update));
    while zones.waiting() < 9 {
        ::tokio::task::yield_now().await;
    }
    (0..2).for_each(|_| allow.send(()).unwrap());
    for answer in all {
        assert_eq!(Message::parse(&answer.await.unwrap()).unwrap().rcode(), Rcode::NOERROR);
    }
    assert_eq!(*keeper.0.lock().unwrap(), [1, 9]);
    let serial = zones.with(|server| server.authority().zone(name("z").view()).unwrap().serial());
    assert_eq!(serial, 11, "each update is a version");
}

#[::tokio::test]
async fn a_follower_has_what_its_primary_has_when_it_is_told() {
    let many: Vec<_> = (0..2_000).map(|n| address(&alloc::format!("h{n}.z"), 9)).collect();
    let primary = Zones::new(server("z", many).with_access(everybody(Action::Transfer)));
    let bound = Server::bind_workers((host(1), 0).into(), primary.clone(), 2).await.unwrap();
    let address = bound.local_addr().unwrap();
    let _running = run(bound);
    let follower = Zones::new(Authority::default());
    let primaries = [secondary::Primary { address, key: None, tls: None }];
    let machine = secondary::Secondary::new(name("z"), primaries, seed().unwrap()).unwrap();
    let (events, mut heard) = ::tokio::sync::mpsc::unbounded_channel();
    let following = Follower::spawn(follower.clone(), machine, move |_, event| {
        if let Ok(secondary::Event::Zone(zone)) = event {
            events.send(zone.serial()).unwrap();
        }
    });
    assert_eq!(timeout(MOMENT * 50, heard.recv()).await.unwrap(), Some(1));
    let zone = |zones: &Zones| {
        zones.with(|server| server.authority().zone(name("z").view()).cloned()).unwrap()
    };
    assert!(zone(&follower).records().eq(zone(&primary).records()));

    let update = Update::new(name("z")).insert(super::tests::address("new.z", 1)).write().unwrap();
    let next = zone(&primary).update(&Message::parse(&update).unwrap()).unwrap().unwrap();
    primary.replace(next).unwrap();
    following.notify(Some(2));
    assert_eq!(timeout(MOMENT * 50, heard.recv()).await.unwrap(), Some(2));
    assert!(zone(&follower).records().eq(zone(&primary).records()));
}

#[::tokio::test]
async fn connections_of_one_address_are_limited() {
    let limits = ServerLimits { connections_per_address: 1, ..ServerLimits::default() };
    let server = Server::bind((host(1), 0).into(), zones("z", [])).await.unwrap();
    let address = server.local_addr().unwrap();
    let _running = run(server.limits(limits));
    let query = Query::new(&name("z"), RecordType::SOA).write();
    let mut first = TcpStream::connect(address).await.unwrap();
    frame::write(&mut first, &query).await.unwrap();
    assert!(frame::read(&mut first).await.unwrap().is_some());
    let mut second = TcpStream::connect(address).await.unwrap();
    let _ = frame::write(&mut second, &query).await;
    assert!(!matches!(frame::read(&mut second).await, Ok(Some(_))));
}

#[::tokio::test]
async fn queries_of_one_connection_are_worked_on_at_once_up_to_the_limit() {
    for limit in [1, 2] {
        let limits = ServerLimits { pipelined: limit, ..ServerLimits::default() };
        let (address, gate, _running) = gate(limits).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        for query in [b"a", b"b"] {
            frame::write(&mut stream, query).await.unwrap();
        }
        ::tokio::time::sleep(MOMENT / 4).await;
        // Wakes those that wait, and no others.
        gate.0.notify_waiters();
        let mut answered = 0;
        while timeout(MOMENT, frame::read(&mut stream)).await.is_ok() {
            answered += 1;
        }
        assert_eq!(answered, limit);
    }
}
