//! Trust anchors that follow their zone's keys (RFC 5011).
use alloc::vec::Vec;

use super::chain::{find, judge_keys, verify};
use super::config::Config;
use super::key::{Ds, PublicKey};
use super::response::Response;
use super::rrset::RrSet;
use super::trust::{Status, Trust};
use super::verdict::Bogus;
use crate::name::Name;
use crate::number::RecordType;

/// How long keys are waited for.
///
/// ```
/// use dns_proto::dnssec::RolloverLimits;
///
/// assert_eq!(RolloverLimits::default().add, 2_592_000);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RolloverLimits {
    /// Seconds for which a new key must have been there before it is trusted. 30 days
    /// (RFC 5011 §2.4.1): who steals a key cannot add his own without being seen.
    pub add: u64,
    /// Seconds for which a revoked key is remembered. 30 days (RFC 5011 §2.4.2).
    pub remove: u64,
    /// Seconds after which a trusted key that is not there any more is forgotten, if another is
    /// there. 366 days, as in Unbound.
    pub missing: u64,
    /// Keys followed. 16: a zone in the middle of a roll-over has three.
    pub keys: usize,
}

impl Default for RolloverLimits {
    fn default() -> Self {
        Self { add: 30 * 86_400, remove: 30 * 86_400, missing: 366 * 86_400, keys: 16 }
    }
}

/// Where a key is in its life (RFC 5011 §4.2).
///
/// These are the states of the RFC but the first and the last, which nobody remembers: exhaustive.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum KeyState {
    /// It is new, and not trusted yet.
    Pending,
    /// It is trusted.
    Valid,
    /// It is trusted, and was not there when last looked.
    Missing,
    /// Its owner has revoked it: it will never be trusted again.
    Revoked,
}

/// The trust anchors of one zone, which follow its keys by themselves (RFC 5011): a key that has
/// been there for a month, signed by one that is trusted, is trusted too; one that is revoked is
/// not.
///
/// It says [when](Self::next_probe) to ask for the DNSKEY records, and is told the answer. It
/// prints itself as a file that Unbound understands (`auto-trust-anchor-file`), and is
/// [read](Self::parse) from one; keep it, durably, whenever it has changed.
///
/// ```
/// use dns_proto::dnssec::{Config, Rollover, Trust};
///
/// let file = ". 172800 IN DS 20326 8 2 \
///     E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n";
/// let mut anchors = Rollover::parse("root.key", file)?;
/// let mut trust = Trust::new(Config::default());
/// anchors.install(&mut trust);
/// assert_eq!((trust.anchors().count(), anchors.next_probe()), (1, Some(0)));
///
/// // The keys cannot be had: again in an hour.
/// assert!(!anchors.observe(None, trust.config(), 1_800_000_000));
/// assert!(anchors.next_probe() > Some(1_800_003_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rollover {
    pub(super) zone: Name,
    /// How long keys are waited for.
    pub limits: RolloverLimits,
    pub(super) keys: Vec<Tracked>,
    /// Digests of keys that were not seen yet.
    pub(super) ds: Vec<Ds>,
    pub(super) last_queried: u64,
    pub(super) last_success: u64,
    pub(super) next_probe: u64,
    pub(super) failures: u32,
    pub(super) interval: u32,
    pub(super) retry: u32,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Tracked {
    pub(super) key: PublicKey,
    pub(super) ttl: u32,
    pub(super) state: KeyState,
    /// How often it was seen while pending.
    pub(super) count: u32,
    /// When the state began; 0 if it has not been seen yet.
    pub(super) since: u64,
}

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

impl Rollover {
    /// Makes anchors of the digests of a zone's keys.
    #[must_use]
    pub fn new(zone: Name, ds: Vec<Ds>) -> Self {
        Self {
            zone,
            limits: RolloverLimits::default(),
            keys: Vec::new(),
            ds,
            last_queried: 0,
            last_success: 0,
            next_probe: 0,
            failures: 0,
            interval: HOUR,
            retry: HOUR,
        }
    }

    /// Returns the zone.
    #[must_use]
    pub const fn zone(&self) -> &Name {
        &self.zone
    }

