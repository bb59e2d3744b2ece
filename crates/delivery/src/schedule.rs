//! When to try again.
use alloc::vec::Vec;
use core::time::Duration;

/// When to try again, and when to give up (RFC 5321 §4.5.4.1).
///
/// It is a function of a message's age, so that a restart needs no record of attempts.
///
/// ```
/// use core::time::Duration;
/// use delivery::Schedule;
///
/// let schedule = Schedule::default();
/// let minutes = |n: u64| Duration::from_secs(n * 60);
/// assert_eq!(schedule.wait(minutes(0)), minutes(5));
/// // The second attempt was late by two minutes: the third keeps to its time.
/// assert_eq!(schedule.wait(minutes(7)), minutes(13));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Schedule {
    /// How long to wait after each attempt that failed for now; the last holds for all further
    /// ones. By default 5, 15 and 30 minutes, then 1, 2 and 4 hours: the RFC asks for 30 minutes
    /// at least, and for more eagerness at first with hosts that may be back soon, as
    /// greylisting ones are.
    pub waits: Vec<Duration>,
    /// How old a message is when its sender is told that it is late: 4 hours, as Sendmail; `None`
    /// for never. Who asks for notices of delay or says nothing (RFC 3461 §4.1) is told, once.
    pub warn: Option<Duration>,
    /// How old a message may get: 5 days, "generally needs to be at least 4-5 days".
    pub give_up: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        let minutes = [5, 15, 30, 60, 120, 240];
        Self {
            waits: minutes.into_iter().map(|n| Duration::from_secs(n * 60)).collect(),
            warn: Some(Duration::from_secs(4 * 60 * 60)),
            give_up: Duration::from_secs(5 * 24 * 60 * 60),
        }
    }
}

impl Schedule {
    /// What holds without a table of waits: the RFC's 30 minutes.
    const USUAL: Duration = Duration::from_secs(30 * 60);

    /// How long a message of this age waits after an attempt: until the schedule's next time.
    #[must_use]
    pub fn wait(&self, age: Duration) -> Duration {
        let mut at = Duration::ZERO;
        for wait in &self.waits {
            at = at.saturating_add(*wait);
            if at > age {
                return at.abs_diff(age);
            }
        }
        let step = self.waits.last().copied().unwrap_or(Self::USUAL).as_secs().max(1);
        let beyond = age.saturating_sub(at).as_secs();
        Duration::from_secs(step - beyond % step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_the_last_one_stays() {
        let wait = |minutes: u64| Schedule::default().wait(Duration::from_secs(minutes * 60));
        let minutes = |age| wait(age).as_secs() / 60;
        let ages = [0, 5, 20, 50, 110, 230, 470, 710];
        assert_eq!(ages.map(minutes), [5, 15, 30, 60, 120, 240, 240, 240]);
        assert_eq!((minutes(4), minutes(471)), (1, 239));
    }

    #[test]
    fn a_schedule_without_waits_has_the_usual_one_and_never_none() {
        let none = Schedule { waits: Vec::new(), ..Schedule::default() };
        assert_eq!(none.wait(Duration::MAX).as_secs() / 1800, 0);
        assert_eq!(none.wait(Duration::ZERO).as_secs(), 1800);
        let zero = Schedule { waits: [Duration::ZERO].into(), ..Schedule::default() };
        assert_eq!(zero.wait(Duration::ZERO).as_secs(), 1);
    }
}
