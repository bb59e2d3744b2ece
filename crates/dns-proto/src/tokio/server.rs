//! A name server on one address, by UDP and TCP.
use core::future::Future;
use core::net::SocketAddr;
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::vec;

use ::tokio::net::{TcpListener, TcpStream, UdpSocket};
use ::tokio::sync::{Semaphore, watch};
use ::tokio::task::JoinSet;
use ::tokio::time;
use bytes::{Bytes, BytesMut};
use proto_core::Transport;

use crate::authority::{self, Authority, Outcome};
use crate::message::Message;
use crate::number::Opcode;
use crate::tokio::{Exchange, Observer, frame};

/// Answers messages.
pub trait Handler: Send + Sync + 'static {
    /// Answers one message, or leaves it unanswered with `None`.
    fn handle(
        &self,
        query: Bytes,
        from: SocketAddr,
        via: Transport,
    ) -> impl Future<Output = Option<Bytes>> + Send;
}

/// What clients may make a [`Server`] do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerLimits {
    /// UDP queries that are worked on at once; more are dropped. 1,000.
    pub queries: usize,
    /// TCP connections at once; more wait in the listener's queue. 100, as Unbound with
    /// `incoming-num-tcp` raised for an authority.
    pub connections: usize,
    /// How long a TCP connection may be idle, or take for a message. 10 s (RFC 7766 §6.2.3:
    /// "a few seconds").
    pub idle: Duration,
    /// How long queries in work may take when the server stops. 5 s.
    pub grace: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        let (idle, grace) = (Duration::from_secs(10), Duration::from_secs(5));
        Self { queries: 1_000, connections: 100, idle, grace }
    }
}

/// A server bound to one address and port, by UDP and TCP.
///
/// ```no_run
/// use dns_proto::Authority;
/// use dns_proto::tokio::{Server, Zones};
///
/// # async fn example() -> std::io::Result<()> {
/// let zones = Zones::new(Authority::default());
/// let server = Server::bind("127.0.0.1:0".parse().unwrap(), zones).await?;
/// println!("listening dns {}", server.local_addr()?);
/// server.run(std::future::pending()).await
/// # }
/// ```
#[derive(Debug)]
pub struct Server<H> {
    udp: UdpSocket,
    tcp: TcpListener,
    service: Service<H>,
}

/// What every task of a server shares.
struct Service<H> {
    handler: Arc<H>,
    limits: ServerLimits,
    observer: Option<Observer>,
}

impl<H: Handler> Server<H> {
    /// Binds UDP and TCP to the same address; with port 0, to one that is free for both.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub async fn bind(address: SocketAddr, handler: H) -> io::Result<Self> {
        let (udp, tcp) = sockets(address).await?;
        let (limits, handler) = (ServerLimits::default(), Arc::new(handler));
        Ok(Self { udp, tcp, service: Service { handler, limits, observer: None } })
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: ServerLimits) -> Self {
        self.service.limits = limits;
        self
    }

    /// Shows every message received and sent to an observer.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        self.service.observer = Some(Arc::new(observer));
        self
    }

    /// Returns the address and port it is bound to.
    ///
    /// # Errors
    ///
    /// When the system does not know.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.udp.local_addr()
    }

    /// Returns the handler, to share it.
    #[must_use]
    pub const fn handler(&self) -> &Arc<H> {
        &self.service.handler
    }

    /// Answers until `stop` is ready; then finishes what is in work, for a while.
    ///
    /// # Errors
    ///
    /// When the address of a socket cannot be told; bad messages and connections are no errors.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let Self { udp, tcp, service } = self;
        let (local, udp, service) = (udp.local_addr()?, Arc::new(udp), Arc::new(service));
        let places = |limit: usize| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        let queries = places(service.limits.queries);
        let connections = places(service.limits.connections);
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut buffer = vec![0; usize::from(u16::MAX)];
        let mut stop = core::pin::pin!(stop);
        loop {
            let accept = async {
                let place = Arc::clone(&connections).acquire_owned().await;
                (place, tcp.accept().await)
            };
            ::tokio::select! {
                () = &mut stop => break,
                Some(_) = tasks.join_next() => {}
                received = udp.recv_from(&mut buffer) => {
                    // An error is about an earlier answer that found no one.
                    let Ok((length, from)) = received else { continue };
                    let Ok(place) = Arc::clone(&queries).try_acquire_owned() else { continue };
                    let query = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
                    let (service, udp) = (Arc::clone(&service), Arc::clone(&udp));
                    tasks.spawn(async move {
                        service.datagram(&udp, query, (from, local)).await;
                        drop(place);
                    });
                }
                (place, accepted) = accept => {
                    let Ok((stream, from)) = accepted else {
                        // Out of descriptors, most likely: give others the time to close theirs.
                        time::sleep(Duration::from_millis(10)).await;
                        continue;
                    };
                    let (service, stopped) = (Arc::clone(&service), stopped.clone());
                    tasks.spawn(async move {
                        // A connection that breaks is the client's loss.
                        let _ = service.connection(stream, (from, local), stopped).await;
                        drop(place);
                    });
                }
            }
        }
        stopping.send_replace(true);
        let finish = async { while tasks.join_next().await.is_some() {} };
        // What has not finished by then is aborted with the set.
        let _ = time::timeout(service.limits.grace, finish).await;
        Ok(())
    }
}

