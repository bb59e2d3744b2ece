//! Fields whose form hangs on an octet before them: gateways, relays, identities, prefixes.
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::blob::{BASE64, scan_word};
use super::field::{Field, Names, Sink};
use crate::error::{ParseError, ParseErrorKind};
use crate::name::NameRef;
use crate::reader::Reader;
use crate::text::Words;
use crate::text::codec::{Base, print};

/// Where to go through (RFC 4025 §2.5, RFC 8777 §4.2.4).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Gateway<'a> {
    /// Nowhere.
    None,
    /// An address.
    Address(IpAddr),
    /// A host.
    Name(NameRef<'a>),
}

const EXPECTED: &str = "a gateway of the type before";

impl<'a> Gateway<'a> {
    const fn kind(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Address(IpAddr::V4(_)) => 1,
            Self::Address(IpAddr::V6(_)) => 2,
            Self::Name(_) => 3,
        }
    }

    fn read(kind: u8, reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        Ok(match kind {
            0 => Self::None,
            1 => Self::Address(IpAddr::V4(Ipv4Addr::read(reader)?)),
            2 => Self::Address(IpAddr::V6(Ipv6Addr::read(reader)?)),
            3 => Self::Name(reader.name()?),
            _ => return Err(reader.error(ParseErrorKind::Version)),
        })
    }

    fn write(&self, out: &mut impl Sink) {
        match self {
            Self::None => {}
            Self::Address(IpAddr::V4(address)) => out.put(&address.octets()),
            Self::Address(IpAddr::V6(address)) => out.put(&address.octets()),
            Self::Name(name) => out.put_name(*name, Names::Plain),
        }
    }

    fn scan(kind: u8, words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        match kind {
            0 => {
                let word = words.word("a dot")?;
                if word.octets == b"." { Ok(()) } else { Err(word.error("a dot")) }
            }
            1 => Ipv4Addr::scan(words, out),
            2 => Ipv6Addr::scan(words, out),
            3 => words.name(out),
            _ => Err(words.error(EXPECTED)),
        }
    }
}

impl fmt::Display for Gateway<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("."),
            Self::Address(address) => write!(f, "{address}"),
            Self::Name(name) => write!(f, "{name}"),
        }
    }
}

fn octet(words: &mut Words<'_>, most: u8, expected: &'static str) -> Result<u8, ParseError> {
    words.number(most.into(), expected).map(|number| u8::try_from(number).unwrap_or(most))
}

/// An algorithm and the gateway it is for (RFC 4025 §2.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Tunnel<'a> {
    /// The algorithm of the key that follows; 0 if there is none.
    pub algorithm: u8,
    /// The gateway.
    pub gateway: Gateway<'a>,
}

impl<'a> Field<'a> for Tunnel<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let [kind, algorithm] = reader.array()?;
        Ok(Self { algorithm, gateway: Gateway::read(kind, reader)? })
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(&[self.gateway.kind(), self.algorithm]);
        self.gateway.write(out);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.gateway.kind(), self.algorithm, self.gateway)
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        let kind = octet(words, 3, "a gateway type from 0 to 3")?;
        out.extend_from_slice(&[kind, octet(words, u8::MAX, "an algorithm")?]);
        Gateway::scan(kind, words, out)
    }
}

/// A relay for multicast, and whether it must be discovered (RFC 8777 §4.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Relay<'a> {
    /// The D bit: whether discovery is optional.
    pub discovery_optional: bool,
    /// The relay.
    pub relay: Gateway<'a>,
}

impl<'a> Field<'a> for Relay<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let octet = reader.octet()?;
        let relay = Gateway::read(octet & 0x7f, reader)?;
        Ok(Self { discovery_optional: octet & 0x80 != 0, relay })
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(&[u8::from(self.discovery_optional) << 7 | self.relay.kind()]);
        self.relay.write(out);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = u8::from(self.discovery_optional);
        write!(f, "{optional} {} {}", self.relay.kind(), self.relay)
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        let optional = octet(words, 1, "0 or 1")?;
        let kind = octet(words, 3, "a relay type from 0 to 3")?;
        out.push(optional << 7 | kind);
        Gateway::scan(kind, words, out)
    }
}

/// A host's identity (RFC 8005 §5).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct HostIdentity<'a> {
    algorithm: u8,
    tag: &'a [u8],
    key: &'a [u8],
}

impl<'a> HostIdentity<'a> {
    /// Makes one of a tag of at most 255 octets and a key of at most 65,535.
    #[must_use]
    pub const fn new(algorithm: u8, tag: &'a [u8], key: &'a [u8]) -> Option<Self> {
        if tag.len() > 255 || key.len() > 65_535 {
            None
        } else {
            Some(Self { algorithm, tag, key })
        }
    }

    /// Returns the algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> u8 {
        self.algorithm
    }

    /// Returns the host identity tag.
    #[must_use]
    pub const fn tag(&self) -> &'a [u8] {
        self.tag
    }

    /// Returns the public key.
    #[must_use]
    pub const fn key(&self) -> &'a [u8] {
        self.key
    }
}

