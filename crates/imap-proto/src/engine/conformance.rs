//! Checks that every store can be put to: what the engine relies on.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "checks panic")]
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;

use super::{Failure, FlagUpdate, Mailbox, NewMessage, State, Store, Upload};
use crate::command::{Change, SpecialUse};
use crate::{Date, DateTime, Flag, Flags, Keyword};

/// Puts a store to all checks. `account` makes an account that has nothing but an empty INBOX,
/// each time a new one, and returns what opens stores on it: as many at a time as the checks
/// like.
///
/// ```
/// use imap_proto::engine::{conformance, memory};
///
/// conformance::run(|| {
///     let account = memory::Account::new();
///     move || account.store()
/// });
/// ```
///
/// # Panics
/// The store does not do what [`Store`] and [`Mailbox`] say.
pub fn run<S: Store, O: Fn() -> S>(account: impl Fn() -> O) {
    for (_, check) in checks::<S>() {
        let open = account();
        check(&open);
    }
}

/// A check, which panics if a store does not stand it.
pub type Check<S> = fn(&dyn Fn() -> S);

/// Returns all checks with their names, for a test runner that tells them apart.
#[must_use]
pub fn checks<S: Store>() -> Vec<(&'static str, Check<S>)> {
    alloc::vec![
        ("an_account_begins_with_inbox", begins_with_inbox),
        ("mailboxes_come_and_go", mailboxes_come_and_go),
        ("a_name_never_has_the_same_validity_again", validity_is_new),
        ("renaming_takes_what_is_below_along", renaming),
        ("renaming_inbox_moves_its_messages", renaming_inbox),
        ("subscriptions_are_names", subscriptions),
        ("what_is_appended_is_read_again", appending),
        ("appending_is_all_or_nothing", appending_nowhere),
        ("flags_change_as_they_are_told", flags),
        ("unchanged_since_keeps_what_others_did", unchanged_since),
        ("keywords_are_kept", keywords),
        ("expunging_is_in_the_journal", expunging),
        ("only_what_is_deleted_goes_if_so_wanted", expunging_deleted),
        ("copies_have_flags_dates_and_octets", copying),
        ("copying_is_all_or_nothing", copying_gone),
        ("moving_leaves_nothing", moving),
        ("totals_are_of_what_there_is", totals),
        ("pages_have_every_message_once", pages),
        ("two_stores_see_the_same", two_stores),
        ("an_open_mailbox_follows_its_name", open_and_renamed),
        ("a_deleted_mailbox_is_not_there", open_and_deleted),
        ("uids_and_mod_sequences_ascend", ascending),
        ("replacing_is_appending_and_expunging", replacing),
        ("recent_messages_are_claimed_once", recent),
        ("an_upload_that_is_dropped_leaves_nothing", dropped_upload),
    ]
}

fn begins_with_inbox<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let entries = store.mailboxes().unwrap();
    assert_eq!(entries.len(), 1);
    assert!(entries.iter().all(|entry| entry.name == "INBOX" && entry.exists));
    let info = store.open("INBOX").unwrap().info().unwrap();
    assert_eq!((info.uid_next.get(), info.mod_seq >= 1), (1, true));
    assert!(!info.read_only && info.permanent.contains(&Flag::Deleted));
}

fn mailboxes_come_and_go<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    store.create("Entwürfe & more", &[SpecialUse::Drafts]).unwrap();
    store.create("a/b/c", &[]).unwrap();
    assert_eq!(store.create("a/b/c", &[]), Err(Failure::AlreadyExists));
    let all = store.mailboxes().unwrap();
    let drafts = all.iter().find(|entry| entry.name == "Entwürfe & more").unwrap();
    assert_eq!(drafts.uses, [SpecialUse::Drafts]);
    store.create("a", &[]).unwrap();
    store.delete("a").unwrap();
    assert_eq!(store.delete("a"), Err(Failure::NonExistent));
    assert!(store.open("a/b/c").is_ok(), "what is below stays");
    assert_eq!(store.open("a").err(), Some(Failure::NonExistent));
    assert_eq!(store.totals("a").err(), Some(Failure::NonExistent));
}

