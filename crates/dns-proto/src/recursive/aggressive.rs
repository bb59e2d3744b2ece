//! What proofs that are known say of names that nobody has asked for (RFC 8198).
use alloc::sync::Arc;
use alloc::vec::Vec;

use proto_core::Instant;

use crate::cache::{Answer, Cache, Rank, RrSet, Security};
use crate::dnssec::Hashing;
use crate::name::{Name, NameRef};
use crate::number::{Class, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::{Data, Record};
use crate::recursive::Shared;

/// Keeps a record that has been verified, if it says what there is not, to answer from until then.
pub(super) fn keep(cache: &mut Cache, set: &Arc<RrSet>, until: Instant) {
    let [data] = &set.data[..] else { return };
    if set.rtype == RecordType::NSEC {
        cache.keep_proof(set.clone(), until);
    } else if set.rtype == RecordType::NSEC3
        && let Some(zone) = signer(set)
        && let Some((hashing, hash)) = Hashing::of(&record(set, data), zone)
    {
        cache.keep_hashed(hashing, &hash, (set.clone(), until));
    }
}

/// Answers that there is no such name or type, if verified records prove it; `hashes` of NSEC3 are
/// computed for it at most.
pub(super) fn deny(
    now: Instant,
    cache: &Cache,
    name: &Name,
    rtype: RecordType,
    hashes: u32,
) -> Option<Shared> {
    by_names(now, cache, name, rtype).or_else(|| by_hashes(now, cache, name, rtype, hashes))
}

/// RFC 8198 §5.4: by NSEC3 records, if there is no opt-out.
fn by_hashes(
    now: Instant,
    cache: &Cache,
    name: &Name,
    rtype: RecordType,
    hashes: u32,
) -> Option<Shared> {
    let hashing = cache.hashing(name.view()).filter(|_| rtype != RecordType::ANY)?;
    let soa = verified_soa(now, cache, &hashing.zone)?;
    let find = |hash: &[u8]| {
        let set = cache.hashed(now, &hashing.zone, hash)?;
        let record = record(&set, set.data.first()?);
        Some((set, record))
    };
    let (rcode, proofs) = hashing.deny(name, rtype, hashes, find)?;
    let mut answer = Answer::bare(rcode);
    answer.authorities.push(soa);
    for proof in proofs {
        if !answer.authorities.iter().any(|set| set.owner == proof.owner) {
            answer.authorities.push(proof);
        }
    }
    answer.age(now);
    answer.security = Security::Secure;
    Some(Arc::new(answer))
}

fn verified_soa(now: Instant, cache: &Cache, zone: &Name) -> Option<Arc<RrSet>> {
    let soa = cache.get(now, zone.view(), RecordType::SOA, Rank::Additional)?;
    (soa.security == Security::Secure).then_some(soa)
}

fn record(set: &RrSet, data: &Data) -> Record {
    data.clone().with_owner(set.owner.view(), Class::IN, set.ttl)
}

fn by_names(now: Instant, cache: &Cache, name: &Name, rtype: RecordType) -> Option<Shared> {
    let proof = cache.proof(now, name.view())?;
    let zone = signer(&proof)?;
    let soa = verified_soa(now, cache, &zone).filter(|_| name.is_within(zone.view()))?;
    let mut answer = if proof.owner == *name {
        no_data(&proof, rtype, &zone)?;
        Answer::bare(Rcode::NOERROR)
    } else {
        no_name(now, cache, &proof, name)?
    };
    if !answer.authorities.iter().any(|set| set.owner == proof.owner) {
        answer.authorities.insert(0, proof);
    }
    answer.authorities.insert(0, soa);
    answer.age(now);
    answer.security = Security::Secure;
    Some(Arc::new(answer))
}

/// RFC 4035 §5.4: the record of the name itself does not list the type.
fn no_data(proof: &RrSet, rtype: RecordType, zone: &Name) -> Option<()> {
    let Rdata::Nsec { types, .. } = proof.data.first()?.view() else { return None };
    let cut = types.contains(RecordType::NS) && !types.contains(RecordType::SOA);
    // Of a delegation it knows the DS only; of an apex, everything but the DS.
    let place = if rtype == RecordType::DS { proof.owner != *zone } else { !cut };
    let has = types.contains(rtype) || types.contains(RecordType::CNAME);
    (place && !has && rtype != RecordType::ANY).then_some(())
}

/// RFC 4035 §5.4: the name is passed over, and so is the wildcard that would stand for it.
fn no_name(now: Instant, cache: &Cache, proof: &Arc<RrSet>, name: &Name) -> Option<Answer> {
    let next = covers(proof, name)?;
    // RFC 6840 §4.1: a delegation, or a DNAME, says nothing of what is below it.
    let Rdata::Nsec { types, .. } = proof.data.first()?.view() else { return None };
    let cut = types.contains(RecordType::NS) && !types.contains(RecordType::SOA);
    if name.is_within(proof.owner.view()) && (cut || types.contains(RecordType::DNAME)) {
        return None;
    }
    let above = [shared(name.view(), proof.owner.view()), shared(name.view(), next.view())];
    let encloser = above.into_iter().max_by_key(|it| it.labels().count())?;
    if encloser == *name {
        // There are names below it: it exists, and has nothing.
        return None;
    }
    let wildcard = Name::from_labels(core::iter::once(&b"*"[..]).chain(encloser.labels())).ok()?;
    let other = cache.proof(now, wildcard.view())?;
    covers(&other, &wildcard)?;
    (signer(&other) == signer(proof)).then_some(())?;
    let mut answer = Answer::bare(Rcode::NXDOMAIN);
    answer.authorities = Vec::from([other]);
    Some(answer)
}

/// Returns the next name, if this record passes over a name.
fn covers(proof: &RrSet, name: &Name) -> Option<Name> {
    let Rdata::Nsec { next, .. } = proof.data.first()?.view() else { return None };
    let last = next <= proof.owner.view();
    let within = proof.owner < *name && (last || name.view() < next);
    within.then(|| next.to_name())
}

/// Returns the zone that signed a set.
fn signer(set: &RrSet) -> Option<Name> {
    match set.signatures.first()?.view() {
        Rdata::Rrsig { signer, .. } => Some(signer.to_name()),
        _ => None,
    }
}

/// Returns what is above both names.
fn shared(name: NameRef<'_>, other: NameRef<'_>) -> Name {
    let mut above = core::iter::successors(Some(name), |name| name.parent());
    above.find(|it| other.is_within(*it)).map_or(Name::ROOT, NameRef::to_name)
}
