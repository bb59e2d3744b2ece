//! What the tokio and the blocking conveniences have in common: everything but the driver.
//!
//! It is written once, as futures; those over a blocking driver are ready when they are first
//! polled, which is what [`now`] does.
pub(crate) mod client;
mod place;
pub(crate) mod server;

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

pub use place::{Place, Security};

/// Why a connection ended early.
pub type Error = proto_core::blocking::Error<crate::Error>;

/// The session ended before its time.
pub(crate) const ENDED: Error = proto_core::blocking::Error::Protocol(crate::Error::UnexpectedEof);

/// Returns what a future that never waits comes to.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a blocking driver blocks"),
    }
}
