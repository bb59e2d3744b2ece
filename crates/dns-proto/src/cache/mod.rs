//! What is known for a while: RRsets by trust (RFC 2181 §5.4.1), and answers made of them.
mod data;
mod rrset;
mod store;
mod table;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use proto_core::Instant;

#[cfg(feature = "dnssec")]
use crate::dnssec::Hashing;
use crate::key::Key;
use crate::name::{Name, NameRef};
use crate::number::{Rcode, RecordType};

pub(crate) use data::Loaded;
pub(crate) use rrset::{Answer, Rank, RrSet, Security};
pub(crate) use store::Store;
pub(crate) use table::HashKey;
use table::Table;

/// Two bounded stores: of RRsets, and of answers to questions.
#[derive(Debug)]
pub(crate) struct Cache {
    sets: Table<Arc<RrSet>>,
    answers: Table<Arc<Answer>>,
    /// NSEC records that have been verified, by owner, and until when they answer for other names
    /// (RFC 8198).
    proofs: Store<(Arc<RrSet>, Instant)>,
    /// NSEC3 records that have been verified, by zone and hash; and how zones hash.
    #[cfg(feature = "dnssec")]
    hashed: Store<(Arc<RrSet>, Instant)>,
    #[cfg(feature = "dnssec")]
    hashings: Table<Hashing>,
    /// What parents said of their children's servers, whatever the children say.
    parents: Table<Parent>,
}

/// A delegation as the parent has it.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) servers: Arc<RrSet>,
    pub(crate) glue: Vec<Arc<RrSet>>,
}

impl Cache {
    /// Makes a cache of so many RRsets and as many answers.
    pub(crate) const fn new(bound: usize, key: HashKey) -> Self {
        Self {
            sets: Table::new(bound, key),
            answers: Table::new(bound, key),
            proofs: Store::new(bound),
            #[cfg(feature = "dnssec")]
            hashed: Store::new(bound),
            #[cfg(feature = "dnssec")]
            hashings: Table::new(bound, key),
            parents: Table::new(bound, key),
        }
    }

