//! NOTIFY: news that a client wants of its own accord (RFC 5465).
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use super::answer::{Answer, no, ok};
use super::mailboxes::attribute;
use super::view::Allowed;
use super::{Engine, Entry, Failure, Store, Totals, name};
use crate::command::{
    EventGroup, FetchItem, MailboxFilter, Notify, NotifyEvent, StatusItem as Asked,
};
use crate::{
    Atom, Code, Delimiter, IString, List, ListAttribute, ListItem, Metadata, MetadataEntries,
    NotEmpty, Response,
};

/// What a client wants to be told of.
#[derive(Debug)]
pub(super) struct Watch {
    /// Of the selected mailbox, and whether what spoils numbers waits.
    selected: Events,
    is_delayed: bool,
    groups: Vec<(Filter, Events)>,
    /// What was told last of the other mailboxes.
    known: BTreeMap<String, Known>,
    notes: Option<Notes>,
}

type Notes = Vec<(IString, Bytes)>;

/// Mailboxes, by name as the store has it.
#[derive(Debug)]
pub(super) enum Filter {
    Inboxes,
    Personal,
    Subscribed,
    /// These, and so many levels below.
    Names(Vec<String>, usize),
}

/// What happens to them.
#[derive(Clone, Debug, Default)]
struct Events {
    new: bool,
    expunge: bool,
    flags: bool,
    names: bool,
    subscriptions: bool,
    notes: bool,
    server_notes: bool,
    items: Vec<FetchItem>,
}

/// What was told of a mailbox.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    exists: bool,
    subscribed: bool,
    totals: Option<Totals>,
    notes: Option<Notes>,
}

impl<S: Store> Engine<S> {
    pub(super) fn notify(&mut self, notify: &Notify) -> Answer {
        let Notify::Set { status, groups } = notify else {
            self.watch = None;
            return Ok(ok("done"));
        };
        let mut watch = self.watch_of(groups)?;
        let known = self.survey(&watch)?;
        let with_totals = known.values().filter(|known| known.totals.is_some()).count();
        if with_totals > self.limits.watched {
            return Err(no(Code::NotificationOverflow, "that are too many mailboxes"));
        }
        let names: Vec<String> = known.keys().cloned().collect();
        watch.notes = self.server_notes(&watch);
        watch.known = known;
        self.watch = Some(watch);
        if *status {
            // RFC 5465 §3.1: before the command ends.
            names.iter().for_each(|name| self.tell_totals(name));
        }
        Ok(ok("done"))
    }

    /// What may be told of the selected mailbox while no command is under way.
    pub(super) fn allowed_unasked(&self) -> Allowed {
        match &self.watch {
            None if self.is_idle => Allowed::ALL,
            None => Allowed::NO_EXPUNGE,
            Some(watch) => Allowed {
                expunge: watch.selected.expunge && (self.is_idle || !watch.is_delayed),
                exists: watch.selected.new,
                flags: watch.selected.flags,
            },
        }
    }

    /// What of messages that come to the selected mailbox is told at once.
    pub(super) fn items_of_new(&self) -> &[FetchItem] {
        self.watch.as_ref().map_or(&[], |watch| &watch.selected.items)
    }

    /// Tells what has happened to the other mailboxes.
    pub(super) fn look_around(&mut self) {
        let Some(mut watch) = self.watch.take() else { return };
        // What fails now is found out the next time.
        if let Ok(now) = self.survey(&watch) {
            let before = core::mem::replace(&mut watch.known, now);
            let notes = self.server_notes(&watch);
            let old_notes = core::mem::replace(&mut watch.notes, notes);
            self.tell_notes_changed("", old_notes.as_ref(), watch.notes.as_ref());
            let now = watch.known.clone();
            self.watch = Some(watch);
            self.tell_changes(&before, &now);
        } else {
            self.watch = Some(watch);
        }
    }

    fn watch_of(&self, groups: &[EventGroup]) -> Answer<Watch> {
        let mut watch = Watch {
            selected: Events::default(),
            is_delayed: false,
            groups: Vec::new(),
            known: BTreeMap::new(),
            notes: None,
        };
        let utf8 = self.enabled.utf8();
        for group in groups {
            let events = Events::of(&group.events)?;
            let Some(filter) = Filter::of(&group.mailboxes, utf8) else {
                watch.selected = events;
                watch.is_delayed = group.mailboxes == MailboxFilter::SelectedDelayed;
                continue;
            };
            watch.groups.push((filter, events));
        }
        Ok(watch)
    }

    /// Looks at the mailboxes that are watched.
    fn survey(&mut self, watch: &Watch) -> Result<BTreeMap<String, Known>, Failure> {
        let delimiter = self.store.delimiter();
        let mut all = BTreeMap::new();
        if watch.groups.is_empty() {
            return Ok(all);
        }
        for entry in self.store.mailboxes()? {
            let Some(events) = watch.events(&entry, delimiter) else { continue };
            let is_selected = self.selected() == Some(entry.name.as_str());
            let mut known = Known { exists: entry.exists, ..Known::default() };
            known.subscribed = entry.subscribed;
            if entry.exists && events.is_of_messages() && !is_selected {
                known.totals = self.store.totals(&entry.name).ok();
            }
            if entry.exists && events.notes {
                known.notes = self.store.metadata(Some(&entry.name)).ok();
            }
            all.insert(entry.name, known);
        }
        Ok(all)
    }

