//! Keys of servers in DNS: DANE for SMTP (RFC 6698, RFC 7671, RFC 7672).
use alloc::vec::Vec;

use dns_proto::{Rdata, Record};

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
    /// Reads a record; `None` if it is of no kind that SMTP uses.
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
}
