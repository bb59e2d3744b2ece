//! One connection from a client, served.
use alloc::vec::Vec;
use core::future::{Future, ready};
use std::io;

use proto_core::tokio::tls::TlsAcceptor;
use sasl::scram::{Lookup, Verifier};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Boxed, Error};
use crate::{
    Maildrop, Response,
    common::server::{self, Desk, no_verifier},
    server::{Event, Login, Session},
};

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
        ready(Err(no_verifier()))
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
    driver: Boxed<Session>,
    acceptor: Option<&TlsAcceptor>,
    handler: &mut H,
) -> Result<(), Error> {
    server::serve(&mut Tokio { driver, acceptor, handler }).await
}

struct Tokio<'a, H> {
    driver: Boxed<Session>,
    acceptor: Option<&'a TlsAcceptor>,
    handler: &'a mut H,
}

impl<H: Handler> Desk for Tokio<'_, H> {
    type Message = H::Message;

    fn session(&mut self) -> &mut Session {
        self.driver.machine()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        Ok(self.driver.next().await?)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(self.driver.flush().await?)
    }

    fn has_tls(&self) -> bool {
        self.acceptor.is_some()
    }

    async fn secure(&mut self) -> Result<(), Error> {
        if let Some(acceptor) = self.acceptor {
            self.driver.secure_server(acceptor).await?;
        }
        Ok(())
    }

    async fn log_in(&mut self, login: Login) -> Result<Result<Maildrop, Response>, Error> {
        Ok(self.driver.wait(self.handler.log_in(login)).await?)
    }

    async fn verifier(&mut self, lookup: Lookup) -> Result<Result<Verifier, Response>, Error> {
        Ok(self.driver.wait(self.handler.verifier(lookup)).await?)
    }

    async fn retrieve(&mut self, index: usize) -> Result<io::Result<H::Message>, Error> {
        Ok(self.driver.wait(self.handler.retrieve(index)).await?)
    }

    async fn read(&mut self, from: &mut H::Message, into: &mut [u8]) -> Result<usize, Error> {
        self.driver.wait(from.read(into)).await?.map_err(Error::Message)
    }

    async fn commit(&mut self, deleted: Vec<usize>) -> Result<Result<(), Response>, Error> {
        Ok(self.driver.wait(self.handler.commit(deleted)).await?)
    }
}
