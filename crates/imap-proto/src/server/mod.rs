//! The server's end of a session.
//!
//! ```text
//!                  finish(OK)                  SELECT, finish(OK)
//! NOT             ───────────▶ AUTHENTICATED ───────────────────▶ SELECTED
//! AUTHENTICATED                LIST STATUS APPEND IDLE …           FETCH STORE SEARCH …
//!  STARTTLS                        ◀──────────────────── CLOSE, UNSELECT, SELECT refused
//!  AUTHENTICATE LOGIN
//!  LOGOUT ─▶ Closed from everywhere
//! ```
//!
//! The session frames commands, answers what concerns the connection, and sees to the order of
//! things; what concerns mailboxes it hands to the application, one command at a time, which has
//! an [`Engine`](crate::engine::Engine) for that.
mod answer;
mod auth;
mod config;
mod error;
mod event;
mod state;

pub use answer::More;
pub use config::{Config, Limits};
pub use error::{Error, Misuse};
pub use event::Event;

use alloc::{string::ToString, vec::Vec};

use bytes::{Bytes, BytesMut};
use proto_core::{ChannelBinding, Input, Instant, LineError, Machine, Step, Text, Timer};
use sasl::{Credentials, Seed, Setting, server::Claim};

use self::state::{Appending, Effect, Owed, State, Streaming};
use crate::command::{AppendPart, Bad, BadKind, Command, Event as ReadEvent, Reader, Tagged};
use crate::frame::FrameError;
use crate::{Atom, Capability, Code, Condition, Dialect, RespText, Response, Tag};

/// The server's end of a session.
///
/// ```
/// use imap_proto::server::{Config, Event, Session};
/// use imap_proto::{Condition, RespText, Response, Text};
/// use proto_core::{Instant, Machine, Step};
///
/// let mut config = Config::new(Text::from_static("hello"));
/// config.plaintext_passwords = true;
/// let mut session = Session::new(Instant::ORIGIN, config);
/// session.output().clear(); // the greeting
/// session.receive(Instant::ORIGIN, b"a LOGIN bob hungry\r\nb EXAMINE INBOX\r\n");
/// let Step::Event(Event::Login(_)) = session.poll()? else { panic!("nobody came") };
/// session.finish(Condition::Ok, RespText::new(None, Text::from_static("welcome")))?;
/// session.output().clear();
/// let Step::Event(Event::Command(_)) = session.poll()? else { panic!("no EXAMINE") };
/// session.respond(&Response::Exists(3))?;
/// session.finish(Condition::Ok, RespText::new(None, Text::from_static("there you are")))?;
/// assert_eq!(session.output(), "* 3 EXISTS\r\nb OK there you are\r\n");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    config: Config,
    input: Input,
    reader: Reader,
    output: BytesMut,
    state: State,
    streaming: Streaming,
    setting: Setting,
    authenticated: bool,
    selected: bool,
    compressed: bool,
    utf8: bool,
    bad: u32,
    failures: u32,
    eof: bool,
    leaving: bool,
    began: Instant,
    timer: Timer,
    failed: Option<Error>,
}

