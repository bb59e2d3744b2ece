use alloc::{boxed::Box, string::String, sync::Arc, vec, vec::Vec};
use core::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::{self, sleep, timeout},
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    },
};

use super::{driver::READ, *};
use crate::{
    Machine,
    toy::{Late, Toy},
};

async fn serve(stream: impl Stream) -> Result<usize, Error<Late>> {
    let mut driver = Driver::new(stream, Toy::new);
    let mut lines = 0;
    while let Some(line) = driver.next().await? {
        lines += 1;
        driver.machine().answer(&line);
    }
    Ok(lines)
}

/// A peer that writes everything before it reads anything.
#[tokio::test]
async fn a_peer_that_writes_first_and_reads_later_does_not_deadlock() {
    let (ours, mut theirs) = duplex(64);
    let server = tokio::spawn(serve(ours));
    let lines = 500;
    let all = "x\r\n".repeat(lines);
    let mut heard = String::new();
    let talk = async {
        // The server reads on until it owes 64 KiB, far more than this.
        theirs.write_all(all.as_bytes()).await.unwrap();
        theirs.shutdown().await.unwrap();
        theirs.read_to_string(&mut heard).await.unwrap();
    };
    timeout(Duration::from_secs(5), talk).await.unwrap();
    assert_eq!(heard.lines().count(), lines + 1);
    assert_eq!(server.await.unwrap().unwrap(), lines);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_reads_is_not_listened_to_beyond_the_output_limit() {
    let (ours, mut theirs) = duplex(64);
    let server = tokio::spawn(serve(ours));
    let mut sent = 0;
    while theirs.write_all(b"xxxxxxxxxx\r\n").await.is_ok() {
        sent += 12;
    }
    let limit = Limits::default().output;
    assert!(sent > limit, "{sent} octets were taken");
    assert!(sent < limit + 2 * READ, "{sent} octets were taken");
    assert!(matches!(server.await.unwrap(), Err(Error::Protocol(Late))));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_of_a_body_is_given_up() {
    let (ours, _theirs) = duplex(64);
    let stall = Duration::from_millis(100);
    let limits = Limits { stall, ..Limits::default() };
    let mut driver = Driver::new(ours, Toy::new).with_limits(limits);
    driver.machine().answer(&[b'x'; 1000]);
    let before = time::Instant::now();
    let error = driver.flush().await.unwrap_err();
    assert!(matches!(error, Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut));
    assert!(before.elapsed() >= stall);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_told_goodbye_at_the_deadline() {
    let (ours, mut theirs) = duplex(64);
    let server = tokio::spawn(serve(ours));
    let before = time::Instant::now();
    let mut heard = String::new();
    theirs.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "hello\r\nlate\r\n");
    assert!(before.elapsed() >= Toy::PATIENCE);
    assert!(matches!(server.await.unwrap(), Err(Error::Protocol(Late))));
}

#[tokio::test]
async fn next_can_be_dropped_at_any_time_without_loss() {
    let (ours, mut theirs) = duplex(8);
    let writer = tokio::spawn(async move {
        for octet in b"one\r\ntwo\r\nthree\r\n" {
            theirs.write_all(&[*octet]).await.unwrap();
            sleep(Duration::from_millis(1)).await;
        }
        theirs
    });
    let mut driver = Driver::new(ours, Toy::new);
    let mut lines = Vec::new();
    while lines.len() < 3 {
        if let Ok(line) = timeout(Duration::from_micros(300), driver.next()).await {
            let line = line.unwrap().unwrap();
            driver.machine().answer(&line);
            lines.push(line);
        }
    }
    assert_eq!(lines, ["one", "two", "three"]);
    drop(writer);
}

#[tokio::test(start_paused = true)]
async fn while_the_application_thinks_output_flows_and_one_read_is_kept() {
    let (ours, mut theirs) = duplex(1024);
    let mut driver = Driver::new(ours, Toy::new);
    theirs.write_all(b"a\r\nb\r\n").await.unwrap();
    let line = driver.next().await.unwrap().unwrap();
    let thinking = async {
        let mut greeting = [0; 7];
        theirs.read_exact(&mut greeting).await.unwrap();
        theirs.write_all(b"c\r\n").await.unwrap();
        greeting
    };
    assert_eq!(&driver.wait(thinking).await.unwrap(), b"hello\r\n");
    driver.machine().answer(&line);
    for expected in ["b", "c"] {
        let line = driver.next().await.unwrap().unwrap();
        assert_eq!(line, expected);
        driver.machine().answer(&line);
    }
}

#[tokio::test(start_paused = true)]
async fn thinking_longer_than_the_deadline_ends_the_session() {
    let (ours, mut theirs) = duplex(1024);
    let mut driver = Driver::new(ours, Toy::new);
    theirs.write_all(b"a\r\n").await.unwrap();
    driver.next().await.unwrap();
    let thought = driver.wait(sleep(Duration::from_secs(3600))).await;
    assert!(matches!(thought, Err(Error::Protocol(Late))));
    let mut heard = String::new();
    theirs.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "hello\r\nlate\r\n");
}

#[tokio::test]
async fn the_end_of_the_stream_is_noticed_while_the_application_thinks() {
    let (ours, mut theirs) = duplex(1024);
    let mut driver = Driver::new(ours, Toy::new);
    theirs.write_all(b"a\r\n").await.unwrap();
    theirs.shutdown().await.unwrap();
    let line = driver.next().await.unwrap().unwrap();
    driver.wait(sleep(Duration::from_millis(5))).await.unwrap();
    driver.machine().answer(&line);
    assert_eq!(driver.next().await.unwrap(), None);
}

#[tokio::test]
async fn the_observer_hears_both_directions() {
    let (ours, mut theirs) = duplex(1024);
    let (tell, heard) = std::sync::mpsc::channel();
    let mut driver = Driver::new(ours, Toy::new).with_observer(Box::new(move |way, octets| {
        tell.send((way, octets.to_vec())).unwrap();
    }));
    theirs.write_all(b"a\r\n").await.unwrap();
    driver.next().await.unwrap();
    drop(driver);
    let heard: Vec<_> = heard.iter().collect();
    let expected =
        [(Direction::Sent, b"hello\r\n".to_vec()), (Direction::Received, b"a\r\n".to_vec())];
    assert_eq!(heard, expected);
}

/// A certificate for localhost that signs itself, and those who trust it.
fn tls() -> (TlsAcceptor, TlsConnector) {
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
async fn tls_is_negotiated_in_mid_session_on_both_ends() {
    let (acceptor, connector) = tls();
    let (ours, theirs) = duplex(1024);
    let server = tokio::spawn(async move {
        let mut driver = Driver::new(Box::new(ours) as BoxStream, Toy::new);
        let mut lines = Vec::new();
        while let Some(line) = driver.next().await? {
            driver.machine().answer(&line);
            if line == "tls" {
                driver.secure_server(&acceptor).await?;
            }
            lines.push(line);
        }
        Ok::<_, Error<Late>>(lines)
    });
    let mut theirs = Box::new(theirs) as BoxStream;
    theirs.write_all(b"tls\r\n").await.unwrap();
    theirs.read_exact(&mut [0; 12]).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut secured = connector.connect(name, theirs).await.unwrap();
    secured.write_all(b"secret\r\n").await.unwrap();
    secured.shutdown().await.unwrap();
    let mut heard = String::new();
    secured.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "secret\r\n");
    assert_eq!(server.await.unwrap().unwrap(), ["tls", "secret"]);
}

#[tokio::test]
async fn the_driver_becomes_a_tls_client_of_a_server_it_can_name() {
    let (acceptor, connector) = tls();
    for (name, good) in [("localhost", true), ("example.org", false)] {
        let (ours, mut theirs) = duplex(1024);
        let acceptor = acceptor.clone();
        let peer = tokio::spawn(async move {
            theirs.write_all(b"tls\r\n").await.unwrap();
            theirs.read_exact(&mut [0; 12]).await.unwrap();
            let mut secured = acceptor.accept(theirs).await?;
            secured.write_all(b"x\r\n").await?;
            secured.read_exact(&mut [0; 3]).await
        });
        let mut driver = Driver::new(Box::new(ours) as BoxStream, Toy::new);
        let line = driver.next().await.unwrap().unwrap();
        driver.machine().answer(&line);
        let name = ServerName::try_from(name).unwrap();
        match driver.secure_client(&connector, name).await {
            Ok(()) => {
                assert!(good);
                let line = driver.next().await.unwrap().unwrap();
                driver.machine().answer(&line);
                assert_eq!(driver.next().await.unwrap(), None);
            }
            Err(error) => assert!(!good && matches!(error, Error::Tls(_)), "{error:?}"),
        }
        assert_eq!(peer.await.unwrap().is_ok(), good);
    }
}

/// RFC 9266: only the two ends of one connection know its name.
#[tokio::test]
async fn both_ends_of_tls_are_told_one_name_of_the_channel() {
    let (acceptor, connector) = tls();
    let mut names = Vec::new();
    for _ in 0..2 {
        let (ours, mut theirs) = duplex(1024);
        let acceptor = acceptor.clone();
        let peer = tokio::spawn(async move {
            theirs.write_all(b"tls\r\n").await.unwrap();
            theirs.read_exact(&mut [0; 12]).await.unwrap();
            let stream = acceptor.accept(theirs).await.unwrap();
            channel_binding(stream.get_ref().1).unwrap()
        });
        let mut driver = Driver::new(Box::new(ours) as BoxStream, Toy::new);
        let line = driver.next().await.unwrap().unwrap();
        driver.machine().answer(&line);
        let name = ServerName::try_from("localhost").unwrap();
        driver.secure_client(&connector, name).await.unwrap();
        let theirs = peer.await.unwrap();
        assert_eq!(driver.machine().channel(), Some(&theirs));
        assert_eq!(theirs.kind(), crate::BindingKind::TlsExporter);
        names.push(theirs);
    }
    assert_ne!(names[0], names[1]);
}

#[tokio::test]
async fn what_came_in_clear_before_the_handshake_is_an_error() {
    let (acceptor, _) = tls();
    let (ours, mut theirs) = duplex(1024);
    let mut driver = Driver::new(Box::new(ours) as BoxStream, Toy::new);
    theirs.write_all(b"tls\r\ninjected\r\n").await.unwrap();
    let line = driver.next().await.unwrap().unwrap();
    driver.machine().answer(&line);
    let secured = driver.secure_server(&acceptor).await;
    assert!(matches!(secured, Err(Error::Protocol(Late))));
}

/// The same, but it arrives while the application thinks about the STARTTLS.
#[tokio::test]
async fn what_came_in_clear_while_the_application_thought_is_an_error() {
    let (acceptor, _) = tls();
    let (ours, mut theirs) = duplex(1024);
    let mut driver = Driver::new(Box::new(ours) as BoxStream, Toy::new);
    theirs.write_all(b"tls\r\n").await.unwrap();
    let line = driver.next().await.unwrap().unwrap();
    let thinking = async {
        theirs.write_all(b"injected\r\n").await.unwrap();
        sleep(Duration::from_millis(5)).await;
    };
    driver.wait(thinking).await.unwrap();
    driver.machine().answer(&line);
    let secured = driver.secure_server(&acceptor).await;
    assert!(matches!(secured, Err(Error::Protocol(Late))));
}

/// A connection to a peer that reads nothing more, and to which something is owed.
fn deaf(stall: Duration) -> (Driver<Toy, tokio::io::DuplexStream>, tokio::io::DuplexStream) {
    let (ours, theirs) = duplex(64);
    let limits = Limits { stall, ..Limits::default() };
    let mut driver = Driver::new(ours, Toy::new).with_limits(limits);
    driver.machine().answer(&[b'x'; 1000]);
    (driver, theirs)
}

fn is_stalled<T>(result: Result<T, Error<Late>>) -> bool {
    matches!(result, Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::TimedOut)
}

#[tokio::test(start_paused = true)]
async fn a_deaf_peer_does_not_hold_a_session_that_is_over() {
    let (mut driver, _theirs) = deaf(Duration::from_millis(100));
    driver.machine().receive_eof();
    let next = timeout(Duration::from_secs(60), driver.next()).await;
    assert!(is_stalled(next.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_deaf_peer_does_not_hold_a_session_that_is_to_be_secured() {
    let (mut driver, _theirs) = deaf(Duration::from_millis(100));
    driver.machine().answer(b"tls");
    let secured = driver.secure(async |stream| Ok(stream));
    assert!(is_stalled(timeout(Duration::from_secs(60), secured).await.unwrap().map(drop)));
}

/// The patience is for a peer that takes nothing, not for a slow one.
#[tokio::test(start_paused = true)]
async fn a_slow_peer_is_served_to_the_end() {
    let (mut driver, mut theirs) = deaf(Duration::from_millis(100));
    driver.machine().receive_eof();
    let peer = tokio::spawn(async move {
        let (mut all, mut some) = (Vec::new(), [0; 40]);
        while let Ok(read @ 1..) = theirs.read(&mut some).await {
            all.extend_from_slice(&some[..read]);
            sleep(Duration::from_millis(60)).await;
        }
        all.len()
    });
    assert_eq!(driver.next().await.unwrap(), None);
    assert_eq!(peer.await.unwrap(), 1009);
}

/// Wants the peer to take what it is owed, and says after the end that it is `Closed`, or, being
/// broken, that it needs input.
struct Lister {
    output: bytes::BytesMut,
    broken: bool,
}

impl Machine for Lister {
    type Event = ();
    type Error = Late;
    fn receive(&mut self, _: crate::Instant, _: &[u8]) {}
    fn receive_eof(&mut self) {}
    fn poll(&mut self) -> Result<crate::Step<()>, Late> {
        let done = self.output.is_empty() && !self.broken;
        Ok(if done { crate::Step::Closed } else { crate::Step::NeedInput })
    }
    fn output(&mut self) -> &mut bytes::BytesMut {
        &mut self.output
    }
    fn deadline(&self) -> Option<crate::Instant> {
        None
    }
    fn expire(&mut self, _: crate::Instant) {}
    fn secured(&mut self) {}
}

#[tokio::test]
async fn a_machine_that_reads_on_after_the_end_does_not_spin() {
    let (ours, theirs) = duplex(64);
    drop(theirs);
    let machine = Lister { output: bytes::BytesMut::new(), broken: true };
    let mut driver = Driver::new(ours, |_| machine);
    let next = timeout(Duration::from_secs(1), driver.next()).await;
    assert!(matches!(next, Ok(Err(Error::Io(_)))));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_goodbye_and_then_reads_nothing_is_given_up() {
    let (ours, mut theirs) = duplex(64);
    theirs.shutdown().await.unwrap();
    let machine = Lister { output: b"x".repeat(1000)[..].into(), broken: false };
    let limits = Limits { stall: Duration::from_millis(100), ..Limits::default() };
    let mut driver = Driver::new(ours, |_| machine).with_limits(limits);
    let next = timeout(Duration::from_secs(60), driver.next()).await;
    assert!(is_stalled(next.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_waits_no_longer_than_its_limit() {
    let (driver, _theirs) = deaf(Duration::from_secs(300));
    let goodbye = Duration::from_secs(2);
    let mut driver = driver.with_limits(Limits { goodbye, ..Limits::default() });
    driver.machine().expire(crate::Instant::ORIGIN + Toy::PATIENCE);
    let before = time::Instant::now();
    assert!(matches!(driver.next().await, Err(Error::Protocol(Late))));
    assert_eq!(before.elapsed(), goodbye);
}

#[tokio::test]
async fn a_session_that_waits_for_its_peer_says_goodbye_when_the_server_ends() {
    let (ours, mut theirs) = duplex(1024);
    let shutdown = Shutdown::default();
    let mut driver = Driver::new(ours, Toy::new).with_shutdown(&shutdown);
    let server = tokio::spawn(async move {
        let line = driver.next().await.unwrap().unwrap();
        driver.machine().answer(&line);
        driver.next().await
    });
    theirs.write_all(b"a\r\n").await.unwrap();
    theirs.read_exact(&mut [0; 10]).await.unwrap();
    shutdown.begin();
    let mut heard = String::new();
    theirs.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "goodbye\r\n");
    assert!(matches!(server.await.unwrap(), Err(Error::Protocol(Late))));
}
