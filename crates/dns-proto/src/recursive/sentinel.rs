//! What a validator lets others find out about the keys it trusts (RFC 8509).
use crate::cache::{Answer, Security};
use crate::dnssec::Trust;
use crate::number::RecordType;
use crate::recursive::Resolver;
use crate::recursive::job::Client;

/// What a label asks of a key of the root.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Sentinel {
    /// Whether it is to be trusted, or not to be.
    trusted: bool,
    tag: u16,
}

impl Sentinel {
    /// Reads a label (RFC 8509 §2.1): five digits, no more and no less.
    fn parse(label: &[u8]) -> Option<Self> {
        let label = core::str::from_utf8(label).ok()?.to_ascii_lowercase();
        let rest = label.strip_prefix("root-key-sentinel-")?;
        let (trusted, digits) = match rest.strip_prefix("is-ta-") {
            Some(digits) => (true, digits),
            None => (false, rest.strip_prefix("not-ta-")?),
        };
        let plain = digits.len() == 5 && digits.bytes().all(|digit| digit.is_ascii_digit());
        let tag = digits.parse().ok().filter(|_| plain)?;
        Some(Self { trusted, tag })
    }

    fn is_so(self, trust: &Trust) -> bool {
        let key = |(zone, tag): (&crate::Name, u16)| zone.is_root() && tag == self.tag;
        trust.anchors().map(|(zone, ds)| (zone, ds.key_tag())).any(key) == self.trusted
    }
}

impl Resolver {
    /// Whether a good answer is to be kept from a client, whose question says of our keys what is
    /// not so (RFC 8509 §2.2).
    pub(super) fn is_denied(&self, client: &Client, answer: &Answer) -> bool {
        let Some((name, rtype, _)) = &client.question else { return false };
        let addresses = matches!(*rtype, RecordType::A | RecordType::AAAA);
        let concerned =
            addresses && answer.security == Security::Secure && !client.header.checking_disabled;
        let sentinel = || name.labels().next().and_then(Sentinel::parse);
        let trust = self.trusted.trust().filter(|_| concerned);
        trust.is_some_and(|trust| sentinel().is_some_and(|sentinel| !sentinel.is_so(trust)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_five_digits_of_a_key_tag() {
        let is = |trusted, tag| Some(Sentinel { trusted, tag });
        for (label, sentinel) in [
            ("root-key-sentinel-is-ta-20326", is(true, 20326)),
            ("Root-Key-Sentinel-NOT-TA-00042", is(false, 42)),
            ("root-key-sentinel-is-ta-42", None),
            ("root-key-sentinel-is-ta-000042", None),
            ("root-key-sentinel-is-ta-+0042", None),
            ("root-key-sentinel-is-ta-99999", None),
            ("root-key-sentinel-20326", None),
        ] {
            assert_eq!(Sentinel::parse(label.as_bytes()), sentinel, "{label}");
        }
    }
}
