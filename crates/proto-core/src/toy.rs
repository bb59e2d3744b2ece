//! A small session for the tests of this crate: it greets, tells each line, waits for the answer,
//! and gives a silent peer 300 ms. `tls` is a line that asks for TLS, `deflate` one that asks for
//! compression.
use bytes::{Bytes, BytesMut};
use core::time::Duration;

use crate::{ChannelBinding, Input, Instant, Machine, Step};

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("nothing was said for too long")]
pub(crate) struct Late;

#[derive(Debug)]
pub(crate) struct Toy {
    input: Input,
    output: BytesMut,
    at: Instant,
    owed: bool,
    tls: bool,
    deflate: bool,
    eof: bool,
    failed: bool,
    channel: Option<ChannelBinding>,
}

impl Toy {
    pub(crate) const PATIENCE: Duration = Duration::from_millis(300);

    pub(crate) fn new(now: Instant) -> Self {
        let (input, output) = (Input::default(), BytesMut::from("hello\r\n"));
        Self {
            input,
            output,
            at: now,
            owed: false,
            tls: false,
            deflate: false,
            eof: false,
            failed: false,
            channel: None,
        }
    }

    pub(crate) fn answer(&mut self, line: &[u8]) {
        self.output.extend_from_slice(line);
        self.output.extend_from_slice(b"\r\n");
        self.owed = false;
        self.tls = line == b"tls";
        self.deflate = line == b"deflate";
    }

    pub(crate) fn is_owed(&self) -> bool {
        self.owed
    }

    pub(crate) fn channel(&self) -> Option<&ChannelBinding> {
        self.channel.as_ref()
    }

    pub(crate) fn buffered(&self) -> usize {
        self.input.len()
    }

    pub(crate) fn awaits_tls(&self) -> bool {
        self.tls
    }
}

impl Machine for Toy {
    type Event = Bytes;
    type Error = Late;
    fn receive(&mut self, now: Instant, bytes: &[u8]) {
        self.at = now;
        self.input.push(bytes);
    }
    fn receive_eof(&mut self) {
        self.eof = true;
    }
    fn poll(&mut self) -> Result<Step<Bytes>, Late> {
        if self.failed || (self.tls && !self.input.is_empty()) {
            self.failed = true;
            return Err(Late);
        }
        if self.owed || self.tls || self.deflate {
            return Ok(Step::Paused);
        }
        match self.input.lenient_line(64).ok().flatten() {
            Some(line) => {
                self.owed = true;
                Ok(Step::Event(line))
            }
            None if self.eof => Ok(Step::Closed),
            None => Ok(Step::NeedInput),
        }
    }
    fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }
    fn deadline(&self) -> Option<Instant> {
        (!self.failed).then(|| self.at + Self::PATIENCE)
    }
    fn expire(&mut self, now: Instant) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.output.extend_from_slice(b"late\r\n");
            self.failed = true;
        }
    }
    fn secured(&mut self) {
        self.tls = false;
    }
    fn compressed(&mut self) -> Option<Bytes> {
        core::mem::take(&mut self.deflate).then(|| self.input.take(u64::MAX).unwrap_or_default())
    }
    fn shut_down(&mut self) {
        self.output.extend_from_slice(b"goodbye\r\n");
        self.failed = true;
    }
    fn bind(&mut self, channel: ChannelBinding) {
        self.channel = Some(channel);
    }
}
