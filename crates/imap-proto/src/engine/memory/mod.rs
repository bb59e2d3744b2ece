//! A store in memory, for tests.
mod all;

use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::{RefCell, RefMut};
use core::num::NonZeroU32;

use bytes::Bytes;

use all::{All, Kept, number, one};

use super::{
    Appended, Changes, Copied, Details, Entry, Failure, FlagUpdate, FlagsUpdated, Info, NewMessage,
    Snapshot, State, Totals,
};
use crate::command::{Change, Resource, Rights, SetQuota, SpecialUse};
use crate::{Atom, Flag, Flags, IString, Number64, ObjectId, Quota, ResourceUse, UidRange};

/// A user's mailboxes in memory, which any number of stores show.
///
/// ```
/// use imap_proto::engine::{Store, memory};
///
/// let account = memory::Account::new();
/// let (mut one, mut other) = (account.store(), account.store());
/// one.create("Sent", &[])?;
/// assert_eq!(other.mailboxes()?.len(), 2); // and INBOX
/// # Ok::<_, imap_proto::engine::Failure>(())
/// ```
#[derive(Clone, Debug)]
pub struct Account(Rc<RefCell<All>>);

/// A store over an [`Account`].
#[derive(Clone, Debug)]
pub struct Store(Account);

/// An open mailbox of a [`Store`].
#[derive(Clone, Debug)]
pub struct Mailbox {
    account: Account,
    id: u32,
}

impl Default for Account {
    fn default() -> Self {
        Self::new()
    }
}

impl Account {
    /// Starts with an empty INBOX, in 1970.
    #[must_use]
    pub fn new() -> Self {
        Self(Rc::new(RefCell::new(All::new())))
    }

    /// Opens a store.
    #[must_use]
    pub fn store(&self) -> Store {
        Store(self.clone())
    }

    /// Sets the time: seconds since 1970. Messages that are appended without a date come then.
    pub fn set_time(&self, now: i64) {
        self.all().now = now;
    }

    /// Sets how many octets there may be.
    pub fn set_quota(&self, octets: u64) {
        self.all().quota = Some(octets);
    }

    /// Has the disk full, or not: nothing can be written meanwhile.
    pub fn set_full(&self, full: bool) {
        self.all().full = full;
    }

    /// Sets how many removals a mailbox remembers, from the next one on.
    pub fn set_journal(&self, removals: usize) {
        self.all().journal = removals;
    }

    fn all(&self) -> RefMut<'_, All> {
        self.0.borrow_mut()
    }
}

impl super::Store for Store {
    type Mailbox = Mailbox;
    type Upload = Vec<Bytes>;

    fn mailboxes(&mut self) -> Result<Vec<Entry>, Failure> {
        let all = self.0.all();
        let subscribed = |name: &String| all.subscribed.contains(name);
        let mut entries = Vec::new();
        for (name, id) in &all.names {
            let uses = all.boxes.get(id).map(|it| it.uses.clone()).unwrap_or_default();
            entries.push(Entry { subscribed: subscribed(name), uses, ..Entry::new(name.clone()) });
        }
        for name in all.subscribed.iter().filter(|name| !all.names.contains_key(*name)) {
            entries.push(Entry { exists: false, subscribed: true, ..Entry::new(name.clone()) });
        }
        Ok(entries)
    }

    fn open(&mut self, name: &str) -> Result<Mailbox, Failure> {
        let id = self.0.all().id(name)?;
        Ok(Mailbox { account: self.0.clone(), id })
    }

    fn totals(&mut self, name: &str) -> Result<Totals, Failure> {
        let mut all = self.0.all();
        let id = all.id(name)?;
        let mail = all.mail(id)?;
        let count = |flag: &Flag| mail.count(|it| it.flags.contains(flag));
        let size = |wanted: &dyn Fn(&Kept) -> bool| {
            mail.messages.values().filter(|it| wanted(it)).map(Kept::size).sum()
        };
        Ok(Totals {
            messages: mail.count(|_| true),
            recent: number(mail.messages.range(mail.recent..).count()),
            unseen: mail.count(|it| !it.flags.contains(&Flag::Seen)),
            deleted: count(&Flag::Deleted),
            size: size(&|_| true),
            deleted_size: size(&|it| it.flags.contains(&Flag::Deleted)),
            uid_next: one(mail.uid_next),
            uid_validity: one(mail.uid_validity),
            mod_seq: mail.mod_seq,
            id: ObjectId::new(alloc::format!("F{id}")),
        })
    }

