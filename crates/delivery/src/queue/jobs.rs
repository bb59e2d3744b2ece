//! Jobs: a message's recipients that go the same way at the same time.
use alloc::{boxed::Box, collections::BTreeMap, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use proto_core::Instant;
use smtp_proto::Late;

use super::{
    Queue, Timer,
    message::{Entry, Fate, Slot, waiting},
};
use crate::{
    Cause, MessageId, Record, Target, Transport, Verdict,
    cause::{own, status},
    lane::Key,
};

/// The number of a job.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct JobId(u64);

#[derive(Debug)]
pub(super) struct Job {
    pub(super) message: MessageId,
    /// The lane it waits in.
    pub(super) key: Key,
    /// Places among the message's recipients.
    pub(super) recipients: Box<[u32]>,
}

impl Queue {
    /// Makes jobs of the recipients that wait, and has them done when it is time.
    pub(super) fn begin(&mut self, message: MessageId) {
        let Some(entry) = self.messages.get(&message) else { return };
        let mut lanes = BTreeMap::<String, Vec<u32>>::new();
        for place in waiting(entry) {
            if let Some(slot) = entry.slot(place) {
                let domain = slot.to.domain().to_lowercase();
                lanes.entry(self.lane_of(&domain, entry)).or_default().push(place);
            }
        }
        let hold = Duration::from_secs(entry.released().saturating_sub(self.at));
        let most = self.config.limits.recipients.max(1);
        for (lane, places) in lanes {
            let key = self.key(&lane);
            for recipients in places.chunks(most) {
                let job = self.add_job(message, Arc::clone(&key), recipients.into());
                if hold.is_zero() {
                    self.line_up(job);
                } else {
                    self.timers.insert((self.now + hold, Timer::Job(job)));
                }
            }
        }
    }

    /// The lane of a domain's mail. What needs another kind of connection has another lane.
    fn lane_of(&self, domain: &str, entry: &Entry) -> String {
        let place = |kind: &str, to: &Target, port: u16| match to {
            Target::Host(name) => alloc::format!("{kind} {name} {port}"),
            Target::Address(address) => alloc::format!("{kind} {address} {port}"),
        };
        let mut lane = match self.config.transport(domain) {
            Transport::Mx => domain.into(),
            Transport::Relay { to, port, .. } => place("relay", to, *port),
            Transport::Lmtp { to, port } => place("lmtp", to, *port),
            Transport::Local => "local".into(),
        };
        if entry.parameters.requires_tls() {
            lane.push_str(" requiretls");
        }
        lane
    }

    fn key(&self, lane: &str) -> Key {
        self.keys.get_key_value(lane).map_or_else(|| lane.into(), |(key, _)| Arc::clone(key))
    }

    fn add_job(&mut self, message: MessageId, key: Key, recipients: Box<[u32]>) -> JobId {
        let job = JobId(self.serial());
        *self.keys.entry(Arc::clone(&key)).or_default() += 1;
        self.jobs.insert(job, Job { message, key, recipients });
        job
    }

    /// A job's time has come.
    pub(super) fn line_up(&mut self, job: JobId) {
        let Some(work) = self.jobs.get(&job) else { return };
        let Some(entry) = self.messages.get_mut(&work.message) else { return };
        entry.active += 1;
        self.lanes.line_up(&work.key, entry.priority(), job);
    }

    /// A job has had its turn and could not use it.
    pub(super) fn line_up_again(&mut self, job: JobId) {
        let Some(work) = self.jobs.get(&job) else { return };
        let priority = self.messages.get(&work.message).map_or(0, Entry::priority);
        self.lanes.line_up_first(&work.key, priority, job);
    }

    /// If a job is too late for its message's deadline, says so.
    pub(super) fn is_late(&self, job: JobId) -> Option<Cause> {
        let entry = self.messages.get(&self.jobs.get(&job)?.message)?;
        match entry.deliver_by() {
            Some((until, Late::Return)) if self.at >= until => {
                Some(own(status(5, 4, 7), "not delivered by the time that was asked for"))
            }
            _ => None,
        }
    }

    /// The same for all recipients of a job.
    pub(super) fn conclude_all(&mut self, job: JobId, verdict: &Verdict) {
        let places = self.jobs.get(&job).map(|work| work.recipients.clone()).unwrap_or_default();
        let verdicts = places.iter().map(|place| (*place, verdict.clone())).collect();
        self.conclude(job, verdicts);
    }

    /// Ends an attempt: what is decided is recorded, the rest is put off.
    pub(super) fn conclude(&mut self, job: JobId, verdicts: Vec<(u32, Verdict)>) {
        self.settle(job, verdicts);
        let Some(work) = self.jobs.get(&job) else { return };
        let message = work.message;
        let done = work.recipients.is_empty();
        if let Some(entry) = self.messages.get_mut(&message) {
            entry.active = entry.active.saturating_sub(1);
        }
        if done {
            self.drop_job(job);
        } else {
            self.put_off(job);
        }
        self.review(message);
    }

    /// Records verdicts; those who are not delivered to yet stay with the job.
    pub(super) fn settle(&mut self, job: JobId, verdicts: Vec<(u32, Verdict)>) {
        let Some(work) = self.jobs.get(&job) else { return };
        let message = work.message;
        let Some(entry) = self.messages.get(&message) else { return };
        let expired = entry.age(self.at) >= self.config.schedule.give_up;
        let mut left = work.recipients.to_vec();
        for (recipient, verdict) in verdicts {
            let decided = match verdict {
                Verdict::Delivered(how) => Some(Record::Delivered { message, recipient, how }),
                Verdict::Failed(why) => Some(Record::Failed { message, recipient, why }),
                // It was tried for so long that no more is (RFC 3463 §3.5, X.4.7).
                Verdict::Deferred(why) if expired => {
                    let why = why.with_status(status(4, 4, 7));
                    Some(Record::Failed { message, recipient, why })
                }
                Verdict::Deferred(why) => {
                    self.statistics.deferred += 1;
                    self.meet(message, recipient, Fate::Waiting(Some(why.into())));
                    None
                }
            };
            let Some(record) = decided.filter(|_| left.contains(&recipient)) else { continue };
            left.retain(|place| *place != recipient);
            match record {
                Record::Delivered { .. } => self.statistics.delivered += 1,
                _ => self.statistics.failed += 1,
            }
            self.record(record);
        }
        if let Some(work) = self.jobs.get_mut(&job) {
            work.recipients = left.into();
        }
    }

    /// Makes a job of its own of those who are put off; the others go on.
    pub(super) fn split(&mut self, job: JobId, deferred: Vec<(u32, Verdict)>) {
        let places: Vec<_> = deferred.iter().map(|(place, _)| *place).collect();
        self.settle(job, deferred);
        let Some(work) = self.jobs.get_mut(&job) else { return };
        let (later, now) =
            work.recipients.iter().partition::<Vec<u32>, _>(|it| places.contains(it));
        work.recipients = now.into();
        if !later.is_empty() {
            let (message, key) = (work.message, Arc::clone(&work.key));
            let put_off = self.add_job(message, key, later.into());
            self.put_off(put_off);
        }
    }

    /// Makes a job of its own, the next, of those of whose fate nobody is to be told, if there are
    /// others.
    pub(super) fn set_apart(&mut self, job: JobId) {
        let Some(work) = self.jobs.get_mut(&job) else { return };
        let Some(entry) = self.messages.get_mut(&work.message) else { return };
        let silent = |place: &u32| entry.slot(*place).is_some_and(Slot::is_silent);
        let (apart, others) = work.recipients.iter().partition::<Vec<u32>, _>(|it| silent(it));
        if apart.is_empty() || others.is_empty() {
            return;
        }
        work.recipients = others.into();
        entry.active += 1;
        let (message, key) = (work.message, Arc::clone(&work.key));
        let apart = self.add_job(message, key, apart.into());
        self.line_up_again(apart);
    }

    fn drop_job(&mut self, job: JobId) {
        let Some(work) = self.jobs.remove(&job) else { return };
        if let Some(jobs) = self.keys.get_mut(&work.key) {
            *jobs -= 1;
            if *jobs == 0 {
                self.keys.remove(&work.key);
            }
        }
    }

    /// Waits for the schedule's next time, or for one that means something to the sender.
    fn put_off(&mut self, job: JobId) {
        let Some(entry) = self.jobs.get(&job).and_then(|work| self.messages.get(&work.message))
        else {
            return;
        };
        let (age, schedule) = (entry.age(self.at), &self.config.schedule);
        let until = entry.deliver_by().map(|(until, _)| until.saturating_sub(self.at));
        let ends = [
            Some(schedule.give_up.saturating_sub(age)),
            schedule.warn.filter(|_| !entry.warned).map(|warn| warn.saturating_sub(age)),
            until.map(Duration::from_secs),
        ];
        let ends = ends.into_iter().flatten().filter(|wait| !wait.is_zero());
        let wait = ends.fold(schedule.wait(age), Duration::min);
        let due: Instant = self.now + wait;
        self.timers.insert((due, Timer::Job(job)));
    }
}
