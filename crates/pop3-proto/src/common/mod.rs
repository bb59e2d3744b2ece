//! What the tokio and the blocking conveniences have in common: everything but the driver.
//!
//! It is written once, as futures; those over a blocking driver are ready when they are first
//! polled, which is what [`now`](proto_core::blocking::now) does.
pub(crate) mod client;
mod error;
pub(crate) mod server;

pub use error::Error;
