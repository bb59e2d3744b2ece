//! Who is served next: destinations in turn, each with a lane of its own.
use alloc::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    vec::Vec,
};
use core::cmp::Reverse;

/// What a lane is called.
pub(crate) type Key = Arc<str>;

/// Jobs `T` waiting in the lanes of their destinations, and connections `L` that serve them.
#[derive(Debug)]
pub(crate) struct Lanes<T, L> {
    lanes: BTreeMap<Key, Lane<T, L>>,
    /// Lanes that have somebody waiting and may serve them, the most urgent first.
    turns: BTreeSet<(Turn, Key)>,
    /// The same, of lanes that have an idle connection: they may even where no other may be made.
    idle: BTreeSet<(Turn, Key)>,
    busy: usize,
    limit: usize,
    lane_limit: usize,
    last: i64,
    first: i64,
}

/// The most urgent first, then who came first.
type Turn = (Reverse<i8>, i64);

#[derive(Debug)]
struct Lane<T, L> {
    waiting: BTreeMap<Turn, T>,
    /// Connections, idle ones included.
    busy: usize,
    idle: Vec<L>,
    turn: Option<Turn>,
}

/// How the next job is served.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Start<T, L> {
    /// By a new connection, which has a place until its lane is left.
    New(Key, T),
    /// By this one, which was idle.
    Reuse(L, T),
}

impl<T, L: Copy + PartialEq> Lanes<T, L> {
    pub(crate) fn new(limit: usize, lane_limit: usize) -> Self {
        let (lanes, turns, idle) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        Self { lanes, turns, idle, busy: 0, limit, lane_limit, last: 0, first: 0 }
    }

    pub(crate) fn line_up(&mut self, key: &Key, priority: i8, job: T) {
        self.last += 1;
        self.wait(key, (Reverse(priority), self.last), job);
    }

    /// Goes before all others of its priority: it has had its turn, for nothing.
    pub(crate) fn line_up_first(&mut self, key: &Key, priority: i8, job: T) {
        self.first -= 1;
        self.wait(key, (Reverse(priority), self.first), job);
    }

    fn wait(&mut self, key: &Key, turn: Turn, job: T) {
        let lane = self.lanes.entry(Arc::clone(key)).or_insert_with(|| Lane {
            waiting: BTreeMap::new(),
            busy: 0,
            idle: Vec::new(),
            turn: None,
        });
        lane.waiting.insert(turn, job);
        self.take_turn(key);
    }

    /// The next job, and how it is served.
    pub(crate) fn start(&mut self) -> Option<Start<T, L>> {
        let new = self.turns.first().filter(|_| self.busy < self.limit);
        let (_, key) = self.idle.first().into_iter().chain(new).min()?.clone();
        let lane = self.lanes.get_mut(&key)?;
        let (_, job) = lane.waiting.pop_first()?;
        let start = match lane.idle.pop() {
            Some(link) => Start::Reuse(link, job),
            None => {
                lane.busy += 1;
                self.busy += 1;
                Start::New(Arc::clone(&key), job)
            }
        };
        self.take_turn(&key);
        Some(start)
    }

    /// The next job for a connection that has done its last.
    pub(crate) fn next(&mut self, key: &Key) -> Option<T> {
        let job = self.lanes.get_mut(key)?.waiting.pop_first().map(|(_, job)| job);
        self.take_turn(key);
        job
    }

