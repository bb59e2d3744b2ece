use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use std::sync::{Arc, Mutex};

use proto_core::tokio::tls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use proto_core::tokio::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use proto_core::tokio::tls::{TlsAcceptor, TlsConnector};
use proto_core::tokio::{BoxStream, Direction, Driver};
use sasl::{Credentials, Mechanism, client::Identity};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::client::{self, Delivery, Envelope, Reason, Tls};
use crate::server::{self, Event};
use crate::{Extension, ForwardPath, Reply, ReversePath};

/// Takes mail for everybody but Eve.
#[derive(Default)]
pub(super) struct House {
    message: Vec<u8>,
    pub(super) inbox: Vec<Vec<u8>>,
}

impl Handler for House {
    async fn answer(&mut self, event: Event) -> Option<Reply> {
        match event {
            Event::Rcpt { to, .. } if to.to_string().contains("eve") => {
                return Some(Reply::new(550, "5.1.1 no Eve here").unwrap());
            }
            Event::Vrfy(_) => return Some(Reply::new(354, "nonsense").unwrap()),
            Event::Body(piece) => self.message.extend_from_slice(&piece),
            Event::BodyEnd => self.inbox.push(core::mem::take(&mut self.message)),
            _ => {}
        }
        None
    }

    async fn trust(&mut self, event: Event) -> Option<Reply> {
        let known = matches!(&event, Event::Auth(claim) if claim.authcid() == Some("alice"));
        (!known).then(|| Reply::new(535, "5.7.8 who are you?").unwrap())
    }
}

/// Thinks of nothing.
struct Careless;

impl Handler for Careless {
    async fn answer(&mut self, _: Event) -> Option<Reply> {
        None
    }
}

#[tokio::test]
async fn a_handler_that_thinks_of_nothing_trusts_nobody() {
    let (ours, mut theirs) = duplex(4096);
    let mut config = server::Config::new("hamburger.edu".parse().unwrap());
    config.extensions = crate::Extensions::all();
    (config.mechanisms, config.plaintext_passwords) = (vec![Mechanism::PLAIN], true);
    let stream = Box::new(ours) as BoxStream;
    let driver = Driver::new(stream, |now| server::Session::new(now, config));
    let server = tokio::spawn(async move { serve(driver, None, &mut Careless).await });
    theirs.write_all(b"EHLO x\r\nAUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n").await.unwrap();
    theirs.write_all(b"XCLIENT NAME=a.b\r\nXFORWARD NAME=a.b\r\nSTARTTLS\r\n").await.unwrap();
    theirs.write_all(b"QUIT\r\n").await.unwrap();
    let mut heard = String::new();
    theirs.read_to_string(&mut heard).await.unwrap();
    let codes: Vec<_> =
        heard.lines().filter(|it| !it.starts_with("250")).map(|it| &it[..3]).collect();
    assert_eq!(codes, ["220", "535", "550", "550", "454", "221"], "{heard}");
    server.await.unwrap().unwrap();
}

pub(super) fn letter(recipients: &[&str]) -> Envelope {
    let to = |text: &&str| ForwardPath::Mailbox(text.parse().unwrap());
    Envelope::new(ReversePath::Null, recipients.iter().map(to).collect())
}

fn client_over(stream: impl proto_core::tokio::Stream + 'static) -> Boxed<client::Session> {
    let mut config = client::Config::new("crepes.fr".parse().unwrap());
    config.tls = Tls::Off;
    Driver::new(Box::new(stream) as BoxStream, |now| client::Session::new(now, config))
}

fn server_over(stream: impl proto_core::tokio::Stream + 'static) -> Boxed<server::Session> {
    let config = server::Config::new("hamburger.edu".parse().unwrap());
    Driver::new(Box::new(stream) as BoxStream, |now| server::Session::new(now, config))
}

#[tokio::test]
async fn a_letter_and_a_large_one_arrive_as_they_were() {
    let (ours, theirs) = duplex(1024);
    let server = tokio::spawn(async move {
        let mut house = House::default();
        serve(server_over(theirs), None, &mut house).await.unwrap();
        house.inbox
    });
    let mut client = Client::open(client_over(ours), None).await.unwrap();
    let outcome = client.send(letter(&["bob@b.c", "eve@b.c"]), &b".dot\r\n"[..]).await.unwrap();
    let said: Vec<_> = outcome.recipients.iter().map(|(_, delivery)| delivery).collect();
    assert!(matches!(said[..], [Delivery::Accepted(_), Delivery::Refused(..)]), "{said:?}");
    let large = b"..a line with dots.\r\n".repeat(100_000);
    let outcome = client.send(letter(&["bob@b.c"]), &large[..]).await.unwrap();
    assert!(outcome.is_complete());
    client.quit().await.unwrap();
    assert_eq!(server.await.unwrap(), [b".dot\r\n".to_vec(), large]);
}

