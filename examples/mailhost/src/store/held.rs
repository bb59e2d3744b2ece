//! Mailboxes in memory, each once for all who have it open: most of what clients ask is answered
//! without the database.
//!
//! What is held is as the database was at a mod-sequence. Who hears that a mailbox changed marks it
//! as stale, and whoever asks next reads what has happened since. What is held is never more than
//! the database has: changes are seen here once they are committed.
use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU32,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};

use homing::imap::{
    Flag, Flags, UidRange,
    engine::{Snapshot, Totals},
};
use tokio::sync::watch;

use super::{
    BlobId,
    account::{flags, mailbox_id, number},
    lock,
    readers::Readers,
};
use crate::{
    database::{Connection, Failure, Row},
    quick::Size,
};

/// How many mailboxes are held that nobody has open.
const SPARE: usize = 256;

/// How many messages those may have together: some 100 octets each.
const SPARE_MESSAGES: usize = 200_000;

/// How many changes are remembered of a mailbox; who was away for longer asks the database.
const JOURNAL: usize = 10_000;

/// How many messages are read at once.
const PAGE: i64 = 4096;

/// All that are held.
#[derive(Default)]
pub(super) struct Shelf(Mutex<HashMap<i64, Arc<Held>>>);

impl Shelf {
    /// Returns a mailbox, which is read when it is asked something.
    pub(super) fn take(&self, id: i64) -> Arc<Held> {
        let mut all = lock(&self.0);
        if !all.contains_key(&id) {
            make_room(&mut all);
        }
        Arc::clone(all.entry(id).or_insert_with(|| Arc::new(Held::new(id))))
    }

    /// Returns a mailbox if it is here.
    pub(super) fn find(&self, id: i64) -> Option<Arc<Held>> {
        lock(&self.0).get(&id).cloned()
    }

    /// Notes that a mailbox has changed, and wakes those who wait for that.
    pub(super) fn changed(&self, id: i64) {
        if let Some(held) = self.find(id) {
            held.stale();
        }
    }

    /// Notes that any may have changed.
    pub(super) fn all_changed(&self) {
        lock(&self.0).values().for_each(|held| held.stale());
    }
}

/// Throws those away that nobody has open, if they are many.
fn make_room(all: &mut HashMap<i64, Arc<Held>>) {
    let idle: Vec<_> = all.values().filter(|held| Arc::strong_count(held) == 1).collect();
    let messages: usize = idle.iter().map(|held| held.len()).sum();
    if idle.len() >= SPARE || messages > SPARE_MESSAGES {
        all.retain(|_, held| Arc::strong_count(held) > 1);
    }
}

/// A mailbox.
pub(crate) struct Held {
    id: i64,
    /// Whether something may have happened that is not known here.
    is_stale: AtomicBool,
    known: Mutex<Option<Known>>,
    /// What sessions know, which have not been told more than there is here.
    pub(super) snapshot: Mutex<Option<Snapshot>>,
    changed: watch::Sender<()>,
}

impl Held {
    fn new(id: i64) -> Self {
        Self {
            id,
            is_stale: AtomicBool::new(true),
            known: Mutex::default(),
            snapshot: Mutex::default(),
            changed: watch::channel(()).0,
        }
    }

    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    /// Hears of changes from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn stale(&self) {
        self.is_stale.store(true, Ordering::Release);
        self.changed.send_replace(());
    }

    fn len(&self) -> usize {
        self.known.try_lock().map_or(0, |known| known.as_ref().map_or(0, |it| it.messages.len()))
    }

    /// Has the database asked, for what is known here may be old.
    pub(super) fn doubt(&self) {
        self.is_stale.store(true, Ordering::Release);
    }

    /// Returns how much there is, as far as that is known.
    pub(crate) fn size(&self) -> Option<Size> {
        let known = lock(&self.known);
        let known = known.as_ref()?;
        Some(Size { messages: known.messages.len(), largest: known.largest })
    }

    /// Returns what there is, after reading what is missing; `None` of a mailbox that is gone.
    pub(super) fn known(
        &self,
        readers: &Readers,
    ) -> Result<MutexGuard<'_, Option<Known>>, Failure> {
        let mut known = lock(&self.known);
        // What happens from here on marks it again.
        if self.is_stale.swap(false, Ordering::AcqRel) {
            let read = readers.read(|connection| read(connection, self.id, &mut known));
            if let Err(error) = read {
                self.is_stale.store(true, Ordering::Release);
                return Err(error);
            }
        }
        Ok(known)
    }
}

