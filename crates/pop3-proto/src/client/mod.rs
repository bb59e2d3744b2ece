//! The client's end of a session.
//!
//! ```text
//! greeting ─▶ CAPA ─▶ STLS ─▶ Event::Stls ─▶ CAPA ─▶ UTF8 ─▶ AUTH, APOP or USER and PASS
//!                                                                             ▼
//!                                                                        Event::Ready
//!                                                                             │
//!           ┌──────────── Paused: the application gives commands ◀────────────┘
//!           ▼
//!     stat list uidl retrieve top delete reset noop … quit ─▶ Closed
//! ```
//! Commands given together are under way together if the server allows it (PIPELINING), and
//! wait for each other if not; the application need not care.
mod capability;
mod config;
mod event;
mod seen;
mod state;

use alloc::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};
pub use capability::Capabilities;
pub use config::{Config, Limits, Stls};
pub use event::Event;
use proto_core::{
    Input, Instant, LineError, Machine, Step, Text, Timer,
    dot::{Piece, Unstuffer},
};
use sasl::{ChannelBinding, Mechanism, Seed, Setting, base64, client::Identity};
pub use seen::Seen;
use state::{Listing, Sasl, State};

use crate::{
    ApopTimestamp, Command, Error, MessageNumber, Misuse, Password, Response, UniqueId,
    command::{message_number, number},
};

/// The client's end of a session.
///
/// ```
/// use pop3_proto::{MessageNumber, client::{Config, Event, Session, Stls}};
/// use proto_core::{Instant, Machine, Step};
/// use sasl::Credentials;
///
/// let now = Instant::ORIGIN;
/// let mut config = Config::default();
/// (config.stls, config.login_without_tls) = (Stls::Never, true);
/// let mut session = Session::new(now, config, Credentials::new("bob", "hungry".into())?)?;
/// session.receive(now, b"+OK ready\r\n-ERR CAPA?\r\n+OK\r\n+OK logged on\r\n");
/// let Step::Event(Event::Ready(_)) = session.poll()? else { panic!("not logged in") };
/// session.retrieve(MessageNumber::MIN)?;
/// session.receive(now, b"+OK\r\nHello\r\n.\r\n");
/// let Step::Event(Event::Answered { .. }) = session.poll()? else { panic!("no answer") };
/// assert_eq!(session.poll()?, Step::Event(Event::Body("Hello\r\n".into())));
/// assert_eq!(session.poll()?, Step::Event(Event::End(None)));
/// assert_eq!(session.output(), "CAPA\r\nUSER bob\r\nPASS hungry\r\nRETR 1\r\n");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    config: Config,
    identity: Identity,
    /// A name and a password as words of commands, checked at the start.
    words: Option<(Text, Password)>,
    input: Input,
    output: BytesMut,
    state: State,
    capabilities: Capabilities,
    /// The greeting's, if it may be used.
    apop: Option<ApopTimestamp>,
    setting: Setting,
    /// Given by the application, not yet sent.
    waiting: VecDeque<Command>,
    /// Sent, not yet answered.
    sent: VecDeque<Command>,
    eof: bool,
    /// How long the server has been awaited.
    timer: Timer,
    failed: Option<Error>,
}

impl Session {
    /// Starts a session, which waits for the greeting.
    ///
    /// # Errors
    /// The user's name or password cannot be sent in any way.
    pub fn new(
        now: Instant,
        config: Config,
        identity: impl Into<Identity>,
    ) -> Result<Self, Misuse> {
        let identity = identity.into();
        let words = words(&identity)?;
        let mut setting = Setting::default();
        setting.allow_plaintext(config.login_without_tls);
        Ok(Self {
            config,
            identity,
            words,
            input: Input::default(),
            output: BytesMut::new(),
            state: State::Greeting,
            capabilities: Capabilities::default(),
            apop: None,
            setting,
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
            eof: false,
            timer: Timer::new(now),
            failed: None,
        })
    }