    fn server_notes(&mut self, watch: &Watch) -> Option<Notes> {
        let is_wanted = watch.groups.iter().any(|(_, events)| events.server_notes);
        if is_wanted { self.store.metadata(None).ok() } else { None }
    }

    fn tell_changes(&mut self, before: &BTreeMap<String, Known>, now: &BTreeMap<String, Known>) {
        let nothing = Known::default();
        let names = before.keys().chain(now.keys().filter(|name| !before.contains_key(*name)));
        for name in names {
            let (old, new) =
                (before.get(name).unwrap_or(&nothing), now.get(name).unwrap_or(&nothing));
            if old == new {
                continue;
            }
            let events = self.events_of(name, new);
            let renamed = if old.exists { None } else { renamed(new, before, now) };
            let is_named = events.names && old.exists != new.exists;
            let is_subscribed = events.subscriptions && old.subscribed != new.subscribed;
            // A name that another has taken the place of is told with that.
            let is_moved = old.exists && !new.exists && renamed_to(old, before, now);
            if is_named && !is_moved || is_subscribed {
                self.tell_name(name, new, renamed);
            }
            if old.totals != new.totals && old.totals.is_some() && new.totals.is_some() {
                self.tell_totals_changed(name, &events, old, new);
            }
            self.tell_notes_changed(name, old.notes.as_ref(), new.notes.as_ref());
        }
    }

    fn events_of(&self, name: &str, known: &Known) -> Events {
        let entry = Entry { subscribed: known.subscribed, ..Entry::new(name) };
        let events = self.watch.as_ref().and_then(|watch| {
            // One that is subscribed no longer was watched because it was.
            let was = Entry { subscribed: true, ..entry.clone() };
            let delimiter = self.store.delimiter();
            watch.events(&entry, delimiter).or_else(|| watch.events(&was, delimiter))
        });
        events.unwrap_or_default()
    }

    fn tell_name(&mut self, name: &str, known: &Known, renamed: Option<String>) {
        let utf8 = self.enabled.utf8();
        let mut attributes = Vec::new();
        if !known.exists {
            attributes.push(ListAttribute::NonExistent);
        }
        if known.subscribed {
            attributes.push(ListAttribute::Subscribed);
        }
        if let Ok(all) = self.store.mailboxes() {
            let entry = all.iter().find(|entry| entry.exists && entry.name == name);
            attributes
                .extend(entry.into_iter().flat_map(|it| it.uses.iter().filter_map(attribute)));
        }
        let old = renamed.map(|old| ListItem::OldName(name::write(&old, utf8)));
        self.tell(Response::List(List {
            attributes,
            delimiter: self.store.delimiter(),
            mailbox: name::write(name, utf8),
            items: old.into_iter().collect(),
        }));
    }

    /// RFC 5465 §3.1: what STATUS says before the command ends.
    fn tell_totals(&mut self, name: &str) {
        let known = self.watch.as_ref().and_then(|watch| watch.known.get(name)).cloned();
        let Some(known) = known.filter(|known| known.totals.is_some()) else { return };
        let events = self.events_of(name, &known);
        if !(events.new || events.expunge || events.flags) {
            return;
        }
        let items = items(&events, self.enabled.condstore());
        self.tell_status(name, name::write(name, self.enabled.utf8()), &items);
    }

    fn tell_totals_changed(&mut self, name: &str, events: &Events, old: &Known, new: &Known) {
        let (Some(old), Some(new)) = (&old.totals, &new.totals) else { return };
        let condstore = self.enabled.condstore();
        let is_wanted = events.new && old.uid_next != new.uid_next
            || events.expunge && old.messages != new.messages
            || events.flags && (old.unseen != new.unseen || condstore)
            || old.uid_validity != new.uid_validity;
        if is_wanted {
            let items = items(events, condstore);
            self.tell_status(name, name::write(name, self.enabled.utf8()), &items);
        }
    }

    /// RFC 5464 §4.4.2: the names of notes that have changed.
    fn tell_notes_changed(&mut self, name: &str, old: Option<&Notes>, new: Option<&Notes>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        let mut names: Vec<IString> = Vec::new();
        for (one, other) in [(old, new), (new, old)] {
            for note in one.iter().filter(|note| !other.contains(note)) {
                if !names.contains(&note.0) {
                    names.push(note.0.clone());
                }
            }
        }
        if let Some(names) = NotEmpty::new(names) {
            let mailbox = name::write(name, self.enabled.utf8());
            let entries = MetadataEntries::Names(names);
            self.tell(Response::Metadata(Metadata { mailbox, entries }));
        }
    }
}

impl Watch {
    /// Whether mailboxes other than the selected one are watched.
    pub(super) fn has_groups(&self) -> bool {
        !self.groups.is_empty()
    }

