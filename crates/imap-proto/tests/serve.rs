//! Both who serve, over sockets: clients against engines over the store in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener},
    ops::DerefMut,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use bytes::Bytes;
use imap_proto::{
    Capability, Code, Flag, Flags, Mailbox, RespText, Response, Section, Text,
    blocking::{self, Client, Error, Place, Security},
    client,
    command::{AppendPart, Change, Criteria, FetchItem, MessageStart, SearchKey, Tagged},
    engine::{Engine, Limits, Output, memory},
    server,
    tokio::{Ending, Handler, Responder, ServeError, serve},
};
use proto_core::ChannelBinding;
use proto_core::tokio::tls::TlsAcceptor;
use proto_core::tokio::tls::rustls::{
    ClientConfig, ClientConnection, ConnectionCommon, RootCertStore, ServerConfig,
    ServerConnection, SideData, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};
use proto_core::tokio::{BoxStream, Driver};
use sasl::{Credentials, server::Claim};
use tokio::sync::{oneshot, watch};

#[test]
fn a_thread_serves_a_client_from_login_to_logout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut bobs = Bobs(memory::Account::new());
        for _ in 0..3 {
            let driver = proto_core::blocking::Driver::new(accept(&listener), session);
            blocking::serve(driver, None, &mut bobs).unwrap();
        }
    });
    everything_is_done(address, None);
    server.join().unwrap();
}

#[test]
fn a_thread_serves_a_client_by_starttls() {
    let (server, tls) = tls();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut bobs = Bobs(memory::Account::new());
        let mut handshake = |stream| {
            let connection = ServerConnection::new(server.clone()).map_err(io::Error::other)?;
            secured(connection, stream)
        };
        for _ in 0..3 {
            let driver = proto_core::blocking::Driver::new(accept(&listener), session);
            blocking::serve(driver, Some(&mut handshake), &mut bobs).unwrap();
        }
        // A client who does not believe us hangs up.
        let driver = proto_core::blocking::Driver::new(accept(&listener), session);
        let served = blocking::serve(driver, Some(&mut handshake), &mut bobs);
        let failed = matches!(served, Err(ServeError::Session(proto_core::tokio::Error::Tls(_))));
        assert!(failed, "{served:?}");
    });
    everything_is_done(address, Some(&tls));
    nobody_else_is_believed(address);
    server.join().unwrap();
}

#[tokio::test]
async fn a_task_serves_a_client_from_login_to_logout() {
    let (address, _) = start(None);
    tokio::task::spawn_blocking(move || everything_is_done(address, None)).await.unwrap();
}

#[tokio::test]
async fn a_task_serves_a_client_by_starttls() {
    let (server, tls) = tls();
    let (address, _) = start(Some(server.into()));
    let work = move || {
        everything_is_done(address, Some(&tls));
        nobody_else_is_believed(address);
    };
    tokio::task::spawn_blocking(work).await.unwrap();
}

#[tokio::test]
async fn who_idles_is_told_at_once_what_another_client_does() {
    let (address, _) = start(None);
    let told = tokio::task::spawn_blocking(move || {
        let (mut waiting, mut working) = (open(address, None), open(address, None));
        for client in [&mut waiting, &mut working] {
            client.login(bob("hungry")).unwrap();
            client.select(Mailbox::INBOX).unwrap();
        }
        let mut idling = waiting.idle().unwrap();
        append(&mut working, b"Hello\r\n");
        assert_eq!(idling.next().unwrap(), Response::Exists(1));
        let all = working.search(Criteria::from(SearchKey::All)).unwrap().unwrap();
        working.store(&all, Change::Add, Flags::from_iter([Flag::Deleted])).unwrap();
        working.expunge(None).unwrap();
        loop {
            if let gone @ Response::Expunge(_) = idling.next().unwrap() {
                return gone;
            }
        }
    });
    assert!(matches!(told.await.unwrap(), Response::Expunge(number) if number.get() == 1));
}

