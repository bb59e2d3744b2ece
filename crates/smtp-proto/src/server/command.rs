//! The commands: their order, and who answers them.
use bytes::Bytes;
use proto_core::{LineError, Step};

use super::state::{Owed, State, Transaction};
use super::{Event, Session};
use crate::extension::Of;
use crate::{
    Attribute, AttributeName, Body, Command, Error, Extension, ForwardPath, Host, Late, Parameters,
    ParseError, ParseErrorKind, ReversePath, Text,
};

impl Session {
    pub(super) fn hear_command(&mut self) -> Result<Option<Step<Event>>, Error> {
        let limit = self.config.limits.command_line + self.supported().growth();
        // Tokens are long, whatever RFC 4954 §4 says of AUTH's initial response.
        let longest = match self.config.mechanisms.is_empty() {
            true => limit,
            false => limit.max(self.config.limits.auth_line),
        };
        let Some(line) = self.input.line(longest).transpose() else { return self.idle() };
        self.timer.restart();
        let event = match line {
            Ok(line) if line.len() + 2 > limit && !is_auth(&line) => {
                self.too_long(line.len() as u64 + 2, "line too long")
            }
            // A copy, so that an envelope does not keep a whole read in memory.
            Ok(line) => self.hear_line(&Bytes::copy_from_slice(&line)),
            Err(LineError::TooLong { length }) => self.too_long(length, "line too long"),
            Err(_) => self.mistake(500, "5.5.2", "line feed without carriage return"),
        };
        Ok(event?.map(Step::Event))
    }

    /// The same whether the line came at once or little by little: see `idle`.
    pub(super) fn too_long(&mut self, length: u64, text: &str) -> Result<Option<Event>, Error> {
        if length.saturating_sub(1) > self.config.limits.endless_line {
            return Err(Error::EndlessLine);
        }
        self.mistake(500, "5.5.6", text)
    }

    fn hear_line(&mut self, line: &Bytes) -> Result<Option<Event>, Error> {
        let command = Command::parse(line, self.config.leniency);
        // RFC 5321 §3.1: after 554, 503 to everything but QUIT.
        if self.turned_away && command != Ok(Command::Quit) {
            return self.mistake(503, "5.5.1", "bad sequence of commands");
        }
        match command {
            Ok(command) => self.obey(command),
            Err(error) => self.hear_nonsense(error),
        }
    }

    /// RFC 5321 §4.2.4, §4.3.2: which code for which nonsense.
    fn hear_nonsense(&mut self, error: ParseError) -> Result<Option<Event>, Error> {
        use ParseErrorKind as K;
        let (code, enhanced) = match error.kind() {
            // Nobody knows where the chunk ends, so whatever follows could be taken for commands.
            K::Chunk => return Err(Error::BadChunk),
            K::UnknownCommand => (500, "5.5.1"),
            K::Path | K::Mailbox => (501, "5.1.3"),
            K::NotAscii => (501, "5.5.2"),
            _ => (501, "5.5.4"),
        };
        self.mistake(code, enhanced, &alloc::format!("{}", error.kind()))
    }

