//! The commands: their order, and who answers them.
use bytes::Bytes;
use proto_core::{LineError, Step};

use super::state::{Owed, State, Transaction};
use super::{Event, Session};
use crate::extension::Of;
use crate::{
    Command, Error, Extension, ForwardPath, Host, Parameters, ParseError, ParseErrorKind,
    ReversePath,
};

impl Session {
    pub(super) fn hear_command(&mut self) -> Result<Option<Step<Event>>, Error> {
        let limit = self.config.limits.command_line + self.supported().growth();
        let Some(line) = self.input.line(limit).transpose() else { return self.idle() };
        self.timer.restart();
        let event = match line {
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
            K::UnknownCommand => (500, "5.5.1"),
            K::Path | K::Mailbox => (501, "5.1.3"),
            K::NotAscii => (501, "5.5.2"),
            _ => (501, "5.5.4"),
        };
        self.mistake(code, enhanced, &alloc::format!("{}", error.kind()))
    }

    fn obey(&mut self, command: Command) -> Result<Option<Event>, Error> {
        match command {
            Command::Ehlo(host) => self.hello(host, true),
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
            Command::Vrfy(text) => {
                self.idling()?;
                Ok(self.owe(Owed::Verify, Event::Vrfy(text)))
            }
            Command::Expn(text) => {
                self.idling()?;
                Ok(self.owe(Owed::Verify, Event::Expn(text)))
            }
            Command::Help(topic) => {
                self.idling()?;
                Ok(self.owe(Owed::Help, Event::Help(topic)))
            }
            Command::StartTls => self.starttls(),
            Command::Auth { mechanism, initial } => self.begin_auth(mechanism, initial.as_ref()),
        }
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
        if !parameters.are_of(self.supported(), Of::Mail) {
            return self.mistake(555, "5.5.4", "parameter is not offered");
        }
        // RFC 6531 §3.4.
        if !from.is_ascii() && !smtputf8 {
            return self.mistake(553, "5.6.7", "address beyond ASCII without SMTPUTF8");
        }
        // RFC 1870 §6.1: refused before it is sent.
        if parameters.size().is_some_and(|size| size > self.config.limits.message_size) {
            self.answer(552, "5.3.4", "message too large");
            return Ok(None);
        }
        Ok(self.owe(Owed::Mail { smtputf8 }, Event::Mail { from, parameters }))
    }

    fn rcpt(&mut self, to: ForwardPath, parameters: Parameters) -> Result<Option<Event>, Error> {
        let Some(Transaction { smtputf8, recipients }) = self.transaction else {
            return self.mistake(503, "5.5.1", "bad sequence of commands");
        };
        if !parameters.are_of(self.supported(), Of::Rcpt) {
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
        Ok(self.owe(Owed::Rcpt, Event::Rcpt { to, parameters }))
    }

    fn data(&mut self) -> Result<Option<Event>, Error> {
        match self.transaction {
            None => self.mistake(503, "5.5.1", "bad sequence of commands"),
            // Not a mistake: a client that pipelines says DATA before it knows.
            Some(Transaction { recipients: 0, .. }) => {
                self.answer(554, "5.5.1", "no valid recipients given");
                Ok(None)
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
