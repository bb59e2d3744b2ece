//! Validation and signing, against an authority that is a function call away.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod attacks;
mod chain;
mod resolving;
mod rfc;
mod rollover;
mod sentinel;
mod sig0;
mod signing;
mod world;
