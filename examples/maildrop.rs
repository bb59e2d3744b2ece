//! Serves the messages of one Maildir by POP3, in clear, by STLS and by TLS: for tests against
//! other people's clients, and for benchmarks.
use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    future::pending,
    io::{self, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    process::ExitCode,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};

use clap::Parser;
use homing::{
    pop3::{
        Entry, Maildrop, Response, ResponseCode, Text, UniqueId,
        server::{Config, Login, Session},
        tokio::{Handler, serve},
    },
    proto_core::tokio::{
        AcceptLimits, BoxStream, Driver, accept_loop,
        tls::{
            TlsAcceptor,
            rustls::{
                ServerConfig,
                pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
            },
        },
    },
    sasl::Mechanism,
};
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Mutex, OwnedMutexGuard},
    task::spawn_blocking,
    time::timeout,
};

/// Anything that stops the program, in a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

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
    let password = password.lines().next().unwrap_or_default().to_string();
    let tls = arguments.tls.as_deref().map(acceptor).transpose()?;
    let (maildir, user) = (arguments.maildir, arguments.user);
    let shared = Arc::new(Shared { maildir, user, password, tls, sizes: Arc::default() });
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
    tokio::join!(accept(clear, &shared, false), tls);
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
struct Shared {
    maildir: PathBuf,
    user: String,
    password: String,
    tls: Option<TlsAcceptor>,
    /// Held by the session that has the maildrop (RFC 1939 §4: one at a time).
    sizes: Arc<Mutex<Sizes>>,
}

/// How large files are when they are sent, for who counts line ends once need not again.
type Sizes = HashMap<(OsString, SystemTime, u64), u64>;

