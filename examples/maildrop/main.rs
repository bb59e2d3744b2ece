//! Serves the messages of one Maildir by POP3, in clear, by STLS and by TLS: for tests against
//! other people's clients, and for benchmarks.
mod account;
mod mailbox;
mod maildir;

use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use account::Account;
use mailbox::Mailbox;
use maildir::Sizes;

use clap::Parser;
use homing::{
    pop3::{
        Text,
        server::{Config, Session},
        tokio::serve,
    },
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
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::ctrl_c,
    sync::Mutex,
    time::timeout,
};

/// Anything that stops the program, in a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(30);

/// Serves a Maildir by POP3, for tests and benchmarks.
#[derive(Parser)]
#[command(name = "maildrop")]
struct Arguments {
    /// Listen here for connections that begin in clear
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Listen here for connections that begin with TLS
    #[arg(long, value_name = "ADDR", requires = "tls")]
    listen_tls: Option<SocketAddr>,
    /// Serve the messages in its directories new and cur
    #[arg(long, value_name = "DIR")]
    maildir: PathBuf,
    /// Let this user in, and nobody else
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Read the user's password from the first line of a file
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// Offer STLS, with this certificate and its key
    #[arg(long, num_args = 2, value_names = ["CERT.pem", "KEY.pem"])]
    tls: Option<Vec<PathBuf>>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("maildrop: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let password = fs::read_to_string(&arguments.password_file)?;
    let password = password.lines().next().unwrap_or_default();
    let account = Account::new(arguments.user, password, random()?)?;
    let tls = arguments.tls.as_deref().map(acceptor).transpose()?;
    let maildir = arguments.maildir;
    let shutdown = Shutdown::default();
    let sizes = Arc::default();
    let shared = Arc::new(Shared { maildir, account, tls, shutdown, sizes });
    let clear = TcpListener::bind(arguments.listen).await?;
    println!("listening pop3 {}", clear.local_addr()?);
    let secured = match arguments.listen_tls {
        Some(address) => Some(TcpListener::bind(address).await?),
        None => None,
    };
    if let Some(listener) = &secured {
        println!("listening pop3s {}", listener.local_addr()?);
    }
    println!("ready");
    let tls = async {
        if let Some(listener) = secured {
            accept(listener, &shared, true).await;
        }
    };
    let interrupt = async {
        let _ = ctrl_c().await;
        shared.shutdown.begin();
    };
    tokio::join!(accept(clear, &shared, false), tls, interrupt);
    Ok(())
}

fn acceptor(files: &[PathBuf]) -> Result<TlsAcceptor, Failure> {
    let [certificates, key] = files else { return Err("--tls takes two files".into()) };
    let certificates = CertificateDer::pem_file_iter(certificates)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let config = ServerConfig::builder().with_no_client_auth();
    Ok(Arc::new(config.with_single_cert(certificates, key)?).into())
}

/// What all connections have in common.
pub(crate) struct Shared {
    pub(crate) maildir: PathBuf,
    pub(crate) account: Account,
    tls: Option<TlsAcceptor>,
    shutdown: Shutdown,
    /// Held by the session that has the maildrop (RFC 1939 §4: one at a time).
    pub(crate) sizes: Arc<Mutex<Sizes>>,
}

async fn accept(listener: TcpListener, shared: &Arc<Shared>, tls: bool) {
    accept_loop(listener, AcceptLimits::default(), shared.shutdown.begun(), |stream, peer| {
        let shared = Arc::clone(shared);
        async move {
            if let Err(error) = connection(shared, stream, tls).await {
                eprintln!("maildrop: {peer}: {error}");
            }
        }
    })
    .await;
}

async fn connection(shared: Arc<Shared>, stream: TcpStream, tls: bool) -> Result<(), Failure> {
    let mut config = Config::new(Text::from_static("maildrop ready"));
    config.stls = shared.tls.is_some();
    config.mechanisms = Account::MECHANISMS.to_vec();
    let seed = Seed::new(random()?);
    let acceptor = shared.tls.clone();
    let driver = match &acceptor {
        Some(acceptor) if tls => {
            let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await??;
            let channel = channel_binding(stream.get_ref().1);
            Driver::new(Box::new(stream) as BoxStream, |now| {
                let mut session = Session::new_secured(now, config).with_seed(seed);
                channel.into_iter().for_each(|channel| session.bind(channel));
                session
            })
        }
        _ => Driver::new(Box::new(stream) as BoxStream, |now| {
            Session::new(now, config).with_seed(seed)
        }),
    };
    let driver = driver.with_shutdown(&shared.shutdown);
    let mut mailbox = Mailbox::new(shared);
    Ok(serve(driver, acceptor.as_ref(), &mut mailbox).await?)
}
