//! The state machine.
use alloc::string::String;
use core::time::Duration;

use bytes::BytesMut;
use proto_core::{Input, Instant, Machine, Step, Timer};

use sasl::{ChannelBinding, Seed, Setting};

use super::state::{Owed, State, Transaction};
use super::{Config, Event};
use crate::{Error, Misuse, ProxyHeader, Reply};

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
    /// Runs from the beginning of a message to its end.
    pub(super) progress: Timer,
    pub(super) input: Input,
    pub(super) output: BytesMut,
    pub(super) state: State,
    pub(super) transaction: Option<Transaction>,
    /// How many there have been.
    pub(super) transactions: u32,
    /// The client was told to go away, and has yet to.
    pub(super) turned_away: bool,
    told: bool,
    pub(super) greeted: bool,
    pub(super) secured: bool,
    /// What is known of the connection that authentication runs over.
    pub(super) setting: Setting,
    pub(super) authenticated: bool,
    pub(super) mistakes: u32,
    pub(super) idling: u32,
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
            state: if config.proxy { State::Proxy } else { State::Owed(Owed::Connected) },
            config,
            timer: Timer::new(now),
            progress: Timer::new(now),
            input: Input::default(),
            output: BytesMut::new(),
            transaction: None,
            transactions: 0,
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
            // A client that sends chunks does not wait to be let.
            if !(code == 354 && matches!(owed, Owed::Chunk(_))) {
                reply.write(&mut self.output);
            }
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
                State::Proxy | State::Tls if self.leaving => {
                    self.state = State::Closed;
                    None
                }
                // Between two commands, so that a message on its way still gets its verdict.
                State::Command | State::Auth(_) if self.leaving => {
                    return Err(Error::ShuttingDown);
                }
                State::Proxy => self.hear_proxy()?,
                State::Tls if !self.input.is_empty() => {
                    return Err(Error::PlaintextAfterStartTls);
                }
                State::Tls if self.eof => return Err(Error::UnexpectedEof),
                State::Tls => Some(Step::Paused),
                State::Closed => Some(Step::Closed),
                State::Command => self.hear_command()?,
                State::Auth(_) => self.hear_auth()?,
                State::Body(_) => self.hear_body()?,
                State::Chunk(chunk) => self.hear_chunk(chunk)?,
                State::Skip(left) => self.skip_chunk(left)?,
                State::Verdicts(next) => self.next_verdict(next),
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// Takes the header of the PROXY protocol.
    fn hear_proxy(&mut self) -> Result<Option<Step<Event>>, Error> {
        let limit = self.config.limits.proxy_header;
        match ProxyHeader::parse(self.input.held(), limit).map_err(Error::NoProxyHeader)? {
            Some((header, length)) => {
                drop(self.input.take(length as u64));
                self.state = State::Owed(Owed::Connected);
                Ok(Some(Step::Event(Event::Proxied(header))))
            }
            None if !self.eof => Ok(Some(Step::NeedInput)),
            // Somebody looked whether we live.
            None if self.input.is_empty() => {
                self.state = State::Closed;
                Ok(None)
            }
            None => Err(Error::UnexpectedEof),
        }
    }

    /// How long the client may take now.
    fn patience(&self) -> Option<Duration> {
        let limits = &self.config.limits;
        match self.state {
            _ if self.failed.is_some() => None,
            State::Proxy | State::Command | State::Auth(_) | State::Tls => {
                Some(limits.command_timeout)
            }
            State::Body(_) | State::Chunk(_) | State::Skip(_) => Some(limits.body_timeout),
            State::Owed(_) | State::Verdicts(_) | State::Closed => None,
        }
    }

    /// How long a whole message may take, by what has come of it.
    fn message_patience(&self) -> Option<Duration> {
        let limits = &self.config.limits;
        let message = self.transaction.as_ref().and_then(|it| it.message.as_ref())?;
        let earned = message.size().checked_div(limits.body_rate)?;
        self.patience()?;
        Some(limits.body_grace.saturating_add(Duration::from_secs(earned)))
    }

    /// Ends the session, with a goodbye if the client may still hear one.
    fn fail(&mut self, error: Error) {
        let mut code = 421;
        let (enhanced, text) = match error {
            // Nobody spoke SMTP yet.
            _ if matches!(self.state, State::Proxy) => {
                self.failed = Some(error);
                return;
            }
            // RFC 3030 has no way to get in step again; 521 is Postfix's word for it.
            Error::BadChunk => {
                code = 521;
                ("5.5.2", "malformed chunk size")
            }
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
        self.answer(code, enhanced, &text);
        self.failed = Some(error);
    }
}

impl Machine for Session {
    type Event = Event;
    type Error = Error;

    fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.timer.tell(now);
        self.progress.tell(now);
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
        let step = self.timer.deadline(self.patience()?);
        let whole = self.message_patience().map(|patience| self.progress.deadline(patience));
        Some(whole.map_or(step, |whole| whole.min(step)))
    }

    fn expire(&mut self, now: Instant) {
        let (step, whole) = (self.patience(), self.message_patience());
        let over = |timer: &mut Timer, patience| match patience {
            Some(patience) => timer.is_over(now, patience),
            None => {
                timer.tell(now);
                false
            }
        };
        if over(&mut self.timer, step) | over(&mut self.progress, whole) {
            self.fail(Error::Timeout);
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