    fn obey(&mut self, command: Command) -> Result<Option<Event>, Error> {
        match command {
            // RFC 2033 §4.1: the one in place of the others.
            Command::Ehlo(_) | Command::Helo(_) if self.config.lmtp => {
                self.mistake(500, "5.5.1", "this is LMTP: say LHLO")
            }
            Command::Lhlo(_) if !self.config.lmtp => {
                self.mistake(500, "5.5.1", "this is SMTP: say EHLO")
            }
            Command::Ehlo(host) | Command::Lhlo(host) => self.hello(host, true),
            Command::Helo(host) => self.hello(host, false),
            Command::Mail { from, parameters } => self.mail(from, parameters),
            Command::Rcpt { to, parameters } => self.rcpt(to, parameters),
            Command::Data => self.data(),
            Command::Rset => self.rset(),
            Command::Noop => {
                self.idling()?;
                self.answer(250, "2.0.0", "OK");
                Ok(None)
            }
            Command::Quit => Ok(self.owe(Owed::Quit, Event::Quit)),
            Command::Vrfy(text) => self.verify(&text.clone(), Event::Vrfy(text)),
            Command::Expn(text) => self.verify(&text.clone(), Event::Expn(text)),
            Command::Help(topic) => {
                self.idling()?;
                Ok(self.owe(Owed::Help, Event::Help(topic)))
            }
            Command::StartTls => self.starttls(),
            Command::Auth { mechanism, initial } => self.begin_auth(mechanism, initial.as_ref()),
            Command::Bdat { size, last } => self.bdat(size, last),
            Command::Burl { url, last } => self.burl(url, last),
            Command::Etrn(queue) => {
                self.between(Extension::Etrn, true, Owed::Etrn, Event::Etrn(queue))
            }
            Command::XClient(attributes) => {
                let login = matches!(attributes.get(AttributeName::Login), Some(Attribute::Is(_)));
                let owed = Owed::XClient { login };
                self.between(Extension::XClient, false, owed, Event::XClient(attributes))
            }
            Command::XForward(attributes) => {
                let event = Event::XForward(attributes);
                self.between(Extension::XForward, true, Owed::XForward, event)
            }
        }
    }

    /// A command of an extension that has no place in a transaction.
    fn between(
        &mut self,
        extension: Extension,
        after_hello: bool,
        owed: Owed,
        event: Event,
    ) -> Result<Option<Event>, Error> {
        if !self.supported().contains(extension) {
            return self.mistake(502, "5.5.1", &alloc::format!("{extension} is not offered"));
        }
        if self.transaction.is_some() || after_hello && !self.greeted {
            return self.mistake(503, "5.5.1", "bad sequence of commands");
        }
        self.idling()?;
        Ok(self.owe(owed, event))
    }

    fn verify(&mut self, text: &Text, event: Event) -> Result<Option<Event>, Error> {
        self.idling()?;
        // RFC 6531 §3.7.4.2.
        let words = text.as_bytes();
        let asked = words.rsplit(|octet| *octet == b' ').next();
        let utf8 = asked.is_some_and(|word| word.eq_ignore_ascii_case(b"SMTPUTF8"));
        let utf8 = utf8 && self.supported().contains(Extension::SmtpUtf8);
        if !(utf8 || words.is_ascii()) {
            return self.mistake(553, "5.6.7", "address beyond ASCII without SMTPUTF8");
        }
        Ok(self.owe(Owed::Verify, event))
    }

    fn owe(&mut self, owed: Owed, event: Event) -> Option<Event> {
        self.state = State::Owed(owed);
        Some(event)
    }

    /// RFC 5321 §4.1.4: EHLO forgets the transaction, as RSET does.
    fn hello(&mut self, host: Host, extended: bool) -> Result<Option<Event>, Error> {
        self.idling()?;
        self.transaction = None;
        Ok(self.owe(Owed::Hello { host: host.clone(), extended }, Event::Hello { host, extended }))
    }

    fn mail(&mut self, from: ReversePath, parameters: Parameters) -> Result<Option<Event>, Error> {
        let smtputf8 = parameters.smtputf8();
        if !self.greeted || self.transaction.is_some() {
            return self.mistake(503, "5.5.1", "bad sequence of commands");
        }
        if !parameters.are_of(self.offered(), Of::Mail) {
            return self.mistake(555, "5.5.4", "parameter is not offered");
        }
        // RFC 6531 §3.4.
        if !from.is_ascii() && !smtputf8 {
            return self.mistake(553, "5.6.7", "address beyond ASCII without SMTPUTF8");
        }
        if let Some((code, enhanced, text)) = self.cannot(&parameters) {
            self.answer(code, enhanced, text);
            return Ok(None);
        }
        let binary = parameters.body() == Some(Body::Binary);
        Ok(self.owe(Owed::Mail { smtputf8, binary }, Event::Mail { from, parameters }))
    }

