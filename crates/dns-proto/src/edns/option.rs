//! EDNS options as typed values.
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Cookie;
use crate::error::{ParseError, ParseErrorKind};
use crate::name::NameRef;
use crate::number::{ExtendedError, OptionCode};
use crate::rdata::put_labels;
use crate::reader::Reader;

/// One option.
///
/// ```
/// use dns_proto::{EdnsOption, OptionCode};
///
/// let option = EdnsOption::parse(OptionCode::KEEPALIVE, &[0, 100])?;
/// assert_eq!(option, EdnsOption::Keepalive(Some(100)));
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum EdnsOption<'a> {
    /// Who answers; empty in a query (RFC 5001).
    Nsid(&'a [u8]),
    /// DNSSEC algorithms understood, an octet each (RFC 6975).
    Dau(&'a [u8]),
    /// DS hashes understood (RFC 6975).
    Dhu(&'a [u8]),
    /// NSEC3 hashes understood (RFC 6975).
    N3u(&'a [u8]),
    /// The network that the answer is for (RFC 7871).
    Subnet(ClientSubnet),
    /// Seconds until the zone expires; none in a query (RFC 7314).
    Expire(Option<u32>),
    /// Cookies (RFC 7873).
    Cookie(Cookie<'a>),
    /// Tenths of a second that a connection may be idle; none in a query (RFC 7828).
    Keepalive(Option<u16>),
    /// So many octets of nothing (RFC 7830).
    Padding(u16),
    /// The name from which the chain of trust is wanted (RFC 7901).
    Chain(NameRef<'a>),
    /// Key tags of trust anchors, two octets each (RFC 8145 §4).
    KeyTag(&'a [[u8; 2]]),
    /// Why, and more about it in UTF-8 (RFC 8914).
    ExtendedError(ExtendedError, &'a [u8]),
    /// Where errors are reported to (RFC 9567).
    ReportChannel(NameRef<'a>),
    /// The version of the zone that answers; none in a query (RFC 9660).
    ZoneVersion(Option<ZoneVersion<'a>>),
    /// Any other.
    Other(OptionCode, &'a [u8]),
}

/// The version of a zone (RFC 9660 §2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ZoneVersion<'a> {
    /// Labels of the zone's name.
    pub labels: u8,
    /// The kind of version: 0 for the SOA's serial.
    pub kind: u8,
    /// The version.
    pub version: &'a [u8],
}

impl<'a> EdnsOption<'a> {
    /// Reads the data of an option.
    ///
    /// # Errors
    ///
    /// When they do not suit the code.
    pub fn parse(code: OptionCode, data: &'a [u8]) -> Result<Self, ParseError> {
        let error = ParseError::new(ParseErrorKind::Option, 0);
        let option = match code {
            OptionCode::NSID => Some(Self::Nsid(data)),
            OptionCode::DAU => Some(Self::Dau(data)),
            OptionCode::DHU => Some(Self::Dhu(data)),
            OptionCode::N3U => Some(Self::N3u(data)),
            OptionCode::SUBNET => ClientSubnet::parse(data).map(Self::Subnet),
            OptionCode::EXPIRE => optional(data, u32::from_be_bytes).map(Self::Expire),
            OptionCode::COOKIE => data
                .split_first_chunk()
                .and_then(|(client, server)| Cookie::new(*client, server))
                .map(Self::Cookie),
            OptionCode::KEEPALIVE => optional(data, u16::from_be_bytes).map(Self::Keepalive),
            OptionCode::PADDING => u16::try_from(data.len()).ok().map(Self::Padding),
            OptionCode::CHAIN => name(data).map(Self::Chain),
            OptionCode::KEY_TAG => match data.as_chunks() {
                (tags @ [_, ..], []) => Some(Self::KeyTag(tags)),
                _ => None,
            },
            OptionCode::EXTENDED_ERROR => data.split_first_chunk().map(|(code, text)| {
                Self::ExtendedError(ExtendedError::new(u16::from_be_bytes(*code)), text)
            }),
            OptionCode::REPORT_CHANNEL => name(data).map(Self::ReportChannel),
            OptionCode::ZONE_VERSION => match data {
                [] => Some(Self::ZoneVersion(None)),
                // RFC 9660 §2.1: a serial has four octets.
                [_, 0, version @ ..] if version.len() != 4 => None,
                [labels, kind, version @ ..] => {
                    let (labels, kind) = (*labels, *kind);
                    Some(Self::ZoneVersion(Some(ZoneVersion { labels, kind, version })))
                }
                [_] => None,
            },
            code => Some(Self::Other(code, data)),
        };
        option.ok_or(error)
    }

    /// Returns the code.
    #[must_use]
    pub const fn code(&self) -> OptionCode {
        match self {
            Self::Nsid(_) => OptionCode::NSID,
            Self::Dau(_) => OptionCode::DAU,
            Self::Dhu(_) => OptionCode::DHU,
            Self::N3u(_) => OptionCode::N3U,
            Self::Subnet(_) => OptionCode::SUBNET,
            Self::Expire(_) => OptionCode::EXPIRE,
            Self::Cookie(_) => OptionCode::COOKIE,
            Self::Keepalive(_) => OptionCode::KEEPALIVE,
            Self::Padding(_) => OptionCode::PADDING,
            Self::Chain(_) => OptionCode::CHAIN,
            Self::KeyTag(_) => OptionCode::KEY_TAG,
            Self::ExtendedError(..) => OptionCode::EXTENDED_ERROR,
            Self::ReportChannel(_) => OptionCode::REPORT_CHANNEL,
            Self::ZoneVersion(_) => OptionCode::ZONE_VERSION,
            Self::Other(code, _) => *code,
        }
    }

    /// Appends the data.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Nsid(data)
            | Self::Dau(data)
            | Self::Dhu(data)
            | Self::N3u(data)
            | Self::Other(_, data) => out.extend_from_slice(data),
            Self::Subnet(subnet) => subnet.write(out),
            Self::Expire(seconds) => {
                seconds.iter().for_each(|seconds| out.extend_from_slice(&seconds.to_be_bytes()));
            }
            Self::Cookie(cookie) => {
                out.extend_from_slice(&cookie.client());
                out.extend_from_slice(cookie.server());
            }
            Self::Keepalive(tenths) => {
                tenths.iter().for_each(|tenths| out.extend_from_slice(&tenths.to_be_bytes()));
            }
            Self::Padding(octets) => out.resize(out.len() + usize::from(*octets), 0),
            Self::Chain(name) | Self::ReportChannel(name) => put_labels(out, *name),
            Self::KeyTag(tags) => out.extend_from_slice(tags.as_flattened()),
            Self::ExtendedError(code, text) => {
                out.extend_from_slice(&code.number().to_be_bytes());
                out.extend_from_slice(text);
            }
            Self::ZoneVersion(None) => {}
            Self::ZoneVersion(Some(version)) => {
                out.extend_from_slice(&[version.labels, version.kind]);
                out.extend_from_slice(version.version);
            }
        }
    }
}

fn optional<const N: usize, T>(data: &[u8], read: fn([u8; N]) -> T) -> Option<Option<T>> {
    match data {
        [] => Some(None),
        data => data.try_into().ok().map(|octets| Some(read(octets))),
    }
}

fn name(data: &[u8]) -> Option<NameRef<'_>> {
    let mut reader = Reader::new(data, 0);
    reader.name().ok().filter(|_| reader.is_empty())
}

/// A client's network (RFC 7871 §6).
///
/// ```
/// use dns_proto::ClientSubnet;
///
/// let subnet = ClientSubnet::new([192, 0, 2, 7].into(), 24).expect("at most 32 bits");
/// assert_eq!(subnet.address(), std::net::IpAddr::from([192, 0, 2, 0]));
/// assert!(ClientSubnet::new([192, 0, 2, 7].into(), 33).is_none());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ClientSubnet {
    address: IpAddr,
    source: u8,
    scope: u8,
}

impl ClientSubnet {
    /// Makes the network of the first `source` bits of an address.
    #[must_use]
    pub fn new(address: IpAddr, source: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(address) => {
                let rest = 32_u32.checked_sub(source.into())?;
                let mask = u32::MAX.checked_shl(rest).unwrap_or(0);
                IpAddr::V4((u32::from(address) & mask).into())
            }
            IpAddr::V6(address) => {
                let rest = 128_u32.checked_sub(source.into())?;
                let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
                IpAddr::V6((u128::from(address) & mask).into())
            }
        };
        Some(Self { address, source, scope: 0 })
    }

    /// Says for how many bits an answer is good.
    #[must_use]
    pub const fn with_scope(self, scope: u8) -> Self {
        Self { scope, ..self }
    }

    /// Returns the address; bits beyond the source prefix are zero.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// Returns how many bits the client tells.
    #[must_use]
    pub const fn source(&self) -> u8 {
        self.source
    }

    /// Returns for how many bits the answer is good; 0 in a query.
    #[must_use]
    pub const fn scope(&self) -> u8 {
        self.scope
    }

    fn parse(data: &[u8]) -> Option<Self> {
        let (&[high, low, source, scope], data) = data.split_first_chunk()?;
        let mut octets = [0; 16];
        let used = usize::from(source.div_ceil(8));
        octets.get_mut(..used)?.copy_from_slice(Some(data).filter(|data| data.len() == used)?);
        let [a, b, c, d, ..] = octets;
        let (address, most): (IpAddr, u8) = match u16::from_be_bytes([high, low]) {
            1 if used <= 4 => (Ipv4Addr::from([a, b, c, d]).into(), 32),
            2 => (Ipv6Addr::from(octets).into(), 128),
            _ => return None,
        };
        // RFC 7871 §6: the octets needed, no more; bits beyond the prefix must be zero.
        let subnet = Self::new(address, source)?;
        (subnet.address == address && scope <= most).then_some(subnet.with_scope(scope))
    }

    fn write(&self, out: &mut Vec<u8>) {
        let (family, octets) = match &self.address {
            IpAddr::V4(address) => (1, &address.octets()[..]),
            IpAddr::V6(address) => (2, &address.octets()[..]),
        };
        out.extend_from_slice(&[0, family, self.source, self.scope]);
        let used = usize::from(self.source.div_ceil(8));
        out.extend_from_slice(octets.get(..used).unwrap_or(octets));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: u16, data: &[u8]) -> Result<EdnsOption<'_>, ParseError> {
        EdnsOption::parse(OptionCode::new(code), data)
    }

    #[test]
    fn every_option_is_written_as_it_was_read() {
        let options: [(u16, &[u8]); 20] = [
            (3, b"ns1"),
            (5, &[8, 13]),
            (6, &[1, 2]),
            (7, &[1]),
            (8, &[0, 1, 24, 0, 192, 0, 2]),
            (8, &[0, 2, 33, 40, 0x20, 1, 0xd, 0xb8, 0x80]),
            (8, &[0, 1, 0, 0]),
            (9, &[]),
            (9, &[0, 0, 0, 9]),
            (10, &[1; 8]),
            (10, &[1; 40]),
            (11, &[1, 2]),
            (12, &[0; 9]),
            (13, b"\x03com\0"),
            (14, &[1, 2, 3, 4]),
            (15, &[0, 6, b'x']),
            (18, b"\x01a\0"),
            (19, &[]),
            (19, &[2, 0, 1, 2, 3, 4]),
            (65_001, b"any"),
        ];
        for (code, data) in options {
            let option = read(code, data).unwrap();
            let mut out = Vec::new();
            option.write(&mut out);
            assert_eq!((option.code().number(), &out[..]), (code, data));
        }
    }

    #[test]
    fn data_that_do_not_suit_the_code_are_errors() {
        let options: [(u16, &[u8]); 16] = [
            (8, &[]),
            (8, &[0, 1, 24, 0, 192, 0]),
            (8, &[0, 1, 24, 0, 192, 0, 2, 0]),
            (8, &[0, 1, 23, 0, 192, 0, 1]),
            (8, &[0, 1, 33, 0, 1, 2, 3, 4, 0]),
            (8, &[0, 3, 0, 0]),
            (8, &[0, 1, 0, 33]),
            (9, &[1]),
            (10, &[0; 7]),
            (10, &[0; 15]),
            (10, &[0; 41]),
            (11, &[1]),
            (13, b"\x03com"),
            (14, &[1]),
            (15, &[1]),
            (19, &[1, 0, 1]),
        ];
        for (code, data) in options {
            assert!(read(code, data).is_err(), "{code} {data:?}");
        }
    }
}
