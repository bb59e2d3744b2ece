//! Keys of servers in DNS: DANE for SMTP (RFC 6698, RFC 7671, RFC 7672).
use alloc::vec::Vec;

use dns_proto::{Name, Rdata, Record};
use sha2::{Digest, Sha256, Sha512};

use crate::der::Certificate;

/// A key that a host's TLSA record promises, of a kind that SMTP uses (RFC 7672 §3.1).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Tlsa {
    /// What it is the key of.
    pub usage: TlsaUsage,
    /// What of the certificate is compared.
    pub selector: TlsaSelector,
    /// How.
    pub matching: TlsaMatching,
    /// With what.
    pub data: Vec<u8>,
}

/// What a TLSA record is of. Closed: RFC 7672 §3.1.3 takes no other.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TlsaUsage {
    /// DANE-TA: of an authority that the server's certificate leads to.
    TrustAnchor,
    /// DANE-EE: of the server itself, whatever its certificate says of names and times.
    EndEntity,
}

/// What of a certificate is compared (RFC 6698 §2.1.2). Closed: the others mean nothing yet.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TlsaSelector {
    /// All of it.
    Certificate,
    /// Its public key.
    PublicKey,
}

/// How it is compared (RFC 6698 §2.1.3). Closed: the others mean nothing yet.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TlsaMatching {
    /// As it is.
    Whole,
    /// By SHA-256.
    Sha256,
    /// By SHA-512.
    Sha512,
}

impl Tlsa {
    /// Reads a record; `None` if it is of no kind that SMTP uses, or cannot match anything.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let Rdata::Tlsa { usage, selector, matching, data } = record.data() else { return None };
        let usage = match usage {
            2 => TlsaUsage::TrustAnchor,
            3 => TlsaUsage::EndEntity,
            _ => return None,
        };
        let selector = match selector {
            0 => TlsaSelector::Certificate,
            1 => TlsaSelector::PublicKey,
            _ => return None,
        };
        let data = data.octets();
        let matching = match (matching, data.len()) {
            (0, 1..) => TlsaMatching::Whole,
            (1, 32) => TlsaMatching::Sha256,
            (2, 64) => TlsaMatching::Sha512,
            _ => return None,
        };
        Some(Self { usage, selector, matching, data: data.to_vec() })
    }

    fn matches(&self, der: &[u8]) -> bool {
        let compared = match self.selector {
            TlsaSelector::Certificate => Some(der),
            TlsaSelector::PublicKey => Certificate::parse(der).map(|it| it.public_key()),
        };
        compared.is_some_and(|octets| match self.matching {
            TlsaMatching::Whole => self.data == octets,
            TlsaMatching::Sha256 => self.data == Sha256::digest(octets)[..],
            TlsaMatching::Sha512 => self.data == Sha512::digest(octets)[..],
        })
    }
}

/// What a server's certificates are, beside its TLSA records.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DaneMatch {
    /// The server's own key is the one that was promised: that is enough (RFC 7672 §3.1.1).
    EndEntity,
    /// The certificate at this place of the chain is of the authority that was promised, and the
    /// server's is for one of the names. It remains to verify the signatures and times from the
    /// server's certificate up to this one, with it as the only anchor (RFC 7672 §3.1.2).
    TrustAnchor(usize),
    /// None of it was promised: no mail goes there.
    None,
}

/// Compares the certificates that a server showed, its own first, each in DER, with the keys that
/// its TLSA records promise. `names` are those of the [`Hop`](crate::Hop): the host and the domain.
///
/// ```
/// use delivery::{DaneMatch, Tlsa, TlsaMatching, TlsaSelector, TlsaUsage, dane_matches};
///
/// let certificate = b"not looked into, as the whole is compared";
/// let promised = Tlsa {
///     usage: TlsaUsage::EndEntity,
///     selector: TlsaSelector::Certificate,
///     matching: TlsaMatching::Whole,
///     data: certificate.to_vec(),
/// };
/// assert_eq!(dane_matches(&[promised.clone()], &[certificate], &[]), DaneMatch::EndEntity);
/// assert_eq!(dane_matches(&[promised], &[b"another"], &[]), DaneMatch::None);
/// ```
#[must_use]
pub fn dane_matches(promised: &[Tlsa], chain: &[&[u8]], names: &[Name]) -> DaneMatch {
    let Some(own) = chain.first() else { return DaneMatch::None };
    let of = |usage| promised.iter().filter(move |tlsa| tlsa.usage == usage);
    if of(TlsaUsage::EndEntity).any(|tlsa| tlsa.matches(own)) {
        return DaneMatch::EndEntity;
    }
    let is_anchor = |der: &&[u8]| of(TlsaUsage::TrustAnchor).any(|tlsa| tlsa.matches(der));
    match chain.iter().position(is_anchor) {
        Some(anchor) if is_for(own, names) => DaneMatch::TrustAnchor(anchor),
        _ => DaneMatch::None,
    }
}

