//! Connections: searched for, opened, used for one message after another, and left.
use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec};

use dns_proto::{Name, RecordType};
use proto_core::Instant;
use smtp_proto::{
    Body, ForwardPath, Reply, ReversePath, Stage,
    client::{Delivery, Envelope, Outcome, Reason},
};

use super::{
    Peer, Queue, Timer,
    jobs::JobId,
    message::{Entry, Slot},
};
use crate::{
    Action, Answer, Cause, Handover, LinkId, Record, Security, Target, Transport, Verdict,
    cause::{own, status},
    lane::Key,
    policies::Found,
    search::{Manner, Search, Want},
};

#[derive(Debug)]
pub(super) struct Link {
    key: Key,
    job: Option<JobId>,
    phase: Phase,
    /// Where else to go, if this server will not do.
    search: Option<Box<Search>>,
    /// What we know the server by.
    label: String,
    /// What its yes means.
    how: Handover,
    /// What is known of the server.
    peer: Peer,
    /// The places that the transaction under way is for, in its order.
    places: Vec<u32>,
    sent: u32,
    /// A session was open.
    reached: bool,
    /// The name of the policy that is being fetched.
    policy: Option<(Name, Vec<u8>)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    /// Not open yet.
    Searching,
    /// It carries a message, or the end of the session is about to be told.
    Busy,
    Idle(Instant),
    /// There is no connection: the application keeps the mail.
    Local,
}

impl Queue {
    /// Opens a connection for a job.
    pub(super) fn open(&mut self, key: Key, job: JobId) {
        let link = LinkId(self.serial());
        let mut opened = Link {
            key,
            job: Some(job),
            phase: Phase::Searching,
            search: None,
            label: String::new(),
            how: Handover::Relayed,
            peer: Peer::default(),
            places: Vec::new(),
            sent: 0,
            reached: false,
            policy: None,
        };
        match self.plan(job) {
            Ok(Some(search)) => opened.search = Some(Box::new(search)),
            Ok(None) => opened.phase = Phase::Local,
            Err(cause) => {
                self.links.insert(link, opened);
                return self.give_up(link, &Verdict::Failed(cause));
            }
        }
        let local = opened.phase == Phase::Local;
        self.links.insert(link, opened);
        if local {
            return self.send(link);
        }
        self.drive(link);
    }

    /// How a job's host is found; `None` if there is none and the application keeps the mail.
    fn plan(&self, job: JobId) -> Result<Option<Search>, Cause> {
        let nowhere = || own(status(5, 1, 2), "not a domain");
        let work = self.jobs.get(&job).ok_or_else(nowhere)?;
        let entry = self.messages.get(&work.message).ok_or_else(nowhere)?;
        let first = work.recipients.first().and_then(|place| entry.slot(*place));
        let domain = first.map(|slot| slot.to.domain().to_lowercase()).ok_or_else(nowhere)?;
        let requires_tls = entry.parameters.requires_tls();
        let manner = |port, security| Manner { port, lmtp: false, security, requires_tls };
        let config = &self.config;
        Ok(Some(match config.transport(&domain) {
            Transport::Mx => {
                let manner = manner(config.port, config.security.clone());
                match literal(&domain) {
                    Some(address) => Search::host(&Target::Address(address), manner, config),
                    None => {
                        let domain = domain.parse().map_err(|_| nowhere())?;
                        Search::mx(domain, manner, config)
                    }
                }
            }
            Transport::Relay { to, port, security } => {
                Search::host(to, manner(*port, security.clone()), config)
            }
            Transport::Lmtp { to, port } => {
                let manner = Manner { lmtp: true, ..manner(*port, Security::Plain) };
                Search::host(to, manner, config)
            }
            Transport::Local => return Ok(None),
        }))
    }

    /// Does what a link's search wants.
    fn drive(&mut self, id: LinkId) {
        loop {
            let Some(link) = self.links.get_mut(&id) else { return };
            let Some(search) = &mut link.search else { return };
            match search.next(&self.config) {
                Want::LookUp(name, rtype) => {
                    self.actions.push_back(Action::LookUp { link: id, name, rtype });
                }
                Want::Connect(hop) => {
                    link.label = hop.label();
                    link.how = if hop.lmtp { Handover::Delivered } else { Handover::Relayed };
                    self.statistics.connections += 1;
                    self.actions.push_back(Action::Connect { link: id, hop });
                }
                Want::Policy(..) | Want::Nothing => return,
                Want::Failed { cause, for_good } => {
                    // Our own relay's troubles are no reason to return mail.
                    let routed = !link.key.contains(' ') || link.key.ends_with(" requiretls");
                    let verdict = match for_good && routed {
                        true => Verdict::Failed(cause),
                        false => Verdict::Deferred(cause),
                    };
                    return self.give_up(id, &verdict);
                }
            }
        }
    }