    /// Starts a session over a connection that is encrypted from the start.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_secured(
        now: Instant,
        config: Config,
        identity: impl Into<Identity>,
    ) -> Result<Self, Misuse> {
        let mut session = Self::new(now, config, identity)?;
        session.setting.secure();
        Ok(session)
    }

    /// Takes randomness, fresh for each session; without, SCRAM is not used.
    ///
    /// ```
    /// use pop3_proto::client::{Config, Session};
    /// use proto_core::{Instant, blocking::random};
    /// use sasl::{Credentials, Seed};
    ///
    /// let bob = Credentials::new("bob", "hungry".into())?;
    /// let session = Session::new(Instant::ORIGIN, Config::default(), bob)?;
    /// let session = session.with_seed(Seed::new(random()?));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        self.setting.seed(seed);
        self
    }

    /// Returns what the server says that it can do.
    #[must_use]
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns how many octets have been received and not yet consumed.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    /// Whether the session waits for the TLS handshake.
    #[must_use]
    pub fn awaits_tls(&self) -> bool {
        matches!(self.state, State::Tls)
    }

    /// Asks for something. What may be asked for: [`Command::Stat`], [`Command::List`] and
    /// [`Command::Uidl`] of all messages, [`Command::Retr`], [`Command::Top`],
    /// [`Command::Dele`], [`Command::Rset`], [`Command::Noop`] and [`Command::Quit`].
    ///
    /// # Errors
    /// The session is not logged in or QUIT was given, or the session uses the command itself.
    pub fn command(&mut self, command: Command) -> Result<(), Misuse> {
        if !self.state.is_logged_in() || self.failed.is_some() {
            return Err(Misuse::NotLoggedIn);
        }
        if self.waiting.iter().chain(&self.sent).any(|command| *command == Command::Quit) {
            return Err(Misuse::NotLoggedIn);
        }
        match command {
            Command::Stat | Command::List(None) | Command::Uidl(None) => {}
            Command::Retr(_) | Command::Top { .. } | Command::Dele(_) => {}
            Command::Rset | Command::Noop | Command::Quit => {}
            _ => return Err(Misuse::NotDue),
        }
        let was_idle = self.sent.is_empty();
        self.waiting.push_back(command);
        self.send_waiting();
        if was_idle {
            self.timer.restart_vaguely();
        }
        Ok(())
    }

    /// Asks for a message.
    ///
    /// # Errors
    /// As [`command`](Self::command).
    pub fn retrieve(&mut self, message: MessageNumber) -> Result<(), Misuse> {
        self.command(Command::Retr(message))
    }

    /// Marks a message as deleted; it goes when the session ends by [`quit`](Self::quit).
    ///
    /// # Errors
    /// As [`command`](Self::command).
    pub fn delete(&mut self, message: MessageNumber) -> Result<(), Misuse> {
        self.command(Command::Dele(message))
    }

    /// Ends the session, and deletes what is marked.
    ///
    /// # Errors
    /// As [`command`](Self::command).
    pub fn quit(&mut self) -> Result<(), Misuse> {
        self.command(Command::Quit)
    }

    fn send(&mut self, command: &Command) {
        command.write(&mut self.output);
        self.timer.restart();
    }

    /// Sends what waits, as far as the window allows.
    fn send_waiting(&mut self) {
        let window =
            if self.capabilities.has("PIPELINING") { self.config.limits.window } else { 1 };
        while self.sent.len() < window.max(1)
            && let Some(command) = self.waiting.pop_front()
        {
            self.send(&command);
            self.sent.push_back(command);
        }
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            let heard = match &mut self.state {
                State::Closed => return Ok(Step::Closed),
                State::Tls if !self.input.is_empty() => return Err(Error::PlaintextAfterStls),
                State::Tls => return Ok(Step::Paused),
                State::Idle if self.sent.is_empty() && self.eof => {
                    return Err(Error::UnexpectedEof);
                }
                State::Idle if self.sent.is_empty() => return Ok(Step::Paused),
                State::Body(body) => {
                    let piece = body.next(&mut self.input);
                    piece.map(|piece| Some(self.piece(piece)))
                }
                _ => self.line()?.map(|line| self.hear(line)).transpose()?,
            };
            if heard.is_some() {
                self.timer.restart();
            }
            match heard {
                Some(Some(event)) => return Ok(Step::Event(event)),
                Some(None) => {}
                None if self.eof && matches!(self.state, State::Leaving) => {
                    self.state = State::Closed;
                }
                None if self.eof => return Err(Error::UnexpectedEof),
                None => return Ok(Step::NeedInput),
            }
        }
    }

    fn line(&mut self) -> Result<Option<Bytes>, Error> {
        match self.input.lenient_line(self.config.limits.line) {
            // A line that has no end need not end before it is refused.
            Ok(None) if self.input.skipped() > 0 => Err(Error::TooLong),
            Ok(line) => Ok(line),
            Err(LineError::TooLong { .. } | _) => Err(Error::TooLong),
        }
    }

    /// Hears a line; says what it tells the application, if anything.
    fn hear(&mut self, line: Bytes) -> Result<Option<Event>, Error> {
        match &mut self.state {
            State::Listing(_) => return self.listed(line).map(Some),
            State::CapabilityLines => {
                self.capability(&line)?;
                return Ok(None);
            }
            // Some servers leave out the space after "+" when the challenge is empty.
            State::Sasl(_) if line == "+" || line.starts_with(b"+ ") => {
                self.challenge(&line);
                return Ok(None);
            }
            _ => {}
        }
        let response = Response::parse(&line)?;
        match self.state {
            State::Greeting if response.is_ok() => {
                self.apop = ApopTimestamp::find(response.text()).filter(|_| self.config.apop);
                self.ask_capabilities();
            }
            State::Greeting => return Err(Error::Refused),
            State::Capa if response.is_ok() => self.state = State::CapabilityLines,
            State::Capa => self.proceed()?,
            State::Stls if response.is_ok() => {
                self.state = State::Tls;
                return Ok(Some(Event::Stls));
            }
            State::Stls => return Err(Error::NoTls),
            // Whether the server did or not, the next is the login.
            State::Utf8 => self.authenticate()?,
            State::User if response.is_ok() => {
                if let Some((_, password)) = &self.words {
                    self.send(&Command::Pass(password.clone()));
                }
                self.state = State::Login;
            }
            State::User | State::Login | State::Sasl(_) => return self.login(response).map(Some),
            State::Leaving => self.state = State::Closed,
            _ => return Ok(self.answered(response)),
        }
        Ok(None)
    }

    fn ask_capabilities(&mut self) {
        self.capabilities = Capabilities::default();
        self.send(&Command::Capa);
        self.state = State::Capa;
    }

    fn capability(&mut self, line: &Bytes) -> Result<(), Error> {
        if line == "." {
            return self.proceed();
        }
        if self.capabilities.len() >= self.config.limits.capabilities {
            return Err(Error::TooLong);
        }
        self.capabilities.add(line);
        Ok(())
    }

    /// The capabilities are known: TLS next, or the login.
    fn proceed(&mut self) -> Result<(), Error> {
        let offered = self.capabilities.has("STLS");
        match self.config.stls {
            Stls::Required | Stls::IfOffered if !self.setting.is_secured() && offered => {
                self.send(&Command::Stls);
                self.state = State::Stls;
                return Ok(());
            }
            Stls::Required if !self.setting.is_secured() => return Err(Error::NoTls),
            _ => {}
        }
        if !self.can_log_in() {
            return Err(Error::NoLogin);
        }
        if self.config.utf8 && self.capabilities.has("UTF8") {
            self.send(&Command::Utf8);
            self.state = State::Utf8;
            return Ok(());
        }
        self.authenticate()
    }

    /// Whether something is offered by which this identity may log in here.
    fn can_log_in(&self) -> bool {
        self.best().is_some() || self.may_apop().is_some() || self.may_user().is_some()
    }

    fn best(&self) -> Option<Mechanism> {
        self.identity.best(&self.capabilities.mechanisms(), &self.setting, &self.config.sasl)
    }

    /// APOP's timestamp, where there is no TLS.
    fn may_apop(&self) -> Option<&ApopTimestamp> {
        self.apop.as_ref().filter(|_| self.words.is_some() && !self.setting.is_secured())
    }

    /// The name and password of USER and PASS. A server without CAPA has them; they cannot say as
    /// whom to act.
    fn may_user(&self) -> Option<&(Text, Password)> {
        let Identity::Password(credentials) = &self.identity else { return None };
        let offered = self.capabilities.has("USER") || self.capabilities.is_empty();
        let private = self.setting.is_secured() || self.config.login_without_tls;
        self.words.as_ref().filter(|_| credentials.authzid().is_none() && offered && private)
    }

    /// Logs in by the best way that is offered: SCRAM, then APOP in clear, then the other
    /// mechanisms, then USER.
    fn authenticate(&mut self) -> Result<(), Error> {
        let scram = self.best().is_some_and(|best| best.hash().is_some());
        if let (false, Some(timestamp), Identity::Password(credentials), Some((user, _))) =
            (scram, self.may_apop(), &self.identity, &self.words)
        {
            let digest = timestamp.digest(credentials.password());
            self.send(&Command::Apop { user: user.clone(), digest });
            self.state = State::Login;
            return Ok(());
        }
        let offered = self.capabilities.mechanisms();
        let exchange = self.identity.exchange(&offered, &mut self.setting, &self.config.sasl);
        if let Some(exchange) = exchange {
            let mechanism = exchange.mechanism();
            // RFC 5034 §4: the command line may be too short for an initial response, so it
            // goes by itself.
            self.send(&Command::Auth { mechanism, initial: None });
            self.state = State::Sasl(Sasl { exchange, cancelled: None });
        } else if let Some((user, _)) = self.may_user() {
            self.send(&Command::User(user.clone()));
            self.state = State::User;
        } else {
            return Err(Error::NoLogin);
        }
        Ok(())
    }

    fn challenge(&mut self, line: &Bytes) {
        let State::Sasl(Sasl { exchange, cancelled }) = &mut self.state else { return };
        let challenge = base64::parse(line.get(2..).unwrap_or_default());
        let answer = match exchange.start() {
            Some(initial) => Ok(initial),
            None => challenge
                .map_err(Into::into)
                .and_then(|challenge| exchange.step(challenge.expose())),
        };
        match answer {
            Ok(answer) => base64::write(answer.expose(), &mut self.output),
            Err(error) => {
                *cancelled = Some(error);
                self.output.put_u8(b'*');
            }
        }
        self.output.put_slice(b"\r\n");
        self.timer.restart();
    }

    fn login(&mut self, response: Response) -> Result<Event, Error> {
        if let State::Sasl(Sasl { cancelled: Some(error), .. }) = &self.state {
            return Err(Error::Sasl(*error));
        }
        if !response.is_ok() {
            self.send(&Command::Quit);
            self.state = State::Leaving;
            return Ok(Event::LoginRefused(response));
        }
        if let State::Sasl(sasl) = core::mem::replace(&mut self.state, State::Idle) {
            sasl.exchange.finish()?;
        }
        Ok(Event::Ready(response))
    }

    /// The first line of the answer to the oldest command.
    fn answered(&mut self, response: Response) -> Option<Event> {
        let command = self.sent.pop_front()?;
        self.send_waiting();
        match command {
            Command::Quit => self.state = State::Closed,
            Command::List(_) if response.is_ok() => self.state = State::Listing(Listing::sizes()),
            Command::Uidl(_) if response.is_ok() => self.state = State::Listing(Listing::ids()),
            Command::Retr(_) | Command::Top { .. } if response.is_ok() => {
                self.state = State::Body(Unstuffer::new(self.config.bare));
            }
            Command::Stat if response.is_ok() => {
                if let Some((count, size)) = stat(response.text().as_bytes()) {
                    return Some(Event::Stat { count, size });
                }
            }
            _ => {}
        }
        Some(Event::Answered { command, response })
    }

    fn listed(&mut self, line: Bytes) -> Result<Event, Error> {
        let State::Listing(listing) = &mut self.state else { return Ok(Event::BadLine(line)) };
        if line == "." {
            self.state = State::Idle;
            return Ok(Event::End(None));
        }
        listing.lines += 1;
        if listing.lines > self.config.limits.listing {
            return Err(Error::TooLong);
        }
        let event = if listing.ids { id(&line) } else { size(&line) };
        Ok(event.unwrap_or(Event::BadLine(line)))
    }

    fn piece(&mut self, piece: Piece) -> Event {
        match piece {
            Piece::Data(octets) => Event::Body(octets),
            Piece::End(bare) => {
                self.state = State::Idle;
                Event::End(bare)
            }
        }
    }
}