    fn create(&mut self, name: &str, uses: &[SpecialUse]) -> Result<Option<ObjectId>, Failure> {
        let mut all = self.0.all();
        all.check_room(0)?;
        if all.names.contains_key(name) {
            return Err(Failure::AlreadyExists);
        }
        let taken = |it: &SpecialUse| all.boxes.values().any(|mail| mail.uses.contains(it));
        if uses.iter().any(|it| matches!(it, SpecialUse::Other(_)) || taken(it)) {
            return Err(Failure::SpecialUse);
        }
        let id = all.make(name, uses);
        Ok(ObjectId::new(alloc::format!("F{id}")))
    }

    fn delete(&mut self, name: &str) -> Result<(), Failure> {
        let mut all = self.0.all();
        let id = all.names.remove(name).ok_or(Failure::NonExistent)?;
        all.boxes.remove(&id);
        all.notes.retain(|(mailbox, _), _| mailbox.as_deref() != Some(name));
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), Failure> {
        let mut all = self.0.all();
        if all.names.contains_key(to) {
            return Err(Failure::AlreadyExists);
        }
        if from == "INBOX" {
            let (inbox, id) = (all.id(from)?, all.make(to, &[]));
            let uids: Vec<u32> = all.mail(inbox)?.messages.keys().copied().collect();
            all.copy(inbox, &uids, id)?;
            return all.remove(inbox, &uids, false);
        }
        let below = alloc::format!("{from}/");
        let of = |name: &String| name == from || name.starts_with(&below);
        let old: Vec<String> = all.names.keys().filter(|name| of(name)).cloned().collect();
        let new = |name: &String| [to, name.get(from.len()..).unwrap_or_default()].concat();
        if old.is_empty() {
            return Err(Failure::NonExistent);
        }
        if old.iter().any(|name| all.names.contains_key(&new(name)) && !of(&new(name))) {
            return Err(Failure::AlreadyExists);
        }
        let moved: Vec<_> =
            old.iter().filter_map(|name| Some((new(name), all.names.remove(name)?))).collect();
        all.names.extend(moved);
        Ok(())
    }

    fn subscribe(&mut self, name: &str, subscribed: bool) -> Result<(), Failure> {
        let mut all = self.0.all();
        all.subscribed.retain(|it| it != name);
        if subscribed {
            all.subscribed.push(name.into());
        }
        Ok(())
    }

    fn upload(&mut self) -> Result<Vec<Bytes>, Failure> {
        Ok(Vec::new())
    }

    fn append(
        &mut self,
        name: &str,
        messages: Vec<NewMessage<Vec<Bytes>>>,
    ) -> Result<Appended, Failure> {
        let mut all = self.0.all();
        let id = all.id(name)?;
        let messages: Vec<_> =
            messages.into_iter().map(|it| (it.upload.concat(), it.flags, it.received)).collect();
        all.check_room(messages.iter().map(|(octets, ..)| octets.len()).sum())?;
        let mut uids = Vec::new();
        for (octets, flags, received) in messages {
            let email = all.next;
            all.next += 1;
            let saved = all.time();
            let received = received.unwrap_or(saved);
            let kept =
                Kept { octets: octets.into(), flags, mod_seq: 0, received, saved, id: email };
            uids.push(one(all.mail(id)?.add(kept)));
        }
        Ok(Appended { uid_validity: one(all.mail(id)?.uid_validity), uids })
    }

    fn quota_roots(&mut self, name: &str) -> Result<Vec<Quota>, Failure> {
        self.0.all().id(name)?;
        Ok(alloc::vec![self.quota(&IString::default())?])
    }

    fn quota(&mut self, root: &IString) -> Result<Quota, Failure> {
        let all = self.0.all();
        let limit = all.quota.filter(|_| root.is_empty()).ok_or(Failure::NonExistent)?;
        let number = |octets: u64| Number64::new(octets.div_ceil(1024)).unwrap_or(Number64::MAX);
        let name = Atom::new("STORAGE").ok_or(Failure::Bug)?;
        let storage = ResourceUse { name, usage: number(all.size()), limit: number(limit) };
        Ok(Quota { root: root.clone(), resources: alloc::vec![storage] })
    }

    fn set_quota(&mut self, set: &SetQuota) -> Result<Quota, Failure> {
        let storage = set.limits.iter().find(|(resource, _)| *resource == Resource::Storage);
        let limit = storage.map(|(_, limit)| limit.get().saturating_mul(1024));
        self.0.all().quota = Some(limit.unwrap_or(u64::MAX));
        self.quota(&set.root)
    }

