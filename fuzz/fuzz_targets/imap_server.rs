//! Whatever a client says, cutting it changes nothing of what a server does.
#![no_main]
use bytes::Bytes;
use homing::imap::{
    Capability, Condition, RespText, Response, Text,
    command::AppendPart,
    server::{Config, Event, Session},
};
use homing::proto_core::{
    Instant, Machine,
    testing::{Expected, Side, Subject, laws},
};
use homing::sasl::{Mechanism, Seed, scram::Verifier};
use homing_fuzz::cuts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, [u8; 3], &[u8])| {
    let (options, sizes, said) = input;
    let server =
        Server { config: config(options), tls: options & 1 != 0, preauth: options & 2 != 0 };
    laws::splitting(&server, said, &cuts(sizes, said));
});

fn config(options: u8) -> Config {
    let mut config = Config::default();
    config.plaintext_passwords = options & 4 != 0;
    config.mechanisms = Mechanism::ALL.to_vec();
    if options & 8 != 0 {
        config.capabilities = vec![
            Capability::Imap4rev1,
            Capability::Imap4rev2,
            Capability::Enable,
            Capability::Move,
            Capability::MultiAppend,
            Capability::Catenate,
            Capability::Replace,
            Capability::Condstore,
            Capability::Qresync,
            Capability::StartTls,
            Capability::CompressDeflate,
            Capability::Unauthenticate,
            if options & 16 != 0 { Capability::LiteralMinus } else { Capability::LiteralPlus },
            Capability::Idle,
            Capability::SaslIr,
        ];
    }
    if options & 32 != 0 {
        let limits = &mut config.limits;
        (limits.message, limits.discarded, limits.auth_line) = (20, 30, 48);
        (limits.mistakes, limits.failures, limits.output) = (3, 2, 200);
        for reader in [&mut limits.early, &mut limits.commands] {
            (reader.frame.text, reader.frame.endless_line) = (60, 1500);
            (reader.arguments.octets, reader.arguments.literals) = (20, 2);
        }
    }
    config
}

/// A server whose application says yes.
struct Server {
    config: Config,
    tls: bool,
    preauth: bool,
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

    fn answer(&self, session: &mut Session, event: Option<&Event>, _: &mut Expected<'_>) -> bool {
        if session.awaits_tls() || session.awaits_compression() {
            return false;
        }
        let text = RespText::new(None, Text::from_static("so be it"));
        match event {
            Some(Event::Connected) if self.preauth => {
                session.respond(Response::Preauth(text)).expect("a greeting is due");
            }
            Some(Event::Connected) => {
                let condition = Condition::Ok;
                session.respond(Response::Condition { condition, text }).expect("it is due");
            }
            Some(Event::AuthLookup(lookup)) => {
                let stored = Verifier::new(lookup.hash(), &"pencil".into(), b"salt", 1);
                session.supply(stored.expect("a password")).expect("it is due");
            }
            Some(Event::Command(tagged)) if tagged.command.brings_messages() => {
                session.accept().expect("it waits");
            }
            Some(Event::Part(AppendPart::Text(_))) => session.accept().expect("it waits"),
            _ => session.finish_ok().expect("a command waits for its end"),
        }
        true
    }

    fn body(event: &Event) -> Option<&Bytes> {
        if let Event::Octets(octets) = event { Some(octets) } else { None }
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        let limits = &self.config.limits;
        limits.auth_line.max(limits.early.frame.text).max(limits.commands.frame.text)
    }
}
