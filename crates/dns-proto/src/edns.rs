//! EDNS(0): what both ends can take beyond RFC 1035 (RFC 6891).
use crate::error::ParseError;
use crate::number::RecordType;
use crate::rdata::Rdata;

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
/// assert_eq!(nsid.iter().next(), Some((3, &[][..])));
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

    /// Reads options as they are on the wire: code, length, data (RFC 6891 §6.1.2).
    ///
    /// # Errors
    ///
    /// When the octets do not divide into options, or are more than 65,535.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        Rdata::parse(RecordType::OPT, octets).map(|_| Self(octets))
    }

    /// Iterates over codes and data.
    pub fn iter(self) -> impl Iterator<Item = (u16, &'a [u8])> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (&[a, b, c, d], data) = rest.split_first_chunk()?;
            let (data, after) = data.split_at_checked(usize::from(u16::from_be_bytes([c, d])))?;
            rest = after;
            Some((u16::from_be_bytes([a, b]), data))
        })
    }
}
