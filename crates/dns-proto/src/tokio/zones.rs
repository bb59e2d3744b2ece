//! Zones in service: queries, updates, transfers, and what is kept of them.
use alloc::collections::BTreeMap;
use core::net::{IpAddr, SocketAddr};
use std::boxed::Box;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::vec::Vec;

use ::tokio::sync::oneshot;
use ::tokio::task::spawn_blocking;
use ::tokio::time;
use bytes::{Bytes, BytesMut};
use proto_core::{Instant, Transport};

use crate::authority::{Authority, Client, Outcome, PendingUpdate, Reply, Server};
use crate::message::Message;
use crate::name::Name;
use crate::notify::Notification;
use crate::number::Rcode;
use crate::rate_limit::{RateLimiter, Verdict};
use crate::tokio::server::{Handler, Now, seconds};
use crate::zone::{Zone, ZoneDelta};

/// Keeps what has become of zones, and hears of it. `()` keeps nothing, and no update survives.
pub trait Keeper: Send + Sync + 'static {
    /// Makes steps of a zone safe, one behind the other: when it returns, no crash undoes them. The
    /// updates are acknowledged after that, and refused if there is an error. What comes in
    /// meanwhile is the next call, so that many updates cost one turn of the disk. It may block.
    ///
    /// # Errors
    ///
    /// When the steps are not safe; none of them must be found again then.
    fn keep(&self, zone: &Name, steps: &[ZoneDelta]) -> io::Result<()> {
        let _ = (zone, steps);
        Ok(())
    }

    /// Hears that a version of a zone is in service.
    fn changed(&self, zone: &Zone) {
        let _ = zone;
    }

    /// Hears that somebody who may has said that a zone has changed elsewhere.
    fn notified(&self, notification: Notification, from: IpAddr) {
        let _ = (notification, from);
    }
}

impl Keeper for () {}

/// Shared keepers are keepers.
impl<K: Keeper> Keeper for Arc<K> {
    fn keep(&self, zone: &Name, steps: &[ZoneDelta]) -> io::Result<()> {
        self.as_ref().keep(zone, steps)
    }

    fn changed(&self, zone: &Zone) {
        self.as_ref().changed(zone);
    }

    fn notified(&self, notification: Notification, from: IpAddr) {
        self.as_ref().notified(notification, from);
    }
}

/// The zones of an authoritative server: the [`Handler`] that answers from them. Clones share
/// them.
///
/// ```
/// use dns_proto::tokio::Zones;
/// use dns_proto::{Access, Action, Authority, Rule, Who, authority};
///
/// let everybody = Rule { who: Who::Anybody, action: Action::Transfer, zone: None, allow: true };
/// let server = authority::Server::new(Authority::default());
/// let zones = Zones::new(server.with_access(Access::from_iter([everybody])));
/// assert_eq!(zones.with(|server| server.authority().zones().count()), 0);
/// ```
#[derive(Clone)]
pub struct Zones(Arc<Inner>);

struct Inner {
    server: RwLock<Server>,
    /// Held while a zone goes from one version to the next.
    turn: Mutex<()>,
    /// Updates whose turn has not come, by zone.
    waiting: Mutex<BTreeMap<Name, Vec<Waiting>>>,
    limiter: Option<Mutex<RateLimiter>>,
    keeper: Box<dyn Keeper>,
    origin: time::Instant,
    answered: AtomicU64,
}

/// An update, and who wants to know how it went.
struct Waiting {
    pending: Box<PendingUpdate>,
    answer: oneshot::Sender<Bytes>,
}

impl Zones {
    /// Serves zones that nobody keeps.
    #[must_use]
    pub fn new(server: impl Into<Server>) -> Self {
        Self::kept(server, (), None)
    }

    /// Serves zones, has somebody keep what becomes of them, and limits the answers by UDP if there
    /// is a limiter.
    #[must_use]
    pub fn kept(
        server: impl Into<Server>,
        keeper: impl Keeper,
        limiter: Option<RateLimiter>,
    ) -> Self {
        Self(Arc::new(Inner {
            server: RwLock::new(server.into()),
            turn: Mutex::new(()),
            waiting: Mutex::default(),
            limiter: limiter.map(Mutex::new),
            keeper: Box::new(keeper),
            origin: time::Instant::now(),
            answered: AtomicU64::new(0),
        }))
    }

    /// Lends the server, to look at or change while it is in service. What an update or
    /// [`replace`](Self::replace) is at work on meanwhile may be lost: change zones by those.
    pub fn with<T>(&self, act: impl FnOnce(&mut Server) -> T) -> T {
        self.0.write(act)
    }

    /// Puts a version of a zone into service that was loaded or transferred, in one step: queries
    /// are answered from the one or the other. The step to it is kept, if it leads forwards from a
    /// version that is in service. It blocks.
    ///
    /// # Errors
    ///
    /// When it could not be kept; the version before is still in service then.
    pub fn replace(&self, zone: Zone) -> io::Result<()> {
        let inner = &self.0;
        let turn = inner.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let before = inner.read(|server| server.authority().zone(zone.apex().view()).cloned());
        let step = before.map(|before| ZoneDelta::between(&before, &zone));
        match step.filter(|step| step.from() != step.to()) {
            Some(step) => {
                inner.keeper.keep(zone.apex(), core::slice::from_ref(&step))?;
                // Nobody else has a turn, so it begins at the version in service.
                let _ = inner.write(|server| server.advance(zone.clone(), step));
            }
            None => drop(inner.write(|server| server.authority_mut().insert(zone.clone()))),
        }
        inner.keeper.changed(&zone);
        drop(turn);
        Ok(())
    }

