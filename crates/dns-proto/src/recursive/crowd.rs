//! Who waits, when many do: half of the places are kept to the end, so that what takes long is
//! found out; who has another gives way after a moment, so that those are served who can be soon
//! (as Unbound's jostle list).
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use proto_core::{Instant, Transport};

use crate::cache::Answer;
use crate::number::ExtendedError;
use crate::recursive::job::{Asker, Client, JobId};
use crate::recursive::{ClientId, Event, Resolver};

/// The clients that wait.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    waiting: usize,
    /// Those of them who give way, the longest waiting first.
    yielding: BTreeSet<(Instant, JobId, ClientId)>,
    /// How many there are of each network.
    networks: BTreeMap<IpAddr, usize>,
}

impl Crowd {
    /// Has one client more wait for a job; there is [room](Resolver::make_room).
    pub(super) fn enter(&mut self, client: &Client, job: JobId, limit: usize) {
        if self.waiting >= limit.div_ceil(2) {
            self.yielding.insert((client.since, job, client.id));
        }
        self.waiting += 1;
        if let Some(from) = client.from {
            *self.networks.entry(network(from)).or_default() += 1;
        }
    }

    /// Has one wait no more.
    pub(super) fn leave(&mut self, client: &Client, job: JobId) {
        self.yielding.remove(&(client.since, job, client.id));
        self.waiting -= 1;
        if let Some(from) = client.from.map(network)
            && let Some(count) = self.networks.get_mut(&from)
        {
            *count -= 1;
            if *count == 0 {
                self.networks.remove(&from);
            }
        }
    }

    /// Returns how many wait already where a client is.
    fn neighbours(&self, client: &Client) -> usize {
        let from = client.from.map(network);
        from.and_then(|from| self.networks.get(&from)).copied().unwrap_or_default()
    }
}

/// What counts as one address: of IPv6, a network of 64 bits, for all of it is one client's.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(prefix.into())
        }
        address @ IpAddr::V4(_) => address,
    }
}

impl Resolver {
    /// Has somebody give way if nobody else can wait; says whether there is room for a client.
    pub(super) fn make_room(&mut self, now: Instant, client: &Client) -> bool {
        if self.crowd.neighbours(client) >= self.config.limits.clients_per_address {
            return false;
        }
        if self.crowd.waiting < self.config.limits.clients {
            return true;
        }
        let Some(&(since, job, client)) = self.crowd.yielding.first() else { return false };
        if now - since < self.config.limits.jostle {
            return false;
        }
        self.dismiss(now, job, client);
        true
    }

    /// Leaves a client without an answer, and its question alone if nobody else asks it.
    fn dismiss(&mut self, now: Instant, id: JobId, gone: ClientId) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let own = |asker: &mut Asker| matches!(asker, Asker::Client(it) if it.id == gone);
        let left: Vec<_> = job.askers.extract_if(.., own).collect();
        for asker in left {
            let Asker::Client(client) = asker else { continue };
            self.crowd.leave(&client, id);
            if let Some(until) = client.patience {
                self.impatient.remove(&(until, id));
            }
            self.turn_away(now, &client);
        }
        self.abandon(id);
    }

    /// Leaves a client without an answer: by UDP it asks again, by TCP it must be told.
    pub(super) fn turn_away(&mut self, now: Instant, client: &Client) {
        match client.via {
            Transport::Udp => self.events.push_back(Event::Discarded { client: client.id }),
            _ => self.reply(now, client, &Answer::failure(ExtendedError::OTHER), None),
        }
    }

    /// Ends a job that nobody asks for, and those that only it waits for.
    fn abandon(&mut self, id: JobId) {
        let mut open = Vec::from([id]);
        while let Some(id) = open.pop() {
            if self.jobs.get(&id).is_none_or(|job| !job.askers.is_empty()) {
                continue;
            }
            let Some(job) = self.remove(id) else { continue };
            self.exchanges.cancel(|other| *other == id);
            for child in job.waits {
                if let Some(child) = self.jobs.get_mut(&child) {
                    child.askers.retain(|asker| !matches!(asker, Asker::Job(it) if *it == id));
                }
                open.push(child);
            }
        }
    }
}
