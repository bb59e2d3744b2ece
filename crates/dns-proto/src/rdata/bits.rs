//! Sets of types and services, as bits (RFC 4034 §4.1.2, RFC 1035 §3.4.2, RFC 2535 §5.2).
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use super::field::{Field, Names, Sink};
use crate::error::{ParseError, ParseErrorKind};
use crate::number::RecordType;
use crate::reader::Reader;
use crate::text::Words;

/// A set of record types (RFC 4034 §4.1.2).
///
/// ```
/// use dns_proto::{RecordType, TypeBitmap};
///
/// let octets = TypeBitmap::write([RecordType::MX, RecordType::A]);
/// let types = TypeBitmap::parse(&octets)?;
/// assert!(types.contains(RecordType::MX) && !types.contains(RecordType::NS));
/// assert!(types.iter().eq([RecordType::A, RecordType::MX]));
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TypeBitmap<'a>(&'a [u8]);

impl<'a> TypeBitmap<'a> {
    /// Reads windows as they are on the wire.
    ///
    /// # Errors
    ///
    /// When windows are out of order, empty, longer than 32 octets or end in a zero.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(&mut Reader::new(octets, 0))
    }

    /// Writes the wire form of a set of types.
    #[must_use]
    pub fn write(types: impl IntoIterator<Item = RecordType>) -> Vec<u8> {
        let mut out = Vec::new();
        put_types(&types.into_iter().map(RecordType::number).collect(), &mut out);
        out
    }

    /// Whether a type is in the set.
    #[must_use]
    pub fn contains(self, rtype: RecordType) -> bool {
        let [window, low] = rtype.number().to_be_bytes();
        let bits = self.windows().find(|(number, _)| *number == window).map(|(_, bits)| bits);
        let octet = bits.and_then(|bits| bits.get(usize::from(low / 8)));
        octet.is_some_and(|octet| octet & (0x80 >> (low % 8)) != 0)
    }

    /// Iterates over the types, in the order of their numbers.
    pub fn iter(self) -> impl Iterator<Item = RecordType> + 'a {
        self.windows().flat_map(|(window, bits)| {
            (0..=u8::MAX).zip(bits).flat_map(move |(octet, &bits)| {
                let set = (0..8).filter(move |bit| bits & (0x80 >> bit) != 0);
                set.map(move |bit| RecordType::new(u16::from_be_bytes([window, octet * 8 + bit])))
            })
        })
    }

    fn windows(self) -> impl Iterator<Item = (u8, &'a [u8])> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (&[window, length], after) = rest.split_first_chunk()?;
            let (bits, after) = after.split_at_checked(usize::from(length))?;
            rest = after;
            Some((window, bits))
        })
    }
}

fn put_types(types: &BTreeSet<u16>, out: &mut Vec<u8>) {
    let mut rest = types.iter().copied().peekable();
    while let Some(first) = rest.peek() {
        let [window, _] = first.to_be_bytes();
        let (mut bits, mut length) = ([0_u8; 32], 0);
        while let Some(number) = rest.next_if(|number| number.to_be_bytes()[0] == window) {
            let low = number.to_be_bytes()[1];
            if let Some(octet) = bits.get_mut(usize::from(low / 8)) {
                *octet |= 0x80 >> (low % 8);
            }
            length = low / 8 + 1;
        }
        out.extend_from_slice(&[window, length]);
        out.extend_from_slice(bits.get(..usize::from(length)).unwrap_or(&bits));
    }
}

impl<'a> Field<'a> for TypeBitmap<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let mut check = reader.clone();
        let octets = reader.rest();
        let mut next = 0;
        while !check.is_empty() {
            let error = check.error(ParseErrorKind::Bitmap);
            let [window, length] = check.array()?;
            let bits = check.take(usize::from(length))?;
            if u16::from(window) < next || length > 32 || matches!(bits.last(), None | Some(0)) {
                return Err(error);
            }
            next = u16::from(window) + 1;
        }
        Ok(Self(octets))
    }

    #[inline]
    fn trusted(reader: &mut Reader<'a>) -> Option<Self> {
        Some(Self(reader.rest()))
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        self.iter()
            .try_for_each(|rtype| write!(f, "{}{rtype}", core::mem::replace(&mut separator, " ")))
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        put_types(&scan_types(words)?, out);
        Ok(())
    }
}

