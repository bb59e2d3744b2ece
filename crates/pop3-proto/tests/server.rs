//! The server's session against scripts, the laws, and clients that mean harm.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod common;

use common::server;
use pop3_proto::{
    Entry, Maildrop, Response, Text, UniqueId,
    server::{Config, Event, Session},
};
use proptest::prelude::*;
use proto_core::{
    Instant, Machine, Step,
    testing::{Script, laws},
};

#[test]
fn every_script_plays_whole_cut_and_octet_by_octet() {
    for script in Script::all_in(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/server")) {
        let transcript = script.run(&server(script.name()));
        let commits: Vec<_> =
            transcript.events.iter().filter(|event| event.starts_with("Commit")).collect();
        match script.name() {
            "rfc1939-10" | "rfc1939-example" | "slides" => {
                assert_eq!(commits, ["Commit { deleted: [0, 1] }"])
            }
            "refused-commit" => assert_eq!(commits, ["Commit { deleted: [1] }"]),
            "eof-does-not-delete" | "idle-timeout" => assert!(commits.is_empty()),
            _ => {}
        }
    }
}

#[test]
fn a_command_at_the_limit_is_heard_and_one_octet_more_is_not() {
    let name = "x".repeat(255 - "USER \r\n".len());
    let at = laws::every_split(&server(""), format!("USER {name}\r\nNOOP\r\n").as_bytes());
    assert_eq!(lines(&at.wire)[1..], ["+OK", "-ERR not now"]);
    let over = laws::every_split(&server(""), format!("USER {name}x\r\nNOOP\r\n").as_bytes());
    assert_eq!(lines(&over.wire)[1..], ["-ERR line of 256 octets is too long", "-ERR not now"]);
}

#[test]
fn twenty_bad_commands_are_borne_and_one_more_is_not() {
    let at = laws::splitting(&server(""), &b"XYZZY\r\n".repeat(20), &[]);
    assert_eq!(at.error, None);
    let over = laws::splitting(&server(""), &b"XYZZY\r\n".repeat(21), &[]);
    assert_eq!(over.error.as_deref(), Some("too many bad commands"));
}

#[test]
fn three_logins_may_fail_and_a_response_in_sasl_has_its_own_limit() {
    let config = server("").config;
    let response = |length: usize| format!("AUTH PLAIN\r\n{}\r\n", "A".repeat(length - 2));
    let at = laws::splitting(&server(""), response(config.limits.sasl_line).as_bytes(), &[99]);
    assert!(!lines(&at.wire).iter().any(|line| line.contains("too long")));
    let over = laws::splitting(&server(""), response(config.limits.sasl_line + 1).as_bytes(), &[]);
    assert_eq!(lines(&over.wire)[2], "-ERR line of 12289 octets is too long");
    let mut session = Session::new(Instant::ORIGIN, config.clone());
    for failure in 1..=config.limits.failures {
        assert!(session.poll().is_ok());
        session.receive(Instant::ORIGIN, b"USER a\r\nPASS b\r\n");
        let _ = session.poll().unwrap();
        session.respond(Response::err(Text::default())).unwrap();
        assert_eq!(session.poll().is_err(), failure == config.limits.failures);
    }
}

#[test]
fn a_line_without_end_ends_the_session() {
    let limit = usize::try_from(server("").config.limits.endless_line).unwrap();
    let mut line = vec![b'x'; limit];
    let at = laws::splitting(&server(""), &line, &[1, 300, 9999]);
    assert_eq!(at.error, None);
    line.push(b'x');
    let over = laws::splitting(&server(""), &line, &[1, 300, 9999]);
    assert_eq!(over.error.as_deref(), Some("a line without end"));
}

