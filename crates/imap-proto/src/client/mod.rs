//! The client's end of a session.
//!
//! ```text
//! greeting ─▶ CAPABILITY ─▶ STARTTLS ─▶ Event::StartTls ─▶ CAPABILITY ─▶ Event::Ready
//!                                                                             │
//!       authenticate(identity) ─▶ AUTHENTICATE or LOGIN ─▶ Event::LoggedIn ◀──┤
//!                                                                             ▼
//!           ┌──────────── Paused: the application gives commands ◀────────────┘
//!           ▼
//!     command(…) ─▶ Event::Response, Event::Body, Event::Octets … ─▶ Event::Done
//! ```
//! Commands given together are under way together where RFC 9051 §5.5 allows it, and wait for each
//! other where not; literals wait for the server where they have to. The application need not care.
mod capabilities;
mod config;
mod error;
mod event;
mod hear;
mod login;
mod queue;
mod state;
mod view;

use alloc::{collections::VecDeque, vec::Vec};

use bytes::{BufMut, Bytes, BytesMut};
pub use capabilities::Capabilities;
pub use config::{Config, Limits, StartTls};
pub use error::{Error, Misuse};
pub use event::Event;
use proto_core::{ChannelBinding, Input, Instant, Machine, Step, Timer};
use queue::Queue;
use sasl::{Seed, Setting, client::Identity};
pub use state::State;
use state::{Idle, Phase, Purpose, Sasl};
pub use view::{Memory, Seen, View};

use crate::{
    Capability, Diagnostic, Dialect, Reader, RespText, Tag,
    command::{AppendPart, Command, Tagged},
};

/// The client's end of a session.
///
/// ```
/// use imap_proto::client::{Config, Event, Session, StartTls};
/// use imap_proto::{Response, command::Command};
/// use proto_core::{Instant, Machine, Step};
/// use sasl::{Credentials, client::Identity};
///
/// let now = Instant::ORIGIN;
/// let mut config = Config::default();
/// (config.starttls, config.login_without_tls) = (StartTls::Never, true);
/// let mut session = Session::new(now, config);
/// session.receive(now, b"* OK [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n");
/// let Step::Event(Event::Response(_greeting)) = session.poll()? else { panic!("no greeting") };
/// assert_eq!(session.poll()?, Step::Event(Event::Ready));
///
/// let bob = Credentials::new("bob", "hungry".into())?;
/// session.authenticate(Identity::Password(bob))?;
/// session.receive(now, b"A1 OK [CAPABILITY IMAP4rev1 IDLE] welcome\r\n");
/// let Step::Event(Event::LoggedIn(_)) = session.poll()? else { panic!("not logged in") };
///
/// let select = session.command(Command::parse("SELECT inbox".into())?)?;
/// session.receive(now, b"* 172 EXISTS\r\nA2 OK [READ-WRITE] done\r\n");
/// assert_eq!(session.poll()?, Step::Event(Event::Response(Response::Exists(172))));
/// let Step::Event(Event::Done { tag, .. }) = session.poll()? else { panic!("not done") };
/// assert_eq!(tag, select);
/// assert_eq!(session.output(), "A1 LOGIN bob hungry\r\nA2 SELECT INBOX\r\n");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    config: Config,
    setting: Setting,
    input: Input,
    output: BytesMut,
    reader: Reader,
    phase: Phase,
    state: State,
    capabilities: Capabilities,
    /// Whether the capabilities are those that the server has at this time.
    known: bool,
    enabled: Vec<Capability>,
    queue: Queue,
    /// To be told before anything else is heard.
    events: VecDeque<Event>,
    /// To be told when the stream is compressed.
    compressed: Option<Event>,
    sasl: Option<Sasl>,
    /// Who logs in once the capabilities are known.
    identity: Option<Identity>,
    /// What the server said to the login, until the capabilities are known.
    welcome: Option<RespText>,
    idle: Idle,
    idle_timer: Timer,
    /// Items of the FETCH that arrives which have been told.
    told: usize,
    /// What was passed over before the session was open.
    preliminaries: u32,
    /// The application wants to hear what the server says unasked.
    listening: bool,
    /// The server has said goodbye.
    bye: bool,
    eof: bool,
    /// How long the server has been awaited.
    timer: Timer,
    failed: Option<Error>,
}

