//! Who is served next: domains in turn, each with a lane of its own.
use alloc::{
    borrow::ToOwned,
    collections::{BTreeMap, VecDeque},
    string::String,
};

/// Jobs waiting in the lanes of their domains.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    lanes: BTreeMap<String, Lane<T>>,
    /// Domains that have somebody waiting and room.
    turn: VecDeque<String>,
    busy: usize,
    limit: usize,
    lane_limit: usize,
}

#[derive(Debug)]
struct Lane<T> {
    waiting: VecDeque<T>,
    busy: usize,
    in_turn: bool,
}

impl<T> Lanes<T> {
    pub(crate) const fn new(limit: usize, lane_limit: usize) -> Self {
        Self { lanes: BTreeMap::new(), turn: VecDeque::new(), busy: 0, limit, lane_limit }
    }

    pub(crate) fn line_up(&mut self, domain: &str, job: T) {
        let lane = self.lanes.entry(domain.to_owned());
        let lane = lane.or_insert(Lane { waiting: VecDeque::new(), busy: 0, in_turn: false });
        lane.waiting.push_back(job);
        self.take_turn(domain);
    }

    /// The next job, which is under way until its lane is left.
    pub(crate) fn start(&mut self) -> Option<T> {
        if self.busy >= self.limit {
            return None;
        }
        let domain = self.turn.pop_front()?;
        let lane = self.lanes.get_mut(&domain)?;
        lane.in_turn = false;
        let job = lane.waiting.pop_front()?;
        lane.busy += 1;
        self.busy += 1;
        self.take_turn(&domain);
        Some(job)
    }

    pub(crate) fn leave(&mut self, domain: &str) {
        let Some(lane) = self.lanes.get_mut(domain) else { return };
        lane.busy = lane.busy.saturating_sub(1);
        self.busy = self.busy.saturating_sub(1);
        if lane.busy == 0 && lane.waiting.is_empty() {
            self.lanes.remove(domain);
        } else {
            self.take_turn(domain);
        }
    }

    fn take_turn(&mut self, domain: &str) {
        if let Some(lane) = self.lanes.get_mut(domain)
            && !lane.in_turn
            && !lane.waiting.is_empty()
            && lane.busy < self.lane_limit
        {
            lane.in_turn = true;
            self.turn.push_back(domain.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_take_turns_and_keep_to_their_limits() {
        let mut lanes = Lanes::new(4, 2);
        for job in [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("b", 5), ("b", 6)] {
            lanes.line_up(job.0, job.1);
        }
        let started: [_; 5] = core::array::from_fn(|_| lanes.start());
        assert_eq!(started, [Some(1), Some(4), Some(2), Some(5), None]);
        lanes.leave("b");
        assert_eq!((lanes.start(), lanes.start()), (Some(6), None));
        lanes.leave("a");
        lanes.leave("a");
        assert_eq!((lanes.start(), lanes.start()), (Some(3), None));
    }

    #[test]
    fn a_slow_domain_leaves_room_for_others() {
        let mut lanes = Lanes::new(3, 2);
        for job in 0..9 {
            lanes.line_up("slow", job);
        }
        lanes.line_up("quick", 100);
        let started: [_; 4] = core::array::from_fn(|_| lanes.start());
        assert_eq!(started, [Some(0), Some(100), Some(1), None]);
        lanes.leave("quick");
        assert_eq!(lanes.start(), None);
        lanes.leave("slow");
        lanes.leave("slow");
        assert!(lanes.start().is_some());
    }
}
