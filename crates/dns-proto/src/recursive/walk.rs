//! The way down from the root: what is known, and whose servers are next (RFC 1034 §5.3.3).
use alloc::sync::Arc;
use alloc::vec::Vec;

use proto_core::Instant;

use crate::cache::{Answer, Rank, RrSet, Security};
use crate::name::Name;
use crate::number::{ExtendedError, Rcode, RecordType};
use crate::recursive::job::{Cut, CutKind, JobId, Kind, Shown, Walk, Work};
use crate::recursive::jobs::Next;
use crate::recursive::said::alias_of;
use crate::recursive::{Resolver, Shared};

impl Resolver {
    pub(super) fn advance(&mut self, now: Instant, id: JobId) -> Next {
        let Some(walk) = self.walk(id) else { return Next::Wait };
        if walk.asking {
            return Next::Wait;
        }
        if walk.cut.is_none() {
            if let Some(answer) = self.consult(now, id) {
                return Next::End(answer);
            }
            let Some(job) = self.jobs.get(&id) else { return Next::Wait };
            if !job.waits.is_empty() {
                return Next::Wait;
            }
            let Work::Walk(walk) = &job.work else { return Next::Wait };
            let Some(cut) = self.choose_cut(now, walk, job.asked.1) else {
                // RFC 8109: who are the root's servers?
                if let Some(walk) = self.walk(id) {
                    walk.primed = true;
                }
                return Next::Find(Name::ROOT, RecordType::NS);
            };
            let finding = self.find_hosts(now, id, &cut);
            if let Some(walk) = self.walk(id) {
                walk.shown = Shown { whole: walk.shown.whole, ..Shown::default() };
                walk.cut = Some(cut);
            }
            if finding {
                return Next::Again;
            }
        }
        self.next_step(now, id)
    }

    pub(super) fn walk(&mut self, id: JobId) -> Option<&mut Walk> {
        match &mut self.jobs.get_mut(&id)?.work {
            Work::Walk(walk) => Some(walk),
            Work::Check(_) => None,
        }
    }

    /// Has the addresses looked up of configured servers that have names only; says whether there
    /// are any.
    fn find_hosts(&mut self, now: Instant, id: JobId, cut: &Cut) -> bool {
        let Some(account) = self.jobs.get(&id).map(|job| job.account) else { return false };
        let mut finding = false;
        for (host, rtype) in cut.unknown.iter().filter(|_| cut.kind != CutKind::Found) {
            let asked = self.cache.answer(host.view(), *rtype).is_some()
                || self.failure(now, host, *rtype).is_some()
                || self.index.contains_key(&(host.clone(), *rtype, Kind::Walk));
            if !asked {
                self.begin(now, host.clone(), *rtype, Kind::Walk, Some(account), false);
                finding = true;
            }
        }
        finding
    }

    /// Looks into the cache, following aliases, and returns the answer if it is there.
    fn consult(&mut self, now: Instant, id: JobId) -> Option<Shared> {
        let rtype = self.jobs.get(&id)?.asked.1;
        loop {
            let limit = self.config.limits.cnames;
            let walk = self.walk(id)?;
            let (name, fresh) = (walk.name.clone(), walk.fresh && walk.restarts == 0);
            if walk.restarts > limit {
                return Some(Arc::new(Answer::failure(ExtendedError::OTHER)));
            }
            if fresh {
                return None;
            }
            let restarted = walk.restarts > 0;
            if let Some(known) = self.known(now, &name, rtype) {
                let walk = self.walk(id)?;
                let whole = joined(now, &walk.links, &walk.proofs, known);
                let asked = self.jobs.get(&id)?.asked.0.clone();
                let fresh = |answer: &Answer| answer.is_fresh(now);
                let kept = self.cache.lend(asked.view(), rtype).is_some_and(fresh);
                if !kept && !whole.answers.is_empty() {
                    // The next who asks has it at once.
                    self.keep_answer(&asked, rtype, &whole);
                }
                return Some(whole);
            }
            // Of the name that was asked for that has been seen to.
            if restarted && let Some(proven) = self.synthesize(now, &name, rtype) {
                let walk = self.walk(id)?;
                return Some(joined(now, &walk.links, &walk.proofs, proven));
            }
            // To these an alias is itself the answer.
            if matches!(rtype, RecordType::ANY | RecordType::DS) {
                return None;
            }
            if rtype == RecordType::CNAME {
                let mut answer = Answer::bare(Rcode::NOERROR);
                answer.answers = self.known_dname(now, &name)?;
                answer.age(now);
                let walk = self.walk(id)?;
                return Some(joined(now, &walk.links, &walk.proofs, Arc::new(answer)));
            }
            let link = self.known_alias(now, &name)?;
            let target = link.last()?.alias()?;
            let walk = self.walk(id)?;
            walk.links.extend(link);
            if let Some(circle) = circle(now, walk, &target) {
                return Some(circle);
            }
            walk.name = target;
            walk.restarts += 1;
        }
    }