#[tokio::test]
async fn a_handler_that_answers_what_makes_no_sense_ends_the_connection() {
    /// Greets with what is no greeting.
    struct Mad;

    impl blocking::Handler for Mad {
        type Store = memory::Store;
        fn greet(&mut self) -> Response {
            Response::Exists(1)
        }
        fn log_in(&mut self, _: Claim) -> Result<memory::Store, RespText> {
            Err(RespText::new(None, Text::default()))
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = thread::spawn(move || {
        let config = client::Config::default();
        Client::connect(&place(address, Security::Plain), config, None, None).map(drop)
    });
    let driver = proto_core::blocking::Driver::new(accept(&listener), session);
    let served = blocking::serve(driver, None, &mut Mad);
    assert!(matches!(served, Err(ServeError::Misuse(_))), "{served:?}");
    assert!(client.join().unwrap().is_err());
}

/// What a user does in a day, and some of what goes wrong.
fn everything_is_done(address: SocketAddr, tls: Option<&Arc<ClientConfig>>) {
    let mut client = open(address, tls);
    let wrong = client.login(bob("thirsty"));
    assert!(wrong.is_err(), "{wrong:?}");
    drop(client);

    let mut client = open(address, tls);
    client.login(bob("hungry")).unwrap();
    client.compress().unwrap();
    client.create(Mailbox::new("Plans").unwrap()).unwrap();
    // More than is ever held at once, there and back.
    let large = b"Subject: large\r\n\r\n".iter().chain(b"0123456789abcd\r\n".iter().cycle());
    let large: Vec<u8> = large.take(300_000).copied().collect();
    append(&mut client, b"Subject: small\r\n\r\nHello\r\n");
    append(&mut client, &large);
    let nowhere = Mailbox::new("nowhere").unwrap();
    let start = MessageStart::default();
    let refused = client.append(nowhere.clone(), start, 300_000, &large[..]);
    assert!(matches!(refused, Err(Error::Refused(_, why)) if why.code() == Some(&Code::TryCreate)));
    assert!(client.select(nowhere).is_err());
    let selected = client.select(Mailbox::INBOX).unwrap();
    assert_eq!((selected.exists, selected.read_only), (2, false));
    let found = client.search(Criteria::from(SearchKey::Larger(1000.into()))).unwrap().unwrap();
    let all = FetchItem::BodySection { peek: false, section: Section::default(), partial: None };
    let mut fetching = client.fetch(&found, all).unwrap();
    let (mut read, mut count) = (Vec::new(), 0);
    while let Some(mut message) = fetching.next().unwrap() {
        message.copy_to(&mut read).unwrap();
        count += 1;
    }
    assert!(count == 1 && read == large);
    let copied = client.copy(&found, Mailbox::new("Plans").unwrap()).unwrap().unwrap();
    assert_eq!(copied.uids.count(), 1);
    client.store(&found, Change::Add, Flags::from_iter([Flag::Deleted])).unwrap();
    let gone = client.expunge(None).unwrap();
    assert!(gone.responses.iter().any(|it| matches!(it, Response::Expunge(_))));
    let idling = client.idle().unwrap();
    idling.done().unwrap();
    client.logout().unwrap();

    // What was kept is there the next time.
    let mut client = open(address, tls);
    client.login(bob("hungry")).unwrap();
    assert_eq!(client.select(Mailbox::INBOX).unwrap().exists, 1);
    client.logout().unwrap();
}

/// A server whose certificate a client does not know gets no password.
fn nobody_else_is_believed(address: SocketAddr) {
    let (_, other) = tls();
    let failed = connect(address, Some(&other)).expect_err("the certificate is somebody's");
    let failed = matches!(failed, Error::Session(proto_core::tokio::Error::Tls(_)));
    assert!(failed, "the handshake must fail");
}

fn open(address: SocketAddr, tls: Option<&Arc<ClientConfig>>) -> Client {
    connect(address, tls).unwrap()
}

/// Connects by STARTTLS, if there is somebody to believe; else in clear.
fn connect(address: SocketAddr, tls: Option<&Arc<ClientConfig>>) -> Result<Client, Error> {
    let mut config = client::Config::default();
    config.login_without_tls = tls.is_none();
    let Some(tls) = tls else {
        return Client::connect(&place(address, Security::Plain), config, None, None);
    };
    let name = ServerName::from(address.ip());
    let mut handshake = |stream| {
        let connection = ClientConnection::new(tls.clone(), name.clone());
        secured(connection.map_err(io::Error::other)?, stream)
    };
    Client::connect(&place(address, Security::StartTls), config, Some(&mut handshake), None)
}

fn accept(listener: &TcpListener) -> proto_core::blocking::BoxStream {
    Box::new(listener.accept().unwrap().0)
}

/// A certificate for here, and who believes it.
fn tls() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let certificate = made.cert.der().clone();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let server = ServerConfig::builder().with_no_client_auth();
    let server = server.with_single_cert(vec![certificate], key).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

/// TLS for threads.
struct Secured<C>(StreamOwned<C, proto_core::blocking::BoxStream>);

/// Does the handshake.
fn secured<C, S: SideData>(
    connection: C,
    stream: proto_core::blocking::BoxStream,
) -> io::Result<(proto_core::blocking::BoxStream, Option<ChannelBinding>)>
where
    C: DerefMut<Target = ConnectionCommon<S>> + Send + 'static,
{
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok((Box::new(Secured(stream)), None))
}

impl<S: SideData, C: DerefMut<Target = ConnectionCommon<S>>> Read for Secured<C> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<S: SideData, C: DerefMut<Target = ConnectionCommon<S>>> Write for Secured<C> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: SideData, C: DerefMut<Target = ConnectionCommon<S>>> proto_core::blocking::Stream
    for Secured<C>
{
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.sock.set_timeout(timeout)
    }
}

fn place(address: SocketAddr, security: Security) -> Place {
    let mut place = Place::new("127.0.0.1", security);
    place.port = address.port();
    place
}

fn bob(password: &str) -> Credentials {
    Credentials::new("bob", password.into()).unwrap()
}

fn append(client: &mut Client, message: &[u8]) {
    let size = message.len() as u64;
    client.append(Mailbox::INBOX, MessageStart::default(), size, message).unwrap().unwrap();
}

fn session(now: proto_core::Instant) -> server::Session {
    let mut config = server::Config::default();
    config.plaintext_passwords = true;
    config.capabilities.extend([
        Capability::StartTls,
        Capability::CompressDeflate,
        Capability::UidPlus,
    ]);
    server::Session::new(now, config)
}

fn is_bob(claim: &Claim) -> Result<(), RespText> {
    match claim {
        Claim::Password(bob) if bob.authcid() == "bob" && bob.password().matches(b"hungry") => {
            Ok(())
        }
        _ => Err(RespText::new(Some(Code::AuthenticationFailed), Text::from_static("who?"))),
    }
}

/// Bob's mail, for threads.
struct Bobs(memory::Account);

impl blocking::Handler for Bobs {
    type Store = memory::Store;

    fn log_in(&mut self, claim: Claim) -> Result<memory::Store, RespText> {
        is_bob(&claim).map(|()| self.0.store())
    }
}

/// What the thread has that all engines are on: the store in memory is one thread's.
struct World {
    account: memory::Account,
    engines: BTreeMap<SocketAddr, Engine<memory::Store>>,
}

type Job = Box<dyn FnOnce(&mut World) + Send>;

/// Serves whoever connects, for ever.
fn start(acceptor: Option<TlsAcceptor>) -> (SocketAddr, watch::Sender<()>) {
    let (jobs, to_do) = mpsc::channel::<Job>();
    thread::spawn(move || {
        let mut world = World { account: memory::Account::new(), engines: BTreeMap::new() };
        to_do.into_iter().for_each(|job| job(&mut world));
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let (changed, _) = watch::channel(());
    let told = changed.clone();
    tokio::spawn(async move {
        loop {
            let (stream, client) = listener.accept().await.unwrap();
            let driver = Driver::new(Box::new(stream) as BoxStream, session);
            let news = told.subscribe();
            let mut desk =
                Desk { client, jobs: jobs.clone(), changed: told.clone(), news, idle: false };
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let served = serve(driver, acceptor.as_ref(), &mut desk).await;
                let refused =
                    matches!(served, Err(ServeError::Session(proto_core::tokio::Error::Tls(_))));
                assert!(refused || served.is_ok(), "{served:?}");
            });
        }
    });
    (address, changed)
}

/// Bob's mail, for tasks.
struct Desk {
    client: SocketAddr,
    jobs: mpsc::Sender<Job>,
    changed: watch::Sender<()>,
    news: watch::Receiver<()>,
    idle: bool,
}

impl Desk {
    /// Lets the thread do something with this client's engine.
    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Engine<memory::Store>) -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (answer, answered) = oneshot::channel();
        let client = self.client;
        let job = move |world: &mut World| {
            drop(answer.send(work(world.engines.get_mut(&client).unwrap())));
        };
        self.jobs.send(Box::new(job)).unwrap();
        answered
    }

    /// Lets the engine do something, and tells all that comes of it.
    async fn ask(
        &mut self,
        to: &mut Responder<'_>,
        work: impl FnOnce(&mut Engine<memory::Store>) + Send + 'static,
    ) -> Result<Option<Ending>, ServeError> {
        let outputs = self.with(move |engine| {
            work(engine);
            std::iter::from_fn(|| engine.next()).collect::<Vec<_>>()
        });
        let mut ending = None;
        for output in to.wait(outputs).await?.unwrap() {
            match output {
                Output::Response(response) => to.respond(response).await?,
                Output::Octets(octets) => to.octets(&octets).await?,
                Output::Done(condition, text) => ending = Some((condition, text)),
                Output::Broken(failure) => panic!("{failure}"),
            }
        }
        if ending.is_some() {
            self.changed.send_replace(());
        }
        Ok(ending)
    }
}

