//! Virtual time.
use std::time::Duration;

use homing::proto_core::Instant;

/// Microseconds since the world began.
pub(crate) type Micros = u64;

pub(crate) const MILLI: Micros = 1_000;
pub(crate) const SECOND: Micros = 1_000_000;
pub(crate) const MINUTE: Micros = 60 * SECOND;
pub(crate) const HOUR: Micros = 60 * MINUTE;
pub(crate) const DAY: Micros = 24 * HOUR;

/// When the world begins: 22 November 2026.
const EPOCH: u64 = 1_795_305_600;

pub(crate) fn instant(now: Micros) -> Instant {
    Instant::ORIGIN + Duration::from_micros(now)
}

pub(crate) fn micros(at: Instant) -> Micros {
    u64::try_from(at.since_origin().as_micros()).unwrap_or(u64::MAX)
}

/// Seconds since 1970.
pub(crate) const fn unix(now: Micros) -> u64 {
    EPOCH + now / SECOND
}
