//! Carries out what the queue decides, in order, and each record durable before the next action.
use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, SystemTime},
};

use bytes::BytesMut;
use homing::{
    delivery::{
        Action, Answer, Cause, Config, Handover, Hop, LinkId, MessageId, Queue, Record, Refusal,
        Report, Reporter, Transport, Verdict, count_hops,
    },
    dns::{Name, RecordType, tokio::Resolver},
    mime::report::StatusCode,
    proto_core::{Instant, Text, tokio::random},
    smtp::{
        Mailbox, Parameters,
        client::{Envelope, Recipient},
    },
};
use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{self, sleep_until},
};
use tracing::{error, info, warn};

use super::{
    Letter, Manner, NotQueued,
    link::{self, News, Order},
    policy,
};
use crate::{
    Failure,
    host::Directory,
    smtp::now,
    store::{BlobId, Entry, Octets, Reader, Spool, Store},
};

/// How many submissions are taken before their records are written together.
const TOGETHER: usize = 64;

/// How much of a message is searched for its trace.
const HEADER: usize = 64 * 1024;

/// How much of a message is returned to its sender at most, when it cannot be delivered.
const RETURNED: usize = 64 * 1024;

/// How long nothing may be due.
const FAR: Duration = Duration::from_secs(3600);

/// How many records a journal may have beyond what the queue needs, before it is written anew.
const SLACK: usize = 10_000;

pub(super) struct Postman {
    directory: Arc<Directory>,
    store: Store,
    resolver: Resolver,
    queue: Queue,
    start: time::Instant,
    links: HashMap<LinkId, mpsc::Sender<Order>>,
    /// What those who were sent out tell.
    errands: mpsc::UnboundedSender<Errand>,
    returned: mpsc::UnboundedReceiver<Errand>,
    /// The octets of messages whose record is not written yet.
    octets: HashMap<MessageId, Octets>,
    /// How many records were written since the journal was new.
    written: usize,
    waiting: Arc<AtomicUsize>,
    /// How many hosts a message may have been at.
    hops: usize,
}

/// What an errand came to.
enum Errand {
    Found(LinkId, RecordType, Answer),
    Fetched(LinkId, Option<String>),
    Link(LinkId, News),
    Kept(LinkId, Vec<Verdict>),
}

impl Postman {
    /// Goes on where an earlier run left off.
    pub(super) async fn new(
        directory: Arc<Directory>,
        store: Store,
        resolver: Resolver,
        manner: Manner,
        waiting: Arc<AtomicUsize>,
    ) -> Result<Self, Failure> {
        let mut config = Config::new(directory.name.parse()?);
        (config.port, config.sts, config.dane) = (manner.port, manner.sts, manner.dane);
        config.schedule.waits = manner.retry.map_or(config.schedule.waits, |wait| vec![wait]);
        for domain in &directory.domains {
            config.transports.insert(domain.clone(), Transport::Local);
        }
        let (of, host) = (store.clone(), directory.name.clone());
        let records = spawn_blocking(move || of.records(&host)).await??;
        let random: [u8; 32] = random()?;
        let seed = u64::from_le_bytes(*random.first_chunk().ok_or("no randomness")?);
        let hops = config.limits.hops;
        let queue = Queue::replay(config, seed, Instant::ORIGIN, seconds(), records);
        let (errands, returned) = mpsc::unbounded_channel();
        let mut postman = Self {
            directory,
            store,
            resolver,
            queue,
            start: time::Instant::now(),
            links: HashMap::new(),
            errands,
            returned,
            hops,
            octets: HashMap::new(),
            written: 0,
            waiting,
        };
        postman.rewrite().await?;
        Ok(postman)
    }

    /// Works until nobody has letters any more.
    ///
    /// # Errors
    /// Something could not be made durable. What is not durable must not be acted upon: a new
    /// postman goes on with what is.
    pub(super) async fn work(
        mut self,
        letters: &mut mpsc::Receiver<Letter>,
    ) -> Result<(), Failure> {
        loop {
            self.obey().await?;
            self.waiting.store(self.queue.len(), Relaxed);
            let due = self.queue.deadline().map_or(FAR, Instant::since_origin);
            let due = (self.start + due).min(time::Instant::now() + FAR);
            tokio::select! {
                letter = letters.recv() => match letter {
                    Some(letter) => self.take(letter, letters).await?,
                    None => return Ok(()),
                },
                Some(errand) = self.returned.recv() => self.back(errand),
                () = sleep_until(due) => self.queue.expire(self.now(), seconds()),
            }
        }
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.start.elapsed()
    }

