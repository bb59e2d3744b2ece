//! What validation accepts, and what it may cost.
use super::key::{DigestType, PublicKey};
use crate::number::DnssecAlgorithm;

/// What a validator accepts and spends.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Which signatures count.
    pub policy: Policy,
    /// What strangers' zones may cost.
    pub limits: Limits,
}

/// Which signatures and digests count. A zone that has no other is insecure, as if it were not
/// signed (RFC 6840 §5.2).
///
/// ```
/// use dns_proto::DnssecAlgorithm;
/// use dns_proto::dnssec::Policy;
///
/// let policy = Policy::default();
/// assert!(policy.supports(DnssecAlgorithm::ED25519));
/// assert!(!policy.supports(DnssecAlgorithm::ECC_GOST));
/// let strict = Policy { sha1_signatures: false, ..policy };
/// assert!(!strict.supports(DnssecAlgorithm::RSASHA1));
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    /// RSA/SHA-1 (5 and 7). On: RFC 9905 §2 forbids to sign with them, and lets validators go on
    /// while there are such zones.
    pub sha1_signatures: bool,
    /// DS records with SHA-1 (1), where there is no other (RFC 4509 §3). On, for the same reason.
    pub sha1_digests: bool,
    /// Whether each algorithm that a zone has promised by its DS and DNSKEY records must have
    /// signed. Off: one good signature is enough, or roll-overs of algorithms would break
    /// (RFC 6840 §5.11). On, whoever can forge the weakest of a zone's algorithms can forge nothing
    /// (RFC 4035 §2.2 has all of them sign everything).
    pub every_algorithm: bool,
    /// Who verifies. This crate.
    pub provider: Provider,
}

/// Who verifies signatures: this crate by default, or another library that is faster or knows an
/// algorithm more.
///
/// ```
/// use dns_proto::DnssecAlgorithm;
/// use dns_proto::dnssec::{Policy, Provider, PublicKey};
///
/// fn verify(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
///     match key.algorithm() {
///         DnssecAlgorithm::ED448 => false, // here the other library
///         _ => key.verify(message, signature),
///     }
/// }
///
/// let supports = |it| it == DnssecAlgorithm::ED448 || (Provider::default().supports)(it);
/// let policy = Policy { provider: Provider { supports, verify }, ..Policy::default() };
/// assert!(policy.supports(DnssecAlgorithm::ED448));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// Whether signatures of an algorithm can be verified.
    pub supports: fn(DnssecAlgorithm) -> bool,
    /// Whether a key made the signature of these octets.
    pub verify: fn(&PublicKey, message: &[u8], signature: &[u8]) -> bool,
}

impl Default for Provider {
    fn default() -> Self {
        Self { supports: PublicKey::supports, verify: PublicKey::verify }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            sha1_signatures: true,
            sha1_digests: true,
            every_algorithm: false,
            provider: Provider::default(),
        }
    }
}

impl Policy {
    /// Whether signatures of this algorithm can be verified, and count.
    #[must_use]
    pub fn supports(&self, algorithm: DnssecAlgorithm) -> bool {
        let sha1 =
            matches!(algorithm, DnssecAlgorithm::RSASHA1 | DnssecAlgorithm::RSASHA1_NSEC3_SHA1);
        (self.sha1_signatures || !sha1) && (self.provider.supports)(algorithm)
    }

    /// Whether DS records of this kind count.
    #[must_use]
    pub const fn supports_digest(&self, number: u8) -> bool {
        match DigestType::from_number(number) {
            Some(DigestType::Sha1) => self.sha1_digests,
            Some(DigestType::Sha256 | DigestType::Sha384) => true,
            None => false,
        }
    }
}

/// What the zones of strangers may make a validator do. Whatever needs more is bogus.
///
/// ```
/// use dns_proto::dnssec::Limits;
///
/// assert_eq!(Limits::default().signatures, 8);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Signatures tried with keys for one RRset. 8, as in Unbound: a zone in the middle of two
    /// roll-overs has four. Stops KeyTrap (CVE-2023-50387): many keys of one tag and many
    /// signatures, each to be tried with each.
    pub signatures: u32,
    /// Signatures that an RRset may have, good or not. 64: each is compared with the tags of all
    /// keys of the zone, and a message has room for thousands of both.
    pub covering: usize,
    /// Keys that a DS record refers to by tag and algorithm, and that are not the one. 4, as in
    /// Unbound. Stops KeyTrap's other half: many keys of one tag, each to be digested for each DS.
    pub mismatches: u32,
    /// NSEC3 hashes computed before the validator [yields](super::Step::Yield), so that others have
    /// their turn. 8, as in Unbound. With `hashes`, stops CVE-2023-50868: names of many labels,
    /// each to be hashed many times.
    pub hashes_at_once: u32,
    /// NSEC3 hashes computed for one answer and all that its chain of trust takes. 300: a name has
    /// 127 labels at most, and every proof needs two more.
    pub hashes: u32,
    /// Iterations of NSEC3. 150, as in Unbound; more make a zone insecure (RFC 9276 §3.2).
    pub iterations: u16,
    /// RRsets verified for one answer. 64: a chain of eleven aliases, each with a proof of four.
    pub sets: u32,
    /// RRsets of a proof that are looked at. 8: the longest proof has three, and an SOA.
    pub proofs: usize,
    /// Aliases followed in one answer. 11, as resolvers do.
    pub links: usize,
    /// DS and DNSKEY look-ups for one answer. 72: 34 labels of ip6.arpa, some of them zones. Each
    /// may be many messages, which the resolver counts.
    pub needs: u32,
    /// Zones remembered. 10,000, of which the ones that expire first go first.
    pub zones: usize,
    /// Seconds for which a zone without keys, or with wrong ones, is remembered as such. 60, as in
    /// Unbound: soon enough for those who mend it, late enough not to be a storm.
    pub bogus_ttl: u32,
    /// Seconds for which anything is believed without asking again. 86,400, as in Unbound.
    pub ttl: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            signatures: 8,
            covering: 64,
            mismatches: 4,
            hashes_at_once: 8,
            hashes: 300,
            iterations: 150,
            sets: 64,
            proofs: 8,
            links: 11,
            needs: 72,
            zones: 10_000,
            bogus_ttl: 60,
            ttl: 86_400,
        }
    }
}
