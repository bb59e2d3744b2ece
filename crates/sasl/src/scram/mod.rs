//! SCRAM: RFC 5802 and RFC 7677.
//!
//! ```text
//!  client                                              server
//!  n,,n=user,r=NONCE ────────────────────────────────▶ Lookup: whose verifier?
//!        hashes ◀─────── r=NONCE…,s=SALT,i=4096 ────── Verifier
//!  c=…,r=NONCE…,p=PROOF ─────────────────────────────▶ checks the proof
//!        checks ◀─────────────── v=SIGNATURE ───────── proves that it knows the user
//! ```
//! The machines are inside of [`client::Exchange`](crate::client::Exchange) and
//! [`server::Exchange`](crate::server::Exchange); here is what applications see of it.
mod client;
mod hash;
mod message;
mod server;
mod verifier;

pub(crate) use client::{Binding, Client};
pub use hash::Hash;
pub(crate) use message::{saslname, write_saslname};
pub(crate) use server::{Server, Step};
pub use verifier::{Lookup, Verifier};

#[cfg(test)]
mod tests;
