//! The server's end of a session.
//!
//! ```text
//!                  admit(+OK)                     QUIT
//! AUTHORIZATION ───────────────▶ TRANSACTION ───────────────▶ UPDATE: Event::Commit
//!  USER PASS AUTH STLS CAPA       STAT LIST UIDL RETR TOP       respond(+OK) ─▶ Closed
//!  QUIT ─▶ Closed                 DELE RSET NOOP CAPA
//! ```
mod answer;
mod config;
mod event;
mod state;

pub use answer::More;
pub use config::{Config, Expire, Limits};
pub use event::{Event, Login};
use state::{Listing, Owed, State};

use alloc::string::ToString;
use core::fmt::Write;

use bytes::{Bytes, BytesMut};
use proto_core::{Input, Instant, LineError, Machine, Step, Text, Timer};
use sasl::{ChannelBinding, Seed, Setting};

use crate::{Apop, Command, Error, Maildrop, MessageNumber, Response};

/// The server's end of a session.
///
/// ```
/// use bytes::Bytes;
/// use pop3_proto::{Entry, Maildrop, Response, Text, UniqueId, server::{Config, Event, Session}};
/// use proto_core::{Instant, Machine, Step};
///
/// let now = Instant::ORIGIN;
/// let mut session = Session::new(now, Config::new(Text::from_static("POP3 server ready")));
/// session.receive(now, b"USER bob\r\nPASS hungry\r\nRETR 1\r\n");
/// let Step::Event(Event::Login(_)) = session.poll()? else { panic!("nobody came") };
/// let id = UniqueId::new("m1".into())?;
/// let maildrop = Maildrop::new(vec![Entry { size: 7, id }])?;
/// session.admit(maildrop, Text::from_static("user successfully logged on"))?;
/// let Step::Event(Event::Retrieve { index: 0, .. }) = session.poll()? else { panic!("no RETR") };
/// session.respond(Response::ok(Text::from_static("7 octets")))?;
/// session.send(b"Hello\r\n")?;
/// session.finish()?;
/// assert_eq!(
///     session.output(),
///     "+OK POP3 server ready\r\n+OK\r\n+OK user successfully logged on\r\n\
///      +OK 7 octets\r\nHello\r\n.\r\n"
/// );
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    config: Config,
    input: Input,
    output: BytesMut,
    state: State,
    user: Option<Text>,
    /// There once somebody has logged in.
    maildrop: Option<Maildrop>,
    setting: Setting,
    utf8: bool,
    bad: u32,
    failures: u32,
    eof: bool,
    /// The server is to end.
    leaving: bool,
    /// When the connection began.
    began: Instant,
    /// How long the client has been silent.
    timer: Timer,
    failed: Option<Error>,
}

