//! What is known for a while: RRsets by trust (RFC 2181 §5.4.1), and absences (RFC 2308).
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::Instant;

use crate::key::Key;
use crate::name::{Name, NameRef};
use crate::number::{Class, RecordType};
use crate::rdata::Rdata;
use crate::record::{Data, Record};

/// How much data are to be believed; what is known is replaced by the same or better.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Rank {
    /// Addresses beside a referral: good for reaching its servers, never for an answer.
    Glue,
    /// The servers of a zone, as its parent names them; not for an answer either.
    Referral,
    /// An answer of somebody who is no authority.
    Answer,
    /// An answer of an authority.
    Authority,
}

/// What the cache says about a name and a type.
#[derive(Clone, Debug)]
pub(crate) enum Hit {
    Records(Vec<Record>),
    NoData(Record),
    NxDomain(Record),
}

/// A bounded store of RRsets; what expires soonest goes first when it is full.
#[derive(Debug)]
pub(crate) struct Cache {
    names: BTreeMap<Box<[u8]>, Vec<Entry>>,
    expiry: BTreeSet<(Instant, Box<[u8]>, RecordType)>,
    bound: usize,
    longest: u32,
    longest_negative: u32,
}

#[derive(Debug)]
struct Entry {
    /// ANY for a name that does not exist: it has no type at all.
    rtype: RecordType,
    rank: Rank,
    expires: Instant,
    what: What,
}

#[derive(Debug)]
enum What {
    Records(Name, Vec<Data>),
    /// With the SOA that says so.
    Nothing(Record),
}

impl Cache {
    /// Makes a cache of so many RRsets, kept no longer than so many seconds.
    pub(crate) fn new(bound: usize, longest: u32, longest_negative: u32) -> Self {
        let (names, expiry) = (BTreeMap::new(), BTreeSet::new());
        Self { names, expiry, bound, longest, longest_negative }
    }

    /// Keeps an RRset: the records of one name and type.
    pub(crate) fn keep(&mut self, now: Instant, rank: Rank, records: &[Record]) {
        let Some(first) = records.first() else { return };
        let (owner, rtype) = (first.owner(), first.rtype());
        // RFC 2181 §5.2: if the TTLs differ, the least holds.
        let ttl = records.iter().map(Record::ttl).min().unwrap_or_default().min(self.longest);
        let data = records.iter().map(|record| Data::new(&record.data())).collect();
        let what = What::Records(owner.clone(), data);
        self.store(now, owner.view(), ttl, Entry { rtype, rank, expires: now, what });
    }

    /// Keeps that a name has no such type, or with `None` that it does not exist.
    pub(crate) fn keep_absence(
        &mut self,
        now: Instant,
        name: NameRef<'_>,
        rtype: Option<RecordType>,
        soa: &Record,
    ) {
        // RFC 2308 §5: the lesser of the SOA's own TTL and its minimum.
        let Rdata::Soa { minimum, .. } = soa.data() else { return };
        let ttl = soa.ttl().min(minimum).min(self.longest_negative);
        let rtype = rtype.unwrap_or(RecordType::ANY);
        let what = What::Nothing(soa.clone());
        self.store(now, name, ttl, Entry { rtype, rank: Rank::Authority, expires: now, what });
    }

    /// Returns what is known with at least this trust; TTLs are what is left of them.
    pub(crate) fn get(
        &self,
        now: Instant,
        name: NameRef<'_>,
        rtype: RecordType,
        rank: Rank,
    ) -> Option<Hit> {
        let entries = self.names.get(Key::new(name).octets())?;
        let entry = entries.iter().find(|entry| {
            let absent = entry.rtype == RecordType::ANY;
            entry.expires > now && entry.rank >= rank && (entry.rtype == rtype || absent)
        })?;
        let left = u32::try_from((entry.expires - now).as_secs()).unwrap_or(u32::MAX);
        Some(match &entry.what {
            What::Records(owner, data) => Hit::Records(
                data.iter()
                    .map(|data| data.clone().with_owner(owner.view(), Class::IN, left))
                    .collect(),
            ),
            What::Nothing(soa) => {
                let soa = Record::new(soa.owner().clone(), left, soa.data());
                if entry.rtype == RecordType::ANY { Hit::NxDomain(soa) } else { Hit::NoData(soa) }
            }
        })
    }

