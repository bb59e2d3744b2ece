//! How jobs begin, wait for each other, and end.
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::Instant;

use crate::cache::Answer;
use crate::key::Key;
use crate::name::Name;
use crate::number::{ExtendedError, RecordType};
use crate::recursive::job::{Account, Asker, Check, Job, JobId, Kind, Walk, Work};
use crate::recursive::{Event, Resolver, Shared};

/// What has less left when an answer is renewed is renewed with it: a minute, as in Unbound.
const LEEWAY: Duration = Duration::from_secs(60);

/// What is to be done for a job.
pub(super) enum Next {
    /// It is waiting for something.
    Wait,
    /// It has changed: look again.
    Again,
    Send(core::net::SocketAddr),
    Find(Name, RecordType),
    /// It needs another question answered first.
    Need(Name, RecordType),
    End(Shared),
}

impl Resolver {
    /// Joins the job for a name and type, or begins it; says which it is.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        (name, rtype, kind): (Name, RecordType, Kind),
        asker: Asker,
        account: Option<JobId>,
        fresh: bool,
    ) -> JobId {
        let id = self.begin(now, name, rtype, kind, account, fresh);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.askers.push(asker);
        }
        id
    }

    /// Finds the job for a name and type, or begins it, with nobody asking for it yet.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        name: Name,
        rtype: RecordType,
        kind: Kind,
        account: Option<JobId>,
        fresh: bool,
    ) -> JobId {
        let question = (name, rtype, kind);
        if let Some(&id) = self.index.get(&question) {
            return id;
        }
        let id = JobId(self.next);
        self.next += 1;
        let account = account.unwrap_or(id);
        let limits = &self.config.limits;
        let full = || Account { queries: limits.queries, targets: limits.all_targets, jobs: 0 };
        self.accounts.entry(account).or_insert_with(full).jobs += 1;
        let work = match kind {
            Kind::Walk => {
                let mut walk = Walk::new(question.0.clone(), fresh);
                let known = self.cache.answer(question.0.view(), rtype).filter(|_| fresh);
                walk.leeway = known.map_or(Duration::ZERO, |it| it.expires - now + LEEWAY);
                Work::Walk(Box::new(walk))
            }
            Kind::Check => Work::Check(Box::new(Check::new(fresh))),
        };
        let (askers, waits) = (Vec::new(), BTreeSet::new());
        let asked = (question.0.clone(), rtype);
        self.jobs.insert(id, Job { asked, askers, account, waits, work });
        self.index.insert(question, id);
        self.ready.push_back(id);
        id
    }

    /// Does everything that can be done before the next message or time-out.
    pub(super) fn work(&mut self, now: Instant) {
        while let Some(id) = self.ready.pop_front() {
            let next = match self.jobs.get(&id).map(|job| job.work.kind()) {
                None => continue,
                Some(Kind::Walk) => self.advance(now, id),
                Some(Kind::Check) => self.check(now, id),
            };
            match next {
                Next::Wait => {}
                Next::Again => self.ready.push_back(id),
                Next::Send(to) => self.send(now, id, to),
                Next::Find(server, rtype) => {
                    if !self.need(now, id, server, rtype, false) {
                        self.ready.push_back(id);
                    }
                }
                Next::Need(name, rtype) => {
                    if !self.need(now, id, name, rtype, true) {
                        self.unneeded(now, id);
                    }
                }
                Next::End(answer) => self.finish(now, id, &answer),
            }
        }
    }

    /// Has another question answered for a job, unless that would wait for this very job; says
    /// whether it is being waited for.
    fn need(
        &mut self,
        now: Instant,
        id: JobId,
        name: Name,
        rtype: RecordType,
        fresh: bool,
    ) -> bool {
        let Some(job) = self.jobs.get(&id) else { return true };
        let account = job.account;
        let renewed = match &job.work {
            Work::Check(check) => fresh && check.fresh && (check.need.is_none() || check.turns > 0),
            Work::Walk(_) => false,
        };
        let avoid = match &job.work {
            Work::Check(check) => check.blamed.clone(),
            Work::Walk(walk) => walk.avoid.clone(),
        };
        if let Some(&other) = self.index.get(&(name.clone(), rtype, Kind::Walk))
            && self.is_awaiting(other, id)
        {
            return false;
        }
        let child =
            self.ask(now, (name, rtype, Kind::Walk), Asker::Job(id), Some(account), renewed);
        if let Some(Work::Walk(walk)) = self.jobs.get_mut(&child).map(|job| &mut job.work) {
            walk.avoid.extend(avoid);
        }
        if let Some(job) = self.jobs.get_mut(&id) {
            job.waits.insert(child);
        }
        true
    }

    /// Whether a job is, or waits for, or waits for one that waits for, another.
    fn is_awaiting(&self, job: JobId, other: JobId) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), Vec::from([job]));
        while let Some(id) = open.pop() {
            if id == other {
                return true;
            }
            if seen.insert(id) {
                open.extend(self.jobs.get(&id).iter().flat_map(|job| &job.waits));
            }
        }
        false
    }

    /// Ends a job and tells everybody who asked.
    pub(super) fn finish(&mut self, now: Instant, id: JobId, answer: &Shared) {
        let Some(job) = self.remove(id) else { return };
        let (name, rtype) = job.asked;
        if answer.is_useless() {
            self.remember_failure(now, &name, rtype, answer);
        }
        for asker in job.askers {
            match asker {
                Asker::Client(client) => {
                    self.crowd.leave(&client, id);
                    if let Some(until) = client.patience {
                        self.impatient.remove(&(until, id));
                    }
                    let late = now - client.since > self.config.limits.discard;
                    if late && client.via == proto_core::Transport::Udp {
                        self.events.push_back(Event::Discarded { client: client.id });
                        continue;
                    }
                    let stale = self.instead(now, &name, rtype, answer);
                    match stale {
                        Some((old, ttl)) => self.reply(now, &client, &old, Some(ttl)),
                        None => self.reply(now, &client, answer, None),
                    }
                }
                Asker::Job(parent) => self.found(now, parent, id, &name, rtype, answer),
                #[cfg(feature = "dnssec")]
                Asker::Anchors => self.probed(now, &name, answer),
            }
        }
    }

    /// Takes a job out, and its account if it was the last that drew on it.
    pub(super) fn remove(&mut self, id: JobId) -> Option<Job> {
        let job = self.jobs.remove(&id)?;
        self.index.remove(&(job.asked.0.clone(), job.asked.1, job.work.kind()));
        if let Some(account) = self.accounts.get_mut(&job.account) {
            account.jobs -= 1;
            if account.jobs == 0 {
                self.accounts.remove(&job.account);
            }
        }
        Some(job)
    }

    /// Returns an old answer to give instead of a failure, or of what is bogus.
    fn instead(
        &self,
        now: Instant,
        name: &Name,
        rtype: RecordType,
        answer: &Answer,
    ) -> Option<(Shared, u32)> {
        if !answer.is_useless() {
            return None;
        }
        let old = self.cache.answer(name.view(), rtype)?;
        let good = old.security != crate::cache::Security::Bogus;
        let ttl = self.stale(now, &old).filter(|_| good)?.ttl;
        Some((old, ttl))
    }

    /// Hands the answer of one job to another that waits for it.
    fn found(
        &mut self,
        now: Instant,
        parent: JobId,
        child: JobId,
        name: &Name,
        rtype: RecordType,
        answer: &Shared,
    ) {
        let Some(job) = self.jobs.get_mut(&parent) else { return };
        job.waits.remove(&child);
        match job.work.kind() {
            Kind::Walk => self.found_server(now, parent, name, rtype, answer),
            Kind::Check => self.supply(now, parent, name, rtype, answer),
        }
        self.ready.push_back(parent);
    }

    /// Returns why a question could not be answered a moment ago.
    pub(super) fn failure(&self, now: Instant, name: &Name, rtype: RecordType) -> Option<Shared> {
        let &(until, reason) = self.failures.get(&question_key(name, rtype))?;
        let failure = Answer::failure(reason.unwrap_or(ExtendedError::CACHED_ERROR));
        (until > now).then(|| Arc::new(failure))
    }

    pub(super) fn remember_failure(
        &mut self,
        now: Instant,
        name: &Name,
        rtype: RecordType,
        answer: &Answer,
    ) {
        if self.failure(now, name, rtype).is_none() {
            let until = now + Duration::from_secs(u64::from(self.config.limits.failure_ttl));
            self.failures.put(&question_key(name, rtype), (until, answer.reason));
        }
    }
}

impl Check {
    const fn new(fresh: bool) -> Self {
        Self {
            fresh,
            answer: None,
            #[cfg(feature = "dnssec")]
            validator: None,
            remembered: false,
            need: None,
            turns: 0,
            sources: Vec::new(),
            blamed: Vec::new(),
        }
    }
}

/// What failures are remembered by.
pub(super) fn question_key(name: &Name, rtype: RecordType) -> Vec<u8> {
    let mut key = Key::new(name.view()).octets().to_vec();
    key.extend_from_slice(&rtype.number().to_be_bytes());
    key
}
