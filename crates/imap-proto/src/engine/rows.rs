//! Messages of a mailbox in order: rank ↔ UID in logarithmic time.
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What a session knows of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Row {
    pub(super) uid: u32,
    /// Which set of keywords it has, in the view's table.
    pub(super) keywords: u32,
    pub(super) mod_seq: u64,
    /// Its system flags, but for `\Recent`, which is each session's own.
    pub(super) bits: u8,
}

/// Messages by ascending UID, in blocks, and a Fenwick tree over the blocks' lengths.
///
/// Copies share their blocks until one of them changes. Messages come at the end and go anywhere. A block only shrinks once there is one after it; when
/// most of the blocks' room is empty they are filled anew, which each removal has paid for.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    blocks: Vec<Arc<Vec<Row>>>,
    /// The least UID that a block was made for: where to look even when it is empty.
    first: Vec<u32>,
    /// At `i`, how many rows are in the blocks that `i + 1` stands for in a Fenwick tree.
    tree: Vec<usize>,
    count: usize,
}

/// Rows of a block: a removal moves as many at most, 8 KiB.
const BLOCK: usize = 256;

impl Rows {
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// Adds a row; false if its UID is not above all others.
    pub(super) fn push(&mut self, row: Row) -> bool {
        if self.last().is_some_and(|last| last.uid >= row.uid) {
            return false;
        }
        if self.blocks.last().is_none_or(|block| block.len() >= BLOCK) {
            self.begin_block(row.uid);
        }
        if let Some(block) = self.blocks.last_mut() {
            Arc::make_mut(block).push(row);
        }
        self.count += 1;
        self.add(self.blocks.len() - 1, 1);
        true
    }

    pub(super) fn last(&self) -> Option<&Row> {
        // Blocks at the end that have become empty are passed over; they are few, or refilled.
        self.blocks.iter().rev().find_map(|block| block.last())
    }

    /// Returns the row at a rank, from 0.
    pub(super) fn at(&self, rank: usize) -> Option<&Row> {
        let (block, rest) = self.find_rank(rank)?;
        self.blocks.get(block)?.get(rest)
    }

    /// Returns the rank at which a UID stands, or would.
    pub(super) fn rank(&self, uid: u32) -> Result<usize, usize> {
        let Some(block) = self.block_of(uid) else { return Err(0) };
        let before = self.before(block);
        let rows = self.blocks.get(block).map(|rows| rows.as_slice()).unwrap_or_default();
        match rows.binary_search_by_key(&uid, |row| row.uid) {
            Ok(at) => Ok(before + at),
            Err(at) => Err(before + at),
        }
    }

    pub(super) fn get(&self, uid: u32) -> Option<&Row> {
        let rows = self.blocks.get(self.block_of(uid)?)?;
        rows.get(rows.binary_search_by_key(&uid, |row| row.uid).ok()?)
    }

    pub(super) fn get_mut(&mut self, uid: u32) -> Option<&mut Row> {
        let block = self.block_of(uid)?;
        let rows = self.blocks.get_mut(block)?;
        let at = rows.binary_search_by_key(&uid, |row| row.uid).ok()?;
        Arc::make_mut(rows).get_mut(at)
    }

    /// Takes a row out, and says at which rank it was.
    pub(super) fn remove(&mut self, uid: u32) -> Option<usize> {
        let block = self.block_of(uid)?;
        let before = self.before(block);
        let rows = self.blocks.get_mut(block)?;
        let at = rows.binary_search_by_key(&uid, |row| row.uid).ok()?;
        Arc::make_mut(rows).remove(at);
        self.count -= 1;
        self.add(block, -1);
        if self.blocks.len() > 8 && self.count < self.blocks.len() * BLOCK / 4 {
            self.refill();
        }
        Some(before + at)
    }

