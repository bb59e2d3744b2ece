//! Fetching and serving mail over tokio's streams, in a few lines.
//!
//! Everything here is made of [`Driver`] and the sessions; where it does not fit, use those. To
//! see the dialogue, give the driver an observer before.
mod client;
mod server;

use proto_core::tokio::{BoxStream, Driver};

pub use client::Client;
pub use server::{Handler, serve};

use crate::Response;

/// A session over a stream that can become TLS.
type Boxed<M> = Driver<M, BoxStream>;

/// Why a connection ended early, or a command was not obeyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The session or its stream failed.
    #[error(transparent)]
    Session(#[from] proto_core::tokio::Error<crate::Error>),
    /// The server answered `-ERR`, in these words. The session goes on, but after a login.
    #[error("the server refused: {}", .0.text())]
    Refused(Response),
    /// The application's own file or store failed.
    #[error("reading or writing a message failed")]
    Message(#[source] std::io::Error),
}

#[cfg(test)]
mod tests;