    /// Iterates over the keys that are known, and where they are.
    pub fn keys(&self) -> impl Iterator<Item = (&PublicKey, KeyState)> {
        self.keys.iter().map(|it| (&it.key, it.state))
    }

    /// Returns when to ask for the zone's DNSKEY records next, in seconds since 1970; `None` if all
    /// keys are revoked, so that nothing will ever be trusted again.
    #[must_use]
    pub fn next_probe(&self) -> Option<u64> {
        (!self.is_over()).then_some(self.next_probe)
    }

    /// Returns how often the keys were asked for in vain since they were last seen.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    pub(super) fn is_over(&self) -> bool {
        let revoked = |it: &Tracked| it.state == KeyState::Revoked;
        self.ds.is_empty() && !self.keys.is_empty() && self.keys.iter().all(revoked)
    }

    /// Makes what is trusted the anchors of the zone, in the place of what was; none if all keys
    /// are revoked.
    pub fn install(&self, trust: &mut Trust) {
        trust.remove_anchors(self.zone.view());
        self.ds.iter().for_each(|ds| trust.add_anchor(self.zone.clone(), ds.clone()));
        self.trusted().iter().for_each(|key| trust.add_key(self.zone.clone(), key));
    }

    /// What makes a difference to who validates.
    pub(super) fn trusts(&self) -> (&[Ds], Vec<PublicKey>) {
        (&self.ds, self.trusted())
    }

    fn trusted(&self) -> Vec<PublicKey> {
        let trusted = |it: &&Tracked| matches!(it.state, KeyState::Valid | KeyState::Missing);
        self.keys.iter().filter(trusted).map(|it| it.key.clone()).collect()
    }

    /// Takes the answer to the question for the DNSKEY records, or that there was none. Returns
    /// whether anything is to be kept, which is whenever there was one; and what is trusted may be
    /// different, so [install](Self::install) it.
    pub fn observe(&mut self, answer: Option<&Response>, config: &Config, now: u64) -> bool {
        if self.is_over() {
            return false;
        }
        self.last_queried = now;
        let set = answer.and_then(|it| find(&it.answers, &self.zone, RecordType::DNSKEY));
        let Some((answer, set)) = answer.zip(set) else {
            self.fail(now);
            // Nothing to keep: whoever begins anew asks again at once.
            return false;
        };
        self.revoke(&set, config, now);
        if self.is_over() {
            (self.last_success, self.next_probe, self.failures) = (now, 0, 0);
            return true;
        }
        let Ok(left) = self.believe(answer, &set, config, now) else {
            self.fail(now);
            return true;
        };
        let (ttl, left) = (set.ttl(), u32::try_from(left).unwrap_or(u32::MAX));
        // RFC 5011 §2.3.
        self.interval = HOUR.max((15 * DAY).min(ttl / 2).min(left / 2));
        self.retry = HOUR.max(DAY.min(ttl / 10).min(left / 10));
        (self.last_success, self.failures) = (now, 0);
        self.next_probe = soon(now, self.interval);
        self.see(&set, config, now);
        true
    }

    fn fail(&mut self, now: u64) {
        self.failures = self.failures.saturating_add(1);
        self.next_probe = soon(now, self.retry);
    }

    /// RFC 5011 §2.1: a key that shows the flag and signs the set with it is revoked, whoever else
    /// has signed.
    fn revoke(&mut self, set: &RrSet, config: &Config, now: u64) {
        for key in public_keys(set).filter(|(key, _)| key.is_revoked()).map(|(key, _)| key) {
            let same = |it: &&mut Tracked| it.key.unrevoked() == key.unrevoked();
            let Some(known) = self.keys.iter_mut().find(same) else { continue };
            let is_trusted = matches!(known.state, KeyState::Valid | KeyState::Missing);
            if is_trusted
                && verify(set, &self.zone, core::slice::from_ref(&key), config, now).is_ok()
            {
                (known.key, known.state, known.since, known.count) =
                    (key, KeyState::Revoked, now, 0);
            }
        }
    }

    /// Verifies the set by what is trusted, or has waited long enough to be: the keys that were
    /// before may be gone by now. Returns the seconds for which its signature is valid.
    fn believe(
        &self,
        answer: &Response,
        set: &RrSet,
        config: &Config,
        now: u64,
    ) -> Result<u64, Bogus> {
        let ripe = self.keys.iter().filter(|it| it.is_ripe(&self.limits, now));
        let ripe = ripe.map(|it| it.key.clone());
        let ripe = ripe.filter(|key| public_keys(set).any(|(shown, _)| shown == *key));
        let keys: Vec<_> = self.trusted().into_iter().chain(ripe).collect();
        let by_key = verify(set, &self.zone, &keys, config, now);
        if by_key.is_err() {
            match judge_keys(&self.zone, &self.ds, answer, config, now)? {
                (Status::Secure(_), _) => {}
                _ => return Err(Bogus::Digest),
            }
        }
        Ok(set.longest(now).into())
    }

    /// RFC 5011 §4: the table of states.
    fn see(&mut self, set: &RrSet, config: &Config, now: u64) {
        let entries = |(key, _): &(PublicKey, u32)| {
            let usable = config.policy.supports(key.algorithm());
            key.is_zone_key() && key.is_entry_point() && !key.is_revoked() && usable
        };
        let seen: Vec<_> = public_keys(set).filter(entries).collect();
        let zone = self.zone.view();
        for (key, ttl) in &seen {
            if self.keys.iter().any(|it| it.key.unrevoked() == key.unrevoked()) {
                continue;
            }
            let anchored = self.ds.iter().any(|ds| ds.matches(&zone, key));
            let state = if anchored { KeyState::Valid } else { KeyState::Pending };
            if self.keys.len() < self.limits.keys {
                let tracked = Tracked { key: key.clone(), ttl: *ttl, state, count: 0, since: now };
                self.keys.insert(0, tracked);
            }
        }
        if self.keys.iter().any(|it| it.state == KeyState::Valid) {
            self.ds.clear();
        }
        let is_seen = |it: &Tracked| seen.iter().any(|(key, _)| *key == it.key);
        let another = self.keys.iter().any(|it| it.state == KeyState::Valid && is_seen(it));
        let limits = self.limits.clone();
        self.keys.retain_mut(|it| {
            let here = is_seen(it);
            it.goes_on(here, another, &limits, now)
        });
    }
}