    fn my_rights(&mut self, name: &str) -> Result<Rights, Failure> {
        self.0.all().id(name)?;
        Ok(all_rights())
    }

    fn acl(&mut self, name: &str) -> Result<Vec<(IString, Rights)>, Failure> {
        let mut all = self.0.all();
        let id = all.id(name)?;
        Ok(all.mail(id)?.acl.iter().map(|(who, rights)| (who.clone(), rights.clone())).collect())
    }

    fn set_acl(
        &mut self,
        name: &str,
        identifier: &IString,
        change: Change,
        rights: &Rights,
    ) -> Result<(), Failure> {
        let mut all = self.0.all();
        let id = all.id(name)?;
        let mail = all.mail(id)?;
        let old = mail.acl.get(identifier).cloned().unwrap_or_default();
        let is_right = |letter: &u8| match change {
            Change::Add => old.contains(*letter) || rights.contains(*letter),
            Change::Remove => old.contains(*letter) && !rights.contains(*letter),
            Change::Replace => rights.contains(*letter),
        };
        let letters: Vec<u8> = (b'a'..=b'z').filter(is_right).collect();
        let new = Rights::new(letters).unwrap_or_default();
        if new == Rights::default() {
            mail.acl.remove(identifier);
        } else {
            mail.acl.insert(identifier.clone(), new);
        }
        Ok(())
    }

    fn list_rights(
        &mut self,
        name: &str,
        _identifier: &IString,
    ) -> Result<(Rights, Vec<Rights>), Failure> {
        self.0.all().id(name)?;
        let rights = all_rights();
        let each = rights.as_bytes().iter().map(|it| Rights::new(alloc::vec![*it]));
        Ok((Rights::default(), each.collect::<Option<_>>().unwrap_or_default()))
    }

    fn metadata(&mut self, name: Option<&str>) -> Result<Vec<(IString, Bytes)>, Failure> {
        let all = self.0.all();
        name.map(|name| all.id(name)).transpose()?;
        let of = all.notes.iter().filter(|((mailbox, _), _)| mailbox.as_deref() == name);
        let note = |((_, entry), value): (&(_, String), &Bytes)| {
            Some((IString::new(entry.as_bytes().to_vec())?, value.clone()))
        };
        Ok(of.filter_map(note).collect())
    }

    fn set_metadata(
        &mut self,
        name: Option<&str>,
        values: &[(IString, Option<Bytes>)],
    ) -> Result<(), Failure> {
        let mut all = self.0.all();
        name.map(|name| all.id(name)).transpose()?;
        for (entry, value) in values {
            let entry = String::from_utf8_lossy(entry.as_bytes()).to_ascii_lowercase();
            let key = (name.map(ToString::to_string), entry);
            match value {
                Some(value) => all.notes.insert(key, value.clone()),
                None => all.notes.remove(&key),
            };
        }
        Ok(())
    }
}

impl super::Mailbox for Mailbox {
    fn info(&mut self) -> Result<Info, Failure> {
        let mut all = self.account.all();
        let mail = all.mail(self.id)?;
        let mut flags = Flags::from_iter([
            Flag::Answered,
            Flag::Flagged,
            Flag::Deleted,
            Flag::Seen,
            Flag::Draft,
        ]);
        for message in mail.messages.values() {
            message.flags.iter().for_each(|flag| flags.insert(flag.clone()));
        }
        let mut permanent = flags.clone();
        permanent.push(Flag::Any);
        Ok(Info {
            uid_validity: one(mail.uid_validity),
            uid_next: one(mail.uid_next),
            mod_seq: mail.mod_seq,
            id: ObjectId::new(alloc::format!("F{}", self.id)),
            flags,
            permanent,
            read_only: false,
        })
    }

    fn states(&mut self, after: u32, limit: usize) -> Result<Vec<State>, Failure> {
        let mut all = self.account.all();
        let Some(first) = after.checked_add(1) else { return Ok(Vec::new()) };
        Ok(all.mail(self.id)?.messages.range(first..).take(limit).map(state).collect())
    }