impl Session {
    /// Starts a session, which waits for the greeting. If the connection is encrypted from the
    /// start, call [`secured`](Machine::secured) before anything else.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let mut setting = Setting::default();
        setting.allow_plaintext(config.login_without_tls);
        Self {
            config,
            setting,
            input: Input::default(),
            output: BytesMut::new(),
            reader: Reader::new(config.limits.reader),
            phase: Phase::Greeting,
            state: State::NotAuthenticated,
            capabilities: Capabilities::default(),
            known: false,
            enabled: Vec::new(),
            queue: Queue::default(),
            events: VecDeque::new(),
            compressed: None,
            sasl: None,
            identity: None,
            welcome: None,
            idle: Idle::No,
            idle_timer: Timer::new(now),
            told: 0,
            preliminaries: 0,
            listening: false,
            bye: false,
            eof: false,
            timer: Timer::new(now),
            failed: None,
        }
    }

    /// Takes randomness, fresh for each session; without, SCRAM is not used.
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        self.setting.seed(seed);
        self
    }

    /// Returns where the client stands with the server, by the commands that are over.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// Returns what the server says that it can do. What it said before TLS or a login is
    /// forgotten.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns the extensions that ENABLE has switched on.
    #[must_use]
    pub fn enabled(&self) -> &[Capability] {
        &self.enabled
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.setting.is_secured()
    }

    /// Returns the mistakes of the server that were read past in the last response.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        self.reader.diagnostics()
    }

    /// Returns how many octets have been received and not yet consumed.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    /// Returns what the server may cost.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Whether the session waits for the TLS handshake.
    #[must_use]
    pub fn awaits_tls(&self) -> bool {
        self.phase == Phase::Tls
    }

    /// Gives a command; [`Event::Done`] has its tag when it is over. It is written at once, or
    /// when those before it allow it.
    ///
    /// # Errors
    /// The session is not open or LOGOUT was given, or the command is one that the session gives
    /// itself: STARTTLS, AUTHENTICATE, LOGIN, and what [`append`](Self::append) is for.
    pub fn command(&mut self, command: Command) -> Result<Tag, Misuse> {
        let own =
            matches!(command, Command::StartTls | Command::Authenticate(_) | Command::Login(_));
        if own || command.brings_messages() {
            return Err(Misuse::NotYours);
        }
        self.give(command, Vec::new())
    }

    /// Gives APPEND or REPLACE and what it brings: for each [`AppendPart::Text`], in order, the
    /// session asks by [`Event::SendBody`] for as many octets as that announces.
    ///
    /// # Errors
    /// As [`command`](Self::command); or the parts make no message.
    pub fn append(&mut self, command: Command, parts: Vec<AppendPart>) -> Result<Tag, Misuse> {
        let tag = Tag::new("A").expect("a letter makes a tag");
        let tagged = Tagged { tag, command };
        if !tagged.command.brings_messages() {
            return Err(Misuse::NotYours);
        }
        if !queue::are_whole(&tagged, &parts) {
            return Err(Misuse::Parts);
        }
        self.give(tagged.command, parts)
    }

    /// Gives octets of a message, after [`Event::SendBody`], in pieces of any size. If they cannot
    /// be had to the end, close the connection: the server waits for all that was announced.
    ///
    /// # Errors
    /// None are due, or fewer.
    pub fn body(&mut self, octets: &[u8]) -> Result<(), Misuse> {
        if self.failed.is_some() {
            return Err(Misuse::NotOpen);
        }
        self.queue.body(octets, &mut self.output)?;
        self.timer.restart_vaguely();
        if let Some((given, condition, text)) = self.queue.take_early() {
            self.finish(given, condition, text);
        }
        self.send();
        Ok(())
    }

    /// Ends IDLE.
    ///
    /// # Errors
    /// It is not under way, or was ended before.
    pub fn done(&mut self) -> Result<(), Misuse> {
        match &mut self.idle {
            Idle::Begun { done: done @ false, .. } => *done = true,
            Idle::Lasts => self.end_idle(false),
            Idle::Ends { renew: renew @ true } => *renew = false,
            _ => return Err(Misuse::NotDue),
        }
        Ok(())
    }

    /// Waits for what the server says unasked, up to one event, where no command is under way:
    /// after NOTIFY. Without this the session is `Paused` then, and such things are told while the
    /// next command is under way.
    pub const fn listen(&mut self) {
        self.listening = true;
    }

    fn give(&mut self, command: Command, parts: Vec<AppendPart>) -> Result<Tag, Misuse> {
        let open = matches!(self.phase, Phase::Open | Phase::Compressing) && self.failed.is_none();
        if !open || self.bye || self.is_leaving() {
            return Err(Misuse::NotOpen);
        }
        let was_idle = self.queue.is_answered();
        let tag = self.queue.give(command, parts, Purpose::Asked);
        self.send();
        if was_idle {
            self.timer.restart_vaguely();
        }
        Ok(tag)
    }

    /// Gives a command of the session's own.
    fn ask(&mut self, command: Command, purpose: Purpose) {
        self.queue.give(command, Vec::new(), purpose);
        self.send();
    }

    /// Whether LOGOUT is given.
    fn is_leaving(&self) -> bool {
        self.queue.any(|given| given.command == Command::Logout)
    }

    /// Whether the server has heard of it.
    fn has_left(&self) -> bool {
        self.queue.under_way().any(|given| given.command == Command::Logout)
    }

    /// Sends what waits, as far as the rules and the window allow.
    fn send(&mut self) {
        if !matches!(self.phase, Phase::Opening | Phase::Open) {
            return;
        }
        let dialect = self.dialect();
        let window = self.config.limits.window;
        while let Some(sent) = self.queue.send_next(dialect, window, &mut self.output) {
            if sent.command == Command::Idle {
                self.idle = Idle::Begun { done: false, told: sent.tag != sent.told };
            }
            // What is known from before the login says nothing about after it.
            self.known &= sent.purpose != Purpose::Login;
        }
    }

    /// What the server can read.
    fn dialect(&self) -> Dialect {
        // RFC 6855 §3, RFC 9051 §6.3.1: either switches UTF-8 on.
        let utf8 = |one: &Capability| matches!(one, Capability::Utf8Accept | Capability::Imap4rev2);
        Dialect { utf8: self.enabled.iter().any(utf8), literals: self.capabilities.literals() }
    }

    fn end_idle(&mut self, renew: bool) {
        self.output.put_slice(b"DONE\r\n");
        self.idle = Idle::Ends { renew };
        self.timer.restart_vaguely();
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            if let Some(event) = self.events.pop_front() {
                self.listening = false;
                return Ok(Step::Event(event));
            }
            if let Some((tag, size)) = self.queue.ask() {
                return Ok(Step::Event(Event::SendBody { tag, size }));
            }
            match self.phase {
                Phase::Closed => return Ok(Step::Closed),
                Phase::Tls if !self.input.is_empty() => return Err(Error::PlaintextAfterStartTls),
                Phase::Tls | Phase::Compressing => return Ok(Step::Paused),
                _ if self.bye && !self.is_leaving() => return Err(Error::Bye),
                _ if self.queue.owes_body() => return Ok(Step::Paused),
                Phase::Open if self.queue.is_idle() && !self.listening && !self.eof => {
                    return Ok(Step::Paused);
                }
                _ => {}
            }
            match self.reader.next(&mut self.input)? {
                Some(event) => {
                    self.timer.restart();
                    self.hear(event)?;
                }
                None if self.eof && self.has_left() => self.close(),
                None if self.eof => return Err(Error::UnexpectedEof),
                None => return Ok(Step::NeedInput),
            }
        }
    }

    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.state = State::LoggedOut;
    }
}