async fn accept(listener: TcpListener, shared: &Arc<Shared>, tls: bool) {
    accept_loop(listener, AcceptLimits::default(), pending(), |stream, peer| {
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
    config.mechanisms = vec![Mechanism::PLAIN];
    let acceptor = shared.tls.clone();
    let driver = match &acceptor {
        Some(acceptor) if tls => {
            let stream: BoxStream = Box::new(timeout(HANDSHAKE, acceptor.accept(stream)).await??);
            Driver::new(stream, |now| Session::new_secured(now, config))
        }
        _ => Driver::new(Box::new(stream) as BoxStream, |now| Session::new(now, config)),
    };
    let mut mailbox = Mailbox { shared, held: None, files: Vec::new() };
    Ok(serve(driver, acceptor.as_ref(), &mut mailbox).await?)
}

/// One session's view of the messages.
struct Mailbox {
    shared: Arc<Shared>,
    held: Option<OwnedMutexGuard<Sizes>>,
    files: Vec<PathBuf>,
}

impl Handler for Mailbox {
    type Message = Message;

    async fn log_in(&mut self, login: Login) -> Result<Maildrop, Response> {
        let (user, password) = match &login {
            Login::Password { user, password } => (user.to_string(), password),
            Login::Sasl(credentials) => (credentials.authcid().into(), credentials.password()),
            _ => return Err(refuse(ResponseCode::SysPerm, "no such login here")),
        };
        if user != self.shared.user || !password.matches(self.shared.password.as_bytes()) {
            return Err(refuse(ResponseCode::Auth, "not by that name and password"));
        }
        let held = Arc::clone(&self.shared.sizes).try_lock_owned();
        let mut held = held.map_err(|_| refuse(ResponseCode::InUse, "another session is open"))?;
        let maildir = self.shared.maildir.clone();
        let listed = spawn_blocking(move || list(&maildir, &mut held).map(|listed| (listed, held)));
        let broken = |_| refuse(ResponseCode::SysTemp, "the Maildir cannot be read");
        let listed = listed.await.map_err(Failure::from).and_then(|listed| listed);
        let ((files, maildrop), held) = listed.map_err(broken)?;
        (self.files, self.held) = (files, Some(held));
        Ok(maildrop)
    }

    async fn retrieve(&mut self, index: usize) -> io::Result<Message> {
        fs::File::open(self.files.get(index).ok_or(io::ErrorKind::NotFound)?).map(Message)
    }

    async fn commit(&mut self, deleted: Vec<usize>) -> Result<(), Response> {
        let files = deleted.into_iter().filter_map(|index| self.files.get(index).cloned());
        let (files, maildir) = (files.collect::<Vec<_>>(), self.shared.maildir.clone());
        let removed = spawn_blocking(move || remove(&files, &maildir)).await;
        // The client may come back as soon as it has the answer.
        self.held = None;
        match removed {
            Ok(Ok(())) => Ok(()),
            _ => Err(refuse(ResponseCode::SysTemp, "some deleted messages not removed")),
        }
    }
}

fn refuse(code: ResponseCode, text: &'static str) -> Response {
    Response::err(Text::from_static(text)).with_code(code)
}

/// A file that is read without going to another thread: that would take longer than reading does.
struct Message(fs::File);

impl AsyncRead for Message {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.0.read(into.initialize_unfilled());
        Poll::Ready(read.map(|length| into.advance(length)))
    }
}

/// Lists the messages by name, which begins with the time of delivery.
fn list(maildir: &Path, sizes: &mut Sizes) -> Result<(Vec<PathBuf>, Maildrop), Failure> {
    let mut found = Vec::new();
    for directory in ["new", "cur"] {
        for file in fs::read_dir(maildir.join(directory))? {
            let file = file?;
            found.push((file.file_name(), file.path()));
        }
    }
    found.sort();
    let mut current = Sizes::new();
    let (mut files, mut entries) = (Vec::new(), Vec::new());
    for (name, path) in found {
        let metadata = fs::metadata(&path)?;
        let id = unique_id(&name)?;
        let key = (name, metadata.modified()?, metadata.len());
        let size = sizes.get(&key).map_or_else(|| sent_size(&path), |size| Ok(*size))?;
        current.insert(key, size);
        files.push(path);
        entries.push(Entry { size, id });
    }
    *sizes = current;
    Ok((files, Maildrop::new(entries)?))
}

/// The name without its flags, which change; of one that is no unique id, a hash (FNV-1a), which
/// must be the same in every session and every version of this program (RFC 1939 §7).
fn unique_id(name: &OsString) -> Result<UniqueId, Failure> {
    let name = name.as_encoded_bytes();
    let stable = name.split(|octet| *octet == b':').next().unwrap_or(name);
    Ok(UniqueId::new(stable.to_vec().into()).or_else(|_| {
        let mix =
            |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01B3);
        let hash = stable.iter().fold(0xCBF2_9CE4_8422_2325, mix);
        UniqueId::new(format!("{hash:016x}").into())
    })?)
}

/// Counts octets as the session sends them: each line ends in CRLF, the last one too, and NUL is
/// left out.
fn sent_size(path: &Path) -> io::Result<u64> {
    let (mut file, mut piece) = (fs::File::open(path)?, vec![0; 64 * 1024]);
    let (mut size, mut last, mut open) = (0, b'\n', false);
    loop {
        let read = file.read(&mut piece)?;
        let octets = piece.get(..read).unwrap_or_default();
        if octets.is_empty() {
            return Ok(if open { size + 2 } else { size });
        }
        for &octet in octets {
            size += match octet {
                0 => 0,
                b'\n' if last == b'\r' => 0,
                b'\r' | b'\n' => 2,
                _ => 1,
            };
            open = !matches!(octet, b'\r' | b'\n') && (open || octet != 0);
            last = octet;
        }
    }
}

/// Removes files for good, as many as go.
fn remove(files: &[PathBuf], maildir: &Path) -> io::Result<()> {
    let removed = files.iter().map(fs::remove_file).fold(Ok(()), Result::and);
    for directory in ["new", "cur"] {
        fs::File::open(maildir.join(directory))?.sync_all()?;
    }
    removed
}
