//! A machine and the stream it talks over.
use alloc::boxed::Box;
use core::{
    fmt,
    future::{Future, poll_fn},
    mem::{self, MaybeUninit},
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};
use std::io;

use bytes::{Buf, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{self, timeout, timeout_at},
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{ConnectionCommon, ProtocolVersion, pki_types::ServerName},
};

use crate::{
    BindingKind, ChannelBinding, Instant, Machine, Step,
    driver::{Direction, Ear, Error, Limits, Observer},
};

use super::Shutdown;
#[cfg(feature = "deflate")]
use crate::deflate::Compressed;

/// Anything a session can be driven over.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream of any kind: TCP before STARTTLS and TLS after it have one type.
pub type BoxStream = Box<dyn Stream>;

/// How much is read at once.
pub(super) const READ: usize = 16 * 1024;

/// A machine and the stream it talks over.
///
/// It reads and writes at the same time, for two peers that both only write would wait for each
/// other forever. It stops reading while the peer does not take what it is owed, and while the
/// application owes an answer.
pub struct Driver<M: Machine, S> {
    machine: M,
    stream: S,
    /// Told while the driver was not asked for it.
    told: Option<M::Event>,
    start: time::Instant,
    /// When the peer last took something, or was owed nothing.
    taken: time::Instant,
    /// What arrived while the application was thinking: one read at most.
    early: BytesMut,
    eof: bool,
    limits: Limits,
    ear: Ear,
    shutdown: Option<Leaving>,
}

