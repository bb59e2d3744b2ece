//! Zone transfers: whole (AXFR, RFC 5936) and what is new (IXFR, RFC 1995), out and in.
//!
//! An [`Outgoing`] is one version of a zone on its way to one secondary: message by message, as
//! fast as they are asked for, whatever becomes of the zone meanwhile. An [`Incoming`] takes the
//! messages in and hands out the next version when it is complete, and nothing before.
//!
//! ```
//! use dns_proto::transfer::{Incoming, Outgoing, Progress};
//! use dns_proto::{Journal, Message, Zone, zone_file};
//! use proto_core::Transport;
//!
//! let text = b"@ 60 SOA ns host 7 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n";
//! let primary = Zone::new(zone_file::read("z", text, "crepes.fr".parse()?, |_| None)?)?;
//!
//! let (mut incoming, query) = Incoming::whole(primary.apex(), 4711, None, 0)?;
//! let query = Message::parse(&query)?;
//! let mut outgoing =
//!     Outgoing::new(&primary, &Journal::new(0), &query, Transport::Tcp, None).expect("its zone");
//! let mut received = None;
//! while let Some(message) = outgoing.message(0)? {
//!     if let Progress::Done(zone) = incoming.receive(&message, 0)? {
//!         received = Some(zone);
//!     }
//! }
//! assert!(received.expect("it is complete").records().eq(primary.records()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
mod incoming;
mod outgoing;

pub use incoming::{Incoming, Limits, Progress};
pub use outgoing::Outgoing;
