//! How jobs get on: from the cache, to the servers, to their end (RFC 1034 §5.3.3).
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use proto_core::{Instant, Transport};

use crate::cache::{Hit, Rank};
use crate::exchange::Ask;
use crate::message::Message;
use crate::name::Name;
use crate::number::{Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::Record;
use crate::recursive::Resolver;
use crate::recursive::job::{Account, Asker, Cut, Job, JobId, Solution};
use crate::recursive::verdict::{End, Referral, Verdict, judge};

/// What is to be done for a job.
enum Next {
    /// It is waiting for something.
    Wait,
    Send(IpAddr, u32),
    Find(Name, RecordType),
    End(Solution),
}

impl Resolver {
    /// Joins the job for a name and type, or begins it; says which it is.
    pub(super) fn ask(
        &mut self,
        name: Name,
        rtype: RecordType,
        asker: Asker,
        account: Option<JobId>,
    ) -> JobId {
        let question = (name, rtype);
        if let Some(&id) = self.index.get(&question)
            && let Some(job) = self.jobs.get_mut(&id)
        {
            job.askers.push(asker);
            return id;
        }
        let id = JobId(self.next);
        self.next += 1;
        let account = account.unwrap_or(id);
        let limits = &self.config.limits;
        let full = || Account { queries: limits.queries, targets: limits.all_targets, jobs: 0 };
        self.accounts.entry(account).or_insert_with(full).jobs += 1;
        let job = Job {
            asked: question.0.clone(),
            rtype,
            askers: [asker].into(),
            account,
            links: Vec::new(),
            name: question.0.clone(),
            cut: None,
            asking: false,
            awaiting: None,
            sends: 0,
            missing_targets: 0,
        };
        self.jobs.insert(id, job);
        self.index.insert(question, id);
        self.ready.push_back(id);
        id
    }

    /// Does everything that can be done before the next message or time-out.
    pub(super) fn work(&mut self, now: Instant) {
        while let Some(id) = self.ready.pop_front() {
            match self.advance(now, id) {
                Next::Wait => {}
                Next::Send(to, tries) => self.send(now, id, to, tries, Transport::Udp),
                Next::Find(server, rtype) => self.find_server(id, server, rtype),
                Next::End(solution) => self.finish(id, &solution),
            }
        }
    }

    fn advance(&mut self, now: Instant, id: JobId) -> Next {
        let Some(job) = self.jobs.get_mut(&id) else { return Next::Wait };
        if job.asking || job.awaiting.is_some() {
            return Next::Wait;
        }
        if job.cut.is_none() {
            if let Some(solution) = self.consult(now, id) {
                return Next::End(solution);
            }
            let cut = self.closest(now, id);
            self.jobs.get_mut(&id).expect("the job was there above").cut = Some(cut);
        }
        self.next_step(id)
    }

    /// Chooses the next server, or server to find, within what the job and its account may cost.
    fn next_step(&mut self, id: JobId) -> Next {
        const FAILED: Next = Next::End(Solution::FAILURE);
        let limits = &self.config.limits;
        let Some(job) = self.jobs.get_mut(&id) else { return Next::Wait };
        let Some(account) = self.accounts.get_mut(&job.account) else { return FAILED };
        let Some(cut) = &mut job.cut else { return FAILED };
        if let Some((address, tries)) = cut.next(limits.attempts) {
            return Next::Send(address, tries);
        }
        let may = cut.targets < limits.targets
            && account.targets > 0
            && job.missing_targets < limits.missing_targets;
        if may && let Some((server, rtype)) = cut.unknown.pop() {
            cut.targets += 1;
            account.targets -= 1;
            return Next::Find(server, rtype);
        }
        // No more servers can be found: back to those that were silent.
        cut.unknown.clear();
        cut.next(limits.attempts).map_or(FAILED, |(address, tries)| Next::Send(address, tries))
    }

    /// Looks into the cache, following aliases, and returns the solution if it is there.
    fn consult(&mut self, now: Instant, id: JobId) -> Option<Solution> {
        let job = self.jobs.get_mut(&id)?;
        loop {
            if job.links.len() > usize::try_from(self.config.limits.cnames).unwrap_or(usize::MAX) {
                return Some(Solution::FAILURE);
            }
            let answers = |mut found| {
                let mut answers = job.links.clone();
                answers.append(&mut found);
                answers
            };
            let (rcode, soa) = match self.cache.get(now, job.name.view(), job.rtype, Rank::Answer) {
                Some(Hit::Records(found)) => {
                    let answers = answers(found);
                    return Some(Solution { rcode: Rcode::NOERROR, answers, soa: None });
                }
                Some(Hit::NoData(soa)) => (Rcode::NOERROR, soa),
                Some(Hit::NxDomain(soa)) => (Rcode::NXDOMAIN, soa),
                // To these an alias is itself the answer.
                None if matches!(job.rtype, RecordType::CNAME | RecordType::ANY) => return None,
                None => {
                    let alias = RecordType::CNAME;
                    let hit = self.cache.get(now, job.name.view(), alias, Rank::Answer);
                    let Some(Hit::Records(found)) = hit else { return None };
                    let link = found.into_iter().next()?;
                    let Rdata::Cname { target } = link.data() else { return None };
                    job.name = target.to_name();
                    job.links.push(link);
                    continue;
                }
            };
            return Some(Solution { rcode, answers: answers(Vec::new()), soa: Some(soa) });
        }
    }

    /// Finds the servers nearest to the name: those of a zone in the cache, or the root's.
    fn closest(&mut self, now: Instant, id: JobId) -> Cut {
        let name = self.jobs.get(&id).map_or(Name::ROOT, |job| job.name.clone());
        if let Some((zone, servers)) = self.cache.delegation(now, name.view()) {
            return self.cut(now, zone, servers, &[]);
        }
        let mut addresses: Vec<_> =
            self.config.roots.iter().map(|&(_, address)| (address, 0)).collect();
        addresses.retain(|&(address, _)| self.config.allows(address));
        self.exchanges.random.shuffle(&mut addresses);
        Cut { zone: Name::ROOT, addresses, unknown: Vec::new(), targets: 0 }
    }

    /// Gathers the addresses of a zone's servers from the cache, and from glue too short-lived
    /// for it.
    fn cut(&mut self, now: Instant, zone: Name, servers: Vec<Name>, glue: &[Record]) -> Cut {
        let mut cut = Cut { zone, addresses: Vec::new(), unknown: Vec::new(), targets: 0 };
        for server in servers.into_iter().take(self.config.limits.servers) {
            let own = glue.iter().filter(|record| *record.owner() == server);
            let mut addresses: Vec<_> = own.filter_map(|record| record.data().address()).collect();
            addresses.append(&mut self.cache.addresses(now, server.view()));
            if addresses.is_empty() {
                cut.unknown.push((server, RecordType::A));
            }
            addresses.retain(|&address| self.config.allows(address));
            addresses.into_iter().for_each(|address| cut.add_address(address));
        }
        self.exchanges.random.shuffle(&mut cut.addresses);
        self.exchanges.random.shuffle(&mut cut.unknown);
        cut
    }

    fn send(&mut self, now: Instant, id: JobId, to: IpAddr, tries: u32, via: Transport) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let account = self.accounts.get_mut(&job.account).filter(|account| account.queries > 0);
        let Some(account) = account.filter(|_| job.sends < self.config.limits.sends) else {
            return self.finish(id, &Solution::FAILURE);
        };
        account.queries -= 1;
        job.sends += 1;
        job.asking = true;
        self.statistics.sent(to, &self.config.limits);
        let ask = Ask {
            to: SocketAddr::new(to, self.config.upstream_port),
            via,
            name: job.name.clone(),
            rtype: job.rtype,
            recursion: false,
            payload: self.config.payload,
            wait: self.config.timeout.saturating_mul(2_u32.saturating_pow(tries)),
        };
        self.exchanges.send(now, id, ask);
    }

    /// Has the address of a server found, unless that is waiting for this very job.
    fn find_server(&mut self, id: JobId, server: Name, rtype: RecordType) {
        let mut link = self.index.get(&(server.clone(), rtype)).copied();
        while let Some(job) = link {
            if job == id {
                return self.ready.push_back(id);
            }
            link = self.jobs.get(&job).and_then(|job| job.awaiting);
        }
        let Some(account) = self.jobs.get(&id).map(|job| job.account) else { return };
        let child = self.ask(server, rtype, Asker::Job(id), Some(account));
        if let Some(job) = self.jobs.get_mut(&id) {
            job.awaiting = Some(child);
        }
    }

    /// Notes that a server was silent, or cannot be reached at all.
    pub(super) fn unheard(&mut self, id: JobId, ask: &Ask, hopeless: bool) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.asking = false;
        if let Some(cut) = job.cut.as_mut().filter(|_| hopeless) {
            cut.drop_address(ask.to.ip());
        }
        self.ready.push_back(id);
    }

    /// Takes the answer of a server.
    pub(super) fn heard(&mut self, now: Instant, id: JobId, ask: &Ask, message: &Message<'_>) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.asking = false;
        let Some(cut) = &mut job.cut else { return };
        if message.header().truncated && ask.via == Transport::Udp {
            return self.send(now, id, ask.to.ip(), 0, Transport::Tcp);
        }
        let zone = cut.zone.clone();
        let verdict = judge(message, zone.view(), &job.name, job.rtype, &self.config.limits);
        if let End::Useless = verdict.end {
            cut.drop_address(ask.to.ip());
            return self.ready.push_back(id);
        }
        let trusted = message.header().authoritative;
        let rank = if trusted { Rank::Authority } else { Rank::Answer };
        self.remember(now, rank, &verdict, ask.rtype);
        self.conclude(now, id, verdict);
    }

    /// Caches what an answer says.
    fn remember(&mut self, now: Instant, rank: Rank, verdict: &Verdict, rtype: RecordType) {
        for link in &verdict.links {
            self.cache.keep(now, rank, core::slice::from_ref(link));
        }
        match &verdict.end {
            End::Data(records) => self.keep_all(now, rank, records),
            End::Referral(referral) => {
                self.cache.keep(now, Rank::Referral, &referral.servers);
                self.keep_all(now, Rank::Glue, &referral.glue);
            }
            End::NoData(Some(soa)) => {
                self.cache.keep_absence(now, verdict.name.view(), Some(rtype), soa);
            }
            End::NxDomain(Some(soa)) => {
                self.cache.keep_absence(now, verdict.name.view(), None, soa);
            }
            _ => {}
        }
    }

    /// Caches records RRset by RRset.
    fn keep_all(&mut self, now: Instant, rank: Rank, records: &[Record]) {
        let mut sorted = records.to_vec();
        sorted.sort_by(|a, b| (a.owner(), a.rtype()).cmp(&(b.owner(), b.rtype())));
        let alike = |a: &Record, b: &Record| a.owner() == b.owner() && a.rtype() == b.rtype();
        sorted.chunk_by(alike).for_each(|set| self.cache.keep(now, rank, set));
    }

    /// Ends the job, or sends it on its way.
    fn conclude(&mut self, now: Instant, id: JobId, verdict: Verdict) {
        let limit = usize::try_from(self.config.limits.cnames).unwrap_or(usize::MAX);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.links.extend(verdict.links);
        job.name = verdict.name;
        let mut answers = core::mem::take(&mut job.links);
        let solution = match verdict.end {
            _ if answers.len() > limit => Solution::FAILURE,
            End::Data(mut data) => {
                answers.append(&mut data);
                Solution { rcode: Rcode::NOERROR, answers, soa: None }
            }
            End::NoData(soa) => Solution { rcode: Rcode::NOERROR, answers, soa },
            End::NxDomain(soa) => Solution { rcode: Rcode::NXDOMAIN, answers, soa },
            End::Referral(referral) => {
                job.links = answers;
                return self.descend(now, id, &referral);
            }
            End::Elsewhere | End::Useless => {
                job.links = answers;
                job.cut = None;
                return self.ready.push_back(id);
            }
        };
        self.finish(id, &solution);
    }

    fn descend(&mut self, now: Instant, id: JobId, referral: &Referral) {
        let server = |record: &Record| match record.data() {
            Rdata::Ns { server } => Some(server.to_name()),
            _ => None,
        };
        let servers = referral.servers.iter().filter_map(server).collect();
        let cut = self.cut(now, referral.zone.clone(), servers, &referral.glue);
        if let Some(job) = self.jobs.get_mut(&id) {
            job.cut = Some(cut);
        }
        self.ready.push_back(id);
    }

    /// Ends a job and tells everybody who asked.
    fn finish(&mut self, id: JobId, solution: &Solution) {
        let Some(job) = self.jobs.remove(&id) else { return };
        self.index.remove(&(job.asked.clone(), job.rtype));
        if let Some(account) = self.accounts.get_mut(&job.account) {
            account.jobs -= 1;
            if account.jobs == 0 {
                self.accounts.remove(&job.account);
            }
        }
        for asker in job.askers {
            match asker {
                Asker::Client(client) => {
                    self.waiting -= 1;
                    self.reply(&client, solution);
                }
                Asker::Job(parent) => self.found(parent, &job.asked, job.rtype, solution),
            }
        }
    }

    /// Hands the address of a server to the job that needs it.
    fn found(&mut self, id: JobId, server: &Name, rtype: RecordType, solution: &Solution) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.awaiting = None;
        job.missing_targets += u32::from(solution.rcode == Rcode::NXDOMAIN);
        let addresses = solution.answers.iter().filter_map(|record| record.data().address());
        let addresses: Vec<_> = addresses.filter(|&address| self.config.allows(address)).collect();
        if let Some(cut) = &mut job.cut {
            // The other family, when the first has none.
            let other = rtype == RecordType::A && solution.rcode == Rcode::NOERROR;
            if addresses.is_empty() && other && self.config.ipv6 {
                cut.unknown.push((server.clone(), RecordType::AAAA));
            }
            addresses.into_iter().for_each(|address| cut.add_address(address));
        }
        self.ready.push_back(id);
    }
}
