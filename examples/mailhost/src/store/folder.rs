//! An open mailbox, as IMAP's engine sees it.
use std::{collections::HashSet, num::NonZeroU32};

use bytes::Bytes;
use homing::imap::{
    DateTime, Flag, Flags, ObjectId, UidRange,
    command::Change,
    engine::{self, Changes, Copied, Details, FlagUpdate, FlagsUpdated, Info, State},
};

use super::{
    BlobId, Store,
    account::{flags, mailbox_id, number, stored_flags, uid},
    mailboxes,
    messages::{self, Arrival},
};
use crate::database::{Connection, Failure, Row, Value};

/// An open mailbox. It goes on to be the same when that is renamed.
pub(crate) struct Folder {
    store: Store,
    user: i64,
    id: i64,
    /// The message that was read last.
    last: Option<(NonZeroU32, BlobId)>,
}

impl Folder {
    pub(super) const fn new(store: Store, user: i64, id: i64) -> Self {
        Self { store, user, id, last: None }
    }

    /// Returns its number, by which changes are told.
    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    fn blob(&mut self, uid: NonZeroU32) -> Result<BlobId, engine::Failure> {
        if let Some((last, blob)) = self.last
            && last == uid
        {
            return Ok(blob);
        }
        let values: [Value; 2] = [self.id.into(), uid.get().into()];
        let sql = "SELECT blob FROM messages WHERE mailbox = $1 AND uid = $2";
        let row = self.store.readers.read(|connection| connection.row(sql, &values))?;
        let blob = row.ok_or(engine::Failure::MessageGone)?.int(0);
        self.last = Some((uid, blob));
        Ok(blob)
    }

    /// Changes something within a transaction, and tells the others.
    fn change<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut dyn Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, engine::Failure> {
        let done = self.store.writer.write(work)?;
        self.store.changed(self.id);
        Ok(done)
    }
}

impl engine::Mailbox for Folder {
    fn info(&mut self) -> Result<Info, engine::Failure> {
        let id = [Value::from(self.id)];
        let (row, keywords) = self.store.readers.read(|connection| {
            let sql = "SELECT uid_validity, uid_next, mod_seq FROM mailboxes WHERE id = $1";
            let row = connection.row(sql, &id)?;
            let sql = "SELECT DISTINCT keywords FROM messages WHERE mailbox = $1";
            Ok((row, connection.rows(sql, &id)?))
        })?;
        let row = row.ok_or(engine::Failure::NonExistent)?;
        let mut all = flags(i64::MAX, "");
        for mut row in keywords {
            flags(0, &row.text(0)).iter().for_each(|flag| all.insert(flag.clone()));
        }
        let mut permanent = all.clone();
        permanent.insert(Flag::Any);
        Ok(Info {
            uid_validity: number(&row, 0)?,
            uid_next: number(&row, 1)?,
            mod_seq: row.number(2)?,
            id: mailbox_id(self.id),
            flags: all,
            permanent,
            read_only: false,
        })
    }

