//! SELECT, EXAMINE, CLOSE, UNSELECT: which mailbox is worked on.
use core::num::NonZeroU32;

use super::answer::{Answer, bad, coded, ok};
use super::enabled::{highest_mod_seq, untagged};
use super::fetch::Fetching;
use super::uids::Uids;
use super::view::View;
use super::{Engine, Failure, Info, Limits, Mailbox, Selected, Stage, Store, name};
use crate::command::{QResync, Select};
use crate::{Code, Flag, Flags, List, Response};

impl<S: Store> Engine<S> {
    pub(super) fn select(&mut self, select: &Select, examine: bool) -> Answer {
        // RFC 9051 §6.3.2: the mailbox that was selected no longer is, whatever comes of it.
        if self.selected.take().is_some() {
            self.tell(untagged(coded(Code::Closed, "the mailbox before is closed")));
        }
        if select.parameters.annotate {
            return Err(bad("notes on messages are not supported"));
        }
        if select.parameters.qresync.is_some() && !self.enabled.qresync() {
            return Err(bad("ENABLE QRESYNC comes first"));
        }
        let name = name::read(&select.mailbox, self.enabled.utf8())?;
        let mut mailbox = self.store.open(&name)?;
        if select.parameters.condstore {
            self.enable_condstore();
        }
        let info = mailbox.info()?;
        let view = load(&mut mailbox, &info, !self.enabled.is_rev2(), examine, &self.limits)?;
        let read_only = examine || info.read_only;
        self.tell_opened(&name, &info, &view, read_only);
        let saved = Uids::default();
        self.selected = Some(Selected { name, mailbox, view, read_only, saved });
        let text = if read_only {
            coded(Code::ReadOnly, "to be read")
        } else {
            coded(Code::ReadWrite, "to be read and written")
        };
        match &select.parameters.qresync {
            Some(known) if known.uid_validity == info.uid_validity => {
                self.resynchronize(known, text)
            }
            _ => Ok(text),
        }
    }

    /// RFC 9051 §6.3.2: what has to be told of a mailbox that is opened.
    fn tell_opened(&mut self, name: &str, info: &Info, view: &View, read_only: bool) {
        self.tell(Response::Exists(number(view.count())));
        if !self.enabled.is_rev2() {
            self.tell(Response::Recent(number(view.recent_count())));
            let unseen = view.iter().find(|row| !view.has_flag(row, &Flag::Seen));
            let unseen = unseen.filter(|_| !self.enabled.uid_only());
            if let Some(number) = unseen.and_then(|row| view.number(row.uid)) {
                self.tell(untagged(coded(Code::Unseen(number), "the first that is not seen")));
            }
        }
        let coded_all = [
            (Some(Code::UidValidity(info.uid_validity)), "UIDs are valid"),
            (Some(Code::UidNext(info.uid_next)), "the next UID"),
            (info.id.clone().map(Code::MailboxId), "the mailbox's identity"),
            (Some(highest_mod_seq(view.highest())), "the highest mod-sequence"),
        ];
        for (code, text) in coded_all {
            if let Some(code) = code {
                self.tell(untagged(coded(code, text)));
            }
        }
        self.tell(Response::Flags(view.flags().clone()));
        let permanent = if read_only { Flags::default() } else { info.permanent.clone() };
        self.tell(untagged(coded(Code::PermanentFlags(permanent), "flags that stay")));
        if self.enabled.is_rev2() {
            let mailbox = name::write(name, true);
            let delimiter = self.store.delimiter();
            let list = List { attributes: alloc::vec![], delimiter, mailbox, items: alloc::vec![] };
            self.tell(Response::List(list));
        }
    }

    /// Tells a client that was here before what has happened since (RFC 7162 §3.2.5).
    fn resynchronize(&mut self, known: &QResync, text: crate::RespText) -> Answer {
        let selected = self.selected_mut()?;
        let changes = selected.mailbox.changes(known.mod_seq.get())?;
        let known_uids = known.known.as_ref().map(|set| Uids::of_ranges(set.ranges()));
        let is_known = |uid: u32| known_uids.as_ref().is_none_or(|known| known.contains(uid));
        let vanished = if changes.complete {
            let vanished = Uids::of_ranges(&changes.vanished);
            known_uids.as_ref().map_or(vanished.clone(), |known| vanished.intersection(known))
        } else {
            let all = known_uids
                .clone()
                .unwrap_or_else(|| Uids::collect([(1, selected.view.last_uid())]));
            all.without(selected.view.iter().map(|row| row.uid))
        };
        let changed = changes.states.iter().map(|state| state.uid.get());
        let changed: Uids = changed.filter(|uid| is_known(*uid)).collect();
        if let Some(uids) = vanished.to_set() {
            self.tell(Response::Vanished { earlier: true, uids });
        }
        self.stage = Stage::Fetching(Fetching::resynchronizing(changed, text.clone()));
        Ok(text)
    }

