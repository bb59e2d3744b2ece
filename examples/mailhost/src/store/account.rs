//! A user's mailboxes, as IMAP's engine sees them.
use std::{num::NonZeroU32, sync::Arc};

use bytes::Bytes;
use homing::imap::{
    Atom, Flag, Flags, IString, Keyword, ObjectId,
    command::SpecialUse,
    engine::{self, Appended, Entry, NewMessage, Totals},
};
use tracing::error;

use super::{
    Store, User,
    folder::Folder,
    mailboxes,
    messages::{self, Arrival},
    octets::Spool,
};
use crate::{
    database::{Changed, Connection, Failure, Row, Value},
    host::Directory,
};

/// The flags that are bits in the tables, each with its bit.
const BITS: [(Flag, i64); 5] = [
    (Flag::Seen, 1),
    (Flag::Answered, 2),
    (Flag::Flagged, 4),
    (Flag::Deleted, 8),
    (Flag::Draft, 16),
];

/// How much of notes a mailbox may have (RFC 5464 §4.2): a note of a client's, not a file.
const NOTE: usize = 16 * 1024;

/// How many notes a user may have.
const NOTES: i64 = 1000;

/// A user's mailboxes.
#[derive(Clone)]
pub(crate) struct Account {
    store: Store,
    user: User,
    directory: Arc<Directory>,
}

/// A message on its way in.
pub(crate) struct Upload {
    spool: Spool,
    directory: Arc<Directory>,
}

impl engine::Upload for Upload {
    fn write(&mut self, octets: Bytes) -> Result<(), engine::Failure> {
        let written = self.spool.write(&octets, &self.directory.data);
        written.map_err(|error| Failure::from(error).into())
    }
}

impl Account {
    pub(crate) const fn new(store: Store, user: User, directory: Arc<Directory>) -> Self {
        Self { store, user, directory }
    }

    pub(crate) const fn user(&self) -> &User {
        &self.user
    }

    fn read<T>(
        &self,
        ask: impl FnOnce(&mut dyn Connection) -> Result<T, Failure>,
    ) -> Result<T, engine::Failure> {
        Ok(self.store.readers.read(ask)?)
    }

    /// Changes which mailboxes there are, or what is said of them.
    fn write_list<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut dyn Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, engine::Failure> {
        let user = self.user.id;
        let done = self.write(move |connection| {
            let done = work(connection)?;
            connection.announce(Changed::List(user))?;
            Ok(done)
        })?;
        self.store.list_changed(user);
        Ok(done)
    }

    fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, engine::Failure> {
        Ok(self.store.writer.write(work)?)
    }
}

impl engine::Store for Account {
    type Mailbox = Folder;
    type Upload = Upload;

    fn mailboxes(&mut self) -> Result<Vec<Entry>, engine::Failure> {
        let user = [Value::from(self.user.id)];
        let (boxes, subscribed) = self.read(|connection| {
            let sql = "SELECT name, uses FROM mailboxes WHERE user_id = $1 ORDER BY name";
            let boxes = connection.rows(sql, &user)?;
            let sql = "SELECT name FROM subscriptions WHERE user_id = $1 ORDER BY name";
            Ok((boxes, connection.rows(sql, &user)?))
        })?;
        let mut entries: Vec<_> = boxes.into_iter().map(entry).collect();
        for name in subscribed.into_iter().map(|mut row| row.text(0)) {
            match entries.iter_mut().find(|entry| entry.name == name) {
                Some(entry) => entry.subscribed = true,
                None => {
                    let mut entry = Entry::new(name);
                    (entry.exists, entry.subscribed) = (false, true);
                    entries.push(entry);
                }
            }
        }
        Ok(entries)
    }

    fn open(&mut self, name: &str) -> Result<Folder, engine::Failure> {
        let user = self.user.id;
        let id = self.read(|connection| mailboxes::find(connection, user, name))?;
        Ok(self.store.folder(user, id))
    }