/// RFC 7672 §3.2.3: one of the DNS names of the certificate is one of these; `*` stands for the
/// whole first label.
fn is_for(der: &[u8], names: &[Name]) -> bool {
    let Some(certificate) = Certificate::parse(der) else { return false };
    certificate.dns_names().iter().any(|theirs| {
        let theirs = core::str::from_utf8(theirs).unwrap_or_default();
        let (wildcard, name) = match theirs.strip_prefix("*.") {
            Some(rest) => (true, rest.parse::<Name>()),
            None => (false, theirs.parse::<Name>()),
        };
        let Ok(name) = name else { return false };
        names.iter().any(|ours| match wildcard {
            false => *ours == name,
            true => ours.parent().is_some_and(|parent| parent == name),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(usage: u8, selector: u8, matching: u8, data: &str) -> Record {
        let line =
            alloc::format!("_25._tcp.mx.a. 60 IN TLSA {usage} {selector} {matching} {data}\n");
        let records = dns_proto::zone_file::read("x", line.as_bytes(), Name::ROOT, |_| None);
        records.unwrap().remove(0)
    }

    #[test]
    fn only_what_smtp_uses_is_used() {
        let (short, long) = ("ab".repeat(32), "ab".repeat(64));
        let table = [
            (3, 1, 1, short.as_str(), true),
            (2, 0, 2, &long, true),
            (2, 0, 0, "00", true),
            // RFC 7672 §3.1.3: PKIX-TA and PKIX-EE are not.
            (0, 1, 1, &short, false),
            (1, 1, 1, &short, false),
            (3, 2, 1, &short, false),
            (3, 1, 3, &short, false),
            (3, 1, 1, &long, false),
            (3, 1, 2, &short, false),
        ];
        for (usage, selector, matching, data, used) in table {
            let tlsa = Tlsa::of(&record(usage, selector, matching, data));
            assert_eq!(tlsa.is_some(), used, "{usage} {selector} {matching}");
        }
    }

    #[test]
    fn a_chain_is_what_was_promised_or_not() {
        let (own, other) = (crate::der::tests::certificate("mx.example.org"), b"x".to_vec());
        let key = Certificate::parse(&own).unwrap().public_key().to_vec();
        let promised = |usage, selector, matching, of: &[u8]| Tlsa {
            usage,
            selector,
            matching,
            data: match matching {
                TlsaMatching::Whole => of.to_vec(),
                TlsaMatching::Sha256 => Sha256::digest(of).to_vec(),
                TlsaMatching::Sha512 => Sha512::digest(of).to_vec(),
            },
        };
        use TlsaMatching as M;
        use TlsaSelector as S;
        use TlsaUsage as U;
        let names = |name: &str| [name.parse::<Name>().unwrap()];
        let (mx, another) = (names("MX.example.org"), names("mx.example.net"));
        let chain = [own.as_slice(), other.as_slice()];
        let table = [
            (promised(U::EndEntity, S::PublicKey, M::Sha256, &key), &another, DaneMatch::EndEntity),
            (promised(U::EndEntity, S::Certificate, M::Sha512, &own), &mx, DaneMatch::EndEntity),
            (promised(U::EndEntity, S::Certificate, M::Whole, &other), &mx, DaneMatch::None),
            (
                promised(U::TrustAnchor, S::Certificate, M::Sha256, &other),
                &mx,
                DaneMatch::TrustAnchor(1),
            ),
            (
                promised(U::TrustAnchor, S::Certificate, M::Sha256, &other),
                &another,
                DaneMatch::None,
            ),
            (
                promised(U::TrustAnchor, S::PublicKey, M::Whole, &key),
                &mx,
                DaneMatch::TrustAnchor(0),
            ),
        ];
        for (tlsa, names, expected) in table {
            let found = dane_matches(core::slice::from_ref(&tlsa), &chain, names);
            assert_eq!(found, expected, "{tlsa:?}");
        }
        assert_eq!(dane_matches(&[], &chain, &mx), DaneMatch::None);
        assert_eq!(dane_matches(&[], &[], &mx), DaneMatch::None);
    }
}
