//! How fast servers have been, and what they cannot do.
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use proto_core::Instant;

use crate::cache::Store;
use crate::recursive::config::Config;
use crate::recursive::job::Place;

/// What a server that is not known is taken to need: a round trip far away.
const UNKNOWN: u32 = 376;
/// Servers within this are as good as the fastest: so that none gets all the questions, and a
/// forger has to guess whom we ask.
const BAND: u32 = 400;
/// The slowest that a server is remembered as.
const SLOWEST: u32 = 120_000;
/// For how long a server is remembered: a dead one may have come back.
const MEMORY: Duration = Duration::from_secs(900);

/// What is known of servers, by address.
#[derive(Debug)]
pub(crate) struct Speeds(Store<Known>);

#[derive(Clone, Copy, Debug)]
struct Known {
    /// Smoothed milliseconds of a round trip, and how much they vary (RFC 6298 §2).
    mean: u32,
    variation: u32,
    /// Whether it does not understand EDNS.
    plain: bool,
    until: Instant,
}

impl Speeds {
    pub(crate) const fn new(bound: usize) -> Self {
        Self(Store::new(bound))
    }

    /// Notes that a server answered, and how long it took.
    pub(crate) fn heard(&mut self, now: Instant, from: IpAddr, took: Duration) {
        let took = u32::try_from(took.as_millis()).unwrap_or(SLOWEST).min(SLOWEST);
        self.change(now, from, |known, new| {
            if new || known.mean >= SLOWEST / 2 {
                (known.mean, known.variation) = (took, took / 2);
            } else {
                known.variation = (3 * known.variation + known.mean.abs_diff(took)) / 4;
                known.mean = (7 * known.mean + took) / 8;
            }
        });
    }

    /// Notes that a server was silent.
    pub(crate) fn unheard(&mut self, now: Instant, from: IpAddr) {
        self.change(now, from, |known, _| {
            known.mean = known.mean.max(UNKNOWN).saturating_mul(2).min(SLOWEST);
        });
    }

    /// Notes that a server does not understand EDNS.
    pub(crate) fn is_plain(&mut self, now: Instant, from: IpAddr) {
        self.change(now, from, |known, _| known.plain = true);
    }

    /// Whether a server can be asked with EDNS.
    pub(crate) fn knows_edns(&self, now: Instant, to: IpAddr) -> bool {
        self.get(now, to).is_none_or(|known| !known.plain)
    }

    /// Returns how long to wait for a server.
    pub(crate) fn patience(&self, now: Instant, to: IpAddr, config: &Config) -> Duration {
        let Some(known) = self.get(now, to) else { return config.timeout };
        let wait = known.mean.saturating_add(known.variation.saturating_mul(4));
        Duration::from_millis(u64::from(wait)).max(config.least_timeout).min(config.timeout)
    }

    /// Returns which places are worth asking next: those least tried, and about the fastest.
    pub(crate) fn best(&self, now: Instant, places: &[Place], most: u32) -> Vec<SocketAddr> {
        let open = places.iter().filter(|place| place.tries < most);
        let Some(tries) = open.clone().map(|place| place.tries).min() else { return Vec::new() };
        let open = open.filter(|place| place.tries == tries);
        let speed =
            |place: &&Place| self.get(now, place.address.ip()).map_or(UNKNOWN, |known| known.mean);
        let fastest = open.clone().map(|place| speed(&place)).min().unwrap_or_default();
        open.filter(|place| speed(place) <= fastest.saturating_add(BAND))
            .map(|place| place.address)
            .collect()
    }

    fn get(&self, now: Instant, of: IpAddr) -> Option<&Known> {
        self.0.get(&key(of)).filter(|known| known.until > now)
    }

    fn change(&mut self, now: Instant, of: IpAddr, change: impl FnOnce(&mut Known, bool)) {
        let known = self.get(now, of).copied();
        let new = known.is_none();
        let mut known =
            known.unwrap_or(Known { mean: UNKNOWN, variation: 0, plain: false, until: now });
        change(&mut known, new);
        known.until = now + MEMORY;
        self.0.put(&key(of), known);
    }
}

fn key(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(count: u8) -> Vec<Place> {
        let address = |last| SocketAddr::new([192, 0, 2, last].into(), 53);
        (0..count).map(|last| Place { address: address(last), tries: 0 }).collect()
    }

    #[test]
    fn the_fastest_are_asked_and_the_silent_left() {
        let (now, places) = (Instant::ORIGIN, places(3));
        let mut speeds = Speeds::new(10);
        assert_eq!(speeds.best(now, &places, 2).len(), 3);
        speeds.heard(now, places[0].address.ip(), Duration::from_millis(20));
        (0..3).for_each(|_| speeds.unheard(now, places[1].address.ip()));
        let best = speeds.best(now, &places, 2);
        assert_eq!(best, [places[0].address, places[2].address]);
        // Which is not for ever.
        let later = now + MEMORY;
        assert_eq!(speeds.best(later, &places, 2).len(), 3);
    }

    #[test]
    fn what_has_been_tried_is_tried_last_and_not_for_ever() {
        let mut places = places(2);
        let speeds = Speeds::new(10);
        places[0].tries = 1;
        assert_eq!(speeds.best(Instant::ORIGIN, &places, 2), [places[1].address]);
        places[1].tries = 2;
        assert_eq!(speeds.best(Instant::ORIGIN, &places, 2), [places[0].address]);
        places[0].tries = 2;
        assert!(speeds.best(Instant::ORIGIN, &places, 2).is_empty());
    }

    #[test]
    fn a_server_that_was_fast_is_not_waited_for_long() {
        let (now, host) = (Instant::ORIGIN, [192, 0, 2, 1].into());
        let config = Config::new([]);
        let mut speeds = Speeds::new(10);
        assert_eq!(speeds.patience(now, host, &config), config.timeout);
        speeds.heard(now, host, Duration::from_millis(10));
        assert_eq!(speeds.patience(now, host, &config), config.least_timeout);
        speeds.unheard(now, host);
        assert!(speeds.patience(now, host, &config) > Duration::from_millis(700));
    }
}
