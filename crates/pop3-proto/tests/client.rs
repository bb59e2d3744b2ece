//! The client's session against scripts, the laws, servers that mean harm, and our own server.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use bytes::Bytes;
use pop3_proto::{
    Command, Entry, Maildrop, MessageNumber, Response, Text, UniqueId,
    client::{Config, Event, Session, Stls},
    server,
};
use proptest::prelude::*;
use proto_core::{
    Instant, Machine,
    testing::{Expected, Script, Side, Subject, laws, pipe},
};
use sasl::{Credentials, Mechanism, Seed};

/// A client whose application says what the script says; without a script, `commands`.
struct Client {
    config: Config,
    commands: Vec<Command>,
}

fn client(script: &str) -> Client {
    let mut config = Config::default();
    config.login_without_tls = true;
    // Every script is played many times.
    config.sasl.least_iterations = 2;
    config.apop = script == "apop";
    config.utf8 = script == "utf8";
    if config.apop || script.starts_with("scram") {
        config.login_without_tls = false;
    }
    config.stls = if script.starts_with("stls") { Stls::Required } else { Stls::Never };
    Client { config, commands: vec![Command::Quit] }
}

impl Subject for Client {
    type Machine = Session;
    const SIDE: Side = Side::Client;

    fn start(&self, now: Instant) -> Session {
        let mrose = Credentials::new("mrose", "secret".into()).unwrap();
        let session = Session::new(now, self.config, mrose).unwrap();
        // Every time the same, so that a script can be written.
        session.with_seed(Seed::new([7; 32]))
    }

    fn answer(
        &self,
        session: &mut Session,
        _: Option<&Event>,
        expected: &mut Expected<'_>,
    ) -> bool {
        if session.awaits_tls() {
            return false;
        }
        let scripted: Vec<_> =
            expected.map(|line| Command::parse(Bytes::copy_from_slice(line)).unwrap()).collect();
        let commands = if scripted.is_empty() { &self.commands } else { &scripted };
        // All of them: the session knows how many may be under way.
        commands.iter().filter(|command| session.command((*command).clone()).is_ok()).count() > 0
    }

    fn body(event: &Event) -> Option<&Bytes> {
        match event {
            Event::Body(octets) => Some(octets),
            _ => None,
        }
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.config.limits.line
    }

    fn awaits_tls(session: &Session) -> bool {
        session.awaits_tls()
    }
}

#[test]
fn every_script_plays_whole_cut_and_octet_by_octet() {
    for script in Script::all_in(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripts/client")) {
        let transcript = script.run(&client(script.name()));
        match script.name() {
            "rfc1939-example" => {
                assert!(transcript.closed);
                let events = transcript.events.join("\n");
                assert!(events.contains("Stat { count: 2, size: 320 }"), "{events}");
                assert!(events.contains("Size { message: 2, size: 200 }"), "{events}");
                assert!(events.contains("body: Subject: one\\r\\n\\r\\n.dots are doubled\\r\\n"));
            }
            "pipelining" => {
                let events = transcript.events.join("\n");
                assert!(events.contains("BadLine(b\"nonsense\")"), "{events}");
                assert!(events.contains("Id { message: 2, id: UniqueId(b\"not\") }"), "{events}");
            }
            "login-refused" => assert!(transcript.closed),
            _ => {}
        }
    }
}

const CAPA: &str = "+OK\r\n+OK\r\n";

#[test]
fn a_line_at_the_limit_is_read_and_one_octet_more_ends_the_session() {
    let limit = client("").config.limits.line;
    let line = |length: usize| format!("+OK {}\r\n-ERR\r\n", "x".repeat(length - 6));
    let at = laws::splitting(&client(""), line(limit).as_bytes(), &[1, 9, 999, 2047]);
    assert_eq!(at.error.as_deref(), Some("the peer closed the connection"));
    let over = laws::splitting(&client(""), line(limit + 1).as_bytes(), &[1, 9, 999, 2047]);
    assert_eq!(over.error.as_deref(), Some("the server's answer is beyond the limits"));
}

#[test]
fn capabilities_at_the_limit_are_read_and_one_more_ends_the_session() {
    let limit = client("").config.limits.capabilities;
    for (count, error) in
        [(limit, "no way to log in"), (limit + 1, "the server's answer is beyond the limits")]
    {
        let said = format!("{CAPA}{}.\r\n", "X-Y\r\n".repeat(count));
        let transcript = laws::splitting(&client(""), said.as_bytes(), &[12, 13]);
        assert_eq!(transcript.error.as_deref(), Some(error), "{count}");
    }
}

#[test]
fn a_listing_at_the_limit_is_read_and_one_line_more_ends_the_session() {
    let mut client = client("");
    client.config.limits.listing = 3;
    client.commands = vec![Command::List(None), Command::Quit];
    let listing = |lines: usize| {
        format!("+OK\r\n-ERR\r\n+OK\r\n+OK\r\n+OK\r\n{}.\r\n+OK\r\n", "1 1\r\n".repeat(lines))
    };
    let at = laws::every_split(&client, listing(3).as_bytes());
    assert!(at.closed, "{at:?}");
    let over = laws::every_split(&client, listing(4).as_bytes());
    assert_eq!(over.error.as_deref(), Some("the server's answer is beyond the limits"));
}

#[test]
fn the_password_is_not_sent_in_clear_unless_told_so() {
    let mut client = client("");
    client.config.login_without_tls = false;
    let transcript = laws::every_split(&client, b"+OK\r\n-ERR\r\n");
    assert_eq!(transcript.error.as_deref(), Some("no way to log in"));
    assert_eq!(transcript.wire, b"CAPA\r\n");
}

