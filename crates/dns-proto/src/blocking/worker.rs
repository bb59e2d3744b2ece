//! The thread that runs a stub.
use alloc::collections::BTreeMap;
use std::sync::mpsc;
use std::time;
use std::vec::Vec;

use bytes::Bytes;
use proto_core::{Agent, Flow, Instant, Transmit};

use crate::blocking::socket::{Ear, Socket};
use crate::blocking::tls::Secure;
use crate::name::Name;
use crate::number::RecordType;
use crate::stub::lookups::Answers;
use crate::stub::{Desk, Stub};

/// What the thread is told: by handles, and by the threads of sockets.
#[derive(Debug)]
pub(super) enum Input {
    Ask {
        questions: Vec<(Name, RecordType)>,
        reply: mpsc::Sender<Answers>,
    },
    /// A message that came on a flow, or `None` when the flow has failed.
    Arrived(Flow, Option<Bytes>),
    /// The last handle is gone.
    Stop,
}

/// A stub, its sockets, and who waits for it.
pub(super) struct Worker {
    stub: Stub,
    origin: time::Instant,
    inputs: mpsc::Receiver<Input>,
    ears: mpsc::Sender<Input>,
    sockets: BTreeMap<Flow, Socket>,
    secure: Option<Secure>,
    desk: Desk<mpsc::Sender<Answers>>,
    next: u64,
}

impl Worker {
    pub(super) fn new(stub: Stub, secure: Option<Secure>) -> (Self, mpsc::Sender<Input>) {
        let (ears, inputs) = mpsc::channel();
        let (origin, sockets, desk) = (time::Instant::now(), BTreeMap::new(), Desk::default());
        let worker =
            Self { stub, origin, inputs, ears: ears.clone(), sockets, secure, desk, next: 0 };
        (worker, ears)
    }

    pub(super) fn run(mut self) {
        loop {
            while let Some(transmit) = self.stub.transmit() {
                self.carry(transmit);
            }
            while let Some(event) = self.stub.poll() {
                if let Some((reply, answers)) = self.desk.hear(event) {
                    // Whoever has gone away does not hear it.
                    let _ = mpsc::Sender::send(&reply, answers);
                }
            }
            let wait = self.stub.deadline().map(|deadline| deadline - self.now());
            let input = match wait {
                Some(wait) => self.inputs.recv_timeout(wait),
                None => self.inputs.recv().map_err(Into::into),
            };
            let now = self.now();
            match input {
                Ok(Input::Ask { questions, reply }) => {
                    self.desk.ask((now, &mut self.stub), self.next, questions, reply);
                    self.next += 1;
                }
                Ok(Input::Arrived(flow, Some(message))) => self.stub.receive(now, flow, &message),
                Ok(Input::Arrived(flow, None)) => self.stub.fail(now, flow),
                Err(mpsc::RecvTimeoutError::Timeout) => self.stub.expire(now),
                Ok(Input::Stop) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn now(&self) -> Instant {
        Instant::ORIGIN + self.origin.elapsed()
    }

    fn carry(&mut self, transmit: Transmit) {
        match transmit {
            Transmit::Send { flow, to, via, message } => {
                let opened = self.sockets.remove(&flow).map_or_else(
                    || {
                        let ear = Ear { flow, inputs: self.ears.clone() };
                        Socket::open(to, via, self.secure.as_ref(), ear)
                    },
                    Ok,
                );
                let sent = opened.and_then(|socket| socket.send(message).map(|()| socket));
                match sent {
                    Ok(socket) => drop(self.sockets.insert(flow, socket)),
                    Err(_) => self.stub.fail(self.now(), flow),
                }
            }
            Transmit::Close(flow) => drop(self.sockets.remove(&flow)),
            _ => {}
        }
    }
}
