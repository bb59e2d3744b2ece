//! The server's session: scripts, laws, and the mistakes of its application.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod common;

use std::fs;

use common::server::Server;
use proptest::prelude::*;
use proto_core::testing::{Script, Subject, laws};
use proto_core::{Instant, Machine, Step};
use smtp_proto::server::{Config, Event, Session};
use smtp_proto::{Error, Extension, Extensions, Misuse, ProxyHeader, Reply};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/server");

#[test]
fn scripts() {
    let mut paths: Vec<_> =
        fs::read_dir(SCRIPTS).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        println!("{name}");
        let server = Server::configured(common::words_after(&text, "# config:"));
        Script::parse(&name, &text).run(&server);
    }
}

fn lines(client: &str) -> Vec<u8> {
    client.replace('\n', "\r\n").into_bytes()
}

const MAIL: &str = "EHLO bar.com\nMAIL FROM:<a@bar.com>\nRCPT TO:<b@foo.com>\nDATA\n";

#[test]
fn a_message_comes_through_without_its_dots_wherever_it_is_cut() {
    let all = lines(&format!("{MAIL}..dot\nx\n...\n.\nQUIT\n"));
    let transcript = laws::every_split(&Server::default(), &all);
    assert!(transcript.closed);
    assert!(transcript.events.iter().any(|event| event == r"body: .dot\r\nx\r\n..\r\n"));
}

#[test]
fn a_normalised_message_has_no_bare_octets() {
    let server = Server::configured(["normalise"]);
    let mut all = lines(MAIL);
    all.extend_from_slice(b"a\nb\rc\0d\r\n.\r\n");
    let transcript = laws::every_split(&server, &all);
    assert!(transcript.events.iter().any(|event| event == r"body: a\r\nb\r\ncd\r\n"));
}

#[test]
fn exactly_the_limit_of_a_large_message_is_passed_on() {
    let server = Server::configured(["size=4"]);
    let transcript = laws::every_split(&server, &lines(&format!("{MAIL}123456\n.\nNOOP\n")));
    assert!(transcript.events.iter().any(|event| event == "body: 1234"));
    assert!(transcript.events.iter().any(|event| event == "BodyRefused(TooLarge)"));
}

#[test]
fn an_application_hears_of_chunks_that_were_too_large() {
    let server = Server::configured(["size=4"]);
    let mail = MAIL.strip_suffix("DATA\n").unwrap();
    for chunks in ["BDAT 5 LAST\n12345", "BDAT 4\n1234BDAT 1\n5BDAT 1 LAST\n6"] {
        let transcript = laws::every_split(&server, &lines(&format!("{mail}{chunks}NOOP\n")));
        let told = transcript.events.iter().filter(|it| *it == "BodyRefused(TooLarge)").count();
        assert_eq!(told, 1, "{chunks}");
        assert!(transcript.wire.ends_with(b"250 2.0.0 OK\r\n"));
    }
}

#[test]
fn silence_ends_every_session() {
    for said in ["", "EHLO", "EHLO bar.com\n", MAIL, &format!("{MAIL}half")] {
        laws::silence(&Server::default(), &lines(said));
    }
    laws::silence(&Server::configured(["starttls"]), &lines("EHLO x\nSTARTTLS\n"));
    laws::silence(&Server::configured(["auth", "tls"]), &lines("EHLO x\nAUTH PLAIN\n"));
}

#[test]
fn an_endless_line_ends_the_session_and_costs_no_memory() {
    let server = Server::default();
    let mut session = started(server.config.clone());
    for _ in 0..1000 {
        session.receive(Instant::ORIGIN, &[b'x'; 1000]);
        if session.poll() == Err(Error::EndlessLine) {
            return;
        }
        assert!(session.buffered() <= 2000);
    }
    panic!("it listens forever");
}

fn started(config: Config) -> Session {
    let mut session = Session::new(Instant::ORIGIN, config);
    assert_eq!(session.poll(), Ok(Step::Event(Event::Connected)));
    session.accept().unwrap();
    session
}

fn hear(session: &mut Session, text: &str) -> Step<Event> {
    session.receive(Instant::ORIGIN, &lines(text));
    session.poll().unwrap()
}

