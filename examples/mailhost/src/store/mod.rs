//! The mail and the users of a host, in a database.
mod account;
mod folder;
mod held;
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
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::sync::broadcast;
use tracing::warn;

pub(crate) use self::{
    account::Account,
    held::Held,
    messages::{Delivery, Inbox, Listed},
    octets::{BlobId, Octets, Spool},
    queue::Entry,
    reader::Reader,
    users::User,
};
use self::{folder::Folder, held::Shelf, readers::Readers, writer::Writer};
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
    shelf: Arc<Shelf>,
    /// Whether other hosts have the same database.
    is_shared: bool,
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
        let (shelf, is_shared) = (Arc::default(), url.is_shared());
        let store = Self { writer, readers, changed, shelf, is_shared };
        if is_shared {
            store.listen(url.clone());
        }
        Ok(store)
    }

    /// Whether what is read is in files here, for which nobody needs to wait long.
    pub(crate) const fn is_near(&self) -> bool {
        !self.is_shared
    }

    /// Hears of mailboxes that changed, here or by another host.
    pub(crate) fn changes(&self) -> broadcast::Receiver<i64> {
        self.changed.subscribe()
    }

    /// Tells that a mailbox has changed.
    fn changed(&self, mailbox: i64) {
        tell(&self.shelf, &self.changed, mailbox);
    }

    /// Opens a mailbox.
    fn folder(&self, user: i64, id: i64) -> Folder {
        let held = self.shelf.take(id);
        if self.is_shared {
            // News of other hosts may be on their way.
            held.doubt();
        }
        Folder::new(self.clone(), user, held)
    }

    /// Passes on what other hosts say, for ever.
    fn listen(&self, url: Url) {
        let (shelf, changed) = (Arc::clone(&self.shelf), self.changed.clone());
        thread::spawn(move || {
            loop {
                let heard = url.listen(|mailbox| match mailbox {
                    Some(mailbox) => tell(&shelf, &changed, mailbox),
                    // What was not heard before may have been anything.
                    None => shelf.all_changed(),
                });
                if let Err(error) = heard {
                    warn!(%error, "changes of other hosts are not heard of; trying again");
                }
                thread::sleep(Duration::from_secs(1));
            }
        });
    }
}

fn tell(shelf: &Shelf, changed: &broadcast::Sender<i64>, mailbox: i64) {
    shelf.changed(mailbox);
    // It is an error if nobody listens.
    let _ = changed.send(mailbox);
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
