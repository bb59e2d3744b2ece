//! A server's connections, by TCP and TLS.
use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use ::tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, WriteHalf};
use ::tokio::net::TcpListener;
use ::tokio::sync::{Mutex, Semaphore, watch};
use ::tokio::task::JoinSet;
use ::tokio::time;
use bytes::{Bytes, BytesMut};
use proto_core::Transport;
use proto_core::tokio::tls::TlsAcceptor;
use proto_core::tokio::{AcceptLimits, accept_loop};

use crate::tokio::frame;
use crate::tokio::server::{Handler, Now, Service, seconds};
use crate::transfer::Outgoing;

/// What the connections of a server share.
pub(super) struct Streams<H> {
    pub(super) service: Arc<Service<H>>,
    pub(super) transfers: Arc<Semaphore>,
    pub(super) stopped: watch::Receiver<bool>,
}

impl<H> Clone for Streams<H> {
    fn clone(&self) -> Self {
        let Self { service, transfers, stopped } = self;
        let (service, transfers) = (Arc::clone(service), Arc::clone(transfers));
        Self { service, transfers, stopped: stopped.clone() }
    }
}

impl<H: Handler> Streams<H> {
    pub(super) async fn accept(self, listener: TcpListener, tls: Option<TlsAcceptor>) {
        let own = &self.service.limits;
        let mut limits = AcceptLimits::default();
        limits.connections = own.connections;
        limits.connections_per_address = own.connections_per_address;
        limits.grace = own.grace;
        let mut stopped = self.stopped.clone();
        let stop = async move { drop(stopped.wait_for(|&stopped| stopped).await) };
        accept_loop(listener, limits, stop, move |stream, from| {
            let (streams, tls) = (self.clone(), tls.clone());
            async move {
                let Ok(local) = stream.local_addr() else { return };
                // A connection that breaks is the client's loss.
                let _ = match tls {
                    None => streams.connection(stream, (from, local), Transport::Tcp).await,
                    Some(tls) => {
                        let handshake = tls.accept(stream);
                        let shaken = time::timeout(streams.service.limits.idle, handshake).await;
                        let Ok(Ok(stream)) = shaken else { return };
                        streams.connection(stream, (from, local), Transport::Tls).await
                    }
                };
            }
        })
        .await;
    }

    /// Answers a connection's queries as they come: what can be answered at once is, in order; what
    /// must be waited for is answered when it is ready (RFC 7766 §6.2.1.1).
    async fn connection<S: AsyncRead + AsyncWrite + Send + 'static>(
        mut self,
        stream: S,
        (from, local): (SocketAddr, SocketAddr),
        via: Transport,
    ) -> io::Result<()> {
        let (reader, writer) = ::tokio::io::split(stream);
        let mut reader = BufReader::new(reader);
        let (idle, stream) = (self.service.limits.idle, Mutex::new(writer));
        let mut out = BytesMut::new();
        let writer =
            Arc::new(Writer { stream, idle, service: Arc::clone(&self.service), from, local, via });
        let mut tasks = JoinSet::new();
        while let Some(query) = self.next(&mut reader, &mut tasks).await? {
            self.service.show(from, local, via, &query);
            out.clear();
            match self.service.handler.now(&query, from, via, &mut out) {
                Now::Done if out.is_empty() => {}
                Now::Done => writer.write(&out).await?,
                Now::Transfer(outgoing) => {
                    let place = self.transfers.acquire().await;
                    writer.transfer(*outgoing).await?;
                    drop(place);
                }
                Now::Later => {
                    let writer = Arc::clone(&writer);
                    tasks.spawn(async move { writer.later(query).await });
                }
            }
        }
        while tasks.join_next().await.is_some() {}
        writer.stream.lock().await.shutdown().await
    }

    /// Reads the next query when there is a place for it; `None` if there is to be no other.
    async fn next(
        &mut self,
        reader: &mut (impl AsyncRead + Unpin),
        tasks: &mut JoinSet<()>,
    ) -> io::Result<Option<Bytes>> {
        let limits = &self.service.limits;
        while tasks.len() >= limits.pipelined.max(1) {
            tasks.join_next().await;
        }
        // It is not begun again when an answer is ready, or octets would be lost.
        let mut read = core::pin::pin!(frame::read(reader));
        loop {
            ::tokio::select! {
                query = &mut read => return query,
                Some(_) = tasks.join_next() => {}
                // Who waits for us is not idle.
                () = time::sleep(limits.idle), if tasks.is_empty() => return Ok(None),
                _ = self.stopped.wait_for(|&stopped| stopped) => return Ok(None),
            }
        }
    }
}

/// The half of a connection that answers share.
struct Writer<S, H> {
    stream: Mutex<WriteHalf<S>>,
    idle: Duration,
    service: Arc<Service<H>>,
    from: SocketAddr,
    local: SocketAddr,
    via: Transport,
}

impl<S: AsyncRead + AsyncWrite, H: Handler> Writer<S, H> {
    async fn write(&self, message: &[u8]) -> io::Result<()> {
        self.service.show(self.local, self.from, self.via, message);
        let mut stream = self.stream.lock().await;
        time::timeout(self.idle, frame::write(&mut *stream, message)).await?
    }

    /// Sends a zone, each message when the one before has gone out.
    async fn transfer(&self, mut outgoing: Outgoing) -> io::Result<()> {
        while let Ok(Some(message)) = outgoing.message(seconds()) {
            self.write(&message).await?;
        }
        Ok(())
    }

    /// Answers when the answer is ready.
    async fn later(&self, query: Bytes) {
        if let Some(answer) = self.service.handler.handle(query, self.from, self.via).await {
            // A connection that breaks is the client's loss.
            let _ = self.write(&answer).await;
        }
    }
}
