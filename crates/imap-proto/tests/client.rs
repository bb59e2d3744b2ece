//! The client's session against scripts, the laws, and servers that mean harm.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::collections::VecDeque;

use bytes::Bytes;
use imap_proto::{
    client::{Config, Error, Event, Misuse, Session, StartTls, State},
    command::{self, AppendPart, Command},
};
use proptest::prelude::*;
use proto_core::{
    Input, Instant, Machine, Step,
    testing::{Expected, Script, Side, Subject, laws},
};
use sasl::{Credentials, Seed, client::Identity};

/// A client whose application says what the script says; without a script, `commands`.
struct Client {
    config: Config,
    /// Whether the application logs in where no script says so.
    log_in: bool,
    /// Whether all commands of the script are given as soon as one can be.
    eager: bool,
    commands: Vec<Command>,
}

fn client(script: &str) -> Client {
    let mut config = Config::default();
    // Every script is played many times.
    config.sasl.least_iterations = 2;
    config.login_without_tls = !script.starts_with("login-disabled");
    let tls = script.starts_with("starttls")
        || ["preauth-injection", "rfc9051-section-8"].contains(&script);
    config.starttls = if tls { StartTls::Required } else { StartTls::Never };
    if script == "streamed-body" {
        config.limits.reader.body = 30;
    }
    let eager = script == "pipelined";
    let commands = if script.is_empty() { vec![Command::Noop] } else { vec![] };
    Client { config, log_in: script == "login-disabled" || script.is_empty(), eager, commands }
}

fn bob() -> Identity {
    Identity::Password(Credentials::new("mrc", "secret".into()).unwrap())
}

/// What an application has to say.
enum Saying {
    LogIn,
    Command(Command, Vec<AppendPart>),
}

/// Reads what the script wants to be said, as far as it begins with whole commands.
fn sayings(lines: &mut Expected<'_>) -> VecDeque<Saying> {
    let mut wire = Vec::new();
    for line in lines {
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
    }
    let (mut input, mut reader) = (Input::default(), command::Reader::default());
    input.push(&wire);
    let mut all = VecDeque::new();
    while let Ok(Some(event)) = reader.next(&mut input) {
        match event {
            command::Event::Command(tagged) => all.push_back(match tagged.command {
                Command::Login(_) | Command::Authenticate(_) => Saying::LogIn,
                other => Saying::Command(other, Vec::new()),
            }),
            command::Event::Part(part) => {
                if let AppendPart::Text(_) = part {
                    reader.accept();
                }
                if let Some(Saying::Command(_, parts)) = all.back_mut() {
                    parts.push(part);
                }
            }
            _ => {}
        }
    }
    all
}

impl Saying {
    fn say(self, session: &mut Session) -> bool {
        match self {
            Self::LogIn => session.authenticate(bob()).is_ok(),
            Self::Command(Command::Idle, _) => session.command(Command::Idle).is_ok(),
            Self::Command(command, parts) if command.brings_messages() => {
                session.append(command, parts).is_ok()
            }
            Self::Command(command, _) => session.command(command).is_ok(),
        }
    }
}

impl Subject for Client {
    type Machine = Session;
    const SIDE: Side = Side::Client;

    fn start(&self, now: Instant) -> Session {
        // Every time the same, so that a script can be written.
        Session::new(now, self.config).with_seed(Seed::new([7; 32]))
    }

    fn answer(
        &self,
        session: &mut Session,
        last: Option<&Event>,
        expected: &mut Expected<'_>,
    ) -> bool {
        if session.awaits_tls() {
            return false;
        }
        if let Some(Event::SendBody { size, .. }) = last {
            let size = usize::try_from(*size).unwrap();
            let mut octets = Vec::new();
            for line in &mut *expected {
                octets.extend_from_slice(line);
                octets.extend_from_slice(b"\r\n");
            }
            octets.resize(size.max(octets.len()), b'x');
            return session.body(&octets[..size]).is_ok();
        }
        if expected.peek().is_some() {
            let mut all = sayings(expected);
            if !self.eager {
                all.truncate(1);
            }
            // DONE is given before the server listens.
            let idles = matches!(all.front(), Some(Saying::Command(Command::Idle, _)));
            let said = all.into_iter().map(|saying| saying.say(session));
            let said = said.filter(|said| *said).count() > 0;
            if idles && self.config.limits.idle.as_secs() == 1 {
                session.done().unwrap();
            }
            return said;
        }
        if self.log_in && *session.state() == State::NotAuthenticated {
            return session.authenticate(bob()).is_ok();
        }
        let commands = self.commands.iter().cloned();
        commands.filter(|command| session.command(command.clone()).is_ok()).count() > 0
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
        self.config.limits.reader.frame.text
    }