fn scan_types(words: &mut Words<'_>) -> Result<BTreeSet<u16>, ParseError> {
    let mut types = BTreeSet::new();
    while let Some(word) = words.next() {
        let rtype = RecordType::parse(word.octets).ok_or_else(|| word.error("a record type"))?;
        types.insert(rtype.number());
    }
    Ok(types)
}

/// Defines a set whose bits are counted from the first octet on.
macro_rules! bits {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub struct $name<'a>(&'a [u8]);

        impl<'a> $name<'a> {
            /// Wraps a bitmap; the first bit is number 0.
            #[must_use]
            pub const fn new(octets: &'a [u8]) -> Option<Self> {
                if octets.len() > 8192 { None } else { Some(Self(octets)) }
            }

            /// Iterates over the numbers of the bits that are set.
            pub fn iter(self) -> impl Iterator<Item = u16> + 'a {
                (0..8192_u16).zip(self.0).flat_map(|(octet, &bits)| {
                    let set = (0..8).filter(move |bit| bits & (0x80 >> bit) != 0);
                    set.map(move |bit| octet * 8 + bit)
                })
            }
        }
    };
}

bits! {
    /// Ports of well-known services (RFC 1035 §3.4.2).
    Ports
}
bits! {
    /// Types from 1 to 127 (RFC 2535 §5.2).
    NxtBits
}

fn put_bits(numbers: &BTreeSet<u16>, out: &mut Vec<u8>) {
    let Some(last) = numbers.last() else { return };
    let start = out.len();
    out.resize(start + usize::from(last / 8) + 1, 0);
    for number in numbers {
        if let Some(octet) = out.get_mut(start + usize::from(number / 8)) {
            *octet |= 0x80 >> (number % 8);
        }
    }
}

impl<'a> Field<'a> for Ports<'a> {
    fn has_notation(&self) -> bool {
        self.0.last() != Some(&0)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let error = reader.error(ParseErrorKind::Bitmap);
        Self::new(reader.rest()).ok_or(error)
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        self.iter()
            .try_for_each(|port| write!(f, "{}{port}", core::mem::replace(&mut separator, " ")))
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        let mut ports = BTreeSet::new();
        while let Some(word) = words.next() {
            let named = SERVICES.iter().find(|(name, _)| word.octets.eq_ignore_ascii_case(name));
            let port = match named {
                Some((_, port)) => *port,
                None => u16::try_from(word.number(65_535, "a port or a service")?).unwrap_or(0),
            };
            ports.insert(port);
        }
        put_bits(&ports, out);
        Ok(())
    }
}

/// The services of RFC 1010 that examples name.
const SERVICES: [(&[u8], u16); 10] = [
    (b"ftp", 21),
    (b"ssh", 22),
    (b"telnet", 23),
    (b"smtp", 25),
    (b"time", 37),
    (b"domain", 53),
    (b"tftp", 69),
    (b"finger", 79),
    (b"http", 80),
    (b"sunrpc", 111),
];

impl<'a> Field<'a> for NxtBits<'a> {
    fn has_notation(&self) -> bool {
        self.0.last() != Some(&0)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let error = reader.error(ParseErrorKind::Bitmap);
        Self::new(reader.rest()).ok_or(error)
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        self.iter()
            .map(RecordType::new)
            .try_for_each(|rtype| write!(f, "{}{rtype}", core::mem::replace(&mut separator, " ")))
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        put_bits(&scan_types(words)?, out);
        Ok(())
    }
}

/// The number of an Internet protocol (RFC 1035 §3.4.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Protocol(pub u8);

impl<'a> Field<'a> for Protocol {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        reader.octet().map(Self)
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(&[self.0]);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        let word = words.word("a protocol")?;
        out.push(match word.octets {
            name if name.eq_ignore_ascii_case(b"tcp") => 6,
            name if name.eq_ignore_ascii_case(b"udp") => 17,
            _ => u8::try_from(word.number(255, "a protocol")?).unwrap_or(u8::MAX),
        });
        Ok(())
    }
}
