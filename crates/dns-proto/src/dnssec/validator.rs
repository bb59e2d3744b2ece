//! The validator: from an answer and the trust anchors to a verdict, step by step.
use alloc::collections::BTreeMap;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::chain::{self, Absence, Link, Verified};
use super::config::Config;
use super::denial::{Denial, Halt, Proofs, Proven, is_proof};
use super::key::PublicKey;
use super::nsec3::Hashes;
use super::plan::{Plan, Task};
use super::response::Response;
use super::rrset::RrSet;
use super::trust::{Status, Trust, Walk};
use super::verdict::{Bogus, Insecure, Secure, SecureSet, Verdict};
use crate::name::Name;
use crate::number::{Rcode, RecordType};

/// What the validator wants, or has found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Ask for these records, with signatures, of whoever is authoritative for them (a DS: the
    /// parent), unvalidated; then [`supply`](Validator::supply) the answer and poll again.
    Need {
        /// The name to ask for.
        name: Name,
        /// DS or DNSKEY.
        rtype: RecordType,
    },
    /// It has worked enough for one turn: poll again when others have had theirs.
    Yield,
    /// It is done.
    Done(Verdict),
}

/// The validation of one answer (RFC 4035 §5).
///
/// It does no I/O and knows no clock: it is polled with what is trusted and the time, says what it
/// needs to see, and is given it. What it learns on the way down from the trust anchor is left in
/// [`Trust`] for the next.
///
/// ```
/// use dns_proto::dnssec::{Config, Response, Step, Trust, Validator, Verdict};
/// use dns_proto::{Rcode, RecordType};
///
/// let mut trust = Trust::new(Config::default());
/// let answer = Response::new("www.uwaterloo.ca".parse()?, RecordType::A, Rcode::NXDOMAIN);
/// let mut validator = Validator::new(answer.clone(), &trust);
/// // Without an anchor nobody can say.
/// assert_eq!(validator.poll(&mut trust, 1_800_000_000), Step::Done(Verdict::Indeterminate));
///
/// trust.add_root_anchors();
/// let mut validator = Validator::new(answer, &trust);
/// let step = validator.poll(&mut trust, 1_800_000_000);
/// // An unsigned answer: is its zone signed? First the root's keys.
/// assert_eq!(step, Step::Need { name: dns_proto::Name::ROOT, rtype: RecordType::DNSKEY });
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Validator {
    config: Config,
    plan: Plan,
    tasks: VecDeque<Task>,
    /// What this validation has learnt, whatever its TTL.
    learnt: BTreeMap<Name, Status>,
    pending: Option<Pending>,
    needs: u32,
    sets: u32,
    hashes: Hashes,
    /// Proofs that have been verified for the task in hand.
    proofs: Option<(Name, Proofs)>,
    /// The same for its set.
    verified: Option<Verified>,
    /// The proofs that came with the answer, as those of each zone that say where it is cut.
    own: BTreeMap<Name, Absence>,
    secure: Secure,
    insecure: Option<Insecure>,
    indeterminate: bool,
    done: Option<Verdict>,
}

/// A question that is out.
#[derive(Clone, Debug)]
struct Pending {
    name: Name,
    link: Link,
    reply: Option<Option<Response>>,
    /// What the reply's proofs have come to, while their hashes are computed turn by turn.
    absence: Option<Absence>,
}

/// A zone, and the keys it signs with.
type ZoneKeys = (Name, Arc<[PublicKey]>);

/// Why a task is not done yet, or nothing is to be done any more.
pub(super) enum Stop {
    Step(Step),
    Bogus(Bogus),
    /// The task is done; what it is about is not secure.
    Insecure(Insecure),
    Indeterminate,
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Yield => Self::Step(Step::Yield),
            Halt::Effort => Self::Bogus(Bogus::Effort),
        }
    }
}

impl From<Bogus> for Stop {
    fn from(reason: Bogus) -> Self {
        Self::Bogus(reason)
    }
}

impl Validator {
    /// Begins to validate a whole answer: aliases, and what is or is not at their end.
    #[must_use]
    pub fn new(response: Response, trust: &Trust) -> Self {
        Self::begin(Plan::new(&response, false, trust.config()), trust)
    }

    /// Begins to validate the aliases of an answer alone: a resolver that follows them itself asks
    /// for their end, and has that validated apart.
    #[must_use]
    pub fn aliases(response: Response, trust: &Trust) -> Self {
        Self::begin(Plan::new(&response, true, trust.config()), trust)
    }

