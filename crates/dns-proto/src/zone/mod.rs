//! A zone: the records under one authority, found as RFC 1034 §4.3.2 and RFC 4592 say.
mod build;
mod delta;
mod edit;
mod tree;

use crate::error::Misuse;
use crate::key::Key;
use crate::name::{Name, NameRef};
use crate::number::{Class, RecordType};
use crate::rdata::Rdata;
use crate::record::{Data, Record};

pub use build::ZoneBuilder;
pub use delta::ZoneDelta;
pub(crate) use edit::{Edit, Node};
#[cfg(feature = "dnssec")]
pub(crate) use tree::read;
pub(crate) use tree::{NodeRef, Position, RrSetRef, Tree, covered};

/// One version of a zone: records by name and type, which never change.
///
/// A copy costs nothing, and the next version ([`apply`](Self::apply), [`update`](Self::update))
/// shares with this one all that is the same; so a server answers and transfers from a version
/// while others are made. Every look-up is O(labels · log n), of a name that is there or not. Names
/// and data are packed: a record takes about 40 octets more than its owner and data.
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
    nodes: Tree,
    /// NSEC3 records and their signatures: owners that are no names (RFC 5155 §7.2.8).
    hashes: Tree,
}

/// What a zone has for a name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'z> {
    /// The name's own records.
    Node(NodeRef<'z>),
    /// Those of the wildcard that covers it; none if there is only something below the wildcard.
    Wildcard(Option<NodeRef<'z>>),
    /// The name is at or below this cut: others know.
    Cut(NodeRef<'z>),
    /// The name is in a subtree that stands elsewhere (RFC 6672).
    Redirected(NodeRef<'z>),
    /// Nothing, but there is something below (RFC 4592 §2.2.2).
    Empty,
    /// Nothing.
    Nothing,
}

/// The result of a look-up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'z> {
    pub(crate) found: Found<'z>,
    /// Labels of the closest encloser: the longest ancestor that exists (RFC 4592 §3.3.1).
    pub(crate) encloser: usize,
}

impl Zone {
    /// Makes a zone of its records; the one SOA says where the apex is. A [`ZoneBuilder`] takes
    /// them one by one.
    ///
    /// # Errors
    ///
    /// When there is not exactly one SOA, or [`ZoneBuilder::build`] refuses a record.
    pub fn new(records: impl IntoIterator<Item = Record>) -> Result<Self, Misuse> {
        let mut builder = ZoneBuilder::default();
        records.into_iter().for_each(|record| builder.insert(&record));
        builder.build()
    }

    fn of(apex: Name, class: Class, nodes: Tree, hashes: Tree) -> Self {
        let depth = apex.labels().count();
        Self { apex, class, depth, nodes, hashes }
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
        match self.soa().first() {
            Some(Rdata::Soa { serial, .. }) => serial,
            _ => 0,
        }
    }

    /// Iterates over all records, in the canonical order of their names; what proves that hashed
    /// names are not there (NSEC3) comes last.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.nodes.nodes().chain(self.hashes.nodes()).flat_map(|node| self.of_node(node))
    }

    /// Returns the octets that the zone has in memory, what it shares with other versions included.
    #[must_use]
    pub fn size(&self) -> usize {
        self.nodes.size() + self.hashes.size()
    }

    pub(crate) fn of_node<'z>(&'z self, node: NodeRef<'z>) -> impl Iterator<Item = Record> + 'z {
        node.sets().flat_map(move |set| {
            set.octets().map(move |octets| {
                let ttl = node.ttl(&set, octets);
                Data::checked(set.rtype, octets).with_owner(node.name, self.class, ttl)
            })
        })
    }

    pub(crate) fn soa(&self) -> RrSetRef<'_> {
        let soa = self.apex_node().and_then(|node| node.set(RecordType::SOA));
        soa.expect("a zone is made with its SOA, and nothing takes it away")
    }

    /// Returns the apex: its key begins all others, and so it is the first.
    pub(crate) fn apex_node(&self) -> Option<NodeRef<'_>> {
        self.nodes.at(Position::default())
    }

    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }

    pub(crate) const fn names(&self) -> &Tree {
        &self.nodes
    }

    pub(crate) const fn hashes(&self) -> &Tree {
        &self.hashes
    }

    /// Looks a name up that is within the zone; what lives above a cut is asked for `above`.
    pub(crate) fn find(&self, key: &Key, above: bool) -> Place<'_> {
        let place = |found, encloser| Place { found, encloser };
        let (position, depth) = (self.nodes.lower_bound(key.octets()), key.depth());
        let next = self.nodes.at(position);
        let exact = next.filter(|node| node.key == key.octets());
        let encloser = if exact.is_some() { depth } else { self.encloser(key, position) };
        // Cuts and redirections above the name. Below the apex of most zones there are no levels.
        for depth in self.depth..encloser.min(depth - usize::from(depth > 0)) + 1 {
            if depth == key.depth() {
                break;
            }
            let Some(node) = self.nodes.get(key.ancestor(depth)) else { continue };
            if depth > self.depth && node.has(RecordType::NS) {
                return place(Found::Cut(node), depth);
            }
            if node.has(RecordType::DNAME) {
                return place(Found::Redirected(node), depth);
            }
        }
        let found = match exact {
            Some(node) if depth > self.depth && !above && node.has(RecordType::NS) => {
                Found::Cut(node)
            }
            Some(node) => Found::Node(node),
            None if encloser == depth => Found::Empty,
            None => self.wildcard(key, encloser),
        };
        place(found, encloser)
    }

    /// Returns the records at exactly this name, below a cut or not.
    pub(crate) fn node(&self, name: NameRef<'_>) -> Option<NodeRef<'_>> {
        self.nodes.get(Key::new(name).octets())
    }

    /// Returns how many labels of the name exist; what exists is next to it in the order.
    fn encloser(&self, key: &Key, position: Position) -> usize {
        let before = self.nodes.previous(position).and_then(|position| self.nodes.at(position));
        let common = |node: NodeRef<'_>| {
            let has = |depth: &usize| node.key.starts_with(key.ancestor(*depth));
            (self.depth..=key.depth()).rev().find(has).unwrap_or(self.depth)
        };
        let after = self.nodes.at(position);
        before.map_or(0, common).max(after.map_or(0, common)).max(self.depth)
    }

    /// The source of synthesis below the closest encloser (RFC 4592 §3.3.1).
    fn wildcard(&self, key: &Key, encloser: usize) -> Found<'_> {
        let key = key.wildcard(encloser);
        match self.nodes.at(self.nodes.lower_bound(key.octets())) {
            Some(node) if node.key == key.octets() => Found::Wildcard(Some(node)),
            Some(node) if node.key.starts_with(key.octets()) => Found::Wildcard(None),
            _ => Found::Nothing,
        }
    }
}

/// Whether a type may stand beside a CNAME (RFC 2181 §10.1, RFC 4034 §2.5, RFC 2535 §2.3.5).
pub(crate) const fn is_beside(rtype: RecordType) -> bool {
    matches!(rtype, RecordType::KEY | RecordType::RRSIG | RecordType::NSEC)
}