fn validity_is_new<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let mut seen = Vec::new();
    for _ in 0..3 {
        store.create("a", &[]).unwrap();
        let validity = store.open("a").unwrap().info().unwrap().uid_validity;
        assert!(!seen.contains(&validity));
        seen.push(validity);
        store.delete("a").unwrap();
    }
}

fn renaming<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    for name in ["a", "a/b", "ab", "x"] {
        store.create(name, &[]).unwrap();
    }
    put(&mut store, "a/b", "kept");
    assert_eq!(store.rename("a", "x"), Err(Failure::AlreadyExists));
    assert_eq!(store.rename("none", "y"), Err(Failure::NonExistent));
    store.rename("a", "z/q").unwrap();
    let mut names: Vec<String> =
        store.mailboxes().unwrap().into_iter().map(|entry| entry.name).collect();
    names.sort();
    assert_eq!(names, ["INBOX", "ab", "x", "z/q", "z/q/b"]);
    assert_eq!(texts(&mut store, "z/q/b"), ["kept"]);
}

fn renaming_inbox<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    put(&mut store, "INBOX", "one");
    store.create("INBOX/below", &[]).unwrap();
    store.rename("INBOX", "old").unwrap();
    assert_eq!(texts(&mut store, "old"), ["one"]);
    assert_eq!(texts(&mut store, "INBOX"), [""; 0]);
    assert!(store.open("INBOX/below").is_ok());
}

fn subscriptions<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    store.create("a", &[]).unwrap();
    for name in ["a", "none", "none"] {
        store.subscribe(name, true).unwrap();
    }
    store.delete("a").unwrap();
    let mut all = store.mailboxes().unwrap();
    all.retain(|entry| entry.subscribed);
    all.sort_by(|one, other| one.name.cmp(&other.name));
    let told: Vec<_> = all.iter().map(|entry| (entry.name.as_str(), entry.exists)).collect();
    assert_eq!(told, [("a", false), ("none", false)]);
    store.subscribe("a", false).unwrap();
    store.subscribe("a", false).unwrap();
    let left = store.mailboxes().unwrap().into_iter().filter(|entry| entry.subscribed).count();
    assert_eq!(left, 1);
}

fn appending<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let date = Date::new(1996, 7, 17).and_then(|day| DateTime::new(day, [2, 44, 25], -420));
    let all: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut upload = store.upload().unwrap();
    for piece in all.chunks(33_333) {
        upload.write(Bytes::copy_from_slice(piece)).unwrap();
    }
    let flags = Flags::from_iter([Flag::Seen, Flag::Draft]);
    let dated = NewMessage { upload, flags: flags.clone(), received: date };
    let empty =
        NewMessage { upload: store.upload().unwrap(), flags: Flags::default(), received: None };
    let appended = store.append("INBOX", alloc::vec![dated, empty]).unwrap();
    let mut inbox = store.open("INBOX").unwrap();
    assert_eq!(appended.uid_validity, inbox.info().unwrap().uid_validity);
    let [uid, second] = appended.uids[..] else { panic!("two messages have two UIDs") };
    assert!(uid < second && inbox.info().unwrap().uid_next > second);
    let details = inbox.details(&[uid, second]).unwrap();
    assert_eq!(details.iter().map(|it| it.uid).collect::<Vec<_>>(), [uid, second]);
    let first = details.first().unwrap();
    assert_eq!((first.size, Some(first.received)), (100_000, date));
    assert_eq!(whole(&mut inbox, uid), all);
    assert_eq!(whole(&mut inbox, second), b"");
    assert_eq!(&inbox.read(uid, 99_999, 10).unwrap()[..], &all[99_999..]);
    assert_eq!(inbox.read(uid, 100_000, 10).unwrap().len(), 0);
    assert_same(&inbox.states(0, 1).unwrap()[0].flags, &flags);
    assert_eq!(inbox.read(no_uid(), 0, 1), Err(Failure::MessageGone));
    assert!(inbox.details(&[no_uid()]).unwrap().is_empty());
}

