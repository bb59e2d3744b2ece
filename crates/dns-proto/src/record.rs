//! Records that own what they hold.
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use crate::error::Misuse;
use crate::message::RecordRef;
use crate::name::{Name, NameRef};
use crate::number::{Class, RecordType};
use crate::rdata::{CharStrings, Rdata};
use crate::reader::Reader;

/// A resource record: who, what, for how long, and the data (RFC 1034 §3.6).
///
/// ```
/// use dns_proto::{Name, Rdata, Record};
///
/// let (owner, exchange): (Name, Name) = ("crepes.fr".parse()?, "mail.crepes.fr".parse()?);
/// let mx = Record::new(owner, 3600, Rdata::Mx { preference: 10, exchange: exchange.view() });
/// assert_eq!(mx.to_string(), "crepes.fr. 3600 IN MX 10 mail.crepes.fr.");
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Record {
    owner: Name,
    class: Class,
    ttl: u32,
    data: Data,
}

impl Record {
    /// Makes a record of the Internet class from data.
    #[must_use]
    pub fn new(owner: Name, ttl: u32, data: Rdata<'_>) -> Self {
        Self { owner, class: Class::IN, ttl, data: Data::new(&data) }
    }

    /// Makes an A or AAAA record.
    #[must_use]
    pub fn address(owner: Name, ttl: u32, address: IpAddr) -> Self {
        let data = match address {
            IpAddr::V4(address) => Rdata::A { address },
            IpAddr::V6(address) => Rdata::Aaaa { address },
        };
        Self::new(owner, ttl, data)
    }

    /// Makes a TXT record of strings.
    ///
    /// # Errors
    ///
    /// When there is no string, one is longer than 255 octets, or all are longer than 65,535.
    pub fn text(owner: Name, ttl: u32, strings: &[&[u8]]) -> Result<Self, Misuse> {
        let joined = CharStrings::join(strings)?;
        let data = Rdata::parse(RecordType::TXT, &joined).map_err(|_| Misuse::RdataLength)?;
        Ok(Self::new(owner, ttl, data))
    }

    /// Returns the same record in another class.
    #[must_use]
    pub fn with_class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    /// Returns whom it is about.
    #[must_use]
    pub const fn owner(&self) -> &Name {
        &self.owner
    }

    /// Returns its type.
    #[must_use]
    pub const fn rtype(&self) -> RecordType {
        self.data.rtype
    }

    /// Returns its class.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Returns the seconds it may be kept.
    #[must_use]
    pub const fn ttl(&self) -> u32 {
        self.ttl
    }

    /// Decodes the data.
    #[must_use]
    pub fn data(&self) -> Rdata<'_> {
        self.data.view()
    }

    /// Returns the data as they are after RDLENGTH, names whole.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.data.octets()
    }

    pub(crate) fn into_data(self) -> Data {
        self.data
    }
}

impl From<RecordRef<'_>> for Record {
    fn from(record: RecordRef<'_>) -> Self {
        Self::new(record.owner().to_name(), record.ttl(), record.data()).with_class(record.class())
    }
}

/// Writes the record as a line of a master file; in the alternate form (`{:#}`) in columns, and
/// long data on several lines.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = self.data();
        RecordRef::print(f, self.owner.view(), self.ttl, self.class, &data)
    }
}

/// Writes the record as a line of a master file, or several, as [`Record`] does.
impl fmt::Display for RecordRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Self::print(f, self.owner(), self.ttl(), self.class(), &self.data())
    }
}

impl RecordRef<'_> {
    fn print(
        f: &mut fmt::Formatter<'_>,
        owner: NameRef<'_>,
        ttl: u32,
        class: Class,
        data: &Rdata<'_>,
    ) -> fmt::Result {
        let rtype = data.record_type();
        if f.alternate() {
            write!(f, "{owner:<23} {ttl:<7} {class:<3} {rtype:<11} {data:#}")
        } else {
            write!(f, "{owner} {ttl} {class} {rtype} {data}")
        }
    }
}

/// Octets that data hold without an allocation: addresses and most names of hosts are no more.
const INLINE: usize = 22;

/// Data that have been checked, uncompressed: what zones and caches are made of.
#[derive(Clone)]
pub(crate) struct Data {
    rtype: RecordType,
    octets: Octets,
}

#[derive(Clone)]
enum Octets {
    Inline { length: u8, octets: [u8; INLINE] },
    Heap(Box<[u8]>),
}

impl Data {
    pub(crate) fn new(data: &Rdata<'_>) -> Self {
        let mut octets = Vec::new();
        data.write_to(&mut octets);
        Self { rtype: data.record_type(), octets: Octets::from(octets) }
    }

    /// Keeps octets that have been checked.
    pub(crate) fn checked(rtype: RecordType, octets: &[u8]) -> Self {
        Self { rtype, octets: Octets::short(octets).unwrap_or_else(|| Octets::Heap(octets.into())) }
    }

    pub(crate) const fn rtype(&self) -> RecordType {
        self.rtype
    }

    pub(crate) fn octets(&self) -> &[u8] {
        match &self.octets {
            Octets::Inline { length, octets } => {
                octets.get(..usize::from(*length)).unwrap_or(octets)
            }
            Octets::Heap(octets) => octets,
        }
    }

    pub(crate) fn view(&self) -> Rdata<'_> {
        let octets = self.octets();
        Rdata::trusted(self.rtype, Reader::tail(octets, octets))
    }

    pub(crate) fn with_owner(self, owner: NameRef<'_>, class: Class, ttl: u32) -> Record {
        Record { owner: owner.to_name(), class, ttl, data: self }
    }
}

impl Octets {
    fn short(all: &[u8]) -> Option<Self> {
        let mut octets = [0; INLINE];
        octets.get_mut(..all.len())?.copy_from_slice(all);
        let length = u8::try_from(all.len()).ok()?;
        Some(Self::Inline { length, octets })
    }
}

impl From<Vec<u8>> for Octets {
    fn from(octets: Vec<u8>) -> Self {
        Self::short(&octets).unwrap_or_else(|| Self::Heap(octets.into()))
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}

impl Eq for Data {}

impl core::hash::Hash for Data {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.view().hash(state);
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_needs_strings_of_at_most_255_octets() {
        let text = |strings: &[&[u8]]| Record::text(Name::ROOT, 0, strings);
        assert!(text(&[&[b'x'; 255]]).is_ok());
        assert_eq!(text(&[&[b'x'; 256]]), Err(Misuse::StringLength));
        assert_eq!(text(&[]), Err(Misuse::StringLength));
        assert!(text(&[&[b'x'; 254][..]; 257]).is_ok());
        assert_eq!(text(&[&[b'x'; 255][..]; 256]), Err(Misuse::RdataLength));
    }
}
