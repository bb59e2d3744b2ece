//! Mail for elsewhere.
use homing::delivery::Submission;

use crate::{Failure, arguments::Serve, store::{Octets, Store}};

/// Why a message is not in the queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotQueued {
    Full,
    Loop,
    Unavailable,
}
pub(crate) struct Relay;
impl Relay {
    pub(crate) async fn start(_name: &str, _arguments: &Serve, _store: Store) -> Result<Self, Failure> { Ok(Self) }
    pub(crate) async fn submit(&self, _s: Submission, _o: Octets) -> Result<(), NotQueued> { Err(NotQueued::Unavailable) }
    pub(crate) fn waiting(&self) -> usize { 0 }
    pub(crate) async fn stop(&self) {}
}
