//! Digests of whole zones (RFC 8976).
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use sha2::{Digest, Sha384, Sha512};

use crate::name::Name;
use crate::number::RecordType;
use crate::rdata::{Hex, Rdata};
use crate::record::Record;
use crate::zone::{NodeRef, Zone, covered, read};

/// The hash of a digest of a zone (RFC 8976 §2.2.3).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ZonemdHash {
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// What a zone's ZONEMD records say of it (RFC 8976 §4). A signed zone's are worth something only
/// if they are signed, which is checked as of any other RRset.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ZonemdCheck {
    /// The zone is as it was digested.
    Verified,
    /// There is none.
    Absent,
    /// There is none of a scheme and hash that are known, or two are of the same.
    Unsupported,
    /// There is none for this serial.
    Serial,
    /// The zone is not as it was digested.
    Mismatch,
}

/// The one scheme there is: all records of the zone, in order (RFC 8976 §3.3).
const SIMPLE: u8 = 1;

impl ZonemdHash {
    const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Sha384),
            2 => Some(Self::Sha512),
            _ => None,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Sha384 => 1,
            Self::Sha512 => 2,
        }
    }
}

impl Zone {
    /// Makes the ZONEMD record of the zone as it is, to be put at its apex. If the zone is signed,
    /// its NSEC or NSEC3 record must tell of it already.
    #[must_use]
    pub fn zonemd(&self, hash: ZonemdHash) -> Record {
        let digest = digest(self, hash);
        let digest = Hex::new(&digest).expect("a hash has at most 64 octets");
        let (serial, hash_algorithm) = (self.serial(), hash.number());
        let data = Rdata::Zonemd { serial, scheme: SIMPLE, hash_algorithm, digest };
        Record::new(self.apex().clone(), self.soa().ttl, data).with_class(self.class())
    }

    /// Compares the zone with the digests that it has of itself (RFC 8976 §4).
    #[must_use]
    pub fn check_zonemd(&self) -> ZonemdCheck {
        let Some(set) = self.apex_node().and_then(|apex| apex.set(RecordType::ZONEMD)) else {
            return ZonemdCheck::Absent;
        };
        let mut worst = ZonemdCheck::Unsupported;
        let mut seen = Vec::new();
        let all = || set.data().filter_map(known);
        for (serial, hash, said) in all() {
            // RFC 8976 §4 step 4: of two with the same scheme and hash neither counts.
            let twice = all().filter(|(_, other, _)| *other == hash).count() > 1;
            if twice || seen.contains(&hash.number()) {
                continue;
            }
            seen.push(hash.number());
            if serial != self.serial() {
                worst = ZonemdCheck::Serial;
            } else if said == digest(self, hash) {
                return ZonemdCheck::Verified;
            } else {
                worst = ZonemdCheck::Mismatch;
            }
        }
        worst
    }
}

fn known<'d>(data: Rdata<'d>) -> Option<(u32, ZonemdHash, &'d [u8])> {
    match data {
        Rdata::Zonemd { serial, scheme: SIMPLE, hash_algorithm, digest } => {
            Some((serial, ZonemdHash::from_number(hash_algorithm)?, digest.octets()))
        }
        _ => None,
    }
}

fn digest(zone: &Zone, hash: ZonemdHash) -> Vec<u8> {
    match hash {
        ZonemdHash::Sha384 => hash_with::<Sha384>(zone),
        ZonemdHash::Sha512 => hash_with::<Sha512>(zone),
    }
}

fn hash_with<D: Digest>(zone: &Zone) -> Vec<u8> {
    let mut hash = D::new();
    let (mut names, mut hashes) =
        (zone.names().nodes().peekable(), zone.hashes().nodes().peekable());
    // Hashed names are kept apart, and have their places among the others here.
    loop {
        let (one, other) = (names.peek().map(|it| it.key), hashes.peek().map(|it| it.key));
        let Some(least) = one.into_iter().chain(other).min() else { break };
        let one = names.next_if(|node| node.key == least);
        let other = hashes.next_if(|node| node.key == least);
        for octets in canonical(zone, one.into_iter().chain(other)) {
            hash.update(&octets);
        }
    }
    hash.finalize().to_vec()
}

/// The records of one name in canonical form and order, without the digest (RFC 8976 §3.3.1).
fn canonical<'z>(zone: &Zone, nodes: impl Iterator<Item = NodeRef<'z>>) -> Vec<Vec<u8>> {
    let mut records = BTreeSet::new();
    for node in nodes {
        let owner = node.name.to_name().to_lowercase();
        let is_apex = owner == *zone.apex();
        for set in node.sets() {
            for octets in set.octets() {
                let signed = covered(set.rtype, octets);
                let own = [Some(set.rtype), signed].contains(&Some(RecordType::ZONEMD));
                if is_apex && own {
                    continue;
                }
                let mut data = Vec::new();
                read(set.rtype, octets).write_canonical(&mut data);
                let head = head(&owner, set.rtype, zone, node.ttl(&set, octets));
                records.insert((set.rtype, data, head));
            }
        }
    }
    let line = |(_, data, head): (RecordType, Vec<u8>, Vec<u8>)| {
        let length = u16::try_from(data.len()).expect("record data has at most 65535 octets");
        [head.as_slice(), &length.to_be_bytes(), &data].concat()
    };
    records.into_iter().map(line).collect()
}

fn head(owner: &Name, rtype: RecordType, zone: &Zone, ttl: u32) -> Vec<u8> {
    let mut out = owner.wire().to_vec();
    out.extend_from_slice(&rtype.number().to_be_bytes());
    out.extend_from_slice(&zone.class().number().to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
    out
}
