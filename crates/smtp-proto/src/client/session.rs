//! The state machine.
use alloc::collections::BTreeSet;
use core::time::Duration;

use bytes::BytesMut;
use proto_core::dot::Stuffer;
use proto_core::{Input, Instant, Machine, Step, Timer};
use sasl::{ChannelBinding, Seed, Setting};

use super::auth::Pending;
use super::chunks::Chunks;
use super::plan::{Domain, Server, domain};
use super::transaction::{Options, Transaction};
use super::{Config, Delivery, Envelope, Event, Reason};
use crate::reply::Reader;
use crate::{Capabilities, Command, Error, Misuse, Reply, Stage};

/// The client's end of one connection.
///
/// ```
/// use proto_core::{Instant, Machine, Step};
/// use smtp_proto::{ForwardPath, ReversePath};
/// use smtp_proto::client::{Config, Delivery, Envelope, Event, Session};
///
/// let now = Instant::ORIGIN;
/// let mut session = Session::new(now, Config::new("crepes.fr".parse()?));
/// session.receive(now, b"220 hamburger.edu\r\n250-hamburger.edu\r\n250 PIPELINING\r\n");
/// assert_eq!(session.poll()?, Step::Event(Event::Ready));
/// session.output().clear(); // EHLO crepes.fr
///
/// let bob = ForwardPath::Mailbox("bob@hamburger.edu".parse()?);
/// session.send(Envelope::new(ReversePath::Null, vec![bob]))?;
/// assert_eq!(session.poll()?, Step::NeedInput);
/// assert_eq!(session.output(), "MAIL FROM:<>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n");
///
/// session.output().clear();
/// session.receive(now, b"250 OK\r\n250 OK\r\n354 go\r\n");
/// assert_eq!(session.poll()?, Step::Event(Event::SendBody));
/// session.body(b"Do you like ketchup?")?;
/// session.body_end()?;
/// assert_eq!(session.output(), "Do you like ketchup?\r\n.\r\n");
///
/// session.output().clear();
/// session.receive(now, b"250 taken\r\n");
/// let Step::Event(Event::Sent(outcome)) = session.poll()? else { panic!("it was sent") };
/// assert!(matches!(&outcome.recipients[..], [(_, Delivery::Accepted(_))]));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    pub(super) config: Config,
    pub(super) capabilities: Capabilities,
    timer: Timer,
    pub(super) input: Input,
    reader: Reader,
    pub(super) output: BytesMut,
    pub(super) state: State,
    pub(super) transaction: Option<Transaction>,
    /// How many transactions the server has been asked for.
    transactions: u32,
    /// In which domains recipients have been, if the server counts them.
    domains: BTreeSet<Domain>,
    /// The next transaction must begin with RSET.
    pub(super) dirty: bool,
    pub(super) secured: bool,
    /// What is known of the connection that authentication runs over.
    pub(super) setting: Setting,
    eof: bool,
    /// To be told first.
    pub(super) pending: Option<Event>,
    failed: Option<Error>,
}

#[derive(Debug)]
pub(super) enum State {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Tls,
    Auth(Pending),
    /// XCLIENT is said.
    XClient,
    Ready,
    /// Something was asked that has nothing to do with a message.
    Inquiring,
    /// MAIL, RCPT and DATA are asked and answered.
    Asking,
    Body {
        stuffer: Stuffer,
        asked: bool,
    },
    /// The message goes in chunks.
    Chunks(Chunks),
    /// The last dot or chunk is written.
    End,
    /// A dot for nobody is written.
    LoneDot,
    Quit,
    Closed,
}

