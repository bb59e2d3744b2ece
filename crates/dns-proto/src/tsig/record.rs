//! The TSIG record: read, written, and what is digested of it (RFC 8945 §4).
use alloc::vec::Vec;

use bytes::BytesMut;

use super::{Algorithm, FUDGE, Key};
use crate::error::Error;
use crate::fold;
use crate::message::Message;
use crate::name::Name;
use crate::number::{Class, Rcode, RecordType};
use crate::rdata::{Rdata, Time48};
use crate::reader::HEADER;

/// What a signature says beside the MAC.
#[derive(Clone, Debug)]
pub(super) struct Variables {
    time: Time48,
    fudge: u16,
    error: Rcode,
    other: Vec<u8>,
}

impl Variables {
    pub(super) const fn new(now: u64, error: Rcode) -> Self {
        Self { time: Time48::new(now), fudge: FUDGE, error, other: Vec::new() }
    }

    /// RFC 8945 §5.2.3: after BADTIME, the server's clock.
    pub(super) fn with_server_time(self, now: u64) -> Self {
        let tell = self.error == Rcode::BADTIME;
        let other = if tell { Time48::new(now).octets().to_vec() } else { Vec::new() };
        Self { other, ..self }
    }

    pub(super) const fn time(&self) -> u64 {
        self.time.seconds()
    }

    pub(super) const fn error(&self) -> Rcode {
        self.error
    }

    /// RFC 8945 §4.3.3.1.
    pub(super) fn timers(&self) -> Vec<u8> {
        [&self.time.octets()[..], &self.fudge.to_be_bytes()].concat()
    }

    /// RFC 8945 §4.3.3.
    fn all(&self, key: &Key) -> Vec<u8> {
        let mut out = key.name().to_lowercase().wire().to_vec();
        out.extend_from_slice(&Class::ANY.number().to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(key.algorithm().wire());
        out.extend_from_slice(&self.timers());
        out.extend_from_slice(&self.error.number().to_be_bytes());
        out.extend_from_slice(&self.other_length());
        out.extend_from_slice(&self.other);
        out
    }

    fn other_length(&self) -> [u8; 2] {
        u16::try_from(self.other.len()).unwrap_or_default().to_be_bytes()
    }
}

/// A TSIG record that was read.
pub(super) struct Parsed {
    pub(super) key: Name,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) variables: Variables,
    pub(super) mac: Vec<u8>,
    id: u16,
    /// Where the record begins.
    start: usize,
}

impl Parsed {
    /// Reads the record of a message that has one; `None` if it is not what it must be.
    pub(super) fn new(message: &Message<'_>) -> Option<Self> {
        let (record, start) = message.tsig()?;
        let Rdata::Tsig { algorithm, time, fudge, mac, original_id, error, other } = record.data()
        else {
            return None;
        };
        // RFC 8945 §4.2.
        if record.class() != Class::ANY || record.raw_ttl() != 0 {
            return None;
        }
        let other = other.octets().to_vec();
        Some(Self {
            key: record.owner().to_name(),
            algorithm: Algorithm::from_wire(algorithm.to_name().wire()),
            variables: Variables { time, fudge, error, other },
            mac: mac.octets().to_vec(),
            id: original_id,
            start,
        })
    }

    pub(super) fn is_of(&self, key: &Key) -> bool {
        self.algorithm == Some(key.algorithm()) && fold::equal(self.key.wire(), key.name().wire())
    }

    /// RFC 8945 §5.2.2.1: neither longer than the algorithm's, nor shorter than any may be.
    pub(super) fn has_possible_length(&self, algorithm: Algorithm) -> bool {
        (algorithm.least().min(algorithm.output())..=algorithm.output()).contains(&self.mac.len())
    }

    /// Compares as many octets as were sent, in time that does not tell where they differ.
    pub(super) fn matches(&self, expected: &[u8]) -> bool {
        let differs =
            self.mac.iter().zip(expected).fold(0, |sum, (one, other)| sum | (one ^ other));
        self.mac.len() <= expected.len() && core::hint::black_box(differs) == 0
    }

    pub(super) fn is_timely(&self, now: u64) -> bool {
        self.variables.time().abs_diff(now) <= u64::from(self.variables.fudge)
    }
}

/// Digests a message with all variables.
pub(super) fn digest(
    key: &Key,
    before: &[u8],
    variables: Option<&Variables>,
    octets: &[u8],
    tsig: Option<&Parsed>,
) -> Vec<u8> {
    let after = variables.map(|variables| variables.all(key)).unwrap_or_default();
    hash(key, before, octets, tsig, &after)
}

/// Digests a message as it was before it was signed (RFC 8945 §4.3.2), and cuts the MAC.
pub(super) fn hash(
    key: &Key,
    before: &[u8],
    octets: &[u8],
    tsig: Option<&Parsed>,
    after: &[u8],
) -> Vec<u8> {
    let (header, rest) = octets.split_at_checked(HEADER).unwrap_or_default();
    let mut head = header.to_vec();
    let mut body = rest;
    if let Some(tsig) = tsig {
        body = rest.get(..tsig.start.saturating_sub(HEADER)).unwrap_or(rest);
        if let [high, low, .., count_high, count_low] = &mut head[..] {
            [*high, *low] = tsig.id.to_be_bytes();
            let count = u16::from_be_bytes([*count_high, *count_low]);
            [*count_high, *count_low] = count.saturating_sub(1).to_be_bytes();
        }
    }
    let mut mac = key.algorithm().mac(key.secret.expose(), &[before, &head, body, after]);
    mac.truncate(key.algorithm().output());
    mac
}

/// Appends the record and counts it.
pub(super) fn append(
    out: &mut BytesMut,
    base: usize,
    key: &Key,
    variables: &Variables,
    mac: &[u8],
) -> Result<(), Error> {
    let message = out.get(base..).unwrap_or_default();
    let Some(&[high, low, _, _, _, _, _, _, _, _, count_high, count_low]) = message.first_chunk()
    else {
        return Err(Error::Full);
    };
    let count = u16::from_be_bytes([count_high, count_low]).checked_add(1).ok_or(Error::Full)?;
    let mut data = key.algorithm().wire().to_vec();
    data.extend_from_slice(&variables.timers());
    let length = u16::try_from(mac.len()).map_err(|_| Error::Full)?;
    data.extend_from_slice(&length.to_be_bytes());
    data.extend_from_slice(mac);
    data.extend_from_slice(&[high, low]);
    data.extend_from_slice(&variables.error.number().to_be_bytes());
    data.extend_from_slice(&variables.other_length());
    data.extend_from_slice(&variables.other);
    let length = u16::try_from(data.len()).map_err(|_| Error::Full)?;
    let mut record = key.name().wire().to_vec();
    record.extend_from_slice(&RecordType::TSIG.number().to_be_bytes());
    record.extend_from_slice(&Class::ANY.number().to_be_bytes());
    record.extend_from_slice(&[0; 4]);
    record.extend_from_slice(&length.to_be_bytes());
    record.extend_from_slice(&data);
    if message.len() + record.len() > usize::from(u16::MAX) {
        return Err(Error::Full);
    }
    out.extend_from_slice(&record);
    if let Some(place) = out.get_mut(base + 10..base + 12) {
        place.copy_from_slice(&count.to_be_bytes());
    }
    Ok(())
}