    fn awaits_tls(session: &Session) -> bool {
        session.awaits_tls()
    }
}

#[test]
fn every_script_plays_whole_cut_and_octet_by_octet() {
    for script in Script::all_in(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/client")) {
        let mut client = client(script.name());
        if script.name() == "rfc2177-idle" {
            client.config.limits.idle = core::time::Duration::from_secs(1);
        }
        let transcript = script.run(&client);
        let events = transcript.events.join("\n");
        match script.name() {
            "rfc9051-section-8" | "pipelined" => assert!(transcript.closed, "{events}"),
            "starttls-says-nothing-in-clear" => {
                assert!(!events.contains("Exists") && !events.contains("eve"), "{events}");
            }
            "bye" => assert!(events.contains("too many of you"), "{events}"),
            "idle-is-renewed" => {
                assert_eq!(events.matches("Idling").count(), 1, "{events}");
                assert!(!events.contains("Done"), "{events}");
            }
            "streamed-body" => {
                assert_eq!(events.matches("Flags(").count(), 1, "{events}");
                assert_eq!(events.matches("Uid(").count(), 1, "{events}");
                assert!(events.contains("body: 0123456789"), "{events}");
            }
            "rfc5161-enable" => assert!(events.contains("X-BAD-IDEA"), "{events}"),
            _ => {}
        }
    }
}

/// What brings a client to its first command.
const OPEN: &str = "* PREAUTH [CAPABILITY IMAP4rev1] hello\r\n";

/// A session that is open, after what the server said then.
fn open(config: Config, capabilities: &str) -> Session {
    let mut session = Session::new(Instant::ORIGIN, config);
    let greeting = format!("* PREAUTH [CAPABILITY IMAP4rev1 {capabilities}] hello\r\n");
    session.receive(Instant::ORIGIN, greeting.as_bytes());
    assert_eq!(until_rest(&mut session).unwrap().last(), Some(&Event::Ready));
    session
}

fn in_clear() -> Config {
    client("").config
}

/// What the session tells before it waits for somebody.
fn until_rest(session: &mut Session) -> Result<Vec<Event>, Error> {
    let mut events = Vec::new();
    loop {
        match session.poll()? {
            Step::Event(event) => events.push(event),
            _ => return Ok(events),
        }
    }
}

fn hear(session: &mut Session, octets: &[u8]) -> Result<Vec<Event>, Error> {
    session.receive(Instant::ORIGIN, octets);
    until_rest(session)
}

fn parsed(command: &'static str) -> Command {
    Command::parse(command.into()).unwrap()
}

fn wire(session: &mut Session) -> Vec<u8> {
    session.output().split().to_vec()
}

#[test]
fn a_literal_that_is_refused_is_not_sent_and_the_next_command_goes() {
    let mut session = open(in_clear(), "");
    session.command(parsed("CREATE {2}\r\n\u{fc}")).unwrap();
    session.command(Command::Noop).unwrap();
    assert_eq!(wire(&mut session), b"A1 CREATE {2}\r\n");
    let events = hear(&mut session, b"A1 NO not here\r\n").unwrap();
    assert!(matches!(&events[..], [Event::Done { .. }]), "{events:?}");
    assert_eq!(wire(&mut session), b"A2 NOOP\r\n");
}

