//! Clients that mean harm, or do not know better: what they say, what they hear, and that nothing
//! is deleted by it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod common;

use common::server;
use proto_core::testing::laws;

/// Before the login: what is said, what is answered after the greeting.
const STRANGERS: [(&str, &[&str]); 27] = [
    ("\r\n", &["-ERR unknown command at octet 0"]),
    (" STAT\r\n", &["-ERR unknown command at octet 0"]),
    ("STAT\r\n", &["-ERR not now"]),
    ("LIST\r\n", &["-ERR not now"]),
    ("RETR 1\r\n", &["-ERR not now"]),
    ("DELE 1\r\n", &["-ERR not now"]),
    ("RSET\r\n", &["-ERR not now"]),
    ("NOOP\r\n", &["-ERR not now"]),
    ("UIDL\r\n", &["-ERR not now"]),
    ("GET / HTTP/1.1\r\n", &["-ERR unknown command at octet 0"]),
    ("EHLO x\r\n", &["-ERR unknown command at octet 0"]),
    ("USER\r\n", &["-ERR wrong number of arguments at octet 4"]),
    ("PASS x\r\n", &["-ERR USER first"]),
    ("USER a\r\nUSER b\r\nPASS c\r\n", &["+OK", "+OK", "+OK"]),
    ("USER a\0\r\n", &["-ERR control character at octet 6"]),
    ("USER a\x1B[2J\r\n", &["-ERR control character at octet 6"]),
    ("PASS a\0\r\n", &["-ERR control character at octet 5"]),
    ("USER a\nPASS b\n", &["-ERR line feed without carriage return"; 2]),
    ("USER a\rb\r\n", &["-ERR control character at octet 6"]),
    ("AUTH\r\n", &["-ERR wrong number of arguments at octet 4"]),
    ("AUTH CRAM-MD5\r\n", &["-ERR no such mechanism"]),
    ("AUTH GSSAPI\r\n", &["-ERR no such mechanism"]),
    ("AUTH PLAIN\r\n*\r\n", &["+ ", "-ERR cancelled"]),
    ("AUTH PLAIN\r\nSTAT!\r\n", &["+ ", "-ERR invalid base64 at octet 4"]),
    ("AUTH PLAIN\r\nAHg=\r\n", &["+ ", "-ERR malformed message"]),
    ("STLS\r\nQUIT\r\n", &["+OK", "-ERR plaintext after STLS"]),
    ("STLS x\r\n", &["-ERR wrong number of arguments at octet 5"]),
];

/// After it.
const USERS: [(&str, &[&str]); 24] = [
    ("USER b\r\n", &["-ERR not now"]),
    ("PASS b\r\n", &["-ERR not now"]),
    ("AUTH PLAIN\r\n", &["-ERR not now"]),
    ("STLS\r\n", &["-ERR not now"]),
    ("RETR 0\r\n", &["-ERR not a message number at octet 5"]),
    ("RETR -1\r\n", &["-ERR not a message number at octet 5"]),
    ("RETR 3\r\n", &["-ERR no such message"]),
    ("RETR 4294967295\r\n", &["-ERR no such message"]),
    ("RETR 4294967297\r\n", &["-ERR not a message number at octet 5"]),
    ("RETR 18446744073709551617\r\n", &["-ERR not a message number at octet 5"]),
    ("RETR 1 2\r\n", &["-ERR not a message number at octet 5"]),
    ("RETR\r\n", &["-ERR wrong number of arguments at octet 4"]),
    ("RETR 1x\r\n", &["-ERR not a message number at octet 5"]),
    ("DELE 0\r\n", &["-ERR not a message number at octet 5"]),
    (
        "DELE 1\r\nDELE 1\r\nRSET\r\n",
        &[
            "+OK message 1 deleted",
            "-ERR no such message",
            "+OK maildrop has 2 messages (320 octets)",
        ],
    ),
    (
        "DELE 1\r\nRETR 1\r\nRSET\r\n",
        &[
            "+OK message 1 deleted",
            "-ERR no such message",
            "+OK maildrop has 2 messages (320 octets)",
        ],
    ),
    (
        "DELE 1\r\nTOP 1 0\r\nRSET\r\n",
        &[
            "+OK message 1 deleted",
            "-ERR no such message",
            "+OK maildrop has 2 messages (320 octets)",
        ],
    ),
    (
        "DELE 1\r\nLIST 1\r\nUIDL 1\r\nRSET\r\n",
        &[
            "+OK message 1 deleted",
            "-ERR no such message",
            "-ERR no such message",
            "+OK maildrop has 2 messages (320 octets)",
        ],
    ),
    ("TOP 1\r\n", &["-ERR wrong number of arguments at octet 4"]),
    ("TOP 1 -1\r\n", &["-ERR not a number at octet 4"]),
    ("TOP 1 18446744073709551616\r\n", &["-ERR not a number at octet 4"]),
    ("TOP 1 0\r\n", &["+OK", "Subject: one", "", "."]),
    ("STAT 1\r\n", &["-ERR wrong number of arguments at octet 5"]),
    ("QUIT now\r\n", &["-ERR wrong number of arguments at octet 5"]),
];

fn hears(said: &str) -> (Vec<String>, Vec<String>) {
    let transcript = laws::every_split(&server(""), said.as_bytes());
    let wire = String::from_utf8(transcript.wire).unwrap();
    let lines = wire.split("\r\n").map(ToString::to_string);
    let mut lines: Vec<_> = lines.collect();
    assert_eq!(lines.pop().as_deref(), Some(""), "{said:?}: the last line has no end");
    (lines, transcript.events)
}

#[test]
fn strangers_hear_what_the_rfc_wants() {
    for (said, expected) in STRANGERS {
        let (heard, _) = hears(said);
        assert_eq!(heard[1..], *expected, "{said:?}");
    }
}

#[test]
fn users_hear_what_the_rfc_wants_and_delete_nothing() {
    for (said, expected) in USERS {
        let (heard, events) = hears(&format!("USER a\r\nPASS b\r\n{said}"));
        assert_eq!(heard[3..], *expected, "{said:?}");
        let commits = events.iter().filter(|event| event.starts_with("Commit")).count();
        assert_eq!(commits, 0, "{said:?}");
    }
}

/// End of file, wherever it comes, is no QUIT: a dialogue cut at every octet commits only whole.
#[test]
fn a_connection_cut_anywhere_deletes_nothing() {
    let said = "USER a\r\nPASS b\r\nDELE 1\r\nRETR 2\r\nQUIT\r\n";
    for end in 0..=said.len() {
        let transcript = laws::splitting(&server(""), &said.as_bytes()[..end], &[]);
        let commits = transcript.events.iter().any(|event| event.starts_with("Commit"));
        assert_eq!(commits, end == said.len(), "cut at {end}");
    }
}

#[test]
fn ten_thousand_unknown_commands_end_after_twenty() {
    let transcript = laws::splitting(&server(""), &b"XYZZY\r\n".repeat(10_000), &[7, 100]);
    assert_eq!(transcript.error.as_deref(), Some("too many bad commands"));
    assert!(transcript.wire.len() < 2000, "{} octets were answered", transcript.wire.len());
}
