//! ESEARCH, in many mailboxes.
use super::Client;
use crate::engine::{Limits, memory};

fn with_mailboxes(limits: Limits) -> Client {
    let mut client = Client::with_limits(&memory::Account::new(), limits);
    for line in [
        "A CREATE a",
        "A CREATE a/b",
        "A CREATE a/b/c",
        "A APPEND INBOX <<Subject: yes\r\n\r\n>> <<Subject: no\r\n\r\n>>",
        "A APPEND a <<Subject: no\r\n\r\n>>",
        "A APPEND a/b (\\Seen) <<Subject: no\r\n\r\n>> <<Subject: yes\r\n\r\n>>",
        "A APPEND a/b/c <<Subject: yes\r\n\r\n>>",
    ] {
        assert!(client.say(line).contains("A OK"), "{line}");
    }
    client
}

/// What is told of mailboxes, validities left out.
fn told(said: &str) -> alloc::vec::Vec<alloc::string::String> {
    let lines = said.lines().map(|line| {
        let words = line.split(' ').collect::<alloc::vec::Vec<_>>();
        let at = words.iter().position(|word| *word == "UIDVALIDITY");
        let validity =
            at.and_then(|at| words.get(at + 1)).map_or("-", |it| it.trim_end_matches(')'));
        line.replace(&alloc::format!(" UIDVALIDITY {validity}"), "")
    });
    lines.collect()
}

#[test]
fn many_mailboxes_are_searched_and_none_is_told_of_in_vain() {
    let mut client = with_mailboxes(Limits::default());
    let said = client.say("A ESEARCH IN (personal) SUBJECT yes");
    assert_eq!(
        told(&said),
        [
            "* ESEARCH (TAG \"A\" MAILBOX INBOX) UID ALL 1",
            "* ESEARCH (TAG \"A\" MAILBOX a/b) UID ALL 2",
            "* ESEARCH (TAG \"A\" MAILBOX a/b/c) UID ALL 1",
            "A OK done"
        ]
    );
    let said = client.say("A ESEARCH IN (subtree-one a inboxes) RETURN (COUNT MIN) SUBJECT yes");
    assert_eq!(
        told(&said),
        [
            "* ESEARCH (TAG \"A\" MAILBOX INBOX) UID MIN 1 COUNT 1",
            "* ESEARCH (TAG \"A\" MAILBOX a/b) UID MIN 2 COUNT 1",
            "A OK done"
        ]
    );
    assert_eq!(client.say("A ESEARCH IN (mailboxes (a nowhere)) SUBJECT yes"), "A OK done\n");
}

#[test]
fn the_selected_mailbox_is_the_one_that_was() {
    let mut client = with_mailboxes(Limits::default());
    assert_eq!(client.say("A ESEARCH SUBJECT no"), "A BAD no mailbox is selected\n");
    client.say("A SELECT INBOX");
    let said = client.say("A ESEARCH IN (selected mailboxes a/b) UNSEEN");
    assert_eq!(
        told(&said),
        [
            "* ESEARCH (TAG \"A\" MAILBOX INBOX) UID ALL 1:2",
            "* ESEARCH (TAG \"A\" MAILBOX a/b) UID ALL 2",
            "A OK done"
        ]
    );
    assert_eq!(client.say("A FETCH 2 (UID)"), "* 2 FETCH (UID 2)\nA OK done\n");
    // RFC 7377 §2.2: what is saved is of the selected one.
    let refused = client.say("A ESEARCH IN (personal) RETURN (SAVE) UNSEEN");
    assert!(refused.starts_with("A BAD"), "{refused}");
    assert_eq!(client.say("A ESEARCH RETURN (SAVE) SUBJECT no"), "A OK done\n");
    assert_eq!(client.say("A UID FETCH $ (UID)"), "* 2 FETCH (UID 2)\nA OK done\n");
}

#[test]
fn as_many_mailboxes_are_searched_as_the_limit_says() {
    for (searched, answer) in [(4, "A OK"), (3, "A NO [LIMIT]")] {
        let mut client = with_mailboxes(Limits { searched, ..Limits::default() });
        let said = client.say("A ESEARCH IN (personal) ALL");
        assert!(said.lines().last().is_some_and(|line| line.starts_with(answer)), "{said}");
    }
}
