//! What validation accepts, and what it may cost.
use super::key::DigestType;
use crate::number::DnssecAlgorithm;

/// What a validator accepts and spends.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    /// RSA/SHA-1 (5 and 7). On: RFC 9905 §2 forbids to sign with them, and lets validators go on
    /// while there are such zones.
    pub sha1_signatures: bool,
    /// DS records with SHA-1 (1), where there is no other (RFC 4509 §3). On, for the same reason.
    pub sha1_digests: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self { sha1_signatures: true, sha1_digests: true }
    }
}

impl Policy {
    /// Whether signatures of this algorithm can be verified, and count. RSA/MD5, DSA and GOST are
    /// refused (RFC 8624 §3.1, RFC 9906); Ed448 is not there yet.
    #[must_use]
    pub const fn supports(&self, algorithm: DnssecAlgorithm) -> bool {
        match algorithm {
            DnssecAlgorithm::RSASHA1 | DnssecAlgorithm::RSASHA1_NSEC3_SHA1 => self.sha1_signatures,
            DnssecAlgorithm::RSASHA256
            | DnssecAlgorithm::RSASHA512
            | DnssecAlgorithm::ECDSAP256SHA256
            | DnssecAlgorithm::ECDSAP384SHA384
            | DnssecAlgorithm::ED25519 => true,
            _ => false,
        }
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
