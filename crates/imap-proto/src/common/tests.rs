//! A server that knows its lines, for the tests of both conveniences.
use alloc::{string::String, vec::Vec};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

/// What is expected to be said, and what the server answers, to be looked at by both tests.
pub(crate) const DIALOGUE: &[(&str, &str)] = &[
    ("", "* OK [CAPABILITY IMAP4rev1] hello\r\n"),
    ("A1 LOGIN bob hungry", "A1 OK [CAPABILITY IMAP4rev1 ESEARCH IDLE] welcome\r\n"),
    (
        "A2 SELECT INBOX",
        "* FLAGS (\\Seen)\r\n* 3 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT 20] x\r\n\
         * OK [HIGHESTMODSEQ 7] x\r\n* OK [PERMANENTFLAGS ()] x\r\nA2 OK [READ-ONLY] x\r\n",
    ),
    ("A3 LIST \"\" *", "* LIST () \"/\" INBOX\r\n* 4 EXISTS\r\nA3 OK x\r\n"),
    ("A4 STATUS INBOX (MESSAGES)", "* STATUS INBOX (MESSAGES 4)\r\nA4 OK x\r\n"),
    ("A5 UID SEARCH RETURN (ALL) UNSEEN", "* ESEARCH (TAG \"A5\") UID ALL 3,5:6\r\nA5 OK x\r\n"),
    (
        "A6 UID FETCH 3,5:6 (BODY.PEEK[])",
        "* 1 FETCH (UID 3 BODY[] {5}\r\nHello)\r\n* 2 FETCH (BODY[] {20000}\r\n@ UID 5)\r\n\
         * 3 FETCH (FLAGS (\\Seen))\r\n* 4 FETCH (BODY[] {20000}\r\n@ UID 6)\r\nA6 OK x\r\n",
    ),
    ("A7 UID FETCH 1 (BODY.PEEK[])", "* 1 FETCH (BODY[] {20000}\r\n@ UID 1)\r\nA7 NO x\r\n"),
    ("A8 UID STORE 1 +FLAGS.SILENT (\\Seen)", "A8 BAD not now\r\n"),
    ("A9 UID MOVE 1 Trash", "* OK [COPYUID 8 1 77] x\r\n* 1 EXPUNGE\r\nA9 OK x\r\n"),
    ("A10 APPEND INBOX {5}", "+ go\r\n"),
    ("Hello", "A10 OK [APPENDUID 9 21] x\r\n"),
    ("A11 IDLE", "+ idling\r\n* 5 EXISTS\r\n"),
    ("DONE", "A11 OK x\r\n"),
    ("A12 IDLE", "+ idling\r\n"),
    ("DONE", "A12 OK x\r\n"),
    ("A13 NOOP", "A13 OK x\r\n"),
    ("A14 LOGOUT", "* BYE see you\r\nA14 OK x\r\n"),
];

/// Plays the dialogue; fails where the client says something else.
pub(crate) fn serve(stream: UnixStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket can be had twice"));
    let mut stream = stream;
    for (expected, answer) in DIALOGUE {
        if !expected.is_empty() {
            let mut line = String::new();
            reader.read_line(&mut line).expect("the client speaks");
            assert_eq!(line.trim_end(), *expected);
        }
        let answer = answer.replace('@', &"x".repeat(20_000));
        stream.write_all(answer.as_bytes()).expect("the client listens");
    }
    let mut rest = Vec::new();
    let _ = reader.read_to_end(&mut rest);
    assert_eq!(rest, b"");
}

