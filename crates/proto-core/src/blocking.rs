//! Drives any [`Machine`] over std's [`Read`] and [`Write`], for people who use threads.
//!
//! One thread a connection: what is owed is written before anything is read, and time-outs on
//! the socket keep the session's deadlines. A peer that only writes and never reads is got rid
//! of by the deadline; where both ends may do that for long, use the `tokio` driver, which reads
//! and writes at once.
use alloc::{boxed::Box, vec};
use core::{
    fmt, mem,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time,
};

use bytes::Buf;

#[cfg(feature = "deflate")]
use crate::deflate::Compressed;
pub use crate::driver::{Direction, Error, Limits, Observer, random};
use crate::{ChannelBinding, Instant, Machine, Step, driver::Ear};

/// Returns what a future that never waits comes to.
///
/// Conveniences are written once, as futures over a tokio or a blocking driver; over this one
/// they are ready when they are first polled.
///
/// ```
/// assert_eq!(proto_core::blocking::now(async { 4 }), 4);
/// ```
///
/// # Panics
/// The future waits for something: it is not one over this driver.
pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("a blocking driver blocks"),
    }
}

/// A stream of any kind: TCP before STARTTLS and TLS after it have one type.
pub type BoxStream = Box<dyn Stream + Send>;

impl Stream for BoxStream {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        (**self).set_timeout(timeout)
    }
}

/// Makes TLS of a stream, by whichever library the application has, and names its channel if it
/// can: for SCRAM's `-PLUS`.
pub type Handshake<'a> =
    &'a mut dyn FnMut(BoxStream) -> io::Result<(BoxStream, Option<ChannelBinding>)>;

/// A stream whose calls can be made to return in time.
pub trait Stream: Read + Write {
    /// Bounds each later read and write; `None` lets them take as long as they like. A call
    /// that took too long fails with `WouldBlock` or `TimedOut`.
    ///
    /// # Errors
    /// The stream refused.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }
}

#[cfg(unix)]
impl Stream for std::os::unix::net::UnixStream {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }
}

/// A machine and the stream it talks over.
pub struct Driver<M: Machine, S> {
    machine: M,
    stream: S,
    /// Told while the driver was not asked for it.
    told: Option<M::Event>,
    /// The peer has said its last.
    eof: bool,
    start: time::Instant,
    limits: Limits,
    ear: Ear,
}

impl<M: Machine, S: Stream> Driver<M, S> {
    /// Starts a machine, which is told the time, over a stream.
    pub fn new(stream: S, start: impl FnOnce(Instant) -> M) -> Self {
        Self {
            machine: start(Instant::ORIGIN),
            stream,
            told: None,
            eof: false,
            start: time::Instant::now(),
            limits: Limits::default(),
            ear: Ear::default(),
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

    /// Returns the machine, for answering events.
    pub fn machine(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Returns the stream, for asking who the peer is.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Waits for the next event; `None` once the session is over.
    ///
    /// # Errors
    /// The session or its stream failed, or an answer is due.
    #[expect(
        clippy::should_implement_trait,
        reason = "the word of both drivers; no iterator fails"
    )]
    pub fn next(&mut self) -> Result<Option<M::Event>, Error<M::Error>> {
        if let Some(event) = self.told.take() {
            return Ok(Some(event));
        }
        loop {
            match self.step()? {
                Step::Event(event) => return Ok(Some(event)),
                // A machine that was owed something may have held back: it is asked again.
                Step::NeedInput if self.machine.output().is_empty() => self.read()?,
                Step::NeedInput => {
                    self.write_owed()?;
                }
                Step::Paused => return Err(Error::Unanswered),
                Step::Closed => {
                    self.write_owed()?;
                    return Ok(None);
                }
            }
        }
    }

    /// Writes all that is owed: what streams a body calls this after each piece, so that no more
    /// than a piece is ever held.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn flush(&mut self) -> Result<(), Error<M::Error>> {
        while !self.write_owed()? {
            // The deadline passed, and the machine, if it minds, says so.
            if self.told.is_none()
                && let Step::Event(event) = self.step()?
            {
                self.told = Some(event);
            }
        }
        Ok(())
    }

