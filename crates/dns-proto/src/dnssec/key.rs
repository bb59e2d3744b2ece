//! Public keys of zones, and the digests that parents publish of them (RFC 4034 §2 and §5).
use alloc::boxed::Box;
use alloc::vec::Vec;

use ed25519_dalek::Verifier;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384};

use super::rsa::{self, Hash};
use crate::name::NameRef;
use crate::number::DnssecAlgorithm;
use crate::rdata::{Base64, Hex, Rdata};

/// The flag of a key that signs a zone (RFC 4034 §2.1.1).
pub(super) const ZONE: u16 = 0x0100;
/// The flag of a key that is meant to sign keys, a secure entry point (RFC 4034 §2.1.1).
pub(super) const ENTRY: u16 = 0x0001;
/// The flag of a key that is revoked (RFC 5011 §7).
pub(super) const REVOKED: u16 = 0x0080;

/// A public key: the data of a DNSKEY record (RFC 4034 §2).
///
/// ```
/// use dns_proto::{Rdata, RecordType};
/// use dns_proto::dnssec::{DigestType, Ds, PublicKey};
///
/// let mut octets = Vec::new();
/// Rdata::parse_text(RecordType::DNSKEY,
///     "257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=", &mut octets)?;
/// let key = PublicKey::from_data(&Rdata::parse(RecordType::DNSKEY, &octets)?).unwrap();
/// assert_eq!((key.tag(), key.is_entry_point()), (3613, true)); // RFC 8080 §6.1
/// let ds = Ds::of(&"example.com".parse::<dns_proto::Name>()?.view(), &key, DigestType::Sha256);
/// assert_eq!(ds.data().to_string(),
///     "3613 15 2 3AA5AB37EFCE57F737FC1627013FEE07BDF241BD10F3B1964AB55C78E79A304B");
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PublicKey {
    flags: u16,
    protocol: u8,
    algorithm: DnssecAlgorithm,
    key: Box<[u8]>,
    /// Known from the others; whoever has many keys and signatures compares it often.
    tag: u16,
}

impl PublicKey {
    /// Makes a zone key; `entry_point` says that it is to sign keys and the parent points to it.
    #[must_use]
    pub fn new(algorithm: DnssecAlgorithm, entry_point: bool, key: impl Into<Box<[u8]>>) -> Self {
        let flags = if entry_point { ZONE | ENTRY } else { ZONE };
        Self { flags, protocol: 3, algorithm, key: key.into(), tag: 0 }.tagged()
    }

    /// Takes the data of a DNSKEY, CDNSKEY or KEY record; `None` of another type.
    #[must_use]
    pub fn from_data(data: &Rdata<'_>) -> Option<Self> {
        let (Rdata::Dnskey { flags, protocol, algorithm, key }
        | Rdata::Cdnskey { flags, protocol, algorithm, key }
        | Rdata::Key { flags, protocol, algorithm, key }) = data
        else {
            return None;
        };
        let (flags, protocol, algorithm) = (*flags, *protocol, *algorithm);
        Some(Self { flags, protocol, algorithm, key: key.octets().into(), tag: 0 }.tagged())
    }

