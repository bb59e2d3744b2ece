//! The mail and the users of a host, in a database.
mod account;
mod folder;
mod mailboxes;
mod messages;
mod octets;
mod queue;
mod reader;
mod readers;
#[cfg(test)]
mod tests;
mod users;
mod writer;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::sync::broadcast;
use tracing::warn;

pub(crate) use self::{
    account::Account,
    messages::{Delivery, Inbox, Listed},
    octets::{BlobId, Octets, Spool},
    queue::Entry,
    reader::Reader,
    users::User,
};
use self::{readers::Readers, writer::Writer};
use crate::{
    database::{Failure, Url},
    schema,
};

/// How many changes of mailboxes a session may be behind before it looks by itself.
const CHANGES: usize = 1024;

/// Of how many mailboxes the highest mod-sequence is remembered.
const REMEMBERED: usize = 100_000;

/// The mail and the users of a host. Cheap to clone; all its methods may wait for the disk.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Writer,
    readers: Arc<Readers>,
    changed: broadcast::Sender<i64>,
    newest: Arc<Mutex<Newest>>,
}

impl Store {
    /// Opens a store, and makes its tables if it has none.
    pub(crate) fn open(url: &Url) -> Result<Self, String> {
        let unavailable = |error: Failure| format!("the store cannot be opened: {error}");
        let mut connection = url.open().map_err(unavailable)?;
        schema::prepare(&mut *connection)?;
        let writer = Writer::start(url).map_err(unavailable)?;
        let readers = Arc::new(Readers::new(url.clone(), connection));
        let (changed, _) = broadcast::channel(CHANGES);
        let store = Self { writer, readers, changed, newest: Arc::default() };
        if url.is_shared() {
            store.listen(url.clone());
        }
        Ok(store)
    }

    /// Hears of mailboxes that changed, here or by another host.
    pub(crate) fn changes(&self) -> broadcast::Receiver<i64> {
        self.changed.subscribe()
    }

    /// Tells that a mailbox has changed.
    fn changed(&self, mailbox: i64) {
        tell(&self.newest, &self.changed, mailbox);
    }

    /// Whether this is known to be the highest mod-sequence of a mailbox.
    fn is_newest(&self, mailbox: i64, mod_seq: u64) -> bool {
        lock(&self.newest).numbers.get(&mailbox) == Some(&mod_seq)
    }

    /// Returns what [`note_newest`](Self::note_newest) wants, from before the store was asked.
    fn generation(&self) -> u64 {
        lock(&self.newest).generation
    }

    /// Notes a mailbox's highest mod-sequence, unless something changed since.
    fn note_newest(&self, mailbox: i64, mod_seq: u64, generation: u64) {
        let mut newest = lock(&self.newest);
        if newest.generation == generation {
            if newest.numbers.len() >= REMEMBERED {
                newest.numbers.clear();
            }
            newest.numbers.insert(mailbox, mod_seq);
        }
    }

    /// Passes on what other hosts say, for ever.
    fn listen(&self, url: Url) {
        let (newest, changed) = (Arc::clone(&self.newest), self.changed.clone());
        thread::spawn(move || {
            loop {
                let heard = url.listen(|mailbox| tell(&newest, &changed, mailbox));
                // What was not heard may have been anything.
                lock(&newest).forget_all();
                if let Err(error) = heard {
                    warn!(%error, "changes of other hosts are not heard of; trying again");
                }
                thread::sleep(Duration::from_secs(1));
            }
        });
    }
}

/// The highest mod-sequences of mailboxes, as long as they are known: most commands ask for news,
/// and mostly there are none.
#[derive(Default)]
struct Newest {
    /// Raised with every change.
    generation: u64,
    numbers: HashMap<i64, u64>,
}

impl Newest {
    fn forget_all(&mut self) {
        self.generation += 1;
        self.numbers.clear();
    }
}

fn tell(newest: &Mutex<Newest>, changed: &broadcast::Sender<i64>, mailbox: i64) {
    let mut known = lock(newest);
    known.generation += 1;
    known.numbers.remove(&mailbox);
    drop(known);
    // It is an error if nobody listens.
    let _ = changed.send(mailbox);
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
