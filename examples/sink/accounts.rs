//! Users and their passwords.
use std::{collections::BTreeMap, fs};

use homing::{
    proto_core::Secret,
    sasl::{
        Mechanism,
        scram::{Hash, Lookup, Verifier},
        server::Claim,
    },
};

use crate::Failure;

/// As many as RFC 7677 wants at least: this is no server for real passwords.
const ITERATIONS: u32 = 4096;

/// The users, with what a server stores for SCRAM; the other mechanisms need the password as it
/// is.
#[derive(Default)]
pub(crate) struct Accounts {
    users: BTreeMap<String, (Secret, Verifier)>,
    /// Made into salts, and into decoys for users who do not exist.
    key: [u8; 32],
}

impl Accounts {
    pub(crate) const MECHANISMS: [Mechanism; 5] = [
        Mechanism::SCRAM_SHA_256_PLUS,
        Mechanism::SCRAM_SHA_256,
        Mechanism::CRAM_MD5,
        Mechanism::PLAIN,
        Mechanism::LOGIN,
    ];

    /// Reads words of the form NAME:PASSWORD-FILE.
    pub(crate) fn read(words: &[String], key: [u8; 32]) -> Result<Self, Failure> {
        let mut accounts = Self { users: BTreeMap::new(), key };
        for word in words {
            let (name, file) = word.split_once(':').ok_or("--user wants NAME:PASSWORD-FILE")?;
            let text = fs::read_to_string(file).map_err(|e| format!("cannot read {file}: {e}"))?;
            let password = Secret::from(text.lines().next().unwrap_or_default());
            // A salt need not be secret, only unlike others; half of the key stays ours.
            let (salt, _) = key.split_at(16);
            let verifier = Verifier::new(Hash::Sha256, &password, salt, ITERATIONS)?;
            accounts.users.insert(name.into(), (password, verifier));
        }
        Ok(accounts)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    pub(crate) fn admits(&self, claim: &Claim) -> bool {
        let Some(name) = claim.authcid() else { return false };
        let Some((password, _)) = self.users.get(name) else { return false };
        claim.authzid().is_none_or(|authzid| authzid == name)
            && match claim {
                Claim::Password(credentials) => credentials.password() == password,
                Claim::Cram(cram) => cram.is_of(password),
                // The session has checked the proof.
                Claim::Proved { .. } => true,
                _ => false,
            }
    }

    pub(crate) fn verifier(&self, lookup: &Lookup) -> Verifier {
        match self.users.get(lookup.authcid()) {
            Some((_, verifier)) if verifier.hash() == lookup.hash() => verifier.clone(),
            _ => Verifier::decoy(lookup.hash(), &self.key, lookup.authcid(), ITERATIONS),
        }
    }
}
