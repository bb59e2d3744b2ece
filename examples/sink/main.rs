//! Takes mail and throws it away, or writes it to files: the null server for load tests and for
//! trying out clients.
mod accounts;
mod drain;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use accounts::Accounts;
use clap::Parser;
use drain::Drain;
use homing::{
    proto_core::{
        Machine,
        tokio::{
            AcceptLimits, BoxStream, Driver, Shutdown, accept_loop, channel_binding, random,
            tls::{
                TlsAcceptor,
                rustls::{
                    ServerConfig,
                    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
                },
            },
        },
    },
    sasl::Seed,
    smtp::{
        Extension,
        server::{Config, Session},
        tokio::serve,
    },
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    time::timeout,
};

/// Anything that stops the program, in a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Takes mail and throws it away, or writes it to files. Ends by SIGTERM or SIGINT.
///
/// Prints `listening smtp ADDR` (`lmtp`, `smtps`), then `ready`.
#[derive(Parser)]
#[command(name = "sink")]
struct Arguments {
    /// Listen here for connections that begin in clear; port 0 is any free one
    #[arg(long, value_name = "ADDR", required_unless_present = "implicit_tls")]
    listen: Option<SocketAddr>,
    /// Listen here for connections that begin with TLS
    #[arg(long, value_name = "ADDR", requires = "tls")]
    implicit_tls: Option<SocketAddr>,
    /// Speak LMTP, with a verdict for each recipient
    #[arg(long)]
    lmtp: bool,
    /// Write each message into this directory as PID-N.eml, and its envelope as
    /// PID-N.envelope
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// Offer STARTTLS, with this certificate and its key
    #[arg(long, num_args = 2, value_names = ["CERT.pem", "KEY.pem"])]
    tls: Option<Vec<PathBuf>>,
    /// Take mail from this user only, whose password is the first line of a file; may be repeated.
    /// Passwords may come in clear: use none that is worth anything
    #[arg(long, value_name = "NAME:PASSWORD-FILE")]
    user: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sink: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let tls = arguments.tls.as_deref().map(acceptor).transpose()?;
    if let Some(directory) = &arguments.dump {
        std::fs::create_dir_all(directory)
            .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
    }
    let accounts = Accounts::read(&arguments.user, random()?)?;
    let mut config = Config::new("localhost".parse()?);
    config.lmtp = arguments.lmtp;
    if tls.is_some() {
        config.extensions = config.extensions.with(Extension::StartTls);
    }
    if !accounts.is_empty() {
        config.mechanisms = Accounts::MECHANISMS.to_vec();
        config.plaintext_passwords = true;
    }
    let shutdown = Shutdown::default();
    let shared = Shared { config, accounts, tls, dump: arguments.dump, shutdown };
    let shared = Arc::new(shared);
    let clear = listen(arguments.listen, if arguments.lmtp { "lmtp" } else { "smtp" }).await?;
    let secured = listen(arguments.implicit_tls, "smtps").await?;
    println!("ready");
    tokio::spawn(end(signal(SignalKind::terminate())?, shared.shutdown.clone()));
    tokio::spawn(end(signal(SignalKind::interrupt())?, shared.shutdown.clone()));
    tokio::join!(accept(clear, &shared, false), accept(secured, &shared, true));
    Ok(())
}

async fn end(mut signal: tokio::signal::unix::Signal, shutdown: Shutdown) {
    signal.recv().await;
    shutdown.begin();
}

async fn listen(address: Option<SocketAddr>, name: &str) -> Result<Option<TcpListener>, Failure> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    println!("listening {name} {}", listener.local_addr()?);
    Ok(Some(listener))
}

fn acceptor(files: &[PathBuf]) -> Result<TlsAcceptor, Failure> {
    let [certificates, key] = files else { return Err("--tls takes two files".into()) };
    let unreadable = |file: &Path, error| format!("cannot read {} as PEM: {error}", file.display());
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(certificates, error))?;
    if chain.is_empty() {
        return Err(format!("{} has no certificate in it", certificates.display()).into());
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, secret);
    let config = config.map_err(|error| format!("--tls: certificate and key: {error}"))?;
    Ok(Arc::new(config).into())
}

/// What all connections have in common.
pub(crate) struct Shared {
    config: Config,
    pub(crate) accounts: Accounts,
    tls: Option<TlsAcceptor>,
    pub(crate) dump: Option<PathBuf>,
    shutdown: Shutdown,
}

async fn accept(listener: Option<TcpListener>, shared: &Arc<Shared>, tls: bool) {
    let Some(listener) = listener else { return };
    let mut limits = AcceptLimits::default();
    // A load test comes from one address.
    limits.connections_per_address = limits.connections;
    accept_loop(listener, limits, shared.shutdown.begun(), |stream, peer| {
        let shared = Arc::clone(shared);
        async move {
            if let Err(error) = connection(shared, stream, tls).await {
                eprintln!("sink: {peer}: {error}");
            }
        }
    })
    .await;
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, tls: bool) -> Result<(), Failure> {
    let config = shared.config.clone();
    let seed = if shared.accounts.is_empty() { None } else { Some(Seed::new(random()?)) };
    let session = |now| {
        let session = Session::new(now, config);
        seed.into_iter().fold(session, Session::with_seed)
    };
    let driver = match &shared.tls {
        Some(acceptor) if tls => {
            let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await??;
            let channel = channel_binding(stream.get_ref().1);
            let mut driver = Driver::new(Box::new(stream) as BoxStream, session);
            channel.into_iter().for_each(|channel| driver.machine().bind(channel));
            driver.machine().secured();
            driver
        }
        _ => Driver::new(Box::new(stream) as BoxStream, session),
    };
    let driver = driver.with_shutdown(&shared.shutdown);
    let acceptor = shared.tls.clone();
    Ok(serve(driver, acceptor.as_ref(), &mut Drain::new(shared)).await?)
}
