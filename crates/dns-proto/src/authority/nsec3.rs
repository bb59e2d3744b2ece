//! Proofs by NSEC3, of names that are hashed (RFC 5155 §7.2).
use alloc::vec::Vec;

use sha1::{Digest, Sha1};

use super::answer::Answering;
use super::denial::Proof;
use crate::key::Key;
use crate::name::Name;
use crate::number::RecordType;
use crate::rdata::Rdata;
use crate::zone::{NodeRef, Zone};

/// How the zone's names are hashed (RFC 5155 §4).
#[derive(Clone, Copy)]
struct Hashing<'z> {
    zone: &'z Zone,
    iterations: u16,
    salt: &'z [u8],
}

impl<'a> Answering<'a, '_, '_> {
    pub(super) fn prove_hashed(&mut self, proof: &Proof<'_>) {
        let hashing = Hashing::of(self.zone);
        let hashing = hashing.filter(|it| it.iterations <= self.config.iterations);
        let Some(hashing) = hashing else { return };
        match *proof {
            Proof::Type { name, .. } => self.prove_type(hashing, name),
            Proof::Name { name, encloser, .. } => {
                self.prove_encloser(hashing, name, encloser);
                self.put_nsec3(hashing.covering(&wildcard(name, encloser)));
            }
            Proof::WildcardType { name, encloser, .. } => {
                self.prove_encloser(hashing, name, encloser);
                self.put_nsec3(hashing.matching(&wildcard(name, encloser)));
            }
            // RFC 5155 §7.2.6.
            Proof::Expanded { name, encloser, .. } => {
                self.put_nsec3(hashing.covering(&ancestor(name, encloser + 1)));
            }
        }
    }

    /// RFC 5155 §7.2.3 and §7.2.4: the name's own record or, if it was left out for the opt-out,
    /// that of the closest encloser that has one.
    fn prove_type(&mut self, hashing: Hashing<'a>, name: &Name) {
        let depth = name.labels().count();
        match hashing.matching(name) {
            Some(node) => self.put_nsec3(Some(node)),
            None => self.prove_encloser(hashing, name, depth.saturating_sub(1)),
        }
    }

    /// RFC 5155 §7.2.1: the closest encloser that can be proven, and that nothing is between.
    fn prove_encloser(&mut self, hashing: Hashing<'a>, name: &Name, encloser: usize) {
        for depth in (self.zone.depth()..=encloser).rev() {
            if let Some(node) = hashing.matching(&ancestor(name, depth)) {
                self.put_nsec3(Some(node));
                return self.put_nsec3(hashing.covering(&ancestor(name, depth + 1)));
            }
        }
    }

    fn put_nsec3(&mut self, node: Option<NodeRef<'a>>) {
        if let Some(node) = node {
            self.put_proof(node, RecordType::NSEC3);
        }
    }
}

/// Records of other chains that are passed over: a zone has two while one replaces the other.
const STEPS: usize = 16;

impl<'z> Hashing<'z> {
    fn of(zone: &'z Zone) -> Option<Self> {
        let sets = zone.apex_node()?.set(RecordType::NSEC3PARAM)?;
        sets.data().find_map(|data| match data {
            // RFC 5155 §4.1.2: one with flags is not to be used; 1 is the one hash there is.
            Rdata::Nsec3param { hash_algorithm: 1, flags: 0, iterations, salt } => {
                Some(Self { zone, iterations, salt: salt.octets() })
            }
            _ => None,
        })
    }

    /// RFC 5155 §5.
    fn hash(&self, name: &Name) -> [u8; 20] {
        let round = |octets: &[u8]| Sha1::new().chain_update(octets).chain_update(self.salt);
        let first = round(name.to_lowercase().wire()).finalize();
        (0..self.iterations).fold(first, |hash, _| round(&hash).finalize()).into()
    }

    fn key(&self, name: &Name) -> Vec<u8> {
        let mut key = Key::new(self.zone.apex().view()).octets().to_vec();
        put_base32(&self.hash(name), &mut key);
        key.push(0);
        key
    }

    fn matching(&self, name: &Name) -> Option<NodeRef<'z>> {
        self.zone.hashes().get(&self.key(name)).filter(|node| self.is_own(*node))
    }

    /// Finds the record in whose gap the name is; the last one's goes round to the first.
    fn covering(&self, name: &Name) -> Option<NodeRef<'z>> {
        let hashes = self.zone.hashes();
        let mut position = hashes.lower_bound(&self.key(name));
        for _ in 0..STEPS {
            position = hashes.previous(position).or_else(|| hashes.last())?;
            let node = hashes.at(position)?;
            if self.is_own(node) {
                return Some(node);
            }
        }
        None
    }

    fn is_own(&self, node: NodeRef<'_>) -> bool {
        node.set(RecordType::NSEC3).is_some_and(|set| {
            set.data().any(|data| match data {
                Rdata::Nsec3 { iterations, salt, .. } => {
                    (iterations, salt.octets()) == (self.iterations, self.salt)
                }
                _ => false,
            })
        })
    }
}

/// Returns the ancestor with so many labels.
fn ancestor(name: &Name, depth: usize) -> Name {
    let extra = name.labels().count().saturating_sub(depth);
    Name::from_labels(name.labels().skip(extra)).expect("labels of a name, and no more of them")
}

/// Returns the wildcard below an ancestor of the name that is not the name itself.
fn wildcard(name: &Name, encloser: usize) -> Name {
    let encloser = ancestor(name, encloser);
    Name::from_labels([&b"*"[..]].into_iter().chain(encloser.labels()))
        .expect("the name has a label more than its encloser, of an octet at least")
}

/// Appends twenty octets as 32 small letters and digits (RFC 4648 §7).
fn put_base32(hash: &[u8; 20], out: &mut Vec<u8>) {
    for &[a, b, c, d, e] in hash.as_chunks().0 {
        let group = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
        for shift in (0..8).rev() {
            let digit = (group >> (5 * shift)) & 31;
            let digit = usize::try_from(digit).unwrap_or_default();
            out.extend(b"0123456789abcdefghijklmnopqrstuv".get(digit));
        }
    }
}