impl<'a> Field<'a> for HostIdentity<'a> {
    fn has_notation(&self) -> bool {
        !self.tag.is_empty() && !self.key.is_empty()
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let [tag, algorithm, high, low] = reader.array()?;
        let tag = reader.take(usize::from(tag))?;
        let key = reader.take(usize::from(u16::from_be_bytes([high, low])))?;
        Ok(Self { algorithm, tag, key })
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        let tag = u8::try_from(self.tag.len()).expect("it was made with at most 255 octets");
        let key = u16::try_from(self.key.len()).expect("it was made with at most 65535 octets");
        out.put(&[tag, self.algorithm]);
        out.put(&key.to_be_bytes());
        out.put(self.tag);
        out.put(self.key);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.algorithm)?;
        print(f, self.tag, Base::Hex)?;
        f.write_str(" ")?;
        print(f, self.key, Base::Base64)
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        const TAG: &str = "hexadecimal digits of at most 255 octets";
        let algorithm = octet(words, u8::MAX, "an algorithm")?;
        let (tag, key) = (words.word(TAG)?, words.word(BASE64)?);
        let (mut tags, mut keys) = (Vec::new(), Vec::new());
        scan_word(tag, Base::Hex, TAG, &mut tags)?;
        scan_word(key, Base::Base64, BASE64, &mut keys)?;
        let identity = HostIdentity::new(algorithm, &tags, &keys).filter(|_| !tags.is_empty());
        identity.ok_or_else(|| tag.error(TAG))?.write(out, Names::Plain);
        Ok(())
    }
}

/// A part of an IPv6 address, and who has the rest (RFC 2874 §3.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AddressPart<'a> {
    prefix: u8,
    suffix: Ipv6Addr,
    name: Option<NameRef<'a>>,
}

impl<'a> AddressPart<'a> {
    /// Returns how many bits come from the prefix, 0 to 128.
    #[must_use]
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Returns the address; the bits of the prefix are zero.
    #[must_use]
    pub const fn suffix(&self) -> Ipv6Addr {
        self.suffix
    }

    /// Returns the name that has the prefix, if there is one.
    #[must_use]
    pub const fn name(&self) -> Option<NameRef<'a>> {
        self.name
    }
}

impl<'a> Field<'a> for AddressPart<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let error = reader.error(ParseErrorKind::Prefix);
        let prefix = reader.octet()?;
        let octets = usize::from(128_u8.checked_sub(prefix).ok_or(error)?.div_ceil(8));
        let mut suffix = [0; 16];
        let place = suffix.get_mut(16 - octets..).ok_or(error)?;
        place.copy_from_slice(reader.take(octets)?);
        let suffix = u128::from_be_bytes(suffix);
        if prefix > 0 && suffix.leading_zeros() < u32::from(prefix) {
            return Err(error);
        }
        let name = if prefix > 0 { Some(reader.name()?) } else { None };
        Ok(Self { prefix, suffix: suffix.into(), name })
    }

    fn write(&self, out: &mut impl Sink, names: Names) {
        let octets = usize::from((128 - self.prefix).div_ceil(8));
        out.put(&[self.prefix]);
        out.put(self.suffix.octets().get(16 - octets..).unwrap_or_default());
        if let Some(name) = self.name {
            out.put_name(name, names);
        }
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.prefix)?;
        if self.prefix < 128 {
            write!(f, " {}", self.suffix)?;
        }
        self.name.map_or(Ok(()), |name| write!(f, " {name}"))
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        const SUFFIX: &str = "an IPv6 address without the bits of the prefix";
        let prefix = octet(words, 128, "a number of bits up to 128")?;
        out.push(prefix);
        if prefix < 128 {
            let (start, at) = (out.len(), words.clone());
            Ipv6Addr::scan(words, out)?;
            let read = out.get(start..).and_then(|octets| octets.first_chunk());
            let suffix = u128::from_be_bytes(read.copied().unwrap_or_default());
            if suffix.leading_zeros() < u32::from(prefix) {
                return Err(at.error(SUFFIX));
            }
            out.drain(start..start + usize::from(prefix / 8));
        }
        if prefix > 0 { words.name(out) } else { Ok(()) }
    }
}

/// Address prefixes (RFC 3123 §4).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Prefixes<'a>(&'a [u8]);

/// An address prefix (RFC 3123 §4).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Prefix<'a> {
    /// Whether the prefix is excepted.
    pub negated: bool,
    /// The family: 1 is IPv4, 2 is IPv6.
    pub family: u16,
    /// How many bits count.
    pub length: u8,
    /// The address, without zero octets at its end.
    pub address: &'a [u8],
}

impl<'a> Prefixes<'a> {
    /// Iterates over the prefixes.
    pub fn iter(self) -> impl Iterator<Item = Prefix<'a>> {
        let mut reader = Reader::tail(self.0, self.0);
        core::iter::from_fn(move || {
            if reader.is_empty() {
                return None;
            }
            Prefix::read(&mut reader).ok()
        })
    }
}

