//! Between servers: zones that are kept like their primaries', and secondaries that are told.
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::borrow::ToOwned;
use std::io;
use std::string::ToString;
use std::vec;

use ::tokio::net::UdpSocket;
use ::tokio::sync::mpsc;
use ::tokio::task::spawn_blocking;
use ::tokio::time;
use proto_core::Instant;
use proto_core::tokio::tls::TlsConnector;
use proto_core::tokio::tls::rustls::pki_types::ServerName;

use crate::name::Name;
use crate::notify::Notifier;
use crate::secondary::{Event, Primary, Secondary};
use crate::tokio::Zones;
use crate::tokio::driver::{Driver, Secure};
use crate::tokio::server::seconds;

/// Notifications that wait; more say nothing new.
const HINTS: usize = 16;

/// Keeps one of the [`Zones`] like its primaries', in a task of its own that ends when this is
/// dropped.
#[derive(Debug)]
pub struct Follower {
    apex: Name,
    hints: mpsc::Sender<Option<u32>>,
}

impl Follower {
    /// Begins to follow, only within a tokio runtime. Whatever happens is told to `watch`, and so
    /// is an error when a version could not be kept.
    ///
    /// The zone is suspended until there is a version, unless it is there already.
    #[must_use]
    pub fn spawn(
        zones: Zones,
        driver: impl Into<Driver<Secondary>>,
        watch: impl Fn(&Name, Result<&Event, io::Error>) + Send + 'static,
    ) -> Self {
        let mut driver = driver.into();
        let apex = driver.agent().apex().clone();
        let (hints, received) = mpsc::channel(HINTS);
        zones.with(|server| {
            if !server.authority().serves(apex.view()) {
                server.authority_mut().suspend(apex.view());
            }
        });
        ::tokio::spawn(follow(zones, driver, received, watch));
        Self { apex, hints }
    }

    /// Returns the zone's name.
    #[must_use]
    pub const fn apex(&self) -> &Name {
        &self.apex
    }

    /// Passes a notification on: the primaries are asked soon.
    pub fn notify(&self, serial: Option<u32>) {
        // If many wait already, one more says nothing new.
        let _ = self.hints.try_send(serial);
    }
}

impl Driver<Secondary> {
    /// Speaks TLS with the primaries that want it (RFC 9103), and with nobody whose certificate is
    /// not for the name that is said there. Without this, they cannot be reached. The connector's
    /// configuration should offer TLS 1.3 alone, and `dot` by ALPN (§7.1).
    #[must_use]
    pub fn tls(mut self, connector: TlsConnector) -> Self {
        let named = |primary: &Primary| {
            let text = primary.tls.as_ref()?.to_string();
            let name = ServerName::try_from(text.trim_end_matches('.').to_owned()).ok()?;
            Some((primary.address, name))
        };
        let names = self.agent().primaries().iter().filter_map(named).collect();
        self.secure(Secure { connector, names })
    }
}

async fn follow(
    zones: Zones,
    mut driver: Driver<Secondary>,
    mut hints: mpsc::Receiver<Option<u32>>,
    watch: impl Fn(&Name, Result<&Event, io::Error>) + Send + 'static,
) {
    let apex = driver.agent().apex().clone();
    loop {
        let now = driver.now();
        driver.agent().set_clock(now, seconds());
        let event = ::tokio::select! {
            event = driver.event() => event,
            hint = hints.recv() => {
                let Some(serial) = hint else { return };
                let now = driver.now();
                driver.agent().notify(now, serial);
                continue;
            }
        };
        match &event {
            Event::Zone(zone) => {
                let (zones, zone) = (zones.clone(), zone.clone());
                let replaced = spawn_blocking(move || zones.replace(zone)).await;
                if let Err(error) = replaced.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())) {
                    watch(&apex, Err(error));
                    continue;
                }
            }
            Event::Expired => {
                zones.with(|server| server.authority_mut().suspend(apex.view()));
            }
            _ => {}
        }
        watch(&apex, Ok(&event));
    }
}

/// Tells servers of a zone's new version by UDP until all have answered or been given up.
///
/// # Errors
///
/// When a socket cannot be had.
pub async fn notify(mut notifier: Notifier) -> io::Result<()> {
    let origin = time::Instant::now();
    notifier.set_clock(Instant::ORIGIN, seconds());
    let four = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    // There are hosts without IPv6.
    let six = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await.ok();
    let (mut buffer, mut other) = (vec![0; 512], vec![0; 512]);
    loop {
        while let Some((to, message)) = notifier.transmit(Instant::ORIGIN + origin.elapsed()) {
            let socket = if to.is_ipv4() { Some(&four) } else { six.as_ref() };
            if let Some(socket) = socket {
                // It is sent again, if it does not get out.
                let _ = socket.send_to(&message, to).await;
            }
        }
        let Some(deadline) = notifier.deadline() else { return Ok(()) };
        let (octets, from): (&[u8], SocketAddr) = ::tokio::select! {
            Ok((length, from)) = four.recv_from(&mut buffer) => {
                (buffer.get(..length).unwrap_or_default(), from)
            }
            Ok((length, from)) = receive(six.as_ref(), &mut other) => {
                (other.get(..length).unwrap_or_default(), from)
            }
            () = time::sleep_until(origin + deadline.since_origin()) => continue,
        };
        notifier.receive(Instant::ORIGIN + origin.elapsed(), from, octets);
    }
}

async fn receive(socket: Option<&UdpSocket>, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    match socket {
        Some(socket) => socket.recv_from(buffer).await,
        None => core::future::pending().await,
    }
}
