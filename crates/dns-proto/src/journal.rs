//! What became of a zone, step by step: for incremental transfers, and to survive a crash.
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::error::{Misuse, ParseError, ParseErrorKind};
use crate::message::RecordRef;
use crate::number::{Class, RecordType};
use crate::rdata::Rdata;
use crate::reader::Reader;
use crate::record::Record;
use crate::zone::ZoneDelta;

/// The last steps of a zone, each from the version that the one before it led to.
///
/// ```
/// use dns_proto::Journal;
///
/// let journal = Journal::new(10_000);
/// assert!(journal.since(7).is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Journal {
    steps: VecDeque<ZoneDelta>,
    records: usize,
    limit: usize,
}

impl Journal {
    /// Keeps at most so many records: the oldest steps go first, and who has an older version
    /// fetches the whole zone.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { steps: VecDeque::new(), records: 0, limit }
    }

    /// Adds a step. One that does not begin where the last has ended makes a new beginning.
    pub fn push(&mut self, step: ZoneDelta) {
        if self.steps.back().is_some_and(|last| last.to() != step.from()) {
            self.steps.clear();
            self.records = 0;
        }
        self.records += size(&step);
        self.steps.push_back(step);
        while self.records > self.limit
            && let Some(oldest) = self.steps.pop_front()
        {
            self.records -= size(&oldest);
        }
    }

    /// Returns the steps that lead on from a version; none, if they are not all here.
    #[must_use]
    pub fn since(&self, serial: u32) -> Option<Vec<ZoneDelta>> {
        let first = self.steps.iter().position(|step| step.from() == serial)?;
        Some(self.steps.range(first..).cloned().collect())
    }
}

fn size(step: &ZoneDelta) -> usize {
    step.removed().len() + step.added().len()
}

impl ZoneDelta {
    /// Appends the step as octets: their number, a checksum, and the records. What is written to a
    /// file and synchronised before an update is acknowledged is found again after a crash.
    pub fn write(&self, out: &mut Vec<u8>) {
        let head = out.len();
        out.extend_from_slice(&[0; 8]);
        self.removed().iter().chain(self.added()).for_each(|record| put(record, out));
        let body = out.get(head + 8..).unwrap_or_default();
        let length = u32::try_from(body.len()).expect("a step has less than 4 GiB");
        let ([a, b, c, d], [e, f, g, h]) = (length.to_be_bytes(), crc32(body).to_be_bytes());
        if let Some(place) = out.get_mut(head..head + 8) {
            place.copy_from_slice(&[a, b, c, d, e, f, g, h]);
        }
    }

    /// Reads the first step of a journal, and returns what follows it; `None` if it is not whole,
    /// as the last one is not when the writer has died over it.
    ///
    /// # Errors
    ///
    /// When it is whole but no step.
    pub fn parse(octets: &[u8]) -> Result<Option<(Self, &[u8])>, ParseError> {
        let Some((&[a, b, c, d, e, f, g, h], rest)) = octets.split_first_chunk() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let body = rest.split_at_checked(length);
        let sum = u32::from_be_bytes([e, f, g, h]);
        let Some((body, rest)) = body.filter(|(body, _)| crc32(body) == sum) else {
            return Ok(None);
        };
        let step = read_step(body)?;
        Ok(Some((step, rest)))
    }
}

fn read_step(body: &[u8]) -> Result<ZoneDelta, ParseError> {
    let mut reader = Reader::new(body, 0);
    let (mut removed, mut added, mut starts) = (Vec::new(), Vec::new(), 0);
    while !reader.is_empty() {
        let record = read(&mut reader)?;
        starts += u8::from(record.rtype() == RecordType::SOA && starts < 2);
        if starts < 2 { removed.push(record) } else { added.push(record) }
    }
    let error = |_: Misuse| ParseError::new(ParseErrorKind::Expected("a step between SOAs"), 0);
    ZoneDelta::of(removed, added).map_err(error)
}

fn put(record: &Record, out: &mut Vec<u8>) {
    out.extend_from_slice(record.owner().wire());
    out.extend_from_slice(&record.rtype().number().to_be_bytes());
    out.extend_from_slice(&record.class().number().to_be_bytes());
    out.extend_from_slice(&record.ttl().to_be_bytes());
    let length = u16::try_from(record.octets().len()).expect("data have at most 65535 octets");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(record.octets());
}

fn read(reader: &mut Reader<'_>) -> Result<Record, ParseError> {
    let owner = reader.name()?;
    let (rtype, class) = (RecordType::new(reader.u16()?), Class::new(reader.u16()?));
    let (ttl, length) = (reader.u32()?, reader.u16()?);
    let octets = reader.take(usize::from(length))?;
    Rdata::parse(rtype, octets)?;
    Ok(Record::from(RecordRef::of_data(owner, rtype, class, ttl, octets)))
}

/// The checksum of Ethernet: what was torn apart does not have it.
fn crc32(octets: &[u8]) -> u32 {
    let bit = |sum: u32| if sum & 1 == 0 { sum >> 1 } else { (sum >> 1) ^ 0xedb8_8320 };
    let step = |sum: u32, octet: &u8| (0..8).fold(sum ^ u32::from(*octet), |sum, _| bit(sum));
    !octets.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::zone::Zone;
    use crate::zone_file;

    fn zone(serial: u32, host: u8) -> Zone {
        let text = format!("@ 60 SOA ns host {serial} 2 3 4 5\na 60 A 192.0.2.{host}\n");
        let apex = "z".parse().unwrap();
        Zone::new(zone_file::read("z", text.as_bytes(), apex, |_| None).unwrap()).unwrap()
    }

    fn step(serial: u32) -> ZoneDelta {
        let host = u8::try_from(serial).unwrap();
        ZoneDelta::between(&zone(serial, host), &zone(serial + 1, host + 1))
    }

    #[test]
    fn the_checksum_is_that_of_ethernet() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn steps_are_read_as_written_and_torn_ones_are_left_out() {
        let mut octets = Vec::new();
        step(1).write(&mut octets);
        let first = octets.len();
        step(2).write(&mut octets);
        let (read, rest) = ZoneDelta::parse(&octets).unwrap().unwrap();
        assert_eq!((read, rest.len()), (step(1), octets.len() - first));
        assert_eq!(ZoneDelta::parse(rest).unwrap(), Some((step(2), &[][..])));
        for end in 0..first {
            assert_eq!(ZoneDelta::parse(&octets[..end]).unwrap(), None);
        }
    }

    #[test]
    fn a_journal_keeps_as_many_records_as_it_may() {
        // Each step has two SOAs and two addresses.
        for (limit, kept) in [(8, Some(2)), (7, None)] {
            let mut journal = Journal::new(limit);
            (1..=2).for_each(|serial| journal.push(step(serial)));
            assert_eq!(journal.since(1).map(|steps| steps.len()), kept);
            assert_eq!(journal.since(2).map(|steps| steps.len()), Some(1));
            journal.push(step(7));
            assert!(journal.since(2).is_none(), "a gap is a new beginning");
        }
    }
}
