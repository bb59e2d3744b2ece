//! One connection from a client, served.
use core::future::{Future, pending, poll_fn, ready};
use core::pin::pin;
use core::task::Poll;

use bytes::Bytes;
use proto_core::tokio::tls::TlsAcceptor;
use proto_core::tokio::{BoxStream, Driver};
use sasl::scram::{Lookup, Verifier};
use sasl::server::Claim;

use crate::command::{AppendPart, Tagged};
use crate::common::{Ending, ServeError, no_verifier, ok};
use crate::engine::{Engine, Output, Store};
use crate::server::{self, Event, Session};
use crate::{Condition, RespText, Response, Text};

/// What a server does with commands: as a rule, it gives them to an [`Engine`].
///
/// What takes long and needs no responder should be awaited by [`Responder::wait`], which looks
/// after the connection meanwhile.
pub trait Handler: Send {
    /// Greets: an untagged OK, PREAUTH or BYE.
    fn greet(&mut self) -> impl Future<Output = Response> + Send {
        let text = RespText::new(None, Text::from_static("ready"));
        ready(Response::Condition { condition: Condition::Ok, text })
    }

    /// Lets somebody in, or says why not.
    fn log_in(&mut self, claim: Claim) -> impl Future<Output = Result<(), RespText>> + Send;

    /// Finds what is stored of somebody's password, for SCRAM; of somebody who does not exist, a
    /// [decoy](Verifier::decoy). Offer SCRAM only if this is there.
    fn verifier(
        &mut self,
        lookup: Lookup,
    ) -> impl Future<Output = Result<Verifier, RespText>> + Send {
        let _ = lookup;
        ready(Err(no_verifier()))
    }

    /// Forgets who is logged in (UNAUTHENTICATE).
    fn forget(&mut self);

    /// Carries out a command, tells what it leads to, and says how it ended.
    ///
    /// # Errors
    /// The responder's, to be passed on.
    fn command(
        &mut self,
        tagged: Tagged,
        to: &mut Responder<'_>,
    ) -> impl Future<Output = Result<Ending, ServeError>> + Send;

    /// Hears of APPEND or REPLACE, before anything has come; says how it ends, if it does here.
    ///
    /// # Errors
    /// As [`command`](Self::command).
    fn begin(
        &mut self,
        tagged: Tagged,
        to: &mut Responder<'_>,
    ) -> impl Future<Output = Result<Option<Ending>, ServeError>> + Send;

    /// Hears a piece of what the command brings; says how it ends, if it does before a literal.
    fn part(&mut self, part: AppendPart) -> impl Future<Output = Option<Ending>> + Send;

    /// Takes octets of a message.
    fn octets(&mut self, octets: Bytes) -> impl Future<Output = ()> + Send;

    /// Ends the command: all is here.
    ///
    /// # Errors
    /// As [`command`](Self::command).
    fn end(
        &mut self,
        to: &mut Responder<'_>,
    ) -> impl Future<Output = Result<Ending, ServeError>> + Send;

    /// Throws away what has come of the command: it came to no end.
    fn abandon(&mut self);

    /// Hears that the client listens for news, by IDLE, or no longer does.
    fn idle(&mut self, listens: bool);

    /// Waits until there may be news. Cancel-safe: it is dropped when the client says something,
    /// and called again.
    fn changed(&mut self) -> impl Future<Output = ()> + Send {
        pending()
    }

    /// Tells the news: all of them during IDLE, none of messages that went otherwise.
    ///
    /// # Errors
    /// As [`command`](Self::command).
    fn news(
        &mut self,
        to: &mut Responder<'_>,
    ) -> impl Future<Output = Result<(), ServeError>> + Send;
}

/// Tells a client what a command leads to.
#[derive(Debug)]
pub struct Responder<'a> {
    driver: &'a mut Driver<Session, BoxStream>,
}

impl Responder<'_> {
    /// Returns the session, to be asked what is enabled and selected.
    #[must_use]
    pub fn session(&mut self) -> &Session {
        self.driver.machine()
    }

    /// Says something untagged; see [`Session::respond`]. It waits while much is owed.
    ///
    /// # Errors
    /// The client is gone, or this makes no sense.
    pub async fn respond(&mut self, response: Response) -> Result<(), ServeError> {
        self.driver.machine().respond(response)?;
        self.make_room().await
    }

    /// Gives octets of the contents that the last response announced; see [`Session::octets`].
    ///
    /// # Errors
    /// The client is gone, or they are more than announced.
    pub async fn octets(&mut self, octets: &[u8]) -> Result<(), ServeError> {
        self.driver.machine().octets(octets)?;
        self.make_room().await
    }

    /// Tells all that an engine has to say; how its command ended, if it said so.
    ///
    /// # Errors
    /// The client is gone; or octets that were announced cannot be had, and the connection ends.
    pub async fn relay<S: Store>(
        &mut self,
        engine: &mut Engine<S>,
    ) -> Result<Option<Ending>, ServeError> {
        while let Some(output) = engine.next() {
            match output {
                Output::Response(response) => self.respond(response).await?,
                Output::Octets(octets) => self.octets(&octets).await?,
                Output::Done(condition, text) => return Ok(Some((condition, text))),
                Output::Broken(_) => {
                    self.driver.machine().give_up();
                    let error = proto_core::tokio::Error::Protocol(server::Error::CutResponse);
                    return Err(error.into());
                }
            }
        }
        Ok(None)
    }

    /// Awaits something while the connection is looked after.
    ///
    /// # Errors
    /// The session ended meanwhile; the future is dropped.
    pub async fn wait<F: Future>(&mut self, future: F) -> Result<F::Output, ServeError> {
        Ok(self.driver.wait(future).await?)
    }

    async fn make_room(&mut self) -> Result<(), ServeError> {
        if self.driver.machine().is_full() {
            self.driver.flush().await?;
        }
        Ok(())
    }
}

