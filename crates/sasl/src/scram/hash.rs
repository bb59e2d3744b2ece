//! The functions that RFC 5802 §2.2 names: H, HMAC and Hi.
use alloc::vec;
use alloc::vec::Vec;

use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// A hash function that SCRAM is registered with.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-1: RFC 5802.
    Sha1,
    /// SHA-256: RFC 7677.
    Sha256,
}

impl Hash {
    /// Returns how many octets a hash has.
    pub(super) const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// Returns the mechanism's name, without `-PLUS`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SCRAM-SHA-1",
            Self::Sha256 => "SCRAM-SHA-256",
        }
    }

    /// H.
    pub(super) fn hash(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(octets).to_vec(),
            Self::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }

    /// HMAC.
    pub(crate) fn hmac(self, key: &[u8], octets: &[u8]) -> Vec<u8> {
        fn run<M: Mac + KeyInit>(key: &[u8], octets: &[u8]) -> Vec<u8> {
            let mac = <M as KeyInit>::new_from_slice(key);
            let mac = mac.expect("a key of HMAC may have any length");
            mac.chain_update(octets).finalize().into_bytes().to_vec()
        }
        match self {
            Self::Sha1 => run::<Hmac<Sha1>>(key, octets),
            Self::Sha256 => run::<Hmac<Sha256>>(key, octets),
        }
    }

    /// Hi, which is PBKDF2.
    pub(super) fn iterate(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut key = vec![0; self.length()];
        match self {
            Self::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut key),
            Self::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut key),
        }
        key
    }
}

/// XOR of two hashes.
pub(super) fn xor(a: &[u8], b: &[u8]) -> Vec<u8> {
    a.iter().zip(b).map(|(a, b)| a ^ b).collect()
}
