//! STATUS: numbers of a mailbox.
use alloc::vec::Vec;

use super::answer::{Answer, bad, ok};
use super::{Engine, Failure, Store, Totals, name};
use crate::command::{Status, StatusItem as Asked};
use crate::{Mailbox, MailboxStatus, Number64, Response, StatusItem};

impl<S: Store> Engine<S> {
    pub(super) fn status(&mut self, status: &Status) -> Answer {
        let name = name::read(&status.mailbox, self.enabled.utf8())?;
        if self.enabled.is_rev2() && status.items.contains(&Asked::Recent) {
            return Err(bad("there is no RECENT in IMAP4rev2"));
        }
        let items = self.status_items(&name, &status.items)?;
        let mailbox = status.mailbox.clone();
        self.tell(Response::Status(MailboxStatus { mailbox, items }));
        if status.items.contains(&Asked::HighestModSeq) {
            self.enable_condstore();
        }
        Ok(ok("done"))
    }

    /// Tells numbers of a mailbox that LIST has told.
    pub(super) fn tell_status(&mut self, name: &str, mailbox: Mailbox, items: &[Asked]) {
        // RFC 5819 §2: what fails here is left out.
        if let Ok(items) = self.status_items(name, items) {
            self.tell(Response::Status(MailboxStatus { mailbox, items }));
        }
    }

    fn status_items(&mut self, name: &str, items: &[Asked]) -> Result<Vec<StatusItem>, Failure> {
        let totals = self.store.totals(name)?;
        let limit = self.store.append_limit();
        Ok(items.iter().filter_map(|item| one(*item, &totals, limit)).collect())
    }
}

fn one(item: Asked, totals: &Totals, append_limit: Option<u64>) -> Option<StatusItem> {
    let number = |number: u64| Number64::new(number).unwrap_or(Number64::MAX);
    Some(match item {
        Asked::Messages => StatusItem::Messages(totals.messages),
        Asked::UidNext => StatusItem::UidNext(totals.uid_next),
        Asked::UidValidity => StatusItem::UidValidity(totals.uid_validity),
        Asked::Unseen => StatusItem::Unseen(totals.unseen),
        Asked::Deleted => StatusItem::Deleted(totals.deleted),
        Asked::Size => StatusItem::Size(number(totals.size)),
        Asked::Recent => StatusItem::Recent(totals.recent),
        Asked::HighestModSeq => StatusItem::HighestModSeq(number(totals.mod_seq)),
        Asked::MailboxId => StatusItem::MailboxId(totals.id.clone()?),
        Asked::AppendLimit => StatusItem::AppendLimit(append_limit.map(number)),
        // RFC 9208 §4.1.4: in units of 1024 octets.
        Asked::DeletedStorage => {
            StatusItem::DeletedStorage(number(totals.deleted_size.div_ceil(1024)))
        }
    })
}