    /// Returns the number of RRsets.
    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.sets.clear();
        self.answers.clear();
        self.proofs.clear();
        #[cfg(feature = "dnssec")]
        self.hashed.clear();
        #[cfg(feature = "dnssec")]
        self.hashings.clear();
        self.parents.clear();
    }

    /// Keeps an RRset, unless what is known is better; returns the one that holds.
    pub(crate) fn keep(&mut self, now: Instant, set: RrSet) -> Arc<RrSet> {
        self.keep_or_renew(now, set, Duration::ZERO)
    }

    /// Keeps an RRset; what is known and has no more than `leeway` left is as good as expired, for
    /// it was asked for to be renewed.
    pub(crate) fn keep_or_renew(
        &mut self,
        now: Instant,
        mut set: RrSet,
        leeway: Duration,
    ) -> Arc<RrSet> {
        // A parent and its child may each have one where they meet, and neither stands for the
        // other: they stay with the answers that they prove.
        if matches!(set.rtype, RecordType::NSEC | RecordType::NSEC3) {
            return Arc::new(set);
        }
        let now = now + leeway;
        if let Some(known) =
            self.sets.get(set.owner.view(), set.rtype).filter(|known| known.is_fresh(now))
        {
            let better = match known.security {
                Security::Secure if set.security != Security::Secure => false,
                _ if set.security == Security::Secure && known.security != set.security => true,
                _ if set.rank == known.rank => !set.same(known),
                _ => set.rank > known.rank,
            };
            if !better {
                return known.clone();
            }
            // Whoever has a zone's servers must not prolong it by naming them anew: the parent is
            // asked again when its own word runs out ("ghost domains", CVE-2012-1192).
            let ghost = set.rtype == RecordType::NS && known.expires < set.expires;
            if ghost && set.security != Security::Secure {
                (set.expires, set.ttl) = (known.expires, known.ttl);
            }
        }
        let set = Arc::new(set);
        self.sets.put(set.owner.view(), set.rtype, set.clone());
        set
    }

    /// Returns the RRset that is kept, if it is just this one: so it is in memory once.
    pub(crate) fn shared(&self, now: Instant, set: RrSet) -> Arc<RrSet> {
        let known = self.sets.get(set.owner.view(), set.rtype);
        let same =
            |known: &&Arc<RrSet>| known.is_fresh(now) && known.rank == set.rank && known.same(&set);
        known.filter(same).cloned().unwrap_or_else(|| Arc::new(set))
    }

    /// Returns what is known, if it is believed at least so much.
    pub(crate) fn get(
        &self,
        now: Instant,
        name: NameRef<'_>,
        rtype: RecordType,
        rank: Rank,
    ) -> Option<Arc<RrSet>> {
        let set = self.sets.get(name, rtype)?;
        (set.is_fresh(now) && set.rank >= rank && set.security != Security::Bogus)
            .then(|| set.clone())
    }

    /// Forgets an RRset.
    pub(crate) fn forget_set(&mut self, name: NameRef<'_>, rtype: RecordType) {
        self.sets.remove(name, rtype);
    }

    /// Keeps the answer to a question.
    pub(crate) fn keep_answer(
        &mut self,
        name: NameRef<'_>,
        rtype: RecordType,
        answer: Arc<Answer>,
    ) {
        self.answers.put(name, rtype, answer);
    }

    /// Returns the answer to a question, however old it is.
    pub(crate) fn answer(&self, name: NameRef<'_>, rtype: RecordType) -> Option<Arc<Answer>> {
        self.answers.get(name, rtype).cloned()
    }

    /// Lends the answer to a question, however old it is.
    pub(crate) fn lend(&self, name: NameRef<'_>, rtype: RecordType) -> Option<&Answer> {
        self.answers.get(name, rtype).map(|answer| &**answer)
    }

    /// Forgets the answer to a question.
    pub(crate) fn forget_answer(&mut self, name: NameRef<'_>, rtype: RecordType) {
        self.answers.remove(name, rtype);
    }

    /// Returns the answer that a name above this one does not exist: then this one does not either
    /// (RFC 8020). Only what is proven is believed of other names.
    pub(crate) fn nxdomain_above(&self, now: Instant, name: NameRef<'_>) -> Option<Arc<Answer>> {
        core::iter::successors(name.parent(), |name| name.parent()).find_map(|above| {
            [RecordType::A, RecordType::AAAA, RecordType::NS, RecordType::DS].iter().find_map(
                |&rtype| {
                    self.answer(above, rtype).filter(|answer| {
                        answer.rcode == Rcode::NXDOMAIN
                            && answer.answers.is_empty()
                            && answer.is_fresh(now)
                            && answer.security == Security::Secure
                    })
                },
            )
        })
    }

    /// Returns all addresses known for a host, however little they are to be believed.
    pub(crate) fn addresses(&self, now: Instant, host: NameRef<'_>) -> Vec<IpAddr> {
        let types = [RecordType::A, RecordType::AAAA].into_iter();
        let sets = types.filter_map(|rtype| self.get(now, host, rtype, Rank::Additional));
        sets.flat_map(|set| {
            set.data.iter().filter_map(|it| it.view().address()).collect::<Vec<_>>()
        })
        .collect()
    }

    /// Returns the lowest zone at or above a name whose servers are known.
    pub(crate) fn delegation(&self, now: Instant, name: NameRef<'_>) -> Option<Arc<RrSet>> {
        core::iter::successors(Some(name), |name| name.parent())
            .find_map(|zone| self.get(now, zone, RecordType::NS, Rank::Additional))
    }

    /// Keeps what a parent says of its child.
    pub(crate) fn keep_parent(&mut self, servers: Arc<RrSet>, glue: Vec<Arc<RrSet>>) {
        let zone = servers.owner.clone();
        self.parents.put(zone.view(), RecordType::NS, Parent { servers, glue });
    }

    /// Returns what a zone's parent said of it.
    pub(crate) fn parent(&self, now: Instant, zone: NameRef<'_>) -> Option<Parent> {
        let parent = self.parents.get(zone, RecordType::NS)?;
        parent.servers.is_fresh(now).then(|| parent.clone())
    }

    /// Keeps a verified NSEC record, to answer from until then (RFC 8198).
    pub(crate) fn keep_proof(&mut self, set: Arc<RrSet>, until: Instant) {
        self.proofs.put(Key::new(set.owner.view()).octets(), (set, until));
    }

    /// Returns the verified NSEC record at a name, or the nearest before it.
    pub(crate) fn proof(&self, now: Instant, name: NameRef<'_>) -> Option<Arc<RrSet>> {
        let (set, until) = self.proofs.before(Key::new(name).octets())?;
        (*until > now && set.is_fresh(now)).then(|| set.clone())
    }
}

#[cfg(feature = "dnssec")]
impl Cache {
    /// Keeps a verified NSEC3 record.
    pub(crate) fn keep_hashed(
        &mut self,
        hashing: Hashing,
        hash: &[u8],
        set: (Arc<RrSet>, Instant),
    ) {
        self.hashed.put(&hash_key(&hashing.zone, hash), set);
        let zone = hashing.zone.clone();
        self.hashings.put(zone.view(), RecordType::NSEC3PARAM, hashing);
    }

    /// Returns how the lowest zone at or above a name hashes, of which there are records.
    pub(crate) fn hashing(&self, name: NameRef<'_>) -> Option<&Hashing> {
        core::iter::successors(Some(name), |name| name.parent())
            .find_map(|zone| self.hashings.get(zone, RecordType::NSEC3PARAM))
    }

    /// Returns the verified NSEC3 record of a zone at a hash, or the nearest before it; before the
    /// first comes the last.
    pub(crate) fn hashed(&self, now: Instant, zone: &Name, hash: &[u8]) -> Option<Arc<RrSet>> {
        let own = |(set, until): &&(Arc<RrSet>, Instant)| {
            *until > now && set.is_fresh(now) && set.owner.parent().as_ref() == Some(zone)
        };
        let before = self.hashed.before(&hash_key(zone, hash)).filter(own);
        let last = || self.hashed.before(&hash_key(zone, &[0xff; 20])).filter(own);
        before.or_else(last).map(|(set, _)| set.clone())
    }
}

/// A zone in sorting order, and a hash behind it: no name's key has a zero there.
#[cfg(feature = "dnssec")]
fn hash_key(zone: &Name, hash: &[u8]) -> Vec<u8> {
    [Key::new(zone.view()).octets(), &[0], hash].concat()
}

/// Names of servers as an RRset has them.
pub(crate) fn servers(set: &RrSet, most: usize) -> Vec<Name> {
    set.servers().take(most).collect()
}

#[cfg(test)]
mod tests;
