//! MTA-STS policies as they are remembered (RFC 8461 §5.1).
use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};

use dns_proto::Name;
use proto_core::Text;

use crate::{Policy, record::Held};

/// How long a policy that could not be had is not fetched again, in seconds: the five minutes of RFC
/// 8461 §3.3.
const REST: u64 = 300;

/// Policies by domain.
#[derive(Debug)]
pub(crate) struct Policies {
    known: BTreeMap<Name, Known>,
    limit: usize,
}

/// What is known of a domain: the policy that holds, and the name of one that could not be had.
#[derive(Debug, Default)]
struct Known {
    held: Option<Held>,
    missed: Option<Missed>,
}

#[derive(Debug)]
struct Missed {
    name: Vec<u8>,
    /// In seconds since 1970.
    until: u64,
}

/// Which policy a domain has.
#[derive(Debug)]
pub(crate) enum Found {
    /// It is this, or there is none.
    Policy(Option<Arc<Policy>>),
    /// There is another one.
    Fetch,
}

impl Policies {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { known: BTreeMap::new(), limit }
    }

    /// What is known of a policy that the domain calls this. One that is remembered holds even if
    /// the domain does not name it any more: whoever sits on the wire can take the record away.
    pub(crate) fn find(&self, domain: &Name, name: Option<&[u8]>, at: u64) -> Found {
        let known = self.known.get(domain);
        let held = known.and_then(|it| it.held.as_ref()).filter(|it| it.until > at);
        let missed = known.and_then(|it| it.missed.as_ref()).filter(|it| it.until > at);
        let policy = held.map(|it| Arc::clone(&it.policy));
        let same = held.map(|it| it.name.as_bytes()) == name;
        match name {
            Some(name) if !same && missed.is_none_or(|it| it.name != name) => Found::Fetch,
            _ => Found::Policy(policy),
        }
    }

    /// Reads what was fetched. If it is a policy, it is to be [held](Self::hold); if it is none,
    /// the one that is remembered holds.
    pub(crate) fn take(
        &mut self,
        domain: Name,
        name: Vec<u8>,
        text: Option<&str>,
        at: u64,
    ) -> Option<Held> {
        let policy = text.and_then(|text| Policy::parse(text).ok());
        let legible = core::str::from_utf8(&name).ok().and_then(|name| Text::new(name).ok());
        let Some((policy, name)) = policy.zip(legible) else {
            if let Some(known) = self.place(&domain, at) {
                known.missed = Some(Missed { name, until: at.saturating_add(REST) });
            }
            return None;
        };
        let until = at.saturating_add(policy.max_age().as_secs());
        Some(Held { domain, name, until, policy: policy.into() })
    }

    /// The policy that is remembered, if it still holds.
    pub(crate) fn holding(&self, domain: &Name, at: u64) -> Option<Arc<Policy>> {
        match self.find(domain, None, at) {
            Found::Policy(policy) => policy,
            Found::Fetch => None,
        }
    }

    /// Remembers a policy.
    pub(crate) fn hold(&mut self, held: Held, at: u64) {
        let domain = held.domain.clone();
        if let Some(known) = self.place(&domain, at) {
            *known = Known { held: Some(held), missed: None };
        }
    }

    /// The policies that still hold.
    pub(crate) fn held(&self, at: u64) -> impl Iterator<Item = &Held> {
        self.known.values().filter_map(|it| it.held.as_ref()).filter(move |it| it.until > at)
    }

    /// A domain's place, for which another one may have to go: of which nothing holds, else whose
    /// policy ends first.
    fn place(&mut self, domain: &Name, at: u64) -> Option<&mut Known> {
        if self.limit == 0 {
            return None;
        }
        if self.known.len() >= self.limit && !self.known.contains_key(domain) {
            let until = |known: &Known| known.held.as_ref().map(|it| it.until.max(at));
            let soonest = self.known.iter().min_by_key(|(_, known)| until(known));
            if let Some(soonest) = soonest.map(|(domain, _)| domain.clone()) {
                self.known.remove(&soonest);
            }
        }
        Some(self.known.entry(domain.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 100\n";

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    impl Policies {
        /// Whether the domain has a policy, if that is known.
        fn has(&self, domain: &Name, name: Option<&[u8]>, at: u64) -> Option<bool> {
            match self.find(domain, name, at) {
                Found::Policy(policy) => Some(policy.is_some()),
                Found::Fetch => None,
            }
        }

        /// Whether there was one to take.
        fn fetch(&mut self, domain: &Name, name: &[u8], text: Option<&str>, at: u64) -> bool {
            let held = self.take(domain.clone(), name.to_vec(), text, at);
            let is = held.is_some();
            held.into_iter().for_each(|held| self.hold(held, at));
            is
        }
    }

    #[test]
    fn a_policy_is_fetched_when_its_name_is_new_and_holds_until_its_age() {
        let (mut policies, domain) = (Policies::new(9), name("b"));
        assert_eq!(policies.has(&domain, None, 0), Some(false));
        assert_eq!(policies.has(&domain, Some(b"1"), 0), None);
        assert!(policies.fetch(&domain, b"1", Some(TEXT), 0));
        assert_eq!(policies.has(&domain, Some(b"1"), 99), Some(true));
        assert_eq!(policies.has(&domain, None, 99), Some(true), "the record is gone");
        assert_eq!(policies.held(99).count(), 1);
        assert_eq!(policies.has(&domain, Some(b"2"), 99), None);
        assert!(!policies.fetch(&domain, b"2", None, 99), "not fetched");
        assert_eq!(policies.has(&domain, Some(b"2"), 99), Some(true), "the older one holds");
        assert_eq!(policies.has(&domain, None, 100), Some(false));
        assert_eq!(policies.held(100).count(), 0);
        assert!(!policies.fetch(&domain, b"2", Some("x"), 100));
    }

    #[test]
    fn what_could_not_be_had_is_not_fetched_again_for_five_minutes() {
        let (mut policies, domain) = (Policies::new(9), name("b"));
        assert!(!policies.fetch(&domain, b"1", None, 0));
        assert_eq!(policies.has(&domain, Some(b"1"), 299), Some(false));
        assert_eq!(policies.has(&domain, Some(b"2"), 299), None, "another one");
        assert_eq!(policies.has(&domain, Some(b"1"), 300), None);
    }

    #[test]
    fn no_more_policies_are_remembered_than_the_limit() {
        for (limit, kept) in [(2, 2), (3, 3), (0, 0)] {
            let mut policies = Policies::new(limit);
            for (at, domain) in [(0, "a"), (1, "b"), (2, "c")] {
                policies.fetch(&name(domain), b"1", Some(TEXT), at);
            }
            assert_eq!(policies.known.len(), kept);
            policies.fetch(&name("d"), b"1", None, 3);
            assert_eq!(policies.known.len(), kept.max(limit.min(4)));
        }
    }

    #[test]
    fn what_is_missed_goes_before_what_holds() {
        let mut policies = Policies::new(2);
        policies.fetch(&name("a"), b"1", Some(TEXT), 0);
        policies.fetch(&name("b"), b"1", None, 0);
        policies.fetch(&name("c"), b"1", Some(TEXT), 0);
        assert_eq!(policies.held(0).count(), 2);
    }
}