    /// Returns the data of its DNSKEY record.
    #[must_use]
    pub fn data(&self) -> Rdata<'_> {
        let (flags, protocol, algorithm) = (self.flags, self.protocol, self.algorithm);
        Rdata::Dnskey { flags, protocol, algorithm, key: self.base64() }
    }

    /// Returns the data of a CDNSKEY record: the child asks its parent for it (RFC 7344 §3.2).
    #[must_use]
    pub fn child_data(&self) -> Rdata<'_> {
        let (flags, protocol, algorithm) = (self.flags, self.protocol, self.algorithm);
        Rdata::Cdnskey { flags, protocol, algorithm, key: self.base64() }
    }

    fn base64(&self) -> Base64<'_> {
        Base64::new(&self.key).expect("a key is part of record data, or of a key file")
    }

    /// Returns the algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> DnssecAlgorithm {
        self.algorithm
    }

    /// Returns the flags.
    #[must_use]
    pub const fn flags(&self) -> u16 {
        self.flags
    }

    /// Returns the key, as its algorithm writes it.
    #[must_use]
    pub const fn octets(&self) -> &[u8] {
        &self.key
    }

    /// Whether it may sign a zone: the flag is set, and the protocol is 3 (RFC 4034 §2.1).
    #[must_use]
    pub const fn is_zone_key(&self) -> bool {
        self.flags & ZONE != 0 && self.protocol == 3
    }

    /// Whether it is marked as the one that the parent points to.
    #[must_use]
    pub const fn is_entry_point(&self) -> bool {
        self.flags & ENTRY != 0
    }

    /// Whether its owner has revoked it (RFC 5011 §2.1).
    #[must_use]
    pub const fn is_revoked(&self) -> bool {
        self.flags & REVOKED != 0
    }

    /// Returns the same key, revoked.
    #[must_use]
    pub fn revoked(&self) -> Self {
        Self { flags: self.flags | REVOKED, ..self.clone() }.tagged()
    }

    /// Returns the same key, without the mark of revocation.
    pub(super) fn unrevoked(&self) -> Self {
        Self { flags: self.flags & !REVOKED, ..self.clone() }.tagged()
    }

    /// Returns the tag by which signatures and digests refer to it (RFC 4034 appendix B). Several
    /// keys may have one tag.
    #[must_use]
    pub const fn tag(&self) -> u16 {
        self.tag
    }

    fn tagged(self) -> Self {
        Self { tag: self.compute_tag(), ..self }
    }

    fn compute_tag(&self) -> u16 {
        if let (DnssecAlgorithm::RSAMD5, [.., high, low, _]) = (self.algorithm, &*self.key) {
            return u16::from_be_bytes([*high, *low]); // RFC 4034 §B.1
        }
        let octets = self.octets_of_data();
        let (pairs, last) = octets.as_chunks();
        let sum: u32 = pairs.iter().map(|pair| u32::from(u16::from_be_bytes(*pair))).sum();
        let sum = sum + last.first().map_or(0, |octet| u32::from(*octet) << 8);
        let [.., high, low] = (sum + (sum >> 16)).to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    fn octets_of_data(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        self.data().write(&mut octets);
        octets
    }

    /// Whether signatures of this algorithm can be verified here. RSA/MD5, DSA and GOST are refused
    /// (RFC 8624 §3.1, RFC 9906); Ed448 is not there yet.
    #[must_use]
    pub const fn supports(algorithm: DnssecAlgorithm) -> bool {
        matches!(
            algorithm,
            DnssecAlgorithm::RSASHA1
                | DnssecAlgorithm::RSASHA1_NSEC3_SHA1
                | DnssecAlgorithm::RSASHA256
                | DnssecAlgorithm::RSASHA512
                | DnssecAlgorithm::ECDSAP256SHA256
                | DnssecAlgorithm::ECDSAP384SHA384
                | DnssecAlgorithm::ED25519
        )
    }

    /// Whether it made the signature of these octets. A key or signature that is malformed, or of
    /// an algorithm that is not [supported](Self::supports), verifies nothing.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self.algorithm {
            DnssecAlgorithm::RSASHA1 | DnssecAlgorithm::RSASHA1_NSEC3_SHA1 => {
                rsa::verify(&self.key, Hash::Sha1, message, signature)
            }
            DnssecAlgorithm::RSASHA256 => rsa::verify(&self.key, Hash::Sha256, message, signature),
            // RFC 5702 §2.2: 1024 bits at least.
            DnssecAlgorithm::RSASHA512 => {
                signature.len() >= 128 && rsa::verify(&self.key, Hash::Sha512, message, signature)
            }
            DnssecAlgorithm::ECDSAP256SHA256 => self.verify_p256(message, signature),
            DnssecAlgorithm::ECDSAP384SHA384 => self.verify_p384(message, signature),
            DnssecAlgorithm::ED25519 => self.verify_ed25519(message, signature),
            _ => false,
        }
    }

    /// RFC 6605 §4: the point without the octet that says it is uncompressed.
    fn verify_p256(&self, message: &[u8], signature: &[u8]) -> bool {
        use p256::ecdsa::{Signature, VerifyingKey};
        let key = VerifyingKey::from_sec1_bytes(&[&[4][..], &self.key].concat());
        let signature = Signature::from_slice(signature);
        key.is_ok_and(|key| signature.is_ok_and(|it| key.verify(message, &it).is_ok()))
    }

    fn verify_p384(&self, message: &[u8], signature: &[u8]) -> bool {
        use p384::ecdsa::{Signature, VerifyingKey};
        let key = VerifyingKey::from_sec1_bytes(&[&[4][..], &self.key].concat());
        let signature = Signature::from_slice(signature);
        key.is_ok_and(|key| signature.is_ok_and(|it| key.verify(message, &it).is_ok()))
    }

    /// RFC 8080 §3 and §4.
    fn verify_ed25519(&self, message: &[u8], signature: &[u8]) -> bool {
        use ed25519_dalek::{Signature, VerifyingKey};
        let octets = <&[u8; 32]>::try_from(&*self.key);
        let key = octets.ok().and_then(|octets| VerifyingKey::from_bytes(octets).ok());
        let signature = Signature::from_slice(signature);
        key.is_some_and(|key| signature.is_ok_and(|it| key.verify(message, &it).is_ok()))
    }
}

