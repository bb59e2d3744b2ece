//! Everything that listens.
use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
    pin::Pin,
    sync::Arc,
    thread,
    time::Duration,
};

use homing::{
    imap as imap_proto, pop3 as pop3_proto,
    proto_core::{
        ChannelBinding, Machine,
        tokio::{AcceptLimits, BoxStream, Driver, Shutdown, accept_loop, channel_binding, random},
    },
    sasl::Seed,
    smtp as smtp_proto,
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::timeout,
};
use tracing::{debug, info};

use crate::{
    Failure,
    arguments::Serve,
    database::Url,
    host::{Directory, Host},
    imap::{Desk, Offers},
    lock,
    metrics::{self, Metrics, Open},
    pop3::{self, Locks},
    private,
    relay::Relay,
    remembered::Remembered,
    smtp::{self, Door, Reception},
    store::Store,
    tls, users,
};

/// How many threads there are at least that carry out what takes no time.
const WORKERS: usize = 4;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// What is spoken at an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Service {
    Mail(Door),
    Pop3,
    Imap,
}

/// Serves until a signal ends it.
pub(crate) fn run(arguments: Serve) -> Result<(), Failure> {
    let directory = arguments.store.data.clone();
    // Of a database that others share, only this directory is ours.
    let _locked = lock(&directory)?;
    let store = Store::open(&Url::new(arguments.store.store.as_deref(), &directory)?)?;
    users::add(&store, &arguments.user)?;
    // More than there are cores, for one that reads a little may have to wait for the disk.
    let workers = thread::available_parallelism().map_or(WORKERS, |cores| cores.get().max(WORKERS));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(workers).enable_all().build()?;
    let served = runtime.block_on(serve(arguments, store));
    // Connections to the database may only be closed where one may wait.
    runtime.shutdown_timeout(Duration::from_secs(10));
    served
}

async fn serve(arguments: Serve, store: Store) -> Result<(), Failure> {
    let data = &arguments.store.data;
    let domains: Vec<_> = arguments.domain.iter().map(|it| it.to_lowercase()).collect();
    let acceptor = match (&arguments.cert, &arguments.key) {
        (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
        _ if arguments.self_signed => Some(tls::self_signed(data, &domains)?),
        _ => None,
    };
    let name = domains.first().cloned().ok_or("--domain is missing")?;
    let key = key(data)?;
    let directory = Arc::new(Directory { name, domains, data: data.clone() });
    let relay = Relay::start(&arguments, Arc::clone(&directory), store.clone()).await?;
    let host = Arc::new(Host {
        directory,
        store,
        relay,
        imap: Offers::new(acceptor.is_some())?,
        tls: acceptor,
        key,
        remembered: Remembered::new(random()?),
        clear_passwords: arguments.clear_passwords,
        pop3_locks: Locks::default(),
        shutdown: Shutdown::default(),
        metrics: Metrics::default(),
        transcripts: arguments.transcripts,
    });
    let mut tasks = open(&arguments, &host).await?;
    if let Some(address) = arguments.metrics {
        tokio::spawn(metrics::serve(metrics::listen(address).await?, Arc::clone(&host)));
    }
    println!("ready");
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    info!("ending");
    host.shutdown.begin();
    while tasks.join_next().await.is_some() {}
    host.relay.stop();
    Ok(())
}

/// Opens every address before any is served: half a mail server helps nobody.
async fn open(arguments: &Serve, host: &Arc<Host>) -> Result<JoinSet<()>, Failure> {
    use Service::{Imap, Mail, Pop3};
    let doors: [(&str, &[SocketAddr], Service, bool); 8] = [
        ("smtp", &arguments.smtp, Mail(Door::Smtp), false),
        ("submission", &arguments.submission, Mail(Door::Submission), false),
        ("lmtp", &arguments.lmtp, Mail(Door::Lmtp), false),
        ("smtps", &arguments.smtps, Mail(Door::Submission), true),
        ("pop3", &arguments.pop3, Pop3, false),
        ("pop3s", &arguments.pop3s, Pop3, true),
        ("imap", &arguments.imap, Imap, false),
        ("imaps", &arguments.imaps, Imap, true),
    ];
    let mut open = Vec::new();
    for (name, addresses, service, secured) in doors {
        if secured && !addresses.is_empty() && host.tls.is_none() {
            return Err(format!("--{name} needs --cert and --key, or --self-signed").into());
        }
        for address in addresses {
            let listener = TcpListener::bind(address).await;
            let listener = listener
                .map_err(|error| format!("cannot listen for {name} on {address}: {error}"))?;
            println!("listening {name} {}", listener.local_addr()?);
            open.push((listener, service, secured));
        }
    }
    if open.is_empty() {
        return Err("nothing to serve: name an address, with --imap for instance".into());
    }
    let mut tasks = JoinSet::new();
    for (listener, service, secured) in open {
        tasks.spawn(accept(listener, Arc::clone(host), service, secured));
    }
    Ok(tasks)
}

async fn accept(listener: TcpListener, host: Arc<Host>, service: Service, secured: bool) {
    let mut limits = AcceptLimits::default();
    if service == Service::Imap {
        // Its clients stay all day, several connections each, and a whole office has one address.
        (limits.connections, limits.connections_per_address) = (20_000, 500);
    }
    accept_loop(listener, limits, host.shutdown.begun(), |stream, peer| {
        let host = Arc::clone(&host);
        async move {
            let _open = Open::new(&host);
            if let Err(error) = connection(host, stream, peer.ip(), service, secured).await {
                debug!(%peer, ?service, %error, "a session ended early");
            }
        }
    })
    .await;
}

async fn connection(
    host: Arc<Host>,
    stream: TcpStream,
    peer: IpAddr,
    service: Service,
    secured: bool,
) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let (stream, channel) = match &host.tls {
        Some(acceptor) if secured => {
            let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await??;
            let channel = channel_binding(stream.get_ref().1);
            (Box::new(stream) as BoxStream, channel)
        }
        _ => (Box::new(stream) as BoxStream, None),
    };
    let secured = Secured { is_secured: secured, channel };
    session(host, stream, peer, service, secured)?.await
}

