//! A connection to a server, for sending.
use alloc::vec;

use proto_core::tokio::tls::TlsConnector;
use proto_core::tokio::tls::rustls::pki_types::ServerName;
use proto_core::{Machine, Step};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Boxed, Error};
use crate::client::{Envelope, Event, Outcome, Session};

/// How much of a message is read at once.
const PIECE: usize = 16 * 1024;

/// A connection to a server that is ready for messages.
///
/// ```
/// use proto_core::tokio::{BoxStream, Driver};
/// use smtp_proto::client::{Config, Envelope, Session, Tls};
/// use smtp_proto::{ForwardPath, ReversePath, tokio::Client};
///
/// async fn send(stream: BoxStream) -> Result<(), Box<dyn std::error::Error>> {
///     let mut config = Config::new("crepes.fr".parse()?);
///     config.tls = Tls::Off;
///     let driver = Driver::new(stream, |now| Session::new(now, config));
///     let mut client = Client::open(driver, None).await?;
///     let to = ForwardPath::Mailbox("bob@hamburger.edu".parse()?);
///     let envelope = Envelope::new(ReversePath::Null, vec![to]);
///     let outcome = client.send(envelope, &b"Do you like ketchup?\r\n"[..]).await?;
///     for (recipient, delivery) in &outcome.recipients {
///         println!("{recipient}: {delivery:?}");
///     }
///     client.quit().await?;
///     Ok(())
/// }
/// ```
pub struct Client {
    driver: Boxed<Session>,
}

impl Client {
    /// Greets the server, secures the connection and authenticates, as the session's
    /// configuration says. `tls` says how, and who the server has to be.
    ///
    /// If TLS is below the stream from the beginning, call `secured` on the driver's machine
    /// before.
    ///
    /// # Errors
    /// The server refused, or the connection failed; or STARTTLS is not off and there is no
    /// `tls`.
    pub async fn open(
        mut driver: Boxed<Session>,
        tls: Option<(&TlsConnector, ServerName<'static>)>,
    ) -> Result<Self, Error> {
        loop {
            match (driver.next().await?, &tls) {
                (Some(Event::Ready), _) => return Ok(Self { driver }),
                (Some(Event::StartTls), Some((connector, name))) => {
                    driver = driver.secure_client(connector, name.clone()).await?;
                }
                (Some(Event::StartTls), None) => return Err(Error::NotReadyForTls),
                (Some(_), _) => {}
                (None, _) => return Err(Error::Protocol(crate::Error::UnexpectedEof)),
            }
        }
    }

    /// Sends a message, and tells what became of it for each recipient. The message is read
    /// piece by piece, as the server takes it.
    ///
    /// Recipients beyond what the server takes at once are in
    /// [`Outcome::rest`](crate::client::Outcome::rest): send it next, with the message anew.
    ///
    /// A connection that fails on the way is part of the outcome; the next call then fails.
    ///
    /// # Errors
    /// The connection failed before, the envelope has no recipients, or the message cannot be
    /// read; then nobody has it.
    pub async fn send(
        &mut self,
        envelope: Envelope,
        mut message: impl AsyncRead + Unpin,
    ) -> Result<Outcome, Error> {
        if self.driver.machine().send(envelope).is_err() {
            return Err(self.why_not().await);
        }
        let mut piece = vec![0; PIECE];
        loop {
            match self.driver.next().await {
                Ok(Some(Event::Sent(outcome))) => return Ok(outcome),
                Ok(Some(Event::SendBody)) => {
                    let read = self.driver.wait(message.read(&mut piece)).await??;
                    let machine = self.driver.machine();
                    let taken = match piece.get(..read) {
                        None | Some([]) => machine.body_end(),
                        Some(piece) => machine.body(piece),
                    };
                    // If the session ended while the message was read, `next` says why.
                    let _ = taken;
                }
                Ok(Some(_)) => {}
                Ok(None) => return Err(Error::Protocol(crate::Error::UnexpectedEof)),
                Err(error) => return self.after(error),
            }
        }
    }

    /// Leaves, and waits until the server has said goodbye.
    ///
    /// # Errors
    /// The connection failed. What was sent before is not in doubt.
    pub async fn quit(mut self) -> Result<(), Error> {
        if self.driver.machine().quit().is_err() {
            return Err(self.why_not().await);
        }
        while self.driver.next().await?.is_some() {}
        Ok(())
    }

    /// Returns the session, for asking what the server can do.
    pub fn session(&mut self) -> &Session {
        self.driver.machine()
    }

    /// Why the session is not ready.
    async fn why_not(&mut self) -> Error {
        match self.driver.next().await {
            Err(error) => error,
            Ok(_) => Error::Unanswered,
        }
    }

    /// The stream failed; the session knows what that means for the message.
    fn after(&mut self, error: Error) -> Result<Outcome, Error> {
        let machine = self.driver.machine();
        machine.receive_eof();
        match machine.poll() {
            Ok(Step::Event(Event::Sent(outcome))) => Ok(outcome),
            _ => Err(error),
        }
    }
}
