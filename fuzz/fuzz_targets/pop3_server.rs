//! Whatever a client says, cutting it changes nothing of what a server does.
#![no_main]
use homing::pop3::{
    Entry, Maildrop, Response, Text, UniqueId,
    server::{Config, Event, Login, Session},
};
use homing::proto_core::{
    Instant, Machine,
    testing::{Expected, Side, Subject, laws},
};
use homing::sasl::{Mechanism, Seed, scram::Verifier, server::Claim};
use homing_fuzz::cuts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, [u8; 3], &[u8])| {
    let (options, sizes, said) = input;
    laws::splitting(
        &Server { config: config(options), tls: options & 1 != 0 },
        said,
        &cuts(sizes, said),
    );
});

fn config(options: u8) -> Config {
    let mut config = Config::new(Text::from_static("POP3 server ready"));
    config.stls = options & 2 == 0;
    config.login_without_tls = options & 4 == 0;
    config.mechanisms = Mechanism::ALL.to_vec();
    if options & 8 != 0 {
        let limits = &mut config.limits;
        (limits.command_line, limits.sasl_line, limits.endless_line) = (30, 40, 200);
        (limits.bad_commands, limits.failures, limits.output) = (3, 1, 100);
    }
    config
}

/// A server of two messages, which lets everybody in but the user `no`.
struct Server {
    config: Config,
    tls: bool,
}

const MESSAGES: [&[u8]; 2] =
    [b"Subject: one\r\n\r\nFirst line.\r\n.dots are doubled\r\n", b"\n\n.\nno\rline\0end"];

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
        if session.awaits_tls() {
            return false;
        }
        let ok = Response::ok(Text::default());
        match event {
            Some(Event::Login(Login::Password { user, .. })) if user.as_bytes() == b"no" => {
                session.respond(Response::err(Text::default()))
            }
            Some(Event::Login(Login::Sasl(Claim::Token(_)))) => {
                session.respond(Response::err(Text::default()))
            }
            Some(Event::Lookup(lookup)) => {
                session.supply(Verifier::decoy(lookup.hash(), b"", lookup.authcid(), 1))
            }
            Some(Event::Login(_)) => session.admit(maildrop(), Text::default()),
            Some(Event::Retrieve { index, .. }) => {
                session.respond(ok).expect("it asked for a message");
                // `More::Enough` is good advice, no law.
                let _ = session.send(MESSAGES[*index]).expect("it asked for a message");
                session.finish()
            }
            _ => session.respond(ok),
        }
        .expect("an answer is due");
        true
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.config.limits.sasl_line
    }
}

fn maildrop() -> Maildrop {
    let entry = |(message, id): (&&[u8], &'static str)| Entry {
        size: message.len() as u64,
        id: UniqueId::new(id.into()).expect("an id"),
    };
    let entries = MESSAGES.iter().zip(["whqtswO00WBw418f9t5JxYwZ", "QhdPYR:00WBw1Ph7x7"]);
    Maildrop::new(entries.map(entry).collect()).expect("a maildrop")
}
