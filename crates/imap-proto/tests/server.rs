//! The server's session: scripts, laws, and the mistakes of its application.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use imap_proto::command::{AppendPart, ArgumentLimits, ReaderLimits};
use imap_proto::server::{Config, Error, Event, Misuse, Session};
use imap_proto::{
    Capability, Condition, Content, Fetch, FetchItem, Limits, Line, RespText, Response, Section,
    Text,
};
use proptest::prelude::*;
use proto_core::testing::{Expected, Script, Side, Subject, laws};
use proto_core::{Instant, Machine, Step};
use sasl::scram::Verifier;
use sasl::server::Claim;
use sasl::{Mechanism, Seed};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/server");

#[test]
fn scripts() {
    play(SCRIPTS);
}

/// Clients that mean harm, or do not know better.
#[test]
fn hostile_scripts() {
    assert!(play(&format!("{SCRIPTS}/hostile")) >= 60, "one case a script");
}

fn play(directory: &str) -> usize {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries.filter(|path| path.is_file()).collect();
    paths.sort();
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        println!("{name}");
        let words = text.lines().find_map(|line| line.strip_prefix("# config:"));
        let server = Server::configured(words.unwrap_or_default().split_whitespace());
        Script::parse(&name, &text).run(&server);
    }
    paths.len()
}

/// A server, and an application that says what the script says, or else yes.
struct Server {
    config: Config,
    tls: bool,
    /// Contents of responses are streamed.
    streams: bool,
    /// Messages are refused before they come, if the script says so.
    early: bool,
}

impl Server {
    fn configured<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut config = Config::default();
        config.plaintext_passwords = true;
        let mut server = Self { config, tls: false, streams: false, early: false };
        words.into_iter().for_each(|word| server.configure(word));
        server
    }

    fn configure(&mut self, word: &str) {
        let Self { config, tls, streams, early } = self;
        if let Some(name) = word.strip_prefix('+') {
            let name = Bytes::copy_from_slice(name.as_bytes());
            return config.capabilities.push(Capability::parse(name).unwrap());
        }
        if let Some(name) = word.strip_prefix('-') {
            let name = Capability::parse(Bytes::copy_from_slice(name.as_bytes())).unwrap();
            return config.capabilities.retain(|known| *known != name);
        }
        match word {
            "tls" => return *tls = true,
            "stream" => return *streams = true,
            "early" => return *early = true,
            "private" => return config.plaintext_passwords = false,
            "auth" => return config.mechanisms = vec![Mechanism::PLAIN, Mechanism::LOGIN],
            "proofs" => return config.mechanisms = Mechanism::ALL.to_vec(),
            _ => {}
        }
        let (key, value) = word.split_once('=').unwrap();
        let number: u64 = value.parse().unwrap();
        let (count, length) = (u32::try_from(number).unwrap(), usize::try_from(number).unwrap());
        let limits = &mut config.limits;
        match key {
            "message" => limits.message = number,
            "discarded" => limits.discarded = number,
            "auth-line" => limits.auth_line = length,
            "mistakes" => limits.mistakes = count,
            "failures" => limits.failures = count,
            "output" => limits.output = length,
            "login" => limits.login = Duration::from_secs(number),
            "literal-time" => limits.literal = Duration::from_secs(number),
            "text" => limits.commands.frame.text = length,
            "endless" => limits.commands.frame.endless_line = number,
            "early-endless" => limits.early.frame.endless_line = number,
            "arguments" => limits.commands.arguments.octets = number,
            "argument-literals" => limits.commands.arguments.literals = length,
            "depth" => limits.commands.line.depth = count,
            _ => panic!("{key}"),
        }
    }

    fn say(&self, session: &mut Session, expected: &mut Expected<'_>) {
        let mut response = next_response(expected);
        // What the session itself says before a refusal (RFC 7628).
        if matches!(response, Response::Continuation(_)) {
            response = next_response(expected);
        }
        if let Response::Tagged { condition, text, .. } = response {
            return session.finish(condition, text).unwrap();
        }
        if !self.streams {
            return session.respond(response).unwrap();
        }
        let (response, contents) = streamed(response);
        session.respond(response).unwrap();
        for content in contents {
            for piece in content.chunks(3) {
                assert_eq!(session.finish_ok(), Err(Misuse::Unfinished));
                session.octets(piece).unwrap();
            }
        }
    }
}

