//! A zone: the records under one authority, found as RFC 1034 §4.3.2 and RFC 4592 say.
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Bound;

use crate::error::Misuse;
use crate::key::Key;
use crate::name::{Name, NameRef};
use crate::number::{Class, RecordType};
use crate::rdata::Rdata;
use crate::record::{Data, Record};

/// The records of one zone, by name and type; every look-up is O(labels · log n).
///
/// ```
/// use dns_proto::{Name, Rdata, Record, Zone};
///
/// let apex: Name = "hamburger.edu".parse()?;
/// let soa = Rdata::Soa {
///     primary: apex.view(), mailbox: apex.view(),
///     serial: 1, refresh: 3600, retry: 600, expire: 86400, minimum: 60,
/// };
/// let www = "www.hamburger.edu".parse()?;
/// let zone = Zone::new([
///     Record::new(apex.clone(), 3600, soa),
///     Record::address(www, 3600, [127, 0, 0, 4].into()),
/// ])?;
/// assert_eq!((zone.apex(), zone.serial()), (&apex, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Zone {
    apex: Name,
    class: Class,
    /// Labels of the apex.
    depth: usize,
    nodes: BTreeMap<Box<[u8]>, Node>,
}

/// What a zone has for a name.
pub(crate) enum Found<'z> {
    /// Records: the name's own, or those of the wildcard that covers it.
    Node(&'z Node),
    /// The name is at or below this cut: others know.
    Cut(&'z Node),
    /// The name is in a subtree that stands elsewhere (RFC 6672).
    Redirected(&'z Node),
    /// Nothing, but there is something below (RFC 4592 §2.2.2).
    Empty,
    /// Nothing.
    Nothing,
}

impl Zone {
    /// Makes a zone of its records; the one SOA says where the apex is.
    ///
    /// # Errors
    ///
    /// When there is not exactly one SOA, or [`insert`](Self::insert) would refuse a record.
    pub fn new(records: impl IntoIterator<Item = Record>) -> Result<Self, Misuse> {
        let records: Vec<_> = records.into_iter().collect();
        let mut starts = records.iter().filter(|record| record.rtype() == RecordType::SOA);
        let (Some(soa), None) = (starts.next(), starts.next()) else { return Err(Misuse::Soa) };
        let (apex, class) = (soa.owner().clone(), soa.class());
        let depth = apex.labels().count();
        let mut zone = Self { apex, class, depth, nodes: BTreeMap::new() };
        records.into_iter().try_for_each(|record| zone.insert(record).map(drop))?;
        Ok(zone)
    }

    /// Adds a record and says whether it is new. The RRset takes its TTL (RFC 2181 §5.2).
    ///
    /// # Errors
    ///
    /// When the record is not at or below the apex, is of another class or of a type that is no
    /// data, is a second SOA, or puts a CNAME beside other data.
    pub fn insert(&mut self, record: Record) -> Result<bool, Misuse> {
        if !record.owner().is_within(self.apex.view()) {
            return Err(Misuse::OutOfZone);
        }
        if record.class() != self.class {
            return Err(Misuse::Class);
        }
        if record.rtype().is_meta() {
            return Err(Misuse::MetaType);
        }
        let key = Key::new(record.owner().view());
        let node = self.nodes.get(key.octets());
        let data = record.data();
        if node.is_some_and(|node| node.conflicts(&data)) {
            return Err(Misuse::Cname);
        }
        if matches!(data, Rdata::Soa { .. }) {
            let known = node.and_then(|node| node.set(RecordType::SOA));
            let same = known.is_none_or(|set| set.contains(&data));
            if *record.owner() != self.apex || !same {
                return Err(Misuse::Soa);
            }
        }
        Ok(self.put(record))
    }

    /// Returns the zone's name.
    #[must_use]
    pub const fn apex(&self) -> &Name {
        &self.apex
    }

    /// Returns the zone's class.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Returns the serial of the SOA record.
    #[must_use]
    pub fn serial(&self) -> u32 {
        match self.soa().data.first().map(Data::view) {
            Some(Rdata::Soa { serial, .. }) => serial,
            _ => 0,
        }
    }

    /// Iterates over all records, in the canonical order of their names.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.nodes.values().flat_map(|node| {
            node.sets.iter().flat_map(|set| {
                let owned =
                    |data: &Data| data.clone().with_owner(node.name.view(), self.class, set.ttl);
                set.data.iter().map(owned)
            })
        })
    }

    pub(crate) fn soa(&self) -> &RrSet {
        let apex = self.nodes.get(Key::new(self.apex.view()).octets());
        apex.and_then(|node| node.set(RecordType::SOA))
            .expect("a zone is made with its SOA, and nothing takes it away")
    }

    /// Looks a name up that is within the zone; what lives above a cut is asked for `above`.
    pub(crate) fn find(&self, name: NameRef<'_>, above: bool) -> Found<'_> {
        let key = Key::new(name);
        for depth in self.depth..=key.depth() {
            let last = depth == key.depth();
            match self.nodes.get(key.ancestor(depth)) {
                Some(node)
                    if depth > self.depth && node.has(RecordType::NS) && !(last && above) =>
                {
                    return Found::Cut(node);
                }
                Some(node) if last => return Found::Node(node),
                Some(node) if node.has(RecordType::DNAME) => return Found::Redirected(node),
                None if !self.has_below(key.ancestor(depth)) => {
                    return self.wildcard(key.ancestor(depth - 1));
                }
                None if last => return Found::Empty,
                _ => {}
            }
        }
        Found::Nothing
    }

    /// Returns the records at exactly this name, below a cut or not.
    pub(crate) fn node(&self, name: NameRef<'_>) -> Option<&Node> {
        self.nodes.get(Key::new(name).octets())
    }

    pub(crate) fn node_mut(&mut self, name: NameRef<'_>) -> Option<&mut Node> {
        self.nodes.get_mut(Key::new(name).octets())
    }

    /// Adds a record that has been checked, and says whether it is new.
    pub(crate) fn put(&mut self, record: Record) -> bool {
        let key = Key::new(record.owner().view()).octets().into();
        let empty = || Node { name: record.owner().clone(), sets: Vec::new() };
        let node = self.nodes.entry(key).or_insert_with(empty);
        let (rtype, ttl) = (record.rtype(), record.ttl());
        let at = node.sets.partition_point(|set| set.rtype < rtype);
        if node.sets.get(at).is_none_or(|set| set.rtype != rtype) {
            node.sets.insert(at, RrSet { rtype, ttl, data: Vec::new() });
        }
        let set = node.sets.get_mut(at).expect("the set is there or was just inserted");
        let same_ttl = core::mem::replace(&mut set.ttl, ttl) == ttl;
        let data = record.into_data();
        let known = set.data.contains(&data);
        if !known {
            set.data.push(data);
        }
        !known || !same_ttl
    }

    /// Drops the node at a name if nothing is left in it.
    pub(crate) fn tidy(&mut self, name: NameRef<'_>) {
        let key = Key::new(name);
        if self.nodes.get(key.octets()).is_some_and(|node| node.sets.is_empty()) {
            self.nodes.remove(key.octets());
        }
    }

    fn has_below(&self, key: &[u8]) -> bool {
        let after = (Bound::Excluded(key), Bound::Unbounded);
        let next = self.nodes.range::<[u8], _>(after).next();
        next.is_some_and(|(next, _)| next.starts_with(key))
    }

    /// The source of synthesis below the closest encloser (RFC 4592 §3.3.1).
    fn wildcard(&self, encloser: &[u8]) -> Found<'_> {
        let key = [encloser, b"*\0"].concat();
        self.nodes.get(key.as_slice()).map_or(Found::Nothing, Found::Node)
    }
}

