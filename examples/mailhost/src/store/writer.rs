//! The one that writes: many changes, one commit.
//!
//! A commit waits for the disk. So while one does, the changes that come meanwhile gather, and are
//! committed together: durability costs one wait for all of them. Each has a savepoint, so that one
//! that fails takes nobody with it.
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use tokio::sync::oneshot;
use tracing::{debug, warn};

use crate::database::{Connection, Failure, Url};

/// How many changes share a commit at most.
const TOGETHER: usize = 256;

/// How many changes wait at most; who brings the next one waits too.
const WAITING: usize = 1024;

/// How often a change is tried again that another program was in the way of.
const TRIES: usize = 5;

/// What is to be done within the transaction, as often as it takes.
type Work = Box<dyn FnMut(&mut dyn Connection) -> Result<(), Failure> + Send>;

/// Called when it is on the disk, or will never be.
type Done = Box<dyn FnOnce(Result<(), Failure>) + Send>;

struct Change {
    work: Work,
    done: Done,
}

/// A handle on the thread that writes.
#[derive(Clone)]
pub(crate) struct Writer(mpsc::SyncSender<Change>);

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(url: &Url) -> Result<Self, Failure> {
        let (sender, receiver) = mpsc::sync_channel(WAITING);
        let (url, connection) = (url.clone(), url.open()?);
        let work = move || write(&url, connection, &receiver);
        let named = thread::Builder::new().name("writer".into()).spawn(work);
        named.map_err(|error| Failure::Broken(error.into()))?;
        Ok(Self(sender))
    }

    /// Makes a change; it is on the disk when this returns. Only for threads that may wait.
    pub(crate) fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        self.send(work)?.blocking_recv().unwrap_or_else(|_| Err(ended()))
    }

    /// Makes a change when there is time, or never.
    pub(crate) fn write_some_time(
        &self,
        work: impl FnMut(&mut dyn Connection) -> Result<(), Failure> + Send + 'static,
    ) {
        let done = |made: Result<(), Failure>| {
            made.unwrap_or_else(|error| debug!(%error, "a change was not made"));
        };
        let _ = self.0.try_send(Change { work: Box::new(work), done: Box::new(done) });
    }

    fn send<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut dyn Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, Failure>>, Failure> {
        let (answer, answered) = oneshot::channel();
        let made = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&made);
        let work = move |connection: &mut dyn Connection| {
            *lock(&made) = Some(work(connection)?);
            Ok(())
        };
        let done = move |committed: Result<(), Failure>| {
            // Nobody waits any more: it is done all the same.
            let _ = answer.send(committed.and_then(|()| lock(&kept).take().ok_or_else(ended)));
        };
        let change = Change { work: Box::new(work), done: Box::new(done) };
        self.0.send(change).map_err(|_| ended())?;
        Ok(answered)
    }
}

fn lock<T>(slot: &Mutex<T>) -> MutexGuard<'_, T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ended() -> Failure {
    Failure::Broken("the store is closed".into())
}

/// Writes until nobody has a handle any more.
fn write(url: &Url, mut connection: Box<dyn Connection>, changes: &mpsc::Receiver<Change>) {
    while let Ok(first) = changes.recv() {
        let mut together: Vec<_> =
            [first].into_iter().chain(changes.try_iter().take(TOGETHER - 1)).collect();
        let results = match commit(&mut *connection, &mut together) {
            Ok(results) => results,
            Err(error) => {
                // Each by itself, so that it fails for its own sake only.
                warn!(%error, changes = together.len(), "a commit failed");
                together.iter_mut().map(|change| alone(url, &mut connection, change)).collect()
            }
        };
        for (mut change, result) in together.into_iter().zip(results) {
            let result = match result {
                Err(Failure::Conflict) => alone(url, &mut connection, &mut change),
                result => result,
            };
            (change.done)(result);
        }
    }
}

/// Makes changes and commits them; returns what became of each.
fn commit(
    connection: &mut dyn Connection,
    changes: &mut [Change],
) -> Result<Vec<Result<(), Failure>>, Failure> {
    connection.batch("BEGIN")?;
    let made: Result<Vec<_>, Failure> =
        changes.iter_mut().map(|change| make(connection, change)).collect();
    let committed = made.and_then(|results| connection.batch("COMMIT").map(|()| results));
    if committed.is_err() {
        let _ = connection.batch("ROLLBACK");
    }
    committed
}

/// Makes one change, or leaves things as they were. An error of its own is in the inner result.
fn make(
    connection: &mut dyn Connection,
    change: &mut Change,
) -> Result<Result<(), Failure>, Failure> {
    connection.batch("SAVEPOINT change")?;
    let made = (change.work)(connection);
    connection.batch(match made {
        Ok(()) => "RELEASE change",
        Err(_) => "ROLLBACK TO change; RELEASE change",
    })?;
    Ok(made)
}

/// Makes one change, on a new connection if the old one is lost, and again if somebody else was
/// in its way.
fn alone(
    url: &Url,
    connection: &mut Box<dyn Connection>,
    change: &mut Change,
) -> Result<(), Failure> {
    for _ in 0..TRIES {
        match commit(&mut **connection, std::slice::from_mut(change)) {
            Ok(mut results) => match results.pop() {
                Some(Err(Failure::Conflict)) => {}
                result => return result.unwrap_or(Ok(())),
            },
            Err(Failure::Full) => return Err(Failure::Full),
            Err(Failure::Conflict) => {}
            Err(error @ (Failure::Damaged | Failure::Refused(_))) => return Err(error),
            Err(Failure::Broken(error)) => {
                warn!(%error, "connecting to the database again");
                *connection = url.open()?;
            }
        }
    }
    Err(Failure::Conflict)
}