#[test]
fn a_line_without_end_is_as_long_octet_by_octet() {
    let mut server = server("");
    server.config.limits.endless_line = 300;
    let octets: Vec<_> = (1..=301).collect();
    let at = laws::splitting(&server, &[b'x'; 300], &octets);
    assert_eq!(at.error, None);
    let over = laws::splitting(&server, &[b'x'; 301], &octets);
    assert_eq!(over.error.as_deref(), Some("a line without end"));
}

#[test]
fn silence_ends_every_state() {
    let login = "USER a\r\nPASS b\r\n";
    let login_and_part = "USER a\r\nPASS b\r\nNO";
    let marked = "USER a\r\nPASS b\r\nDELE 1\r\nRETR 2\r\n";
    let said =
        ["", "USER a\r\n", "STLS\r\n", "AUTH PLAIN\r\n", "NO", login, login_and_part, marked];
    for said in said {
        let transcript = laws::silence(&server(""), said.as_bytes());
        let error = match said.contains("PASS") {
            true => "the peer said nothing for too long",
            false => "no login for too long",
        };
        assert_eq!(transcript.error.as_deref(), Some(error), "{said:?}");
        let commits = transcript.events.iter().any(|event| event.starts_with("Commit"));
        assert!(!commits, "{said:?} deleted something");
    }
}

fn logged_in(config: Config, maildrop: Maildrop) -> Session {
    let now = Instant::ORIGIN;
    let mut session = Session::new(now, config);
    session.receive(now, b"USER a\r\nPASS b\r\n");
    let _ = session.poll().unwrap();
    session.admit(maildrop, Text::default()).unwrap();
    session
}

/// Else the responses to what follows would be taken for the message.
#[test]
fn a_message_that_cannot_be_sent_to_its_end_ends_the_session() {
    for message in [&b"a\nb"[..], b"ab\r"] {
        let mut server = server("");
        server.config.bare = proto_core::dot::BarePolicy::Reject;
        let mut session = logged_in(server.config.clone(), server.maildrop());
        session.receive(Instant::ORIGIN, b"RETR 1\r\nNOOP\r\n");
        let _ = session.poll().unwrap();
        session.respond(Response::ok(Text::default())).unwrap();
        session.output().clear();
        let _ = session.send(message);
        assert!(session.finish().is_err());
        assert_eq!(session.poll(), Err(pop3_proto::Error::CutMessage));
        assert!(!session.output().contains(&b'.') && !session.output().contains(&b'+'));
    }
}

/// However long a listing takes a client that reads on; its silence is counted from the end.
#[test]
fn a_long_listing_is_not_the_clients_silence() {
    let entry = |n: u32| Entry { size: 1, id: UniqueId::new(n.to_string().into()).unwrap() };
    let maildrop = Maildrop::new((0..100_000).map(entry).collect()).unwrap();
    let mut session = logged_in(server("").config, maildrop);
    session.receive(Instant::ORIGIN, b"LIST\r\n");
    let _ = session.poll().unwrap();
    assert_eq!(session.deadline(), None);
    let hour = Instant::ORIGIN + std::time::Duration::from_secs(3600);
    session.expire(hour);
    while !session.output().split().is_empty() {
        let _ = session.poll().unwrap();
    }
    session.expire(hour);
    assert!(session.poll().is_ok());
    assert!(session.deadline().unwrap() > hour);
}

/// A client that asks for listings and reads nothing costs no more than the limit.
#[test]
fn listings_wait_for_a_client_that_does_not_read() {
    let now = Instant::ORIGIN;
    let mut session = Session::new(now, server("").config);
    let entry = |n: u32| Entry { size: 1, id: UniqueId::new(n.to_string().into()).unwrap() };
    session.receive(now, b"USER a\r\nPASS b\r\n");
    let _ = session.poll().unwrap();
    let maildrop = Maildrop::new((0..100_000).map(entry).collect()).unwrap();
    session.admit(maildrop, Text::default()).unwrap();
    session.receive(now, &b"LIST\r\n".repeat(20));
    let _ = session.poll().unwrap();
    let limit = session.output().len();
    assert!(limit < 64 * 1024 + 300, "{limit} octets are owed");
    let _ = session.poll().unwrap();
    assert_eq!(session.output().len(), limit);
    let mut listed = session.output().split().len();
    let _ = session.poll().unwrap();
    while !session.output().is_empty() {
        listed += session.output().split().len();
        let _ = session.poll().unwrap();
    }
    assert!(listed > 20 * 788_895, "{listed} octets for 20 listings");
}