    /// A connection waits for a job.
    pub(crate) fn rest(&mut self, key: &Key, link: L) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.idle.push(link);
        }
        self.take_turn(key);
    }

    /// Nothing can be done for this lane: returns all who wait.
    pub(crate) fn drain(&mut self, key: &Key) -> Vec<T> {
        let Some(lane) = self.lanes.get_mut(key) else { return Vec::new() };
        let all = core::mem::take(&mut lane.waiting).into_values().collect();
        self.take_turn(key);
        all
    }

    /// A connection has ended.
    pub(crate) fn leave(&mut self, key: &Key, link: L) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        lane.idle.retain(|it| *it != link);
        lane.busy = lane.busy.saturating_sub(1);
        self.busy = self.busy.saturating_sub(1);
        if lane.busy == 0 && lane.waiting.is_empty() {
            self.lanes.remove(key);
        } else {
            self.take_turn(key);
        }
    }

    /// Sees to it that a lane is among the turns if it may be, and as its first job wants it.
    fn take_turn(&mut self, key: &Key) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        let may = lane.busy < self.lane_limit || !lane.idle.is_empty();
        let first = lane.waiting.first_key_value().map(|(turn, _)| *turn).filter(|_| may);
        if let Some(old) = lane.turn.take() {
            let old = (old, Arc::clone(key));
            let _ = self.turns.remove(&old) || self.idle.remove(&old);
        }
        lane.turn = first;
        if let Some(new) = first {
            let turns = if lane.idle.is_empty() { &mut self.turns } else { &mut self.idle };
            turns.insert((new, Arc::clone(key)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(limit: usize, lane_limit: usize, jobs: &[(&str, i8, u32)]) -> Lanes<u32, u8> {
        let mut lanes = Lanes::new(limit, lane_limit);
        jobs.iter()
            .for_each(|(key, priority, job)| lanes.line_up(&Key::from(*key), *priority, *job));
        lanes
    }

    fn started<const N: usize>(lanes: &mut Lanes<u32, u8>) -> [Option<u32>; N] {
        core::array::from_fn(|_| {
            lanes.start().map(|start| match start {
                Start::New(_, job) | Start::Reuse(_, job) => job,
            })
        })
    }

    #[test]
    fn lanes_keep_to_their_limits() {
        let jobs = [("a", 0, 1), ("a", 0, 2), ("a", 0, 3), ("b", 0, 4), ("b", 0, 5), ("b", 0, 6)];
        let mut lanes = lanes(4, 2, &jobs);
        assert_eq!(started(&mut lanes), [Some(1), Some(2), Some(4), Some(5), None]);
        lanes.leave(&"b".into(), 0);
        assert_eq!(started(&mut lanes), [Some(6), None]);
        lanes.leave(&"a".into(), 0);
        lanes.leave(&"a".into(), 0);
        assert_eq!(started(&mut lanes), [Some(3), None]);
    }

    #[test]
    fn a_slow_domain_leaves_room_for_others() {
        let mut jobs: Vec<_> = (0..9).map(|job| ("slow", 0, job)).collect();
        jobs.push(("quick", 0, 100));
        let mut lanes = lanes(3, 2, &jobs);
        assert_eq!(started(&mut lanes), [Some(0), Some(1), Some(100), None]);
    }

    #[test]
    fn what_is_urgent_goes_first() {
        let jobs = [("a", 0, 1), ("b", -1, 2), ("a", 3, 3), ("c", 9, 4)];
        let mut lanes = lanes(9, 9, &jobs);
        assert_eq!(started(&mut lanes), [Some(4), Some(3), Some(1), Some(2)]);
    }

    #[test]
    fn an_idle_connection_is_used_even_where_no_other_may_be_made() {
        let mut lanes = lanes(1, 1, &[("a", 0, 1), ("b", 0, 2)]);
        assert_eq!(lanes.start(), Some(Start::New("a".into(), 1)));
        lanes.rest(&"a".into(), 7);
        assert_eq!(lanes.start(), None, "b must wait");
        lanes.line_up(&"a".into(), 0, 3);
        assert_eq!(lanes.start(), Some(Start::Reuse(7, 3)));
        lanes.line_up(&"a".into(), 0, 4);
        lanes.line_up_first(&"a".into(), 0, 5);
        assert_eq!(lanes.next(&"a".into()), Some(5));
        lanes.leave(&"a".into(), 7);
        assert_eq!(lanes.start(), Some(Start::New("b".into(), 2)));
        assert_eq!(lanes.drain(&"a".into()), [4]);
    }
}
