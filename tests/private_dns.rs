//! A stub and a server that speak TLS (RFC 7858), over real sockets: the strict profile.
#![allow(clippy::unwrap_used, reason = "tests")]
use std::{net::SocketAddr, sync::Arc, time::Duration};

use homing::{
    dns::{
        Authority, Error, Name, Rdata, Record, Zone,
        stub::{Config, Server, Stub},
        tokio::{self as dns, Driver, Resolver, Zones, seed},
    },
    proto_core::tokio::tls::{
        TlsAcceptor, TlsConnector,
        rustls::{
            ClientConfig, RootCertStore, ServerConfig,
            pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
        },
    },
};
use tokio::net::TcpListener;

const NAME: &str = "dns.hamburger.edu";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn zone() -> Zone {
    let apex = name("hamburger.edu");
    let [serial, refresh, retry, expire, minimum] = [1, 2, 3, 4, 60];
    let (primary, mailbox) = (apex.view(), apex.view());
    let soa = Rdata::Soa { primary, mailbox, serial, refresh, retry, expire, minimum };
    let host = Record::address(name("www.hamburger.edu"), 60, [192, 0, 2, 1].into());
    Zone::new([Record::new(apex.clone(), 60, soa), host]).unwrap()
}

/// Starts a server; returns where it speaks TLS, and how to trust it.
async fn serve() -> (SocketAddr, TlsConnector) {
    let made = rcgen::generate_simple_self_signed([NAME.into(), "127.0.0.1".into()]).unwrap();
    let certificate = CertificateDer::from(made.cert.der().to_vec());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.clone()], key).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let at = listener.local_addr().unwrap();
    let mut authority = Authority::default();
    authority.insert(zone());
    let server = dns::Server::bind(([127, 0, 0, 1], 0).into(), Zones::new(authority)).await;
    let server = server.unwrap().tls(listener, TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(server.run(std::future::pending()));
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (at, Arc::new(config).into())
}

fn stub(address: SocketAddr, name: Option<&str>) -> Stub {
    let name = name.map(|name| name.parse().unwrap());
    let servers = vec![Server::Tls { address, name }];
    let config = Config { servers, rounds: 1, ..Config::new([]) };
    Stub::new(config, seed().unwrap()).unwrap()
}

#[tokio::test]
async fn queries_share_a_connection_that_nobody_else_can_read() {
    let (at, connector) = serve().await;
    for certified in [Some(NAME), None] {
        let log = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
        let seen = Arc::clone(&log);
        let driver = Driver::new(stub(at, certified)).tls(connector.clone());
        let driver = driver.observe(move |exchange| {
            seen.lock().unwrap().insert((exchange.from, format!("{:?}", exchange.via)));
        });
        let resolver = Resolver::spawn(driver);
        for _ in 0..3 {
            let found = resolver.lookup_ip("www.hamburger.edu.").await.unwrap();
            assert_eq!(found, [std::net::IpAddr::from([192, 0, 2, 1])]);
        }
        // One end of ours and one of the server's.
        let log = log.lock().unwrap();
        assert_eq!(log.len(), 2);
        assert!(log.iter().all(|(_, via)| via == "Tls"));
    }
}

#[tokio::test]
async fn who_has_another_name_or_no_certificate_is_not_asked() {
    let (at, connector) = serve().await;
    let impostor = Driver::new(stub(at, Some("dns.poly.edu"))).tls(connector.clone());
    let without = Driver::new(stub(at, Some(NAME)));
    let none = RootCertStore::empty();
    let nobody = ClientConfig::builder().with_root_certificates(none).with_no_client_auth();
    let distrusted = Driver::new(stub(at, Some(NAME))).tls(Arc::new(nobody).into());
    for driver in [impostor, without, distrusted] {
        let answer = Resolver::spawn(driver).lookup_ip("www.hamburger.edu.").await;
        assert_eq!(answer, Err(Error::Unanswered));
    }
}

#[tokio::test]
async fn a_lookup_that_nobody_waits_for_ends() {
    let silent = tokio::net::UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let config = Config { rounds: 1, ..Config::new([silent.local_addr().unwrap()]) };
    let resolver = Resolver::new(config).unwrap();
    let lookup = resolver.lookup_ip("www.hamburger.edu.");
    assert!(tokio::time::timeout(Duration::from_millis(100), lookup).await.is_err());
    // The sockets are closed: the kernel tells us so when we answer.
    let mut buffer = [0; 512];
    let (_, from) = silent.recv_from(&mut buffer).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    silent.connect(from).await.unwrap();
    silent.send(b"late").await.unwrap();
    assert!(silent.recv(&mut buffer).await.is_err());
}
