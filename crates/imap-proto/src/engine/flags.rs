//! STORE: flags change.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::answer::{Answer, bad, coded, no, ok};
use super::uids::Uids;
use super::{Engine, FlagUpdate, Mailbox as _, Store};
use crate::command::{Numbering, Store as Command, StoreData};
use crate::{Code, Range, SeqNumber, SeqSet};

impl<S: Store> Engine<S> {
    pub(super) fn store_flags(&mut self, store: &Command) -> Answer {
        let StoreData::Flags { change, silent, flags } = &store.data else {
            return Err(bad("only flags can be stored"));
        };
        let uids = self.resolve(store.numbering, &store.messages)?;
        if store.unchanged_since.is_some() {
            self.enable_condstore();
        }
        let condstore = self.enabled.condstore();
        let selected = self.selected_mut()?;
        if selected.read_only {
            return Err(no(Code::ReadOnly, "the mailbox is only to be read"));
        }
        let is_missing = store.numbering == Numbering::Sequence && selected.view.has_gone(&uids);
        let there = selected.there(&uids);
        let update = FlagUpdate {
            change: *change,
            flags: flags.clone(),
            unchanged_since: store.unchanged_since.map(crate::Number64::get),
        };
        let done = selected.mailbox.set_flags(&there, &update)?;
        for state in &done.states {
            // RFC 7162 §3.1.3: a client that knows mod-sequences is told them, silent or not.
            let known = selected.view.get(state.uid.get()).map(|row| row.mod_seq);
            if !silent || condstore && known.is_some_and(|known| known < state.mod_seq) {
                selected.view.tell_flags(state.uid.get());
            }
        }
        selected.view.stored(&update, &done.states);
        let is_missing = is_missing
            || done.states.len() + done.modified.len() < there.len()
                && store.numbering == Numbering::Sequence;
        if !done.modified.is_empty() {
            let code = selected.modified(&done.modified, store.numbering);
            let text = "some were changed by others";
            return Ok(code.map_or_else(|| ok(text), |code| coded(code, text)));
        }
        if is_missing {
            // RFC 2180 §4.2: those that are there have been changed.
            return Err(no(Code::ExpungeIssued, "some messages are gone"));
        }
        Ok(ok("done"))
    }
}

impl<M> super::Selected<M> {
    /// The messages of a set that are there.
    pub(super) fn there(&self, uids: &Uids) -> Vec<NonZeroU32> {
        let (mut there, mut next) = (Vec::new(), 1_u32);
        while let Some((from, to)) = uids.from(next) {
            let mut rows = self.view.iter_from(from).peekable();
            let Some(first) = rows.peek() else { break };
            next = first.uid;
            while let Some(row) = rows.next_if(|row| row.uid <= to) {
                there.extend(NonZeroU32::new(row.uid));
                match row.uid.checked_add(1) {
                    Some(after) => next = after,
                    None => return there,
                }
            }
        }
        there
    }

    /// RFC 7162 §3.1.3: which were not changed, as the command counts.
    fn modified(&self, uids: &[NonZeroU32], numbering: Numbering) -> Option<Code> {
        let numbers = uids.iter().filter_map(|uid| match numbering {
            Numbering::Uid => Some(*uid),
            Numbering::Sequence => self.view.number(uid.get()),
        });
        let numbers: Uids = numbers.map(NonZeroU32::get).collect();
        let end = |number: u32| NonZeroU32::new(number).map(SeqNumber::Number);
        let ranges = numbers
            .ranges()
            .iter()
            .filter_map(|(from, to)| Some(Range { from: end(*from)?, to: end(*to)? }));
        SeqSet::new(ranges.collect()).map(Code::Modified)
    }
}
