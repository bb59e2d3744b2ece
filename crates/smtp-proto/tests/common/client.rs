//! A client, and an application that sends the same letter until the script wants to leave.
use proto_core::dot::BarePolicy;
use proto_core::testing::{Expected, Side, Subject};
use proto_core::{Instant, Machine};
use sasl::{Credentials, client::Identity};
use smtp_proto::client::{Config, Envelope, Event, Session, Tls};
use smtp_proto::{Attributes, Command, Extension, ForwardPath, Leniency, Parameters, ReversePath};

pub(crate) struct Client {
    pub(crate) config: Config,
    pub(crate) envelope: Envelope,
    pub(crate) tls: bool,
    pub(crate) letter: Vec<u8>,
    /// Asked once, in place of a letter.
    pub(crate) question: Option<Command>,
    /// Whether a letter is sent even if the script wants to leave at once.
    pub(crate) insists: bool,
}

fn command(line: &str) -> Option<Command> {
    Some(Command::parse(&line.to_owned().into(), Leniency::default()).unwrap())
}

/// Parameters with `&` between them.
fn parameters(command: &str, words: &str) -> Parameters {
    let line = format!("{command} {}", words.replace("&", " "));
    match self::command(&line) {
        Some(Command::Mail { parameters, .. } | Command::Rcpt { parameters, .. }) => parameters,
        other => panic!("{other:?}"),
    }
}

fn attributes(command: &str, words: &str) -> Attributes {
    match self::command(&format!("{command} {}", words.replace("&", " "))) {
        Some(Command::XClient(attributes) | Command::XForward(attributes)) => attributes,
        other => panic!("{other:?}"),
    }
}

impl Default for Client {
    fn default() -> Self {
        let from = ReversePath::Mailbox("alice@crepes.fr".parse().unwrap());
        let to = ForwardPath::Mailbox("bob@hamburger.edu".parse().unwrap());
        let mut config = Config::new("crepes.fr".parse().unwrap());
        config.tls = Tls::Off;
        Self {
            config,
            envelope: Envelope::new(from, vec![to]),
            tls: false,
            letter: b"Do you like ketchup?\r\n".to_vec(),
            question: None,
            insists: false,
        }
    }
}

impl Client {
    /// What `# config:` in a script asks for.
    pub(crate) fn configured<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut client = Self::default();
        words.into_iter().for_each(|word| client.configure(word));
        client
    }

    fn configure(&mut self, word: &str) {
        let Self { config, envelope, tls, letter, question, insists } = self;
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let user = || Credentials::new("test", "1234".into()).unwrap();
        let path = |text: &str| match text {
            "postmaster" => ForwardPath::Postmaster,
            _ => ForwardPath::Mailbox(text.parse().unwrap()),
        };
        *insists |= matches!(key, "mail" | "rcpt" | "require" | "binary");
        match key {
            "host" => config.host = value.parse().unwrap(),
            "starttls" => config.tls = Tls::Required,
            "opportunistic" => config.tls = Tls::Opportunistic,
            "auth" => {
                config.identity = Some(Identity::Password(user().acting_as("test").unwrap()));
            }
            "login" => config.identity = Some(Identity::Password(user())),
            "long" => {
                let long = Credentials::new(&"u".repeat(400), "p".into()).unwrap();
                config.identity = Some(Identity::Password(long));
            }
            "plaintext" => config.plaintext_passwords = true,
            "tls" => *tls = true,
            "normalise" => config.bare = BarePolicy::Normalise,
            "reply-line" => config.limits.reply_line = value.parse().unwrap(),
            "reply-lines" => config.limits.reply_lines = value.parse().unwrap(),
            "output" => config.limits.output = value.parse().unwrap(),
            "from" if value.is_empty() => envelope.from = ReversePath::Null,
            "from" => envelope.from = ReversePath::Mailbox(value.parse().unwrap()),
            "to" => {
                envelope.recipients =
                    value.split(',').map(|it| path(&it.replace('_', " ")).into()).collect();
            }
            "lmtp" => config.lmtp = true,
            "no-pipelining" => config.pipelining = false,
            "no-chunks" => config.chunking = false,
            "chunk" => config.limits.chunk = value.parse().unwrap(),
            "binary" => envelope.binary = true,
            "letter" => *letter = value.replace("_", " ").replace("|", "\r\n").into_bytes(),
            "mail" => envelope.parameters = parameters("MAIL FROM:<>", value),
            "rcpt" => {
                for (recipient, value) in envelope.recipients.iter_mut().zip(value.split('|')) {
                    recipient.parameters = parameters("RCPT TO:<a@b>", value);
                }
            }
            "require" => {
                let extension = Extension::parse(value.as_bytes()).unwrap();
                envelope.required = envelope.required.with(extension);
            }
            "xclient" => config.xclient = Some(attributes("XCLIENT", value)),
            "xforward" => envelope.forwarded = attributes("XFORWARD", value),
            "ask" => *question = command(&value.replace('_', " ")),
            "size" => envelope.size = Some(value.parse().unwrap()),
            "eight-bit" => envelope.eight_bit = true,
            "utf8-header" => envelope.utf8_header = true,
            "lf-letter" => *letter = b"one\ntwo\n".to_vec(),
            _ => panic!("what is {word}?"),
        }
    }
}

impl Subject for Client {
    type Machine = Session;
    const SIDE: Side = Side::Client;

    fn start(&self, now: Instant) -> Session {
        let mut session = Session::new(now, self.config.clone());
        if self.tls {
            session.secured();
        }
        session
    }

    fn answer(
        &self,
        session: &mut Session,
        event: Option<&Event>,
        next: &mut Expected<'_>,
    ) -> bool {
        let leaves = next.peek().is_some_and(|line| line == b"QUIT");
        match event {
            Some(Event::SendBody) => {
                session.body(&self.letter).unwrap();
                // One that cannot be sent has ended the message.
                let _ = session.body_end();
            }
            Some(Event::Ready) if self.question.is_some() => {
                session.ask(self.question.as_ref().unwrap()).unwrap();
            }
            Some(Event::Answered(_)) => session.quit().unwrap(),
            Some(Event::Sent(outcome)) if outcome.rest.is_some() => {
                session.send(outcome.rest.clone().unwrap()).unwrap();
            }
            Some(Event::Ready) if leaves && !self.insists => session.quit().unwrap(),
            Some(Event::Ready) => session.send(self.envelope.clone()).unwrap(),
            Some(Event::Sent(_)) if leaves || next.peek().is_none() => session.quit().unwrap(),
            Some(Event::Sent(_)) => session.send(self.envelope.clone()).unwrap(),
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

    fn awaits_tls(session: &Session) -> bool {
        session.awaits_tls()
    }
}
