//! What an IMAP server makes of commands, over a store of yours, without I/O of its own.
//!
//! ```text
//! Tagged command ──▶ ┌────────┐ ──▶ Response, Octets … Done    to the client
//! AppendPart, octets │ Engine │
//! "look for news" ──▶└────────┘ ◀─▶ Store, Mailbox             yours: a directory, a database
//! ```
//!
//! An [`Engine`] is one client's: it knows what that client has enabled, which mailbox it has
//! selected, and what it has been told of it. It answers commands of the authenticated and the
//! selected state; what concerns the connection (CAPABILITY, STARTTLS, AUTHENTICATE, IDLE's `+`,
//! LOGOUT) is the session's. A [`Store`] is a user's mailboxes, and all that an embedder writes.
//!
//! Several engines on one mailbox learn of each other's doings through the mailbox's journal:
//! after each command, and when [`wake`](Engine::wake) says so, an engine asks what has
//! [changed](Mailbox::changes), and tells it when RFC 9051 §5.5 and §7.5.1 let it.
//!
//! ```
//! # #[cfg(feature = "testing")] {
//! use imap_proto::command::Tagged;
//! use imap_proto::engine::{Engine, Limits, Output, memory};
//! use imap_proto::{Condition, Response};
//!
//! let account = memory::Account::new();
//! let mut engine = Engine::new(account.store(), Limits::default());
//! let now = 1_795_388_400; // the clock is the embedder's
//! engine.command(Tagged::parse("A1 SELECT INBOX".into())?, now).expect("it is the engine's");
//! assert_eq!(engine.next(), Some(Output::Response(Response::Exists(0))));
//! let last = core::iter::from_fn(|| engine.next()).last();
//! assert!(matches!(last, Some(Output::Done(Condition::Ok, _))));
//! # }
//! # Ok::<_, imap_proto::ParseError>(())
//! ```

mod access;
mod answer;
mod append;
mod candidate;
mod casemap;
mod copy;
mod enabled;
mod failure;
mod fetch;
mod fetch_item;
mod flags;
mod keywords;
mod limits;
mod list;
mod mailboxes;
mod message;
mod metadata;
mod multi;
mod name;
mod notify;
mod pattern;
mod rows;
mod search;
mod section;
mod select;
mod sort;
mod status;
mod store;
mod structure;
#[cfg(test)]
mod tests;
mod thread;
mod uids;
mod url;
mod view;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
pub mod memory;

use alloc::collections::VecDeque;
use alloc::string::String;

use bytes::Bytes;

pub use answer::Output;
pub use failure::Failure;
pub use limits::Limits;
pub use store::{
    Appended, Changes, Copied, Details, Entry, FlagUpdate, FlagsUpdated, Info, Mailbox, NewMessage,
    State, Store, Totals, Upload,
};

use crate::command::{Command, Numbering, Tagged};
use crate::{Condition, RespText, Response};
use answer::{Answer, Refusal, bad, ok};
use enabled::Enabled;
use fetch::{Fetching, Source};
use uids::Uids;
pub use view::Snapshot;
use view::{Allowed, View};

/// One client's commands, over a store. See the [module](self).
#[derive(Debug)]
pub struct Engine<S: Store> {
    store: S,
    limits: Limits,
    enabled: Enabled,
    selected: Option<Selected<S::Mailbox>>,
    appending: Option<append::Appending<S::Upload>>,
    out: VecDeque<Output>,
    /// Octets for the contents of the response that waits in `out`, alone and last.
    pending: VecDeque<Source>,
    /// Octets for the contents of what was given out last.
    sources: VecDeque<Source>,
    stage: Stage,
    is_idle: bool,
    /// What NOTIFY asked for.
    watch: Option<notify::Watch>,
    /// Whether the command brings messages, which need not be told of what the client sent.
    brings: bool,
    now: i64,
}

/// The selected mailbox.
#[derive(Debug)]
struct Selected<M> {
    name: String,
    mailbox: M,
    view: View,
    read_only: bool,
    /// `$` (RFC 5182), as UIDs.
    saved: Uids,
}

/// What is being done.
#[derive(Debug)]
enum Stage {
    Quiet,
    /// FETCH gives its responses one message after the other.
    Fetching(Fetching),
    /// News are told, then how the command ended, if it was one.
    Telling {
        allowed: Allowed,
        ending: Option<(Condition, RespText)>,
        /// After which UID messages came, if some did.
        new: Option<u32>,
    },
    /// News are told before a command by UID, which then is carried out.
    Announcing(alloc::boxed::Box<Tagged>),
}