/// The script's next line, or lines if there are literals.
fn next_response(expected: &mut Expected<'_>) -> Response {
    let mut octets = Vec::new();
    loop {
        octets.extend_from_slice(expected.next().expect("the script has an answer"));
        octets.extend_from_slice(b"\r\n");
        let line = Line::parse(Bytes::copy_from_slice(&octets));
        if let Some(response) =
            line.ok().and_then(|it| Response::parse(&it, Limits::default()).ok())
        {
            return response;
        }
        assert!(octets.len() < 5000, "{}", octets.escape_ascii());
    }
}

fn streamed(mut response: Response) -> (Response, Vec<Bytes>) {
    let mut contents = Vec::new();
    if let Response::Fetch(fetch) = &mut response {
        for item in &mut fetch.items {
            if let FetchItem::Section { content, .. } = item
                && let Content::Octets(octets) = content
            {
                contents.push(octets.clone());
                *content = Content::Streamed(octets.len() as u64);
            }
        }
    }
    (response, contents)
}

impl Subject for Server {
    type Machine = Session;
    const SIDE: Side = Side::Server;

    fn start(&self, now: Instant) -> Session {
        let mut session = Session::new(now, self.config.clone()).with_seed(Seed::new([7; 32]));
        if self.tls {
            session.secured();
        }
        session
    }

    fn answer(
        &self,
        session: &mut Session,
        event: Option<&Event>,
        expected: &mut Expected<'_>,
    ) -> bool {
        if session.awaits_tls() || session.awaits_compression() {
            return false;
        }
        let waits = match event {
            Some(Event::Command(tagged)) => tagged.command.brings_messages(),
            Some(Event::Part(part)) => matches!(part, AppendPart::Text(_)),
            _ => false,
        };
        if waits && !self.early {
            session.accept().unwrap();
            return true;
        }
        if let Some(Event::AuthLookup(lookup)) = event {
            let stored = Verifier::new(lookup.hash(), &"pencil".into(), b"salt", 2).unwrap();
            session.supply(stored).unwrap();
            return true;
        }
        if expected.peek().is_some() {
            while session.awaits_answer() && expected.peek().is_some() {
                self.say(session, expected);
            }
            return true;
        }
        match event {
            Some(Event::Connected) => session.respond(ok("hello")).unwrap(),
            Some(Event::Auth(Claim::Token(_))) => {
                session.finish(Condition::No, text("no")).unwrap()
            }
            Some(Event::Auth(claim)) if claim.authcid() == Some("no") => {
                session.finish(Condition::No, text("no")).unwrap();
            }
            _ if waits => session.finish(Condition::No, text("no")).unwrap(),
            _ => session.finish_ok().unwrap(),
        }
        true
    }

    fn body(event: &Event) -> Option<&Bytes> {
        match event {
            Event::Octets(octets) => Some(octets),
            _ => None,
        }
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        let limits = &self.config.limits;
        limits.auth_line.max(limits.commands.frame.text)
    }

    fn awaits_tls(session: &Session) -> bool {
        session.awaits_tls()
    }
}

fn text(words: &'static str) -> RespText {
    RespText::new(None, Text::from_static(words))
}

fn ok(words: &'static str) -> Response {
    Response::Condition { condition: Condition::Ok, text: text(words) }
}

fn lines(said: &str) -> Vec<u8> {
    said.replace('\n', "\r\n").into_bytes()
}

const LOGIN: &str = "A LOGIN bob hungry\n";

#[test]
fn messages_come_through_wherever_they_are_cut() {
    let said = format!("{LOGIN}B APPEND INBOX (\\Seen) {{5}}\nhello {{4+}}\nmore\nC NOOP\n");
    let server = Server::configured(["+MULTIAPPEND"]);
    let transcript = laws::every_split(&server, &lines(&said));
    let bodies: Vec<_> = transcript.events.iter().filter(|it| it.starts_with("body")).collect();
    assert_eq!(bodies, ["body: hello", "body: more"]);
    assert!(transcript.events.contains(&"End".to_string()));
    assert!(transcript.closed);
}

