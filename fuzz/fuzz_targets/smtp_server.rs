//! Whatever a client says, cutting it changes nothing of what a server does.
#![no_main]
use bytes::Bytes;
use homing::proto_core::{
    Instant, Machine,
    dot::BarePolicy,
    testing::{Expected, Side, Subject, laws},
};
use homing::sasl::{Mechanism, Seed};
use homing::smtp::{
    Extension, Extensions, Reply,
    server::{Config, Event, LongLines, Session},
};
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
    let mut config = Config::new("foo.com".parse().expect("a host"));
    config.extensions = config.extensions.with(Extension::StartTls);
    config.plaintext_passwords = options & 2 != 0;
    config.mechanisms = Mechanism::ALL.to_vec();
    config.bare = match options & 12 {
        4 => BarePolicy::Normalise,
        8 => BarePolicy::Pass,
        _ => BarePolicy::Reject,
    };
    match options & 80 {
        16 => config.extensions = Extensions::NONE,
        64 => config.extensions = Extensions::all(),
        80 => {
            config.extensions = Extensions::all();
            config.long_lines = LongLines::Reject;
            config.limits.text_line = 8;
            config.proxy = options & 2 != 0;
        }
        _ => {}
    }
    config.lmtp = options & 128 != 0;
    if options & 32 != 0 {
        let limits = &mut config.limits;
        // A line without end is longer than any command with the parameters of extensions.
        (limits.command_line, limits.auth_line, limits.endless_line) = (40, 48, 1500);
        (limits.message_size, limits.discarded) = (50, 20);
        (limits.recipients, limits.mistakes, limits.idling) = (2, 3, 5);
    }
    config
}

/// A server whose application says yes, but for recipients and texts that ask for another answer.
struct Server {
    config: Config,
    tls: bool,
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
        if session.awaits_tls() {
            return false;
        }
        let no = |code| Reply::new(code, "no").expect("a reply");
        let said = match event {
            Some(Event::Rcpt { to, .. } | Event::Verdict(to)) => to.to_string(),
            Some(Event::Vrfy(text) | Event::Help(Some(text))) => text.to_string(),
            Some(Event::Mail { from, .. }) => from.to_string(),
            _ => String::new(),
        };
        match said {
            said if said.contains("no") => session.reply(no(550)),
            said if said.contains("later") => session.reply(no(450)),
            said if said.contains("bye") => session.reply(no(421)),
            _ => session.accept(),
        }
        .expect("an answer is due");
        true
    }

    fn body(event: &Event) -> Option<&Bytes> {
        if let Event::Body(piece) = event { Some(piece) } else { None }
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.config.limits.command_line.max(self.config.limits.auth_line).max(1000)
    }
}
