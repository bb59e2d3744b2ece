//! Record data: one table says how each type is read, written and printed.
//!
//! To add a type: its number in `number/record_type.rs`, its row in `table.rs`; if a field is of a
//! kind that is not here yet, its `Field` beside the others.
mod bits;
mod blob;
mod field;
mod gateway;
mod svcb;
mod table;
mod value;

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::edns::Options;
use crate::error::{ParseError, ParseErrorKind};
use crate::name::NameRef;
use crate::number::{CertType, DnssecAlgorithm, DsyncScheme, Rcode, RecordType};
use crate::reader::Reader;
use crate::text::Words;
use crate::text::codec::{Base, Decoder, INDENT};

pub use bits::{NxtBits, Ports, Protocol, TypeBitmap};
pub use blob::{Base64, Counted, Hashed, Hex, Nsap, Salt};
use field::Canonical;
pub use field::{CharString, CharStrings, NameList, Text};
pub(crate) use field::{Field, Names, Sink, put_labels};
pub use gateway::{
    AddressPart, AtmAddress, Gateway, HostIdentity, Prefix, Prefixes, Relay, Tunnel,
};
pub use svcb::{Hints, SvcKeys, SvcParam, SvcParams};
pub use value::{Eui48, Eui64, Location, Locator64, Time48, Timestamp};

