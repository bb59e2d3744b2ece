//! Attacks on the recursive resolver, each with what it costs: a hostile authority in this process,
//! in virtual time, and the number of messages or of verifications counted.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
#[path = "../common/mod.rs"]
mod common;

mod amplification;
mod bogus;
mod chaos;
mod keys;
mod limits;
mod numbers;
mod persist;
mod poison;
mod rig;
