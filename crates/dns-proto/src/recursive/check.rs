//! Answers are checked against signatures before clients see them (RFC 4035 §4).
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::Instant;

use crate::cache::{Answer, RrSet, Security};
use crate::dnssec::{Bogus, Response, Secure, Step, Trust, Validator, Verdict};
use crate::name::Name;
use crate::number::{ExtendedError, Rcode, RecordType};
use crate::recursive::anchors::Probes;
use crate::recursive::job::{Check, JobId, Work};
use crate::recursive::jobs::Next;
use crate::recursive::{Resolver, Shared};

/// What signatures are checked against, and by what clock.
#[derive(Debug, Default)]
pub(super) struct Trusted {
    pub(super) trust: Option<Trust>,
    /// Seconds since 1970 at an instant.
    pub(super) clock: (Instant, u64),
    /// Anchors that are being looked after.
    pub(super) probes: Probes,
}

impl Trusted {
    /// Whether there is anything that signatures can be checked against.
    pub(super) const fn is_any(&self) -> bool {
        self.trust.is_some()
    }

    /// Returns what signatures are checked against.
    pub(super) const fn trust(&self) -> Option<&Trust> {
        self.trust.as_ref()
    }

    pub(super) const fn unix(&self, now: Instant) -> u64 {
        let (then, unix) = self.clock;
        let since = now.since_origin().saturating_sub(then.since_origin());
        unix.saturating_add(since.as_secs())
    }
}

impl Resolver {
    /// Has answers validated from these trust anchors on; it is `unix` seconds since 1970. Anchors
    /// that [follow](Trust::follow) their zones' keys are kept up to date: whatever changes is told
    /// by [`Event::Anchors`](super::Event::Anchors).
    ///
    /// ```
    /// use dns_proto::dnssec::{Config, Trust};
    /// use dns_proto::recursive::{self, Resolver, root_hints};
    /// use proto_core::Instant;
    ///
    /// let mut resolver = Resolver::new(recursive::Config::new(root_hints()), [7; 32]);
    /// let mut trust = Trust::new(Config::default());
    /// trust.add_root_anchors();
    /// resolver.validate(trust, Instant::ORIGIN, 1_800_000_000);
    /// ```
    pub fn validate(&mut self, trust: Trust, now: Instant, unix: u64) {
        self.trusted =
            Trusted { trust: Some(trust), clock: (now, unix), probes: Probes::default() };
    }

    /// Puts the clock right by which signatures are judged.
    pub const fn set_clock(&mut self, now: Instant, unix: u64) {
        self.trusted.clock = (now, unix);
    }

    /// Lends what is trusted, if answers are validated.
    pub const fn trust(&mut self) -> Option<&mut Trust> {
        self.trusted.trust.as_mut()
    }

    pub(super) fn check(&mut self, now: Instant, id: JobId) -> Next {
        let Some(job) = self.jobs.get_mut(&id) else { return Next::Wait };
        if !job.waits.is_empty() {
            return Next::Wait;
        }
        let (name, rtype) = job.asked.clone();
        let Work::Check(check) = &mut job.work else { return Next::Wait };
        let Some(answer) = check.answer.clone() else {
            if !check.fresh
                && let Some(proven) = self.synthesize(now, &name, rtype)
            {
                return Next::End(proven);
            }
            return Next::Need(name, rtype);
        };
        if answer.security != Security::Unchecked || answer.is_failure() {
            return Next::End(answer);
        }
        let unix = self.trusted.unix(now);
        let Some(trust) = self.trusted.trust.as_mut() else { return Next::End(answer) };
        if check.validator.is_none() {
            check.remembered = trust.is_bogus(&name, unix);
        }
        let validator = check
            .validator
            .get_or_insert_with(|| Validator::new(response(&name, rtype, &answer), trust));
        match validator.poll(trust, unix) {
            Step::Need { name, rtype } => {
                check.need = Some((name.clone(), rtype));
                Next::Need(name, rtype)
            }
            // The others have their turn.
            Step::Yield => Next::Again,
            Step::Done(verdict) => self.judged(now, id, &answer, verdict),
        }
    }

    /// Takes what was asked for on behalf of a check.
    pub(super) fn supply(
        &mut self,
        now: Instant,
        id: JobId,
        name: &Name,
        rtype: RecordType,
        answer: &Shared,
    ) {
        let _ = now;
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let Work::Check(check) = &mut job.work else { return };
        check.sources.extend(answer.source);
        match check.need.take() {
            None => check.answer = Some(answer.clone()),
            Some(_) => {
                let usable = !answer.is_failure();
                let reply = usable.then(|| response(name, rtype, answer));
                if let Some(validator) = &mut check.validator {
                    validator.supply(reply);
                }
            }
        }
    }

    /// What a check needs cannot be had, for it waits for this very check.
    pub(super) fn unneeded(&mut self, now: Instant, id: JobId) {
        let _ = now;
        if let Some(Work::Check(check)) = self.jobs.get_mut(&id).map(|job| &mut job.work) {
            check.need = None;
            if let Some(validator) = &mut check.validator {
                validator.supply(None);
            }
        }
        self.ready.push_back(id);
    }