fn appending_nowhere<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let message = message(&mut store, "lost");
    let result = store.append("nowhere", alloc::vec![message]);
    assert_eq!(result.err(), Some(Failure::NonExistent));
    assert_eq!(store.totals("INBOX").unwrap().messages, 0);
}

fn flags<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let (one, two) = (put(&mut store, "INBOX", "one"), put(&mut store, "INBOX", "two"));
    let mut inbox = store.open("INBOX").unwrap();
    let before = inbox.info().unwrap().mod_seq;
    let steps = [
        (Change::Add, &[Flag::Seen, Flag::Deleted][..], &[Flag::Seen, Flag::Deleted][..]),
        (Change::Remove, &[Flag::Deleted, Flag::Draft], &[Flag::Seen]),
        (Change::Replace, &[Flag::Flagged], &[Flag::Flagged]),
        (Change::Replace, &[], &[]),
    ];
    for (change, flags, expected) in steps {
        let last = inbox.info().unwrap().mod_seq;
        let done = inbox.set_flags(&[one, two, no_uid()], &update(change, flags)).unwrap();
        assert_eq!(done.states.len(), 2, "those that are there");
        for state in &done.states {
            assert_same(&state.flags, &Flags::from_iter(expected.iter().cloned()));
            assert!(state.mod_seq > last, "a change has a new mod-sequence");
        }
    }
    let last = inbox.info().unwrap().mod_seq;
    let done = inbox.set_flags(&[one], &update(Change::Remove, &[Flag::Seen])).unwrap();
    assert!(done.states.iter().all(|state| state.mod_seq <= last), "nothing changed");
    assert_eq!(inbox.info().unwrap().mod_seq, last);
    let changes = inbox.changes(before).unwrap();
    assert_eq!((changes.states.len(), changes.mod_seq), (2, last));
    assert!(changes.complete && changes.vanished.is_empty());
    assert!(inbox.changes(last).unwrap().states.is_empty());
}

fn unchanged_since<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let (one, two) = (put(&mut store, "INBOX", "one"), put(&mut store, "INBOX", "two"));
    let mut inbox = store.open("INBOX").unwrap();
    let since = inbox.info().unwrap().mod_seq;
    inbox.set_flags(&[one], &update(Change::Add, &[Flag::Seen])).unwrap();
    let conditional =
        FlagUpdate { unchanged_since: Some(since), ..update(Change::Add, &[Flag::Deleted]) };
    let done = inbox.set_flags(&[one, two], &conditional).unwrap();
    assert_eq!(done.modified, [one]);
    assert_eq!(done.states.iter().map(|state| state.uid).collect::<Vec<_>>(), [two]);
    let deleted: Vec<bool> = inbox
        .states(0, 9)
        .unwrap()
        .iter()
        .map(|state| state.flags.contains(&Flag::Deleted))
        .collect();
    assert_eq!(deleted, [false, true]);
}

fn keywords<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let one = put(&mut store, "INBOX", "one");
    let mut inbox = store.open("INBOX").unwrap();
    let keyword = |name: &'static str| Flag::Keyword(Keyword::new(name).unwrap());
    let both = [keyword("$Forwarded"), keyword("a.b-c"), Flag::Seen];
    inbox.set_flags(&[one], &update(Change::Add, &both)).unwrap();
    inbox.set_flags(&[one], &update(Change::Remove, &[keyword("$FORWARDED")])).unwrap();
    let mut again = store.open("INBOX").unwrap();
    let flags = again.states(0, 9).unwrap().remove(0).flags;
    assert!(flags.contains(&keyword("A.B-C")) && flags.contains(&Flag::Seen));
    assert!(!flags.contains(&keyword("$Forwarded")));
    assert!(again.info().unwrap().flags.contains(&keyword("a.b-c")));
}

