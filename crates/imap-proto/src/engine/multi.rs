//! ESEARCH: which messages of many mailboxes have something (RFC 7377).
use alloc::collections::BTreeSet;
use alloc::string::String;
use core::num::NonZeroU32;

use super::answer::{Answer, bad, no, ok};
use super::notify::Filter;
use super::search::{FoundMessages, check_returns, results};
use super::select::load;
use super::uids::Uids;
use super::{Engine, Failure, Mailbox as _, Selected, Store, name};
use crate::command::{MailboxFilter, MultiSearch, Numbering, SearchKey, SearchReturns, Term};
use crate::{Code, Esearch, IString, Response, Tag};

impl<S: Store> Engine<S> {
    pub(super) fn search_many(&mut self, tag: &Tag, search: &MultiSearch) -> Answer {
        let filters =
            search.sources.as_ref().map_or(&[MailboxFilter::Selected][..], |it| it.filters());
        let returns = search.returns.clone().unwrap_or_default();
        check_returns(&returns)?;
        let only_selected = filters.iter().all(|filter| *filter == MailboxFilter::Selected);
        if returns.save && !only_selected {
            return Err(bad("only what is found in the selected mailbox is saved"));
        }
        let names = self.names_of(filters)?;
        if names.len() > self.limits.searched {
            return Err(no(Code::Limit, "that are too many mailboxes"));
        }
        let is_mod_seq = |term: &Term| matches!(term, Term::Key(SearchKey::ModSeq(_)));
        if search.criteria.terms().iter().any(is_mod_seq) {
            // While the selected mailbox is the one that it is about.
            self.enable_condstore();
        }
        for name in names {
            match self.search_in(&name, tag, search, &returns) {
                // One that is gone, or that the user may not read, is passed over.
                Ok(()) | Err(None) => {}
                Err(Some(refusal)) => return Err(refusal),
            }
        }
        Ok(ok("done"))
    }

    /// Searches one mailbox; none is the error if it cannot be.
    fn search_in(
        &mut self,
        name: &str,
        tag: &Tag,
        search: &MultiSearch,
        returns: &SearchReturns,
    ) -> Result<(), Option<super::answer::Refusal>> {
        let is_selected = self.selected() == Some(name);
        let other = if is_selected { None } else { Some(self.look_into(name)?) };
        // It is searched as if it was selected, and nothing is told of it but what is found.
        let kept = other.map(|other| self.selected.replace(other));
        let found = self.find(Numbering::Uid, search.charset.as_ref(), &search.criteria);
        let validity = self.selected.as_mut().map(|it| it.mailbox.info());
        if let Some(kept) = kept {
            self.selected = kept;
        }
        let found = found.map_err(Some)?;
        if returns.save {
            self.selected_mut().map_err(Some)?.saved = found.to_save(returns);
        }
        match validity {
            Some(Ok(info)) => self.tell_found_in(name, info.uid_validity, tag, returns, &found),
            _ => return Err(None),
        }
        Ok(())
    }

    fn tell_found_in(
        &mut self,
        name: &str,
        uid_validity: NonZeroU32,
        tag: &Tag,
        returns: &SearchReturns,
        found: &FoundMessages,
    ) {
        // RFC 7377 §2.1: where there is nothing, nothing is told, not even how many.
        if found.uids.is_empty() || returns.only_saves() {
            return;
        }
        let mailbox = name::write(name, self.enabled.utf8());
        self.tell(Response::Esearch(Esearch {
            tag: IString::new(tag.as_bytes().to_vec()),
            mailbox: Some((mailbox, uid_validity)),
            uid: true,
            data: results(returns, &found.uids, found),
        }));
    }

    /// Opens a mailbox for one search.
    fn look_into(
        &mut self,
        name: &str,
    ) -> Result<Selected<S::Mailbox>, Option<super::answer::Refusal>> {
        let failed = |failure| match failure {
            Failure::NonExistent | Failure::NoPermission => None,
            failure => Some(failure.into()),
        };
        let mut mailbox = self.store.open(name).map_err(failed)?;
        let info = mailbox.info().map_err(failed)?;
        let view = load(&mut mailbox, &info, false, true, &self.limits).map_err(failed)?;
        let (name, saved) = (String::from(name), Uids::default());
        Ok(Selected { name, mailbox, view, read_only: true, saved })
    }

    /// The mailboxes that are meant, each once.
    fn names_of(&mut self, filters: &[MailboxFilter]) -> Answer<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        if filters.contains(&MailboxFilter::Selected) {
            let Some(selected) = self.selected() else {
                return Err(bad("no mailbox is selected"));
            };
            names.insert(selected.into());
        }
        let (utf8, delimiter) = (self.enabled.utf8(), self.store.delimiter());
        let filters = filters.iter().filter_map(|it| Filter::of(it, utf8));
        let filters: alloc::vec::Vec<_> = filters.collect();
        if !filters.is_empty() {
            let all = self.store.mailboxes()?.into_iter().filter(|entry| entry.exists);
            let meant = all.filter(|it| filters.iter().any(|filter| filter.has(it, delimiter)));
            names.extend(meant.map(|entry| entry.name));
        }
        Ok(names)
    }
}