    /// Writes what is owed, and swaps the stream for the one that `handshake` makes of it.
    ///
    /// # Errors
    /// The session does not wait for TLS, or the handshake failed.
    pub fn secure<T: Stream>(
        self,
        handshake: impl FnOnce(S) -> io::Result<T>,
    ) -> Result<Driver<M, T>, Error<M::Error>> {
        self.secure_bound(|stream| Ok((handshake(stream)?, None)))
    }

    /// As [`secure`](Self::secure), by a handshake that can name the channel it made: the machine
    /// is told by [`bind`](Machine::bind), for SCRAM's `-PLUS`.
    ///
    /// # Errors
    /// As [`secure`](Self::secure).
    pub fn secure_bound<T: Stream>(
        mut self,
        handshake: impl FnOnce(S) -> io::Result<(T, Option<ChannelBinding>)>,
    ) -> Result<Driver<M, T>, Error<M::Error>> {
        self.prepare()?;
        let Self { mut machine, stream, told, eof, start, limits, ear } = self;
        let (stream, channel) = handshake(stream).map_err(Error::Tls)?;
        tell(&mut machine, channel);
        Ok(Driver { machine, stream, told, eof, start, limits, ear })
    }

    /// Writes what is owed, of a machine that waits for TLS.
    fn prepare(&mut self) -> Result<(), Error<M::Error>> {
        let Step::Paused = self.step()? else { return Err(Error::NotReadyForTls) };
        if self.write_owed()? && self.arm(Some(self.limits.stall))? {
            Ok(())
        } else {
            Err(Error::Io(io::ErrorKind::TimedOut.into()))
        }
    }

    /// Says what next; if the session has failed, says goodbye first.
    fn step(&mut self) -> Result<Step<M::Event>, Error<M::Error>> {
        self.machine.poll().map_err(|error| {
            // The session is lost whether or not the peer hears why.
            let _ = self.say_goodbye();
            Error::Protocol(error)
        })
    }

    /// Writes what a session that failed leaves, as far as the peer takes it in time: all of it
    /// has to be taken in this time, not each octet.
    fn say_goodbye(&mut self) -> io::Result<()> {
        let began = time::Instant::now();
        while !self.machine.output().is_empty() {
            let left = self.limits.goodbye.saturating_sub(began.elapsed());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            self.stream.set_timeout(Some(left))?;
            self.write_some()?;
        }
        self.stream.flush()
    }

