//! The test kit of sessions: scripts that read like the RFCs' examples, and the laws that every
//! [`Machine`] obeys.
//!
//! A [`Subject`] says how a session is made and how its application answers; the kit does the
//! rest. [`script::Script::run`] plays a dialogue line by line, then whole, cut in two at every
//! octet, and octet by octet; [`laws`] does the same with octets of any kind; [`pipe`] lets a
//! client and a server talk with each other. All time is virtual.
use bytes::Bytes;
use core::fmt::Debug;

use crate::{Instant, Machine};

mod engine;
mod expected;
pub mod laws;
mod pipe;
pub mod script;

pub use engine::Transcript;
pub use expected::Expected;
pub use pipe::pipe;
pub use script::Script;

#[cfg(test)]
mod tests;

/// Which end of the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The end that connected: its lines are marked `C:`.
    Client,
    /// The end that listened: its lines are marked `S:`.
    Server,
}

/// A session under test, with an application that behaves the same way each time.
pub trait Subject {
    /// The session.
    type Machine: Machine<Event: Clone + Debug + PartialEq, Error: Clone + PartialEq>;

    /// Which end the session is.
    const SIDE: Side;

    /// Starts a session.
    fn start(&self, now: Instant) -> Self::Machine;

    /// Answers for the application, whenever the session is `Paused`.
    ///
    /// `event` is the last thing that the session told. `expected` holds what the script wants
    /// to be written next; under the laws it is empty, and any fixed answer will do. Returns
    /// false if no answer is due, as while the session waits for TLS.
    fn answer(
        &self,
        machine: &mut Self::Machine,
        event: Option<&<Self::Machine as Machine>::Event>,
        expected: &mut Expected<'_>,
    ) -> bool;

    /// Returns the octets, if the event is a piece of a body: pieces may be cut anywhere, so the
    /// kit joins neighbours before it compares.
    fn body(event: &<Self::Machine as Machine>::Event) -> Option<&Bytes> {
        let _ = event;
        None
    }

    /// Returns how many received octets the session holds.
    fn buffered(machine: &Self::Machine) -> usize;

    /// Returns how many the session's limits let it hold between two reads.
    fn bound(&self) -> usize;

    /// Whether the session waits for TLS: [`pipe`] then plays the handshake.
    fn awaits_tls(machine: &Self::Machine) -> bool {
        let _ = machine;
        false
    }
}
