//! What XCLIENT and XFORWARD say of somebody else's session.
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bytes::{BufMut, Bytes, BytesMut};

use crate::grammar::{self, Cursor};
use crate::{ParseError, ParseErrorKind, xtext};

/// The name of an attribute of XCLIENT (Postfix's XCLIENT_README) or XFORWARD.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum AttributeName {
    /// The client's host name.
    Name,
    /// The client's address.
    Addr,
    /// The client's port.
    Port,
    /// `SMTP` or `ESMTP`.
    Proto,
    /// What the client called itself.
    Helo,
    /// XCLIENT: who the client has proved to be.
    Login,
    /// XCLIENT: the server's address.
    DestAddr,
    /// XCLIENT: the server's port.
    DestPort,
    /// XFORWARD: the message's name in the first server's log.
    Ident,
    /// XFORWARD: `LOCAL` or `REMOTE`.
    Source,
}

use AttributeName as N;

impl AttributeName {
    const ALL: [(Self, &'static str); 10] = [
        (Self::Name, "NAME"),
        (Self::Addr, "ADDR"),
        (Self::Port, "PORT"),
        (Self::Proto, "PROTO"),
        (Self::Helo, "HELO"),
        (Self::Login, "LOGIN"),
        (Self::DestAddr, "DESTADDR"),
        (Self::DestPort, "DESTPORT"),
        (Self::Ident, "IDENT"),
        (Self::Source, "SOURCE"),
    ];

    /// Those of XCLIENT, in the order in which they are announced.
    pub const XCLIENT: [Self; 8] = [
        Self::Name,
        Self::Addr,
        Self::Port,
        Self::Proto,
        Self::Helo,
        Self::Login,
        Self::DestAddr,
        Self::DestPort,
    ];

    /// Those of XFORWARD, in the order in which they are announced.
    pub const XFORWARD: [Self; 7] =
        [Self::Name, Self::Addr, Self::Port, Self::Proto, Self::Helo, Self::Ident, Self::Source];

    /// Reads a name, in any case; `None` if it is not known.
    #[must_use]
    pub fn parse(name: &[u8]) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, it)| it.as_bytes().eq_ignore_ascii_case(name));
        found.map(|(name, _)| *name)
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Self::ALL.iter().find(|(name, _)| name == self);
        f.write_str(found.map_or("", |(_, text)| text))
    }
}

/// What is said of an attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Attribute {
    /// This.
    Is(String),
    /// It does not exist: `[UNAVAILABLE]`.
    Unavailable,
    /// It could not be found out: `[TEMPUNAVAIL]`.
    Unknown,
}

/// The attributes of an XCLIENT or XFORWARD command, each once.
///
/// ```
/// use smtp_proto::{Attribute, AttributeName, Attributes};
///
/// let client = Attributes::default()
///     .with(AttributeName::Name, &Attribute::Is("spike.porcupine.org".into()))
///     .with_address(AttributeName::Addr, "2001:db8::1".parse()?);
/// assert_eq!(client.to_string(), "NAME=spike.porcupine.org ADDR=IPV6:2001:db8::1");
/// assert_eq!(client.address(AttributeName::Addr), Some("2001:db8::1".parse()?));
/// # Ok::<_, core::net::AddrParseError>(())
/// ```
#[derive(Clone, Default, Eq, Hash, PartialEq)]
pub struct Attributes {
    /// With single spaces between them.
    wire: Bytes,
}

impl Attributes {
    /// Returns what is said of an attribute, if anything is.
    #[must_use]
    pub fn get(&self, name: AttributeName) -> Option<Attribute> {
        let (_, value) = self.iter().find(|(it, _)| *it == name)?;
        Some(match value {
            _ if value.eq_ignore_ascii_case("[UNAVAILABLE]") => Attribute::Unavailable,
            _ if value.eq_ignore_ascii_case("[TEMPUNAVAIL]") => Attribute::Unknown,
            _ => Attribute::Is(String::from_utf8_lossy(&xtext::parse(value)?).into_owned()),
        })
    }

    /// Returns an address, if it is said.
    #[must_use]
    pub fn address(&self, name: AttributeName) -> Option<IpAddr> {
        let Some(Attribute::Is(text)) = self.get(name) else { return None };
        address(&text)
    }

    /// Returns a port, if it is said.
    #[must_use]
    pub fn port(&self, name: AttributeName) -> Option<u16> {
        let Some(Attribute::Is(text)) = self.get(name) else { return None };
        text.parse().ok()
    }

    /// Says something of an attribute, in place of what was said.
    #[must_use]
    pub fn with(self, name: AttributeName, value: &Attribute) -> Self {
        let value = match value {
            Attribute::Is(text) => xtext::write(text.as_bytes()),
            Attribute::Unavailable => "[UNAVAILABLE]".into(),
            Attribute::Unknown => "[TEMPUNAVAIL]".into(),
        };
        self.with_encoded(name, &value)
    }

    /// Says an address.
    #[must_use]
    pub fn with_address(self, name: AttributeName, address: IpAddr) -> Self {
        let text = match address {
            IpAddr::V4(address) => alloc::format!("{address}"),
            IpAddr::V6(address) => alloc::format!("IPV6:{address}"),
        };
        self.with_encoded(name, &text)
    }