impl Session {
    /// Starts a session, and greets.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let mut output = BytesMut::new();
        greet(&config).write(&mut output);
        let mut setting = Setting::default();
        setting.allow_plaintext(config.login_without_tls);
        Self {
            config,
            input: Input::default(),
            output,
            state: State::Command,
            user: None,
            maildrop: None,
            setting,
            utf8: false,
            bad: 0,
            failures: 0,
            eof: false,
            leaving: false,
            began: now,
            timer: Timer::new(now),
            failed: None,
        }
    }

    /// Starts a session over a connection that is encrypted from the start.
    #[must_use]
    pub fn new_secured(now: Instant, config: Config) -> Self {
        let mut session = Self::new(now, config);
        session.setting.secure();
        session
    }

    /// Takes randomness, fresh for each session; without, neither SCRAM nor CRAM-MD5 is offered.
    ///
    /// ```
    /// use pop3_proto::{Text, server::{Config, Session}};
    /// use proto_core::{Instant, blocking::random};
    ///
    /// let mut config = Config::new(Text::from_static("POP3 server ready"));
    /// config.mechanisms = vec![sasl::Mechanism::SCRAM_SHA_256];
    /// let session = Session::new(Instant::ORIGIN, config).with_seed(sasl::Seed::new(random()?));
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        self.setting.seed(seed);
        self
    }

    /// Returns how many octets have been received and not yet consumed.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    /// Returns the maildrop, once somebody has logged in.
    #[must_use]
    pub fn maildrop(&self) -> Option<&Maildrop> {
        self.maildrop.as_ref()
    }

    /// Whether the client takes UTF-8 in headers (RFC 6856 §2).
    #[must_use]
    pub const fn is_utf8(&self) -> bool {
        self.utf8
    }

    /// Whether the session waits for the TLS handshake.
    #[must_use]
    pub fn awaits_tls(&self) -> bool {
        matches!(self.state, State::Tls)
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            match &mut self.state {
                State::Closed => return Ok(Step::Closed),
                State::Tls if !self.input.is_empty() => return Err(Error::PlaintextAfterStls),
                State::Owed(_) | State::Tls => return Ok(Step::Paused),
                State::Listing(_) => {
                    if !self.list_more() {
                        return Ok(Step::NeedInput);
                    }
                }
                State::Command | State::Sasl(_) | State::Refusing(_) => {
                    if self.output.len() >= self.config.limits.output {
                        return Ok(Step::NeedInput);
                    }
                    let Some(line) = self.line()? else { return self.idle() };
                    if let Some(event) = self.hear(line)? {
                        return Ok(Step::Event(event));
                    }
                }
            }
        }
    }

    /// Nothing whole has been received.
    fn idle(&mut self) -> Result<Step<Event>, Error> {
        match (self.eof, self.leaving) {
            (true, _) => {
                self.state = State::Closed;
                Ok(Step::Closed)
            }
            (_, true) => Err(Error::ShuttingDown),
            _ => Ok(Step::NeedInput),
        }
    }

    fn line(&mut self) -> Result<Option<Result<Bytes, LineError>>, Error> {
        let limits = &self.config.limits;
        let limit = match self.state {
            State::Sasl(_) | State::Refusing(_) => limits.sasl_line,
            _ => limits.command_line,
        };
        let line = self.input.line(limit).transpose();
        let length = match line {
            Some(Err(LineError::TooLong { length })) => length,
            // What is held belongs to the line that is skipped: pieces are skipped as they come.
            None if self.input.skipped() > 0 => self.input.skipped() + self.input.len() as u64,
            _ => 0,
        };
        if length > limits.endless_line {
            return Err(Error::EndlessLine);
        }
        Ok(line)
    }

    fn hear(&mut self, line: Result<Bytes, LineError>) -> Result<Option<Event>, Error> {
        self.timer.restart();
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                if matches!(self.state, State::Sasl(_) | State::Refusing(_)) {
                    self.state = State::Command;
                }
                return self.mistake(&error.to_string()).map(|()| None);
            }
        };
        if let State::Sasl(_) | State::Refusing(_) = self.state {
            return self.sasl_response(&line);
        }
        match Command::parse(line) {
            Ok(command) => self.obey(command),
            Err(error) => self.mistake(&error.to_string()).map(|()| None),
        }
    }

    fn obey(&mut self, command: Command) -> Result<Option<Event>, Error> {
        match (command, self.maildrop.is_some()) {
            (Command::Capa, _) => self.capabilities(),
            (Command::Quit, false) => {
                self.say_ok(&self.config.farewell.clone());
                self.state = State::Closed;
            }
            (Command::User(name), false) => return self.user(name),
            (Command::Pass(password), false) => match self.user.take() {
                Some(user) => {
                    let password = password.secret().clone();
                    return Ok(Some(self.login(Login::Password { user, password })));
                }
                None => self.mistake("USER first")?,
            },
            (Command::Apop { user, digest }, false) => match self.config.apop.clone() {
                Some(timestamp) => {
                    let apop = Apop::new(user, digest, timestamp);
                    return Ok(Some(self.login(Login::Apop(apop))));
                }
                None => self.mistake("not offered")?,
            },
            // RFC 6856 §2: before the login only, and it can be said again.
            (Command::Utf8, false) if self.config.utf8 => {
                self.utf8 = true;
                self.say(format_args!("+OK"));
            }
            (Command::Lang(tag), _) if self.config.utf8 => self.language(tag.as_ref())?,
            (Command::Auth { mechanism, initial }, false) => {
                return self.sasl_start(mechanism, initial.as_ref());
            }
            (Command::Stls, false) if self.config.stls && !self.setting.is_secured() => {
                self.state = State::Owed(Owed::Tls);
                return Ok(Some(Event::Stls));
            }
            (command, true) => return self.transaction(command),
            (_, false) => self.mistake("not now")?,
        }
        Ok(None)
    }

    fn transaction(&mut self, command: Command) -> Result<Option<Event>, Error> {
        let Some(maildrop) = &mut self.maildrop else { return Ok(None) };
        match command {
            Command::Stat => {
                let (count, size) = (maildrop.count(), maildrop.size());
                self.say(format_args!("+OK {count} {size}"));
            }
            Command::List(None) => {
                let (count, size) = (maildrop.count(), maildrop.size());
                self.say(format_args!("+OK {count} messages ({size} octets)"));
                self.state = State::Listing(Listing::sizes());
            }
            Command::Uidl(None) => {
                self.say(format_args!("+OK"));
                self.state = State::Listing(Listing::ids());
            }
            Command::List(Some(message)) => self.list_one(message, &Listing::sizes())?,
            Command::Uidl(Some(message)) => self.list_one(message, &Listing::ids())?,
            Command::Retr(message) => return self.retrieve(message, None),
            Command::Top { message, lines } => return self.retrieve(message, Some(lines)),
            Command::Dele(message) if maildrop.delete(message) => {
                self.say(format_args!("+OK message {message} deleted"));
            }
            Command::Dele(_) => self.mistake("no such message")?,
            Command::Rset => {
                maildrop.undelete();
                let (count, size) = (maildrop.count(), maildrop.size());
                self.say(format_args!("+OK maildrop has {count} messages ({size} octets)"));
            }
            Command::Noop => self.say(format_args!("+OK")),
            Command::Quit => {
                self.state = State::Owed(Owed::Commit);
                return Ok(Some(Event::Commit { deleted: maildrop.deleted() }));
            }
            _ => self.mistake("not now")?,
        }
        Ok(None)
    }

    fn retrieve(
        &mut self,
        message: MessageNumber,
        lines: Option<u64>,
    ) -> Result<Option<Event>, Error> {
        let found = self.maildrop.as_ref().and_then(|maildrop| maildrop.get(message));
        let Some((index, _)) = found else {
            self.mistake("no such message")?;
            return Ok(None);
        };
        self.state = State::Owed(Owed::Message { lines });
        Ok(Some(Event::Retrieve { index, lines }))
    }

    fn login(&mut self, login: Login) -> Event {
        self.state = State::Owed(Owed::Login(None));
        Event::Login(login)
    }

    /// Says `-ERR`, and counts.
    fn mistake(&mut self, text: &str) -> Result<(), Error> {
        self.say(format_args!("-ERR {text}"));
        self.bad += 1;
        if self.bad > self.config.limits.bad_commands {
            return Err(Error::TooManyBadCommands);
        }
        Ok(())
    }

    pub(super) fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error);
        match error {
            // Words of ours would be taken for the message's.
            Error::CutMessage => {}
            // RFC 3206 §4: it is not the client's fault, and will pass.
            Error::ShuttingDown => self.say(format_args!("-ERR [SYS/TEMP] {error}")),
            error => self.say(format_args!("-ERR {error}")),
        }
        error
    }

    /// Words of our own, which hold no control character.
    fn say(&mut self, words: core::fmt::Arguments<'_>) {
        // Writing to a buffer that grows does not fail.
        let _ = write!(self.output, "{words}\r\n");
    }

    fn say_ok(&mut self, text: &Text) {
        Response::ok(text.clone()).write(&mut self.output);
    }
}