impl<S: Store> Engine<S> {
    /// Starts for a client who has been authenticated.
    pub fn new(store: S, limits: Limits) -> Self {
        Self {
            store,
            limits,
            enabled: Enabled::default(),
            selected: None,
            appending: None,
            out: VecDeque::new(),
            pending: VecDeque::new(),
            sources: VecDeque::new(),
            stage: Stage::Quiet,
            is_idle: false,
            watch: None,
            brings: false,
            now: 0,
        }
    }

    /// Takes a command; [`next`](Self::next) then says what comes of it. `now` is the time in
    /// seconds since 1970. APPEND and REPLACE say nothing until [`end`](Self::end), and what they
    /// bring is let come; unless they fail at once, and then it is to be refused.
    ///
    /// # Errors
    /// The command is the session's to answer, and given back; or the one before has not ended.
    #[expect(clippy::result_large_err, reason = "it is what was given")]
    pub fn command(&mut self, tagged: Tagged, now: i64) -> Result<(), Tagged> {
        if !matches!(self.stage, Stage::Quiet) || self.appending.is_some() {
            return Err(tagged);
        }
        if is_of_session(&tagged.command) {
            return Err(tagged);
        }
        self.now = now;
        self.is_idle = false;
        self.out.clear();
        self.pull();
        if announces(&tagged.command)
            && self.selected.as_ref().is_some_and(|it| it.view.has_arrivals())
        {
            self.stage = Stage::Announcing(alloc::boxed::Box::new(tagged));
        } else {
            self.carry_out(tagged);
        }
        Ok(())
    }

    /// Returns what to tell the client next; nothing once a command has ended, or all news have
    /// been told.
    #[expect(clippy::should_implement_trait, reason = "it goes on after nothing")]
    pub fn next(&mut self) -> Option<Output> {
        loop {
            if let Some(octets) = self.next_octets() {
                return Some(octets);
            }
            if let Some(output) = self.out.pop_front() {
                if self.out.is_empty() {
                    self.sources.append(&mut self.pending);
                }
                return Some(output);
            }
            match core::mem::replace(&mut self.stage, Stage::Quiet) {
                Stage::Quiet => return None,
                Stage::Fetching(fetching) => self.go_on_fetching(fetching),
                Stage::Telling { allowed, ending, new } => {
                    let last = self.selected.as_ref().map_or(0, |it| it.view.last_uid());
                    if let Some(news) = self.next_news(allowed) {
                        // The first message that came, whose data NOTIFY may have asked for.
                        let came = matches!(news, Response::Exists(_)).then_some(last);
                        self.stage = Stage::Telling { allowed, ending, new: new.or(came) };
                        return Some(Output::Response(news));
                    }
                    if let Some(after) = new.filter(|_| !self.items_of_new().is_empty()) {
                        self.fetch_new(after, allowed, ending);
                        continue;
                    }
                    let (condition, text) = ending?;
                    return Some(Output::Done(condition, text));
                }
                Stage::Announcing(tagged) => match self.next_news(Allowed::EXISTS) {
                    Some(news) => {
                        self.stage = Stage::Announcing(tagged);
                        return Some(Output::Response(news));
                    }
                    None => self.carry_out(*tagged),
                },
            }
        }
    }

    /// Looks for news while no command is under way: messages that came and flags that changed,
    /// and during [IDLE](Self::idle) messages that went, as well; or what NOTIFY has asked for.
    /// [`next`](Self::next) says what there is. An embedder calls this when it hears that a mailbox
    /// changed; while a command is under way it does nothing, for that ends with the news.
    pub fn wake(&mut self) {
        if !matches!(self.stage, Stage::Quiet) || self.appending.is_some() {
            return;
        }
        self.pull();
        self.brings = false;
        self.look_around();
        let allowed = self.allowed_unasked();
        self.stage = Stage::Telling { allowed, ending: None, new: None };
    }

    /// Begins IDLE (RFC 9051 §6.3.13): the session has said `+`. News that are there are told at
    /// once. The next command ends it, or [`end_idle`](Self::end_idle).
    pub fn idle(&mut self) {
        self.is_idle = true;
        self.wake();
    }

