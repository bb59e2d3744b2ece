//! A connection to a server, for fetching.
use alloc::vec::Vec;
use std::io;

use proto_core::{
    dot::Bare,
    tokio::tls::{TlsConnector, rustls::pki_types::ServerName},
};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{Boxed, Error};
use crate::{
    Command, MessageNumber, UniqueId,
    client::{Event, Session},
    common::client::{self, Line, Sink},
};

/// A connection to a server that has let us in.
///
/// ```
/// use pop3_proto::{client::{Config, Session}, tokio::{Client, Error}};
/// use proto_core::tokio::{BoxStream, Driver, tls::{TlsConnector, rustls::pki_types::ServerName}};
/// use sasl::Credentials;
///
/// /// Downloads everything, and deletes it from the server.
/// async fn fetch(stream: BoxStream, bob: Credentials, tls: &TlsConnector) -> Result<(), Error> {
///     let driver = Driver::new(stream, |now| {
///         Session::new(now, Config::default(), bob).expect("a name and password fit for POP3")
///     });
///     let server = ServerName::try_from("mail.hamburger.edu").expect("a name");
///     let mut client = Client::open(driver, Some((tls, server))).await?;
///     for (message, _size) in client.sizes().await? {
///         let mut octets = Vec::new();
///         client.retrieve(message, &mut octets).await?;
///         // Have it on disk before it is deleted!
///         client.delete(message).await?;
///     }
///     client.quit().await
/// }
/// ```
#[derive(Debug)]
pub struct Client {
    line: Tokio,
}

impl Client {
    /// Hears the greeting, secures the connection and logs in, as the session's configuration
    /// says. `tls` says how, and who the server has to be.
    ///
    /// # Errors
    /// The server refused, or the connection failed; or STLS was agreed and there is no `tls`.
    pub async fn open(
        driver: Boxed<Session>,
        tls: Option<(&TlsConnector, ServerName<'static>)>,
    ) -> Result<Self, Error> {
        let mut securing = Securing { line: Tokio(driver), tls };
        client::open(&mut securing).await?;
        Ok(Self { line: securing.line })
    }

    /// Asks how large all messages are, in octets.
    ///
    /// # Errors
    /// The server refused, or the connection failed.
    pub async fn sizes(&mut self) -> Result<Vec<(MessageNumber, u64)>, Error> {
        client::sizes(&mut self.line).await
    }

    /// Asks for all messages' unique ids.
    ///
    /// # Errors
    /// The server refused (UIDL is optional), or the connection failed.
    pub async fn ids(&mut self) -> Result<Vec<(MessageNumber, UniqueId)>, Error> {
        client::ids(&mut self.line).await
    }

    /// Fetches a message, and writes its octets as they come. Returns the first bare CR, bare LF
    /// or NUL, if the configuration does not normalise.
    ///
    /// # Errors
    /// The server refused, the connection failed, or `into` did.
    pub async fn retrieve(
        &mut self,
        message: MessageNumber,
        into: impl AsyncWrite + Unpin,
    ) -> Result<Option<Bare>, Error> {
        client::retrieve(&mut self.line, message, Into(into)).await
    }

    /// Marks a message as deleted; it goes with [`quit`](Self::quit), and not without.
    ///
    /// # Errors
    /// The server refused, or the connection failed.
    pub async fn delete(&mut self, message: MessageNumber) -> Result<(), Error> {
        client::command(&mut self.line, Command::Dele(message)).await
    }

    /// Ends the session: what is marked is deleted once this returns without an error.
    ///
    /// # Errors
    /// The server could not delete everything, or the connection failed: then look again.
    pub async fn quit(mut self) -> Result<(), Error> {
        client::quit(&mut self.line).await
    }

    /// Returns the session, for asking what the server can do.
    pub fn session(&mut self) -> &Session {
        self.line.session()
    }
}

/// The driver, when nothing is to be secured.
#[derive(Debug)]
struct Tokio(Boxed<Session>);

impl Line for Tokio {
    fn session(&mut self) -> &mut Session {
        self.0.machine()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        Ok(self.0.next().await?)
    }

    async fn secure(&mut self) -> Result<(), Error> {
        Err(Error::no_tls())
    }
}

/// The driver, and how to secure it.
struct Securing<'a> {
    line: Tokio,
    tls: Option<(&'a TlsConnector, ServerName<'static>)>,
}

impl Line for Securing<'_> {
    fn session(&mut self) -> &mut Session {
        self.line.session()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        self.line.next().await
    }

    async fn secure(&mut self) -> Result<(), Error> {
        let (connector, name) = self.tls.take().ok_or_else(Error::no_tls)?;
        Ok(self.line.0.secure_client(connector, name).await?)
    }
}

struct Into<W>(W);

impl<W: AsyncWrite + Unpin> Sink for Into<W> {
    async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.write_all(octets).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush().await
    }
}