    fn begin(plan: Plan, trust: &Trust) -> Self {
        let config = trust.config().clone();
        let (wildcards, sets) = (Vec::new(), Vec::new());
        let ttl = config.limits.ttl;
        Self {
            hashes: Hashes::new(config.limits.hashes),
            config,
            tasks: plan.tasks.clone(),
            secure: Secure { ttl, rcode: plan.rcode, wildcards, sets },
            done: plan.flaw.map(Verdict::Bogus),
            plan,
            learnt: BTreeMap::new(),
            pending: None,
            needs: 0,
            sets: 0,
            proofs: None,
            verified: None,
            own: BTreeMap::new(),
            insecure: None,
            indeterminate: false,
        }
    }

    /// Takes the answer to what was needed; `None` if it cannot be had. What was not asked for is
    /// not looked at.
    pub fn supply(&mut self, reply: Option<Response>) {
        if let Some(pending) = &mut self.pending {
            let asked = |it: &Response| it.name == pending.name && it.rtype == pending.link.rtype();
            pending.reply = Some(reply.filter(asked));
        }
    }

    /// Works until it needs something, has had its turn, or is done; `now` is seconds since 1970.
    /// Polled again without anything new it says the same.
    pub fn poll(&mut self, trust: &mut Trust, now: u64) -> Step {
        self.hashes.begin(self.config.limits.hashes_at_once);
        loop {
            if let Some(verdict) = &self.done {
                return Step::Done(verdict.clone());
            }
            match self.advance(trust, now) {
                Ok(()) => {}
                Err(Stop::Step(step)) => return step,
                Err(Stop::Bogus(reason)) => self.done = Some(Verdict::Bogus(reason)),
                Err(Stop::Insecure(reason)) => {
                    self.insecure.get_or_insert(reason);
                    self.next();
                }
                Err(Stop::Indeterminate) => {
                    self.indeterminate = true;
                    self.next();
                }
            }
        }
    }

    fn next(&mut self) {
        self.tasks.pop_front();
        (self.proofs, self.verified) = (None, None);
    }

    fn advance(&mut self, trust: &mut Trust, now: u64) -> Result<(), Stop> {
        if self.pending.is_some() {
            return self.take_reply(trust, now);
        }
        match self.tasks.front().cloned() {
            None => self.done = Some(self.verdict()),
            Some(task) => {
                match task {
                    Task::Set(index) => self.check_set(index, trust, now)?,
                    Task::Absent { name } => self.check_absent(&name, trust, now)?,
                    Task::Unsignable => return Err(Stop::Insecure(Insecure::Unsignable)),
                }
                self.next();
            }
        }
        Ok(())
    }

    /// The weakest link: RFC 4035 §3.2.3 wants all of the answer to be secure.
    fn verdict(&self) -> Verdict {
        match (self.insecure, self.indeterminate) {
            (_, true) => Verdict::Indeterminate,
            (Some(reason), _) => Verdict::Insecure(reason),
            (None, false) => Verdict::Secure(self.secure.clone()),
        }
    }

    /// Finds the zone that a name is in, and its keys; asks for what is missing on the way.
    fn zone_of(&mut self, name: &Name, trust: &mut Trust, now: u64) -> Result<ZoneKeys, Stop> {
        let (name, link) = loop {
            match trust.walk(name, now, &self.learnt) {
                Walk::Zone(zone, keys) => return Ok((zone, keys)),
                Walk::Insecure(reason) => return Err(Stop::Insecure(reason)),
                Walk::Bogus(reason) => return Err(Stop::Bogus(reason)),
                Walk::Indeterminate => return Err(Stop::Indeterminate),
                Walk::NeedKeys { name, ds } => break (name, Link::Keys { ds }),
                Walk::NeedDs { name, zone, keys } => {
                    let Some((status, ttl)) = self.shown(&name, &zone, &keys, now)? else {
                        break (name, Link::Ds { zone, keys });
                    };
                    self.learn(name, status, ttl, trust, now);
                }
            }
        };
        if self.needs >= self.config.limits.needs {
            return Err(Stop::Bogus(Bogus::Effort));
        }
        self.needs += 1;
        let step = Step::Need { name: name.clone(), rtype: link.rtype() };
        self.pending = Some(Pending { name, link, reply: None, absence: None });
        Err(Stop::Step(step))
    }

