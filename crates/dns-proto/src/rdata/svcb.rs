//! The parameters of service bindings (RFC 9460).
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use super::field::{CharStrings, Field, Names, Sink, counted, ipv4};
use crate::error::{ParseError, ParseErrorKind};
use crate::name::write_octet;
use crate::number::SvcKey;
use crate::reader::Reader;
use crate::text::codec::{Base, Decoder, print};
use crate::text::{Word, Words, unescape};

/// The parameters of a service, in the order of their keys (RFC 9460 §2.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SvcParams<'a>(&'a [u8]);

/// The value of one parameter.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SvcParam<'a> {
    /// Keys that must be understood (RFC 9460 §8), two octets each.
    Mandatory(SvcKeys<'a>),
    /// Protocols (RFC 9460 §7.1).
    Alpn(CharStrings<'a>),
    /// The default protocol is not meant.
    NoDefaultAlpn,
    /// The port.
    Port(u16),
    /// IPv4 addresses (RFC 9460 §7.3).
    Ipv4Hint(Hints<'a, 4>),
    /// Encrypted Client Hello (RFC 9848).
    Ech(&'a [u8]),
    /// IPv6 addresses (RFC 9460 §7.3).
    Ipv6Hint(Hints<'a, 16>),
    /// The URI template of DNS over HTTPS (RFC 9461).
    DohPath(&'a str),
    /// Oblivious HTTP is spoken (RFC 9540).
    Ohttp,
    /// Any other.
    Other(SvcKey, &'a [u8]),
}

/// Keys in a row.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SvcKeys<'a>(&'a [u8]);

impl<'a> SvcKeys<'a> {
    /// Iterates over the keys.
    pub fn iter(self) -> impl Iterator<Item = SvcKey> + 'a {
        self.0.as_chunks().0.iter().map(|octets| SvcKey::new(u16::from_be_bytes(*octets)))
    }
}

/// Addresses in a row.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Hints<'a, const N: usize>(&'a [[u8; N]]);

impl<'a> Hints<'a, 4> {
    /// Iterates over the addresses.
    pub fn iter(self) -> impl Iterator<Item = Ipv4Addr> + 'a {
        self.0.iter().map(|octets| (*octets).into())
    }
}

impl<'a> Hints<'a, 16> {
    /// Iterates over the addresses.
    pub fn iter(self) -> impl Iterator<Item = Ipv6Addr> + 'a {
        self.0.iter().map(|octets| (*octets).into())
    }
}

impl<'a> SvcParams<'a> {
    /// No parameters.
    pub const NONE: SvcParams<'static> = SvcParams(&[]);

    /// Reads parameters as they are on the wire.
    ///
    /// ```
    /// use dns_proto::{SvcParam, SvcParams};
    ///
    /// let params = SvcParams::parse(&[0, 3, 0, 2, 1, 187])?;
    /// assert!(params.iter().eq([SvcParam::Port(443)]));
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When keys are out of order or repeated, or a value is not what its key demands.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(&mut Reader::new(octets, 0))
    }

    #[cfg(feature = "std")]
    pub(crate) const fn checked(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    #[cfg(feature = "std")]
    pub(crate) const fn octets(self) -> &'a [u8] {
        self.0
    }

    /// Iterates over the parameters.
    pub fn iter(self) -> impl Iterator<Item = SvcParam<'a>> {
        raw(self.0).filter_map(|(key, value)| SvcParam::new(key, value))
    }

    /// Returns the parameter with this key.
    #[must_use]
    pub fn get(self, key: SvcKey) -> Option<SvcParam<'a>> {
        raw(self.0).find(|(own, _)| *own == key).and_then(|(key, value)| SvcParam::new(key, value))
    }
}

fn raw(octets: &[u8]) -> impl Iterator<Item = (SvcKey, &[u8])> {
    let mut rest = octets;
    core::iter::from_fn(move || {
        let (&[a, b, c, d], value) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([c, d]));
        let (value, after) = value.split_at_checked(length)?;
        rest = after;
        Some((SvcKey::new(u16::from_be_bytes([a, b])), value))
    })
}

