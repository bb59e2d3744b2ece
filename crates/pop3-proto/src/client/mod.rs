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
    Input, Instant, LineError, Machine, Secret, Step, Text, Timer,
    dot::{Piece, Unstuffer},
};
use sasl::{Credentials, base64, client};
pub use seen::Seen;
use state::{Listing, State};

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
    credentials: Credentials,
    /// The same as words of commands, checked at the start.
    user: Text,
    password: Password,
    input: Input,
    output: BytesMut,
    state: State,
    capabilities: Capabilities,
    /// The greeting's, if it may be used.
    apop: Option<ApopTimestamp>,
    secured: bool,
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
    pub fn new(now: Instant, config: Config, credentials: Credentials) -> Result<Self, Misuse> {
        let user = Text::new(credentials.authcid()).map_err(|_| Misuse::Word)?;
        let password = Password::new(credentials.password().clone())?;
        if user.as_bytes().is_empty() {
            return Err(Misuse::Word);
        }
        Ok(Self {
            config,
            credentials,
            user,
            password,
            input: Input::default(),
            output: BytesMut::new(),
            state: State::Greeting,
            capabilities: Capabilities::default(),
            apop: None,
            secured: false,
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
        credentials: Credentials,
    ) -> Result<Self, Misuse> {
        Ok(Self { secured: true, ..Self::new(now, config, credentials)? })
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
                self.challenge(&line)?;
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
                self.send(&Command::Pass(self.password.clone()));
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
            Stls::Required | Stls::IfOffered if !self.secured && offered => {
                self.send(&Command::Stls);
                self.state = State::Stls;
                return Ok(());
            }
            Stls::Required if !self.secured => return Err(Error::NoTls),
            _ => {}
        }
        let apop = self.apop.is_some();
        if !self.secured && !self.config.login_without_tls && !apop {
            return Err(Error::NoLogin);
        }
        if self.config.utf8 && self.capabilities.has("UTF8") {
            self.send(&Command::Utf8);
            self.state = State::Utf8;
            return Ok(());
        }
        self.authenticate()
    }

    /// Logs in by the best way that is offered. A server without CAPA has USER.
    fn authenticate(&mut self) -> Result<(), Error> {
        if !self.secured
            && let Some(timestamp) = &self.apop
        {
            let digest = timestamp.digest(self.credentials.password());
            self.send(&Command::Apop { user: self.user.clone(), digest });
            self.state = State::Login;
            return Ok(());
        }
        let identity = client::Identity::Password(self.credentials.clone());
        if let Some(exchange) = identity.exchange(&self.capabilities.mechanisms()) {
            let mechanism = exchange.mechanism();
            // RFC 5034 §4: the command line may be too short for an initial response, so it
            // goes by itself.
            self.send(&Command::Auth { mechanism, initial: None });
            self.state = State::Sasl(exchange);
        } else if self.credentials.authzid().is_none()
            && (self.capabilities.has("USER") || self.capabilities.is_empty())
        {
            // USER has no way to act as somebody else.
            self.send(&Command::User(self.user.clone()));
            self.state = State::User;
        } else {
            return Err(Error::NoLogin);
        }
        Ok(())
    }

    fn challenge(&mut self, line: &Bytes) -> Result<(), Error> {
        let State::Sasl(exchange) = &mut self.state else { return Ok(()) };
        let challenge = base64::parse(line.get(2..).unwrap_or_default());
        let answer = match exchange.start() {
            Some(initial) => Some(initial),
            None => challenge.ok().and_then(|challenge| exchange.step(challenge.expose()).ok()),
        };
        match answer.as_ref().map(Secret::expose) {
            Some(answer) => base64::write(answer, &mut self.output),
            None => self.output.put_u8(b'*'),
        }
        self.output.put_slice(b"\r\n");
        self.timer.restart();
        Ok(())
    }

    fn login(&mut self, response: Response) -> Result<Event, Error> {
        if !response.is_ok() {
            self.send(&Command::Quit);
            self.state = State::Leaving;
            return Ok(Event::LoginRefused(response));
        }
        if let State::Sasl(exchange) = core::mem::replace(&mut self.state, State::Idle) {
            exchange.finish()?;
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
            self.secured = true;
            self.ask_capabilities();
        }
    }
}