    pub(super) fn take_answer(&mut self, id: LinkId, rtype: RecordType, answer: Answer) {
        let random = self.random();
        let link = self.links.get_mut(&id).filter(|link| link.phase == Phase::Searching);
        let Some(search) = link.and_then(|link| link.search.as_mut()) else { return };
        if let Some(Want::Policy(domain, name)) = search.found(&self.config, rtype, answer, random)
        {
            self.find_policy(id, domain, name);
        }
        self.drive(id);
    }

    fn find_policy(&mut self, id: LinkId, domain: Name, name: Option<Vec<u8>>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some(search) = &mut link.search else { return };
        match self.policies.find(&domain, name.as_deref(), self.at) {
            Found::Policy(policy) => search.policy(policy),
            Found::Fetch => {
                link.policy = Some((domain.clone(), name.unwrap_or_default()));
                self.actions.push_back(Action::Fetch { link: id, domain });
            }
        }
    }

    pub(super) fn take_policy(&mut self, id: LinkId, text: Option<&str>) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let Some((domain, name)) = link.policy.take() else { return };
        let policy = match self.policies.take(domain.clone(), name, text, self.at) {
            Some(held) => {
                let policy = Some(Arc::clone(&held.policy));
                self.record(Record::Policy(held));
                policy
            }
            None => self.policies.holding(&domain, self.at),
        };
        if let Some(search) = self.links.get_mut(&id).and_then(|link| link.search.as_mut()) {
            search.policy(policy);
        }
        self.drive(id);
    }

    /// The host will not do: the next one.
    pub(super) fn go_on(&mut self, id: LinkId, why: Cause) {
        let link = self.links.get_mut(&id).filter(|link| link.phase == Phase::Searching);
        if let Some(search) = link.and_then(|link| link.search.as_mut()) {
            search.refused(why);
            self.drive(id);
        }
    }

    /// There is no agreeing on TLS: in clear, or the next one.
    pub(super) fn go_on_in_clear(&mut self, id: LinkId, why: Cause) {
        let link = self.links.get_mut(&id).filter(|link| link.phase == Phase::Searching);
        if let Some(search) = link.and_then(|link| link.search.as_mut()) {
            search.tls_failed(why);
            self.drive(id);
        }
    }

    /// There is nobody to send to: so it is for all who wait in the lane, unless somebody was
    /// reached and would not have this message.
    fn give_up(&mut self, id: LinkId, verdict: &Verdict) {
        let Some(link) = self.links.get(&id) else { return };
        let (key, job) = (Arc::clone(&link.key), link.job);
        let others = if link.reached { Vec::new() } else { self.lanes.drain(&key) };
        self.leave(id);
        for job in job.into_iter().chain(others) {
            self.conclude_all(job, verdict);
        }
    }

    pub(super) fn begin_sending(&mut self, id: LinkId, peer: Peer) {
        let link = self.links.get_mut(&id).filter(|link| link.phase == Phase::Searching);
        let Some(link) = link else { return };
        (link.phase, link.reached, link.peer) = (Phase::Busy, true, peer);
        if peer.dsn && link.how == Handover::Relayed {
            link.how = Handover::Passed;
        }
        self.send(id);
    }

    /// Sends the message of a link's job.
    fn send(&mut self, id: LinkId) {
        let Some(link) = self.links.get(&id) else { return };
        let Some(job) = link.job else { return };
        if let Some(cause) = self.is_late(job) {
            self.conclude_all(job, &Verdict::Failed(cause));
            return self.go_next(id);
        }
        let local = link.phase == Phase::Local;
        // RFC 3461 §5.2.2: a server that knows no NOTIFY is kept from telling by another sender.
        let hushed = link.how == Handover::Relayed && !local;
        let knows_tls = link.peer.require_tls;
        let untold = link.how == Handover::Passed && !link.peer.deliver_by;
        if hushed {
            self.set_apart(job);
        }
        let Some(work) = self.jobs.get(&job) else { return };
        let Some(entry) = self.messages.get(&work.message) else { return };
        let (message, places) = (work.message, work.recipients.to_vec());
        let delay = untold && entry.is_untimed(self.at);
        let mut envelope = envelope(entry, &places, self.at, delay);
        if entry.is_bounce() && !knows_tls {
            // RFC 8689 §5: it is not thrown away for want of the word; TLS there is all the same.
            envelope.parameters = envelope.parameters.without("REQUIRETLS");
        }
        let mut slots = places.iter().filter_map(|place| entry.slot(*place));
        if hushed && slots.all(Slot::is_silent) {
            envelope.from = ReversePath::Null;
        }
        self.statistics.transactions += 1;
        self.actions.push_back(match local {
            true => Action::Keep { link: id, message, envelope },
            false => Action::Send { link: id, message, envelope },
        });
        if let Some(link) = self.links.get_mut(&id) {
            link.places = places;
        }
    }

    pub(super) fn take_outcome(&mut self, id: LinkId, outcome: &Outcome) {
        let Some(link) = self.links.get_mut(&id).filter(|link| link.phase == Phase::Busy) else {
            return;
        };
        let (Some(job), mut how, label) = (link.job, link.how, link.label.clone()) else { return };
        let relayed = matches!(how, Handover::Passed | Handover::Relayed);
        let untimed = relayed && !link.peer.deliver_by;
        let mut places = core::mem::take(&mut link.places);
        if places.is_empty() {
            return;
        }
        let entry = self.jobs.get(&job).and_then(|work| self.messages.get(&work.message));
        if untimed && entry.is_some_and(|entry| entry.is_untimed(self.at)) {
            how = Handover::Untimed;
        }
        let progress = outcome.recipients.iter().any(|(_, it)| matches!(it, Delivery::Accepted(_)));
        let (mut verdicts, mut broken, mut full) = (Vec::new(), false, false);
        for (to, delivery) in &outcome.recipients {
            let Some(place) = self.take_place(job, to, &mut places) else { continue };
            match delivery {
                Delivery::Unsent(Reason::Interrupted) => broken = true,
                Delivery::Unsent(Reason::SessionFull { .. } | Reason::DomainsFull { .. }) => {
                    full = true
                }
                Delivery::Refused(Stage::Rcpt, reply) if progress && is_too_many(reply) => {}
                _ => {
                    let doubtful = matches!(delivery, Delivery::Unknown);
                    self.statistics.doubtful += u64::from(doubtful);
                    verdicts.push((place, Verdict::of(delivery, &label, how)));
                }
            }
        }
        let progress = progress || !verdicts.is_empty();
        self.settle(job, verdicts.iter().filter(|(_, it)| !is_deferred(it)).cloned().collect());
        verdicts.retain(|(_, verdict)| is_deferred(verdict));
        let left = self.jobs.get(&job).map_or(0, |work| work.recipients.len());
        if broken && verdicts.is_empty() {
            // The end of the session follows, and then another host's turn.
            return;
        }
        let used = self.links.get(&id).is_some_and(|link| link.sent > 0);
        if full && used && verdicts.is_empty() {
            self.line_up_again(job);
            self.detach(id);
            return self.close(id);
        }
        if left > verdicts.len() && progress && !broken && !full {
            return self.send_rest(id, job, verdicts);
        }
        self.put_off_all(job, verdicts);
        self.go_next(id);
    }

    /// The server takes no more recipients at once: the others follow in a transaction of their
    /// own. Those who were put off wait for their time in a job of their own.
    fn send_rest(&mut self, id: LinkId, job: JobId, deferred: Vec<(u32, Verdict)>) {
        self.split(job, deferred);
        self.send(id);
    }

    fn put_off_all(&mut self, job: JobId, mut verdicts: Vec<(u32, Verdict)>) {
        let left = self.jobs.get(&job).map(|work| work.recipients.clone()).unwrap_or_default();
        for place in left {
            if !verdicts.iter().any(|(it, _)| *it == place) {
                let why = own(status(4, 4, 2), "the server did not get as far as this recipient");
                verdicts.push((place, Verdict::Deferred(why)));
            }
        }
        self.conclude(job, verdicts);
    }

    /// Finds a recipient's place among those of a transaction.
    fn take_place(&self, job: JobId, to: &ForwardPath, places: &mut Vec<u32>) -> Option<u32> {
        let entry = self.messages.get(&self.jobs.get(&job)?.message)?;
        let is = |place: &u32| entry.slot(*place).map(|slot| &slot.to) == to.mailbox();
        let index = places.iter().position(is)?;
        Some(places.remove(index))
    }

    pub(super) fn take_verdicts(&mut self, id: LinkId, verdicts: &[Verdict]) {
        let link = self.links.get_mut(&id).filter(|link| link.phase == Phase::Local);
        let Some(link) = link else { return };
        let Some(job) = link.job else { return };
        let places = core::mem::take(&mut link.places);
        let verdicts = places.into_iter().zip(verdicts.iter().cloned()).collect();
        self.put_off_all(job, verdicts);
        self.go_next(id);
    }

    /// A message is done with: the connection takes the next.
    fn go_next(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        (link.job, link.sent) = (None, link.sent.saturating_add(1));
        if link.sent >= self.config.limits.per_connection {
            return self.close(id);
        }
        let key = Arc::clone(&link.key);
        if let Some(job) = self.lanes.next(&key) {
            link.job = Some(job);
            return self.send(id);
        }
        if link.phase == Phase::Local || self.config.limits.idle.is_zero() {
            return self.close(id);
        }
        let until = self.now + self.config.limits.idle;
        link.phase = Phase::Idle(until);
        self.timers.insert((until, Timer::Idle(id)));
        self.lanes.rest(&key, id);
    }

    pub(super) fn reuse(&mut self, id: LinkId, job: JobId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        if let Phase::Idle(until) = link.phase {
            self.timers.remove(&(until, Timer::Idle(id)));
        }
        (link.phase, link.job) = (Phase::Busy, Some(job));
        self.send(id);
    }

    /// Takes leave of a server.
    pub(super) fn close(&mut self, id: LinkId) {
        let Some(link) = self.links.get(&id) else { return };
        if link.phase != Phase::Local {
            self.actions.push_back(Action::Close { link: id });
        }
        self.leave(id);
    }

    /// A connection has ended by itself.
    pub(super) fn lose(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let why = own(status(4, 4, 2), "the session ended early");
        match (link.phase, link.job) {
            (Phase::Searching, _) => self.go_on(id, why),
            // One that was kept for us may have ended before we knew.
            (Phase::Busy, Some(job)) if link.sent > 0 => {
                self.line_up_again(job);
                self.detach(id);
                self.leave(id);
            }
            (Phase::Busy, Some(_)) => {
                link.phase = Phase::Searching;
                link.places.clear();
                self.go_on(id, why);
            }
            _ => self.leave(id),
        }
    }

    fn detach(&mut self, id: LinkId) {
        if let Some(link) = self.links.get_mut(&id) {
            link.job = None;
        }
    }

    fn leave(&mut self, id: LinkId) {
        let Some(link) = self.links.remove(&id) else { return };
        if let Phase::Idle(until) = link.phase {
            self.timers.remove(&(until, Timer::Idle(id)));
        }
        self.lanes.leave(&link.key, id);
    }
}

/// What the next server is told of a message, for these recipients.
fn envelope(entry: &Entry, places: &[u32], at: u64, delay: bool) -> Envelope {
    let slots = places.iter().filter_map(|place| entry.slot(*place));
    let mut envelope = Envelope::new(entry.from.clone(), Vec::new());
    for slot in slots {
        let mut recipient =
            smtp_proto::client::Recipient::from(ForwardPath::Mailbox(slot.to.clone()));
        recipient.parameters = slot.outgoing(delay);
        envelope.recipients.push(recipient);
    }
    let parameters = entry.outgoing(at);
    envelope.size = parameters.size();
    envelope.eight_bit = parameters.body() == Some(Body::EightBitMime);
    envelope.binary = parameters.body() == Some(Body::Binary);
    envelope.utf8_header = parameters.smtputf8();
    envelope.parameters = parameters;
    envelope
}

const fn is_deferred(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Deferred(_))
}

/// RFC 5321 §4.5.3.1.10: the server takes no more recipients in this transaction.
fn is_too_many(reply: &Reply) -> bool {
    let detail = reply.enhanced().map(|it| (it.subject, it.detail));
    match reply.code() {
        452 => matches!(detail, None | Some((5, 3))),
        552 => detail.is_none(),
        _ => false,
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
