//! Trust anchors as a file: Unbound's `auto-trust-anchor-file`.
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::key::{Ds, PublicKey};
use super::rollover::{KeyState, Rollover, Tracked};
use super::trust::read_anchors;
use crate::name::Name;
use crate::number::DnssecAlgorithm;
use crate::rdata::Timestamp;
use crate::record::Record;
use crate::zone_file::ScanError;

const DAY: u32 = 86_400;

impl Rollover {
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

impl Tracked {
    /// Returns the bits of the key, as people count them.
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
