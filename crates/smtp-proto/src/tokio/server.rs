//! One connection from a client, served.
use core::future::{Future, ready};

use proto_core::tokio::tls::TlsAcceptor;
use sasl::scram::{Lookup, Verifier};

use super::{Boxed, Error};
use crate::Reply;
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
    /// A reply that makes no sense, 250 to DATA for instance, becomes 451.
    fn answer(&mut self, event: Event) -> impl Future<Output = Option<Reply>> + Send;

    /// Finds what is stored of somebody's password, for SCRAM; of somebody who does not exist, a
    /// [decoy](Verifier::decoy). Offer SCRAM only if this is there: `None` is refused.
    fn verifier(&mut self, lookup: &Lookup) -> impl Future<Output = Option<Verifier>> + Send {
        let _ = lookup;
        ready(None)
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
    mut driver: Boxed<Session>,
    acceptor: Option<&TlsAcceptor>,
    handler: &mut H,
) -> Result<(), Error> {
    while let Some(event) = driver.next().await? {
        if let Event::AuthLookup(lookup) = &event
            && let Some(verifier) = driver.wait(handler.verifier(lookup)).await?
            && driver.machine().supply(verifier).is_ok()
        {
            continue;
        }
        let answer = match (&event, acceptor) {
            (Event::StartTls, None) => Some(Reply::own(454, "4.7.0 TLS is not available")),
            _ => driver.wait(handler.answer(event)).await?,
        };
        let session = driver.machine();
        if session.awaits_reply() {
            let given = match answer {
                None => session.accept(),
                Some(reply) => session.reply(reply),
            };
            if given.is_err() {
                // 451 is an answer to everything but QUIT, which 221 is.
                let local = session.reply(Reply::own(451, "4.3.0 local error"));
                let _ = local.or_else(|_| session.accept());
            }
        }
        if let (true, Some(acceptor)) = (session.awaits_tls(), acceptor) {
            driver = driver.secure_server(acceptor).await?;
        }
    }
    Ok(())
}
