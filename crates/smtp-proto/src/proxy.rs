//! The PROXY protocol, versions 1 and 2: what a balancer says before its client speaks.
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use alloc::vec::Vec;
use memchr::memmem;

use crate::{ParseError, ParseErrorKind};

/// Who really connected, by the header of the PROXY protocol (HAProxy's `proxy-protocol.txt`).
///
/// ```
/// use smtp_proto::ProxyHeader;
///
/// let wire = b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 25\r\nEHLO bar.com\r\n";
/// let (header, length) = ProxyHeader::parse(wire, 512)?.expect("it is all there");
/// assert_eq!(header.source().expect("a client").to_string(), "192.0.2.1:56324");
/// assert_eq!(&wire[length..], b"EHLO bar.com\r\n");
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ProxyHeader {
    /// The balancer speaks for a client.
    Proxied {
        /// The client.
        source: SocketAddr,
        /// What it connected to.
        destination: SocketAddr,
    },
    /// The balancer speaks for itself, to see whether we live (version 2's `LOCAL`).
    Local,
    /// For a client of another kind, of which nothing is said that means something here.
    Unknown,
}

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const FIXED: usize = 16;
/// Version 1: 107 octets, with the CRLF, and no more.
const LONGEST_LINE: usize = 107;

impl ProxyHeader {
    /// Reads a header of either version; `None` until it is complete, or else it and its length.
    /// One that says it is longer than `limit` is refused at once.
    ///
    /// # Errors
    /// It is no header of the PROXY protocol.
    pub fn parse(octets: &[u8], limit: usize) -> Result<Option<(Self, usize)>, ParseError> {
        if is_prefix(octets, SIGNATURE) {
            return parse_binary(octets, limit);
        }
        if !is_prefix(octets, b"PROXY ") {
            return Err(error(0));
        }
        match memmem::find(octets, b"\r\n") {
            Some(end) if end + 2 <= LONGEST_LINE.min(limit) => {
                let line = octets.get(..end).unwrap_or_default();
                parse_line(line).map(|header| Some((header, end + 2))).ok_or(error(0))
            }
            None if octets.len() < LONGEST_LINE.min(limit) => Ok(None),
            _ => Err(error(LONGEST_LINE.min(limit))),
        }
    }

    /// Returns the client, if one is named.
    #[must_use]
    pub const fn source(&self) -> Option<SocketAddr> {
        match self {
            Self::Proxied { source, .. } => Some(*source),
            _ => None,
        }
    }

    /// Returns the header as version 1 has it; it cannot say [`Local`](Self::Local).
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let line = match self {
            Self::Proxied { source, destination } if source.is_ipv4() == destination.is_ipv4() => {
                let family = if source.is_ipv4() { "TCP4" } else { "TCP6" };
                let ports = (source.port(), destination.port());
                let (source, destination) = (source.ip(), destination.ip());
                alloc::format!("PROXY {family} {source} {destination} {} {}\r\n", ports.0, ports.1)
            }
            _ => "PROXY UNKNOWN\r\n".into(),
        };
        line.into_bytes()
    }

    /// Returns the header as version 2 has it.
    #[must_use]
    pub fn to_binary(&self) -> Vec<u8> {
        let mut out = SIGNATURE.to_vec();
        match self {
            Self::Local => out.extend([0x20, 0, 0, 0]),
            Self::Proxied { source: SocketAddr::V4(from), destination: SocketAddr::V4(to) } => {
                out.extend([0x21, 0x11, 0, 12]);
                out.extend(from.ip().octets());
                out.extend(to.ip().octets());
                out.extend(from.port().to_be_bytes());
                out.extend(to.port().to_be_bytes());
            }
            Self::Proxied { source: SocketAddr::V6(from), destination: SocketAddr::V6(to) } => {
                out.extend([0x21, 0x21, 0, 36]);
                out.extend(from.ip().octets());
                out.extend(to.ip().octets());
                out.extend(from.port().to_be_bytes());
                out.extend(to.port().to_be_bytes());
            }
            _ => out.extend([0x21, 0, 0, 0]),
        }
        out
    }
}

const fn error(at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Proxy, at)
}

/// Whether the shorter of the two begins the other.
fn is_prefix(octets: &[u8], whole: &[u8]) -> bool {
    octets.iter().zip(whole).all(|(a, b)| a == b)
}

