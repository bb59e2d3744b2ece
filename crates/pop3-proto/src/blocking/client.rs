//! A connection to a server, for fetching.
use alloc::vec::Vec;
use std::io::{self, Write};

use proto_core::blocking::now;
use proto_core::dot::Bare;

use super::{Boxed, Error, Handshake};
use crate::{
    Command, MessageNumber, UniqueId,
    client::{Event, Session},
    common::client::{self, Line, Sink},
};

/// A connection to a server that has let us in.
///
/// ```
/// use pop3_proto::{blocking::{Client, Error, Handshake}, client::{Config, Session}};
/// use proto_core::blocking::{BoxStream, Driver};
/// use sasl::Credentials;
///
/// /// Downloads everything, and deletes it from the server.
/// fn fetch(stream: BoxStream, bob: Credentials, tls: Handshake<'_>) -> Result<(), Error> {
///     let driver = Driver::new(stream, |now| {
///         Session::new(now, Config::default(), bob).expect("a name and password fit for POP3")
///     });
///     let mut client = Client::open(driver, Some(tls))?;
///     for (message, _size) in client.sizes()? {
///         let mut octets = Vec::new();
///         client.retrieve(message, &mut octets)?;
///         // Have it on disk before it is deleted!
///         client.delete(message)?;
///     }
///     client.quit()
/// }
/// ```
#[derive(Debug)]
pub struct Client {
    line: Blocking,
}

impl Client {
    /// Hears the greeting, secures the connection and logs in, as the session's configuration
    /// says.
    ///
    /// # Errors
    /// The server refused, or the connection failed; or STLS was agreed and there is no `tls`.
    pub fn open(driver: Boxed<Session>, tls: Option<Handshake<'_>>) -> Result<Self, Error> {
        let mut securing = Securing { line: Blocking(driver), tls };
        now(client::open(&mut securing))?;
        Ok(Self { line: securing.line })
    }

    /// Asks how large all messages are, in octets.
    ///
    /// # Errors
    /// The server refused, or the connection failed.
    pub fn sizes(&mut self) -> Result<Vec<(MessageNumber, u64)>, Error> {
        now(client::sizes(&mut self.line))
    }

    /// Asks for all messages' unique ids.
    ///
    /// # Errors
    /// The server refused (UIDL is optional), or the connection failed.
    pub fn ids(&mut self) -> Result<Vec<(MessageNumber, UniqueId)>, Error> {
        now(client::ids(&mut self.line))
    }

    /// Fetches a message, and writes its octets as they come. Returns the first bare CR, bare LF
    /// or NUL, if the configuration does not normalise.
    ///
    /// # Errors
    /// The server refused, the connection failed, or `into` did.
    pub fn retrieve(
        &mut self,
        message: MessageNumber,
        into: impl Write,
    ) -> Result<Option<Bare>, Error> {
        now(client::retrieve(&mut self.line, message, Into(into)))
    }

    /// Marks a message as deleted; it goes with [`quit`](Self::quit), and not without.
    ///
    /// # Errors
    /// The server refused, or the connection failed.
    pub fn delete(&mut self, message: MessageNumber) -> Result<(), Error> {
        now(client::command(&mut self.line, Command::Dele(message)))
    }

    /// Ends the session: what is marked is deleted once this returns without an error.
    ///
    /// # Errors
    /// The server could not delete everything, or the connection failed: then look again.
    pub fn quit(mut self) -> Result<(), Error> {
        now(client::quit(&mut self.line))
    }

    /// Returns the session, for asking what the server can do.
    pub fn session(&mut self) -> &Session {
        self.line.session()
    }
}

/// The driver, when nothing is to be secured.
#[derive(Debug)]
struct Blocking(Boxed<Session>);

impl Line for Blocking {
    fn session(&mut self) -> &mut Session {
        self.0.machine()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        Ok(self.0.next()?)
    }

    async fn secure(&mut self) -> Result<(), Error> {
        Err(Error::no_tls())
    }
}

/// The driver, and how to secure it.
struct Securing<'a> {
    line: Blocking,
    tls: Option<Handshake<'a>>,
}

impl Line for Securing<'_> {
    fn session(&mut self) -> &mut Session {
        self.line.session()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        self.line.next().await
    }

    async fn secure(&mut self) -> Result<(), Error> {
        let handshake = self.tls.take().ok_or_else(Error::no_tls)?;
        Ok(self.line.0.secure_by(handshake)?)
    }
}

struct Into<W>(W);

impl<W: Write> Sink for Into<W> {
    async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.write_all(octets)
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
