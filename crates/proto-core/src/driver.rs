//! What the two drivers share: their limits, their error, and their observer.
use alloc::boxed::Box;
use core::{fmt, time::Duration};
use std::io;

/// How a driver treats its stream. No peer can make a driver hold more than these.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The most octets owed to a peer before nothing more is read from it: one that asks and
    /// does not listen waits for itself. 64 KiB, about a socket's own buffer.
    pub output: usize,
    /// How long a peer may take nothing of what it is owed. 5 minutes, as RFC 5321 §4.5.3.2
    /// gives most of its steps; a session's own deadline may come first.
    pub stall: Duration,
    /// How long a peer may take to accept the goodbye of a session that failed. 5 seconds: it
    /// has been told all it needs, and the connection is worth no more.
    pub goodbye: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { output: 64 * 1024, stall: Duration::from_secs(300), goodbye: Duration::from_secs(5) }
    }
}

/// Why a driver stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error<E> {
    /// The stream failed.
    #[error("the connection failed")]
    Io(#[from] io::Error),
    /// The ends did not agree on TLS: the certificate is another's, say, or the peer knows no TLS
    /// that we know, hung up, or took too long. Nothing was said under it.
    #[error("TLS could not be agreed on")]
    Tls(#[source] io::Error),
    /// The session failed; its goodbye has been written as far as the peer took it.
    #[error(transparent)]
    Protocol(E),
    /// The session waits for the application, which asked for the next event instead of
    /// answering the last; or for TLS, and `secure` was not called.
    #[error("the session is waiting for the application's answer")]
    Unanswered,
    /// `secure` was called while the session does not wait for TLS.
    #[error("the session is not ready for TLS")]
    NotReadyForTls,
    /// `compress` was called, and the session has not agreed on that.
    #[error("the session is not ready for compression")]
    NotReadyForCompression,
}

/// Draws 32 octets from the operating system's random source: the seed of a session, as no machine
/// draws its own.
///
/// ```
/// let seed = proto_core::blocking::random()?;
/// assert_ne!(seed, proto_core::blocking::random()?);
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// # Errors
/// There is no such source.
pub fn random() -> io::Result<[u8; 32]> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|_| io::ErrorKind::Unsupported)?;
    Ok(octets)
}

/// Which way octets went.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    /// From the peer to us.
    Received,
    /// From us to the peer.
    Sent,
}

/// Hears every octet of a connection, in the clear even when TLS is below.
pub type Observer = Box<dyn FnMut(Direction, &[u8]) + Send>;

/// Calls the observer that may be there.
#[derive(Default)]
pub(crate) struct Ear(Option<Observer>);

impl Ear {
    pub(crate) fn listen(&mut self, observer: Observer) {
        self.0 = Some(observer);
    }

    pub(crate) fn hear(&mut self, direction: Direction, octets: &[u8]) {
        if let Some(observer) = &mut self.0 {
            observer(direction, octets);
        }
    }
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Ear(open)" } else { "Ear(shut)" })
    }
}
