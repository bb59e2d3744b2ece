//! The contract of stream protocols.
use bytes::{Bytes, BytesMut};

use crate::{ChannelBinding, Instant};

/// One end of one connection, without the connection.
///
/// Bytes go in by [`receive`](Self::receive), bytes come out of [`output`](Self::output), and
/// everything in between is a [`Step`]. A machine never blocks, never reads a clock, draws no
/// random number, and reserves no memory in proportion to what a peer merely *announces*.
///
/// Calls may come in any order and any number; splitting the input differently never changes
/// the events, the output or the error.
///
/// ```
/// use bytes::BytesMut;
/// use proto_core::{Input, Instant, LineError, Machine, Step};
///
/// /// Repeats what it is told (RFC 862), a line at a time.
/// #[derive(Default)]
/// struct Echo { input: Input, output: BytesMut, eof: bool }
///
/// impl Machine for Echo {
///     type Event = usize;
///     type Error = LineError;
///     fn receive(&mut self, _: Instant, bytes: &[u8]) { self.input.push(bytes) }
///     fn receive_eof(&mut self) { self.eof = true }
///     fn poll(&mut self) -> Result<Step<usize>, LineError> {
///         match self.input.line(1000)? {
///             Some(line) => {
///                 self.output.extend_from_slice(&line);
///                 self.output.extend_from_slice(b"\r\n");
///                 Ok(Step::Event(line.len()))
///             }
///             None if self.eof => Ok(Step::Closed),
///             None => Ok(Step::NeedInput),
///         }
///     }
///     fn output(&mut self) -> &mut BytesMut { &mut self.output }
///     fn deadline(&self) -> Option<Instant> { None }
///     fn expire(&mut self, _: Instant) {}
///     fn secured(&mut self) {}
/// }
///
/// let mut echo = Echo::default();
/// echo.receive(Instant::ORIGIN, b"hel");
/// assert_eq!(echo.poll(), Ok(Step::NeedInput));
/// echo.receive(Instant::ORIGIN, b"lo\r\n");
/// assert_eq!(echo.poll(), Ok(Step::Event(5)));
/// assert_eq!(&echo.output()[..], b"hello\r\n");
/// ```
pub trait Machine {
    /// What the application hears about. Owned: no lifetime, no borrow of the machine.
    type Event;
    /// Why the session cannot go on. A peer's recoverable mistakes are not errors.
    type Error: core::error::Error + Send + Sync + 'static;

    /// Takes octets that arrived from the peer. Stores them; parses nothing; cannot fail.
    fn receive(&mut self, now: Instant, bytes: &[u8]);

    /// Notes that the peer will send no more.
    fn receive_eof(&mut self);

    /// Makes progress, and says what to do next.
    ///
    /// Polling again without any other call says the same again. A machine may hold back while
    /// much is owed to the peer, a long listing say; so poll once more when the output has been
    /// written, before reading.
    ///
    /// # Errors
    /// The session is over and every later call says so again. The goodbye, if the protocol has
    /// one, is in the output: write it, then close.
    fn poll(&mut self) -> Result<Step<Self::Event>, Self::Error>;

    /// The octets owed to the peer: take from the front what has been written.
    fn output(&mut self) -> &mut BytesMut;

    /// When to call [`expire`](Self::expire), if nothing happens before.
    fn deadline(&self) -> Option<Instant>;

    /// Notes that the time is `now`. At or after the deadline, the deadline moves or goes.
    fn expire(&mut self, now: Instant);

    /// Notes that the transport below is encrypted from here on.
    fn secured(&mut self);

    /// Notes that the transport below is compressed from here on (RFC 4978), and gives back what
    /// was received and not consumed: it is compressed, and comes again by
    /// [`receive`](Self::receive) as what it means. `None` from a machine that has not agreed on
    /// that, or knows nothing of it: then nothing changes.
    fn compressed(&mut self) -> Option<Bytes> {
        None
    }

    /// Notes that the application wants to end. A server finishes what it is at, and says goodbye
    /// when it would next wait for its client; then it has failed, as after a time-out.
    fn shut_down(&mut self) {}

    /// Notes what names the encrypted channel below: told just before [`secured`](Self::secured),
    /// or to a session that begins encrypted. A session that authenticates nobody need not care.
    fn bind(&mut self, channel: ChannelBinding) {
        let _ = channel;
    }
}

/// What to do next, as told by [`Machine::poll`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "a step says what the machine is waiting for"]
pub enum Step<E> {
    /// Something happened; look at it, then poll again.
    Event(E),
    /// Write the output and, if there was some, poll again; otherwise read from the peer.
    NeedInput,
    /// The application owes an answer. Nothing is parsed meanwhile, so a peer that pipelines
    /// waits, and what it may send is bounded by what the driver reads.
    Paused,
    /// The session is over: write the output, then close.
    Closed,
}
