//! The end of a server.
use alloc::sync::Arc;
use core::fmt;

use tokio::sync::watch;

/// Tells an accept loop and all drivers that the server is to end. Copies are one.
///
/// ```
/// use proto_core::tokio::Shutdown;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
///
/// let shutdown = Shutdown::default();
/// let heard = shutdown.clone();
/// let server = tokio::spawn(async move {
///     // accept_loop(listener, limits, heard.begun(), |stream, _| …
///     //     Driver::new(stream, …).with_shutdown(&heard) …
///     heard.begun().await;
/// });
/// shutdown.begin(); // on SIGTERM, say
/// server.await.unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Shutdown {
    /// Begins: no connection is accepted any more, and sessions say goodbye when they are next
    /// idle.
    pub fn begin(&self) {
        self.0.send_replace(true);
    }

    /// Waits for the beginning.
    pub fn begun(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut told = self.0.subscribe();
        async move {
            // If nobody is left to begin it, it has: whoever waits should go.
            let _ = told.wait_for(|begun| *begun).await;
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shutdown").field(&*self.0.borrow()).finish()
    }
}
