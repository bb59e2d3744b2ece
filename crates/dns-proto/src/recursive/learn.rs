//! What is learnt from a server: answers, the beginnings of answers, and who is to be asked further
//! down.
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::Instant;

use crate::cache::{Answer, Rank, RrSet, Security};
use crate::exchange::Ask;
use crate::name::Name;
use crate::number::{ExtendedError, Rcode, RecordType};
use crate::recursive::job::{JobId, Shown, Work};
use crate::recursive::jobs::Next;
use crate::recursive::said::Said;
use crate::recursive::walk::{circle, joined};
use crate::recursive::{Resolver, Shared};

impl Resolver {
    /// Keeps an answer for when nobody has a better one.
    pub(super) fn doubt(&mut self, now: Instant, id: JobId, ask: &Ask, said: Said) {
        let partial = !said.found && !said.answers.is_empty();
        let answer = self.remember(now, said, id, ask);
        let Some(walk) = self.walk(id) else { return };
        // One with something in it before one without.
        let empty = |answer: &Answer| answer.answers.is_empty() && answer.authorities.is_empty();
        if walk.doubtful.as_ref().is_none_or(|(old, _)| empty(old) && !empty(&answer)) {
            walk.doubtful = Some((answer, partial));
        }
        self.give_up_on(id, ask.to, ExtendedError::NO_REACHABLE_AUTHORITY);
    }

    /// Takes an answer, or the beginning of one.
    pub(super) fn take(&mut self, now: Instant, id: JobId, ask: &Ask, said: Said, partial: bool) {
        let answer = self.remember(now, said, id, ask);
        match self.settle(now, id, answer, partial) {
            Next::End(answer) => self.finish(now, id, &answer),
            _ => self.ready.push_back(id),
        }
    }

