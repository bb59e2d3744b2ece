//! The state machine.
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::{Input, Instant, Machine, Step, Text, Timer};
use sasl::{ChannelBinding, Seed, Setting};

use super::state::{Phase, State, Streaming};
use super::{Config, Error, Event};
use crate::command::Reader;
use crate::{Capability, Code, RespText, Response};

/// The server's end of one connection.
///
/// ```
/// use imap_proto::{Condition, RespText, Response, Text};
/// use imap_proto::server::{Config, Event, Session};
/// use proto_core::{Instant, Machine, Step};
///
/// let mut config = Config::default();
/// config.plaintext_passwords = true; // we are alone
/// let mut session = Session::new(Instant::ORIGIN, config);
/// assert_eq!(session.poll()?, Step::Event(Event::Connected));
/// let text = |words| RespText::new(None, Text::from_static(words));
/// session.respond(Response::Condition { condition: Condition::Ok, text: text("hello") })?;
///
/// session.receive(Instant::ORIGIN, b"A1 LOGIN bob hungry\r\nA2 SELECT INBOX\r\n");
/// let Step::Event(Event::Auth(claim)) = session.poll()? else { panic!("it is LOGIN") };
/// assert_eq!(claim.authcid(), Some("bob"));
/// session.finish(Condition::Ok, text("welcome"))?;
/// let Step::Event(Event::Command(_)) = session.poll()? else { panic!("it is SELECT") };
/// session.output().clear();
/// session.respond(Response::Exists(172))?;
/// session.finish(Condition::Ok, text("selected"))?;
/// assert_eq!(session.output(), "* 172 EXISTS\r\nA2 OK selected\r\n");
/// assert!(session.is_selected());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    pub(super) config: Arc<Config>,
    pub(super) reader: Reader,
    pub(super) input: Input,
    pub(super) output: BytesMut,
    pub(super) state: State,
    pub(super) phase: Phase,
    /// A response that the application has begun and not ended.
    pub(super) streaming: Option<Streaming>,
    /// What the client has switched on.
    pub(super) enabled: Vec<Capability>,
    /// Whether the client may be told at any time that messages are gone.
    pub(super) tells_expunge: bool,
    /// What is known of the connection that authentication runs over.
    pub(super) setting: Setting,
    pub(super) is_compressed: bool,
    /// Octets of the message that comes, as far as they have been announced.
    pub(super) message: u64,
    /// Bad commands in a row.
    pub(super) mistakes: u32,
    pub(super) failures: u32,
    /// Runs while nobody is logged in.
    pub(super) login: Timer,
    /// How long the client has been awaited.
    pub(super) timer: Timer,
    eof: bool,
    /// The server is to end.
    leaving: bool,
    pub(super) failed: Option<Error>,
}

impl Session {
    /// Begins a session with a client that just connected. If TLS is below from the beginning,
    /// call [`secured`](Machine::secured) next. Many sessions can share a configuration.
    #[must_use]
    pub fn new(now: Instant, config: impl Into<Arc<Config>>) -> Self {
        let config = config.into();
        let mut setting = Setting::default();
        setting.allow_plaintext(config.plaintext_passwords);
        Self {
            reader: Reader::new(config.limits.early),
            config,
            input: Input::default(),
            output: BytesMut::new(),
            state: State::Greeting { told: false },
            phase: Phase::NotAuthenticated,
            streaming: None,
            enabled: Vec::new(),
            tells_expunge: false,
            setting,
            is_compressed: false,
            message: 0,
            mistakes: 0,
            failures: 0,
            login: Timer::new(now),
            timer: Timer::new(now),
            eof: false,
            leaving: false,
            failed: None,
        }
    }

