//! Connections by TLS, by whichever library the application has.
//!
//! A TLS stream cannot be cut in two as a TCP one can: reading may have to write. So one thread does
//! both. It waits for whatever comes first, a message to be sent or octets that another thread has
//! received for it; its reads take what has come and never wait.
use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::boxed::Box;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, mpsc};
use std::vec;

use bytes::{Buf, Bytes, BytesMut};
use proto_core::blocking::{BoxStream, Stream};

use crate::blocking::socket::{Ear, Open, STALL, framed, is_late, spawn};
use crate::stub::Server;

/// Makes TLS of a connection with a server.
pub(super) type Connect = dyn Fn(&Server, BoxStream) -> io::Result<BoxStream> + Send + Sync;

/// How servers are spoken with by TLS, and which these are.
#[derive(Clone)]
pub(super) struct Secure {
    pub(super) connect: Arc<Connect>,
    pub(super) servers: Arc<[Server]>,
}

/// What wakes a connection's thread.
#[derive(Debug)]
pub(super) enum Wake {
    /// A message to be sent.
    Message(Bytes),
    /// Octets that have been received, which are in the other queue; or there are to be no more.
    Octets,
    /// Nobody cares any more.
    Stop,
}

/// Pieces that wait to be read; more wait in the socket.
const PIECES: usize = 4;
/// The octets of a piece: a TLS record's.
const PIECE: usize = 1 << 14;

impl Secure {
    /// Connects, and carries messages until either end has enough.
    pub(super) fn run(
        &self,
        to: SocketAddr,
        (wakes, waking): (&mpsc::Receiver<Wake>, mpsc::Sender<Wake>),
        open: &Open,
        ear: &Ear,
    ) -> io::Result<()> {
        let server = self.servers.iter().find(|server| server.address() == to);
        let server = server.ok_or(io::ErrorKind::Unsupported)?;
        let socket = TcpStream::connect_timeout(&to, STALL)?;
        socket.set_write_timeout(Some(STALL))?;
        // RFC 7766 §8: small messages do not wait for each other.
        socket.set_nodelay(true)?;
        let patient = Arc::new(AtomicBool::new(true));
        let (pieces, queue) = mpsc::sync_channel(PIECES);
        let wire = Wire {
            socket: socket.try_clone()?,
            queue,
            piece: Bytes::new(),
            patient: Arc::clone(&patient),
            patience: STALL,
            open: open.clone(),
        };
        let mut reader = socket.try_clone()?;
        spawn(move || listen(&mut reader, &pieces, &waking))?;
        let carried = (self.connect)(server, Box::new(wire))
            .and_then(|stream| Connection { stream, patient }.carry(wakes, open, ear));
        // Which ends the other thread.
        let _ = socket.shutdown(Shutdown::Both);
        carried
    }
}

/// A TLS stream, and whether its reads may wait at present.
struct Connection {
    stream: BoxStream,
    patient: Arc<AtomicBool>,
}

impl Connection {
    fn carry(mut self, wakes: &mpsc::Receiver<Wake>, open: &Open, ear: &Ear) -> io::Result<()> {
        let mut received = BytesMut::new();
        for wake in wakes {
            match wake {
                Wake::Message(message) => self.send(&message)?,
                Wake::Octets if self.receive(&mut received, open, ear)? => {}
                Wake::Octets | Wake::Stop => return Ok(()),
            }
        }
        Ok(())
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        // A library that shakes hands late reads here.
        self.patient.store(true, Ordering::Relaxed);
        // The length in the same record (RFC 7858 §3.3).
        self.stream.write_all(&[&length.to_be_bytes(), message].concat())?;
        self.stream.flush()
    }

    /// Reads what has come, and tells of each message; says whether there may be more.
    fn receive(&mut self, into: &mut BytesMut, open: &Open, ear: &Ear) -> io::Result<bool> {
        self.patient.store(false, Ordering::Relaxed);
        let mut piece = vec![0; PIECE];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(false),
                Ok(length) => into.extend_from_slice(piece.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_late(&error) => return Ok(true),
                Err(error) => return Err(error),
            }
            while let Some(message) = framed(into) {
                // A server that never pauses is not listened to for ever.
                if open.is_closed() || !ear.tell(Some(message)) {
                    return Ok(false);
                }
            }
        }
    }
}

/// Receives octets for the other thread.
fn listen(socket: &mut TcpStream, pieces: &mpsc::SyncSender<Bytes>, wakes: &mpsc::Sender<Wake>) {
    let mut buffer = vec![0; PIECE];
    loop {
        let length = match socket.read(&mut buffer) {
            Err(error) if is_late(&error) => continue,
            // An empty piece is the end.
            length => length.unwrap_or_default(),
        };
        let piece = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
        if pieces.send(piece).is_err() || wakes.send(Wake::Octets).is_err() || length == 0 {
            return;
        }
    }
}

/// What TLS is made of: octets that have been received are read from a queue.
struct Wire {
    socket: TcpStream,
    queue: mpsc::Receiver<Bytes>,
    piece: Bytes,
    /// Whether a read waits for what has not come.
    patient: Arc<AtomicBool>,
    patience: Duration,
    open: Open,
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // However long a server takes for its half of a handshake.
        if self.open.is_closed() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if self.piece.is_empty() {
            let wait =
                if self.patient.load(Ordering::Relaxed) { self.patience } else { Duration::ZERO };
            self.piece = match self.queue.recv_timeout(wait) {
                Ok(piece) => piece,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(0),
            };
        }
        let length = self.piece.len().min(into.len());
        if let Some(place) = into.get_mut(..length) {
            self.piece.copy_to_slice(place);
        }
        Ok(length)
    }
}

impl Write for Wire {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.socket.write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Stream for Wire {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.patience = timeout.map_or(STALL, |timeout| timeout.min(STALL));
        self.socket.set_write_timeout(Some(self.patience))
    }
}
