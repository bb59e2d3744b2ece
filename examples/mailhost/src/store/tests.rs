//! The store against the engine's conformance suite, over both databases.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use homing::{
    imap::engine::{Mailbox as _, Store as _, conformance},
    proto_core::Secret,
    sasl::scram::{Hash, Verifier},
};

use super::{Account, Delivery, Spool, Store, User};
use crate::{database::Url, host::Directory};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Adds a user, who has nothing but an INBOX.
fn user(store: &Store, directory: &Arc<Directory>) -> User {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("user{number}-{}", std::process::id());
    let verifier = Verifier::new(Hash::Sha256, &Secret::from("x"), b"salt", 1).unwrap();
    store.set_user(&name, &verifier).unwrap();
    let user = store.user(&name).unwrap().unwrap();
    let mut account = Account::new(store.clone(), user.clone(), Arc::clone(directory));
    for entry in account.mailboxes().unwrap() {
        account.subscribe(&entry.name, false).unwrap();
        if entry.name != "INBOX" {
            account.delete(&entry.name).unwrap();
        }
    }
    user
}

fn directory(data: &Path) -> Arc<Directory> {
    let name = "example.test".to_owned();
    Arc::new(Directory { domains: vec![name.clone()], name, data: data.to_owned() })
}

fn conforms(url: &Url, data: &Path) {
    let (store, directory) = (Store::open(url).unwrap(), directory(data));
    conformance::run(|| {
        let user = user(&store, &directory);
        let (store, directory) = (store.clone(), Arc::clone(&directory));
        move || Account::new(store.clone(), user.clone(), Arc::clone(&directory))
    });
}

/// The database that the environment names, if it does.
fn postgres() -> Option<Url> {
    let Ok(url) = std::env::var("HOMING_POSTGRES") else {
        eprintln!("NOT TESTED: no PostgreSQL; set HOMING_POSTGRES to postgres://…");
        return None;
    };
    Some(Url::new(Some(&url), Path::new("")).unwrap())
}

#[test]
fn sqlite_conforms() {
    let data = tempfile::tempdir().unwrap();
    conforms(&Url::new(None, data.path()).unwrap(), data.path());
}

#[test]
fn postgresql_conforms() {
    let data = tempfile::tempdir().unwrap();
    if let Some(url) = postgres() {
        conforms(&url, data.path());
    }
}

fn deliver(store: &Store, directory: &Directory, users: &[&User], text: &[u8]) {
    let mut spool = Spool::new();
    spool.write(text, &directory.data).unwrap();
    let users = users.iter().map(|user| (*user).clone()).collect();
    store.deliver(Delivery { octets: spool.finish(), users }).unwrap();
}

/// Many at once share commits, and each has its own number.
fn deliveries_at_once(url: &Url, data: &Path) {
    let (store, directory) = (Store::open(url).unwrap(), directory(data));
    let bob = user(&store, &directory);
    thread::scope(|scope| {
        for sender in 0..8 {
            let (store, directory, bob) = (&store, &directory, &bob);
            scope.spawn(move || {
                for number in 0..25 {
                    let text = format!("Subject: {sender} {number}\r\n\r\n");
                    deliver(store, directory, &[bob], text.as_bytes());
                }
            });
        }
    });
    let mut account = Account::new(store, bob, directory);
    let states = account.open("INBOX").unwrap().states(0, 1000).unwrap();
    let uids: Vec<_> = states.iter().map(|state| state.uid.get()).collect();
    assert_eq!(uids, (1..=200).collect::<Vec<_>>());
    let mut order: Vec<_> = states.iter().map(|state| (state.mod_seq, state.uid)).collect();
    order.sort_unstable();
    assert!(order.is_sorted_by_key(|(_, uid)| *uid));
}

#[test]
fn deliveries_at_once_are_numbered_in_order() {
    let data = tempfile::tempdir().unwrap();
    deliveries_at_once(&Url::new(None, data.path()).unwrap(), data.path());
    if let Some(url) = postgres() {
        deliveries_at_once(&url, data.path());
    }
}

#[test]
fn octets_are_kept_once_and_go_with_the_last_who_has_them() {
    let data = tempfile::tempdir().unwrap();
    let url = Url::new(None, data.path()).unwrap();
    let (store, directory) = (Store::open(&url).unwrap(), directory(data.path()));
    let (alice, bob) = (user(&store, &directory), user(&store, &directory));
    // More than one piece, by way of a file.
    let text = [&b"Subject: large\r\n\r\n"[..], &b"0123456789abcd\r\n".repeat(50_000)].concat();
    deliver(&store, &directory, &[&alice, &bob], &text);
    let count = |table: &str| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        store.readers.read(|it| it.row(&sql, &[])).unwrap().unwrap().int(0)
    };
    assert_eq!((count("blobs"), count("pieces"), count("messages")), (1, 4, 2));
    let inbox = store.inbox(&bob).unwrap();
    let (mut read, blob) = (Vec::new(), inbox.messages[0].blob);
    loop {
        let piece = store.octets(blob, read.len() as u64, 100_000).unwrap();
        if piece.is_empty() {
            break;
        }
        read.extend_from_slice(&piece);
    }
    assert!(read == text);
    store.remove(inbox.mailbox, vec![1]).unwrap();
    assert_eq!((count("blobs"), count("messages")), (1, 1));
    let inbox = store.inbox(&alice).unwrap();
    store.remove(inbox.mailbox, vec![1]).unwrap();
    assert_eq!((count("blobs"), count("pieces"), count("messages")), (0, 0, 0));
}

#[test]
fn a_change_is_heard_of_and_the_newest_number_is_not_remembered_for_too_long() {
    let data = tempfile::tempdir().unwrap();
    let url = Url::new(None, data.path()).unwrap();
    let (store, directory) = (Store::open(&url).unwrap(), directory(data.path()));
    let bob = user(&store, &directory);
    let mut account = Account::new(store.clone(), bob.clone(), Arc::clone(&directory));
    let mut inbox = account.open("INBOX").unwrap();
    let since = inbox.changes(0).unwrap().mod_seq;
    assert!(inbox.changes(since).unwrap().states.is_empty());
    let changes = inbox.held().changes();
    deliver(&store, &directory, &[&bob], b"Subject: news\r\n\r\n");
    assert!(changes.has_changed().unwrap());
    let news = inbox.changes(since).unwrap();
    assert_eq!((news.states.len(), news.mod_seq), (1, since + 1));
}