    /// Takes randomness, fresh for each session; without, neither SCRAM nor CRAM-MD5 is offered.
    ///
    /// ```
    /// use imap_proto::server::{Config, Session};
    /// use proto_core::Instant;
    ///
    /// let seed = sasl::Seed::new([7; 32]); // random, in earnest
    /// let session = Session::new(Instant::ORIGIN, Config::default()).with_seed(seed);
    /// # let _ = session;
    /// ```
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        self.setting.seed(seed);
        self
    }

    /// Whether the transport is encrypted.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.setting.is_secured()
    }

    /// Whether somebody is logged in.
    #[must_use]
    pub const fn is_authenticated(&self) -> bool {
        !matches!(self.phase, Phase::NotAuthenticated)
    }

    /// Whether a mailbox is selected.
    #[must_use]
    pub const fn is_selected(&self) -> bool {
        matches!(self.phase, Phase::Selected { .. })
    }

    /// Whether a mailbox is selected that is only to be read: the answer said READ-ONLY.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        matches!(self.phase, Phase::Selected { read_only: true })
    }

    /// Whether the client listens for news: IDLE.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle(_))
    }

    /// Whether the application owes an answer.
    #[must_use]
    pub const fn awaits_answer(&self) -> bool {
        matches!(self.state, State::Owed { .. } | State::Greeting { .. })
    }

    /// Whether a STARTTLS was answered OK and the handshake is due.
    #[must_use]
    pub const fn awaits_tls(&self) -> bool {
        matches!(self.state, State::Tls)
    }

    /// Whether a COMPRESS was answered OK and compression is due.
    #[must_use]
    pub const fn awaits_compression(&self) -> bool {
        matches!(self.state, State::Compression)
    }

    /// Returns how many received octets are held, arguments that are not whole yet left out.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    /// Takes the state, leaving the one between two commands.
    pub(super) fn take_state(&mut self) -> State {
        core::mem::replace(&mut self.state, State::Command)
    }

    /// Nothing can be done with what is there: is that all?
    pub(super) fn rest(&mut self) -> Result<Option<Step<Event>>, Error> {
        if self.input.skipped() > self.config.limits.commands.frame.endless_line {
            return Err(Error::EndlessLine);
        }
        // One that is skipped may have announced another.
        self.check_skipping()?;
        if !self.eof {
            return Ok(Some(Step::NeedInput));
        }
        let midway = matches!(self.state, State::Auth { .. } | State::Bringing(_));
        if midway || !self.input.is_empty() || !self.reader.is_between_commands() {
            return Err(Error::UnexpectedEof);
        }
        self.state = State::Closed;
        Ok(Some(Step::Closed))
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            let step = match self.state {
                State::Closed => Some(Step::Closed),
                // The client is not heard in the middle of a response.
                _ if self.streaming.is_some() => Some(Step::Paused),
                State::Greeting { ref mut told } if !*told => {
                    *told = true;
                    Some(Step::Event(Event::Connected))
                }
                State::Greeting { .. } | State::Owed { .. } => Some(Step::Paused),
                State::Tls | State::Compression if self.leaving => {
                    self.state = State::Closed;
                    None
                }
                State::Tls if !self.input.is_empty() => {
                    return Err(Error::PlaintextAfterStartTls);
                }
                State::Tls if self.eof => return Err(Error::UnexpectedEof),
                State::Tls | State::Compression => Some(Step::Paused),
                // Between two commands, so that one on its way still gets its answer.
                State::Command | State::Auth { .. } | State::Idle(_) if self.leaving => {
                    return Err(Error::ShuttingDown);
                }
                // Many short commands can have long answers.
                State::Command if self.is_full() => Some(Step::NeedInput),
                State::Command => self.hear_command()?,
                State::Bringing(_) => self.hear_bringing()?,
                State::Auth { .. } => self.hear_auth()?,
                State::Idle(_) => self.hear_done()?,
            };
            if let Some(step) = step {
                return Ok(step);
            }
        }
    }

    /// How long the client may take now, if somebody is logged in.
    fn patience(&self) -> Option<Duration> {
        let limits = &self.config.limits;
        match self.state {
            State::Bringing(_) => Some(limits.literal),
            State::Command | State::Auth { .. } | State::Idle(_) => Some(limits.idle),
            State::Tls | State::Compression => Some(limits.literal),
            State::Greeting { .. } | State::Owed { .. } | State::Closed => None,
        }
    }

    /// The timer that runs, its patience, and what its end means.
    fn waiting(&mut self) -> Option<(&mut Timer, Duration, Error)> {
        let patience = self.patience()?;
        if self.failed.is_some() {
            return None;
        }
        Some(match self.phase {
            Phase::NotAuthenticated => {
                (&mut self.login, self.config.limits.login, Error::LoginTimeout)
            }
            _ => (&mut self.timer, patience, Error::Timeout),
        })
    }

    /// Ends the session, with a goodbye if the client may still hear one.
    pub(super) fn fail(&mut self, error: Error) {
        let (code, text) = match error {
            Error::Timeout => (None, "nothing heard for too long"),
            Error::LoginTimeout => (None, "no login for too long"),
            Error::ShuttingDown => (Some(Code::Unavailable), "shutting down"),
            Error::TooManyMistakes => (None, "too many bad commands"),
            Error::TooManyFailures => (None, "too many failed logins"),
            Error::EndlessLine => (None, "line is too long"),
            Error::EndlessLiteral => (Some(Code::TooBig), "literal is too large"),
            Error::PlaintextAfterStartTls => (None, "plaintext after STARTTLS"),
            Error::UnexpectedEof | Error::CutResponse => {
                self.failed = Some(error);
                return;
            }
        };
        // In the middle of a response, words of ours would be taken for the message's.
        if self.streaming.is_none() {
            self.write(&Response::Bye(RespText::new(code, Text::from_static(text))));
        }
        self.failed = Some(error);
    }
}

