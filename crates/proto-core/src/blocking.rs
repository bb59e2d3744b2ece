//! Drives any [`Machine`] over std's [`Read`] and [`Write`], for people who use threads.
//!
//! One thread a connection: what is owed is written before anything is read, and time-outs on
//! the socket keep the session's deadlines. A peer that only writes and never reads is got rid
//! of by the deadline; where both ends may do that for long, use the `tokio` driver, which reads
//! and writes at once.
use alloc::vec;
use core::time::Duration;
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time,
};

use bytes::Buf;

pub use crate::driver::{Direction, Error, Limits, Observer};
use crate::{Instant, Machine, Step, driver::Ear};

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
#[derive(Debug)]
pub struct Driver<M, S> {
    machine: M,
    stream: S,
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
            let _ = self.step()?;
        }
        Ok(())
    }

    /// Writes what is owed, and swaps the stream for the one that `handshake` makes of it.
    ///
    /// # Errors
    /// The session does not wait for TLS, or the handshake failed.
    pub fn secure<T: Stream>(
        mut self,
        handshake: impl FnOnce(S) -> io::Result<T>,
    ) -> Result<Driver<M, T>, Error<M::Error>> {
        let Step::Paused = self.step()? else { return Err(Error::NotReadyForTls) };
        if !self.write_owed()? {
            return Err(Error::Io(io::ErrorKind::TimedOut.into()));
        }
        self.arm()?;
        let Self { mut machine, stream, start, limits, ear } = self;
        let stream = handshake(stream)?;
        machine.secured();
        Ok(Driver { machine, stream, start, limits, ear })
    }

    /// Says what next; if the session has failed, says goodbye first.
    fn step(&mut self) -> Result<Step<M::Event>, Error<M::Error>> {
        self.machine.poll().map_err(|error| {
            // The session is lost whether or not the peer hears why.
            let _ = self.stream.set_timeout(Some(self.limits.goodbye));
            let _ = self.stream.write_all(self.machine.output());
            let _ = self.stream.flush();
            Error::Protocol(error)
        })
    }

    /// Writes what is owed; false if the deadline passed instead.
    fn write_owed(&mut self) -> io::Result<bool> {
        while !self.machine.output().is_empty() {
            if !self.arm()? {
                return Ok(false);
            }
            match self.stream.write(self.machine.output()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    let output = self.machine.output();
                    self.ear.hear(Direction::Sent, output.get(..written).unwrap_or_default());
                    output.advance(written);
                }
                Err(error) if is_late(&error) || error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.stream.flush()?;
        Ok(true)
    }

    /// Reads once, unless the deadline passes first.
    fn read(&mut self) -> io::Result<()> {
        if !self.arm()? {
            return Ok(());
        }
        let mut space = vec![0; 16 * 1024];
        match self.stream.read(&mut space) {
            Ok(0) => self.machine.receive_eof(),
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

    /// Sets the time-out to what is left until the deadline; if nothing is, says so to the
    /// machine and returns false.
    fn arm(&mut self) -> io::Result<bool> {
        let now = self.now();
        let left = self.machine.deadline().map(|at| at - now);
        if left.is_some_and(|left| left.is_zero()) {
            self.machine.expire(now);
            return Ok(false);
        }
        self.stream.set_timeout(left)?;
        Ok(true)
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.start.elapsed()
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use std::{net::TcpListener, thread};

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
}
