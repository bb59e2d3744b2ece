//! The handle of a recursive resolver that a server holds while a task runs the driver.
use alloc::collections::BTreeMap;
use core::net::{IpAddr, SocketAddr};
use std::vec::Vec;

use ::tokio::sync::{mpsc, oneshot};
use bytes::{Bytes, BytesMut};
use proto_core::Transport;

use crate::message::Message;
use crate::name::Name;
use crate::recursive::{self, ClientId, Statistics};
use crate::tokio::driver::Driver;
use crate::tokio::server::{Handler, Now, malformed, seconds};
use crate::tokio::shared::Shared;

/// Commands that wait for the task; whoever sends more waits too.
const COMMANDS: usize = 64;

/// Resolves queries from the root down: the [`Handler`] of a local name server. Clones share one
/// task and one cache; the task ends with the last.
#[derive(Clone, Debug)]
pub struct Recursive {
    commands: mpsc::Sender<Command>,
    shared: Shared,
}

#[derive(Debug)]
enum Command {
    Resolve { query: Bytes, from: IpAddr, via: Transport, reply: oneshot::Sender<Bytes> },
    Statistics(oneshot::Sender<Statistics>),
}

impl Recursive {
    /// Runs a recursive resolver in a task of its own; only within a tokio runtime.
    #[must_use]
    pub fn spawn(driver: Driver<recursive::Resolver>) -> Self {
        Self::spawn_keeping(driver, |_, _| ())
    }

    /// Runs a recursive resolver whose trust anchors follow their zones' keys (RFC 5011): `keep` is
    /// given the zone and what is known of its keys, as in
    /// [`Event::Anchors`](recursive::Event::Anchors), whenever they were looked at. It is called
    /// in the task, and must not block.
    #[must_use]
    pub fn spawn_keeping(
        driver: Driver<recursive::Resolver>,
        keep: impl FnMut(&Name, &str) + Send + 'static,
    ) -> Self {
        let (commands, received) = mpsc::channel(COMMANDS);
        let origin = driver.origin();
        let mut driver = driver.map(|resolver| Shared::new(resolver, origin));
        let shared = driver.agent().clone();
        ::tokio::spawn(run_recursive(driver, received, keep));
        Self { commands, shared }
    }

    /// Returns what the resolver has done so far.
    pub async fn statistics(&self) -> Statistics {
        let (reply, statistics) = oneshot::channel();
        // As above: without a task there is nothing to tell.
        let _ = self.commands.send(Command::Statistics(reply)).await;
        statistics.await.unwrap_or_default()
    }

    /// Writes the cache as octets, as [`Resolver::dump`](recursive::Resolver::dump) does. Queries
    /// wait meanwhile: for 60 ms, say, when a hundred thousand RRsets are known.
    #[must_use]
    pub fn dump(&self) -> Vec<u8> {
        let now = self.shared.now();
        self.shared.lock().dump(now, seconds())
    }

    /// Answers a query from the cache, if that is all there is to do: appends the reply and returns
    /// `true`. With `false` nothing has been done, and [`handle`](Handler::handle) is to do it.
    #[must_use]
    pub fn answer(&self, query: &Message<'_>, via: Transport, out: &mut BytesMut) -> bool {
        let now = self.shared.now();
        self.shared.lock().answer(now, query, via, out)
    }
}

impl Handler for Recursive {
    async fn handle(&self, query: Bytes, from: SocketAddr, via: Transport) -> Option<Bytes> {
        let from = from.ip();
        if Message::parse(&query).is_err() {
            return malformed(&query);
        }
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Resolve { query, from, via, reply }).await.ok()?;
        answer.await.ok()
    }

    fn now(&self, query: &[u8], _: SocketAddr, via: Transport, out: &mut BytesMut) -> Now {
        let answered = Message::parse(query).is_ok_and(|query| self.answer(&query, via, out));
        if answered { Now::Done } else { Now::Later }
    }
}

async fn run_recursive(
    mut driver: Driver<Shared>,
    mut commands: mpsc::Receiver<Command>,
    mut keep: impl FnMut(&Name, &str),
) {
    let mut waiting = BTreeMap::new();
    for client in (0..).map(ClientId) {
        let command = loop {
            ::tokio::select! {
                command = commands.recv() => break command,
                event = driver.event() => match event {
                    recursive::Event::Reply { client, message } => {
                        if let Some(reply) = waiting.remove(&client) {
                            // Whoever has gone away does not hear it.
                            let _ = oneshot::Sender::send(reply, message);
                        }
                    }
                    // Dropped, so that whoever waits hears that there is nothing to hear.
                    recursive::Event::Discarded { client } => drop(waiting.remove(&client)),
                    recursive::Event::Anchors { zone, state } => keep(&zone, &state),
                },
            }
        };
        match command {
            None => return,
            Some(Command::Statistics(reply)) => {
                let _ = reply.send(driver.agent().lock().statistics().clone());
            }
            Some(Command::Resolve { query, from, via, reply }) => {
                let now = driver.now();
                let Ok(query) = Message::parse(&query) else { continue };
                let who = (client, from);
                if driver.agent().lock().resolve_from(now, who, &query, via).is_ok() {
                    waiting.insert(client, reply);
                }
            }
        }
    }
}
