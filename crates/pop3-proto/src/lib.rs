#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod apop;
#[cfg(feature = "std")]
pub mod blocking;
pub mod client;
mod command;
#[cfg(feature = "std")]
mod common;
mod error;
mod language;
mod maildrop;
mod response;
pub mod server;
#[cfg(feature = "tokio")]
pub mod tokio;
mod top;

pub use apop::{Apop, ApopDigest, ApopTimestamp};
pub use command::{Command, MessageNumber, Password};
pub use error::{Error, Misuse, ParseError, ParseErrorKind};
pub use language::LanguageTag;
pub use maildrop::{Entry, Maildrop, UniqueId};
#[doc(no_inline)]
pub use proto_core;
pub use proto_core::Text;
pub use response::{OtherCode, Response, ResponseCode};
