//! Sending and serving over tokio's streams, in a few lines.
//!
//! Everything here is made of [`Driver`] and the sessions; where it does not fit, use those. To
//! see the dialogue, give the driver an observer before.
mod client;
mod server;

use proto_core::tokio::{BoxStream, Driver};

pub use client::Client;
pub use server::{Handler, serve};

pub use crate::common::{Error, Place, Security};

/// A session over a stream that can become TLS.
type Boxed<M> = Driver<M, BoxStream>;

#[cfg(test)]
mod connecting;
#[cfg(test)]
mod tests;