#[test]
fn silence_ends_every_session() {
    for said in [
        "",
        "A",
        "A LOGIN {3}\n",
        LOGIN,
        &format!("{LOGIN}B APPEND INBOX {{10}}\nhalf"),
        &format!("{LOGIN}B IDLE\n"),
        &format!("{LOGIN}B COMPRESS DEFLATE\n"),
        "A AUTHENTICATE PLAIN\n",
        "A STARTTLS\n",
    ] {
        laws::silence(
            &Server::configured(["+STARTTLS", "+COMPRESS=DEFLATE", "auth"]),
            &lines(said),
        );
    }
}

fn started(config: &[&str]) -> Session {
    let mut session = Server::configured(config.iter().copied()).start(Instant::ORIGIN);
    assert_eq!(session.poll(), Ok(Step::Event(Event::Connected)));
    session.respond(ok("hello")).unwrap();
    session
}

fn logged_in(config: &[&str]) -> Session {
    let mut session = started(config);
    session.output().clear();
    assert!(matches!(hear(&mut session, LOGIN), Step::Event(Event::Auth(_))));
    session.finish_ok().unwrap();
    session.output().clear();
    session
}

fn hear(session: &mut Session, said: &str) -> Step<Event> {
    session.receive(Instant::ORIGIN, &lines(said));
    session.poll().unwrap()
}

/// RFC 2177 §4.
#[test]
fn news_are_told_while_the_client_idles() {
    let mut session = logged_in(&[]);
    assert_eq!(hear(&mut session, "A2 IDLE\n"), Step::Event(Event::Idle));
    session.respond(Response::Exists(4)).unwrap();
    session.respond(Response::Expunge(3.try_into().unwrap())).unwrap();
    assert_eq!(session.poll(), Ok(Step::NeedInput));
    assert_eq!(session.output(), "+ idling\r\n* 4 EXISTS\r\n* 3 EXPUNGE\r\n");
    session.output().clear();
    assert!(session.is_idle());
    assert_eq!(hear(&mut session, "done\nA3 NOOP\n"), Step::Event(Event::IdleEnd));
    assert_eq!(session.output(), "A2 OK no longer idling\r\n");
    assert!(matches!(session.poll(), Ok(Step::Event(Event::Command(_)))));
}

/// RFC 9051 §7.5.1.
#[test]
fn no_message_goes_between_two_commands() {
    let mut session = logged_in(&[]);
    assert_eq!(session.respond(Response::Exists(4)), Ok(()));
    let gone = Response::Expunge(3.try_into().unwrap());
    assert_eq!(session.respond(gone), Err(Misuse::NoExpunge));
    assert_eq!(session.output(), "* 4 EXISTS\r\n");
}

/// RFC 5465 §6.1: unless the client says that it can do with that, and until it says otherwise.
#[test]
fn messages_go_at_any_time_for_who_has_asked_for_it() {
    let mut session = logged_in(&["+NOTIFY"]);
    let gone = || Response::Expunge(3.try_into().unwrap());
    let ask = |session: &mut Session, what: &str, condition: Condition| {
        let line = format!("A NOTIFY {what}\n");
        assert!(matches!(hear(session, &line), Step::Event(Event::Command(_))));
        session.finish(condition, text("x")).unwrap();
    };
    let at_once = "SET (SELECTED (MessageNew MessageExpunge))";
    ask(&mut session, at_once, Condition::No);
    assert_eq!(session.respond(gone()), Err(Misuse::NoExpunge), "it was refused");
    ask(&mut session, at_once, Condition::Ok);
    assert_eq!(session.respond(gone()), Ok(()));
    for what in ["SET (SELECTED-DELAYED (MessageNew MessageExpunge))", "NONE"] {
        ask(&mut session, at_once, Condition::Ok);
        ask(&mut session, what, Condition::Ok);
        assert_eq!(session.respond(gone()), Err(Misuse::NoExpunge), "{what}");
    }
}

