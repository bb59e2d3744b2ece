//! What the tokio and the blocking conveniences have in common: everything but the driver.
//!
//! It is written once, as futures; those over a blocking driver are ready when they are first
//! polled, which is what [`now`](proto_core::blocking::now) does.
pub(crate) mod answer;
mod error;
pub(crate) mod fetching;
pub(crate) mod methods;
mod place;
pub(crate) mod requests;
mod serving;
pub(crate) mod talk;
#[cfg(all(test, unix))]
pub(crate) mod tests;

pub use answer::{Answer, Appended, Selected};
pub use error::Error;
pub use place::{Place, Security};
pub use serving::{Ending, ServeError};
pub(crate) use serving::{no_verifier, ok};
pub use talk::Listener;