    /// Returns all addresses known for a host, however little they are to be believed.
    pub(crate) fn addresses(&self, now: Instant, host: NameRef<'_>) -> Vec<core::net::IpAddr> {
        let types = [RecordType::A, RecordType::AAAA].into_iter();
        let hits = types.filter_map(|rtype| self.get(now, host, rtype, Rank::Glue));
        let records = hits.filter_map(|hit| match hit {
            Hit::Records(records) => Some(records),
            _ => None,
        });
        records.flatten().filter_map(|record| record.data().address()).collect()
    }

    /// Returns the lowest zone above a name whose servers are known, and can be reached.
    pub(crate) fn delegation(&self, now: Instant, name: NameRef<'_>) -> Option<(Name, Vec<Name>)> {
        core::iter::successors(Some(name), |name| name.parent()).find_map(|zone| {
            let hit = self.get(now, zone, RecordType::NS, Rank::Referral)?;
            let Hit::Records(records) = hit else { return None };
            let servers: Vec<Name> = records.iter().filter_map(server).collect();
            // Servers inside the zone whose glue is gone can be found again only from above.
            let reachable = servers.iter().any(|server| {
                !server.is_within(zone) || !self.addresses(now, server.view()).is_empty()
            });
            reachable.then(|| (zone.to_name(), servers))
        })
    }

    /// Returns the number of RRsets and absences.
    pub(crate) fn len(&self) -> usize {
        self.expiry.len()
    }

    fn store(&mut self, now: Instant, name: NameRef<'_>, ttl: u32, mut entry: Entry) {
        entry.expires = now + Duration::from_secs(u64::from(ttl));
        let key = Key::new(name);
        if let Some(known) = self.find(key.octets(), entry.rtype).filter(|old| old.expires > now) {
            if known.rank > entry.rank {
                return;
            }
            // A child's NS must not outlive its parent's (the "ghost domains" of CVE-2012-1033).
            if entry.rtype == RecordType::NS && entry.rank > Rank::Referral {
                entry.expires = entry.expires.min(known.expires);
            }
        }
        // RFC 2181 §8: a TTL of zero is for the one who asked.
        if entry.expires <= now {
            return;
        }
        self.remove(key.octets(), entry.rtype);
        match entry.rtype {
            // What does not exist has nothing; what has something exists.
            RecordType::ANY => self.remove_name(key.octets()),
            _ if entry.rank > Rank::Referral => self.remove(key.octets(), RecordType::ANY),
            _ => {}
        }
        while self.len() >= self.bound {
            let Some((_, soonest, rtype)) = self.expiry.first().cloned() else { return };
            self.remove(&soonest, rtype);
        }
        self.expiry.insert((entry.expires, key.octets().into(), entry.rtype));
        self.names.entry(key.octets().into()).or_default().push(entry);
    }

    fn find(&self, key: &[u8], rtype: RecordType) -> Option<&Entry> {
        self.names.get(key)?.iter().find(|entry| entry.rtype == rtype)
    }

    fn remove_name(&mut self, key: &[u8]) {
        for entry in self.names.remove(key).unwrap_or_default() {
            self.expiry.remove(&(entry.expires, key.into(), entry.rtype));
        }
    }

    fn remove(&mut self, key: &[u8], rtype: RecordType) {
        let Some(entries) = self.names.get_mut(key) else { return };
        if let Some(at) = entries.iter().position(|entry| entry.rtype == rtype) {
            let entry = entries.swap_remove(at);
            self.expiry.remove(&(entry.expires, key.into(), rtype));
        }
        if entries.is_empty() {
            self.names.remove(key);
        }
    }
}