/// Ready when the server is to end.
type Leaving = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<M: Machine, S: Stream> Driver<M, S> {
    /// Starts a machine, which is told the time, over a stream.
    pub fn new(stream: S, start: impl FnOnce(Instant) -> M) -> Self {
        let now = time::Instant::now();
        Self {
            machine: start(Instant::ORIGIN),
            stream,
            told: None,
            start: now,
            taken: now,
            early: BytesMut::new(),
            eof: false,
            limits: Limits::default(),
            ear: Ear::default(),
            shutdown: None,
        }
    }

    /// Replaces the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Lets `observer` hear all octets from here on, as they are without TLS: a log of the
    /// dialogue. Passwords are among them.
    #[must_use]
    pub fn with_observer(mut self, observer: Observer) -> Self {
        self.ear.listen(observer);
        self
    }

    /// Tells the machine when the server is to end; it says goodbye when it is next idle.
    #[must_use]
    pub fn with_shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = Some(Box::pin(shutdown.begun()));
        self
    }

    /// Returns the machine, for answering events.
    pub fn machine(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Returns the stream, for asking who the peer is.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Waits for the next event; `None` once the session is over and the stream is shut.
    ///
    /// Cancel-safe: a call that is dropped loses nothing.
    ///
    /// # Errors
    /// The session or its stream failed, or an answer is due.
    pub async fn next(&mut self) -> Result<Option<M::Event>, Error<M::Error>> {
        if let Some(event) = self.told.take() {
            return Ok(Some(event));
        }
        loop {
            match self.step().await? {
                Step::Event(event) => return Ok(Some(event)),
                Step::NeedInput => self.exchange().await?,
                Step::Paused => {
                    self.write_owed().await?;
                    return Err(Error::Unanswered);
                }
                Step::Closed => {
                    self.write_owed().await?;
                    // All is said; a peer that left first does not spoil it.
                    let _ = timeout(self.limits.goodbye, self.stream.shutdown()).await;
                    return Ok(None);
                }
            }
        }
    }

    /// Runs `future`, the application's thinking, while the connection is looked after: what is
    /// owed is written, and a session whose deadline passes, or whose peer goes away in a way
    /// that ends it, gives up.
    ///
    /// # Errors
    /// As [`next`](Self::next). The future is dropped then: spawn what must not be abandoned.
    pub async fn wait<F: Future>(&mut self, future: F) -> Result<F::Output, Error<M::Error>> {
        let mut future = pin!(future);
        self.attend(|_, cx| future.as_mut().poll(cx).map(Ok)).await
    }

    /// Writes all that is owed: what streams a body calls this after each piece, so that no more
    /// than a piece is ever held.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub async fn flush(&mut self) -> Result<(), Error<M::Error>> {
        self.attend(Self::poll_write).await
    }

    /// Writes what is owed, and swaps the stream for the one that `handshake` makes of it.
    ///
    /// # Errors
    /// The session does not wait for TLS, or the handshake failed or took longer than the
    /// session's deadline (than [`Limits::stall`], if it has none), or the peer sent something before it (CVE-2011-0411).
    pub async fn secure<T, F>(
        self,
        handshake: impl FnOnce(S) -> F,
    ) -> Result<Driver<M, T>, Error<M::Error>>
    where
        T: Stream,
        F: Future<Output = io::Result<T>>,
    {
        self.secure_bound(async |stream| Ok((handshake(stream).await?, None))).await
    }

    /// As [`secure`](Self::secure), by a handshake that can name the channel it made: the machine
    /// is told by [`bind`](Machine::bind), for SCRAM's `-PLUS`.
    ///
    /// # Errors
    /// As [`secure`](Self::secure).
    pub async fn secure_bound<T, F>(
        mut self,
        handshake: impl FnOnce(S) -> F,
    ) -> Result<Driver<M, T>, Error<M::Error>>
    where
        T: Stream,
        F: Future<Output = io::Result<(T, Option<ChannelBinding>)>>,
    {
        let deadline = self.prepare().await?;
        let Self { mut machine, stream, told, start, taken, early, eof, limits, ear, shutdown } =
            self;
        let (stream, channel) = in_time(deadline, handshake(stream)).await.map_err(Error::Tls)?;
        tell(&mut machine, channel);
        Ok(Driver { machine, stream, told, start, taken, early, eof, limits, ear, shutdown })
    }

    /// Writes what is owed, of a machine that waits for TLS; says until when it waits.
    async fn prepare(&mut self) -> Result<time::Instant, Error<M::Error>> {
        self.receive_early();
        let Step::Paused = self.step().await? else { return Err(Error::NotReadyForTls) };
        self.write_owed().await?;
        Ok(self.deadline().unwrap_or_else(|| time::Instant::now() + self.limits.stall))
    }

    /// Says what next; if the session has failed, says goodbye first.
    async fn step(&mut self) -> Result<Step<M::Event>, Error<M::Error>> {
        match self.machine.poll() {
            Ok(step) => Ok(step),
            Err(error) => {
                // The session is lost whether or not the peer hears why.
                let _ = timeout(self.limits.goodbye, async {
                    self.write_owed().await?;
                    self.stream.shutdown().await
                })
                .await;
                Err(Error::Protocol(error))
            }
        }
    }

    /// Looks after the connection until `ready` is: see [`wait`](Self::wait).
    async fn attend<T>(
        &mut self,
        mut ready: impl FnMut(&mut Self, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Result<T, Error<M::Error>> {
        loop {
            let deadline = self.deadline();
            let lasting = poll_fn(|cx| match ready(self, cx) {
                Poll::Ready(result) => Poll::Ready(result.map(Some)),
                Poll::Pending => self.poll_attend(cx).map_ok(|()| None),
            });
            match before(deadline, lasting).await {
                Some(Ok(Some(output))) => return Ok(output),
                Some(Ok(None)) => self.machine.receive_eof(),
                Some(Err(error)) => return Err(Error::Io(error)),
                None => self.expire()?,
            }
            if self.told.is_none()
                && let Step::Event(event) = self.step().await?
            {
                self.told = Some(event);
            }
        }
    }

    /// Writes all that is owed, to a peer that goes on taking it.
    async fn write_owed(&mut self) -> io::Result<()> {
        let began = time::Instant::now();
        let stall = self.limits.stall;
        loop {
            let stalled = self.taken.max(began) + stall;
            match timeout_at(stalled, poll_fn(|cx| self.poll_write(cx))).await {
                Ok(written) => break written?,
                Err(_) if self.taken.max(began).elapsed() >= stall => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(_) => {}
            }
        }
        // TLS may still hold some of it.
        timeout(stall, self.stream.flush()).await?
    }

    /// Waits until what was owed is written, or for input if nothing was, or for the deadline.
    async fn exchange(&mut self) -> io::Result<()> {
        if !self.early.is_empty() {
            self.receive_early();
            return Ok(());
        }
        let deadline = self.deadline();
        match before(deadline, poll_fn(|cx| self.poll_exchange(cx))).await {
            Some(result) => result,
            None => self.expire(),
        }
    }

    fn receive_early(&mut self) {
        if !self.early.is_empty() {
            let now = self.now();
            self.machine.receive(now, &self.early.split());
        }
    }

    /// Writes and reads; is ready once all was written, or something was read.
    fn poll_exchange(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(leaving) = &mut self.shutdown
            && leaving.as_mut().poll(cx).is_ready()
        {
            self.shutdown = None;
            self.machine.shut_down();
            return Poll::Ready(Ok(()));
        }
        let owed = !self.machine.output().is_empty();
        if self.poll_write(cx)?.is_ready() {
            let _ = Pin::new(&mut self.stream).poll_flush(cx)?;
            if owed {
                // The machine may have held back: it is asked before the peer is heard.
                return Poll::Ready(Ok(()));
            }
        } else if self.eof || self.machine.output().len() > self.limits.output {
            return Poll::Pending;
        }
        if self.eof {
            // The machine was told, and asks for more all the same.
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        let mut space = [MaybeUninit::uninit(); READ];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(self.poll_read(cx, &mut read))?;
        let now = self.now();
        match read.filled() {
            [] => {
                self.eof = true;
                self.machine.receive_eof();
            }
            octets => {
                self.ear.hear(Direction::Received, octets);
                self.machine.receive(now, octets);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes, and listens for the end of the stream, keeping one read; is ready at the end.
    fn poll_attend(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.poll_write(cx)?.is_ready() {
            let _ = Pin::new(&mut self.stream).poll_flush(cx)?;
        }
        if self.eof || !self.early.is_empty() {
            return Poll::Pending;
        }
        let mut space = [MaybeUninit::uninit(); READ];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(self.poll_read(cx, &mut read))?;
        if read.filled().is_empty() {
            self.eof = true;
            return Poll::Ready(Ok(()));
        }
        self.ear.hear(Direction::Received, read.filled());
        self.early.extend_from_slice(read.filled());
        Poll::Pending
    }

    /// Reads; TLS that ends without saying so is the end of the stream all the same. Nothing is
    /// lost by that: each protocol here knows by itself where its messages end.
    fn poll_read(&mut self, cx: &mut Context<'_>, read: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.stream).poll_read(cx, read)) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }

    /// Writes until nothing is owed.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { machine, stream, ear, taken, .. } = self;
        let output = machine.output();
        if output.is_empty() {
            *taken = time::Instant::now();
        }
        while !output.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(cx, output))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            ear.hear(Direction::Sent, output.get(..written).unwrap_or_default());
            output.advance(written);
            *taken = time::Instant::now();
        }
        Poll::Ready(Ok(()))
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.start.elapsed()
    }

    /// The session's deadline, or the end of our patience with a peer that does not read.
    fn deadline(&mut self) -> Option<time::Instant> {
        let machine = self.machine.deadline();
        let machine = machine.and_then(|at| self.start.checked_add(at.since_origin()));
        let owes = !self.machine.output().is_empty();
        let stalled = owes.then(|| self.taken + self.limits.stall);
        machine.into_iter().chain(stalled).min()
    }

    fn expire(&mut self) -> io::Result<()> {
        let owes = !self.machine.output().is_empty();
        if owes && self.taken.elapsed() >= self.limits.stall {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let now = self.now();
        self.machine.expire(now);
        Ok(())
    }
}

impl<M: Machine + fmt::Debug, S> fmt::Debug for Driver<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("machine", &self.machine).finish_non_exhaustive()
    }
}

/// Changes of what is below, in place. Once a handshake has failed, the session finds that its peer
/// is gone.
impl<M: Machine> Driver<M, BoxStream> {
    /// Becomes the server's end of TLS, by rustls: see [`secure`](Self::secure).
    ///
    /// # Errors
    /// As [`secure`](Self::secure).
    pub async fn secure_server(&mut self, acceptor: &TlsAcceptor) -> Result<(), Error<M::Error>> {
        self.secure_by(async |stream| {
            let stream = acceptor.accept(stream).await?;
            let channel = channel_binding(stream.get_ref().1);
            Ok((Box::new(stream) as BoxStream, channel))
        })
        .await
    }

    /// Becomes the client's end of TLS, by rustls, with a server that proves to be `name`: see
    /// [`secure`](Self::secure).
    ///
    /// # Errors
    /// As [`secure`](Self::secure).
    pub async fn secure_client(
        &mut self,
        connector: &TlsConnector,
        name: ServerName<'static>,
    ) -> Result<(), Error<M::Error>> {
        self.secure_by(async |stream| {
            let stream = connector.connect(name, stream).await?;
            let channel = channel_binding(stream.get_ref().1);
            Ok((Box::new(stream) as BoxStream, channel))
        })
        .await
    }

    async fn secure_by<F>(
        &mut self,
        handshake: impl FnOnce(BoxStream) -> F,
    ) -> Result<(), Error<M::Error>>
    where
        F: Future<Output = io::Result<(BoxStream, Option<ChannelBinding>)>>,
    {
        let deadline = self.prepare().await?;
        let stream = mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        let (stream, channel) = in_time(deadline, handshake(stream)).await.map_err(Error::Tls)?;
        self.stream = stream;
        tell(&mut self.machine, channel);
        Ok(())
    }

    /// Writes what is owed, and lets all that follows be compressed by DEFLATE (RFC 4978), both
    /// ways. What came with the agreement and is compressed already is not lost. A connection
    /// holds about 400 KiB for it.
    ///
    /// # Errors
    /// The session has not agreed on that.
    #[cfg(feature = "deflate")]
    pub async fn compress(&mut self) -> Result<(), Error<M::Error>> {
        self.receive_early();
        let Step::Paused = self.step().await? else { return Err(Error::NotReadyForCompression) };
        self.write_owed().await?;
        let early = self.machine.compressed().ok_or(Error::NotReadyForCompression)?;
        let stream = mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = Box::new(Compressed::new(stream, early));
        Ok(())
    }
}

/// Tells a machine of the TLS below it.
fn tell(machine: &mut impl Machine, channel: Option<ChannelBinding>) {
    if let Some(channel) = channel {
        machine.bind(channel);
    }
    machine.secured();
}

/// What a handshake comes to, if it does in time.
async fn in_time<T>(
    deadline: time::Instant,
    handshake: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    before(Some(deadline), handshake).await.ok_or(io::ErrorKind::TimedOut)?
}

/// Returns what names a TLS connection once its handshake is over, by RFC 9266; `None` before TLS
/// 1.3, which cannot tell that it is unique. For sessions over TLS from the beginning, whose
/// machine is told by [`bind`](Machine::bind); [`Driver::secure_server`] and
/// [`Driver::secure_client`] tell theirs.
#[must_use]
pub fn channel_binding<D>(connection: &ConnectionCommon<D>) -> Option<ChannelBinding> {
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    let exported = [0; 32];
    // RFC 9266 §2: an empty context, which TLS 1.3 does not tell from none.
    let label = b"EXPORTER-Channel-Binding";
    let exported = connection.export_keying_material(exported, label, Some(b"")).ok()?;
    Some(ChannelBinding::new(BindingKind::TlsExporter, exported.to_vec().into()))
}

/// The future's output, or `None` if the deadline comes first.
async fn before<F: Future>(deadline: Option<time::Instant>, future: F) -> Option<F::Output> {
    match deadline {
        Some(at) => timeout_at(at, future).await.ok(),
        None => Some(future.await),
    }
}
