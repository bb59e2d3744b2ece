//! Tests of [`Client::connect`], over real sockets.
use alloc::boxed::Box;
use alloc::vec::Vec;
use std::io::ErrorKind;

use proto_core::Machine;
use proto_core::tokio::tls::rustls;
use proto_core::tokio::tls::{TlsAcceptor, TlsConnector};
use proto_core::tokio::{BoxStream, Driver};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::tests::{House, letter, tls};
use super::*;
use crate::{Extension, client, server};

/// How a server begins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Begins {
    /// With TLS.
    Secured,
    /// In clear, and offers STARTTLS.
    Offering,
    /// In clear, and stays so.
    Clear,
}

/// A house on a port of its own, which serves one client; and what came of it.
async fn house(begins: Begins, acceptor: TlsAcceptor) -> (u16, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut config = server::Config::new("localhost".parse().unwrap());
    if begins == Begins::Offering {
        config.extensions = config.extensions.with(Extension::StartTls);
    }
    let served = async move {
        let stream = listener.accept().await.unwrap().0;
        let mut house = House::default();
        let session = |now| server::Session::new(now, config);
        let driver = if begins == Begins::Secured {
            let Ok(stream) = acceptor.accept(stream).await else { return house.inbox };
            let mut driver = Driver::new(Box::new(stream) as BoxStream, session);
            driver.machine().secured();
            driver
        } else {
            Driver::new(Box::new(stream) as BoxStream, session)
        };
        // A client that does not like what it meets goes away.
        let _ = serve(driver, Some(&acceptor), &mut house).await;
        house.inbox
    };
    (port, tokio::spawn(served))
}

async fn connect(
    host: &str,
    port: u16,
    security: Security,
    connector: Option<&TlsConnector>,
) -> Result<Client, Error> {
    let config = client::Config::new("crepes.fr".parse().unwrap());
    let mut place = Place::new(host, security);
    place.port = port;
    Client::connect(&place, config, connector, None).await
}

#[tokio::test]
async fn a_letter_goes_as_securely_as_it_is_wanted_and_offered() {
    for (security, begins, can_tls, secured) in [
        (Security::Tls, Begins::Secured, true, true),
        (Security::StartTls, Begins::Offering, true, true),
        (Security::Opportunistic, Begins::Offering, true, true),
        (Security::Opportunistic, Begins::Offering, false, false),
        (Security::Opportunistic, Begins::Clear, true, false),
        (Security::Opportunistic, Begins::Clear, false, false),
        (Security::Plain, Begins::Offering, true, false),
        (Security::Plain, Begins::Clear, false, false),
    ] {
        let (acceptor, connector) = tls();
        let (port, served) = house(begins, acceptor).await;
        let connector = can_tls.then_some(&connector);
        let case = (security, begins, can_tls);
        let client = connect("localhost", port, security, connector).await;
        let mut client = client.unwrap_or_else(|error| panic!("{case:?}: {error}"));
        assert_eq!(client.session().is_secured(), secured, "{case:?}");
        let outcome = client.send_octets(letter(&["bob@b.c"]), b"hi\r\n").await.unwrap();
        assert!(outcome.is_complete(), "{case:?}");
        client.quit().await.unwrap();
        assert_eq!(served.await.unwrap(), [b"hi\r\n"], "{case:?}");
    }
}

#[tokio::test]
async fn tls_that_is_required_and_not_offered_ends_the_session() {
    let (acceptor, connector) = tls();
    let (port, served) = house(Begins::Clear, acceptor).await;
    let error = connect("localhost", port, Security::StartTls, Some(&connector)).await;
    assert_eq!(protocol(error), crate::Error::NoStartTls);
    assert!(served.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_does_not_prove_its_name_gets_nothing() {
    for (security, begins) in
        [(Security::Tls, Begins::Secured), (Security::StartTls, Begins::Offering)]
    {
        // It has a certificate, of its own making; or a good one, for another name.
        let (acceptor, good) = tls();
        let (_, other) = tls();
        for (host, connector) in [("localhost", &other), ("127.0.0.1", &good)] {
            let (port, served) = house(begins, acceptor.clone()).await;
            let error = connect(host, port, security, Some(connector)).await;
            let Err(Error::Tls(error)) = error else { panic!("{security:?}: {error:?}") };
            let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
            let wrong = matches!(cause, Some(rustls::Error::InvalidCertificate(_)));
            assert!(wrong, "{security:?} {host}: {error:?}");
            assert!(served.await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn tls_cannot_be_had_without_a_connector() {
    // Nobody is asked: the port is none.
    for security in [Security::Tls, Security::StartTls] {
        let error = connect("localhost", 0, security, None).await;
        assert!(matches!(error, Err(Error::NotReadyForTls)), "{error:?}");
    }
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_an_error_of_io() {
    let (_, connector) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for security in [Security::Tls, Security::StartTls, Security::Opportunistic, Security::Plain] {
        let error = connect("127.0.0.1", port, security, Some(&connector)).await;
        let Err(Error::Io(error)) = error else { panic!("{security:?}: {error:?}") };
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{security:?}");
    }
}

fn protocol(outcome: Result<Client, Error>) -> crate::Error {
    match outcome {
        Err(Error::Protocol(error)) => error,
        other => panic!("{other:?}"),
    }
}