    /// Takes messages into the queue, those that wait together, and says so once they are durable.
    async fn take(
        &mut self,
        first: Letter,
        letters: &mut mpsc::Receiver<Letter>,
    ) -> Result<(), Failure> {
        let mut together = vec![first];
        while together.len() < TOGETHER
            && let Ok(letter) = letters.try_recv()
        {
            together.push(letter);
        }
        let mut taken = Vec::new();
        for Letter { mut submission, octets, done } in together {
            if count_hops(&octets.beginning(HEADER)?) > self.hops {
                let _ = done.send(Err(NotQueued::Loop));
                continue;
            }
            submission.parameters = submission.parameters.with_size(octets.size());
            match self.queue.submit(self.now(), seconds(), submission) {
                Ok(message) => {
                    self.octets.insert(message, octets);
                    taken.push(done);
                }
                Err(Refusal::Full) => drop(done.send(Err(NotQueued::Full))),
                Err(_) => drop(done.send(Err(NotQueued::Unavailable))),
            }
        }
        // Those who are not told wait no longer either: their message is not taken.
        self.obey().await?;
        for done in taken {
            // Somebody who does not wait for the answer will send the message again.
            let _ = done.send(Ok(()));
        }
        Ok(())
    }

    /// Does what the queue wants: first all that is to be written, then the rest in order. That is
    /// more than it asks for, as what it records has happened.
    async fn obey(&mut self) -> Result<(), Failure> {
        loop {
            let (mut entries, mut actions) = (Vec::new(), Vec::new());
            while let Some(action) = self.queue.poll() {
                match action {
                    Action::Write(record) => entries.push(self.entry(&record)),
                    action => actions.push(action),
                }
            }
            if entries.is_empty() && actions.is_empty() {
                return Ok(());
            }
            self.write(entries).await?;
            for action in actions {
                self.act(action).await?;
            }
        }
    }

    fn entry(&mut self, record: &Record) -> Entry {
        let brings = match record {
            Record::Accepted { message, .. } => {
                self.octets.remove(message).map(|it| (*message, it))
            }
            _ => None,
        };
        Entry { line: record.write(), octets: brings }
    }

    async fn write(&mut self, entries: Vec<Entry>) -> Result<(), Failure> {
        if entries.is_empty() {
            return Ok(());
        }
        self.written += entries.len();
        let (store, host) = (self.store.clone(), self.directory.name.clone());
        spawn_blocking(move || store.journal(&host, entries)).await??;
        if self.written > SLACK + 10 * self.queue.len() {
            self.rewrite().await?;
        }
        Ok(())
    }

    /// Writes the journal anew, as short as it can be.
    async fn rewrite(&mut self) -> Result<(), Failure> {
        let mut held = HashSet::new();
        let lines = self.queue.snapshot().map(|record| {
            held.extend(record.message());
            record.write()
        });
        let lines: Vec<_> = lines.collect();
        self.written = 0;
        let (store, host) = (self.store.clone(), self.directory.name.clone());
        let held = move |message| held.contains(&message);
        Ok(spawn_blocking(move || store.rewrite_journal(&host, lines, held)).await??)
    }

    async fn act(&mut self, action: Action) -> Result<(), Failure> {
        match action {
            Action::LookUp { link, name, rtype } => {
                let (resolver, errands) = (self.resolver.clone(), self.errands.clone());
                tokio::spawn(async move {
                    let answer = look_up(&resolver, &name, rtype).await;
                    let _ = errands.send(Errand::Found(link, rtype, answer));
                });
            }
            Action::Fetch { link, domain } => {
                let (resolver, errands) = (self.resolver.clone(), self.errands.clone());
                tokio::spawn(async move {
                    let policy = policy::fetch(&resolver, &domain).await;
                    let _ = errands.send(Errand::Fetched(link, policy));
                });
            }
            Action::Connect { link, hop } => self.connect(link, hop),
            Action::Send { link, message, envelope } => {
                let order = self.order(message, envelope).await?;
                let orders = self.links.get(&link);
                if orders.is_none_or(|orders| orders.try_send(order).is_err()) {
                    self.queue.closed(self.now(), seconds(), link);
                }
            }
            Action::Keep { link, message, envelope } => self.keep(link, message, envelope).await?,
            Action::Close { link } => drop(self.links.remove(&link)),
            Action::Report(report) => self.report(report).await?,
            Action::Forget(message) => {
                let (store, host) = (self.store.clone(), self.directory.name.clone());
                spawn_blocking(move || store.forget(&host, message)).await??;
            }
            other => warn!(?other, "the queue wants what mailhost does not know"),
        }
        Ok(())
    }

    fn connect(&mut self, link: LinkId, hop: Hop) {
        // One order at a time: the queue waits for what became of it.
        let (orders, received) = mpsc::channel(1);
        self.links.insert(link, orders);
        let errands = self.errands.clone();
        let own = self.directory.name.as_str().into();
        tokio::spawn(link::run(own, hop, received, move |news| {
            // If the postman is gone, so is the reason to tell.
            let _ = errands.send(Errand::Link(link, news));
        }));
    }

