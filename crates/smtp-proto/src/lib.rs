#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod attributes;
#[cfg(feature = "std")]
pub mod blocking;
mod capabilities;
pub mod client;
mod command;
#[cfg(feature = "std")]
mod common;
mod date_time;
mod dsn;
mod error;
mod extension;
mod grammar;
mod host;
mod mailbox;
mod parameter;
mod path;
mod proxy;
mod reply;
mod schedule;
pub mod server;
#[cfg(feature = "tokio")]
pub mod tokio;
mod xtext;

pub use attributes::{Attribute, AttributeName, Attributes};
pub use capabilities::{Capabilities, SessionLimits};
pub use command::{Command, Leniency, Queue};
pub use date_time::DateTime;
pub use dsn::{EnvelopeId, Notify, OriginalRecipient, Return};
pub use error::{Error, Misuse, ParseError, ParseErrorKind, Stage};
pub use extension::{Extension, Extensions};
pub use host::Host;
pub use mailbox::Mailbox;
pub use parameter::{Body, Parameters};
pub use path::{ForwardPath, ReversePath};
#[doc(no_inline)]
pub use proto_core;
pub use proto_core::Text;
pub use proxy::ProxyHeader;
pub use reply::{EnhancedCode, Reply};
pub use schedule::{DeliverBy, Hold, HoldLimits, Late, Priority, Unsupported, ValidSince};