#[test]
fn credentials_that_would_end_the_line_are_misuse() {
    for (user, password) in [("a\rb", "x"), ("a", "x\r\nDELE 1"), ("a\n", "x")] {
        let session = Credentials::new(user, password.into()).map(|credentials| {
            Session::new(Instant::ORIGIN, Config::default(), credentials).is_ok()
        });
        assert!(!session.unwrap_or(false), "{user:?} {password:?}");
    }
}

/// USER and LOGIN cannot say as whom to act, so nobody is logged in as somebody else.
#[test]
fn who_acts_as_somebody_else_does_not_log_in_by_user() {
    let mut config = Config::default();
    (config.stls, config.login_without_tls) = (Stls::Never, true);
    let bob = Credentials::new("bob", "hungry".into()).unwrap().acting_as("alice").unwrap();
    let mut session = Session::new(Instant::ORIGIN, config, bob).unwrap();
    session.receive(Instant::ORIGIN, b"+OK\r\n-ERR\r\n");
    assert_eq!(session.poll(), Err(pop3_proto::Error::NoLogin));
}

#[test]
fn no_more_commands_are_under_way_than_the_window() {
    let mut config = Config::default();
    (config.stls, config.login_without_tls) = (Stls::Never, true);
    config.limits.window = 2;
    let bob = Credentials::new("bob", "hungry".into()).unwrap();
    let mut session = Session::new(Instant::ORIGIN, config, bob).unwrap();
    session.receive(Instant::ORIGIN, b"+OK\r\n+OK\r\nUSER\r\nPIPELINING\r\n.\r\n+OK\r\n+OK\r\n");
    let _ = session.poll().unwrap();
    session.output().clear();
    for _ in 0..4 {
        session.command(Command::Noop).unwrap();
    }
    assert_eq!(session.output(), "NOOP\r\nNOOP\r\n");
}

/// A server of two messages.
struct Server(server::Config);

impl Subject for Server {
    type Machine = server::Session;
    const SIDE: Side = Side::Server;

    fn start(&self, now: Instant) -> server::Session {
        server::Session::new(now, self.0.clone())
    }

    fn answer(
        &self,
        session: &mut server::Session,
        event: Option<&server::Event>,
        _: &mut Expected<'_>,
    ) -> bool {
        if session.awaits_tls() {
            return false;
        }
        let id = |id: &'static str| UniqueId::new(id.into()).unwrap();
        let entries = vec![Entry { size: 8, id: id("one") }, Entry { size: 1000, id: id("two") }];
        match event.unwrap() {
            server::Event::Login(_) => {
                session.admit(Maildrop::new(entries).unwrap(), Text::default()).unwrap();
            }
            server::Event::Retrieve { index, .. } => {
                session.respond(Response::ok(Text::default())).unwrap();
                let message = if *index == 0 { ".one\r\n..".into() } else { "two\r\n".repeat(200) };
                session.send(message.as_bytes()).unwrap();
                session.finish().unwrap();
            }
            _ => session.respond(Response::ok(Text::default())).unwrap(),
        }
        true
    }

    fn buffered(session: &server::Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.0.limits.sasl_line
    }

    fn awaits_tls(session: &server::Session) -> bool {
        session.awaits_tls()
    }
}

#[test]
fn client_and_server_understand_each_other_through_any_window() {
    let one = MessageNumber::MIN;
    let two = one.saturating_add(1);
    let mut client = client("stls");
    client.commands = vec![
        Command::Stat,
        Command::Uidl(None),
        Command::Retr(one),
        Command::Top { message: two, lines: 0 },
        Command::Retr(two),
        Command::Dele(one),
        Command::Retr(one),
        Command::Quit,
    ];
    let mut config = server::Config::new(Text::from_static("ready"));
    config.stls = true;
    config.mechanisms = vec![Mechanism::PLAIN];
    for window in [1, 2, 3, 5, 7, 64, 4096] {
        let (client, server) = pipe(&client, &Server(config.clone()), window);
        assert!(client.closed && server.closed, "{client:#?}\n{server:#?}");
        assert_eq!(server.events.last().unwrap(), "Commit { deleted: [0] }");
        let events = client.events.join("\n");
        assert!(events.contains("Stat { count: 2, size: 1008 }"), "{events}");
        assert!(events.contains("body: .one\\r\\n..\\r\\n"), "{events}");
        assert!(events.contains("no such message"), "{events}");
    }
}

#[test]
fn silence_ends_every_state() {
    for said in
        ["", "+OK\r\n", "+OK\r\n+OK\r\n", "+OK\r\n-ERR\r\n+OK\r\n", "+OK\r\n-ERR\r\n+OK\r\n+OK\r\n"]
    {
        let transcript = laws::silence(&client(""), said.as_bytes());
        assert_eq!(
            transcript.error.as_deref(),
            Some("the peer said nothing for too long"),
            "{said:?}"
        );
    }
}

proptest! {
    #[test]
    fn whatever_a_server_says_cutting_it_changes_nothing(
        said in proptest::collection::vec(prop_oneof![
            Just("+OK\r\n"), Just("-ERR no\r\n"), Just("+ \r\n"), Just(".\r\n"), Just("1 2\r\n"),
            Just("PIPELINING\r\n"), Just("SASL PLAIN\r\n"), Just("STLS\n"), Just("\0"),
            Just("\r"), Just("..\r\n"),
        ], 0..16),
        cuts in proptest::collection::vec(0_usize..100, 0..8),
    ) {
        let mut client = client("");
        client.config.stls = Stls::IfOffered;
        client.commands = vec![
            Command::Uidl(None), Command::Retr(MessageNumber::MIN), Command::Quit,
        ];
        laws::splitting(&client, said.concat().as_bytes(), &cuts);
    }
}