    /// Ends IDLE: the client has said DONE, and the session answers.
    pub const fn end_idle(&mut self) {
        self.is_idle = false;
    }

    /// Whether NOTIFY has asked for news: then a change of the selected mailbox is a reason to
    /// [wake](Self::wake) at any time, not during IDLE only.
    #[must_use]
    pub const fn watches(&self) -> bool {
        self.watch.is_some()
    }

    /// Whether NOTIFY has asked for news of other mailboxes than the selected one: then a change of
    /// any of them is a reason to [wake](Self::wake).
    #[must_use]
    pub fn watches_others(&self) -> bool {
        self.watch.as_ref().is_some_and(notify::Watch::has_groups)
    }

    /// Returns the selected mailbox's name when it was selected, for an embedder who wants to
    /// know whose changes to listen to.
    #[must_use]
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_ref().map(|selected| selected.name.as_str())
    }

    /// Returns the selected mailbox.
    pub fn mailbox(&mut self) -> Option<&mut S::Mailbox> {
        self.selected.as_mut().map(|selected| &mut selected.mailbox)
    }

    /// Returns the store.
    pub const fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Whether strings in responses may be UTF-8: the client enabled IMAP4rev2 or UTF8=ACCEPT.
    #[must_use]
    pub const fn is_utf8(&self) -> bool {
        self.enabled.utf8()
    }

    fn carry_out(&mut self, tagged: Tagged) {
        let keeps_numbers = keeps_numbers(&tagged.command);
        self.brings = matches!(
            tagged.command,
            Command::Append(_) | Command::Replace(_) | Command::Copy { .. } | Command::Move { .. }
        );
        let answer = self.answer(tagged);
        if matches!(self.stage, Stage::Fetching(_)) && answer.is_ok() {
            return;
        }
        if self.appending.is_some() && answer.is_ok() {
            self.stage = Stage::Quiet;
            return;
        }
        self.finish(answer.map(|text| (Condition::Ok, text)), keeps_numbers);
    }

    /// Ends a command: what it did itself is news as well.
    fn finish(&mut self, answer: Answer<(Condition, RespText)>, keeps_numbers: bool) {
        let refused = |refusal: Refusal| (refusal.condition, refusal.text);
        let ending = answer.unwrap_or_else(refused);
        self.pull();
        self.look_around();
        let allowed = if keeps_numbers { Allowed::NO_EXPUNGE } else { Allowed::ALL };
        self.stage = Stage::Telling { allowed, ending: Some(ending), new: None };
    }

    fn answer(&mut self, Tagged { tag, command }: Tagged) -> Answer {
        match command {
            Command::Noop => Ok(ok("done")),
            Command::Enable(capabilities) => self.enable(&capabilities),
            Command::Select(select) => self.select(&select, false),
            Command::Examine(select) => self.select(&select, true),
            Command::Create(create) => self.create(&create),
            Command::Delete(mailbox) => self.delete(&mailbox),
            Command::Rename { from, to } => self.rename(&from, &to),
            Command::Subscribe(mailbox) => self.subscribe(&mailbox, true),
            Command::Unsubscribe(mailbox) => self.subscribe(&mailbox, false),
            Command::List(list) => self.list(&list),
            Command::Lsub { reference, pattern } => self.lsub(&reference, &pattern),
            Command::Namespace => {
                self.tell(Response::Namespace(self.store.namespaces()));
                Ok(ok("done"))
            }
            Command::Status(status) => self.status(&status),
            Command::Notify(notify) => self.notify(&notify),
            Command::MultiSearch(search) => self.search_many(&tag, &search),
            Command::Append(mailbox) => self.begin_append(&mailbox),
            Command::Replace(replace) => self.begin_replace(&replace),
            Command::GetQuota(root) => self.get_quota(&root),
            Command::GetQuotaRoot(mailbox) => self.get_quota_root(&mailbox),
            Command::SetQuota(set) => self.set_quota(&set),
            Command::GetAcl(mailbox) => self.get_acl(&mailbox),
            Command::SetAcl(set) => self.set_acl(&set),
            Command::DeleteAcl { mailbox, identifier } => self.delete_acl(&mailbox, &identifier),
            Command::ListRights { mailbox, identifier } => self.list_rights(&mailbox, identifier),
            Command::MyRights(mailbox) => self.my_rights(&mailbox),
            Command::GetMetadata(get) => self.get_metadata(&get),
            Command::SetMetadata(set) => self.set_metadata(&set),
            command => self.answer_selected(tag, command),
        }
    }

    fn answer_selected(&mut self, tag: crate::Tag, command: Command) -> Answer {
        if self.selected.is_none() {
            return Err(bad("no mailbox is selected"));
        }
        match command {
            Command::Check => Ok(ok("done")),
            Command::Close => self.close(),
            Command::Unselect => self.unselect(),
            Command::Expunge => self.expunge(None),
            Command::UidExpunge(set) => self.expunge(Some(&set)),
            Command::Search(search) => self.search(&tag, &search),
            Command::Sort(sort) => self.sort(&tag, &sort),
            Command::Thread(thread) => self.thread(&thread),
            Command::Fetch(fetch) => self.fetch(&fetch),
            Command::Store(store) => self.store_flags(&store),
            Command::Copy { numbering, messages, mailbox } => {
                self.copy(numbering, &messages, &mailbox, false)
            }
            Command::Move { numbering, messages, mailbox } => {
                self.copy(numbering, &messages, &mailbox, true)
            }
            _ => Err(bad("not supported")),
        }
    }

    fn tell(&mut self, response: Response) {
        self.out.push_back(Output::Response(response));
    }

    fn next_news(&mut self, allowed: Allowed) -> Option<Response> {
        let mut style = self.enabled.style();
        // RFC 5465 §5.1: with UIDs.
        style.uid |= self.watch.is_some();
        self.selected.as_mut()?.view.next_news(allowed, style)
    }

    /// Asks the store what has happened in the selected mailbox.
    fn pull(&mut self) {
        let Some(selected) = &mut self.selected else { return };
        let recent = !self.enabled.is_rev2();
        // What fails now is asked again with the next command.
        let _ = selected.pull(recent, &self.limits);
    }

    fn selected_mut(&mut self) -> Answer<&mut Selected<S::Mailbox>> {
        self.selected.as_mut().ok_or_else(|| bad("no mailbox is selected"))
    }

    fn next_octets(&mut self) -> Option<Output> {
        let source = self.sources.front_mut()?;
        match source.next(self.selected.as_mut().map(|it| &mut it.mailbox), &self.limits) {
            Ok(Some(octets)) => Some(Output::Octets(octets)),
            Ok(None) => {
                self.sources.pop_front();
                self.next_octets()
            }
            Err(failure) => {
                self.sources.clear();
                self.out.clear();
                self.stage = Stage::Quiet;
                Some(Output::Broken(failure))
            }
        }
    }
}

