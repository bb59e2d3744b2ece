//! Sorted nodes, packed into chunks that versions of a zone share.
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::name::NameRef;
use crate::number::RecordType;
use crate::rdata::Rdata;
use crate::reader::Reader;

/// Octets at which a chunk is full: small enough to copy for one update, large enough that a
/// million records have some ten thousand chunks.
const FULL: usize = 8_192;

/// Nodes by key. A copy shares everything; a changed copy, all chunks but those that changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    chunks: Arc<[Slot]>,
    /// Octets that all keys begin with: those of the apex.
    skip: usize,
}

/// A chunk, and beside it what nearly always says whether a key comes before: a search reads the
/// row of slots and not a chunk at every step.
#[derive(Clone, Debug)]
struct Slot {
    hint: u64,
    chunk: Arc<Chunk>,
}

/// Some nodes in a row: their octets, and where each begins.
#[derive(Debug)]
struct Chunk {
    octets: Box<[u8]>,
    starts: Box<[u32]>,
}

/// Where a node is, or would be.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Position {
    chunk: usize,
    node: usize,
}

impl Chunk {
    fn raw(&self, node: usize) -> Option<&[u8]> {
        let place = |start: &u32| usize::try_from(*start).unwrap_or(usize::MAX);
        let start = self.starts.get(node).map(place)?;
        let end = self.starts.get(node + 1).map_or(self.octets.len(), place);
        self.octets.get(start..end)
    }

    fn key(&self, node: usize) -> &[u8] {
        self.raw(node).and_then(split_short).map(|(key, _)| key).unwrap_or_default()
    }

    /// The first node whose key is not below.
    fn lower_bound(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.starts.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        low
    }
}

impl Tree {
    /// Returns the place of the first node whose key is not below.
    pub(crate) fn lower_bound(&self, key: &[u8]) -> Position {
        let chunk = self.chunk_of(key);
        let node = self.chunk(chunk).map_or(0, |chunk| chunk.lower_bound(key));
        self.normal(Position { chunk, node })
    }

    /// Finds the node with this key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<NodeRef<'_>> {
        self.at(self.lower_bound(key)).filter(|node| node.key == key)
    }

    pub(crate) fn at(&self, position: Position) -> Option<NodeRef<'_>> {
        self.chunk(position.chunk)?.raw(position.node).and_then(NodeRef::read)
    }

    pub(crate) fn next(&self, position: Position) -> Position {
        self.normal(Position { node: position.node + 1, ..position })
    }

    pub(crate) fn previous(&self, position: Position) -> Option<Position> {
        match position {
            Position { chunk, node: 1.. } => Some(Position { chunk, node: position.node - 1 }),
            Position { chunk, node: 0 } => {
                let chunk = chunk.checked_sub(1)?;
                let nodes = self.chunk(chunk)?.starts.len();
                Some(Position { chunk, node: nodes.checked_sub(1)? })
            }
        }
    }

    pub(crate) fn last(&self) -> Option<Position> {
        self.previous(Position { chunk: self.chunks.len(), node: 0 })
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.chunks.iter().flat_map(|Slot { chunk, .. }| {
            (0..chunk.starts.len()).filter_map(|node| chunk.raw(node).and_then(NodeRef::read))
        })
    }

    /// Returns the octets all nodes have.
    pub(crate) fn size(&self) -> usize {
        let chunk = |slot: &Slot| slot.chunk.octets.len() + 4 * slot.chunk.starts.len() + 64;
        self.chunks.iter().map(chunk).sum()
    }

    /// Returns the tree with other nodes for some keys, or none (RFC 2136 §3.4: all at once).
    pub(crate) fn replaced<'c, N: Encode + 'c>(
        &self,
        changes: impl IntoIterator<Item = (&'c [u8], &'c N)>,
    ) -> Self {
        let mut changes = changes.into_iter().peekable();
        let (mut packer, mut done) = (Packer::new(self.skip), 0);
        while let Some((first, _)) = changes.peek() {
            let chunk = self.chunk_of(first);
            packer.share(self.chunks.get(done..chunk).unwrap_or_default());
            let end = self.chunk(chunk + 1).map(|chunk| chunk.key(0));
            let here = || changes.next_if(|(key, _)| end.is_none_or(|end| *key < end));
            packer.merge(self.chunk(chunk), core::iter::from_fn(here));
            done = chunk + 1;
        }
        packer.share(self.chunks.get(done..).unwrap_or_default());
        packer.finish()
    }

    /// Calls `differs` with every key at which two trees may differ, and both nodes; what they
    /// share is not looked at.
    pub(crate) fn compare<'t>(
        &'t self,
        other: &'t Self,
        mut differs: impl FnMut(Option<NodeRef<'t>>, Option<NodeRef<'t>>),
    ) {
        let (mut own, mut others) = (Position::default(), Position::default());
        loop {
            let shared = own.node == 0 && others.node == 0;
            if let (Some(chunk), Some(same)) = (self.slot(own), other.slot(others))
                && shared
                && Arc::ptr_eq(&chunk.chunk, &same.chunk)
            {
                (own.chunk, others.chunk) = (own.chunk + 1, others.chunk + 1);
                continue;
            }
            let (left, right) = (self.at(own), other.at(others));
            let order = match (&left, &right) {
                (None, None) => return,
                (Some(_), None) => core::cmp::Ordering::Less,
                (None, Some(_)) => core::cmp::Ordering::Greater,
                (Some(left), Some(right)) => left.key.cmp(right.key),
            };
            if order.is_le() {
                own = self.next(own);
            }
            if order.is_ge() {
                others = other.next(others);
            }
            differs(left.filter(|_| order.is_le()), right.filter(|_| order.is_ge()));
        }
    }

    fn chunk(&self, at: usize) -> Option<&Chunk> {
        self.chunks.get(at).map(|slot| slot.chunk.as_ref())
    }

    fn slot(&self, position: Position) -> Option<&Slot> {
        self.chunks.get(position.chunk)
    }

    /// The chunk in which a key is, if it is anywhere.
    fn chunk_of(&self, key: &[u8]) -> usize {
        let before = |slot: &Slot| slot.chunk.key(0) <= key;
        let shared = |first: &Slot| first.chunk.key(0).get(..self.skip) == key.get(..self.skip);
        if !self.chunks.first().is_some_and(shared) {
            return self.chunks.partition_point(before).saturating_sub(1);
        }
        let hint = hint(key, self.skip);
        let low = self.chunks.partition_point(|slot| slot.hint < hint);
        let rest = self.chunks.get(low..).unwrap_or_default();
        let alike = rest.partition_point(|slot| slot.hint == hint);
        let alike = rest.get(..alike).unwrap_or_default();
        (low + alike.partition_point(before)).saturating_sub(1)
    }

    /// Behind the last node of a chunk is the first of the next.
    fn normal(&self, position: Position) -> Position {
        let nodes = self.chunk(position.chunk).map_or(0, |chunk| chunk.starts.len());
        if position.node < nodes {
            return position;
        }
        Position { chunk: (position.chunk + 1).min(self.chunks.len()), node: 0 }
    }
}

