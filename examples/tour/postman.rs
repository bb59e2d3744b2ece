//! The postman of a mail server: carries out what the queue decides.
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::SystemTime};

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
    look_ups: JoinSet<Errand>,
    /// The runners of open connections, and what they come back with.
    runners: BTreeMap<LinkId, mpsc::UnboundedSender<Order>>,
    errands: mpsc::UnboundedReceiver<Errand>,
    errand: mpsc::UnboundedSender<Errand>,
}

/// What a runner is to carry.
type Order = (MessageId, Envelope);

/// What an errand came to.
enum Errand {
    Found(LinkId, RecordType, Answer),
    Ready(LinkId, Peer),
    Unreachable(LinkId, String),
    Sent(LinkId, Outcome),
    Closed(LinkId),
}

impl Postman {
    /// Goes on where an earlier run left off.
    pub(crate) async fn new(shared: Arc<Shared>) -> Result<Self, Failure> {
        let mut config = Config::new(shared.place.host.parse()?);
        (config.port, config.ipv6) = (shared.smtp_port, false);
        let records = shared.spool.records().await?;
        let queue = Queue::replay(config, seconds(), Instant::ORIGIN, seconds(), records);
        shared.waiting.send_replace(queue.len());
        let (errand, errands) = mpsc::unbounded_channel();
        let (start, look_ups, runners) = (time::Instant::now(), JoinSet::new(), BTreeMap::new());
        Ok(Self { shared, queue, start, look_ups, runners, errands, errand })
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
                Some(Ok(errand)) = self.look_ups.join_next() => self.back(errand),
                Some(errand) = self.errands.recv() => self.back(errand),
                () = time::sleep_until(due) => self.queue.expire(self.now(), seconds()),
            }
        }
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.start.elapsed()
    }

    /// Takes a message into the queue, and says so once it is durable.
    async fn submit(&mut self, submission: Submission) {
        let Submission { incoming, from, recipients, done } = submission;
        let submitted = self.queue.submit(self.now(), seconds(), Letter::new(from, recipients));
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
                Action::LookUp { link, name, rtype } => {
                    let resolver = self.shared.resolver.clone();
                    self.look_ups.spawn(async move {
                        Errand::Found(link, rtype, look_up(&resolver, &name, rtype).await)
                    });
                }
                Action::Connect { link, hop } => {
                    let (order, orders) = mpsc::unbounded_channel();
                    self.runners.insert(link, order);
                    let (shared, errand) = (Arc::clone(&self.shared), self.errand.clone());
                    tokio::spawn(async move { run(&shared, link, &hop, orders, &errand).await });
                }
                Action::Send { link, message, envelope } => {
                    let runner = self.runners.get(&link);
                    if runner.is_none_or(|runner| runner.send((message, envelope)).is_err()) {
                        // It ended before it knew; so the queue is told in its turn.
                        let _ = self.errand.send(Errand::Closed(link));
                    }
                }
                Action::Close { link } => drop(self.runners.remove(&link)),
                Action::Report(report) => {
                    // A report that cannot be made is lost.
                    if let Err(error) = self.report(&report).await {
                        self.shared.transcript.note(&format!("no report: {error}"));
                    }
                    self.queue.reported(self.now(), seconds(), report.message);
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
        let (now, at, queue) = (self.now(), seconds(), &mut self.queue);
        match errand {
            Errand::Found(link, rtype, answer) => queue.found(now, at, link, rtype, answer),
            Errand::Ready(link, peer) => queue.ready(now, at, link, peer),
            Errand::Unreachable(link, why) => {
                self.shared.attempts.send_modify(|attempts| *attempts += 1);
                let words = Text::new(&why).unwrap_or_default();
                let status = "4.4.1".parse().expect("a status");
                queue.unreachable(now, at, link, Cause::new(status, words));
            }
            Errand::Sent(link, outcome) => {
                self.shared.attempts.send_modify(|attempts| *attempts += 1);
                queue.sent(now, at, link, &outcome);
            }
            Errand::Closed(link) => {
                self.runners.remove(&link);
                queue.closed(now, at, link);
            }
        }
    }

    /// Tells a sender what became of a message. Our senders are all our own users.
    async fn report(&mut self, report: &Report) -> Result<(), Failure> {
        let mut original = vec![0; 8192];
        let mut file = File::open(self.shared.spool.queued(report.message)).await?;
        let read = file.read(&mut original).await?;
        original.truncate(read);
        let reporter = Reporter { host: self.shared.place.host, date: now(), random: None };
        let letter = report.compose(reporter, Bytes::from(original))?;
        let mut octets = BytesMut::new();
        letter.write(&mut octets);
        let mut incoming = self.shared.spool.receive().await?;
        incoming.write(&octets).await?;
        incoming.sync().await?;
        self.shared.keep(&incoming.path, &report.to.unquoted_local_part()).await?;
        Ok(fs::remove_file(&incoming.path).await?)
    }
}

/// Seconds since 1970.
fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

async fn look_up(resolver: &Resolver, name: &Name, rtype: RecordType) -> Answer {
    let answer = resolver.query(name, rtype).await;
    answer.map_or(Answer::Failed, |answer| Answer::of(&answer.view()))
}

/// Connects, and carries one message after another until there are no more orders.
async fn run(
    shared: &Shared,
    link: LinkId,
    hop: &Hop,
    mut orders: mpsc::UnboundedReceiver<Order>,
    errand: &mpsc::UnboundedSender<Errand>,
) {
    let mut client = match connect(shared, hop).await {
        Ok(client) => client,
        Err(error) => {
            let _ = errand.send(Errand::Unreachable(link, error.to_string()));
            return;
        }
    };
    let peer = Peer::of(client.session().capabilities());
    // A postman who has gone home wants no answers.
    let _ = errand.send(Errand::Ready(link, peer));
    while let Some((message, envelope)) = orders.recv().await {
        let Ok(outcome) = send(shared, &mut client, message, envelope).await else {
            let _ = errand.send(Errand::Closed(link));
            return;
        };
        let _ = errand.send(Errand::Sent(link, outcome));
    }
    // What was said before is not in doubt.
    let _ = client.quit().await;
}

async fn send(
    shared: &Shared,
    client: &mut Client,
    message: MessageId,
    mut envelope: Envelope,
) -> Result<Outcome, Failure> {
    let file = File::open(shared.spool.queued(message)).await?;
    (envelope.size, envelope.eight_bit) = (Some(file.metadata().await?.len()), true);
    Ok(client.send(envelope, file).await?)
}

/// Connects from our own address, and opens a session.
async fn connect(shared: &Shared, hop: &Hop) -> Result<Client, Failure> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((shared.place.address, 0).into())?;
    let host = hop.label();
    let stream: TcpStream =
        socket.connect(hop.address).await.map_err(|_| format!("{host} does not answer"))?;
    let config = ClientConfig::new(shared.place.host.parse()?);
    let observer = shared.transcript.dialogue(shared.place.host, &host);
    let driver = Driver::new(Box::new(stream) as BoxStream, |now| Session::new(now, config))
        .with_observer(observer);
    Ok(Client::open(driver, Some(shared.tls.towards(&host)?)).await?)
}
