//! Runs an agent over sockets.
use alloc::collections::BTreeMap;
use alloc::string::ToString;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::io;
use std::sync::Arc;
use std::vec;

use ::tokio::io::{AsyncRead, AsyncWrite, Interest};
use ::tokio::net::{TcpSocket, TcpStream, UdpSocket};
use ::tokio::sync::mpsc;
use ::tokio::task::AbortHandle;
use ::tokio::time;
use bytes::Bytes;
use proto_core::tokio::tls::TlsConnector;
use proto_core::tokio::tls::rustls::pki_types::ServerName;
use proto_core::{Agent, Flow, Instant, Transmit, Transport};

use crate::stub::{Server, Stub};
use crate::tokio::{Exchange, Observer, frame};

/// Messages that have arrived and wait for the agent; more wait in their sockets.
const INBOX: usize = 256;

/// Runs an [`Agent`] over real sockets and the real clock.
///
/// Each flow is a socket of its own: for UDP a port that the system chose, connected, so that the
/// kernel drops what comes from elsewhere. It must be made and used within a tokio runtime, and
/// whatever is open is closed when it is dropped.
#[derive(Debug)]
pub struct Driver<A> {
    agent: A,
    origin: time::Instant,
    flows: BTreeMap<Flow, Open>,
    inbox: mpsc::Receiver<Arrival>,
    links: Links,
}

/// What a flow's task needs of the driver.
#[derive(Clone)]
struct Links {
    arrivals: mpsc::Sender<Arrival>,
    observer: Option<Observer>,
    bind: Option<IpAddr>,
    secure: Option<Arc<Secure>>,
}

/// How servers are spoken with by TLS, and for whom their certificates must be.
pub(super) struct Secure {
    pub(super) connector: TlsConnector,
    pub(super) names: BTreeMap<SocketAddr, ServerName<'static>>,
}

/// A message that came on a flow, or `None` when the flow has failed.
type Arrival = (Flow, Option<Bytes>);

/// A flow's task, which ends when this is dropped.
#[derive(Debug)]
struct Open {
    outgoing: mpsc::UnboundedSender<Bytes>,
    task: AbortHandle,
}

impl<A: Agent> Driver<A> {
    /// Takes an agent; its time begins here.
    #[must_use]
    pub fn new(agent: A) -> Self {
        let (arrivals, inbox) = mpsc::channel(INBOX);
        let links = Links { arrivals, observer: None, bind: None, secure: None };
        Self { agent, origin: time::Instant::now(), flows: BTreeMap::new(), inbox, links }
    }

    /// Has all messages sent from a local address; by default the system chooses.
    #[must_use]
    pub const fn bind(mut self, address: IpAddr) -> Self {
        self.links.bind = Some(address);
        self
    }

    /// Speaks TLS with some servers.
    pub(super) fn secure(mut self, secure: Secure) -> Self {
        self.links.secure = Some(Arc::new(secure));
        self
    }

    /// Shows every message sent and received to an observer.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Exchange<'_>) + Send + Sync + 'static) -> Self {
        self.links.observer = Some(Arc::new(observer));
        self
    }

    /// Makes another agent of this one, which goes on in its place.
    pub(super) fn map<B>(self, make: impl FnOnce(A) -> B) -> Driver<B> {
        let Self { agent, origin, flows, inbox, links } = self;
        Driver { agent: make(agent), origin, flows, inbox, links }
    }

    /// Returns the instant at which the agent's time begins.
    pub(super) const fn origin(&self) -> time::Instant {
        self.origin
    }

    /// Returns the time, as the agent is told it.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::ORIGIN + self.origin.elapsed()
    }

    /// Lends the agent. What it then wants to send, [`event`](Self::event) sends.
    pub const fn agent(&mut self) -> &mut A {
        &mut self.agent
    }

    /// Carries messages until something happens. Nothing is lost if the future is dropped.
    pub async fn event(&mut self) -> A::Event {
        loop {
            while let Some(transmit) = self.agent.transmit() {
                self.carry(transmit);
            }
            if let Some(event) = self.agent.poll() {
                return event;
            }
            let deadline = self.agent.deadline();
            // Far enough, if there is none.
            let wake = deadline.map_or(core::time::Duration::from_secs(3600), |deadline| {
                deadline - Instant::ORIGIN
            });
            ::tokio::select! {
                Some((flow, message)) = self.inbox.recv() => {
                    let now = self.now();
                    match message {
                        Some(message) => self.agent.receive(now, flow, &message),
                        None => self.agent.fail(now, flow),
                    }
                }
                () = time::sleep_until(self.origin + wake), if deadline.is_some() => {
                    let now = self.now();
                    self.agent.expire(now);
                }
            }
        }
    }

    fn carry(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Send { flow, to, via, message } => {
                let links = &self.links;
                let open =
                    self.flows.entry(flow).or_insert_with(|| Open::new(flow, to, via, links));
                // If the task has ended, it has said so to the agent.
                let _ = open.outgoing.send(message);
            }
            Transmit::Close(flow) => drop(self.flows.remove(&flow)),
            _ => {}
        }
    }
}

impl Driver<Stub> {
    /// Speaks TLS with the servers of the stub's configuration that want it, and with nobody whose
    /// certificate is not for the name, or the address, that is said there (RFC 8310 §5: the strict
    /// profile). Without this, they cannot be reached.
    #[must_use]
    pub fn tls(mut self, connector: TlsConnector) -> Self {
        let servers = self.agent.config().servers.iter();
        let names = servers.filter_map(|server| Some((server.address(), certified(server)?)));
        self.links.secure = Some(Arc::new(Secure { connector, names: names.collect() }));
        self
    }
}