impl Machine for Session {
    type Event = Event;
    type Error = Error;

    fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.timer.tell(now);
        self.idle_timer.tell(now);
        self.input.push(bytes);
    }

    fn receive_eof(&mut self) {
        self.eof = true;
    }

    fn poll(&mut self) -> Result<Step<Event>, Error> {
        match self.failed {
            Some(error) if self.events.is_empty() => Err(error),
            _ => self.advance().inspect_err(|error| {
                self.failed = Some(*error);
                self.events.clear();
            }),
        }
    }

    fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// None while nothing is due from the server.
    fn deadline(&self) -> Option<Instant> {
        let limits = &self.config.limits;
        if self.failed.is_some() || self.phase == Phase::Closed || self.queue.owes_body() {
            return None;
        }
        if self.idle == Idle::Lasts {
            return Some(self.idle_timer.deadline(limits.idle));
        }
        let waits = self.phase != Phase::Open || !self.queue.is_answered();
        waits.then(|| self.timer.deadline(limits.response))
    }

    fn expire(&mut self, now: Instant) {
        let (response, idle) = (self.config.limits.response, self.config.limits.idle);
        if self.deadline().is_none() {
            self.timer.tell(now);
            self.idle_timer.tell(now);
        } else if self.idle == Idle::Lasts {
            self.timer.tell(now);
            if self.idle_timer.is_over(now, idle) {
                // RFC 2177 §3: before the server takes us for gone.
                self.end_idle(true);
            }
        } else if self.timer.is_over(now, response) {
            self.failed = Some(Error::Timeout);
        }
    }

    fn secured(&mut self) {
        match self.phase {
            Phase::Greeting if self.input.is_empty() => self.setting.secure(),
            Phase::Tls => {
                self.setting.secure();
                self.phase = Phase::Opening;
                self.ask_capabilities();
            }
            _ => {}
        }
    }

    fn bind(&mut self, channel: ChannelBinding) {
        self.setting.bind(channel);
    }

    fn compressed(&mut self) -> Option<Bytes> {
        if self.phase != Phase::Compressing {
            return None;
        }
        self.phase = Phase::Open;
        self.events.extend(self.compressed.take());
        self.send();
        Some(self.input.take(u64::MAX).unwrap_or_default())
    }
}
