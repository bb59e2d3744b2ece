//! Signing: an RRset, and a whole zone, again and again.
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::key::{DigestType, Ds, PublicKey};
use super::key_pair::KeyPair;
use super::nsec3::{OPT_OUT, nsec3_hash};
use super::rrset::{before, serial, signed_data};
use super::zonemd::ZonemdHash;
use crate::error::Misuse;
use crate::name::Name;
use crate::number::RecordType;
use crate::rdata::{Base64, Hashed, Rdata, Salt, Timestamp, TypeBitmap};
use crate::record::Record;
use crate::zone::{NodeRef, Zone, ZoneBuilder, covered};

/// When signatures begin and end: seconds since 1970, modulo 2³² (RFC 4034 §3.1.5).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Period {
    /// The first second.
    pub inception: u32,
    /// The last second.
    pub expiration: u32,
}

impl Period {
    /// Makes the period that began an hour ago, for clocks that are behind, and lasts so long.
    #[must_use]
    pub fn starting(now: u64, seconds: u32) -> Self {
        let now = serial(now);
        Self { inception: now.wrapping_sub(3600), expiration: now.wrapping_add(seconds) }
    }
}

/// Signs the data of an RRset: makes its RRSIG record (RFC 4034 §3).
///
/// ```
/// use dns_proto::dnssec::{KeyPair, Period, sign_set};
/// use dns_proto::{DnssecAlgorithm, Name, Record};
///
/// let zone: Name = "hamburger.edu".parse()?;
/// let key = KeyPair::generate(DnssecAlgorithm::ECDSAP256SHA256, false, [7; 32])?;
/// let www = Record::address("www.hamburger.edu".parse()?, 3600, [127, 0, 0, 4].into());
/// let signature = sign_set(&[www], &zone, &key, Period::starting(1_800_000_000, 86_400))?;
/// assert!(signature.to_string().starts_with("www.hamburger.edu. 3600 IN RRSIG A 13 3 3600 "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Misuse::Set`] if there is no record, or they are not of one owner, class and type.
pub fn sign_set(
    records: &[Record],
    zone: &Name,
    key: &KeyPair,
    period: Period,
) -> Result<Record, Misuse> {
    let first = records.first().ok_or(Misuse::Set)?;
    let same = |it: &Record| {
        (it.owner(), it.class(), it.rtype()) == (first.owner(), first.class(), first.rtype())
    };
    if !records.iter().all(same) {
        return Err(Misuse::Set);
    }
    let owner = first.owner();
    let labels = owner.labels().count() - usize::from(owner.view().is_wildcard());
    let ttl = records.iter().map(Record::ttl).min().unwrap_or_default();
    let rrsig = |signature| Rdata::Rrsig {
        covered: first.rtype(),
        algorithm: key.public().algorithm(),
        labels: u8::try_from(labels).unwrap_or(u8::MAX),
        original_ttl: ttl,
        expiration: Timestamp(period.expiration),
        inception: Timestamp(period.inception),
        key_tag: key.public().tag(),
        signer: zone.view(),
        signature,
    };
    let empty = Base64::new(&[]).expect("nothing is short enough");
    let data = records.iter().map(Record::data);
    let signature = key.sign(&signed_data(&rrsig(empty), owner, first.class(), data));
    let signature = Base64::new(&signature).expect("a signature has at most 512 octets");
    Ok(Record::new(owner.clone(), ttl, rrsig(signature)).with_class(first.class()))
}

/// How a signed zone proves what it has not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Chain {
    /// By its names (RFC 4034 §4): who wants can list them.
    #[default]
    Nsec,
    /// By hashes of its names (RFC 5155). RFC 9276 §3.1: no iterations and no salt.
    Nsec3 {
        /// Additional iterations.
        iterations: u16,
        /// At most 255 octets; what is beyond is left out.
        salt: Vec<u8>,
        /// Leaves unsigned delegations out of the chain: for large zones of delegations.
        opt_out: bool,
    },
}

