//! A server's socket for datagrams: what can be answered at once is, in batches.
use core::net::SocketAddr;
use std::io;
use std::sync::Arc;

use ::tokio::net::UdpSocket;
use ::tokio::sync::{Semaphore, watch};
use ::tokio::task::JoinSet;
use bytes::Bytes;
use proto_core::Transport;

use crate::tokio::batch::{Answers, Batch};
use crate::tokio::server::{Handler, Now, Service, seconds};

/// Batches that are read before others have a turn.
const BATCHES: usize = 2;

/// One socket, and what is worked on that came by it.
pub(super) struct Datagrams<H> {
    service: Arc<Service<H>>,
    socket: Arc<UdpSocket>,
    local: SocketAddr,
    /// Places for queries whose answers must be waited for.
    queries: Arc<Semaphore>,
    tasks: JoinSet<()>,
}

impl<H: Handler> Datagrams<H> {
    pub(super) fn new(
        service: Arc<Service<H>>,
        socket: UdpSocket,
        local: SocketAddr,
        queries: Arc<Semaphore>,
    ) -> Self {
        Self { service, socket: Arc::new(socket), local, queries, tasks: JoinSet::new() }
    }

    /// Answers what comes until the server stops.
    pub(super) async fn work(mut self, mut stopped: watch::Receiver<bool>) {
        let (socket, mut batch) = (Arc::clone(&self.socket), Batch::new());
        loop {
            ::tokio::select! {
                _ = stopped.wait_for(|&stopped| stopped) => break,
                Some(_) = self.tasks.join_next() => continue,
                ready = socket.readable() => if ready.is_err() { break },
            }
            for _ in 0..BATCHES {
                let more = match batch.receive(&socket) {
                    Ok(more) => more,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // It is about an earlier answer that found no one.
                    Err(_) => continue,
                };
                batch.answer(&socket, |query, from, answers| self.answer(query, from, answers));
                if !more {
                    break;
                }
            }
        }
        while self.tasks.join_next().await.is_some() {}
    }

    fn answer(&mut self, query: &[u8], from: SocketAddr, answers: &mut Answers) {
        let Self { service, local, .. } = self;
        service.show(from, *local, Transport::Udp, query);
        let out = answers.octets();
        match service.handler.now(query, from, Transport::Udp, out) {
            Now::Done => {}
            // By UDP it is one message.
            Now::Transfer(mut outgoing) => {
                let message = outgoing.message(seconds()).ok().flatten();
                message.iter().for_each(|message| out.extend_from_slice(message));
            }
            Now::Later => return self.later(query, from),
        }
        let answer = answers.close(from);
        if !answer.is_empty() {
            service.show(*local, from, Transport::Udp, answer);
        }
    }

    /// Has a task wait for the answer, if there is a place.
    fn later(&mut self, query: &[u8], from: SocketAddr) {
        let Ok(place) = Arc::clone(&self.queries).try_acquire_owned() else { return };
        let query = Bytes::copy_from_slice(query);
        let (service, socket) = (Arc::clone(&self.service), Arc::clone(&self.socket));
        let local = self.local;
        self.tasks.spawn(async move {
            if let Some(answer) = service.handler.handle(query, from, Transport::Udp).await {
                service.show(local, from, Transport::Udp, &answer);
                // Whoever has gone away does not hear it.
                let _ = socket.send_to(&answer, from).await;
            }
            drop(place);
        });
    }
}
