//! What validation comes to (RFC 4035 §4.3).
use alloc::vec::Vec;

use crate::name::Name;
use crate::number::{ExtendedError, Rcode, RecordType};

/// What is to be thought of an answer.
///
/// The four of RFC 4035 §4.3, and no fifth: exhaustive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// A chain of signatures leads from a trust anchor to everything in the answer.
    Secure(Secure),
    /// Something in the answer is in a zone that is proven not to be signed, or is signed in a way
    /// that we cannot or shall not check. Believe it as one believes DNS without signatures.
    Insecure(Insecure),
    /// It should be signed, and is not, or wrongly: withhold it, and answer SERVFAIL.
    Bogus(Bogus),
    /// No trust anchor is above it: nobody can say.
    Indeterminate,
}

impl Verdict {
    /// Whether the answer may be called authentic: the AD bit (RFC 4035 §3.2.3).
    #[must_use]
    pub const fn is_authentic(&self) -> bool {
        matches!(self, Self::Secure(_))
    }

    /// Whether the answer must be withheld from a client; who has `checking_disabled` (CD) gets
    /// even what is bogus, and judges by itself (RFC 4035 §3.2.2).
    #[must_use]
    pub const fn withholds(&self, checking_disabled: bool) -> bool {
        matches!(self, Self::Bogus(_)) && !checking_disabled
    }

    /// Returns the extended error that says why (RFC 8914), if there is one to say.
    #[must_use]
    pub const fn extended_error(&self) -> Option<ExtendedError> {
        match self {
            Self::Bogus(reason) => Some(reason.extended_error()),
            Self::Insecure(reason) => reason.extended_error(),
            Self::Secure(_) | Self::Indeterminate => None,
        }
    }
}

/// What is known of a secure answer.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Secure {
    /// Seconds for which the answer may be kept: the least TTL, received and signed, and no longer
    /// than any signature is valid (RFC 4035 §5.3.3).
    pub ttl: u32,
    /// What the proofs say of the last name of the chain; servers err in the rcode of a name with
    /// nothing but names below it (RFC 8020 §3.1).
    pub rcode: Rcode,
    /// Owners of RRsets that were made from a wildcard: not to be used for other names.
    pub wildcards: Vec<Name>,
    /// Every RRset that was verified: the answer's, and the proofs that something is not there. A
    /// cache may answer from those by itself (RFC 8198).
    pub sets: Vec<SecureSet>,
}

/// An RRset that was verified.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SecureSet {
    /// Whose it is.
    pub owner: Name,
    /// Its type.
    pub rtype: RecordType,
    /// Seconds for which it may be kept (RFC 4035 §5.3.3).
    pub ttl: u32,
}

/// Why an answer cannot be secure.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Insecure {
    /// The parent proves that it has no DS for the zone (RFC 4035 §5.2).
    #[error("zone is not signed")]
    Unsigned,
    /// No DS is of an algorithm and a digest that can be and may be verified (RFC 4035 §5.2).
    #[error("algorithm is not supported")]
    Algorithm,
    /// No DS has a digest that can be and may be verified (RFC 4509, RFC 6840 §5.2).
    #[error("digest is not supported")]
    Digest,
    /// The name may be an unsigned delegation that NSEC3 opts out of proving (RFC 5155 §6).
    #[error("name is opted out of the proof")]
    OptOut,
    /// Proving costs more iterations than [`Limits::iterations`](super::Limits) (RFC 9276 §3.2).
    #[error("nsec3 has too many iterations")]
    Iterations,
    /// A negative trust anchor is above it (RFC 7646).
    #[error("negative trust anchor")]
    NegativeAnchor,
    /// It is of a type that is never signed (RFC 4035 §2.2).
    #[error("type is never signed")]
    Unsignable,
}

impl Insecure {
    /// Returns the extended error that says why (RFC 8914), if there is one to say.
    #[must_use]
    pub const fn extended_error(self) -> Option<ExtendedError> {
        match self {
            Self::Algorithm => Some(ExtendedError::DNSKEY_ALGORITHM),
            Self::Digest => Some(ExtendedError::DS_DIGEST),
            Self::Iterations => Some(ExtendedError::NSEC3_ITERATIONS),
            _ => None,
        }
    }
}

/// What is wrong with an answer that should be secure. The later ones are nearer to success: of
/// several signatures' flaws the last in this order is told.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, thiserror::Error)]
#[non_exhaustive]
pub enum Bogus {
    /// It is not signed.
    #[error("signature is missing")]
    Missing,
    /// It is signed by another zone.
    #[error("signature is another zone's")]
    Signer,
    /// It is signed with an algorithm that the zone does not promise, or we do not support.
    #[error("signature is of an unsupported algorithm")]
    Algorithm,
    /// None of the zone's keys made the signature.
    #[error("key of the signature is missing")]
    Key,
    /// A signature has more labels than the name it signs (RFC 4035 §5.3.1).
    #[error("signature has too many labels")]
    Labels,
    /// A signature ends before it begins.
    #[error("signature expires before it is valid")]
    ExpiredBeforeValid,
    /// A signature is not valid any more.
    #[error("signature has expired")]
    Expired,
    /// A signature is not valid yet.
    #[error("signature is not valid yet")]
    NotYetValid,
    /// A signature is wrong.
    #[error("signature is wrong")]
    Wrong,
    /// No key of the zone is the one that its parent or the trust anchor names.
    #[error("no key matches the parent's digest")]
    Digest,
    /// The keys that the parent names are not zone keys, or are revoked.
    #[error("key is no zone key")]
    ZoneKey,
    /// That something is not there is not proven.
    #[error("proof of absence is missing")]
    Denial,
    /// That a wildcard was meant is not proven (RFC 4035 §5.3.4).
    #[error("proof of a wildcard is missing")]
    Wildcard,
    /// An alias is not what the DNAME record makes of the name (RFC 6672 §5.3.1).
    #[error("alias does not follow from dname")]
    Synthesis,
    /// The answer has an rcode that nothing can prove.
    #[error("answer is a failure")]
    Failure,
    /// The keys that the parent has digests of cannot be had.
    #[error("key cannot be had")]
    Unobtainable,
    /// Nobody says whether the parent has a digest.
    #[error("digest cannot be had")]
    Unreachable,
    /// It would take more work than the [`Limits`](super::Limits) allow.
    #[error("validation is too much work")]
    Effort,
}

impl Bogus {
    /// Returns the extended error that says it (RFC 8914).
    #[must_use]
    pub const fn extended_error(self) -> ExtendedError {
        match self {
            Self::Missing => ExtendedError::RRSIGS_MISSING,
            Self::Key | Self::Digest | Self::Unobtainable => ExtendedError::DNSKEY_MISSING,
            Self::ExpiredBeforeValid => ExtendedError::SIGNATURE_EXPIRED_BEFORE_VALID,
            Self::Expired => ExtendedError::SIGNATURE_EXPIRED,
            Self::NotYetValid => ExtendedError::SIGNATURE_NOT_YET_VALID,
            Self::ZoneKey => ExtendedError::NO_ZONE_KEY,
            Self::Denial => ExtendedError::NSEC_MISSING,
            Self::Unreachable => ExtendedError::NETWORK_ERROR,
            _ => ExtendedError::BOGUS,
        }
    }
}
