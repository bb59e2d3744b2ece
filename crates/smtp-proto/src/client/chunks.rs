//! A message that is sent in chunks: RFC 3030.
use core::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};
use proto_core::Step;
use proto_core::dot::{BareFilter, BarePolicy};

use super::session::State;
use super::transaction::Transaction;
use super::{Delivery, Event, Reason, Session};
use crate::{Error, Extension};

/// The chunk in the making.
#[derive(Debug)]
pub(super) struct Chunks {
    octets: BytesMut,
    filter: BareFilter,
    pub(super) asked: bool,
}

impl Chunks {
    fn new(policy: BarePolicy) -> Self {
        Self { octets: BytesMut::new(), filter: BareFilter::new(policy), asked: false }
    }
}

impl Session {
    pub(super) fn begin_chunks(&mut self) {
        let binary = self.transaction.as_ref().is_some_and(Transaction::is_binary);
        let policy = if binary { BarePolicy::Pass } else { self.config.bare };
        self.state = State::Chunks(Chunks::new(policy));
    }

    /// Whether the message can follow the envelope at once.
    pub(super) fn may_begin_chunks(&self) -> bool {
        self.is_pipelining()
            && self.transaction.as_ref().is_some_and(|transaction| {
                transaction.is_chunked() && transaction.is_asked() && !transaction.is_hopeless()
            })
    }

    /// Asks for the next piece, if a chunk may be made now; `None` if a reply has to come first.
    pub(super) fn want_chunk(&mut self) -> Option<Step<Event>> {
        let pipelining = self.is_pipelining();
        let full = self.is_full();
        let transaction = self.transaction.as_ref();
        let hopeless = transaction.is_none_or(Transaction::is_hopeless);
        let heard = transaction.is_none_or(Transaction::is_heard);
        let may = transaction.is_some_and(|transaction| transaction.may_chunk(pipelining));
        let State::Chunks(chunks) = &mut self.state else { return None };
        if chunks.asked {
            return Some(Step::Paused);
        }
        if hopeless {
            // The server may wait for the rest of a message for nobody: RSET tells it.
            if heard {
                self.dirty = true;
                self.conclude();
            }
            return None;
        }
        if !may {
            return None;
        }
        if full {
            return Some(Step::NeedInput);
        }
        chunks.asked = true;
        Some(Step::Event(Event::SendBody))
    }

    /// Takes a piece into the chunk.
    pub(super) fn take_piece(&mut self, piece: &[u8]) {
        let State::Chunks(chunks) = &mut self.state else { return };
        chunks.asked = false;
        let policy = self.config.bare;
        let piece = chunks.filter.filter(Bytes::copy_from_slice(piece));
        chunks.octets.put_slice(&piece);
        let bare = chunks.filter.found().filter(|_| self.rejects_bare(policy));
        if let Some(bare) = bare {
            return self.give_up_chunks(Reason::Bare(bare));
        }
        let State::Chunks(chunks) = &mut self.state else { return };
        if chunks.octets.len() >= self.config.limits.chunk {
            let octets = chunks.octets.split();
            self.write_chunk(&octets, false);
        }
    }

    /// Writes the last chunk.
    pub(super) fn end_chunks(&mut self, chunks: Chunks) {
        let rejects = self.rejects_bare(self.config.bare);
        match chunks.filter.finish().filter(|_| rejects) {
            Some(bare) => {
                self.begin_chunks();
                self.give_up_chunks(Reason::Bare(bare));
            }
            None => {
                self.write_chunk(&chunks.octets, true);
                self.state = State::End;
            }
        }
    }

    /// The message cannot go on; unlike one with dots, it need not cost the session.
    fn give_up_chunks(&mut self, reason: Reason) {
        if let Some(transaction) = &mut self.transaction {
            transaction.give_up(&Delivery::Unsent(reason));
        }
    }

    fn write_chunk(&mut self, octets: &[u8], last: bool) {
        let mark = if last { " LAST" } else { "" };
        let _ = write!(self.output, "BDAT {}{mark}\r\n", octets.len());
        self.output.put_slice(octets);
        if let Some(transaction) = &mut self.transaction {
            transaction.note_chunk(last);
        }
    }

    fn rejects_bare(&self, policy: BarePolicy) -> bool {
        let binary = self.transaction.as_ref().is_some_and(Transaction::is_binary);
        policy == BarePolicy::Reject && !binary
    }

    fn is_pipelining(&self) -> bool {
        self.capabilities.extensions.contains(Extension::Pipelining)
    }

    /// Takes a reply to the envelope or to a chunk, while chunks are made or after the last.
    pub(super) fn hear_chunked(&mut self, reply: crate::Reply) -> Result<(), Error> {
        let ended = matches!(self.state, State::End);
        // A yes before the whole message was written is none.
        let early = ended && !self.output.is_empty() && reply.is_positive();
        let Some(transaction) = &mut self.transaction else {
            return Err(Error::UnexpectedReply(reply));
        };
        if early && transaction.stage() == crate::Stage::Body || !transaction.hear(&reply) {
            return Err(Error::UnexpectedReply(reply));
        }
        if ended && transaction.is_heard() {
            self.dirty = transaction.is_hopeless();
            self.conclude();
        }
        Ok(())
    }
}
