//! Handles that applications hold while a task runs the driver.
use alloc::collections::BTreeMap;
use core::net::{IpAddr, SocketAddr};
use std::vec::Vec;

use ::tokio::sync::{mpsc, oneshot};
use bytes::{Bytes, BytesMut};
use proto_core::Transport;

use crate::error::Error;
use crate::message::{Message, MessageBuf};
use crate::name::Name;
use crate::number::RecordType;
use crate::rdata::Rdata;
use crate::recursive::{self, ClientId, Statistics};
use crate::stub::{self, Stub};
use crate::tokio::driver::Driver;
use crate::tokio::server::{Handler, Now, malformed};
use crate::tokio::shared::Shared;

/// Commands that wait for the task; whoever sends more waits too.
const COMMANDS: usize = 64;

/// Looks names up by way of a local name server. Clones share one task, which ends with the last.
///
/// That a name or its data do not exist is an answer: an empty list, or the message that says so.
///
/// ```no_run
/// use dns_proto::stub::{Config, Stub};
/// use dns_proto::tokio::{Driver, Resolver, seed};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let stub = Stub::new(Config::new([([127, 0, 0, 1], 53).into()]), seed()?)?;
/// let resolver = Resolver::spawn(Driver::new(stub));
/// for (preference, exchange) in resolver.lookup_mx(&"hamburger.edu".parse()?).await? {
///     println!("{preference} {exchange} {:?}", resolver.lookup_ip(&exchange).await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Resolver {
    commands: mpsc::Sender<Lookup>,
}

#[derive(Debug)]
struct Lookup {
    name: Name,
    rtype: RecordType,
    reply: oneshot::Sender<Result<MessageBuf, Error>>,
}

impl Resolver {
    /// Runs a stub in a task of its own; only within a tokio runtime.
    #[must_use]
    pub fn spawn(driver: Driver<Stub>) -> Self {
        let (commands, lookups) = mpsc::channel(COMMANDS);
        ::tokio::spawn(run_stub(driver, lookups));
        Self { commands }
    }

    /// Asks for the records of a type, and returns the whole answer.
    ///
    /// # Errors
    ///
    /// When no server gave a useful answer.
    pub async fn query(&self, name: &Name, rtype: RecordType) -> Result<MessageBuf, Error> {
        let (reply, answer) = oneshot::channel();
        let lookup = Lookup { name: name.clone(), rtype, reply };
        // The task ends before its handles only if the runtime does.
        self.commands.send(lookup).await.map_err(|_| Error::Unanswered)?;
        answer.await.unwrap_or(Err(Error::Unanswered))
    }

    /// Finds the addresses of a host, IPv6 and IPv4 at once; the IPv6 ones come first.
    ///
    /// # Errors
    ///
    /// When no server gave a useful answer to either question.
    pub async fn lookup_ip(&self, host: &Name) -> Result<Vec<IpAddr>, Error> {
        let (six, four) =
            ::tokio::join!(self.query(host, RecordType::AAAA), self.query(host, RecordType::A));
        if let (Err(error), Err(_)) = (&six, &four) {
            return Err(*error);
        }
        let answers = [six, four].into_iter().flatten();
        Ok(answers.flat_map(|answer| addresses(&answer)).collect())
    }

    /// Finds who takes mail for a domain, the most preferred first (RFC 5321 §5.1). A target of
    /// the root says that nobody does (RFC 7505).
    ///
    /// # Errors
    ///
    /// When no server gave a useful answer.
    pub async fn lookup_mx(&self, domain: &Name) -> Result<Vec<(u16, Name)>, Error> {
        let answer = self.query(domain, RecordType::MX).await?;
        let exchange = |data: Rdata<'_>| match data {
            Rdata::Mx { preference, exchange } => Some((preference, exchange.to_name())),
            _ => None,
        };
        let records = answer.view().answers();
        let mut list: Vec<_> = records.filter_map(|record| exchange(record.data())).collect();
        // Stable: the server's order among equals is its distribution of load.
        list.sort_by_key(|&(preference, _)| preference);
        Ok(list)
    }
}

fn addresses(answer: &MessageBuf) -> Vec<IpAddr> {
    answer.view().answers().filter_map(|record| record.data().address()).collect()
}

async fn run_stub(mut driver: Driver<Stub>, mut lookups: mpsc::Receiver<Lookup>) {
    let mut waiting = BTreeMap::new();
    loop {
        ::tokio::select! {
            lookup = lookups.recv() => {
                let Some(Lookup { name, rtype, reply }) = lookup else { return };
                let now = driver.now();
                waiting.insert(driver.agent().query(now, name, rtype), reply);
            }
            event = driver.event() => {
                let (id, answer) = match event {
                    stub::Event::Answer { id, message } => (id, Ok(message)),
                    stub::Event::Failed { id, error } => (id, Err(error)),
                };
                if let Some(reply) = waiting.remove(&id) {
                    // Whoever has gone away does not hear it.
                    let _ = reply.send(answer);
                }
            }
        }
    }
}

/// Resolves queries from the root down: the [`Handler`] of a local name server. Clones share one
/// task and one cache; the task ends with the last.
#[derive(Clone, Debug)]
pub struct Recursive {
    commands: mpsc::Sender<Command>,
    shared: Shared,
}

#[derive(Debug)]
enum Command {
    Resolve { query: Bytes, via: Transport, reply: oneshot::Sender<Bytes> },
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

    /// Answers a query from the cache, if that is all there is to do: appends the reply and returns
    /// `true`. With `false` nothing has been done, and [`handle`](Handler::handle) is to do it.
    #[must_use]
    pub fn answer(&self, query: &Message<'_>, via: Transport, out: &mut BytesMut) -> bool {
        let now = self.shared.now();
        self.shared.lock().answer(now, query, via, out)
    }
}

impl Handler for Recursive {
    async fn handle(&self, query: Bytes, _: SocketAddr, via: Transport) -> Option<Bytes> {
        if Message::parse(&query).is_err() {
            return malformed(&query);
        }
        let (reply, answer) = oneshot::channel();
        self.commands.send(Command::Resolve { query, via, reply }).await.ok()?;
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
            Some(Command::Resolve { query, via, reply }) => {
                let now = driver.now();
                let Ok(query) = Message::parse(&query) else { continue };
                if driver.agent().lock().resolve(now, client, &query, via).is_ok() {
                    waiting.insert(client, reply);
                }
            }
        }
    }
}
