//! Mail that arrives: from other servers, from our users, and by LMTP.
use std::{io, net::IpAddr, sync::Arc, time::SystemTime};

use homing::{
    delivery::{Recipient, Submission},
    mime::DateTime,
    sasl::scram::{Lookup, Verifier},
    smtp::{
        Extension, ForwardPath, Host as Domain, Parameters, Reply, ReversePath,
        server::{Config, Event},
        tokio::Handler,
    },
};
use tokio::task::spawn_blocking;
use tracing::{error, info};

use crate::{
    Failure, database,
    host::{Host, Refused},
    relay::NotQueued,
    store::{Delivery, Octets, Spool, User},
};

/// By what kind of door mail comes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Door {
    /// From other servers, for our users; from our users who log in, for anybody.
    Smtp,
    /// From our users only (RFC 6409).
    Submission,
    /// From a server that has queued it, for our users (RFC 2033).
    Lmtp,
}

/// Says what a session offers at a door.
pub(crate) fn config(host: &Host, door: Door, peer: IpAddr) -> Result<Config, Failure> {
    let mut config = Config::new(host.directory.name.parse()?);
    config.lmtp = door == Door::Lmtp;
    if door != Door::Lmtp {
        config.extensions = config.extensions.with(Extension::Dsn);
        config.mechanisms = Host::MECHANISMS.to_vec();
    }
    if host.tls.is_some() {
        config.extensions = config.extensions.with(Extension::StartTls);
    }
    config.plaintext_passwords = host.takes_clear_passwords(peer);
    Ok(config)
}

/// One session, as far as it is ours.
pub(crate) struct Reception {
    host: Arc<Host>,
    door: Door,
    peer: IpAddr,
    client: Option<Domain>,
    /// Whether the client spoke ESMTP, and over TLS: for the trace (RFC 3848).
    extended: bool,
    secured: bool,
    user: Option<User>,
    envelope: Option<Envelope>,
    /// LMTP: what the verdict for each recipient is.
    verdict: Option<Reply>,
}

/// A transaction.
struct Envelope {
    from: ReversePath,
    parameters: Parameters,
    /// Our users, each once.
    users: Vec<User>,
    /// Everybody else.
    others: Vec<Recipient>,
    message: Option<io::Result<Copies>>,
}

/// A message as it is received, for those who need it: ours with a `Return-Path`, others without.
struct Copies {
    ours: Option<Spool>,
    others: Option<Spool>,
}

impl Reception {
    pub(crate) fn new(host: Arc<Host>, door: Door, peer: IpAddr, secured: bool) -> Self {
        let (client, extended, user, envelope, verdict) = Default::default();
        Self { host, door, peer, client, extended, secured, user, envelope, verdict }
    }

    async fn mail(&mut self, from: ReversePath, parameters: Parameters) -> Option<Reply> {
        if self.door == Door::Submission && self.user.is_none() {
            return reply(530, "5.7.0 authentication required");
        }
        let (users, others, message) = Default::default();
        self.envelope = Some(Envelope { from, parameters, users, others, message });
        None
    }

    async fn recipient(&mut self, to: ForwardPath, parameters: Parameters) -> Option<Reply> {
        let envelope = self.envelope.as_mut()?;
        let mailbox = match to {
            ForwardPath::Mailbox(mailbox) if !self.host.directory.is_ours(mailbox.domain()) => {
                if self.user.is_none() {
                    return reply(550, "5.7.1 I relay for my own users only");
                }
                envelope.others.push(Recipient { parameters, ..mailbox.into() });
                return None;
            }
            ForwardPath::Mailbox(mailbox) => Some(mailbox),
            ForwardPath::Postmaster => None,
        };
        let host = Arc::clone(&self.host);
        let find = move || match mailbox {
            Some(mailbox) => host.directory.receiver(&host.store, &mailbox),
            None => host.directory.postmaster(&host.store),
        };
        match spawn_blocking(find).await {
            Ok(Ok(Some(user))) if envelope.users.contains(&user) => None,
            Ok(Ok(Some(user))) => {
                envelope.users.push(user);
                None
            }
            Ok(Ok(None)) => reply(550, "5.1.1 nobody of that name lives here"),
            Ok(Err(error)) => refusal(&error),
            Err(_) => reply(451, "4.3.0 local error"),
        }
    }

    /// Begins the message with its trace.
    fn begin(&mut self) -> Option<Reply> {
        let trace = self.trace();
        let envelope = self.envelope.as_mut()?;
        let path = format!("Return-Path: {}\r\n", envelope.from);
        let mut copies = Copies {
            ours: (!envelope.users.is_empty()).then(Spool::new),
            others: (!envelope.others.is_empty()).then(Spool::new),
        };
        let directory = &self.host.directory.data;
        let begun = copies.ours.iter_mut().try_for_each(|it| it.write(path.as_bytes(), directory));
        let begun = begun.and_then(|()| copies.write(trace.as_bytes(), directory));
        envelope.message = Some(begun.map(|()| copies));
        None
    }