#[test]
fn a_reply_that_makes_no_sense_is_misuse_and_changes_nothing() {
    let mut config = Config::new("foo.com".parse().unwrap());
    config.extensions = Extensions::all();
    config.mechanisms = vec![sasl::Mechanism::PLAIN];
    config.plaintext_passwords = true;
    let mut session = started(config);
    let reply = |code| Reply::new(code, "x").unwrap();
    assert_eq!(session.reply(reply(250)), Err(Misuse::Reply { code: 250 }));
    assert_eq!(session.accept(), Err(Misuse::NotReady));
    for (command, senseless, good) in [
        ("HELP\n", &[250, 354, 220][..], 214),
        ("EHLO bar.com\n", &[220, 251, 354], 250),
        ("AUTH PLAIN AGEAYg==\n", &[250, 334, 354], 535),
        ("VRFY x\n", &[220, 354], 252),
        ("MAIL FROM:<a@bar.com>\n", &[251, 354, 235], 250),
        ("RCPT TO:<b@foo.com>\n", &[252, 354], 251),
        ("DATA\n", &[250, 221], 354),
        (".\n", &[354, 251, 220], 250),
        ("ETRN x\n", &[220, 354], 253),
        ("XFORWARD NAME=x\n", &[220, 251], 250),
        ("MAIL FROM:<a@bar.com>\n", &[354], 250),
        ("RCPT TO:<b@foo.com>\n", &[354], 250),
        ("BURL imap://x\n", &[354, 251], 250),
        ("BURL imap://x LAST\n", &[354, 251], 554),
        ("XCLIENT NAME=x\n", &[250, 354], 220),
        ("EHLO bar.com\n", &[220], 250),
        ("STARTTLS\n", &[250, 354], 454),
        ("QUIT\n", &[250, 550, 354], 221),
    ] {
        assert!(matches!(hear(&mut session, command), Step::Event(_)), "{command}");
        session.output().clear();
        for &code in senseless {
            assert_eq!(session.reply(reply(code)), Err(Misuse::Reply { code }), "{command}");
            assert!(session.output().is_empty());
        }
        assert_eq!(session.reply(reply(good)), Ok(()), "{command}");
    }
    assert_eq!(session.poll(), Ok(Step::Closed));
}

#[test]
fn the_customary_reply_to_lhlo_announces_everything_that_is_offered() {
    let server = Server::configured(["all", "lmtp", "tls", "transactions=5"]);
    let mut session = server.start(Instant::ORIGIN);
    assert_eq!(session.poll(), Ok(Step::Event(Event::Connected)));
    session.accept().unwrap();
    assert_eq!(session.output(), "220 foo.com LMTP\r\n");
    let _ = hear(&mut session, "LHLO bar.com\n");
    session.output().clear();
    session.accept().unwrap();
    let said = String::from_utf8(session.output().to_vec()).unwrap();
    for line in [
        "CHUNKING",
        "BINARYMIME",
        "DSN",
        "DELIVERBY 60",
        "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
        "MT-PRIORITY",
        "REQUIRETLS",
        "RRVS",
        "LIMITS MAILMAX=5 RCPTMAX=1000",
        "BURL imap",
        "ETRN",
        "XCLIENT NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT",
        "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE",
    ] {
        assert!(
            said.contains(&format!("250-{line}\r\n")) || said.contains(&format!("250 {line}\r\n")),
            "{line}"
        );
    }
    assert!(!said.contains("STARTTLS"));
}

/// RFC 5321 §3.8.
#[test]
fn a_session_that_is_shut_down_ends_between_two_commands() {
    const GOODBYE: &str = "421 4.3.2 foo.com shutting down, closing connection\r\n";
    let mut session = started(Server::default().config);
    session.output().clear();
    session.shut_down();
    assert_eq!(session.poll(), Err(Error::ShuttingDown));
    assert_eq!(session.output(), GOODBYE);

    let mut session = started(Server::default().config);
    session.receive(Instant::ORIGIN, &lines(MAIL));
    while !matches!(session.poll(), Ok(Step::Event(Event::Data))) {
        let _ = session.accept();
    }
    session.accept().unwrap();
    session.shut_down();
    assert_eq!(session.poll(), Ok(Step::NeedInput));
    session.output().clear();
    assert!(matches!(hear(&mut session, "text\n.\nNOOP\n"), Step::Event(Event::Body(_))));
    assert_eq!(session.poll(), Ok(Step::Event(Event::BodyEnd)));
    assert_eq!(session.poll(), Ok(Step::Paused));
    session.accept().unwrap();
    assert_eq!(session.poll(), Err(Error::ShuttingDown));
    assert_eq!(session.output(), &format!("250 2.0.0 OK\r\n{GOODBYE}"));
}

#[test]
fn a_proxy_header_within_the_limit_is_told_and_one_beyond_it_is_refused() {
    let source = "192.0.2.1:56324".parse().unwrap();
    let header = ProxyHeader::Proxied { source, destination: "198.51.100.1:25".parse().unwrap() };
    let wire = header.to_binary();
    for (limit, good) in [(wire.len(), true), (wire.len() - 1, false)] {
        let server = Server::configured(["proxy", &format!("proxy-header={limit}")]);
        let mut session = server.start(Instant::ORIGIN);
        session.receive(Instant::ORIGIN, &wire);
        match session.poll() {
            Ok(step) => assert_eq!((step, good), (Step::Event(Event::Proxied(header)), true)),
            Err(error) => assert!(!good && matches!(error, Error::NoProxyHeader(_))),
        }
        assert!(session.output().is_empty());
    }
}