    fn states(&mut self, after: u32, limit: usize) -> Result<Vec<State>, engine::Failure> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values: [Value; 3] = [self.id.into(), after.into(), limit.into()];
        let sql = "SELECT uid, mod_seq, bits, keywords FROM messages \
                   WHERE mailbox = $1 AND uid > $2 ORDER BY uid LIMIT $3";
        let rows = self.store.readers.read(|connection| connection.rows(sql, &values))?;
        Ok(rows.into_iter().map(state).collect::<Result<_, Failure>>()?)
    }

    fn changes(&mut self, since: u64) -> Result<Changes, engine::Failure> {
        let nothing =
            Changes { mod_seq: since, states: Vec::new(), vanished: Vec::new(), complete: true };
        if self.store.is_newest(self.id, since) {
            return Ok(nothing);
        }
        let generation = self.store.generation();
        let id = self.id;
        let read = self.store.readers.read(|connection| {
            let sql = "SELECT mod_seq FROM mailboxes WHERE id = $1";
            let Some(row) = connection.row(sql, &[id.into()])? else { return Ok(None) };
            // What happens from now on has higher numbers, and is told the next time.
            let newest: u64 = row.number(0)?;
            if newest <= since {
                return Ok(Some((newest, Vec::new(), Vec::new())));
            }
            let since = i64::try_from(since).unwrap_or(i64::MAX);
            let between: [Value; 3] = [id.into(), since.into(), row.int(0).into()];
            let sql = "SELECT uid, mod_seq, bits, keywords FROM messages \
                       WHERE mailbox = $1 AND mod_seq > $2 AND mod_seq <= $3 ORDER BY uid";
            let changed = connection.rows(sql, &between)?;
            let sql = "SELECT uid FROM expunged \
                       WHERE mailbox = $1 AND mod_seq > $2 AND mod_seq <= $3 ORDER BY uid";
            Ok(Some((newest, changed, connection.rows(sql, &between)?)))
        })?;
        let (mod_seq, changed, removed) = read.ok_or(engine::Failure::NonExistent)?;
        self.store.note_newest(self.id, mod_seq, generation);
        let states = changed.into_iter().map(state).collect::<Result<_, Failure>>()?;
        let removed = removed.iter().map(|row| number(row, 0)).collect::<Result<_, Failure>>()?;
        Ok(Changes { mod_seq, states, vanished: ranges(removed), ..nothing })
    }

    fn details(&mut self, uids: &[NonZeroU32]) -> Result<Vec<Details>, engine::Failure> {
        let id = self.id;
        let rows = self.store.readers.read(|connection| {
            let sql = "SELECT uid, size, received, zone, saved, blob FROM messages \
                       WHERE mailbox = $1 AND uid >= $2 AND uid <= $3 ORDER BY uid";
            select(connection, sql, id, uids)
        })?;
        Ok(rows.iter().map(details).collect::<Result<_, Failure>>()?)
    }

    fn read(
        &mut self,
        uid: NonZeroU32,
        offset: u64,
        at_most: usize,
    ) -> Result<Bytes, engine::Failure> {
        let blob = self.blob(uid)?;
        Ok(self.store.octets(blob, offset, at_most)?)
    }

    fn set_flags(
        &mut self,
        uids: &[NonZeroU32],
        update: &FlagUpdate,
    ) -> Result<FlagsUpdated, engine::Failure> {
        let (id, uids, update) = (self.id, uids.to_vec(), update.clone());
        self.change(move |connection| set_flags(connection, id, &uids, &update))
    }

    fn expunge(&mut self, uids: &[NonZeroU32], only_deleted: bool) -> Result<(), engine::Failure> {
        let (id, uids) = (self.id, uids.to_vec());
        self.change(move |connection| {
            let sql = "SELECT uid, bits FROM messages \
                       WHERE mailbox = $1 AND uid >= $2 AND uid <= $3 ORDER BY uid";
            let rows = select(connection, sql, id, &uids)?;
            let (deleted, _) = stored_flags(&Flags::from_iter([Flag::Deleted]));
            let goes = |row: &&Row| !only_deleted || row.int(1) & deleted != 0;
            let uids: Result<Vec<_>, _> =
                rows.iter().filter(goes).map(|row| row.number(0)).collect();
            messages::remove(connection, id, &uids?)
        })
    }

    fn copy(&mut self, uids: &[NonZeroU32], to: &str) -> Result<Copied, engine::Failure> {
        let (from, user, uids, to) = (self.id, self.user, uids.to_vec(), to.to_owned());
        let (target, copied) = self.store.writer.write(move |connection| {
            let target = mailboxes::find(connection, user, &to)?;
            Ok((target, copy(connection, from, &uids, target)?))
        })?;
        self.store.changed(target);
        Ok(copied)
    }

    fn move_to(&mut self, uids: &[NonZeroU32], to: &str) -> Result<Copied, engine::Failure> {
        let (from, user, uids, to) = (self.id, self.user, uids.to_vec(), to.to_owned());
        let (target, copied) = self.change(move |connection| {
            let target = mailboxes::find(connection, user, &to)?;
            let copied = copy(connection, from, &uids, target)?;
            let uids: Vec<_> = uids.iter().map(|uid| uid.get()).collect();
            messages::remove(connection, from, &uids)?;
            Ok((target, copied))
        })?;
        self.store.changed(target);
        Ok(copied)
    }

    fn recent(&mut self, claim: bool) -> Result<u32, engine::Failure> {
        let id = [Value::from(self.id)];
        let sql = "SELECT recent, uid_next FROM mailboxes WHERE id = $1";
        let row = self.store.readers.read(|connection| connection.row(sql, &id))?;
        let row = row.ok_or(engine::Failure::NonExistent)?;
        if !claim || row.int(0) == row.int(1) {
            return Ok(row.number(0)?);
        }
        let claimed = self.store.writer.write(move |connection| {
            let row = connection.row(sql, &id)?.ok_or(engine::Failure::NonExistent)?;
            connection.run("UPDATE mailboxes SET recent = uid_next WHERE id = $1", &id)?;
            row.number(0)
        })?;
        Ok(claimed)
    }
}

/// Asks for rows of messages, the first column of which is the UID; the statement has a place for
/// the mailbox and for the lowest and the highest of them.
fn select(
    connection: &mut dyn Connection,
    sql: &str,
    mailbox: i64,
    uids: &[NonZeroU32],
) -> Result<Vec<Row>, Failure> {
    let (Some(first), Some(last)) = (uids.iter().min(), uids.iter().max()) else {
        return Ok(Vec::new());
    };
    let mut rows =
        connection.rows(sql, &[mailbox.into(), first.get().into(), last.get().into()])?;
    if rows.len() > uids.len() || u64::from(last.get() - first.get()) >= uids.len() as u64 {
        let wanted: HashSet<_> = uids.iter().map(|uid| i64::from(uid.get())).collect();
        rows.retain(|row| wanted.contains(&row.int(0)));
    }
    Ok(rows)
}