/// What is known of a mailbox.
pub(super) struct Known {
    pub(super) uid_validity: NonZeroU32,
    pub(super) uid_next: NonZeroU32,
    /// The mod-sequence up to which all is known.
    pub(super) mod_seq: u64,
    /// The UID from which on nobody has claimed messages as recent; others may since have.
    pub(super) recent: u32,
    /// Flags that messages have or have had.
    pub(super) flags: Flags,
    /// Octets of the largest message that there is or has been.
    largest: u64,
    /// By ascending UID.
    messages: Vec<Message>,
    /// Which message changed, or went, at which mod-sequence; ascending.
    journal: VecDeque<(u64, u32)>,
    /// The mod-sequence from which on that is all.
    begins: u64,
}

/// A message, without its octets.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) uid: NonZeroU32,
    pub(super) mod_seq: u64,
    pub(super) flags: Flags,
    pub(super) blob: BlobId,
    pub(super) size: u64,
    /// When it arrived, in seconds since 1970, and how many minutes east of Greenwich.
    pub(super) received: (i64, i16),
    pub(super) saved: i64,
}

impl Known {
    pub(super) fn get(&self, uid: u32) -> Option<&Message> {
        let at = self.messages.binary_search_by_key(&uid, |message| message.uid.get()).ok()?;
        self.messages.get(at)
    }

    /// Returns messages from a UID on.
    pub(super) fn from(&self, uid: u32) -> &[Message] {
        let at = self.messages.partition_point(|message| message.uid.get() < uid);
        self.messages.get(at..).unwrap_or_default()
    }

    /// Returns the messages that came or changed after a mod-sequence, and the UIDs of those that
    /// went; nothing if that is longer ago than is remembered.
    pub(super) fn since(&self, mod_seq: u64) -> Option<(Vec<&Message>, Vec<NonZeroU32>)> {
        if mod_seq < self.begins {
            return None;
        }
        let at = self.journal.partition_point(|(at, _)| *at <= mod_seq);
        let mut uids: Vec<u32> = self.journal.range(at..).map(|(_, uid)| *uid).collect();
        uids.sort_unstable();
        uids.dedup();
        let (mut there, mut gone) = (Vec::new(), Vec::new());
        for uid in uids {
            match self.get(uid) {
                Some(message) => there.push(message),
                None => gone.extend(NonZeroU32::new(uid)),
            }
        }
        Some((there, gone))
    }

    pub(super) fn totals(&self, id: i64) -> Result<Totals, Failure> {
        let mut totals = Totals {
            messages: u32::try_from(self.messages.len()).map_err(|_| Failure::Damaged)?,
            recent: 0,
            unseen: 0,
            deleted: 0,
            size: 0,
            deleted_size: 0,
            uid_next: self.uid_next,
            uid_validity: self.uid_validity,
            mod_seq: self.mod_seq,
            id: mailbox_id(id),
        };
        for message in &self.messages {
            totals.size += message.size;
            totals.recent += u32::from(message.uid.get() >= self.recent);
            totals.unseen += u32::from(!message.flags.contains(&Flag::Seen));
            if message.flags.contains(&Flag::Deleted) {
                totals.deleted += 1;
                totals.deleted_size += message.size;
            }
        }
        Ok(totals)
    }

    fn put(&mut self, message: Message) {
        let (uid, mod_seq) = (message.uid.get(), message.mod_seq);
        for flag in message.flags.iter().filter(|flag| matches!(flag, Flag::Keyword(_))) {
            self.flags.insert(flag.clone());
        }
        self.largest = self.largest.max(message.size);
        match self.messages.binary_search_by_key(&uid, |message| message.uid.get()) {
            Ok(at) => {
                if let Some(old) = self.messages.get_mut(at) {
                    *old = message;
                }
            }
            Err(at) => self.messages.insert(at, message),
        }
        self.journal.push_back((mod_seq, uid));
    }

