//! Which servers are asked, and how they are found (RFC 1034 §5.3.3, step 2).
use alloc::vec::Vec;
use core::net::SocketAddr;

use proto_core::Instant;

use crate::cache::{Answer, RrSet, servers};
use crate::name::{Name, NameRef};
use crate::number::{ExtendedError, Rcode, RecordType};
use crate::recursive::Resolver;
use crate::recursive::config::{Role, Upstream};
use crate::recursive::job::{Cut, CutKind, JobId, Place, Walk, Work};
use crate::recursive::jobs::Next;

impl Resolver {
    /// Finds the servers nearest to the name; `None` if the root's are to be asked for first.
    pub(super) fn choose_cut(&self, now: Instant, walk: &Walk, asked: RecordType) -> Option<Cut> {
        let parent = walk.name.parent().filter(|_| asked == RecordType::DS);
        let start = parent.as_ref().unwrap_or(&walk.name);
        let upstream = self.upstream(start, walk);
        if let Some(forwarder) = upstream.filter(|it| it.role == Role::Forwarder) {
            return Some(self.configured(forwarder));
        }
        let mut below = Some(start.view());
        while let Some(name) = below {
            // What is to be renewed is asked of those who will still be the servers then.
            let Some(set) = self.cache.delegation(now + walk.leeway, name) else { break };
            if upstream.is_some_and(|it| it.zone.is_within(set.owner.view())) {
                break;
            }
            below = set.owner.view().parent().and_then(|up| ancestor(start.view(), up));
            if walk.refetched.contains(&set.owner) {
                continue;
            }
            let cut = self.cut_of(now, &set, &[]);
            if self.is_useful(&cut) {
                return Some(cut);
            }
        }
        match upstream {
            Some(upstream) => Some(self.configured(upstream)),
            None if walk.primed || is_priming(walk, asked) => Some(self.hinted()),
            None => None,
        }
    }

    /// Returns the configured servers nearest to a name.
    fn upstream(&self, name: &Name, walk: &Walk) -> Option<&Upstream> {
        let above = self.config.upstreams.iter().filter(|it| {
            name.is_within(it.zone.view()) && !(it.first && walk.refetched.contains(&it.zone))
        });
        above.max_by_key(|it| it.zone.labels().count())
    }

    fn configured(&self, upstream: &Upstream) -> Cut {
        let kind = match (upstream.role, upstream.first) {
            (Role::Authority, _) => CutKind::Stub,
            (Role::Forwarder, false) => CutKind::Forward,
            (Role::Forwarder, true) => CutKind::ForwardFirst,
        };
        let mut cut = Cut::new(upstream.zone.clone(), kind);
        cut.tcp = upstream.tcp;
        for &server in &upstream.servers {
            cut.add_address(server);
        }
        cut
    }

    /// The servers of the root as the hints have them.
    fn hinted(&self) -> Cut {
        let mut cut = Cut::new(Name::ROOT, CutKind::Found);
        for &(_, address) in &self.config.roots {
            if self.config.allows(address) {
                cut.add_address(SocketAddr::new(address, self.config.upstream_port));
            }
        }
        cut
    }

    /// Gathers the addresses of a zone's servers from the cache, and from glue too short-lived
    /// for it.
    pub(super) fn cut_of(&self, now: Instant, set: &RrSet, glue: &[RrSet]) -> Cut {
        let mut cut = Cut::new(set.owner.clone(), CutKind::Found);
        for server in servers(set, self.config.limits.servers) {
            self.add_server(now, &mut cut, server, glue);
        }
        cut
    }

    fn add_server(&self, now: Instant, cut: &mut Cut, server: Name, glue: &[RrSet]) {
        let own = glue.iter().filter(|set| set.owner == server);
        let mut addresses: Vec<_> =
            own.flat_map(|set| set.data.iter().filter_map(|it| it.view().address())).collect();
        addresses.append(&mut self.cache.addresses(now, server.view()));
        if addresses.is_empty() && cut.zone.is_root() {
            let hinted = self.config.roots.iter().filter(|(name, _)| *name == server);
            addresses.extend(hinted.map(|&(_, address)| address));
        }
        if addresses.is_empty() {
            cut.unknown.push((server, RecordType::A));
        }
        addresses.retain(|&address| self.config.allows(address));
        for address in addresses {
            cut.add_address(SocketAddr::new(address, self.config.upstream_port));
        }
    }

    /// Whether a delegation leads anywhere: servers inside the zone whose addresses are not known
    /// can be found again only from above.
    fn is_useful(&self, cut: &Cut) -> bool {
        !cut.addresses.is_empty()
            || cut.unknown.iter().any(|(server, _)| !server.is_within(cut.zone.view()))
    }

