//! The cache as octets, which outlive the process.
//!
//! ```text
//! "homing cache\n" version, Unix seconds when it was written
//! entry*  'S' set | 'A' name type rcode security seconds reason three × (count set*)
//! set     name type rank security seconds data* signatures*
//! the SHA-256 of all that
//! ```
//!
//! Names are whole, data have their length before them, numbers are big-endian. Seconds are those
//! that were left.
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::Instant;
use sha2::{Digest, Sha256};

use super::{Answer, Cache, Rank, RrSet, Security};
use crate::error::{ParseError, ParseErrorKind};
use crate::name::Name;
use crate::number::{ExtendedError, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::reader::Reader;
use crate::record::Data;

const MAGIC: &[u8] = b"homing cache\n\x02";
const SET: u8 = b'S';
const ANSWER: u8 = b'A';

/// What has been read, not yet in any cache.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    pub(crate) sets: Vec<RrSet>,
    pub(crate) answers: Vec<(Name, RecordType, Answer)>,
}

impl Cache {
    /// Writes what is fresh and not bogus; it is `unix` seconds since 1970.
    pub(crate) fn dump(&self, now: Instant, unix: u64) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(unix.to_be_bytes());
        for (_, _, set) in self.sets.iter() {
            if set.left(now) > 0 && set.security != Security::Bogus {
                out.push(SET);
                write_set(&mut out, now, set);
            }
        }
        for (name, rtype, answer) in self.answers.iter() {
            let left = (answer.expires - now).as_secs();
            if left > 0 && answer.security != Security::Bogus && !answer.is_failure() {
                out.push(ANSWER);
                write_answer(&mut out, now, (name, rtype), answer);
            }
        }
        // Against accidents: who can write here can write a digest too.
        let digest = Sha256::digest(&out);
        out.extend(digest);
        out
    }
}

impl Loaded {
    /// Reads what was written, and leaves out what has expired by `unix`; nothing is kept for longer
    /// than `most` seconds.
    pub(crate) fn parse(
        now: Instant,
        unix: u64,
        octets: &[u8],
        most: u32,
    ) -> Result<Self, ParseError> {
        if Reader::new(octets, 0).take(MAGIC.len())? != MAGIC {
            return Err(ParseError::new(ParseErrorKind::Version, 0));
        }
        let (octets, digest) = octets.split_last_chunk::<32>().unwrap_or((octets, &[0; 32]));
        if Sha256::digest(octets)[..] != digest[..] {
            return Err(ParseError::new(ParseErrorKind::Changed, 0));
        }
        let mut reader = Reader::new(octets, 0);
        reader.take(MAGIC.len())?;
        let written = u64::from_be_bytes(reader.array()?);
        // With a clock that was put back nothing is older than it was.
        let age = u32::try_from(unix.saturating_sub(written)).unwrap_or(u32::MAX);
        let clock = Clock { now, age, most };
        let mut loaded = Self::default();
        while !reader.is_empty() {
            match reader.octet()? {
                SET => loaded.sets.extend(clock.set(&mut reader)?),
                ANSWER => loaded.answers.extend(clock.answer(&mut reader)?),
                _ => return Err(reader.error(ParseErrorKind::Version)),
            }
        }
        Ok(loaded)
    }
}

/// What time does to what is read.
struct Clock {
    now: Instant,
    age: u32,
    most: u32,
}

impl Clock {
    /// Returns the seconds that are left, if there are any.
    fn left(&self, written: u32) -> Option<u32> {
        let left = written.min(self.most).checked_sub(self.age)?;
        (left > 0).then_some(left)
    }

    fn set(&self, reader: &mut Reader<'_>) -> Result<Option<RrSet>, ParseError> {
        let owner = reader.name()?.to_name();
        let rtype = RecordType::new(reader.u16()?);
        let rank = rank(reader)?;
        let security = security(reader)?;
        let seconds = reader.u32()?;
        let (data, signatures) = (all_data(reader, rtype)?, all_data(reader, RecordType::RRSIG)?);
        if data.is_empty() || rtype.is_meta() {
            return Err(reader.error(ParseErrorKind::RdataLength));
        }
        let expires = Instant::ORIGIN;
        let set = RrSet { owner, rtype, data, signatures, ttl: 0, expires, rank, security };
        Ok(self.left(seconds).map(|left| {
            let mut set = set;
            set.keep_for(self.now, left);
            set
        }))
    }