/// Signs zones: keys, and how.
///
/// ```
/// use dns_proto::dnssec::{KeyPair, Signer};
/// use dns_proto::{DnssecAlgorithm, Zone, zone_file};
///
/// let text = b"$TTL 1h\n@ SOA ns host 1 2h 1h 4w 1h\n NS ns\nns A 192.0.2.1\n";
/// let zone = Zone::new(zone_file::read("z", text, "crepes.fr".parse()?, |_| None)?)?;
/// let key = KeyPair::generate(DnssecAlgorithm::ED25519, true, [7; 32])?;
/// let signer = Signer::new(vec![key]);
/// let now = 1_800_000_000;
/// let signed = signer.sign(&zone, None, now)?;
/// assert_eq!(signed.records().count(), 3 + 1 + 2 + 6);
///
/// // An hour later nothing is due; in two weeks everything is signed anew.
/// let same = signer.sign(&zone, Some(&signed), now + 3600)?;
/// assert!(same.records().eq(signed.records()));
/// let later = signer.sign(&zone, Some(&signed), now + 14 * 86_400)?;
/// assert_eq!(later.serial(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Signer {
    /// The keys. Entry points sign keys, and the others everything else; where an algorithm has
    /// only one kind, it signs all. A revoked one signs the keys only (RFC 5011 §2.1).
    pub keys: Vec<KeyPair>,
    /// The proofs that the zone has.
    pub chain: Chain,
    /// Seconds for which signatures are valid. 14 days.
    pub validity: u32,
    /// Seconds before their end at which signatures are made anew. 4 days: a long weekend.
    pub refresh: u32,
    /// The TTL of the DNSKEY records. An hour.
    pub key_ttl: u32,
    /// Whether the zone asks its parent for the DS of its entry points, by CDS and CDNSKEY
    /// (RFC 7344). Off.
    pub child_records: bool,
    /// The hash of the digest of the whole zone (RFC 8976), if it shall have one. None.
    pub zonemd: Option<ZonemdHash>,
}

/// The sets of a signed zone by owner and type; hashed owners are among them.
type Sets = BTreeMap<(Name, RecordType), Vec<Record>>;

impl Signer {
    /// Makes one with NSEC and usual times.
    #[must_use]
    pub const fn new(keys: Vec<KeyPair>) -> Self {
        Self {
            keys,
            chain: Chain::Nsec,
            validity: 14 * 86_400,
            refresh: 4 * 86_400,
            key_ttl: 3600,
            child_records: false,
            zonemd: None,
        }
    }

    /// Returns the DS records to be put into the parent.
    pub fn ds(&self, zone: &Name) -> impl Iterator<Item = Ds> {
        let owner = zone.clone();
        let entries = self.signing(RecordType::DNSKEY).into_iter().map(KeyPair::public);
        let entries = entries.filter(|key| !key.is_revoked());
        entries.map(move |key| Ds::of(&owner.view(), key, DigestType::Sha256))
    }

    /// Signs a zone. What it has of signatures and proofs is made anew; DNSKEY records of others
    /// stay. Of `previous`, the last version signed, signatures are kept that are of the same data
    /// and keys and are not due; if anything is different, the serial is made higher than its.
    ///
    /// # Errors
    ///
    /// When the result is no zone.
    pub fn sign(&self, zone: &Zone, previous: Option<&Zone>, now: u64) -> Result<Zone, Misuse> {
        let old = previous.map(|zone| Signed::of(zone, serial(now).wrapping_add(self.refresh)));
        let signed = self.sign_as(zone, None, old.as_ref(), now)?;
        let Some(previous) = previous else { return Ok(signed) };
        if signed.records().eq(previous.records()) {
            return Ok(signed);
        }
        let last = previous.serial();
        if before(last, zone.serial()) {
            return Ok(signed);
        }
        // Something is due, or different, under the same serial.
        let next = last.wrapping_add(1);
        let again = self.sign_as(zone, Some(last), old.as_ref(), now)?;
        if again.records().eq(previous.records()) {
            return Ok(again);
        }
        self.sign_as(zone, Some(next), old.as_ref(), now)
    }

    fn sign_as(
        &self,
        zone: &Zone,
        serial: Option<u32>,
        old: Option<&Signed>,
        now: u64,
    ) -> Result<Zone, Misuse> {
        let period = Period::starting(now, self.validity);
        let mut make = Making { signer: self, zone, old, period, builder: ZoneBuilder::default() };
        let (mut sets, negative_ttl) = make.apex_sets(serial);
        make.take_names(&mut sets, negative_ttl);
        make.put_sets(sets)?;
        make.finish()
    }

