//! AUTH: RFC 4954.
use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::BufMut;
use proto_core::{LineError, Secret, Step};
use sasl::{Mechanism, scram::Verifier, server::Exchange};

use super::{Event, Session};
use crate::server::state::{Owed, State};
use crate::{Error, Extension, Misuse, Reply};

/// An exchange in which the client's words are awaited.
#[derive(Debug)]
pub(super) enum Incoming {
    /// They are the next step.
    Step(Box<Exchange>),
    /// They do not matter: this refusal is owed.
    Refused(Reply),
}

impl Session {
    /// The mechanisms that can be used now: those worth announcing.
    pub(super) fn usable_mechanisms(&self) -> Vec<Mechanism> {
        let usable = |mechanism: &Mechanism| self.setting.permits(*mechanism);
        let all = self.config.mechanisms.iter().copied();
        all.filter(|mechanism| !self.authenticated && usable(mechanism)).collect()
    }

    pub(super) fn begin_auth(
        &mut self,
        mechanism: Mechanism,
        initial: Option<&Secret>,
    ) -> Result<Option<Event>, Error> {
        if !self.supported().contains(Extension::Auth) {
            return self.mistake(502, "5.5.1", "AUTH is not offered");
        }
        // Wrong passwords count as mistakes when the application says so; here is where a
        // client that does nothing but guess finds its end.
        if self.mistakes >= self.config.limits.mistakes {
            return Err(Error::TooManyMistakes);
        }
        if self.authenticated || self.transaction.is_some() || !self.greeted {
            return self.mistake(503, "5.5.1", "bad sequence of commands");
        }
        let open = mechanism.is_plaintext() && !self.secured && !self.config.plaintext_passwords;
        if open && self.config.mechanisms.contains(&mechanism) {
            return self.mistake(538, "5.7.11", "encryption required for this");
        }
        match Exchange::new(mechanism, &self.config.mechanisms, &mut self.setting) {
            None => self.mistake(504, "5.5.4", "mechanism is not offered"),
            Some(mut exchange) => {
                let step = exchange.start(initial.map(Secret::expose));
                self.go_on(exchange.into(), step)
            }
        }
    }

    /// Gives what is stored of a user: the answer to [`Event::AuthLookup`].
    ///
    /// # Errors
    /// Nobody asked, or for a verifier of another hash.
    pub fn supply(&mut self, verifier: Verifier) -> Result<(), Misuse> {
        let State::Owed(Owed::Lookup(exchange)) = &mut self.state else {
            return Err(Misuse::NotReady);
        };
        let challenge = exchange.supply(verifier).map_err(|_| Misuse::NotReady)?;
        if let State::Owed(Owed::Lookup(exchange)) =
            core::mem::replace(&mut self.state, State::Command)
        {
            self.challenge(&challenge, Incoming::Step(exchange));
        }
        self.timer.restart_vaguely();
        Ok(())
    }

    /// Holds back the refusal of a token until the client has heard what is wrong with it
    /// (RFC 7628 §3.2.3); returns it if there is nothing to wait for.
    pub(super) fn hold_refusal(&mut self, exchange: &mut Exchange, reply: Reply) -> Option<Reply> {
        let Some(challenge) = exchange.refusal() else { return Some(reply) };
        self.challenge(&challenge, Incoming::Refused(reply));
        None
    }

    /// Takes the client's next words.
    pub(super) fn hear_auth(&mut self) -> Result<Option<Step<Event>>, Error> {
        let line = self.input.line(self.config.limits.auth_line);
        let Some(line) = line.transpose() else { return self.idle() };
        self.timer.restart();
        let State::Auth(incoming) = core::mem::replace(&mut self.state, State::Command) else {
            return Ok(None);
        };
        let event = match (line, incoming) {
            (_, Incoming::Refused(reply)) => {
                reply.write(&mut self.output);
                Ok(None)
            }
            (Ok(line), Incoming::Step(exchange)) => self.hear_auth_line(exchange, &line),
            (Err(LineError::TooLong { length }), _) => {
                self.too_long(length, "authentication exchange line is too long")
            }
            (Err(_), _) => self.mistake(500, "5.5.2", "line feed without carriage return"),
        };
        Ok(event?.map(Step::Event))
    }

    fn hear_auth_line(
        &mut self,
        mut exchange: Box<Exchange>,
        line: &[u8],
    ) -> Result<Option<Event>, Error> {
        if line == b"*" {
            return self.mistake(501, "5.7.0", "authentication cancelled");
        }
        match sasl::base64::parse(line) {
            Ok(response) => {
                let step = exchange.step(response.expose());
                self.go_on(exchange, step)
            }
            Err(_) => self.mistake(501, "5.5.2", "cannot decode the response"),
        }
    }

    fn go_on(
        &mut self,
        exchange: Box<Exchange>,
        step: Result<sasl::server::Step, sasl::Error>,
    ) -> Result<Option<Event>, Error> {
        match step {
            Ok(sasl::server::Step::Challenge(challenge)) => {
                self.challenge(&challenge, Incoming::Step(exchange));
                Ok(None)
            }
            Ok(sasl::server::Step::Verify(claim)) => {
                self.state = State::Owed(Owed::Auth(exchange));
                Ok(Some(Event::Auth(claim)))
            }
            Ok(sasl::server::Step::Lookup(lookup)) => {
                self.state = State::Owed(Owed::Lookup(exchange));
                Ok(Some(Event::AuthLookup(lookup)))
            }
            Ok(_) => self.mistake(504, "5.5.4", "mechanism is not offered"),
            Err(error) if error.is_refusal() => {
                self.mistake(535, "5.7.8", "authentication credentials invalid")
            }
            Err(_) => self.mistake(501, "5.5.2", "malformed authentication"),
        }
    }

    fn challenge(&mut self, challenge: &[u8], incoming: Incoming) {
        self.output.put_slice(b"334 ");
        sasl::base64::write(challenge, &mut self.output);
        self.output.put_slice(b"\r\n");
        self.state = State::Auth(incoming);
    }
}
