//! Reading and keeping mail with threads, and serving it, in a few lines: the same as `tokio` has.
//!
//! ```no_run
//! use imap_proto::blocking::{Client, Error, Handshake, Place, Security};
//! use imap_proto::{Mailbox, client::Config};
//! use sasl::Credentials;
//!
//! /// Tells when a message comes.
//! fn watch(tls: Handshake<'_>, bob: Credentials) -> Result<(), Error> {
//!     let place = Place::new("imap.example.org", Security::StartTls);
//!     let mut client = Client::connect(&place, Config::default(), Some(tls), None)?;
//!     client.login(bob)?;
//!     client.select(Mailbox::INBOX)?;
//!     let mut idling = client.idle()?;
//!     loop {
//!         println!("{:?}", idling.next()?);
//!     }
//! }
//! ```
//!
//! Everything here is made of [`Driver`](proto_core::blocking::Driver) and the session; where it
//! does not fit, use those. TLS is the application's: a [`Handshake`] by whichever library it has.
mod client;
mod server;
#[cfg(all(test, unix))]
mod tests;

pub use client::{Client, Fetching, Idling, Message};
pub use proto_core::blocking::Handshake;
pub use server::{Handler, serve};

pub use crate::common::{
    Answer, Appended, Ending, Error, Listener, Place, Security, Selected, ServeError,
};
