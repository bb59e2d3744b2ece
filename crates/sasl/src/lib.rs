#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;

pub mod base64;
pub mod client;
mod cram;
mod credentials;
mod error;
mod mechanism;
mod prepare;
pub mod scram;
mod seed;
pub mod server;
mod setting;
mod token;

pub use cram::Cram;
pub use credentials::Credentials;
pub use error::{Error, Misuse, ParseError, ParseErrorKind};
pub use mechanism::Mechanism;
pub use prepare::{PrepareError, prepare};
#[doc(no_inline)]
pub use proto_core::{BindingKind, ChannelBinding, Secret};
pub use seed::{Nonce, Seed};
pub use setting::Setting;
pub use token::Token;
