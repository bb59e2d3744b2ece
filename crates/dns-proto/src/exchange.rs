//! Queries that are out, each on a flow of its own, and which answers belong to them.
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use proto_core::{Flow, Instant, Transmit, Transport};

use crate::message::{Message, MessageBuf};
use crate::name::Name;
use crate::number::{Class, Opcode, RecordType};
use crate::query::Query;
use crate::random::Random;

/// One query to one server.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) to: SocketAddr,
    pub(crate) via: Transport,
    pub(crate) name: Name,
    pub(crate) rtype: RecordType,
    pub(crate) recursion: bool,
    pub(crate) payload: u16,
    pub(crate) wait: Duration,
}

/// All queries that are out; `K` says on whose behalf.
#[derive(Debug)]
pub(crate) struct Exchanges<K> {
    pub(crate) random: Random,
    next: u64,
    open: BTreeMap<Flow, Open<K>>,
    deadlines: BTreeSet<(Instant, Flow)>,
    outbox: VecDeque<Transmit>,
}

#[derive(Debug)]
struct Open<K> {
    key: K,
    ask: Ask,
    id: u16,
    deadline: Instant,
}

impl<K> Exchanges<K> {
    pub(crate) fn new(random: Random) -> Self {
        let (open, deadlines) = (BTreeMap::new(), BTreeSet::new());
        Self { random, next: 0, open, deadlines, outbox: VecDeque::new() }
    }

    /// Sends a query, from a fresh port and with a fresh id.
    pub(crate) fn send(&mut self, now: Instant, key: K, ask: Ask) {
        let (flow, id) = (Flow::new(self.next), self.random.id());
        self.next += 1;
        let deadline = now + ask.wait;
        let query = Query::new(&ask.name, ask.rtype).id(id).recursion(ask.recursion);
        let message = query.payload(Some(ask.payload)).write();
        let (to, via) = (ask.to, ask.via);
        self.outbox.push_back(Transmit::Send { flow, to, via, message });
        self.deadlines.insert((deadline, flow));
        self.open.insert(flow, Open { key, ask, id, deadline });
    }

    /// Takes a message and returns whose answer it is. What is not the answer to the query on
    /// that flow is ignored and changes nothing: it may be forged, and the true one yet to come.
    pub(crate) fn receive(&mut self, flow: Flow, octets: &[u8]) -> Option<(K, Ask, MessageBuf)> {
        let open = self.open.get(&flow)?;
        // The cheapest test first: forgers send many.
        if octets.first_chunk() != Some(&open.id.to_be_bytes()) {
            return None;
        }
        let message = Message::parse(octets).ok().filter(|message| open.is_answer(message))?;
        let message = message.to_buf();
        let (key, ask) = self.close(flow)?;
        Some((key, ask, message))
    }

    /// Forgets a flow, and has its socket closed.
    pub(crate) fn close(&mut self, flow: Flow) -> Option<(K, Ask)> {
        let open = self.open.remove(&flow)?;
        self.deadlines.remove(&(open.deadline, flow));
        self.outbox.push_back(Transmit::Close(flow));
        Some((open.key, open.ask))
    }

    /// Closes all flows of somebody.
    pub(crate) fn cancel(&mut self, whose: impl Fn(&K) -> bool) {
        let flows = self.open.iter().filter(|(_, open)| whose(&open.key));
        let flows: Vec<Flow> = flows.map(|(&flow, _)| flow).collect();
        flows.into_iter().for_each(|flow| drop(self.close(flow)));
    }

    /// Returns the next query whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<(K, Ask)> {
        let &(deadline, flow) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.close(flow)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    pub(crate) fn transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }
}

impl<K> Open<K> {
    /// RFC 5452 §9.1: the same question comes back.
    fn is_answer(&self, message: &Message<'_>) -> bool {
        let header = message.header();
        let same = message.question().is_some_and(|question| {
            self.ask.name == question.name
                && self.ask.rtype == question.rtype
                && question.class == Class::IN
        });
        header.response && header.opcode == Opcode::QUERY && same
    }
}