    /// Goes through the rows from a UID on.
    pub(super) fn from(&self, uid: u32) -> impl Iterator<Item = &Row> {
        let block = self.block_of(uid).unwrap_or(0);
        let rows = self.blocks.get(block..).unwrap_or_default().iter().flat_map(|rows| rows.iter());
        rows.skip_while(move |row| row.uid < uid)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Row> {
        self.blocks.iter().flat_map(|rows| rows.iter())
    }

    fn begin_block(&mut self, uid: u32) {
        self.blocks.push(Arc::default());
        self.first.push(uid);
        // A new node of the tree stands for the blocks since the node that its lowest bit names.
        let node = self.blocks.len();
        let from = node - (node & node.wrapping_neg());
        let sum = self.before(node - 1) - self.before(from);
        self.tree.push(sum);
    }

    fn refill(&mut self) {
        let blocks = core::mem::take(self).blocks;
        for row in blocks.iter().flat_map(|rows| rows.iter()) {
            self.push(*row);
        }
    }

    /// The block in which a UID is, if it is anywhere.
    fn block_of(&self, uid: u32) -> Option<usize> {
        self.first.partition_point(|first| *first <= uid).checked_sub(1)
    }

    fn add(&mut self, block: usize, by: isize) {
        let mut node = block + 1;
        while let Some(sum) = self.tree.get_mut(node - 1) {
            *sum = sum.saturating_add_signed(by);
            node += node & node.wrapping_neg();
        }
    }

    /// How many rows are in the blocks before this one.
    fn before(&self, block: usize) -> usize {
        let (mut node, mut sum) = (block, 0);
        while node > 0 {
            sum += self.tree.get(node - 1).copied().unwrap_or_default();
            node &= node - 1;
        }
        sum
    }

    /// The block that has a rank, and where in it.
    fn find_rank(&self, rank: usize) -> Option<(usize, usize)> {
        if rank >= self.count {
            return None;
        }
        let (mut node, mut rest) = (0_usize, rank);
        let mut step = self.tree.len().checked_ilog2().map_or(0, |log| 1_usize << log);
        while step > 0 {
            if let Some(sum) = self.tree.get(node + step - 1).filter(|sum| **sum <= rest) {
                rest -= sum;
                node += step;
            }
            step /= 2;
        }
        Some((node, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(uid: u32) -> Row {
        Row { uid, keywords: 0, mod_seq: 1, bits: 0 }
    }

    #[test]
    fn a_million_messages_are_found_by_rank_and_by_uid() {
        let mut rows = Rows::default();
        for uid in 1..=1_000_000 {
            assert!(rows.push(row(uid * 2)));
        }
        assert!(!rows.push(row(7)));
        for rank in [0, 1, 255, 256, 65_535, 500_000, 999_999] {
            let uid = u32::try_from(rank + 1).unwrap() * 2;
            assert_eq!(rows.at(rank).map(|row| row.uid), Some(uid));
            assert_eq!((rows.rank(uid), rows.rank(uid + 1)), (Ok(rank), Err(rank + 1)));
        }
        assert_eq!(rows.at(1_000_000), None);
        for uid in 1..=999_990 {
            assert_eq!(rows.remove(uid * 2), Some(0));
        }
        assert_eq!(rows.len(), 10);
        assert!(rows.blocks.len() < 16, "{}", rows.blocks.len());
        assert_eq!(rows.at(9).map(|row| row.uid), Some(2_000_000));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn rows_are_as_a_sorted_list(steps in prop::collection::vec((any::<bool>(), 0_usize..2000), 1..3000)) {
            let (mut rows, mut list, mut next) = (Rows::default(), Vec::<u32>::new(), 1);
            for (add, number) in steps {
                if add || number % 3 == 0 || list.is_empty() {
                    rows.push(row(next));
                    list.push(next);
                    next += 1 + u32::try_from(number % 3).unwrap();
                } else {
                    let at = number % list.len();
                    let uid = list.remove(at);
                    prop_assert_eq!(rows.remove(uid), Some(at));
                    prop_assert_eq!(rows.rank(uid), Err(at));
                }
                prop_assert_eq!(rows.len(), list.len());
                prop_assert_eq!(rows.last().map(|row| row.uid), list.last().copied());
                let at = number % (list.len() + 1);
                prop_assert_eq!(rows.at(at).map(|row| row.uid), list.get(at).copied());
                prop_assert_eq!(rows.rank(u32::try_from(number).unwrap()), list.binary_search(&u32::try_from(number).unwrap()));
            }
            prop_assert!(rows.iter().map(|row| row.uid).eq(list.iter().copied()));
            prop_assert!(rows.from(50).map(|row| row.uid).eq(list.iter().copied().filter(|uid| *uid >= 50)));
        }
    }
}