    pub(super) fn close(&mut self) -> Answer {
        let selected = self.selected_mut()?;
        if !selected.read_only {
            let deleted = selected.deleted(None);
            if !deleted.is_empty() {
                // RFC 9051 §6.4.1: no EXPUNGE is sent, and the mailbox is closed in any case.
                let result = selected.mailbox.expunge(&deleted, true);
                if let Err(failure) = result {
                    self.selected = None;
                    return Err(failure.into());
                }
            }
        }
        self.selected = None;
        Ok(ok("closed"))
    }

    pub(super) fn unselect(&mut self) -> Answer {
        self.selected = None;
        Ok(ok("closed"))
    }
}

impl<M: Mailbox> Selected<M> {
    /// Asks the store what has happened.
    pub(super) fn pull(&mut self, recent: bool, limits: &Limits) -> Result<(), Failure> {
        let changes = match self.mailbox.changes(self.view.synced()) {
            Ok(changes) => changes,
            // The mailbox has been deleted: its messages are gone.
            Err(Failure::NonExistent) => {
                self.view.keep_only(&Uids::default());
                return Ok(());
            }
            Err(failure) => return Err(failure),
        };
        if !changes.complete {
            let there = all_uids(&mut self.mailbox, limits)?;
            self.view.keep_only(&there);
        }
        let before = self.view.newest();
        self.view.apply(&changes);
        if recent && self.view.newest() > before {
            // Each session that hears of messages asks, and the first has them.
            let from = self.mailbox.recent(!self.read_only)?;
            self.view.set_recent(from.max(before.saturating_add(1)));
        }
        share(&mut self.view, &mut self.mailbox);
        for range in &changes.vanished {
            self.saved.remove_range(range.from().get(), range.to().get());
        }
        Ok(())
    }

    /// The messages that are `\Deleted`, all or those of a set.
    pub(super) fn deleted(&self, of: Option<&Uids>) -> alloc::vec::Vec<NonZeroU32> {
        let wanted = |uid: u32| of.is_none_or(|of| of.contains(uid));
        let rows = self.view.iter().filter(|row| self.view.has_flag(row, &Flag::Deleted));
        rows.filter(|row| wanted(row.uid)).filter_map(|row| NonZeroU32::new(row.uid)).collect()
    }
}

/// Reads what a mailbox has.
pub(super) fn load<M: Mailbox>(
    mailbox: &mut M,
    info: &Info,
    recent: bool,
    examine: bool,
    limits: &Limits,
) -> Result<View, Failure> {
    let mut view = match mailbox.kept() {
        Some(kept) => View::of(kept, info.flags.clone()),
        None => load_all(mailbox, info, limits)?,
    };
    // What happened while the pages were read.
    let mut changes = mailbox.changes(view.synced())?;
    if !changes.complete {
        view = load_all(mailbox, info, limits)?;
        changes = mailbox.changes(view.synced())?;
    }
    view.apply(&changes);
    if recent {
        let from = mailbox.recent(!examine && !info.read_only)?;
        view.set_recent(from);
    }
    view.all_told();
    share(&mut view, mailbox);
    Ok(view)
}

fn load_all<M: Mailbox>(mailbox: &mut M, info: &Info, limits: &Limits) -> Result<View, Failure> {
    let mut view = View::new(info.mod_seq, info.flags.clone());
    let mut after = 0;
    loop {
        let states = mailbox.states(after, limits.batch * 16)?;
        let Some(last) = states.last() else { return Ok(view) };
        after = last.uid.get();
        states.iter().for_each(|state| view.load(state));
    }
}

/// Shares what is known with other sessions: just after the store has been asked.
fn share<M: Mailbox>(view: &mut View, mailbox: &mut M) {
    if view.is_sharable()
        && let Some(snapshot) = view.share(mailbox.kept())
    {
        mailbox.keep(snapshot);
    }
}

fn all_uids<M: Mailbox>(mailbox: &mut M, limits: &Limits) -> Result<Uids, Failure> {
    let (mut uids, mut after) = (Uids::default(), 0);
    loop {
        let states = mailbox.states(after, limits.batch * 16)?;
        let Some(last) = states.last() else { return Ok(uids) };
        after = last.uid.get();
        states.iter().for_each(|state| uids.push(state.uid.get()));
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
