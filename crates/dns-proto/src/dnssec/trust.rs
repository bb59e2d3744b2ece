//! What is believed without asking: trust anchors, and what they have led to so far.
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::config::Config;
use super::key::{DigestType, Ds, PublicKey};
use super::response::Response;
use super::rollover::Rollover;
use super::rrset::ancestor;
use super::verdict::{Bogus, Insecure};
use bytes::Bytes;

use crate::error::{ParseError, ParseErrorKind};
use crate::name::{Name, NameRef};
use crate::rdata::Rdata;
use crate::record::Record;
use crate::zone_file::{self, ScanError};

/// Where chains of trust begin, and the links that are known: shared by all validations.
///
/// It is data: no clock, no sockets. Its memory is bounded by [`Limits::zones`](super::Limits).
///
/// ```
/// use dns_proto::dnssec::{Config, Trust};
///
/// let mut trust = Trust::new(Config::default());
/// trust.add_root_anchors();
/// trust.add_anchors("island", b"island.example. DS 3613 15 2 \
///     3AA5AB37EFCE57F737FC1627013FEE07BDF241BD10F3B1964AB55C78E79A304B")?;
/// trust.add_negative_anchor("broken.example".parse()?);
/// assert_eq!(trust.anchors().count(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trust {
    config: Config,
    anchors: BTreeMap<Name, Vec<Ds>>,
    negative: BTreeSet<Name>,
    zones: BTreeMap<Name, Entry>,
    /// Anchors that change by themselves.
    followed: Vec<Rollover>,
}

#[derive(Clone, Debug)]
struct Entry {
    /// Seconds since 1970.
    until: u64,
    status: Status,
}

/// What is known of a name on the way down from an anchor.
#[derive(Clone, Debug)]
pub(super) enum Status {
    /// The parent has these DS records for it, which can be verified; its keys are not known.
    Delegated(Vec<Ds>),
    /// It is a zone, with these keys.
    Secure(Arc<[PublicKey]>),
    /// There is no cut here: it belongs to the zone above.
    Inside,
    /// There is no such name, so no cut here or below (RFC 8020).
    Nothing,
    /// It is a zone, and it and all below are insecure.
    Insecure(Insecure),
    /// It and all below cannot be believed.
    Bogus(Bogus),
}

/// How far the chain of trust to a name is known.
#[derive(Debug)]
pub(super) enum Walk {
    /// It leads to this zone, which the name is in.
    Zone(Name, Arc<[PublicKey]>),
    /// The DS of this name is to be asked; it is signed by the zone with the keys.
    NeedDs {
        name: Name,
        zone: Name,
        keys: Arc<[PublicKey]>,
    },
    /// The DNSKEY of this zone is to be asked.
    NeedKeys {
        name: Name,
        ds: Vec<Ds>,
    },
    Insecure(Insecure),
    Bogus(Bogus),
    /// No anchor is above the name.
    Indeterminate,
}

/// The root's keys that sign keys: KSK-2017 and KSK-2024, from IANA's root-anchors.xml.
const ROOT: [&str; 2] = [
    "20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D",
    "38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16",
];

