#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;

pub mod client;
mod command;
mod error;
mod maildrop;
mod response;
pub mod server;
mod top;

pub use command::{Command, MessageNumber};
pub use error::{Error, Misuse, ParseError, ParseErrorKind};
pub use maildrop::{Entry, Maildrop, UniqueId};
pub use proto_core::Text;
pub use response::{Response, ResponseCode};