    fn totals(&mut self, name: &str) -> Result<Totals, engine::Failure> {
        let user = self.user.id;
        let id = self.read(|connection| mailboxes::find(connection, user, name))?;
        // Of one that nobody has open the database counts, and need not tell all that there is.
        if let Some(held) = self.store.shelf.find(id)
            && let Some(known) = &*held.known(&self.store.readers)?
        {
            return Ok(known.totals(id)?);
        }
        let values: [Value; 2] = [self.user.id.into(), name.into()];
        let sql = "SELECT mailboxes.id, uid_validity, uid_next, mailboxes.mod_seq, \
                   COUNT(uid), \
                   COALESCE(SUM(CASE WHEN uid >= recent THEN 1 ELSE 0 END), 0), \
                   COALESCE(SUM(CASE WHEN bits & 1 = 0 THEN 1 ELSE 0 END), 0), \
                   COALESCE(SUM(CASE WHEN bits & 8 <> 0 THEN 1 ELSE 0 END), 0), \
                   CAST(COALESCE(SUM(size), 0) AS BIGINT), \
                   CAST(COALESCE(SUM(CASE WHEN bits & 8 <> 0 THEN size ELSE 0 END), 0) AS BIGINT) \
                   FROM mailboxes LEFT JOIN messages ON mailbox = mailboxes.id \
                   WHERE user_id = $1 AND name = $2 GROUP BY mailboxes.id";
        let row = self.read(|connection| connection.row(sql, &values))?;
        let row = row.ok_or(engine::Failure::NonExistent)?;
        Ok(Totals {
            uid_validity: number(&row, 1)?,
            uid_next: number(&row, 2)?,
            mod_seq: row.number(3)?,
            messages: row.number(4)?,
            recent: row.number(5)?,
            // Of an empty mailbox the join has one row, of a message that is none.
            unseen: row.number::<u32>(6)?.min(row.number(4)?),
            deleted: row.number(7)?,
            size: row.number(8)?,
            deleted_size: row.number(9)?,
            id: mailbox_id(row.int(0)),
        })
    }

    fn create(
        &mut self,
        name: &str,
        uses: &[SpecialUse],
    ) -> Result<Option<ObjectId>, engine::Failure> {
        let (user, name) = (self.user.id, name.to_owned());
        let uses: Option<Vec<_>> = uses.iter().map(stored_use).collect();
        let uses = uses.ok_or(engine::Failure::SpecialUse)?.join(" ");
        let id = self.write_list(move |connection| {
            if !uses.is_empty() {
                let sql = "SELECT uses FROM mailboxes WHERE user_id = $1 AND uses <> ''";
                let rows = connection.rows(sql, &[user.into()])?;
                let taken: Vec<_> = rows.into_iter().map(|mut row| row.text(0)).collect();
                let taken =
                    |wanted| taken.iter().flat_map(|it| it.split(' ')).any(|it| it == wanted);
                if uses.split(' ').any(taken) {
                    return Err(engine::Failure::SpecialUse.into());
                }
            }
            let created = mailboxes::create(connection, user, &name, &uses)?;
            created.ok_or_else(|| engine::Failure::AlreadyExists.into())
        })?;
        Ok(mailbox_id(id))
    }

    fn delete(&mut self, name: &str) -> Result<(), engine::Failure> {
        let (user, name) = (self.user.id, name.to_owned());
        let id = self.write_list(move |connection| {
            let id = mailboxes::find(connection, user, &name)?;
            mailboxes::delete(connection, user, id, &name)?;
            Ok(id)
        })?;
        self.store.changed(id);
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), engine::Failure> {
        let (user, from, to) = (self.user.id, from.to_owned(), to.to_owned());
        let changed =
            self.write_list(move |connection| mailboxes::rename(connection, user, &from, &to))?;
        changed.into_iter().for_each(|mailbox| self.store.changed(mailbox));
        Ok(())
    }

    fn subscribe(&mut self, name: &str, subscribed: bool) -> Result<(), engine::Failure> {
        let (user, name) = (self.user.id, name.to_owned());
        self.write_list(move |connection| mailboxes::subscribe(connection, user, &name, subscribed))
    }

    fn upload(&mut self) -> Result<Upload, engine::Failure> {
        Ok(Upload { spool: Spool::new(), directory: Arc::clone(&self.directory) })
    }

    fn append(
        &mut self,
        name: &str,
        messages: Vec<NewMessage<Upload>>,
    ) -> Result<Appended, engine::Failure> {
        let (user, name) = (self.user.id, name.to_owned());
        let messages: Vec<_> = messages
            .into_iter()
            .map(|it| (it.upload.spool.finish(), it.flags, it.received))
            .collect();
        let (id, appended) = self.write(move |connection| {
            let id = mailboxes::find(connection, user, &name)?;
            let mut uids = Vec::new();
            for (octets, flags, received) in &messages {
                let (bits, keywords) = stored_flags(flags);
                let received = received.map_or_else(
                    || (mailboxes::unix_time(), 0),
                    |it| (it.to_unix(), it.zone().into()),
                );
                let (blob, size) = (octets.keep(connection)?, octets.size());
                let arrival = Arrival { blob, size, bits, keywords, received };
                uids.push(uid(messages::add(connection, id, &arrival)?)?);
            }
            let uid_validity = mailboxes::validity(connection, id)?;
            Ok((id, Appended { uid_validity, uids }))
        })?;
        self.store.changed(id);
        Ok(appended)
    }