#[test]
fn an_answer_that_makes_no_sense_is_misuse_and_changes_nothing() {
    let mut session = started(&["+UNAUTHENTICATE"]);
    session.output().clear();
    assert_eq!(session.finish_ok(), Err(Misuse::NotDue));
    assert_eq!(session.accept(), Err(Misuse::NotDue));
    assert_eq!(session.respond(Response::Preauth(text("x"))), Err(Misuse::NotDue));
    assert_eq!(session.respond(Response::Continuation(Text::default())), Err(Misuse::NotDue));
    assert_eq!(session.octets(b"x"), Err(Misuse::TooMany));
    let mut session = logged_in(&["+UNAUTHENTICATE"]);
    let _ = hear(&mut session, "B APPEND INBOX {3}\n");
    assert_eq!(session.finish_ok(), Err(Misuse::NotDue), "no message has come");
    session.finish(Condition::No, text("no")).unwrap();
    let _ = hear(&mut session, "C UNAUTHENTICATE\n");
    assert_eq!(session.finish(Condition::No, text("no")), Err(Misuse::NotDue));
    session.finish_ok().unwrap();
    assert!(!session.is_authenticated());
    assert_eq!(session.output(), "B NO no\r\nC OK done\r\n");
}

fn body(size: u64) -> Response {
    let section = Section::default();
    let item = FetchItem::Section { section, origin: None, content: Content::Streamed(size) };
    let number = 1.try_into().unwrap();
    Response::Fetch(Fetch { number, by_uid: false, items: vec![item.clone(), item] })
}

#[test]
fn contents_stream_in_pieces_and_nothing_comes_between() {
    let mut session = logged_in(&["output=10"]);
    let _ = hear(&mut session, "B NOOP\n");
    session.respond(body(4)).unwrap();
    assert!(session.is_full());
    assert_eq!(session.output().split(), "* 1 FETCH (BODY[] {4}\r\n");
    assert_eq!(session.octets(b"12345"), Err(Misuse::TooMany));
    assert_eq!(session.respond(Response::Exists(1)), Err(Misuse::Unfinished));
    session.octets(b"123").unwrap();
    assert_eq!(session.finish_ok(), Err(Misuse::Unfinished));
    session.octets(b"4").unwrap();
    assert_eq!(session.output().split(), "1234 BODY[] {4}\r\n");
    session.octets(b"5678").unwrap();
    session.respond(body(0)).unwrap();
    session.finish_ok().unwrap();
    assert_eq!(
        session.output(),
        "5678)\r\n* 1 FETCH (BODY[] {0}\r\n BODY[] {0}\r\n)\r\nB OK done\r\n"
    );
}

#[test]
fn a_response_that_cannot_be_ended_ends_the_session_without_a_word() {
    let mut session = logged_in(&[]);
    let _ = hear(&mut session, "B NOOP\n");
    session.respond(body(4)).unwrap();
    session.give_up();
    assert_eq!(session.poll(), Err(Error::CutResponse));
    assert_eq!(session.output(), "* 1 FETCH (BODY[] {4}\r\n");
}

#[test]
fn what_is_enabled_is_what_was_said_to_be() {
    let mut session = logged_in(&["+CONDSTORE", "+QRESYNC"]);
    let _ = hear(&mut session, "B ENABLE QRESYNC IMAP4rev2\n");
    assert!(session.enabled().is_empty());
    session.respond(Response::Enabled(vec![Capability::Qresync])).unwrap();
    session.finish_ok().unwrap();
    assert!(session.is_enabled(&Capability::Condstore), "QRESYNC is more than CONDSTORE");
    assert!(!session.dialect().utf8);
    let _ = hear(&mut session, "C ENABLE UTF8=ACCEPT\n");
    session.respond(Response::Enabled(vec![Capability::Utf8Accept])).unwrap();
    assert!(session.dialect().utf8);
}

/// RFC 7162 §3.1.
#[test]
fn commands_that_know_mod_sequences_enable_them() {
    for command in [
        "SELECT INBOX (CONDSTORE)",
        "STATUS INBOX (HIGHESTMODSEQ)",
        "FETCH 1 (MODSEQ)",
        "FETCH 1 FLAGS (CHANGEDSINCE 5)",
        "STORE 1 (UNCHANGEDSINCE 5) FLAGS ()",
        "SEARCH MODSEQ 5",
    ] {
        for (config, enabled) in [(&["+CONDSTORE"][..], true), (&[][..], false)] {
            let mut session = logged_in(config);
            let _ = hear(&mut session, "B SELECT INBOX\n");
            session.finish_ok().unwrap();
            assert!(!session.is_enabled(&Capability::Condstore));
            let _ = hear(&mut session, &format!("C {command}\n"));
            assert_eq!(session.is_enabled(&Capability::Condstore), enabled, "{command}");
        }
    }
}

