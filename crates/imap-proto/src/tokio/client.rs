//! A connection to a server.
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use std::io;

use bytes::Bytes;
use sasl::client::Identity;

use proto_core::{
    Machine,
    tokio::{
        BoxStream, Driver, Observer, channel_binding, random,
        tls::{TlsConnector, rustls::pki_types::ServerName},
    },
};
use sasl::Seed;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

use super::{Answer, Appended, Error, Listener, Place, Security, Selected};
use crate::{
    Capability, Fetch as Fetched, FetchItem, Flags, Id, List, ListMailbox, Mailbox, MailboxStatus,
    NotEmpty, RespText, Response, Tag, UidSet,
    client::{Config, Event, Session},
    command::{
        Change, Command, Create, Criteria, Fetch, FetchItems, FetchModifiers, IdFields, MessageSet,
        MessageStart, Numbering, Select, SelectParameters, Status, StatusItem, Store, StoreData,
    },
    common::{
        fetching::Flow,
        methods::conveniences,
        requests,
        talk::{Drive, Opening, Sink, Source, Talk},
    },
};

macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}

conveniences!(Tokio,
    awaited,
    [async],
    impl AsyncRead + Unpin,
    impl AsyncWrite + Unpin
);

impl Client {
    /// Connects, and secures the connection as [`Place::security`] says (not the configuration).
    /// `observer` hears the dialogue.
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
        let name = ServerName::try_from(place.host.clone());
        let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error));
        let stream = TcpStream::connect((place.host.as_str(), place.port)).await?;
        // What is sent is whole commands: Nagle's delay would add to every one.
        stream.set_nodelay(true)?;
        let config = place.security.configure(config);
        let seed = Seed::new(random()?);
        let session = |now| Session::new(now, config).with_seed(seed);
        let heard = |driver: Driver<Session, BoxStream>| match observer {
            Some(observer) => driver.with_observer(observer),
            None => driver,
        };
        if place.security != Security::Tls {
            let driver = heard(Driver::new(Box::new(stream) as BoxStream, session));
            return match tls {
                Some(connector) => Self::open(driver, Some((connector, name?))).await,
                None => Self::open(driver, None).await,
            };
        }
        let connector = tls.ok_or_else(Error::no_tls)?;
        let stream = connector.connect(name?, stream).await.map_err(Error::tls)?;
        let channel = channel_binding(stream.get_ref().1);
        let mut driver = heard(Driver::new(Box::new(stream) as BoxStream, session));
        channel.into_iter().for_each(|channel| driver.machine().bind(channel));
        driver.machine().secured();
        Self::open(driver, None).await
    }

    /// Hears the greeting and secures the connection, as the session's configuration says. `tls`
    /// says how, and who the server has to be.
    ///
    /// If TLS is below the stream from the beginning, call `secured` on the driver's machine
    /// before.
    ///
    /// # Errors
    /// The server refused, or the connection failed; or STARTTLS was agreed and there is no `tls`.
    pub async fn open(
        driver: Driver<Session, BoxStream>,
        tls: Option<(&TlsConnector, ServerName<'static>)>,
    ) -> Result<Self, Error> {
        let mut talk = Talk::new(Tokio(driver));
        if talk.open().await? == Opening::Tls {
            let (connector, name) = tls.ok_or_else(Error::no_tls)?;
            talk.driver.0.secure_client(connector, name).await?;
            talk.open().await?;
        }
        Ok(Self { talk })
    }
}

/// The driver, by a name of its own: a future that holds it can go to another thread only if no
/// lifetime shows.
#[derive(Debug)]
struct Tokio(Driver<Session, BoxStream>);

impl Drive for Tokio {
    fn session(&mut self) -> &mut Session {
        self.0.machine()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        Ok(self.0.next().await?)
    }

    async fn compress(&mut self) -> Result<(), Error> {
        Ok(self.0.compress().await?)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(self.0.flush().await?)
    }

    async fn read(&mut self, from: &mut impl Source, into: &mut [u8]) -> Result<usize, Error> {
        self.0.wait(from.read(into)).await?.map_err(Error::Message)
    }
}

struct Reads<R>(R);

impl<R: AsyncRead + Unpin> Source for Reads<R> {
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into).await
    }
}

struct Writes<W>(W);

impl<W: AsyncWrite + Unpin> Sink for Writes<W> {
    async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.write_all(octets).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush().await
    }
}
