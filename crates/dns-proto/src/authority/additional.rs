//! What is useful beside an answer: the addresses of the hosts that it names.
use super::answer::Answering;
use crate::key::Key;
use crate::message::Section;
use crate::name::NameRef;
use crate::number::RecordType;
use crate::rdata::Rdata;
use crate::zone::{Found, NodeRef, RrSetRef};

impl<'a> Answering<'a, '_, '_> {
    /// Adds the addresses of the hosts that an RRset names (RFC 1035 §3.3.9, RFC 2782, RFC 9460
    /// §4.1).
    pub(super) fn addresses(&mut self, owner: NameRef<'_>, set: RrSetRef<'a>) {
        if !self.config.additional {
            return;
        }
        let service = matches!(set.rtype, RecordType::SVCB | RecordType::HTTPS);
        for target in set.data().filter_map(target) {
            // RFC 9460 §2.5.2: the root stands for the owner.
            let target = if service && target.is_root() { owner } else { target };
            if !target.is_within(self.zone.apex().view()) {
                continue;
            }
            let place = self.zone.find(&Key::new(target), false);
            if let Found::Node(node) | Found::Wildcard(Some(node)) = place.found {
                self.put_addresses(target, node);
                let more = node.set(set.rtype).filter(|_| service && target != owner);
                if let Some(more) = more {
                    self.put(Section::Additional, target, node, more, more.ttl);
                }
            }
        }
    }

    /// Adds the addresses of the servers below a cut.
    pub(super) fn glue(&mut self, cut: NodeRef<'a>, set: RrSetRef<'a>) {
        for target in set.data().filter_map(target) {
            let node = self.zone.node(target);
            let all = node.is_none_or(|node| self.put_addresses(target, node));
            // RFC 9471 §3.1: without glue from inside the child, it cannot be reached.
            if !all && target.is_within(cut.name) {
                self.writer.header().truncated = true;
            }
        }
    }

    fn put_addresses(&mut self, owner: NameRef<'_>, node: NodeRef<'a>) -> bool {
        [RecordType::A, RecordType::AAAA].into_iter().fold(true, |all, rtype| {
            let set = node.set(rtype);
            all & set.is_none_or(|set| self.put(Section::Additional, owner, node, set, set.ttl))
        })
    }
}

/// Returns the host that data name, if its addresses are worth adding.
const fn target(data: Rdata<'_>) -> Option<NameRef<'_>> {
    match data {
        Rdata::Ns { server: target }
        | Rdata::Mx { exchange: target, .. }
        | Rdata::Srv { target, .. }
        | Rdata::Svcb { target, .. }
        | Rdata::Https { target, .. } => Some(target),
        _ => None,
    }
}
