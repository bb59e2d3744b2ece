//! A driver, and what is said over it.
use alloc::{boxed::Box, vec::Vec};
use core::fmt;
use std::io;

use sasl::client::Identity;

use super::{Answer, Error};
use crate::{
    Condition, RespText, Response, Tag,
    client::{self, Event, Session},
    command::Command,
};

/// Hears each response as it comes, asked for or not: for a
/// [`View`](crate::client::View), or to show alerts. Of a FETCH whose octets stream it hears the
/// items in several.
pub type Listener = Box<dyn FnMut(&Response) + Send>;

/// A driver of a client's session.
pub(crate) trait Drive {
    fn session(&mut self) -> &mut Session;
    async fn next(&mut self) -> Result<Option<Event>, Error>;
    async fn compress(&mut self) -> Result<(), Error>;
    async fn flush(&mut self) -> Result<(), Error>;
    /// Reads a piece of a message, while the connection is looked after.
    async fn read(&mut self, from: &mut impl Source, into: &mut [u8]) -> Result<usize, Error>;
}

/// Where a message comes from.
pub(crate) trait Source {
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize>;
}

/// Where a message goes.
pub(crate) trait Sink {
    async fn write(&mut self, octets: &[u8]) -> io::Result<()>;
    async fn flush(&mut self) -> io::Result<()>;
}

pub(crate) struct Talk<D> {
    pub(crate) driver: D,
    pub(crate) listener: Option<Listener>,
    /// The server's goodbye.
    bye: Option<RespText>,
}

/// What the session needs next while it is opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Opening {
    Tls,
    Open,
}

impl<D: Drive> Talk<D> {
    pub(crate) const fn new(driver: D) -> Self {
        Self { driver, listener: None, bye: None }
    }

    /// Hears the greeting and what follows.
    pub(crate) async fn open(&mut self) -> Result<Opening, Error> {
        loop {
            match self.event().await? {
                Event::StartTls => return Ok(Opening::Tls),
                Event::Ready => return Ok(Opening::Open),
                _ => {}
            }
        }
    }

    pub(crate) async fn login(&mut self, identity: Identity) -> Result<RespText, Error> {
        self.driver.session().authenticate(identity)?;
        loop {
            match self.event().await? {
                Event::LoggedIn(text) => return Ok(text),
                Event::LoginRefused(text) => return Err(Error::Refused(Condition::No, text)),
                _ => {}
            }
        }
    }

    /// Gives a command. Whatever was begun before and not heard to its end is passed over.
    pub(crate) fn give(&mut self, command: Command) -> Result<Tag, Error> {
        self.end_idle();
        Ok(self.driver.session().command(command)?)
    }

    /// Ends an IDLE that somebody began and forgot, for nothing goes beside it.
    pub(crate) fn end_idle(&mut self) {
        let _ = self.driver.session().done();
    }

    pub(crate) async fn command(&mut self, command: Command) -> Result<Answer, Error> {
        let tag = self.give(command)?;
        self.answer(tag).await
    }

    /// Waits for the end of a command.
    pub(crate) async fn answer(&mut self, tag: Tag) -> Result<Answer, Error> {
        let mut responses = Vec::new();
        loop {
            match self.event().await? {
                Event::Response(response) => self.keep(&mut responses, response)?,
                Event::Body(fetch) => self.keep(&mut responses, Response::Fetch(fetch))?,
                Event::Compress => self.driver.compress().await?,
                Event::Done { tag: done, condition, text } if done == tag => {
                    return ended(condition, text, responses);
                }
                _ => {}
            }
        }
    }

    pub(crate) fn keep(
        &mut self,
        responses: &mut Vec<Response>,
        response: Response,
    ) -> Result<(), Error> {
        if responses.len() >= self.driver.session().limits().answer {
            return Err(Error::TooLong);
        }
        responses.push(response);
        Ok(())
    }

    pub(crate) async fn logout(&mut self) -> Result<(), Error> {
        self.command(Command::Logout).await?;
        while self.driver.next().await?.is_some() {}
        Ok(())
    }

    /// Waits for the next event, and lets the listener hear it.
    pub(crate) async fn event(&mut self) -> Result<Event, Error> {
        let event = match self.driver.next().await {
            Ok(event) => event.ok_or_else(Error::ended)?,
            Err(error) => return Err(self.words_of(error)),
        };
        if let Event::Response(Response::Bye(text)) = &event {
            self.bye = Some(text.clone());
        }
        if let Some(listener) = &mut self.listener {
            match &event {
                Event::Response(response) => listener(response),
                Event::Body(fetch) => listener(&Response::Fetch(fetch.clone())),
                _ => {}
            }
        }
        Ok(event)
    }

    /// A goodbye has words, which have been heard before.
    fn words_of(&mut self, error: Error) -> Error {
        use proto_core::blocking::Error::Protocol;
        match (error, self.bye.take()) {
            (Error::Session(Protocol(client::Error::Bye)), Some(text)) => Error::Bye(text),
            (error, _) => error,
        }
    }
}

/// Judges the end of a command.
pub(crate) fn ended(
    condition: Condition,
    text: RespText,
    responses: Vec<Response>,
) -> Result<Answer, Error> {
    match condition {
        Condition::Ok => Ok(Answer { text, responses }),
        _ => Err(Error::Refused(condition, text)),
    }
}

impl<D: fmt::Debug> fmt::Debug for Talk<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talk").field("driver", &self.driver).finish_non_exhaustive()
    }
}
