//! Mail that is read by IMAP.
use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use homing::{
    imap::{
        Capability, Code, Condition, IString, Id, RespText, Response,
        command::{AppendPart, Command},
        engine::{Engine, Failure as EngineFailure, Limits, Output},
        server::{Config, Event, Misuse, Session},
    },
    proto_core::{
        Text,
        tokio::{BoxStream, Driver, tls::TlsAcceptor},
    },
    sasl::server::Claim,
};
use tokio::task::{spawn_blocking, yield_now};
use tracing::{error, info};

use crate::{
    Failure,
    host::{Host, Refused},
    news::News,
    quick,
    store::Account,
};

/// How many octets the engine gives before they are written.
const PIECE: usize = 256 * 1024;

/// How many responses the engine gives before they are written.
const RESPONSES: usize = 256;

/// What sessions offer: one for all of a kind.
pub(crate) struct Offers {
    with_clear_passwords: Arc<Config>,
    without: Arc<Config>,
}

impl Offers {
    pub(crate) fn new(tls: bool) -> Result<Self, Failure> {
        let with_clear_passwords = Arc::new(config(tls, true)?);
        Ok(Self { with_clear_passwords, without: Arc::new(config(tls, false)?) })
    }

    pub(crate) fn get(&self, clear_passwords: bool) -> Arc<Config> {
        Arc::clone(if clear_passwords { &self.with_clear_passwords } else { &self.without })
    }
}

fn config(tls: bool, clear_passwords: bool) -> Result<Config, Failure> {
    let mut config = Config::default();
    for capability in Engine::<Account>::capabilities() {
        if !config.capabilities.contains(&capability) {
            config.capabilities.push(capability);
        }
    }
    config.capabilities.extend([
        Capability::CompressDeflate,
        Capability::Metadata,
        Capability::Unauthenticate,
    ]);
    if tls {
        config.capabilities.push(Capability::StartTls);
    }
    config.plaintext_passwords = clear_passwords;
    config.mechanisms = Host::MECHANISMS.to_vec();
    let fields =
        [("name", "mailhost"), ("vendor", "Homing"), ("version", env!("CARGO_PKG_VERSION"))];
    let fields =
        fields.map(|(name, value)| (IString::from_static(name), Some(IString::from_static(value))));
    config.id = Id::new(fields.to_vec()).ok_or("an identity has thirty fields at most")?;
    Ok(config)
}

/// What an engine gives, and the engine.
type Given = (Box<Engine<Account>>, Vec<Output>);

/// A connection, with the engine behind it.
pub(crate) struct Desk {
    driver: Driver<Session, BoxStream>,
    host: Arc<Host>,
    /// There once somebody has logged in; away while it works.
    engine: Option<Box<Engine<Account>>>,
    /// Why what APPEND brings is not taken, while that still comes.
    refused: Option<(Condition, RespText)>,
    news: News,
}

impl Desk {
    pub(crate) fn new(driver: Driver<Session, BoxStream>, host: Arc<Host>) -> Box<Self> {
        let news = News::new(host.store.clone());
        Box::new(Self { driver, host, engine: None, refused: None, news })
    }

    /// Serves one client until it leaves. There may be thousands of these, so what they hold while
    /// they wait is kept small.
    pub(crate) async fn serve(
        mut self: Box<Self>,
        acceptor: Option<TlsAcceptor>,
    ) -> Result<(), Failure> {
        loop {
            let event = tokio::select! {
                event = self.driver.next() => event?,
                () = self.news.come() => {
                    self.tell_news(Engine::wake).await?;
                    continue;
                }
            };
            let Some(event) = event else { return Ok(()) };
            match event {
                Event::StartTls => match &acceptor {
                    Some(acceptor) => {
                        self.finish(Condition::Ok, text("begin TLS"))?;
                        Box::pin(self.driver.secure_server(acceptor)).await?;
                    }
                    None => self.finish(Condition::No, text("there is no TLS"))?,
                },
                Event::Compress => {
                    self.finish(Condition::Ok, text("compressed from here on"))?;
                    Box::pin(self.driver.compress()).await?;
                }
                event => Box::pin(self.answer(event)).await?,
            }
        }
    }