/// Eight octets of a key after those that all have: keys in order have hints in order.
fn hint(key: &[u8], skip: usize) -> u64 {
    let mut octets = [0; 8];
    let rest = key.get(skip..).unwrap_or_default();
    octets.iter_mut().zip(rest).for_each(|(place, octet)| *place = *octet);
    u64::from_be_bytes(octets)
}

/// Appends the octets of a node.
pub(crate) trait Encode {
    /// Whether nothing is left of the node.
    fn is_empty(&self) -> bool;

    fn encode(&self, key: &[u8], out: &mut Vec<u8>);
}

/// Makes a tree of nodes, in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    skip: usize,
    chunks: Vec<Slot>,
    octets: Vec<u8>,
    starts: Vec<u32>,
}

impl Packer {
    /// Begins a tree all of whose keys begin with the same so many octets.
    pub(crate) fn new(skip: usize) -> Self {
        Self { skip, ..Self::default() }
    }

    /// Takes the next node, as `write` appends it.
    pub(crate) fn node(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.octets.len() >= FULL {
            self.close();
        }
        let start = u32::try_from(self.octets.len()).expect("a chunk begins below FULL octets");
        self.starts.push(start);
        write(&mut self.octets);
    }

    pub(crate) fn finish(mut self) -> Tree {
        self.close();
        Tree { chunks: self.chunks.into(), skip: self.skip }
    }

    fn close(&mut self) {
        if self.starts.is_empty() {
            return;
        }
        let (octets, starts) = (self.octets.as_slice().into(), self.starts.as_slice().into());
        let chunk = Arc::new(Chunk { octets, starts });
        let hint = hint(chunk.key(0), self.skip);
        self.chunks.push(Slot { hint, chunk });
        self.octets.clear();
        self.starts.clear();
    }

    fn share(&mut self, chunks: &[Slot]) {
        if !chunks.is_empty() {
            self.close();
            self.chunks.extend_from_slice(chunks);
        }
    }

    fn merge<'c, N: Encode + 'c>(
        &mut self,
        chunk: Option<&Chunk>,
        changes: impl Iterator<Item = (&'c [u8], &'c N)>,
    ) {
        let mut old = 0;
        let key_at = |node| chunk.and_then(|it| it.raw(node)).and_then(split_short);
        for (key, change) in changes {
            while let Some((own, _)) = key_at(old).filter(|(own, _)| *own <= key) {
                if own < key {
                    self.copy(chunk, old);
                }
                old += 1;
            }
            if !change.is_empty() {
                self.node(|out| change.encode(key, out));
            }
        }
        for node in old..chunk.map_or(0, |chunk| chunk.starts.len()) {
            self.copy(chunk, node);
        }
    }

    fn copy(&mut self, chunk: Option<&Chunk>, node: usize) {
        if let Some(raw) = chunk.and_then(|chunk| chunk.raw(node)) {
            self.node(|out| out.extend_from_slice(raw));
        }
    }
}

