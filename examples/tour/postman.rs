//! The postman of a mail server: carries out what the queue decides.
use std::{path::PathBuf, sync::Arc, time::SystemTime};

use bytes::{Bytes, BytesMut};
use homing::{
    delivery::{
        Action, Answer, Cause, Config, Hop, LinkId, MessageId, Peer, Queue, Report, Reporter,
        Submission as Letter,
    },
    dns::{Name, RecordType, tokio::Resolver},
    proto_core::{
        Instant, Text,
        tokio::{BoxStream, Driver},
    },
    smtp::{
        Mailbox, ReversePath,
        client::{Config as ClientConfig, Envelope, Outcome, Session},
        tokio::Client,
    },
};
use tokio::{
    fs::{self, File},
    io::AsyncReadExt,
    net::{TcpSocket, TcpStream},
    sync::{mpsc, oneshot},
    task::JoinSet,
    time,
};

use crate::{
    Failure,
    mailserver::{NotQueued, Shared},
    now,
};

/// A message for others, on its way into the queue.
pub(crate) struct Submission {
    pub(crate) incoming: PathBuf,
    pub(crate) from: ReversePath,
    pub(crate) recipients: Vec<Mailbox>,
    /// Told once the queue has it, durably.
    pub(crate) done: oneshot::Sender<Result<(), NotQueued>>,
}

pub(crate) struct Postman {
    shared: Arc<Shared>,
    queue: Queue,
    start: time::Instant,
    errands: JoinSet<Errand>,
}

/// What an errand came to.
enum Errand {
    Routed(JobId, Routed),
    Delivered(JobId, Vec<Verdict>),
}

impl Postman {
    /// Goes on where an earlier run left off.
    pub(crate) async fn new(shared: Arc<Shared>) -> Result<Self, Failure> {
        let config = Config::new(shared.place.host.parse()?);
        let records = shared.spool.records().await?;
        let queue = Queue::replay(config, seconds(), Instant::ORIGIN, records);
        shared.waiting.send_replace(queue.len());
        Ok(Self { shared, queue, start: time::Instant::now(), errands: JoinSet::new() })
    }

    pub(crate) async fn work(mut self, mut submissions: mpsc::Receiver<Submission>) {
        loop {
            if let Err(error) = self.obey().await {
                self.shared.transcript.note(&format!("the postman is stuck: {error}"));
                return;
            }
            self.shared.waiting.send_replace(self.queue.len());
            let far = time::Instant::now() + time::Duration::from_secs(3600);
            let due = self.queue.deadline().map_or(far, |at| self.start + at.since_origin());
            tokio::select! {
                submission = submissions.recv() => match submission {
                    Some(submission) => self.submit(submission).await,
                    None => return,
                },
                Some(Ok(errand)) = self.errands.join_next() => self.back(errand),
                () = time::sleep_until(due) => self.queue.expire(self.now()),
            }
        }
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.start.elapsed()
    }

    /// Takes a message into the queue, and says so once it is durable.
    async fn submit(&mut self, submission: Submission) {
        let Submission { incoming, from, recipients, done } = submission;
        let submitted = self.queue.submit(self.now(), seconds(), from, recipients);
        let queued = async {
            let message = submitted.map_err(|_| NotQueued::Full)?;
            self.shared.spool.enqueue(&incoming, message).await.map_err(|_| NotQueued::Disk)?;
            self.obey().await.map_err(|_| NotQueued::Disk)
        };
        let queued = queued.await;
        self.shared.waiting.send_replace(self.queue.len());
        // Somebody who does not wait for the answer will send the message again.
        let _ = done.send(queued);
    }

