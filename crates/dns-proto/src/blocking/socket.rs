//! Sockets, each with a thread of its own that tells what arrives.
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::sync::{Arc, mpsc};
use std::thread;
use std::vec;
use std::vec::Vec;

use bytes::{Buf, Bytes, BytesMut};
use proto_core::{Flow, Transport};
use socket2::SockRef;

use crate::blocking::tls::{Secure, Wake};
use crate::blocking::worker::Input;

/// How long a thread listens before it looks whether anybody cares, where closing a socket does
/// not wake it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection may take to be there, and to take a message. A query does not wait for it
/// as long.
pub(super) const STALL: Duration = Duration::from_secs(10);

/// An open flow, which is closed when this is dropped.
#[derive(Debug)]
pub(super) enum Socket {
    Udp(Arc<UdpSocket>, Open),
    /// The thread that writes.
    Tcp(mpsc::Sender<Bytes>, Open),
    /// The thread that does everything.
    Tls(mpsc::Sender<Wake>, Open),
}

/// Whether anybody cares any more.
#[derive(Clone, Debug, Default)]
pub(super) struct Open(Arc<AtomicBool>);

impl Open {
    fn close(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where a flow's threads tell what has happened.
#[derive(Clone, Debug)]
pub(super) struct Ear {
    pub(super) flow: Flow,
    pub(super) inputs: mpsc::Sender<Input>,
}

impl Ear {
    /// Says what has come; whether anybody is there to hear it.
    pub(super) fn tell(&self, message: Option<Bytes>) -> bool {
        self.inputs.send(Input::Arrived(self.flow, message)).is_ok()
    }
}

impl Socket {
    /// Opens a flow.
    pub(super) fn open(
        to: SocketAddr,
        via: Transport,
        secure: Option<&Secure>,
        ear: Ear,
    ) -> io::Result<Self> {
        let open = Open::default();
        match via {
            Transport::Udp => {
                let any = match to {
                    SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                    SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
                };
                let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
                // The kernel drops what comes from elsewhere.
                socket.connect(to)?;
                socket.set_read_timeout(Some(PATIENCE))?;
                let socket = Arc::new(socket);
                let (ours, theirs) = (Arc::clone(&socket), open.clone());
                spawn(move || udp(&ours, &theirs, &ear))?;
                Ok(Self::Udp(socket, open))
            }
            Transport::Tcp => {
                let (messages, outgoing) = mpsc::channel();
                let theirs = open.clone();
                spawn(move || {
                    // Whatever ends a flow before its owner does is a failure to it.
                    let _ = tcp(to, &outgoing, &theirs, &ear);
                    ear.tell(None);
                })?;
                Ok(Self::Tcp(messages, open))
            }
            Transport::Tls => {
                let secure = secure.ok_or(io::ErrorKind::Unsupported)?.clone();
                let (waking, wakes) = mpsc::channel();
                let (other, theirs) = (waking.clone(), open.clone());
                spawn(move || {
                    // As above.
                    let _ = secure.run(to, (&wakes, other), &theirs, &ear);
                    ear.tell(None);
                })?;
                Ok(Self::Tls(waking, open))
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Sends a message, now or when there is a connection.
    pub(super) fn send(&self, message: Bytes) -> io::Result<()> {
        match self {
            Self::Udp(socket, _) => socket.send(&message).map(|_| ()),
            Self::Tcp(messages, _) => {
                messages.send(message).map_err(|_| io::ErrorKind::BrokenPipe.into())
            }
            Self::Tls(wakes, _) => {
                let sent = wakes.send(Wake::Message(message));
                sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        match self {
            Self::Udp(socket, open) => {
                open.close();
                // It wakes who listens, on most systems.
                let _ = SockRef::from(&**socket).shutdown(Shutdown::Both);
            }
            // The writer ends with its queue, and has the reader end.
            Self::Tcp(_, open) => open.close(),
            // If its thread has ended already, so much the better.
            Self::Tls(wakes, open) => {
                open.close();
                let _ = wakes.send(Wake::Stop);
            }
        }
    }
}

pub(super) fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name("dns".into()).spawn(work).map(drop)
}

fn udp(socket: &UdpSocket, open: &Open, ear: &Ear) {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let received = socket.recv(&mut buffer);
        if open.is_closed() {
            return;
        }
        match received {
            Ok(length) => {
                let message = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
                if !ear.tell(Some(message)) {
                    return;
                }
            }
            Err(error) if is_late(&error) => {}
            // The kernel's word for "port unreachable"; the socket is of no more use.
            Err(_) => {
                ear.tell(None);
                return;
            }
        }
    }
}

fn tcp(to: SocketAddr, outgoing: &mpsc::Receiver<Bytes>, open: &Open, ear: &Ear) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&to, STALL)?;
    stream.set_write_timeout(Some(STALL))?;
    // RFC 7766 §8: small messages do not wait for each other.
    stream.set_nodelay(true)?;
    let (mut reader, ours, theirs) = (stream.try_clone()?, open.clone(), ear.clone());
    spawn(move || {
        let _ = listen(&mut reader, &ours, &theirs);
        if !ours.is_closed() {
            theirs.tell(None);
        }
    })?;
    let write = outgoing.iter().try_for_each(|message| {
        let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        // The length in the same segment (RFC 7766 §8).
        stream.write_all(&[&length.to_be_bytes(), &message[..]].concat())
    });
    stream.shutdown(Shutdown::Both)?;
    write
}

fn listen(stream: &mut TcpStream, open: &Open, ear: &Ear) -> io::Result<()> {
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        // What is announced is not reserved: the vector grows with what arrives.
        let (mut message, length) = (Vec::new(), u16::from_be_bytes(length));
        let got = Read::by_ref(stream).take(u64::from(length)).read_to_end(&mut message)?;
        if got < usize::from(length) || open.is_closed() || !ear.tell(Some(message.into())) {
            return Ok(());
        }
    }
}

/// Takes the first message of what has been received, if it is there whole.
pub(super) fn framed(received: &mut BytesMut) -> Option<Bytes> {
    let length = usize::from(u16::from_be_bytes(*received.first_chunk()?));
    if received.len() < 2 + length {
        return None;
    }
    received.advance(2);
    Some(received.split_to(length).freeze())
}

pub(super) fn is_late(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}