/// What is at one name: its key, the name as it was written, and its RRsets by type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeRef<'z> {
    pub(crate) key: &'z [u8],
    pub(crate) name: NameRef<'z>,
    sets: &'z [u8],
}

impl<'z> NodeRef<'z> {
    fn read(raw: &'z [u8]) -> Option<Self> {
        let (key, rest) = split_short(raw)?;
        let mut reader = Reader::tail(rest, rest);
        let name = reader.trusted_name()?;
        Some(Self { key, name, sets: reader.octets() })
    }

    /// Appends a node's head; its sets follow.
    pub(crate) fn put(key: &[u8], name: &[u8], out: &mut Vec<u8>) {
        put_short(key, out);
        out.extend_from_slice(name);
    }

    pub(crate) fn sets(self) -> impl Iterator<Item = RrSetRef<'z>> {
        let mut rest = self.sets;
        core::iter::from_fn(move || RrSetRef::split(&mut rest))
    }

    pub(crate) fn set(self, rtype: RecordType) -> Option<RrSetRef<'z>> {
        self.sets().find(|set| set.rtype == rtype)
    }

    pub(crate) fn has(self, rtype: RecordType) -> bool {
        self.set(rtype).is_some()
    }

    /// Returns the TTL of a set's records: of a signature, that of what it signs (RFC 4034 §3).
    pub(crate) fn ttl(self, set: &RrSetRef<'_>, octets: &[u8]) -> u32 {
        let signed = covered(set.rtype, octets).and_then(|rtype| self.set(rtype));
        signed.map_or(set.ttl, |set| set.ttl)
    }
}

/// Returns what a signature covers (RFC 4034 §3.1.1).
pub(crate) fn covered(rtype: RecordType, octets: &[u8]) -> Option<RecordType> {
    let covered = octets.first_chunk().filter(|_| rtype == RecordType::RRSIG);
    covered.map(|covered| RecordType::new(u16::from_be_bytes(*covered)))
}

/// The records of one name and type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RrSetRef<'z> {
    pub(crate) rtype: RecordType,
    pub(crate) ttl: u32,
    /// How many there are; never none.
    pub(crate) count: u32,
    octets: &'z [u8],
}

impl<'z> RrSetRef<'z> {
    fn split(rest: &mut &'z [u8]) -> Option<Self> {
        let (&[a, b, c, d, e, f, g, h, i, j, k, l, m, n], after) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes([k, l, m, n])).ok()?;
        let (octets, after) = after.split_at_checked(length)?;
        *rest = after;
        let rtype = RecordType::new(u16::from_be_bytes([a, b]));
        let ttl = u32::from_be_bytes([c, d, e, f]);
        Some(Self { rtype, ttl, count: u32::from_be_bytes([g, h, i, j]), octets })
    }

    /// Appends a set of data that have no more than 65,535 octets each.
    pub(crate) fn put<'d>(
        rtype: RecordType,
        ttl: u32,
        data: impl Iterator<Item = &'d [u8]>,
        out: &mut Vec<u8>,
    ) {
        out.extend_from_slice(&rtype.number().to_be_bytes());
        out.extend_from_slice(&ttl.to_be_bytes());
        let head = out.len();
        out.extend_from_slice(&[0; 8]);
        let mut count = 0_u32;
        for octets in data {
            put_short(octets, out);
            count += 1;
        }
        let length = u32::try_from(out.len() - head - 8).expect("an RRset has less than 4 GiB");
        let [a, b, c, d] = count.to_be_bytes();
        let [e, f, g, h] = length.to_be_bytes();
        if let Some(place) = out.get_mut(head..head + 8) {
            place.copy_from_slice(&[a, b, c, d, e, f, g, h]);
        }
    }

    /// Iterates over the data as octets.
    pub(crate) fn octets(self) -> impl Iterator<Item = &'z [u8]> {
        let mut rest = self.octets;
        core::iter::from_fn(move || {
            let (octets, after) = split_short(rest)?;
            rest = after;
            Some(octets)
        })
    }

    pub(crate) fn data(self) -> impl Iterator<Item = Rdata<'z>> {
        self.octets().map(move |octets| read(self.rtype, octets))
    }

    pub(crate) fn first(self) -> Option<Rdata<'z>> {
        self.data().next()
    }

    /// Returns how long there is nothing, by an SOA record: its last four octets (RFC 2308 §4).
    pub(crate) fn minimum(self) -> u32 {
        let soa = self.octets().next().filter(|_| self.rtype == RecordType::SOA);
        soa.and_then(|soa| soa.last_chunk()).map_or(0, |octets| u32::from_be_bytes(*octets))
    }

    pub(crate) fn contains(self, data: &Rdata<'_>) -> bool {
        self.data().any(|own| own == *data)
    }
}

/// Reads data that were checked when they came into a zone.
pub(crate) fn read(rtype: RecordType, octets: &[u8]) -> Rdata<'_> {
    Rdata::trusted(rtype, Reader::tail(octets, octets))
}

/// Splits off octets that follow their length.
fn split_short(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = octets.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

fn put_short(octets: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(octets.len()).expect("keys and data have at most 65535 octets");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(octets);
}
