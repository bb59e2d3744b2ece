//! What a client may ask for, and what it costs.
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::Client;
use crate::command::Tagged;
use crate::engine::{Engine, Limits, Output, memory};
use crate::{Content, FetchItem, Response};

fn with_messages(count: usize) -> (memory::Account, Client) {
    let account = memory::Account::new();
    let mut client = Client::new(&account);
    for at in 0..count {
        client.say(&format!("A APPEND INBOX <<message {at}>>"));
    }
    client.say("A SELECT INBOX");
    (account, client)
}

#[test]
fn the_largest_sets_cost_what_there_is() {
    let (_account, mut client) = with_messages(3);
    assert!(client.say("A UID FETCH 1:4294967295 UID").starts_with("* 1 FETCH (UID 1)\n* 2"));
    assert_eq!(client.say("A UID FETCH 4:4294967294 UID"), "A OK done\n");
    assert_eq!(client.say("A UID FETCH *:4294967295 UID"), "* 3 FETCH (UID 3)\nA OK done\n");
    assert!(client.say("A FETCH 1:4294967295 UID").starts_with("A BAD"));
    assert!(client.say("A FETCH 4 UID").starts_with("A BAD"));
    assert_eq!(client.say("A UID STORE 9:4294967295 +FLAGS (\\Seen)"), "A OK done\n");
}

#[test]
fn a_set_of_many_numbers_is_gone_through_once() {
    let account = memory::Account::new();
    let mut engine = Engine::new(account.store(), Limits::default());
    engine.command(Tagged::parse("A SELECT INBOX".into()).unwrap(), 0).unwrap();
    while engine.next().is_some() {}
    // A million numbers that do not touch, in an empty mailbox.
    let set: Vec<String> = (1..=1_000_000_u32).map(|number| format!("{}", number * 2)).collect();
    for command in ["UID FETCH", "UID STORE", "UID SEARCH UID", "UID COPY"] {
        let rest = match command {
            "UID FETCH" => " FLAGS",
            "UID STORE" => " FLAGS ()",
            "UID COPY" => " INBOX",
            _ => "",
        };
        let line = format!("A {command} {}{rest}", set.join(","));
        engine.command(Tagged::parse(line.into()).unwrap(), 0).unwrap();
        assert!(core::iter::from_fn(|| engine.next()).count() <= 2);
    }
}

#[test]
fn nothing_is_star_in_an_empty_mailbox() {
    let (_account, mut client) = with_messages(0);
    for (command, answer) in [
        ("FETCH * FLAGS", "A BAD no message has that number\n"),
        ("FETCH 1 FLAGS", "A BAD no message has that number\n"),
        ("UID FETCH * FLAGS", "A OK done\n"),
        ("UID FETCH 1:* FLAGS", "A OK done\n"),
        ("SEARCH *", "* SEARCH\nA OK done\n"),
        ("SEARCH UID *", "* SEARCH\nA OK done\n"),
        ("SEARCH 1:*", "* SEARCH\nA OK done\n"),
        ("UID EXPUNGE *", "A OK expunged\n"),
        ("SORT (DATE) UTF-8 ALL", "* SORT\nA OK done\n"),
        ("THREAD REFERENCES UTF-8 ALL", "* THREAD\nA OK done\n"),
        ("COPY $ INBOX", "A OK there are none\n"),
        ("MOVE * INBOX", "A BAD no message has that number\n"),
    ] {
        assert_eq!(client.say(&format!("A {command}")), answer, "{command}");
    }
}

#[test]
fn criteria_may_be_deep_and_long() {
    let (_account, mut client) = with_messages(2);
    let mut found = |criteria: String| {
        let search = Tagged::parse(format!("A SEARCH {criteria}").into()).unwrap();
        client.engine.command(search, 0).unwrap();
        let first = client.engine.next();
        while client.engine.next().is_some() {}
        let Some(Output::Response(Response::Search(found))) = first else { panic!("{first:?}") };
        found.numbers.map_or(0, |numbers| numbers.count())
    };
    assert_eq!(found(format!("{}SEEN", "NOT ".repeat(90_001))), 2);
    assert_eq!(found(format!("{}2", "OR SEEN ".repeat(40_000))), 1);
    assert_eq!(found(format!("{}ALL", "TEXT message ".repeat(40_000))), 2);
    assert_eq!(found(format!("{}1{}", "(".repeat(99), ")".repeat(99))), 1);
}

#[test]
fn a_header_without_end_is_read_up_to_the_limit() {
    let (_account, mut client) = with_messages(0);
    let header = "X: y\r\n".repeat(100_000);
    client.say(&format!("A APPEND INBOX <<Subject: found\r\n{header}>>"));
    assert!(client.say("A SEARCH SUBJECT found").contains("SEARCH 1"));
    let limits = Limits { parsed: 100, ..Limits::default() };
    let account = memory::Account::new();
    let mut client = Client::with_limits(&account, limits);
    client.say(&format!("A APPEND INBOX <<A: {}\r\nSubject: found>>", "x".repeat(81)));
    client.say(&format!("A APPEND INBOX <<A: {}\r\nSubject: found>>", "x".repeat(82)));
    client.say("A SELECT INBOX");
    assert_eq!(client.say("A SEARCH SUBJECT found"), "* SEARCH 1\nA OK done\n");
}

