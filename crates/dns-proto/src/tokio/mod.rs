//! Servers and resolvers over sockets: the only part of the crate that knows one.
//!
//! A [`Driver`] runs any [`Agent`](proto_core::Agent): a fresh UDP port a flow, or a TCP
//! connection. [`Resolver`] is the handle of a stub that an application holds, [`Recursive`] that
//! of a recursive resolver. A [`Server`] answers UDP and TCP on one address through a [`Handler`]:
//! [`Zones`], or [`Recursive`].
mod batch;
mod datagrams;
mod driver;
mod follow;
mod frame;
mod handle;
mod server;
mod streams;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_service;
mod zones;

use core::net::SocketAddr;
use std::io;
use std::sync::Arc;

use proto_core::Transport;

pub use driver::Driver;
pub use follow::{Follower, notify};
pub use handle::{Recursive, Resolver};
pub use server::{Handler, Now, Server, ServerLimits};
pub use zones::{Keeper, Zones};

/// One message that passed a socket, for who wants to watch.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// By what.
    pub via: Transport,
    /// The message, without a length prefix; perhaps no DNS at all, if it was received.
    pub message: &'a [u8],
}

/// Watches messages.
type Observer = Arc<dyn Fn(&Exchange<'_>) + Send + Sync>;

/// Draws a seed for a [`Stub`](crate::stub::Stub) or a recursive resolver from the operating
/// system.
///
/// # Errors
///
/// When the system has no randomness to give.
pub fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| io::ErrorKind::Unsupported)?;
    Ok(seed)
}
