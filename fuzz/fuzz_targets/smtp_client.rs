//! Whatever a server says, cutting it changes nothing of what a client does.
#![no_main]
use homing::proto_core::{
    Instant, Machine,
    dot::BarePolicy,
    testing::{Expected, Side, Subject, laws},
};
use homing::sasl::{Credentials, client::Identity};
use homing::smtp::{
    ForwardPath, ReversePath,
    client::{Config, Envelope, Event, Session, Tls},
};
use homing_fuzz::cuts;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, [u8; 3], &[u8])| {
    let (options, sizes, said) = input;
    let client = Client { config: config(options), options };
    laws::splitting(&client, said, &cuts(sizes, said));
});

fn config(options: u8) -> Config {
    let mut config = Config::new("crepes.fr".parse().expect("a host"));
    config.tls = match options & 6 {
        0 => Tls::Off,
        2 => Tls::Required,
        _ => Tls::Opportunistic,
    };
    if options & 8 != 0 {
        let credentials = Credentials::new("test", "1234".into()).expect("credentials");
        config.identity = Some(Identity::Password(credentials));
        config.plaintext_passwords = true;
    }
    if options & 16 != 0 {
        config.bare = BarePolicy::Normalise;
        config.limits.chunk = 5;
    }
    config.lmtp = options & 192 == 192;
    if options & 32 != 0 {
        let limits = &mut config.limits;
        // Not both low: a client hears what is more than the longest reply before it has asked all.
        (limits.reply_line, limits.reply_lines, limits.output) = match options & 4 {
            0 => (40, 128, 30),
            _ => (2048, 3, 30),
        };
    }
    config
}

/// A client that sends one letter and leaves.
struct Client {
    config: Config,
    options: u8,
}

impl Client {
    fn envelope(&self) -> Envelope {
        let to = |mailbox: &str| ForwardPath::Mailbox(mailbox.parse().expect("a mailbox"));
        let mut recipients = vec![to("bob@hamburger.edu"), to("eve@hamburger.edu")];
        if self.options & 64 != 0 {
            recipients.push(to("rené@crepes.fr"));
        }
        let from = "alice@crepes.fr".parse().expect("a mailbox");
        let mut envelope = Envelope::new(ReversePath::Mailbox(from), recipients);
        envelope.size = Some(25);
        envelope.eight_bit = self.options & 128 != 0;
        envelope
    }
}

impl Subject for Client {
    type Machine = Session;
    const SIDE: Side = Side::Client;

    fn start(&self, now: Instant) -> Session {
        let mut session = Session::new(now, self.config.clone());
        if self.options & 1 != 0 {
            session.secured();
        }
        session
    }

    fn answer(&self, session: &mut Session, event: Option<&Event>, _: &mut Expected<'_>) -> bool {
        match event {
            Some(Event::Ready) => session.send(self.envelope()).expect("it is ready"),
            Some(Event::SendBody) => {
                session.body(b".\r\n.Do you like\nketchup?").expect("it asked for the body");
                // One that cannot be sent has ended the message, or the session.
                let _ = session.body_end();
            }
            Some(Event::Sent(_)) => session.quit().expect("it is ready"),
            _ => return false,
        }
        true
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.config.limits.reply_line * self.config.limits.reply_lines
    }
}
