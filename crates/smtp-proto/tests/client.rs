//! The client's session: scripts, laws, a server at the other end, and its limits.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod common;

use std::fs;

use common::client::Client;
use common::server::Server;
use proptest::prelude::*;
use proto_core::testing::{Script, laws, pipe};
use proto_core::{Instant, Machine, Step};
use smtp_proto::client::{Config, Delivery, Envelope, Event, Reason, Session};
use smtp_proto::{Command, Error, Extension, ForwardPath, Misuse, ReversePath, Stage};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/client");

#[test]
fn scripts() {
    let mut paths: Vec<_> =
        fs::read_dir(SCRIPTS).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let client = Client::configured(common::words_after(&text, "# config:"));
        let events = Script::parse(&name, &text).run(&client).events.join("\n");
        for sent in text.lines().filter_map(|line| line.strip_prefix("# sent: ")) {
            assert!(events.contains(sent), "{name}: {sent} is not in\n{events}");
        }
    }
}

#[test]
fn a_client_and_a_server_understand_each_other_through_any_window() {
    for window in [1, 2, 3, 7, 64, 100_000] {
        let server = Server::configured(["starttls", "auth"]);
        for (way, added) in [("no-chunks", r"\r\n"), ("chunk=3", ""), ("chunk=65536", "")] {
            let words = ["starttls", "auth", "to=bob@hamburger.edu,eve@b.c", way];
            let mut client = Client::configured(words);
            client.letter = b".one\r\n..two\r\n\r\n.".to_vec();
            let (told, heard) = pipe(&client, &server, window);
            assert_eq!((&told.error, told.closed), (&None, true));
            assert_eq!((&heard.error, heard.closed), (&None, true));
            let body = format!(r"body: .one\r\n..two\r\n\r\n.{added}");
            assert!(heard.events.contains(&body), "{heard:#?}");
            let sent = told.events.join("\n");
            assert_eq!(sent.matches("Accepted(250 2.0.0 OK)").count(), 2, "{sent}");
        }
    }
}

#[test]
fn silence_ends_every_session() {
    for said in [
        "",
        "220 x\r\n",
        "220 x\r\n250 x\r\n",
        "220 x\r\n250 PIPELINING\r\n250",
        "220 x\r\n250 x\r\n250 x\r\n250 x\r\n354 x\r\n",
    ] {
        laws::silence(&Client::default(), said.as_bytes());
    }
    laws::silence(
        &Client::configured(["starttls"]),
        b"220 x\r\n250-x\r\n250 STARTTLS\r\n220 x\r\n",
    );
}

fn envelope() -> Envelope {
    let to = ForwardPath::Mailbox("bob@hamburger.edu".parse().unwrap());
    Envelope::new(ReversePath::Null, vec![to])
}

