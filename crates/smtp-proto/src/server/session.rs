//! The state machine.
use alloc::string::String;
use core::time::Duration;

use bytes::BytesMut;
use proto_core::{Input, Instant, Machine, Step, Timer};

use sasl::{ChannelBinding, Seed, Setting};

use super::body::Incoming;
use super::state::{Owed, State, Transaction};
use super::{Config, Event};
use crate::reply::words;
use crate::{Capabilities, Error, Extension, Extensions, Misuse, Reply};

/// The server's end of one connection.
///
/// ```
/// use proto_core::{Instant, Machine, Step};
/// use smtp_proto::{Reply, server::{Config, Event, Session}};
///
/// let mut session = Session::new(Instant::ORIGIN, Config::new("hamburger.edu".parse()?));
/// assert_eq!(session.poll()?, Step::Event(Event::Connected));
/// session.reply(Reply::new(220, "hamburger.edu")?)?;
/// session.receive(Instant::ORIGIN, b"HELO crepes.fr\r\n");
/// assert!(matches!(session.poll()?, Step::Event(Event::Hello { extended: false, .. })));
/// assert_eq!(session.poll()?, Step::Paused);
/// session.accept()?; // the customary reply
/// assert_eq!(session.output(), "220 hamburger.edu\r\n250 hamburger.edu greets crepes.fr\r\n");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    pub(super) config: Config,
    pub(super) timer: Timer,
    pub(super) input: Input,
    pub(super) output: BytesMut,
    pub(super) state: State,
    pub(super) transaction: Option<Transaction>,
    /// The client was told to go away, and has yet to.
    pub(super) turned_away: bool,
    told: bool,
    pub(super) greeted: bool,
    pub(super) secured: bool,
    /// What is known of the connection that authentication runs over.
    pub(super) setting: Setting,
    pub(super) authenticated: bool,
    pub(super) mistakes: u32,
    idling: u32,
    pub(super) eof: bool,
    /// The server is to end.
    leaving: bool,
    failed: Option<Error>,
}

