#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;
#[cfg(any(feature = "std", feature = "testing", test))]
extern crate std;

mod agent;
#[cfg(feature = "std")]
pub mod blocking;
mod channel;
#[cfg(feature = "deflate")]
mod deflate;
pub mod dot;
#[cfg(feature = "std")]
mod driver;
mod input;
mod instant;
mod machine;
mod parse_error;
mod secret;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod timer;
#[cfg(feature = "tokio")]
pub mod tokio;
#[cfg(test)]
mod toy;

pub use agent::{Agent, Flow, Transmit, Transport};
pub use channel::{BindingKind, ChannelBinding};
pub use input::{Input, LineError};
pub use instant::Instant;
pub use machine::{Machine, Step};
pub use parse_error::ParseError;
pub use secret::Secret;
pub use text::{NotText, Text};
pub use timer::Timer;
