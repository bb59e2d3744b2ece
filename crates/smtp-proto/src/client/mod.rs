//! The client's end of a session.
//!
//! The session greets, secures and authenticates as its [`Config`] says, and tells when it is
//! [`Ready`](Event::Ready). Then the application gives it one [`Envelope`] after the other, and
//! each message piece by piece, and hears of each what became of it, recipient by recipient.
mod auth;
mod chunks;
mod config;
mod envelope;
mod event;
mod opening;
mod plan;
mod sending;
mod session;
mod transaction;

pub use config::{Config, Limits, Tls};
pub use envelope::{Envelope, Recipient};
pub use event::{Delivery, Event, Outcome, Reason};
pub use session::Session;

pub use crate::{Error, Misuse};
