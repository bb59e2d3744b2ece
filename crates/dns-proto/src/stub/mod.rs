//! The stub resolver: asks local name servers to do all the work (RFC 1123 §6.1.3.1).
//!
//! [`Stub`] is the machine. Around it are the things that a host's resolver knows: [`ResolvConf`]
//! and [`Hosts`] read the texts of `/etc/resolv.conf` and `/etc/hosts`, [`Search`] completes short
//! names, [`Chain`] follows the aliases in an answer, [`reverse_name`] turns addresses into names,
//! and [`MailExchange`], [`ServiceHost`] and [`Service`] are targets in the order in which they
//! are to be tried. The resolvers of `tokio` and `blocking` put them together.
mod chain;
mod config;
#[cfg(feature = "std")]
mod desk;
mod hosts;
mod limits;
#[cfg(feature = "std")]
pub(crate) mod lookups;
mod machine;
mod resolv_conf;
mod reverse;
mod search;
mod streams;
mod targets;
#[cfg(test)]
mod tests;
mod upstream;

pub use chain::Chain;
pub use config::{Config, Server};
#[cfg(feature = "std")]
pub(crate) use desk::Desk;
pub use hosts::Hosts;
pub use limits::Limits;
pub use machine::{Event, QueryId, Stub};
pub use resolv_conf::{Nameserver, ResolvConf, ResolvOptions};
pub use reverse::reverse_name;
pub use search::{Host, Search, ToHost};
pub use targets::{MailExchange, Service, ServiceHost};