#[test]
fn the_reply_is_the_transition() {
    let mut session = logged_in(&[]);
    let code = RespText::new(Some(imap_proto::Code::ReadOnly), Text::from_static("x"));
    for (command, condition, text, selected, read_only) in [
        ("SELECT a", Condition::No, text("x"), false, false),
        ("SELECT a", Condition::Ok, text("x"), true, false),
        ("SELECT a", Condition::Bad, text("x"), true, false),
        ("CLOSE", Condition::No, text("x"), true, false),
        ("SELECT a", Condition::No, text("x"), false, false),
        ("EXAMINE a", Condition::Ok, code, true, true),
        ("UNSELECT", Condition::Ok, text("x"), false, false),
    ] {
        let _ = hear(&mut session, &format!("B {command}\n"));
        session.finish(condition, text).unwrap();
        let got = (session.is_selected(), session.is_read_only());
        assert_eq!(got, (selected, read_only), "{command} {condition:?}");
    }
}

#[test]
fn a_session_that_is_shut_down_ends_between_two_commands() {
    let mut session = logged_in(&[]);
    let _ = hear(&mut session, "B NOOP\nC NOOP\n");
    session.shut_down();
    assert_eq!(session.poll(), Ok(Step::Paused));
    session.finish_ok().unwrap();
    assert_eq!(session.poll(), Err(Error::ShuttingDown));
    assert_eq!(session.output(), "B OK done\r\n* BYE [UNAVAILABLE] shutting down\r\n");

    let mut session = logged_in(&[]);
    let _ = hear(&mut session, "B IDLE\n");
    session.shut_down();
    assert_eq!(session.poll(), Err(Error::ShuttingDown));
}

#[test]
fn an_application_may_end_a_session_at_any_time() {
    let bye = || Response::Bye(text("enough"));
    let mut session = logged_in(&[]);
    session.respond(bye()).unwrap();
    assert_eq!(session.poll(), Ok(Step::Closed));
    let mut session = logged_in(&[]);
    let _ = hear(&mut session, "B IDLE\n");
    session.respond(bye()).unwrap();
    assert_eq!(session.poll(), Ok(Step::Closed));
    let mut session = Server::configured([]).start(Instant::ORIGIN);
    let _ = session.poll();
    session.respond(bye()).unwrap();
    assert_eq!(session.poll(), Ok(Step::Closed));
    assert_eq!(session.output(), "* BYE enough\r\n");
}

#[test]
fn what_comes_after_compress_is_given_back_as_it_is() {
    let mut session = logged_in(&["+COMPRESS=DEFLATE", "+UNAUTHENTICATE"]);
    assert_eq!(session.compressed(), None);
    assert!(session.capabilities().contains(&Capability::Unauthenticate));
    assert_eq!(hear(&mut session, "B COMPRESS DEFLATE\n\x01\x02"), Step::Event(Event::Compress));
    session.finish_ok().unwrap();
    assert!(session.awaits_compression());
    assert_eq!(session.poll(), Ok(Step::Paused));
    assert_eq!(session.compressed().as_deref(), Some(&b"\x01\x02"[..]));
    assert!(!session.capabilities().contains(&Capability::CompressDeflate));
    assert!(!session.capabilities().contains(&Capability::Unauthenticate));
    session.output().clear();
    let _ = hear(&mut session, "C COMPRESS DEFLATE\nD UNAUTHENTICATE\n");
    assert_eq!(
        session.output(),
        "C NO [COMPRESSIONACTIVE] DEFLATE is on already\r\nD BAD not under compression\r\n"
    );
}

#[test]
fn plaintext_that_arrives_just_before_the_handshake_is_noticed() {
    let mut session = started(&["+STARTTLS"]);
    assert_eq!(hear(&mut session, "B STARTTLS\n"), Step::Event(Event::StartTls));
    session.finish_ok().unwrap();
    assert_eq!(session.poll(), Ok(Step::Paused));
    session.receive(Instant::ORIGIN, b"C NOOP\r\n");
    session.secured();
    assert_eq!(session.poll(), Err(Error::PlaintextAfterStartTls));
}