impl Trust {
    /// Makes one without anchors: nothing is secure, and nothing bogus.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { config, ..Self::default() }
    }

    /// Returns what is accepted and spent.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Trusts IANA's keys of the root, 20326 (of 2017) and 38696 (of 2024).
    pub fn add_root_anchors(&mut self) {
        for text in ROOT {
            let mut octets = Vec::new();
            let rtype = crate::number::RecordType::DS;
            let read = Rdata::parse_text(rtype, text, &mut octets);
            let ds = read.and_then(|()| Rdata::parse(rtype, &octets).map(|it| Ds::from_data(&it)));
            let ds = ds.ok().flatten().expect("the anchors of the root are written as DS data");
            self.add_anchor(Name::ROOT, ds);
        }
    }

    /// Trusts the key of a zone that has this digest.
    pub fn add_anchor(&mut self, zone: Name, ds: Ds) {
        self.forget(zone.view());
        let known = self.anchors.entry(zone).or_default();
        if !known.contains(&ds) {
            known.push(ds);
        }
    }

    /// Trusts a key of a zone.
    pub fn add_key(&mut self, zone: Name, key: &PublicKey) {
        let ds = Ds::of(&zone.view(), key, DigestType::Sha256);
        self.add_anchor(zone, ds);
    }

    /// Trusts what the DS and DNSKEY records of a master file say, and returns how many those are;
    /// `file` is its name in errors. The anchor files of Unbound and Knot Resolver are such files,
    /// and BIND's `dsset-`. Other records are passed over.
    ///
    /// # Errors
    ///
    /// When the text is no master file.
    pub fn add_anchors(&mut self, file: &str, text: &[u8]) -> Result<usize, ScanError> {
        let records = read_anchors(file, text)?;
        Ok(records.iter().filter(|record| self.add_record(record).is_ok()).count())
    }

    /// Trusts what a DS or DNSKEY record says.
    ///
    /// # Errors
    ///
    /// When it is of another type.
    pub fn add_record(&mut self, record: &Record) -> Result<(), ParseError> {
        let (data, zone) = (record.data(), record.owner().clone());
        match (Ds::from_data(&data), PublicKey::from_data(&data)) {
            (Some(ds), _) => self.add_anchor(zone, ds),
            (_, Some(key)) => self.add_key(zone, &key),
            _ => return Err(ParseError::new(ParseErrorKind::Expected("DS or DNSKEY"), 0)),
        }
        Ok(())
    }

    /// Trusts the keys of a zone from now on as they change (RFC 5011), in the place of whatever
    /// anchors it had. Whoever drives this asks for the DNSKEY records when
    /// [they are due](Rollover::next_probe), and has the answer [observed](Self::observe);
    /// [`Resolver`](crate::recursive::Resolver) does.
    ///
    /// ```
    /// use dns_proto::dnssec::{Config, Rollover, Trust};
    ///
    /// let mut trust = Trust::new(Config::default());
    /// trust.follow(Rollover::parse("root.key", ". DS 20326 8 2 \
    ///     E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D")?);
    /// assert_eq!((trust.anchors().count(), trust.followed().count()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow(&mut self, anchors: Rollover) {
        anchors.install(self);
        self.followed.retain(|own| own.zone() != anchors.zone());
        self.followed.push(anchors);
    }

    /// Iterates over the anchors that are followed.
    pub fn followed(&self) -> impl Iterator<Item = &Rollover> {
        self.followed.iter()
    }

    /// Shows the anchors of a zone the answer to the question for its DNSKEY records, or that there
    /// was none, and trusts what they come to; returns them if they are to be kept anew.
    pub fn observe(
        &mut self,
        zone: NameRef<'_>,
        answer: Option<&Response>,
        now: u64,
    ) -> Option<&Rollover> {
        let at = self.followed.iter().position(|own| *own.zone() == zone)?;
        let mut anchors = self.followed.get(at)?.clone();
        let changed = anchors.observe(answer, &self.config, now);
        if changed && anchors.trusts() != self.followed.get(at)?.trusts() {
            anchors.install(self);
        }
        let place = self.followed.get_mut(at)?;
        *place = anchors;
        changed.then_some(place)
    }

    /// Trusts the keys of a zone no more, nor what followed from them.
    pub fn remove_anchors(&mut self, zone: NameRef<'_>) {
        self.anchors.remove(&zone.to_name());
        self.forget(zone);
    }

    /// Takes everything at and below a name for insecure, until it is taken back: its owner has
    /// broken it, and is known to be mending it (RFC 7646).
    pub fn add_negative_anchor(&mut self, name: Name) {
        self.negative.insert(name);
    }

    /// Takes a negative anchor back.
    pub fn remove_negative_anchor(&mut self, name: NameRef<'_>) {
        self.negative.remove(&name.to_name());
        self.forget(name);
    }

    /// Iterates over the anchors.
    pub fn anchors(&self) -> impl Iterator<Item = (&Name, &Ds)> {
        self.anchors.iter().flat_map(|(zone, all)| all.iter().map(move |ds| (zone, ds)))
    }

    /// Iterates over the negative anchors.
    pub fn negative_anchors(&self) -> impl Iterator<Item = &Name> {
        self.negative.iter()
    }

    /// Forgets what has been learnt of a name and all below: it is asked again.
    pub fn forget(&mut self, name: NameRef<'_>) {
        self.zones.retain(|zone, _| !zone.is_within(name));
    }

    /// Whether it was found out lately that a zone above a name cannot be believed.
    pub(crate) fn is_bogus(&self, name: &Name, now: u64) -> bool {
        let mut known = above(name).filter_map(|name| self.known(&name, now));
        known.any(|status| matches!(status, Status::Bogus(_)))
    }

    /// Forgets what may have been spoilt on the way to a name: what is not secure and, the first
    /// time, the keys of its zone, which may be others by now. What is above stays, or each bogus
    /// answer would have all the chain asked for again.
    pub(crate) fn doubt(&mut self, name: &Name, first: bool) {
        for name in above(name) {
            let status = self.zones.get(&name).map(|entry| &entry.status);
            let secure = matches!(status, Some(Status::Secure(_)));
            if first || !secure {
                self.zones.remove(&name);
            }
            if secure {
                return;
            }
        }
    }

    /// Returns of how many names it is known what they are, or was known until lately.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.zones.len()
    }

    fn anchor_above(&self, name: &Name) -> Option<Name> {
        above(name).find(|name| self.anchors.contains_key(name))
    }

    /// Whether a negative anchor is above a name, and no anchor below that (RFC 7646 §2).
    pub(crate) fn is_negative(&self, name: &Name) -> bool {
        let negative = above(name).find(|name| self.negative.contains(name));
        let anchor = self.anchor_above(name);
        negative.is_some_and(|it| anchor.is_none_or(|anchor| it.is_within(anchor.view())))
    }

    /// Goes down from the deepest anchor above a name as far as is known.
    pub(super) fn walk(&self, target: &Name, now: u64, own: &BTreeMap<Name, Status>) -> Walk {
        let depth = target.labels().count();
        if self.is_negative(target) {
            return Walk::Insecure(Insecure::NegativeAnchor);
        }
        let Some(anchor) = self.anchor_above(target) else { return Walk::Indeterminate };
        let first = anchor.labels().count();
        let mut zone = None;
        for name in (first..=depth).map(|labels| ancestor(target, labels)) {
            let known = own.get(&name).or_else(|| self.known(&name, now)).cloned();
            match known.or_else(|| self.begin(Some(&anchor).filter(|it| **it == name))) {
                Some(Status::Secure(keys)) => zone = Some((name, keys)),
                Some(Status::Inside) => {}
                Some(Status::Nothing) => break,
                Some(Status::Delegated(ds)) => return Walk::NeedKeys { name, ds },
                Some(Status::Insecure(reason)) => return Walk::Insecure(reason),
                Some(Status::Bogus(reason)) => return Walk::Bogus(reason),
                None => {
                    let Some((zone, keys)) = zone else { return Walk::Indeterminate };
                    return Walk::NeedDs { name, zone, keys };
                }
            }
        }
        zone.map_or(Walk::Indeterminate, |(zone, keys)| Walk::Zone(zone, keys))
    }

    /// What an anchor says of its own zone.
    fn begin(&self, anchor: Option<&Name>) -> Option<Status> {
        let all = self.anchors.get(anchor?)?;
        Some(usable(all, &self.config).map_or_else(Status::Insecure, Status::Delegated))
    }

    fn known(&self, name: &Name, now: u64) -> Option<&Status> {
        self.zones.get(name).filter(|entry| now < entry.until).map(|entry| &entry.status)
    }

    /// Remembers for some seconds what has been learnt.
    pub(super) fn learn(&mut self, name: Name, status: Status, ttl: u32, now: u64) {
        let until = now.saturating_add(ttl.min(self.config.limits.ttl).into());
        if self.zones.len() >= self.config.limits.zones && !self.zones.contains_key(&name) {
            self.make_room(now);
        }
        if self.config.limits.zones > 0 {
            self.zones.insert(name, Entry { until, status });
        }
    }

    /// Drops what is over, or else the half that is over first.
    fn make_room(&mut self, now: u64) {
        self.zones.retain(|_, entry| now < entry.until);
        if self.zones.len() >= self.config.limits.zones {
            let mut ends: Vec<u64> = self.zones.values().map(|entry| entry.until).collect();
            ends.sort_unstable();
            let middle = ends.get(ends.len() / 2).copied().unwrap_or_default();
            self.zones.retain(|_, entry| entry.until > middle);
        }
    }
}

