//! Keys that sign, and BIND's files of them.
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use chacha20::ChaCha12Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use ed25519_dalek::Signer as _;
use proto_core::Secret;

use super::key::PublicKey;
use super::rsa::{self, Hash};
use crate::error::{Misuse, ParseError, ParseErrorKind};
use crate::number::DnssecAlgorithm;
use crate::text::codec::{Base, Decoder, print};

/// A key that signs: the private one, and the public one that a DNSKEY record shows.
///
/// ```
/// use dns_proto::DnssecAlgorithm;
/// use dns_proto::dnssec::KeyPair;
///
/// // The seed is the operating system's, in earnest, and kept by nobody.
/// let pair = KeyPair::generate(DnssecAlgorithm::ED25519, true, [7; 32])?;
/// let signature = pair.sign(b"www.hamburger.edu");
/// assert!(pair.public().verify(b"www.hamburger.edu", &signature));
///
/// let file = pair.export();
/// let text = core::str::from_utf8(file.expose())?;
/// assert!(text.starts_with("Private-key-format: v1.3\nAlgorithm: 15 (ED25519)\nPrivateKey: "));
/// assert_eq!(KeyPair::import(pair.public().clone(), text)?.public(), pair.public());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyPair {
    public: PublicKey,
    private: Private,
}

/// The half that is not shown.
#[derive(Clone)]
enum Private {
    Rsa(RsaNumbers),
    P256(p256::ecdsa::SigningKey),
    P384(Box<p384::ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// All numbers of the file, as signing needs one and other programs the others.
#[derive(Clone)]
struct RsaNumbers(Vec<(&'static str, Secret)>);

/// The numbers of an RSA key, in the order of the file.
const RSA: [&str; 8] = [
    "Modulus",
    "PublicExponent",
    "PrivateExponent",
    "Prime1",
    "Prime2",
    "Exponent1",
    "Exponent2",
    "Coefficient",
];

/// Prints the public half.
impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyPair").field(&self.public).finish()
    }
}

impl KeyPair {
    /// Makes a key of a seed nobody else can know; `entry_point` says that it is to sign keys.
    ///
    /// # Errors
    ///
    /// [`Misuse::Algorithm`] unless it is ECDSA or Ed25519. RSA keys are imported, not made: who
    /// makes a key has no reason to take RSA (RFC 8624 §3.1).
    pub fn generate(
        algorithm: DnssecAlgorithm,
        entry_point: bool,
        seed: [u8; 32],
    ) -> Result<Self, Misuse> {
        let mut random = ChaCha12Rng::from_seed(seed);
        // A number beyond the curve's order is drawn again; one in 2³² is.
        for _ in 0..8 {
            let mut octets = [0; 48];
            random.fill_bytes(&mut octets);
            let octets = octets.get(..secret_len(algorithm).ok_or(Misuse::Algorithm)?);
            if let Some(private) = octets.and_then(|octets| Private::read(algorithm, octets)) {
                let key = private.public();
                return Ok(Self { public: PublicKey::new(algorithm, entry_point, key), private });
            }
        }
        Err(Misuse::Algorithm)
    }

    /// Reads a private key from the text of a file `K*.private` of BIND (format 1.2 or 1.3), which
    /// ldns, Knot and others write too; the public key is that of the file `K*.key` beside it.
    ///
    /// # Errors
    ///
    /// When the text is no such file, or of another key; the offset is that of the line.
    pub fn import(public: PublicKey, text: &str) -> Result<Self, ParseError> {
        let error = |expected, at| ParseError::new(ParseErrorKind::Expected(expected), at);
        let file = File(text);
        let (version, at) = file.value("Private-key-format").ok_or(error("a private key", 0))?;
        if !matches!(version, "v1.2" | "v1.3") {
            return Err(error("format v1.2 or v1.3", at));
        }
        let (number, at) = file.value("Algorithm").ok_or(error("Algorithm", text.len()))?;
        let number = number.split(' ').next().and_then(|number| number.parse().ok());
        if number != Some(public.algorithm().number()) {
            return Err(error("the public key's algorithm", at));
        }
        let private = match public.algorithm() {
            DnssecAlgorithm::RSASHA1
            | DnssecAlgorithm::RSASHA1_NSEC3_SHA1
            | DnssecAlgorithm::RSASHA256
            | DnssecAlgorithm::RSASHA512 => {
                let number = |name: &'static str| Some((name, file.octets(name)?.into()));
                let all: Option<Vec<_>> = RSA.into_iter().map(number).collect();
                Private::Rsa(RsaNumbers(all.ok_or(error("the numbers of an RSA key", text.len()))?))
            }
            algorithm => {
                let octets = file.octets("PrivateKey").ok_or(error("PrivateKey", text.len()))?;
                let private = Private::read(algorithm, &octets);
                private.ok_or(error("a private key of the algorithm", text.len()))?
            }
        };
        if !private.belongs_to(&public) {
            return Err(error("the private key of the public one", 0));
        }
        Ok(Self { public, private })
    }

    /// Writes the text of a file `K*.private` of BIND, format 1.3.
    #[must_use]
    pub fn export(&self) -> Secret {
        let algorithm = self.public.algorithm();
        let mut text = alloc::format!(
            "Private-key-format: v1.3\nAlgorithm: {} ({algorithm})\n",
            algorithm.number()
        );
        match &self.private {
            Private::Rsa(RsaNumbers(all)) => {
                all.iter().for_each(|(name, octets)| put_line(&mut text, name, octets.expose()));
            }
            Private::P256(key) => put_line(&mut text, "PrivateKey", &key.to_bytes()),
            Private::P384(key) => put_line(&mut text, "PrivateKey", &key.to_bytes()),
            Private::Ed25519(key) => put_line(&mut text, "PrivateKey", key.as_bytes()),
        }
        text.into_bytes().into()
    }

    /// Returns the public key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Returns the same key, revoked (RFC 5011 §2.1): it has another tag then.
    #[must_use]
    pub fn revoked(&self) -> Self {
        Self { public: self.public.revoked(), private: self.private.clone() }
    }

    /// Signs octets, always in the same way (ECDSA by RFC 6979).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.private {
            Private::Rsa(numbers) => numbers.sign(self.public.algorithm(), message),
            Private::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Private::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
            Private::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }
}

const fn secret_len(algorithm: DnssecAlgorithm) -> Option<usize> {
    match algorithm {
        DnssecAlgorithm::ECDSAP256SHA256 | DnssecAlgorithm::ED25519 => Some(32),
        DnssecAlgorithm::ECDSAP384SHA384 => Some(48),
        _ => None,
    }
}

impl Private {
    fn read(algorithm: DnssecAlgorithm, octets: &[u8]) -> Option<Self> {
        match algorithm {
            DnssecAlgorithm::ECDSAP256SHA256 => {
                p256::ecdsa::SigningKey::from_slice(octets).ok().map(Self::P256)
            }
            DnssecAlgorithm::ECDSAP384SHA384 => {
                let key = p384::ecdsa::SigningKey::from_slice(octets).ok()?;
                Some(Self::P384(Box::new(key)))
            }
            DnssecAlgorithm::ED25519 => {
                let key = ed25519_dalek::SigningKey::from_bytes(octets.try_into().ok()?);
                Some(Self::Ed25519(Box::new(key)))
            }
            _ => None,
        }
    }