impl Handler for Desk {
    async fn log_in(&mut self, claim: Claim) -> Result<(), RespText> {
        is_bob(&claim)?;
        let client = self.client;
        let job = move |world: &mut World| {
            let store = world.account.store();
            world.engines.insert(client, Engine::new(store, Limits::default()));
        };
        self.jobs.send(Box::new(job)).unwrap();
        Ok(())
    }

    fn forget(&mut self) {}

    async fn command(
        &mut self,
        tagged: Tagged,
        to: &mut Responder<'_>,
    ) -> Result<Ending, ServeError> {
        let ending = self.ask(to, |engine| engine.command(tagged, 0).unwrap()).await?;
        Ok(ending.expect("a command has an end"))
    }

    async fn begin(
        &mut self,
        tagged: Tagged,
        to: &mut Responder<'_>,
    ) -> Result<Option<Ending>, ServeError> {
        self.ask(to, |engine| engine.command(tagged, 0).unwrap()).await
    }

    async fn part(&mut self, part: AppendPart) -> Option<Ending> {
        self.with(move |engine| engine.part(&part).err()).await.unwrap()
    }

    async fn octets(&mut self, octets: Bytes) {
        self.with(move |engine| engine.octets(octets)).await.unwrap();
    }

    async fn end(&mut self, to: &mut Responder<'_>) -> Result<Ending, ServeError> {
        Ok(self.ask(to, Engine::end).await?.expect("a command has an end"))
    }

    fn abandon(&mut self) {
        drop(self.with(Engine::abort));
    }

    fn idle(&mut self, listens: bool) {
        self.idle = listens;
        drop(self.with(move |engine| if listens { engine.idle() } else { engine.end_idle() }));
    }

    async fn changed(&mut self) {
        if !self.idle || self.news.changed().await.is_err() {
            std::future::pending().await
        }
    }

    async fn news(&mut self, to: &mut Responder<'_>) -> Result<(), ServeError> {
        self.ask(to, Engine::wake).await.map(drop)
    }
}
