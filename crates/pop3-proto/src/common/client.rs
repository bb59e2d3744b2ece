//! What a client asks, and how it hears the answer.
use alloc::vec::Vec;
use std::io;

use proto_core::dot::Bare;

use super::Error;
use crate::{
    Command, MessageNumber, Misuse, UniqueId,
    client::{Event, Session},
};

/// A driver of a client's session.
pub(crate) trait Line {
    fn session(&mut self) -> &mut Session;
    async fn next(&mut self) -> Result<Option<Event>, Error>;
    /// Does the handshake.
    async fn secure(&mut self) -> Result<(), Error>;
}

/// Where a message goes.
pub(crate) trait Sink {
    async fn write(&mut self, octets: &[u8]) -> io::Result<()>;
    async fn flush(&mut self) -> io::Result<()>;
}

/// Hears the greeting, secures the connection and logs in.
pub(crate) async fn open(line: &mut impl Line) -> Result<(), Error> {
    loop {
        match line.next().await? {
            Some(Event::Ready(_)) => return Ok(()),
            Some(Event::Stls) => line.secure().await?,
            Some(Event::LoginRefused(why)) => {
                // The answer to our QUIT does not matter.
                let _ = line.next().await;
                return Err(Error::Refused(why));
            }
            Some(_) => {}
            None => return Err(Error::ended()),
        }
    }
}

/// Gives a command and waits for the first line of its answer; passes over what is left of an
/// answer whose reader gave up.
pub(crate) async fn command(line: &mut impl Line, command: Command) -> Result<(), Error> {
    if let Err(misuse) = line.session().command(command.clone()) {
        debug_assert_eq!(misuse, Misuse::NotLoggedIn, "only the session's own end");
    }
    loop {
        match event(line).await? {
            Event::Answered { command: to, response } if to == command => {
                return if response.is_ok() { Ok(()) } else { Err(Error::Refused(response)) };
            }
            _ => {}
        }
    }
}

pub(crate) async fn sizes(line: &mut impl Line) -> Result<Vec<(MessageNumber, u64)>, Error> {
    command(line, Command::List(None)).await?;
    let mut sizes = Vec::new();
    loop {
        match event(line).await? {
            Event::Size { message, size } => sizes.push((message, size)),
            Event::End(_) => return Ok(sizes),
            _ => {}
        }
    }
}

pub(crate) async fn ids(line: &mut impl Line) -> Result<Vec<(MessageNumber, UniqueId)>, Error> {
    command(line, Command::Uidl(None)).await?;
    let mut ids = Vec::new();
    loop {
        match event(line).await? {
            Event::Id { message, id } => ids.push((message, id)),
            Event::End(_) => return Ok(ids),
            _ => {}
        }
    }
}

pub(crate) async fn retrieve(
    line: &mut impl Line,
    message: MessageNumber,
    mut into: impl Sink,
) -> Result<Option<Bare>, Error> {
    command(line, Command::Retr(message)).await?;
    loop {
        match event(line).await? {
            Event::Body(octets) => into.write(&octets).await.map_err(Error::Message)?,
            Event::End(bare) => {
                into.flush().await.map_err(Error::Message)?;
                return Ok(bare);
            }
            _ => {}
        }
    }
}

pub(crate) async fn quit(line: &mut impl Line) -> Result<(), Error> {
    command(line, Command::Quit).await?;
    while line.next().await?.is_some() {}
    Ok(())
}

async fn event(line: &mut impl Line) -> Result<Event, Error> {
    line.next().await?.ok_or_else(Error::ended)
}
