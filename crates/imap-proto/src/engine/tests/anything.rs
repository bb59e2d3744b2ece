//! Whatever is asked, and whatever a message holds: there is one answer, and it can be read.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::NOW;
use crate::command::{Command, Tagged};
use crate::engine::{Engine, Limits, NewMessage, Output, Store, memory};
use crate::{Dialect, Flags, Limits as LineLimits, Line, Response, Tag};

const EXAMPLES: &str = include_str!("../../command/tests/examples.txt");

fn examples() -> Vec<Command> {
    let lines = EXAMPLES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let octets = |line: &str| Bytes::from(line.replace("\\r\\n", "\r\n"));
    lines.map(|line| Command::parse(octets(line)).unwrap()).collect()
}

fn account(messages: &[Vec<u8>]) -> memory::Account {
    let account = memory::Account::new();
    account.set_time(NOW);
    let message = |octets: &Vec<u8>| NewMessage {
        upload: alloc::vec![Bytes::from(octets.clone())],
        flags: Flags::default(),
        received: None,
    };
    account.store().append("INBOX", messages.iter().map(message).collect()).unwrap();
    account
}

/// Has a command answered: each response has to be one, and the last says how it ended.
fn answer(engine: &mut Engine<memory::Store>, command: Command) -> String {
    let tagged = Tagged { tag: Tag::new("A").unwrap(), command };
    let brings = tagged.command.brings_messages();
    if engine.command(tagged, NOW).is_err() {
        return String::new();
    }
    let mut ends = 0;
    let mut all = BytesMut::new();
    while let Some(output) = engine.next() {
        assert_eq!(ends, 0, "nothing follows the end");
        match output {
            Output::Response(response) => {
                let dialect = Dialect { utf8: engine.is_utf8(), ..Dialect::SERVER };
                let mut out = BytesMut::new();
                let gaps = response.write(&mut out, dialect);
                if gaps.is_empty() {
                    let line = Line::parse(out.clone().freeze()).unwrap();
                    let read = Response::parse(&line, LineLimits::default());
                    assert!(read.is_ok(), "{read:?} {}", out.escape_ascii());
                }
                all.extend_from_slice(&out);
            }
            Output::Octets(_) => {}
            Output::Broken(failure) => panic!("{failure}"),
            Output::Done(..) => ends += 1,
        }
    }
    if brings && ends == 0 {
        engine.abort();
    } else {
        assert_eq!(ends, 1);
    }
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn every_example_of_the_rfcs_has_an_answer() {
    let account = account(&[b"Subject: one\r\n\r\nx".to_vec(), b"two".to_vec(), Vec::new()]);
    for uid_only in [false, true] {
        for command in examples() {
            let mut engine = Engine::new(account.store(), Limits::default());
            if uid_only {
                answer(&mut engine, Command::parse("ENABLE QRESYNC UIDONLY".into()).unwrap());
            }
            answer(&mut engine, command.clone());
            answer(&mut engine, Command::parse("SELECT INBOX".into()).unwrap());
            answer(&mut engine, command);
        }
    }
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("Subject: =?utf-8?q?x=00=C3=BC?=\r\n".to_string()),
        Just("From: a@b, \"c\\\"\" <d@e>, g: h@i;\r\n".to_string()),
        Just("Content-Type: multipart/mixed; boundary=b\r\n".to_string()),
        Just("Content-Type: message/rfc822\r\n".to_string()),
        Just("Content-Transfer-Encoding: base64\r\n".to_string()),
        Just("Content-Disposition: attachment; filename*0=\"a\0\"; x\r\n".to_string()),
        Just("Content-Language: de, en\r\nContent-ID: <x@y>\r\n".to_string()),
        Just("--b\r\n".to_string()),
        Just("--b--\r\n".to_string()),
        Just("\r\n".to_string()),
        "\\PC{0,20}",
    ];
    let text = prop::collection::vec(piece, 0..12).prop_map(|all| all.concat().into_bytes());
    prop_oneof![4 => text, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_a_message_holds_what_is_told_of_it_can_be_read(message in message(), utf8: bool) {
        let account = account(&[message]);
        let mut engine = Engine::new(account.store(), Limits::default());
        let mut lines = Vec::from([
            "SELECT INBOX",
            "FETCH 1 (ENVELOPE BODYSTRUCTURE BODY PREVIEW BODY[HEADER] BODY[1.MIME] BODY[2.1])",
            "FETCH 1 (RFC822 RFC822.HEADER BINARY[1] BINARY.SIZE[1] BODY[HEADER.FIELDS (x from)])",
            "SEARCH TEXT x BODY y SUBJECT z SENTON 1-Jan-2000",
            "SORT (FROM TO CC SUBJECT DATE DISPLAYFROM) UTF-8 ALL",
            "THREAD REFERENCES UTF-8 ALL",
        ]);
        if utf8 {
            lines.insert(0, "ENABLE IMAP4rev2");
        }
        for line in lines {
            answer(&mut engine, Command::parse(line.into()).unwrap());
        }
    }

    #[test]
    fn commands_in_any_order_have_one_answer_each(
        steps in prop::collection::vec((0_usize..2, any::<prop::sample::Index>()), 1..40)
    ) {
        let account = account(&[b"Subject: one\r\n\r\nx".to_vec(), b"two".to_vec()]);
        let mut engines = [account.store(), account.store()].map(|store| {
            let mut engine = Engine::new(store, Limits::default());
            answer(&mut engine, Command::parse("SELECT INBOX".into()).unwrap());
            engine
        });
        let examples = examples();
        for (who, which) in steps {
            answer(&mut engines[who], which.get(&examples).clone());
        }
    }

    #[test]
    fn pieces_of_a_message_are_the_message(
        octets in prop::collection::vec(any::<u8>(), 0..300),
        inline in 0_usize..50,
        piece in 1_usize..50,
    ) {
        let account = account(core::slice::from_ref(&octets));
        let limits = Limits { inline, piece, ..Limits::default() };
        let mut engine = Engine::new(account.store(), limits);
        answer(&mut engine, Command::parse("SELECT INBOX".into()).unwrap());
        let fetch = Tagged::parse(format!("A FETCH 1 BODY.PEEK[]<{}.200>", piece).into()).unwrap();
        engine.command(fetch, NOW).unwrap();
        let mut got = Vec::new();
        while let Some(output) = engine.next() {
            match output {
                Output::Octets(octets) => got.extend_from_slice(&octets),
                Output::Response(Response::Fetch(fetch)) => {
                    if let Some(crate::Content::Octets(octets)) = fetch.items[0].content() {
                        got.extend_from_slice(octets);
                    }
                }
                _ => {}
            }
        }
        let start = piece.min(octets.len());
        prop_assert_eq!(&got, &octets[start..(start + 200).min(octets.len())]);
    }
}
