//! One name and type being found out, and its way down from the root.
use alloc::vec::Vec;
use core::net::IpAddr;

use proto_core::Transport;

use crate::header::Header;
use crate::name::Name;
use crate::number::{Class, Rcode, RecordType};
use crate::record::Record;
use crate::recursive::ClientId;

/// Names a job. A name is never used again.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct JobId(pub(crate) u64);

/// What is being found out.
#[derive(Debug)]
pub(crate) struct Job {
    /// What was asked for, and by whom.
    pub(crate) asked: Name,
    pub(crate) rtype: RecordType,
    pub(crate) askers: Vec<Asker>,
    /// On whose account the messages go.
    pub(crate) account: JobId,
    /// The aliases so far, and what the last of them stands for.
    pub(crate) links: Vec<Record>,
    pub(crate) name: Name,
    /// The servers being asked; none until the cache has been asked.
    pub(crate) cut: Option<Cut>,
    /// Whether a message is out.
    pub(crate) asking: bool,
    /// The job that is to find a server's address.
    pub(crate) awaiting: Option<JobId>,
    pub(crate) sends: u32,
    pub(crate) missing_targets: u32,
}

/// Who wants to know.
#[derive(Debug)]
pub(crate) enum Asker {
    Client(Client),
    /// A job that needs the address of a server.
    Job(JobId),
}

/// A client's query, as far as the reply needs it: however long it was, this is small.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    pub(crate) header: Header,
    /// The question comes back in the case it was written in.
    pub(crate) question: Option<(Name, RecordType, Class)>,
    /// The UDP payload offered by EDNS, if the client speaks it.
    pub(crate) payload: Option<u16>,
    pub(crate) via: Transport,
}

/// A zone and how its servers are reached.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) zone: Name,
    /// Addresses, and how often each has been tried.
    pub(crate) addresses: Vec<(IpAddr, u32)>,
    /// Servers whose addresses are not known.
    pub(crate) unknown: Vec<(Name, RecordType)>,
    pub(crate) targets: u32,
}

impl Cut {
    /// Returns the address to try next, counting the attempt, and how often it was tried before.
    pub(crate) fn next(&mut self, attempts: u32) -> Option<(IpAddr, u32)> {
        let unknown = !self.unknown.is_empty();
        let next = self.addresses.iter_mut().min_by_key(|(_, tries)| *tries)?;
        // A server that has never been tried is better than one that was silent.
        if next.1 >= attempts || unknown && next.1 > 0 {
            return None;
        }
        next.1 += 1;
        Some((next.0, next.1 - 1))
    }

    pub(crate) fn drop_address(&mut self, address: IpAddr) {
        self.addresses.retain(|(own, _)| *own != address);
    }

    pub(crate) fn add_address(&mut self, address: IpAddr) {
        if !self.addresses.iter().any(|(own, _)| *own == address) {
            self.addresses.push((address, 0));
        }
    }
}

/// How a job ended.
#[derive(Clone, Debug)]
pub(crate) struct Solution {
    pub(crate) rcode: Rcode,
    pub(crate) answers: Vec<Record>,
    pub(crate) soa: Option<Record>,
}

impl Solution {
    pub(crate) const FAILURE: Self =
        Self { rcode: Rcode::SERVFAIL, answers: Vec::new(), soa: None };
}

/// What is left of what one client's query may cost.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) queries: u32,
    pub(crate) targets: u32,
    /// Jobs that draw on it.
    pub(crate) jobs: usize,
}