impl<'a> SvcParam<'a> {
    /// Reads a value, if it is what the key demands.
    fn new(key: SvcKey, value: &'a [u8]) -> Option<Self> {
        Some(match key {
            SvcKey::MANDATORY => {
                let (keys, rest) = value.as_chunks::<2>();
                let sorted = keys.is_sorted_by(|one, other| one < other);
                let sound =
                    sorted && !keys.is_empty() && rest.is_empty() && !keys.contains(&[0; 2]);
                Self::Mandatory(Some(SvcKeys(value)).filter(|_| sound)?)
            }
            SvcKey::ALPN => {
                let protocols = CharStrings::parse(value).ok()?;
                let empty = protocols.iter().any(<[u8]>::is_empty);
                Self::Alpn(Some(protocols).filter(|_| !empty)?)
            }
            SvcKey::NO_DEFAULT_ALPN => value.is_empty().then_some(Self::NoDefaultAlpn)?,
            SvcKey::PORT => Self::Port(u16::from_be_bytes(value.try_into().ok()?)),
            SvcKey::IPV4HINT => Self::Ipv4Hint(hints(value)?),
            SvcKey::ECH => Self::Ech(Some(value).filter(|value| !value.is_empty())?),
            SvcKey::IPV6HINT => Self::Ipv6Hint(hints(value)?),
            SvcKey::DOHPATH => Self::DohPath(core::str::from_utf8(value).ok()?),
            SvcKey::OHTTP => value.is_empty().then_some(Self::Ohttp)?,
            key => Self::Other(key, value),
        })
    }
}

fn hints<const N: usize>(value: &[u8]) -> Option<Hints<'_, N>> {
    let (addresses, rest) = value.as_chunks();
    (rest.is_empty() && !addresses.is_empty()).then_some(Hints(addresses))
}

impl<'a> Field<'a> for SvcParams<'a> {
    const LONG: bool = true;

    fn has_notation(&self) -> bool {
        // What text may not say, though a reader of the wire takes it (RFC 9460 §2.4.3 and §7.1.1).
        let has = |wanted: SvcKey| raw(self.0).any(|(key, _)| key == wanted);
        let mandatory = |param: SvcParam<'_>| match param {
            SvcParam::Mandatory(keys) => keys.iter().all(has),
            SvcParam::NoDefaultAlpn => has(SvcKey::ALPN),
            _ => true,
        };
        self.iter().all(mandatory)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let (mut check, mut last) = (reader.clone(), None);
        let octets = reader.rest();
        // In a checked message too: there it may be malformed.
        while !check.is_empty() {
            let error = check.error(ParseErrorKind::SvcParam);
            let key = SvcKey::new(check.u16()?);
            let length = usize::from(check.u16()?);
            let value = check.take(length)?;
            if last >= Some(key) || SvcParam::new(key, value).is_none() {
                return Err(error);
            }
            last = Some(key);
        }
        Ok(Self(octets))
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let new_line = if f.alternate() { crate::text::codec::INDENT } else { " " };
        raw(self.0).try_for_each(|(key, value)| {
            write!(f, "{}{key}", core::mem::replace(&mut separator, new_line))?;
            SvcParam::new(key, value).map_or(Ok(()), |param| write!(f, "{param}"))
        })
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        let (mut params, start) = (Vec::new(), words.clone());
        while let Some(word) = words.next() {
            let (key, value) = scan_param(word)?;
            params.push((key, value, word));
        }
        params.sort_by_key(|(key, ..)| *key);
        let repeated = params.windows(2).find(|pair| matches!(pair, [a, b] if a.0 == b.0));
        if let Some([_, (.., word)]) = repeated {
            return Err(word.error("each parameter once"));
        }
        let has = |wanted: SvcKey| params.iter().any(|(key, ..)| *key == wanted);
        // RFC 9460 §7.1.1.
        if has(SvcKey::NO_DEFAULT_ALPN) && !has(SvcKey::ALPN) {
            return Err(start.error("alpn beside no-default-alpn"));
        }
        for (key, value, word) in &params {
            // RFC 9460 §8.
            if let Some(SvcParam::Mandatory(keys)) = SvcParam::new(*key, value)
                && !keys.iter().all(has)
            {
                return Err(word.error("every mandatory parameter"));
            }
            let length = u16::try_from(value.len()).map_err(|_| word.error("a shorter value"))?;
            out.extend_from_slice(&key.number().to_be_bytes());
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(value);
        }
        Ok(())
    }
}

