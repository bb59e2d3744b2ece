//! Proofs by NSEC3 (RFC 5155 §8, RFC 9276), and the hash.
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use sha1::{Digest, Sha1};

use super::denial::{Cut, Halt, Proven};
use super::nsec::denies;
use super::rrset::{ancestor, wildcard};
use crate::name::Name;
use crate::number::RecordType;
use crate::rdata::{Rdata, TypeBitmap};
use crate::record::Record;
use crate::text::codec::{Base, Decoder, print};

/// The flag of records whose gaps may hide unsigned delegations (RFC 5155 §3.1.2.1).
pub(super) const OPT_OUT: u8 = 1;

/// Hashes a name: SHA-1 of the canonical name and the salt, and again (RFC 5155 §5).
#[must_use]
pub fn nsec3_hash(name: &Name, iterations: u16, salt: &[u8]) -> [u8; 20] {
    let round = |octets: &[u8]| Sha1::new().chain_update(octets).chain_update(salt);
    let first = round(name.to_lowercase().wire()).finalize();
    (0..iterations).fold(first, |hash, _| round(&hash).finalize()).into()
}

/// A hash as the first label of an owner (RFC 5155 §3.3).
pub(super) struct Label<'h>(pub(super) &'h [u8]);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, self.0, Base::Base32)
    }
}

/// What is hashed: iterations, salt, name.
type Hashed = (u16, Box<[u8]>, Name);

/// Hashes that have been computed, and how many may still be.
#[derive(Clone, Debug, Default)]
pub(super) struct Hashes {
    known: BTreeMap<Hashed, [u8; 20]>,
    now: u32,
    left: u32,
}

impl Hashes {
    pub(super) fn new(left: u32) -> Self {
        Self { left, ..Self::default() }
    }

    /// Begins a turn, in which so many may be computed.
    pub(super) fn begin(&mut self, at_once: u32) {
        self.now = at_once.max(1);
    }

    fn of(&mut self, name: &Name, iterations: u16, salt: &[u8]) -> Result<[u8; 20], Halt> {
        let key = (iterations, salt.into(), name.clone());
        if let Some(hash) = self.known.get(&key) {
            return Ok(*hash);
        }
        self.left = self.left.checked_sub(1).ok_or(Halt::Effort)?;
        let Some(now) = self.now.checked_sub(1) else {
            self.left += 1;
            return Err(Halt::Yield);
        };
        self.now = now;
        let hash = nsec3_hash(name, iterations, salt);
        self.known.insert(key, hash);
        Ok(hash)
    }
}

/// NSEC3 records of one zone and one way of hashing, all of them verified.
pub(super) struct Nsec3s<'r> {
    zone: &'r Name,
    records: Vec<Nsec3<'r>>,
    iterations: u16,
    salt: &'r [u8],
}

struct Nsec3<'r> {
    hash: Vec<u8>,
    next: &'r [u8],
    flags: u8,
    types: TypeBitmap<'r>,
}

/// RFC 5155 §8.3: the closest encloser, and the name below it that is not there.
struct Enclosed {
    encloser: Name,
    opt_out: bool,
}

impl<'r> Nsec3s<'r> {
    /// Takes those of the first way of hashing (RFC 5155 §8.2); `None` if there is none.
    pub(super) fn new(records: &'r [Record], zone: &'r Name) -> Option<Self> {
        let mut own = Self { zone, records: Vec::new(), iterations: 0, salt: &[] };
        for record in records {
            // RFC 5155 §8.1 and §8.2: SHA-1 is the one hash there is, and opt-out the one flag.
            let Rdata::Nsec3 {
                hash_algorithm: 1,
                flags: flags @ 0..=1,
                iterations,
                salt,
                next,
                types,
            } = record.data()
            else {
                continue;
            };
            let Some(hash) = hash_of(record.owner(), zone) else { continue };
            if own.records.is_empty() {
                (own.iterations, own.salt) = (iterations, salt.octets());
            }
            if (own.iterations, own.salt) == (iterations, salt.octets()) {
                own.records.push(Nsec3 { hash, next: next.octets(), flags, types });
            }
        }
        (!own.records.is_empty()).then_some(own)
    }

    pub(super) const fn iterations(&self) -> u16 {
        self.iterations
    }