/// RFC 1939 §7: the timestamp stands in the greeting.
fn greet(config: &Config) -> Response {
    let Some(timestamp) = &config.apop else { return Response::ok(config.greeting.clone()) };
    let words = [config.greeting.as_bytes(), b" ", timestamp.as_bytes()].concat();
    Response::ok(Text::parse(words.into()).expect("two texts and a space are a text"))
}

impl Machine for Session {
    type Event = Event;
    type Error = Error;

    fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.timer.tell(now);
        self.input.push(bytes);
    }

    fn receive_eof(&mut self) {
        self.eof = true;
    }

    fn poll(&mut self) -> Result<Step<Event>, Error> {
        match self.failed {
            Some(error) => Err(error),
            None => self.advance().map_err(|error| self.fail(error)),
        }
    }

    fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// None while a message or a listing is being sent: how long that takes is the driver's to
    /// judge.
    fn deadline(&self) -> Option<Instant> {
        let limits = &self.config.limits;
        match self.state {
            State::Closed | State::Owed(Owed::Body(_)) | State::Listing(_) => None,
            _ if self.failed.is_some() => None,
            _ if self.maildrop.is_none() => Some(self.began + limits.login),
            _ => Some(self.timer.deadline(limits.idle)),
        }
    }

    fn expire(&mut self, now: Instant) {
        let idle = self.config.limits.idle;
        match self.deadline() {
            None => self.timer.tell(now),
            Some(at) if self.maildrop.is_none() => {
                if now >= at {
                    self.fail(Error::LoginTimeout);
                }
            }
            Some(_) => {
                if self.timer.is_over(now, idle) {
                    self.fail(Error::Timeout);
                }
            }
        }
    }

    fn secured(&mut self) {
        if let State::Tls = self.state {
            self.state = State::Command;
            // RFC 2595 §4: what was learnt before is forgotten.
            self.user = None;
            self.utf8 = false;
            self.setting.secure();
        }
    }

    fn shut_down(&mut self) {
        self.leaving = true;
    }

    fn bind(&mut self, channel: ChannelBinding) {
        self.setting.bind(channel);
    }
}
