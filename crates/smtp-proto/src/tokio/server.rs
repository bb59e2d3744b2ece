//! One connection from a client, served.
use core::future::{Future, ready};

use proto_core::tokio::tls::TlsAcceptor;
use sasl::scram::{Lookup, Verifier};

use super::{Boxed, Error};
use crate::Reply;
use crate::common::server::{self, Desk, trust_nobody};
use crate::server::{Event, Session};

/// What a server does with mail.
///
/// ```
/// use smtp_proto::{Reply, server::Event, tokio::Handler};
///
/// /// Takes mail for Bob.
/// #[derive(Default)]
/// struct Bobs { message: Vec<u8>, inbox: Vec<Vec<u8>> }
///
/// impl Handler for Bobs {
///     async fn answer(&mut self, event: Event) -> Option<Reply> {
///         match event {
///             Event::Rcpt { to, .. } if to.to_string() != "<bob@hamburger.edu>" => {
///                 return Some(Reply::new(550, "5.1.1 only Bob lives here").expect("no controls"));
///             }
///             Event::Data => self.message.clear(),
///             Event::Body(piece) => self.message.extend_from_slice(&piece),
///             Event::BodyEnd => self.inbox.push(std::mem::take(&mut self.message)),
///             _ => {}
///         }
///         None
///     }
/// }
/// ```
pub trait Handler: Send {
    /// Hears what the client did, and answers: `None` is the customary yes. For an event to
    /// which no reply is owed, the answer means nothing.
    ///
    /// A reply that makes no sense, 250 to DATA for instance, becomes 451. Messages in chunks
    /// come as others do; with LMTP, [`Event::Verdict`] asks for each recipient.
    fn answer(&mut self, event: Event) -> impl Future<Output = Option<Reply>> + Send;

    /// Finds what is stored of somebody's password, for SCRAM; of somebody who does not exist, a
    /// [decoy](Verifier::decoy). Offer SCRAM only if this is there: `None` is refused.
    fn verifier(&mut self, lookup: &Lookup) -> impl Future<Output = Option<Verifier>> + Send {
        let _ = lookup;
        ready(None)
    }

    /// Hears what would be worth something to a stranger, AUTH, XCLIENT, XFORWARD and BURL, and
    /// answers as [`answer`](Self::answer) does: `None` is yes. Refuses all by default.
    fn trust(&mut self, event: Event) -> impl Future<Output = Option<Reply>> + Send {
        ready(Some(trust_nobody(&event)))
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
    driver: Boxed<Session>,
    acceptor: Option<&TlsAcceptor>,
    handler: &mut H,
) -> Result<(), Error> {
    server::serve(&mut Tokio { driver, acceptor, handler }).await
}

struct Tokio<'a, H> {
    driver: Boxed<Session>,
    acceptor: Option<&'a TlsAcceptor>,
    handler: &'a mut H,
}

impl<H: Handler> Desk for Tokio<'_, H> {
    fn session(&mut self) -> &mut Session {
        self.driver.machine()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        self.driver.next().await
    }

    fn has_tls(&self) -> bool {
        self.acceptor.is_some()
    }

    async fn secure(&mut self) -> Result<(), Error> {
        if let Some(acceptor) = self.acceptor {
            self.driver.secure_server(acceptor).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, event: Event) -> Result<Option<Reply>, Error> {
        self.driver.wait(self.handler.answer(event)).await
    }

    async fn trust(&mut self, event: Event) -> Result<Option<Reply>, Error> {
        self.driver.wait(self.handler.trust(event)).await
    }

    async fn verifier(&mut self, lookup: &Lookup) -> Result<Option<Verifier>, Error> {
        self.driver.wait(self.handler.verifier(lookup)).await
    }
}