/// Expands the table of types into [`Rdata`] and its reading, writing and printing.
macro_rules! rdata {
    ($(
        $(#[$doc:meta])*
        $rtype:ident => $variant:ident, $names:ident
        { $( $(#[$field_doc:meta])* $field:ident: $kind:ty, )+ }
    )+) => {
        /// The data of a record, by type; names and strings borrow from the message or record.
        ///
        /// Every type that IANA lists with a specification has a variant. Any other is
        /// [`Other`](Self::Other): opaque octets, kept and passed on as they are (RFC 3597).
        /// Equality is that of the data, in names without case.
        ///
        /// ```
        /// use dns_proto::{Name, Rdata};
        ///
        /// let exchange: Name = "mail.hamburger.edu".parse()?;
        /// let mx = Rdata::Mx { preference: 10, exchange: exchange.view() };
        /// assert_eq!(mx.to_string(), "10 mail.hamburger.edu.");
        /// # Ok::<(), dns_proto::ParseError>(())
        /// ```
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Rdata<'a> {
            $( $(#[$doc])* $variant { $( $(#[$field_doc])* $field: $kind, )+ }, )+
            /// Data of any other type.
            Other(Opaque<'a>),
        }

        impl<'a> Rdata<'a> {
            /// Returns the type of the data.
            #[must_use]
            pub const fn record_type(&self) -> RecordType {
                match self {
                    $( Self::$variant { .. } => RecordType::$rtype, )+
                    Self::Other(opaque) => opaque.rtype,
                }
            }

            /// Reads all that is in the reader.
            pub(crate) fn read(
                rtype: RecordType,
                reader: &mut Reader<'a>,
            ) -> Result<Self, ParseError> {
                let data = match rtype {
                    $( RecordType::$rtype => Self::$variant {
                        $( $field: <$kind as Field<'a>>::read(reader)?, )+
                    }, )+
                    _ => Self::Other(Opaque { rtype, octets: reader.rest() }),
                };
                if reader.is_empty() {
                    Ok(data)
                } else {
                    Err(reader.error(ParseErrorKind::RdataLength))
                }
            }

            /// Reads what has been read before.
            fn trusted_fields(rtype: RecordType, message: &'a [u8], octets: &'a [u8]) -> Self {
                match rtype {
                    $( RecordType::$rtype => {
                        let mut reader = Reader::tail(message, octets);
                        let fields = ( $( <$kind as Field<'a>>::trusted(&mut reader), )+ );
                        if let ( $( Some($field), )+ ) = fields && reader.is_empty() {
                            return Self::$variant { $( $field, )+ };
                        }
                    } )+
                    _ => {}
                }
                // Emptied data (RFC 2136 §2.4) and parameters that are malformed are all that a
                // checked message has and does not read.
                Self::Other(Opaque { rtype, octets })
            }

            fn check_any(
                rtype: RecordType,
                reader: &mut Reader<'a>,
            ) -> Result<(), ParseError> {
                match rtype {
                    $( RecordType::$rtype => {
                        $( <$kind as Field<'a>>::read(reader)?; )+
                    } )+
                    _ => drop(reader.rest()),
                }
                if reader.is_empty() {
                    Ok(())
                } else {
                    Err(reader.error(ParseErrorKind::RdataLength))
                }
            }

            /// Returns how many octets are before the names of a type whose names are compressed in
            /// messages, and how many names it has; they are in a row.
            #[inline]
            pub(crate) const fn compressed(rtype: RecordType) -> Option<(usize, usize)> {
                match rtype {
                    $( RecordType::$rtype if matches!(Names::$names, Names::Compressed) => {
                        let (mut before, mut names) = (0, 0);
                        $( match <$kind as Field<'_>>::OCTETS {
                            None => names += 1,
                            Some(octets) if names == 0 => before += octets,
                            Some(_) => {}
                        } )+
                        Some((before, names))
                    } )+
                    _ => None,
                }
            }

            /// Reads the presentation form of a type's fields and appends the wire form.
            fn scan_fields(
                rtype: RecordType,
                words: &mut Words<'_>,
                out: &mut Vec<u8>,
            ) -> Result<(), ParseError> {
                match rtype {
                    $( RecordType::$rtype => {
                        $( <$kind as Field<'a>>::scan(words, out)?; )+
                        Ok(())
                    } )+
                    _ => Err(words.error("\\# and octets, as the type is unknown")),
                }
            }

            pub(crate) fn write_to(&self, out: &mut impl Sink) {
                match self {
                    $( Self::$variant { $( $field, )+ } => {
                        $( $field.write(out, Names::$names); )+
                    } )+
                    Self::Other(opaque) => out.put(opaque.octets),
                }
            }
        }

        /// Writes the presentation form (RFC 1035 §5.1; RFC 3597 §5 for other types); in the
        /// alternate form (`{:#}`) on several lines if it is long.
        impl fmt::Display for Rdata<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$variant { $( $field, )+ } => {
                        if !( $( $field.has_notation() )&&+ ) {
                            return self.fmt_general(f);
                        }
                        let mut layout = Layout::new(RecordType::$rtype);
                        $( layout.field(f, $field, stringify!($field))?; )+
                        layout.finish(f)
                    } )+
                    Self::Other(opaque) => opaque.fmt(f),
                }
            }
        }
    };
}

table::with_types!(rdata);

/// Where the fields of data stand, in one line or several.
struct Layout {
    rtype: RecordType,
    fields: usize,
    open: bool,
}

impl Layout {
    const fn new(rtype: RecordType) -> Self {
        Self { rtype, fields: 0, open: false }
    }

    fn field<'a>(
        &mut self,
        f: &mut fmt::Formatter<'_>,
        field: &impl Field<'a>,
        name: &str,
    ) -> fmt::Result {
        // The numbers of an SOA have lines of their own, and say what they are.
        let number = self.rtype == RecordType::SOA && self.fields > 1;
        if f.alternate() && (number || self.is_long(field)) {
            f.write_str(if self.open { "" } else { " (" })?;
            self.open = true;
            f.write_str(INDENT)?;
            field.print(f)?;
            if number {
                write!(f, "\t; {name}")?;
            }
        } else {
            f.write_str(if self.fields > 0 { " " } else { "" })?;
            field.print(f)?;
        }
        self.fields += 1;
        Ok(())
    }

    const fn is_long<'a, F: Field<'a>>(&self, _: &F) -> bool {
        F::LONG && self.fields > 0
    }

    fn finish(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.open { write!(f, "{INDENT})") } else { Ok(()) }
    }
}

impl<'a> Rdata<'a> {
    /// Reads data of a type from its uncompressed octets, as they are after RDLENGTH.
    ///
    /// A service binding whose parameters are malformed is [`Other`](Self::Other): whoever looks
    /// for a service finds none in it (RFC 9460 §2.2), and it can be handed on.
    ///
    /// # Errors
    ///
    /// When the octets are not data of that type, or are more than 65,535.
    pub fn parse(rtype: RecordType, octets: &'a [u8]) -> Result<Self, ParseError> {
        if octets.len() > usize::from(u16::MAX) {
            return Err(ParseError::new(ParseErrorKind::RdataLength, usize::from(u16::MAX)));
        }
        let parsed = Self::read(rtype, &mut Reader::new(octets, 0));
        parsed.or_else(|error| match is_bound(rtype, octets) {
            true => Ok(Self::Other(Opaque { rtype, octets })),
            false => Err(error),
        })
    }

    /// Appends the octets as they are after RDLENGTH, names whole and in the case they have.
    pub fn write(&self, out: &mut Vec<u8>) {
        self.write_to(out);
    }

    /// Appends the canonical form: what DNSSEC signs and digests (RFC 4034 §6.2, RFC 6840 §5.1).
    ///
    /// ```
    /// use dns_proto::{Rdata, RecordType};
    ///
    /// let mut out = Vec::new();
    /// Rdata::parse(RecordType::NS, b"\x02NS\0")?.write_canonical(&mut out);
    /// assert_eq!(out, b"\x02ns\0");
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        self.write_to(&mut Canonical(out));
    }

    /// Compares canonical forms octet by octet: the order of an RRset (RFC 4034 §6.3).
    #[must_use]
    pub fn canonical_cmp(&self, other: &Rdata<'_>) -> Ordering {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        self.write_canonical(&mut own);
        other.write_canonical(&mut others);
        own.cmp(&others)
    }

    /// Reads the presentation form and appends the wire form to `out`, which
    /// [`parse`](Self::parse) reads. Relative names end in the root.
    ///
    /// ```
    /// use dns_proto::{Rdata, RecordType};
    ///
    /// let mut octets = Vec::new();
    /// Rdata::parse_text(RecordType::MX, "10 mail.hamburger.edu", &mut octets)?;
    /// assert_eq!(Rdata::parse(RecordType::MX, &octets)?.to_string(), "10 mail.hamburger.edu.");
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is not data of that type; `out` may have grown.
    pub fn parse_text(rtype: RecordType, text: &str, out: &mut Vec<u8>) -> Result<(), ParseError> {
        Self::scan(rtype, &mut Words::new(text.as_bytes(), &[0]), out)
    }

    /// Reads all words as the data of a type, in its own form or that of RFC 3597 §5, and appends
    /// the wire form.
    pub(crate) fn scan(
        rtype: RecordType,
        words: &mut Words<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), ParseError> {
        let start = out.len();
        match words.escaped() {
            Some(word) if word.octets == b"\\#" => {
                words.next();
                scan_generic(words, out)?;
                // RFC 3597 §5: the generic form of a known type must be sound all the same.
                let octets = out.get(start..).unwrap_or_default();
                Rdata::check(rtype, &mut Reader::new(octets, 0))
                    .map_err(|error| ParseError::new(error.kind(), word.at))?;
            }
            _ => Self::scan_fields(rtype, words, out)?,
        }
        if let Some(word) = words.next() {
            return Err(word.error("the end of the record"));
        }
        if out.len() - start > usize::from(u16::MAX) {
            return Err(words.error("at most 65535 octets of data"));
        }
        Ok(())
    }

    /// Whether data need no closer look: those of the commonest types, most of the time.
    #[inline]
    pub(crate) fn is_plain(rtype: RecordType, octets: &[u8]) -> bool {
        match (rtype, octets) {
            (RecordType::A, octets) => octets.len() == 4,
            (RecordType::AAAA, octets) => octets.len() == 16,
            // One string that fills the data is the rule.
            (RecordType::TXT, [length, string @ ..]) => usize::from(*length) == string.len(),
            // Four octets of numbers, and what is left.
            (RecordType::DNSKEY | RecordType::DS, octets) => octets.len() >= 4,
            _ => false,
        }
    }

    /// Checks all that is in the reader, and keeps nothing.
    pub(crate) fn check(rtype: RecordType, reader: &mut Reader<'a>) -> Result<(), ParseError> {
        let octets = reader.octets();
        match rtype {
            RecordType::RRSIG => {
                // Numbers and times, and what is left behind the name.
                reader.take(18)?;
                reader.name().map(drop)
            }
            RecordType::NS => {
                reader.name()?;
                let error = reader.error(ParseErrorKind::RdataLength);
                if reader.is_empty() { Ok(()) } else { Err(error) }
            }
            RecordType::SVCB | RecordType::HTTPS => match Self::check_any(rtype, reader) {
                Err(error) if !is_bound(rtype, octets) => Err(error),
                _ => Ok(()),
            },
            _ => Self::check_any(rtype, reader),
        }
    }

    /// Reads what [`parse`](Self::parse) or a message's has accepted, without checking it again.
    #[inline]
    pub(crate) fn trusted(rtype: RecordType, reader: Reader<'a>) -> Self {
        // The commonest first: they are as they stand there, or end in a name.
        let octets = reader.octets();
        match rtype {
            RecordType::A => {
                if let Ok(octets) = <[u8; 4]>::try_from(octets) {
                    return Self::A { address: octets.into() };
                }
            }
            RecordType::AAAA => {
                if let Ok(octets) = <[u8; 16]>::try_from(octets) {
                    return Self::Aaaa { address: octets.into() };
                }
            }
            RecordType::NS if !octets.is_empty() => {
                return Self::Ns { server: reader.here() };
            }
            RecordType::TXT if !octets.is_empty() => {
                return Self::Txt { strings: CharStrings::checked(octets) };
            }
            RecordType::OPT => return Self::Opt { options: Options::checked(octets) },
            _ => {}
        }
        Self::trusted_fields(rtype, reader.message(), octets)
    }

    /// RFC 3597 §5: any data can be said so.
    fn fmt_general(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut octets = Vec::new();
        self.write(&mut octets);
        fmt::Display::fmt(&Opaque { rtype: self.record_type(), octets: &octets }, f)
    }

    /// Returns the address of an A or AAAA record.
    #[must_use]
    pub const fn address(&self) -> Option<core::net::IpAddr> {
        match *self {
            Self::A { address } => Some(core::net::IpAddr::V4(address)),
            Self::Aaaa { address } => Some(core::net::IpAddr::V6(address)),
            _ => None,
        }
    }
}

/// Whether data are a service's whose parameters alone may be malformed. That is for its clients to
/// judge (RFC 9460 §2.2), who find no parameters in what is [`Opaque`]; whoever hands it on need not
/// understand it (RFC 3597 §2), and must not lose it: it may be signed.
fn is_bound(rtype: RecordType, octets: &[u8]) -> bool {
    let target = octets.get(2..).map(|octets| Reader::new(octets, 0).name().is_ok());
    matches!(rtype, RecordType::SVCB | RecordType::HTTPS) && target == Some(true)
}

/// Data that is not looked into.
///
/// ```
/// use dns_proto::{Rdata, RecordType};
///
/// let data = Rdata::parse(RecordType::new(731), b"abc")?;
/// assert_eq!(data.to_string(), r"\# 3 616263");
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Opaque<'a> {
    rtype: RecordType,
    octets: &'a [u8],
}

/// Reads a length and so many octets in hexadecimal.
fn scan_generic(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
    const HEX: &str = "as many octets in hexadecimal as announced";
    let length = words.word("a length")?;
    let octets = length.number(65_535, "a length up to 65535")?;
    let (start, mut decoder) = (out.len(), Decoder::new(Base::Hex));
    while let Some(word) = words.next() {
        decoder.push(word.octets, out).ok_or_else(|| word.error(HEX))?;
    }
    let read = u64::try_from(out.len() - start).unwrap_or(u64::MAX);
    if decoder.is_whole() && read == octets { Ok(()) } else { Err(length.error(HEX)) }
}

impl<'a> Opaque<'a> {
    /// Wraps at most 65,535 octets of a type that [`Rdata`] has no variant for.
    #[must_use]
    pub fn new(rtype: RecordType, octets: &'a [u8]) -> Option<Self> {
        match Rdata::parse(rtype, octets) {
            Ok(Rdata::Other(opaque)) => Some(opaque),
            _ => None,
        }
    }

    /// Returns the octets.
    #[must_use]
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }
}

impl fmt::Display for Opaque<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r"\# {}", self.octets.len())?;
        let mut separator = " ";
        self.octets
            .iter()
            .try_for_each(|octet| write!(f, "{}{octet:02X}", core::mem::take(&mut separator)))
    }
}

#[cfg(test)]
mod tests;