    fn remove(&mut self, gone: &[(u64, u32)]) {
        self.journal.extend(gone);
        let is_gone = |uid| gone.binary_search_by_key(&uid, |(_, uid)| *uid).is_ok();
        if !gone.is_empty() {
            self.messages.retain(|message| !is_gone(message.uid.get()));
        }
    }

    /// Puts the journal in order from an index on, and forgets its beginning if it is long.
    fn tidy(&mut self, fresh: usize) {
        let mut new = self.journal.split_off(fresh.min(self.journal.len()));
        new.make_contiguous().sort_unstable();
        self.journal.append(&mut new);
        if self.journal.len() > JOURNAL {
            let rest = self.journal.split_off(self.journal.len() - JOURNAL / 2);
            // Whoever knows this number is not told what else has it.
            self.begins = self.journal.back().map_or(self.begins, |(mod_seq, _)| *mod_seq);
            self.journal = rest;
        }
    }
}

const COLUMNS: &str = "uid, mod_seq, bits, keywords, blob, size, received, zone, saved";

/// Reads what has happened since, or all.
fn read(
    connection: &mut dyn Connection,
    id: i64,
    known: &mut Option<Known>,
) -> Result<(), Failure> {
    let sql = "SELECT uid_validity, uid_next, mod_seq, recent FROM mailboxes WHERE id = $1";
    let Some(row) = connection.row(sql, &[id.into()])? else {
        *known = None;
        return Ok(());
    };
    let (uid_next, mod_seq, recent) = (number(&row, 1)?, row.number(2)?, row.number(3)?);
    let Some(old) = known else {
        let mut new = Known {
            uid_validity: number(&row, 0)?,
            uid_next,
            mod_seq,
            recent,
            flags: flags(i64::MAX, ""),
            largest: 0,
            messages: Vec::new(),
            journal: VecDeque::new(),
            begins: mod_seq,
        };
        read_all(connection, id, &mut new)?;
        new.journal.clear();
        *known = Some(new);
        return Ok(());
    };
    // What was claimed here may not be written yet.
    (old.uid_next, old.recent) = (uid_next, old.recent.max(recent));
    if old.mod_seq >= mod_seq {
        return Ok(());
    }
    let since = i64::try_from(old.mod_seq).map_err(|_| Failure::Damaged)?;
    // What happened after we looked has higher numbers, and is read the next time.
    let between = [id.into(), since.into(), row.int(2).into()];
    let sql = format!(
        "SELECT {COLUMNS} FROM messages \
         WHERE mailbox = $1 AND mod_seq > $2 AND mod_seq <= $3 ORDER BY uid"
    );
    let changed = connection.rows(&sql, &between)?;
    let sql = "SELECT mod_seq, uid FROM expunged \
               WHERE mailbox = $1 AND mod_seq > $2 AND mod_seq <= $3 ORDER BY uid";
    let gone = connection.rows(sql, &between)?;
    let gone = gone.iter().map(|row| Ok((row.number(0)?, row.number(1)?)));
    let gone: Vec<_> = gone.collect::<Result<_, Failure>>()?;
    let changed: Vec<_> = changed.into_iter().map(message).collect::<Result<_, _>>()?;
    let fresh = old.journal.len();
    changed.into_iter().for_each(|message| old.put(message));
    old.remove(&gone);
    old.mod_seq = mod_seq;
    old.tidy(fresh);
    Ok(())
}

fn read_all(connection: &mut dyn Connection, id: i64, new: &mut Known) -> Result<(), Failure> {
    let sql = format!(
        "SELECT {COLUMNS} FROM messages WHERE mailbox = $1 AND uid > $2 ORDER BY uid LIMIT {PAGE}"
    );
    let mut after = 0_i64;
    loop {
        let rows = connection.rows(&sql, &[id.into(), after.into()])?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.int(0);
        for row in rows {
            new.put(message(row)?);
        }
        new.journal.clear();
    }
}

fn message(mut row: Row) -> Result<Message, Failure> {
    Ok(Message {
        uid: number(&row, 0)?,
        mod_seq: row.number(1)?,
        flags: flags(row.int(2), &row.text(3)),
        blob: row.int(4),
        size: row.number(5)?,
        received: (row.int(6), row.number(7)?),
        saved: row.int(8),
    })
}

/// Joins numbers, which ascend, into ranges.
pub(super) fn ranges(uids: Vec<NonZeroU32>) -> Vec<UidRange> {
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
