//! A connection to a server.
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::num::NonZeroU32;
use std::io;

use bytes::Bytes;
use sasl::client::Identity;

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use proto_core::{
    Machine,
    blocking::{BoxStream, Driver, Observer, now, random},
};
use sasl::Seed;

use super::{Answer, Appended, Error, Handshake, Listener, Place, Security, Selected};
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

macro_rules! done {
    ($future:expr) => {
        now($future)
    };
}

conveniences!(Blocking, done, [], impl Read, impl Write);

impl Client {
    /// Connects, and secures the connection as [`Place::security`] says (not the configuration).
    /// `observer` hears the dialogue.
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
        let stream = TcpStream::connect((place.host.as_str(), place.port))?;
        // What is sent is whole commands: Nagle's delay would add to every one.
        stream.set_nodelay(true)?;
        let config = place.security.configure(config);
        let seed = Seed::new(random()?);
        let session = |now| Session::new(now, config).with_seed(seed);
        let heard = |driver: Driver<Session, BoxStream>| match observer {
            Some(observer) => driver.with_observer(observer),
            None => driver,
        };
        let stream = Box::new(stream) as BoxStream;
        if place.security != Security::Tls {
            return Self::open(heard(Driver::new(stream, session)), tls);
        }
        let (stream, channel) = tls.ok_or_else(Error::no_tls)?(stream).map_err(Error::tls)?;
        let mut driver = heard(Driver::new(stream, session));
        channel.into_iter().for_each(|channel| driver.machine().bind(channel));
        driver.machine().secured();
        Self::open(driver, None)
    }

    /// Hears the greeting and secures the connection, as the session's configuration says.
    ///
    /// If TLS is below the stream from the beginning, call `secured` on the driver's machine
    /// before.
    ///
    /// # Errors
    /// The server refused, or the connection failed; or STARTTLS was agreed and there is no `tls`.
    pub fn open(
        driver: Driver<Session, BoxStream>,
        tls: Option<Handshake<'_>>,
    ) -> Result<Self, Error> {
        let mut talk = Talk::new(Blocking(driver));
        if now(talk.open())? == Opening::Tls {
            talk.driver.0.secure_by(tls.ok_or_else(Error::no_tls)?)?;
            now(talk.open())?;
        }
        Ok(Self { talk })
    }
}

/// The driver.
#[derive(Debug)]
struct Blocking(Driver<Session, BoxStream>);

impl Drive for Blocking {
    fn session(&mut self) -> &mut Session {
        self.0.machine()
    }

    async fn next(&mut self) -> Result<Option<Event>, Error> {
        Ok(self.0.next()?)
    }

    async fn compress(&mut self) -> Result<(), Error> {
        Ok(self.0.compress()?)
    }

    async fn flush(&mut self) -> Result<(), Error> {
        Ok(self.0.flush()?)
    }

    async fn read(&mut self, from: &mut impl Source, into: &mut [u8]) -> Result<usize, Error> {
        from.read(into).await.map_err(Error::Message)
    }
}

struct Reads<R>(R);

impl<R: Read> Source for Reads<R> {
    async fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

struct Writes<W>(W);

impl<W: Write> Sink for Writes<W> {
    async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.write_all(octets)
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
