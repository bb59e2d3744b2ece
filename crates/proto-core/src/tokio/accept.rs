//! The loop in front of every server.
use alloc::{collections::BTreeMap, sync::Arc};
use core::{
    future::{Future, poll_fn},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};
use std::{io, sync::Mutex};

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
    /// The most connections served at once for one address, or one IPv6 network of 64 bits, which
    /// is what one customer has; more are closed at once. 50, as Postfix has it: one peer must not
    /// be able to take all the room.
    pub connections_per_address: usize,
    /// How long connections may go on after shutdown began. 10 seconds: less than the patience
    /// of an init system.
    pub grace: Duration,
    /// How long the loop rests after `accept` failed, as it does when descriptors run out: 50 ms.
    pub rest: Duration,
}

impl Default for AcceptLimits {
    fn default() -> Self {
        Self {
            connections: 1000,
            connections_per_address: 50,
            grace: Duration::from_secs(10),
            rest: Duration::from_millis(50),
        }
    }
}

/// Accepts connections and serves each in a task of its own, until `shutdown` is ready; then
/// gives those that are open some grace, and returns.
pub async fn accept_loop<F>(
    listener: TcpListener,
    limits: AcceptLimits,
    shutdown: impl Future<Output = ()>,
    serve: impl FnMut(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    run(move |cx| listener.poll_accept(cx), limits, shutdown, serve).await;
}

/// The same, wherever connections come from; what gives them is dropped when shutdown begins.
async fn run<F>(
    mut accept: impl FnMut(&mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>>,
    limits: AcceptLimits,
    shutdown: impl Future<Output = ()>,
    mut serve: impl FnMut(TcpStream, SocketAddr) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let seats = Seats::default();
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut served = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, poll_fn(&mut accept).await)
        };
        let (permit, accepted) = select! {
            biased;
            () = &mut shutdown => break,
            Some(_) = served.join_next() => continue,
            next = next => next,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(limits.rest).await;
            continue;
        };
        let Some(seat) = seats.take(peer.ip(), limits.connections_per_address) else { continue };
        // Replies are small and each is waited for: Nagle's delay would add to every one.
        let _ = stream.set_nodelay(true);
        let session = serve(stream, peer);
        served.spawn(async move {
            session.await;
            drop((permit, seat));
        });
    }
    drop(accept);
    let _ = timeout(limits.grace, async { while served.join_next().await.is_some() {} }).await;
    served.shutdown().await;
}

/// How many connections each address has.
#[derive(Clone, Default)]
struct Seats(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One of them, given back when dropped.
struct Seat(Seats, IpAddr);

impl Seats {
    fn take(&self, peer: IpAddr, most: usize) -> Option<Seat> {
        let network = network(peer);
        let mut taken = self.0.lock().ok()?;
        let count = taken.entry(network).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Seat(self.clone(), network))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Ok(mut taken) = self.0.0.lock() else { return };
        if let Some(count) = taken.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.1);
            }
        }
    }
}

/// What counts as one address.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
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

    #[tokio::test]
    async fn one_connection_more_from_an_address_than_its_limit_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let limits = AcceptLimits {
            connections_per_address: 2,
            grace: Duration::ZERO,
            ..AcceptLimits::default()
        };
        let shutdown = crate::tokio::Shutdown::default();
        let server =
            tokio::spawn(accept_loop(listener, limits, shutdown.begun(), |stream, _| echo(stream)));
        let mut first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        assert!(answers(&mut first).await && answers(&mut second).await);
        let mut third = TcpStream::connect(address).await.unwrap();
        assert_eq!(third.read(&mut [0; 1]).await.unwrap_or(0), 0, "it is closed");
        drop(first);
        // The seat is free as soon as the server has seen that.
        for _ in 0..100 {
            let mut fourth = TcpStream::connect(address).await.unwrap();
            if fourth.write_all(b"x").await.is_ok()
                && fourth.read(&mut [0; 1]).await.unwrap_or(0) == 1
            {
                shutdown.begin();
                return server.await.unwrap();
            }
        }
        panic!("the seat is not given back");
    }

    #[test]
    fn a_network_of_64_bits_is_one_address() {
        let same = |a: &str, b: &str| network(a.parse().unwrap()) == network(b.parse().unwrap());
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }

    /// As when descriptors run out: neither a busy loop nor the end.
    #[tokio::test(start_paused = true)]
    async fn the_loop_rests_after_each_failure_to_accept() {
        let mut failures = 0;
        let fail = |_: &mut Context<'_>| {
            failures += 1;
            Poll::Ready(Err(io::ErrorKind::Other.into()))
        };
        let limits = AcceptLimits { rest: Duration::from_millis(50), ..AcceptLimits::default() };
        let shutdown = sleep(Duration::from_millis(1025));
        run(fail, limits, shutdown, |_, _| async {}).await;
        assert_eq!(failures, 21, "at 0, 50, 100 … 1000 ms");
    }
}
