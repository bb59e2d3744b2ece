//! A server on a loopback address, and threads that ask it.
use alloc::string::ToString;
use core::net::SocketAddr;
use core::time::Duration;
use std::boxed::Box;
use std::io::{self, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::vec;
use std::vec::Vec;

use bytes::BytesMut;
use proto_core::Transport;
use proto_core::tokio::tls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use proto_core::tokio::tls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};

use crate::blocking::{BoxStream, Resolver, Stream};
use crate::stub::{Config, Hosts, ResolvConf, Server};
use crate::{Authority, Error, Name, Rdata, Record, RecordType, Zone};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn authority() -> Authority {
    let apex = name("poly.edu");
    let [serial, refresh, retry, expire, minimum] = [1, 2, 3, 4, 60];
    let (primary, mailbox) = (apex.view(), apex.view());
    let soa = Rdata::Soa { primary, mailbox, serial, refresh, retry, expire, minimum };
    let mut records = vec![
        Record::new(apex.clone(), 60, soa),
        Record::new(
            apex.clone(),
            60,
            Rdata::Mx { preference: 1, exchange: name("mail.poly.edu").view() },
        ),
        Record::address(name("mail.poly.edu"), 60, [192, 0, 2, 1].into()),
        Record::address(name("mail.poly.edu"), 60, "2001:db8::1".parse().unwrap()),
    ];
    // Too many for a datagram.
    let text = [b'x'; 200];
    let many = (0..20).map(|n| Record::text(name("long.poly.edu"), 60, &[&text, &[n]]).unwrap());
    records.extend(many);
    let mut authority = Authority::default();
    authority.insert(Zone::new(records).unwrap());
    authority
}

/// Answers on both, until the process ends.
fn serve() -> SocketAddr {
    let (udp, tcp) = loop {
        let tcp = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let (address, authority) = (tcp.local_addr().unwrap(), Arc::new(authority()));
    let other = Arc::clone(&authority);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = udp.recv_from(&mut buffer) {
            let mut out = BytesMut::new();
            let _ = other.respond(&buffer[..length], Transport::Udp, &mut out);
            udp.send_to(&out, from).unwrap();
        }
    });
    thread::spawn(move || {
        for stream in tcp.incoming().flatten() {
            let authority = Arc::clone(&authority);
            thread::spawn(move || converse(stream, &authority));
        }
    });
    address
}

/// Answers on a connection until its end.
fn converse(mut stream: impl Read + Write, authority: &Authority) {
    let mut length = [0; 2];
    while stream.read_exact(&mut length).is_ok() {
        let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut query).unwrap();
        let mut out = BytesMut::new();
        let _ = authority.respond(&query, Transport::Tcp, &mut out);
        let length = u16::try_from(out.len()).unwrap().to_be_bytes();
        stream.write_all(&[&length, &out[..]].concat()).unwrap();
    }
}

/// Answers by TLS with a certificate for `localhost`, so many connections; and who believes it.
fn serve_tls(connections: usize) -> (SocketAddr, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let server = ServerConfig::builder().with_no_client_auth();
    let server = Arc::new(server.with_single_cert(vec![made.cert.der().clone()], key).unwrap());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten().take(connections) {
            let session = ServerConnection::new(Arc::clone(&server)).unwrap();
            thread::spawn(|| converse(StreamOwned::new(session, stream), &authority()));
        }
    });
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (address, Arc::new(client))
}

/// What an application has: TLS by rustls.
struct Rustls(StreamOwned<ClientConnection, BoxStream>);

impl Read for Rustls {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl Write for Rustls {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stream for Rustls {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.sock.set_timeout(timeout)
    }
}

/// A resolver of one server; hands are shaken at once, or when something is first sent.
fn secret((address, name): (SocketAddr, &str), client: Arc<ClientConfig>, late: bool) -> Resolver {
    let server = Server::Tls { address, name: Some(self::name(name)) };
    let config = Config { servers: vec![server], rounds: 1, ..Config::new([]) };
    let connect = move |server: &Server, mut stream: BoxStream| -> io::Result<BoxStream> {
        let Server::Tls { name: Some(name), .. } = server else { panic!("{server:?}") };
        let name = name.to_string().trim_end_matches('.').to_string();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(&client), name);
        let mut session = session.map_err(io::Error::other)?;
        if !late {
            session.complete_io(&mut stream)?;
        }
        Ok(Box::new(Rustls(StreamOwned::new(session, stream))))
    };
    Resolver::over_tls(config, connect).unwrap()
}

