//! The queue: what to look up, whom to send to, when to try again, whom to tell.
use alloc::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    string::String,
    vec::Vec,
};
use core::time::Duration;

use dns_proto::Name;
use proto_core::{Instant, Text};
use smtp_proto::{Mailbox, ReversePath};

use crate::{
    MessageId, Record, Schedule, Target,
    lane::Lanes,
    route::route,
    verdict::{Verdict, words},
};

/// What a queue is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Our name, to see when mail comes back to us.
    pub own: Name,
    /// When to try again.
    pub schedule: Schedule,
    /// What others may cost.
    pub limits: Limits,
}

impl Config {
    /// Makes the configuration of a server of this name.
    #[must_use]
    pub fn new(own: Name) -> Self {
        Self { own, schedule: Schedule::default(), limits: Limits::default() }
    }
}

/// What senders and destinations may cost a queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The most messages waiting: 100,000. Beyond, `submit` refuses, and the server says 452.
    pub messages: usize,
    /// The most deliveries under way: 100, as Postfix's default process limit.
    pub deliveries: usize,
    /// The most deliveries under way to one domain: 20, as Postfix. A slow domain does not take
    /// the places of the others.
    pub per_domain: usize,
    /// The most hosts tried in one attempt: 5, as Postfix tries addresses. A domain with a
    /// thousand MX records, each of them slow, keeps a delivery no longer than others do.
    pub hosts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { messages: 100_000, deliveries: 100, per_domain: 20, hosts: 5 }
    }
}

/// The queue has as many messages as it may.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the queue is full")]
pub struct Full;

/// The number of an attempt to deliver one message to one domain.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct JobId(u64);

/// What the application does next. The order matters: what is to be written is durable before
/// the next action is begun.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Make a record durable.
    Write(Record),
    /// Look up the MX records of a domain; then call [`Queue::routed`].
    Route {
        /// For whom.
        job: JobId,
        /// Which domain.
        domain: Name,
    },
    /// Send a message to the first of the targets that answers; then call [`Queue::finished`].
    Deliver {
        /// For whom.
        job: JobId,
        /// Which message.
        message: MessageId,
        /// From whom.
        from: ReversePath,
        /// To whom, all in one domain.
        recipients: Vec<Mailbox>,
        /// Where, best first.
        targets: Vec<Target>,
    },
    /// Tell the sender what did not arrive: submit a message to it from the null path, then call
    /// [`Queue::bounced`]. [`bounce`](crate::bounce) composes one.
    Bounce {
        /// Which message.
        message: MessageId,
        /// Whom to tell.
        to: Mailbox,
        /// Who did not get it, and why.
        failed: Vec<(Mailbox, Text)>,
    },
    /// The message's octets are needed no more.
    Forget(MessageId),
}

/// What a look-up found.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Routed {
    /// The domain's MX records, by preference and host; none means that the domain itself is
    /// tried.
    Mx(Vec<(u16, Name)>),
    /// There is no such domain.
    NoSuchDomain,
    /// Nobody could say.
    Failed,
}

/// The queue of a mail server, without storage, network or clock.
///
/// ```
/// use delivery::{Action, Config, Queue, Routed, Verdict};
/// use proto_core::Instant;
/// use smtp_proto::ReversePath;
///
/// let now = Instant::ORIGIN;
/// let mut queue = Queue::new(Config::new("crepes.fr".parse()?), 0);
/// let from = ReversePath::Mailbox("alice@crepes.fr".parse()?);
/// queue.submit(now, 1_700_000_000, from, vec!["bob@hamburger.edu".parse()?])?;
/// let Some(Action::Write(_)) = queue.poll() else { panic!("not durable") };
/// // Now Alice may be told 250.
/// let Some(Action::Route { job, .. }) = queue.poll() else { panic!("not routed") };
/// queue.routed(now, 1_700_000_000, job, Routed::Mx(vec![(10, "mail.hamburger.edu".parse()?)]));
/// let Some(Action::Deliver { job, .. }) = queue.poll() else { panic!("not sent") };
/// queue.finished(now, 1_700_000_000, job, &[Verdict::Delivered]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Queue {
    config: Config,
    seed: u64,
    next: u64,
    messages: BTreeMap<MessageId, Entry>,
    jobs: BTreeMap<JobId, Job>,
    /// Jobs that wait for their time.
    timers: BTreeSet<(Instant, JobId)>,
    /// Jobs whose time has come, and those under way.
    lanes: Lanes<JobId>,
    actions: VecDeque<Action>,
}

