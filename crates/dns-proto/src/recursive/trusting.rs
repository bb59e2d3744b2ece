//! Without DNSSEC nothing is checked.
use proto_core::Instant;

use crate::cache::Answer;
use crate::name::Name;
use crate::number::RecordType;
use crate::recursive::job::{Client, JobId};
use crate::recursive::jobs::Next;
use crate::recursive::{Resolver, Shared};

/// Nothing.
#[derive(Debug, Default)]
pub(super) struct Trusted {}

impl Trusted {
    /// Whether there is anything that signatures can be checked against.
    #[expect(clippy::unused_self, reason = "with DNSSEC there is something to look at")]
    pub(super) const fn is_any(&self) -> bool {
        false
    }
}

#[expect(clippy::unused_self, reason = "with DNSSEC there is something to look at")]
impl Resolver {
    pub(super) const fn learn(&mut self, _: &alloc::sync::Arc<crate::cache::RrSet>) {}

    pub(super) const fn is_denied(&self, _: &Client, _: &Answer) -> bool {
        false
    }

    pub(super) const fn check(&mut self, _: Instant, _: JobId) -> Next {
        Next::Wait
    }

    pub(super) const fn supply(
        &mut self,
        _: Instant,
        _: JobId,
        _: &Name,
        _: RecordType,
        _: &Shared,
    ) {
    }

    pub(super) const fn unneeded(&mut self, _: Instant, _: JobId) {}

    pub(super) const fn synthesize(&self, _: Instant, _: &Name, _: RecordType) -> Option<Shared> {
        None
    }

    pub(super) const fn next_probe(&self) -> Option<Instant> {
        None
    }

    pub(super) const fn probe(&mut self, _: Instant) {}
}
