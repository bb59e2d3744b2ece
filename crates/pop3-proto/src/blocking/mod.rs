//! Fetching and serving mail with threads, in a few lines: the same as `tokio` has.
//!
//! Everything here is made of [`Driver`] and the sessions; where it does not fit, use those. TLS is
//! the application's: a [`Handshake`] by whichever library it has.
mod client;
mod server;

use proto_core::blocking::{BoxStream, Driver};

pub use client::Client;
pub use server::{Handler, serve};

pub use proto_core::blocking::Handshake;

pub use crate::common::Error;

/// A session over a stream that can become TLS.
type Boxed<M> = Driver<M, BoxStream>;

#[cfg(test)]
mod tests;
