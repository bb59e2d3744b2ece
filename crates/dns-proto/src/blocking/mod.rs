//! A stub resolver over std's sockets, for people who use threads.
//!
//! [`Resolver`] is what `tokio::Resolver` is, without its runtime: one thread runs the
//! [`Stub`](crate::stub::Stub), and each socket has a thread that listens. TLS is the application's,
//! by whichever library it has.
mod resolver;
mod socket;
#[cfg(test)]
mod tests;
mod tls;
mod worker;

pub use proto_core::blocking::{BoxStream, Stream};
pub use resolver::Resolver;

pub use crate::system::{Exchange, seed};