#[test]
fn names_are_looked_up_by_udp_and_tcp() {
    let server = serve();
    for tcp in [false, true] {
        let resolver = Resolver::new(Config { tcp, ..Config::new([server]) }).unwrap();
        let addresses = resolver.lookup_ip("mail.poly.edu.").unwrap();
        let text: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        assert_eq!(text, ["2001:db8::1", "192.0.2.1"]);
        let [exchange] = &resolver.lookup_mx("poly.edu.").unwrap()[..] else { panic!("one") };
        assert_eq!(exchange.addresses, Ok(addresses));
        assert_eq!(resolver.lookup_txt("long.poly.edu.").unwrap().len(), 20);
        assert!(resolver.lookup_ip("nobody.poly.edu.").unwrap().is_empty());
        let answer = resolver.query(&name("poly.edu"), RecordType::SOA).unwrap();
        assert_eq!(answer.view().answers().count(), 1);
    }
}

#[test]
fn names_are_looked_up_by_tls() {
    for late in [false, true] {
        // One connection for all.
        let (address, client) = serve_tls(1);
        let resolver = secret((address, "localhost"), client, late);
        assert_eq!(resolver.lookup_ip("mail.poly.edu.").unwrap().len(), 2);
        assert_eq!(resolver.lookup_txt("long.poly.edu.").unwrap().len(), 20);
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let resolver = resolver.clone();
                thread::spawn(move || resolver.lookup_txt("long.poly.edu.").map(|it| it.len()))
            })
            .collect();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), Ok(20)));
    }
}

#[test]
fn who_has_a_certificate_for_another_or_cannot_be_asked_by_tls_is_not_asked() {
    for late in [false, true] {
        let (address, client) = serve_tls(9);
        let resolver = secret((address, "dns.poly.edu"), client, late);
        assert_eq!(resolver.lookup_ip("mail.poly.edu."), Err(Error::Unanswered));
    }
    let server = Server::Tls { address: serve_tls(9).0, name: None };
    let config = Config { servers: vec![server], ..Config::new([]) };
    let resolver = Resolver::new(config).unwrap();
    assert_eq!(resolver.lookup_ip("mail.poly.edu."), Err(Error::Unanswered));
}

#[test]
fn short_names_and_the_hosts_file_are_known() {
    let conf = ResolvConf::parse(b"search poly.edu\noptions no-aaaa");
    let hosts = Hosts::parse(b"192.0.2.9 printer");
    let resolver = Resolver::new(Config::new([serve()])).unwrap();
    let resolver = resolver.with_resolv_conf(&conf).with_hosts(hosts);
    assert_eq!(resolver.lookup_ip("mail").unwrap(), [core::net::IpAddr::from([192, 0, 2, 1])]);
    let printer = [192, 0, 2, 9].into();
    assert_eq!(resolver.lookup_ip("printer").unwrap(), [printer]);
    assert_eq!(resolver.reverse(printer).unwrap(), [name("printer")]);
}

#[test]
fn threads_share_a_resolver() {
    let resolver = Resolver::new(Config::new([serve()])).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let resolver = resolver.clone();
            thread::spawn(move || resolver.lookup_ip("mail.poly.edu.").map(|list| list.len()))
        })
        .collect();
    threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), Ok(2)));
}

#[test]
fn a_server_that_is_not_there_fails_the_query() {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    let nobody = socket.local_addr().unwrap();
    drop(socket);
    for tcp in [false, true] {
        let timeout = Duration::from_millis(20);
        let resolver = Resolver::new(Config { tcp, timeout, ..Config::new([nobody]) }).unwrap();
        assert_eq!(resolver.lookup_ip("z."), Err(Error::Unanswered));
    }
}

#[test]
fn what_is_no_name_is_not_asked() {
    let resolver = Resolver::new(Config::new([([127, 0, 0, 1], 1).into()])).unwrap();
    assert!(matches!(resolver.lookup_ip("a..b"), Err(Error::Name(_))));
}