#[test]
fn long_messages_go_out_in_pieces() {
    let limits = Limits { inline: 10, piece: 16, ..Limits::default() };
    let account = memory::Account::new();
    let mut client = Client::with_limits(&account, limits);
    for size in [10, 11, 100] {
        client.say(&format!("A APPEND INBOX <<{}>>", "x".repeat(size)));
    }
    client.say("A SELECT INBOX");
    let fetch = Tagged::parse("A FETCH 1:3 (BODY.PEEK[] BODY.PEEK[TEXT])".into()).unwrap();
    client.engine.command(fetch, 0).unwrap();
    let (mut streamed, mut pieces) = (Vec::new(), Vec::new());
    while let Some(output) = client.engine.next() {
        match output {
            Output::Response(Response::Fetch(fetch)) => {
                let size = |item: &FetchItem| match item.content() {
                    Some(Content::Streamed(size)) => Some(*size),
                    _ => None,
                };
                streamed.extend(fetch.items.iter().filter_map(size));
            }
            Output::Octets(octets) => pieces.push(octets.len()),
            _ => {}
        }
    }
    assert_eq!(streamed, [11, 11, 100, 100]);
    assert_eq!(pieces, [11, 11, 16, 16, 16, 16, 16, 16, 4, 16, 16, 16, 16, 16, 16, 4]);
    for size in [10, 11, 100] {
        let number = match size {
            10 => 1,
            11 => 2,
            _ => 3,
        };
        let said = client.say(&format!("A FETCH {number} (BODY[]<1.9999> UID)"));
        assert!(
            said.contains(&"x".repeat(size - 1)) && said.contains(&format!("UID {number}")),
            "{said}"
        );
    }
}

#[test]
fn a_message_that_cannot_be_read_breaks_off() {
    let limits = Limits { inline: 10, ..Limits::default() };
    let (account, other) = (memory::Account::new(), memory::Account::new());
    let _ = other;
    let mut client = Client::with_limits(&account, limits);
    client.say(&format!("A APPEND INBOX <<{}>>", "x".repeat(100_000)));
    client.say("A SELECT INBOX");
    let fetch = Tagged::parse("A FETCH 1 BODY.PEEK[]".into()).unwrap();
    client.engine.command(fetch, 0).unwrap();
    assert!(matches!(client.engine.next(), Some(Output::Response(_))));
    assert!(matches!(client.engine.next(), Some(Output::Octets(_))));
    // Somebody expunges it in the middle.
    let mut thief = Client::new(&account);
    thief.say("A SELECT INBOX");
    thief.say("A STORE 1 FLAGS (\\Deleted)");
    thief.say("A EXPUNGE");
    assert!(matches!(client.engine.next(), Some(Output::Broken(_))));
    assert_eq!(client.engine.next(), None);
}

#[test]
fn what_is_put_in_order_is_limited() {
    let limits = Limits { sorted: 2, ..Limits::default() };
    let account = memory::Account::new();
    let mut client = Client::with_limits(&account, limits);
    for _ in 0..3 {
        client.say("A APPEND INBOX <<x>>");
    }
    client.say("A SELECT INBOX");
    assert!(client.say("A SORT (DATE) UTF-8 1:2").contains("A OK"));
    assert!(client.say("A SORT (DATE) UTF-8 1:3").contains("A NO [LIMIT]"));
    assert!(client.say("A THREAD REFERENCES UTF-8 1:2").contains("A OK"));
    assert!(client.say("A THREAD REFERENCES UTF-8 1:3").contains("A NO [LIMIT]"));
}

#[test]
fn what_is_appended_at_once_is_limited() {
    let limits = Limits { appended: 2, catenated: 2, ..Limits::default() };
    let account = memory::Account::new();
    let mut client = Client::with_limits(&account, limits);
    let append = |count: usize| format!("A APPEND INBOX{}", " <<x>>".repeat(count));
    assert!(client.say(&append(2)).contains("A OK [APPENDUID 1 1:2]"));
    assert!(client.say(&append(3)).contains("A NO [LIMIT]"));
    let join = |count: usize| {
        let texts = "TEXT <<x>> ".repeat(count);
        format!("A APPEND INBOX CATENATE ({})", texts.trim_end())
    };
    assert!(client.say(&join(2)).contains("A OK [APPENDUID 1 3]"));
    assert!(client.say(&join(3)).contains("A NO [LIMIT]"));
    assert!(client.say("A STATUS INBOX (MESSAGES)").contains("MESSAGES 3"));
}

