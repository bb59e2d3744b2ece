//! A transaction: what is asked, the message, and what came of it.
use bytes::BufMut;
use proto_core::Step;
use proto_core::dot::Stuffer;

use super::session::State;
use super::transaction::{Next, Transaction};
use super::{Delivery, Event, Session};
use crate::{Error, Extension, Reply, Stage};

impl Session {
    /// Asks for the next piece of the message, once there is room for it. Nothing is read
    /// meanwhile: a verdict that comes early is heard after the last dot, or when the server has
    /// closed the connection.
    pub(super) fn want_body(&mut self) -> Result<Step<Event>, Error> {
        if self.is_flooded() {
            return Err(Error::ReplyTooLong);
        }
        let full = self.is_full();
        match &mut self.state {
            State::Body { asked: asked @ false, .. } if !full => {
                *asked = true;
                Ok(Step::Event(Event::SendBody))
            }
            State::Body { asked: true, .. } => Ok(Step::Paused),
            _ => Ok(Step::NeedInput),
        }
    }

    /// Writes as many commands as may be outstanding, until the output is full; then there is
    /// more to ask.
    pub(super) fn write_commands(&mut self) -> bool {
        let pipelining = self.capabilities.extensions.contains(Extension::Pipelining);
        let limit = self.config.limits.output;
        let Some(transaction) = &mut self.transaction else { return false };
        while transaction.may_write(pipelining) {
            if self.output.len() >= limit {
                return true;
            }
            transaction.write_next(&mut self.output);
        }
        false
    }

    /// Moves on once every command has its reply.
    pub(super) fn conclude_asking(&mut self) -> bool {
        if self.may_begin_chunks() {
            self.begin_chunks();
            return true;
        }
        match self.transaction.as_mut().and_then(Transaction::next) {
            None => return false,
            Some(Next::Body) if self.transaction.as_ref().is_some_and(Transaction::is_chunked) => {
                self.begin_chunks();
            }
            Some(Next::Body) => {
                let stuffer = Stuffer::new(self.config.bare);
                self.state = State::Body { stuffer, asked: false };
            }
            Some(Next::LoneDot) => {
                self.output.put_slice(b".\r\n");
                self.state = State::LoneDot;
            }
            Some(Next::Over) => {
                self.dirty |= self.transaction.as_ref().is_some_and(Transaction::is_begun);
                self.conclude();
            }
        }
        true
    }

    /// Tells what came of the transaction.
    pub(super) fn conclude(&mut self) {
        self.state = State::Ready;
        self.pending = self.transaction.take().map(|it| Event::Sent(it.outcome()));
    }

    pub(super) fn hear_answer(&mut self, reply: Reply) -> Result<(), Error> {
        let transaction = self.transaction.as_mut();
        match transaction.is_some_and(|transaction| transaction.hear(&reply)) {
            true => Ok(()),
            false => Err(Error::UnexpectedReply(reply)),
        }
    }

    /// 421 may come at any time, and nothing comes after it: RFC 5321 §3.8.
    pub(super) fn hear_closing(&mut self, reply: Reply) -> Result<(), Error> {
        let stage = match &self.transaction {
            Some(transaction) if matches!(self.state, State::Asking) => transaction.stage(),
            _ => Stage::Body,
        };
        if let Some(transaction) = &mut self.transaction {
            transaction.decide(&Delivery::Refused(stage, reply.clone()));
        }
        Err(Error::Closing(reply))
    }

    /// A verdict before the message's end, and then the server closed the connection.
    pub(super) fn hear_early(&mut self, reply: Reply) -> Result<(), Error> {
        if let Some(transaction) = &mut self.transaction
            && !reply.is_positive()
        {
            transaction.decide(&Delivery::Refused(Stage::Body, reply));
        }
        Err(Error::UnexpectedEof)
    }

    pub(super) fn hear_end(&mut self, reply: Reply) -> Result<(), Error> {
        if self.transaction.as_ref().is_some_and(Transaction::is_chunked) {
            self.state = State::End;
            return self.hear_chunked(reply);
        }
        let known = match reply.code() {
            200..300 => self.output.is_empty(),
            code => matches!(code, 400..600),
        };
        if !known {
            // Not an answer to a message, so what became of it was not said.
            self.state = State::End;
            return Err(Error::UnexpectedReply(reply));
        }
        let transaction = self.transaction.as_mut();
        if transaction.is_none_or(|transaction| transaction.hear_verdict(&reply)) {
            self.dirty = false;
            self.conclude();
        } else {
            self.state = State::End;
        }
        Ok(())
    }
}
