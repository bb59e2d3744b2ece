//! Datagrams in and out, by as few calls of the system as it has.
use core::net::SocketAddr;
use std::io;
use std::vec;
use std::vec::Vec;

use ::tokio::net::UdpSocket;
use bytes::BytesMut;

/// Datagrams that are read at once.
pub(super) const DATAGRAMS: usize = 32;

/// Octets from the begin of one place to the next: the longest datagram, and a line of the cache
/// more, for places that lie alike would push each other out of it. The system gives memory to
/// what is used.
const PLACE: usize = (1 << 16) + 64;

/// What has been read from a socket, and what is to be sent by it.
#[derive(Debug)]
pub(super) struct Batch {
    octets: Vec<u8>,
    /// How long each datagram is, and where it is from.
    received: Vec<(usize, SocketAddr)>,
    answers: Answers,
}

/// Datagrams that are to be sent, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Answers {
    octets: BytesMut,
    /// Where each ends, and where it goes.
    ends: Vec<(usize, SocketAddr)>,
}

impl Batch {
    pub(super) fn new() -> Self {
        let octets = vec![0; DATAGRAMS * PLACE];
        Self { octets, received: Vec::with_capacity(DATAGRAMS), answers: Answers::default() }
    }

    /// Reads what there is, and says whether there may be more.
    ///
    /// # Errors
    ///
    /// When nothing could be read.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<bool> {
        self.received.clear();
        system::receive(socket, &mut self.octets, &mut self.received)?;
        Ok(self.received.len() == DATAGRAMS)
    }

    /// Shows each datagram to who answers, and sends what he makes of them.
    pub(super) fn answer(
        &mut self,
        socket: &UdpSocket,
        mut answer: impl FnMut(&[u8], SocketAddr, &mut Answers),
    ) {
        for (place, &(length, from)) in self.octets.chunks(PLACE).zip(&self.received) {
            answer(place.get(..length).unwrap_or_default(), from, &mut self.answers);
        }
        // A full queue of the system drops datagrams, as networks do.
        let _ = self.answers.send(socket);
        self.answers.octets.clear();
        self.answers.ends.clear();
    }
}

impl Answers {
    /// Lends the place where an answer is appended.
    pub(super) const fn octets(&mut self) -> &mut BytesMut {
        &mut self.octets
    }

    /// Addresses what has been appended since the last one, and returns it; nothing goes nowhere.
    pub(super) fn close(&mut self, to: SocketAddr) -> &[u8] {
        let start = self.ends.last().map_or(0, |&(end, _)| end);
        if start < self.octets.len() {
            self.ends.push((self.octets.len(), to));
        }
        self.octets.get(start..).unwrap_or_default()
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], SocketAddr)> {
        let starts = core::iter::once(0).chain(self.ends.iter().map(|&(end, _)| end));
        let octets = |start: usize, end: usize| self.octets.get(start..end).unwrap_or_default();
        starts.zip(&self.ends).map(move |(start, &(end, to))| (octets(start, end), to))
    }

    fn send(&self, socket: &UdpSocket) -> io::Result<()> {
        match self.ends.as_slice() {
            [] => Ok(()),
            [(_, to)] => socket.try_send_to(&self.octets, *to).map(drop),
            _ => system::send(socket, self),
        }
    }
}

/// By `recvmmsg` and `sendmmsg`.
#[cfg(target_os = "linux")]
mod system {
    use core::net::SocketAddr;
    use std::io::{self, IoSlice, IoSliceMut};
    use std::os::fd::AsRawFd;
    use std::vec::Vec;

    use ::tokio::io::Interest;
    use ::tokio::net::UdpSocket;
    use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};

    use super::{Answers, DATAGRAMS, PLACE};

    pub(super) fn receive(
        socket: &UdpSocket,
        octets: &mut [u8],
        received: &mut Vec<(usize, SocketAddr)>,
    ) -> io::Result<()> {
        let mut headers = MultiHeaders::preallocate(DATAGRAMS, None);
        let mut places: Vec<_> =
            octets.chunks_mut(PLACE).map(|place| [IoSliceMut::new(place)]).collect();
        let read = socket.try_io(Interest::READABLE, || {
            let (socket, flags) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
            let messages = recvmmsg(socket, &mut headers, &mut places, flags, None)?;
            let address = |address: Option<SockaddrStorage>| address.and_then(to_address);
            received.extend(messages.filter_map(|it| Some((it.bytes, address(it.address)?))));
            // Who has read all there was need not be told so by another call: what comes now is
            // an event of its own.
            let all = received.len() < DATAGRAMS;
            if all { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match read {
            Err(_) if !received.is_empty() => Ok(()),
            read => read,
        }
    }

    pub(super) fn send(socket: &UdpSocket, answers: &Answers) -> io::Result<()> {
        let to: Vec<_> = answers.iter().map(|(_, to)| Some(SockaddrStorage::from(to))).collect();
        let octets: Vec<_> = answers.iter().map(|(octets, _)| [IoSlice::new(octets)]).collect();
        let (mut to, mut octets) = (to.as_slice(), octets.as_slice());
        while !octets.is_empty() {
            let sent = socket.try_io(Interest::WRITABLE, || {
                let (socket, flags) = (socket.as_raw_fd(), MsgFlags::MSG_DONTWAIT);
                let mut headers = MultiHeaders::preallocate(octets.len(), None);
                Ok(sendmmsg(socket, &mut headers, octets, to, [], flags)?.count())
            });
            let sent = match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                // The first cannot be sent, as none can to port 0: those behind it shall be.
                Err(_) => 1,
                Ok(sent) => sent.max(1),
            };
            octets = octets.get(sent..).unwrap_or_default();
            to = to.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    fn to_address(address: SockaddrStorage) -> Option<SocketAddr> {
        let four = address.as_sockaddr_in().map(|&address| SocketAddr::V4(address.into()));
        four.or_else(|| address.as_sockaddr_in6().map(|&address| SocketAddr::V6(address.into())))
    }
}

/// One by one.
#[cfg(not(target_os = "linux"))]
mod system {
    use core::net::SocketAddr;
    use std::io;
    use std::vec::Vec;

    use ::tokio::net::UdpSocket;

    use super::{Answers, PLACE};

    pub(super) fn receive(
        socket: &UdpSocket,
        octets: &mut [u8],
        received: &mut Vec<(usize, SocketAddr)>,
    ) -> io::Result<()> {
        for place in octets.chunks_mut(PLACE) {
            match socket.try_recv_from(place) {
                Ok(datagram) => received.push(datagram),
                Err(_) if !received.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(super) fn send(socket: &UdpSocket, answers: &Answers) -> io::Result<()> {
        for (octets, to) in answers.iter() {
            match socket.try_send_to(octets, to) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
