//! How a server's application is asked, and its answers are given.
use alloc::vec::Vec;
use std::io;

use proto_core::{Machine, Text};
use sasl::scram::{Lookup, Verifier};

use super::Error;
use crate::{
    Maildrop, Misuse, Response, ResponseCode,
    server::{Event, Login, More, Session},
};

/// How much of a message is read at once.
const PIECE: usize = 64 * 1024;

/// A driver of a server's session, with the application behind it.
pub(crate) trait Desk {
    type Message;
    fn session(&mut self) -> &mut Session;
    async fn next(&mut self) -> Result<Option<Event>, Error>;
    async fn flush(&mut self) -> Result<(), Error>;
    /// Whether there is somebody to do the handshake.
    fn has_tls(&self) -> bool;
    async fn secure(&mut self) -> Result<(), Error>;
    async fn log_in(&mut self, login: Login) -> Result<Result<Maildrop, Response>, Error>;
    async fn verifier(&mut self, lookup: Lookup) -> Result<Result<Verifier, Response>, Error>;
    async fn retrieve(&mut self, index: usize) -> Result<io::Result<Self::Message>, Error>;
    async fn read(&mut self, from: &mut Self::Message, into: &mut [u8]) -> Result<usize, Error>;
    async fn commit(&mut self, deleted: Vec<usize>) -> Result<Result<(), Response>, Error>;
}

/// Serves one client until it leaves.
pub(crate) async fn serve(desk: &mut impl Desk) -> Result<(), Error> {
    let mut buffer = Vec::new();
    while let Some(event) = desk.next().await? {
        let answered = match event {
            Event::Login(login) => match desk.log_in(login).await? {
                Ok(maildrop) => desk.session().admit(maildrop, Text::from_static("welcome")),
                Err(why) => desk.session().respond(why),
            },
            Event::Lookup(lookup) => match desk.verifier(lookup).await? {
                Ok(verifier) => desk.session().supply(verifier),
                Err(why) => desk.session().respond(why),
            },
            Event::Stls if desk.has_tls() => {
                let answered = desk.session().respond(ok("begin TLS"));
                desk.secure().await?;
                answered
            }
            Event::Stls => desk.session().respond(Response::err(Text::from_static("no TLS"))),
            Event::Retrieve { index, .. } => match desk.retrieve(index).await? {
                Ok(message) => {
                    let answered = desk.session().respond(ok("message follows"));
                    send(desk, message, &mut buffer).await?;
                    answered
                }
                Err(_) => desk.session().respond(unavailable()),
            },
            Event::Commit { deleted } => {
                let done = desk.commit(deleted).await?;
                desk.session().respond(done.err().unwrap_or(ok("bye")))
            }
        };
        // The session asked for just this answer; a handler that says +OK where it should say
        // why not is told off.
        if answered == Err(Misuse::NotDue) {
            let _ = desk.session().respond(unavailable());
        }
    }
    Ok(())
}

/// What a handler without verifiers says.
pub(crate) fn no_verifier() -> Response {
    Response::err(Text::from_static("no such login here")).with_code(ResponseCode::SysPerm)
}

async fn send<D: Desk>(
    desk: &mut D,
    mut message: D::Message,
    buffer: &mut Vec<u8>,
) -> Result<(), Error> {
    // Made by the first message, for all of them.
    buffer.resize(PIECE, 0);
    let failed = |misuse| Error::Message(io::Error::other(misuse));
    loop {
        let read = desk.read(&mut message, buffer).await?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() || desk.session().send(piece).map_err(failed)? == More::Enough {
            return desk.session().finish().map_err(failed);
        }
        // Small messages go together: a write for each would cost more than the message.
        if desk.session().output().len() >= PIECE {
            desk.flush().await?;
        }
    }
}

fn ok(text: &'static str) -> Response {
    Response::ok(Text::from_static(text))
}

fn unavailable() -> Response {
    let text = Text::from_static("not available now");
    Response::err(text).with_code(ResponseCode::SysTemp)
}
