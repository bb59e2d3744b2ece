//! Our client and our server, mouth to ear: they reach the end through windows of any size.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use bytes::Bytes;
use imap_proto::{
    Condition, RespText, Response, Text, client,
    command::{AppendPart, Command, MessageStart},
    frame::Literal,
    server,
};
use proto_core::{
    Instant,
    testing::{Expected, Side, Subject, pipe},
};
use sasl::{Credentials, Seed, scram::Verifier};

/// Logs in, brings a message, asks this and that, and leaves.
struct Client(client::Config);

impl Subject for Client {
    type Machine = client::Session;
    const SIDE: Side = Side::Client;

    fn start(&self, now: Instant) -> client::Session {
        client::Session::new(now, self.0).with_seed(Seed::new([7; 32]))
    }

    fn answer(
        &self,
        session: &mut client::Session,
        event: Option<&client::Event>,
        _: &mut Expected<'_>,
    ) -> bool {
        match event {
            _ if session.awaits_tls() => return false,
            Some(client::Event::SendBody { size, .. }) => {
                let size = usize::try_from(*size).unwrap();
                session.body(&b"All mail and no play\r\n".repeat(size)[..size]).unwrap();
            }
            Some(client::Event::Ready) => {
                let bob = Credentials::new("bob", "pencil".into()).unwrap();
                session.authenticate(bob).unwrap();
            }
            Some(client::Event::LoggedIn(_)) => {
                let start = AppendPart::Message(MessageStart::default());
                let text = Literal { size: 5000, synchronizing: true, binary: false };
                let parts = vec![start, AppendPart::Text(text)];
                session.append(parsed("APPEND INBOX"), parts).unwrap();
                for command in
                    ["SELECT INBOX", "CREATE {2}\r\n\u{fc}", "UID FETCH 1 (FLAGS)", "NOOP"]
                {
                    session.command(parsed(command)).unwrap();
                }
                session.command(Command::Logout).unwrap();
            }
            _ => return false,
        }
        true
    }

    fn buffered(session: &client::Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.0.limits.reader.frame.text
    }

    fn awaits_tls(session: &client::Session) -> bool {
        session.awaits_tls()
    }
}

fn parsed(command: &'static str) -> Command {
    Command::parse(command.into()).unwrap()
}

/// Says yes to everything.
struct Server(server::Config);

impl Subject for Server {
    type Machine = server::Session;
    const SIDE: Side = Side::Server;

    fn start(&self, now: Instant) -> server::Session {
        server::Session::new(now, self.0.clone()).with_seed(Seed::new([8; 32]))
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
        let hello = RespText::new(None, Text::from_static("hello"));
        match event {
            Some(server::Event::Connected) => {
                let greeting = Response::Condition { condition: Condition::Ok, text: hello };
                session.respond(greeting).unwrap();
            }
            Some(server::Event::AuthLookup(lookup)) => {
                let stored = Verifier::new(lookup.hash(), &"pencil".into(), b"salt", 4096);
                session.supply(stored.unwrap()).unwrap();
            }
            Some(server::Event::Command(tagged)) if tagged.command.brings_messages() => {
                session.accept().unwrap();
            }
            Some(server::Event::Part(AppendPart::Text(_))) => session.accept().unwrap(),
            _ => session.finish_ok().unwrap(),
        }
        true
    }

    fn body(event: &server::Event) -> Option<&Bytes> {
        match event {
            server::Event::Octets(octets) => Some(octets),
            _ => None,
        }
    }

    fn buffered(session: &server::Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.0.limits.auth_line.max(self.0.limits.commands.frame.text)
    }

    fn awaits_tls(session: &server::Session) -> bool {
        session.awaits_tls()
    }
}

#[test]
fn a_client_and_a_server_reach_the_end_through_any_window() {
    let mut config = server::Config::default();
    config.capabilities.push(imap_proto::Capability::StartTls);
    config.mechanisms = vec![sasl::Mechanism::SCRAM_SHA_256];
    for window in [1, 2, 7, 100, 1_000_000] {
        let (client, server) =
            pipe(&Client(client::Config::default()), &Server(config.clone()), window);
        let said = client.events.join("\n");
        assert!(client.closed && server.closed, "{window}: {client:#?} {server:#?}");
        assert_eq!(said.matches("condition: Ok").count(), 6, "{said}");
        let body = server.events.iter().find(|event| event.starts_with("body: All mail"));
        assert!(body.is_some(), "{window}");
    }
}
