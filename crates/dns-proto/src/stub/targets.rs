//! Hosts that do something for a domain, in the order in which they are to be tried.
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use crate::error::Error;
use crate::name::Name;
use crate::number::SvcKey;
use crate::random::Random;
use crate::rdata::{Rdata, SvcParam, SvcParams};

/// A host that takes mail for a domain (RFC 5321 §5.1).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct MailExchange {
    /// The smaller, the better.
    pub preference: u16,
    /// The host; the root says that nobody takes mail (RFC 7505).
    pub name: Name,
    /// Its addresses, IPv6 ones first; none if it has none, an error if that cannot be known.
    pub addresses: Result<Vec<IpAddr>, Error>,
}

/// A host that offers a service (RFC 2782).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServiceHost {
    /// The smaller, the better.
    pub priority: u16,
    /// How much of the work it can take, among those of the same priority.
    pub weight: u16,
    /// Where it listens.
    pub port: u16,
    /// The host; the root says that there is no such service.
    pub name: Name,
    /// Its addresses, as with [`MailExchange`].
    pub addresses: Result<Vec<IpAddr>, Error>,
}

impl ServiceHost {
    /// Iterates over addresses and port, to connect to.
    pub fn socket_addrs(&self) -> impl Iterator<Item = SocketAddr> {
        let addresses = self.addresses.iter().flatten();
        addresses.map(|&address| SocketAddr::new(address, self.port))
    }
}

/// An endpoint of a service, and how it is to be spoken with (RFC 9460).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Service {
    /// The smaller, the better. 0 stands for the end of an alias, which comes last and says nothing
    /// but its addresses (RFC 9460 §3).
    pub priority: u16,
    /// The host.
    pub name: Name,
    /// Its addresses, as with [`MailExchange`].
    pub addresses: Result<Vec<IpAddr>, Error>,
    params: Vec<u8>,
}

impl Service {
    /// Returns the parameters. An endpoint whose [`SvcParam::Mandatory`] names a key that the
    /// application does not know is not for it (RFC 9460 §8).
    #[must_use]
    pub fn params(&self) -> SvcParams<'_> {
        SvcParams::checked(&self.params)
    }

    /// Returns where it listens, if that is not the service's own port.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self.params().get(SvcKey::PORT) {
            Some(SvcParam::Port(port)) => Some(port),
            _ => None,
        }
    }
}

/// What has a place in a list, and addresses to be filled in.
pub(crate) trait Target {
    fn name(&self) -> &Name;
    fn addresses(&mut self) -> &mut Result<Vec<IpAddr>, Error>;
}

macro_rules! target {
    ($($name:ident)*) => {$(
        impl Target for $name {
            fn name(&self) -> &Name {
                &self.name
            }

            fn addresses(&mut self) -> &mut Result<Vec<IpAddr>, Error> {
                &mut self.addresses
            }
        }
    )*};
}

target! { MailExchange ServiceHost Service }

impl MailExchange {
    pub(crate) fn read(data: Rdata<'_>) -> Option<Self> {
        let Rdata::Mx { preference, exchange } = data else { return None };
        Some(Self { preference, name: exchange.to_name(), addresses: Ok(Vec::new()) })
    }

    /// RFC 5321 §5.1: the best first, equals "randomized to spread the load".
    pub(crate) fn sort(list: &mut [Self], random: &mut Random) {
        shuffle(list, random);
        list.sort_by_key(|exchange| exchange.preference);
    }
}

impl ServiceHost {
    pub(crate) fn read(data: Rdata<'_>) -> Option<Self> {
        let Rdata::Srv { priority, weight, port, target } = data else { return None };
        let (name, addresses) = (target.to_name(), Ok(Vec::new()));
        Some(Self { priority, weight, port, name, addresses })
    }

    /// RFC 2782: of each priority, one after the other is drawn by its weight; those of weight 0
    /// stand at the beginning, so that they have "a very small chance".
    pub(crate) fn sort(list: &mut [Self], random: &mut Random) {
        shuffle(list, random);
        list.sort_by_key(|host| (host.priority, host.weight != 0));
        let mut rest = list;
        while let Some(first) = rest.first() {
            let priority = first.priority;
            let equals = rest.iter().take_while(|host| host.priority == priority);
            let weights = equals.map(|host| usize::from(host.weight));
            let drawn = random.below(weights.clone().sum::<usize>() + 1);
            let sums = weights.scan(0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            });
            let chosen = sums.take_while(|sum| *sum < drawn).count();
            // The others keep their order: those of weight 0 stay in front.
            if let Some(head) = rest.get_mut(..=chosen) {
                head.rotate_right(1);
            }
            rest = rest.get_mut(1..).unwrap_or_default();
        }
    }
}