    fn answer(
        &self,
        reader: &mut Reader<'_>,
    ) -> Result<Option<(Name, RecordType, Answer)>, ParseError> {
        let name = reader.name()?.to_name();
        let rtype = RecordType::new(reader.u16()?);
        let mut answer = Answer::bare(Rcode::new(reader.u16()?));
        answer.security = security(reader)?;
        let left = self.left(reader.u32()?);
        answer.reason = match reader.u32()? {
            0 => None,
            code => {
                let code = u16::try_from(code - 1);
                let code = code.map_err(|_| reader.error(ParseErrorKind::Option))?;
                Some(ExtendedError::new(code))
            }
        };
        let mut whole = !answer.is_failure();
        let Answer { answers, authorities, additionals, .. } = &mut answer;
        for section in [answers, authorities, additionals] {
            for _ in 0..reader.u16()? {
                match self.set(reader)? {
                    Some(set) => section.push(Arc::new(set)),
                    None => whole = false,
                }
            }
        }
        Ok(left.filter(|_| whole).map(|left| {
            answer.ttl = left;
            answer.expires = self.now + Duration::from_secs(u64::from(left));
            (name, rtype, answer)
        }))
    }
}

fn all_data(reader: &mut Reader<'_>, rtype: RecordType) -> Result<Vec<Data>, ParseError> {
    let mut all = Vec::new();
    for _ in 0..reader.u16()? {
        let length = usize::from(reader.u16()?);
        let start = reader.position();
        let data = Rdata::parse(rtype, reader.take(length)?);
        let data = data.map_err(|error| ParseError::new(error.kind(), start + error.offset()))?;
        all.push(Data::new(&data));
    }
    Ok(all)
}

const RANKS: [Rank; 5] =
    [Rank::Additional, Rank::Referral, Rank::Answer, Rank::Authority, Rank::Authoritative];
const SECURITIES: [Security; 3] = [Security::Unchecked, Security::Insecure, Security::Secure];

fn rank(reader: &mut Reader<'_>) -> Result<Rank, ParseError> {
    let number = usize::from(reader.octet()?);
    RANKS.get(number).copied().ok_or_else(|| reader.error(ParseErrorKind::Version))
}

fn security(reader: &mut Reader<'_>) -> Result<Security, ParseError> {
    let number = usize::from(reader.octet()?);
    SECURITIES.get(number).copied().ok_or_else(|| reader.error(ParseErrorKind::Version))
}

/// Returns the place of a value in its list, which is short.
fn place<T: PartialEq>(list: &[T], value: &T) -> u8 {
    let at = list.iter().position(|it| it == value);
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or_default()
}

fn write_answer(
    out: &mut Vec<u8>,
    now: Instant,
    (name, rtype): (&Name, RecordType),
    answer: &Answer,
) {
    out.extend(name.wire());
    out.extend(rtype.number().to_be_bytes());
    out.extend(answer.rcode.number().to_be_bytes());
    out.push(place(&SECURITIES, &answer.security));
    let left = u32::try_from((answer.expires - now).as_secs()).unwrap_or(u32::MAX);
    out.extend(left.to_be_bytes());
    out.extend(answer.reason.map_or(0, |it| u32::from(it.number()) + 1).to_be_bytes());
    for section in [&answer.answers, &answer.authorities, &answer.additionals] {
        counted(out, section, |out, set| write_set(out, now, set));
    }
}

fn write_set(out: &mut Vec<u8>, now: Instant, set: &RrSet) {
    out.extend(set.owner.wire());
    out.extend(set.rtype.number().to_be_bytes());
    out.push(place(&RANKS, &set.rank));
    out.push(place(&SECURITIES, &set.security));
    out.extend(set.left(now).to_be_bytes());
    for list in [&set.data, &set.signatures] {
        counted(out, list, |out, data| {
            // Data have come in a message, and so are no longer than their length can say.
            let length = u16::try_from(data.octets().len()).unwrap_or_default();
            out.extend(length.to_be_bytes());
            out.extend(data.octets().iter().take(usize::from(length)));
        });
    }
}

/// Writes a list behind the number of its items: those of a message fit.
fn counted<T>(out: &mut Vec<u8>, list: &[T], write: impl Fn(&mut Vec<u8>, &T)) {
    let count = u16::try_from(list.len()).unwrap_or(u16::MAX);
    out.extend(count.to_be_bytes());
    list.iter().take(usize::from(count)).for_each(|item| write(out, item));
}
