//! Passwords that were right a moment ago.
//!
//! To hash a password takes a hundredth of a second and more, by intent. Clients log in with the
//! same one for each of their connections, so what was right is remembered: as a hash with a key
//! that is nowhere but in this process, together with what is stored, so that a password that was
//! changed is forgotten at once.
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use homing::{proto_core::Secret, sasl::scram::Verifier};
use sha2::{Digest, Sha256};

/// How many are remembered before all are forgotten.
const MANY: usize = 10_000;

/// Passwords that were right.
pub(crate) struct Remembered {
    key: [u8; 32],
    hashes: Mutex<HashSet<[u8; 32]>>,
}

impl Remembered {
    /// Remembers none; the key is to be random, and told nobody.
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key, hashes: Mutex::default() }
    }

    /// Whether this is the password that was made into what is stored.
    pub(crate) fn is_of(&self, verifier: &Verifier, password: &Secret) -> bool {
        let hash = self.hash(verifier, password);
        let known = |hashes: &Mutex<HashSet<_>>| {
            hashes.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash)
        };
        if known(&self.hashes) {
            return true;
        }
        let right = verifier.is_of(password);
        if right {
            let mut hashes = self.hashes.lock().unwrap_or_else(PoisonError::into_inner);
            if hashes.len() >= MANY {
                hashes.clear();
            }
            hashes.insert(hash);
        }
        right
    }

    /// Hashes both; what is stored has no line's end in it, so one cannot be taken for the other.
    fn hash(&self, verifier: &Verifier, password: &Secret) -> [u8; 32] {
        let mut hash = Sha256::new_with_prefix(self.key);
        hash.update(format!("{verifier}\n"));
        hash.update(password.expose());
        hash.finalize().into()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use homing::sasl::scram::Hash;

    use super::*;

    #[test]
    fn a_right_password_is_remembered_until_there_is_another() {
        let of = |password| Verifier::new(Hash::Sha256, &Secret::from(password), b"salt", 1);
        let remembered = Remembered::new([7; 32]);
        let old = of("hungry").unwrap();
        for _ in 0..2 {
            assert!(remembered.is_of(&old, &Secret::from("hungry")));
            assert!(!remembered.is_of(&old, &Secret::from("thirsty")));
        }
        assert_eq!(remembered.hashes.lock().unwrap().len(), 1);
        let new = of("thirsty").unwrap();
        assert!(!remembered.is_of(&new, &Secret::from("hungry")));
        assert!(remembered.is_of(&new, &Secret::from("thirsty")));
    }
}
