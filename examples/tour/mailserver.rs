//! A mail server: takes mail by SMTP, keeps what is for its own users, gives the rest to its
//! postman, and lets its users fetch theirs by POP3, and read and sort it by IMAP.
use std::{
    io,
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use homing::{
    dns::tokio::Resolver,
    pop3::{self, Entry, Maildrop, Response, ResponseCode, Text, UniqueId, server::Login},
    proto_core::tokio::{AcceptLimits, BoxStream, Driver, accept_loop},
    sasl::{Credentials, Mechanism, server::Claim},
    smtp::{
        self, Extension, ForwardPath, Mailbox, Reply, ReversePath,
        server::{Event, Session},
        tokio::Handler,
    },
};
use tokio::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::timeout,
};

use crate::{
    Failure, now,
    postman::{Postman, Submission},
    reading::read_mail,
    spool::{Incoming, Spool},
    tls::Tls,
    transcript::Transcript,
};

/// Everybody's password; the slides' Bob has it.
pub(crate) const PASSWORD: &str = "hungry";

/// How long the tour waits for a message.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whose server it is, and where.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) domain: &'static str,
    pub(crate) host: &'static str,
    pub(crate) address: IpAddr,
    pub(crate) users: &'static [&'static str],
}

/// What all sessions of a server share.
pub(crate) struct Shared {
    pub(crate) place: Place,
    pub(crate) spool: Spool,
    pub(crate) tls: Tls,
    pub(crate) resolver: Resolver,
    /// The port of every mail server: 25, if one may.
    pub(crate) smtp_port: u16,
    pub(crate) transcript: Transcript,
    /// How many messages have arrived in mailboxes.
    pub(crate) arrived: watch::Sender<u64>,
    /// How many messages wait in the queue.
    pub(crate) waiting: watch::Sender<usize>,
    /// How many deliveries have been tried.
    pub(crate) attempts: watch::Sender<u64>,
    /// Held by who changes a folder.
    pub(crate) sorting: Arc<Mutex<()>>,
    submissions: mpsc::Sender<Submission>,
}

/// A server in service.
pub(crate) struct MailServer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pop3_port: u16,
    pub(crate) imap_port: u16,
    tasks: JoinSet<()>,
}