impl<'a> Prefix<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let error = reader.error(ParseErrorKind::Prefix);
        let (family, [length, octet]) = (reader.u16()?, reader.array()?);
        let address = reader.take(usize::from(octet & 0x7f))?;
        let (bits, most) = match family {
            1 => (32, 4),
            2 => (128, 16),
            _ => (u8::MAX, 127),
        };
        if length > bits || address.len() > most || address.last() == Some(&0) {
            return Err(error);
        }
        Ok(Self { negated: octet & 0x80 != 0, family, length, address })
    }

    /// Returns the address, of a family that has one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        fn fill<const N: usize>(address: &[u8]) -> [u8; N] {
            let mut octets = [0; N];
            octets.iter_mut().zip(address).for_each(|(place, octet)| *place = *octet);
            octets
        }
        match self.family {
            1 => Some(IpAddr::V4(fill::<4>(self.address).into())),
            2 => Some(IpAddr::V6(fill::<16>(self.address).into())),
            _ => None,
        }
    }
}

impl<'a> Field<'a> for Prefixes<'a> {
    fn has_notation(&self) -> bool {
        self.iter().all(|prefix| prefix.ip().is_some())
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let mut check = reader.clone();
        let octets = reader.rest();
        while !check.is_empty() {
            Prefix::read(&mut check)?;
        }
        Ok(Self(octets))
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        self.iter().try_for_each(|prefix| {
            let not = if prefix.negated { "!" } else { "" };
            let separator = core::mem::replace(&mut separator, " ");
            write!(f, "{separator}{not}{}:", prefix.family)?;
            match prefix.ip() {
                Some(ip) => write!(f, "{ip}/{}", prefix.length),
                None => Ok(()),
            }
        })
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        while let Some(word) = words.next() {
            let prefix = core::str::from_utf8(word.octets).ok().and_then(prefix);
            let (negated, length, ip) = prefix
                .ok_or_else(|| word.error("a prefix like 1:192.0.2.0/24 or !2:2001:db8::/32"))?;
            let (family, octets) = match &ip {
                IpAddr::V4(ip) => (1_u8, &ip.octets()[..]),
                IpAddr::V6(ip) => (2, &ip.octets()[..]),
            };
            let used = octets.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
            let count = u8::try_from(used).unwrap_or_default();
            out.extend_from_slice(&[0, family, length, u8::from(negated) << 7 | count]);
            out.extend_from_slice(octets.get(..used).unwrap_or_default());
        }
        Ok(())
    }
}

fn prefix(text: &str) -> Option<(bool, u8, IpAddr)> {
    let (negated, text) = text.strip_prefix('!').map_or((false, text), |text| (true, text));
    let (family, text) = text.split_once(':')?;
    let (address, length) = text.rsplit_once('/')?;
    let (ip, most) = match family {
        "1" => (IpAddr::V4(address.parse().ok()?), 32),
        "2" => (IpAddr::V6(address.parse().ok()?), 128),
        _ => return None,
    };
    length.parse().ok().filter(|length| *length <= most).map(|length| (negated, length, ip))
}

/// An ATM address: digits of E.164, or an end system address.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum AtmAddress<'a> {
    /// Decimal digits, printed after a plus sign.
    E164(&'a [u8]),
    /// Octets of the format given.
    Other(u8, &'a [u8]),
}

impl<'a> Field<'a> for AtmAddress<'a> {
    fn has_notation(&self) -> bool {
        !matches!(self, Self::Other(1.., _) | Self::Other(_, []))
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let format = reader.octet()?;
        let octets = reader.rest();
        let digits = !octets.is_empty() && octets.iter().all(u8::is_ascii_digit);
        Ok(if format == 1 && digits { Self::E164(octets) } else { Self::Other(format, octets) })
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        let (format, octets) = match *self {
            Self::E164(digits) => (1, digits),
            Self::Other(format, octets) => (format, octets),
        };
        out.put(&[format]);
        out.put(octets);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::E164(digits) => {
                write!(f, "+{}", core::str::from_utf8(digits).unwrap_or_default())
            }
            Self::Other(_, octets) => print(f, octets, Base::Hex),
        }
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        const EXPECTED: &str = "+ and decimal digits, or hexadecimal digits";
        let word = words.word(EXPECTED)?;
        match word.octets {
            [b'+', digits @ ..] => {
                out.push(1);
                let digits = digits.iter().filter(|octet| **octet != b'.');
                digits.clone().all(u8::is_ascii_digit).then(|| out.extend(digits))
            }
            octets => {
                out.push(0);
                let mut decoder = crate::text::codec::Decoder::new(Base::Hex);
                let mut parts = octets.split(|octet| *octet == b'.');
                let good = parts.all(|part| decoder.push(part, out).is_some());
                (good && decoder.is_whole()).then_some(())
            }
        }
        .ok_or_else(|| word.error(EXPECTED))
    }
}
