//! What all connections have in common, and who may come in.
use std::{net::IpAddr, path::PathBuf, sync::Arc};

use homing::{
    proto_core::{
        Secret,
        tokio::{Shutdown, tls::TlsAcceptor},
    },
    sasl::{
        Mechanism,
        scram::{Hash, Lookup, Verifier},
        server::Claim,
    },
    smtp::Mailbox,
};
use tokio::task::spawn_blocking;
use tracing::error;

use crate::{
    database::Failure,
    imap::Offers,
    metrics::Metrics,
    pop3::Locks,
    relay::Relay,
    remembered::Remembered,
    store::{Store, User},
};

/// How often a password is hashed. OWASP asks for 600,000 with SHA-256, which takes a third of a
/// second for each login; who guesses over the network is slow enough with less.
const ITERATIONS: u32 = 60_000;

/// What the host is, and who lives there.
pub(crate) struct Directory {
    /// What it calls itself: the first of its domains.
    pub(crate) name: String,
    /// Where its users receive mail, in lower case.
    pub(crate) domains: Vec<String>,
    /// Where its files are.
    pub(crate) data: PathBuf,
}

/// What all connections have in common.
pub(crate) struct Host {
    pub(crate) directory: Arc<Directory>,
    pub(crate) store: Store,
    pub(crate) relay: Relay,
    /// What sessions of IMAP offer.
    pub(crate) imap: Offers,
    pub(crate) tls: Option<TlsAcceptor>,
    /// Whether passwords may come in clear from everywhere.
    pub(crate) clear_passwords: bool,
    pub(crate) pop3_locks: Locks,
    /// Made into decoys for users who do not exist.
    pub(crate) key: [u8; 32],
    pub(crate) remembered: Remembered,
    pub(crate) shutdown: Shutdown,
    pub(crate) metrics: Metrics,
    /// Whether dialogues are logged.
    pub(crate) transcripts: bool,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// It is not this name and password.
    Wrong,
    /// Nobody knows: the store is away.
    Unavailable,
}

impl Host {
    /// The mechanisms that need no more than what is stored: not CRAM-MD5, which needs the
    /// password itself.
    pub(crate) const MECHANISMS: [Mechanism; 4] = [
        Mechanism::SCRAM_SHA_256_PLUS,
        Mechanism::SCRAM_SHA_256,
        Mechanism::PLAIN,
        Mechanism::LOGIN,
    ];

    /// Whether passwords may come in clear from there. From this machine they may: there is
    /// nobody between who could read them.
    pub(crate) const fn takes_clear_passwords(&self, peer: IpAddr) -> bool {
        self.clear_passwords || peer.to_canonical().is_loopback()
    }

    /// Makes what is stored of a password.
    pub(crate) fn verifier_of(password: &Secret, salt: &[u8]) -> Result<Verifier, String> {
        let made = Verifier::new(Hash::Sha256, password, salt, ITERATIONS);
        made.map_err(|error| format!("that cannot be a password: {error}"))
    }

    /// Lets somebody in who gives a password, or has proved one.
    pub(crate) async fn admit(self: &Arc<Self>, claim: Claim) -> Result<User, Refused> {
        let name = claim.authcid().ok_or(Refused::Wrong)?.to_owned();
        let authzid = claim.authzid().map(str::to_owned);
        let password = match claim {
            Claim::Password(credentials) => Some(credentials.password().clone()),
            // The session has checked the proof.
            Claim::Proved { .. } => None,
            _ => return Err(Refused::Wrong),
        };
        let host = Arc::clone(self);
        let found =
            spawn_blocking(move || host.check(&name, password.as_ref(), authzid.as_deref()));
        let admitted = found.await.unwrap_or(Err(Refused::Unavailable));
        self.metrics.login(admitted.is_ok());
        admitted
    }

    fn check(
        &self,
        name: &str,
        password: Option<&Secret>,
        authzid: Option<&str>,
    ) -> Result<User, Refused> {
        let (user, verifier) = self.stored(name)?.ok_or_else(|| {
            // As long as for somebody who exists.
            let decoy = Verifier::decoy(Hash::Sha256, &self.key, name, ITERATIONS);
            password.map(|password| decoy.is_of(password));
            Refused::Wrong
        })?;
        // Nobody acts for somebody else here.
        if authzid.is_some_and(|other| {
            self.directory.local_name(other) != self.directory.local_name(name)
        }) {
            return Err(Refused::Wrong);
        }
        let right = password.is_none_or(|it| self.remembered.is_of(&verifier, it));
        if right { Ok(user) } else { Err(Refused::Wrong) }
    }

    /// Finds what is stored of a password, for SCRAM; of who does not exist, a decoy.
    pub(crate) async fn lookup(self: &Arc<Self>, lookup: &Lookup) -> Option<Verifier> {
        let (host, name, hash) = (Arc::clone(self), lookup.authcid().to_owned(), lookup.hash());
        let found = spawn_blocking(move || host.stored(&name)).await.ok()?.ok()?;
        Some(match found {
            Some((_, verifier)) if verifier.hash() == hash => verifier,
            _ => Verifier::decoy(hash, &self.key, lookup.authcid(), ITERATIONS),
        })
    }

    fn stored(&self, name: &str) -> Result<Option<(User, Verifier)>, Refused> {
        let found = self.store.verifier(name).and_then(|found| match found {
            None if self.directory.local_name(name) != name => {
                self.store.verifier(self.directory.local_name(name))
            }
            found => Ok(found),
        });
        found.map_err(|error| {
            error!(%error, "a password cannot be checked");
            Refused::Unavailable
        })
    }
}

impl Directory {
    /// Takes one of our domains off a name.
    fn local_name<'a>(&self, name: &'a str) -> &'a str {
        match name.rsplit_once('@') {
            Some((local, domain)) if self.is_ours(domain) => local,
            _ => name,
        }
    }

    pub(crate) fn is_ours(&self, domain: &str) -> bool {
        self.domains.iter().any(|ours| ours.eq_ignore_ascii_case(domain))
    }

    /// Finds who receives what is sent to an address of ours: who has it as a name, or has its
    /// local part, which may go on after a `+` (RFC 5233).
    pub(crate) fn receiver(&self, store: &Store, to: &Mailbox) -> Result<Option<User>, Failure> {
        let local = to.unquoted_local_part();
        let base = local.split_once('+').map_or(&*local, |(base, _)| base);
        let names = [format!("{local}@{}", to.domain()), local.to_string(), base.to_owned()];
        for name in names {
            if let Some(user) = store.user(&name)? {
                return Ok(Some(user));
            }
        }
        Ok(None)
    }

    /// Finds who reads what is for the postmaster (RFC 5321 §4.5.1): the user of that name, or the
    /// first of all.
    pub(crate) fn postmaster(&self, store: &Store) -> Result<Option<User>, Failure> {
        match store.user("postmaster")? {
            Some(user) => Ok(Some(user)),
            None => Ok(store.users()?.into_iter().next()),
        }
    }
}
