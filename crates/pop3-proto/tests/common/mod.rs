//! A server of two messages.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "tests")]
use std::time::Duration;

use bytes::Bytes;
use pop3_proto::{
    ApopTimestamp, Entry, Maildrop, Response, ResponseCode, Text, UniqueId,
    server::{Config, Event, Expire, Login, More, Session},
};
use proto_core::{
    Instant,
    testing::{Expected, Side, Subject},
};
use sasl::{Mechanism, Seed, scram::Verifier, server::Claim};

pub(crate) const MESSAGES: [&str; 2] = [
    "Subject: one\r\n\r\nFirst line.\r\n.dots are doubled\r\nLast line.\r\n",
    "Subject: two\n\nEnds without a line ending",
];

/// A server whose application says what the script says, or else yes.
pub(crate) struct Server {
    pub(crate) sizes: [u64; 2],
    pub(crate) config: Config,
}

/// The server that a script of this name wants.
pub(crate) fn server(script: &str) -> Server {
    let mut config = Config::new(Text::from_static("POP3 server ready"));
    config.stls = true;
    config.mechanisms =
        vec![Mechanism::PLAIN, Mechanism::LOGIN, Mechanism::parse(b"GSSAPI").unwrap()];
    match script {
        "rfc1939-apop" | "rfc1939-10" | "rfc2449-8" => {
            let timestamp = "<1896.697170952@dbc.mtview.ca.us>";
            config.apop = Some(ApopTimestamp::new(timestamp.into()).unwrap());
        }
        "rfc2449-capa" => {
            config.utf8 = true;
            config.expire = Some(Expire::Days(60));
            config.login_delay = Some(Duration::from_secs(900));
            config.implementation = Some(Text::from_static("Shlemazle-Plotz-v302"));
        }
        "rfc6856" | "rfc6856-3" => config.utf8 = true,
        "sasl-proofs" | "rfc7628" | "rfc2195" => config.mechanisms = Mechanism::ALL.to_vec(),
        _ => {}
    }
    let sizes = if script == "slides" { [498, 912] } else { [120, 200] };
    Server { sizes, config }
}

impl Server {
    pub(crate) fn maildrop(&self) -> Maildrop {
        let ids = ["whqtswO00WBw418f9t5JxYwZ", "QhdPYR:00WBw1Ph7x7"];
        let entry = |(size, id): (&u64, &str)| Entry {
            size: *size,
            id: UniqueId::new(Bytes::copy_from_slice(id.as_bytes())).unwrap(),
        };
        Maildrop::new(self.sizes.iter().zip(ids).map(entry).collect()).unwrap()
    }
}

impl Subject for Server {
    type Machine = Session;
    const SIDE: Side = Side::Server;

    fn start(&self, now: Instant) -> Session {
        // Every time the same, so that a script can be written.
        Session::new(now, self.config.clone()).with_seed(Seed::new([7; 32]))
    }

    fn answer(
        &self,
        session: &mut Session,
        event: Option<&Event>,
        expected: &mut Expected<'_>,
    ) -> bool {
        if session.awaits_tls() {
            return false;
        }
        match event {
            Some(Event::Lookup(lookup)) => {
                let stored = Verifier::new(lookup.hash(), &"pencil".into(), b"salt", 2).unwrap();
                session.supply(stored).unwrap();
                return true;
            }
            Some(Event::Login(Login::Sasl(Claim::Token(_)))) => {
                let why = Response::err(Text::from_static("not with that token"));
                session.respond(why.with_code(ResponseCode::Auth)).unwrap();
                return true;
            }
            Some(Event::Login(Login::Sasl(Claim::Cram(cram)))) if !cram.is_of(&"pencil".into()) => {
                let why = Response::err(Text::from_static("not by that digest"));
                session.respond(why.with_code(ResponseCode::Auth)).unwrap();
                return true;
            }
            _ => {}
        }
        let line = Bytes::copy_from_slice(expected.next().unwrap_or(b"+OK"));
        let response = Response::parse(&line).unwrap();
        match event.unwrap() {
            Event::Login(login) if response.is_ok() => {
                if let Login::Apop(apop) = login {
                    assert!(apop.is_of(&"tanstaaf".into()), "{apop:?}");
                }
                session.admit(self.maildrop(), response.text().clone()).unwrap();
            }
            Event::Retrieve { index, .. } if response.is_ok() => {
                session.respond(response).unwrap();
                for piece in MESSAGES[*index].as_bytes().chunks(7) {
                    if session.send(piece).unwrap() == More::Enough {
                        break;
                    }
                }
                session.finish().unwrap();
            }
            _ => session.respond(response).unwrap(),
        }
        true
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.config.limits.sasl_line
    }
}
