//! Whatever a server says, cutting it changes nothing of what a client does.
#![no_main]
use bytes::Bytes;
use homing::imap::{
    client::{Config, Event, Session, StartTls, State, View},
    command::{AppendPart, Command, MessageStart},
    frame::Literal,
};
use homing::proto_core::{
    Instant, Machine, Step,
    testing::{Expected, Side, Subject, laws},
};
use homing::sasl::Credentials;
use homing_fuzz::cuts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, [u8; 3], &[u8])| {
    let (options, sizes, said) = input;
    let client = Client { config: config(options), tls: options & 1 != 0 };
    laws::splitting(&client, said, &cuts(sizes, said));
    view(&client, said);
});

fn config(options: u8) -> Config {
    let mut config = Config::default();
    config.login_without_tls = true;
    config.starttls = match options & 6 {
        0 => StartTls::Never,
        2 => StartTls::Required,
        _ => StartTls::IfOffered,
    };
    let limits = &mut config.limits;
    // So that short input reaches long bodies.
    (limits.reader.body, limits.reader.attached) = (4, 16);
    if options & 16 != 0 {
        (limits.capabilities, limits.preliminaries, limits.window) = (3, 3, 2);
        limits.reader.frame.text = 60;
    }
    config
}

/// A view hears anything without harm.
fn view(client: &Client, said: &[u8]) {
    let mut session = client.start(Instant::ORIGIN);
    let mut view = View::new(None, 100);
    session.receive(Instant::ORIGIN, said);
    session.listen();
    while let Ok(Step::Event(event)) = session.poll() {
        if let Event::Response(response) = event {
            let _ = view.hear(&response);
        }
        session.listen();
    }
    let _ = view.resync(&session);
    view.settle();
    assert!(view.messages().len() <= 100);
}

/// A client that asks for all sorts of things.
struct Client {
    config: Config,
    tls: bool,
}

const COMMANDS: [&str; 6] = [
    "SELECT x",
    "FETCH 1 BODY[]",
    "CREATE {2}\r\n\u{fc}",
    "ENABLE QRESYNC",
    "IDLE",
    "COMPRESS DEFLATE",
];

impl Subject for Client {
    type Machine = Session;
    const SIDE: Side = Side::Client;

    fn start(&self, now: Instant) -> Session {
        let mut session = Session::new(now, self.config);
        if self.tls {
            session.secured();
        }
        session
    }

    fn answer(&self, session: &mut Session, event: Option<&Event>, _: &mut Expected<'_>) -> bool {
        if session.awaits_tls() || matches!(event, Some(Event::Compress)) {
            return false;
        }
        if let Some(Event::SendBody { size, .. }) = event {
            return session.body(&vec![b'x'; usize::try_from(*size).expect("it is small")]).is_ok();
        }
        if *session.state() == State::NotAuthenticated {
            let mrose = Credentials::new("mrose", "secret".into()).expect("credentials");
            return session.authenticate(mrose).is_ok();
        }
        let text = Literal { size: 5, synchronizing: true, binary: false };
        let parts = vec![AppendPart::Message(MessageStart::default()), AppendPart::Text(text)];
        let inbox = Command::parse("APPEND INBOX".into()).expect("a command");
        let appended = session.append(inbox, parts).is_ok();
        let parsed = |text: &&'static str| Command::parse((*text).into()).expect("a command");
        let taken = COMMANDS.iter().filter(|text| session.command(parsed(text)).is_ok());
        taken.count() > 0 || appended
    }

    fn body(event: &Event) -> Option<&Bytes> {
        if let Event::Octets(octets) = event { Some(octets) } else { None }
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.config.limits.reader.frame.text
    }
}