/// RFC 7888 §4: the server reads what was announced, whatever it thinks of the command.
#[test]
fn octets_that_were_promised_follow_a_refusal() {
    let mut session = open(in_clear(), "LITERAL+ MULTIAPPEND");
    let text = |size| {
        AppendPart::Text(imap_proto::frame::Literal { size, synchronizing: true, binary: false })
    };
    let start = || AppendPart::Message(command::MessageStart::default());
    let parts = vec![start(), text(5), start(), text(5000)];
    let tag = session.append(parsed("APPEND INBOX"), parts).unwrap();
    let asked = until_rest(&mut session).unwrap();
    assert_eq!(asked, [Event::SendBody { tag: tag.clone(), size: 5 }]);
    session.body(b"Hel").unwrap();
    assert_eq!(session.body(b"lo!"), Err(Misuse::NotDue));
    session.receive(Instant::ORIGIN, b"A1 NO full\r\n");
    session.body(b"lo").unwrap();
    let told = until_rest(&mut session).unwrap();
    assert!(matches!(&told[..], [Event::Done { tag: done, .. }] if *done == tag), "{told:?}");
    // A message of 5000 octets waits, and so is not promised.
    assert_eq!(wire(&mut session), b"A1 APPEND INBOX {5+}\r\nHello {5000}\r\n");
    assert_eq!(session.body(b"x"), Err(Misuse::NotDue));
}

#[test]
fn parts_that_make_no_message_are_misuse() {
    let mut session = open(in_clear(), "");
    let start = AppendPart::Message(command::MessageStart::default());
    assert_eq!(session.append(parsed("APPEND INBOX"), vec![start]), Err(Misuse::Parts));
    assert_eq!(session.append(Command::Noop, vec![]), Err(Misuse::NotYours));
    assert_eq!(session.command(parsed("APPEND INBOX")), Err(Misuse::NotYours));
    assert_eq!(session.command(Command::StartTls), Err(Misuse::NotYours));
    assert_eq!(session.authenticate(bob()), Err(Misuse::LoggedIn));
    session.command(Command::Logout).unwrap();
    assert_eq!(session.command(Command::Noop), Err(Misuse::NotOpen));
}

#[test]
fn idle_ends_when_the_application_has_heard_enough() {
    let mut session = open(in_clear(), "IDLE");
    assert_eq!(session.done(), Err(Misuse::NotDue));
    let idle = session.command(Command::Idle).unwrap();
    session.command(Command::Noop).unwrap();
    assert_eq!(hear(&mut session, b"+ idling\r\n").unwrap(), [Event::Idling(idle.clone())]);
    assert_eq!(hear(&mut session, b"* 1 EXISTS\r\n+ still here\r\n").unwrap().len(), 2);
    session.done().unwrap();
    assert_eq!(session.done(), Err(Misuse::NotDue));
    assert_eq!(wire(&mut session), b"A1 IDLE\r\nDONE\r\n");
    let told = hear(&mut session, b"A1 OK done\r\n").unwrap();
    assert!(matches!(&told[..], [Event::Done { tag, .. }] if *tag == idle));
    assert_eq!(wire(&mut session), b"A2 NOOP\r\n");
}

#[test]
fn who_has_heard_enough_while_idle_is_renewed_hears_no_more() {
    let mut session = open(in_clear(), "IDLE");
    let idle = session.command(Command::Idle).unwrap();
    hear(&mut session, b"+ idling\r\n").unwrap();
    let at = session.deadline().unwrap();
    assert_eq!(at, Instant::ORIGIN + in_clear().limits.idle);
    session.expire(at);
    session.done().unwrap();
    let told = hear(&mut session, b"A1 OK\r\n").unwrap();
    assert!(matches!(&told[..], [Event::Done { tag, .. }] if *tag == idle));
    assert_eq!(wire(&mut session), b"A1 IDLE\r\nDONE\r\n");
}

#[test]
fn the_state_follows_the_commands_that_are_over() {
    let mut session = open(in_clear(), "");
    for (command, answer, expected) in [
        ("SELECT a", "OK [READ-ONLY]", Some(("a", true))),
        ("SELECT b", "BAD", Some(("a", true))),
        ("SELECT b", "OK [READ-WRITE]", Some(("b", false))),
        ("SELECT c", "NO", None),
        ("EXAMINE c", "OK", Some(("c", true))),
        ("CLOSE", "NO", Some(("c", true))),
        ("CLOSE", "OK", None),
        ("SELECT a", "OK", Some(("a", false))),
        ("UNSELECT", "OK", None),
    ] {
        let tag = session.command(parsed(command)).unwrap();
        let tag = String::from_utf8(tag.as_bytes().to_vec()).unwrap();
        hear(&mut session, format!("{tag} {answer} x\r\n").as_bytes()).unwrap();
        let state = match session.state() {
            State::Selected { mailbox, read_only } => Some((mailbox.as_bytes(), *read_only)),
            _ => None,
        };
        assert_eq!(state, expected.map(|(name, only)| (name.as_bytes(), only)), "{command}");
    }
}

