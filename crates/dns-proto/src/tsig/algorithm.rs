//! The algorithms (RFC 8945 §6).
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};

use crate::error::{ParseError, ParseErrorKind};

/// An HMAC and how much of it is sent.
///
/// ```
/// use dns_proto::tsig::Algorithm;
///
/// assert_eq!("hmac-sha256".parse(), Ok(Algorithm::HmacSha256));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// MD5, which must not be used any more; for old peers.
    HmacMd5,
    /// SHA-1.
    HmacSha1,
    /// SHA-224.
    HmacSha224,
    /// SHA-256: what everybody has.
    HmacSha256,
    /// SHA-256, cut to 128 bits.
    HmacSha256_128,
    /// SHA-384.
    HmacSha384,
    /// SHA-384, cut to 192 bits.
    HmacSha384_192,
    /// SHA-512.
    HmacSha512,
    /// SHA-512, cut to 256 bits.
    HmacSha512_256,
}

/// Algorithm, name as text and on the wire, octets of the hash, octets that are sent.
type Row = (Algorithm, &'static str, &'static [u8], usize, usize);

const TABLE: [Row; 9] = [
    (Algorithm::HmacMd5, "hmac-md5", b"\x08hmac-md5\x07sig-alg\x03reg\x03int\0", 16, 16),
    (Algorithm::HmacSha1, "hmac-sha1", b"\x09hmac-sha1\0", 20, 20),
    (Algorithm::HmacSha224, "hmac-sha224", b"\x0bhmac-sha224\0", 28, 28),
    (Algorithm::HmacSha256, "hmac-sha256", b"\x0bhmac-sha256\0", 32, 32),
    (Algorithm::HmacSha256_128, "hmac-sha256-128", b"\x0fhmac-sha256-128\0", 32, 16),
    (Algorithm::HmacSha384, "hmac-sha384", b"\x0bhmac-sha384\0", 48, 48),
    (Algorithm::HmacSha384_192, "hmac-sha384-192", b"\x0fhmac-sha384-192\0", 48, 24),
    (Algorithm::HmacSha512, "hmac-sha512", b"\x0bhmac-sha512\0", 64, 64),
    (Algorithm::HmacSha512_256, "hmac-sha512-256", b"\x0fhmac-sha512-256\0", 64, 32),
];

impl Algorithm {
    fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.0 == self).expect("the table has every algorithm")
    }

    pub(super) fn from_wire(wire: &[u8]) -> Option<Self> {
        TABLE.iter().find(|row| row.2.eq_ignore_ascii_case(wire)).map(|row| row.0)
    }

    pub(super) fn wire(self) -> &'static [u8] {
        self.row().2
    }

    /// Octets of a MAC as it is sent.
    pub(super) fn output(self) -> usize {
        self.row().4
    }

    /// Octets of the longest MAC.
    pub(super) fn hash(self) -> usize {
        self.row().3
    }

    /// RFC 8945 §5.2.2.1: no MAC may be shorter.
    pub(super) fn least(self) -> usize {
        (self.hash() / 2).max(10)
    }

    /// Computes the MAC of all parts in a row, uncut.
    pub(super) fn mac(self, secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::HmacMd5 => mac::<Hmac<md5::Md5>>(secret, parts),
            Self::HmacSha1 => mac::<Hmac<sha1::Sha1>>(secret, parts),
            Self::HmacSha224 => mac::<Hmac<sha2::Sha224>>(secret, parts),
            Self::HmacSha256 | Self::HmacSha256_128 => mac::<Hmac<sha2::Sha256>>(secret, parts),
            Self::HmacSha384 | Self::HmacSha384_192 => mac::<Hmac<sha2::Sha384>>(secret, parts),
            Self::HmacSha512 | Self::HmacSha512_256 => mac::<Hmac<sha2::Sha512>>(secret, parts),
        }
    }
}

fn mac<M: Mac + KeyInit>(secret: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(secret).expect("an HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().1)
    }
}

impl FromStr for Algorithm {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let name = text.trim_end_matches('.');
        let name = name.strip_suffix(".sig-alg.reg.int").unwrap_or(name);
        let row = TABLE.iter().find(|row| row.1.eq_ignore_ascii_case(name));
        row.map(|row| row.0).ok_or(ParseError::new(ParseErrorKind::Mnemonic, 0))
    }
}
