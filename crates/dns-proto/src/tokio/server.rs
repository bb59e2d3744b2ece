//! A name server on one address, by UDP, TCP and TLS.
use core::future::Future;
use core::net::SocketAddr;
use core::time::Duration;
use std::boxed::Box;
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use std::vec::Vec;

use ::tokio::net::{TcpListener, UdpSocket};
use ::tokio::sync::{Semaphore, watch};
use ::tokio::task::JoinSet;
use ::tokio::time;
use bytes::{Bytes, BytesMut};
use proto_core::Transport;
use proto_core::tokio::tls::TlsAcceptor;
use socket2::{Domain, Protocol, Socket, Type};

use crate::authority::{self, Outcome};
use crate::tokio::datagrams::Datagrams;
use crate::tokio::streams::Streams;
use crate::tokio::{Exchange, Observer};
use crate::transfer::Outgoing;

/// Answers messages.
pub trait Handler: Send + Sync + 'static {
    /// Answers one message, or leaves it unanswered with `None`.
    fn handle(
        &self,
        query: Bytes,
        from: SocketAddr,
        via: Transport,
    ) -> impl Future<Output = Option<Bytes>> + Send;

    /// Answers what needs no waiting, without a task or a copy; [`Now::Later`] leaves it to
    /// [`handle`](Self::handle).
    fn now(&self, query: &[u8], from: SocketAddr, via: Transport, out: &mut BytesMut) -> Now {
        let _ = (query, from, via, out);
        Now::Later
    }
}

/// What became of a message at once.
#[derive(Debug)]
#[must_use]
pub enum Now {
    /// The answer has been appended, or there is to be none.
    Done,
    /// Messages are to be sent, each when the one before has gone out.
    Transfer(Box<Outgoing>),
    /// It takes longer.
    Later,
}

/// What clients may make a [`Server`] do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServerLimits {
    /// UDP queries that are worked on at once, if their answers must be waited for; more are
    /// dropped. 1,000.
    pub queries: usize,
    /// TCP connections at once; more wait in the listener's queue. 100, as Unbound with
    /// `incoming-num-tcp` raised for an authority. TLS has as many again.
    pub connections: usize,
    /// Connections at once from one address, or one IPv6 network of 64 bits; more are closed. 50:
    /// half, so that nobody has all.
    pub connections_per_address: usize,
    /// Queries of one connection that are worked on at once, if their answers must be waited for
    /// (RFC 7766 §6.2.1.1); no more are read before one is done. 32.
    pub pipelined: usize,
    /// Transfers of zones that go out at once; more wait. 10, as in BIND (`transfers-out`).
    pub transfers: usize,
    /// How long a TCP connection may be idle, or take for a message. 10 s (RFC 7766 §6.2.3:
    /// "a few seconds").
    pub idle: Duration,
    /// How long queries in work may take when the server stops. 5 s.
    pub grace: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            queries: 1_000,
            connections: 100,
            connections_per_address: 50,
            pipelined: 32,
            transfers: 10,
            idle: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
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
pub struct Server<H> {
    udp: Vec<UdpSocket>,
    tcp: TcpListener,
    tls: Option<(TcpListener, TlsAcceptor)>,
    service: Service<H>,
}

/// What every task of a server shares.
pub(super) struct Service<H> {
    pub(super) handler: Arc<H>,
    pub(super) limits: ServerLimits,
    observer: Option<Observer>,
}

impl<H: Handler> Server<H> {
    /// Binds UDP and TCP to the same address; with port 0, to one that is free for both.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub async fn bind(address: SocketAddr, handler: H) -> io::Result<Self> {
        Self::bind_workers(address, handler, 1).await
    }

    /// Does the same with so many UDP sockets on the one port (`SO_REUSEPORT`), each read by a task
    /// of its own: the system divides clients among them, and a runtime of as many threads answers
    /// on all at once.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub async fn bind_workers(address: SocketAddr, handler: H, workers: usize) -> io::Result<Self> {
        let (udp, tcp) = sockets(address, workers.max(1)).await?;
        let (limits, handler) = (ServerLimits::default(), Arc::new(handler));
        Ok(Self { udp, tcp, tls: None, service: Service { handler, limits, observer: None } })
    }

    /// Answers by TLS too, on a listener of its own (RFC 7858, RFC 9103).
    #[must_use]
    pub fn tls(mut self, listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        self.tls = Some((listener, acceptor));
        self
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
        self.tcp.local_addr()
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
        let Self { udp, tcp, tls, service } = self;
        let (local, service) = (tcp.local_addr()?, Arc::new(service));
        let places = |limit: usize| Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        let queries = places(service.limits.queries);
        let transfers = places(service.limits.transfers);
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for udp in udp {
            let datagrams = Datagrams::new(Arc::clone(&service), udp, local, Arc::clone(&queries));
            tasks.spawn(datagrams.work(stopped.clone()));
        }
        let streams = Streams { service: Arc::clone(&service), transfers, stopped };
        tasks.spawn(streams.clone().accept(tcp, None));
        if let Some((listener, acceptor)) = tls {
            tasks.spawn(streams.accept(listener, Some(acceptor)));
        }
        stop.await;
        stopping.send_replace(true);
        let finish = async { while tasks.join_next().await.is_some() {} };
        // What has not finished by then is aborted with the set.
        let _ = time::timeout(service.limits.grace, finish).await;
        Ok(())
    }
}

impl<H> Service<H> {
    pub(super) fn show(&self, from: SocketAddr, to: SocketAddr, via: Transport, message: &[u8]) {
        if let Some(observer) = &self.observer {
            observer(&Exchange { from, to, via, message });
        }
    }
}

impl<H> core::fmt::Debug for Server<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { tcp, service, .. } = self;
        f.debug_struct("Server").field("tcp", tcp).field("limits", &service.limits).finish()
    }
}

/// Binds all sockets, trying again if the port that TCP was given is taken for UDP.
async fn sockets(address: SocketAddr, workers: usize) -> io::Result<(Vec<UdpSocket>, TcpListener)> {
    let mut tries = 0;
    loop {
        let tcp = TcpListener::bind(address).await?;
        let local = tcp.local_addr()?;
        let udp: io::Result<_> = (0..workers).map(|_| datagrams(local, workers > 1)).collect();
        match udp {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) if address.port() != 0 || tries > 16 => return Err(error),
            Err(_) => tries += 1,
        }
    }
}

fn datagrams(address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    // Floods of a moment wait here, as in NSD and Knot; less is no error.
    let _ = socket.set_recv_buffer_size(1 << 20);
    let _ = socket.set_send_buffer_size(1 << 20);
    #[cfg(unix)]
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// Seconds since 1970, as the system has them.
pub(super) fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
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

    fn now(&self, query: &[u8], from: SocketAddr, via: Transport, out: &mut BytesMut) -> Now {
        self.as_ref().now(query, from, via, out)
    }
}

/// Answers FORMERR to what is no message, if it can be answered at all.
pub(super) fn malformed(octets: &[u8]) -> Option<Bytes> {
    let mut out = BytesMut::new();
    let outcome = authority::malformed(octets, &mut out);
    (outcome != Outcome::Ignored).then(|| out.freeze())
}