impl Session {
    /// Starts a session, and greets.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let mut session = Self::silent(now, config);
        session.greet();
        session
    }

    /// Starts a session over a connection that is encrypted from the start.
    #[must_use]
    pub fn new_secured(now: Instant, config: Config) -> Self {
        let mut session = Self::silent(now, config);
        session.setting.secure();
        session.greet();
        session
    }

    /// Starts a session of a client that is authenticated by other means, a certificate or the
    /// account of a process, and greets it by PREAUTH (RFC 9051 §7.1.4).
    #[must_use]
    pub fn new_authenticated(now: Instant, config: Config) -> Self {
        let mut session = Self::silent(now, config);
        session.admit();
        session.greet();
        session
    }

    fn silent(now: Instant, config: Config) -> Self {
        let mut setting = Setting::default();
        setting.allow_plaintext(config.plaintext_passwords);
        Self {
            reader: Reader::new(config.limits.stranger),
            config,
            input: Input::default(),
            output: BytesMut::new(),
            state: State::Command,
            streaming: Streaming::default(),
            setting,
            authenticated: false,
            selected: false,
            compressed: false,
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

    /// Takes randomness, fresh for each session; without, neither SCRAM nor CRAM-MD5 is offered.
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        self.setting.seed(seed);
        // What is offered may have changed.
        self.output.clear();
        self.greet();
        self
    }

    /// Returns how many octets have been received and not yet consumed.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.len()
    }

    /// Whether the session waits for the TLS handshake.
    #[must_use]
    pub const fn awaits_tls(&self) -> bool {
        matches!(self.state, State::Tls)
    }

    /// Whether the session waits for the transport to be compressed.
    #[must_use]
    pub const fn awaits_compression(&self) -> bool {
        matches!(self.state, State::Deflate)
    }

    /// Whether the client waits for news.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle(_))
    }

    /// Whether more is owed to the client than may be: let it be written before more is said.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.output.len() >= self.config.limits.output
    }

    /// Returns what is offered at this moment.
    #[must_use]
    pub fn capabilities(&self) -> Vec<Capability> {
        let mut all = if self.authenticated {
            self.config.capabilities.clone()
        } else {
            let open = [Capability::Imap4rev2, Capability::Imap4rev1, Capability::LiteralPlus];
            self.config.capabilities.iter().filter(|it| open.contains(it)).cloned().collect()
        };
        all.extend([Capability::Id, Capability::SaslIr]);
        if self.authenticated {
            all.push(Capability::Unauthenticate);
            if self.config.compress && !self.compressed {
                all.push(Capability::CompressDeflate);
            }
            return all;
        }
        if self.config.start_tls && !self.setting.is_secured() {
            all.push(Capability::StartTls);
        }
        if !self.takes_passwords() {
            all.push(Capability::LoginDisabled);
        }
        let usable = self.config.mechanisms.iter().filter(|it| self.setting.permits(**it));
        let names = usable.filter_map(|it| Atom::new(it.as_str().to_string()));
        all.extend(names.map(Capability::Auth));
        all
    }

    const fn takes_passwords(&self) -> bool {
        self.config.plaintext_passwords || self.setting.is_secured()
    }

    fn greet(&mut self) {
        let text = RespText::new(
            Some(Code::Capability(self.capabilities())),
            self.config.greeting.clone(),
        );
        let greeting = match self.authenticated {
            true => Response::Preauth(text),
            false => Response::Condition { condition: Condition::Ok, text },
        };
        self.say(&greeting);
    }

    fn admit(&mut self) {
        self.authenticated = true;
        self.reader.set_limits(self.config.limits.reader);
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            self.check_logins()?;
            match &self.state {
                State::Closed => return Ok(Step::Closed),
                State::Tls if !self.input.is_empty() => return Err(Error::PlaintextAfterStartTls),
                State::Tls | State::Deflate | State::Owed(..) => return Ok(Step::Paused),
                State::Appending(Appending { offered: Some(_), .. }) => return Ok(Step::Paused),
                _ if self.is_full() => return Ok(Step::NeedInput),
                State::Sasl(..) | State::Refusing(..) | State::Idle(_) => {
                    let limit = match self.state {
                        State::Idle(_) => IDLE_LINE,
                        _ => self.config.limits.sasl_line,
                    };
                    let Some(line) = self.line(limit)? else { return self.rest() };
                    if let Some(event) = self.hear(line)? {
                        return Ok(Step::Event(event));
                    }
                }
                State::Command | State::Appending(_) => match self.reader.next(&mut self.input) {
                    Ok(Some(event)) => {
                        if let Some(event) = self.take(event) {
                            return Ok(Step::Event(event));
                        }
                    }
                    Ok(None) => return self.rest(),
                    Err(bad) => {
                        if let Some(event) = self.reject(&bad)? {
                            return Ok(Step::Event(event));
                        }
                    }
                },
            }
        }
    }

    /// Nothing whole has been received.
    fn rest(&mut self) -> Result<Step<Event>, Error> {
        match (self.eof, self.leaving) {
            (true, _) => {
                self.state = State::Closed;
                Ok(Step::Closed)
            }
            (_, true) => Err(Error::ShuttingDown),
            _ => Ok(Step::NeedInput),
        }
    }

    /// Takes a line that is no command.
    fn line(&mut self, limit: usize) -> Result<Option<Result<Bytes, LineError>>, Error> {
        let line = self.input.line(limit).transpose();
        let length = match line {
            Some(Err(LineError::TooLong { length })) => length,
            // What is held belongs to the line that is skipped: pieces are skipped as they come.
            None if self.input.skipped() > 0 => self.input.skipped() + self.input.len() as u64,
            _ => 0,
        };
        if length > self.config.limits.reader.frame.endless_line {
            return Err(Error::EndlessLine);
        }
        Ok(line)
    }

    /// Takes a line of a SASL exchange, or the end of IDLE.
    fn hear(&mut self, line: Result<Bytes, LineError>) -> Result<Option<Event>, Error> {
        self.timer.restart();
        let State::Idle(tag) = &self.state else { return self.sasl_line(line) };
        let tag = tag.clone();
        if line.is_ok_and(|line| line.eq_ignore_ascii_case(b"DONE")) {
            self.state = State::Owed(tag, Owed::Command(Effect::None));
            return Ok(Some(Event::Done));
        }
        // RFC 9051 §6.3.13: nothing but DONE may come; it ends IDLE all the same.
        self.state = State::Command;
        self.mistake(Some(tag), "DONE was expected")?;
        Ok(None)
    }

    fn take(&mut self, event: ReadEvent) -> Option<Event> {
        self.timer.restart();
        match event {
            ReadEvent::Command(tagged) => self.obey(tagged),
            ReadEvent::Continue => {
                self.say(&Response::Continuation(Text::from_static("go on")));
                None
            }
            ReadEvent::Part(part) => self.take_part(part),
            ReadEvent::Octets(octets) => {
                self.appending()?.refused.is_none().then_some(Event::Octets(octets))
            }
            ReadEvent::End => {
                let State::Appending(appending) =
                    core::mem::replace(&mut self.state, State::Command)
                else {
                    return None;
                };
                if let Some((condition, text)) = appending.refused {
                    self.say(&Response::Tagged { tag: appending.tag, condition, text });
                    return None;
                }
                self.state = State::Owed(appending.tag, Owed::Command(Effect::None));
                Some(Event::End)
            }
        }
    }

    fn appending(&mut self) -> Option<&mut Appending> {
        if let State::Appending(appending) = &mut self.state { Some(appending) } else { None }
    }

    fn take_part(&mut self, part: AppendPart) -> Option<Event> {
        let appending = self.appending()?;
        if appending.refused.is_some() {
            if let AppendPart::Text(_) = part {
                self.drop_append();
            }
            return None;
        }
        if let AppendPart::Text(literal) = part {
            appending.offered = Some(literal.synchronizing);
        }
        Some(Event::Part(part))
    }

    /// Gives up an APPEND whose literal waits, and says why.
    fn drop_append(&mut self) {
        let State::Appending(appending) = core::mem::replace(&mut self.state, State::Command)
        else {
            return;
        };
        self.reader.refuse();
        if let Some((condition, text)) = appending.refused {
            self.say(&Response::Tagged { tag: appending.tag, condition, text });
        }
    }

    fn obey(&mut self, Tagged { tag, command }: Tagged) -> Option<Event> {
        if let Err(why) = self.permits(&command) {
            let text = RespText::new(why.1, Text::from_static(why.2));
            return self.decline(tag, &command, why.0, text);
        }
        self.bad = 0;
        let (owed, event) = match command {
            Command::Capability => {
                let all = self.capabilities();
                self.say(&Response::Capability(all));
                return self.done(tag, "that is all");
            }
            Command::Noop if !self.authenticated => return self.done(tag, "done"),
            Command::Id(_) => {
                self.say(&Response::Id(self.config.id.clone()));
                return self.done(tag, "pleased to meet you");
            }
            Command::Logout => {
                let text = RespText::new(None, Text::from_static("logging out"));
                self.say(&Response::Bye(text));
                self.done(tag, "goodbye");
                self.state = State::Closed;
                return None;
            }
            Command::StartTls => (Owed::Tls, Event::StartTls),
            Command::Compress => (Owed::Deflate, Event::Compress),
            Command::Unauthenticate => (Owed::Unauthenticate, Event::Unauthenticate),
            Command::Login(login) => {
                let user = core::str::from_utf8(login.user.as_bytes()).ok();
                let password = login.password.secret().clone();
                let claim = user.and_then(|user| Credentials::new(user, password).ok());
                let Some(claim) = claim else {
                    let text = Text::from_static("no such name and password");
                    self.refuse_login(tag, RespText::new(None, text));
                    return None;
                };
                (Owed::Login(None), Event::Login(Claim::Password(claim)))
            }
            Command::Authenticate(authenticate) => return self.authenticate(tag, &authenticate),
            Command::Idle => {
                self.say(&Response::Continuation(Text::from_static("idling")));
                self.state = State::Idle(tag);
                return Some(Event::Idle);
            }
            command => return Some(self.hand_over(tag, command)),
        };
        self.state = State::Owed(tag, owed);
        Some(event)
    }

    /// Gives a command to the application.
    fn hand_over(&mut self, tag: Tag, command: Command) -> Event {
        self.state = match &command {
            Command::Append(_) | Command::Replace(_) => {
                State::Appending(Appending { tag: tag.clone(), offered: None, refused: None })
            }
            Command::Select(_) | Command::Examine(_) => {
                State::Owed(tag.clone(), Owed::Command(Effect::Selects))
            }
            Command::Close | Command::Unselect => {
                State::Owed(tag.clone(), Owed::Command(Effect::Unselects))
            }
            _ => State::Owed(tag.clone(), Owed::Command(Effect::None)),
        };
        Event::Command(Tagged { tag, command })
    }

    /// Says why a command is not for this moment.
    fn permits(&self, command: &Command) -> Result<(), (Condition, Option<Code>, &'static str)> {
        let bad = |text| Err((Condition::Bad, None, text));
        match command {
            Command::Capability | Command::Noop | Command::Logout | Command::Id(_) => Ok(()),
            Command::StartTls | Command::Login(_) | Command::Authenticate(_)
                if self.authenticated =>
            {
                bad("you are logged in already")
            }
            Command::StartTls if !self.config.start_tls => bad("TLS is not available"),
            Command::StartTls if self.setting.is_secured() => bad("there is TLS already"),
            Command::Login(_) if !self.takes_passwords() => {
                let code = Some(Code::PrivacyRequired);
                Err((Condition::No, code, "not without TLS"))
            }
            Command::StartTls | Command::Login(_) | Command::Authenticate(_) => Ok(()),
            _ if !self.authenticated => bad("log in first"),
            Command::Compress if !self.config.compress => bad("not offered"),
            // RFC 4978 §3: NO to what is there already.
            Command::Compress if self.compressed => {
                let code = Some(Code::CompressionActive);
                Err((Condition::No, code, "compressed already"))
            }
            Command::Language(_) | Command::Comparator(_) | Command::GetJmapAccess => {
                bad("not offered")
            }
            command if needs_mailbox(command) && !self.selected => bad("no mailbox is selected"),
            _ => Ok(()),
        }
    }

    /// Answers a command that is not carried out; what it brings is thrown away.
    fn decline(
        &mut self,
        tag: Tag,
        command: &Command,
        condition: Condition,
        text: RespText,
    ) -> Option<Event> {
        if matches!(command, Command::Append(_) | Command::Replace(_)) {
            let refused = Some((condition, text));
            self.state = State::Appending(Appending { tag, offered: None, refused });
            return None;
        }
        self.say(&Response::Tagged { tag, condition, text });
        None
    }

    /// Answers what is no command. If the application has heard of an APPEND that it turns out not
    /// to be, it hears of that.
    fn reject(&mut self, bad: &Bad) -> Result<Option<Event>, Error> {
        self.timer.restart();
        if bad.kind == BadKind::Frame(FrameError::EndlessLine) {
            return Err(Error::EndlessLine);
        }
        let was = core::mem::replace(&mut self.state, State::Command);
        let text = bad.kind.to_string();
        let text = Text::new(&text).unwrap_or_default();
        if let BadKind::Frame(FrameError::LiteralTooLarge { .. }) = bad.kind
            && let Some(tag) = bad.tag.clone()
        {
            // RFC 7889 §4, RFC 9051 §4.3: it is no bad command, only too much.
            let text = RespText::new(Some(Code::TooBig), text);
            self.say(&Response::Tagged { tag, condition: Condition::No, text });
        } else {
            self.count_mistake(bad.tag.clone(), text)?;
        }
        let told = matches!(was, State::Appending(Appending { refused: None, .. }));
        Ok(told.then_some(Event::Aborted))
    }

    fn mistake(&mut self, tag: Option<Tag>, text: &'static str) -> Result<(), Error> {
        self.count_mistake(tag, Text::from_static(text))
    }

    /// Says BAD, and counts.
    fn count_mistake(&mut self, tag: Option<Tag>, text: Text) -> Result<(), Error> {
        let (condition, text) = (Condition::Bad, RespText::new(None, text));
        self.say(&match tag {
            Some(tag) => Response::Tagged { tag, condition, text },
            None => Response::Condition { condition, text },
        });
        self.bad += 1;
        if self.bad > self.config.limits.bad_commands {
            return Err(Error::TooManyBadCommands);
        }
        Ok(())
    }

    fn done(&mut self, tag: Tag, text: &'static str) -> Option<Event> {
        let text = RespText::new(None, Text::from_static(text));
        self.say(&Response::Tagged { tag, condition: Condition::Ok, text });
        None
    }

    fn say(&mut self, response: &Response) {
        let dialect = self.dialect();
        response.write(&mut self.output, dialect);
    }

    const fn dialect(&self) -> Dialect {
        Dialect { utf8: self.utf8, ..Dialect::SERVER }
    }

    fn fail(&mut self, error: Error) -> Error {
        self.failed = Some(error);
        // Words of ours would be taken for those that are missing.
        if self.streaming.is_over() {
            let text = Text::new(&error.to_string()).unwrap_or_default();
            let code = (error == Error::ShuttingDown).then_some(Code::Unavailable);
            self.say(&Response::Bye(RespText::new(code, text)));
        }
        error
    }

    /// What a client is, after UNAUTHENTICATE and before anything.
    fn forget(&mut self) {
        (self.authenticated, self.selected, self.utf8) = (false, false, false);
        self.reader.set_limits(self.config.limits.stranger);
    }
}

