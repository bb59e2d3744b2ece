//! Connections that queries share, and for how long each is kept (RFC 7766 §6.2, RFC 7828).
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::{Flow, Instant};

use crate::stub::Limits;

/// All connections, and which of each server's is used for new queries.
#[derive(Debug, Default)]
pub(super) struct Streams {
    open: BTreeMap<Flow, Stream>,
    current: BTreeMap<usize, Flow>,
}

#[derive(Debug)]
struct Stream {
    server: usize,
    /// Queries that have not been settled.
    out: usize,
    /// Whether anything has come.
    heard: bool,
    idle: Duration,
    /// When it is closed, if nothing more is asked.
    until: Option<Instant>,
}

impl Streams {
    pub(super) fn open(&mut self, flow: Flow, server: usize, limits: &Limits) {
        let stream = Stream { server, out: 0, heard: false, idle: limits.idle, until: None };
        self.open.insert(flow, stream);
        self.current.insert(server, flow);
    }

    /// Returns the connection that has room for one more query to a server.
    pub(super) fn current(&self, server: usize, limits: &Limits) -> Option<Flow> {
        let flow = self.current.get(&server)?;
        self.open.get(flow).filter(|stream| stream.out < limits.pipelined).map(|_| *flow)
    }

    pub(super) fn asked(&mut self, flow: Flow) {
        if let Some(stream) = self.open.get_mut(&flow) {
            stream.out += 1;
            stream.until = None;
        }
    }

    /// Notes that something came, and what the server says of the connection: in tenths of a
    /// second, how long it may be idle.
    pub(super) fn heard(&mut self, flow: Flow, keepalive: Option<u16>, limits: &Limits) {
        let Some(stream) = self.open.get_mut(&flow) else { return };
        stream.heard = true;
        if let Some(tenths) = keepalive {
            let idle = Duration::from_millis(100) * u32::from(tenths);
            stream.idle = idle.min(limits.idle_most);
        }
    }

    /// Whether anything has come on a connection: one that has served and then breaks was merely
    /// closed (RFC 7766 §6.2.4).
    pub(super) fn has_served(&self, flow: Flow) -> bool {
        self.open.get(&flow).is_some_and(|stream| stream.heard)
    }

    /// Notes that a query is no longer out; returns whether the connection is to be closed.
    pub(super) fn settled(&mut self, now: Instant, flow: Flow) -> bool {
        let Some(stream) = self.open.get_mut(&flow) else { return false };
        stream.out = stream.out.saturating_sub(1);
        if stream.out > 0 {
            return false;
        }
        stream.until = Some(now + stream.idle);
        // RFC 7828 §3.3.2: a time-out of zero asks for the connection to be closed.
        let done = stream.idle.is_zero() || self.current.get(&stream.server) != Some(&flow);
        if done {
            self.remove(flow);
        }
        done
    }

    /// Has no more queries put on a connection: it may be dead.
    pub(super) fn retire(&mut self, flow: Flow) {
        self.current.retain(|_, current| *current != flow);
    }

    /// Has no more queries put on any; returns those that are to be closed at once.
    pub(super) fn retire_all(&mut self) -> Vec<Flow> {
        self.current.clear();
        self.take(|stream| stream.out == 0)
    }

    /// Forgets a connection; says whether there was one.
    pub(super) fn remove(&mut self, flow: Flow) -> bool {
        self.retire(flow);
        self.open.remove(&flow).is_some()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.values().filter_map(|stream| stream.until).min()
    }

    /// Returns the connections that have been idle for long enough.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Flow> {
        self.take(|stream| stream.until.is_some_and(|until| until <= now))
    }

    fn take(&mut self, which: impl Fn(&Stream) -> bool) -> Vec<Flow> {
        let flows = self.open.iter().filter(|(_, stream)| which(stream));
        let flows: Vec<Flow> = flows.map(|(&flow, _)| flow).collect();
        for &flow in &flows {
            self.remove(flow);
        }
        flows
    }
}