    /// Looks whether the proofs that came with the answer say what is at a name, so that nobody need
    /// be asked for its DS: a referral at the end of aliases has them with it (RFC 4035 §3.1.4.1).
    fn shown(
        &mut self,
        name: &Name,
        zone: &Name,
        keys: &[PublicKey],
        now: u64,
    ) -> Result<Option<(Status, u32)>, Stop> {
        if !self.own.contains_key(zone) {
            let own = |set: &&RrSet| is_proof(set.rtype) && set.is_signed_by(zone);
            let tried = self.plan.proofs.iter().filter(own).take(self.config.limits.proofs);
            (0..tried.count()).try_for_each(|_| self.count_set())?;
            let absence = Absence::of(&self.plan.proofs, zone, keys, &self.config, now);
            self.own.insert(zone.clone(), absence);
        }
        let Some(absence) = self.own.get(zone) else { return Ok(None) };
        Ok(absence.judge(name, zone, &self.config, &mut self.hashes)?)
    }

    fn learn(&mut self, name: Name, status: Status, ttl: u32, trust: &mut Trust, now: u64) {
        trust.learn(name.clone(), status.clone(), ttl, now);
        self.learnt.insert(name, status);
    }

    fn take_reply(&mut self, trust: &mut Trust, now: u64) -> Result<(), Stop> {
        let Some(Pending { name, link, reply, absence }) = &mut self.pending else { return Ok(()) };
        let Some(reply) = reply else {
            let (name, rtype) = (name.clone(), link.rtype());
            return Err(Stop::Step(Step::Need { name, rtype }));
        };
        let judged = match reply {
            None if link.rtype() == RecordType::DS => Err(Bogus::Unreachable.into()),
            None => Err(Bogus::Unobtainable.into()),
            Some(reply) => {
                let hashes = &mut self.hashes;
                chain::judge(name, link, reply, &self.config, absence, hashes, now)
            }
        };
        let (status, ttl) = match judged {
            Ok(judged) => judged,
            Err(Stop::Step(step)) => return Err(Stop::Step(step)),
            Err(Stop::Bogus(reason)) => {
                // What cannot be had now may be had soon.
                (Status::Bogus(reason), self.config.limits.bogus_ttl)
            }
            Err(other) => return Err(other),
        };
        let name = name.clone();
        self.pending = None;
        self.learn(name, status, ttl, trust, now);
        Ok(())
    }

    fn check_set(&mut self, index: usize, trust: &mut Trust, now: u64) -> Result<(), Stop> {
        let Some(set) = self.plan.sets.get(index).cloned() else { return Ok(()) };
        let (name, keys) = self.zone_for(&set, trust, now)?;
        if self.verified.is_none() {
            self.count_set()?;
        }
        let found = match self.verified {
            Some(found) => found,
            None => chain::verify(&set, &name, &keys, &self.config, now)?,
        };
        self.verified = Some(found);
        if let Some(labels) = found.wildcard {
            // A DNAME that stands for others would lead whole subtrees astray; nobody makes it.
            if set.rtype == RecordType::DNAME {
                return Err(Stop::Bogus(Bogus::Synthesis));
            }
            self.check_expanded(&set.owner, labels, &name, &keys, now)?;
            self.secure.wildcards.push(set.owner.clone());
        }
        self.note(&set, found.ttl);
        Ok(())
    }

    /// Finds the zone that signed a set, or that should have.
    fn zone_for(&mut self, set: &RrSet, trust: &mut Trust, now: u64) -> Result<ZoneKeys, Stop> {
        believed(&set.owner, set.rtype, trust)?;
        let mut signers = set.signatures.iter().map(|it| &it.signer);
        let signer = signers.find(|it| may_sign(it, &set.owner, set.rtype)).cloned();
        let Some(signer) = signer else {
            // Unless it is proven that its zone is not signed, it should be.
            self.zone_of(&home(&set.owner, set.rtype), trust, now)?;
            let foreign = !set.signatures.is_empty();
            return Err(Stop::Bogus(if foreign { Bogus::Signer } else { Bogus::Missing }));
        };
        let zone = self.zone_of(&signer, trust, now)?;
        if zone.0 == signer { Ok(zone) } else { Err(Stop::Bogus(Bogus::Signer)) }
    }

    /// RFC 4035 §5.3.4: a wildcard stands for names that are not there, and that is proven.
    fn check_expanded(
        &mut self,
        name: &Name,
        labels: usize,
        zone: &Name,
        keys: &[PublicKey],
        now: u64,
    ) -> Result<(), Stop> {
        let proofs = self.proofs(zone, keys, now)?;
        let denial = Denial::new(&proofs, zone, self.config.limits.iterations);
        match denial.expanded(name, labels, &mut self.hashes)? {
            Some(Proven::OptOut) => Err(Stop::Insecure(Insecure::OptOut)),
            Some(Proven::Iterations) => Err(Stop::Insecure(Insecure::Iterations)),
            Some(_) => Ok(()),
            None => Err(Stop::Bogus(Bogus::Wildcard)),
        }
    }