impl Session {
    /// Begins a session with a server just connected to. If TLS is below from the beginning,
    /// call [`secured`](Machine::secured) next.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let mut setting = Setting::default();
        setting.allow_plaintext(config.plaintext_passwords);
        Self {
            config,
            capabilities: Capabilities::default(),
            timer: Timer::new(now),
            input: Input::default(),
            reader: Reader::default(),
            output: BytesMut::new(),
            state: State::Greeting,
            transaction: None,
            transactions: 0,
            domains: BTreeSet::new(),
            dirty: false,
            secured: false,
            setting,
            eof: false,
            pending: None,
            failed: None,
        }
    }

    /// Takes randomness, fresh for each session; without, SCRAM is not used.
    ///
    /// ```
    /// use proto_core::{Instant, blocking::random};
    /// use smtp_proto::client::{Config, Session};
    ///
    /// let config = Config::new("crepes.fr".parse()?);
    /// let session = Session::new(Instant::ORIGIN, config).with_seed(sasl::Seed::new(random()?));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_seed(mut self, seed: Seed) -> Self {
        self.setting.seed(seed);
        self
    }

    /// Sends a message in this envelope. What came of it is told by [`Event::Sent`].
    ///
    /// # Errors
    /// The session is not ready for one, or there are no recipients.
    pub fn send(&mut self, envelope: Envelope) -> Result<(), Misuse> {
        self.check_ready()?;
        if envelope.recipients.is_empty() {
            return Err(Misuse::NoRecipients);
        }
        let Self { secured, transactions, .. } = *self;
        let (capabilities, domains) = (&self.capabilities, &self.domains);
        let server = Server { capabilities, secured, transactions, domains };
        let Config { chunking, lmtp, .. } = self.config;
        let options = Options { reset: self.dirty, chunking, lmtp };
        let transaction = Transaction::plan(envelope, server, options);
        // Those that are refused before anything is asked are none for the server.
        self.transactions = transactions.saturating_add(u32::from(!transaction.is_asked_nothing()));
        if self.capabilities.limits.domains.is_some() {
            self.domains.extend(transaction.asked().map(domain));
        }
        self.transaction = Some(transaction);
        self.state = State::Asking;
        self.timer.restart_vaguely();
        Ok(())
    }

    /// Gives a piece of the message, cut anywhere; it is copied, so a piece should be no larger
    /// than a buffer. A bare CR, bare LF or NUL in it ends the session, if they are rejected.
    ///
    /// # Errors
    /// The server does not wait for the message, or too much of it has not been written yet.
    pub fn body(&mut self, piece: &[u8]) -> Result<(), Misuse> {
        let (full, failed) = (self.is_full(), self.failed.is_some());
        match &mut self.state {
            State::Body { .. } | State::Chunks(_) if !failed && full => Err(Misuse::OutputFull),
            State::Chunks(_) if !failed => {
                self.take_piece(piece);
                self.timer.restart_vaguely();
                Ok(())
            }
            State::Body { stuffer, asked } if !failed => {
                *asked = false;
                let written = stuffer.write(piece, &mut self.output);
                self.timer.restart_vaguely();
                self.check_sendable(written);
                Ok(())
            }
            _ => Err(Misuse::NotReady),
        }
    }

    /// Ends the message.
    ///
    /// # Errors
    /// The server does not wait for the message.
    pub fn body_end(&mut self) -> Result<(), Misuse> {
        if !matches!(self.state, State::Body { .. } | State::Chunks(_)) || self.failed.is_some() {
            return Err(Misuse::NotReady);
        }
        self.timer.restart_vaguely();
        match core::mem::replace(&mut self.state, State::End) {
            State::Body { stuffer, .. } => {
                let written = stuffer.finish(&mut self.output);
                self.check_sendable(written);
            }
            State::Chunks(chunks) => self.end_chunks(chunks),
            _ => {}
        }
        Ok(())
    }

    /// Asks something that has nothing to do with a message: VRFY, EXPN, HELP, NOOP or ETRN.
    /// The answer is told by [`Event::Answered`].
    ///
    /// # Errors
    /// The session is not ready for that, or it is another command.
    pub fn ask(&mut self, question: &Command) -> Result<(), Misuse> {
        self.check_ready()?;
        match question {
            Command::Vrfy(_)
            | Command::Expn(_)
            | Command::Help(_)
            | Command::Noop
            | Command::Etrn(_) => {}
            _ => return Err(Misuse::NoQuestion),
        }
        self.say(question);
        self.timer.restart_vaguely();
        self.state = State::Inquiring;
        Ok(())
    }

    /// Leaves.
    ///
    /// # Errors
    /// The session is not ready for that: a transaction is under way.
    pub fn quit(&mut self) -> Result<(), Misuse> {
        self.check_ready()?;
        self.say(&Command::Quit);
        self.timer.restart_vaguely();
        self.state = State::Quit;
        Ok(())
    }

    /// Returns what the server can do, as far as it has said so.
    #[must_use]
    pub const fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Whether the transport is encrypted.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.secured
    }

    /// Whether the server waits for the handshake.
    #[must_use]
    pub const fn awaits_tls(&self) -> bool {
        matches!(self.state, State::Tls)
    }

    /// Returns how many received octets are held.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.input.len() + self.reader.len()
    }

    pub(super) fn say(&mut self, command: &Command) {
        command.write(&mut self.output);
    }

    fn check_ready(&self) -> Result<(), Misuse> {
        let ready = matches!(self.state, State::Ready) && self.failed.is_none();
        if ready { Ok(()) } else { Err(Misuse::NotReady) }
    }

    fn check_sendable(&mut self, written: Result<(), proto_core::dot::Bare>) {
        if let Err(bare) = written {
            if let Some(transaction) = &mut self.transaction {
                transaction.decide(&Delivery::Unsent(Reason::Bare(bare)));
            }
            self.fail(Error::Unsendable(bare));
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.output.len() >= self.config.limits.output
    }

    /// Whether more than the longest reply is waiting to be heard.
    pub(super) fn is_flooded(&self) -> bool {
        let limits = &self.config.limits;
        self.input.len() > limits.reply_line.saturating_mul(limits.reply_lines)
    }

    fn advance(&mut self) -> Result<Step<Event>, Error> {
        loop {
            if let Some(event) = self.pending.take() {
                return Ok(Step::Event(event));
            }
            match self.state {
                State::Closed => return Ok(Step::Closed),
                // What a server says unasked is heard with the next reply that is due.
                State::Ready => return Ok(Step::Paused),
                // RFC 3207 §6, CVE-2021-23993 and its sisters.
                State::Tls if !self.input.is_empty() => {
                    return Err(Error::PlaintextAfterStartTls);
                }
                State::Tls if self.eof => return Err(Error::UnexpectedEof),
                State::Tls => return Ok(Step::Paused),
                State::Body { .. } if !self.eof => return self.want_body(),
                State::Chunks(_) if !self.eof => {
                    if self.is_flooded() {
                        return Err(Error::ReplyTooLong);
                    }
                    if let Some(step) = self.want_chunk() {
                        return Ok(step);
                    }
                    if !matches!(self.state, State::Chunks(_)) {
                        continue;
                    }
                }
                // The verdict is heard once the whole message is written.
                State::End if !self.eof && !self.output.is_empty() && !self.is_flooded() => {
                    return Ok(Step::NeedInput);
                }
                State::Asking => {
                    let more = self.write_commands();
                    if self.conclude_asking() {
                        continue;
                    }
                    // All is asked before anything is heard, unless very much is to be heard.
                    if more && !self.is_flooded() {
                        return Ok(Step::NeedInput);
                    }
                }
                _ => {}
            }
            match self.read()? {
                Some(reply) => self.hear(reply)?,
                None if !self.eof => return Ok(Step::NeedInput),
                // A server that goes away after QUIT has nothing more to say.
                None if matches!(self.state, State::Quit) => self.state = State::Closed,
                None => return Err(Error::UnexpectedEof),
            }
        }
    }

    /// Reads a reply, leniently.
    fn read(&mut self) -> Result<Option<Reply>, Error> {
        let limits = &self.config.limits;
        loop {
            let line = self.input.lenient_line(limits.reply_line);
            let Some(line) = line.map_err(|_| Error::ReplyTooLong)? else { break };
            let reply = self.reader.push(&line).map_err(Error::MalformedReply)?;
            if reply.is_some() {
                self.timer.restart();
                return Ok(reply);
            }
            if self.reader.lines() >= limits.reply_lines {
                return Err(Error::ReplyTooLong);
            }
        }
        if self.input.skipped() > 0 { Err(Error::ReplyTooLong) } else { Ok(None) }
    }

    fn hear(&mut self, reply: Reply) -> Result<(), Error> {
        if reply.code() == 421 && !matches!(self.state, State::Quit | State::Greeting) {
            return self.hear_closing(reply);
        }
        match core::mem::replace(&mut self.state, State::Asking) {
            State::Asking => self.hear_answer(reply),
            State::Greeting => self.hear_greeting(reply),
            State::Ehlo => self.hear_ehlo(reply),
            State::Helo => self.hear_helo(reply),
            State::StartTls => self.hear_starttls(reply),
            State::Auth(pending) => self.hear_auth(pending, reply),
            body @ State::Body { .. } => {
                self.state = body;
                self.hear_early(reply)
            }
            chunks @ State::Chunks(_) => {
                self.state = chunks;
                self.hear_chunked(reply)
            }
            State::End => self.hear_end(reply),
            State::XClient => self.hear_xclient(reply),
            State::Inquiring => {
                self.state = State::Ready;
                self.pending = Some(Event::Answered(reply));
                Ok(())
            }
            State::LoneDot => {
                self.dirty = true;
                self.conclude();
                Ok(())
            }
            State::Quit => {
                self.state = State::Closed;
                Ok(())
            }
            State::Ready | State::Tls | State::Closed => Err(Error::UnexpectedReply(reply)),
        }
    }

    /// How long the server may take now.
    fn patience(&self) -> Option<Duration> {
        let limits = &self.config.limits;
        match &self.state {
            _ if self.failed.is_some() => None,
            State::Greeting => Some(limits.greeting_timeout),
            State::Ready | State::Closed | State::Body { asked: true, .. } => None,
            State::Chunks(Chunks { asked: true, .. }) => None,
            State::Body { .. } | State::Chunks(_) => Some(limits.block_timeout),
            State::End | State::LoneDot => Some(limits.end_timeout),
            State::Asking => match self.transaction.as_ref().map(Transaction::stage) {
                Some(Stage::Rcpt) => Some(limits.rcpt_timeout),
                Some(Stage::Data) => Some(limits.data_timeout),
                _ => Some(limits.command_timeout),
            },
            _ => Some(limits.command_timeout),
        }
    }

    /// Ends the session; what came of the transaction is told first.
    fn fail(&mut self, error: Error) {
        // The last octet of the last dot is not on its way as long as anything is unwritten.
        let sent = matches!(self.state, State::End) && self.output.is_empty();
        let sending = matches!(self.state, State::Body { .. } | State::Chunks(_) | State::End);
        if let Some(mut transaction) = self.transaction.take() {
            if sent {
                transaction.decide(&Delivery::Unknown);
            }
            // A message that is said to be unsent must not go out after all, as a goodbye.
            if sending {
                self.output.clear();
            }
            self.pending = Some(Event::Sent(transaction.outcome()));
        }
        let leaves = matches!(
            error,
            Error::Refused(..) | Error::NoStartTls | Error::NoMechanism | Error::NotOffered(_)
        );
        if leaves {
            self.say(&Command::Quit);
        }
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
        if self.failed.is_none() {
            match self.advance() {
                Ok(step) => return Ok(step),
                Err(error) => self.fail(error),
            }
        }
        match (self.pending.take(), &self.failed) {
            (None, Some(error)) => Err(error.clone()),
            (Some(event), _) => Ok(Step::Event(event)),
            (None, None) => Ok(Step::NeedInput),
        }
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

    /// RFC 3207 §4.2: everything known of the server is forgotten.
    fn secured(&mut self) {
        self.secured = true;
        self.setting.secure();
        self.timer.restart_vaguely();
        if !matches!(self.state, State::Tls) || self.failed.is_some() {
            return;
        }
        if !self.input.is_empty() {
            return self.fail(Error::PlaintextAfterStartTls);
        }
        self.say_ehlo();
    }

    fn bind(&mut self, channel: ChannelBinding) {
        self.setting.bind(channel);
    }
}