/// What was asked before the end is answered, and what was marked stays.
#[test]
fn a_server_that_ends_says_so_to_a_client_that_waits() {
    let mut session = logged_in(server("").config, server("").maildrop());
    session.output().clear();
    session.receive(Instant::ORIGIN, b"DELE 1\r\nRETR 2\r\nNOOP\r\nQU");
    let Step::Event(Event::Retrieve { .. }) = session.poll().unwrap() else { panic!("RETR") };
    session.shut_down();
    assert_eq!(session.poll(), Ok(Step::Paused));
    session.respond(Response::err(Text::from_static("not here"))).unwrap();
    assert_eq!(session.poll(), Err(pop3_proto::Error::ShuttingDown));
    assert_eq!(
        session.output(),
        "+OK message 1 deleted\r\n-ERR not here\r\n+OK\r\n\
         -ERR [SYS/TEMP] the server is shutting down\r\n"
    );
}

/// A listing at the limit is written at once, and one octet more waits.
#[test]
fn a_listing_waits_at_the_limit_of_what_is_owed() {
    let asked = |output: usize| {
        let mut config = server("").config;
        config.limits.output = output;
        let mut session = logged_in(config, server("").maildrop());
        session.output().clear();
        session.receive(Instant::ORIGIN, b"LIST\r\n");
        let _ = session.poll().unwrap();
        session.output().clone()
    };
    // "+OK 2 messages (320 octets)", "1 120": what is owed when the second line is due.
    let owed = "+OK 2 messages (320 octets)\r\n1 120\r\n";
    assert_eq!(asked(owed.len()), owed, "the limit is reached");
    assert_eq!(asked(owed.len() + 1), [owed, "2 200\r\n.\r\n"].concat(), "there is room for one");
}

#[test]
fn answers_out_of_turn_are_misuse() {
    let now = Instant::ORIGIN;
    let mut session = Session::new(now, server("").config);
    let ok = || Response::ok(Text::default());
    assert!(session.respond(ok()).is_err());
    assert!(session.send(b"x").is_err());
    assert!(session.finish().is_err());
    assert!(session.admit(Maildrop::default(), Text::default()).is_err());
    session.receive(now, b"USER a\r\nPASS b\r\n");
    let _ = session.poll().unwrap();
    assert!(session.respond(ok()).is_err());
    assert!(session.send(b"x").is_err());
}

proptest! {
    #[test]
    fn whatever_a_client_says_cutting_it_changes_nothing(
        said in proptest::collection::vec(prop_oneof![
            Just("USER a\r\n"), Just("PASS b\r\n"), Just("LIST\r\n"), Just("RETR 1\r\n"),
            Just("TOP 2 1\r\n"), Just("DELE 2\r\n"), Just("UIDL 1\r\n"), Just("RSET\r\n"),
            Just("CAPA\r\n"), Just("AUTH PLAIN\r\n"), Just("*\r\n"), Just("STLS\r\n"),
            Just("QUIT\r\n"), Just("\n"), Just("\0\r"), Just("\r\n"), Just("AHRlc3Q=\r\n"),
        ], 0..12),
        cuts in proptest::collection::vec(0_usize..120, 0..8),
    ) {
        laws::splitting(&server(""), said.concat().as_bytes(), &cuts);
    }
}

fn lines(wire: &[u8]) -> Vec<&str> {
    std::str::from_utf8(wire).unwrap().lines().collect()
}
