//! Trust anchors that follow their zone's keys (RFC 5011).
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::chain::{find, judge_keys, verify};
use super::config::Config;
use super::key::{Ds, PublicKey};
use super::response::Response;
use super::rrset::RrSet;
use super::trust::{Status, Trust, read_anchors};
use super::verdict::Bogus;
use crate::name::Name;
use crate::number::{DnssecAlgorithm, RecordType};
use crate::rdata::Timestamp;
use crate::record::Record;
use crate::zone_file::ScanError;

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
    zone: Name,
    /// How long keys are waited for.
    pub limits: RolloverLimits,
    keys: Vec<Tracked>,
    /// Digests of keys that were not seen yet.
    ds: Vec<Ds>,
    last_queried: u64,
    last_success: u64,
    next_probe: u64,
    failures: u32,
    interval: u32,
    retry: u32,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Tracked {
    key: PublicKey,
    ttl: u32,
    state: KeyState,
    /// How often it was seen while pending.
    count: u32,
    /// When the state began; 0 if it has not been seen yet.
    since: u64,
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

    /// Reads what was printed, or a master file of DS and DNSKEY records of one zone, which are
    /// trusted then; `file` is its name in errors. Keys that are no entry points are passed over.
    ///
    /// # Errors
    ///
    /// When it is no master file. What stands in comments and is not understood is passed over.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScanError> {
        let mut own = Self::new(Name::ROOT, Vec::new());
        // For the errors; the records are read line by line, as what is known of them stands
        // behind in comments.
        let whole = read_anchors(file, text.as_bytes())?;
        if let Some(first) = whole.first() {
            own.zone = first.owner().clone();
        }
        for line in text.lines() {
            match line.strip_prefix(";;").and_then(|line| line.split_once(": ")) {
                Some((name, value)) => own.read_header(name, value),
                None => own.read_record(line),
            }
        }
        if own.keys.is_empty() && own.ds.is_empty() {
            // Records on several lines have no states.
            whole.iter().for_each(|record| own.add(record, ""));
        }
        Ok(own)
    }

    fn read_header(&mut self, name: &str, value: &str) {
        let number = value.split(' ').next().unwrap_or_default();
        let wide = |place: &mut u64| *place = number.parse().unwrap_or(*place);
        let narrow = |place: &mut u32| *place = number.parse().unwrap_or(*place);
        match name {
            "last_queried" => wide(&mut self.last_queried),
            "last_success" => wide(&mut self.last_success),
            "next_probe_time" => wide(&mut self.next_probe),
            "query_failed" => narrow(&mut self.failures),
            "query_interval" => narrow(&mut self.interval),
            "retry_time" => narrow(&mut self.retry),
            _ => {}
        }
    }

    fn read_record(&mut self, line: &str) {
        let records = read_anchors("line", line.as_bytes());
        for record in records.unwrap_or_default() {
            let comment = line.split_once(";;").map_or("", |(_, comment)| comment);
            self.add(&record, comment);
        }
    }

    fn add(&mut self, record: &Record, comment: &str) {
        if *record.owner() != self.zone {
            return;
        }
        let number = |name: &str| {
            let mut words = comment.split(' ').map(|word| word.trim_start_matches(';'));
            let value = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
            value.parse::<u64>().ok()
        };
        let state = match number("state") {
            Some(1) => KeyState::Pending,
            Some(3) => KeyState::Missing,
            Some(4) => KeyState::Revoked,
            // Neither begun nor over are states that are remembered.
            Some(0 | 5..) => return,
            None | Some(2) => KeyState::Valid,
        };
        let data = record.data();
        self.ds.extend(Ds::from_data(&data));
        // RFC 5011 §3: keys that only sign data come and go without anybody's noticing.
        let key = PublicKey::from_data(&data).filter(PublicKey::is_entry_point);
        if let Some(key) = key {
            let count = number("count").and_then(|count| u32::try_from(count).ok());
            let (count, since) =
                (count.unwrap_or_default(), number("lastchange").unwrap_or_default());
            self.keys.push(Tracked { key, ttl: record.ttl(), state, count, since });
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

    fn is_over(&self) -> bool {
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

    fn size(&self) -> usize {
        match self.key.algorithm() {
            DnssecAlgorithm::ECDSAP256SHA256 | DnssecAlgorithm::ED25519 => 256,
            DnssecAlgorithm::ECDSAP384SHA384 => 384,
            // RFC 2536 §2: the first octet is how much longer it is.
            DnssecAlgorithm::DSA | DnssecAlgorithm::DSA_NSEC3_SHA1 => {
                self.key.octets().first().map_or(0, |more| 512 + 64 * usize::from(*more))
            }
            _ => super::rsa::split(self.key.octets()).map_or(0, |(_, modulus)| modulus.len() * 8),
        }
    }
}

/// A tenth before the time is over, so that what is asked for has come by then.
fn soon(now: u64, seconds: u32) -> u64 {
    now + u64::from(seconds - seconds / 10)
}

fn public_keys(set: &RrSet) -> impl Iterator<Item = (PublicKey, u32)> {
    set.records.iter().filter_map(|it| Some((PublicKey::from_data(&it.data())?, it.ttl())))
}

/// Prints the file of Unbound.
impl fmt::Display for Rollover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "; autotrust trust anchor file")?;
        if self.is_over() {
            writeln!(f, ";;REVOKED")?;
            writeln!(f, "; The zone has all keys revoked, and is")?;
            writeln!(f, "; considered as if it has no trust anchors.")?;
            writeln!(f, "; the remainder of the file is the last probe.")?;
            writeln!(f, "; to restart the trust anchor, overwrite this file.")?;
            writeln!(f, "; with one containing valid DNSKEYs or DSes.")?;
        }
        writeln!(f, ";;id: {} 1", self.zone)?;
        writeln!(f, ";;last_queried: {}", Time(self.last_queried))?;
        writeln!(f, ";;last_success: {}", Time(self.last_success))?;
        writeln!(f, ";;next_probe_time: {}", Time(self.next_probe))?;
        writeln!(f, ";;query_failed: {}", self.failures)?;
        writeln!(f, ";;query_interval: {}", self.interval)?;
        writeln!(f, ";;retry_time: {}", self.retry)?;
        for ds in &self.ds {
            writeln!(f, "{}\t{DAY}\tIN\tDS\t{}", self.zone, ds.data())?;
        }
        for it in &self.keys {
            let (number, state) = match it.state {
                KeyState::Pending => (1, " ADDPEND "),
                KeyState::Valid => (2, "  VALID  "),
                KeyState::Missing => (3, " MISSING "),
                KeyState::Revoked => (4, " REVOKED "),
            };
            write!(f, "{}\t{}\tIN\tDNSKEY\t{} ", self.zone, it.ttl, it.key.data())?;
            write!(f, ";{{id = {} (ksk), size = {}b}} ", it.key.tag(), it.size())?;
            let (count, since) = (it.count, Time(it.since));
            writeln!(f, ";;state={number} [{state}] ;;count={count} ;;lastchange={since}")?;
        }
        Ok(())
    }
}

/// Seconds since 1970, and the same as a date.
struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ;;{}", self.0, Date(self.0))
    }
}

/// Seconds since 1970, as C's `ctime` says it.
pub(crate) struct Date(pub(crate) u64);

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let seconds = u32::try_from(self.0).unwrap_or(u32::MAX);
        let date: String = alloc::format!("{}", Timestamp(seconds));
        let part = |range| date.get(range).unwrap_or_default();
        let month: usize = part(4..6).parse().unwrap_or(1);
        let day: u32 = part(6..8).parse().unwrap_or(1);
        let name = usize::try_from(seconds / DAY % 7).unwrap_or_default();
        let name = DAYS.get(name).copied().unwrap_or_default();
        let month = MONTHS.get(month.saturating_sub(1)).copied().unwrap_or_default();
        let (hour, minute, second) = (part(8..10), part(10..12), part(12..14));
        let year = part(0..4);
        write!(f, "{name} {month} {day:2} {hour}:{minute}:{second} {year}")
    }
}
