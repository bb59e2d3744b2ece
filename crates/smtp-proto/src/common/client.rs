//! How a message is sent.
use alloc::vec;
use std::io;

use proto_core::{Machine, Step};

use super::{ENDED, Error};
use crate::client::{Envelope, Event, Outcome, Session};

/// How much of a message is read at once.
const PIECE: usize = 16 * 1024;

/// A driver of a client's session.
pub(crate) trait Line {
    fn session(&mut self) -> &mut Session;
    async fn next(&mut self) -> Result<Option<Event>, Error>;
    /// Does the handshake.
    async fn secure(&mut self) -> Result<(), Error>;
    /// Reads a piece of a message, while the connection is looked after.
    async fn read(&mut self, from: &mut impl Source, into: &mut [u8]) -> Result<usize, Error>;
}

/// Where a message comes from.
pub(crate) trait Source {
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;
}

/// One that can be read anew.
pub(crate) trait Rewind: Source {
    async fn rewind(&mut self) -> io::Result<()>;
}

/// Hears the greeting, secures the connection and authenticates.
pub(crate) async fn open(line: &mut impl Line) -> Result<(), Error> {
    loop {
        match line.next().await? {
            Some(Event::Ready) => return Ok(()),
            Some(Event::StartTls) => line.secure().await?,
            Some(_) => {}
            None => return Err(ENDED),
        }
    }
}

/// Sends a message to those whom the server takes at once.
pub(crate) async fn send(
    line: &mut impl Line,
    envelope: Envelope,
    message: &mut impl Source,
) -> Result<Outcome, Error> {
    if line.session().send(envelope).is_err() {
        return Err(why_not(line).await);
    }
    let mut piece = vec![0; PIECE];
    loop {
        match line.next().await {
            Ok(Some(Event::Sent(outcome))) => return Ok(outcome),
            Ok(Some(Event::SendBody)) => {
                let read = line.read(message, &mut piece).await?;
                let session = line.session();
                let taken = match piece.get(..read) {
                    None | Some([]) => session.body_end(),
                    Some(piece) => session.body(piece),
                };
                // If the session ended while the message was read, `next` says why.
                let _ = taken;
            }
            Ok(Some(_)) => {}
            Ok(None) => return Err(ENDED),
            Err(error) => return after(line.session(), error),
        }
    }
}

/// Sends a message to all, in as many transactions as the server wants.
pub(crate) async fn send_to_all(
    line: &mut impl Line,
    envelope: Envelope,
    message: &mut impl Rewind,
) -> Result<Outcome, Error> {
    let mut outcome = send(line, envelope, message).await?;
    while let Some(rest) = outcome.rest.take() {
        // The server may have taken its last message of this session, or all it wanted: those
        // who are left then have their reason, or are left to the caller.
        let sent = match message.rewind().await {
            Ok(()) => send(line, rest.clone(), message).await.ok(),
            Err(_) => None,
        };
        let Some(next) = sent else {
            outcome.rest = Some(rest);
            return Ok(outcome);
        };
        outcome.recipients.extend(next.recipients);
        outcome.rest = next.rest;
    }
    Ok(outcome)
}

pub(crate) async fn quit(line: &mut impl Line) -> Result<(), Error> {
    if line.session().quit().is_err() {
        return Err(why_not(line).await);
    }
    while line.next().await?.is_some() {}
    Ok(())
}

/// Why the session is not ready.
async fn why_not(line: &mut impl Line) -> Error {
    match line.next().await {
        Err(error) => error,
        Ok(_) => Error::Unanswered,
    }
}

/// The stream failed; the session knows what that means for the message.
fn after(session: &mut Session, error: Error) -> Result<Outcome, Error> {
    session.receive_eof();
    match session.poll() {
        Ok(Step::Event(Event::Sent(outcome))) => Ok(outcome),
        _ => Err(error),
    }
}