#[derive(Debug)]
struct Entry {
    accepted: u64,
    from: ReversePath,
    recipients: Vec<(Mailbox, Option<Fate>)>,
}

#[derive(Clone, Debug)]
enum Fate {
    Delivered,
    Failed(Text),
}

#[derive(Debug)]
struct Job {
    message: MessageId,
    /// As the lanes know it: the domain in lower case.
    domain: String,
    /// Places among the message's recipients.
    recipients: Vec<usize>,
    attempts: u32,
    stage: Stage,
}

/// Where a job stands. An answer that comes twice, or late, finds it elsewhere and is ignored:
/// it would make two deliveries of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Waiting,
    Routing,
    Delivering,
}

impl Queue {
    /// Makes an empty queue; `seed` spreads the load among equal hosts.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let Limits { deliveries, per_domain, .. } = config.limits;
        Self {
            config,
            seed,
            next: 0,
            messages: BTreeMap::new(),
            jobs: BTreeMap::new(),
            timers: BTreeSet::new(),
            lanes: Lanes::new(deliveries, per_domain),
            actions: VecDeque::new(),
        }
    }

    /// Rebuilds a queue from its journal: what was not done is due.
    #[must_use]
    pub fn replay(
        config: Config,
        seed: u64,
        now: Instant,
        records: impl IntoIterator<Item = Record>,
    ) -> Self {
        let mut queue = Self::new(config, seed);
        for record in records {
            queue.apply(record);
        }
        for message in queue.messages.keys().copied().collect::<Vec<_>>() {
            queue.begin(now, message);
            queue.settle(message);
        }
        queue
    }

    /// Takes responsibility for a message; `at` is the time in seconds since 1970. Carry the
    /// actions out up to its record before telling the client 250: accepted means durable.
    ///
    /// # Errors
    /// The queue is full: tell the client 452.
    pub fn submit(
        &mut self,
        now: Instant,
        at: u64,
        from: ReversePath,
        recipients: Vec<Mailbox>,
    ) -> Result<MessageId, Full> {
        if self.messages.len() >= self.config.limits.messages {
            return Err(Full);
        }
        let message = MessageId(self.next);
        self.record(Record::Accepted { message, at, from, recipients });
        self.begin(now, message);
        self.settle(message);
        Ok(message)
    }

    /// Returns how many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Says what to do next, until `None`.
    pub fn poll(&mut self) -> Option<Action> {
        if self.actions.is_empty()
            && let Some(job) = self.lanes.start()
        {
            self.start(job);
        }
        self.actions.pop_front()
    }

    /// When to call [`expire`](Self::expire), if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Notes that the time is `now`: what is due is tried.
    pub fn expire(&mut self, now: Instant) {
        while let Some((at, job)) = self.timers.first().copied()
            && at <= now
        {
            self.timers.remove(&(at, job));
            self.line_up(job);
        }
    }

    /// Takes what a look-up found; ignores it if none is under way.
    pub fn routed(&mut self, now: Instant, at: u64, job: JobId, routed: Routed) {
        let work = self.jobs.get(&job).filter(|job| job.stage == Stage::Routing);
        let Some(domain) = work.and_then(|job| job.domain.parse::<Name>().ok()) else { return };
        let failed = match routed {
            Routed::Mx(mx) => {
                self.seed = self.seed.wrapping_add(1);
                match route(&domain, mx, &self.config.own, self.seed) {
                    Ok(mut targets) => {
                        targets.truncate(self.config.limits.hosts.max(1));
                        return self.deliver(job, targets);
                    }
                    Err(error) => Verdict::Failed(words(&error)),
                }
            }
            Routed::NoSuchDomain => Verdict::Failed(Text::from_static("no such domain")),
            Routed::Failed => Verdict::Deferred(Text::from_static("the domain was not found now")),
        };
        let verdicts =
            alloc::vec![failed; self.jobs.get(&job).map_or(0, |job| job.recipients.len())];
        self.conclude(now, at, job, &verdicts);
    }

    /// Takes the result of a delivery: a verdict for each recipient, in the order of
    /// [`Action::Deliver`]. A recipient without one is tried again. Ignored if no delivery is
    /// under way.
    pub fn finished(&mut self, now: Instant, at: u64, job: JobId, verdicts: &[Verdict]) {
        if self.jobs.get(&job).is_some_and(|job| job.stage == Stage::Delivering) {
            self.conclude(now, at, job, verdicts);
        }
    }

    fn conclude(&mut self, now: Instant, at: u64, job: JobId, verdicts: &[Verdict]) {
        let Some(mut work) = self.jobs.remove(&job) else { return };
        self.lanes.leave(&work.domain);
        let message = work.message;
        let verdicts = verdicts.iter().map(Some).chain(core::iter::repeat(None));
        let mut deferred = Vec::new();
        let expired = self.is_expired(message, at);
        for (recipient, verdict) in work.recipients.iter().copied().zip(verdicts) {
            match verdict {
                Some(Verdict::Delivered) => self.record(Record::Delivered { message, recipient }),
                Some(Verdict::Failed(why)) => self.fail(message, recipient, why),
                Some(Verdict::Deferred(why)) if expired => self.fail(message, recipient, why),
                None if expired => {
                    self.fail(message, recipient, &Text::from_static("not delivered in time"));
                }
                _ => deferred.push(recipient),
            }
        }
        if !deferred.is_empty() {
            work.attempts = work.attempts.saturating_add(1);
            work.recipients = deferred;
            work.stage = Stage::Waiting;
            let again = now + self.config.schedule.wait(work.attempts);
            self.timers.insert((again, job));
            self.jobs.insert(job, work);
        }
        self.settle(message);
    }

    /// Notes that the sender has been told, durably.
    pub fn bounced(&mut self, message: MessageId) {
        if self.messages.get(&message).is_some_and(Entry::is_settled) {
            self.remove(message);
        }
    }

    fn fail(&mut self, message: MessageId, recipient: usize, why: &Text) {
        self.record(Record::Failed { message, recipient, why: why.clone() });
    }

    fn is_expired(&self, message: MessageId, at: u64) -> bool {
        let accepted = self.messages.get(&message).map_or(at, |entry| entry.accepted);
        Duration::from_secs(at.saturating_sub(accepted)) >= self.config.schedule.give_up
    }

    /// Does what a record says, and has it written.
    fn record(&mut self, record: Record) {
        self.apply(record.clone());
        self.actions.push_back(Action::Write(record));
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::Accepted { message, at, from, recipients } => {
                let recipients = recipients.into_iter().map(|to| (to, None)).collect();
                self.messages.insert(message, Entry { accepted: at, from, recipients });
                self.next = self.next.max(message.0.saturating_add(1));
            }
            Record::Delivered { message, recipient } => {
                self.meet(message, recipient, Fate::Delivered);
            }
            Record::Failed { message, recipient, why } => {
                self.meet(message, recipient, Fate::Failed(why));
            }
            Record::Removed { message } => {
                self.messages.remove(&message);
            }
        }
    }

    fn meet(&mut self, message: MessageId, recipient: usize, fate: Fate) {
        let entry = self.messages.get_mut(&message);
        let place = entry.and_then(|entry| entry.recipients.get_mut(recipient));
        if let Some((_, place)) = place {
            *place = Some(fate);
        }
    }

    /// Makes a job for each domain that has recipients waiting.
    fn begin(&mut self, now: Instant, message: MessageId) {
        let Some(entry) = self.messages.get(&message) else { return };
        let mut domains = BTreeMap::<String, Vec<usize>>::new();
        for (place, (to, fate)) in entry.recipients.iter().enumerate() {
            if fate.is_none() {
                domains.entry(to.domain().to_lowercase()).or_default().push(place);
            }
        }
        for (domain, recipients) in domains {
            let job = JobId(self.next);
            self.next = self.next.saturating_add(1);
            self.jobs.insert(
                job,
                Job { message, domain, recipients, attempts: 0, stage: Stage::Waiting },
            );
            self.timers.insert((now, job));
        }
        self.expire(now);
    }

    fn line_up(&mut self, job: JobId) {
        if let Some(work) = self.jobs.get(&job) {
            self.lanes.line_up(&work.domain, job);
        }
    }

    /// A job's turn has come.
    fn start(&mut self, job: JobId) {
        let Some(work) = self.jobs.get_mut(&job) else { return };
        work.stage = Stage::Routing;
        if let Some(address) = literal(&work.domain) {
            return self.deliver(job, [Target::Address(address)].into());
        }
        match work.domain.parse::<Name>() {
            Ok(domain) => self.actions.push_back(Action::Route { job, domain }),
            Err(_) => self.unroutable(job),
        }
    }

    /// The domain is no name that DNS could know.
    fn unroutable(&mut self, job: JobId) {
        let Some(work) = self.jobs.remove(&job) else { return };
        self.lanes.leave(&work.domain);
        for recipient in work.recipients {
            self.fail(work.message, recipient, &Text::from_static("not a domain"));
        }
        self.settle(work.message);
    }

    fn deliver(&mut self, job: JobId, targets: Vec<Target>) {
        let Some(work) = self.jobs.get_mut(&job) else { return };
        work.stage = Stage::Delivering;
        let Some(entry) = self.messages.get(&work.message) else { return };
        let to = |place: &usize| entry.recipients.get(*place).map(|(to, _)| to.clone());
        self.actions.push_back(Action::Deliver {
            job,
            message: work.message,
            from: entry.from.clone(),
            recipients: work.recipients.iter().filter_map(to).collect(),
            targets,
        });
    }

    /// If every recipient's fate is known, tells the sender what failed, or is done.
    fn settle(&mut self, message: MessageId) {
        let Some(entry) = self.messages.get(&message).filter(|entry| entry.is_settled()) else {
            return;
        };
        let failed = entry.failed();
        match &entry.from {
            ReversePath::Mailbox(to) if !failed.is_empty() => {
                let to = to.clone();
                self.actions.push_back(Action::Bounce { message, to, failed });
            }
            // RFC 5321 §6.1: nobody is told that a bounce did not arrive.
            _ => self.remove(message),
        }
    }

    fn remove(&mut self, message: MessageId) {
        self.record(Record::Removed { message });
        self.actions.push_back(Action::Forget(message));
    }
}

impl Entry {
    fn is_settled(&self) -> bool {
        self.recipients.iter().all(|(_, fate)| fate.is_some())
    }

    fn failed(&self) -> Vec<(Mailbox, Text)> {
        let failed = self.recipients.iter().filter_map(|(to, fate)| match fate {
            Some(Fate::Failed(why)) => Some((to.clone(), why.clone())),
            _ => None,
        });
        failed.collect()
    }
}

/// Reads an address literal (RFC 5321 §4.1.3), in lower case.
fn literal(domain: &str) -> Option<core::net::IpAddr> {
    let inner = domain.strip_prefix('[')?.strip_suffix(']')?;
    match inner.strip_prefix("ipv6:") {
        Some(address) => address.parse().ok().map(core::net::IpAddr::V6),
        None => inner.parse().ok().map(core::net::IpAddr::V4),
    }
}

#[cfg(test)]
mod tests;
