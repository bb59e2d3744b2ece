//! How long the peer has been awaited.
use core::time::Duration;

use crate::Instant;

/// Measures one wait at a time, for sessions' deadlines.
///
/// The time is told by what arrives and by deadlines, not by the application's calls, and the
/// application may have thought for long before it called. So after such a call the beginning of
/// the wait is vague: it is put right when the time is next told, to the peer's benefit.
///
/// ```
/// use core::time::Duration;
/// use proto_core::{Instant, Timer};
///
/// let patience = Duration::from_secs(300);
/// let mut timer = Timer::new(Instant::ORIGIN);
/// assert_eq!(timer.deadline(patience), Instant::ORIGIN + patience);
/// timer.tell(Instant::ORIGIN + Duration::from_secs(60)); // an octet, but no whole line
/// assert!(timer.is_over(Instant::ORIGIN + patience, patience));
/// ```
#[derive(Clone, Debug)]
pub struct Timer {
    now: Instant,
    since: Instant,
    vague: bool,
}

impl Timer {
    /// Begins the first wait.
    #[must_use]
    pub const fn new(now: Instant) -> Self {
        Self { now, since: now, vague: false }
    }

    /// Notes the time.
    pub fn tell(&mut self, now: Instant) {
        self.now = self.now.max(now);
        if core::mem::take(&mut self.vague) {
            self.since = self.now;
        }
    }

    /// Begins a wait, after something that arrived.
    pub fn restart(&mut self) {
        self.since = self.now;
    }

    /// Begins a wait, after something that the application did.
    pub fn restart_vaguely(&mut self) {
        self.since = self.now;
        self.vague = true;
    }

    /// Returns when the wait is over, if it may last so long.
    #[must_use]
    pub fn deadline(&self, patience: Duration) -> Instant {
        self.since + patience
    }

    /// Notes the time, and says whether the wait has been long enough.
    pub fn is_over(&mut self, now: Instant, patience: Duration) -> bool {
        let deadline = self.deadline(patience);
        let over = now >= deadline && !(self.vague && now > deadline);
        self.tell(now);
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(minutes: u32) -> Instant {
        Instant::ORIGIN + MINUTE * minutes
    }

    #[test]
    fn a_wait_is_over_at_its_end() {
        let mut timer = Timer::new(at(0));
        assert!(!timer.is_over(at(4), MINUTE * 5));
        assert!(timer.is_over(at(5), MINUTE * 5));
    }

    #[test]
    fn what_arrives_does_not_prolong_a_wait_that_is_not_restarted() {
        let mut timer = Timer::new(at(0));
        timer.tell(at(4));
        assert_eq!(timer.deadline(MINUTE * 5), at(5));
        timer.restart();
        assert_eq!(timer.deadline(MINUTE * 5), at(9));
    }

    #[test]
    fn the_time_that_the_application_took_is_not_the_peers() {
        let mut timer = Timer::new(at(0));
        timer.restart_vaguely();
        assert!(!timer.is_over(at(6), MINUTE * 5));
        assert_eq!(timer.deadline(MINUTE * 5), at(11));
        assert!(timer.is_over(at(12), MINUTE * 5));
    }
}
