//! What is known for a while: RRsets by trust (RFC 2181 §5.4.1), and answers made of them.
mod rrset;
mod store;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use proto_core::Instant;

use crate::key::Key;
use crate::name::{Name, NameRef};
use crate::number::{Rcode, RecordType};

pub(crate) use rrset::{Answer, Rank, RrSet, Security};
pub(crate) use store::Store;

/// Two bounded stores: of RRsets, and of answers to questions.
#[derive(Debug)]
pub(crate) struct Cache {
    sets: Store<Arc<RrSet>>,
    answers: Store<Arc<Answer>>,
    /// NSEC records that have been verified, by owner, and until when they answer for other names
    /// (RFC 8198).
    proofs: Store<(Arc<RrSet>, Instant)>,
    /// What parents said of their children's servers, whatever the children say.
    parents: Store<Parent>,
}

/// A delegation as the parent has it.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) servers: Arc<RrSet>,
    pub(crate) glue: Vec<Arc<RrSet>>,
}

impl Cache {
    /// Makes a cache of so many RRsets and as many answers.
    pub(crate) const fn new(bound: usize) -> Self {
        Self {
            sets: Store::new(bound),
            answers: Store::new(bound),
            proofs: Store::new(bound),
            parents: Store::new(bound),
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
        let now = now + leeway;
        let key = key(set.owner.view(), set.rtype);
        if let Some(known) = self.sets.get(&key).filter(|known| known.is_fresh(now)) {
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
        self.sets.put(&key, set.clone());
        set
    }

    /// Returns what is known, if it is believed at least so much.
    pub(crate) fn get(
        &self,
        now: Instant,
        name: NameRef<'_>,
        rtype: RecordType,
        rank: Rank,
    ) -> Option<Arc<RrSet>> {
        let set = self.sets.get(&key(name, rtype))?;
        (set.is_fresh(now) && set.rank >= rank && set.security != Security::Bogus)
            .then(|| set.clone())
    }

    /// Forgets an RRset.
    pub(crate) fn forget_set(&mut self, name: NameRef<'_>, rtype: RecordType) {
        self.sets.remove(&key(name, rtype));
    }

    /// Keeps the answer to a question.
    pub(crate) fn keep_answer(
        &mut self,
        name: NameRef<'_>,
        rtype: RecordType,
        answer: Arc<Answer>,
    ) {
        self.answers.put(&key(name, rtype), answer);
    }

    /// Returns the answer to a question, however old it is.
    pub(crate) fn answer(&self, name: NameRef<'_>, rtype: RecordType) -> Option<Arc<Answer>> {
        self.answers.get(&key(name, rtype)).cloned()
    }

    /// Forgets the answer to a question.
    pub(crate) fn forget_answer(&mut self, name: NameRef<'_>, rtype: RecordType) {
        self.answers.remove(&key(name, rtype));
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
        let key = key(servers.owner.view(), RecordType::NS);
        self.parents.put(&key, Parent { servers, glue });
    }

    /// Returns what a zone's parent said of it.
    pub(crate) fn parent(&self, now: Instant, zone: NameRef<'_>) -> Option<Parent> {
        let parent = self.parents.get(&key(zone, RecordType::NS))?;
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

/// A name in sorting order, and the type behind it.
fn key(name: NameRef<'_>, rtype: RecordType) -> Vec<u8> {
    let mut key = Key::new(name).octets().to_vec();
    key.extend_from_slice(&rtype.number().to_be_bytes());
    key
}

/// Names of servers as an RRset has them.
pub(crate) fn servers(set: &RrSet, most: usize) -> Vec<Name> {
    set.servers().take(most).collect()
}

#[cfg(test)]
mod tests;