    fn matching(&self, name: &Name, hashes: &mut Hashes) -> Result<Option<&Nsec3<'r>>, Halt> {
        let hash = hashes.of(name, self.iterations, self.salt)?;
        Ok(self.records.iter().find(|record| record.hash == hash))
    }

    fn covering(&self, name: &Name, hashes: &mut Hashes) -> Result<Option<&Nsec3<'r>>, Halt> {
        let hash = hashes.of(name, self.iterations, self.salt)?;
        Ok(self.records.iter().find(|record| record.covers(&hash)))
    }

    /// RFC 5155 §8.3: finds the longest ancestor that is proven to be there, and requires that the
    /// name below it on the way is proven not to be.
    fn enclose(&self, name: &Name, hashes: &mut Hashes) -> Result<Option<Enclosed>, Halt> {
        let (depth, top) = (name.labels().count(), self.zone.labels().count());
        for labels in (top..depth).rev() {
            let encloser = ancestor(name, labels);
            let Some(record) = self.matching(&encloser, hashes)? else { continue };
            let (ns, soa) =
                (record.types.contains(RecordType::NS), record.types.contains(RecordType::SOA));
            // What is below a cut or a DNAME is not this zone's to say.
            if (ns && !soa) || record.types.contains(RecordType::DNAME) {
                return Ok(None);
            }
            let next_closer = ancestor(name, labels + 1);
            return Ok(self
                .covering(&next_closer, hashes)?
                .map(|record| Enclosed { encloser, opt_out: record.flags & OPT_OUT != 0 }));
        }
        Ok(None)
    }

    /// RFC 5155 §8.4 to §8.7.
    pub(super) fn prove(
        &self,
        name: &Name,
        rtype: RecordType,
        hashes: &mut Hashes,
    ) -> Result<Option<Proven>, Halt> {
        if let Some(record) = self.matching(name, hashes)? {
            let denied = denies(record.types, rtype, name.is_root());
            return Ok(denied.then_some(Proven::NoData));
        }
        let Some(Enclosed { encloser, opt_out }) = self.enclose(name, hashes)? else {
            return Ok(None);
        };
        // RFC 5155 §8.6: an unsigned delegation may be there.
        if opt_out && rtype == RecordType::DS {
            return Ok(Some(Proven::OptOut));
        }
        let source = wildcard(&encloser);
        if let Some(record) = self.matching(&source, hashes)? {
            let denied = denies(record.types, rtype, false);
            let proven = if opt_out { Proven::OptOut } else { Proven::NoData };
            return Ok(denied.then_some(proven));
        }
        let Some(record) = self.covering(&source, hashes)? else {
            // RFC 5155 §9.2: within the opt-out, whether there is the wildcard is beside the point.
            return Ok(None);
        };
        let opt_out = opt_out || record.flags & OPT_OUT != 0;
        Ok(Some(if opt_out { Proven::OptOut } else { Proven::NameError }))
    }

    /// RFC 5155 §8.8: no name stands in the way of the wildcard with so many labels below its star.
    pub(super) fn expanded(
        &self,
        name: &Name,
        labels: usize,
        hashes: &mut Hashes,
    ) -> Result<Option<Proven>, Halt> {
        let next_closer = ancestor(name, labels + 1);
        let record = self.covering(&next_closer, hashes)?;
        let opt_out = |record: &Nsec3<'_>| record.flags & OPT_OUT != 0;
        Ok(record.map(|it| if opt_out(it) { Proven::OptOut } else { Proven::NameError }))
    }

    /// What the records say of a name that has no DS (RFC 5155 §8.9).
    pub(super) fn cut(&self, name: &Name, hashes: &mut Hashes) -> Result<Option<Cut>, Halt> {
        if let Some(record) = self.matching(name, hashes)? {
            let denied = denies(record.types, RecordType::DS, name.is_root());
            let alias = record.types.contains(RecordType::CNAME);
            let delegates = record.types.contains(RecordType::NS);
            let cut = if delegates { Cut::Insecure } else { Cut::Inside };
            return Ok((denied || alias).then_some(cut));
        }
        let enclosed = self.enclose(name, hashes)?;
        Ok(enclosed.map(|it| if it.opt_out { Cut::OptOut } else { Cut::Nothing }))
    }
}

impl Nsec3<'_> {
    fn covers(&self, hash: &[u8; 20]) -> bool {
        let (own, next, hash) = (self.hash.as_slice(), self.next, hash.as_slice());
        // The last one's gap goes round to the first (RFC 5155 §3.1.7).
        if own < next { own < hash && hash < next } else { own < hash || hash < next }
    }
}

/// Reads the hash out of an owner directly below the zone's apex.
pub(super) fn hash_of(owner: &Name, zone: &Name) -> Option<Vec<u8>> {
    let label = owner.labels().next().filter(|_| owner.parent().as_ref() == Some(zone))?;
    let (mut decoder, mut hash) = (Decoder::new(Base::Base32), Vec::new());
    decoder.push(label, &mut hash)?;
    Some(hash).filter(|hash| hash.len() == 20)
}
