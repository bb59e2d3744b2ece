//! A client and a server understand each other, whatever is sent and however it is cut.
#![no_main]
use bytes::Bytes;
use homing::proto_core::{
    Instant,
    dot::BarePolicy,
    testing::{Expected, Side, Subject, pipe},
};
use homing::smtp::{Extension, Extensions, ForwardPath, Reply, ReversePath, client, server};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    let (options, recipients, window, letter) = input;
    let pair = Pair { options, recipients: usize::from(recipients % 8) + 1, letter };
    let (told, heard) = pipe(&Alice(&pair), &Bob(&pair), usize::from(window) + 1);
    assert!(told.error.is_none() && told.closed, "{told:#?}");
    assert!(heard.error.is_none() && heard.closed, "{heard:#?}");
    let sent = told.events.iter().any(|event| event.contains("Accepted("));
    let bodies: Vec<_> = heard.events.iter().filter_map(|it| it.strip_prefix("body: ")).collect();
    let chunked = options & 1 != 0;
    let ended = chunked || letter.is_empty() || letter.ends_with(b"\r\n");
    let arrived = [letter, if ended { b"" } else { b"\r\n" }].concat();
    if sent && !arrived.is_empty() && options & 16 == 0 {
        assert_eq!(bodies, [arrived.escape_ascii().to_string()]);
    }
});

/// Somebody who sends a letter, and somebody who gets it.
struct Pair<'a> {
    options: u8,
    recipients: usize,
    letter: &'a [u8],
}

struct Alice<'a>(&'a Pair<'a>);
struct Bob<'a>(&'a Pair<'a>);

impl Subject for Alice<'_> {
    type Machine = client::Session;
    const SIDE: Side = Side::Client;

    fn start(&self, now: Instant) -> client::Session {
        let mut config = client::Config::new("crepes.fr".parse().expect("a host"));
        config.tls = client::Tls::Off;
        config.lmtp = self.0.options & 2 != 0;
        config.bare = BarePolicy::Pass;
        config.limits.chunk = if self.0.options & 4 != 0 { 7 } else { 1000 };
        client::Session::new(now, config)
    }

    fn answer(
        &self,
        session: &mut client::Session,
        event: Option<&client::Event>,
        _: &mut Expected<'_>,
    ) -> bool {
        match event {
            Some(client::Event::Ready) => {
                let to = |number: usize| match number % 3 {
                    0 => ForwardPath::Postmaster,
                    1 => ForwardPath::Mailbox("\"no one\"@b".parse().expect("a mailbox")),
                    _ => ForwardPath::Mailbox("bob@b".parse().expect("a mailbox")),
                };
                let to = (0..self.0.recipients).map(to).collect();
                session.send(client::Envelope::new(ReversePath::Null, to)).expect("it is ready");
            }
            Some(client::Event::SendBody) => {
                session.body(self.0.letter).expect("it asked for the body");
                let _ = session.body_end();
            }
            Some(client::Event::Sent(_)) => session.quit().expect("it is ready"),
            _ => return false,
        }
        true
    }

    fn buffered(session: &client::Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        100_000
    }
}

impl Subject for Bob<'_> {
    type Machine = server::Session;
    const SIDE: Side = Side::Server;

    fn start(&self, now: Instant) -> server::Session {
        let mut config = server::Config::new("hamburger.edu".parse().expect("a host"));
        config.extensions = Extensions::all().without(Extension::StartTls);
        if self.0.options & 1 == 0 {
            config.extensions = config.extensions.without(Extension::Chunking);
        }
        if self.0.options & 8 != 0 {
            config.extensions = config.extensions.without(Extension::Pipelining);
        }
        config.bare = if self.0.options & 16 != 0 { BarePolicy::Reject } else { BarePolicy::Pass };
        config.lmtp = self.0.options & 2 != 0;
        server::Session::new(now, config)
    }

    fn answer(
        &self,
        session: &mut server::Session,
        event: Option<&server::Event>,
        _: &mut Expected<'_>,
    ) -> bool {
        let no = Reply::new(550, "no").expect("a reply");
        match event {
            Some(server::Event::Rcpt { to, .. }) if to.to_string().contains("no") => {
                session.reply(no).expect("an answer is due");
            }
            _ => session.accept().expect("an answer is due"),
        }
        true
    }

    fn body(event: &server::Event) -> Option<&Bytes> {
        if let server::Event::Body(piece) = event { Some(piece) } else { None }
    }

    fn buffered(session: &server::Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        100_000
    }
}
