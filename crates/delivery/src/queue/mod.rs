//! The queue: what to look up, whom to send to, when to try again, whom to tell.
mod jobs;
mod journal;
mod links;
mod message;
mod tell;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use proto_core::Instant;
use smtp_proto::{Capabilities, Extension, Parameters, client::Outcome};

use self::{
    jobs::{Job, JobId},
    links::Link,
    message::Entry,
};
use crate::{
    Action, Answer, Cause, Config, Limits, LinkId, MessageId, Record, Submission, Verdict,
    lane::{Key, Lanes, Start},
    policies::Policies,
};

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The queue has as many messages as it may: 452.
    #[error("the queue is full")]
    Full,
    /// It is for nobody: 554.
    #[error("there are no recipients")]
    NoRecipients,
}

/// What is known of a server with which a session is open.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Peer {
    /// It reports by itself (RFC 3461).
    pub dsn: bool,
    /// It can be told by when (RFC 2852).
    pub deliver_by: bool,
    /// It can be told that TLS is required (RFC 8689).
    pub require_tls: bool,
}

impl Peer {
    /// Takes what a server said in answer to EHLO.
    #[must_use]
    pub const fn of(capabilities: &Capabilities) -> Self {
        let extensions = capabilities.extensions;
        Self {
            dsn: extensions.contains(Extension::Dsn),
            deliver_by: extensions.contains(Extension::DeliverBy),
            require_tls: extensions.contains(Extension::RequireTls),
        }
    }
}

/// What a queue has done since it was made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Messages taken.
    pub accepted: u64,
    /// Connections asked for.
    pub connections: u64,
    /// Transactions begun, each of one message.
    pub transactions: u64,
    /// Recipients handed over.
    pub delivered: u64,
    /// Recipients that will not get their message.
    pub failed: u64,
    /// Recipients put off.
    pub deferred: u64,
    /// Recipients of whom it will never be known whether they had the message the first time
    /// (RFC 1047): it is sent again.
    pub doubtful: u64,
    /// Reports asked for.
    pub reports: u64,
}

/// The queue of a mail server, without storage, network or clock.
///
/// Time is told by every call: `now` on the clock that measures, and `at`, the seconds since 1970
/// by the clock on the wall.
///
/// ```
/// use delivery::{Action, Answer, Config, Peer, Queue, Submission};
/// use dns_proto::{Name, Rdata, Record, RecordType};
/// use proto_core::Instant;
/// use smtp_proto::ReversePath;
///
/// let (now, at) = (Instant::ORIGIN, 1_700_000_000);
/// let mut config = Config::new("crepes.fr".parse()?);
/// config.ipv6 = false;
/// let mut queue = Queue::new(config, 0);
/// let from = ReversePath::Mailbox("alice@crepes.fr".parse()?);
/// queue.submit(now, at, Submission::new(from, ["bob@hamburger.edu".parse()?]))?;
/// let Some(Action::Write(_)) = queue.poll() else { panic!("not durable") };
/// // Now Alice may be told 250.
/// let Some(Action::LookUp { link, name, rtype }) = queue.poll() else { panic!("not routed") };
/// assert_eq!((name, rtype), ("hamburger.edu".parse()?, RecordType::MX));
/// // No MX records: the domain itself is tried.
/// queue.found(now, at, link, rtype, Answer::Records(vec![], false));
/// let Some(Action::LookUp { link, name, rtype }) = queue.poll() else { panic!("no host") };
/// let address = Record::address(name, 60, [192, 0, 2, 1].into());
/// queue.found(now, at, link, rtype, Answer::Records(vec![address], false));
/// let Some(Action::Connect { link, hop }) = queue.poll() else { panic!("not connected") };
/// assert_eq!(hop.address, "192.0.2.1:25".parse()?);
/// queue.ready(now, at, link, Peer::default());
/// let Some(Action::Send { envelope, .. }) = queue.poll() else { panic!("not sent") };
/// assert_eq!(envelope.recipients.len(), 1);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Queue {
    config: Config,
    /// For what must differ and need not surprise.
    random: u64,
    now: Instant,
    at: u64,
    /// The next message's number, and the next job's or link's.
    next: u64,
    serial: u64,
    messages: BTreeMap<MessageId, Entry>,
    jobs: BTreeMap<JobId, Job>,
    links: BTreeMap<LinkId, Link>,
    timers: BTreeSet<(Instant, Timer)>,
    /// The names of lanes, each once, and how many jobs they have.
    keys: BTreeMap<Key, u32>,
    lanes: Lanes<JobId, LinkId>,
    policies: Policies,
    actions: VecDeque<Action>,
    statistics: Statistics,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Timer {
    /// It is tried again.
    Job(JobId),
    /// It has been idle for long enough.
    Idle(LinkId),
}

impl Queue {
    /// Makes an empty queue; `seed` spreads the load among equal hosts.
    #[must_use]
    pub fn new(config: Config, seed: u64) -> Self {
        let Limits { connections, per_domain, policies, .. } = config.limits;
        Self {
            config,
            random: seed,
            now: Instant::ORIGIN,
            at: 0,
            next: 0,
            serial: 0,
            messages: BTreeMap::new(),
            jobs: BTreeMap::new(),
            links: BTreeMap::new(),
            timers: BTreeSet::new(),
            keys: BTreeMap::new(),
            lanes: Lanes::new(connections, per_domain),
            policies: Policies::new(policies),
            actions: VecDeque::new(),
            statistics: Statistics::default(),
        }
    }