/// The words of USER and PASS, of somebody who has a password.
fn words(identity: &Identity) -> Result<Option<(Text, Password)>, Misuse> {
    let Identity::Password(credentials) = identity else { return Ok(None) };
    let user = Text::new(credentials.authcid()).map_err(|_| Misuse::Word)?;
    Ok(Some((user, Password::new(credentials.password().clone())?)))
}

/// Reads `count size` and whatever follows (RFC 1939 §5 lets servers add words).
fn stat(text: &[u8]) -> Option<(u64, u64)> {
    let mut words = text.split(|octet| *octet == b' ');
    Some((number(words.next()?)?, number(words.next()?)?))
}

fn size(line: &[u8]) -> Option<Event> {
    let mut words = line.split(|octet| *octet == b' ');
    Some(Event::Size { message: message_number(words.next()?)?, size: number(words.next()?)? })
}

fn id(line: &Bytes) -> Option<Event> {
    let mut words = line.split(|octet| *octet == b' ');
    let message = message_number(words.next()?)?;
    let id = UniqueId::new(Bytes::copy_from_slice(words.next()?)).ok()?;
    Some(Event::Id { message, id })
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
            None => self.advance().inspect_err(|error| self.failed = Some(*error)),
        }
    }

    fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// None while nothing is due from the server.
    fn deadline(&self) -> Option<Instant> {
        let idle = match self.state {
            State::Closed => true,
            State::Idle => self.sent.is_empty(),
            _ => false,
        };
        let patience = self.config.limits.response;
        (!idle && self.failed.is_none()).then(|| self.timer.deadline(patience))
    }

    fn expire(&mut self, now: Instant) {
        if self.deadline().is_none() {
            self.timer.tell(now);
        } else if self.timer.is_over(now, self.config.limits.response) {
            self.failed = Some(Error::Timeout);
        }
    }

    fn secured(&mut self) {
        if let State::Tls = self.state {
            self.setting.secure();
            self.ask_capabilities();
        }
    }

    fn bind(&mut self, channel: ChannelBinding) {
        self.setting.bind(channel);
    }
}