impl Session {
    /// Begins a session with a client that just connected. If TLS is below from the beginning,
    /// call [`secured`](Machine::secured) next.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let mut setting = Setting::default();
        setting.allow_plaintext(config.plaintext_passwords);
        Self {
            config,
            timer: Timer::new(now),
            input: Input::default(),
            output: BytesMut::new(),
            state: State::Owed(Owed::Connected),
            transaction: None,
            turned_away: false,
            told: false,
            greeted: false,
            secured: false,
            setting,
            authenticated: false,
            mistakes: 0,
            idling: 0,
            eof: false,
            leaving: false,
            failed: None,
        }
    }

    /// Takes randomness, fresh for each session; without, neither SCRAM nor CRAM-MD5 is offered.
    ///
    /// ```
    /// use proto_core::{Instant, blocking::random};
    /// use smtp_proto::server::{Config, Session};
    ///
    /// let config = Config::new("hamburger.edu".parse()?);
    /// let session = Session::new(Instant::ORIGIN, config).with_seed(sasl::Seed::new(random()?));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        self.setting.seed(seed);
        self
    }

    /// Answers the last event, in these words. The code decides what happens next.
    ///
    /// # Errors
    /// No reply is due, or none with this code: see [`Event`].
    pub fn reply(&mut self, reply: Reply) -> Result<(), Misuse> {
        let code = reply.code();
        let State::Owed(owed) = &self.state else { return Err(Misuse::Reply { code }) };
        if !owed.allows(code) || self.failed.is_some() {
            return Err(Misuse::Reply { code });
        }
        self.timer.restart_vaguely();
        let State::Owed(mut owed) = core::mem::replace(&mut self.state, State::Command) else {
            return Ok(());
        };
        let state = self.after(&owed, code);
        let reply = match &mut owed {
            Owed::Auth(exchange) if code >= 400 && code != 421 => {
                self.hold_refusal(exchange, reply)
            }
            _ => Some(reply),
        };
        if let Some(reply) = reply {
            reply.write(&mut self.output);
            self.state = state;
        }
        Ok(())
    }

    /// Answers the last event with yes, in the customary words; EHLO with the extensions.
    ///
    /// # Errors
    /// No reply is due.
    pub fn accept(&mut self) -> Result<(), Misuse> {
        let State::Owed(owed) = &self.state else { return Err(Misuse::NotReady) };
        let reply = self.yes(owed);
        self.reply(reply)
    }

    /// Makes the reply to EHLO: a line of words, and one for each extension that is on offer.
    ///
    /// # Errors
    /// The words hold a control character.
    pub fn ehlo_reply(&self, text: &str) -> Result<Reply, Misuse> {
        let mut text: String = text.into();
        self.announced().write_lines(&mut text);
        Reply::new(250, &text)
    }

    /// Whether the transport is encrypted.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.secured
    }

    /// Whether the client has proved who it is: AUTH was answered 235.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        self.authenticated
    }

    /// Whether the application owes a reply.
    #[must_use]
    pub const fn awaits_reply(&self) -> bool {
        matches!(self.state, State::Owed(_))
    }

    /// Whether a STARTTLS was answered 220 and the handshake is due.
    #[must_use]
    pub const fn awaits_tls(&self) -> bool {
        matches!(self.state, State::Tls)
    }

    /// Returns how many received octets are held.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    /// Where a reply leads.
    fn after(&mut self, owed: &Owed, code: u16) -> State {
        let agreed = code < 400;
        match owed {
            _ if code == 421 => return State::Closed,
            Owed::Connected => self.turned_away = !agreed,
            Owed::Hello { .. } => self.greeted |= agreed,
            Owed::Mail { smtputf8 } if agreed => {
                self.transaction = Some(Transaction { smtputf8: *smtputf8, recipients: 0 });
            }
            Owed::Rcpt if agreed => self.transaction.iter_mut().for_each(|it| it.recipients += 1),
            Owed::Data if agreed => return State::Body(Incoming::new(&self.config)),
            Owed::Body => {
                self.transaction = None;
                self.idling = if agreed { 0 } else { self.idling };
            }
            Owed::StartTls if agreed => return State::Tls,
            Owed::Auth(_) if agreed => self.authenticated = true,
            // Guesses are bounded like other mistakes.
            Owed::Auth(_) | Owed::Lookup(_) => self.mistakes = self.mistakes.saturating_add(1),
            Owed::Quit => return State::Closed,
            _ => {}
        }
        State::Command
    }

    /// The customary yes.
    fn yes(&self, owed: &Owed) -> Reply {
        let host = &self.config.host;
        let own = |code, enhanced, text| Reply::own(code, self.words(enhanced, text));
        match owed {
            Owed::Connected => Reply::own(220, alloc::format!("{host} ESMTP")),
            Owed::Hello { host: client, extended } => {
                let mut text = alloc::format!("{host} greets {client}");
                if *extended {
                    self.announced().write_lines(&mut text);
                }
                Reply::own(250, text)
            }
            Owed::Mail { .. } => own(250, "2.1.0", "OK"),
            Owed::Rcpt => own(250, "2.1.5", "OK"),
            Owed::Data => Reply::own(354, "Start mail input; end with <CRLF>.<CRLF>"),
            Owed::Body => own(250, "2.0.0", "OK"),
            Owed::StartTls => own(220, "2.0.0", "Go ahead"),
            Owed::Auth(_) => own(235, "2.7.0", "Authentication successful"),
            // There is no yes without a verifier.
            Owed::Lookup(_) => own(535, "5.7.8", "Authentication credentials invalid"),
            Owed::Verify => own(252, "2.0.0", "Send some mail, and see"),
            Owed::Help => own(214, "2.0.0", "See RFC 5321"),
            Owed::Quit => own(221, "2.0.0", "Bye"),
        }
    }

    /// Everything that may come up in a session.
    pub(super) fn supported(&self) -> Extensions {
        match self.config.mechanisms.is_empty() {
            true => self.config.extensions.without(Extension::Auth),
            false => self.config.extensions.with(Extension::Auth),
        }
    }

    /// What to tell the client of.
    fn announced(&self) -> Capabilities {
        let mut extensions = self.supported();
        if self.secured {
            extensions = extensions.without(Extension::StartTls);
        }
        let mechanisms = self.usable_mechanisms();
        if mechanisms.is_empty() {
            extensions = extensions.without(Extension::Auth);
        }
        let size = Some(self.config.limits.message_size);
        Capabilities { extensions, size, mechanisms }
    }

    fn words(&self, enhanced: &str, text: &str) -> String {
        words(self.config.extensions.contains(Extension::EnhancedStatusCodes), enhanced, text)
    }

    /// Answers by ourselves.
    pub(super) fn answer(&mut self, code: u16, enhanced: &str, text: &str) {
        Reply::own(code, self.words(enhanced, text)).write(&mut self.output);
    }

    /// Answers a mistake, unless it is one too many.
    pub(super) fn mistake(
        &mut self,
        code: u16,
        enhanced: &str,
        text: &str,
    ) -> Result<Option<Event>, Error> {
        if self.mistakes >= self.config.limits.mistakes {
            return Err(Error::TooManyMistakes);
        }
        self.mistakes += 1;
        self.answer(code, enhanced, text);
        Ok(None)
    }

    /// Counts a command that brings no mail.
    pub(super) fn idling(&mut self) -> Result<(), Error> {
        if self.idling >= self.config.limits.idling {
            return Err(Error::TooMuchIdling);
        }
        self.idling += 1;
        Ok(())
    }

    /// Nothing can be done with what is there: is that all?
    pub(super) fn idle(&mut self) -> Result<Option<Step<Event>>, Error> {
        let line = self.input.skipped().saturating_add(self.input.len() as u64);
        if line > self.config.limits.endless_line {
            return Err(Error::EndlessLine);
        }
        if self.leaving && !self.eof && matches!(self.state, State::Command) {
            return Err(Error::ShuttingDown);
        }
        if !self.eof {
            return Ok(Some(Step::NeedInput));
        }
        let midway = matches!(self.state, State::Auth(_)) || self.transaction.is_some();
        if midway || !self.input.is_empty() {
            return Err(Error::UnexpectedEof);
        }
        self.state = State::Closed;
        Ok(Some(Step::Closed))
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            let step = match self.state {
                State::Owed(Owed::Connected) if !self.told => {
                    self.told = true;
                    Some(Step::Event(Event::Connected))
                }
                State::Owed(_) => Some(Step::Paused),
                State::Tls if !self.input.is_empty() => {
                    return Err(Error::PlaintextAfterStartTls);
                }
                State::Tls if self.eof => return Err(Error::UnexpectedEof),
                State::Tls => Some(Step::Paused),
                State::Closed => Some(Step::Closed),
                State::Command => self.hear_command()?,
                State::Auth(_) => self.hear_auth()?,
                State::Body(_) => self.hear_body()?,
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// How long the client may take now.
    fn patience(&self) -> Option<Duration> {
        match self.state {
            _ if self.failed.is_some() => None,
            State::Command | State::Auth(_) | State::Tls => {
                Some(self.config.limits.command_timeout)
            }
            State::Body(_) => Some(self.config.limits.body_timeout),
            State::Owed(_) | State::Closed => None,
        }
    }

    /// Ends the session, with a goodbye if the client may still hear one.
    fn fail(&mut self, error: Error) {
        let (enhanced, text) = match error {
            Error::Timeout => ("4.4.2", "timeout"),
            Error::EndlessLine => ("4.7.0", "line too long"),
            Error::ShuttingDown => ("4.3.2", "shutting down"),
            Error::TooManyMistakes => ("4.7.0", "too many errors"),
            Error::TooMuchIdling => ("4.7.0", "too many commands"),
            Error::EndlessMessage => ("4.3.4", "message too large"),
            Error::PlaintextAfterStartTls => ("4.7.0", "plaintext after STARTTLS"),
            _ => {
                self.failed = Some(error);
                return;
            }
        };
        let text = alloc::format!("{} {text}, closing connection", self.config.host);
        self.answer(421, enhanced, &text);
        self.failed = Some(error);
    }
}

impl Machine for Session {
    type Event = Event;
    type Error = Error;

    fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.timer.tell(now);
        if self.failed.is_none() && !matches!(self.state, State::Closed) {
            self.input.push(bytes);
        }
    }

    fn receive_eof(&mut self) {
        self.eof = true;
    }

    fn poll(&mut self) -> Result<Step<Event>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.advance().inspect_err(|error| self.fail(error.clone()))
    }

    fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    fn deadline(&self) -> Option<Instant> {
        self.patience().map(|patience| self.timer.deadline(patience))
    }

    fn expire(&mut self, now: Instant) {
        match self.patience() {
            None => self.timer.tell(now),
            Some(patience) => {
                if self.timer.is_over(now, patience) {
                    self.fail(Error::Timeout);
                }
            }
        }
    }

    /// RFC 3207 §4.2: everything known of the client is forgotten.
    fn secured(&mut self) {
        self.secured = true;
        self.setting.secure();
        self.timer.restart_vaguely();
        if !matches!(self.state, State::Tls) {
            return;
        }
        if !self.input.is_empty() {
            return self.fail(Error::PlaintextAfterStartTls);
        }
        self.state = State::Command;
        self.greeted = false;
        self.authenticated = false;
        self.transaction = None;
    }

    fn shut_down(&mut self) {
        self.leaving = true;
    }

    fn bind(&mut self, channel: ChannelBinding) {
        self.setting.bind(channel);
    }
}