impl<H: Handler> Service<H> {
    async fn datagram(&self, udp: &UdpSocket, query: Bytes, ends: (SocketAddr, SocketAddr)) {
        if let Some(answer) = self.answer(query, ends, Transport::Udp).await {
            // Whoever has gone away does not hear it.
            let _ = udp.send_to(&answer, ends.0).await;
        }
    }

    /// Answers a connection's queries, one after the other.
    async fn connection(
        &self,
        mut stream: TcpStream,
        ends: (SocketAddr, SocketAddr),
        mut stopped: watch::Receiver<bool>,
    ) -> io::Result<()> {
        loop {
            let read = time::timeout(self.limits.idle, frame::read(&mut stream));
            let query = ::tokio::select! {
                query = read => query??,
                _ = stopped.wait_for(|&stopped| stopped) => return Ok(()),
            };
            let Some(query) = query else { return Ok(()) };
            if let Some(answer) = self.answer(query, ends, Transport::Tcp).await {
                time::timeout(self.limits.idle, frame::write(&mut stream, &answer)).await??;
            }
        }
    }

    async fn answer(
        &self,
        query: Bytes,
        (from, local): (SocketAddr, SocketAddr),
        via: Transport,
    ) -> Option<Bytes> {
        self.show(&Exchange { from, to: local, via, message: &query });
        let answer = self.handler.handle(query, from, via).await?;
        self.show(&Exchange { from: local, to: from, via, message: &answer });
        Some(answer)
    }

    fn show(&self, exchange: &Exchange<'_>) {
        if let Some(observer) = &self.observer {
            observer(exchange);
        }
    }
}

impl<H> core::fmt::Debug for Service<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Service").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Binds both sockets, trying again if the port that TCP was given is taken for UDP.
async fn sockets(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let tcp = TcpListener::bind(address).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) if address.port() != 0 || tries > 16 => return Err(error),
            Err(_) => tries += 1,
        }
    }
}

/// Decides who may update.
type Permit = Box<dyn Fn(SocketAddr, &Message<'_>) -> bool + Send + Sync>;

/// The zones of an authoritative server: the [`Handler`] that answers from them.
///
/// Updates are refused, unless [`permit_updates`](Self::permit_updates) says who may.
pub struct Zones {
    authority: RwLock<Authority>,
    permit: Permit,
}

impl Zones {
    /// Serves an authority's zones.
    #[must_use]
    pub fn new(authority: Authority) -> Self {
        Self { authority: RwLock::new(authority), permit: Box::new(|_, _| false) }
    }

    /// Applies the updates of which `permit` says yes, given their sender and the message. An
    /// address alone proves little, by UDP nothing at all (RFC 2136 §3.3).
    #[must_use]
    pub fn permit_updates(
        mut self,
        permit: impl Fn(SocketAddr, &Message<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.permit = Box::new(permit);
        self
    }

    /// Lends the authority, to look at or change its zones while it is in service.
    pub fn with<T>(&self, act: impl FnOnce(&mut Authority) -> T) -> T {
        // A panic elsewhere leaves zones as whole as they were: updates cannot fail midway.
        act(&mut self.authority.write().unwrap_or_else(PoisonError::into_inner))
    }

    fn respond(&self, query: &Bytes, from: SocketAddr, via: Transport) -> Option<Bytes> {
        let mut out = BytesMut::new();
        let update = Message::parse(query)
            .ok()
            .filter(|message| message.header().opcode == Opcode::UPDATE)
            .filter(|message| (self.permit)(from, message));
        let outcome = match update {
            Some(update) => self.with(|authority| authority.update(&update, via, &mut out)),
            None => {
                let authority = self.authority.read().unwrap_or_else(PoisonError::into_inner);
                authority.respond(query, via, &mut out)
            }
        };
        (outcome != Outcome::Ignored).then(|| out.freeze())
    }
}

impl core::fmt::Debug for Zones {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Zones").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Handler for Zones {
    async fn handle(&self, query: Bytes, from: SocketAddr, via: Transport) -> Option<Bytes> {
        self.respond(&query, from, via)
    }
}

/// Shared handlers are handlers.
impl<H: Handler> Handler for Arc<H> {
    fn handle(
        &self,
        query: Bytes,
        from: SocketAddr,
        via: Transport,
    ) -> impl Future<Output = Option<Bytes>> + Send {
        self.as_ref().handle(query, from, via)
    }
}

/// Answers FORMERR to what is no message, if it can be answered at all.
pub(super) fn malformed(octets: &[u8]) -> Option<Bytes> {
    let mut out = BytesMut::new();
    let outcome = authority::malformed(octets, &mut out);
    (outcome != Outcome::Ignored).then(|| out.freeze())
}