/// Writes `=` and the value, or nothing.
impl fmt::Display for SvcParam<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "=";
        let mut next = || core::mem::replace(&mut separator, ",");
        match self {
            Self::NoDefaultAlpn | Self::Ohttp | Self::Other(_, []) => Ok(()),
            Self::Mandatory(keys) => keys.iter().try_for_each(|key| write!(f, "{}{key}", next())),
            Self::Ipv4Hint(hints) => hints.iter().try_for_each(|it| write!(f, "{}{it}", next())),
            Self::Ipv6Hint(hints) => hints.iter().try_for_each(|it| write!(f, "{}{it}", next())),
            Self::Port(port) => write!(f, "={port}"),
            Self::Ech(octets) => {
                f.write_str("=")?;
                // In one line, whatever the form.
                octets.chunks(30).try_for_each(|octets| print(f, octets, Base::Base64))
            }
            Self::Alpn(protocols) => {
                f.write_str("=\"")?;
                let mut separator = "";
                protocols.iter().try_for_each(|protocol| {
                    f.write_str(core::mem::replace(&mut separator, ","))?;
                    protocol.iter().try_for_each(|&octet| match octet {
                        // Twice escaped: in the list, and in the string (RFC 9460 §A.1).
                        b',' => f.write_str("\\\\,"),
                        b'\\' => f.write_str("\\\\\\\\"),
                        b' ' => f.write_str(" "),
                        _ => write_octet(f, octet, b"\""),
                    })
                })?;
                f.write_str("\"")
            }
            Self::DohPath(path) => {
                f.write_str("=")?;
                crate::name::write_text(f, path.as_bytes())
            }
            Self::Other(_, octets) => {
                f.write_str("=")?;
                crate::name::write_text(f, octets)
            }
        }
    }
}

/// Reads `key=value`, `key="value"` or `key`.
fn scan_param(word: Word<'_>) -> Result<(SvcKey, Vec<u8>), ParseError> {
    const EXPECTED: &str = "a parameter: a key, perhaps with = and a value";
    let end = word.octets.iter().position(|octet| *octet == b'=');
    let (name, text) = word.octets.split_at(end.unwrap_or(word.octets.len()));
    let key = SvcKey::parse(name).filter(|_| !word.quoted).ok_or_else(|| word.error(EXPECTED))?;
    let text = text.strip_prefix(b"=").unwrap_or(text);
    let at = word.at + word.octets.len() - text.len();
    let text = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")).unwrap_or(text);
    let mut plain = Vec::new();
    unescape(Word { octets: text, quoted: true, at }, &mut plain)?;
    let error = || ParseError::new(ParseErrorKind::Expected("a value that suits its key"), at);
    let value = value(key, plain).ok_or_else(error)?;
    SvcParam::new(key, &value).ok_or_else(error)?;
    Ok((key, value))
}

/// Turns the text of a value into octets.
fn value(key: SvcKey, text: Vec<u8>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let text_of = |octets| core::str::from_utf8(octets).ok();
    match key {
        SvcKey::MANDATORY => {
            let keys = text.split(|octet| *octet == b',').map(SvcKey::parse);
            let mut keys = keys.collect::<Option<Vec<_>>>()?;
            keys.sort_unstable();
            keys.iter().for_each(|key| out.extend_from_slice(&key.number().to_be_bytes()));
        }
        SvcKey::ALPN => list(&text, &mut out)?,
        SvcKey::PORT => out.extend_from_slice(&text_of(&text)?.parse::<u16>().ok()?.to_be_bytes()),
        SvcKey::IPV4HINT => text
            .split(|octet| *octet == b',')
            .try_for_each(|text| ipv4(text).map(|it| out.extend_from_slice(&it.octets())))?,
        SvcKey::IPV6HINT => text_of(&text)?.split(',').try_for_each(|text| {
            text.parse::<Ipv6Addr>().ok().map(|it| out.extend_from_slice(&it.octets()))
        })?,
        SvcKey::ECH => {
            let mut decoder = Decoder::new(Base::Base64);
            decoder.push(&text, &mut out).filter(|()| decoder.is_whole())?;
        }
        _ => return Some(text),
    }
    Some(out)
}

/// Turns a comma-separated list into strings with their lengths (RFC 9460 §A.1).
fn list(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut octets = text.iter().copied().peekable();
    let too_long = ParseError::new(ParseErrorKind::SvcParam, 0);
    loop {
        let mut more = false;
        let item = |out: &mut Vec<u8>| {
            while let Some(octet) = octets.next() {
                match octet {
                    b',' => {
                        more = true;
                        break;
                    }
                    b'\\' => out.extend(octets.next()),
                    _ => out.push(octet),
                }
            }
            Ok(())
        };
        counted(out, item, too_long).ok()?;
        if !more {
            return Some(());
        }
    }
}