    /// Returns the keys that sign sets of a type.
    fn signing(&self, rtype: RecordType) -> Vec<&KeyPair> {
        let for_keys = matches!(rtype, RecordType::DNSKEY | RecordType::CDS | RecordType::CDNSKEY);
        let suits = |key: &&KeyPair| {
            let public = key.public();
            let same = self.keys.iter().map(KeyPair::public);
            let mut same =
                same.filter(|it| it.algorithm() == public.algorithm() && !it.is_revoked());
            let alone = same.all(|it| it.is_entry_point() == public.is_entry_point());
            match public.is_revoked() {
                // RFC 5011 §2.1: a revoked key shows itself, signs the keys, and nothing else.
                true => rtype == RecordType::DNSKEY,
                false => alone || public.is_entry_point() == for_keys,
            }
        };
        self.keys.iter().filter(suits).collect()
    }
}

/// A zone that is being signed.
struct Making<'m> {
    signer: &'m Signer,
    zone: &'m Zone,
    old: Option<&'m Signed>,
    period: Period,
    builder: ZoneBuilder,
}

/// What is at a name that has a place in the chain.
#[derive(Default)]
struct Place {
    types: BTreeSet<RecordType>,
    unsigned_cut: bool,
}

impl Making<'_> {
    /// Makes the sets that signing brings to the apex, and the TTL of proofs (RFC 9077).
    fn apex_sets(&self, serial: Option<u32>) -> (Sets, u32) {
        let (apex, signer, mut sets) = (self.zone.apex(), self.signer, Sets::new());
        let mut put = |ttl: u32, data: Rdata<'_>| {
            let record = Record::new(apex.clone(), ttl, data).with_class(self.zone.class());
            let set: &mut Vec<Record> = sets.entry((apex.clone(), record.rtype())).or_default();
            if !set.contains(&record) {
                set.push(record);
            }
        };
        let mut negative_ttl = 0;
        let soa = self.zone.soa();
        if let Some(mut data) = soa.first() {
            if let Rdata::Soa { serial: own, minimum, .. } = &mut data {
                negative_ttl = soa.ttl.min(*minimum);
                *own = serial.unwrap_or(*own);
            }
            put(soa.ttl, data);
        }
        for key in self.signer.keys.iter().map(KeyPair::public) {
            put(signer.key_ttl, key.data());
        }
        if signer.child_records {
            let entries = signer.signing(RecordType::DNSKEY).into_iter().map(KeyPair::public);
            for key in entries.filter(|key| !key.is_revoked()) {
                put(signer.key_ttl, Ds::of(&apex.view(), key, DigestType::Sha256).child_data());
                put(signer.key_ttl, key.child_data());
            }
        }
        if let Chain::Nsec3 { iterations, salt, .. } = &signer.chain {
            let iterations = *iterations;
            put(
                0,
                Rdata::Nsec3param { hash_algorithm: 1, flags: 0, iterations, salt: short(salt) },
            );
        }
        // DNSKEY records of others: keys on their way in or out, or another signer's.
        let others = self.zone.apex_node().and_then(|node| node.set(RecordType::DNSKEY));
        let others = others.into_iter().flat_map(|set| set.data());
        let is_own = |key: &PublicKey| {
            signer.keys.iter().any(|own| own.public().unrevoked() == key.unrevoked())
        };
        for data in others {
            if PublicKey::from_data(&data).is_some_and(|key| !is_own(&key)) {
                put(signer.key_ttl, data);
            }
        }
        (sets, negative_ttl)
    }

    /// Goes through the names; adds the sets to be signed, and the chain of proofs.
    fn take_names(&mut self, sets: &mut Sets, ttl: u32) {
        let apex = self.zone.apex().clone();
        let mut places: BTreeMap<Name, Place> = BTreeMap::new();
        let mut hidden: Option<Name> = None;
        for node in self.zone.names().nodes() {
            let name = node.name.to_name();
            if hidden.as_ref().is_some_and(|top| name != *top && name.is_within(top.view())) {
                self.keep(node, |_| true);
                continue;
            }
            let is_cut = name != apex && node.has(RecordType::NS);
            hidden = (is_cut || node.has(RecordType::DNAME)).then(|| name.clone());
            // At a cut the DS alone is this zone's (RFC 4035 §2.2).
            let is_own = |rtype: RecordType| !is_cut || rtype == RecordType::DS;
            self.keep(node, |rtype| !is_own(rtype));
            let mut place = Place::default();
            for set in node.sets().filter(|set| !self.is_made(&name, set.rtype)) {
                place.types.insert(set.rtype);
                if is_own(set.rtype) {
                    let data = set.data().map(|data| {
                        Record::new(name.clone(), set.ttl, data).with_class(self.zone.class())
                    });
                    sets.insert((name.clone(), set.rtype), data.collect());
                }
            }
            place.unsigned_cut = is_cut && !place.types.contains(&RecordType::DS);
            if !place.types.is_empty() {
                places.insert(name, place);
            }
        }
        let at_apex = places.entry(apex.clone()).or_default();
        at_apex
            .types
            .extend(sets.keys().filter(|(name, _)| *name == apex).map(|(_, rtype)| *rtype));
        at_apex.types.extend(self.signer.zonemd.map(|_| RecordType::ZONEMD));
        match &self.signer.chain {
            Chain::Nsec => self.put_nsec(&places, sets, ttl),
            Chain::Nsec3 { iterations, salt, opt_out } => {
                if *opt_out {
                    places.retain(|_, place| !place.unsigned_cut);
                }
                self.put_nsec3(places, sets, ttl, *iterations, salt, *opt_out);
            }
        }
    }

    /// Passes on the sets of a node that are not signed.
    fn keep(&mut self, node: NodeRef<'_>, unsigned: impl Fn(RecordType) -> bool) {
        let class = self.zone.class();
        for set in node.sets().filter(|set| unsigned(set.rtype) && !is_proof(set.rtype)) {
            for data in set.data() {
                let record = Record::new(node.name.to_name(), set.ttl, data).with_class(class);
                self.builder.insert(&record);
            }
        }
    }

    /// Whether signing makes the sets of a type anew.
    fn is_made(&self, name: &Name, rtype: RecordType) -> bool {
        let at_apex = match rtype {
            RecordType::SOA | RecordType::DNSKEY | RecordType::NSEC3PARAM => true,
            RecordType::CDS | RecordType::CDNSKEY => self.signer.child_records,
            RecordType::ZONEMD => self.signer.zonemd.is_some(),
            _ => false,
        };
        is_proof(rtype) || (at_apex && name == self.zone.apex())
    }

    /// RFC 4034 §4.
    fn put_nsec(&self, places: &BTreeMap<Name, Place>, sets: &mut Sets, ttl: u32) {
        let next = places.keys().skip(1).chain(places.keys().take(1));
        for ((name, place), next) in places.iter().zip(next) {
            let own = [RecordType::NSEC, RecordType::RRSIG];
            let types = TypeBitmap::write(place.types.iter().copied().chain(own));
            let types = bitmap(&types);
            let record = Record::new(name.clone(), ttl, Rdata::Nsec { next: next.view(), types });
            let record = record.with_class(self.zone.class());
            sets.insert((name.clone(), RecordType::NSEC), alloc::vec![record]);
        }
    }

    /// RFC 5155 §7.1.
    fn put_nsec3(
        &self,
        mut places: BTreeMap<Name, Place>,
        sets: &mut Sets,
        ttl: u32,
        iterations: u16,
        salt: &[u8],
        opt_out: bool,
    ) {
        let apex = self.zone.apex();
        let names: Vec<Name> = places.keys().cloned().collect();
        for name in names {
            // Names with nothing but names below them have places too.
            let above = core::iter::successors(name.parent(), Name::parent);
            for empty in above.take_while(|name| name.is_within(apex.view())) {
                places.entry(empty).or_default();
            }
        }
        let salt = short(salt);
        let hash = |name: &Name| nsec3_hash(name, iterations, salt.octets());
        let hashed: BTreeMap<[u8; 20], Place> =
            places.into_iter().map(|(name, place)| (hash(&name), place)).collect();
        let next = hashed.keys().skip(1).chain(hashed.keys().take(1));
        for ((hash, place), next) in hashed.iter().zip(next) {
            let signed = !place.types.is_empty() && !place.unsigned_cut;
            let own = signed.then_some(RecordType::RRSIG);
            let types = TypeBitmap::write(place.types.iter().copied().chain(own));
            let types = bitmap(&types);
            let flags = if opt_out { OPT_OUT } else { 0 };
            let next = Hashed::new(next).expect("a hash has twenty octets");
            let data = Rdata::Nsec3 { hash_algorithm: 1, flags, iterations, salt, next, types };
            let Some(owner) = hashed_owner(hash, apex) else { continue };
            let record = Record::new(owner.clone(), ttl, data).with_class(self.zone.class());
            sets.insert((owner, RecordType::NSEC3), alloc::vec![record]);
        }
    }

    fn put_sets(&mut self, sets: Sets) -> Result<(), Misuse> {
        for ((_, rtype), set) in sets {
            self.put_signed(rtype, &set)?;
        }
        Ok(())
    }

    fn put_signed(&mut self, rtype: RecordType, set: &[Record]) -> Result<(), Misuse> {
        set.iter().for_each(|record| self.builder.insert(record));
        for key in self.signer.signing(rtype) {
            let kept = self.old.and_then(|old| old.signature(set, key.public()));
            let made = || sign_set(set, self.zone.apex(), key, self.period);
            let signature = kept.map_or_else(made, |kept| Ok(kept.clone()))?;
            self.builder.insert(&signature);
        }
        Ok(())
    }

    /// RFC 8976 §3.1: the digest is of all else, and is signed itself.
    fn finish(mut self) -> Result<Zone, Misuse> {
        let Some(hash) = self.signer.zonemd else { return self.builder.build() };
        let record = self.builder.clone().build()?.zonemd(hash);
        self.put_signed(RecordType::ZONEMD, &[record])?;
        self.builder.build()
    }
}

