//! The mail and the users of a host, in a database.
mod mailboxes;
mod messages;
mod octets;
mod queue;
mod reader;
mod readers;
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
    messages::{Delivery, Inbox},
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

/// The mail and the users of a host. Cheap to clone; all its methods may wait for the disk.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Writer,
    readers: Arc<Readers>,
    changed: broadcast::Sender<i64>,
    /// The highest mod-sequence of mailboxes that somebody looks at; it is only ever too low.
    newest: Arc<Mutex<HashMap<i64, u64>>>,
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
        // It is an error if nobody listens.
        let _ = self.changed.send(mailbox);
    }

    /// Passes on what other hosts say, for ever.
    fn listen(&self, url: Url) {
        let changed = self.changed.clone();
        thread::spawn(move || {
            loop {
                let heard = url.listen(|mailbox| drop(changed.send(mailbox)));
                if let Err(error) = heard {
                    warn!(%error, "changes of other hosts are not heard of; trying again");
                }
                thread::sleep(Duration::from_secs(1));
            }
        });
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