    fn judged(&mut self, now: Instant, id: JobId, answer: &Answer, verdict: Verdict) -> Next {
        let Some((name, rtype)) = self.jobs.get(&id).map(|job| job.asked.clone()) else {
            return Next::Wait;
        };
        let mut whole = answer.clone();
        whole.reason = reason(&verdict, answer);
        match verdict {
            Verdict::Secure(secure) => {
                whole.security = Security::Secure;
                whole.rcode = secure.rcode;
                self.vouch(now, &mut whole, &secure);
                // Nobody vouches for what a signed zone says unsigned beside it.
                whole
                    .authorities
                    .retain(|set| set.rtype != RecordType::NS || !set.signatures.is_empty());
            }
            Verdict::Insecure(_) | Verdict::Indeterminate => whole.security = Security::Insecure,
            Verdict::Bogus(_) if self.begin_again(id) => return Next::Again,
            Verdict::Bogus(_) => {
                whole.security = Security::Bogus;
                whole.ttl = whole.ttl.min(self.config.limits.bogus_ttl);
                whole.expires = now + Duration::from_secs(u64::from(whole.ttl));
                let stale = self.config.stale.is_some();
                let old = self.cache.answer(name.view(), rtype).filter(|_| stale);
                if old.is_some_and(|old| old.security == Security::Secure) {
                    self.remember_failure(now, &name, rtype, &whole);
                    return Next::End(Arc::new(whole));
                }
            }
        }
        let whole = Arc::new(whole);
        if whole.cached {
            self.cache.keep_answer(name.view(), rtype, whole.clone());
        }
        Next::End(whole)
    }

    /// Does a check over, if another server may have what one has spoilt; says whether.
    fn begin_again(&mut self, id: JobId) -> bool {
        let Some(job) = self.jobs.get_mut(&id) else { return false };
        let Work::Check(check) = &mut job.work else { return false };
        // What is remembered is remembered so that it is not asked for again and again.
        let new = !check.remembered && check.sources.iter().any(|it| !check.blamed.contains(it));
        if check.turns >= self.config.limits.bogus_turns || !new {
            return false;
        }
        let first = check.turns == 0;
        **check = Check {
            fresh: true,
            answer: None,
            validator: None,
            remembered: false,
            need: None,
            turns: check.turns + 1,
            sources: Vec::new(),
            blamed: check.blamed.iter().chain(&check.sources).copied().collect(),
        };
        if let Some(trust) = self.trusted.trust.as_mut() {
            trust.doubt(&job.asked.0, first);
        }
        true
    }

    /// Notes what has been verified.
    fn vouch(&mut self, now: Instant, answer: &mut Answer, secure: &Secure) {
        let after = |ttl: u32| now + Duration::from_secs(u64::from(ttl));
        let negative = answer.authorities.iter().find(|set| set.rtype == RecordType::SOA);
        let negative = negative.map(|set| set.expires);
        let sections = [&mut answer.answers, &mut answer.authorities];
        for set in sections.into_iter().flatten() {
            let mut own =
                secure.sets.iter().filter(|it| it.owner == set.owner && it.rtype == set.rtype);
            let Some(known) = own.next() else { continue };
            let mut verified = (**set).clone();
            verified.security = Security::Secure;
            verified.expires = verified.expires.min(after(known.ttl));
            let expanded = secure.wildcards.contains(&verified.owner);
            *set = if expanded { Arc::new(verified) } else { self.cache.keep(now, verified) };
            // RFC 8198 §5.4: no longer than the zone wants absences to be remembered.
            super::aggressive::keep(&mut self.cache, set, negative.unwrap_or(set.expires));
        }
        if answer.expires > after(secure.ttl) {
            answer.expires = after(secure.ttl);
            answer.ttl = answer.ttl.min(secure.ttl);
        }
    }

    /// Notes what a set that has been loaded says of names that nobody asks for.
    pub(super) fn learn(&mut self, set: &Arc<RrSet>) {
        if set.security == Security::Secure {
            super::aggressive::keep(&mut self.cache, set, set.expires);
        }
    }

    /// Answers from proofs that have been verified that there is nothing (RFC 8198).
    pub(super) fn synthesize(
        &self,
        now: Instant,
        name: &Name,
        rtype: RecordType,
    ) -> Option<Shared> {
        if !self.config.aggressive || self.cache.answer(name.view(), rtype).is_some() {
            return None;
        }
        // RFC 7646 §2: what is below a negative anchor is taken as its servers give it.
        if self.trusted.trust.as_ref()?.is_negative(name) {
            return None;
        }
        let hashes = self.trusted.trust.as_ref()?.config().limits.hashes_at_once;
        super::aggressive::deny(now, &self.cache, name, rtype, hashes)
    }
}

/// Returns what clients are told of a verdict.
fn reason(verdict: &Verdict, answer: &Answer) -> Option<ExtendedError> {
    // What has been left out of it is the likely cause.
    if answer.reason == Some(ExtendedError::OTHER) {
        return answer.reason;
    }
    let lacks =
        matches!(verdict, Verdict::Bogus(Bogus::Denial | Bogus::Unobtainable | Bogus::Unreachable));
    let is_proof = |set: &Arc<RrSet>| matches!(set.rtype, RecordType::NSEC | RecordType::NSEC3);
    // There are proofs, but not of this; and no zone below that need not prove anything.
    if lacks && answer.authorities.iter().any(is_proof) {
        return Some(ExtendedError::BOGUS);
    }
    verdict.extended_error()
}

/// Shows an answer to the validator.
pub(super) fn response(name: &Name, rtype: RecordType, answer: &Answer) -> Response {
    let mut response = Response::new(name.clone(), rtype, answer.rcode);
    if answer.rcode == Rcode::YXDOMAIN {
        response.rcode = Rcode::NOERROR;
    }
    let records = |sets: &[Arc<RrSet>]| {
        let both = sets.iter().flat_map(|set| {
            let ttl = set.ttl;
            set.records(ttl).chain(set.signature_records(ttl))
        });
        both.collect::<Vec<_>>()
    };
    response.answers = records(&answer.answers);
    response.authorities = records(&answer.authorities);
    response
}
