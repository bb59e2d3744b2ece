//! The text of `/etc/hosts`: hosts(5).
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::str;

use crate::error::{ParseError, ParseErrorKind};
use crate::name::Name;
use crate::stub::Limits;

/// What `/etc/hosts` says: the addresses of names, and the names of addresses.
///
/// Nothing in it is an error: what cannot be understood is passed over, and told in
/// [`problems`](Self::problems).
///
/// ```
/// use dns_proto::stub::Hosts;
///
/// let hosts = Hosts::parse(b"128.238.32.7  kelvin.poly.edu kelvin  # in the basement\n");
/// let address = [128, 238, 32, 7].into();
/// assert_eq!(hosts.addresses(&"KELVIN".parse()?), [address]);
/// assert_eq!(hosts.names(address)[0].to_string(), "kelvin.poly.edu.");
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hosts {
    addresses: BTreeMap<Name, Vec<IpAddr>>,
    names: BTreeMap<IpAddr, Vec<Name>>,
    problems: Vec<ParseError>,
}

impl Hosts {
    /// Reads the text: on each line an address, the host's name and its aliases.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self::parse_with(text, &Limits::default())
    }

    /// Reads the text, within limits of one's own.
    #[must_use]
    pub fn parse_with(text: &[u8], limits: &Limits) -> Self {
        let (mut hosts, mut room, mut start) = (Self::default(), limits.hosts, 0);
        for line in text.split_inclusive(|octet| *octet == b'\n') {
            let at = start;
            start += line.len();
            let said = line.split(|octet| *octet == b'#').next().unwrap_or_default();
            let Ok(said) = str::from_utf8(said) else {
                hosts.problem("text in UTF-8", at);
                continue;
            };
            hosts.line(said, at, &mut room);
        }
        hosts
    }

    /// Returns the addresses of a name, in the order of the text.
    #[must_use]
    pub fn addresses(&self, name: &Name) -> &[IpAddr] {
        self.addresses.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the names of an address, the canonical one of its first line first.
    #[must_use]
    pub fn names(&self, address: IpAddr) -> &[Name] {
        self.names.get(&address).map_or(&[], Vec::as_slice)
    }

    /// Returns what was passed over, and where.
    #[must_use]
    pub fn problems(&self) -> &[ParseError] {
        &self.problems
    }

    fn line(&mut self, line: &str, at: usize, room: &mut usize) {
        let mut words = line.split_ascii_whitespace();
        let Some(address) = words.next() else { return };
        let Ok(address) = address.parse::<IpAddr>() else {
            return self.problem("an address", at);
        };
        for word in words {
            let Ok(name) = word.parse::<Name>() else {
                self.problem("a name", at);
                continue;
            };
            let Some(rest) = room.checked_sub(1) else {
                return self.problem("no more names", at);
            };
            *room = rest;
            add(self.addresses.entry(name.clone()).or_default(), address);
            add(self.names.entry(address).or_default(), name);
        }
    }

    fn problem(&mut self, expected: &'static str, at: usize) {
        self.problems.push(ParseError::new(ParseErrorKind::Expected(expected), at));
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    // Block lists have a hundred thousand names of one address: only the last are looked through.
    const BACK: usize = 16;
    if !list.iter().rev().take(BACK).any(|other| *other == item) {
        list.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};

    const TEXT: &[u8] = b"127.0.0.1\tlocalhost\n\
        # a comment\n\n\
        192.0.2.7 kelvin.poly.edu kelvin # an alias\r\n\
        2001:db8::7 kelvin.poly.edu kelvin kelvin\n\
        192.0.2.8 kelvin";

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn names_have_all_addresses_and_addresses_all_names() {
        let hosts = Hosts::parse(TEXT);
        let text = |name: &Name| -> Vec<String> {
            hosts.addresses(name).iter().map(IpAddr::to_string).collect()
        };
        assert_eq!(text(&name("kelvin.poly.edu")), ["192.0.2.7", "2001:db8::7"]);
        assert_eq!(text(&name("Kelvin.")), ["192.0.2.7", "2001:db8::7", "192.0.2.8"]);
        assert_eq!(text(&name("nobody")), [""; 0]);
        let seven = "2001:db8::7".parse().unwrap();
        assert_eq!(hosts.names(seven), [name("kelvin.poly.edu"), name("kelvin")]);
        assert!(hosts.names([192, 0, 2, 9].into()).is_empty() && hosts.problems().is_empty());
    }

    #[test]
    fn what_is_wrong_is_passed_over_and_told() {
        let table: [(&[u8], &str, usize); 4] = [
            (b"kelvin 192.0.2.1", "expected an address", 0),
            (b"\nfe80::1%lo0 localhost", "expected an address", 1),
            (b"192.0.2.1 a..b kelvin", "expected a name", 0),
            (b"\xff", "expected text in UTF-8", 0),
        ];
        for (text, problem, at) in table {
            let hosts = Hosts::parse(&[text, b"\n192.0.2.1 kelvin"].concat());
            let [error] = hosts.problems() else { panic!("{:?}", hosts.problems()) };
            assert_eq!((error.kind().to_string().as_str(), error.offset()), (problem, at));
            assert_eq!(hosts.addresses(&name("kelvin")).len(), 1);
        }
    }

    #[test]
    fn names_are_counted() {
        for (hosts, problems) in [(7, 0), (6, 1)] {
            let limits = Limits { hosts, ..Limits::default() };
            assert_eq!(Hosts::parse_with(TEXT, &limits).problems().len(), problems);
        }
    }
}
