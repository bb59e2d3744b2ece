//! Time, as it is told to a machine.
use core::ops::{Add, AddAssign, Sub};
use core::time::Duration;

/// A moment on the driver's monotonic clock: the time since an origin that the driver chose.
///
/// Machines are told the time and never read it, so a simulation owns it and a test never sleeps.
/// Only differences mean anything; two drivers' instants must not be mixed.
///
/// ```
/// use core::time::Duration;
/// use proto_core::Instant;
///
/// let now = Instant::ORIGIN + Duration::from_secs(5);
/// assert_eq!(now - Instant::ORIGIN, Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(Duration);

impl Instant {
    /// The moment that all others are measured from.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// Returns the time since the origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        self.0
    }
}

/// Later by a duration; the far end of time is a wall, not a panic.
impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, by: Duration) {
        *self = *self + by;
    }
}

/// The time between two moments; zero if the second is the later one.
impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_saturates_at_both_ends() {
        let second = Duration::from_secs(1);
        let end = Instant::ORIGIN + Duration::MAX;
        assert_eq!(end + second, end);
        assert_eq!(Instant::ORIGIN - (Instant::ORIGIN + second), Duration::ZERO);
        let mut now = Instant::ORIGIN;
        now += second;
        assert_eq!(now.since_origin(), second);
    }
}
