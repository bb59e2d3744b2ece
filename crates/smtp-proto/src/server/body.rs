//! The message, as it comes in.
use bytes::Bytes;
use proto_core::dot::{BarePolicy, Piece, Unstuffer};
use proto_core::{Input, Step};

use super::{Config, Event, Refusal, Session};
use crate::Error;
use crate::server::state::{Owed, State};

#[derive(Debug)]
pub(super) struct Incoming {
    unstuffer: Unstuffer,
    size: u64,
    refusal: Option<Refusal>,
}

impl Incoming {
    pub(super) fn new(config: &Config) -> Self {
        Self { unstuffer: Unstuffer::new(config.bare), size: 0, refusal: None }
    }

    /// Takes the next piece, or learns the end.
    fn next(&mut self, input: &mut Input, config: &Config) -> Result<Option<Heard>, Error> {
        let limits = &config.limits;
        if self.size > limits.message_size.saturating_add(limits.discarded) {
            return Err(Error::EndlessMessage);
        }
        Ok(match self.unstuffer.next(input) {
            None => None,
            Some(Piece::Data(data)) => Some(Heard::Data(self.weigh(data, limits.message_size))),
            Some(Piece::End(bare)) => {
                let bare = bare.filter(|_| config.bare == BarePolicy::Reject).map(Refusal::Bare);
                Some(Heard::End(self.refusal.or(bare)))
            }
        })
    }

    /// Passes on what is within the size limit: exactly that, wherever the pieces were cut.
    fn weigh(&mut self, mut data: Bytes, limit: u64) -> Bytes {
        let room = limit.saturating_sub(self.size);
        self.size = self.size.saturating_add(data.len() as u64);
        if self.size > limit {
            self.refusal = Some(Refusal::TooLarge);
        }
        data.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        data
    }
}

enum Heard {
    /// May be empty.
    Data(Bytes),
    End(Option<Refusal>),
}

impl Session {
    /// Makes progress with the message.
    pub(super) fn hear_body(&mut self) -> Result<Option<Step<Event>>, Error> {
        let State::Body(body) = &mut self.state else { return Ok(None) };
        let heard = body.next(&mut self.input, &self.config)?;
        if heard.is_some() {
            self.timer.restart();
        }
        match heard {
            None if self.eof => Err(Error::UnexpectedEof),
            None => Ok(Some(Step::NeedInput)),
            Some(Heard::Data(data)) if data.is_empty() => Ok(None),
            Some(Heard::Data(data)) => Ok(Some(Step::Event(Event::Body(data)))),
            Some(Heard::End(None)) => {
                self.state = State::Owed(Owed::Body);
                Ok(Some(Step::Event(Event::BodyEnd)))
            }
            Some(Heard::End(Some(refusal))) => {
                self.refuse(refusal);
                Ok(Some(Step::Event(Event::BodyRefused(refusal))))
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.state = State::Command;
        self.transaction = None;
        match refusal {
            Refusal::TooLarge => self.answer(552, "5.3.4", "message too large"),
            // RFC 5321 §2.3.8: they MUST NOT be sent.
            Refusal::Bare(bare) => self.answer(550, "5.6.0", &alloc::format!("{bare}")),
        }
    }
}