    async fn answer(&mut self, event: Event) -> Result<(), Failure> {
        match event {
            Event::Connected => {
                let words = Text::new(&format!("{} IMAP ready", self.host.directory.name))?;
                let text = RespText::new(None, words);
                let greeting = Response::Condition { condition: Condition::Ok, text };
                self.driver.machine().respond(greeting)?;
            }
            Event::Auth(claim) => self.log_in(claim).await?,
            Event::AuthLookup(lookup) => match self.host.lookup(&lookup).await {
                Some(verifier) => self.driver.machine().supply(verifier)?,
                None => self.finish(Condition::No, unavailable())?,
            },
            Event::Unauthenticate => {
                self.engine = None;
                self.listen();
                self.finish(Condition::Ok, text("forgotten"))?;
            }
            Event::Command(tagged) => {
                let brings = matches!(tagged.command, Command::Append(_) | Command::Replace(_));
                let (now, here) = (now(), self.is_quick(&tagged.command));
                // The session keeps for itself what is not the engine's.
                self.ask(here, move |engine| drop(engine.command(tagged, now))).await?;
                if self.listen() {
                    // What happened before we did is told now.
                    self.tell_news(Engine::wake).await?;
                }
                if brings && self.driver.machine().awaits_answer() {
                    self.refused = None;
                    self.driver.machine().accept()?;
                }
            }
            Event::Part(part) => self.take_part(&part)?,
            Event::Octets(octets) => self.with_engine(|engine| engine.octets(octets)),
            Event::End => match self.refused.take() {
                Some((condition, text)) => self.finish(condition, text)?,
                None => self.ask(false, Engine::end).await?,
            },
            Event::Abandoned => self.with_engine(Engine::abort),
            Event::Idle => {
                // First, so that nothing is missed in between.
                self.listen();
                self.tell_news(Engine::idle).await?;
            }
            Event::IdleEnd => {
                self.with_engine(Engine::end_idle);
                self.listen();
            }
            _ => {}
        }
        Ok(())
    }

    async fn log_in(&mut self, claim: Claim) -> Result<(), Failure> {
        match self.host.admit(claim).await {
            Ok(user) => {
                info!(user = user.name, "logged in by IMAP");
                let directory = Arc::clone(&self.host.directory);
                let account = Account::new(self.host.store.clone(), user, directory);
                self.engine = Some(Box::new(Engine::new(account, Limits::default())));
                self.finish(Condition::Ok, text("welcome"))?;
            }
            Err(Refused::Wrong) => {
                let words = Text::from_static("not by that name and password");
                let why = RespText::new(Some(Code::AuthenticationFailed), words);
                self.finish(Condition::No, why)?;
            }
            Err(Refused::Unavailable) => self.finish(Condition::No, unavailable())?,
        }
        Ok(())
    }

    /// Takes a piece of what APPEND brings. Only to a text an answer is owed.
    fn take_part(&mut self, part: &AppendPart) -> Result<(), Misuse> {
        let Some(engine) = &mut self.engine else { return Ok(()) };
        if self.refused.is_none() {
            self.refused = engine.part(part).err();
        }
        match (part, &self.refused) {
            (AppendPart::Text(_), None) => self.driver.machine().accept(),
            (AppendPart::Text(_), Some(_)) => {
                engine.abort();
                self.refused.take().map_or(Ok(()), |(condition, text)| self.finish(condition, text))
            }
            _ => Ok(()),
        }
    }

    /// Listens for what the client wants to be told; returns whether that is more than before.
    fn listen(&mut self) -> bool {
        let is_idle = self.driver.machine().is_idle();
        let Some(engine) = &mut self.engine else { return self.news.listen(None, None) };
        let selected = is_idle || engine.watches();
        let others = engine.watches_others().then(|| engine.store().user().id);
        let selected = engine.mailbox().filter(|_| selected).map(|folder| &**folder.held());
        self.news.listen(selected, others)
    }

