//! How a server's application is asked, and its answers are given.
use sasl::scram::{Lookup, Verifier};

use super::Error;
use crate::Reply;
use crate::server::{Event, Session};

/// A driver of a server's session, with the application behind it.
pub(crate) trait Desk {
    fn session(&mut self) -> &mut Session;
    async fn next(&mut self) -> Result<Option<Event>, Error>;
    /// Whether there is somebody to do the handshake.
    fn has_tls(&self) -> bool;
    async fn secure(&mut self) -> Result<(), Error>;
    async fn answer(&mut self, event: Event) -> Result<Option<Reply>, Error>;
    async fn trust(&mut self, event: Event) -> Result<Option<Reply>, Error>;
    async fn verifier(&mut self, lookup: &Lookup) -> Result<Option<Verifier>, Error>;
}

/// Serves one client until it leaves.
pub(crate) async fn serve(desk: &mut impl Desk) -> Result<(), Error> {
    while let Some(event) = desk.next().await? {
        if let Event::AuthLookup(lookup) = &event
            && let Some(verifier) = desk.verifier(lookup).await?
            && desk.session().supply(verifier).is_ok()
        {
            continue;
        }
        let answer = match event {
            Event::StartTls if !desk.has_tls() => Some(no_tls()),
            Event::Auth(_) | Event::XClient(_) | Event::XForward(_) | Event::Burl { .. } => {
                desk.trust(event).await?
            }
            _ => desk.answer(event).await?,
        };
        give(desk.session(), answer);
        if desk.session().awaits_tls() && desk.has_tls() {
            desk.secure().await?;
        }
    }
    Ok(())
}

fn no_tls() -> Reply {
    Reply::own(454, "4.7.0 TLS is not available")
}

fn give(session: &mut Session, answer: Option<Reply>) {
    if !session.awaits_reply() {
        return;
    }
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

/// What a handler says that trusts nobody.
pub(crate) fn trust_nobody(event: &Event) -> Reply {
    match event {
        Event::Burl { .. } => Reply::own(554, "5.7.0 cannot fetch that"),
        Event::Auth(_) => Reply::own(535, "5.7.8 authentication credentials invalid"),
        _ => Reply::own(550, "5.7.0 not from you"),
    }
}