/// Serves one client until it leaves.
///
/// Offer STARTTLS in the session's configuration only if there is an `acceptor`. If TLS is below
/// the stream from the beginning, call `secured` on the driver's machine before.
///
/// # Errors
/// The session or its stream failed; the client has been told as far as it listens.
pub async fn serve<H: Handler>(
    mut driver: Driver<Session, BoxStream>,
    acceptor: Option<&TlsAcceptor>,
    handler: &mut H,
) -> Result<(), ServeError> {
    loop {
        let event = match next(&mut driver, handler).await? {
            Heard::Event(event) => event,
            Heard::News => {
                handler.news(&mut Responder { driver: &mut driver }).await?;
                continue;
            }
            Heard::Nothing => return Ok(()),
        };
        if let Some((condition, text)) = answer(&mut driver, acceptor, handler, event).await? {
            driver.machine().finish(condition, text)?;
        }
        if let (true, Some(acceptor)) = (driver.machine().awaits_tls(), acceptor) {
            driver.secure_server(acceptor).await?;
        }
        if driver.machine().awaits_compression() {
            driver.compress().await?;
        }
    }
}

enum Heard {
    Event(Event),
    News,
    Nothing,
}

/// Waits for the client, or for news.
async fn next<H: Handler>(
    driver: &mut Driver<Session, BoxStream>,
    handler: &mut H,
) -> Result<Heard, ServeError> {
    let listens = driver.machine().is_authenticated();
    let mut event = pin!(driver.next());
    let mut changed = pin!(handler.changed());
    poll_fn(|cx| {
        if let Poll::Ready(event) = event.as_mut().poll(cx) {
            let heard = event.map(|event| event.map_or(Heard::Nothing, Heard::Event));
            return Poll::Ready(heard.map_err(ServeError::from));
        }
        if listens && changed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Ok(Heard::News));
        }
        Poll::Pending
    })
    .await
}

/// Answers an event; says how the command ended, if one did.
async fn answer<H: Handler>(
    driver: &mut Driver<Session, BoxStream>,
    acceptor: Option<&TlsAcceptor>,
    handler: &mut H,
    event: Event,
) -> Result<Option<Ending>, ServeError> {
    let ending = match event {
        Event::Connected => {
            let greeting = driver.wait(handler.greet()).await?;
            driver.machine().respond(greeting)?;
            None
        }
        Event::Auth(claim) => Some(match driver.wait(handler.log_in(claim)).await? {
            Ok(()) => ok("logged in"),
            Err(why) => (Condition::No, why),
        }),
        Event::AuthLookup(lookup) => match driver.wait(handler.verifier(lookup)).await? {
            Ok(verifier) => {
                driver.machine().supply(verifier)?;
                None
            }
            Err(why) => Some((Condition::No, why)),
        },
        Event::StartTls if acceptor.is_none() => {
            Some((Condition::No, RespText::new(None, Text::from_static("no TLS"))))
        }
        Event::StartTls => Some(ok("begin TLS")),
        Event::Compress => Some(ok("DEFLATE is on")),
        Event::Unauthenticate => {
            handler.forget();
            Some(ok("nobody is logged in"))
        }
        Event::Command(tagged) if tagged.command.brings_messages() => {
            let ending = handler.begin(tagged, &mut Responder { driver }).await?;
            if ending.is_none() {
                driver.machine().accept()?;
            }
            ending
        }
        Event::Command(tagged) => Some(handler.command(tagged, &mut Responder { driver }).await?),
        Event::Part(part) => {
            let waits = matches!(part, AppendPart::Text(_));
            let ending = driver.wait(handler.part(part)).await?.filter(|_| waits);
            if waits && ending.is_none() {
                driver.machine().accept()?;
            }
            ending
        }
        Event::Octets(octets) => {
            driver.wait(handler.octets(octets)).await?;
            None
        }
        Event::End => Some(handler.end(&mut Responder { driver }).await?),
        Event::Abandoned => {
            handler.abandon();
            None
        }
        Event::Idle => {
            handler.idle(true);
            handler.news(&mut Responder { driver }).await?;
            None
        }
        Event::IdleEnd => {
            handler.idle(false);
            None
        }
        Event::Id(_) => None,
    };
    Ok(ending)
}