    /// Tells the client what it wants to be told.
    async fn tell_news(&mut self, work: fn(&mut Engine<Account>)) -> Result<(), Failure> {
        // Whoever watches others has all of them looked at.
        let here = self.engine.as_ref().is_some_and(|engine| !engine.watches_others());
        self.ask(here, work).await
    }

    /// Whether a command can be carried out here.
    fn is_quick(&mut self, command: &Command) -> bool {
        let Some(engine) = &mut self.engine else { return true };
        !engine.watches_others()
            && quick::is_quick(command, engine.mailbox().and_then(|folder| folder.held().size()))
    }

    /// Lets the engine do something, and tells the client all that comes of it: `here`, if it is
    /// quick and nobody needs to wait for the database, or else on a thread that may wait.
    async fn ask(
        &mut self,
        here: bool,
        work: impl FnOnce(&mut Engine<Account>) + Send + 'static,
    ) -> Result<(), Failure> {
        if !here || !self.host.store.is_near() {
            return self.ask_others(work).await;
        }
        self.with_engine(work);
        let mut told = 0;
        while let Some(output) = self.engine.as_mut().and_then(|engine| engine.next()) {
            self.tell(output)?;
            told += 1;
            if self.driver.machine().is_full() {
                self.driver.flush().await?;
            } else if told % RESPONSES == 0 {
                yield_now().await;
            }
        }
        Ok(())
    }

    async fn ask_others(
        &mut self,
        work: impl FnOnce(&mut Engine<Account>) + Send + 'static,
    ) -> Result<(), Failure> {
        let Some(mut engine) = self.engine.take() else { return Ok(()) };
        let mut given = spawn_blocking(move || {
            work(&mut engine);
            drain(engine)
        })
        .await?;
        loop {
            let (engine, outputs) = given;
            let over = outputs.len() < RESPONSES && octets(&outputs) < PIECE;
            for output in outputs {
                self.tell(output)?;
                if self.driver.machine().is_full() {
                    self.driver.flush().await?;
                }
            }
            if over {
                self.engine = Some(engine);
                return Ok(());
            }
            given = spawn_blocking(move || drain(engine)).await?;
        }
    }

    fn tell(&mut self, output: Output) -> Result<(), Failure> {
        let session = self.driver.machine();
        match output {
            Output::Response(response) => session.respond(response)?,
            Output::Octets(octets) => session.octets(&octets)?,
            Output::Done(condition, text) => session.finish(condition, text)?,
            Output::Broken(why) => {
                error!(%why, "a message cannot be read");
                session.give_up();
            }
        }
        Ok(())
    }

    fn with_engine(&mut self, work: impl FnOnce(&mut Engine<Account>)) {
        if let Some(engine) = &mut self.engine {
            work(engine);
        }
    }

    fn finish(&mut self, condition: Condition, text: RespText) -> Result<(), Misuse> {
        self.driver.machine().finish(condition, text)
    }
}

/// Takes what an engine has to say, but not more than fits into memory.
fn drain(mut engine: Box<Engine<Account>>) -> Given {
    let (mut outputs, mut size) = (Vec::new(), 0);
    while outputs.len() < RESPONSES
        && size < PIECE
        && let Some(output) = engine.next()
    {
        size += length(&output);
        outputs.push(output);
    }
    (engine, outputs)
}

fn octets(outputs: &[Output]) -> usize {
    outputs.iter().map(length).sum()
}

fn length(output: &Output) -> usize {
    if let Output::Octets(octets) = output { Bytes::len(octets) } else { 0 }
}

fn text(words: &'static str) -> RespText {
    RespText::new(None, Text::from_static(words))
}

fn unavailable() -> RespText {
    EngineFailure::Unavailable.to_text()
}

/// Returns the seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
