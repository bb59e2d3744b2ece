//! The sans-IO contract of the Homing protocol crates.
#![no_std]
extern crate alloc;

mod agent;
pub mod dot;
mod input;
mod instant;
mod machine;
mod secret;

pub use agent::{Agent, Flow, Transmit, Transport};
pub use input::{Input, LineError};
pub use instant::Instant;
pub use machine::{Machine, Step};
pub use secret::Secret;
