//! Mail for elsewhere: the queue, and those who carry out what it decides.
mod link;
mod policy;
mod postman;
mod proof;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use homing::{
    delivery::Submission,
    dns::{stub::Config, tokio::Resolver},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::sleep,
};
use tracing::error;

use self::postman::Postman;
use crate::{
    Failure,
    arguments::Serve,
    host::Directory,
    store::{Octets, Store},
};

/// How many submissions wait for the postman; whoever brings the next one waits too.
const WAITING: usize = 256;

/// How long it rests when something could not be made durable.
const PAUSE: Duration = Duration::from_secs(5);

/// Why a message is not in the queue.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NotQueued {
    /// There are as many as there may be.
    Full,
    /// It has been in so many places that it goes in a circle.
    Loop,
    /// The store is away.
    Unavailable,
}

/// A message on its way into the queue.
struct Letter {
    submission: Submission,
    octets: Octets,
    /// Told once the queue has it, durably.
    done: oneshot::Sender<Result<(), NotQueued>>,
}

/// A handle on the queue.
pub(crate) struct Relay {
    letters: mpsc::Sender<Letter>,
    waiting: Arc<AtomicUsize>,
    postman: JoinHandle<()>,
}

/// How other servers are found and spoken to.
#[derive(Clone, Copy, Debug)]
struct Manner {
    port: u16,
    /// How long to wait after an attempt, if not as usual.
    retry: Option<Duration>,
    /// Domains are asked for MTA-STS policies.
    sts: bool,
    /// Servers are asked for TLSA records.
    dane: bool,
}

impl Relay {
    /// Goes on where an earlier run left off.
    pub(crate) async fn start(
        arguments: &Serve,
        directory: Arc<Directory>,
        store: Store,
    ) -> Result<Self, Failure> {
        let waiting = Arc::new(AtomicUsize::new(0));
        let Serve { relay_port: port, relay_retry, mta_sts: sts, dane, .. } = *arguments;
        let manner = Manner { port, retry: relay_retry.map(Duration::from_secs), sts, dane };
        let (resolver, counted) = (resolver(arguments)?, Arc::clone(&waiting));
        let hire = move || {
            let (directory, store, resolver) =
                (Arc::clone(&directory), store.clone(), resolver.clone());
            Postman::new(directory, store, resolver, manner, Arc::clone(&counted))
        };
        let (letters, received) = mpsc::channel(WAITING);
        let first = hire().await?;
        Ok(Self { letters, waiting, postman: tokio::spawn(work(first, hire, received)) })
    }

    /// Queues a message; it is on the disk when this returns.
    pub(crate) async fn submit(
        &self,
        submission: Submission,
        octets: Octets,
    ) -> Result<(), NotQueued> {
        let (done, answer) = oneshot::channel();
        let letter = Letter { submission, octets, done };
        self.letters.send(letter).await.map_err(|_| NotQueued::Unavailable)?;
        answer.await.unwrap_or(Err(NotQueued::Unavailable))
    }

    /// Returns how many messages wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// Stops. What waits goes on at the next start; what is being sent may be sent again.
    pub(crate) fn stop(&self) {
        self.postman.abort();
    }
}

/// Works, with a new postman when one had to give up.
async fn work<F: Future<Output = Result<Postman, Failure>>>(
    first: Postman,
    hire: impl Fn() -> F,
    mut letters: mpsc::Receiver<Letter>,
) {
    let mut postman = Ok(first);
    loop {
        let worked = match postman {
            Ok(postman) => postman.work(&mut letters).await,
            Err(error) => Err(error),
        };
        let Err(error) = worked else { return };
        error!(%error, "the queue goes on with what is on the disk");
        sleep(PAUSE).await;
        postman = hire().await;
    }
}

/// Asks the name server that is named, or those of this machine.
fn resolver(arguments: &Serve) -> Result<Resolver, Failure> {
    let mut config = match arguments.resolver {
        Some(server) => Config::new([server]),
        None => Config::system()?,
    };
    config.authentic = arguments.dane;
    Ok(Resolver::new(config)?)
}
