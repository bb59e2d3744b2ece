//! The message, as it comes in.
use proto_core::Step;
use proto_core::dot::{Bare, Piece};

use super::state::{Chunk, Owed, State};
use super::{Event, Refusal, Session};
use crate::Error;

impl Session {
    /// Makes progress with a message that ends in a dot.
    pub(super) fn hear_body(&mut self) -> Result<Option<Step<Event>>, Error> {
        let limits = &self.config.limits;
        let most = limits.message_size.saturating_add(limits.discarded);
        if self.message_size() > most {
            return Err(Error::EndlessMessage);
        }
        let State::Body(unstuffer) = &mut self.state else { return Ok(None) };
        let Some(piece) = unstuffer.next(&mut self.input) else { return self.want_more() };
        self.timer.restart();
        let data = match piece {
            Piece::End(bare) => return Ok(Some(Step::Event(self.end_message(bare)))),
            Piece::Data(data) => data,
        };
        let message = self.transaction.as_mut().and_then(|it| it.message.as_mut());
        let data = message.map(|message| message.take(data, &self.config)).unwrap_or_default();
        Ok((!data.is_empty()).then(|| Step::Event(Event::Body(data))))
    }

    /// Makes progress with a chunk.
    pub(super) fn hear_chunk(&mut self, chunk: Chunk) -> Result<Option<Step<Event>>, Error> {
        if chunk.left == 0 {
            return Ok(self.end_chunk(chunk.last).map(Step::Event));
        }
        let Some(data) = self.input.take(chunk.left) else { return self.want_more() };
        self.timer.restart();
        let left = chunk.left.saturating_sub(data.len() as u64);
        self.state = State::Chunk(Chunk { left, ..chunk });
        let Some(transaction) = &mut self.transaction else { return Ok(None) };
        let binary = transaction.binary;
        let message = transaction.message.as_mut();
        let data =
            message.map(|it| it.take_counted(data, binary, &self.config)).unwrap_or_default();
        Ok((!data.is_empty()).then(|| Step::Event(Event::Body(data))))
    }

    /// Throws away what is left of a chunk.
    pub(super) fn skip_chunk(&mut self, left: u64) -> Result<Option<Step<Event>>, Error> {
        if left == 0 {
            self.state = State::Command;
            return Ok(None);
        }
        let Some(data) = self.input.take(left) else { return self.want_more() };
        self.timer.restart();
        self.state = State::Skip(left.saturating_sub(data.len() as u64));
        Ok(None)
    }

    /// How many octets of the message have come.
    pub(super) fn message_size(&self) -> u64 {
        let message = self.transaction.as_ref().and_then(|it| it.message.as_ref());
        message.map_or(0, super::message::Message::size)
    }

    /// Ends the message: is it one that can be taken?
    pub(super) fn end_message(&mut self, bare: Option<Bare>) -> Event {
        let message = self.transaction.as_mut().and_then(|it| it.message.take());
        match message.and_then(|message| message.refusal(bare, &self.config)) {
            Some(refusal) => {
                self.refuse(refusal);
                Event::BodyRefused(refusal)
            }
            None if self.config.lmtp => {
                self.state = State::Verdicts(0);
                Event::BodyEnd
            }
            None => {
                self.state = State::Owed(Owed::Body);
                Event::BodyEnd
            }
        }
    }

    /// LMTP: asks for the next recipient's verdict.
    pub(super) fn next_verdict(&mut self, next: usize) -> Option<Step<Event>> {
        let path = self.transaction.as_ref().and_then(|it| it.paths.get(next)).cloned();
        match path {
            Some(path) => {
                self.state = State::Owed(Owed::Verdict(next));
                Some(Step::Event(Event::Verdict(path)))
            }
            None => {
                self.transaction = None;
                self.state = State::Command;
                None
            }
        }
    }

    /// RFC 3030 §2: each chunk has its reply; the last one's is the message's.
    fn end_chunk(&mut self, last: bool) -> Option<Event> {
        if last {
            return Some(self.end_message(None));
        }
        self.answer(250, "2.0.0", "chunk received");
        self.state = State::Command;
        None
    }

    /// Refuses the whole message.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.state = State::Command;
        match refusal {
            Refusal::TooLarge => self.answer_all(552, "5.3.4", "message too large"),
            // RFC 5321 §2.3.8: they MUST NOT be sent.
            Refusal::Bare(bare) => self.answer_all(550, "5.6.0", &alloc::format!("{bare}")),
            Refusal::LongLine => self.answer_all(550, "5.6.0", "line too long"),
        }
        self.transaction = None;
    }

    /// Answers a whole message: once, or in LMTP for each recipient (RFC 2033 §4.2).
    pub(super) fn answer_all(&mut self, code: u16, enhanced: &str, text: &str) {
        let recipients = self.transaction.as_ref().map_or(0, |it| it.paths.len());
        for _ in 0..recipients.max(1) {
            self.answer(code, enhanced, text);
        }
    }

    fn want_more(&self) -> Result<Option<Step<Event>>, Error> {
        if self.eof { Err(Error::UnexpectedEof) } else { Ok(Some(Step::NeedInput)) }
    }
}