#[test]
fn a_message_has_the_grace_and_a_second_for_each_octet_of_the_rate() {
    let server = Server::configured(["body-grace=100", "body-rate=50"]);
    let mut session = started(server.config);
    session.receive(Instant::ORIGIN, &lines(MAIL));
    while !matches!(session.poll(), Ok(Step::NeedInput)) {
        let _ = session.accept();
    }
    let at = |seconds| Instant::ORIGIN + std::time::Duration::from_secs(seconds);
    session.receive(at(0), &[b'x'; 99]);
    assert!(matches!(session.poll(), Ok(Step::Event(Event::Body(_)))));
    assert_eq!(session.deadline(), Some(at(101)));
    session.receive(at(90), b"x");
    assert!(matches!(session.poll(), Ok(Step::Event(Event::Body(_)))));
    assert_eq!(session.deadline(), Some(at(102)));
    session.expire(at(102));
    assert_eq!(session.poll(), Err(Error::Timeout));
}

#[test]
fn the_customary_reply_to_ehlo_announces_what_can_be_had() {
    let mut config = Config::new("foo.com".parse().unwrap());
    config.extensions = config.extensions.with(Extension::StartTls);
    config.mechanisms = vec![
        sasl::Mechanism::PLAIN,
        sasl::Mechanism::LOGIN,
        sasl::Mechanism::parse(b"GSSAPI").unwrap(),
    ];
    config.limits.message_size = 1000;
    let mut session = started(config.clone());
    let _ = hear(&mut session, "EHLO bar.com\n");
    session.output().clear();
    session.accept().unwrap();
    let clear = "250-foo.com greets bar.com\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n\
                 250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-STARTTLS\r\n250 CHUNKING\r\n";
    assert_eq!(session.output(), clear);

    let mut session = started(config);
    session.secured();
    let _ = hear(&mut session, "EHLO bar.com\n");
    session.output().clear();
    session.accept().unwrap();
    let secured = clear.replace("250-STARTTLS", "250-AUTH PLAIN LOGIN");
    assert_eq!(session.output(), &secured);
}

#[test]
fn plaintext_that_arrives_just_before_the_handshake_is_noticed() {
    let server = Server::configured(["starttls"]);
    let mut session = started(server.config);
    let _ = hear(&mut session, "EHLO x\n");
    session.accept().unwrap();
    let _ = hear(&mut session, "STARTTLS\n");
    session.accept().unwrap();
    assert_eq!(session.poll(), Ok(Step::Paused));
    session.receive(Instant::ORIGIN, b"NOOP\r\n");
    session.secured();
    assert_eq!(session.poll(), Err(Error::PlaintextAfterStartTls));
}

fn client_line() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "EHLO bar.com",
        "HELO bar.com",
        "MAIL FROM:<a@b>",
        "MAIL FROM:<> SIZE=9",
        "RCPT TO:<c@d>",
        "DATA",
        ".",
        "..",
        "RSET",
        "NOOP",
        "QUIT",
        "STARTTLS",
        "BDAT 6",
        "BDAT 0 LAST",
        "BDAT 4 LAST",
        "BDAT 999999999999",
        "BDAT x",
        "BURL imap://x LAST",
        "BURL imap://x",
        "ETRN @x",
        "XCLIENT NAME=x",
        "XFORWARD NAME=x",
        "LHLO bar.com",
        "MAIL FROM:<a@b> BODY=BINARYMIME",
        "RCPT TO:<c@d> NOTIFY=NEVER",
        "AUTH PLAIN",
        "AUTH LOGIN Ym9i",
        "AGEAYg==",
        "*",
        "VRFY x",
        "HELP",
        "text",
        "text\rtext",
        "text\ntext",
        "\n.",
        "\r\n.\r",
    ]);
    prop_oneof![9 => known.prop_map(String::from), 1 => "[ -~\r\n\0ü]{0,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold_whatever_a_client_says(
        said in prop::collection::vec(client_line(), 0..30),
        cuts in prop::collection::vec(0usize..600, 0..6),
        secured: bool,
        lmtp: bool,
    ) {
        let extensions = if lmtp { "lmtp" } else { "all" };
        let secured = if secured { "tls" } else { "size=7" };
        let words = [extensions, "starttls", "auth", secured, "mistakes=5"];
        let server = Server::configured(words);
        let octets: String = said.iter().map(|line| format!("{line}\r\n")).collect();
        laws::splitting(&server, octets.as_bytes(), &cuts);
        laws::silence(&server, octets.as_bytes());
    }
}