fn expunging<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let uids: Vec<_> = ["1", "2", "3"].map(|text| put(&mut store, "INBOX", text)).into();
    let mut inbox = store.open("INBOX").unwrap();
    let before = inbox.info().unwrap().mod_seq;
    inbox.expunge(&[uids[0], uids[2], no_uid()], false).unwrap();
    let changes = inbox.changes(before).unwrap();
    assert!(changes.complete && changes.states.is_empty() && changes.mod_seq > before);
    let vanished = |uid: NonZeroU32| {
        changes.vanished.iter().any(|range| (range.from()..=range.to()).contains(&uid))
    };
    assert!(vanished(uids[0]) && !vanished(uids[1]) && vanished(uids[2]));
    assert_eq!(texts(&mut store, "INBOX"), ["2"]);
    let next = put(&mut store, "INBOX", "4");
    assert!(next > uids[2], "a UID never comes again");
    inbox.expunge(&[next], false).unwrap();
    assert!(put(&mut store, "INBOX", "5") > next, "not even the largest");
}

fn expunging_deleted<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let uids: Vec<_> = ["1", "2"].map(|text| put(&mut store, "INBOX", text)).into();
    let mut inbox = store.open("INBOX").unwrap();
    inbox.set_flags(&uids[1..], &update(Change::Add, &[Flag::Deleted])).unwrap();
    let last = inbox.info().unwrap().mod_seq;
    inbox.expunge(&uids[..1], true).unwrap();
    assert_eq!(inbox.info().unwrap().mod_seq, last, "nothing went");
    inbox.expunge(&uids, true).unwrap();
    assert_eq!(texts(&mut store, "INBOX"), ["1"]);
}

fn copying<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    store.create("to", &[]).unwrap();
    let uids: Vec<_> = ["1", "2", "3"].map(|text| put(&mut store, "INBOX", text)).into();
    put(&mut store, "to", "0");
    let mut inbox = store.open("INBOX").unwrap();
    inbox.set_flags(&uids[2..], &update(Change::Add, &[Flag::Flagged])).unwrap();
    let copied = inbox.copy(&[uids[0], uids[2]], "to").unwrap();
    let mut to = store.open("to").unwrap();
    assert_eq!(copied.uid_validity, to.info().unwrap().uid_validity);
    assert_eq!(copied.uids.len(), 2);
    assert_eq!(whole(&mut to, copied.uids[0]), b"1");
    assert_eq!(whole(&mut to, copied.uids[1]), b"3");
    let states = to.states(0, 9).unwrap();
    assert!(states[2].flags.contains(&Flag::Flagged) && !states[1].flags.contains(&Flag::Flagged));
    let (old, new) = (inbox.details(&uids).unwrap(), to.details(&copied.uids).unwrap());
    assert_eq!((old[2].received, &old[2].email_id), (new[1].received, &new[1].email_id));
    assert_eq!(inbox.copy(&uids, "nowhere").err(), Some(Failure::NonExistent));
    assert_eq!(inbox.copy(&uids[..1], "INBOX").unwrap().uids.len(), 1);
    inbox.expunge(&uids, false).unwrap();
    assert_eq!(whole(&mut to, copied.uids[1]), b"3", "a copy stays");
}

fn copying_gone<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    store.create("to", &[]).unwrap();
    let one = put(&mut store, "INBOX", "1");
    let mut inbox = store.open("INBOX").unwrap();
    assert_eq!(inbox.copy(&[one, no_uid()], "to").err(), Some(Failure::MessageGone));
    assert_eq!(store.totals("to").unwrap().messages, 0);
}

fn moving<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    store.create("to", &[]).unwrap();
    let uids: Vec<_> = ["1", "2"].map(|text| put(&mut store, "INBOX", text)).into();
    let mut inbox = store.open("INBOX").unwrap();
    let before = inbox.info().unwrap().mod_seq;
    let moved = inbox.move_to(&uids[..1], "to").unwrap();
    assert_eq!(moved.uids.len(), 1);
    assert_eq!(texts(&mut store, "to"), ["1"]);
    assert_eq!(texts(&mut store, "INBOX"), ["2"]);
    assert_eq!(inbox.changes(before).unwrap().vanished.len(), 1);
    assert_eq!(inbox.move_to(&uids[1..], "nowhere").err(), Some(Failure::NonExistent));
    assert_eq!(texts(&mut store, "INBOX"), ["2"]);
}

