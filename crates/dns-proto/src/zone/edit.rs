//! Changes to a zone, gathered until they become its next version.
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::build::is_hash;
use super::tree::{Encode, NodeRef, RrSetRef, Tree};
use super::{Zone, is_beside};
use crate::key::Key;
use crate::name::{Name, NameRef};
use crate::number::RecordType;
use crate::rdata::Rdata;
use crate::record::{Data, Record};

/// A zone and what shall be different.
#[derive(Clone, Debug)]
pub(crate) struct Edit<'z> {
    zone: &'z Zone,
    nodes: Nodes,
    hashes: Nodes,
}

type Nodes = BTreeMap<Box<[u8]>, Node>;

impl<'z> Edit<'z> {
    pub(crate) const fn new(zone: &'z Zone) -> Self {
        Self { zone, nodes: BTreeMap::new(), hashes: BTreeMap::new() }
    }

    pub(crate) const fn zone(&self) -> &'z Zone {
        self.zone
    }

    /// Lends what is at a name, as it has become, to change it.
    pub(crate) fn node(&mut self, name: NameRef<'_>) -> &mut Node {
        load(&mut self.nodes, &self.zone.nodes, name)
    }

    /// Lends what is at the name of some data: names and hashes are apart.
    pub(crate) fn node_for(&mut self, name: NameRef<'_>, data: &Data) -> &mut Node {
        if is_hash(data.rtype(), data.octets()) {
            load(&mut self.hashes, &self.zone.hashes, name)
        } else {
            self.node(name)
        }
    }

    /// Lends both nodes that a name may have.
    pub(crate) fn both(&mut self, name: NameRef<'_>) -> [&mut Node; 2] {
        let nodes = load(&mut self.nodes, &self.zone.nodes, name);
        [nodes, load(&mut self.hashes, &self.zone.hashes, name)]
    }

    /// Adds a record, and says whether anything is different.
    pub(crate) fn put(&mut self, record: Record) -> bool {
        let (owner, ttl) = (record.owner().clone(), record.ttl());
        let data = record.into_data();
        self.node_for(owner.view(), &data).put(ttl, data)
    }

    /// Takes a record away, and says whether it was there.
    pub(crate) fn take(&mut self, owner: NameRef<'_>, data: &Data) -> bool {
        self.node_for(owner, data).take(&data.view())
    }

    /// Makes the next version of the zone.
    pub(crate) fn finish(self) -> Zone {
        let changed = |tree: &Tree, nodes: &Nodes| {
            tree.replaced(nodes.iter().map(|(key, node)| (&**key, node)))
        };
        let nodes = changed(&self.zone.nodes, &self.nodes);
        let hashes = changed(&self.zone.hashes, &self.hashes);
        Zone::of(self.zone.apex.clone(), self.zone.class, nodes, hashes)
    }
}

fn load<'n>(nodes: &'n mut Nodes, tree: &Tree, name: NameRef<'_>) -> &'n mut Node {
    let key = Key::new(name);
    let old = || tree.get(key.octets()).map_or_else(|| Node::new(name), Node::from);
    nodes.entry(key.octets().into()).or_insert_with(old)
}

/// What is at one name, to be changed.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    name: Name,
    /// By type, none of them empty.
    pub(crate) sets: Vec<RrSet>,
}

/// The records of one name and type, to be changed.
#[derive(Clone, Debug)]
pub(crate) struct RrSet {
    pub(crate) rtype: RecordType,
    pub(crate) ttl: u32,
    pub(crate) data: Vec<Data>,
}

impl From<NodeRef<'_>> for Node {
    fn from(node: NodeRef<'_>) -> Self {
        let set = |set: RrSetRef<'_>| {
            let data = set.octets().map(|octets| Data::checked(set.rtype, octets)).collect();
            RrSet { rtype: set.rtype, ttl: set.ttl, data }
        };
        Self { name: node.name.to_name(), sets: node.sets().map(set).collect() }
    }
}

impl Encode for Node {
    fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    fn encode(&self, key: &[u8], out: &mut Vec<u8>) {
        NodeRef::put(key, self.name.wire(), out);
        for set in &self.sets {
            RrSetRef::put(set.rtype, set.ttl, set.data.iter().map(Data::octets), out);
        }
    }
}

impl Node {
    fn new(name: NameRef<'_>) -> Self {
        Self { name: name.to_name(), sets: Vec::new() }
    }

    pub(crate) fn set(&self, rtype: RecordType) -> Option<&RrSet> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }

    pub(crate) fn has(&self, rtype: RecordType) -> bool {
        self.set(rtype).is_some()
    }

    /// Whether data cannot stand beside what is here (RFC 1034 §3.6.2).
    pub(crate) fn conflicts(&self, data: &Rdata<'_>) -> bool {
        match data.record_type() {
            RecordType::CNAME => self.sets.iter().any(|set| {
                let same = set.rtype == RecordType::CNAME && set.contains(data);
                !(same || is_beside(set.rtype))
            }),
            rtype => !is_beside(rtype) && self.has(RecordType::CNAME),
        }
    }

    /// Adds data; the RRset takes their TTL.
    fn put(&mut self, ttl: u32, data: Data) -> bool {
        let rtype = data.rtype();
        let at = self.sets.partition_point(|set| set.rtype < rtype);
        if self.sets.get(at).is_none_or(|set| set.rtype != rtype) {
            self.sets.insert(at, RrSet { rtype, ttl, data: Vec::new() });
        }
        let set = self.sets.get_mut(at).expect("the set is there or was just inserted");
        let same_ttl = core::mem::replace(&mut set.ttl, ttl) == ttl;
        let known = set.data.contains(&data);
        if !known {
            set.data.push(data);
        }
        !known || !same_ttl
    }

    pub(crate) fn take(&mut self, data: &Rdata<'_>) -> bool {
        let rtype = data.record_type();
        let Some(set) = self.sets.iter_mut().find(|set| set.rtype == rtype) else { return false };
        let before = set.data.len();
        set.data.retain(|own| own.view() != *data);
        let changed = set.data.len() != before;
        self.sets.retain(|set| !set.data.is_empty());
        changed
    }
}

impl RrSet {
    pub(crate) fn contains(&self, data: &Rdata<'_>) -> bool {
        self.data.iter().any(|own| own.view() == *data)
    }
}
