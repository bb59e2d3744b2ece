//! APPEND and REPLACE: messages as they come.
use proto_core::Step;

use super::state::{Owed, State};
use super::{Error, Event, Misuse, Session};
use crate::command::{self, AppendPart};
use crate::frame::Literal;
use crate::{Capability, Code, Condition, Tag};

/// RFC 7888 §5: the largest literal that LITERAL- lets come unasked.
const UNASKED: u64 = 4096;

impl Session {
    /// Lets what a command brings come: the answer to an [`Event::Command`] of APPEND or REPLACE,
    /// and to an [`AppendPart::Text`].
    ///
    /// # Errors
    /// Nothing is to come, or octets of the last response are due.
    pub fn accept(&mut self) -> Result<(), Misuse> {
        self.check_whole()?;
        let State::Owed { what: Owed::Message(literal), .. } = &self.state else {
            return Err(Misuse::NotDue);
        };
        if let Some(literal) = *literal {
            self.reader.accept();
            if literal.synchronizing {
                self.go_ahead();
            }
        }
        self.timer.restart_vaguely();
        if let State::Owed { tag, .. } = self.take_state() {
            self.state = State::Bringing(tag);
        }
        Ok(())
    }

    /// Takes the next piece of what a command brings.
    pub(super) fn hear_bringing(&mut self) -> Result<Option<Step<Event>>, Error> {
        let event = match self.reader.next(&mut self.input) {
            Ok(None) => return self.rest(),
            Ok(Some(command::Event::Part(AppendPart::Text(literal)))) => self.announced(literal)?,
            Ok(Some(command::Event::Part(part))) => {
                if matches!(part, AppendPart::Message(_)) {
                    self.message = 0;
                }
                Event::Part(part)
            }
            Ok(Some(command::Event::Octets(octets))) => {
                self.timer.restart();
                Event::Octets(octets)
            }
            Ok(Some(command::Event::End)) => {
                self.timer.restart();
                if let State::Bringing(tag) = self.take_state() {
                    self.state = State::Owed { tag, what: Owed::Plain };
                }
                Event::End
            }
            Ok(Some(command::Event::Continue)) => {
                self.go_ahead();
                return Ok(None);
            }
            // Nothing else is told in the middle of a command.
            Ok(Some(command::Event::Command(_))) => return Ok(None),
            Err(bad) => {
                self.state = State::Command;
                self.answer_bad(&bad)?;
                Event::Abandoned
            }
        };
        Ok(Some(Step::Event(event)))
    }

    /// Compares an announced literal with the limits before the application does.
    fn announced(&mut self, literal: Literal) -> Result<Event, Error> {
        let State::Bringing(tag) = self.take_state() else { return Ok(Event::Abandoned) };
        self.timer.restart();
        self.message = self.message.saturating_add(literal.size);
        let unasked = !literal.synchronizing
            && literal.size > UNASKED
            && self.config.offers(&Capability::LiteralMinus)
            && !self.config.offers(&Capability::LiteralPlus);
        if unasked {
            // RFC 7888 §5: BAD, with TOOBIG.
            return self.refuse_literal(&tag, Condition::Bad, "a literal that has to be asked for");
        }
        if self.message > self.config.limits.message {
            return self.refuse_literal(&tag, Condition::No, "message is too large");
        }
        self.state = State::Owed { tag, what: Owed::Message(Some(literal)) };
        Ok(Event::Part(AppendPart::Text(literal)))
    }

    fn refuse_literal(
        &mut self,
        tag: &Tag,
        condition: Condition,
        text: &'static str,
    ) -> Result<Event, Error> {
        self.reader.refuse();
        self.check_skipping()?;
        self.say(Some(tag), condition, Some(Code::TooBig), text);
        Ok(Event::Abandoned)
    }

    /// Refuses what a command brings, of which nothing has been told yet, or all up to a literal.
    pub(super) fn turn_down(&mut self) -> Result<(), Error> {
        // What is told up to the literal, or to the end, is here already.
        loop {
            match self.reader.next(&mut self.input) {
                Ok(Some(command::Event::Part(AppendPart::Text(_)))) => break,
                Ok(Some(command::Event::Part(_))) => {}
                Ok(_) | Err(_) => return Ok(()),
            }
        }
        self.reader.refuse();
        self.check_skipping()
    }
}