impl Service {
    /// Reads a record in service mode; at its owner, if it names no other (RFC 9460 §2.5.2).
    pub(crate) fn read(owner: &Name, data: Rdata<'_>) -> Option<Self> {
        let (priority, target, params) = svcb(data).filter(|(priority, ..)| *priority > 0)?;
        // RFC 9460 §2.4.3: a record whose parameters are not as others of them want is rejected. What
        // is mandatory is to be there (§8), and protocols where there are no others (§7.1.1).
        let has = |key| params.get(key).is_some();
        if let Some(SvcParam::Mandatory(keys)) = params.get(SvcKey::MANDATORY)
            && !keys.iter().all(has)
        {
            return None;
        }
        if has(SvcKey::NO_DEFAULT_ALPN) && !has(SvcKey::ALPN) {
            return None;
        }
        let name = if target.is_root() { owner.clone() } else { target };
        let params = params.octets().to_vec();
        Some(Self { priority, name, addresses: Ok(Vec::new()), params })
    }

    /// Reads where a record leads, if it is in alias mode; `None` if it is malformed.
    pub(crate) fn alias(data: Rdata<'_>) -> Option<Option<Name>> {
        let (priority, target, _) = svcb(data)?;
        Some((priority == 0).then_some(target))
    }

    /// Stands for the end of an alias.
    pub(crate) const fn end(name: Name) -> Self {
        Self { priority: 0, name, addresses: Ok(Vec::new()), params: Vec::new() }
    }

    /// RFC 9460 §2.4.1: the best first, equals at random.
    pub(crate) fn sort(list: &mut [Self], random: &mut Random) {
        shuffle(list, random);
        list.sort_by_key(|service| service.priority);
    }
}

fn svcb(data: Rdata<'_>) -> Option<(u16, Name, SvcParams<'_>)> {
    match data {
        Rdata::Svcb { priority, target, params } | Rdata::Https { priority, target, params } => {
            Some((priority, target.to_name(), params))
        }
        _ => None,
    }
}

/// Fisher and Yates.
pub(crate) fn shuffle<T>(list: &mut [T], random: &mut Random) {
    for end in (1..list.len()).rev() {
        list.swap(end, random.below(end + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;

    fn host(priority: u16, weight: u16, port: u16) -> ServiceHost {
        ServiceHost { priority, weight, port, name: Name::ROOT, addresses: Ok(Vec::new()) }
    }

    /// Sorts a list often, and counts who comes first.
    fn firsts(list: &[ServiceHost]) -> BTreeMap<u16, usize> {
        let (mut random, mut firsts) = (Random::new([7; 32]), BTreeMap::new());
        for _ in 0..4_000 {
            let mut list = list.to_vec();
            ServiceHost::sort(&mut list, &mut random);
            assert!(list.is_sorted_by_key(|host| host.priority));
            *firsts.entry(list[0].port).or_default() += 1;
        }
        firsts
    }

    #[test]
    fn hosts_are_drawn_by_their_weights() {
        let firsts = firsts(&[host(1, 10, 1), host(1, 30, 2), host(2, 60_000, 3)]);
        assert!((800..1_200).contains(&firsts[&1]) && firsts[&1] + firsts[&2] == 4_000);
    }

    #[test]
    fn weight_0_has_a_very_small_chance_but_one() {
        let firsts = firsts(&[host(1, 0, 1), host(1, 0, 2), host(1, 100, 3)]);
        assert!(firsts[&3] > 3_800 && firsts[&1] > 0 && firsts[&2] > 0);
    }

    #[test]
    fn weights_of_0_alone_are_in_any_order() {
        let firsts = firsts(&[host(1, 0, 1), host(1, 0, 2)]);
        assert!((1_800..2_200).contains(&firsts[&1]));
    }

    #[test]
    fn equally_preferred_exchanges_are_in_any_order() {
        let (mut random, mut first) = (Random::new([7; 32]), 0);
        let exchange = |(preference, text): (u16, &str)| {
            let (name, addresses) = (text.parse().unwrap(), Ok(Vec::new()));
            MailExchange { preference, name, addresses }
        };
        let list = [(20, "a"), (10, "b"), (20, "c"), (10, "d")].map(exchange);
        for _ in 0..1_000 {
            let mut list = list.clone();
            MailExchange::sort(&mut list, &mut random);
            let preferences = list.each_ref().map(|exchange| exchange.preference);
            assert_eq!(preferences, [10, 10, 20, 20]);
            first += usize::from(list[0].name.to_lowercase().wire() == b"\x01b\0");
        }
        assert!((400..600).contains(&first));
    }
}