    /// Chooses the next server, or server to find, within what the job and its account may cost.
    pub(super) fn next_step(&mut self, now: Instant, id: JobId) -> Next {
        let limits = &self.config.limits;
        let Some(job) = self.jobs.get_mut(&id) else { return Next::Wait };
        let Work::Walk(walk) = &mut job.work else { return Next::Wait };
        let Some(cut) = &mut walk.cut else { return Next::Again };
        let good: Vec<Place> = cut
            .addresses
            .iter()
            .filter(|place| !walk.avoid.contains(&place.address))
            .cloned()
            .collect();
        let best = match self.speeds.best(now, &good, limits.attempts) {
            best if best.is_empty() && cut.unknown.is_empty() => {
                self.speeds.best(now, &cut.addresses, limits.attempts)
            }
            best => best,
        };
        let pick = self.exchanges.random.below(best.len());
        let place = best.get(pick).copied();
        let tried = |to: SocketAddr| {
            cut.addresses.iter().any(|place| place.address == to && place.tries > 0)
        };
        let others = !job.waits.is_empty() || !cut.unknown.is_empty();
        if let Some(to) = place.filter(|&to| !(tried(to) && others)) {
            return Next::Send(to);
        }
        if !job.waits.is_empty() {
            return Next::Wait;
        }
        let targets = self.accounts.get_mut(&job.account).map(|account| &mut account.targets);
        if let Some(targets) = targets
            && cut.targets < limits.targets
            && *targets > 0
            && walk.missing_targets < limits.missing_targets
            && !cut.unknown.is_empty()
        {
            let (server, rtype) = cut.unknown.remove(0);
            cut.targets += 1;
            *targets -= 1;
            return Next::Find(server, rtype);
        }
        cut.unknown.clear();
        match place {
            Some(to) => Next::Send(to),
            None => self.last_resort(now, id),
        }
    }

    /// Nobody is left to ask: an answer that was in doubt is better than none, and the parent may
    /// know other servers than the zone itself.
    fn last_resort(&mut self, now: Instant, id: JobId) -> Next {
        let Some(job) = self.jobs.get_mut(&id) else { return Next::Wait };
        let rtype = job.asked.1;
        let Work::Walk(walk) = &mut job.work else { return Next::Wait };
        let Some(mut cut) = walk.cut.take() else { return Next::Again };
        if let Some((answer, partial)) = walk.doubtful.take() {
            walk.cut = Some(cut);
            return self.settle(now, id, answer, partial);
        }
        let again = matches!(cut.kind, CutKind::Found | CutKind::ForwardFirst)
            && !walk.refetched.contains(&cut.zone)
            && walk.refetched.len() < 8;
        if cut.kind == CutKind::Found
            && !core::mem::replace(&mut cut.parental, true)
            && let Some(parent) = self.cache.parent(now, cut.zone.view())
        {
            let glue: Vec<RrSet> = parent.glue.iter().map(|set| (**set).clone()).collect();
            let own = self.cut_of(now, &parent.servers, &glue);
            let mut more = false;
            if let Some(Work::Walk(walk)) = self.jobs.get_mut(&id).map(|job| &mut job.work) {
                let tried = walk.tried.clone();
                for place in own.addresses {
                    let new = !tried.contains(&(cut.zone.clone(), place.address));
                    more |= new && cut.add_address(place.address);
                }
                more |= !own.unknown.is_empty() && cut.targets == 0;
                cut.unknown.extend(own.unknown);
                walk.cut = Some(cut.clone());
            }
            if more {
                return Next::Again;
            }
        }
        let Some(Work::Walk(walk)) = self.jobs.get_mut(&id).map(|job| &mut job.work) else {
            return Next::Wait;
        };
        if again && !(cut.referred && cut.kind == CutKind::Found) {
            walk.refetched.push(cut.zone);
            walk.cut = None;
            walk.shown = super::job::Shown { whole: walk.shown.whole, ..Default::default() };
            // From the top of what was asked for, not from what the cache says below.
            let _ = rtype;
            return Next::Again;
        }
        let reason = walk.reason.unwrap_or(ExtendedError::NO_REACHABLE_AUTHORITY);
        Next::End(alloc::sync::Arc::new(Answer::failure(reason)))
    }

    /// Hands the address of a server to the job that needs it.
    pub(super) fn found_server(
        &mut self,
        now: Instant,
        id: JobId,
        server: &Name,
        rtype: RecordType,
        answer: &Answer,
    ) {
        let _ = now;
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let Work::Walk(walk) = &mut job.work else { return };
        if rtype == RecordType::NS && server.is_root() {
            walk.primed = true;
            return;
        }
        walk.missing_targets += u32::from(answer.rcode == Rcode::NXDOMAIN);
        let Some(cut) = &mut walk.cut else { return };
        let sets = answer.answers.iter().filter(|set| set.rtype == rtype);
        let addresses = sets.flat_map(|set| set.data.iter().filter_map(|it| it.view().address()));
        let addresses: Vec<_> = addresses.filter(|&address| self.config.allows(address)).collect();
        // The other family, when the first has none.
        let other = rtype == RecordType::A && answer.rcode != Rcode::NXDOMAIN;
        if addresses.is_empty() && other && self.config.ipv6 {
            cut.unknown.insert(0, (server.clone(), RecordType::AAAA));
        }
        for address in addresses {
            let place = SocketAddr::new(address, self.config.upstream_port);
            if !walk.tried.contains(&(cut.zone.clone(), place)) {
                cut.add_address(place);
            }
        }
    }
}

/// Whether a walk is the one that asks the root for its servers, or might as well be.
fn is_priming(walk: &Walk, asked: RecordType) -> bool {
    walk.name.is_root() && asked == RecordType::NS
}

/// Returns `up` as a part of `name`, which is below it.
fn ancestor<'n>(name: NameRef<'n>, up: NameRef<'_>) -> Option<NameRef<'n>> {
    core::iter::successors(Some(name), |name| name.parent()).find(|name| *name == up)
}
