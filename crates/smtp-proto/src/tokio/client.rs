//! A connection to a server, for sending.
use alloc::boxed::Box;
use std::io;

use proto_core::Machine;
use proto_core::tokio::tls::TlsConnector;
use proto_core::tokio::tls::rustls::pki_types::ServerName;
use proto_core::tokio::{BoxStream, Driver, Observer, channel_binding, random};
use sasl::Seed;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt};
use tokio::net::TcpStream;

use super::{Boxed, Error, Place, Security};
use crate::client::{Config, Envelope, Event, Outcome, Session};
use crate::common::client::{self, Line, Rewind, Source};

/// A connection to a server that is ready for messages.
///
/// ```no_run
/// use proto_core::tokio::tls::TlsConnector;
/// use sasl::{Credentials, client::Identity};
/// use smtp_proto::client::{Config, Envelope};
/// use smtp_proto::tokio::{Client, Place, Security};
/// use smtp_proto::{ForwardPath, ReversePath};
///
/// async fn submit(letter: &[u8], tls: &TlsConnector) -> Result<(), Box<dyn std::error::Error>> {
///     let mut config = Config::new("crepes.fr".parse()?);
///     config.identity = Some(Identity::Password(Credentials::new("alice", "secret".into())?));
///     let from = ReversePath::Mailbox("alice@crepes.fr".parse()?);
///     let to = ForwardPath::Mailbox("bob@hamburger.edu".parse()?);
///
///     let place = Place::new("mail.crepes.fr", Security::Tls);
///     let mut client = Client::connect(&place, config, Some(tls), None).await?;
///     let outcome = client.send_octets(Envelope::new(from, vec![to]), letter).await?;
///     client.quit().await?;
///
///     for (recipient, delivery) in &outcome.recipients {
///         println!("{recipient}: {delivery:?}");
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Client {
    line: Tokio,
}

impl Client {
    /// Connects, secures the connection as [`Place::security`] says (not the configuration),
    /// and authenticates by the best mechanism, if the configuration names somebody. `observer`
    /// hears the dialogue.
    ///
    /// # Errors
    /// There is no connection, or the server refused; or TLS is wanted and there is no `tls`, or
    /// it does not prove who the server is.
    pub async fn connect(
        place: &Place,
        config: Config,
        tls: Option<&TlsConnector>,
        observer: Option<Observer>,
    ) -> Result<Self, Error> {
        let config = place.security.configure(config, tls.is_some())?;
        let stream = TcpStream::connect((place.host.as_str(), place.port)).await?;
        // What is sent is whole flights: Nagle's delay would add to every one.
        stream.set_nodelay(true)?;
        let seed = Seed::new(random()?);
        let session = |now| Session::new(now, config).with_seed(seed);
        let heard = |driver: Boxed<Session>| match observer {
            Some(observer) => driver.with_observer(observer),
            None => driver,
        };
        let Some(connector) = tls else {
            return Self::open(heard(Driver::new(Box::new(stream), session)), None).await;
        };
        let name = ServerName::try_from(place.host.clone());
        let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        if place.security != Security::Tls {
            let driver = heard(Driver::new(Box::new(stream), session));
            return Self::open(driver, Some((connector, name))).await;
        }
        let stream = connector.connect(name, stream).await.map_err(Error::Tls)?;
        let channel = channel_binding(stream.get_ref().1);
        let mut driver = heard(Driver::new(Box::new(stream) as BoxStream, session));
        channel.into_iter().for_each(|channel| driver.machine().bind(channel));
        driver.machine().secured();
        Self::open(driver, None).await
    }

    /// Greets the server, secures the connection and authenticates, as the session's
    /// configuration says. `tls` says how, and who the server has to be.
    ///
    /// If TLS is below the stream from the beginning, call `secured` on the driver's machine
    /// before.
    ///
    /// # Errors
    /// The server refused, or the connection failed; or STARTTLS was agreed and there is no
    /// `tls`.
    pub async fn open(
        driver: Boxed<Session>,
        tls: Option<(&TlsConnector, ServerName<'static>)>,
    ) -> Result<Self, Error> {
        let mut securing = Securing { line: Tokio(driver), tls };
        client::open(&mut securing).await?;
        Ok(Self { line: securing.line })
    }

    /// Sends a message, and tells what became of it for each recipient. The message is read
    /// piece by piece, as the server takes it.
    ///
    /// Recipients beyond what the server takes at once are in [`Outcome::rest`]: send it next,
    /// with the message anew.
    ///
    /// A connection that fails on the way is part of the outcome; the next call then fails.
    ///
    /// # Errors
    /// The connection failed before, the envelope has no recipients, or the message cannot be
    /// read; then nobody has it.
    pub async fn send(
        &mut self,
        envelope: Envelope,
        message: impl AsyncRead + Unpin,
    ) -> Result<Outcome, Error> {
        client::send(&mut self.line, envelope, &mut From(message)).await
    }

    /// As [`send`](Self::send), of a message that can be read anew: it is sent as often as the
    /// server wants, until all recipients are asked for. `rest` has some only if the connection
    /// failed in between.
    ///
    /// # Errors
    /// As [`send`](Self::send), of the first part.
    pub async fn send_file(
        &mut self,
        envelope: Envelope,
        message: impl AsyncRead + AsyncSeek + Unpin,
    ) -> Result<Outcome, Error> {
        client::send_to_all(&mut self.line, envelope, &mut From(message)).await
    }

    /// As [`send_file`](Self::send_file), of a message at hand, which is
    /// [examined](Envelope::examine) first.
    ///
    /// # Errors
    /// As [`send`](Self::send), of the first part.
    pub async fn send_octets(
        &mut self,
        mut envelope: Envelope,
        message: &[u8],
    ) -> Result<Outcome, Error> {
        envelope.examine(message);
        self.send_file(envelope, io::Cursor::new(message)).await
    }

    /// Leaves, and waits until the server has said goodbye.
    ///
    /// # Errors
    /// The connection failed. What was sent before is not in doubt.
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
        self.0.next().await
    }

    async fn secure(&mut self) -> Result<(), Error> {
        Err(Error::NotReadyForTls)
    }

    async fn read(&mut self, from: &mut impl Source, into: &mut [u8]) -> Result<usize, Error> {
        Ok(self.0.wait(from.read(into)).await??)
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
        let (connector, name) = self.tls.take().ok_or(Error::NotReadyForTls)?;
        self.line.0.secure_client(connector, name).await
    }

    async fn read(&mut self, from: &mut impl Source, into: &mut [u8]) -> Result<usize, Error> {
        self.line.read(from, into).await
    }
}

struct From<R>(R);

impl<R: AsyncRead + Unpin> Source for From<R> {
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).await
    }
}

impl<R: AsyncRead + AsyncSeek + Unpin> Rewind for From<R> {
    async fn rewind(&mut self) -> io::Result<()> {
        self.0.rewind().await.map(|_| ())
    }
}