    /// Whether a query is about a name of one of the zones, or about the server itself.
    #[must_use]
    pub fn knows(&self, query: &Message<'_>) -> bool {
        self.0.read(|server| server.authority().knows(query))
    }
}

#[cfg(test)]
impl Zones {
    /// Returns how many updates wait for their turn.
    pub(super) fn waiting(&self) -> usize {
        let waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.values().map(Vec::len).sum()
    }
}

impl Inner {
    fn read<T>(&self, act: impl FnOnce(&Server) -> T) -> T {
        // A panic elsewhere leaves zones as whole as they were: nothing is changed midway.
        act(&self.server.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, act: impl FnOnce(&mut Server) -> T) -> T {
        act(&mut self.server.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn receive(&self, query: &[u8], from: SocketAddr, via: Transport, out: &mut BytesMut) -> Reply {
        let turn = self.answered.fetch_add(1, Ordering::Relaxed);
        let address = Some(from.ip());
        let client = Client { address, now: seconds(), turn, ..via.into() };
        let base = out.len();
        self.read(|server| {
            let reply = server.receive(query, client, out);
            if let (Reply::Answer(outcome), Transport::Udp, Some(limiter)) =
                (&reply, via, &self.limiter)
            {
                self.limit((server, client), limiter, query, *outcome, (base, &mut *out));
            }
            reply
        })
    }

    /// Takes an answer back, if there were too many like it.
    fn limit(
        &self,
        (server, client): (&Server, Client),
        limiter: &Mutex<RateLimiter>,
        query: &[u8],
        outcome: Outcome,
        (base, out): (usize, &mut BytesMut),
    ) {
        let (Ok(query), Some(to)) = (Message::parse(query), client.address) else { return };
        let now = Instant::ORIGIN + self.origin.elapsed();
        let mut limiter = limiter.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = limiter.count(now, to, &query, outcome);
        drop(limiter);
        if verdict != Verdict::Send {
            out.truncate(base);
        }
        if verdict == Verdict::Slip {
            server.authority().truncated(&query, client, out);
        }
    }

    /// Puts an update where who has the next turn finds it.
    fn wait(&self, pending: Box<PendingUpdate>) -> oneshot::Receiver<Bytes> {
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let apex = pending.zone().clone();
        waiting.entry(apex).or_default().push(Waiting { pending, answer });
        answered
    }

    /// Carries out the updates of a zone that wait: prepared one on the other, kept together, in
    /// service, in this order, and only then answered.
    fn update(&self, apex: &Name) {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(apex);
        let waiting = waiting.unwrap_or_default();
        let (mut versions, mut steps, mut answers) = (Vec::new(), Vec::new(), Vec::new());
        for Waiting { pending, .. } in &waiting {
            let mut out = BytesMut::new();
            let newest = versions.last();
            let prepared = self.read(|server| pending.prepare_after(server, newest, &mut out));
            let (version, step) = prepared.into_next().unzip();
            versions.extend(version);
            steps.extend(step);
            answers.push(out);
        }
        let newest = versions.last().cloned();
        let done = steps.is_empty()
            || self.keeper.keep(apex, &steps).is_ok() && self.advance(versions, steps);
        drop(turn);
        if let Some(newest) = newest.filter(|_| done) {
            self.keeper.changed(&newest);
        }
        for (Waiting { pending, answer }, mut out) in waiting.into_iter().zip(answers) {
            if !done {
                out.clear();
                self.read(|server| pending.fail(server, Rcode::SERVFAIL, &mut out));
            }
            // Who has gone away does not hear it.
            let _ = answer.send(out.freeze());
        }
    }

    fn advance(&self, versions: Vec<Zone>, steps: Vec<ZoneDelta>) -> bool {
        self.write(|server| {
            let mut each = versions.into_iter().zip(steps);
            each.try_for_each(|(zone, step)| server.advance(zone, step)).is_ok()
        })
    }
}

impl Handler for Zones {
    async fn handle(&self, query: Bytes, from: SocketAddr, via: Transport) -> Option<Bytes> {
        let mut out = BytesMut::new();
        match self.0.receive(&query, from, via, &mut out) {
            Reply::Update(pending) => {
                let (inner, apex) = (Arc::clone(&self.0), pending.zone().clone());
                let answered = inner.wait(pending);
                // What has begun is finished, whether the client waits or not.
                spawn_blocking(move || inner.update(&apex));
                answered.await.ok()
            }
            Reply::Transfer(mut outgoing) => outgoing.message(seconds()).ok().flatten(),
            _ => Some(out.freeze()),
        }
        .filter(|answer| !answer.is_empty())
    }

    fn now(&self, query: &[u8], from: SocketAddr, via: Transport, out: &mut BytesMut) -> Now {
        match self.0.receive(query, from, via, out) {
            Reply::Ignored | Reply::Answer(_) => Now::Done,
            Reply::Transfer(outgoing) => Now::Transfer(outgoing),
            Reply::Notified(notification) => {
                self.0.keeper.notified(notification, from.ip());
                Now::Done
            }
            Reply::Update(_) => Now::Later,
        }
    }
}

impl From<Authority> for Server {
    fn from(authority: Authority) -> Self {
        Self::new(authority)
    }
}

impl core::fmt::Debug for Zones {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.read(|server| f.debug_tuple("Zones").field(server).finish())
    }
}