    /// Writes what is owed; false if the deadline passed instead.
    fn write_owed(&mut self) -> io::Result<bool> {
        let mut taken = time::Instant::now();
        loop {
            if !self.arm(Some(self.limits.stall.saturating_sub(taken.elapsed())))? {
                return Ok(false);
            }
            // TLS and compression may still hold some of what they took.
            let is_last = self.machine.output().is_empty();
            match if is_last { self.stream.flush() } else { self.write_some() } {
                Ok(()) if is_last => return Ok(true),
                Ok(()) => taken = time::Instant::now(),
                Err(error) if is_late(&error) && taken.elapsed() >= self.limits.stall => {
                    return Err(error);
                }
                Err(error) if is_late(&error) || error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Writes what the stream takes at once.
    fn write_some(&mut self) -> io::Result<()> {
        let written = self.stream.write(self.machine.output())?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let output = self.machine.output();
        self.ear.hear(Direction::Sent, output.get(..written).unwrap_or_default());
        output.advance(written);
        Ok(())
    }

    /// Reads once, unless the deadline passes first. TLS that ends without saying so is the end
    /// of the stream all the same, as in the `tokio` driver.
    fn read(&mut self) -> io::Result<()> {
        if self.eof {
            // The machine was told, and asks for more all the same.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !self.arm(None)? {
            return Ok(());
        }
        let mut space = vec![0; 16 * 1024];
        match self.stream.read(&mut space) {
            Ok(0) => self.end(),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => self.end(),
            Ok(read) => {
                let octets = space.get(..read).unwrap_or_default();
                self.ear.hear(Direction::Received, octets);
                let now = self.now();
                self.machine.receive(now, octets);
            }
            Err(error) if is_late(&error) || error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn end(&mut self) {
        self.eof = true;
        self.machine.receive_eof();
    }

    /// Sets the time-out to what is left until the deadline, `patience` at most; if nothing is
    /// left until the deadline, says so to the machine and returns false.
    fn arm(&mut self, patience: Option<Duration>) -> io::Result<bool> {
        let now = self.now();
        let left = self.machine.deadline().map(|at| at - now);
        if left.is_some_and(|left| left.is_zero()) {
            self.machine.expire(now);
            return Ok(false);
        }
        // Zero would mean that there is no bound.
        let least = Duration::from_millis(1);
        let bound = left.into_iter().chain(patience).min().map(|bound| bound.max(least));
        self.stream.set_timeout(bound)?;
        Ok(true)
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.start.elapsed()
    }
}

/// Changes of what is below, in place.
impl<M: Machine> Driver<M, BoxStream> {
    /// Writes what is owed, and puts TLS below: see [`secure_bound`](Self::secure_bound). Once the
    /// handshake has failed, the session finds that its peer is gone.
    ///
    /// # Errors
    /// As [`secure`](Self::secure).
    pub fn secure_by(&mut self, handshake: Handshake<'_>) -> Result<(), Error<M::Error>> {
        self.prepare()?;
        let stream = mem::replace(&mut self.stream, Box::new(Gone));
        let (stream, channel) = handshake(stream).map_err(Error::Tls)?;
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
    pub fn compress(&mut self) -> Result<(), Error<M::Error>> {
        let Step::Paused = self.step()? else { return Err(Error::NotReadyForCompression) };
        if !self.write_owed()? {
            return Err(Error::Io(io::ErrorKind::TimedOut.into()));
        }
        let early = self.machine.compressed().ok_or(Error::NotReadyForCompression)?;
        let stream = mem::replace(&mut self.stream, Box::new(Gone));
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

/// In the place of a stream that is gone.
struct Gone;

impl Read for Gone {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Gone {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}

impl<M: Machine + fmt::Debug, S> fmt::Debug for Driver<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("machine", &self.machine).finish_non_exhaustive()
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use std::{net::TcpListener, thread};

    use bytes::BytesMut;

    use super::*;
    use crate::toy::{Late, Toy};

    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, client)
    }

    fn serve(stream: TcpStream) -> Result<usize, Error<Late>> {
        let mut driver = Driver::new(stream, Toy::new);
        let mut lines = 0;
        while let Some(line) = driver.next()? {
            lines += 1;
            driver.machine().answer(&line);
        }
        Ok(lines)
    }

    #[test]
    fn each_line_is_answered_until_the_peer_closes() {
        let (ours, mut theirs) = connection();
        let server = thread::spawn(|| serve(ours));
        theirs.write_all(b"a\r\nb\r\n").unwrap();
        theirs.shutdown(std::net::Shutdown::Write).unwrap();
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"hello\r\na\r\nb\r\n");
        assert_eq!(server.join().unwrap().unwrap(), 2);
    }

    #[test]
    fn a_silent_peer_is_told_goodbye_at_the_deadline() {
        let (ours, mut theirs) = connection();
        let server = thread::spawn(|| serve(ours));
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"hello\r\nlate\r\n");
        assert!(matches!(server.join().unwrap(), Err(Error::Protocol(Late))));
    }

    #[test]
    fn asking_for_the_next_event_before_answering_is_an_error() {
        let (ours, mut theirs) = connection();
        let mut driver = Driver::new(ours, Toy::new);
        theirs.write_all(b"a\r\n").unwrap();
        assert!(driver.next().unwrap().is_some());
        assert!(matches!(driver.next(), Err(Error::Unanswered)));
    }

    #[test]
    fn a_peer_that_never_reads_is_given_up_at_the_deadline() {
        let (ours, mut theirs) = connection();
        let server = thread::spawn(|| serve(ours));
        let flood = b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n".repeat(1000);
        while theirs.write_all(&flood).is_ok() {}
        assert!(server.join().unwrap().is_err());
    }

    /// A stream without a socket: it gives what it was given, then fails in a way of its own, and
    /// takes one octet at a time.
    struct Drip {
        gives: Vec<u8>,
        then: io::ErrorKind,
        pause: Duration,
        taken: usize,
    }

    impl Read for Drip {
        fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
            if self.gives.is_empty() {
                return Err(self.then.into());
            }
            (&*mem::take(&mut self.gives)).read(space)
        }
    }

    impl Write for Drip {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            thread::sleep(self.pause);
            self.taken += octets.len().min(1);
            Ok(octets.len().min(1))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Stream for Drip {
        fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
            Ok(())
        }
    }

    fn drip(gives: &[u8]) -> Drip {
        let then = io::ErrorKind::UnexpectedEof;
        Drip { gives: gives.to_vec(), then, pause: Duration::ZERO, taken: 0 }
    }

    #[test]
    fn tls_that_ends_without_saying_so_is_the_end_of_the_stream() {
        let mut driver = Driver::new(drip(b"a\r\n"), Toy::new);
        assert!(driver.next().unwrap().is_some());
        driver.machine().answer(b"b");
        assert!(driver.next().unwrap().is_none());
    }

    #[test]
    fn an_event_that_comes_while_a_body_is_flushed_is_not_lost() {
        let mut stream = drip(b"");
        stream.pause = Toy::PATIENCE;
        let mut driver = Driver::new(stream, Tardy::new);
        driver.flush().unwrap();
        assert!(matches!(driver.next(), Ok(Some(()))));
    }

    #[test]
    fn a_goodbye_is_said_once_and_not_octet_by_octet_for_ever() {
        let mut stream = drip(b"");
        stream.pause = Duration::from_millis(10);
        let limits = Limits { goodbye: Duration::from_millis(50), ..Limits::default() };
        let mut driver = Driver::new(stream, Toy::new).with_limits(limits);
        driver.machine().answer(&[b'x'; 1000]);
        driver.machine().expire(Instant::ORIGIN + Toy::PATIENCE);
        assert!(matches!(driver.next(), Err(Error::Protocol(Late))));
        let taken = driver.stream().taken;
        assert!((1..50).contains(&taken), "{taken} octets");
    }

    /// Owes something; when its deadline passes, it has an event to tell, and then goes on.
    struct Tardy {
        output: BytesMut,
        late: Option<bool>,
    }

    impl Tardy {
        fn new(_: Instant) -> Self {
            Self { output: BytesMut::from("xyz"), late: None }
        }
    }

    impl Machine for Tardy {
        type Event = ();
        type Error = Late;
        fn receive(&mut self, _: Instant, _: &[u8]) {}
        fn receive_eof(&mut self) {}
        fn poll(&mut self) -> Result<Step<()>, Late> {
            match self.late.replace(false) {
                Some(true) => Ok(Step::Event(())),
                _ => Ok(Step::Closed),
            }
        }
        fn output(&mut self) -> &mut BytesMut {
            &mut self.output
        }
        fn deadline(&self) -> Option<Instant> {
            self.late.is_none().then(|| Instant::ORIGIN + Toy::PATIENCE)
        }
        fn expire(&mut self, _: Instant) {
            self.late = Some(true);
        }
        fn secured(&mut self) {}
    }
}