    /// What is asked of a message in due form and cannot be had.
    fn cannot(&self, parameters: &Parameters) -> Option<(u16, &'static str, &'static str)> {
        let limits = &self.config.limits;
        if limits.transactions.is_some_and(|most| self.transactions >= most) {
            return Some((452, "4.5.3", "too many transactions"));
        }
        // RFC 1870 §6.1: refused before it is sent.
        if parameters.size().is_some_and(|size| size > limits.message_size) {
            return Some((552, "5.3.4", "message too large"));
        }
        // RFC 4865 §4.1: one of them, and no longer than was announced.
        let both = parameters.get("HOLDFOR").is_some() && parameters.get("HOLDUNTIL").is_some();
        let allowed = |hold| self.config.hold.as_ref().is_some_and(|limits| limits.allow(&hold));
        if both || parameters.hold().is_some_and(|hold| !allowed(hold)) {
            return Some((501, "5.5.4", "message cannot be held so long"));
        }
        // RFC 2852 §3.
        let least = self.config.deliver_by.unwrap_or(0);
        let too_soon = parameters
            .deliver_by()
            .is_some_and(|by| by.late() == Late::Return && by.seconds().unsigned_abs() < least);
        too_soon.then_some((555, "5.5.4", "message cannot be delivered so soon"))
    }

    fn rcpt(&mut self, to: ForwardPath, parameters: Parameters) -> Result<Option<Event>, Error> {
        let Some(Transaction { smtputf8, recipients, message: None, spoilt: false, .. }) =
            self.transaction
        else {
            return self.mistake(503, "5.5.1", "bad sequence of commands");
        };
        if !parameters.are_of(self.offered(), Of::Rcpt) {
            return self.mistake(555, "5.5.4", "parameter is not offered");
        }
        if !to.is_ascii() && !smtputf8 {
            return self.mistake(553, "5.6.7", "address beyond ASCII without SMTPUTF8");
        }
        // RFC 5321 §4.5.3.1.10.
        if recipients >= self.config.limits.recipients {
            self.answer(452, "4.5.3", "too many recipients");
            return Ok(None);
        }
        let path = self.config.lmtp.then(|| to.clone());
        Ok(self.owe(Owed::Rcpt(path), Event::Rcpt { to, parameters }))
    }

    fn data(&mut self) -> Result<Option<Event>, Error> {
        match self.transaction {
            None
            | Some(Transaction { spoilt: true, .. } | Transaction { message: Some(_), .. }) => {
                self.mistake(503, "5.5.1", "bad sequence of commands")
            }
            // Not a mistake: a client that pipelines says DATA before it knows. RFC 2033 §4.2
            // wants 503 in LMTP.
            Some(Transaction { recipients: 0, .. }) => {
                let code = if self.config.lmtp { 503 } else { 554 };
                self.answer(code, "5.5.1", "no valid recipients given");
                Ok(None)
            }
            // RFC 3030 §3.
            Some(Transaction { binary: true, .. }) => {
                self.mistake(503, "5.5.1", "BINARYMIME needs BDAT")
            }
            Some(_) => Ok(self.owe(Owed::Data, Event::Data)),
        }
    }

    fn rset(&mut self) -> Result<Option<Event>, Error> {
        self.idling()?;
        self.answer(250, "2.0.0", "OK");
        Ok(self.transaction.take().map(|_| Event::Reset))
    }

    fn starttls(&mut self) -> Result<Option<Event>, Error> {
        if !self.config.extensions.contains(Extension::StartTls) {
            return self.mistake(502, "5.5.1", "STARTTLS is not offered");
        }
        if self.secured || self.transaction.is_some() {
            return self.mistake(503, "5.5.1", "bad sequence of commands");
        }
        Ok(self.owe(Owed::StartTls, Event::StartTls))
    }
}

/// Whether a line is an AUTH command.
fn is_auth(line: &[u8]) -> bool {
    line.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "))
}
