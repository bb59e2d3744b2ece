#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;
#[cfg(feature = "tokio")]
extern crate std;

pub mod client;
mod command;
mod error;
mod extension;
mod grammar;
mod host;
mod mailbox;
mod parameter;
mod path;
mod reply;
pub mod server;
#[cfg(feature = "tokio")]
pub mod tokio;
mod xtext;

pub use command::{Command, Leniency};
pub use error::{Error, Misuse, ParseError, ParseErrorKind, Stage};
pub use extension::{Capabilities, Extension, Extensions};
pub use host::Host;
pub use mailbox::Mailbox;
pub use parameter::{Body, Parameters};
pub use path::{ForwardPath, ReversePath};
#[doc(no_inline)]
pub use proto_core;
pub use proto_core::Text;
pub use reply::{EnhancedCode, Reply};