/// Returns for whom a server's certificate must be.
fn certified(server: &Server) -> Option<ServerName<'static>> {
    match server {
        Server::Tls { address, name: None } => Some(address.ip().into()),
        Server::Tls { name: Some(name), .. } => {
            let text = name.to_string();
            ServerName::try_from(text.trim_end_matches('.').to_string()).ok()
        }
        Server::Plain(_) => None,
    }
}

/// Agents that need no more than sockets have a driver at once.
impl<A: Agent> From<A> for Driver<A> {
    fn from(agent: A) -> Self {
        Self::new(agent)
    }
}

impl Open {
    fn new(flow: Flow, to: SocketAddr, via: Transport, links: &Links) -> Self {
        let (outgoing, messages) = mpsc::unbounded_channel();
        let links = links.clone();
        let task = ::tokio::spawn(async move {
            // Whatever ends a flow before the agent does is a failure to it.
            let _ = match via {
                Transport::Udp => links.udp(flow, to, messages).await,
                Transport::Tcp => links.tcp(flow, to, messages).await,
                Transport::Tls => links.tls(flow, to, messages).await,
                _ => Err(io::ErrorKind::Unsupported.into()),
            };
            let _ = links.arrivals.send((flow, None)).await;
        });
        Self { outgoing, task: task.abort_handle() }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Links {
    async fn udp(
        &self,
        flow: Flow,
        to: SocketAddr,
        mut messages: mpsc::UnboundedReceiver<Bytes>,
    ) -> io::Result<()> {
        let socket = UdpSocket::bind(self.local(to)).await?;
        socket.connect(to).await?;
        let local = socket.local_addr()?;
        loop {
            ::tokio::select! {
                Some(message) = messages.recv() => {
                    self.show(local, to, Transport::Udp, &message);
                    socket.send(&message).await?;
                }
                ready = socket.ready(Interest::READABLE | Interest::ERROR) => {
                    // The kernel's word for "port unreachable"; the socket is of no more use.
                    if ready?.is_error() {
                        return Err(io::ErrorKind::ConnectionRefused.into());
                    }
                    // No buffer while waiting: there may be thousands of flows.
                    let mut buffer = vec![0; usize::from(u16::MAX)];
                    let length = match socket.try_recv(&mut buffer) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                        length => length?,
                    };
                    let message = buffer.get(..length).unwrap_or_default();
                    self.show(to, local, Transport::Udp, message);
                    self.arrived(flow, Bytes::copy_from_slice(message)).await;
                }
            }
        }
    }

    async fn tcp(
        &self,
        flow: Flow,
        to: SocketAddr,
        messages: mpsc::UnboundedReceiver<Bytes>,
    ) -> io::Result<()> {
        let stream = self.connect(to).await?;
        let ends = (stream.local_addr()?, to);
        self.stream(flow, ends, Transport::Tcp, stream, messages).await
    }

    async fn tls(
        &self,
        flow: Flow,
        to: SocketAddr,
        messages: mpsc::UnboundedReceiver<Bytes>,
    ) -> io::Result<()> {
        let secure = self.secure.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let name = secure.names.get(&to).ok_or(io::ErrorKind::Unsupported)?;
        let stream = self.connect(to).await?;
        let ends = (stream.local_addr()?, to);
        let stream = secure.connector.connect(name.clone(), stream).await?;
        self.stream(flow, ends, Transport::Tls, stream, messages).await
    }

    async fn connect(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let socket = if to.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(self.local(to))?;
        socket.connect(to).await
    }

    /// Writes and reads at once, or two who do one after the other wait for each other.
    async fn stream(
        &self,
        flow: Flow,
        (local, to): (SocketAddr, SocketAddr),
        via: Transport,
        stream: impl AsyncRead + AsyncWrite,
        mut messages: mpsc::UnboundedReceiver<Bytes>,
    ) -> io::Result<()> {
        let (mut reader, mut writer) = ::tokio::io::split(stream);
        let write = async {
            while let Some(message) = messages.recv().await {
                self.show(local, to, via, &message);
                frame::write(&mut writer, &message).await?;
            }
            io::Result::Ok(())
        };
        let read = async {
            while let Some(message) = frame::read(&mut reader).await? {
                self.show(to, local, via, &message);
                self.arrived(flow, message).await;
            }
            io::Result::Err(io::ErrorKind::UnexpectedEof.into())
        };
        ::tokio::try_join!(write, read).map(|((), ())| ())
    }

    async fn arrived(&self, flow: Flow, message: Bytes) {
        // Without a driver there is nobody to hear it, and this task is about to be aborted.
        let _ = self.arrivals.send((flow, Some(message))).await;
    }

    fn local(&self, to: SocketAddr) -> SocketAddr {
        let any = match to {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let bind = self.bind.filter(|bind| bind.is_ipv4() == to.is_ipv4());
        SocketAddr::new(bind.unwrap_or(any), 0)
    }

    fn show(&self, from: SocketAddr, to: SocketAddr, via: Transport, message: &[u8]) {
        if let Some(observer) = &self.observer {
            observer(&Exchange { from, to, via, message });
        }
    }
}

impl core::fmt::Debug for Links {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Links").field("bind", &self.bind).finish_non_exhaustive()
    }
}
