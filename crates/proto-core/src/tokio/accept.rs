//! The loop in front of every server.
use core::{future::Future, net::SocketAddr, pin::pin, time::Duration};
use std::sync::Arc;

use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

/// What the outside may cost an accept loop.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AcceptLimits {
    /// The most connections served at once; more wait in the system's queue. 1000, as
    /// Postfix's and Dovecot's example installations have hundreds.
    pub connections: usize,
    /// How long connections may go on after shutdown began. 10 seconds: less than the patience
    /// of an init system.
    pub grace: Duration,
    /// How long the loop rests after `accept` failed, as it does when descriptors run out: 50 ms.
    pub rest: Duration,
}

impl Default for AcceptLimits {
    fn default() -> Self {
        Self { connections: 1000, grace: Duration::from_secs(10), rest: Duration::from_millis(50) }
    }
}

/// Accepts connections and serves each in a task of its own, until `shutdown` is ready; then
/// gives those that are open some grace, and returns.
pub async fn accept_loop<F>(
    listener: TcpListener,
    limits: AcceptLimits,
    shutdown: impl Future<Output = ()>,
    mut serve: impl FnMut(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut served = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = select! {
            () = &mut shutdown => break,
            next = next => next,
            Some(_) = served.join_next() => continue,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(limits.rest).await;
            continue;
        };
        // Replies are small and each is waited for: Nagle's delay would add to every one.
        let _ = stream.set_nodelay(true);
        let session = serve(stream, peer);
        served.spawn(async move {
            session.await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = timeout(limits.grace, async { while served.join_next().await.is_some() {} }).await;
    served.shutdown().await;
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::oneshot,
    };

    use super::*;

    async fn echo(mut stream: TcpStream) {
        let mut octet = [0; 1];
        while stream.read_exact(&mut octet).await.is_ok() {
            if stream.write_all(&octet).await.is_err() {
                return;
            }
        }
    }

    async fn answers(stream: &mut TcpStream) -> bool {
        stream.write_all(b"x").await.unwrap();
        let mut octet = [0; 1];
        timeout(Duration::from_millis(300), stream.read_exact(&mut octet)).await.is_ok()
    }

    #[tokio::test]
    async fn one_connection_more_than_the_limit_waits_for_its_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = AcceptLimits { connections: 2, ..AcceptLimits::default() };
        let server = tokio::spawn(accept_loop(
            listener,
            limits,
            async { drop(stopped.await) },
            |stream, _| echo(stream),
        ));
        let mut streams = Vec::new();
        for _ in 0..3 {
            streams.push(TcpStream::connect(address).await.unwrap());
        }
        assert!(answers(&mut streams[0]).await);
        assert!(answers(&mut streams[1]).await);
        assert!(!answers(&mut streams[2]).await);
        drop(streams.remove(0));
        let mut octet = [0; 1];
        streams[1].read_exact(&mut octet).await.unwrap();
        drop(streams);
        stop.send(()).unwrap();
        timeout(Duration::from_secs(5), server).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn shutdown_ends_the_sessions_that_do_not_end_by_themselves() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = AcceptLimits { grace: Duration::from_millis(50), ..AcceptLimits::default() };
        let server = tokio::spawn(accept_loop(
            listener,
            limits,
            async { drop(stopped.await) },
            |stream, _| echo(stream),
        ));
        let mut stream = TcpStream::connect(address).await.unwrap();
        assert!(answers(&mut stream).await);
        stop.send(()).unwrap();
        timeout(Duration::from_secs(5), server).await.unwrap().unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    }
}
