//! Logins.
use alloc::{boxed::Box, string::ToString};

use bytes::{Bytes, BytesMut};
use proto_core::{LineError, Secret, Text};
use sasl::{
    base64,
    scram::Verifier,
    server::{Exchange, Step as SaslStep},
};

use super::{
    Error, Event, Misuse, Session,
    state::{Owed, State},
};
use crate::command::Authenticate;
use crate::{Code, Condition, RespText, Response, Tag};

impl Session {
    /// Gives what is stored of a password: the answer to [`Event::Lookup`].
    ///
    /// # Errors
    /// Nobody asked, or it is made with another hash.
    pub fn supply(&mut self, verifier: Verifier) -> Result<(), Misuse> {
        match core::mem::replace(&mut self.state, State::Command) {
            State::Owed(tag, Owed::Lookup(mut exchange)) => match exchange.supply(verifier) {
                Ok(challenge) => {
                    self.challenge(&challenge);
                    self.timer.restart_vaguely();
                    self.state = State::Sasl(tag, exchange);
                    Ok(())
                }
                Err(_) => {
                    self.state = State::Owed(tag, Owed::Lookup(exchange));
                    Err(Misuse::NotDue)
                }
            },
            state => {
                self.state = state;
                Err(Misuse::NotDue)
            }
        }
    }

    pub(super) fn authenticate(&mut self, tag: Tag, authenticate: &Authenticate) -> Option<Event> {
        let Authenticate { mechanism, initial } = authenticate;
        let exchange = Exchange::new(*mechanism, &self.config.mechanisms, &mut self.setting);
        let Some(mut exchange) = exchange else {
            let text = RespText::new(Some(Code::Cannot), Text::from_static("no such mechanism"));
            self.say(&Response::Tagged { tag, condition: Condition::No, text });
            return None;
        };
        let step = exchange.start(initial.as_ref().map(Secret::expose));
        self.sasl_step(tag, exchange.into(), step)
    }

    pub(super) fn sasl_line(
        &mut self,
        line: Result<Bytes, LineError>,
    ) -> Result<Option<Event>, Error> {
        match (core::mem::replace(&mut self.state, State::Command), line) {
            (State::Sasl(tag, _) | State::Refusing(tag, _), Err(error)) => {
                let text = Text::new(&error.to_string()).unwrap_or_default();
                self.count_mistake(Some(tag), text)?;
                Ok(None)
            }
            // RFC 9051 §6.2.2: BAD to a client that cancels.
            (State::Sasl(tag, _), Ok(line)) if &line[..] == b"*" => {
                self.mistake(Some(tag), "cancelled")?;
                Ok(None)
            }
            (State::Sasl(tag, mut exchange), Ok(line)) => match base64::parse(&line) {
                Ok(response) => {
                    let step = exchange.step(response.expose());
                    Ok(self.sasl_step(tag, exchange, step))
                }
                Err(error) => {
                    let text = Text::new(&error.to_string()).unwrap_or_default();
                    self.count_mistake(Some(tag), text)?;
                    Ok(None)
                }
            },
            // Whatever it says; RFC 7628 §3.2.3 has it say nothing.
            (State::Refusing(tag, text), Ok(_)) => {
                self.refuse_login(tag, text);
                Ok(None)
            }
            (state, _) => {
                self.state = state;
                Ok(None)
            }
        }
    }

    fn sasl_step(
        &mut self,
        tag: Tag,
        exchange: Box<Exchange>,
        step: Result<SaslStep, sasl::Error>,
    ) -> Option<Event> {
        match step {
            Ok(SaslStep::Challenge(challenge)) => {
                self.challenge(&challenge);
                self.state = State::Sasl(tag, exchange);
                None
            }
            Ok(SaslStep::Lookup(lookup)) => {
                self.state = State::Owed(tag, Owed::Lookup(exchange));
                Some(Event::Lookup(lookup))
            }
            Ok(SaslStep::Verify(claim)) => {
                self.state = State::Owed(tag, Owed::Login(Some(exchange)));
                Some(Event::Login(claim))
            }
            Ok(_) => None,
            Err(error) => {
                let text = Text::new(&error.to_string()).unwrap_or_default();
                self.refuse_login(tag, RespText::new(Some(Code::AuthenticationFailed), text));
                None
            }
        }
    }

    pub(super) fn end_login(
        &mut self,
        tag: Tag,
        exchange: Option<Box<Exchange>>,
        condition: Condition,
        text: RespText,
    ) {
        if condition == Condition::Ok {
            self.admit();
            self.failures = 0;
            let text = self.told_capabilities(text);
            return self.say(&Response::Tagged { tag, condition, text });
        }
        let words = exchange.and_then(|mut exchange| exchange.refusal());
        match words {
            Some(challenge) => {
                self.challenge(&challenge);
                self.state = State::Refusing(tag, text);
            }
            None => self.refuse_login(tag, text),
        }
    }

    pub(super) fn refuse_login(&mut self, tag: Tag, text: RespText) {
        self.failures += 1;
        let text = match text.code() {
            Some(_) => text,
            None => RespText::new(Some(Code::AuthenticationFailed), text.text().clone()),
        };
        self.say(&Response::Tagged { tag, condition: Condition::No, text });
    }

    /// Has somebody had enough tries?
    pub(super) fn check_logins(&self) -> Result<(), Error> {
        let enough = self.failures > self.config.limits.logins;
        if enough { Err(Error::TooManyLogins) } else { Ok(()) }
    }

    fn challenge(&mut self, challenge: &[u8]) {
        let mut line = BytesMut::new();
        base64::write(challenge, &mut line);
        // RFC 9051 §7.6: an empty challenge is a `+` and a space.
        self.say(&Response::Continuation(Text::parse(line.freeze()).unwrap_or_default()));
    }
}