/// `PROXY TCP4|TCP6 source destination port port`, or `PROXY UNKNOWN` and anything.
fn parse_line(line: &[u8]) -> Option<ProxyHeader> {
    let mut words = core::str::from_utf8(line).ok()?.split(' ').skip(1);
    let family = words.next()?;
    if family == "UNKNOWN" {
        return Some(ProxyHeader::Unknown);
    }
    let mut address = || {
        let address: IpAddr = words.next()?.parse().ok()?;
        let fits = matches!((family, address), ("TCP4", IpAddr::V4(_)) | ("TCP6", IpAddr::V6(_)));
        fits.then_some(address)
    };
    let (from, to) = (address()?, address()?);
    let mut port = || {
        let digits = words.next().filter(|it| it.bytes().all(|octet| octet.is_ascii_digit()))?;
        digits.parse().ok().filter(|_| digits.len() == 1 || !digits.starts_with('0'))
    };
    let header = ProxyHeader::Proxied {
        source: SocketAddr::new(from, port()?),
        destination: SocketAddr::new(to, port()?),
    };
    words.next().is_none().then_some(header)
}

fn parse_binary(octets: &[u8], limit: usize) -> Result<Option<(ProxyHeader, usize)>, ParseError> {
    let Some((fixed, rest)) = octets.split_first_chunk::<FIXED>() else { return Ok(None) };
    let [.., command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if FIXED + length > limit {
        return Err(error(14));
    }
    let Some(block) = rest.get(..length) else { return Ok(None) };
    let header = match (command, family) {
        (0x20, _) => ProxyHeader::Local,
        (0x21, 0x11) => addresses::<4>(block).ok_or(error(FIXED))?,
        (0x21, 0x21) => addresses::<16>(block).ok_or(error(FIXED))?,
        (0x21, _) => ProxyHeader::Unknown,
        _ => return Err(error(12)),
    };
    Ok(Some((header, FIXED + length)))
}

/// Two addresses, two ports, and what else there may be.
fn addresses<const N: usize>(block: &[u8]) -> Option<ProxyHeader>
where
    [u8; N]: IntoIp,
{
    let (source, rest) = block.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (from, rest) = rest.split_first_chunk()?;
    let (to, _) = rest.split_first_chunk()?;
    Some(ProxyHeader::Proxied {
        source: SocketAddr::new(source.into_ip(), u16::from_be_bytes(*from)),
        destination: SocketAddr::new(destination.into_ip(), u16::from_be_bytes(*to)),
    })
}

/// Octets that are an address.
trait IntoIp {
    fn into_ip(self) -> IpAddr;
}

impl IntoIp for [u8; 4] {
    fn into_ip(self) -> IpAddr {
        Ipv4Addr::from(self).into()
    }
}

impl IntoIp for [u8; 16] {
    fn into_ip(self) -> IpAddr {
        Ipv6Addr::from(self).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_however_it_trickles_in() {
        for (source, destination) in
            [("192.0.2.1:9", "198.51.100.1:25"), ("[2001:db8::1]:65535", "[::1]:25")]
        {
            let source = source.parse().unwrap();
            let header = ProxyHeader::Proxied { source, destination: destination.parse().unwrap() };
            for mut wire in [header.to_line(), header.to_binary()] {
                let length = wire.len();
                for end in 0..length {
                    assert_eq!(ProxyHeader::parse(&wire[..end], 512), Ok(None), "{end}");
                }
                wire.extend(b"EHLO x\r\n");
                assert_eq!(ProxyHeader::parse(&wire, 512), Ok(Some((header, length))));
            }
        }
        for header in [ProxyHeader::Local, ProxyHeader::Unknown] {
            let wire = header.to_binary();
            assert_eq!(ProxyHeader::parse(&wire, 16), Ok(Some((header, 16))));
        }
        let wire = ProxyHeader::Unknown.to_line();
        assert_eq!(ProxyHeader::parse(&wire, 512), Ok(Some((ProxyHeader::Unknown, wire.len()))));
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let long = [&b"PROXY UNKNOWN "[..], &[b'x'; 92], b"\r\n"].concat();
        assert_eq!(ProxyHeader::parse(&long[..106], 512), Ok(None));
        let mut binary = ProxyHeader::Local.to_binary();
        (binary[14], binary[15]) = (1, 241);
        for bad in [
            &b"EHLO x\r\n"[..],
            b"PROXX",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 01 25\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 +1 25\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 1 25 \r\n",
            b"PROXY TCP4 ::1 ::1 1 25\r\n",
            b"PROXY TCP5 192.0.2.1 198.51.100.1 1 25\r\n",
            b"PROXY \r\n",
            b"\r\n\r\n\0\r\nQUIT\r",
            b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x04abcd",
            &long,
            &binary,
        ] {
            let error = ProxyHeader::parse(bad, 512).unwrap_err();
            assert_eq!(error.kind(), ParseErrorKind::Proxy, "{}", bad.escape_ascii());
        }
    }
}
