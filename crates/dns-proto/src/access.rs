//! Who may do what: rules as data.
use alloc::vec::Vec;
use core::net::IpAddr;
use core::str::FromStr;

use crate::edns::ClientSubnet;
use crate::error::{ParseError, ParseErrorKind};
use crate::name::Name;

/// What a rule is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Asking ordinary questions.
    Query,
    /// Fetching a whole zone, or what is new in it.
    Transfer,
    /// Changing a zone (RFC 2136).
    Update,
    /// Telling that a zone has changed (RFC 1996).
    Notify,
    /// Having names resolved that are in no zone here. Who lets everybody is used against others:
    /// short questions in a victim's name, long answers to the victim (RFC 5358).
    Recurse,
}

/// Whom a rule is about.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Who {
    /// Everybody.
    Anybody,
    /// Who sends from an address of a network. By UDP that proves nothing.
    Network(ClientSubnet),
    /// Who signs with the TSIG key of this name.
    Key(Name),
}

/// One rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Whom it is about.
    pub who: Who,
    /// What it is about.
    pub action: Action,
    /// The one zone it is about, or all.
    pub zone: Option<Name>,
    /// Whether it permits or forbids.
    pub allow: bool,
}

/// Rules, of which the first that fits decides. If none does, everybody may query, and nobody
/// anything else.
///
/// ```
/// use dns_proto::{Access, Action, Name, Rule, Who};
///
/// let (key, zone): (Name, Name) = ("key.crepes.fr".parse()?, "crepes.fr".parse()?);
/// let access = Access::from_iter([Rule {
///     who: Who::Key(key.clone()), action: Action::Update, zone: Some(zone.clone()), allow: true,
/// }]);
/// let from = [192, 0, 2, 7].into();
/// assert!(access.permits(Action::Update, &zone, from, Some(&key)));
/// assert!(!access.permits(Action::Update, &zone, from, None));
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Access(Vec<Rule>);

impl FromIterator<Rule> for Access {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        Self(rules.into_iter().collect())
    }
}

impl Access {
    /// Whether any rule is about an action.
    #[must_use]
    pub fn mentions(&self, action: Action) -> bool {
        self.0.iter().any(|rule| rule.action == action)
    }

    /// Whether someone who sends `from` an address, and signs with a verified `key` or none, may
    /// do it to the zone.
    #[must_use]
    pub fn permits(&self, action: Action, zone: &Name, from: IpAddr, key: Option<&Name>) -> bool {
        let fits = |rule: &&Rule| {
            rule.action == action
                && rule.zone.as_ref().is_none_or(|own| own == zone)
                && rule.who.is(from, key)
        };
        self.0.iter().find(fits).map_or(action == Action::Query, |rule| rule.allow)
    }
}

impl Who {
    /// Means who sends from one address.
    #[must_use]
    pub fn address(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Self::Network(ClientSubnet::new(address, bits).expect("no address has more bits"))
    }

    fn is(&self, from: IpAddr, key: Option<&Name>) -> bool {
        match self {
            Self::Anybody => true,
            Self::Key(own) => key == Some(own),
            // An IPv4 address is the same when a socket for both shows it as IPv6.
            Self::Network(network) => {
                let same = ClientSubnet::new(from.to_canonical(), network.source());
                same.is_some_and(|same| same.address() == network.address())
            }
        }
    }
}

/// Reads an address (`192.0.2.7`), a network (`2001:db8::/32`), `any`, or the name of a key.
///
/// ```
/// use dns_proto::Who;
///
/// assert_eq!("192.0.2.7".parse(), Ok(Who::address([192, 0, 2, 7].into())));
/// assert!(matches!("2001:db8::/32".parse(), Ok(Who::Network(_))));
/// assert!(matches!("key.crepes.fr".parse(), Ok(Who::Key(_))));
/// assert!("192.0.2.0/33".parse::<Who>().is_err());
/// ```
impl FromStr for Who {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text == "any" {
            return Ok(Self::Anybody);
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::address(address));
        }
        let network = text.split_once('/').and_then(|(address, bits)| {
            Some((address.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()))
        });
        match network {
            None => text.parse().map(Self::Key),
            Some((address, bits)) => bits
                .and_then(|bits| ClientSubnet::new(address, bits))
                .map(Self::Network)
                .ok_or(ParseError::new(ParseErrorKind::Expected("the bits of a network"), 0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let network = |a, bits| Who::Network(ClientSubnet::new(IpAddr::from(a), bits).unwrap());
        let rule = |who, zone: Option<&str>, allow| {
            let zone = zone.map(name);
            Rule { who, action: Action::Transfer, zone, allow }
        };
        let access = Access::from_iter([
            rule(network([192, 0, 2, 1], 32), None, false),
            rule(network([192, 0, 2, 0], 24), None, true),
            rule(Who::Key(name("k")), Some("z"), true),
        ]);
        let permits = |zone: &str, from: &str, key: Option<&str>| {
            let key = key.map(name);
            access.permits(Action::Transfer, &name(zone), from.parse().unwrap(), key.as_ref())
        };
        assert!(permits("z", "192.0.2.2", None) && permits("y", "::ffff:192.0.2.2", None));
        assert!(!permits("z", "192.0.2.1", Some("k")), "forbidden before the key is looked at");
        assert!(permits("z", "2001:db8::1", Some("K")) && !permits("y", "2001:db8::1", Some("k")));
        assert!(!permits("z", "192.0.3.1", None));
        assert!(access.permits(Action::Query, &name("z"), [192, 0, 2, 1].into(), None));
        for action in [Action::Update, Action::Recurse] {
            assert!(!access.permits(action, &name("z"), [192, 0, 2, 2].into(), None));
        }
    }
}