    /// Does what the queue wants, in order: what is to be written is durable before the rest.
    async fn obey(&mut self) -> std::io::Result<()> {
        while let Some(action) = self.queue.poll() {
            match action {
                Action::Write(record) => self.shared.spool.write(&record).await?,
                Action::Route { job, domain } => {
                    let resolver = self.shared.resolver.clone();
                    self.errands.spawn(async move {
                        Errand::Routed(job, look_up(&resolver, &domain).await)
                    });
                }
                Action::Deliver { job, message, from, recipients, targets } => {
                    let shared = Arc::clone(&self.shared);
                    self.errands.spawn(async move {
                        let verdicts = deliver(&shared, message, from, &recipients, &targets).await;
                        Errand::Delivered(job, verdicts)
                    });
                }
                Action::Bounce { message, to, failed } => {
                    // A bounce that cannot be made is lost, and the message with it.
                    if let Err(error) = self.bounce(message, &to, &failed).await {
                        self.shared.transcript.note(&format!("no bounce: {error}"));
                    }
                    self.queue.bounced(message);
                }
                Action::Forget(message) => {
                    fs::remove_file(self.shared.spool.queued(message)).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn back(&mut self, errand: Errand) {
        let now = self.now();
        match errand {
            Errand::Routed(job, routed) => self.queue.routed(now, seconds(), job, routed),
            Errand::Delivered(job, verdicts) => {
                self.shared.attempts.send_modify(|attempts| *attempts += 1);
                self.queue.finished(now, seconds(), job, &verdicts);
            }
        }
    }

    /// Tells a sender what did not arrive. Our senders are all our own users.
    async fn bounce(
        &mut self,
        message: MessageId,
        to: &Mailbox,
        failed: &[(Mailbox, Text)],
    ) -> Result<(), Failure> {
        let mut header = vec![0; 8192];
        let mut original = File::open(self.shared.spool.queued(message)).await?;
        let read = original.read(&mut header).await?;
        header.truncate(read);
        let end = header.windows(4).position(|octets| octets == b"\r\n\r\n");
        header.truncate(end.map_or(read, |end| end + 2));
        let host = self.shared.place.host;
        let letter = bounce(host, now(), to, failed, Bytes::from(header))?;
        let mut octets = BytesMut::new();
        letter.write(&mut octets);
        let mut incoming = self.shared.spool.receive().await?;
        incoming.write(&octets).await?;
        incoming.sync().await?;
        self.shared.keep(&incoming.path, &to.unquoted_local_part()).await?;
        Ok(fs::remove_file(&incoming.path).await?)
    }
}

/// Seconds since 1970.
fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

async fn look_up(resolver: &Resolver, domain: &Name) -> Routed {
    let Ok(answer) = resolver.query(domain, RecordType::MX).await else { return Routed::Failed };
    match answer.view().rcode() {
        Rcode::NXDOMAIN => Routed::NoSuchDomain,
        Rcode::NOERROR => {
            let mx = answer.view().answers().filter_map(|record| match record.data() {
                Rdata::Mx { preference, exchange } => Some((preference, exchange.to_name())),
                _ => None,
            });
            Routed::Mx(mx.collect())
        }
        _ => Routed::Failed,
    }
}

/// Tries the targets in order, until one has answered for every recipient.
async fn deliver(
    shared: &Shared,
    message: MessageId,
    from: ReversePath,
    recipients: &[Mailbox],
    targets: &[Target],
) -> Vec<Verdict> {
    let mut why = String::from("no host to connect to");
    for target in targets {
        match try_target(shared, message, &from, recipients, target).await {
            Ok(outcome) => {
                let said = outcome.recipients.iter().map(|(_, sent)| Verdict::of(sent));
                // Those beyond what the server takes at once come last, for they have one domain.
                let later = Text::from_static("more recipients than the server takes at once");
                let mut verdicts: Vec<_> = said.collect();
                verdicts.resize(recipients.len(), Verdict::Deferred(later));
                return verdicts;
            }
            Err(error) => why = error.to_string(),
        }
    }
    let why = Text::new(&why).unwrap_or_default();
    recipients.iter().map(|_| Verdict::Deferred(why.clone())).collect()
}

async fn try_target(
    shared: &Shared,
    message: MessageId,
    from: &ReversePath,
    recipients: &[Mailbox],
    target: &Target,
) -> Result<Outcome, Failure> {
    let (host, stream) = connect(shared, target).await?;
    let config = ClientConfig::new(shared.place.host.parse()?);
    let observer = shared.transcript.dialogue(shared.place.host, &host);
    let driver = Driver::new(Box::new(stream) as BoxStream, |now| Session::new(now, config))
        .with_observer(observer);
    let mut client = Client::open(driver, Some(shared.tls.towards(&host)?)).await?;
    let file = File::open(shared.spool.queued(message)).await?;
    let to = recipients.iter().cloned().map(ForwardPath::Mailbox).collect();
    let mut envelope = Envelope::new(from.clone(), to);
    (envelope.size, envelope.eight_bit) = (Some(file.metadata().await?.len()), true);
    let outcome = client.send(envelope, file).await?;
    // What was said before is not in doubt.
    let _ = client.quit().await;
    Ok(outcome)
}

/// Connects to the first address that answers, from our own.
async fn connect(shared: &Shared, target: &Target) -> Result<(String, TcpStream), Failure> {
    let (host, addresses) = match target {
        Target::Address(address) => (address.to_string(), vec![*address]),
        Target::Host(name) => {
            let addresses = shared.resolver.lookup_ip(name).await?;
            (name.to_string().trim_end_matches('.').to_owned(), addresses)
        }
    };
    for address in addresses.into_iter().filter(|address| address.is_ipv4()) {
        let socket = TcpSocket::new_v4()?;
        socket.bind((shared.place.address, 0).into())?;
        if let Ok(stream) = socket.connect((address, shared.smtp_port).into()).await {
            return Ok((host, stream));
        }
    }
    Err(format!("{host} does not answer").into())
}