fn totals<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let uids: Vec<_> = ["1", "22", "333"].map(|text| put(&mut store, "INBOX", text)).into();
    let mut inbox = store.open("INBOX").unwrap();
    inbox.set_flags(&uids[1..2], &update(Change::Add, &[Flag::Deleted])).unwrap();
    inbox.set_flags(&uids[1..], &update(Change::Add, &[Flag::Seen])).unwrap();
    let (totals, info) = (store.totals("INBOX").unwrap(), inbox.info().unwrap());
    assert_eq!((totals.messages, totals.unseen, totals.deleted), (3, 1, 1));
    assert_eq!((totals.size, totals.deleted_size), (6, 2));
    assert_eq!((totals.uid_next, totals.uid_validity), (info.uid_next, info.uid_validity));
    assert_eq!((totals.mod_seq, totals.id), (info.mod_seq, info.id));
}

fn pages<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let uids: Vec<_> = ["1", "2", "3", "4", "5"].map(|text| put(&mut store, "INBOX", text)).into();
    let mut inbox = store.open("INBOX").unwrap();
    inbox.expunge(&uids[1..2], false).unwrap();
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let page = inbox.states(after, 2).unwrap();
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = last.uid.get();
        seen.extend(page.iter().map(|state| state.uid));
    }
    assert_eq!(seen, [uids[0], uids[2], uids[3], uids[4]]);
    assert!(inbox.states(u32::MAX, 9).unwrap().is_empty());
}

fn two_stores<S: Store>(open: &dyn Fn() -> S) {
    let (mut one, mut other) = (open(), open());
    let mut inbox = one.open("INBOX").unwrap();
    let since = inbox.info().unwrap().mod_seq;
    let uid = put(&mut other, "INBOX", "new");
    let changes = inbox.changes(since).unwrap();
    assert_eq!(changes.states.iter().map(|state| state.uid).collect::<Vec<_>>(), [uid]);
    let since = changes.mod_seq;
    let mut theirs = other.open("INBOX").unwrap();
    theirs.set_flags(&[uid], &update(Change::Add, &[Flag::Seen])).unwrap();
    assert!(inbox.changes(since).unwrap().states[0].flags.contains(&Flag::Seen));
    theirs.expunge(&[uid], false).unwrap();
    let changes = inbox.changes(since).unwrap();
    assert_eq!((changes.states.len(), changes.vanished.len()), (0, 1));
    other.create("made", &[]).unwrap();
    assert!(one.open("made").is_ok());
}

fn open_and_renamed<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    store.create("a", &[]).unwrap();
    let mut mailbox = store.open("a").unwrap();
    let info = mailbox.info().unwrap();
    store.rename("a", "b").unwrap();
    put(&mut store, "b", "new");
    assert_eq!(mailbox.changes(info.mod_seq).unwrap().states.len(), 1);
    assert_eq!(store.open("b").unwrap().info().unwrap().uid_validity, info.uid_validity);
    assert_eq!(store.totals("b").unwrap().id, info.id);
}

fn open_and_deleted<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    store.create("a", &[]).unwrap();
    let mut mailbox = store.open("a").unwrap();
    store.delete("a").unwrap();
    store.create("a", &[]).unwrap();
    assert_eq!(mailbox.changes(1).err(), Some(Failure::NonExistent));
    assert_eq!(mailbox.info().err(), Some(Failure::NonExistent));
}

