//! One connection from a client, served from a thread of its own.
use std::time::{SystemTime, UNIX_EPOCH};

use proto_core::blocking::{BoxStream, Driver, Handshake};
use sasl::scram::{Lookup, Verifier};
use sasl::server::Claim;

use crate::command::AppendPart;
use crate::common::{Ending, ServeError, no_verifier, ok};
use crate::engine::{Engine, Limits, Output, Store};
use crate::server::{Error, Event, Misuse, Session};
use crate::{Condition, RespText, Response, Text};

/// Whose mail a server has.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use imap_proto::{Code, RespText, Text, blocking::Handler, engine::memory};
///
/// /// Has mail for Bob.
/// struct Bobs(memory::Account);
///
/// impl Handler for Bobs {
///     type Store = memory::Store;
///     fn log_in(&mut self, claim: sasl::server::Claim) -> Result<memory::Store, RespText> {
///         match claim {
///             sasl::server::Claim::Password(bob) if bob.authcid() == "bob" => Ok(self.0.store()),
///             _ => Err(RespText::new(Some(Code::AuthenticationFailed), Text::from_static("who?"))),
///         }
///     }
/// }
/// # }
/// ```
pub trait Handler {
    /// A user's mailboxes.
    type Store: Store;

    /// Lets somebody in, or says why not.
    ///
    /// # Errors
    /// Why not.
    fn log_in(&mut self, claim: Claim) -> Result<Self::Store, RespText>;

    /// Finds what is stored of somebody's password, for SCRAM; of somebody who does not exist, a
    /// [decoy](Verifier::decoy). Offer SCRAM only if this is there.
    ///
    /// # Errors
    /// Why not.
    fn verifier(&mut self, lookup: Lookup) -> Result<Verifier, RespText> {
        let _ = lookup;
        Err(no_verifier())
    }

    /// Greets: an untagged OK, PREAUTH or BYE.
    fn greet(&mut self) -> Response {
        let text = RespText::new(None, Text::from_static("ready"));
        Response::Condition { condition: Condition::Ok, text }
    }

    /// Says what a user's commands may cost.
    fn limits(&self) -> Limits {
        Limits::default()
    }
}

/// Serves one client until it leaves, by an [`Engine`] over the user's store.
///
/// Offer STARTTLS in the session's configuration only if there is `tls`; NOTIFY do not offer. A
/// thread that waits for its client hears of nothing else: what others do is told with the next
/// command, and when IDLE begins. Who wants it pushed uses `tokio::serve`.
///
/// # Errors
/// The session or its stream failed; or a message could not be read to its end, and the
/// connection was given up so that the client does not take what it has for the whole.
pub fn serve<H: Handler>(
    driver: Driver<Session, BoxStream>,
    tls: Option<Handshake<'_>>,
    handler: &mut H,
) -> Result<(), ServeError> {
    Desk { driver, tls, handler, engine: None, refused: None }.work()
}

struct Desk<'a, 't, H: Handler> {
    driver: Driver<Session, BoxStream>,
    tls: Option<Handshake<'t>>,
    handler: &'a mut H,
    /// There once somebody has logged in.
    engine: Option<Engine<H::Store>>,
    /// Why what APPEND brings is not taken, while that still comes.
    refused: Option<Ending>,
}

impl<H: Handler> Desk<'_, '_, H> {
    fn work(mut self) -> Result<(), ServeError> {
        while let Some(event) = self.driver.next()? {
            self.answer(event)?;
            let session = self.driver.machine();
            if session.awaits_compression() {
                self.driver.compress()?;
            } else if session.awaits_tls()
                && let Some(handshake) = self.tls.take()
            {
                self.driver.secure_by(handshake)?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, event: Event) -> Result<(), ServeError> {
        let session = self.driver.machine();
        match event {
            Event::Connected => session.respond(self.handler.greet())?,
            Event::Auth(claim) => self.log_in(claim)?,
            Event::AuthLookup(lookup) => match self.handler.verifier(lookup) {
                Ok(verifier) => session.supply(verifier)?,
                Err(why) => session.finish(Condition::No, why)?,
            },
            Event::StartTls if self.tls.is_none() => {
                self.finish((Condition::No, RespText::new(None, Text::from_static("no TLS"))))?
            }
            Event::StartTls => self.finish(ok("begin TLS"))?,
            Event::Compress => self.finish(ok("DEFLATE is on"))?,
            Event::Unauthenticate => {
                self.engine = None;
                self.finish(ok("nobody is logged in"))?;
            }
            Event::Command(tagged) => {
                let brings = tagged.command.brings_messages();
                // The session keeps for itself what is not the engine's.
                self.ask(|engine| drop(engine.command(tagged, now())))?;
                if brings && self.driver.machine().awaits_answer() {
                    self.refused = None;
                    self.driver.machine().accept()?;
                }
            }
            Event::Part(part) => self.take_part(&part)?,
            Event::Octets(octets) => {
                if let Some(engine) = &mut self.engine {
                    engine.octets(octets);
                }
            }
            Event::End => match self.refused.take() {
                Some(ending) => self.finish(ending)?,
                None => self.ask(Engine::end)?,
            },
            Event::Abandoned => self.ask(Engine::abort)?,
            Event::Idle => self.ask(Engine::idle)?,
            Event::IdleEnd => self.ask(Engine::end_idle)?,
            Event::Id(_) => {}
        }
        Ok(())
    }

    fn log_in(&mut self, claim: Claim) -> Result<(), Misuse> {
        let ending = match self.handler.log_in(claim) {
            Ok(store) => {
                self.engine = Some(Engine::new(store, self.handler.limits()));
                ok("logged in")
            }
            Err(why) => (Condition::No, why),
        };
        self.finish(ending)
    }

    /// Takes a piece of what APPEND brings. Only to a text an answer is owed.
    fn take_part(&mut self, part: &AppendPart) -> Result<(), Misuse> {
        let Some(engine) = &mut self.engine else { return Ok(()) };
        if self.refused.is_none() {
            self.refused = engine.part(part).err();
        }
        if !matches!(part, AppendPart::Text(_)) {
            return Ok(());
        }
        match self.refused.take() {
            None => self.driver.machine().accept(),
            Some(ending) => {
                engine.abort();
                self.finish(ending)
            }
        }
    }

    /// Lets the engine do something, and tells the client all that comes of it.
    fn ask(&mut self, work: impl FnOnce(&mut Engine<H::Store>)) -> Result<(), ServeError> {
        let Some(engine) = &mut self.engine else { return Ok(()) };
        work(engine);
        while let Some(output) = engine.next() {
            let session = self.driver.machine();
            match output {
                Output::Response(response) => session.respond(response)?,
                Output::Octets(octets) => session.octets(&octets)?,
                Output::Done(condition, text) => session.finish(condition, text)?,
                Output::Broken(_) => {
                    session.give_up();
                    return Err(proto_core::blocking::Error::Protocol(Error::CutResponse).into());
                }
            }
            if self.driver.machine().is_full() {
                self.driver.flush()?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, (condition, text): Ending) -> Result<(), Misuse> {
        self.driver.machine().finish(condition, text)
    }
}

/// Returns the seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
