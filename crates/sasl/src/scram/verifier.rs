//! What a server stores of a password.
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use bytes::BytesMut;
use proto_core::Secret;
use subtle::ConstantTimeEq;

use super::Hash;
use crate::{Misuse, ParseError, ParseErrorKind, base64, prepare};

/// Whose verifier a server needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lookup {
    authcid: Box<str>,
    hash: Hash,
}

impl Lookup {
    pub(super) fn new(authcid: &str, hash: Hash) -> Self {
        Self { authcid: authcid.into(), hash }
    }

    /// Returns the user's name, [prepared](crate::prepare()).
    #[must_use]
    pub fn authcid(&self) -> &str {
        &self.authcid
    }

    /// Returns the hash that the verifier has to be made with.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }
}

/// What a server stores instead of a password (RFC 5802 §3): enough to check a proof, not enough
/// to make one. Written and read as RFC 5803 has it.
///
/// ```
/// use sasl::scram::{Hash, Verifier};
///
/// let salt = b"random for each user";
/// let stored = Verifier::new(Hash::Sha256, &"pencil".into(), salt, 4096)?;
/// let text = stored.to_string();
/// assert!(text.starts_with("SCRAM-SHA-256$4096:cmFuZG9tIGZvciBlYWNoIHVzZXI=$"));
/// assert_eq!(text.parse::<Verifier>()?, stored);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Verifier {
    pub(super) hash: Hash,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
    pub(super) stored_key: Vec<u8>,
    pub(super) server_key: Vec<u8>,
}

impl Verifier {
    /// Makes a verifier of a password, which takes as long as there are iterations: 4096 is the
    /// least that RFC 7677 §4 wants, and more is better. The salt is random, 16 octets or more,
    /// and one for each user.
    ///
    /// # Errors
    /// The password is not UTF-8 or cannot be prepared, or there is no salt or no iteration.
    pub fn new(
        hash: Hash,
        password: &Secret,
        salt: &[u8],
        iterations: u32,
    ) -> Result<Self, Misuse> {
        let password = core::str::from_utf8(password.expose()).map_err(|_| Misuse::Utf8)?;
        let password = prepare(password)?;
        if salt.is_empty() || iterations == 0 {
            return Err(Misuse::Verifier);
        }
        let salted = hash.iterate(password.as_bytes(), salt, iterations);
        Ok(Self::salted(hash, &salted, salt, iterations))
    }

    /// Makes a verifier that no password fits, for a user who does not exist: to the client it
    /// looks like anybody's, and like the same each time. `key` is a secret of the server's, the
    /// same for ever; `iterations` are those of real users.
    ///
    /// ```
    /// use sasl::scram::{Hash, Verifier};
    ///
    /// let decoy = |name| Verifier::decoy(Hash::Sha256, b"a secret of ours", name, 4096);
    /// assert_eq!(decoy("nobody"), decoy("nobody"));
    /// assert_ne!(decoy("nobody"), decoy("no one"));
    /// ```
    #[must_use]
    pub fn decoy(hash: Hash, key: &[u8], authcid: &str, iterations: u32) -> Self {
        let derive = |purpose: &[u8]| hash.hmac(key, &[purpose, authcid.as_bytes()].concat());
        let salt = derive(b"salt ");
        Self {
            hash,
            salt: salt.get(..16).unwrap_or_default().to_vec(),
            iterations: iterations.max(1),
            // Its preimage, the client's key, is nobody's.
            stored_key: derive(b"stored key "),
            server_key: derive(b"server key "),
        }
    }

    /// Tells whether it was made of this password: for mechanisms that send one. It takes as long
    /// as making it.
    ///
    /// ```
    /// use sasl::scram::{Hash, Verifier};
    ///
    /// let stored = Verifier::new(Hash::Sha256, &"pencil".into(), b"salt", 4096)?;
    /// assert!(stored.is_of(&"pencil".into()) && !stored.is_of(&"pen".into()));
    /// # Ok::<_, sasl::Misuse>(())
    /// ```
    #[must_use]
    pub fn is_of(&self, password: &Secret) -> bool {
        let again = Self::new(self.hash, password, &self.salt, self.iterations);
        again.is_ok_and(|again| bool::from(again.stored_key.ct_eq(&self.stored_key)))
    }

    /// Returns the hash that it is made with.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns how many iterations it takes to make it of the password.
    #[must_use]
    pub const fn iterations(&self) -> u32 {
        self.iterations
    }

    pub(super) fn salted(hash: Hash, salted: &[u8], salt: &[u8], iterations: u32) -> Self {
        let stored_key = hash.hash(&hash.hmac(salted, b"Client Key"));
        let server_key = hash.hmac(salted, b"Server Key");
        Self { hash, salt: salt.to_vec(), iterations, stored_key, server_key }
    }
}

/// `SCRAM-SHA-256$4096:SALT$STOREDKEY:SERVERKEY` (RFC 5803 §2 and §3).
impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] = [&self.salt, &self.stored_key, &self.server_key].map(|part| {
            let mut text = BytesMut::new();
            base64::write(part, &mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        write!(f, "{}${}:{salt}${stored}:{server}", self.hash.name(), self.iterations)
    }
}

impl FromStr for Verifier {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError::new(ParseErrorKind::Verifier, 0);
        let mut parts = text.split(['$', ':']);
        let (Some(name), Some(iterations), Some(salt), Some(stored), Some(server), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(error);
        };
        let hash = [Hash::Sha1, Hash::Sha256].into_iter().find(|hash| hash.name() == name);
        let hash = hash.ok_or(error)?;
        let octets = |part: &str| Ok(base64::parse(part.as_bytes())?.expose().to_vec());
        let key = |part| octets(part).and_then(|key| sized(key, hash).ok_or(error));
        let verifier = Self {
            hash,
            salt: octets(salt)?,
            iterations: super::message::number(iterations).ok_or(error)?,
            stored_key: key(stored)?,
            server_key: key(server)?,
        };
        if verifier.salt.is_empty() { Err(error) } else { Ok(verifier) }
    }
}

fn sized(key: Vec<u8>, hash: Hash) -> Option<Vec<u8>> {
    (key.len() == hash.length()).then_some(key)
}

/// Whoever has it can pretend to be the server.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({}, {} iterations)", self.hash.name(), self.iterations)
    }
}
