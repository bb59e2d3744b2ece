//! EDNS(0): what both ends can take beyond RFC 1035 (RFC 6891).
mod cookie;
mod option;

use alloc::vec::Vec;
use core::fmt;

use crate::error::ParseError;
use crate::number::{OptionCode, RecordType};
use crate::rdata::{Field, Names, Rdata, Sink};
use crate::reader::Reader;
use crate::text::Words;

pub use cookie::{Cookie, CookieSecret};
pub use option::{ClientSubnet, EdnsOption, ZoneVersion};

/// The OPT pseudo-record of a message, read.
///
/// ```
/// use dns_proto::Edns;
///
/// let edns = Edns { dnssec_ok: true, ..Edns::new(1232) };
/// assert_eq!((edns.payload, edns.version), (1232, 0));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Edns<'a> {
    /// Octets of the largest UDP message its sender can take.
    pub payload: u16,
    /// The version; only 0 is defined.
    pub version: u8,
    /// Whether DNSSEC records are wanted (RFC 3225).
    pub dnssec_ok: bool,
    /// The options.
    pub options: Options<'a>,
}

impl Edns<'_> {
    /// Makes version 0 without options.
    #[must_use]
    pub const fn new(payload: u16) -> Self {
        Self { payload, version: 0, dnssec_ok: false, options: Options::NONE }
    }

    /// Returns the octets of the record on the wire.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        11 + self.options.octets().len()
    }
}

/// The options of an OPT record: codes and their data.
///
/// ```
/// use dns_proto::Options;
///
/// let nsid = Options::parse(&[0, 3, 0, 0])?;
/// assert_eq!(nsid.iter().next(), Some((dns_proto::OptionCode::NSID, &[][..])));
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// No options.
    pub const NONE: Options<'static> = Options(&[]);

    pub(crate) const fn checked(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    pub(crate) const fn octets(&self) -> &'a [u8] {
        self.0
    }

    /// Steps over options, to check them, and says how many there are.
    pub(crate) fn count(reader: &mut Reader<'_>) -> Result<usize, ParseError> {
        let mut count = 0;
        while !reader.is_empty() {
            let _code = reader.u16()?;
            let length = usize::from(reader.u16()?);
            reader.take(length)?;
            count += 1;
        }
        Ok(count)
    }

    /// Reads options as they are on the wire: code, length, data (RFC 6891 §6.1.2).
    ///
    /// # Errors
    ///
    /// When the octets do not divide into options, or are more than 65,535.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        Rdata::parse(RecordType::OPT, octets).map(|_| Self(octets))
    }

    /// Iterates over codes and data.
    pub fn iter(self) -> impl Iterator<Item = (OptionCode, &'a [u8])> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (&[a, b, c, d], data) = rest.split_first_chunk()?;
            let (data, after) = data.split_at_checked(usize::from(u16::from_be_bytes([c, d])))?;
            rest = after;
            Some((OptionCode::new(u16::from_be_bytes([a, b])), data))
        })
    }

    /// Iterates over the options as typed values; an error stands for one whose data do not suit
    /// its code, which is FORMERR where the option matters.
    pub fn typed(self) -> impl Iterator<Item = Result<EdnsOption<'a>, ParseError>> {
        self.iter().map(|(code, data)| EdnsOption::parse(code, data))
    }

    /// Returns the first sound option of a code.
    #[must_use]
    pub fn get(self, code: OptionCode) -> Option<EdnsOption<'a>> {
        let found = self.iter().find(|(own, _)| *own == code);
        found.and_then(|(code, data)| EdnsOption::parse(code, data).ok())
    }
}

/// Options of one's own, in the making.
///
/// ```
/// use dns_proto::{Edns, EdnsOption, OptionsBuf};
///
/// let mut options = OptionsBuf::default();
/// options.push(&EdnsOption::Nsid(b"ns1"));
/// let edns = Edns { options: options.view(), ..Edns::new(1232) };
/// assert!(edns.options.typed().eq([Ok(EdnsOption::Nsid(b"ns1"))]));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OptionsBuf(Vec<u8>);

impl OptionsBuf {
    /// Appends an option; says whether it was done, which it is while all have at most 65,535
    /// octets.
    pub fn push(&mut self, option: &EdnsOption<'_>) -> bool {
        let start = self.0.len();
        self.0.extend_from_slice(&option.code().number().to_be_bytes());
        self.0.extend_from_slice(&[0, 0]);
        option.write(&mut self.0);
        let length = u16::try_from(self.0.len() - start - 4);
        let (Ok(length), true) = (length, self.0.len() <= usize::from(u16::MAX)) else {
            self.0.truncate(start);
            return false;
        };
        if let Some(place) = self.0.get_mut(start + 2..start + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        true
    }

    /// Borrows the options.
    #[must_use]
    pub fn view(&self) -> Options<'_> {
        Options(&self.0)
    }
}

impl<'a> Field<'a> for Options<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let octets = reader.octets();
        Self::count(reader)?;
        Ok(Self(octets))
    }

    #[inline]
    fn trusted(reader: &mut Reader<'a>) -> Option<Self> {
        Some(Self::checked(reader.rest()))
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.octets());
    }

    /// No RFC defines a presentation form: code, `=` and hexadecimal digits.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (code, data) in self.iter() {
            let code = code.number();
            write!(f, "{}OPTION{code}=", core::mem::replace(&mut separator, " "))?;
            data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        }
        Ok(())
    }

    fn scan(words: &mut Words<'_>, _: &mut Vec<u8>) -> Result<(), ParseError> {
        Err(words.error("the form \\#, as OPT has no other"))
    }
}