fn state(mut row: Row) -> Result<State, Failure> {
    let (uid, mod_seq) = (number(&row, 0)?, row.number(1)?);
    Ok(State { uid, mod_seq, flags: flags(row.int(2), &row.text(3)) })
}

fn details(row: &Row) -> Result<Details, Failure> {
    let zone = row.number(3)?;
    Ok(Details {
        uid: number(row, 0)?,
        size: row.number(1)?,
        received: DateTime::from_unix(row.int(2), zone).ok_or(Failure::Damaged)?,
        saved: DateTime::from_unix(row.int(4), 0),
        email_id: ObjectId::new(format!("M{}", row.int(5))),
        thread_id: None,
    })
}

/// Joins numbers, which ascend, into ranges.
fn ranges(uids: Vec<NonZeroU32>) -> Vec<UidRange> {
    let mut out: Vec<UidRange> = Vec::new();
    for uid in uids {
        match out.last_mut() {
            Some(last) if last.to().checked_add(1) == Some(uid) => {
                *last = UidRange::new(last.from(), uid);
            }
            _ => out.push(UidRange::new(uid, uid)),
        }
    }
    out
}

fn set_flags(
    connection: &mut dyn Connection,
    mailbox: i64,
    uids: &[NonZeroU32],
    update: &FlagUpdate,
) -> Result<FlagsUpdated, Failure> {
    // Nobody else changes the mailbox from here to the end of the transaction.
    let sql = "UPDATE mailboxes SET mod_seq = mod_seq WHERE id = $1 RETURNING mod_seq";
    let row = connection.row(sql, &[mailbox.into()])?.ok_or(engine::Failure::NonExistent)?;
    let next: u64 = row.number::<u64>(0)? + 1;
    let sql = "SELECT uid, mod_seq, bits, keywords FROM messages \
               WHERE mailbox = $1 AND uid >= $2 AND uid <= $3 ORDER BY uid";
    let (mut updated, mut changed) = (FlagsUpdated::default(), false);
    for row in select(connection, sql, mailbox, uids)? {
        let mut state = state(row)?;
        if update.unchanged_since.is_some_and(|since| state.mod_seq > since) {
            updated.modified.push(state.uid);
            continue;
        }
        let flags = changed_flags(&state.flags, update);
        let (old, new) = (stored_flags(&state.flags), stored_flags(&flags));
        if old != new {
            changed = true;
            state = State { mod_seq: next, flags, ..state };
            let sql = "UPDATE messages SET bits = $1, keywords = $2, mod_seq = $3 \
                       WHERE mailbox = $4 AND uid = $5";
            let (bits, keywords) = new;
            let mod_seq = i64::try_from(next).map_err(|_| Failure::Damaged)?;
            let values: [Value; 5] = [
                bits.into(),
                keywords.into(),
                mod_seq.into(),
                mailbox.into(),
                state.uid.get().into(),
            ];
            connection.run(sql, &values)?;
        }
        updated.states.push(state);
    }
    if changed {
        let sql = "UPDATE mailboxes SET mod_seq = mod_seq + 1 WHERE id = $1";
        connection.run(sql, &[mailbox.into()])?;
        connection.announce(mailbox)?;
    }
    Ok(updated)
}

fn changed_flags(old: &Flags, update: &FlagUpdate) -> Flags {
    match update.change {
        Change::Replace => update.flags.clone(),
        Change::Add => {
            let mut flags = old.clone();
            update.flags.iter().for_each(|flag| flags.insert(flag.clone()));
            flags
        }
        Change::Remove => old.iter().filter(|flag| !update.flags.contains(flag)).cloned().collect(),
    }
}

/// Copies messages, in the order in which they are given.
pub(super) fn copy(
    connection: &mut dyn Connection,
    from: i64,
    uids: &[NonZeroU32],
    to: i64,
) -> Result<Copied, Failure> {
    let mut copied =
        Copied { uid_validity: mailboxes::validity(connection, to)?, uids: Vec::new() };
    for one in uids {
        let sql = "SELECT blob, size, bits, keywords, received, zone FROM messages \
                   WHERE mailbox = $1 AND uid = $2";
        let row = connection.row(sql, &[from.into(), one.get().into()])?;
        let mut row = row.ok_or(engine::Failure::MessageGone)?;
        let arrival = Arrival {
            blob: row.int(0),
            size: row.number(1)?,
            bits: row.int(2),
            keywords: row.text(3),
            received: (row.int(4), row.int(5)),
        };
        copied.uids.push(uid(messages::add(connection, to, &arrival)?)?);
    }
    Ok(copied)
}
