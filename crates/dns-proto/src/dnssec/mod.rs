//! DNSSEC (RFC 4033, 4034, 4035, 5155, 6840, 9364): which answers are to be believed, and signing
//! (feature `dnssec`).
//!
//! A [`Validator`] is a machine for one answer: it says which DS and DNSKEY records it needs to
//! see, is given them, and comes to a [`Verdict`]. [`Trust`] is what all validations share: trust
//! anchors, and the zones whose keys are known. Neither has sockets or a clock; time is seconds
//! since 1970, passed in.
//!
//! ```text
//! Trust: anchors, negative anchors, known zones
//!    ▲ │ walk                    poll(&mut trust, now)
//!    │ ▼                    ┌──────────────────────────────▶ Need { name, DS or DNSKEY }
//! Validator: plan of tasks ─┼──▶ Yield                           │ the resolver asks
//!    ▲                      └──▶ Done(Verdict)                   │
//!    └──────────────── supply(Some(Response)) ◀──────────────────┘
//! ```
mod anchor_file;
mod cached;
mod chain;
mod config;
mod denial;
mod key;
mod key_pair;
mod nsec;
mod nsec3;
mod plan;
mod response;
mod rollover;
mod rrset;
mod rsa;
mod sig0;
mod signer;
mod trust;
mod validator;
mod verdict;
mod zonemd;

#[cfg(feature = "testing")]
pub(crate) use anchor_file::Date;
pub(crate) use cached::Hashing;
pub use config::{Config, Limits, Policy, Provider};
pub use key::{DigestType, Ds, PublicKey};
pub use key_pair::KeyPair;
pub use nsec3::nsec3_hash;
pub use response::Response;
pub use rollover::{KeyState, Rollover, RolloverLimits};
pub use sig0::{sign_message, verify_message};
pub use signer::{Chain, Period, Signer, sign_set};
pub use trust::Trust;
pub use validator::{Step, Validator};
pub use verdict::{Bogus, Insecure, Secure, SecureSet, Verdict};
pub use zonemd::{ZonemdCheck, ZonemdHash};
