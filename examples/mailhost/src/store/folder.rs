//! An open mailbox, as IMAP's engine sees it.
use std::{collections::HashSet, num::NonZeroU32, sync::Arc};

use bytes::Bytes;
use homing::imap::{
    DateTime, Flag, Flags, ObjectId,
    command::Change,
    engine::{self, Changes, Copied, Details, FlagUpdate, FlagsUpdated, Info, Snapshot, State},
};

use super::{
    BlobId, Held, Store,
    account::{flags, mailbox_id, number, stored_flags, uid},
    held::{Known, Message, ranges},
    lock, mailboxes,
    messages::{self, Arrival},
};
use crate::database::{Changed, Connection, Failure, Row, Value};

/// An open mailbox. It goes on to be the same when that is renamed.
pub(crate) struct Folder {
    store: Store,
    user: i64,
    id: i64,
    held: Arc<Held>,
    /// The message that was read last, which may be gone meanwhile.
    last: Option<(NonZeroU32, BlobId)>,
}

impl Folder {
    pub(super) fn new(store: Store, user: i64, held: Arc<Held>) -> Self {
        Self { store, user, id: held.id(), held, last: None }
    }

    /// Returns what all have in common who have it open.
    pub(crate) const fn held(&self) -> &Arc<Held> {
        &self.held
    }

    /// Asks what is known.
    fn ask<T>(
        &self,
        ask: impl FnOnce(&mut Known) -> Result<T, Failure>,
    ) -> Result<T, engine::Failure> {
        let mut known = self.held.known(&self.store.readers)?;
        let known = known.as_mut().ok_or(engine::Failure::NonExistent)?;
        Ok(ask(known)?)
    }

    fn blob(&mut self, uid: NonZeroU32) -> Result<BlobId, engine::Failure> {
        if let Some((last, blob)) = self.last
            && last == uid
        {
            return Ok(blob);
        }
        let blob = self.ask(|known| Ok(known.get(uid.get()).map(|message| message.blob)))?;
        let blob = blob.ok_or(engine::Failure::MessageGone)?;
        self.last = Some((uid, blob));
        Ok(blob)
    }

    /// Returns what happened longer ago than is remembered.
    fn old_changes(&self, since: u64) -> Result<(Vec<State>, Vec<NonZeroU32>), Failure> {
        let since = i64::try_from(since).unwrap_or(i64::MAX);
        let values: [Value; 2] = [self.id.into(), since.into()];
        let (changed, removed) = self.store.readers.read(|connection| {
            let sql = "SELECT uid, mod_seq, bits, keywords FROM messages \
                       WHERE mailbox = $1 AND mod_seq > $2 ORDER BY uid";
            let changed = connection.rows(sql, &values)?;
            let sql = "SELECT uid FROM expunged WHERE mailbox = $1 AND mod_seq > $2 ORDER BY uid";
            Ok((changed, connection.rows(sql, &values)?))
        })?;
        let changed = changed.into_iter().map(state).collect::<Result<_, _>>()?;
        let removed = removed.iter().map(|row| number(row, 0)).collect::<Result<_, _>>()?;
        Ok((changed, removed))
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
        self.ask(|known| {
            let mut permanent = known.flags.clone();
            permanent.insert(Flag::Any);
            Ok(Info {
                uid_validity: known.uid_validity,
                uid_next: known.uid_next,
                mod_seq: known.mod_seq,
                id: mailbox_id(self.id),
                flags: known.flags.clone(),
                permanent,
                read_only: false,
            })
        })
    }

    fn states(&mut self, after: u32, limit: usize) -> Result<Vec<State>, engine::Failure> {
        let Some(first) = after.checked_add(1) else { return Ok(Vec::new()) };
        self.ask(|known| Ok(known.from(first).iter().take(limit).map(Message::state).collect()))
    }

    fn changes(&mut self, since: u64) -> Result<Changes, engine::Failure> {
        let (mod_seq, recent) = self.ask(|known| {
            let recent = known.since(since);
            let states = |all: Vec<&Message>| all.into_iter().map(Message::state).collect();
            Ok((known.mod_seq.max(since), recent.map(|(there, gone)| (states(there), gone))))
        })?;
        let (states, removed) = match recent {
            Some(recent) => recent,
            None => self.old_changes(since)?,
        };
        Ok(Changes { mod_seq, states, vanished: ranges(removed), complete: true })
    }

    fn details(&mut self, uids: &[NonZeroU32]) -> Result<Vec<Details>, engine::Failure> {
        self.ask(|known| {
            let there = uids.iter().filter_map(|uid| known.get(uid.get()));
            there.map(Message::details).collect()
        })
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
        let (recent, next) = self.ask(|known| {
            let recent = known.recent;
            if claim {
                known.recent = recent.max(known.uid_next.get());
            }
            Ok((recent, known.recent))
        })?;
        if next > recent {
            let values: [Value; 2] = [next.into(), self.id.into()];
            // RFC 3501 §2.3.2: what is forgotten now is recent once more, and nobody waits for it.
            self.store.writer.write_some_time(move |connection| {
                let sql = "UPDATE mailboxes SET recent = $1 WHERE id = $2 AND recent < $1";
                connection.run(sql, &values).map(drop)
            });
        }
        Ok(recent)
    }
    fn keep(&mut self, snapshot: Snapshot) {
        *lock(&self.held.snapshot) = Some(snapshot);
    }

    fn kept(&mut self) -> Option<Snapshot> {
        lock(&self.held.snapshot).clone()
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

impl Message {
    fn state(&self) -> State {
        State { uid: self.uid, mod_seq: self.mod_seq, flags: self.flags.clone() }
    }

    fn details(&self) -> Result<Details, Failure> {
        let (received, zone) = self.received;
        Ok(Details {
            uid: self.uid,
            size: self.size,
            received: DateTime::from_unix(received, zone).ok_or(Failure::Damaged)?,
            saved: DateTime::from_unix(self.saved, 0),
            email_id: ObjectId::new(format!("M{}", self.blob)),
            thread_id: None,
        })
    }
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
        connection.announce(Changed::Mailbox(mailbox))?;
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
