//! Proofs that something is not there, whichever way they are made.
use alloc::vec::Vec;

use super::nsec::Nsecs;
use super::nsec3::{Hashes, Nsec3s};
use crate::name::Name;
use crate::number::RecordType;
use crate::record::Record;

/// What a proof shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Proven {
    /// There is no such name, and no wildcard in its place.
    NameError,
    /// The name, or the wildcard in its place, has no such type.
    NoData,
    /// Neither, but it may be an unsigned delegation.
    OptOut,
    /// It is more work to see than is done for anybody.
    Iterations,
}

/// What a proof shows of a name that has no DS.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cut {
    /// It is a delegation, to an unsigned zone.
    Insecure,
    /// It may be one.
    OptOut,
    Iterations,
    /// It is a name in the zone, or above one.
    Inside,
    /// There is no such name.
    Nothing,
}

/// Why a proof is not looked at to the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Halt {
    /// It is others' turn.
    Yield,
    /// It has taken too much.
    Effort,
}

/// Records of a zone that prove what is not there, all verified.
pub(super) struct Denial<'r> {
    nsecs: Nsecs<'r>,
    nsec3s: Option<Nsec3s<'r>>,
    iterations: u16,
}

impl<'r> Denial<'r> {
    pub(super) fn new(records: &'r [Record], zone: &'r Name, iterations: u16) -> Self {
        let nsec3s = Nsec3s::new(records, zone);
        Self { nsecs: Nsecs::new(records), nsec3s, iterations }
    }

    fn hashed(&self) -> Option<Result<&Nsec3s<'r>, ()>> {
        let dear = |it: &&Nsec3s<'_>| it.iterations() > self.iterations;
        self.nsec3s.as_ref().map(|it| if dear(&it) { Err(()) } else { Ok(it) })
    }

    pub(super) fn prove(
        &self,
        name: &Name,
        rtype: RecordType,
        hashes: &mut Hashes,
    ) -> Result<Option<Proven>, Halt> {
        match (self.nsecs.prove(name, rtype), self.hashed()) {
            (Some(proven), _) => Ok(Some(proven)),
            (None, Some(Ok(hashed))) => hashed.prove(name, rtype, hashes),
            (None, Some(Err(()))) => Ok(Some(Proven::Iterations)),
            (None, None) => Ok(None),
        }
    }

    pub(super) fn expanded(
        &self,
        name: &Name,
        labels: usize,
        hashes: &mut Hashes,
    ) -> Result<Option<Proven>, Halt> {
        match (self.nsecs.expanded(name, labels), self.hashed()) {
            (true, _) => Ok(Some(Proven::NameError)),
            (false, Some(Ok(hashed))) => hashed.expanded(name, labels, hashes),
            (false, Some(Err(()))) => Ok(Some(Proven::Iterations)),
            (false, None) => Ok(None),
        }
    }

    pub(super) fn cut(&self, name: &Name, hashes: &mut Hashes) -> Result<Option<Cut>, Halt> {
        match (self.nsecs.cut(name), self.hashed()) {
            (Some(cut), _) => Ok(Some(cut)),
            (None, Some(Ok(hashed))) => hashed.cut(name, hashes),
            (None, Some(Err(()))) => Ok(Some(Cut::Iterations)),
            (None, None) => Ok(None),
        }
    }
}

/// Whether a type's records prove what is not there.
pub(super) const fn is_proof(rtype: RecordType) -> bool {
    matches!(rtype, RecordType::NSEC | RecordType::NSEC3)
}

/// Verified records, to be looked at as proofs.
pub(super) type Proofs = Vec<Record>;