/// TLS from the beginning, and what names it.
struct Secured {
    is_secured: bool,
    channel: Option<ChannelBinding>,
}

/// What serves a client. In a box of its own size: an asynchronous block is as large as the
/// largest of its branches.
type Serving = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

fn session(
    host: Arc<Host>,
    stream: BoxStream,
    peer: IpAddr,
    service: Service,
    Secured { is_secured, channel }: Secured,
) -> Result<Serving, Failure> {
    let (seed, acceptor) = (Seed::new(random()?), host.tls.clone());
    Ok(match service {
        Service::Mail(door) => {
            let config = smtp::config(&host, door, peer)?;
            let driver = Driver::new(stream, |now| {
                let mut session = smtp_proto::server::Session::new(now, config).with_seed(seed);
                if is_secured {
                    channel.into_iter().for_each(|channel| session.bind(channel));
                    session.secured();
                }
                session
            });
            let driver = observed(driver, &host, peer).with_shutdown(&host.shutdown);
            let mut reception = Reception::new(host, door, peer, is_secured);
            Box::pin(async move {
                let serving = smtp_proto::tokio::serve(driver, acceptor.as_ref(), &mut reception);
                Ok(serving.await?)
            })
        }
        Service::Pop3 => {
            let config = pop3::config(&host, peer)?;
            let driver = Driver::new(stream, |now| {
                use pop3_proto::server::Session;
                let mut session = match is_secured {
                    true => Session::new_secured(now, config).with_seed(seed),
                    false => Session::new(now, config).with_seed(seed),
                };
                channel.into_iter().for_each(|channel| session.bind(channel));
                session
            });
            let driver = observed(driver, &host, peer).with_shutdown(&host.shutdown);
            let mut session = pop3::Session::new(host);
            Box::pin(async move {
                let serving = pop3_proto::tokio::serve(driver, acceptor.as_ref(), &mut session);
                Ok(serving.await?)
            })
        }
        Service::Imap => {
            let config = host.imap.get(host.takes_clear_passwords(peer));
            let driver = Driver::new(stream, |now| {
                use imap_proto::server::Session;
                let mut session = Session::new(now, config).with_seed(seed);
                if is_secured {
                    channel.into_iter().for_each(|channel| session.bind(channel));
                    session.secured();
                }
                session
            });
            let driver = observed(driver, &host, peer).with_shutdown(&host.shutdown);
            Box::pin(Desk::new(driver, host).serve(acceptor))
        }
    })
}

/// Logs what is said, if that is wanted.
fn observed<M: Machine>(
    driver: Driver<M, BoxStream>,
    host: &Host,
    peer: IpAddr,
) -> Driver<M, BoxStream> {
    if !host.transcripts {
        return driver;
    }
    driver.with_observer(Box::new(move |direction, octets| {
        debug!(%peer, ?direction, octets = %octets.escape_ascii(), "said");
    }))
}

/// Reads the secret of this host, or makes one.
fn key(directory: &Path) -> Result<[u8; 32], Failure> {
    let path = directory.join("key");
    if let Ok(octets) = fs::read(&path)
        && let Ok(key) = octets.try_into()
    {
        return Ok(key);
    }
    let key = random()?;
    private::write(&path, &key)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    Ok(key)
}