impl Tracked {
    /// Goes on to the next state; whether it is remembered.
    fn goes_on(&mut self, seen: bool, another: bool, limits: &RolloverLimits, now: u64) -> bool {
        let age = now.saturating_sub(self.since);
        let next = match (self.state, seen) {
            (KeyState::Pending, false) => return false,
            (KeyState::Pending, true) => {
                self.count += 1;
                self.is_ripe(limits, now).then_some(KeyState::Valid)
            }
            (KeyState::Valid, true) => (self.since == 0).then_some(KeyState::Valid),
            (KeyState::Valid, false) => Some(KeyState::Missing),
            (KeyState::Missing, true) => Some(KeyState::Valid),
            (KeyState::Missing, false) if another && age >= limits.missing => return false,
            (KeyState::Revoked, _) if age >= limits.remove => return false,
            (KeyState::Missing, false) | (KeyState::Revoked, _) => None,
        };
        if let Some(next) = next {
            (self.state, self.since, self.count) = (next, now, 0);
        }
        true
    }

    /// RFC 5011 §2.4.1: its time has come, and it was in two sets that were believed at least,
    /// however long nobody has looked.
    fn is_ripe(&self, limits: &RolloverLimits, now: u64) -> bool {
        let age = now.saturating_sub(self.since);
        self.state == KeyState::Pending && age >= limits.add && self.count >= 2
    }
}

/// A tenth before the time is over, so that what is asked for has come by then.
fn soon(now: u64, seconds: u32) -> u64 {
    now + u64::from(seconds - seconds / 10)
}

fn public_keys(set: &RrSet) -> impl Iterator<Item = (PublicKey, u32)> {
    set.records.iter().filter_map(|it| Some((PublicKey::from_data(&it.data())?, it.ttl())))
}
