//! What tests are made of (feature `testing`): replay scripts, run through the recursive resolver
//! in virtual time.
//!
//! A script has a configuration, servers that answer by entries, and steps: a client asks, time
//! passes, an answer is checked. The format is that of Unbound's tests.
mod entry;
mod expression;
mod replay;
mod script;
mod setup;
mod skip;

pub use replay::{Outcome, run};