/// Iterates over a name and all above, from below.
fn above(name: &Name) -> impl Iterator<Item = Name> {
    (0..=name.labels().count()).rev().map(|labels| ancestor(name, labels))
}

/// Reads a master file whose records may have no TTL.
pub(super) fn read_anchors(file: &str, text: &[u8]) -> Result<Vec<Record>, ScanError> {
    // Included after a default, so that lines are counted as they are.
    let text = Bytes::copy_from_slice(text);
    let main = alloc::format!("$TTL 0\n$INCLUDE {file:?}\n");
    zone_file::read(file, main.as_bytes(), Name::ROOT, |_| Some(text.clone()))
}

/// Returns the DS records that count (RFC 4035 §5.2): those that can be verified and, if there is
/// a better one, not those of SHA-1 (RFC 4509 §3).
pub(super) fn usable(all: &[Ds], config: &Config) -> Result<Vec<Ds>, Insecure> {
    let policy = &config.policy;
    let known: Vec<_> = all.iter().filter(|ds| policy.supports(ds.algorithm())).collect();
    if known.is_empty() {
        return Err(Insecure::Algorithm);
    }
    let good = known.into_iter().filter(|ds| policy.supports_digest(ds.digest_type()));
    let good: Vec<Ds> = good.cloned().collect();
    let sha1 = DigestType::Sha1.number();
    // Where each algorithm counts, each has its own best digest.
    let rivals = |ds: &Ds, it: &Ds| !policy.every_algorithm || it.algorithm() == ds.algorithm();
    let best = |ds: &&Ds| {
        ds.digest_type() != sha1
            || good.iter().filter(|it| rivals(ds, it)).all(|it| it.digest_type() == sha1)
    };
    let best: Vec<Ds> = good.iter().filter(best).cloned().collect();
    if best.is_empty() { Err(Insecure::Digest) } else { Ok(best) }
}
