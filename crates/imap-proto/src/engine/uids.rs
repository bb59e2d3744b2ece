//! Sets of numbers, in order.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::{SeqNumber, SeqSet, UidRange, UidSet};

/// A set of numbers as ranges that are ascending and do not touch: whatever a client wrote, looking
/// a number up takes the logarithm of what it wrote, and going through it takes each range once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Uids(Vec<(u32, u32)>);

impl Uids {
    /// Takes a client's set, in which `*` is `largest`. With no number at all, `largest` is 0, and
    /// `*` is none.
    pub(super) fn of(set: &SeqSet, largest: u32) -> Self {
        let resolve = |number: SeqNumber| match number {
            SeqNumber::Number(number) => number.get(),
            SeqNumber::Largest => largest,
        };
        let ranges = set.ranges().iter().map(|range| (resolve(range.from), resolve(range.to)));
        Self::collect(ranges.map(|(from, to)| (from.min(to), from.max(to))))
    }

    /// Takes ranges in any order; 0 is none.
    pub(super) fn collect(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().filter(|(_, to)| *to > 0).collect();
        ranges.sort_unstable();
        let mut all = Self::default();
        for (from, to) in ranges {
            match all.0.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => all.0.push((from.max(1), to)),
            }
        }
        all
    }

    pub(super) fn of_ranges(ranges: &[UidRange]) -> Self {
        Self::collect(ranges.iter().map(|range| (range.from().get(), range.to().get())))
    }

    /// Adds a number above all others.
    pub(super) fn push(&mut self, number: u32) {
        match self.0.last_mut() {
            Some(last) if last.1.checked_add(1) == Some(number) => last.1 = number,
            Some(last) if last.1 >= number => {}
            _ => self.0.push((number, number)),
        }
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        let next = self.0.partition_point(|(from, _)| *from <= number);
        next.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| number <= *to)
    }

    /// Takes out all numbers of a range.
    pub(super) fn remove_range(&mut self, first: u32, last: u32) {
        let touched = self.0.partition_point(|(_, to)| *to < first);
        let end = self.0.partition_point(|(from, _)| *from <= last);
        let Some(ranges) = self.0.get(touched..end).filter(|ranges| !ranges.is_empty()) else {
            return;
        };
        let before =
            ranges.first().filter(|(from, _)| *from < first).map(|(from, _)| (*from, first - 1));
        let after = ranges.last().filter(|(_, to)| last < *to).map(|(_, to)| (last + 1, *to));
        self.0.splice(touched..end, before.into_iter().chain(after));
    }

    /// The numbers in both.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let mut all = Self::default();
        for (from, to) in &self.0 {
            let mut next = *from;
            while let Some((first, last)) = other.from(next).filter(|(first, _)| first <= to) {
                all.0.push((first, last.min(*to)));
                match last.checked_add(1).filter(|after| after <= to) {
                    Some(after) => next = after,
                    None => break,
                }
            }
        }
        all
    }

    /// The numbers but these, which ascend.
    pub(super) fn without(&self, numbers: impl Iterator<Item = u32>) -> Self {
        let (mut gaps, mut next) = (Self::default(), 1_u32);
        for number in numbers {
            if next < number {
                gaps.0.push((next, number - 1));
            }
            next = number.saturating_add(1);
        }
        gaps.0.push((next, u32::MAX));
        self.intersection(&gaps)
    }

    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flat_map(|(from, to)| *from..=*to)
    }

    /// Returns the range at or after a number.
    pub(super) fn from(&self, number: u32) -> Option<(u32, u32)> {
        let at = self.0.partition_point(|(_, to)| *to < number);
        self.0.get(at).map(|(from, to)| ((*from).max(number), *to))
    }

    pub(super) fn to_set(&self) -> Option<UidSet> {
        let mut ranges = self.0.iter().filter_map(|(from, to)| {
            Some(UidRange::new(NonZeroU32::new(*from)?, NonZeroU32::new(*to)?))
        });
        let mut set = UidSet::new(ranges.next()?);
        ranges.for_each(|range| set.push_range(range));
        Some(set)
    }
}

impl FromIterator<u32> for Uids {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        Self::collect(numbers.into_iter().map(|number| (number, number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, largest: u32) -> Vec<(u32, u32)> {
        Uids::of(&SeqSet::parse(text.as_bytes()).unwrap(), largest).0
    }

    #[test]
    fn ranges_are_put_in_order_and_joined() {
        assert_eq!(of("5:3,1,4,7:8", 9), [(1, 1), (3, 5), (7, 8)]);
        assert_eq!(of("2,1,3", 9), [(1, 3)]);
        assert_eq!(of("8:*", 5), [(5, 8)]);
        assert_eq!(of("*", 0), []);
        assert_eq!(of("*:3", 0), [(1, 3)]);
        assert_eq!(of("1:4294967295,*", u32::MAX), [(1, u32::MAX)]);
    }

    #[test]
    fn a_number_is_found_and_taken_out() {
        let mut set: Uids = [1, 2, 3, 9, u32::MAX].into_iter().collect();
        for number in [1, 2, 3, 9, u32::MAX] {
            assert!(set.contains(number));
        }
        assert!(!set.contains(4) && !set.contains(0) && !set.contains(u32::MAX - 1));
        for number in [2, 4, 9, u32::MAX] {
            set.remove_range(number, number);
        }
        assert_eq!(set.0, [(1, 1), (3, 3)]);
        assert_eq!((set.from(2), set.from(4)), (Some((3, 3)), None));
    }

    #[test]
    fn sets_are_cut_with_each_other() {
        let one = Uids::collect([(1, 10), (20, 30), (40, u32::MAX)]);
        let other = Uids::collect([(5, 25), (30, 30), (50, 60)]);
        assert_eq!(one.intersection(&other).0, [(5, 10), (20, 25), (30, 30), (50, 60)]);
        assert_eq!(other.intersection(&one), one.intersection(&other));
        assert_eq!(other.without([5, 6, 24, 30, 60].into_iter()).0, [(7, 23), (25, 25), (50, 59)]);
        let mut rest = one;
        rest.remove_range(5, 45);
        assert_eq!(rest.0, [(1, 4), (46, u32::MAX)]);
        rest.remove_range(1, u32::MAX);
        assert_eq!(rest, Uids::default());
    }
}