#[test]
fn an_endless_line_ends_the_session_and_costs_no_memory() {
    let mut session = logged_in(&[]);
    for _ in 0..1000 {
        session.receive(Instant::ORIGIN, &[b'x'; 1000]);
        if session.poll() == Err(Error::EndlessLine) {
            return;
        }
        assert!(session.buffered() <= 10_000);
    }
    panic!("it listens forever");
}

#[test]
fn many_short_commands_wait_while_their_long_answers_are_owed() {
    let mut session = logged_in(&["output=500"]);
    let many: String = (0..1000).map(|tag| format!("{tag} CAPABILITY\n")).collect();
    let mut answered = 0;
    let mut step = hear(&mut session, &many);
    loop {
        assert_eq!(step, Step::NeedInput);
        assert!(session.output().len() < 1000);
        let output = session.output().split();
        if output.is_empty() {
            break;
        }
        answered += String::from_utf8_lossy(&output).matches(" OK ").count();
        step = session.poll().unwrap();
    }
    assert_eq!(answered, 1000);
}

#[test]
fn before_login_little_is_read() {
    let limits = ReaderLimits::default();
    assert_eq!(limits.arguments, ArgumentLimits::default());
    let mut session = started(&[]);
    session.output().clear();
    let _ = hear(&mut session, "A LOGIN bob {8192}\nB LOGIN bob {8193}\n");
    // The first is let, so what follows is its.
    assert_eq!(session.output(), "+ go ahead\r\n");
    let mut session = started(&[]);
    session.output().clear();
    let _ = hear(&mut session, "B LOGIN bob {8190}\n");
    assert_eq!(session.output(), "+ go ahead\r\n");
    let mut session = started(&[]);
    session.output().clear();
    let _ = hear(&mut session, "B LOGIN bob {8193}\n");
    assert_eq!(session.output(), "B BAD [TOOBIG] arguments are too large\r\n");
}

fn client_line() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "A LOGIN bob hungry",
        "A LOGIN no hungry",
        "A LOGIN {3}",
        "bob {6+}",
        "hungry",
        "A AUTHENTICATE PLAIN AGJvYgBodW5ncnk=",
        "A AUTHENTICATE PLAIN",
        "AGJvYgBodW5ncnk=",
        "*",
        "B SELECT INBOX",
        "B EXAMINE INBOX (CONDSTORE)",
        "B FETCH 1:* (FLAGS BODY[])",
        "B UID STORE 1 +FLAGS (\\Deleted)",
        "B CLOSE",
        "B APPEND INBOX {5}",
        "B APPEND INBOX {5+}",
        "B APPEND INBOX {4097+}",
        "B APPEND INBOX CATENATE (URL \"/x\" TEXT {3+}",
        "B APPEND INBOX CATENATE (URL \"/x\")",
        "B APPEND INBOX {99999999999+}",
        "abc {3}",
        "abc)",
        "hello",
        "B IDLE",
        "DONE",
        "B STARTTLS",
        "B COMPRESS DEFLATE",
        "B UNAUTHENTICATE",
        "B ENABLE QRESYNC",
        "B ID NIL",
        "B CAPABILITY",
        "B NOOP",
        "B LOGOUT",
        "B SEARCH ((((((((ALL))))))))",
        "B LIST \"\" {1}",
        "garbage",
        "",
    ]);
    prop_oneof![9 => known.prop_map(String::from), 1 => "[ -~\r\n\0ü]{0,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold_whatever_a_client_says(
        said in prop::collection::vec(client_line(), 0..30),
        cuts in prop::collection::vec(0usize..600, 0..6),
        preliminary: bool,
        early: bool,
        minus: bool,
    ) {
        let mut words = vec![
            "+STARTTLS", "+COMPRESS=DEFLATE", "+UNAUTHENTICATE", "+CATENATE", "auth", "mistakes=9",
            "message=6", "discarded=5000", "output=300",
        ];
        words.extend(early.then_some("early"));
        words.extend(minus.then_some(["-LITERAL+", "+LITERAL-"]).into_iter().flatten());
        let server = Server::configured(words);
        let start = if preliminary { "A LOGIN bob hungry\r\n" } else { "" };
        let octets: String = said.iter().map(|line| format!("{line}\r\n")).collect();
        let octets = format!("{start}{octets}");
        laws::splitting(&server, octets.as_bytes(), &cuts);
        laws::silence(&server, octets.as_bytes());
    }
}
