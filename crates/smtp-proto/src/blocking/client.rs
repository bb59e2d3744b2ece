//! A connection to a server, for sending.
use alloc::boxed::Box;
use std::io::{self, Read, Seek};
use std::net::TcpStream;

use proto_core::Machine;
use proto_core::blocking::{BoxStream, Driver, Observer, random};
use sasl::Seed;

use super::{Boxed, Error, Handshake, Place, Security};
use crate::client::{Config, Envelope, Event, Outcome, Session};
use crate::common::client::{self, Line, Rewind, Source};
use proto_core::blocking::now;

/// A connection to a server that is ready for messages.
///
/// ```no_run
/// use smtp_proto::blocking::{Client, Handshake, Place, Security};
/// use smtp_proto::client::{Config, Envelope};
/// use smtp_proto::{ForwardPath, ReversePath};
///
/// fn send(letter: &[u8], tls: Handshake<'_>) -> Result<(), Box<dyn std::error::Error>> {
///     let config = Config::new("crepes.fr".parse()?);
///     let from = ReversePath::Mailbox("alice@crepes.fr".parse()?);
///     let to = ForwardPath::Mailbox("bob@hamburger.edu".parse()?);
///
///     let place = Place::new("mail.hamburger.edu", Security::Opportunistic);
///     let mut client = Client::connect(&place, config, Some(tls), None)?;
///     let outcome = client.send_octets(Envelope::new(from, vec![to]), letter)?;
///     client.quit()?;
///
///     for (recipient, delivery) in &outcome.recipients {
///         println!("{recipient}: {delivery:?}");
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Client {
    line: Blocking,
}

impl Client {
    /// Connects, secures the connection as [`Place::security`] says (not the configuration),
    /// and authenticates by the best mechanism, if the configuration names somebody. `observer`
    /// hears the dialogue.
    ///
    /// # Errors
    /// There is no connection, or the server refused; or TLS is wanted and there is no `tls`, or
    /// it does not prove who the server is.
    pub fn connect(
        place: &Place,
        config: Config,
        tls: Option<Handshake<'_>>,
        observer: Option<Observer>,
    ) -> Result<Self, Error> {
        let config = place.security.configure(config, tls.is_some())?;
        let stream = TcpStream::connect((place.host.as_str(), place.port))?;
        // What is sent is whole flights: Nagle's delay would add to every one.
        stream.set_nodelay(true)?;
        let seed = Seed::new(random()?);
        let session = |now| Session::new(now, config).with_seed(seed);
        let heard = |driver: Boxed<Session>| match observer {
            Some(observer) => driver.with_observer(observer),
            None => driver,
        };
        let stream = Box::new(stream) as BoxStream;
        let Some(handshake) = tls else {
            return Self::open(heard(Driver::new(stream, session)), None);
        };
        if place.security != Security::Tls {
            return Self::open(heard(Driver::new(stream, session)), Some(handshake));
        }
        let (stream, channel) = handshake(stream).map_err(Error::Tls)?;
        let mut driver = heard(Driver::new(stream, session));
        channel.into_iter().for_each(|channel| driver.machine().bind(channel));
        driver.machine().secured();
        Self::open(driver, None)
    }

    /// Greets the server, secures the connection and authenticates, as the session's
    /// configuration says.
    ///
    /// If TLS is below the stream from the beginning, call `secured` on the driver's machine
    /// before.
    ///
    /// # Errors
    /// The server refused, or the connection failed; or STARTTLS was agreed and there is no
    /// `tls`.
    pub fn open(driver: Boxed<Session>, tls: Option<Handshake<'_>>) -> Result<Self, Error> {
        let mut securing = Securing { line: Blocking(driver), tls };
        now(client::open(&mut securing))?;
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
    pub fn send(&mut self, envelope: Envelope, message: impl Read) -> Result<Outcome, Error> {
        now(client::send(&mut self.line, envelope, &mut From(message)))
    }

    /// As [`send`](Self::send), of a message that can be read anew: it is sent as often as the
    /// server wants, until all recipients are asked for. `rest` has some only if the connection
    /// failed in between.
    ///
    /// # Errors
    /// As [`send`](Self::send), of the first part.
    pub fn send_file(
        &mut self,
        envelope: Envelope,
        message: impl Read + Seek,
    ) -> Result<Outcome, Error> {
        now(client::send_to_all(&mut self.line, envelope, &mut From(message)))
    }

    /// As [`send_file`](Self::send_file), of a message at hand, which is
    /// [examined](Envelope::examine) first.
    ///
    /// # Errors
    /// As [`send`](Self::send), of the first part.
    pub fn send_octets(
        &mut self,
        mut envelope: Envelope,
        message: &[u8],
    ) -> Result<Outcome, Error> {
        envelope.examine(message);
        self.send_file(envelope, io::Cursor::new(message))
    }

    /// Leaves, and waits until the server has said goodbye.
    ///
    /// # Errors
    /// The connection failed. What was sent before is not in doubt.
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
        self.0.next()
    }

    async fn secure(&mut self) -> Result<(), Error> {
        Err(Error::NotReadyForTls)
    }

    async fn read(&mut self, from: &mut impl Source, into: &mut [u8]) -> Result<usize, Error> {
        Ok(from.read(into).await?)
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
        let handshake = self.tls.take().ok_or(Error::NotReadyForTls)?;
        self.line.0.secure_by(handshake)
    }

    async fn read(&mut self, from: &mut impl Source, into: &mut [u8]) -> Result<usize, Error> {
        self.line.read(from, into).await
    }
}

struct From<R>(R);

impl<R: Read> Source for From<R> {
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: Read + Seek> Rewind for From<R> {
    async fn rewind(&mut self) -> io::Result<()> {
        self.0.rewind()
    }
}