/// A session whose server waits for the message.
fn sending(config: Config) -> Session {
    let now = Instant::ORIGIN;
    let mut session = Session::new(now, config);
    session.receive(now, b"220 x\r\n250-x\r\n250 PIPELINING\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::Ready)));
    session.send(envelope()).unwrap();
    assert_eq!(session.poll(), Ok(Step::NeedInput));
    session.receive(now, b"250 x\r\n250 x\r\n354 x\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::SendBody)));
    session.output().clear();
    session
}

fn config() -> Config {
    Config::new("crepes.fr".parse().unwrap())
}

fn delivery(session: &mut Session) -> Delivery {
    match session.poll() {
        Ok(Step::Event(Event::Sent(outcome))) => outcome.recipients[0].1.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_large_message_never_fills_more_than_the_output_limit_and_a_piece() {
    let mut session = sending(config());
    let piece = [b'x'; 8 * 1024];
    let mut written = 0;
    while written < 20 * 1024 * 1024 {
        session.body(&piece).unwrap();
        match session.poll() {
            Ok(Step::Event(Event::SendBody)) => {}
            Ok(Step::NeedInput) => {
                assert_eq!(session.body(&piece), Err(Misuse::OutputFull));
                assert!(session.output().len() < 64 * 1024 + piece.len());
                written += session.output().len();
                session.output().clear();
                assert_eq!(session.poll(), Ok(Step::Event(Event::SendBody)));
            }
            other => panic!("{other:?}"),
        }
    }
    session.body_end().unwrap();
    session.output().clear();
    session.receive(Instant::ORIGIN, b"250 OK\r\n");
    assert!(matches!(delivery(&mut session), Delivery::Accepted(_)));
}

#[test]
fn the_end_of_the_connection_before_the_dot_was_written_is_not_ambiguous() {
    let mut session = sending(config());
    session.body(b"half").unwrap();
    session.body_end().unwrap();
    session.receive_eof();
    assert_eq!(delivery(&mut session), Delivery::Unsent(Reason::Interrupted));
    assert_eq!(session.poll(), Err(Error::UnexpectedEof));
    assert!(session.output().is_empty(), "the dot may not go out after all");

    let mut session = sending(config());
    session.body_end().unwrap();
    session.output().clear();
    session.receive_eof();
    assert_eq!(delivery(&mut session), Delivery::Unknown);
    assert_eq!(session.poll(), Err(Error::UnexpectedEof));
}

#[test]
fn a_yes_before_the_whole_message_was_written_is_none() {
    let mut session = sending(config());
    session.body(b"half").unwrap();
    session.body_end().unwrap();
    session.receive(Instant::ORIGIN, b"250 taken\r\n");
    assert_eq!(session.poll(), Ok(Step::NeedInput));
    session.receive_eof();
    assert_eq!(delivery(&mut session), Delivery::Unsent(Reason::Interrupted));
    assert!(session.output().is_empty());
}

#[test]
fn a_refusal_in_mid_message_is_heard_when_the_server_closes() {
    let mut session = sending(config());
    session.body(b"half").unwrap();
    session.receive(Instant::ORIGIN, b"552 too large\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::SendBody)));
    session.receive_eof();
    assert!(matches!(delivery(&mut session), Delivery::Refused(Stage::Body, _)));
    assert_eq!(session.poll(), Err(Error::UnexpectedEof));
    assert_eq!(session.body(b"more"), Err(Misuse::NotReady));
    assert_eq!(session.body_end(), Err(Misuse::NotReady));
}

#[test]
fn a_server_that_talks_during_the_message_costs_no_more_than_a_reply() {
    let mut config = config();
    (config.limits.reply_line, config.limits.reply_lines) = (100, 2);
    let mut session = sending(config);
    session.receive(Instant::ORIGIN, &[b'x'; 200]);
    session.body(b"more").unwrap();
    assert_eq!(session.poll(), Ok(Step::Event(Event::SendBody)));
    session.receive(Instant::ORIGIN, b"x");
    assert_eq!(delivery(&mut session), Delivery::Unsent(Reason::Interrupted));
    assert_eq!(session.poll(), Err(Error::ReplyTooLong));
}

#[test]
fn a_server_that_closed_between_messages_refuses_the_next() {
    let mut session = Session::new(Instant::ORIGIN, config());
    session.receive(Instant::ORIGIN, b"220 x\r\n250 x\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::Ready)));
    session.receive(Instant::ORIGIN, b"421 idle for too long\r\n");
    assert_eq!(session.poll(), Ok(Step::Paused));
    session.send(envelope()).unwrap();
    assert!(matches!(delivery(&mut session), Delivery::Refused(Stage::Mail, _)));
    assert!(matches!(session.poll(), Err(Error::Closing(_))));
}

#[test]
fn calls_out_of_turn_are_misuse_and_change_nothing() {
    let mut session = Session::new(Instant::ORIGIN, config());
    assert_eq!(session.send(envelope()), Err(Misuse::NotReady));
    assert_eq!(session.quit(), Err(Misuse::NotReady));
    assert_eq!(session.body(b""), Err(Misuse::NotReady));
    assert_eq!(session.body_end(), Err(Misuse::NotReady));
    session.receive(Instant::ORIGIN, b"220 x\r\n250 x\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::Ready)));
    let nobody = Envelope::new(ReversePath::Null, vec![]);
    assert_eq!(session.send(nobody), Err(Misuse::NoRecipients));
    assert_eq!(session.send(envelope()), Ok(()));
    assert_eq!(session.send(envelope()), Err(Misuse::NotReady));
    assert_eq!(session.quit(), Err(Misuse::NotReady));
}

#[test]
fn plaintext_that_arrives_just_before_the_handshake_is_noticed() {
    let client = Client::configured(["starttls"]);
    let mut session = Session::new(Instant::ORIGIN, client.config);
    session.receive(Instant::ORIGIN, b"220 x\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::StartTls)));
    session.receive(Instant::ORIGIN, b"250 AUTH PLAIN\r\n");
    session.secured();
    assert_eq!(session.poll(), Err(Error::PlaintextAfterStartTls));
}

#[test]
fn a_message_that_the_server_cannot_take_is_not_sent() {
    let mut session = Session::new(Instant::ORIGIN, config());
    session.receive(Instant::ORIGIN, b"220 x\r\n250-x\r\n250 SIZE 1000\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::Ready)));
    session.output().clear();
    for (eight_bit, utf8_header, size, reason) in [
        (true, false, 1000, Reason::NotOffered(Extension::EightBitMime)),
        (false, true, 1000, Reason::NotOffered(Extension::SmtpUtf8)),
        (false, false, 1001, Reason::TooLarge { limit: 1000 }),
    ] {
        let mut envelope = envelope();
        (envelope.eight_bit, envelope.utf8_header) = (eight_bit, utf8_header);
        envelope.size = Some(size);
        session.send(envelope).unwrap();
        assert_eq!(delivery(&mut session), Delivery::Unsent(reason));
        assert!(session.output().is_empty());
    }
}

#[test]
fn each_stage_has_its_own_patience() {
    let limits = config().limits;
    let greeted = "220 x\r\n250-x\r\n250 PIPELINING\r\n";
    for (said, patience) in [
        ("", limits.greeting_timeout),
        ("220 x\r\n", limits.command_timeout),
        (greeted, limits.command_timeout),
        (&format!("{greeted}250 x\r\n"), limits.rcpt_timeout),
        (&format!("{greeted}250 x\r\n250 x\r\n"), limits.data_timeout),
        (&format!("{greeted}250 x\r\n250 x\r\n354 x\r\n"), limits.end_timeout),
    ] {
        let mut session = Session::new(Instant::ORIGIN, config());
        session.receive(Instant::ORIGIN, said.as_bytes());
        loop {
            match session.poll().unwrap() {
                Step::Event(Event::Ready) => session.send(envelope()).unwrap(),
                Step::Event(Event::SendBody) => session.body_end().unwrap(),
                Step::NeedInput => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(session.deadline(), Some(Instant::ORIGIN + patience), "{said:?}");
    }
}

#[test]
fn only_what_asks_something_can_be_asked() {
    let mut session = Session::new(Instant::ORIGIN, config());
    assert_eq!(session.ask(&Command::Noop), Err(Misuse::NotReady));
    session.receive(Instant::ORIGIN, b"220 x\r\n250 x\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::Ready)));
    session.output().clear();
    assert_eq!(session.ask(&Command::Data), Err(Misuse::NoQuestion));
    assert_eq!(session.ask(&Command::Noop), Ok(()));
    assert_eq!(session.output(), "NOOP\r\n");
    session.receive(Instant::ORIGIN, b"250 yes\r\n");
    assert!(matches!(session.poll(), Ok(Step::Event(Event::Answered(_)))));
}

#[test]
fn a_large_message_in_chunks_never_fills_more_than_the_output_limit_and_a_chunk() {
    let now = Instant::ORIGIN;
    let mut session = Session::new(now, config());
    session.receive(now, b"220 x\r\n250-x\r\n250-CHUNKING\r\n250 PIPELINING\r\n");
    assert_eq!(session.poll(), Ok(Step::Event(Event::Ready)));
    session.send(envelope()).unwrap();
    assert_eq!(session.poll(), Ok(Step::Event(Event::SendBody)));
    session.receive(now, b"250 x\r\n250 x\r\n");
    let piece = [b'x'; 16 * 1024];
    let (mut asked, mut chunks) = (true, 0);
    for _ in 0..400 {
        if asked {
            session.body(&piece).unwrap();
        }
        assert!(session.output().len() < 64 * 1024 + 64 * 1024 + piece.len());
        let written = session.output().split();
        if written.windows(5).any(|it| it == b"BDAT ") {
            chunks += 1;
            session.receive(now, b"250 chunk\r\n");
        }
        asked = session.poll() == Ok(Step::Event(Event::SendBody));
    }
    assert!(chunks > 50, "{chunks}");
    session.body_end().unwrap();
    session.output().clear();
    session.receive(now, b"250 OK\r\n250 OK\r\n");
    assert!(matches!(delivery(&mut session), Delivery::Accepted(_)));
}

#[test]
fn a_server_that_does_not_take_the_message_is_given_up() {
    let mut session = sending(config());
    assert_eq!(session.deadline(), None);
    session.body(&[b'x'; 70_000]).unwrap();
    assert_eq!(session.poll(), Ok(Step::NeedInput));
    let deadline = session.deadline().unwrap();
    assert_eq!(deadline, Instant::ORIGIN + config().limits.block_timeout);
    session.expire(deadline);
    assert_eq!(delivery(&mut session), Delivery::Unsent(Reason::Interrupted));
    assert_eq!(session.poll(), Err(Error::Timeout));
}

fn server_line() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "220 x",
        "250 x",
        "250-x",
        "250 PIPELINING",
        "250-CHUNKING",
        "250-STARTTLS",
        "250 AUTH PLAIN LOGIN",
        "354 go",
        "334 ",
        "334 VXNlcm5hbWU6",
        "235 ok",
        "550 no",
        "421 bye",
        "503 what",
        "221 bye",
        "250",
    ]);
    prop_oneof![
        20 => known.prop_map(|line| format!("{line}\r\n")),
        1 => "[ -~\r\n\0ü]{0,40}\n",
    ]
}

/// Lines that look like ends, and are none.
fn letter() -> impl Strategy<Value = String> {
    let part =
        prop::sample::select(vec![".", "..", "\r\n", "\r\n.\r\n", "x", "QUIT", "\r\n.", "ü"]);
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold_whatever_a_server_says(
        said in prop::collection::vec(server_line(), 0..20),
        hello: bool,
        cuts in prop::collection::vec(0usize..300, 0..6),
        tls: bool,
    ) {
        let words: &[_] = if tls { &["opportunistic", "login", "plaintext"] } else { &["output=9"] };
        let client = Client::configured(words.iter().copied());
        let chunks = "220 x\r\n250-x\r\n250-CHUNKING\r\n250 PIPELINING\r\n";
        let opening = match (hello, tls) {
            (true, true) => chunks,
            (true, false) => "220 x\r\n250-x\r\n250 PIPELINING\r\n",
            (false, _) => "",
        };
        let octets = format!("{opening}{}", said.concat());
        laws::splitting(&client, octets.as_bytes(), &cuts);
        laws::silence(&client, octets.as_bytes());
    }

    #[test]
    fn every_letter_arrives_as_it_was_sent(
        letter in letter(),
        recipients in 1usize..4,
        chunk in prop::option::of(1usize..20),
        lmtp: bool,
        window in 1usize..40,
    ) {
        let all = ["a@b", "c@d", "\"e f\"@g"][..recipients].join(",");
        let mut client = Client::configured([&*format!("to={}", all.replace(' ', "_"))]);
        client.letter = letter.clone().into_bytes();
        client.config.chunking = chunk.is_some();
        client.config.limits.chunk = chunk.unwrap_or(1);
        let mut server = Server::default();
        (client.config.lmtp, server.config.lmtp) = (lmtp, lmtp);
        let (told, heard) = pipe(&client, &server, window);
        let whole = chunk.is_some() || letter.is_empty() || letter.ends_with("\r\n");
        let ended = if whole { "" } else { "\r\n" };
        let arrived = format!("body: {}", (letter + ended).into_bytes().escape_ascii());
        let bodies: Vec<_> = heard.events.iter().filter(|it| it.starts_with("body")).collect();
        if arrived == "body: " {
            prop_assert!(bodies.is_empty());
        } else {
            prop_assert_eq!(bodies, [&arrived]);
        }
        prop_assert!(heard.closed);
        prop_assert_eq!(told.events.join("").matches("Accepted(").count(), recipients);
    }
}
