//! One answer in the making (RFC 1034 §4.3.2, step 3).
use alloc::vec::Vec;

use super::denial::Proof;
use super::{Config, Outcome, Rotation};
use crate::error::Error;
use crate::key::Key;
use crate::message::Section;
use crate::name::{Name, NameRef};
use crate::number::{Rcode, RecordType};
use crate::rdata::Rdata;
use crate::writer::Writer;
use crate::zone::{Found, NodeRef, Place, RrSetRef, Zone, covered};

pub(super) struct Answering<'a, 'w, 'b> {
    pub(super) zone: &'a Zone,
    pub(super) writer: &'w mut Writer<'b>,
    pub(super) rtype: RecordType,
    pub(super) config: &'w Config,
    /// Whether signatures and proofs are wanted.
    pub(super) dnssec: bool,
    pub(super) turn: u64,
    /// Names that a wildcard stands for in the answer, and labels of their closest enclosers.
    expanded: Vec<(Name, usize)>,
    /// The keys of proofs that were written.
    pub(super) proven: Vec<&'a [u8]>,
}

/// What comes after a name was looked up.
enum Step {
    Follow(Name),
    End(Outcome),
}

impl<'a, 'w, 'b> Answering<'a, 'w, 'b> {
    pub(super) fn new(
        zone: &'a Zone,
        writer: &'w mut Writer<'b>,
        rtype: RecordType,
        config: &'w Config,
    ) -> Self {
        let (dnssec, turn) = (false, 0);
        Self { zone, writer, rtype, config, dnssec, turn, expanded: Vec::new(), proven: Vec::new() }
    }

    /// Follows the name through the zone.
    pub(super) fn run(&mut self, asked: NameRef<'_>, key: &Key) -> Outcome {
        self.writer.header().authoritative = true;
        let mut step = self.link(&asked.to_name(), key, true);
        for followed in 0..=self.config.cnames {
            let name = match step {
                Step::Follow(target) => target,
                Step::End(outcome) => return outcome,
            };
            if followed == self.config.cnames || !name.is_within(self.zone.apex().view()) {
                break;
            }
            step = self.link(&name, &Key::new(name.view()), false);
        }
        self.prove_expanded();
        Outcome::Answer
    }

    /// Goes one link of a chain of aliases.
    fn link(&mut self, name: &Name, key: &Key, first: bool) -> Step {
        let Place { found, encloser } = self.zone.find(key, self.rtype == RecordType::DS);
        match found {
            Found::Cut(cut) => Step::End(self.refer(cut, first)),
            Found::Redirected(node) => self.redirect(node, name),
            Found::Node(node) => self.node(node, name, key, None),
            Found::Wildcard(Some(node)) => self.node(node, name, key, Some(encloser)),
            Found::Wildcard(None) => {
                self.deny(Outcome::NoData, &Proof::WildcardType { name, key, encloser })
            }
            Found::Empty => self.deny(Outcome::NoData, &Proof::Type { name, key }),
            // RFC 6604 §3: the rcode is about the last name of the chain.
            Found::Nothing => self.deny(Outcome::NxDomain, &Proof::Name { name, key, encloser }),
        }
    }

    /// Answers from a node: the name's own, or a wildcard below the `encloser`.
    fn node(&mut self, node: NodeRef<'a>, name: &Name, key: &Key, encloser: Option<usize>) -> Step {
        // RFC 4034 §4: what stands beside an alias is asked for there, and not where it leads.
        let alias = !matches!(
            self.rtype,
            RecordType::CNAME | RecordType::ANY | RecordType::NSEC | RecordType::RRSIG
        );
        let alias = node.set(RecordType::CNAME).filter(|_| alias);
        let set = alias.or_else(|| self.asked(node));
        let Some(set) = set else {
            return match encloser {
                None => self.deny(Outcome::NoData, &Proof::Type { name, key }),
                Some(encloser) => {
                    self.deny(Outcome::NoData, &Proof::WildcardType { name, key, encloser })
                }
            };
        };
        if let Some(encloser) = encloser.filter(|_| self.dnssec) {
            self.expanded.push((name.clone(), encloser));
        }
        let whole = self.put(Section::Answer, name.view(), node, set, set.ttl);
        if let Some(Rdata::Cname { target }) = alias.and_then(RrSetRef::first) {
            return Step::Follow(target.to_name());
        }
        self.prove_expanded();
        if whole {
            self.servers(node, set);
            self.addresses(name.view(), set);
        }
        Step::End(Outcome::Answer)
    }

