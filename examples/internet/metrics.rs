//! What is counted, hour by hour.
use crate::clock::{HOUR, Micros, SECOND};
use crate::names::Host;

/// One hour.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hour {
    pub(crate) written: u64,
    pub(crate) fetched: u64,
    /// Seconds, in all.
    pub(crate) delay: u64,
    pub(crate) waiting: u64,
    pub(crate) open: u64,
    /// Queries to the root, to top-level domains, and to domains.
    pub(crate) queries: [u64; 3],
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) deferred: u64,
    pub(crate) attempts: u64,
    pub(crate) faults: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    pub(crate) hours: Vec<Hour>,
    /// Letters by the binary logarithm of the seconds that they took to a mailbox's owner.
    pub(crate) delays: [u64; 24],
    pub(crate) accepted: u64,
    pub(crate) arrived: u64,
    pub(crate) reports: u64,
    pub(crate) crashes: u64,
    pub(crate) lost: u64,
    /// Lies that resolvers were told.
    pub(crate) forged: u64,
    /// Connections refused for their certificates, and messages that somebody could read.
    pub(crate) refused: u64,
    pub(crate) transfers: u64,
    pub(crate) overheard: u64,
    /// Connections in clear, for the server's TLS was broken.
    pub(crate) cleared: u64,
    pub(crate) longest_queue: u64,
    pub(crate) ladder: Vec<(Micros, String)>,
    /// Reports as their readers got them.
    pub(crate) bounces: Vec<bytes::Bytes>,
}

/// The ladder has no more rungs.
const RUNGS: usize = 2_000;

/// So many reports are kept.
const BOUNCES: usize = 1_000;

impl Metrics {
    fn hour(&mut self, now: Micros) -> &mut Hour {
        let index = usize::try_from(now / HOUR).unwrap_or(0);
        if self.hours.len() <= index {
            self.hours.resize(index + 1, Hour::default());
        }
        &mut self.hours[index]
    }

    pub(crate) fn written(&mut self, now: Micros) {
        self.hour(now).written += 1;
    }

    pub(crate) fn accepted(&mut self, _: Micros) {
        self.accepted += 1;
    }

    pub(crate) fn arrived(&mut self, _: Micros) {
        self.arrived += 1;
    }

    pub(crate) fn fetched(&mut self, now: Micros, took: Micros) {
        let seconds = took / SECOND;
        let hour = self.hour(now);
        hour.fetched += 1;
        hour.delay += seconds;
        let slot = usize::try_from(seconds.max(1).ilog2()).unwrap_or(0);
        self.delays[slot.min(23)] += 1;
    }

    pub(crate) fn attempt(&mut self, now: Micros) {
        self.hour(now).attempts += 1;
    }

    pub(crate) fn query(&mut self, now: Micros, to: Option<Host>) {
        let level = match to {
            Some(Host::Server(0 | 1)) => 0,
            Some(Host::Server(_)) => 1,
            _ => 2,
        };
        self.hour(now).queries[level] += 1;
    }

    pub(crate) fn fault(&mut self, now: Micros) {
        self.hour(now).faults += 1;
    }

    /// Hits, misses and put-off recipients of a site, an hour ago and by now.
    pub(crate) fn count(&mut self, now: Micros, before: (u64, u64, u64), by_now: (u64, u64, u64)) {
        let hour = self.hour(now);
        hour.hits += by_now.0.saturating_sub(before.0);
        hour.misses += by_now.1.saturating_sub(before.1);
        hour.deferred += by_now.2.saturating_sub(before.2);
    }

    pub(crate) fn sample(&mut self, now: Micros, waiting: u64, open: u64) {
        self.longest_queue = self.longest_queue.max(waiting);
        let hour = self.hour(now);
        (hour.waiting, hour.open) = (waiting, open);
    }

    pub(crate) fn ladder(&mut self, at: Micros, line: String) {
        if self.ladder.len() < RUNGS {
            self.ladder.push((at, line));
        }
    }

    pub(crate) fn bounce(&mut self, octets: &bytes::Bytes) {
        if self.bounces.len() < BOUNCES {
            self.bounces.push(octets.clone());
        }
    }

    pub(crate) fn sum(&self, of: impl Fn(&Hour) -> u64) -> u64 {
        self.hours.iter().map(of).sum()
    }
}