    fn check_absent(&mut self, name: &Name, trust: &mut Trust, now: u64) -> Result<(), Stop> {
        let rtype = self.plan.rtype;
        believed(name, rtype, trust)?;
        let Some(signer) = self.plan.prover(|it| may_sign(it, name, rtype)) else {
            self.zone_of(&home(name, rtype), trust, now)?;
            let any = self.plan.proofs.iter().any(|set| is_proof(set.rtype));
            return Err(Stop::Bogus(if any { Bogus::Missing } else { Bogus::Denial }));
        };
        let (zone, keys) = self.zone_of(&signer, trust, now)?;
        if zone != signer {
            return Err(Stop::Bogus(Bogus::Signer));
        }
        let proofs = self.proofs(&zone, &keys, now)?;
        let denial = Denial::new(&proofs, &zone, self.config.limits.iterations);
        let Some(proven) = denial.prove(name, rtype, &mut self.hashes)? else {
            // The proofs may be of an alias's zone, and the last name's zone have none to give.
            self.zone_of(&home(name, rtype), trust, now)?;
            return Err(Stop::Bogus(Bogus::Denial));
        };
        match proven {
            Proven::OptOut => return Err(Stop::Insecure(Insecure::OptOut)),
            Proven::Iterations => return Err(Stop::Insecure(Insecure::Iterations)),
            // Who says less than is proven does not lie.
            Proven::NameError => {}
            Proven::NoData => self.secure.rcode = Rcode::NOERROR,
        }
        Ok(())
    }

    /// Verifies the records of the authority section that prove something, and the SOA.
    fn proofs(&mut self, zone: &Name, keys: &[PublicKey], now: u64) -> Result<Proofs, Stop> {
        if let Some((known, proofs)) = &self.proofs
            && known == zone
        {
            return Ok(proofs.clone());
        }
        let mut proofs = Vec::new();
        let sets: Vec<_> = self.plan.proofs.iter().filter(|it| it.is_signed_by(zone)).collect();
        for set in sets.into_iter().take(self.config.limits.proofs).cloned().collect::<Vec<_>>() {
            self.count_set()?;
            let found = chain::verify(&set, zone, keys, &self.config, now)?;
            self.note(&set, found.ttl);
            // A proof that was itself made from a wildcard is about another name.
            if found.wildcard.is_none() && is_proof(set.rtype) {
                proofs.extend(set.records);
            }
        }
        self.proofs = Some((zone.clone(), proofs.clone()));
        Ok(proofs)
    }

    fn count_set(&mut self) -> Result<(), Bogus> {
        self.sets += 1;
        if self.sets > self.config.limits.sets { Err(Bogus::Effort) } else { Ok(()) }
    }

    fn note(&mut self, set: &RrSet, ttl: u32) {
        self.secure.ttl = self.secure.ttl.min(ttl);
        let known = |own: &SecureSet| own.owner == set.owner && own.rtype == set.rtype;
        if !self.secure.sets.iter().any(known) {
            let (owner, rtype) = (set.owner.clone(), set.rtype);
            self.secure.sets.push(SecureSet { owner, rtype, ttl });
        }
    }
}

/// What is at or below a negative anchor is not looked at, whichever zone has signed it
/// (RFC 7646 §2).
fn believed(name: &Name, rtype: RecordType, trust: &Trust) -> Result<(), Stop> {
    match trust.is_negative(&home(name, rtype)) {
        true => Err(Stop::Insecure(Insecure::NegativeAnchor)),
        false => Ok(()),
    }
}

/// Whether a zone of that name may have the records: it is at or above their owner, and a DS is its
/// parent's (RFC 4035 §5.3.1).
fn may_sign(signer: &Name, owner: &Name, rtype: RecordType) -> bool {
    let own = rtype == RecordType::DS && signer == owner && !owner.is_root();
    owner.is_within(signer.view()) && !own
}

/// The name whose zone has the records: a DS is at the parent.
fn home(name: &Name, rtype: RecordType) -> Name {
    match name.parent() {
        Some(parent) if rtype == RecordType::DS => parent,
        _ => name.clone(),
    }
}
