//! Proofs that something is not there: which, and by NSEC (RFC 4035 §3.1.3).
use super::answer::Answering;
use crate::key::Key;
use crate::message::Section;
use crate::name::Name;
use crate::number::RecordType;
use crate::zone::{Found, NodeRef, Zone};

/// What is to be proven.
pub(super) enum Proof<'n> {
    /// That the name has not the type, or as a cut no DS.
    Type { name: &'n Name, key: &'n Key },
    /// That there is no such name, and no wildcard that covers it.
    Name { name: &'n Name, key: &'n Key, encloser: usize },
    /// That there is no such name, and the wildcard that covers it has not the type.
    WildcardType { name: &'n Name, key: &'n Key, encloser: usize },
    /// That there is no such name: a wildcard was right to stand for it.
    Expanded { name: &'n Name, key: &'n Key, encloser: usize },
}

impl<'a> Answering<'a, '_, '_> {
    /// Writes the records that prove it, if they are wanted and the zone has them.
    pub(super) fn prove(&mut self, proof: &Proof<'_>) {
        if !self.dnssec {
            return;
        }
        let Some(apex) = self.zone.apex_node() else { return };
        if apex.has(RecordType::NSEC3PARAM) {
            self.prove_hashed(proof);
        } else if apex.has(RecordType::NSEC) {
            self.prove_plain(proof);
        }
    }

    fn prove_plain(&mut self, proof: &Proof<'_>) {
        match *proof {
            Proof::Type { key, .. } | Proof::Expanded { key, .. } => self.put_nsec(key.octets()),
            Proof::Name { key, encloser, .. } | Proof::WildcardType { key, encloser, .. } => {
                self.put_nsec(key.octets());
                self.put_nsec(&[key.ancestor(encloser), b"*\0"].concat());
            }
        }
    }

    fn put_nsec(&mut self, key: &[u8]) {
        if let Some(node) = nearest(self.zone, key) {
            self.put_proof(node, RecordType::NSEC);
        }
    }

    /// Writes a proof, once.
    pub(super) fn put_proof(&mut self, node: NodeRef<'a>, rtype: RecordType) {
        let Some(set) = node.set(rtype).filter(|_| !self.proven.contains(&node.key)) else {
            return;
        };
        if self.put(Section::Authority, node.name, node, set, set.ttl) {
            self.proven.push(node.key);
        }
    }
}

/// Nodes without NSEC that are passed over, in a zone that is not signed as it should be.
const STEPS: usize = 16;

/// Finds the NSEC record of a name or, as it has none, of the one before it.
fn nearest<'z>(zone: &'z Zone, key: &[u8]) -> Option<NodeRef<'z>> {
    let names = zone.names();
    let mut position = names.lower_bound(key);
    let own = |node: &NodeRef<'_>| node.key == key && node.has(RecordType::NSEC);
    if let Some(node) = names.at(position).filter(own) {
        return Some(node);
    }
    for _ in 0..STEPS {
        position = names.previous(position)?;
        let node = names.at(position)?;
        if node.has(RecordType::NSEC) {
            return Some(node);
        }
        // Glue has none: the cut above it has.
        if let Found::Cut(cut) = zone.find(&Key::new(node.name), false).found {
            return Some(cut);
        }
    }
    None
}
