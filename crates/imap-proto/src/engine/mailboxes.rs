//! CREATE, DELETE, RENAME, SUBSCRIBE: mailboxes come and go.
use alloc::string::String;

use super::answer::{Answer, coded, no, ok};
use super::enabled::untagged;
use super::{Engine, Store, name};
use crate::command::Create;
use crate::{Code, List, ListAttribute, ListItem, Mailbox, Response};

impl<S: Store> Engine<S> {
    pub(super) fn create(&mut self, create: &Create) -> Answer {
        let name = self.new_name(&create.mailbox)?;
        if name == INBOX {
            return Err(no(Code::AlreadyExists, "INBOX is always there"));
        }
        let id = self.store.create(&name, create.uses.as_deref().unwrap_or_default())?;
        // RFC 8474 §4.1.
        Ok(id.map_or_else(|| ok("created"), |id| coded(Code::MailboxId(id), "created")))
    }

    pub(super) fn delete(&mut self, mailbox: &Mailbox) -> Answer {
        let name = name::read(mailbox, self.enabled.utf8())?;
        if name == INBOX {
            return Err(no(Code::Cannot, "INBOX is always there"));
        }
        self.store.delete(&name)?;
        if self.selected() == Some(name.as_str()) {
            self.selected = None;
            self.tell(untagged(coded(Code::Closed, "the mailbox is gone")));
        }
        Ok(ok("deleted"))
    }

    pub(super) fn rename(&mut self, from: &Mailbox, to: &Mailbox) -> Answer {
        let old = name::read(from, self.enabled.utf8())?;
        let new = self.new_name(to)?;
        if new == INBOX {
            return Err(no(Code::AlreadyExists, "INBOX is always there"));
        }
        let delimiter = self.store.delimiter();
        let inside = |mark: crate::Delimiter| {
            new.strip_prefix(old.as_str()).is_some_and(|rest| rest.starts_with(mark.get()))
        };
        if old != INBOX && delimiter.is_some_and(inside) {
            return Err(no(Code::Cannot, "a mailbox cannot be moved below itself"));
        }
        self.store.rename(&old, &new)?;
        if let Some(selected) = self.selected.as_mut().filter(|it| it.name == old && old != INBOX) {
            selected.name.clone_from(&new);
        }
        if self.enabled.is_rev2() && old != INBOX {
            // RFC 9051 §6.3.6: a client of rev2 may be told the name that there was.
            self.tell(Response::List(List {
                attributes: alloc::vec![],
                delimiter,
                mailbox: name::write(&new, true),
                items: alloc::vec![ListItem::OldName(name::write(&old, true))],
            }));
        }
        Ok(ok("renamed"))
    }

    pub(super) fn subscribe(&mut self, mailbox: &Mailbox, subscribed: bool) -> Answer {
        let name = name::read(mailbox, self.enabled.utf8())?;
        if subscribed {
            name::check(&name, self.store.delimiter(), &self.limits)?;
        }
        self.store.subscribe(&name, subscribed)?;
        Ok(ok("done"))
    }

    /// Reads a name that is to be made.
    fn new_name(&self, mailbox: &Mailbox) -> Answer<String> {
        let mut name = name::read(mailbox, self.enabled.utf8())?;
        let delimiter = self.store.delimiter();
        // RFC 9051 §6.3.4: a delimiter at the end says that there will be more below.
        if delimiter.is_some_and(|mark| name.ends_with(mark.get())) {
            name.pop();
        }
        if name.eq_ignore_ascii_case(INBOX) {
            name = INBOX.into();
        }
        name::check(&name, delimiter, &self.limits)?;
        Ok(name)
    }
}

const INBOX: &str = "INBOX";

/// What a mailbox that LIST tells is, for what (RFC 6154 §2).
pub(super) fn attribute(special: &crate::command::SpecialUse) -> Option<ListAttribute> {
    use crate::command::SpecialUse;
    Some(match special {
        SpecialUse::All => ListAttribute::All,
        SpecialUse::Archive => ListAttribute::Archive,
        SpecialUse::Drafts => ListAttribute::Drafts,
        SpecialUse::Flagged => ListAttribute::Flagged,
        SpecialUse::Important => ListAttribute::Important,
        SpecialUse::Junk => ListAttribute::Junk,
        SpecialUse::Sent => ListAttribute::Sent,
        SpecialUse::Trash => ListAttribute::Trash,
        SpecialUse::Other(name) => {
            let name = crate::Keyword::new(name.as_bytes().to_vec())?;
            ListAttribute::Other(name)
        }
    })
}
