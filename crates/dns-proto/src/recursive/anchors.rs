//! Trust anchors that follow their zones' keys (RFC 5011): when those are looked at, and what for.
use alloc::collections::BTreeMap;
use alloc::string::ToString;
use core::time::Duration;

use proto_core::Instant;

use crate::cache::Answer;
use crate::dnssec::Rollover;
use crate::name::Name;
use crate::number::RecordType;
use crate::recursive::check::response;
use crate::recursive::job::{Asker, Kind};
use crate::recursive::{Event, Resolver};

/// The zones whose keys are being asked for, and how often that has been done over.
#[derive(Debug, Default)]
pub(super) struct Probes {
    turns: BTreeMap<Name, u32>,
}

impl Resolver {
    /// Returns when the next zone's keys are to be looked at.
    pub(super) fn next_probe(&self) -> Option<Instant> {
        self.probes().map(|(_, at)| at).min()
    }

    /// Asks for the keys that are due to be looked at.
    pub(super) fn probe(&mut self, now: Instant) {
        let due = self.probes().filter(|&(_, at)| at <= now);
        let due: alloc::vec::Vec<_> = due.map(|(it, _)| it.zone().clone()).collect();
        for zone in due {
            self.trusted.probes.turns.insert(zone.clone(), 0);
            self.ask_for_keys(now, zone);
        }
    }

    /// The anchors that nobody looks after at the moment, and when that is to be done.
    fn probes(&self) -> impl Iterator<Item = (&Rollover, Instant)> {
        let (then, unix) = self.trusted.clock;
        let followed = self.trusted.trust.iter().flat_map(|trust| trust.followed());
        let idle = followed.filter(|it| !self.trusted.probes.turns.contains_key(it.zone()));
        idle.filter_map(move |it| {
            let wait = Duration::from_secs(it.next_probe()?.saturating_sub(unix));
            Some((it, then + wait))
        })
    }

    /// RFC 5011 §2.3: of the zone itself, not of the cache.
    fn ask_for_keys(&mut self, now: Instant, zone: Name) {
        let question = (zone, RecordType::DNSKEY, Kind::Walk);
        self.ask(now, question, Asker::Anchors, None, true);
    }

    /// Shows the anchors of a zone its keys.
    pub(super) fn probed(&mut self, now: Instant, zone: &Name, answer: &Answer) {
        let unix = self.trusted.unix(now);
        let turns = self.trusted.probes.turns.remove(zone).unwrap_or_default();
        let reply = (!answer.is_failure()).then(|| response(zone, RecordType::DNSKEY, answer));
        let Some(trust) = self.trusted.trust.as_mut() else { return };
        let Some(anchors) = trust.observe(zone.view(), reply.as_ref(), unix) else { return };
        let doubted = anchors.failures() > 0 && reply.is_some();
        let (zone, state) = (zone.clone(), anchors.to_string());
        self.events.push_back(Event::Anchors { zone: zone.clone(), state });
        // What somebody on the way has spoilt may come whole the next time. An hour is long.
        if doubted && turns < self.config.limits.bogus_turns {
            self.trusted.probes.turns.insert(zone.clone(), turns + 1);
            self.ask_for_keys(now, zone);
        }
    }
}