/// Plays the client's part of the dialogue: `$wait` is what the conveniences differ in.
macro_rules! play {
    ($client:ident, $wait:ident) => {{
        use alloc::{sync::Arc, vec::Vec};
        use core::num::NonZeroU32;
        use std::sync::Mutex;

        use crate::{
            Condition, Flag, Flags, ListMailbox, Mailbox, NotEmpty, Response, Section,
            client::State,
            command::{Change, Criteria, FetchItem, MessageStart, SearchKey, StatusItem},
        };

        let heard = Arc::new(Mutex::new(0));
        let ear = Arc::clone(&heard);
        $client.listen_with(Box::new(move |_| *ear.lock().unwrap() += 1));
        let bob = sasl::Credentials::new("bob", "hungry".into()).unwrap();
        assert_eq!($wait!($client.login(bob)).unwrap().text().as_bytes(), b"welcome");

        let selected = $wait!($client.select(Mailbox::INBOX)).unwrap();
        assert_eq!((selected.exists, selected.read_only), (3, true));
        assert_eq!(selected.uid_validity.map(NonZeroU32::get), Some(9));
        assert_eq!(selected.uid_next.map(NonZeroU32::get), Some(20));
        assert_eq!(selected.highest_mod_seq.map(|number| number.get()), Some(7));
        assert!(selected.permanent_flags.is_some_and(|flags| flags.is_empty()));
        assert!(selected.flags.contains(&Flag::Seen));
        assert!(matches!($client.session().state(), State::Selected { read_only: true, .. }));

        let all = ListMailbox::new("*").unwrap();
        let listed = $wait!($client.list(Mailbox::new("").unwrap(), all)).unwrap();
        assert_eq!(listed[0].mailbox, Mailbox::INBOX);
        let wanted = NotEmpty::one(StatusItem::Messages);
        let status = $wait!($client.status(Mailbox::INBOX, wanted)).unwrap().unwrap();
        assert_eq!(status.items, [crate::StatusItem::Messages(4)]);

        let found = $wait!($client.search(Criteria::from(SearchKey::Unseen))).unwrap().unwrap();
        assert_eq!(found.count(), 3);
        let all = FetchItem::BodySection { peek: true, section: Section::default(), partial: None };
        let mut fetching = $client.fetch(&found, all.clone()).unwrap();
        let mut seen = Vec::new();
        while let Some(mut message) = $wait!(fetching.next()).unwrap() {
            let mut octets = Vec::new();
            // Of the second only some is taken.
            let taken = if message.number().get() == 2 {
                $wait!(message.octets()).unwrap().map(|octets| octets.len() as u64).unwrap().min(1)
            } else {
                $wait!(message.copy_to(&mut octets)).unwrap()
            };
            seen.push((message.uid().map(NonZeroU32::get), taken));
        }
        assert_eq!(seen, [(Some(3), 5), (None, 1), (None, 0), (Some(6), 20_000)]);

        let one = found.iter().map(|_| NonZeroU32::MIN).take(1);
        let one = crate::UidSet::from_numbers(one).unwrap();
        // Somebody gives up in the middle.
        let mut fetching = $client.fetch(&one, all).unwrap();
        assert!($wait!(fetching.next()).unwrap().is_some());
        let seen: Flags = [Flag::Seen].into_iter().collect();
        let stored = $wait!($client.store(&one, Change::Add, seen));
        assert!(matches!(stored, Err(Error::Refused(Condition::Bad, _))), "{stored:?}");

        let trash = Mailbox::new("Trash").unwrap();
        let moved = $wait!($client.mv(&one, trash)).unwrap().unwrap();
        assert_eq!((moved.uid_validity.get(), moved.uids.contains(77)), (8, true));
        // The message ends in a line's end, so that the server reads lines.
        let start = MessageStart::default();
        let appended = $wait!($client.append(Mailbox::INBOX, start, 5, &b"Hello"[..]));
        assert!(appended.unwrap().unwrap().uids.contains(21));

        let mut idling = $client.idle().unwrap();
        assert_eq!($wait!(idling.next()).unwrap(), Response::Exists(5));
        $wait!(idling.done()).unwrap();
        // Somebody forgets that he waits.
        drop($client.idle().unwrap());
        $wait!($client.noop()).unwrap();
        $wait!($client.logout()).unwrap();
        let heard = *heard.lock().unwrap();
        assert!(heard > 15, "{heard}");
    }};
}

pub(crate) use play;
