//! The application's answers, and where they lead.
use bytes::BytesMut;
use proto_core::Text;

use super::state::{Owed, Phase, State, Streaming};
use super::{Error, Misuse, Session};
use crate::{Code, Condition, RespText, Response, Tag};

impl Session {
    /// Says something untagged: what a command leads to, news, a greeting, or BYE, which ends the
    /// session.
    ///
    /// A response with [streamed](crate::Content::Streamed) contents wants their
    /// [`octets`](Self::octets) next. Between two commands, news may be told as well, but not that
    /// messages are gone, unless the client has asked for that by NOTIFY. A response ENABLED switches on what it names. A greeting without a code
    /// gets one that says what the server offers.
    ///
    /// # Errors
    /// It is not untagged, or makes no sense here; or octets of the last response are due.
    pub fn respond(&mut self, response: Response) -> Result<(), Misuse> {
        self.check_whole()?;
        let may = match (&response, &self.state) {
            (Response::Tagged { .. } | Response::Continuation(_), _) => false,
            (_, State::Closed | State::Tls | State::Compression | State::Auth { .. }) => false,
            (Response::Bye(_), _) => true,
            (response, State::Greeting { told }) => *told && is_greeting(response),
            (Response::Preauth(_), _) => false,
            // RFC 5465 §6.1: who has asked for it may be told at once.
            (
                Response::Expunge(_) | Response::Vanished { earlier: false, .. },
                State::Command | State::Bringing(_),
            ) if !self.tells_expunge => return Err(Misuse::NoExpunge),
            _ => true,
        };
        if !may || self.failed.is_some() {
            return Err(Misuse::NotDue);
        }
        if let Response::Enabled(capabilities) = &response {
            capabilities.iter().for_each(|capability| self.enable(capability));
        }
        if matches!(response, Response::Bye(_)) {
            self.write(&response);
            self.state = State::Closed;
        } else if let State::Greeting { .. } = self.state {
            self.greet(response);
        } else {
            self.stream(&response);
        }
        self.timer.restart_vaguely();
        Ok(())
    }

    /// Gives octets of the contents that the last response announced. While the session
    /// [is full](Self::is_full), let the driver write first: then no more than a piece is ever
    /// held.
    ///
    /// # Errors
    /// They are more than announced; none of them is taken.
    pub fn octets(&mut self, octets: &[u8]) -> Result<(), Misuse> {
        let Some(streaming) = &mut self.streaming else { return Err(Misuse::TooMany) };
        let left =
            u64::try_from(octets.len()).ok().and_then(|size| streaming.left.checked_sub(size));
        streaming.left = left.ok_or(Misuse::TooMany)?;
        // Not all at once: see `Input::push`.
        octets.chunks(3072).for_each(|part| self.output.extend_from_slice(part));
        self.go_on_streaming();
        Ok(())
    }

    /// Ends the session, for octets that were announced cannot be had. There is no other way to
    /// tell the client (RFC 9051 has none).
    pub fn give_up(&mut self) {
        if self.failed.is_none() {
            self.failed = Some(Error::CutResponse);
        }
    }