    /// Ends the job with an answer, or goes on from where its aliases lead.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        id: JobId,
        answer: Answer,
        partial: bool,
    ) -> Next {
        let limit = usize::try_from(self.config.limits.cnames).unwrap_or(usize::MAX);
        let Some(job) = self.jobs.get_mut(&id) else { return Next::Wait };
        let (asked, rtype) = job.asked.clone();
        let Work::Walk(walk) = &mut job.work else { return Next::Wait };
        let links = walk.links.iter().chain(&answer.answers);
        let aliases = links.filter(|set| set.rtype == RecordType::CNAME).count();
        if aliases > limit && rtype != RecordType::CNAME {
            return Next::End(Arc::new(Answer::failure(ExtendedError::OTHER)));
        }
        if partial {
            let target = answer.answers.last().and_then(|set| set.alias());
            walk.links.extend(answer.answers);
            let proof =
                |set: &Arc<RrSet>| matches!(set.rtype, RecordType::NSEC | RecordType::NSEC3);
            walk.proofs.extend(answer.authorities.into_iter().filter(proof));
            walk.restarts += 1;
            walk.cut = None;
            walk.shown = Shown::default();
            walk.refetched.clear();
            if let Some(target) = target {
                if let Some(circle) = circle(now, walk, &target) {
                    return Next::End(circle);
                }
                walk.name = target;
            }
            return Next::Again;
        }
        let name = walk.name.clone();
        let links = core::mem::take(&mut walk.links);
        let part = Arc::new(answer);
        let proofs = core::mem::take(&mut walk.proofs);
        let whole = joined(now, &links, &proofs, part.clone());
        if name != asked {
            self.keep_answer(&name, rtype, &part);
        }
        self.keep_answer(&asked, rtype, &whole);
        Next::End(whole)
    }

    /// Keeps an answer, unless it is a failure or something better is known.
    pub(super) fn keep_answer(&mut self, name: &Name, rtype: RecordType, answer: &Shared) {
        if answer.is_failure() || !answer.cached {
            return;
        }
        self.failures.remove(&super::jobs::question_key(name, rtype));
        if !self.is_proven(name, rtype) {
            self.cache.keep_answer(name.view(), rtype, answer.clone());
        }
    }

    /// Whether an answer is known that was verified and may be given though its time is over. What
    /// is to be verified yet does not take its place.
    fn is_proven(&self, name: &Name, rtype: RecordType) -> bool {
        let old = self.cache.answer(name.view(), rtype).filter(|_| self.config.stale.is_some());
        self.trusted.is_any() && old.is_some_and(|old| old.security == Security::Secure)
    }

    /// Caches the RRsets of what a server says, and makes an answer of them.
    fn remember(&mut self, now: Instant, said: Said, id: JobId, ask: &Ask) -> Answer {
        let renew = self.walk(id).map_or(Duration::ZERO, |walk| walk.leeway);
        let mut answer = Answer::bare(said.rcode);
        answer.source = Some(ask.to);
        // A part of it was not to be read, and has been left out.
        answer.reason = if ask.garbled { Some(ExtendedError::OTHER) } else { None };
        let cut = self.walk(id).and_then(|walk| walk.cut.as_ref());
        answer.cached = cut.is_none_or(|cut| cut.cached);
        let cached = answer.cached;
        let mut keep = |kept: bool, set| match kept && cached {
            true => self.cache.keep_or_renew(now, set, renew),
            false => Arc::new(set),
        };
        let mut made = false;
        for set in said.answers {
            // An alias that was made of a DNAME is not kept: the DNAME is.
            let kept = !core::mem::take(&mut made);
            made = set.rtype == RecordType::DNAME;
            answer.answers.push(keep(kept, set));
        }
        answer.authorities.extend(said.authorities.into_iter().map(|set| keep(true, set)));
        answer.additionals.extend(said.additionals.into_iter().map(|set| keep(true, set)));
        answer.age(now);
        if answer.answers.is_empty() && answer.authorities.is_empty() {
            answer.ttl = self.config.limits.failure_ttl;
            answer.expires = now + Duration::from_secs(u64::from(answer.ttl));
        }
        answer
    }

    /// Keeps what a parent says of its child's keys beside the delegation: digests, or proof that
    /// there are none. It need not be asked for them again.
    fn keep_digest(&mut self, now: Instant, child: &Name, authorities: Vec<RrSet>) {
        let mut answer = Answer::bare(Rcode::NOERROR);
        for set in authorities {
            match set.rtype {
                RecordType::DS => {
                    self.cache.keep(now, set);
                    return;
                }
                RecordType::NSEC | RecordType::NSEC3 if !set.signatures.is_empty() => {
                    answer.authorities.push(Arc::new(set));
                }
                _ => {}
            }
        }
        if self.trusted.is_any() && !answer.authorities.is_empty() {
            answer.age(now);
            self.cache.keep_answer(child.view(), RecordType::DS, Arc::new(answer));
        }
    }

    /// Lets a delegation last no longer than that of the zone that has made it: else a zone that its
    /// parent has disowned lives on in those below it ("phoenix domains", CVE-2022-30698).
    fn end_with_parent(&mut self, now: Instant, id: JobId, servers: &mut RrSet) {
        let zone = self.walk(id).and_then(|walk| Some(walk.cut.as_ref()?.zone.clone()));
        let own = |zone: Name| self.cache.get(now, zone.view(), RecordType::NS, Rank::Additional);
        if let Some(own) = zone.and_then(own).filter(|own| own.expires < servers.expires) {
            servers.keep_for(now, own.left(now));
        }
    }

    /// Goes on with the servers of a zone further down.
    pub(super) fn descend(&mut self, now: Instant, id: JobId, said: Said) {
        let at = said.authorities.iter().position(|set| set.rtype == RecordType::NS);
        let Some(mut servers) = at.and_then(|at| said.authorities.get(at)).cloned() else { return };
        let glue: Vec<RrSet> = said.additionals.clone();
        let mut cut = self.cut_of(now, &servers, &glue);
        cut.referred = true;
        self.end_with_parent(now, id, &mut servers);
        self.keep_digest(now, &servers.owner, said.authorities);
        let shared: Vec<_> =
            said.additionals.into_iter().map(|set| self.cache.keep(now, set)).collect();
        self.cache.keep_parent(Arc::new(servers.clone()), shared);
        self.cache.keep(now, servers);
        if let Some(walk) = self.walk(id) {
            walk.shown = Shown { whole: walk.shown.whole, ..Shown::default() };
            walk.doubtful = None;
            walk.cut = Some(cut);
        }
        self.ready.push_back(id);
    }
}