    /// Takes responsibility for a message. Store its octets under its number and carry the
    /// actions out up to its record before telling the client 250: accepted means durable.
    ///
    /// # Errors
    /// It is not taken, and the reason says what to tell the client.
    pub fn submit(
        &mut self,
        now: Instant,
        at: u64,
        submission: Submission,
    ) -> Result<MessageId, Refusal> {
        self.tell(now, at);
        if submission.recipients.is_empty() {
            return Err(Refusal::NoRecipients);
        }
        if self.messages.len() >= self.config.limits.messages {
            return Err(Refusal::Full);
        }
        Ok(self.accept(submission, None))
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

    /// Whether a message is there: octets of others are left from before a crash.
    #[must_use]
    pub fn holds(&self, message: MessageId) -> bool {
        self.messages.contains_key(&message)
    }

    /// Returns how many connections there are or are being made.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.links.len()
    }

    /// Returns what it has done so far.
    #[must_use]
    pub const fn statistics(&self) -> &Statistics {
        &self.statistics
    }

    /// Says what to do next, until `None`.
    pub fn poll(&mut self) -> Option<Action> {
        loop {
            if let Some(action) = self.actions.pop_front() {
                return Some(action);
            }
            match self.lanes.start()? {
                Start::New(key, job) => self.open(key, job),
                Start::Reuse(link, job) => self.reuse(link, job),
            }
        }
    }

    /// When to call [`expire`](Self::expire), if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Notes that the time is `now`: what is due is tried.
    pub fn expire(&mut self, now: Instant, at: u64) {
        self.tell(now, at);
        while let Some((due, timer)) = self.timers.first().copied()
            && due <= now
        {
            self.timers.remove(&(due, timer));
            match timer {
                Timer::Job(job) => self.line_up(job),
                Timer::Idle(link) => self.close(link),
            }
        }
    }

    /// Takes what DNS said to [`Action::LookUp`]; ignored if it was not asked.
    pub fn found(
        &mut self,
        now: Instant,
        at: u64,
        link: LinkId,
        rtype: dns_proto::RecordType,
        answer: Answer,
    ) {
        self.tell(now, at);
        self.take_answer(link, rtype, answer);
    }

    /// Takes what [`Action::Fetch`] brought: the policy's text, or nothing.
    pub fn fetched(&mut self, now: Instant, at: u64, link: LinkId, policy: Option<&str>) {
        self.tell(now, at);
        self.take_policy(link, policy);
    }

    /// Notes that a session is open.
    pub fn ready(&mut self, now: Instant, at: u64, link: LinkId, peer: Peer) {
        self.tell(now, at);
        self.begin_sending(link, peer);
    }

    /// Notes that a server cannot be reached, or would not have us: the next address is tried, or
    /// the next host.
    pub fn unreachable(&mut self, now: Instant, at: u64, link: LinkId, why: Cause) {
        self.tell(now, at);
        self.go_on(link, why);
    }

    /// Notes that there was no agreeing on TLS with a server: it is tried again in clear, if TLS
    /// was [opportunistic](crate::Security::Opportunistic) and the configuration
    /// [lets that be](Config::in_clear); else it counts as [unreachable](Self::unreachable).
    pub fn tls_failed(&mut self, now: Instant, at: u64, link: LinkId, why: Cause) {
        self.tell(now, at);
        self.go_on_in_clear(link, why);
    }

    /// Takes what became of a message that was to be [sent](Action::Send).
    pub fn sent(&mut self, now: Instant, at: u64, link: LinkId, outcome: &Outcome) {
        self.tell(now, at);
        self.take_outcome(link, outcome);
    }

    /// Takes what became of a message that was to be [kept](Action::Keep): a verdict for each
    /// recipient, in the envelope's order. One without is tried again.
    pub fn kept(&mut self, now: Instant, at: u64, link: LinkId, verdicts: &[Verdict]) {
        self.tell(now, at);
        self.take_verdicts(link, verdicts);
    }

    /// Notes that a connection has ended that was not [closed](Action::Close).
    pub fn closed(&mut self, now: Instant, at: u64, link: LinkId) {
        self.tell(now, at);
        self.lose(link);
    }

    /// Takes the [report](Action::Report) on a message as one more message, from nobody and of
    /// which nobody is told; both are one record. Store it under the number that is returned.
    /// `parameters` are its `SIZE`, `BODY` and `SMTPUTF8`; `None`, if no report was due.
    pub fn submit_report(
        &mut self,
        now: Instant,
        at: u64,
        message: MessageId,
        parameters: Parameters,
    ) -> Option<MessageId> {
        self.tell(now, at);
        self.take_report(message, parameters)
    }

    /// Notes that the sender has been told, durably, and not by this queue.
    pub fn reported(&mut self, now: Instant, at: u64, message: MessageId) {
        self.tell(now, at);
        self.finish_report(message);
    }

    fn tell(&mut self, now: Instant, at: u64) {
        (self.now, self.at) = (self.now.max(now), at);
    }

    fn serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn random(&mut self) -> u64 {
        crate::route::mix(&mut self.random)
    }

    fn remove(&mut self, message: MessageId) {
        self.record(Record::Removed { message });
        self.actions.push_back(Action::Forget(message));
    }
}

#[cfg(test)]
mod tests;