    fn metadata(&mut self, name: Option<&str>) -> Result<Vec<(IString, Bytes)>, engine::Failure> {
        let values: [Value; 2] = [self.user.id.into(), name.unwrap_or_default().into()];
        let sql = "SELECT name, value FROM notes WHERE user_id = $1 AND mailbox = $2 ORDER BY name";
        let rows = self.read(|connection| {
            if let Some(name) = name {
                mailboxes::find(connection, self.user.id, name)?;
            }
            connection.rows(sql, &values)
        })?;
        let note = |mut row: Row| {
            Some((IString::new(row.text(0).into_bytes())?, Bytes::from(row.blob(1))))
        };
        Ok(rows.into_iter().filter_map(note).collect())
    }

    fn set_metadata(
        &mut self,
        name: Option<&str>,
        values: &[(IString, Option<Bytes>)],
    ) -> Result<(), engine::Failure> {
        if values.iter().any(|(_, value)| value.as_ref().is_some_and(|it| it.len() > NOTE)) {
            return Err(engine::Failure::TooBig);
        }
        let (user, mailbox) = (self.user.id, name.map(str::to_owned));
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| {
                (String::from_utf8_lossy(name.as_bytes()).to_lowercase(), value.clone())
            })
            .collect();
        self.write_list(move |connection| {
            if let Some(name) = &mailbox {
                mailboxes::find(connection, user, name)?;
            }
            for (name, value) in &values {
                let place: [Value; 3] =
                    [user.into(), mailbox.clone().unwrap_or_default().into(), name.as_str().into()];
                let sql = "DELETE FROM notes WHERE user_id = $1 AND mailbox = $2 AND name = $3";
                connection.run(sql, &place)?;
                if let Some(value) = value {
                    let sql = "INSERT INTO notes (user_id, mailbox, name, value) \
                               VALUES ($1, $2, $3, $4)";
                    let [user, mailbox, name] = place;
                    connection.run(sql, &[user, mailbox, name, value.to_vec().into()])?;
                }
            }
            let sql = "SELECT COUNT(*) FROM notes WHERE user_id = $1";
            let notes = connection.row(sql, &[user.into()])?.map_or(0, |row| row.int(0));
            if notes > NOTES { Err(engine::Failure::Limit.into()) } else { Ok(()) }
        })
    }
}

fn entry(mut row: Row) -> Entry {
    let mut entry = Entry::new(row.text(0));
    let stored = row.text(1);
    let uses = stored.split(' ').filter_map(|name| Atom::new(name.to_owned()));
    entry.uses = uses.map(SpecialUse::named).collect();
    entry
}

/// Returns a use as the tables have it; none that is not known.
fn stored_use(wanted: &SpecialUse) -> Option<&str> {
    (!matches!(wanted, SpecialUse::Other(_))).then(|| wanted.name())
}

/// Returns flags as the tables have them: bits, and keywords between blanks. Those that are no
/// client's to set are left out.
pub(super) fn stored_flags(flags: &Flags) -> (i64, String) {
    let set = |(flag, bit): &(Flag, i64)| flags.contains(flag).then_some(*bit);
    let bits = BITS.iter().filter_map(set).sum();
    let mut keywords: Vec<_> = flags
        .iter()
        .filter_map(|flag| match flag {
            Flag::Keyword(word) => Some(String::from_utf8_lossy(word.as_bytes()).into_owned()),
            _ => None,
        })
        .collect();
    keywords.sort_by_key(|word| word.to_lowercase());
    keywords.dedup_by_key(|word| word.to_lowercase());
    (bits, keywords.join(" "))
}

/// Reads flags as the tables have them.
pub(super) fn flags(bits: i64, keywords: &str) -> Flags {
    let set = BITS.iter().filter(|(_, bit)| bits & bit != 0).map(|(flag, _)| flag.clone());
    let words = keywords.split(' ').filter_map(|word| Keyword::new(word.to_owned()));
    set.chain(words.map(Flag::Keyword)).collect()
}

pub(super) fn mailbox_id(id: i64) -> Option<ObjectId> {
    ObjectId::new(format!("F{id}"))
}

pub(super) fn number(row: &Row, column: usize) -> Result<NonZeroU32, Failure> {
    NonZeroU32::new(row.number(column)?).ok_or(Failure::Damaged)
}

pub(super) fn uid(number: u32) -> Result<NonZeroU32, Failure> {
    NonZeroU32::new(number).ok_or(Failure::Damaged)
}

impl From<Failure> for engine::Failure {
    fn from(failure: Failure) -> Self {
        if let Failure::Refused(why) = failure {
            return why;
        }
        error!(error = %failure, "the store failed");
        match failure {
            Failure::Conflict => Self::InUse,
            Failure::Damaged => Self::Corruption,
            _ => Self::Unavailable,
        }
    }
}
