use alloc::vec::Vec;
use core::time::Duration;
use std::string::ToString;

use super::*;
use crate::rdata::Rdata;
use crate::record::{Data, Record};

const NOW: Instant = Instant::ORIGIN;

fn set(record: &Record, rank: Rank) -> RrSet {
    let mut set = RrSet {
        owner: record.owner().clone(),
        rtype: record.rtype(),
        data: Vec::from([Data::new(&record.data())]),
        signatures: Vec::new(),
        ttl: 0,
        expires: NOW,
        rank,
        security: Security::Unchecked,
    };
    set.keep_for(NOW, record.ttl());
    set
}

fn address(owner: &str, ttl: u32, last: u8) -> Record {
    Record::address(owner.parse().unwrap(), ttl, [127, 0, 0, last].into())
}

fn ns(ttl: u32, server: &str) -> Record {
    let (owner, server): (Name, Name) = ("z".parse().unwrap(), server.parse().unwrap());
    Record::new(owner, ttl, Rdata::Ns { server: server.view() })
}

fn get(cache: &Cache, seconds: u64, owner: &str, rtype: RecordType) -> Option<Arc<RrSet>> {
    let now = NOW + Duration::from_secs(seconds);
    cache.get(now, owner.parse::<Name>().unwrap().view(), rtype, Rank::Additional)
}

#[test]
fn ttls_run_down_and_out() {
    let mut cache = Cache::new(9, [1, 2]);
    cache.keep(NOW, set(&address("a", 60, 1), Rank::Authoritative));
    let later = NOW + Duration::from_secs(59);
    assert_eq!(get(&cache, 59, "A", RecordType::A).unwrap().left(later), 1);
    assert!(get(&cache, 61, "a", RecordType::A).is_none());
}

#[test]
fn less_trusted_data_do_not_replace_more_trusted() {
    let mut cache = Cache::new(9, [1, 2]);
    cache.keep(NOW, set(&address("a", 60, 1), Rank::Authoritative));
    let held = cache.keep(NOW, set(&address("a", 60, 2), Rank::Additional));
    assert!(held.same(&set(&address("a", 60, 1), Rank::Additional)));
    // Until they have expired.
    let later = NOW + Duration::from_secs(61);
    let held = cache.keep(later, set(&address("a", 90, 2), Rank::Additional));
    assert!(held.same(&set(&address("a", 60, 2), Rank::Additional)));
}

#[test]
fn a_ghost_domain_dies_with_its_delegation() {
    let mut cache = Cache::new(9, [1, 2]);
    cache.keep(NOW, set(&ns(60, "ns.y"), Rank::Referral));
    cache.keep(NOW, set(&ns(600, "ns.y"), Rank::Authority));
    cache.keep(NOW, set(&ns(600, "ns.x"), Rank::Authoritative));
    assert!(get(&cache, 59, "z", RecordType::NS).is_some());
    assert!(get(&cache, 60, "z", RecordType::NS).is_none());
}

#[test]
fn the_nearest_zone_is_found_and_kinds_of_trust_are_told_apart() {
    let mut cache = Cache::new(9, [1, 2]);
    cache.keep(NOW, set(&ns(60, "ns.y"), Rank::Referral));
    let name: Name = "a.b.z".parse().unwrap();
    assert_eq!(cache.delegation(NOW, name.view()).unwrap().owner.to_string(), "z.");
    let zone: Name = "z".parse().unwrap();
    assert!(cache.get(NOW, zone.view(), RecordType::NS, Rank::Answer).is_none());
}

#[test]
fn a_proof_answers_for_others_no_longer_than_its_zone_wants() {
    let owner: Name = "z".parse().unwrap();
    let mut cache = Cache::new(9, [1, 2]);
    let proof = Arc::new(set(&address("z", 3600, 1), Rank::Authority));
    cache.keep_proof(proof, NOW + Duration::from_secs(900));
    for (seconds, known) in [(899, true), (900, false)] {
        let now = NOW + Duration::from_secs(seconds);
        assert_eq!(cache.proof(now, owner.view()).is_some(), known, "{seconds}");
    }
}