/// The longest line during IDLE: DONE, and room for what some clients put after it.
const IDLE_LINE: usize = 1024;

/// Whether a command is for the selected state only (RFC 9051 §6.4).
const fn needs_mailbox(command: &Command) -> bool {
    matches!(
        command,
        Command::Check
            | Command::Close
            | Command::Unselect
            | Command::Expunge
            | Command::UidExpunge(_)
            | Command::Search(_)
            | Command::Sort(_)
            | Command::Thread(_)
            | Command::Fetch(_)
            | Command::Store(_)
            | Command::Copy { .. }
            | Command::Move { .. }
            | Command::Replace(_)
    )
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

    /// None while an answer is being given: how long that takes is the driver's to judge.
    fn deadline(&self) -> Option<Instant> {
        let limits = &self.config.limits;
        match self.state {
            _ if self.failed.is_some() => None,
            State::Closed | State::Owed(..) => None,
            _ if !self.authenticated => Some(self.began + limits.login),
            _ => Some(self.timer.deadline(limits.idle)),
        }
    }

    fn expire(&mut self, now: Instant) {
        let idle = self.config.limits.idle;
        match self.deadline() {
            None => self.timer.tell(now),
            Some(at) if !self.authenticated => {
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
            self.timer.restart_vaguely();
        }
        self.setting.secure();
    }

    fn compressed(&mut self) -> Option<Bytes> {
        let State::Deflate = self.state else { return None };
        self.state = State::Command;
        self.compressed = true;
        self.timer.restart_vaguely();
        Some(self.input.take(u64::MAX).unwrap_or_default())
    }

    fn shut_down(&mut self) {
        self.leaving = true;
    }

    fn bind(&mut self, channel: ChannelBinding) {
        self.setting.bind(channel);
    }
}
