//! BDAT and BURL: messages in chunks (RFC 3030), and from elsewhere (RFC 4468).
use super::message::Message;
use super::state::{Chunk, Owed, State, Transaction};
use super::{Event, Refusal, Session};
use crate::{Error, Extension, Text};

impl Session {
    /// The chunk follows whatever is answered, so what is refused is thrown away, and the
    /// session stays in step.
    pub(super) fn bdat(&mut self, size: u64, last: bool) -> Result<Option<Event>, Error> {
        if size == 0 && !last {
            self.idling()?;
        }
        let limit = self.config.limits.message_size;
        let total = self.message_size().saturating_add(size);
        let offered = self.supported().contains(Extension::Chunking);
        let chunk = Chunk { left: size, last };
        match &mut self.transaction {
            _ if !offered => {
                self.skip(size)?;
                self.mistake(502, "5.5.1", "BDAT is not offered")
            }
            None => {
                self.skip(size)?;
                self.mistake(503, "5.5.1", "bad sequence of commands")
            }
            // Neither is a mistake: a client that pipelines says BDAT before it knows.
            Some(Transaction { recipients: 0, .. }) => {
                self.refuse_chunk(chunk, 554, "5.5.1", "no valid recipients given")
            }
            Some(Transaction { spoilt: true, .. }) => {
                self.refuse_chunk(chunk, 503, "5.5.1", "bad sequence of commands")
            }
            // Refused before it comes, as RFC 1870 §6 has it for SIZE.
            Some(transaction) if total > limit => {
                transaction.too_large = true;
                self.refuse_chunk(chunk, 552, "5.3.4", "message too large")
            }
            Some(Transaction { message: Some(_), .. }) => {
                self.state = State::Chunk(chunk);
                Ok(None)
            }
            Some(_) => {
                self.state = State::Owed(Owed::Chunk(chunk));
                Ok(Some(Event::Data))
            }
        }
    }

    pub(super) fn burl(&mut self, url: Text, last: bool) -> Result<Option<Event>, Error> {
        if !self.supported().contains(Extension::Burl) {
            return self.mistake(502, "5.5.1", "BURL is not offered");
        }
        match &mut self.transaction {
            None | Some(Transaction { spoilt: true, .. }) => {
                self.mistake(503, "5.5.1", "bad sequence of commands")
            }
            // RFC 4468 §3.2: it simply fails.
            Some(Transaction { recipients: 0, .. }) => {
                self.answer(554, "5.5.0", "no recipients have been specified");
                Ok(None)
            }
            Some(transaction) => {
                let message =
                    transaction.message.take().unwrap_or_else(|| Message::new(&self.config));
                if !last {
                    transaction.message = Some(message);
                } else if let Some(refusal) = message.refusal(None, &self.config) {
                    // The chunks before it.
                    self.refuse(refusal);
                    return Ok(Some(Event::BodyRefused(refusal)));
                }
                self.state = State::Owed(Owed::Burl { last });
                Ok(Some(Event::Burl { url, last }))
            }
        }
    }

    /// Lets the first chunk begin a message, or throws it away.
    pub(super) fn begin_chunks(&mut self, chunk: Chunk, agreed: bool) -> State {
        let Some(transaction) = &mut self.transaction else { return State::Command };
        if agreed {
            transaction.message = Some(Message::new(&self.config));
            self.progress.restart_vaguely();
            return State::Chunk(chunk);
        }
        transaction.spoilt = true;
        self.end_if(chunk.last);
        State::Skip(chunk.left)
    }

    /// Goes on after a part that was, or was not, fetched.
    pub(super) fn after_burl(&mut self, last: bool, agreed: bool) -> State {
        if let Some(transaction) = &mut self.transaction {
            transaction.spoilt |= !agreed;
        }
        self.end_if(last);
        State::Command
    }

    fn refuse_chunk(
        &mut self,
        chunk: Chunk,
        code: u16,
        enhanced: &str,
        text: &str,
    ) -> Result<Option<Event>, Error> {
        self.skip(chunk.left)?;
        match chunk.last {
            true => self.answer_all(code, enhanced, text),
            false => self.answer(code, enhanced, text),
        }
        let Some(transaction) = &mut self.transaction else { return Ok(None) };
        if transaction.recipients == 0 {
            return Ok(None);
        }
        transaction.spoilt = true;
        transaction.message = None;
        // What the application refused it knows.
        let tells = transaction.too_large && chunk.last;
        self.end_if(chunk.last);
        Ok(tells.then_some(Event::BodyRefused(Refusal::TooLarge)))
    }

    /// Throws away so many octets, within the limits.
    fn skip(&mut self, size: u64) -> Result<(), Error> {
        let limits = &self.config.limits;
        let before = self.transaction.as_ref().map_or(0, |transaction| transaction.skipped);
        let skipped = before.saturating_add(size);
        if skipped > limits.message_size.saturating_add(limits.discarded) {
            return Err(Error::EndlessMessage);
        }
        if let Some(transaction) = &mut self.transaction {
            transaction.skipped = skipped;
        }
        self.state = State::Skip(size);
        Ok(())
    }

    fn end_if(&mut self, last: bool) {
        if last {
            self.transaction = None;
        }
    }
}