    /// Returns those that have one of these names: what a server wants to hear.
    #[must_use]
    pub fn only(&self, names: &[AttributeName]) -> Self {
        let wanted = self.iter().filter(|(name, _)| names.contains(name));
        wanted.fold(Self::default(), |all, (name, value)| all.with_encoded(name, value))
    }

    /// Takes those that a line has room for, in so many octets, and leaves the others. If not all
    /// fit, name and address are said last: XCLIENT_README, whoever has said them may say no more.
    pub(crate) fn split(self, room: usize) -> (Self, Self) {
        if self.wire.len() < room {
            return (self, Self::default());
        }
        let (mut now, mut later) = (Self::default(), Self::default());
        let who = |name| matches!(name, N::Name | N::Addr);
        let others = self.iter().filter(|(name, _)| !who(*name));
        for (name, value) in others.chain(self.iter().filter(|(name, _)| who(*name))) {
            let longer = now.clone().with_encoded(name, value);
            if later.is_empty() && (now.is_empty() || longer.wire.len() < room) {
                now = longer;
            } else {
                later = later.with_encoded(name, value);
            }
        }
        (now, later)
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wire.is_empty()
    }

    fn with_encoded(self, name: AttributeName, value: &str) -> Self {
        let others = self.iter().filter(|(it, _)| *it != name).chain([(name, value)]);
        let mut text = String::new();
        for (name, value) in others {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&alloc::format!("{name}={value}"));
        }
        Self { wire: text.into() }
    }

    fn iter(&self) -> impl Iterator<Item = (AttributeName, &str)> {
        let text = core::str::from_utf8(&self.wire).expect("the line's charset was checked");
        let words = text.split(' ').filter_map(|word| word.split_once('='));
        words.filter_map(|(name, value)| Some((N::parse(name.as_bytes())?, value)))
    }

    /// Takes the rest of a line. An address, a port and a word for a known name are checked.
    pub(crate) fn parse(
        cursor: &mut Cursor<'_>,
        known: &[AttributeName],
    ) -> Result<Self, ParseError> {
        let mut all = Self::default();
        while !cursor.is_at_end() {
            if cursor.eat_spaces() == 0 {
                return Err(cursor.error(ParseErrorKind::Attribute));
            }
            let malformed = cursor.error(ParseErrorKind::Attribute);
            let length = grammar::keyword(cursor.rest());
            let name = N::parse(&cursor.take(length)).filter(|name| known.contains(name));
            let name = name.filter(|_| cursor.eat(b"=")).ok_or(malformed)?;
            let length = cursor.rest().iter().take_while(|octet| **octet != b' ').count();
            let value = cursor.take(length);
            let value = core::str::from_utf8(&value).map_err(|_| malformed)?;
            if !is_value(name, value) || all.get(name).is_some() {
                return Err(malformed);
            }
            all = all.with_encoded(name, value);
        }
        match all.is_empty() {
            true => Err(cursor.error(ParseErrorKind::MissingArgument)),
            false => Ok(all),
        }
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        if !self.is_empty() {
            out.put_u8(b' ');
            out.put_slice(&self.wire);
        }
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.wire))
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

fn is_value(name: AttributeName, value: &str) -> bool {
    if value.eq_ignore_ascii_case("[UNAVAILABLE]") || value.eq_ignore_ascii_case("[TEMPUNAVAIL]") {
        return true;
    }
    let Some(octets) = xtext::parse(value) else { return false };
    let Ok(text) = core::str::from_utf8(&octets) else { return false };
    match name {
        _ if value.is_empty() || text.chars().any(char::is_control) => false,
        N::Addr | N::DestAddr => address(text).is_some(),
        N::Port | N::DestPort => text.parse::<u16>().is_ok(),
        _ => true,
    }
}

/// An IPv4 address, or `IPV6:` and one; the tag may be missing.
fn address(text: &str) -> Option<IpAddr> {
    let tagged = text.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("IPV6:"));
    let inside = if tagged { text.get(5..).unwrap_or_default() } else { text };
    let v6 = inside.parse::<Ipv6Addr>().map(IpAddr::V6);
    if tagged { v6.ok() } else { inside.parse::<Ipv4Addr>().map(IpAddr::V4).or(v6).ok() }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::Command;

    #[test]
    fn a_line_takes_what_it_has_room_for() {
        let said = |helo: usize| {
            Attributes::default()
                .with(N::Addr, &Attribute::Is("192.0.2.1".into()))
                .with(N::Helo, &Attribute::Is("h".repeat(helo)))
        };
        let room = 512 - "XCLIENT\r\n".len();
        let full = 512 - "XCLIENT ADDR=192.0.2.1 HELO=\r\n".len();
        let (now, later) = said(full).split(room);
        assert_eq!((&now, later), (&said(full), Attributes::default()));
        let mut line = BytesMut::new();
        Command::XClient(now).write(&mut line);
        assert_eq!(line.len(), 512);

        let (now, later) = said(full + 1).split(room);
        assert_eq!(now, Attributes::default().with(N::Helo, &said(full + 1).get(N::Helo).unwrap()));
        assert_eq!(later.to_string(), "ADDR=192.0.2.1");
        assert_eq!(later.split(5).0.to_string(), "ADDR=192.0.2.1", "one is always said");
    }
}
