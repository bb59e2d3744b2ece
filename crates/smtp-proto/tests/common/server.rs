//! A server, and an application that says what the script says, or else yes.
use std::time::Duration;

use bytes::Bytes;
use proto_core::dot::BarePolicy;
use proto_core::testing::{Expected, Side, Subject};
use proto_core::{Instant, Machine};
use sasl::scram::Verifier;
use sasl::server::Claim;
use sasl::{Mechanism, Seed};
use smtp_proto::server::{Config, Event, LongLines, Session};
use smtp_proto::{Extension, Extensions, HoldLimits, Leniency, Reply, Text};

pub(crate) struct Server {
    pub(crate) config: Config,
    pub(crate) tls: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self { config: Config::new("foo.com".parse().unwrap()), tls: false }
    }
}

impl Server {
    /// What `# config:` in a script asks for.
    pub(crate) fn configured<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut server = Self::default();
        words.into_iter().for_each(|word| server.configure(word));
        server
    }

    fn configure(&mut self, word: &str) {
        let Self { config, tls } = self;
        let limits = &mut config.limits;
        let (key, value) = word.split_once('=').unwrap_or((word, "0"));
        if key == "extension" {
            let extension = Extension::parse(value.as_bytes()).unwrap();
            config.extensions = config.extensions.with(extension);
            return;
        }
        match key {
            "lmtp" => return config.lmtp = true,
            "proxy" => return config.proxy = true,
            "all" => {
                config.extensions = Extensions::all();
                config.deliver_by = Some(60);
                let until = "2030-01-01T00:00:00Z".parse().unwrap();
                config.hold = Some(HoldLimits { seconds: 86_400, until });
                config.burl = vec![Text::from_static("imap")];
                return;
            }
            "reject-long-lines" => return config.long_lines = LongLines::Reject,
            "hello-strict" => return config.leniency = Leniency::STRICT,
            "lax" => return config.leniency.missing_brackets = true,
            _ => {}
        }
        let number: u64 = value.parse().unwrap();
        let count = u32::try_from(number).unwrap();
        let length = usize::try_from(number).unwrap();
        match key {
            "starttls" => config.extensions = config.extensions.with(Extension::StartTls),
            "plain-codes" => {
                config.extensions = config.extensions.without(Extension::EnhancedStatusCodes);
            }
            "no-extensions" => config.extensions = Extensions::NONE,
            "auth" => config.mechanisms = vec![Mechanism::PLAIN, Mechanism::LOGIN],
            "proofs" => config.mechanisms = Mechanism::ALL.to_vec(),
            "tls" => *tls = true,
            "normalise" => config.bare = BarePolicy::Normalise,
            "pass" => config.bare = BarePolicy::Pass,
            "size" => limits.message_size = number,
            "discarded" => limits.discarded = number,
            "endless" => limits.endless_line = number,
            "line" => limits.command_line = length,
            "auth-line" => limits.auth_line = length,
            "recipients" => limits.recipients = length,
            "text-line" => limits.text_line = length,
            "transactions" => limits.transactions = Some(count),
            "body-grace" => limits.body_grace = Duration::from_secs(number),
            "body-rate" => limits.body_rate = number,
            "proxy-header" => limits.proxy_header = length,
            "mistakes" => limits.mistakes = count,
            "idling" => limits.idling = count,
            _ => panic!("what is {word}?"),
        }
    }
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

    fn answer(
        &self,
        session: &mut Session,
        event: Option<&Event>,
        words: &mut Expected<'_>,
    ) -> bool {
        if session.awaits_tls() {
            return false;
        }
        // The yes to a message in chunks is not written; what is comes after the chunk.
        if event == Some(&Event::Data) && words.peek().is_some_and(|line| line.starts_with(b"2")) {
            session.accept().unwrap();
            return true;
        }
        let refusal = match event {
            Some(Event::AuthLookup(lookup)) => {
                let stored = Verifier::new(lookup.hash(), &"pencil".into(), b"salt", 2).unwrap();
                session.supply(stored).unwrap();
                return true;
            }
            Some(Event::Auth(Claim::Token(_))) => Some("5.7.8 not with that token"),
            Some(Event::Auth(Claim::Cram(_))) => Some("5.7.8 not by that digest"),
            _ => None,
        };
        if let Some(refusal) = refusal {
            session.reply(Reply::new(535, refusal).unwrap()).unwrap();
            return true;
        }
        let mut lines = Vec::new();
        for line in words {
            lines.extend_from_slice(line);
            lines.extend_from_slice(b"\r\n");
            if line.get(3) != Some(&b'-') {
                break;
            }
        }
        match Reply::parse(&lines) {
            Ok(reply) => session.reply(reply).unwrap(),
            Err(_) => session.accept().unwrap(),
        }
        true
    }

    fn body(event: &Event) -> Option<&Bytes> {
        match event {
            Event::Body(piece) => Some(piece),
            _ => None,
        }
    }

    fn buffered(session: &Session) -> usize {
        session.buffered()
    }

    fn bound(&self) -> usize {
        self.config.limits.command_line.max(self.config.limits.auth_line) + 1000
    }

    fn awaits_tls(session: &Session) -> bool {
        session.awaits_tls()
    }
}
