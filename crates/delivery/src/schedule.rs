//! When to try again.
use alloc::vec::Vec;
use core::time::Duration;

/// When to try again, and when to give up (RFC 5321 §4.5.4.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schedule {
    /// How long to wait after each attempt that failed for now; the last holds for all further
    /// ones. By default 5, 15 and 30 minutes, then 1, 2 and 4 hours: the RFC asks for 30 minutes
    /// at least, and for more eagerness at first with hosts that may be back soon, as
    /// greylisting ones are.
    pub waits: Vec<Duration>,
    /// How old a message may get: 5 days, "generally needs to be at least 4-5 days".
    pub give_up: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        let minutes = [5, 15, 30, 60, 120, 240];
        Self {
            waits: minutes.into_iter().map(|n| Duration::from_secs(n * 60)).collect(),
            give_up: Duration::from_secs(5 * 24 * 60 * 60),
        }
    }
}

impl Schedule {
    /// How long to wait after the attempt of this number, which counts from 1.
    #[must_use]
    pub fn wait(&self, attempt: u32) -> Duration {
        let index = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
        let wait = self.waits.get(index).or(self.waits.last());
        wait.copied().unwrap_or(Duration::from_secs(30 * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_the_last_one_stays() {
        let minutes = |attempt| Schedule::default().wait(attempt).as_secs() / 60;
        assert_eq!((minutes(1), minutes(2), minutes(6), minutes(7)), (5, 15, 240, 240));
        let none = Schedule { waits: Vec::new(), ..Schedule::default() };
        assert_eq!(none.wait(u32::MAX).as_secs(), 1800);
    }
}
