//! Limits at which something still is as it was, and one less where it is not.
use alloc::format;
use alloc::string::String;

use super::Client;
use crate::engine::{Limits, memory};

/// What a client with these limits is told by a command, of messages with these headers.
fn told(headers: &[&str], limits: Limits, command: &str) -> String {
    let account = memory::Account::new();
    let mut client = Client::with_limits(&account, limits);
    for header in headers {
        client.say(&format!("A APPEND INBOX <<{header}\r\n\r\n>>"));
    }
    client.say("A SELECT INBOX");
    client.say(command)
}

#[test]
fn keys_are_compared_up_to_the_limit() {
    let headers = ["Subject: abcX", "Subject: abcA"];
    let sorted = |sort_key| {
        let limits = Limits { sort_key, ..Limits::default() };
        told(&headers, limits, "A SORT (SUBJECT) UTF-8 ALL")
    };
    assert_eq!(sorted(4), "* SORT 2 1\nA OK done\n");
    assert_eq!(sorted(3), "* SORT 1 2\nA OK done\n", "they are equal so far");
    let threaded = |sort_key| {
        let limits = Limits { sort_key, ..Limits::default() };
        told(&headers, limits, "A THREAD ORDEREDSUBJECT UTF-8 ALL")
    };
    assert_eq!(threaded(4), "* THREAD (1)(2)\nA OK done\n");
    assert_eq!(threaded(3), "* THREAD (1 2)\nA OK done\n");
}

#[test]
fn references_are_followed_up_to_the_limit() {
    let headers = ["Message-ID: <a@x>", "Message-ID: <c@x>\r\nReferences: <a@x> <b@x>"];
    let threaded = |references| {
        let limits = Limits { references, ..Limits::default() };
        told(&headers, limits, "A THREAD REFERENCES UTF-8 ALL")
    };
    assert_eq!(threaded(2), "* THREAD (1 2)\nA OK done\n");
    assert_eq!(threaded(1), "* THREAD (1)(2)\nA OK done\n", "the last ones count");
}

#[test]
fn threads_are_joined_below_as_many_messages_as_the_limit_says() {
    let letter = |id: &str, of: &str| format!("Message-ID: <{id}@x>\r\nReferences: <{of}@x>");
    let letters = [letter("y", "x"), letter("b", "a"), letter("c", "b"), letter("x", "c")];
    let mut headers = alloc::vec!["Message-ID: <a@x>"];
    headers.extend(letters.iter().map(String::as_str));
    let threaded = |thread_depth| {
        let limits = Limits { thread_depth, ..Limits::default() };
        told(&headers, limits, "A THREAD REFERENCES UTF-8 ALL")
    };
    assert_eq!(threaded(3), "* THREAD (1 3 4 5 2)\nA OK done\n");
    assert_eq!(threaded(2), "* THREAD (1 3 4)(5 2)\nA OK done\n");
}

#[test]
fn messages_are_told_however_few_are_asked_for_at_once() {
    let headers = ["Subject: 1", "Subject: 2", "Subject: 3"];
    let fetched = |batch| {
        let limits = Limits { batch, ..Limits::default() };
        told(&headers, limits, "A UID FETCH 1:* (RFC822.SIZE)")
    };
    let all = fetched(256);
    assert_eq!(all.matches("RFC822.SIZE 14").count(), 3, "{all}");
    for batch in 1..=4 {
        assert_eq!(fetched(batch), all, "{batch}");
    }
}
