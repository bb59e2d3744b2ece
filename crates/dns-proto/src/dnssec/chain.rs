//! One link of a chain of trust: an RRset by keys, keys by a DS, a DS or its absence by the parent.
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::config::Config;
use super::denial::{Cut, Denial, Halt, Proofs, is_proof};
use super::key::{Ds, PublicKey};
use super::nsec3::Hashes;
use super::response::Response;
use super::rrset::{RrSet, Signature};
use super::trust::{Status, usable};
use super::validator::Stop;
use super::verdict::{Bogus, Insecure};
use crate::name::Name;
use crate::number::{Class, Rcode, RecordType};
use crate::record::Record;

/// What is asked for on the way down, and what it will be judged by.
#[derive(Clone, Debug)]
pub(super) enum Link {
    /// The DS of a name in this zone, or that there is none.
    Ds { zone: Name, keys: Arc<[PublicKey]> },
    /// The keys of a zone that has this DS.
    Keys { ds: Vec<Ds> },
}

impl Link {
    pub(super) const fn rtype(&self) -> RecordType {
        match self {
            Self::Ds { .. } => RecordType::DS,
            Self::Keys { .. } => RecordType::DNSKEY,
        }
    }
}

/// A set that was verified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Verified {
    pub(super) ttl: u32,
    /// Labels of the wildcard's parent, if it was made from one.
    pub(super) wildcard: Option<usize>,
}

/// The verified proofs of an answer that has no DS.
#[derive(Clone, Debug)]
pub(super) struct Absence {
    proofs: Proofs,
    ttl: u32,
    /// What is wrong if they prove nothing.
    flaw: Bogus,
}

impl Absence {
    /// Verifies the proofs of a zone among these sets.
    pub(super) fn of(
        sets: &[RrSet],
        zone: &Name,
        keys: &[PublicKey],
        config: &Config,
        now: u64,
    ) -> Self {
        let mut absence = Self { proofs: Vec::new(), ttl: u32::MAX, flaw: Bogus::Denial };
        let sets = sets.iter().filter(|set| is_proof(set.rtype));
        for set in sets.take(config.limits.proofs) {
            match verify(set, zone, keys, config, now) {
                // A proof that was itself made from a wildcard is about another name.
                Ok(found) if found.wildcard.is_none() => {
                    absence.ttl = absence.ttl.min(found.ttl);
                    absence.proofs.extend(set.records.iter().cloned());
                }
                Ok(_) => {}
                Err(reason) => absence.flaw = reason,
            }
        }
        absence
    }

    /// Says what is at a name that has no DS, and for how long that holds; `None` if the proofs do
    /// not say.
    pub(super) fn judge(
        &self,
        name: &Name,
        zone: &Name,
        config: &Config,
        hashes: &mut Hashes,
    ) -> Result<Option<(Status, u32)>, Halt> {
        let denial = Denial::new(&self.proofs, zone, config.limits.iterations);
        let status = denial.cut(name, hashes)?.map(|cut| match cut {
            Cut::Insecure => Status::Insecure(Insecure::Unsigned),
            Cut::OptOut => Status::Insecure(Insecure::OptOut),
            Cut::Iterations => Status::Insecure(Insecure::Iterations),
            Cut::Inside => Status::Inside,
            Cut::Nothing => Status::Nothing,
        });
        Ok(status.map(|status| (status, self.ttl)))
    }
}

/// Verifies a set by the keys of its zone (RFC 4035 §5.3). One good signature is enough
/// (RFC 6840 §5.11), unless the policy wants one of each algorithm.
pub(super) fn verify(
    set: &RrSet,
    zone: &Name,
    keys: &[PublicKey],
    config: &Config,
    now: u64,
) -> Result<Verified, Bogus> {
    if set.signatures.len() > config.limits.covering {
        return Err(Bogus::Effort);
    }
    let mut trial = Trial { set, zone, config, now, tries: 0 };
    if !config.policy.every_algorithm {
        return trial.one(keys);
    }
    let promised: BTreeSet<_> = keys.iter().map(PublicKey::algorithm).collect();
    let mut found = Err(Bogus::Key);
    for algorithm in promised.into_iter().filter(|it| config.policy.supports(*it)) {
        let own = keys.iter().filter(|key| key.algorithm() == algorithm);
        found = Ok(trial.one(&own.cloned().collect::<Vec<_>>())?);
    }
    found
}

/// A set whose signatures are tried.
struct Trial<'t> {
    set: &'t RrSet,
    zone: &'t Name,
    config: &'t Config,
    now: u64,
    tries: u32,
}

impl Trial<'_> {
    /// Looks for one good signature.
    fn one(&mut self, keys: &[PublicKey]) -> Result<Verified, Bogus> {
        let Self { set, zone, config, now, .. } = *self;
        let mut flaw = Bogus::Missing;
        for signature in &set.signatures {
            if let Err(reason) = eligible(set, signature, zone, config, now) {
                flaw = flaw.max(reason);
                continue;
            }
            flaw = flaw.max(Bogus::Key);
            for key in keys.iter().filter(|key| made(signature, key)) {
                if self.tries == config.limits.signatures {
                    return Err(Bogus::Effort);
                }
                self.tries += 1;
                if set.verify(signature, key, &config.policy.provider) {
                    let labels = usize::from(signature.labels);
                    let wildcard = (labels < set.labels()).then_some(labels);
                    return Ok(Verified { ttl: signature.ttl(set.ttl(), now), wildcard });
                }
                flaw = flaw.max(Bogus::Wrong);
            }
        }
        Err(flaw)
    }
}