    /// Returns the `Received` field (RFC 5321 §4.4).
    fn trace(&self) -> String {
        let with = match (self.door, self.extended) {
            (Door::Lmtp, _) => "LMTP",
            (_, true) => "ESMTP",
            (_, false) => "SMTP",
        };
        // RFC 3848: S with TLS, A with authentication; plain SMTP has neither.
        let tls = if self.secured && self.extended { "S" } else { "" };
        let auth = if self.user.is_some() && self.extended { "A" } else { "" };
        let client = self.client.as_ref().map_or_else(|| "unknown".into(), ToString::to_string);
        let peer = match self.peer.to_canonical() {
            IpAddr::V4(peer) => format!("[{peer}]"),
            IpAddr::V6(peer) => format!("[IPv6:{peer}]"),
        };
        format!(
            "Received: from {client} ({peer})\r\n\tby {} with {with}{tls}{auth};\r\n\t{}\r\n",
            self.host.directory.name,
            now()
        )
    }

    fn piece(&mut self, octets: &[u8]) {
        let Some(Envelope { message: Some(message), .. }) = &mut self.envelope else { return };
        if let Ok(copies) = message
            && let Err(error) = copies.write(octets, &self.host.directory.data)
        {
            error!(%error, "a message cannot be received");
            *message = Err(error);
        }
    }

    /// Takes responsibility: everything is on the disk before the client is told 250.
    async fn accept(&mut self) -> Option<Reply> {
        let Envelope { from, parameters, users, others, message } = self.envelope.take()?;
        let Some(Ok(copies)) = message else {
            return reply(452, "4.3.1 there is no room for the message");
        };
        let for_ours = copies.ours.map(Spool::finish);
        if let Some(octets) = copies.others.map(Spool::finish) {
            let mut submission = Submission::new(from, []);
            submission.parameters = parameters;
            submission.recipients = others;
            let size = octets.size();
            match self.host.relay.submit(submission, octets).await {
                Ok(()) => info!(size, peer = %self.peer, "queued"),
                Err(NotQueued::Full) => return reply(452, "4.3.1 the queue is full"),
                Err(NotQueued::Loop) => return reply(554, "5.4.6 this message goes in a circle"),
                Err(NotQueued::Unavailable) => return reply(451, "4.3.0 local error"),
            }
        }
        let octets = for_ours?;
        self.deliver(octets, users).await
    }

    async fn deliver(&self, octets: Octets, users: Vec<User>) -> Option<Reply> {
        let (size, receivers) = (octets.size(), users.len());
        let store = self.host.store.clone();
        let delivered = spawn_blocking(move || store.deliver(Delivery { octets, users })).await;
        match delivered {
            Ok(Ok(())) => {
                info!(size, receivers, peer = %self.peer, "delivered");
                self.host.metrics.delivered(receivers);
                None
            }
            Ok(Err(error)) => refusal(&error),
            Err(_) => reply(451, "4.3.0 local error"),
        }
    }
}

impl Copies {
    fn write(&mut self, octets: &[u8], directory: &std::path::Path) -> io::Result<()> {
        let mut both = self.ours.iter_mut().chain(&mut self.others);
        both.try_for_each(|spool| spool.write(octets, directory))
    }
}

impl Handler for Reception {
    async fn answer(&mut self, event: Event) -> Option<Reply> {
        match event {
            Event::Hello { host, extended } => {
                (self.client, self.extended, self.envelope) = (Some(host), extended, None);
            }
            Event::Mail { from, parameters } => return self.mail(from, parameters).await,
            Event::Rcpt { to, parameters } => return self.recipient(to, parameters).await,
            Event::Data => return self.begin(),
            Event::Body(octets) => self.piece(&octets),
            Event::BodyEnd => {
                let answer = self.accept().await;
                self.verdict.clone_from(&answer);
                return answer;
            }
            Event::Verdict(_) => return self.verdict.clone(),
            Event::BodyRefused(_) | Event::Reset => self.envelope = None,
            Event::StartTls => {
                (self.client, self.user, self.envelope) = (None, None, None);
                self.secured = true;
            }
            Event::Vrfy(_) => return reply(252, "2.5.0 send some mail, I will try my best"),
            _ => {}
        }
        None
    }

    async fn trust(&mut self, event: Event) -> Option<Reply> {
        let Event::Auth(claim) = event else { return reply(550, "5.7.0 not from you") };
        match self.host.admit(claim).await {
            Ok(user) => {
                self.user = Some(user);
                None
            }
            Err(Refused::Wrong) => reply(535, "5.7.8 not by that name and password"),
            Err(Refused::Unavailable) => reply(454, "4.7.0 passwords cannot be checked now"),
        }
    }

    async fn verifier(&mut self, lookup: &Lookup) -> Option<Verifier> {
        self.host.lookup(lookup).await
    }
}

fn refusal(error: &database::Failure) -> Option<Reply> {
    error!(%error, "mail cannot be taken");
    match error {
        database::Failure::Full => reply(452, "4.3.1 the disk is full"),
        _ => reply(451, "4.3.0 the store is not available"),
    }
}

fn reply(code: u16, text: &str) -> Option<Reply> {
    Some(Reply::new(code, text).expect("the words above have no control characters"))
}

/// Returns the time as messages write it.
pub(crate) fn now() -> DateTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    DateTime::new(seconds, 0).unwrap_or_else(|_| DateTime::new(0, 0).expect("1970 is a year"))
}
