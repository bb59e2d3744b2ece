//! Which servers are asked, and how they are found (RFC 1034 §5.3.3, step 2).
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use proto_core::Instant;

use crate::cache::{Answer, Rank, RrSet, servers};
use crate::name::{Name, NameRef};
use crate::number::{ExtendedError, Rcode, RecordType};
use crate::recursive::Resolver;
use crate::recursive::config::{Role, Upstream};
use crate::recursive::job::{Cut, CutKind, JobId, Place, Shown, Walk, Work};
use crate::recursive::jobs::Next;

impl Resolver {
    /// Finds the servers nearest to the name; `None` if the root's are to be asked for first.
    pub(super) fn choose_cut(&self, now: Instant, walk: &Walk, asked: RecordType) -> Option<Cut> {
        let parent = walk.name.parent().filter(|_| asked == RecordType::DS);
        let start = parent.as_ref().unwrap_or(&walk.name);
        let upstream = self.upstream(start, walk);
        if let Some(forwarder) = upstream.filter(|it| it.role == Role::Forwarder) {
            return Some(self.configured(now, forwarder));
        }
        // What is renewed is asked of those who will still be the servers then; what somebody has
        // spoilt, of the others now.
        let then = if walk.avoid.is_empty() { now + walk.leeway } else { now };
        let mut below = Some(start.view());
        while let Some(name) = below {
            let Some(set) = self.cache.delegation(then, name) else { break };
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
            Some(upstream) => Some(self.configured(now, upstream)),
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

    fn configured(&self, now: Instant, upstream: &Upstream) -> Cut {
        let kind = match (upstream.role, upstream.first) {
            (Role::Authority, _) => CutKind::Stub,
            (Role::Forwarder, false) => CutKind::Forward,
            (Role::Forwarder, true) => CutKind::ForwardFirst,
        };
        let mut cut = Cut::new(upstream.zone.clone(), kind);
        (cut.tcp, cut.cached) = (upstream.tcp, upstream.cached);
        for &server in &upstream.servers {
            cut.add_address(server);
        }
        for host in &upstream.hosts {
            self.add_server(now, &mut cut, host.clone(), &[]);
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
        let Some(walk) = self.walk(id) else { return Next::Wait };
        if let Some((answer, partial)) = walk.doubtful.take() {
            return self.settle(now, id, answer, partial);
        }
        if self.add_parental(now, id) {
            return Next::Again;
        }
        self.climb(id)
    }

    /// Adds the servers that parents tell of; says whether there is one that was not asked.
    fn add_parental(&mut self, now: Instant, id: JobId) -> bool {
        let cut = self.walk(id).and_then(|walk| walk.cut.as_mut());
        let Some(cut) = cut.filter(|cut| cut.kind == CutKind::Found) else { return false };
        if core::mem::replace(&mut cut.parental, true) {
            return false;
        }
        let zone = cut.zone.clone();
        let told = self.told_by_parents(now, &zone);
        let Some(Walk { cut: Some(cut), tried, .. }) = self.walk(id) else { return false };
        let mut more = !told.unknown.is_empty() && cut.targets == 0;
        for place in told.addresses {
            let new = !tried.contains(&(zone.clone(), place.address));
            more |= new && cut.add_address(place.address);
        }
        cut.unknown.extend(told.unknown);
        more
    }

    /// Gathers what the zone's parent says of its servers, and what the parents of their own zones
    /// say of them: those may have an address right that the servers' zone has wrong.
    fn told_by_parents(&self, now: Instant, zone: &Name) -> Cut {
        let mut cut = match self.cache.parent(now, zone.view()) {
            Some(parent) => {
                let glue: Vec<RrSet> = parent.glue.iter().map(|set| (**set).clone()).collect();
                self.cut_of(now, &parent.servers, &glue)
            }
            None => Cut::new(zone.clone(), CutKind::Found),
        };
        let named = self.cache.get(now, zone.view(), RecordType::NS, Rank::Additional);
        let named = named.iter().flat_map(|set| servers(set, self.config.limits.servers));
        for address in named.flat_map(|server| self.glue_of(now, &server)) {
            cut.add_address(SocketAddr::new(address, self.config.upstream_port));
        }
        cut
    }

    /// Returns the addresses that a host has beside the delegation of a zone it is in.
    fn glue_of(&self, now: Instant, host: &Name) -> Vec<IpAddr> {
        let zones = core::iter::successors(Some(host.view()), |zone| zone.parent());
        let parents = zones.filter_map(|zone| self.cache.parent(now, zone));
        let glue = parents.flat_map(|parent| parent.glue).filter(|set| set.owner == *host);
        let addresses = |set: &RrSet| -> Vec<IpAddr> {
            set.data.iter().filter_map(|it| it.view().address()).collect()
        };
        let allowed = |address: &IpAddr| self.config.allows(*address);
        glue.flat_map(|set| addresses(&set)).filter(allowed).collect()
    }

    /// Begins again from further up, where other servers may be known by now, or gives up.
    fn climb(&mut self, id: JobId) -> Next {
        let climbs = self.config.limits.climbs;
        let Some(walk) = self.walk(id) else { return Next::Wait };
        let Some(cut) = walk.cut.take() else { return Next::Again };
        let again = match cut.kind {
            CutKind::Found => !cut.referred,
            CutKind::ForwardFirst => true,
            CutKind::Stub | CutKind::Forward => false,
        };
        if again && walk.refetched.len() < climbs && !walk.refetched.contains(&cut.zone) {
            walk.refetched.push(cut.zone);
            walk.shown = Shown { whole: walk.shown.whole, ..Shown::default() };
            return Next::Again;
        }
        let reason = walk.reason.unwrap_or(ExtendedError::NO_REACHABLE_AUTHORITY);
        Next::End(Arc::new(Answer::failure(reason)))
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
