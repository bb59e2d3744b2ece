//! Servers and resolvers over sockets: the only part of the crate that knows one.
//!
//! A [`Driver`] runs any [`Agent`](proto_core::Agent): a fresh UDP port a flow, or a TCP or TLS
//! connection. [`Resolver`] is the handle of a stub that an application holds, [`Recursive`] that
//! of a recursive resolver. A [`Server`] answers UDP and TCP on one address through a [`Handler`]:
//! [`Zones`], or [`Recursive`].
mod batch;
mod datagrams;
mod driver;
mod follow;
mod frame;
mod handle;
mod resolver;
mod server;
mod shared;
mod streams;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_service;
mod zones;

use std::sync::Arc;

pub use crate::system::{Exchange, seed};
pub use driver::Driver;
pub use follow::{Follower, notify};
pub use handle::Recursive;
pub use resolver::Resolver;
pub use server::{Handler, Now, Server, ServerLimits};
pub use zones::{Keeper, Zones};

/// Watches messages.
type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;