/// RFC 4978 §3: the octet after the agreement is compressed.
#[test]
fn what_follows_the_agreement_to_compress_is_given_back() {
    let mut session = open(in_clear(), "COMPRESS=DEFLATE");
    assert_eq!(session.compressed(), None);
    let tag = session.command(Command::Compress).unwrap();
    session.command(Command::Noop).unwrap();
    let told = hear(&mut session, b"A1 OK go\r\n\x4a\x01\x00").unwrap();
    assert_eq!(told, [Event::Compress]);
    assert_eq!(wire(&mut session), b"A1 COMPRESS DEFLATE\r\n");
    assert_eq!(session.compressed().as_deref(), Some(&b"\x4a\x01\x00"[..]));
    let told = until_rest(&mut session).unwrap();
    assert!(matches!(&told[..], [Event::Done { tag: done, .. }] if *done == tag), "{told:?}");
    assert_eq!(wire(&mut session), b"A2 NOOP\r\n");
    assert_eq!(session.compressed(), None);
}

#[test]
fn what_is_said_unasked_is_told_to_who_listens() {
    let mut session = open(in_clear(), "");
    assert_eq!(hear(&mut session, b"* 3 EXISTS\r\n* 4 EXISTS\r\n"), Ok(vec![]));
    session.listen();
    assert_eq!(until_rest(&mut session).unwrap().len(), 1);
    session.listen();
    assert_eq!(until_rest(&mut session).unwrap().len(), 1);
    session.listen();
    assert_eq!(session.poll(), Ok(Step::NeedInput));
    assert_eq!(session.deadline(), None);
}

#[test]
fn extensions_are_enabled_that_were_asked_for() {
    let mut session = open(in_clear(), "ENABLE");
    session.command(parsed("ENABLE CONDSTORE")).unwrap();
    hear(&mut session, b"* ENABLED CONDSTORE QRESYNC\r\nA1 OK\r\n* ENABLED X-1\r\n").unwrap();
    assert_eq!(session.enabled(), [imap_proto::Capability::Condstore]);
}

