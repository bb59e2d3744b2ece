//! Runs one session with its application, and keeps what came of it.
use alloc::{format, string::String, string::ToString, vec::Vec};
use core::time::Duration;

use bytes::{BufMut, BytesMut};

use super::{
    Subject,
    expected::{Expected, Line},
};
use crate::{Instant, Machine, Step};

/// What a session did: equal for equal input, however that was cut.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Transcript {
    /// The events, printed; neighbouring pieces of a body are one.
    pub events: Vec<String>,
    /// The octets written.
    pub wire: Vec<u8>,
    /// The error that ended the session.
    pub error: Option<String>,
    /// Whether the session said that it is over.
    pub closed: bool,
}

/// More rounds than any honest session takes on the inputs of a test.
const ROUNDS: usize = 1_000_000;

pub(super) struct Engine<'a, S: Subject> {
    subject: &'a S,
    pub(super) machine: S::Machine,
    pub(super) now: Instant,
    expected: &'a [Line],
    last: Option<<S::Machine as Machine>::Event>,
    body: BytesMut,
    pub(super) transcript: Transcript,
}

impl<'a, S: Subject> Engine<'a, S> {
    pub(super) fn new(subject: &'a S, expected: &'a [Line]) -> Self {
        let now = Instant::ORIGIN;
        let machine = subject.start(now);
        let (last, body, transcript) = Default::default();
        let mut engine = Self { subject, machine, now, expected, last, body, transcript };
        engine.settle();
        engine
    }

    pub(super) fn feed(&mut self, octets: &[u8]) {
        self.machine.receive(self.now, octets);
        self.settle();
        let (held, bound) = (S::buffered(&self.machine), self.subject.bound());
        assert!(
            held <= bound + octets.len() || self.is_waiting(),
            "memory: {held} octets are held, {bound} and one read allowed"
        );
    }

    pub(super) fn eof(&mut self) {
        self.machine.receive_eof();
        self.settle();
    }

    pub(super) fn secured(&mut self) {
        self.machine.secured();
        self.settle();
    }

    /// Lets time pass: each deadline on the way is kept.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.machine.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.machine.expire(self.now);
            let next = self.machine.deadline();
            assert!(
                next.is_none_or(|next| next > at),
                "expire({at:?}) left the deadline at {next:?}"
            );
            self.settle();
        }
        self.now = end;
    }

    /// Polls and answers until the session wants something from outside.
    pub(super) fn settle(&mut self) {
        for _ in 0..ROUNDS {
            let polled = self.machine.poll();
            let output = self.machine.output().split();
            self.transcript.wire.put_slice(&output);
            match polled {
                Ok(Step::Event(event)) => self.note(event),
                Ok(Step::NeedInput) if !output.is_empty() => {}
                Ok(Step::Paused) if self.answer() => {}
                Ok(step) => {
                    self.flush_body();
                    self.transcript.closed = step == Step::Closed;
                    return self.check_idle(&Ok(step));
                }
                Err(error) => {
                    self.flush_body();
                    self.transcript.error = Some(error.to_string());
                    return self.check_idle(&Err(error));
                }
            }
        }
        panic!("the session does not come to rest");
    }

    /// The transcript, once everything is said.
    pub(super) fn finish(mut self) -> Transcript {
        self.flush_body();
        self.transcript
    }

    fn is_waiting(&mut self) -> bool {
        !matches!(self.machine.poll(), Ok(Step::NeedInput))
    }

    fn answer(&mut self) -> bool {
        let written = self.transcript.wire.len();
        let mut expected = Expected::after(self.expected, written);
        self.subject.answer(&mut self.machine, self.last.as_ref(), &mut expected)
    }

    fn note(&mut self, event: <S::Machine as Machine>::Event) {
        if let Some(piece) = S::body(&event) {
            self.body.put_slice(piece);
        } else {
            self.flush_body();
            self.transcript.events.push(format!("{event:?}"));
        }
        self.last = Some(event);
    }

    /// Body pieces are printed when something else happens, so that where they were cut does not
    /// show; a rest between two pieces does not show either.
    fn flush_body(&mut self) {
        if self.body.is_empty() {
            return;
        }
        let piece = self.body.split().escape_ascii().to_string();
        match self.transcript.events.last_mut() {
            Some(last) if last.starts_with("body: ") => last.push_str(&piece),
            _ => self.transcript.events.push(format!("body: {piece}")),
        }
    }

    /// Law: polling an idle or failed session again says the same and writes nothing.
    fn check_idle(&mut self, polled: &Polled<S>) {
        let again = self.machine.poll();
        assert!(again == *polled, "an idle poll said {polled:?}, and then {again:?}");
        assert!(self.machine.output().is_empty(), "an idle poll wrote something");
    }
}

type Polled<S> = Result<
    Step<<<S as Subject>::Machine as Machine>::Event>,
    <<S as Subject>::Machine as Machine>::Error,
>;