    /// Returns the set that is asked for.
    fn asked(&self, node: NodeRef<'a>) -> Option<RrSetRef<'a>> {
        match self.rtype {
            // RFC 8482 §4.1: one RRset is answer enough to ANY.
            RecordType::ANY => node.sets().find(|set| set.rtype != RecordType::RRSIG),
            rtype => node.set(rtype),
        }
    }

    /// Writes a DNAME and the CNAME that follows from it (RFC 6672 §3.1).
    fn redirect(&mut self, node: NodeRef<'a>, name: &Name) -> Step {
        let failed = |rcode| Step::End(Outcome::Failed(rcode));
        let set = node.set(RecordType::DNAME);
        let Some((set, Rdata::Dname { target })) = set.and_then(|set| Some((set, set.first()?)))
        else {
            return failed(Rcode::SERVFAIL);
        };
        self.put(Section::Answer, node.name, node, set, set.ttl);
        let above = name.labels().count() - node.name.labels().count();
        let moved = Name::from_labels(name.labels().take(above).chain(target.labels()));
        // RFC 6672 §2.2: the new name is too long.
        let Ok(moved) = moved else { return failed(Rcode::YXDOMAIN) };
        let cname = Rdata::Cname { target: moved.view() };
        let _ = self.writer.data(name.view(), self.zone.class(), set.ttl, &cname);
        Step::Follow(moved)
    }

    /// Writes the servers of the zone below, how it is signed, and addresses that are known here.
    fn refer(&mut self, cut: NodeRef<'a>, first: bool) -> Outcome {
        // RFC 1034 §4.2.1: the parent is no authority for the child.
        self.writer.header().authoritative = !first;
        if let Some(set) = cut.set(RecordType::NS)
            && self.put(Section::Authority, cut.name, cut, set, set.ttl)
        {
            self.secure(cut);
            self.prove_expanded();
            self.glue(cut, set);
        }
        if first { Outcome::Referral } else { Outcome::Answer }
    }

    /// Writes the DS records of a cut, or that there are none (RFC 4035 §3.1.4).
    fn secure(&mut self, cut: NodeRef<'a>) {
        match cut.set(RecordType::DS) {
            _ if !self.dnssec => {}
            Some(set) => {
                self.put(Section::Authority, cut.name, cut, set, set.ttl);
            }
            None => {
                let (name, key) = (cut.name.to_name(), Key::new(cut.name));
                self.prove(&Proof::Type { name: &name, key: &key });
            }
        }
    }

    /// Writes the SOA that says how long there will be nothing (RFC 2308 §3), and the proof.
    fn deny(&mut self, outcome: Outcome, proof: &Proof<'_>) -> Step {
        if let Some(apex) = self.zone.apex_node() {
            let soa = self.zone.soa();
            self.put(Section::Authority, apex.name, apex, soa, soa.ttl.min(soa.minimum()));
        }
        self.prove_expanded();
        self.prove(proof);
        Step::End(outcome)
    }

    /// Proves that no name was nearer than the wildcards in the answer (RFC 4035 §3.1.3.3).
    fn prove_expanded(&mut self) {
        for (name, encloser) in core::mem::take(&mut self.expanded) {
            let key = Key::new(name.view());
            self.prove(&Proof::Expanded { name: &name, key: &key, encloser });
        }
    }

    /// Names the zone's servers, if they are not the answer.
    fn servers(&mut self, node: NodeRef<'a>, set: RrSetRef<'a>) {
        if !self.config.servers {
            return;
        }
        let Some(apex) = self.zone.apex_node() else { return };
        if node.key == apex.key && set.rtype == RecordType::NS {
            return;
        }
        if let Some(set) = apex.set(RecordType::NS)
            && self.put(Section::Authority, apex.name, apex, set, set.ttl)
        {
            self.addresses(apex.name, set);
        }
    }

    /// Writes an RRset and its signatures whole, or nothing of it.
    pub(super) fn put(
        &mut self,
        section: Section,
        owner: NameRef<'_>,
        node: NodeRef<'a>,
        set: RrSetRef<'a>,
        ttl: u32,
    ) -> bool {
        // After a truncated section nothing more is worth its octets.
        if self.writer.header().truncated || self.writer.section(section).is_err() {
            return false;
        }
        let mark = self.writer.mark();
        let mut written = self.put_data(owner, node, set, ttl);
        if written.is_ok() && self.dnssec {
            written = self.put_signatures(owner, node, set.rtype, ttl);
        }
        if written.is_err() {
            self.writer.rollback(mark);
            self.writer.header().truncated = section != Section::Additional;
        }
        written.is_ok()
    }

    fn put_data(
        &mut self,
        owner: NameRef<'_>,
        node: NodeRef<'a>,
        set: RrSetRef<'a>,
        ttl: u32,
    ) -> Result<(), Error> {
        let (class, signature) = (self.zone.class(), set.rtype == RecordType::RRSIG);
        let mut put = |octets: &[u8]| {
            let ttl = if signature { node.ttl(&set, octets) } else { ttl };
            self.writer.checked(owner, class, ttl, (set.rtype, octets))
        };
        let count = u64::from(set.count.max(1));
        match self.config.rotation {
            Rotation::Cyclic if count > 1 => {
                let first = usize::try_from(self.turn % count).unwrap_or_default();
                set.octets().skip(first).chain(set.octets().take(first)).try_for_each(put)
            }
            Rotation::Random if count > 1 => shuffled(set, self.turn).into_iter().try_for_each(put),
            _ => set.octets().try_for_each(&mut put),
        }
    }

    fn put_signatures(
        &mut self,
        owner: NameRef<'_>,
        node: NodeRef<'a>,
        rtype: RecordType,
        ttl: u32,
    ) -> Result<(), Error> {
        let (class, rrsig) = (self.zone.class(), RecordType::RRSIG);
        let signatures = node.set(rrsig).into_iter().flat_map(RrSetRef::octets);
        signatures
            .filter(|octets| covered(rrsig, octets) == Some(rtype))
            .try_for_each(|octets| self.writer.checked(owner, class, ttl, (rrsig, octets)))
    }
}

/// Fisher and Yates' shuffle.
fn shuffled<'z>(set: RrSetRef<'z>, seed: u64) -> Vec<&'z [u8]> {
    let mut all: Vec<_> = set.octets().collect();
    let mut state = seed;
    for left in (1..all.len()).rev() {
        state = mix(state);
        let bound = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
        all.swap(left, usize::try_from(state % bound).unwrap_or_default());
    }
    all
}

/// One step of splitmix64: nothing secret hangs on an order.
const fn mix(state: u64) -> u64 {
    let mixed = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