    /// What is wanted of a mailbox: all that the groups say that it is in.
    fn events(&self, entry: &Entry, delimiter: Option<Delimiter>) -> Option<Events> {
        let groups = self.groups.iter().filter(|(filter, _)| filter.has(entry, delimiter));
        groups.map(|(_, events)| events.clone()).reduce(Events::and)
    }
}

impl Filter {
    /// Reads what a client wrote; none is the selected mailbox.
    pub(super) fn of(filter: &MailboxFilter, utf8: bool) -> Option<Self> {
        let names = |names: &[crate::Mailbox], levels| {
            let names = names.iter().filter_map(|name| name::read(name, utf8).ok());
            Self::Names(names.collect(), levels)
        };
        Some(match filter {
            MailboxFilter::Selected | MailboxFilter::SelectedDelayed => return None,
            MailboxFilter::Inboxes => Self::Inboxes,
            MailboxFilter::Personal => Self::Personal,
            MailboxFilter::Subscribed => Self::Subscribed,
            MailboxFilter::Subtree(all) => names(all, usize::MAX),
            MailboxFilter::SubtreeOne(all) => names(all, 1),
            MailboxFilter::Mailboxes(all) => names(all, 0),
        })
    }

    pub(super) fn has(&self, entry: &Entry, delimiter: Option<Delimiter>) -> bool {
        match self {
            Self::Inboxes => entry.name == "INBOX",
            Self::Personal => true,
            Self::Subscribed => entry.subscribed,
            Self::Names(names, levels) => names.iter().any(|name| {
                let Some(below) = entry.name.strip_prefix(name.as_str()) else { return false };
                let depth = delimiter.map_or(0, |mark| below.matches(mark.get()).count());
                let is_below = delimiter.is_some_and(|mark| below.starts_with(mark.get()));
                below.is_empty() || is_below && depth <= *levels
            }),
        }
    }
}

impl Events {
    fn of(events: &[NotifyEvent]) -> Answer<Self> {
        let mut all = Self::default();
        for event in events {
            match event {
                NotifyEvent::MessageNew(items) => {
                    all.new = true;
                    all.items.clone_from(items);
                }
                NotifyEvent::MessageExpunge => all.expunge = true,
                NotifyEvent::FlagChange => all.flags = true,
                NotifyEvent::MailboxName => all.names = true,
                NotifyEvent::SubscriptionChange => all.subscriptions = true,
                NotifyEvent::MailboxMetadataChange => all.notes = true,
                NotifyEvent::ServerMetadataChange => all.server_notes = true,
                // RFC 5465 §3.1: NO, with those that there are.
                NotifyEvent::AnnotationChange | NotifyEvent::Other(_) => {
                    let names = EVENTS.iter().filter_map(|name| Atom::new(*name)).collect();
                    let code = NotEmpty::new(names).map_or(Code::Cannot, Code::BadEvent);
                    return Err(no(code, "an event that is not known"));
                }
            }
        }
        Ok(all)
    }

    fn and(self, other: Self) -> Self {
        Self {
            new: self.new || other.new,
            expunge: self.expunge || other.expunge,
            flags: self.flags || other.flags,
            names: self.names || other.names,
            subscriptions: self.subscriptions || other.subscriptions,
            notes: self.notes || other.notes,
            server_notes: self.server_notes || other.server_notes,
            items: self.items,
        }
    }

    const fn is_of_messages(&self) -> bool {
        // Mailboxes are known by their identity when their names change.
        self.new || self.expunge || self.flags || self.names
    }
}

const EVENTS: [&str; 7] = [
    "MessageNew",
    "MessageExpunge",
    "FlagChange",
    "MailboxName",
    "SubscriptionChange",
    "MailboxMetadataChange",
    "ServerMetadataChange",
];

fn items(events: &Events, condstore: bool) -> Vec<Asked> {
    let mut items = alloc::vec![Asked::Messages, Asked::UidNext, Asked::UidValidity];
    if events.flags {
        items.push(Asked::Unseen);
    }
    if condstore {
        items.push(Asked::HighestModSeq);
    }
    items
}

/// The name that a mailbox had, if it has another now.
fn renamed(
    new: &Known,
    before: &BTreeMap<String, Known>,
    now: &BTreeMap<String, Known>,
) -> Option<String> {
    let id = new.totals.as_ref()?.id.as_ref()?;
    let had = |known: &Known| known.totals.as_ref().is_some_and(|it| it.id.as_ref() == Some(id));
    let mut old = before.iter().filter(|(_, known)| had(known));
    let gone = |name: &str| now.get(name).is_none_or(|known| !known.exists);
    old.find(|(name, _)| gone(name)).map(|(name, _)| name.clone())
}

/// Whether a mailbox that is gone has another name now.
fn renamed_to(
    old: &Known,
    before: &BTreeMap<String, Known>,
    now: &BTreeMap<String, Known>,
) -> bool {
    let Some(id) = old.totals.as_ref().and_then(|totals| totals.id.as_ref()) else { return false };
    now.iter().any(|(name, known)| {
        let is_new = before.get(name).is_none_or(|known| !known.exists);
        is_new && known.totals.as_ref().is_some_and(|it| it.id.as_ref() == Some(id))
    })
}