fn server(record: &Record) -> Option<Name> {
    match record.data() {
        Rdata::Ns { server } => Some(server.to_name()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(owner: &str, ttl: u32, last: u8) -> Record {
        Record::address(owner.parse().unwrap(), ttl, [127, 0, 0, last].into())
    }

    fn ns(ttl: u32) -> Record {
        let (owner, server): (Name, Name) = ("z".parse().unwrap(), "ns.y".parse().unwrap());
        Record::new(owner, ttl, Rdata::Ns { server: server.view() })
    }

    fn get(cache: &Cache, seconds: u64, owner: &str, rtype: RecordType) -> Option<Vec<Record>> {
        let now = Instant::ORIGIN + Duration::from_secs(seconds);
        let name: Name = owner.parse().unwrap();
        match cache.get(now, name.view(), rtype, Rank::Glue)? {
            Hit::Records(records) => Some(records),
            _ => None,
        }
    }

    const NOW: Instant = Instant::ORIGIN;

    #[test]
    fn ttls_run_down_and_out() {
        let mut cache = Cache::new(9, 86_400, 3_600);
        cache.keep(NOW, Rank::Authority, &[address("a", 60, 1)]);
        assert_eq!(get(&cache, 59, "A", RecordType::A).unwrap()[0].ttl(), 1);
        assert_eq!(get(&cache, 60, "a", RecordType::A), None);
        cache.keep(NOW, Rank::Authority, &[address("b", 0, 1)]);
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn ttls_are_capped() {
        for (ttl, kept) in [(100, 100), (101, 100)] {
            let mut cache = Cache::new(9, 100, 100);
            cache.keep(NOW, Rank::Authority, &[address("a", ttl, 1)]);
            assert_eq!(get(&cache, 0, "a", RecordType::A).unwrap()[0].ttl(), kept);
        }
    }

    #[test]
    fn less_trusted_data_do_not_replace_more_trusted() {
        let mut cache = Cache::new(9, 86_400, 3_600);
        cache.keep(NOW, Rank::Authority, &[address("a", 60, 1)]);
        cache.keep(NOW, Rank::Glue, &[address("a", 60, 2)]);
        assert_eq!(get(&cache, 0, "a", RecordType::A).unwrap(), [address("a", 60, 1)]);
        // Until they have expired.
        let later = NOW + Duration::from_secs(60);
        cache.keep(later, Rank::Glue, &[address("a", 60, 2)]);
        assert_eq!(get(&cache, 60, "a", RecordType::A).unwrap(), [address("a", 60, 2)]);
    }

    #[test]
    fn a_full_cache_drops_what_expires_soonest() {
        let mut cache = Cache::new(3, 86_400, 3_600);
        for (owner, ttl) in [("a", 30), ("b", 10), ("c", 20)] {
            cache.keep(NOW, Rank::Authority, &[address(owner, ttl, 1)]);
        }
        assert_eq!(cache.len(), 3);
        cache.keep(NOW, Rank::Authority, &[address("d", 40, 1)]);
        assert_eq!((cache.len(), get(&cache, 0, "b", RecordType::A)), (3, None));
        assert!(get(&cache, 0, "c", RecordType::A).is_some());
    }

    #[test]
    fn a_ghost_domain_dies_with_its_delegation() {
        let mut cache = Cache::new(9, 86_400, 3_600);
        cache.keep(NOW, Rank::Referral, &[ns(60)]);
        cache.keep(NOW, Rank::Authority, &[ns(600)]);
        assert!(get(&cache, 59, "z", RecordType::NS).is_some());
        assert!(get(&cache, 60, "z", RecordType::NS).is_none());
    }

    #[test]
    fn servers_that_cannot_be_reached_are_no_delegation() {
        let mut cache = Cache::new(9, 86_400, 3_600);
        let zone: Name = "z".parse().unwrap();
        let server: Name = "ns.z".parse().unwrap();
        let data = Rdata::Ns { server: server.view() };
        cache.keep(NOW, Rank::Referral, &[Record::new(zone.clone(), 60, data)]);
        assert!(cache.delegation(NOW, zone.view()).is_none());
        cache.keep(NOW, Rank::Glue, &[address("ns.z", 60, 1)]);
        assert_eq!(cache.delegation(NOW, zone.view()), Some((zone, alloc::vec![server])));
    }
}