    /// Returns what the cache says to a question.
    fn known(&self, now: Instant, name: &Name, rtype: RecordType) -> Option<Shared> {
        let answer = self.cache.answer(name.view(), rtype).filter(|answer| answer.is_fresh(now));
        let keys = || {
            let rank = match rtype {
                // The parent's word, beside a delegation, is good enough to be checked.
                RecordType::DS => Rank::Referral,
                RecordType::DNSKEY | RecordType::CNAME => Rank::Answer,
                _ => return None,
            };
            // What a wildcard has made is nothing without the proof that came with it.
            let set = self.cache.get(now, name.view(), rtype, rank)?;
            if set.is_expanded() {
                return None;
            }
            let mut answer = Answer::bare(Rcode::NOERROR);
            answer.answers.push(set);
            answer.age(now);
            Some(Arc::new(answer))
        };
        let failed = || self.failure(now, name, rtype).filter(|_| self.is_idle(name, rtype));
        answer.or_else(failed).or_else(keys).or_else(|| {
            let above = self.cache.nxdomain_above(now, name.view())?;
            let configured = self.config.upstreams.iter().any(|it| name.is_within(it.zone.view()));
            (!configured).then_some(above)
        })
    }

    /// Whether nothing better than a failure is to be had of the cache.
    fn is_idle(&self, name: &Name, rtype: RecordType) -> bool {
        self.cache.answer(name.view(), rtype).is_none() || self.config.stale.is_some()
    }

    /// Returns an alias of the cache, after the DNAME that makes it, if one does.
    fn known_alias(&self, now: Instant, name: &Name) -> Option<Vec<Arc<RrSet>>> {
        // As above.
        let known = self.cache.get(now, name.view(), RecordType::CNAME, Rank::Answer);
        if let Some(set) = known.filter(|set| !set.is_expanded()) {
            return Some(Vec::from([set]));
        }
        self.known_dname(now, name)
    }

    /// Returns a DNAME of the cache, and the alias of a name below that it makes.
    fn known_dname(&self, now: Instant, name: &Name) -> Option<Vec<Arc<RrSet>>> {
        let above = core::iter::successors(name.view().parent(), |name| name.parent());
        let mut known =
            above.filter_map(|it| self.cache.get(now, it, RecordType::DNAME, Rank::Answer));
        let dname = known.next()?;
        // What is not proven is believed of the name that was asked for only.
        if dname.security != Security::Secure {
            return None;
        }
        let alias = alias_of(now, &dname, name)?;
        Some(Vec::from([dname, Arc::new(alias)]))
    }
}

/// Ends aliases that lead back to one of them: an error (RFC 1034 §3.6.2), unless it is one that
/// stands for itself, and so is all there is.
pub(super) fn circle(now: Instant, walk: &mut Walk, target: &Name) -> Option<Shared> {
    let back = |set: &Arc<RrSet>| set.rtype == RecordType::CNAME && set.owner == *target;
    if !walk.links.iter().any(back) {
        return None;
    }
    if !walk.links.last().is_some_and(back) {
        return Some(Arc::new(Answer::failure(ExtendedError::OTHER)));
    }
    let mut answer = Answer::bare(Rcode::NOERROR);
    answer.answers = core::mem::take(&mut walk.links);
    answer.age(now);
    Some(Arc::new(answer))
}

/// Puts the aliases before what is at their end.
pub(super) fn joined(
    now: Instant,
    links: &[Arc<RrSet>],
    proofs: &[Arc<RrSet>],
    answer: Shared,
) -> Shared {
    if links.is_empty() {
        return answer;
    }
    let mut whole = (*answer).clone();
    whole.answers.clear();
    for set in links.iter().chain(&answer.answers) {
        // Several aliases may be of one DNAME.
        let same = |own: &Arc<RrSet>| own.owner == set.owner && own.rtype == set.rtype;
        if !whole.answers.iter().any(same) {
            whole.answers.push(set.clone());
        }
    }
    for proof in proofs {
        let is_known = |set: &Arc<RrSet>| set.owner == proof.owner && set.same(proof);
        if !whole.authorities.iter().any(is_known) {
            whole.authorities.push(proof.clone());
        }
    }
    whole.security = Security::Unchecked;
    let (expires, ttl) = (whole.expires, whole.ttl);
    whole.age(now);
    if answer.answers.is_empty() && answer.authorities.is_empty() {
        (whole.expires, whole.ttl) = (expires, ttl);
    }
    Arc::new(whole)
}
