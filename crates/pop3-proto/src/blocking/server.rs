//! One connection from a client, served.
use alloc::vec::Vec;
use std::io::{self, Read};

use proto_core::blocking::now;
use sasl::scram::{Lookup, Verifier};

use super::{Boxed, Error, Handshake};
use crate::{
    Maildrop, Response,
    common::server::{self, Desk, no_verifier},
    server::{Event, Login, Session},
};

/// Where a server's mail is.
///
/// ```
/// use pop3_proto::{Maildrop, Response, Text, server::Login, blocking::Handler};
///
/// /// Lets everybody in, and has mail for nobody.
/// struct Empty;
///
/// impl Handler for Empty {
///     type Message = &'static [u8];
///     fn log_in(&mut self, _: Login) -> Result<Maildrop, Response> {
///         Ok(Maildrop::default())
///     }
///     fn retrieve(&mut self, _: usize) -> std::io::Result<&'static [u8]> {
///         Err(std::io::ErrorKind::NotFound.into())
///     }
///     fn commit(&mut self, _: Vec<usize>) -> Result<(), Response> {
///         Ok(())
///     }
/// }
/// ```
pub trait Handler {
    /// A message's octets.
    type Message: Read;

    /// Lets somebody in, or says why not.
    ///
    /// # Errors
    /// Why not.
    fn log_in(&mut self, login: Login) -> Result<Maildrop, Response>;

    /// Finds what is stored of somebody's password, for SCRAM; of somebody who does not exist, a
    /// [decoy](Verifier::decoy). Offer SCRAM only if this is there.
    ///
    /// # Errors
    /// Why not.
    fn verifier(&mut self, lookup: Lookup) -> Result<Verifier, Response> {
        let _ = lookup;
        Err(no_verifier())
    }

    /// Opens a message, by its place in the maildrop.
    ///
    /// # Errors
    /// It is told as `[SYS/TEMP]`.
    fn retrieve(&mut self, index: usize) -> io::Result<Self::Message>;

    /// Deletes messages for good, by their places in the maildrop.
    ///
    /// # Errors
    /// Why not.
    fn commit(&mut self, deleted: Vec<usize>) -> Result<(), Response>;
}

/// Serves one client until it leaves.
///
/// Offer STLS in the session's configuration only if there is `tls`.
///
/// # Errors
/// The session or its stream failed; or a message could not be read to its end, and the
/// connection was given up so that the client does not take what it has for the whole.
pub fn serve<H: Handler>(
    driver: Boxed<Session>,
    tls: Option<Handshake<'_>>,
    handler: &mut H,
) -> Result<(), Error> {
    now(server::serve(&mut Blocking { driver, tls, handler }))
}

struct Blocking<'a, 't, H> {
    driver: Boxed<Session>,
    tls: Option<Handshake<'t>>,
    handler: &'a mut H,
}

impl<H: Handler> Desk for Blocking<'_, '_, H> {
    type Message = H::Message;

    fn session(&mut self) -> &mut Session {
        self.driver.machine()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        Ok(self.driver.next()?)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(self.driver.flush()?)
    }

    fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    async fn secure(&mut self) -> Result<(), Error> {
        if let Some(handshake) = self.tls.take() {
            self.driver.secure_by(handshake)?;
        }
        Ok(())
    }

    async fn log_in(&mut self, login: Login) -> Result<Result<Maildrop, Response>, Error> {
        Ok(self.handler.log_in(login))
    }

    async fn verifier(&mut self, lookup: Lookup) -> Result<Result<Verifier, Response>, Error> {
        Ok(self.handler.verifier(lookup))
    }

    async fn retrieve(&mut self, index: usize) -> Result<io::Result<H::Message>, Error> {
        Ok(self.handler.retrieve(index))
    }

    async fn read(&mut self, from: &mut H::Message, into: &mut [u8]) -> Result<usize, Error> {
        from.read(into).map_err(Error::Message)
    }

    async fn commit(&mut self, deleted: Vec<usize>) -> Result<Result<(), Response>, Error> {
        Ok(self.handler.commit(deleted))
    }
}