fn ascending<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let mut inbox = store.open("INBOX").unwrap();
    let mut last: Option<State> = None;
    for _ in 0..10 {
        let mod_seq = inbox.info().unwrap().mod_seq;
        let uid = put(&mut store, "INBOX", "one more");
        let state = inbox.changes(mod_seq).unwrap().states.remove(0);
        assert!(state.uid == uid && state.mod_seq > mod_seq);
        assert!(last.is_none_or(|last| last.uid < state.uid && last.mod_seq < state.mod_seq));
        assert_eq!(inbox.info().unwrap().mod_seq, inbox.changes(0).unwrap().mod_seq);
        last = Some(state);
    }
}

fn replacing<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    store.create("to", &[]).unwrap();
    let old = put(&mut store, "INBOX", "old");
    let mut inbox = store.open("INBOX").unwrap();
    let new = message(&mut store, "new");
    let appended = store.replace("INBOX", new, &mut inbox, old).unwrap();
    assert_eq!(texts(&mut store, "INBOX"), ["new"]);
    let newest = message(&mut store, "newest");
    let uid = appended.uids[0];
    store.replace("to", newest, &mut inbox, uid).unwrap();
    assert_eq!(texts(&mut store, "to"), ["newest"]);
    assert_eq!(texts(&mut store, "INBOX"), [""; 0]);
}

fn recent<S: Store>(open: &dyn Fn() -> S) {
    let (mut one, mut other) = (open(), open());
    let first = put(&mut one, "INBOX", "1");
    let mut inbox = one.open("INBOX").unwrap();
    let recent = inbox.recent(false).unwrap();
    if recent == u32::MAX {
        return; // It does not care.
    }
    assert_eq!((recent, one.totals("INBOX").unwrap().recent), (first.get(), 1));
    assert_eq!(inbox.recent(true).unwrap(), first.get());
    assert!(other.open("INBOX").unwrap().recent(true).unwrap() > first.get());
    let second = put(&mut one, "INBOX", "2");
    assert_eq!(other.open("INBOX").unwrap().recent(true).unwrap(), second.get());
}

fn dropped_upload<S: Store>(open: &dyn Fn() -> S) {
    let mut store = open();
    let mut upload = store.upload().unwrap();
    upload.write("never mind".into()).unwrap();
    drop(upload);
    assert_eq!(store.totals("INBOX").unwrap().messages, 0);
    put(&mut store, "INBOX", "1");
    assert_eq!(texts(&mut store, "INBOX"), ["1"]);
}

fn message<S: Store>(store: &mut S, text: &str) -> NewMessage<S::Upload> {
    let mut upload = store.upload().unwrap();
    upload.write(Bytes::copy_from_slice(text.as_bytes())).unwrap();
    NewMessage { upload, flags: Flags::default(), received: None }
}

fn put<S: Store>(store: &mut S, name: &str, text: &str) -> NonZeroU32 {
    let message = message(store, text);
    store.append(name, alloc::vec![message]).unwrap().uids[0]
}

fn texts<S: Store>(store: &mut S, name: &str) -> Vec<String> {
    let mut mailbox = store.open(name).unwrap();
    let states = mailbox.states(0, 100).unwrap();
    let text = |state: &State| String::from_utf8(whole(&mut mailbox, state.uid)).unwrap();
    states.iter().map(text).collect()
}

fn whole<M: Mailbox>(mailbox: &mut M, uid: NonZeroU32) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let offset = u64::try_from(all.len()).unwrap();
        let piece = mailbox.read(uid, offset, 10_000).unwrap();
        if piece.is_empty() {
            return all;
        }
        assert!(piece.len() <= 10_000);
        all.extend_from_slice(&piece);
    }
}

fn update(change: Change, flags: &[Flag]) -> FlagUpdate {
    FlagUpdate { change, flags: flags.iter().cloned().collect(), unchanged_since: None }
}

fn assert_same(one: &Flags, other: &Flags) {
    assert!(one.iter().all(|flag| other.contains(flag)), "{one:?} {other:?}");
    assert!(other.iter().all(|flag| one.contains(flag)), "{one:?} {other:?}");
}

/// A UID that no message has.
fn no_uid() -> NonZeroU32 {
    NonZeroU32::MAX
}
