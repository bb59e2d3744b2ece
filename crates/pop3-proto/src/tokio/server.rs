//! One connection from a client, served.
use alloc::vec::Vec;
use core::future::{Future, ready};
use std::io;

use proto_core::{Machine, Text, tokio::tls::TlsAcceptor};
use sasl::scram::{Lookup, Verifier};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Boxed, Error};
use crate::{
    Maildrop, Misuse, Response, ResponseCode,
    server::{Event, Login, More, Session},
};

/// How much of a message is read at once.
const PIECE: usize = 64 * 1024;

/// Where a server's mail is.
///
/// ```
/// use pop3_proto::{Maildrop, Response, Text, server::Login, tokio::Handler};
///
/// /// Lets everybody in, and has mail for nobody.
/// struct Empty;
///
/// impl Handler for Empty {
///     type Message = &'static [u8];
///     async fn log_in(&mut self, _: Login) -> Result<Maildrop, Response> {
///         Ok(Maildrop::default())
///     }
///     async fn retrieve(&mut self, _: usize) -> std::io::Result<&'static [u8]> {
///         Err(std::io::ErrorKind::NotFound.into())
///     }
///     async fn commit(&mut self, _: Vec<usize>) -> Result<(), Response> {
///         Ok(())
///     }
/// }
/// ```
pub trait Handler: Send {
    /// A message's octets.
    type Message: AsyncRead + Send + Unpin;

    /// Lets somebody in, or says why not.
    fn log_in(&mut self, login: Login) -> impl Future<Output = Result<Maildrop, Response>> + Send;

    /// Finds what is stored of somebody's password, for SCRAM; of somebody who does not exist, a
    /// [decoy](Verifier::decoy). Offer SCRAM only if this is there.
    fn verifier(
        &mut self,
        lookup: Lookup,
    ) -> impl Future<Output = Result<Verifier, Response>> + Send {
        let _ = lookup;
        let why = Response::err(Text::from_static("no such login here"));
        ready(Err(why.with_code(ResponseCode::SysPerm)))
    }

    /// Opens a message, by its place in the maildrop. An error is told as `[SYS/TEMP]`.
    fn retrieve(&mut self, index: usize) -> impl Future<Output = io::Result<Self::Message>> + Send;

    /// Deletes messages for good, by their places in the maildrop, or says why not.
    fn commit(&mut self, deleted: Vec<usize>) -> impl Future<Output = Result<(), Response>> + Send;
}

/// Serves one client until it leaves.
///
/// Offer STLS in the session's configuration only if there is an `acceptor`.
///
/// # Errors
/// The session or its stream failed; or a message could not be read to its end, and the
/// connection was given up so that the client does not take what it has for the whole.
pub async fn serve<H: Handler>(
    mut driver: Boxed<Session>,
    acceptor: Option<&TlsAcceptor>,
    handler: &mut H,
) -> Result<(), Error> {
    let mut buffer = Vec::new();
    while let Some(event) = driver.next().await? {
        let answered = match event {
            Event::Login(login) => match driver.wait(handler.log_in(login)).await? {
                Ok(maildrop) => driver.machine().admit(maildrop, Text::from_static("welcome")),
                Err(why) => driver.machine().respond(why),
            },
            Event::Lookup(lookup) => match driver.wait(handler.verifier(lookup)).await? {
                Ok(verifier) => driver.machine().supply(verifier),
                Err(why) => driver.machine().respond(why),
            },
            Event::Stls => match acceptor {
                Some(acceptor) => {
                    let answered = driver.machine().respond(ok("begin TLS"));
                    driver = driver.secure_server(acceptor).await?;
                    answered
                }
                None => driver.machine().respond(Response::err(Text::from_static("no TLS"))),
            },
            Event::Retrieve { index, .. } => match driver.wait(handler.retrieve(index)).await? {
                Ok(message) => {
                    let answered = driver.machine().respond(ok("message follows"));
                    send(&mut driver, message, &mut buffer).await?;
                    answered
                }
                Err(_) => driver.machine().respond(unavailable()),
            },
            Event::Commit { deleted } => {
                let done = driver.wait(handler.commit(deleted)).await?;
                driver.machine().respond(done.err().unwrap_or(ok("bye")))
            }
        };
        // The session asked for just this answer; a handler that says +OK where it should say
        // why not is told off.
        if answered == Err(Misuse::NotDue) {
            let _ = driver.machine().respond(unavailable());
        }
    }
    Ok(())
}

async fn send(
    driver: &mut Boxed<Session>,
    mut message: impl AsyncRead + Unpin,
    buffer: &mut Vec<u8>,
) -> Result<(), Error> {
    // Made by the first message, for all of them.
    buffer.resize(PIECE, 0);
    let failed = |misuse| Error::Message(io::Error::other(misuse));
    loop {
        let read = driver.wait(message.read(buffer)).await?.map_err(Error::Message)?;
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() || driver.machine().send(piece).map_err(failed)? == More::Enough {
            return driver.machine().finish().map_err(failed);
        }
        // Small messages go together: a write for each would cost more than the message.
        if driver.machine().output().len() >= PIECE {
            driver.flush().await?;
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
