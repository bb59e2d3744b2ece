//! COPY, MOVE, EXPUNGE: messages come to other mailboxes, and go.
use core::num::NonZeroU32;

use super::answer::{Answer, Refusal, coded, no, ok};
use super::enabled::{highest_mod_seq, untagged};
use super::{Copied, Engine, Failure, Mailbox, Store, name};
use crate::command::{MessageSet, Numbering};
use crate::{Code, Condition, Mailbox as Name, UidSet};

impl<S: Store> Engine<S> {
    pub(super) fn copy(
        &mut self,
        numbering: Numbering,
        messages: &MessageSet,
        to: &Name,
        and_remove: bool,
    ) -> Answer {
        let uids = self.resolve(numbering, messages)?;
        let to = name::read(to, self.enabled.utf8())?;
        let selected = self.selected_mut()?;
        if and_remove && selected.read_only {
            return Err(no(Code::ReadOnly, "the mailbox is only to be read"));
        }
        if numbering == Numbering::Sequence && selected.view.has_gone(&uids) {
            // RFC 2180 §4.4.1: COPY is all or nothing.
            return Err(no(Code::ExpungeIssued, "some messages are gone"));
        }
        let there = selected.there(&uids);
        if there.is_empty() {
            return Ok(ok("there are none"));
        }
        let copied = if and_remove {
            selected.mailbox.move_to(&there, &to)
        } else {
            selected.mailbox.copy(&there, &to)
        };
        let copied = copied.map_err(to_target)?;
        let code = copy_uid(&there, &copied);
        if !and_remove {
            return Ok(code.map_or_else(|| ok("copied"), |code| coded(code, "copied")));
        }
        // RFC 6851 §4.3: where they are comes before EXPUNGE, so that clients can follow.
        if let Some(code) = code {
            self.tell(untagged(coded(code, "moved")));
        }
        self.pull();
        Ok(self.with_highest(true, "moved"))
    }

    pub(super) fn expunge(&mut self, of: Option<&MessageSet>) -> Answer {
        let of = of.map(|set| self.resolve(Numbering::Uid, set)).transpose()?;
        let selected = self.selected_mut()?;
        if selected.read_only {
            return Err(no(Code::ReadOnly, "the mailbox is only to be read"));
        }
        let deleted = selected.deleted(of.as_ref());
        if !deleted.is_empty() {
            selected.mailbox.expunge(&deleted, true)?;
        }
        self.pull();
        Ok(self.with_highest(!deleted.is_empty(), "expunged"))
    }

    /// RFC 7162 §3.2.7: a client with QRESYNC learns the mod-sequence that removing came to. What
    /// is held back is told before the command ends, so it counts.
    fn with_highest(&self, removed: bool, text: &'static str) -> crate::RespText {
        match self.selected.as_ref().filter(|_| removed && self.enabled.qresync()) {
            Some(selected) => coded(highest_mod_seq(selected.view.synced()), text),
            None => ok(text),
        }
    }
}

/// RFC 9051 §6.4.7: a mailbox that is not there can be made, which the client is told.
pub(super) fn to_target(failure: Failure) -> Refusal {
    match failure {
        Failure::NonExistent => Refusal {
            condition: Condition::No,
            text: coded(Code::TryCreate, "there is no such mailbox"),
        },
        failure => failure.into(),
    }
}

/// Where messages are: none if the store does not know, or counts wrongly.
fn copy_uid(from: &[NonZeroU32], copied: &Copied) -> Option<Code> {
    let to = UidSet::from_numbers(copied.uids.iter().copied())?;
    let from = UidSet::from_numbers(from.iter().copied())?;
    let uid_validity = copied.uid_validity;
    (from.count() == to.count()).then_some(Code::CopyUid { uid_validity, from, to })
}
