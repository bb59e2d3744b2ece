//! RSA with PKCS #1 v1.5 padding (RFC 8017 §8.2), over the numbers of `crypto-bigint`.
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// Octets of the modulus: 512 to 4096 bits (RFC 3110 §2, RFC 5702 §2).
const MODULUS: core::ops::RangeInclusive<usize> = 64..=512;
/// Bits of the public exponent, as in BIND: a longer one only makes verification dear.
const EXPONENT: u32 = 35;

/// The hash that is signed.
#[derive(Clone, Copy)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

impl Hash {
    /// The digest after the DER of its `DigestInfo` (RFC 8017 §9.2, note 1).
    fn info(self, message: &[u8]) -> Vec<u8> {
        const SHA1: &[u8] = b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
        const SHA256: &[u8] =
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
        const SHA512: &[u8] =
            b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";
        match self {
            Self::Sha1 => [SHA1, &Sha1::digest(message)].concat(),
            Self::Sha256 => [SHA256, &Sha256::digest(message)].concat(),
            Self::Sha512 => [SHA512, &Sha512::digest(message)].concat(),
        }
    }

    /// The whole block that the private key is applied to; `None` if the modulus is too short.
    fn padded(self, message: &[u8], length: usize) -> Option<Vec<u8>> {
        let info = self.info(message);
        // RFC 8017 §9.2 step 3: at least eight octets of padding.
        let padding = length.checked_sub(info.len() + 3).filter(|padding| *padding >= 8)?;
        Some([&[0, 1][..], &vec![0xff; padding], &[0], &info].concat())
    }
}

/// Splits the key of a DNSKEY record into exponent and modulus (RFC 3110 §2).
pub(super) fn split(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match key {
        [0, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [length, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    let (exponent, modulus) = rest.split_at_checked(length)?;
    let leading = modulus.iter().take_while(|octet| **octet == 0).count();
    Some((exponent, modulus.get(leading..)?))
}

/// Whether the key made the signature. What should have been signed is made and compared whole, so
/// no padding is ever parsed.
pub(super) fn verify(key: &[u8], hash: Hash, message: &[u8], signature: &[u8]) -> bool {
    let check = || {
        let (exponent, modulus) = split(key).filter(|(_, it)| MODULUS.contains(&it.len()))?;
        let exponent = BoxedUint::from_be_slice_vartime(exponent);
        if exponent.bits_vartime() > EXPONENT || signature.len() != modulus.len() {
            return None;
        }
        let block = power(signature, &exponent, EXPONENT, modulus)?;
        Some(*block == *hash.padded(message, modulus.len())?)
    };
    check().unwrap_or(false)
}

/// Signs with the private exponent, in time that does not depend on it.
pub(super) fn sign(
    private: &[u8],
    modulus: &[u8],
    hash: Hash,
    message: &[u8],
) -> Option<Box<[u8]>> {
    let block = hash.padded(message, modulus.len())?;
    let exponent = BoxedUint::from_be_slice_vartime(private);
    let bits = u32::try_from(modulus.len()).ok()? * 8;
    (exponent.bits_vartime() <= bits).then_some(())?;
    power(&block, &exponent, bits, modulus)
}

/// Raises to a power of at most so many bits; `None` if the base is no residue or the modulus even.
fn power(base: &[u8], exponent: &BoxedUint, bits: u32, modulus: &[u8]) -> Option<Box<[u8]>> {
    let length = modulus.len();
    let number = BoxedUint::from_be_slice_vartime(modulus);
    let precision = number.bits_precision();
    let base = BoxedUint::from_be_slice(base, precision).ok().filter(|base| *base < number)?;
    let odd = Option::<Odd<BoxedUint>>::from(Odd::new(number))?;
    let form = BoxedMontyForm::new(base, &BoxedMontyParams::new_vartime(odd));
    let octets = form.pow_bounded_exp(exponent, bits).retrieve().to_be_bytes();
    octets.get(octets.len().checked_sub(length)?..).map(Box::from)
}
