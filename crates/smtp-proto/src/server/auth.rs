//! AUTH: RFC 4954.
use alloc::vec::Vec;

use bytes::BufMut;
use proto_core::{LineError, Secret, Step};
use sasl::{Mechanism, server::Exchange};

use super::{Event, Session};
use crate::server::state::{Owed, State};
use crate::{Error, Extension};

/// An exchange in which the client's words are awaited.
#[derive(Debug)]
pub(super) struct Incoming(Exchange);

impl Session {
    /// The mechanisms that can be used now: those worth announcing.
    pub(super) fn usable_mechanisms(&self) -> Vec<Mechanism> {
        let usable = |mechanism: &Mechanism| {
            let safe = self.secured || self.config.plaintext_passwords;
            (safe || !mechanism.is_plaintext()) && Exchange::new(*mechanism).is_some()
        };
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
        match Exchange::new(mechanism).filter(|_| self.config.mechanisms.contains(&mechanism)) {
            None => self.mistake(504, "5.5.4", "mechanism is not offered"),
            Some(_) if open => self.mistake(538, "5.7.11", "encryption required for this"),
            Some(mut exchange) => {
                let step = exchange.start(initial.map(Secret::expose));
                self.go_on(exchange, step)
            }
        }
    }

    /// Takes the client's next words.
    pub(super) fn hear_auth(&mut self) -> Result<Option<Step<Event>>, Error> {
        let line = self.input.line(self.config.limits.auth_line);
        let Some(line) = line.transpose() else { return self.idle() };
        self.timer.restart();
        let State::Auth(Incoming(exchange)) = core::mem::replace(&mut self.state, State::Command)
        else {
            return Ok(None);
        };
        let event = match line {
            Ok(line) => self.hear_auth_line(exchange, &line),
            Err(LineError::TooLong { length }) => {
                self.too_long(length, "authentication exchange line is too long")
            }
            Err(_) => self.mistake(500, "5.5.2", "line feed without carriage return"),
        };
        Ok(event?.map(Step::Event))
    }

    fn hear_auth_line(
        &mut self,
        mut exchange: Exchange,
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
        exchange: Exchange,
        step: Result<sasl::server::Step, sasl::Error>,
    ) -> Result<Option<Event>, Error> {
        match step {
            Ok(sasl::server::Step::Challenge(challenge)) => {
                self.output.put_slice(b"334 ");
                sasl::base64::write(&challenge, &mut self.output);
                self.output.put_slice(b"\r\n");
                self.state = State::Auth(Incoming(exchange));
                Ok(None)
            }
            Ok(sasl::server::Step::Verify(credentials)) => {
                self.state = State::Owed(Owed::Auth);
                Ok(Some(Event::Auth(credentials)))
            }
            Ok(_) => self.mistake(504, "5.5.4", "mechanism is not offered"),
            Err(_) => self.mistake(501, "5.5.2", "malformed authentication"),
        }
    }
}
