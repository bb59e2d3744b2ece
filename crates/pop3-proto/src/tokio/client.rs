//! A connection to a server, for fetching.
use alloc::vec::Vec;

use proto_core::{
    dot::Bare,
    tokio::tls::{TlsConnector, rustls::pki_types::ServerName},
};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::{Boxed, Error};
use crate::{
    Command, MessageNumber, Misuse, UniqueId,
    client::{Event, Session},
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
    driver: Boxed<Session>,
}

impl Client {
    /// Hears the greeting, secures the connection and logs in, as the session's configuration
    /// says. `tls` says how, and who the server has to be.
    ///
    /// # Errors
    /// The server refused, or the connection failed; or STLS was agreed and there is no `tls`.
    pub async fn open(
        mut driver: Boxed<Session>,
        tls: Option<(&TlsConnector, ServerName<'static>)>,
    ) -> Result<Self, Error> {
        loop {
            match (driver.next().await?, &tls) {
                (Some(Event::Ready(_)), _) => return Ok(Self { driver }),
                (Some(Event::Stls), Some((connector, name))) => {
                    driver = driver.secure_client(connector, name.clone()).await?;
                }
                (Some(Event::Stls), None) => return Err(no_tls()),
                (Some(Event::LoginRefused(why)), _) => {
                    // The answer to our QUIT does not matter.
                    let _ = driver.next().await;
                    return Err(Error::Refused(why));
                }
                (Some(_), _) => {}
                (None, _) => return Err(ended()),
            }
        }
    }

    /// Asks how large all messages are, in octets.
    ///
    /// # Errors
    /// The server refused, or the connection failed.
    pub async fn sizes(&mut self) -> Result<Vec<(MessageNumber, u64)>, Error> {
        self.command(Command::List(None)).await?;
        let mut sizes = Vec::new();
        loop {
            match self.event().await? {
                Event::Size { message, size } => sizes.push((message, size)),
                Event::End(_) => return Ok(sizes),
                _ => {}
            }
        }
    }

    /// Asks for all messages' unique ids.
    ///
    /// # Errors
    /// The server refused (UIDL is optional), or the connection failed.
    pub async fn ids(&mut self) -> Result<Vec<(MessageNumber, UniqueId)>, Error> {
        self.command(Command::Uidl(None)).await?;
        let mut ids = Vec::new();
        loop {
            match self.event().await? {
                Event::Id { message, id } => ids.push((message, id)),
                Event::End(_) => return Ok(ids),
                _ => {}
            }
        }
    }

    /// Fetches a message, and writes its octets as they come. Returns the first bare CR, bare LF
    /// or NUL, if the configuration does not normalise.
    ///
    /// # Errors
    /// The server refused, the connection failed, or `into` did.
    pub async fn retrieve(
        &mut self,
        message: MessageNumber,
        mut into: impl AsyncWrite + Unpin,
    ) -> Result<Option<Bare>, Error> {
        self.command(Command::Retr(message)).await?;
        loop {
            match self.event().await? {
                Event::Body(octets) => into.write_all(&octets).await.map_err(Error::Message)?,
                Event::End(bare) => {
                    into.flush().await.map_err(Error::Message)?;
                    return Ok(bare);
                }
                _ => {}
            }
        }
    }

    /// Marks a message as deleted; it goes with [`quit`](Self::quit), and not without.
    ///
    /// # Errors
    /// The server refused, or the connection failed.
    pub async fn delete(&mut self, message: MessageNumber) -> Result<(), Error> {
        self.command(Command::Dele(message)).await
    }

    /// Ends the session: what is marked is deleted once this returns without an error.
    ///
    /// # Errors
    /// The server could not delete everything, or the connection failed: then look again.
    pub async fn quit(mut self) -> Result<(), Error> {
        self.command(Command::Quit).await?;
        while self.driver.next().await?.is_some() {}
        Ok(())
    }

    /// Returns the session, for asking what the server can do.
    pub fn session(&mut self) -> &Session {
        self.driver.machine()
    }

    /// Gives a command and waits for the first line of its answer; passes over what is left of an
    /// answer whose reader gave up.
    async fn command(&mut self, command: Command) -> Result<(), Error> {
        if let Err(misuse) = self.driver.machine().command(command.clone()) {
            debug_assert_eq!(misuse, Misuse::NotLoggedIn, "only the session's own end");
        }
        loop {
            match self.event().await? {
                Event::Answered { command: to, response } if to == command => {
                    return if response.is_ok() { Ok(()) } else { Err(Error::Refused(response)) };
                }
                _ => {}
            }
        }
    }

    async fn event(&mut self) -> Result<Event, Error> {
        self.driver.next().await?.ok_or_else(ended)
    }
}

fn ended() -> Error {
    proto_core::tokio::Error::Protocol(crate::Error::UnexpectedEof).into()
}

fn no_tls() -> Error {
    proto_core::tokio::Error::NotReadyForTls.into()
}
