//! A disk: what is on it outlives its machine.
use std::collections::BTreeMap;

use bytes::Bytes;
use homing::delivery::{MessageId, Record};
use homing::imap::{
    Flags,
    engine::{Mailbox as _, NewMessage, Store as _, memory},
};

use crate::names;

/// A site's disk. Writes are durable one by one; the last may be torn by a crash.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    journal: String,
    /// The octets of messages in the queue.
    pub(crate) messages: BTreeMap<MessageId, Bytes>,
    /// Mailboxes by user; each message has a number for good.
    pub(crate) mailboxes: BTreeMap<u32, Vec<(u64, Bytes)>>,
    /// Those of users who read by IMAP.
    accounts: BTreeMap<u32, memory::Account>,
    next: u64,
    pub(crate) full: bool,
    /// The machine dies after so many writes.
    pub(crate) fuse: Option<u32>,
    pub(crate) writes: u64,
}

/// The machine has died.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Died;

/// How large a journal grows before it is written anew.
const LARGE: usize = 256 * 1024;

impl Disk {
    /// Appends a record.
    pub(crate) fn append(&mut self, record: &Record) -> Result<(), Died> {
        let line = record.write();
        if self.burn().is_err() {
            // A part of it reached the disk.
            let mut end = line.len() / 2;
            while !line.is_char_boundary(end) {
                end -= 1;
            }
            self.journal.push_str(&line[..end]);
            return Err(Died);
        }
        self.journal.push_str(&line);
        Ok(())
    }

    pub(crate) fn is_large(&self) -> bool {
        self.journal.len() > LARGE
    }

    /// Puts a shorter journal in place of the old one, at once or not at all.
    pub(crate) fn replace(&mut self, records: impl Iterator<Item = Record>) -> Result<(), Died> {
        self.burn()?;
        self.journal = records.map(|record| record.write()).collect();
        Ok(())
    }

    pub(crate) fn store(&mut self, message: MessageId, octets: Bytes) -> Result<(), Died> {
        self.burn()?;
        self.messages.insert(message, octets);
        Ok(())
    }

    /// Puts a message into mailboxes, all or none.
    pub(crate) fn deliver(&mut self, users: &[u32], octets: &Bytes) -> Result<(), Died> {
        self.burn()?;
        for user in users {
            if names::reads_by_imap(*user) {
                self.append_to(*user, octets);
                continue;
            }
            self.next += 1;
            self.mailboxes.entry(*user).or_default().push((self.next, octets.clone()));
        }
        Ok(())
    }

    /// A user's mailboxes for IMAP.
    pub(crate) fn account(&mut self, user: u32) -> &memory::Account {
        self.accounts.entry(user).or_insert_with(|| {
            let account = memory::Account::new();
            account.set_journal(0);
            account
        })
    }

    fn append_to(&mut self, user: u32, octets: &Bytes) {
        let upload = vec![octets.clone()];
        let message = NewMessage { upload, flags: Flags::default(), received: None };
        let mut store = self.account(user).store();
        store.append("INBOX", vec![message]).expect("an INBOX without a quota");
    }

    /// The messages that a user has not fetched.
    pub(crate) fn mail_of(&self, user: u32) -> Vec<Bytes> {
        if let Some(account) = self.accounts.get(&user) {
            let mut inbox = account.store().open("INBOX").expect("everybody's");
            let states = inbox.states(0, usize::MAX).expect("in memory");
            let octets = |uid| inbox.read(uid, 0, usize::MAX).expect("in memory");
            return states.iter().map(|it| it.uid).map(octets).collect();
        }
        let mailbox = self.mailboxes.get(&user).into_iter().flatten();
        mailbox.map(|(_, octets)| octets.clone()).collect()
    }

    /// Deletes messages of a mailbox.
    pub(crate) fn delete(&mut self, user: u32, numbers: &[u64]) -> Result<(), Died> {
        self.burn()?;
        if let Some(mailbox) = self.mailboxes.get_mut(&user) {
            mailbox.retain(|(number, _)| !numbers.contains(number));
            if mailbox.is_empty() {
                self.mailboxes.remove(&user);
            }
        }
        Ok(())
    }

    /// Reads the journal after a crash: a torn line is cut off.
    pub(crate) fn records(&mut self) -> Vec<Record> {
        let whole = self.journal.rfind('\n').map_or(0, |at| at + 1);
        self.journal.truncate(whole);
        let lines = self.journal.lines().map(|line| Record::parse(line).expect("a whole line"));
        lines.collect()
    }

    pub(crate) fn burn(&mut self) -> Result<(), Died> {
        self.writes += 1;
        match &mut self.fuse {
            Some(0) => {
                self.fuse = None;
                Err(Died)
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}