#[tokio::test]
async fn an_observer_hears_the_dialogue() {
    let (ours, theirs) = duplex(1024);
    tokio::spawn(async move { serve(server_over(theirs), None, &mut House::default()).await });
    let log = Arc::new(Mutex::new(String::new()));
    let pen = Arc::clone(&log);
    let driver = client_over(ours).with_observer(Box::new(move |direction, octets| {
        let mark = if direction == Direction::Sent { "C: " } else { "S: " };
        *pen.lock().unwrap() += &(mark.to_string() + &String::from_utf8_lossy(octets));
    }));
    Client::open(driver, None).await.unwrap().quit().await.unwrap();
    let log = log.lock().unwrap();
    assert!(log.contains("S: 220 hamburger.edu ESMTP\r\nC: EHLO crepes.fr\r\n"), "{log}");
    assert!(log.ends_with("C: QUIT\r\nS: 221 2.0.0 Bye\r\n"), "{log}");
}

#[tokio::test]
async fn a_server_that_dies_in_mid_message_leaves_no_doubt() {
    let (ours, mut theirs) = duplex(1024);
    tokio::spawn(async move {
        theirs.write_all(b"220 x\r\n250-x\r\n250 PIPELINING\r\n").await.unwrap();
        theirs.write_all(b"250 x\r\n250 x\r\n354 x\r\n").await.unwrap();
        theirs.read_exact(&mut [0; 5000]).await.unwrap();
    });
    let mut client = Client::open(client_over(ours), None).await.unwrap();
    let outcome = client.send(letter(&["bob@b.c"]), &vec![b'x'; 1_000_000][..]).await.unwrap();
    assert_eq!(outcome.recipients[0].1, Delivery::Unsent(Reason::Interrupted));
    assert!(client.send(letter(&["bob@b.c"]), &b"x"[..]).await.is_err());
}

#[tokio::test]
async fn a_handlers_nonsense_becomes_451() {
    let (ours, mut theirs) = duplex(1024);
    let server =
        tokio::spawn(async move { serve(server_over(ours), None, &mut House::default()).await });
    theirs.write_all(b"VRFY bob\r\nQUIT\r\n").await.unwrap();
    let mut heard = String::new();
    theirs.read_to_string(&mut heard).await.unwrap();
    let expected = "220 hamburger.edu ESMTP\r\n451 4.3.0 local error\r\n221 2.0.0 Bye\r\n";
    assert_eq!(heard, expected);
    server.await.unwrap().unwrap();
}

/// A certificate for localhost that signs itself, and those who trust it.
pub(super) fn tls() -> (TlsAcceptor, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server).into(), Arc::new(client).into())
}

#[tokio::test]
async fn a_letter_is_submitted_over_starttls_with_a_password() {
    let (acceptor, connector) = tls();
    let (ours, theirs) = duplex(1024);
    let server = tokio::spawn(async move {
        let mut config = server::Config::new("localhost".parse().unwrap());
        config.extensions = config.extensions.with(Extension::StartTls);
        config.mechanisms = vec![Mechanism::PLAIN];
        let stream = Box::new(theirs) as BoxStream;
        let driver = Driver::new(stream, |now| server::Session::new(now, config));
        let mut house = House::default();
        serve(driver, Some(&acceptor), &mut house).await.unwrap();
        house.inbox
    });
    let mut config = client::Config::new("crepes.fr".parse().unwrap());
    config.tls = Tls::Required;
    let alice = Credentials::new("alice", "secret".into()).unwrap();
    config.identity = Some(Identity::Password(alice));
    let stream = Box::new(ours) as BoxStream;
    let driver = Driver::new(stream, |now| client::Session::new(now, config));
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = Client::open(driver, Some((&connector, name))).await.unwrap();
    assert!(client.session().is_secured());
    assert!(client.send(letter(&["bob@b.c"]), &b"hi\r\n"[..]).await.unwrap().is_complete());
    client.quit().await.unwrap();
    assert_eq!(server.await.unwrap(), [b"hi\r\n"]);
}