impl Machine for Session {
    type Event = Event;
    type Error = Error;

    fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.timer.tell(now);
        self.login.tell(now);
        if self.failed.is_none() && !matches!(self.state, State::Closed) {
            self.input.push(bytes);
        }
    }

    fn receive_eof(&mut self) {
        self.eof = true;
    }

    fn poll(&mut self) -> Result<Step<Event>, Error> {
        match self.failed {
            Some(error) => Err(error),
            None => self.advance().inspect_err(|error| self.fail(*error)),
        }
    }

    fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    fn deadline(&self) -> Option<Instant> {
        let patience = self.patience().filter(|_| self.failed.is_none())?;
        Some(match self.phase {
            Phase::NotAuthenticated => self.login.deadline(self.config.limits.login),
            _ => self.timer.deadline(patience),
        })
    }

    fn expire(&mut self, now: Instant) {
        let over = match self.waiting() {
            Some((timer, patience, error)) => timer.is_over(now, patience).then_some(error),
            None => None,
        };
        self.timer.tell(now);
        self.login.tell(now);
        if let Some(error) = over {
            self.fail(error);
        }
    }

    /// RFC 9051 §6.2.1: what was learnt before is forgotten.
    fn secured(&mut self) {
        self.setting.secure();
        if !matches!(self.state, State::Tls) {
            return;
        }
        if !self.input.is_empty() {
            return self.fail(Error::PlaintextAfterStartTls);
        }
        self.timer.restart_vaguely();
        self.state = State::Command;
        self.forget();
    }

    fn compressed(&mut self) -> Option<Bytes> {
        if !matches!(self.state, State::Compression) {
            return None;
        }
        self.is_compressed = true;
        self.timer.restart_vaguely();
        self.state = State::Command;
        let held = self.input.len() as u64;
        Some(self.input.take(held).unwrap_or_default())
    }

    fn shut_down(&mut self) {
        self.leaving = true;
    }

    fn bind(&mut self, channel: ChannelBinding) {
        self.setting.bind(channel);
    }
}
