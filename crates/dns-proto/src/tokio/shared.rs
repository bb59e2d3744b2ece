//! A recursive resolver that its task shares with those who answer from its cache.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::tokio::time;
use proto_core::{Agent, Flow, Instant, Transmit};

use crate::recursive::{Event, Resolver};

/// The resolver, and when its time began. It is never locked for longer than one call takes.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    resolver: Arc<Mutex<Resolver>>,
    origin: time::Instant,
}

impl Shared {
    pub(super) fn new(resolver: Resolver, origin: time::Instant) -> Self {
        Self { resolver: Arc::new(Mutex::new(resolver)), origin }
    }

    pub(super) fn now(&self) -> Instant {
        Instant::ORIGIN + self.origin.elapsed()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Resolver> {
        // Nothing is left half done, whoever panicked.
        self.resolver.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Agent for Shared {
    type Event = Event;

    fn receive(&mut self, now: Instant, flow: Flow, message: &[u8]) {
        self.lock().receive(now, flow, message);
    }

    fn fail(&mut self, now: Instant, flow: Flow) {
        self.lock().fail(now, flow);
    }

    fn transmit(&mut self) -> Option<Transmit> {
        self.lock().transmit()
    }

    fn poll(&mut self) -> Option<Event> {
        self.lock().poll()
    }

    fn deadline(&self) -> Option<Instant> {
        self.lock().deadline()
    }

    fn expire(&mut self, now: Instant) {
        self.lock().expire(now);
    }
}
