//! MTA-STS policies as they are remembered (RFC 8461 §5.1).
use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};

use dns_proto::Name;

use crate::Policy;

/// Policies by domain.
#[derive(Debug)]
pub(crate) struct Policies {
    known: BTreeMap<Name, Remembered>,
    limit: usize,
}

#[derive(Debug)]
struct Remembered {
    name: Vec<u8>,
    policy: Arc<Policy>,
    /// In seconds since 1970.
    until: u64,
}

/// What is known of a domain's policy.
#[derive(Debug)]
pub(crate) enum Known {
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
    pub(crate) fn known(&self, domain: &Name, name: Option<&[u8]>, at: u64) -> Known {
        let known = self.known.get(domain).filter(|it| it.until > at);
        match (known, name) {
            (Some(known), None) => Known::Policy(Some(Arc::clone(&known.policy))),
            (Some(known), Some(name)) if known.name == name => {
                Known::Policy(Some(Arc::clone(&known.policy)))
            }
            (None, None) => Known::Policy(None),
            (_, Some(_)) => Known::Fetch,
        }
    }

    /// Takes what was fetched, and returns what holds: if it is none, the one that is remembered.
    pub(crate) fn take(
        &mut self,
        domain: Name,
        name: Vec<u8>,
        text: Option<&str>,
        at: u64,
    ) -> Option<Arc<Policy>> {
        let Some(policy) = text.and_then(|text| Policy::parse(text).ok()) else {
            let known = self.known.get(&domain).filter(|it| it.until > at)?;
            return Some(Arc::clone(&known.policy));
        };
        let until = at.saturating_add(policy.max_age().as_secs());
        let policy = Arc::new(policy);
        if self.known.len() >= self.limit && !self.known.contains_key(&domain) {
            let soonest = self.known.iter().min_by_key(|(_, it)| it.until);
            if let Some(soonest) = soonest.map(|(domain, _)| domain.clone()) {
                self.known.remove(&soonest);
            }
        }
        if self.limit > 0 {
            let policy = Arc::clone(&policy);
            self.known.insert(domain, Remembered { name, policy, until });
        }
        Some(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 100\n";

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn has(known: &Known) -> Option<bool> {
        match known {
            Known::Policy(policy) => Some(policy.is_some()),
            Known::Fetch => None,
        }
    }

    #[test]
    fn a_policy_is_fetched_when_its_name_is_new_and_holds_until_its_age() {
        let (mut policies, domain) = (Policies::new(9), name("b"));
        assert_eq!(has(&policies.known(&domain, None, 0)), Some(false));
        assert_eq!(has(&policies.known(&domain, Some(b"1"), 0)), None);
        assert!(policies.take(domain.clone(), b"1".to_vec(), Some(TEXT), 0).is_some());
        assert_eq!(has(&policies.known(&domain, Some(b"1"), 99)), Some(true));
        assert_eq!(has(&policies.known(&domain, None, 99)), Some(true), "the record is gone");
        assert_eq!(has(&policies.known(&domain, Some(b"2"), 99)), None);
        assert!(policies.take(domain.clone(), b"2".to_vec(), None, 99).is_some(), "not fetched");
        assert_eq!(has(&policies.known(&domain, None, 100)), Some(false));
        assert!(policies.take(domain, b"2".to_vec(), Some("x"), 100).is_none());
    }

    #[test]
    fn no_more_policies_are_remembered_than_the_limit() {
        for (limit, kept) in [(2, 2), (3, 3), (0, 0)] {
            let mut policies = Policies::new(limit);
            for domain in ["a", "b", "c"] {
                policies.take(name(domain), b"1".to_vec(), Some(TEXT), 0);
            }
            assert_eq!(policies.known.len(), kept);
        }
    }
}
