#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;

pub mod base64;
pub mod client;
mod credentials;
mod error;
mod mechanism;
pub mod server;

pub use credentials::Credentials;
pub use error::{Error, Misuse, ParseError, ParseErrorKind};
pub use mechanism::Mechanism;
