//! The one user, and every way to be that.
use homing::{
    pop3::server::Login,
    proto_core::Secret,
    sasl::{
        Credentials, Mechanism, Misuse,
        scram::{Hash, Lookup, Verifier},
        server::Claim,
    },
};

/// As many as RFC 7677 wants at least: this is no server for real passwords.
const ITERATIONS: u32 = 4096;

/// The user, with what a server stores for SCRAM; the others need the password as it is.
pub(crate) struct Account {
    user: String,
    password: Secret,
    /// Made into salts, and into decoys for users who do not exist.
    key: [u8; 32],
    verifiers: [Verifier; 2],
}

impl Account {
    pub(crate) const MECHANISMS: [Mechanism; 7] = [
        Mechanism::SCRAM_SHA_256_PLUS,
        Mechanism::SCRAM_SHA_1_PLUS,
        Mechanism::SCRAM_SHA_256,
        Mechanism::SCRAM_SHA_1,
        Mechanism::CRAM_MD5,
        Mechanism::PLAIN,
        Mechanism::LOGIN,
    ];

    pub(crate) fn new(user: String, password: &str, key: [u8; 32]) -> Result<Self, Misuse> {
        let password = Secret::from(password);
        // A salt need not be secret, only unlike others; half of the key stays ours.
        let (salt, _) = key.split_at(16);
        let verifier = |hash| Verifier::new(hash, &password, salt, ITERATIONS);
        let verifiers = [verifier(Hash::Sha256)?, verifier(Hash::Sha1)?];
        Ok(Self { user, password, key, verifiers })
    }

    pub(crate) fn admits(&self, login: &Login) -> bool {
        match login {
            Login::Password { user, password } => {
                user.as_bytes() == self.user.as_bytes() && *password == self.password
            }
            Login::Sasl(Claim::Password(credentials)) => self.is_right(credentials),
            Login::Sasl(Claim::Cram(cram)) => {
                cram.authcid() == self.user && cram.is_of(&self.password)
            }
            // The session has checked the proof.
            Login::Sasl(Claim::Proved { authzid, .. }) => {
                authzid.as_deref().is_none_or(|authzid| authzid == self.user)
            }
            _ => false,
        }
    }

    pub(crate) fn verifier(&self, lookup: &Lookup) -> Verifier {
        let known = self.verifiers.iter().find(|known| known.hash() == lookup.hash());
        match known {
            Some(verifier) if lookup.authcid() == self.user => verifier.clone(),
            _ => Verifier::decoy(lookup.hash(), &self.key, lookup.authcid(), ITERATIONS),
        }
    }

    fn is_right(&self, credentials: &Credentials) -> bool {
        let same = |authzid: &str| authzid == self.user;
        credentials.authcid() == self.user
            && credentials.authzid().is_none_or(same)
            && *credentials.password() == self.password
    }
}
