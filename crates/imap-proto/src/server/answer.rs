//! The application's answers.
use bytes::{Bytes, BytesMut};

use super::{
    Error, Misuse, Session,
    state::{Appending, Effect, Owed, State, Streaming},
};
use crate::{Capability, Code, Condition, RespText, Response, Tag};

/// Whether a response is complete.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum More {
    /// Octets of its contents are due.
    Octets,
    /// Nothing is due.
    Nothing,
}

impl Session {
    /// Says something that is part of the answer to a command, or news. Where the response has
    /// [streamed](crate::Content::Streamed) contents, their [`octets`](Self::octets) follow.
    ///
    /// News may be said at any time between commands, but only during IDLE and in answers can the
    /// client be told of everything: see RFC 9051 §5.5, and [`crate::engine`], which keeps to it.
    ///
    /// # Errors
    /// Octets of an earlier response are due, or the session is over.
    pub fn respond(&mut self, response: &Response) -> Result<More, Misuse> {
        self.check()?;
        if let Response::Enabled(all) = response {
            self.utf8 |=
                all.iter().any(|it| matches!(it, Capability::Imap4rev2 | Capability::Utf8Accept));
        }
        let mut line = BytesMut::new();
        let gaps = response.write(&mut line, self.dialect());
        self.streaming = Streaming::new(line, &gaps);
        self.streaming.go_on(&mut self.output);
        Ok(self.more())
    }

    /// Gives octets of contents that stream, in order, piece by piece.
    ///
    /// # Errors
    /// These are more than were announced.
    pub fn octets(&mut self, octets: &Bytes) -> Result<More, Misuse> {
        if self.failed.is_some() || !self.streaming.fill(octets, &mut self.output) {
            return Err(Misuse::TooManyOctets);
        }
        Ok(self.more())
    }

    fn more(&self) -> More {
        if self.streaming.is_over() { More::Nothing } else { More::Octets }
    }

    /// Ends the session, as octets that are due cannot be had: no client could make sense of what
    /// followed.
    pub fn break_off(&mut self) {
        self.fail(Error::CutResponse);
    }

    /// Lets the text of a message come; [`finish`](Self::finish) by NO does not.
    ///
    /// # Errors
    /// None waits.
    pub fn accept(&mut self) -> Result<(), Misuse> {
        let State::Appending(appending) = &mut self.state else { return Err(Misuse::NotDue) };
        let synchronizing = appending.offered.take().ok_or(Misuse::NotDue)?;
        self.reader.accept();
        self.timer.restart_vaguely();
        if synchronizing {
            let words = proto_core::Text::from_static("go on");
            self.say(&Response::Continuation(words));
        }
        Ok(())
    }

    /// Ends a command: says how it went. What is said is what happens: OK to a login lets the
    /// client in, to SELECT it selects, to STARTTLS it arms TLS; NO and BAD do none of that.
    ///
    /// # Errors
    /// No command waits for its end, or octets of a response are due.
    pub fn finish(&mut self, condition: Condition, text: RespText) -> Result<(), Misuse> {
        self.check()?;
        match core::mem::replace(&mut self.state, State::Command) {
            State::Owed(tag, owed) => {
                self.timer.restart_vaguely();
                self.end(tag, owed, condition, text);
                Ok(())
            }
            State::Appending(appending) if appending.refused.is_none() => {
                // Before its end only a refusal makes sense.
                if condition == Condition::Ok {
                    self.state = State::Appending(appending);
                    return Err(Misuse::NotDue);
                }
                self.timer.restart_vaguely();
                let waits = appending.offered.is_some();
                let refused = Some((condition, text));
                self.state = State::Appending(Appending { refused, offered: None, ..appending });
                if waits {
                    self.drop_append();
                }
                Ok(())
            }
            state => {
                self.state = state;
                Err(Misuse::NotDue)
            }
        }
    }

    fn check(&self) -> Result<(), Misuse> {
        match &self.state {
            _ if self.failed.is_some() => Err(Misuse::NotDue),
            State::Closed | State::Tls | State::Deflate => Err(Misuse::NotDue),
            _ if !self.streaming.is_over() => Err(Misuse::OctetsDue),
            _ => Ok(()),
        }
    }

    fn end(&mut self, tag: Tag, owed: Owed, condition: Condition, text: RespText) {
        let ok = condition == Condition::Ok;
        match owed {
            Owed::Login(exchange) => return self.end_login(tag, exchange, condition, text),
            Owed::Lookup(_) => return self.end_login(tag, None, Condition::No, text),
            Owed::Tls if ok => self.state = State::Tls,
            Owed::Deflate if ok => self.state = State::Deflate,
            Owed::Unauthenticate if ok => self.forget(),
            Owed::Command(Effect::Selects) => self.selected = ok,
            Owed::Command(Effect::Unselects) if ok => self.selected = false,
            Owed::Tls | Owed::Deflate | Owed::Unauthenticate | Owed::Command(_) => {}
        }
        self.say(&Response::Tagged { tag, condition, text });
    }

    /// RFC 9051 §7.1: the capabilities of who is logged in are told with it.
    pub(super) fn told_capabilities(&self, text: RespText) -> RespText {
        match text.code() {
            Some(_) => text,
            None => RespText::new(Some(Code::Capability(self.capabilities())), text.text().clone()),
        }
    }
}