#[test]
fn no_password_goes_in_clear_unless_told_so() {
    let mut config = in_clear();
    config.login_without_tls = false;
    let mut session = Session::new(Instant::ORIGIN, config);
    hear(&mut session, b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n").unwrap();
    session.authenticate(bob()).unwrap();
    assert_eq!(session.poll(), Err(Error::NoLogin));
    assert!(session.output().is_empty());
}

#[test]
fn no_more_commands_are_under_way_than_the_window() {
    let mut config = in_clear();
    config.limits.window = 2;
    let mut session = open(config, "");
    for _ in 0..3 {
        session.command(Command::Noop).unwrap();
    }
    assert_eq!(wire(&mut session), b"A1 NOOP\r\nA2 NOOP\r\n");
    hear(&mut session, b"A2 OK\r\n").unwrap();
    assert_eq!(wire(&mut session), b"A3 NOOP\r\n");
}

#[test]
fn capabilities_at_the_limit_are_read_and_one_more_ends_the_session() {
    let limit = in_clear().limits.capabilities;
    for (count, error) in [(limit, None), (limit + 1, Some(Error::TooLong))] {
        let mut session = open(in_clear(), "");
        session.listen();
        let said = format!("* CAPABILITY{}\r\n", " X-Y".repeat(count));
        assert_eq!(hear(&mut session, said.as_bytes()).err(), error, "{count}");
    }
}

#[test]
fn responses_before_tls_are_passed_over_up_to_the_limit() {
    let mut client = client("");
    client.config.starttls = StartTls::Required;
    client.config.limits.preliminaries = 3;
    let said = |count: usize| format!("* OK hello\r\n{}A1 OK\r\n", "* OK wait\r\n".repeat(count));
    let at = laws::every_split(&client, said(2).as_bytes());
    assert_eq!(at.error.as_deref(), Some("the server offers no TLS"));
    let over = laws::every_split(&client, said(3).as_bytes());
    assert_eq!(over.error.as_deref(), Some("the server's answer is beyond the limits"));
}

#[test]
fn a_line_at_the_limit_is_read_and_one_octet_more_ends_the_session() {
    let mut client = client("");
    client.config.limits.reader.frame.text = 100;
    let line = |length: usize| format!("{OPEN}* OK {}\r\nA1 OK\r\n", "x".repeat(length - 7));
    let at = laws::every_split(&client, line(100).as_bytes());
    assert_eq!(at.error.as_deref(), Some("the server closed the connection"));
    let over = laws::every_split(&client, line(101).as_bytes());
    assert_eq!(over.error.as_deref(), Some("command is too long"));
}

/// Issue: an error with an offset, bounded memory, no abort.
#[test]
fn servers_that_mean_harm_get_an_error_or_nothing() {
    let fetch = |rest: &str| format!("{OPEN}* 1 FETCH {rest}\r\n");
    for (said, error) in [
        (fetch(&"(".repeat(100_000)), None),
        (fetch(&format!("(BODY {}", "(".repeat(100_000))), None),
        (fetch("(BODY[] {9223372036854775808}"), None),
        (fetch("(BODY[] {-1}\r\nx)"), Some("")),
        (fetch("(BODY[] {5000000000}\r\nnever"), None),
        (fetch("(FLAGS (\\Seen) ENVELOPE (\"a\0b\" NIL))"), None),
        (format!("{OPEN}A1 OK\r\nA1 OK\r\n"), Some("a response to no command")),
        (format!("{OPEN}A999 OK\r\n"), Some("a response to no command")),
        (format!("{OPEN}B1 NO\r\n"), Some("a response to no command")),
        (format!("{OPEN}+ go on\r\n"), Some("a response that is not due")),
        (format!("{OPEN}* PREAUTH again\r\n"), Some("a response that is not due")),
        (format!("{OPEN}\r\n"), Some("octet")),
        (format!("{OPEN}A1\r\n"), Some("octet")),
    ] {
        let cuts: Vec<_> = (0..said.len()).step_by(said.len() / 50 + 1).collect();
        let transcript = laws::splitting(&client(""), said.as_bytes(), &cuts);
        let start: String = said.chars().skip(OPEN.len()).take(40).collect();
        let got = transcript.error.unwrap_or_default();
        match error {
            Some(error) => assert!(got.contains(error), "{start}: {got}"),
            None => assert_eq!(got, "the server closed the connection", "{start}"),
        }
    }
}

/// A server's literal never comes to its end: what has arrived is told, and then time is up.
#[test]
fn a_literal_that_never_comes_is_waited_for_in_vain() {
    let said = format!("{OPEN}* 1 FETCH (BODY[] {{5000000000}}\r\nnever");
    let transcript = laws::silence(&client(""), said.as_bytes());
    assert_eq!(transcript.error.as_deref(), Some("the server said nothing for too long"));
    assert!(transcript.events.iter().any(|event| event == "body: never"), "{transcript:?}");
}

fn fragment() -> impl Strategy<Value = String> {
    let fixed = [
        OPEN,
        "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\r\n",
        "A1 OK x\r\n",
        "A2 NO y\r\n",
        "A3 BAD z\r\n",
        "+ \r\n",
        "* BYE\r\n",
        "* 3 EXISTS\r\n",
        "* 1 FETCH (BODY[] {5}\r\nHello)\r\n",
        "* CAPABILITY IMAP4rev1 LITERAL+\r\n",
        "* ENABLED QRESYNC\r\n",
        "* VANISHED 1:5\r\n",
        "\r\n",
        "* 1 FETCH (FLAGS () BODY[TEXT] {20000}\r\n",
        "* ESEARCH (TAG \"A1\") UID ALL 1\r\n",
    ];
    prop_oneof![
        4 => prop::sample::select(fixed.to_vec()).prop_map(String::from),
        1 => "[*+A1-3 ()\\[\\]{}\"\\\\OKNFETCH\r\n\0]{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn anything_may_be_said_in_any_pieces(
        parts in prop::collection::vec(fragment(), 0..12),
        cuts in prop::collection::vec(0..400_usize, 0..8),
        tls in any::<bool>(),
    ) {
        let mut client = client("");
        client.config.starttls = if tls { StartTls::IfOffered } else { StartTls::Never };
        client.config.limits.reader.body = 4;
        client.commands.insert(0, Command::Idle);
        let said = parts.concat();
        laws::splitting(&client, said.as_bytes(), &cuts);
        laws::silence(&client, said.as_bytes());
    }
}