impl MailServer {
    /// Starts SMTP on a listener, POP3 and IMAP on ports that the system chooses, and a postman.
    pub(crate) async fn start(
        place: Place,
        smtp: TcpListener,
        directory: PathBuf,
        resolver: Resolver,
        tls: Tls,
        transcript: &Transcript,
    ) -> Result<Self, Failure> {
        let pop3 = TcpListener::bind((place.address, 0)).await?;
        let imap = TcpListener::bind((place.address, 0)).await?;
        let imap_port = imap.local_addr()?.port();
        let (pop3_port, smtp_port) = (pop3.local_addr()?.port(), smtp.local_addr()?.port());
        transcript.name(place.address, place.host);
        transcript.note(&format!(
            "{} takes mail at {}:{smtp_port} (SMTP), gives it at ports {pop3_port} (POP3) and \
             {imap_port} (IMAP)",
            place.host, place.address
        ));
        let (submissions, received) = mpsc::channel(100);
        let shared = Arc::new(Shared {
            place,
            spool: Spool::create(directory, place.users).await?,
            tls,
            resolver,
            smtp_port,
            transcript: transcript.clone(),
            arrived: watch::Sender::new(0),
            waiting: watch::Sender::new(0),
            attempts: watch::Sender::new(0),
            sorting: Arc::default(),
            submissions,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(Postman::new(Arc::clone(&shared)).await?.work(received));
        let stop = || std::future::pending();
        let of = Arc::clone(&shared);
        tasks.spawn(accept_loop(smtp, AcceptLimits::default(), stop(), move |stream, _| {
            take_mail(Arc::clone(&of), stream)
        }));
        let of = Arc::clone(&shared);
        tasks.spawn(accept_loop(pop3, AcceptLimits::default(), stop(), move |stream, _| {
            give_mail(Arc::clone(&of), stream)
        }));
        let of = Arc::clone(&shared);
        tasks.spawn(accept_loop(imap, AcceptLimits::default(), stop(), move |stream, _| {
            read_mail(Arc::clone(&of), stream)
        }));
        Ok(Self { shared, pop3_port, imap_port, tasks })
    }

    /// Waits until so many messages have arrived in all.
    pub(crate) async fn arrived(&self, count: u64) -> Result<(), Failure> {
        let mut arrived = self.shared.arrived.subscribe();
        let wait = arrived.wait_for(|arrived| *arrived >= count);
        timeout(PATIENCE, wait).await.map_err(|_| "the message did not arrive")??;
        Ok(())
    }

    /// Waits until a delivery has been tried.
    pub(crate) async fn tried(&self) -> Result<(), Failure> {
        let mut attempts = self.shared.attempts.subscribe();
        let wait = attempts.wait_for(|attempts| *attempts > 0);
        timeout(PATIENCE, wait).await.map_err(|_| "nothing was tried")??;
        Ok(())
    }

    /// Waits until the queue is empty.
    pub(crate) async fn sent(&self) -> Result<(), Failure> {
        let mut waiting = self.shared.waiting.subscribe();
        let wait = waiting.wait_for(|waiting| *waiting == 0);
        timeout(PATIENCE, wait).await.map_err(|_| "the message was not sent")??;
        Ok(())
    }

    /// Ends it as a crash would: whatever is under way is lost, but what is on the disk.
    pub(crate) async fn crash(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Shared {
    /// Gives a message to the postman; returns once that is durable.
    async fn submit(
        &self,
        incoming: PathBuf,
        from: ReversePath,
        recipients: Vec<Mailbox>,
    ) -> Result<(), NotQueued> {
        let (done, answer) = oneshot::channel();
        let submission = Submission { incoming, from, recipients, done };
        let _ = self.submissions.send(submission).await;
        answer.await.unwrap_or(Err(NotQueued::Stopped))
    }

    /// Gives a message to one of our users.
    pub(crate) async fn keep(&self, incoming: &std::path::Path, user: &str) -> io::Result<()> {
        self.spool.keep(incoming, user).await?;
        self.arrived.send_modify(|arrived| *arrived += 1);
        Ok(())
    }

    pub(crate) fn is_ours(&self, mailbox: &Mailbox) -> bool {
        mailbox.is_at(self.place.domain)
    }

    fn user(&self, name: &str) -> Option<&'static str> {
        self.place.users.iter().copied().find(|user| user.eq_ignore_ascii_case(name))
    }

    pub(crate) fn admits(&self, login: &Credentials) -> Option<&'static str> {
        let user = self.user(login.authcid())?;
        login.password().matches(PASSWORD.as_bytes()).then_some(user)
    }
}

/// Why a message is not in the queue.
pub(crate) enum NotQueued {
    Full,
    Disk,
    Stopped,
}

/// One SMTP connection.
async fn take_mail(shared: Arc<Shared>, stream: TcpStream) {
    let Ok(host) = shared.place.host.parse() else { return };
    let peer = stream.peer_addr().map_or_else(|_| "unknown".into(), |peer| peer.ip().to_string());
    let mut config = smtp::server::Config::new(host);
    config.extensions = config.extensions.with(Extension::StartTls);
    config.mechanisms = vec![Mechanism::PLAIN];
    let driver = Driver::new(Box::new(stream) as BoxStream, |now| Session::new(now, config));
    let acceptor = shared.tls.acceptor.clone();
    let (client, authenticated, envelope) = Default::default();
    let mut reception = Reception { shared, peer, client, authenticated, envelope };
    if let Err(error) = smtp::tokio::serve(driver, Some(&acceptor), &mut reception).await {
        reception.shared.transcript.note(&format!("a session ended early: {error}"));
    }
    reception.forget().await;
}

/// What a client has told so far.
struct Reception {
    shared: Arc<Shared>,
    peer: String,
    client: String,
    authenticated: bool,
    envelope: Option<Envelope>,
}

struct Envelope {
    from: ReversePath,
    ours: Vec<&'static str>,
    others: Vec<Mailbox>,
    message: Option<io::Result<Incoming>>,
}

impl Handler for Reception {
    async fn answer(&mut self, event: Event) -> Option<Reply> {
        match event {
            Event::Hello { host, .. } => {
                self.client = host.to_string();
                self.forget().await;
            }
            Event::Mail { from, .. } => {
                self.forget().await;
                let (ours, others, message) = Default::default();
                self.envelope = Some(Envelope { from, ours, others, message });
            }
            Event::Rcpt { to, .. } => return self.recipient(to),
            Event::Data => return self.begin().await,
            Event::Body(octets) => {
                let envelope = self.envelope.as_mut();
                if let Some(message) = envelope.and_then(|envelope| envelope.message.as_mut())
                    && let Ok(incoming) = message
                    && let Err(error) = incoming.write(&octets).await
                {
                    *message = Err(error);
                }
            }
            Event::BodyEnd => return self.accept().await,
            Event::BodyRefused(_) | Event::Reset => self.forget().await,
            _ => {}
        }
        None
    }

    async fn trust(&mut self, event: Event) -> Option<Reply> {
        let Event::Auth(Claim::Password(login)) = event else {
            return reply(535, "5.7.8 a password, please");
        };
        self.authenticated = self.shared.admits(&login).is_some();
        if self.authenticated {
            return None;
        }
        reply(535, "5.7.8 I do not know you by that password")
    }
}

impl Reception {
    fn recipient(&mut self, to: ForwardPath) -> Option<Reply> {
        let envelope = self.envelope.as_mut()?;
        match to {
            ForwardPath::Mailbox(to) if !self.shared.is_ours(&to) => {
                if !self.authenticated {
                    return reply(550, "5.7.1 I relay for my own users only");
                }
                envelope.others.push(to);
            }
            // RFC 5321 §4.5.1: somebody reads what is for the postmaster.
            ForwardPath::Postmaster => envelope.ours.extend(self.shared.place.users.first()),
            ForwardPath::Mailbox(to) => match self.shared.user(&to.unquoted_local_part()) {
                Some(user) => envelope.ours.push(user),
                None => return reply(550, "5.1.1 nobody of that name lives here"),
            },
        }
        None
    }

    /// Opens a file, and writes the trace (RFC 5321 §4.4).
    async fn begin(&mut self) -> Option<Reply> {
        let place = self.shared.place;
        let trace = format!(
            "Received: from {} ([{}])\r\n\tby {} with {};\r\n\t{}\r\n",
            self.client,
            self.peer,
            place.host,
            if self.authenticated { "ESMTPSA" } else { "ESMTP" },
            now().to_string().trim_end(),
        );
        let envelope = self.envelope.as_mut()?;
        let opened = async {
            let mut incoming = self.shared.spool.receive().await?;
            if envelope.others.is_empty() {
                let path = format!("Return-Path: {}\r\n", envelope.from);
                incoming.write(path.as_bytes()).await?;
            }
            incoming.write(trace.as_bytes()).await?;
            io::Result::Ok(incoming)
        };
        match opened.await {
            Ok(incoming) => envelope.message = Some(Ok(incoming)),
            Err(_) => return reply(451, "4.3.1 the disk refuses"),
        }
        None
    }

    /// Takes responsibility: everything is on the disk before the client is told 250.
    async fn accept(&mut self) -> Option<Reply> {
        let Envelope { from, ours, others, message } = self.envelope.take()?;
        let Some(Ok(mut incoming)) = message else {
            return reply(451, "4.3.1 the disk is full");
        };
        let shared = &self.shared;
        let kept = async {
            incoming.sync().await.map_err(|_| NotQueued::Disk)?;
            for user in ours {
                shared.keep(&incoming.path, user).await.map_err(|_| NotQueued::Disk)?;
            }
            if !others.is_empty() {
                shared.submit(incoming.path.clone(), from, others).await?;
            }
            Ok(())
        };
        let answer = match kept.await {
            Ok(()) => None,
            Err(NotQueued::Full) => reply(452, "4.3.1 the queue is full"),
            Err(NotQueued::Disk | NotQueued::Stopped) => reply(451, "4.3.0 local error"),
        };
        // The mailboxes and the queue have links of their own.
        let _ = fs::remove_file(&incoming.path).await;
        answer
    }

    /// Throws away what was received of a message that nobody is responsible for.
    async fn forget(&mut self) {
        if let Some(Envelope { message: Some(Ok(incoming)), .. }) = self.envelope.take() {
            let _ = fs::remove_file(&incoming.path).await;
        }
    }
}

fn reply(code: u16, text: &str) -> Option<Reply> {
    Some(Reply::new(code, text).expect("the words above have no control characters"))
}

/// One POP3 connection.
async fn give_mail(shared: Arc<Shared>, stream: TcpStream) {
    let mut config = pop3::server::Config::new(Text::from_static("POP3 server ready"));
    (config.stls, config.login_without_tls) = (true, false);
    config.mechanisms = vec![Mechanism::PLAIN];
    let driver =
        Driver::new(Box::new(stream) as BoxStream, |now| pop3::server::Session::new(now, config));
    let acceptor = shared.tls.acceptor.clone();
    let mut mailbox = Mailboxes { shared, files: Vec::new() };
    if let Err(error) = pop3::tokio::serve(driver, Some(&acceptor), &mut mailbox).await {
        mailbox.shared.transcript.note(&format!("a session ended early: {error}"));
    }
}

/// A user's messages, as they were at the login.
struct Mailboxes {
    shared: Arc<Shared>,
    files: Vec<PathBuf>,
}

impl pop3::tokio::Handler for Mailboxes {
    type Message = File;

    async fn log_in(&mut self, login: Login) -> Result<Maildrop, Response> {
        let user = match &login {
            Login::Sasl(Claim::Password(credentials)) => self.shared.admits(credentials),
            Login::Password { user, password } => {
                let credentials = Credentials::new(&user.to_string(), password.clone());
                credentials.ok().and_then(|credentials| self.shared.admits(&credentials))
            }
            _ => None,
        };
        let refuse = |code, text| Response::err(Text::from_static(text)).with_code(code);
        let Some(user) = user else {
            return Err(refuse(ResponseCode::Auth, "I do not know you by that password"));
        };
        let maildrop = self.open(user).await;
        maildrop.map_err(|_| refuse(ResponseCode::SysTemp, "the disk refuses"))
    }

    async fn retrieve(&mut self, index: usize) -> io::Result<File> {
        File::open(self.files.get(index).ok_or(io::ErrorKind::NotFound)?).await
    }

    async fn commit(&mut self, deleted: Vec<usize>) -> Result<(), Response> {
        for path in deleted.into_iter().filter_map(|index| self.files.get(index)) {
            fs::remove_file(path).await.map_err(|_| {
                Response::err(Text::from_static("some deleted messages not removed"))
                    .with_code(ResponseCode::SysTemp)
            })?;
        }
        Ok(())
    }
}

impl Mailboxes {
    async fn open(&mut self, user: &str) -> Result<Maildrop, Failure> {
        let mut entries = fs::read_dir(self.shared.spool.mailbox(user)).await?;
        let mut files = Vec::new();
        while let Some(entry) = entries.next_entry().await? {
            files.push(entry.path());
        }
        files.sort();
        let mut maildrop = Vec::new();
        for path in &files {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let size = fs::metadata(path).await?.len();
            maildrop.push(Entry { size, id: UniqueId::new(name.into())? });
        }
        self.files = files;
        Ok(Maildrop::new(maildrop)?)
    }
}