    /// Whether as much is owed to the client as the limits allow: let the driver write before
    /// there is more.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.output.len() >= self.config.limits.output
    }

    /// Says how a command ended; that decides what happens next.
    ///
    /// OK to LOGIN or AUTHENTICATE that has no code gets one that says what the server offers.
    ///
    /// # Errors
    /// No command waits for that, or this cannot be its end; or octets of the last response are
    /// due.
    pub fn finish(&mut self, condition: Condition, text: RespText) -> Result<(), Misuse> {
        self.check_whole()?;
        let State::Owed { what, .. } = &self.state else { return Err(Misuse::NotDue) };
        if !what.allows(condition) || self.failed.is_some() {
            return Err(Misuse::NotDue);
        }
        self.timer.restart_vaguely();
        let State::Owed { tag, what } = self.take_state() else { return Ok(()) };
        let result = self.end_command(tag, what, condition, text);
        result.unwrap_or_else(|error| self.fail(error));
        Ok(())
    }

    /// Says OK, in words of no account.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_ok(&mut self) -> Result<(), Misuse> {
        self.finish(Condition::Ok, RespText::new(None, Text::from_static("done")))
    }

    fn end_command(
        &mut self,
        tag: Tag,
        what: Owed,
        condition: Condition,
        text: RespText,
    ) -> Result<(), Error> {
        let agreed = condition == Condition::Ok;
        match what {
            Owed::Auth(exchange) if !agreed => {
                if let Some((tag, text)) = self.hold_refusal(tag, exchange, condition, text) {
                    self.end(&tag, condition, text);
                    self.count_failure()?;
                }
                return Ok(());
            }
            Owed::Lookup(_) => {
                self.end(&tag, condition, text);
                return self.count_failure();
            }
            Owed::Auth(_) => {
                self.admit();
                let text = self.with_capabilities(text);
                self.end(&tag, condition, text);
                return Ok(());
            }
            Owed::Message(None) => self.turn_down()?,
            Owed::Message(Some(_)) => {
                self.reader.refuse();
                self.check_skipping()?;
            }
            Owed::Select if agreed => {
                let read_only = text.code() == Some(&Code::ReadOnly);
                self.phase = Phase::Selected { read_only };
            }
            // RFC 9051 §6.3.2: a mailbox that cannot be selected leaves none selected.
            Owed::Select if condition == Condition::No => self.phase = Phase::Authenticated,
            Owed::Close if agreed => self.phase = Phase::Authenticated,
            Owed::Notify(expunge) if agreed => self.tells_expunge = expunge,
            Owed::StartTls if agreed => self.state = State::Tls,
            Owed::Compress if agreed => self.state = State::Compression,
            Owed::Unauthenticate => {
                self.forget();
                self.login.restart_vaguely();
            }
            Owed::Plain | Owed::Select | Owed::Close | Owed::Notify(_) => {}
            Owed::StartTls | Owed::Compress => {}
        }
        self.end(&tag, condition, text);
        Ok(())
    }

    fn greet(&mut self, response: Response) {
        let response = match response {
            Response::Preauth(text) => {
                self.admit();
                Response::Preauth(self.with_capabilities(text))
            }
            Response::Condition { condition, text } => {
                Response::Condition { condition, text: self.with_capabilities(text) }
            }
            other => other,
        };
        self.write(&response);
        self.state = State::Command;
    }

    /// RFC 9051 §7.1: a code CAPABILITY spares the client a command.
    fn with_capabilities(&self, text: RespText) -> RespText {
        if text.code().is_some() {
            return text;
        }
        let code = Code::Capability(self.capabilities());
        RespText::new(Some(code), text.text().clone())
    }

    /// Writes a response up to the first octets that stream.
    fn stream(&mut self, response: &Response) {
        let dialect = self.dialect();
        let gaps = response.write(&mut self.output, dialect);
        let mut gaps: alloc::collections::VecDeque<_> = gaps.into();
        let Some(first) = gaps.pop_front() else { return };
        let rest = self.output.split_off(first.at);
        self.streaming = Some(Streaming { rest, before: first.at, gaps, left: first.size });
        self.go_on_streaming();
    }

    /// Writes what follows contents that are there whole.
    fn go_on_streaming(&mut self) {
        while let Some(streaming) = &mut self.streaming
            && streaming.left == 0
        {
            let Some(next) = streaming.gaps.pop_front() else {
                self.output.extend_from_slice(&streaming.rest);
                self.streaming = None;
                return;
            };
            let until = next.at.saturating_sub(streaming.before).min(streaming.rest.len());
            let text: BytesMut = streaming.rest.split_to(until);
            self.output.extend_from_slice(&text);
            (streaming.before, streaming.left) = (next.at, next.size);
        }
    }

    pub(super) const fn check_whole(&self) -> Result<(), Misuse> {
        if self.streaming.is_some() { Err(Misuse::Unfinished) } else { Ok(()) }
    }

    /// Asks for a literal.
    pub(super) fn go_ahead(&mut self) {
        self.write(&Response::Continuation(Text::from_static("go ahead")));
    }

    /// Says how a command ended, or something untagged if there is no tag; in words of ours.
    pub(super) fn say(
        &mut self,
        tag: Option<&Tag>,
        condition: Condition,
        code: Option<Code>,
        text: &'static str,
    ) {
        self.say_text(tag, condition, RespText::new(code, Text::from_static(text)));
    }

    pub(super) fn say_text(&mut self, tag: Option<&Tag>, condition: Condition, text: RespText) {
        match tag {
            Some(tag) => self.end(tag, condition, text),
            None => self.write(&Response::Condition { condition, text }),
        }
    }

    pub(super) fn end(&mut self, tag: &Tag, condition: Condition, text: RespText) {
        self.write(&Response::Tagged { tag: tag.clone(), condition, text });
    }

    /// Writes what has no contents that stream.
    pub(super) fn write(&mut self, response: &Response) {
        let dialect = self.dialect();
        let _ = response.write(&mut self.output, dialect);
    }
}

/// BYE is one as well, and allowed anywhere.
const fn is_greeting(response: &Response) -> bool {
    matches!(response, Response::Preauth(_) | Response::Condition { condition: Condition::Ok, .. })
}