#[test]
fn names_are_limited() {
    let limits = Limits { name: 5, levels: 2, ..Limits::default() };
    let mut client = Client::with_limits(&memory::Account::new(), limits);
    assert!(client.say("A CREATE abcde").contains("A OK"));
    assert!(client.say("A CREATE abcdef").contains("A NO [LIMIT]"));
    assert!(client.say("A CREATE a/b").contains("A OK"));
    assert!(client.say("A CREATE a/b/c").contains("A NO [LIMIT]"));
    assert!(client.say("A CREATE \"a\tb\"").contains("A NO [CANNOT]"));
    assert!(client.say("A CREATE &bad").contains("A NO [CANNOT]"));
}

#[test]
fn notes_are_limited() {
    let limits = Limits { note: 3, ..Limits::default() };
    let mut client = Client::with_limits(&memory::Account::new(), limits);
    let set = |value: &str| format!("A SETMETADATA INBOX (/private/x \"{value}\")");
    assert!(client.say(&set("123")).contains("A OK"));
    assert!(client.say(&set("1234")).contains("A NO [METADATA MAXSIZE 3]"));
}

#[test]
fn conversations_of_strangers_end() {
    // Each message refers to the one before: a chain, and the same from its end.
    let account = memory::Account::new();
    let mut client = Client::new(&account);
    for at in 0..300 {
        client.say(&format!(
            "A APPEND INBOX <<Message-ID: <{}@x>\r\nReferences: <{}@x>\r\n\r\n>>",
            300 - at,
            299 - at
        ));
    }
    client.say("A SELECT INBOX");
    let said = client.say("A THREAD REFERENCES UTF-8 ALL");
    let chain: Vec<String> = (1..=300).rev().map(|number| format!("{number}")).collect();
    assert_eq!(said, format!("* THREAD ({})\nA OK done\n", chain.join(" ")));
    let limits = Limits { thread_depth: 9, ..Limits::default() };
    let mut client = Client::with_limits(&account, limits);
    client.say("A SELECT INBOX");
    assert!(client.say("A THREAD REFERENCES UTF-8 ALL").contains("A OK"));
}

#[test]
fn a_store_that_fails_is_an_answer() {
    let (account, mut client) = with_messages(1);
    account.set_full(true);
    assert!(client.say("A APPEND INBOX <<x>>").contains("A NO [UNAVAILABLE]"));
    assert!(client.say("A STORE 1 +FLAGS (\\Seen)").contains("A NO [UNAVAILABLE]"));
    assert!(client.say("A COPY 1 INBOX").contains("A NO [UNAVAILABLE]"));
    assert!(client.say("A FETCH 1 BODY.PEEK[]").contains("A OK"));
    account.set_full(false);
    account.set_quota(9);
    assert!(client.say("A APPEND INBOX <<x>>").contains("A NO [OVERQUOTA]"));
    assert!(client.say("A COPY 1 INBOX").contains("A NO [OVERQUOTA]"));
    assert!(client.say("A STORE 1 +FLAGS (\\Seen)").contains("A OK"));
}

#[test]
fn a_journal_that_does_not_reach_back_is_made_up_for() {
    let (account, mut client) = with_messages(4);
    account.set_journal(1);
    let mut other = Client::new(&account);
    other.say("A SELECT INBOX");
    other.say("A STORE 1:3 FLAGS (\\Deleted)");
    other.say("A UID EXPUNGE 1");
    other.say("A UID EXPUNGE 2");
    other.say("A UID EXPUNGE 3");
    assert_eq!(
        client.say("A NOOP"),
        "* 3 EXPUNGE\n* 2 EXPUNGE\n* 1 EXPUNGE\n* 1 RECENT\nA OK done\n"
    );
    client.say("A ENABLE QRESYNC");
    let said = client.say("A SELECT INBOX (QRESYNC (1 1))");
    assert!(said.contains("* VANISHED (EARLIER) 1:3\n"), "{said}");
    let said = client.say("A UID FETCH 2:9 FLAGS (CHANGEDSINCE 1 VANISHED)");
    assert!(said.contains("* VANISHED (EARLIER) 2:3\n"), "{said}");
}

#[test]
fn a_mailbox_that_is_deleted_is_empty() {
    let account = memory::Account::new();
    let (mut one, mut other) = (Client::new(&account), Client::new(&account));
    one.say("A CREATE a");
    one.say("A APPEND a <<x>>");
    one.say("A SELECT a");
    other.say("A DELETE a");
    assert_eq!(one.say("A FETCH 1 BODY[]"), "A NO [EXPUNGEISSUED] some messages are gone\n");
    assert_eq!(one.say("A NOOP"), "* 1 EXPUNGE\n* 0 RECENT\nA OK done\n");
    assert_eq!(one.say("A CLOSE"), "A OK closed\n");
}

#[test]
fn the_mailboxes_that_are_watched_are_limited() {
    let limits = Limits { watched: 2, ..Limits::default() };
    let mut client = Client::with_limits(&memory::Account::new(), limits);
    client.say("A CREATE a");
    let notify = "A NOTIFY SET (personal (MessageNew MessageExpunge))";
    assert!(!client.engine.watches_others());
    assert_eq!(client.say(notify), "A OK done\n");
    assert!(client.engine.watches_others());
    client.say("A CREATE b");
    assert!(client.say(notify).starts_with("A NO [NOTIFICATIONOVERFLOW]"));
}
