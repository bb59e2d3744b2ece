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
    collections::HashMap,
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
    database::{Changed, Failure, Url},
    schema,
};

/// How many changes of mailboxes a session may be behind before it looks by itself.
const CHANGES: usize = 1024;

/// Of how many mailboxes it is remembered whose they are.
const OWNERS: usize = 100_000;

/// The mail and the users of a host. Cheap to clone; all its methods may wait for the disk.
#[derive(Clone)]
pub(crate) struct Store {
    writer: Writer,
    readers: Arc<Readers>,
    changed: broadcast::Sender<Changed>,
    /// Whose mailboxes are, as far as somebody wanted to know.
    owners: Arc<Mutex<HashMap<i64, i64>>>,
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
        let owners = Arc::default();
        let store = Self { writer, readers, changed, owners, shelf, is_shared };
        if is_shared {
            store.listen(url.clone());
        }
        Ok(store)
    }

    /// Whether what is read is in files here, for which nobody needs to wait long.
    pub(crate) const fn is_near(&self) -> bool {
        !self.is_shared
    }

    /// Hears of changes, here or by another host.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Changed> {
        self.changed.subscribe()
    }

    /// Whether a change is of a user's mailboxes. It may wait for the database.
    pub(crate) fn is_of(&self, changed: Changed, user: i64) -> Result<bool, Failure> {
        let mailbox = match changed {
            Changed::Mailbox(mailbox) => mailbox,
            Changed::List(of) => return Ok(of == user),
        };
        if let Some(owner) = lock(&self.owners).get(&mailbox) {
            return Ok(*owner == user);
        }
        let sql = "SELECT user_id FROM mailboxes WHERE id = $1";
        let row = self.readers.read(|connection| connection.row(sql, &[mailbox.into()]))?;
        // That one is gone has been told as a change of the list.
        let Some(owner) = row.map(|row| row.int(0)) else { return Ok(false) };
        let mut owners = lock(&self.owners);
        if owners.len() >= OWNERS {
            owners.clear();
        }
        owners.insert(mailbox, owner);
        Ok(owner == user)
    }

    /// Tells that messages of a mailbox have changed.
    fn changed(&self, mailbox: i64) {
        tell(&self.shelf, &self.changed, Changed::Mailbox(mailbox));
    }

    /// Tells that a user has other mailboxes, or other notes on them.
    fn list_changed(&self, user: i64) {
        tell(&self.shelf, &self.changed, Changed::List(user));
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
                let heard = url.listen(|heard| match heard {
                    Some(heard) => tell(&shelf, &changed, heard),
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

fn tell(shelf: &Shelf, listeners: &broadcast::Sender<Changed>, changed: Changed) {
    if let Changed::Mailbox(mailbox) = changed {
        shelf.changed(mailbox);
    }
    // It is an error if nobody listens.
    let _ = listeners.send(changed);
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
