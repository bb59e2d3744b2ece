//! METADATA: notes on mailboxes and the server (RFC 5464).
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::answer::{Answer, bad, coded, no, ok};
use super::{Engine, Store, name};
use crate::command::{Depth, Entry, GetMetadata, SetMetadata};
use crate::{Code, IString, Mailbox, Metadata, MetadataEntries, NotEmpty, Response};

impl<S: Store> Engine<S> {
    pub(super) fn get_metadata(&mut self, get: &GetMetadata) -> Answer {
        let name = self.noted(&get.mailbox)?;
        let depth = get.depth.unwrap_or(Depth::Zero);
        let notes = self.store.metadata(name.as_deref())?;
        let wanted = notes.into_iter().filter(|(name, _)| {
            get.entries.iter().any(|entry| is_under(entry, name.as_bytes(), depth))
        });
        // RFC 5464 §4.2.1: those that are too long are left out, and the longest is told.
        let limit = get.max_size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let (short, long): (Vec<_>, Vec<_>) = wanted.partition(|(_, value)| value.len() <= limit);
        let short = short.into_iter().map(|(name, value)| (name, Some(value)));
        self.tell_notes(get.mailbox.clone(), short.collect());
        Ok(match long.iter().map(|(_, value)| value.len()).max() {
            Some(longest) => {
                let longest = u32::try_from(longest).unwrap_or(u32::MAX);
                coded(Code::MetadataLongEntries(longest), "some are too long")
            }
            None => ok("done"),
        })
    }

    pub(super) fn set_metadata(&mut self, set: &SetMetadata) -> Answer {
        let name = self.noted(&set.mailbox)?;
        let mut values = Vec::new();
        for (entry, value) in set.values.iter() {
            if !is_name(entry.as_bytes()) {
                return Err(bad("not a name of a note"));
            }
            if value.as_ref().is_some_and(|value| value.len() > self.limits.note) {
                let limit = u32::try_from(self.limits.note).unwrap_or(u32::MAX);
                return Err(no(Code::MetadataMaxSize(limit), "the note is too long"));
            }
            let entry = IString::new(entry.as_bytes().to_vec()).unwrap_or_default();
            values.push((entry, value.clone()));
        }
        self.store.set_metadata(name.as_deref(), &values)?;
        Ok(ok("done"))
    }

    /// Tells notes on a mailbox that LIST has told, and which there are none of (RFC 9590 §3). If
    /// the store fails, nothing is told, as the RFC permits.
    pub(super) fn tell_metadata(&mut self, name: &str, mailbox: Mailbox, entries: &[Entry]) {
        let Ok(notes) = self.store.metadata(Some(name)) else { return };
        let told = entries.iter().map(|entry| {
            let is = |note: &&(IString, Bytes)| is_under(entry, note.0.as_bytes(), Depth::Zero);
            match notes.iter().find(is).cloned() {
                Some((name, value)) => (name, Some(value)),
                None => (IString::new(entry.as_bytes().to_vec()).unwrap_or_default(), None),
            }
        });
        self.tell_notes(mailbox, told.collect());
    }

    fn tell_notes(&mut self, mailbox: Mailbox, notes: Vec<(IString, Option<Bytes>)>) {
        if let Some(notes) = NotEmpty::new(notes) {
            let entries = MetadataEntries::Values(notes);
            self.tell(Response::Metadata(Metadata { mailbox, entries }));
        }
    }

    /// On what notes are: the empty name is the server.
    fn noted(&self, mailbox: &Mailbox) -> Answer<Option<String>> {
        let name = name::read(mailbox, self.enabled.utf8())?;
        Ok((!name.is_empty()).then_some(name))
    }
}

/// RFC 5464 §3.1: below /private or /shared, no empty level.
fn is_name(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let below = name.strip_prefix(b"/private/").or_else(|| name.strip_prefix(b"/shared/"));
    below.is_some_and(|below| below.split(|octet| *octet == b'/').all(|level| !level.is_empty()))
        && name.is_ascii()
        && !name.iter().any(u8::is_ascii_control)
}

/// Whether a note is the one that is asked for, or so far below.
fn is_under(entry: &Entry, name: &[u8], depth: Depth) -> bool {
    let entry = entry.as_bytes();
    let Some((start, below)) = name.split_at_checked(entry.len()) else { return false };
    let levels = below.iter().filter(|octet| **octet == b'/').count();
    start.eq_ignore_ascii_case(entry)
        && match depth {
            _ if below.is_empty() => true,
            _ if !below.starts_with(b"/") => false,
            Depth::Zero => false,
            Depth::One => levels == 1,
            Depth::Infinity => true,
        }
}
