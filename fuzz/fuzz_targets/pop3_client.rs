//! Whatever a server says, cutting it changes nothing of what a client does.
#![no_main]
use bytes::Bytes;
use homing::pop3::{
    Command, MessageNumber,
    client::{Config, Event, Session, Stls},
};
use homing::proto_core::{
    Instant, Machine,
    dot::BarePolicy,
    testing::{Expected, Side, Subject, laws},
};
use homing::sasl::Credentials;
use homing_fuzz::cuts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, [u8; 3], &[u8])| {
    let (options, sizes, said) = input;
    let client = Client { config: config(options), tls: options & 1 != 0 };
    laws::splitting(&client, said, &cuts(sizes, said));
});

fn config(options: u8) -> Config {
    let mut config = Config::default();
    config.login_without_tls = true;
    config.stls = match options & 6 {
        0 => Stls::Never,
        2 => Stls::Required,
        _ => Stls::IfOffered,
    };
    if options & 8 != 0 {
        config.bare = BarePolicy::Normalise;
    }
    if options & 16 != 0 {
        let limits = &mut config.limits;
        (limits.line, limits.capabilities, limits.listing, limits.window) = (40, 3, 3, 2);
    }
    config
}

/// A client that asks for all there is.
struct Client {
    config: Config,
    tls: bool,
}

const ONE: MessageNumber = MessageNumber::MIN;
const COMMANDS: [Command; 9] = [
    Command::Stat,
    Command::List(None),
    Command::Uidl(None),
    Command::Retr(ONE),
    Command::Top { message: ONE, lines: 1 },
    Command::Dele(ONE),
    Command::Rset,
    Command::Noop,
    Command::Quit,
];

impl Subject for Client {
    type Machine = Session;
    const SIDE: Side = Side::Client;

    fn start(&self, now: Instant) -> Session {
        let credentials = Credentials::new("mrose", "secret".into()).expect("credentials");
        let mut session = Session::new(now, self.config, credentials).expect("words for a line");
        if self.tls {
            session.secured();
        }
        session
    }

    fn answer(&self, session: &mut Session, _: Option<&Event>, _: &mut Expected<'_>) -> bool {
        // All of them: the session knows how many may be under way.
        let taken = COMMANDS.into_iter().filter(|command| session.command(command.clone()).is_ok());
        taken.count() > 0
    }

    fn body(event: &Event) -> Option<&Bytes> {
        if let Event::Body(octets) = event { Some(octets) } else { None }
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.config.limits.line
    }
}