/// The hash of a DS record (IANA, "Digest Algorithms").
///
/// These are the ones that are not retired: GOST (3) is refused (RFC 9906).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum DigestType {
    /// SHA-1: verified by policy only, and never beside another (RFC 4509 §3, RFC 9905).
    Sha1,
    /// SHA-256 (RFC 4509).
    Sha256,
    /// SHA-384 (RFC 6605 §2).
    Sha384,
}

impl DigestType {
    /// Returns the kind with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Sha1),
            2 => Some(Self::Sha256),
            4 => Some(Self::Sha384),
            _ => None,
        }
    }

    /// Returns its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Sha1 => 1,
            Self::Sha256 => 2,
            Self::Sha384 => 4,
        }
    }

    fn digest(self, octets: &[u8]) -> Box<[u8]> {
        match self {
            Self::Sha1 => Sha1::digest(octets).as_slice().into(),
            Self::Sha256 => Sha256::digest(octets).as_slice().into(),
            Self::Sha384 => Sha384::digest(octets).as_slice().into(),
        }
    }
}

/// What a parent, or whoever trusts a zone, says of its key: the data of a DS record
/// (RFC 4034 §5).
///
/// See [`PublicKey`] for an example.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ds {
    key_tag: u16,
    algorithm: DnssecAlgorithm,
    digest_type: u8,
    digest: Box<[u8]>,
}

impl Ds {
    /// Digests a zone's key.
    #[must_use]
    pub fn of(owner: &NameRef<'_>, key: &PublicKey, digest_type: DigestType) -> Self {
        let digest = digest_type.digest(&Self::subject(owner, key));
        let (key_tag, algorithm) = (key.tag(), key.algorithm);
        Self { key_tag, algorithm, digest_type: digest_type.number(), digest }
    }

    /// Takes the data of a DS or CDS record; `None` of another type.
    #[must_use]
    pub fn from_data(data: &Rdata<'_>) -> Option<Self> {
        let (Rdata::Ds { key_tag, algorithm, digest_type, digest }
        | Rdata::Cds { key_tag, algorithm, digest_type, digest }) = data
        else {
            return None;
        };
        let (key_tag, algorithm, digest_type) = (*key_tag, *algorithm, *digest_type);
        Some(Self { key_tag, algorithm, digest_type, digest: digest.octets().into() })
    }

    /// Returns the data of its record.
    #[must_use]
    pub fn data(&self) -> Rdata<'_> {
        let (key_tag, algorithm, digest_type) = (self.key_tag, self.algorithm, self.digest_type);
        Rdata::Ds { key_tag, algorithm, digest_type, digest: self.hex() }
    }

    /// Returns the data of a CDS record: the child asks its parent for it (RFC 7344 §3.1).
    #[must_use]
    pub fn child_data(&self) -> Rdata<'_> {
        let (key_tag, algorithm, digest_type) = (self.key_tag, self.algorithm, self.digest_type);
        Rdata::Cds { key_tag, algorithm, digest_type, digest: self.hex() }
    }

    fn hex(&self) -> Hex<'_> {
        Hex::new(&self.digest).expect("a digest is part of record data, or a hash")
    }

    /// Returns the tag of the key it is of.
    #[must_use]
    pub const fn key_tag(&self) -> u16 {
        self.key_tag
    }

    /// Returns the algorithm of the key it is of.
    #[must_use]
    pub const fn algorithm(&self) -> DnssecAlgorithm {
        self.algorithm
    }

    /// Returns the number of the hash.
    #[must_use]
    pub const fn digest_type(&self) -> u8 {
        self.digest_type
    }

    /// Whether it may be of that key, to judge by the tag and the algorithm.
    #[must_use]
    pub fn suits(&self, key: &PublicKey) -> bool {
        self.algorithm == key.algorithm && self.key_tag == key.tag()
    }

    /// Whether it is the digest of that key of that zone. A hash that is not known matches nothing.
    #[must_use]
    pub fn matches(&self, owner: &NameRef<'_>, key: &PublicKey) -> bool {
        let digest_type = DigestType::from_number(self.digest_type);
        let digest = digest_type.map(|it| it.digest(&Self::subject(owner, key)));
        self.suits(key) && digest.is_some_and(|digest| digest == self.digest)
    }

    /// RFC 4034 §5.1.4.
    fn subject(owner: &NameRef<'_>, key: &PublicKey) -> Vec<u8> {
        let mut octets = owner.to_name().to_lowercase().wire().to_vec();
        key.data().write(&mut octets);
        octets
    }
}
