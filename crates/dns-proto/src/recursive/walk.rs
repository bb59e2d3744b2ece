//! The way down from the root: from the cache, to the servers, to an answer (RFC 1034 §5.3.3).
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use proto_core::{Instant, Transport};

use crate::cache::{Answer, Rank, RrSet, Security};
use crate::exchange::Ask;
use crate::message::Message;
use crate::name::Name;
use crate::number::{ExtendedError, Rcode, RecordType};
use crate::recursive::job::{Cut, CutKind, JobId, Kind, Shown, Walk, Work};
use crate::recursive::jobs::Next;
use crate::recursive::said::{Asked, Said, alias_of};
use crate::recursive::verdict::{Verdict, judge};
use crate::recursive::{Limits, Resolver, Shared};

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

    /// Sends a question to a server: as much of it as that needs.
    pub(super) fn send(&mut self, now: Instant, id: JobId, to: SocketAddr) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let rtype = job.asked.1;
        let Work::Walk(walk) = &mut job.work else { return };
        let Some(cut) = &mut walk.cut else { return };
        let mut tries = 0;
        for place in cut.addresses.iter_mut().filter(|place| place.address == to) {
            tries = place.tries;
            place.tries += 1;
        }
        let forward = cut.kind.is_forward();
        let minimise = self.config.minimise && !forward && !walk.shown.whole;
        let (name, rtype) =
            match piece(walk.name.clone(), &cut.zone, walk.shown, &self.config.limits) {
                Some(name) if minimise => (name, RecordType::A),
                _ => (walk.name.clone(), rtype),
            };
        let patience = self.speeds.patience(now, to.ip(), &self.config);
        let edns = self.speeds.knows_edns(now, to.ip());
        let ask = Ask {
            to,
            via: if cut.tcp { Transport::Tcp } else { Transport::Udp },
            name,
            rtype,
            recursion: forward,
            payload: edns.then_some(self.config.payload),
            dnssec: self.trusted.is_any(),
            authentic: false,
            mixed: self.config.mixed_case,
            wait: patience.saturating_mul(2_u32.saturating_pow(tries)),
            garbled: false,
        };
        self.dispatch(now, id, ask);
    }

    /// Sends the same question to the same server in another way.
    pub(super) fn resend(
        &mut self,
        now: Instant,
        id: JobId,
        ask: Ask,
        via: Transport,
        payload: Option<u16>,
    ) {
        let wait = self.config.timeout.saturating_mul(2);
        let payload = if via == Transport::Udp { payload } else { ask.payload };
        self.dispatch(now, id, Ask { via, payload, wait, garbled: false, ..ask });
    }

    fn dispatch(&mut self, now: Instant, id: JobId, ask: Ask) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let account = self.accounts.get_mut(&job.account).filter(|account| account.queries > 0);
        let Work::Walk(walk) = &mut job.work else { return };
        let Some(account) = account.filter(|_| walk.sends < self.config.limits.sends) else {
            let failure = Answer::failure(ExtendedError::NO_REACHABLE_AUTHORITY);
            return self.finish(now, id, &Arc::new(failure));
        };
        account.queries -= 1;
        walk.sends += 1;
        walk.asking = true;
        if let Some(cut) = &walk.cut {
            walk.tried.insert((cut.zone.clone(), ask.to));
        }
        self.statistics.sent(ask.to.ip(), &self.config.limits);
        self.exchanges.send(now, id, ask);
    }

    /// Notes that a server was silent, or cannot be reached at all.
    pub(super) fn unheard(&mut self, now: Instant, id: JobId, ask: &Ask) {
        self.speeds.unheard(now, ask.to.ip());
        let Some(walk) = self.walk(id) else { return };
        walk.asking = false;
        // It can be reached, but what it says is not to be read.
        let garbled = if ask.garbled { Some(ExtendedError::OTHER) } else { None };
        walk.reason = garbled.or(Some(ExtendedError::NO_REACHABLE_AUTHORITY));
        self.ready.push_back(id);
    }

    /// Takes the answer of a server.
    pub(super) fn heard(&mut self, now: Instant, id: JobId, ask: &Ask, message: &Message<'_>) {
        let Some(walk) = self.walk(id) else { return };
        walk.asking = false;
        let Some(cut) = &walk.cut else { return };
        let (zone, kind) = (cut.zone.clone(), cut.kind);
        let confused = matches!(message.rcode(), Rcode::FORMERR | Rcode::NOTIMP);
        if message.header().truncated && ask.via == Transport::Udp {
            return self.resend(now, id, ask.clone(), Transport::Tcp, None);
        }
        if confused && ask.payload.is_some() && message.edns().is_none() {
            // RFC 6891 §7: it does not know EDNS.
            self.speeds.is_plain(now, ask.to.ip());
            let ask = Ask { payload: None, dnssec: false, ..ask.clone() };
            return self.resend(now, id, ask, Transport::Udp, None);
        }
        let asked = Asked { name: &ask.name, rtype: ask.rtype, zone: zone.view() };
        let said = Said::read(now, message, &asked, &self.config);
        // By TCP there is no excuse.
        let verdict = match message.header().truncated {
            true => Verdict::Useless,
            false => judge(&said, zone.view(), ask.rtype, kind.is_forward()),
        };
        let whole = self.is_whole(id, ask);
        match verdict {
            Verdict::Referral => self.descend(now, id, said),
            _ if !whole && !self.is_proof(&said) => self.show_more(id, ask, &said, verdict),
            Verdict::Answer => self.take(now, id, ask, said, false),
            Verdict::Alias => self.take(now, id, ask, said, true),
            Verdict::Doubtful => self.doubt(now, id, ask, said),
            Verdict::Lame | Verdict::Useless => {
                self.give_up_on(id, ask.to, ExtendedError::NO_REACHABLE_AUTHORITY);
            }
        }
    }

    /// Whether the whole question was sent.
    fn is_whole(&mut self, id: JobId, ask: &Ask) -> bool {
        let rtype = self.jobs.get(&id).map(|job| job.asked.1);
        self.walk(id).is_some_and(|walk| walk.name == ask.name) && rtype == Some(ask.rtype)
    }

    /// Whether this says of all names below that they do not exist, and proves it.
    fn is_proof(&self, said: &Said) -> bool {
        self.trusted.is_any()
            && said.rcode == Rcode::NXDOMAIN
            && said.answers.is_empty()
            && said.authorities.iter().any(|set| {
                matches!(set.rtype, RecordType::NSEC | RecordType::NSEC3)
                    && !set.signatures.is_empty()
            })
    }

    /// Shows the servers more of the name (RFC 9156 §2.3); all of it, if they do not like that.
    fn show_more(&mut self, id: JobId, ask: &Ask, said: &Said, verdict: Verdict) {
        let Some(walk) = self.walk(id) else { return };
        let good =
            said.rcode == Rcode::NOERROR && !matches!(verdict, Verdict::Lame | Verdict::Useless);
        if let Some(cut) = walk.cut.as_mut().filter(|_| good) {
            walk.shown.labels = ask.name.labels().count().saturating_sub(cut.zone.labels().count());
            walk.shown.steps += 1;
        } else {
            walk.shown.whole = true;
        }
        // The server has done nothing wrong.
        if let Some(cut) = &mut walk.cut {
            for place in cut.addresses.iter_mut().filter(|place| place.address == ask.to) {
                place.tries = place.tries.saturating_sub(1);
            }
        }
        self.ready.push_back(id);
    }

    fn give_up_on(&mut self, id: JobId, server: SocketAddr, reason: ExtendedError) {
        let Some(walk) = self.walk(id) else { return };
        walk.reason = Some(reason);
        if let Some(cut) = &mut walk.cut {
            cut.drop_address(server);
        }
        self.ready.push_back(id);
    }

    /// Keeps an answer for when nobody has a better one.
    fn doubt(&mut self, now: Instant, id: JobId, ask: &Ask, said: Said) {
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
    fn take(&mut self, now: Instant, id: JobId, ask: &Ask, said: Said, partial: bool) {
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
    fn keep_answer(&mut self, name: &Name, rtype: RecordType, answer: &Shared) {
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
    fn descend(&mut self, now: Instant, id: JobId, said: Said) {
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

/// Returns as much of a name as a server of a zone is to be shown; `None` if that is all of it.
fn piece(name: Name, zone: &Name, shown: Shown, limits: &Limits) -> Option<Name> {
    let all = name.labels().count();
    let hidden = all.saturating_sub(zone.labels().count()).saturating_sub(shown.labels);
    // What is left is shown in equal parts by those that are left.
    let more = match limits.pieces.saturating_sub(shown.steps) {
        0 | 1 => hidden,
        _ if shown.steps < limits.single_pieces => 1,
        left => hidden.div_ceil(left),
    };
    let left = hidden.checked_sub(more).filter(|&left| left > 0)?;
    Name::from_labels(name.labels().skip(left)).ok()
}

/// Ends aliases that lead back to one of them: an error (RFC 1034 §3.6.2), unless it is one that
/// stands for itself, and so is all there is.
fn circle(now: Instant, walk: &mut Walk, target: &Name) -> Option<Shared> {
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
fn joined(now: Instant, links: &[Arc<RrSet>], proofs: &[Arc<RrSet>], answer: Shared) -> Shared {
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