/// RFC 4035 §5.3.1.
fn eligible(
    set: &RrSet,
    signature: &Signature,
    zone: &Name,
    config: &Config,
    now: u64,
) -> Result<(), Bogus> {
    if signature.signer != *zone || !set.owner.is_within(zone.view()) {
        Err(Bogus::Signer)
    } else if !config.policy.supports(signature.algorithm) {
        Err(Bogus::Algorithm)
    } else if usize::from(signature.labels) > set.labels() {
        Err(Bogus::Labels)
    } else {
        signature.timely(now)
    }
}

fn made(signature: &Signature, key: &PublicKey) -> bool {
    key.is_zone_key() && key.algorithm() == signature.algorithm && key.tag() == signature.key_tag
}

/// Judges the answer to a question on the way down; returns for how long it holds.
pub(super) fn judge(
    name: &Name,
    link: &Link,
    reply: &Response,
    config: &Config,
    absence: &mut Option<Absence>,
    hashes: &mut Hashes,
    now: u64,
) -> Result<(Status, u32), Stop> {
    match link {
        Link::Keys { ds } => Ok(judge_keys(name, ds, reply, config, now)?),
        Link::Ds { zone, keys } => {
            Parent { zone, keys, config, now }.judge(name, reply, absence, hashes)
        }
    }
}

/// Verifies the keys of a zone: one of them is what the DS says, and has signed them all
/// (RFC 4035 §5.2).
pub(super) fn judge_keys(
    name: &Name,
    ds: &[Ds],
    reply: &Response,
    config: &Config,
    now: u64,
) -> Result<(Status, u32), Bogus> {
    let set = find(&reply.answers, name, RecordType::DNSKEY).ok_or(Bogus::Unobtainable)?;
    let keys: Vec<_> =
        set.records.iter().filter_map(|record| PublicKey::from_data(&record.data())).collect();
    let named = named(name, ds, &keys, config)?;
    let kept = |ds: &Ds| named.iter().any(|key| key.algorithm() == ds.algorithm());
    if config.policy.every_algorithm && !ds.iter().all(kept) {
        return Err(Bogus::Algorithm);
    }
    let found = verify(&set, name, &named, config, now)?;
    let good = keys.into_iter().filter(|key| key.is_zone_key() && !key.is_revoked());
    Ok((Status::Secure(good.collect()), found.ttl))
}

/// Returns the keys that the DS records are of. They are tried together, so that many of them do
/// not make many tries.
fn named(
    name: &Name,
    ds: &[Ds],
    keys: &[PublicKey],
    config: &Config,
) -> Result<Vec<PublicKey>, Bogus> {
    let (mut named, mut flaw, mut mismatches) = (Vec::new(), Bogus::Digest, 0);
    for (ds, key) in ds.iter().flat_map(|ds| keys.iter().map(move |key| (ds, key))) {
        if !ds.suits(key) {
            continue;
        }
        if !ds.matches(&name.view(), key) {
            mismatches += 1;
            if mismatches > config.limits.mismatches {
                return Err(Bogus::Effort);
            }
        } else if !key.is_zone_key() || key.is_revoked() {
            flaw = Bogus::ZoneKey;
        } else if !named.contains(key) {
            named.push(key.clone());
        }
    }
    if named.is_empty() { Err(flaw) } else { Ok(named) }
}

/// The zone that says whether there is a cut below it.
struct Parent<'p> {
    zone: &'p Name,
    keys: &'p [PublicKey],
    config: &'p Config,
    now: u64,
}

impl Parent<'_> {
    fn judge(
        &self,
        name: &Name,
        reply: &Response,
        absence: &mut Option<Absence>,
        hashes: &mut Hashes,
    ) -> Result<(Status, u32), Stop> {
        if !matches!(reply.rcode, Rcode::NOERROR | Rcode::NXDOMAIN) {
            return Err(Bogus::Unreachable.into());
        }
        let sets = RrSet::gather(&reply.answers);
        if let Some(set) = find(&reply.answers, name, RecordType::DS) {
            let ttl = self.verify(&set)?.ttl;
            let all = set.records.iter().filter_map(|record| Ds::from_data(&record.data()));
            let all: Vec<_> = all.collect();
            let status = usable(&all, self.config).map_or_else(Status::Insecure, Status::Delegated);
            return Ok((status, ttl));
        }
        // An alias is no cut, and below a DNAME there is none.
        let dname = |set: &&RrSet| {
            set.rtype == RecordType::DNAME && set.owner != *name && name.is_within(set.owner.view())
        };
        if let Some(set) = sets.iter().find(dname) {
            return Ok((Status::Nothing, self.verify(set)?.ttl));
        }
        if let Some(set) = find(&reply.answers, name, RecordType::CNAME) {
            return Ok((Status::Inside, self.verify(&set)?.ttl));
        }
        let Self { zone, keys, config, now } = *self;
        let absence = absence.get_or_insert_with(|| {
            let mut sets = RrSet::gather(&reply.authorities);
            sets.retain(|set| set.class == Class::IN);
            Absence::of(&sets, zone, keys, config, now)
        });
        let judged = absence.judge(name, zone, config, hashes)?;
        judged.ok_or_else(|| absence.flaw.into())
    }

    fn verify(&self, set: &RrSet) -> Result<Verified, Bogus> {
        verify(set, self.zone, self.keys, self.config, self.now)
    }
}

pub(super) fn find(records: &[Record], name: &Name, rtype: RecordType) -> Option<RrSet> {
    let own = |set: &RrSet| set.owner == *name && set.rtype == rtype && set.class == Class::IN;
    RrSet::gather(records).into_iter().find(own)
}
