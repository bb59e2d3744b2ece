//! Where mail for a domain goes (RFC 5321 §5.1).
use alloc::vec::Vec;
use core::net::IpAddr;

use dns_proto::Name;

/// Where to connect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// A host, whose addresses the application looks up.
    Host(Name),
    /// An address literal's address.
    Address(IpAddr),
}

/// Why mail for a domain goes nowhere.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoRoute {
    /// The domain says that it takes no mail (RFC 7505).
    #[error("the domain takes no mail (null MX)")]
    NullMx,
    /// We are the best mail server of the domain, and do not keep its mail.
    #[error("mail for the domain loops back to us")]
    Loop,
}

/// Puts the hosts of a domain's MX records, with their preferences, in the order in which to try
/// them. `own` is our name, `seed` spreads the load among hosts of equal preference.
///
/// ```
/// use delivery::route;
///
/// let name = |text: &str| text.parse::<dns_proto::Name>();
/// let mx = vec![(20, name("b.hamburger.edu")?), (10, name("a.hamburger.edu")?)];
/// let own = name("crepes.fr")?;
/// let hosts = route(&name("hamburger.edu")?, mx, &own, 0)?;
/// assert_eq!(hosts[0], (10, name("a.hamburger.edu")?));
/// // Without MX records, the domain itself is tried: the implicit MX.
/// let hosts = route(&name("hamburger.edu")?, vec![], &own, 0)?;
/// assert_eq!(hosts, [(0, name("hamburger.edu")?)]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// There is nowhere to go, and never will be as long as the records stay.
pub fn route(
    domain: &Name,
    mut mx: Vec<(u16, Name)>,
    own: &Name,
    seed: u64,
) -> Result<Vec<(u16, Name)>, NoRoute> {
    if mx.is_empty() {
        mx.push((0, domain.clone()));
    }
    if mx.iter().all(|(_, host)| host.is_root()) {
        return Err(NoRoute::NullMx);
    }
    mx.retain(|(_, host)| !host.is_root());
    // RFC 5321 §5.1: we, and all who are no better than we, are left out.
    let ours = mx.iter().filter(|(_, host)| host == own).map(|(preference, _)| *preference).min();
    if let Some(ours) = ours {
        mx.retain(|(preference, _)| *preference < ours);
    }
    if mx.is_empty() {
        return Err(NoRoute::Loop);
    }
    let mut random = seed;
    let mut hosts: Vec<_> =
        mx.into_iter().map(|(preference, host)| (preference, mix(&mut random), host)).collect();
    hosts.sort_by_key(|(preference, random, _)| (*preference, *random));
    Ok(hosts.into_iter().map(|(preference, _, host)| (preference, host)).collect())
}

/// `SplitMix64`: enough to spread load, and nobody gains by guessing it.
pub(crate) fn mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn hosts(mx: &[(u16, &str)], seed: u64) -> Result<Vec<(u16, Name)>, NoRoute> {
        let mx = mx.iter().map(|(preference, host)| (*preference, name(host))).collect();
        route(&name("example.org"), mx, &name("us.example.org"), seed)
    }

    #[test]
    fn a_null_mx_takes_no_mail_and_beside_others_it_means_nothing() {
        assert_eq!(hosts(&[(0, ".")], 0), Err(NoRoute::NullMx));
        assert_eq!(hosts(&[(0, "."), (1, "a")], 0), Ok([(1, name("a"))].into()));
    }

    #[test]
    fn we_and_our_betters_inferiors_are_left_out() {
        let mx = [(10, "a"), (20, "US.example.org"), (20, "b"), (30, "c")];
        assert_eq!(hosts(&mx, 0), Ok([(10, name("a"))].into()));
        assert_eq!(hosts(&mx[1..], 0), Err(NoRoute::Loop));
    }

    #[test]
    fn equals_are_tried_in_turn() {
        let mx = [(10, "a"), (10, "b"), (10, "c")];
        for first in ["a", "b", "c"] {
            let leads = |seed| hosts(&mx, seed).unwrap()[0] == (10, name(first));
            assert!((0..100).any(leads), "{first} is never first");
        }
    }
}