/// Whether a command is answered without a store.
const fn is_of_session(command: &Command) -> bool {
    matches!(
        command,
        Command::Capability
            | Command::Logout
            | Command::Id(_)
            | Command::StartTls
            | Command::Authenticate(_)
            | Command::Login(_)
            | Command::Unauthenticate
            | Command::Compress
            | Command::Idle
            | Command::Language(_)
            | Command::Comparator(_)
            | Command::GetJmapAccess
    )
}

/// RFC 9051 §7.5.1: EXPUNGE must not be sent while answering these, whose numbers it would spoil.
const fn keeps_numbers(command: &Command) -> bool {
    let numbering = match command {
        Command::Fetch(fetch) => fetch.numbering,
        Command::Store(store) => store.numbering,
        Command::Search(search) => search.numbering,
        Command::Sort(sort) => sort.numbering,
        Command::Thread(thread) => thread.numbering,
        _ => return false,
    };
    matches!(numbering, Numbering::Sequence)
}

/// Whether a command reaches all messages by UID, so that the client is told first which came.
const fn announces(command: &Command) -> bool {
    let numbering = match command {
        Command::Fetch(fetch) => fetch.numbering,
        Command::Store(store) => store.numbering,
        Command::Search(search) => search.numbering,
        Command::Sort(sort) => sort.numbering,
        Command::Thread(thread) => thread.numbering,
        Command::Copy { numbering, .. } | Command::Move { numbering, .. } => *numbering,
        Command::UidExpunge(_) => return true,
        _ => return false,
    };
    matches!(numbering, Numbering::Uid)
}

/// Shares octets piece by piece.
fn split(octets: &mut Bytes, at_most: usize) -> Option<Bytes> {
    (!octets.is_empty()).then(|| octets.split_to(at_most.max(1).min(octets.len())))
}