    /// The public key as its record has it.
    fn public(&self) -> Vec<u8> {
        // Without the octet that says the point is uncompressed (RFC 6605 §4).
        let bare = |point: &[u8]| point.split_first().map(|(_, rest)| rest.to_vec());
        match self {
            Self::Rsa(numbers) => numbers.public(),
            Self::P256(key) => {
                bare(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap_or_default()
            }
            Self::P384(key) => {
                bare(key.verifying_key().to_sec1_point(false).as_bytes()).unwrap_or_default()
            }
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        }
    }

    fn belongs_to(&self, public: &PublicKey) -> bool {
        match self {
            Self::Rsa(numbers) => {
                let signature = numbers.sign(public.algorithm(), b"");
                rsa::split(public.octets()).is_some_and(|(_, modulus)| modulus == numbers.modulus())
                    && public.verify(b"", &signature)
            }
            other => other.public() == public.octets(),
        }
    }
}

impl RsaNumbers {
    fn number(&self, name: &str) -> &[u8] {
        let found = self.0.iter().find(|(own, _)| *own == name);
        let octets = found.map(|(_, octets)| octets.expose()).unwrap_or_default();
        let leading = octets.iter().take_while(|octet| **octet == 0).count();
        octets.get(leading..).unwrap_or_default()
    }

    fn modulus(&self) -> &[u8] {
        self.number("Modulus")
    }

    /// RFC 3110 §2.
    fn public(&self) -> Vec<u8> {
        let exponent = self.number("PublicExponent");
        let mut out = match u8::try_from(exponent.len()) {
            Ok(length) => alloc::vec![length],
            Err(_) => [&[0][..], &u16::try_from(exponent.len()).unwrap_or_default().to_be_bytes()]
                .concat(),
        };
        out.extend_from_slice(exponent);
        out.extend_from_slice(self.modulus());
        out
    }

    fn sign(&self, algorithm: DnssecAlgorithm, message: &[u8]) -> Vec<u8> {
        let hash = match algorithm {
            DnssecAlgorithm::RSASHA256 => Hash::Sha256,
            DnssecAlgorithm::RSASHA512 => Hash::Sha512,
            _ => Hash::Sha1,
        };
        let signature = rsa::sign(self.number("PrivateExponent"), self.modulus(), hash, message);
        // A key that cannot sign was not imported, as it was tried.
        signature.unwrap_or_default().into_vec()
    }
}

/// Lines of a name, a colon and a value.
struct File<'t>(&'t str);

impl<'t> File<'t> {
    fn value(&self, name: &str) -> Option<(&'t str, usize)> {
        let mut at = 0;
        for line in self.0.split_inclusive('\n') {
            if let Some((own, value)) = line.split_once(':')
                && own == name
            {
                return Some((value.trim(), at));
            }
            at += line.len();
        }
        None
    }

    fn octets(&self, name: &str) -> Option<Vec<u8>> {
        let (mut decoder, mut out) = (Decoder::new(Base::Base64), Vec::new());
        decoder.push(self.value(name)?.0.as_bytes(), &mut out)?;
        decoder.is_whole().then_some(out)
    }
}

fn put_line(text: &mut String, name: &str, octets: &[u8]) {
    struct Base64<'o>(&'o [u8]);
    impl fmt::Display for Base64<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            print(f, self.0, Base::Base64)
        }
    }
    *text += &alloc::format!("{name}: {}\n", Base64(octets));
}