    async fn order(&self, message: MessageId, envelope: Envelope) -> Result<Order, Failure> {
        let (blob, _) = self.queued(message).await?;
        Ok(Order { envelope, message: Reader::new(self.store.clone(), blob) })
    }

    async fn queued(&self, message: MessageId) -> Result<(BlobId, u64), Failure> {
        let (store, host) = (self.store.clone(), self.directory.name.clone());
        Ok(spawn_blocking(move || store.queued(&host, message)).await??)
    }

    /// Puts a message into the INBOXes of our own users: a report, as a rule.
    async fn keep(
        &self,
        link: LinkId,
        message: MessageId,
        envelope: Envelope,
    ) -> Result<(), Failure> {
        let (blob, size) = self.queued(message).await?;
        let (directory, store) = (Arc::clone(&self.directory), self.store.clone());
        let errands = self.errands.clone();
        spawn_blocking(move || {
            let one = |it: &Recipient| keep_for(&directory, &store, blob, size, it.to.mailbox());
            let verdicts = envelope.recipients.iter().map(one).collect();
            let _ = errands.send(Errand::Kept(link, verdicts));
        });
        Ok(())
    }

    /// Tells a sender what became of a message.
    async fn report(&mut self, report: Report) -> Result<(), Failure> {
        let (blob, _) = self.queued(report.message).await?;
        let original = Reader::new(self.store.clone(), blob).beginning(RETURNED).await?;
        let random = random()?.first_chunk().map(|half| u128::from_le_bytes(*half));
        let reporter = Reporter { host: &self.directory.name, date: now(), random };
        let mut octets = BytesMut::new();
        if self.directory.is_ours(report.to.domain()) {
            // RFC 5321 §4.4: its way ends here.
            octets.extend_from_slice(b"Return-Path: <>\r\n");
        }
        match report.compose(reporter, original) {
            Ok(letter) => letter.write(&mut octets),
            Err(error) => {
                // It could never be written.
                warn!(%error, to = %report.to, "a report was not made");
                self.queue.reported(self.now(), seconds(), report.message);
                return Ok(());
            }
        }
        info!(to = %report.to, failure = report.is_failure(), "a sender is told");
        let mut spool = Spool::new();
        spool.write(&octets, &self.directory.data)?;
        let parameters = Parameters::default().with_size(octets.len() as u64);
        let (now, at) = (self.now(), seconds());
        if let Some(id) = self.queue.submit_report(now, at, report.message, parameters) {
            self.octets.insert(id, spool.finish());
        }
        Ok(())
    }

    fn back(&mut self, errand: Errand) {
        let (now, at) = (self.now(), seconds());
        match errand {
            Errand::Found(link, rtype, answer) => self.queue.found(now, at, link, rtype, answer),
            Errand::Fetched(link, policy) => {
                self.queue.fetched(now, at, link, policy.as_deref());
            }
            Errand::Kept(link, verdicts) => self.queue.kept(now, at, link, &verdicts),
            Errand::Link(link, News::Ready(peer)) => self.queue.ready(now, at, link, peer),
            Errand::Link(link, News::Sent(outcome)) => self.queue.sent(now, at, link, &outcome),
            Errand::Link(link, News::Unreachable(why)) => {
                self.links.remove(&link);
                self.queue.unreachable(now, at, link, why);
            }
            Errand::Link(link, News::TlsFailed(why)) => {
                self.links.remove(&link);
                self.queue.tls_failed(now, at, link, why);
            }
            Errand::Link(link, News::Closed) => {
                self.links.remove(&link);
                self.queue.closed(now, at, link);
            }
        }
    }
}

async fn look_up(resolver: &Resolver, name: &Name, rtype: RecordType) -> Answer {
    match resolver.query(name, rtype).await {
        Ok(answer) => Answer::of(&answer.view()),
        Err(_) => Answer::Failed,
    }
}

/// Puts a message into the INBOX of whom an address of ours belongs to.
fn keep_for(
    directory: &Directory,
    store: &Store,
    blob: BlobId,
    size: u64,
    to: Option<&Mailbox>,
) -> Verdict {
    let found = to.map_or_else(|| directory.postmaster(store), |it| directory.receiver(store, it));
    let kept = found.and_then(|user| match user {
        Some(user) => store.deliver_kept(blob, size, &user).map(|()| true),
        None => Ok(false),
    });
    let code = |class, subject, detail| {
        StatusCode::new(class, subject, detail).unwrap_or(StatusCode::TRANSIENT)
    };
    match kept {
        Ok(true) => Verdict::Delivered(Handover::Delivered),
        Ok(false) => {
            let words = Text::from_static("nobody of that name lives here");
            Verdict::Failed(Cause::new(code(5, 1, 1), words))
        }
        Err(error) => {
            error!(%error, "a message cannot be put into an INBOX");
            let words = Text::from_static("the store is not available");
            Verdict::Deferred(Cause::new(code(4, 3, 0), words))
        }
    }
}

/// Seconds since 1970.
fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