    fn changes(&mut self, since: u64) -> Result<Changes, Failure> {
        let mut all = self.account.all();
        let mail = all.mail(self.id)?;
        if mail.mod_seq <= since {
            let (states, vanished) = (Vec::new(), Vec::new());
            return Ok(Changes { mod_seq: mail.mod_seq, states, vanished, complete: true });
        }
        let later = mail.messages.iter().filter(|(_, it)| it.mod_seq > since);
        let removed = mail.removed.iter().filter(|(at, _)| *at > since);
        Ok(Changes {
            mod_seq: mail.mod_seq,
            states: later.map(state).collect(),
            vanished: removed.map(|(_, uid)| UidRange::new(one(*uid), one(*uid))).collect(),
            complete: since >= mail.known_since,
        })
    }

    fn details(&mut self, uids: &[NonZeroU32]) -> Result<Vec<Details>, Failure> {
        let mut all = self.account.all();
        let mail = all.mail(self.id)?;
        let details = |uid: &NonZeroU32| {
            let kept = mail.messages.get(&uid.get())?;
            Some(Details {
                uid: *uid,
                size: kept.size(),
                received: kept.received,
                saved: Some(kept.saved),
                email_id: ObjectId::new(alloc::format!("M{}", kept.id)),
                thread_id: ObjectId::new(alloc::format!("T{}", kept.id)),
            })
        };
        Ok(uids.iter().filter_map(details).collect())
    }

    fn read(&mut self, uid: NonZeroU32, offset: u64, at_most: usize) -> Result<Bytes, Failure> {
        let mut all = self.account.all();
        let mail = all.mail(self.id)?;
        let kept = mail.messages.get(&uid.get()).ok_or(Failure::MessageGone)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(kept.octets.len());
        let end = start.saturating_add(at_most).min(kept.octets.len());
        Ok(kept.octets.slice(start..end))
    }

    fn set_flags(
        &mut self,
        uids: &[NonZeroU32],
        update: &FlagUpdate,
    ) -> Result<FlagsUpdated, Failure> {
        let mut all = self.account.all();
        all.check_room(0)?;
        let mail = all.mail(self.id)?;
        let mut done = FlagsUpdated::default();
        let mut mod_seq = None;
        for uid in uids {
            let Some(kept) = mail.messages.get_mut(&uid.get()) else { continue };
            if update.unchanged_since.is_some_and(|since| kept.mod_seq > since) {
                done.modified.push(*uid);
                continue;
            }
            let new = super::view::changed(kept.flags.clone(), update);
            if !same(&new, &kept.flags) {
                // What one command changes has one mod-sequence.
                kept.mod_seq = *mod_seq.get_or_insert(mail.mod_seq + 1);
                kept.flags = new;
            }
            done.states.push(state((&uid.get(), kept)));
        }
        mail.mod_seq = mod_seq.unwrap_or(mail.mod_seq);
        Ok(done)
    }

    fn expunge(&mut self, uids: &[NonZeroU32], only_deleted: bool) -> Result<(), Failure> {
        let uids: Vec<u32> = uids.iter().map(|uid| uid.get()).collect();
        self.account.all().remove(self.id, &uids, only_deleted)
    }

    fn copy(&mut self, uids: &[NonZeroU32], to: &str) -> Result<Copied, Failure> {
        let mut all = self.account.all();
        let to = all.id(to)?;
        let uids: Vec<u32> = uids.iter().map(|uid| uid.get()).collect();
        let new = all.copy(self.id, &uids, to)?;
        Ok(Copied { uid_validity: one(all.mail(to)?.uid_validity), uids: new })
    }

    fn recent(&mut self, claim: bool) -> Result<u32, Failure> {
        let mut all = self.account.all();
        let mail = all.mail(self.id)?;
        let recent = mail.recent;
        if claim {
            mail.recent = mail.uid_next;
        }
        Ok(recent)
    }

    fn keep(&mut self, snapshot: Snapshot) {
        if let Ok(mail) = self.account.all().mail(self.id) {
            mail.snapshot = Some(snapshot);
        }
    }

    fn kept(&mut self) -> Option<Snapshot> {
        self.account.all().mail(self.id).ok()?.snapshot.clone()
    }
}

fn state((uid, kept): (&u32, &Kept)) -> State {
    State { uid: one(*uid), mod_seq: kept.mod_seq, flags: kept.flags.clone() }
}

fn same(one: &Flags, other: &Flags) -> bool {
    one.iter().all(|flag| other.contains(flag)) && other.iter().all(|flag| one.contains(flag))
}

fn all_rights() -> Rights {
    Rights::new("lrswipkxtea").unwrap_or_default()
}