/// The signatures of the last version that are not due, by owner and type.
struct Signed {
    sets: BTreeMap<(Name, RecordType), (Vec<Record>, Vec<Record>)>,
}

impl Signed {
    /// Takes the signatures that are valid at a time.
    fn of(zone: &Zone, until: u32) -> Self {
        let mut sets: BTreeMap<_, (Vec<_>, Vec<_>)> = BTreeMap::new();
        for record in zone.records() {
            let signed = covered(record.rtype(), record.octets());
            let key = (record.owner().clone(), signed.unwrap_or(record.rtype()));
            let (data, signatures) = sets.entry(key).or_default();
            match record.data() {
                Rdata::Rrsig { expiration, .. } if before(until, expiration.0) => {
                    signatures.push(record);
                }
                Rdata::Rrsig { .. } => {}
                _ => data.push(record),
            }
        }
        Self { sets }
    }

    /// Returns the signature of the same data by the same key.
    fn signature(&self, set: &[Record], public: &PublicKey) -> Option<&Record> {
        let first = set.first()?;
        let (data, signatures) = self.sets.get(&(first.owner().clone(), first.rtype()))?;
        let same = data.len() == set.len() && set.iter().all(|record| data.contains(record));
        let tag = public.tag();
        signatures.iter().filter(|_| same).find(|signature| match signature.data() {
            Rdata::Rrsig { algorithm, key_tag, .. } => {
                (algorithm, key_tag) == (public.algorithm(), tag)
            }
            _ => false,
        })
    }
}

const fn is_proof(rtype: RecordType) -> bool {
    matches!(rtype, RecordType::RRSIG | RecordType::NSEC | RecordType::NSEC3)
}

/// Returns the owner of an NSEC3 record; `None` below an apex that is too long.
fn hashed_owner(hash: &[u8; 20], apex: &Name) -> Option<Name> {
    let hash = Hashed::new(hash)?;
    let label = alloc::format!("{}", super::nsec3::Label(hash.octets()));
    Name::from_labels([label.as_bytes()].into_iter().chain(apex.labels())).ok()
}

fn short(salt: &[u8]) -> Salt<'_> {
    let salt = salt.get(..255).unwrap_or(salt);
    Salt::new(salt).expect("it was cut to 255 octets")
}

fn bitmap(octets: &[u8]) -> TypeBitmap<'_> {
    TypeBitmap::parse(octets).expect("it was just written")
}
