//! What an account in memory holds.
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;

use crate::command::{Rights, SpecialUse};
use crate::engine::{Failure, Snapshot};
use crate::{DateTime, Flag, Flags, IString};

#[derive(Debug)]
pub(super) struct All {
    pub(super) boxes: BTreeMap<u32, Mail>,
    pub(super) names: BTreeMap<String, u32>,
    pub(super) subscribed: Vec<String>,
    pub(super) notes: BTreeMap<(Option<String>, String), Bytes>,
    pub(super) next: u32,
    pub(super) now: i64,
    pub(super) quota: Option<u64>,
    pub(super) full: bool,
    pub(super) journal: usize,
}

#[derive(Debug)]
pub(super) struct Mail {
    pub(super) uid_validity: u32,
    pub(super) uid_next: u32,
    pub(super) mod_seq: u64,
    /// From which UID on messages are recent.
    pub(super) recent: u32,
    pub(super) uses: Vec<SpecialUse>,
    pub(super) messages: BTreeMap<u32, Kept>,
    /// When which message was removed, and since when all of that is known.
    pub(super) removed: Vec<(u64, u32)>,
    pub(super) known_since: u64,
    pub(super) acl: BTreeMap<IString, Rights>,
    pub(super) snapshot: Option<Snapshot>,
}

#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) octets: Bytes,
    pub(super) flags: Flags,
    pub(super) mod_seq: u64,
    pub(super) received: DateTime,
    pub(super) saved: DateTime,
    pub(super) id: u32,
}

impl All {
    /// Starts with an empty INBOX, in 1970.
    pub(super) fn new() -> Self {
        let mut all = Self {
            boxes: BTreeMap::new(),
            names: BTreeMap::new(),
            subscribed: Vec::new(),
            notes: BTreeMap::new(),
            next: 1,
            now: 0,
            quota: None,
            full: false,
            journal: usize::MAX,
        };
        all.make("INBOX", &[]);
        all
    }

    pub(super) fn make(&mut self, name: &str, uses: &[SpecialUse]) -> u32 {
        let id = self.next;
        self.next += 1;
        let mail = Mail {
            uid_validity: id,
            uid_next: 1,
            mod_seq: 1,
            recent: 1,
            uses: uses.to_vec(),
            messages: BTreeMap::new(),
            removed: Vec::new(),
            known_since: 0,
            acl: BTreeMap::new(),
            snapshot: None,
        };
        self.boxes.insert(id, mail);
        self.names.insert(name.into(), id);
        id
    }

    pub(super) fn id(&self, name: &str) -> Result<u32, Failure> {
        self.names.get(name).copied().ok_or(Failure::NonExistent)
    }

    pub(super) fn mail(&mut self, id: u32) -> Result<&mut Mail, Failure> {
        self.boxes.get_mut(&id).ok_or(Failure::NonExistent)
    }

    pub(super) fn time(&self) -> DateTime {
        let epoch = || DateTime::from_unix(0, 0).expect("1970 has four digits");
        DateTime::from_unix(self.now, 0).unwrap_or_else(epoch)
    }

    pub(super) fn size(&self) -> u64 {
        self.boxes.values().flat_map(|mail| mail.messages.values()).map(Kept::size).sum()
    }

    pub(super) fn check_room(&self, more: usize) -> Result<(), Failure> {
        if self.full {
            return Err(Failure::Unavailable);
        }
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        let is_over = self.quota.is_some_and(|quota| self.size().saturating_add(more) > quota);
        if more > 0 && is_over { Err(Failure::OverQuota) } else { Ok(()) }
    }

    pub(super) fn copy(
        &mut self,
        from: u32,
        uids: &[u32],
        to: u32,
    ) -> Result<Vec<NonZeroU32>, Failure> {
        let mail = self.mail(from)?;
        let kept = uids.iter().map(|uid| mail.messages.get(uid).cloned());
        let kept: Vec<Kept> = kept.collect::<Option<_>>().ok_or(Failure::MessageGone)?;
        self.check_room(kept.iter().map(|it| it.octets.len()).sum())?;
        let saved = self.time();
        let mail = self.mail(to)?;
        Ok(kept.into_iter().map(|it| one(mail.add(Kept { saved, ..it }))).collect())
    }

    pub(super) fn remove(
        &mut self,
        id: u32,
        uids: &[u32],
        only_deleted: bool,
    ) -> Result<(), Failure> {
        let journal = self.journal;
        let mail = self.mail(id)?;
        let mod_seq = mail.mod_seq + 1;
        for uid in uids {
            let goes = |it: &Kept| !only_deleted || it.flags.contains(&Flag::Deleted);
            if mail.messages.get(uid).is_some_and(goes) {
                mail.messages.remove(uid);
                mail.removed.push((mod_seq, *uid));
                mail.mod_seq = mod_seq;
            }
        }
        let forgotten = mail.removed.len().saturating_sub(journal);
        if let Some((at, _)) = mail.removed.drain(..forgotten).next_back() {
            mail.known_since = at;
        }
        Ok(())
    }
}

impl Mail {
    pub(super) fn add(&mut self, kept: Kept) -> u32 {
        self.mod_seq += 1;
        let uid = self.uid_next;
        self.uid_next += 1;
        self.messages.insert(uid, Kept { mod_seq: self.mod_seq, ..kept });
        uid
    }

    pub(super) fn count(&self, wanted: impl Fn(&Kept) -> bool) -> u32 {
        number(self.messages.values().filter(|it| wanted(it)).count())
    }
}

impl Kept {
    pub(super) fn size(&self) -> u64 {
        u64::try_from(self.octets.len()).unwrap_or(u64::MAX)
    }
}

/// Numbers here begin with 1.
pub(super) fn one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
