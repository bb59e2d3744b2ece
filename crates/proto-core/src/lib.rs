//! The sans-IO contract of the Homing protocol crates.
#![no_std]
extern crate alloc;

mod agent;
mod instant;
mod machine;
mod secret;

pub use agent::{Agent, Flow, Transmit, Transport};
pub use instant::Instant;
pub use machine::{Machine, Step};
pub use secret::Secret;