/// What is at one name.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) name: Name,
    /// By type, none of them empty.
    pub(crate) sets: Vec<RrSet>,
}

impl Node {
    pub(crate) fn set(&self, rtype: RecordType) -> Option<&RrSet> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }

    pub(crate) fn has(&self, rtype: RecordType) -> bool {
        self.set(rtype).is_some()
    }

    /// Whether data cannot stand beside what is here (RFC 1034 §3.6.2; RFC 4034 §2.5 for the
    /// signatures that can).
    pub(crate) fn conflicts(&self, data: &Rdata<'_>) -> bool {
        let beside = |rtype: RecordType| matches!(rtype.number(), 25 | 46 | 47);
        let rtype = data.record_type();
        match rtype {
            RecordType::CNAME => self.sets.iter().any(|set| {
                let same = set.rtype == RecordType::CNAME && set.contains(data);
                !(same || beside(set.rtype))
            }),
            _ => !beside(rtype) && self.has(RecordType::CNAME),
        }
    }
}

/// The records of one name and type.
#[derive(Clone, Debug)]
pub(crate) struct RrSet {
    pub(crate) rtype: RecordType,
    pub(crate) ttl: u32,
    pub(crate) data: Vec<Data>,
}

impl RrSet {
    pub(crate) fn contains(&self, data: &Rdata<'_>) -> bool {
        self.data.iter().any(|own| own.view() == *data)
    }
}
