//! What the tokio and the blocking conveniences have in common: everything but the driver.
//!
//! It is written once, as futures; those over a blocking driver are ready when they are first
//! polled, which is what [`now`](proto_core::blocking::now) does.
pub(crate) mod client;
mod place;
pub(crate) mod server;

pub use place::{Place, Security};

/// Why a connection ended early.
pub type Error = proto_core::blocking::Error<crate::Error>;

/// The session ended before its time.
pub(crate) const ENDED: Error = proto_core::blocking::Error::Protocol(crate::Error::UnexpectedEof);
