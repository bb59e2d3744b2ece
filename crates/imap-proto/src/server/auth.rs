//! LOGIN and AUTHENTICATE (RFC 9051 §6.2.2, §6.2.3, RFC 4959).
use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::BufMut;
use proto_core::{LineError, Secret, Step};
use sasl::scram::Verifier;
use sasl::server::{Claim, Exchange};
use sasl::{Credentials, Mechanism};

use super::state::{Owed, Phase, State};
use super::{Error, Event, Misuse, Session};
use crate::command::{Authenticate, Login};
use crate::{Code, Condition, RespText, Tag};

/// An exchange in which the client's words are awaited.
#[derive(Debug)]
pub(super) enum Incoming {
    /// They are the next step.
    Step(Box<Exchange>),
    /// They do not matter: this ending is owed.
    Refused(Condition, RespText),
}

impl Session {
    /// The mechanisms that can be used now: those worth announcing.
    pub(super) fn usable_mechanisms(&self) -> Vec<Mechanism> {
        let all = self.config.mechanisms.iter().copied();
        all.filter(|mechanism| self.setting.permits(*mechanism)).collect()
    }

    /// Whether LOGIN is off (RFC 9051 §6.2.3).
    pub(super) fn is_login_disabled(&self) -> bool {
        !self.setting.is_secured() && !self.config.plaintext_passwords
    }

    pub(super) fn login(&mut self, tag: Tag, login: &Login) -> Result<Option<Event>, Error> {
        if self.is_login_disabled() {
            let code = Code::PrivacyRequired;
            self.say(Some(&tag), Condition::No, Some(code), "not without TLS");
            return Ok(None);
        }
        let user = core::str::from_utf8(login.user.as_bytes()).ok();
        let credentials =
            user.and_then(|user| Credentials::new(user, login.password.secret().clone()).ok());
        // An empty name, say: no application needs to hear of that.
        let Some(credentials) = credentials else { return self.fail_login(&tag) };
        self.state = State::Owed { tag, what: Owed::Auth(None) };
        Ok(Some(Event::Auth(Claim::Password(credentials))))
    }

    pub(super) fn begin_auth(
        &mut self,
        tag: Tag,
        authenticate: &Authenticate,
    ) -> Result<Option<Event>, Error> {
        let (mechanism, all) = (authenticate.mechanism, &self.config.mechanisms);
        let Some(mut exchange) = Exchange::new(mechanism, all, &mut self.setting) else {
            // RFC 9051 §6.2.2: "NO: unsupported authentication mechanism".
            let hidden = all.contains(&mechanism) && mechanism.is_plaintext();
            let (code, text) = if hidden {
                (Code::PrivacyRequired, "not without TLS")
            } else {
                (Code::Cannot, "no such mechanism here")
            };
            self.say(Some(&tag), Condition::No, Some(code), text);
            return Ok(None);
        };
        let step = exchange.start(authenticate.initial.as_ref().map(Secret::expose));
        self.go_on(tag, exchange.into(), step)
    }

    /// Gives what is stored of a user: the answer to [`Event::AuthLookup`].
    ///
    /// # Errors
    /// Nobody asked, or for a verifier of another hash.
    pub fn supply(&mut self, verifier: Verifier) -> Result<(), Misuse> {
        let State::Owed { what: Owed::Lookup(exchange), .. } = &mut self.state else {
            return Err(Misuse::NotDue);
        };
        let challenge = exchange.supply(verifier).map_err(|_| Misuse::NotDue)?;
        self.timer.restart_vaguely();
        if let State::Owed { tag, what: Owed::Lookup(exchange) } = self.take_state() {
            self.challenge(tag, &challenge, Incoming::Step(exchange));
        }
        Ok(())
    }

    /// Holds back the refusal of a token until the client has heard what is wrong with it
    /// (RFC 7628 §3.2.3); returns it if there is nothing to wait for.
    pub(super) fn hold_refusal(
        &mut self,
        tag: Tag,
        exchange: Option<Box<Exchange>>,
        condition: Condition,
        text: RespText,
    ) -> Option<(Tag, RespText)> {
        let Some(challenge) = exchange.and_then(|mut exchange| exchange.refusal()) else {
            return Some((tag, text));
        };
        self.challenge(tag, &challenge, Incoming::Refused(condition, text));
        None
    }

    /// Takes the client's next words.
    pub(super) fn hear_auth(&mut self) -> Result<Option<Step<Event>>, Error> {
        let line = self.input.line(self.config.limits.auth_line);
        let Some(line) = line.transpose() else { return self.rest() };
        self.timer.restart();
        let State::Auth { tag, incoming } = self.take_state() else { return Ok(None) };
        let event = match (line, incoming) {
            (_, Incoming::Refused(condition, text)) => {
                self.end(&tag, condition, text);
                self.count_failure()?;
                None
            }
            (Ok(line), Incoming::Step(exchange)) => self.hear_auth_line(tag, exchange, &line)?,
            (Err(LineError::TooLong { .. }), _) => {
                self.mistake(Some(&tag), "line of the exchange is too long")?;
                None
            }
            (Err(_), _) => {
                self.mistake(Some(&tag), "line feed without carriage return")?;
                None
            }
        };
        Ok(event.map(Step::Event))
    }

    fn hear_auth_line(
        &mut self,
        tag: Tag,
        mut exchange: Box<Exchange>,
        line: &[u8],
    ) -> Result<Option<Event>, Error> {
        if line == b"*" {
            // RFC 9051 §6.2.2: "the server MUST reject … by sending a tagged BAD response".
            self.mistake(Some(&tag), "authentication cancelled")?;
            return Ok(None);
        }
        let Ok(response) = sasl::base64::parse(line) else {
            self.mistake(Some(&tag), "not base64")?;
            return Ok(None);
        };
        let step = exchange.step(response.expose());
        self.go_on(tag, exchange, step)
    }

    fn go_on(
        &mut self,
        tag: Tag,
        exchange: Box<Exchange>,
        step: Result<sasl::server::Step, sasl::Error>,
    ) -> Result<Option<Event>, Error> {
        match step {
            Ok(sasl::server::Step::Challenge(challenge)) => {
                self.challenge(tag, &challenge, Incoming::Step(exchange));
                Ok(None)
            }
            Ok(sasl::server::Step::Verify(claim)) => {
                self.state = State::Owed { tag, what: Owed::Auth(Some(exchange)) };
                Ok(Some(Event::Auth(claim)))
            }
            Ok(sasl::server::Step::Lookup(lookup)) => {
                self.state = State::Owed { tag, what: Owed::Lookup(exchange) };
                Ok(Some(Event::AuthLookup(lookup)))
            }
            Err(error) if error.is_refusal() => self.fail_login(&tag),
            Ok(_) | Err(_) => {
                self.mistake(Some(&tag), "malformed authentication")?;
                Ok(None)
            }
        }
    }

    fn challenge(&mut self, tag: Tag, challenge: &[u8], incoming: Incoming) {
        self.output.put_slice(b"+ ");
        sasl::base64::write(challenge, &mut self.output);
        self.output.put_slice(b"\r\n");
        self.state = State::Auth { tag, incoming };
    }

    fn fail_login(&mut self, tag: &Tag) -> Result<Option<Event>, Error> {
        let code = Code::AuthenticationFailed;
        self.say(Some(tag), Condition::No, Some(code), "authentication failed");
        self.count_failure()?;
        Ok(None)
    }

    /// Counts a failed login.
    pub(super) fn count_failure(&mut self) -> Result<(), Error> {
        self.failures += 1;
        if self.failures >= self.config.limits.failures {
            return Err(Error::TooManyFailures);
        }
        Ok(())
    }

    /// Lets the client in.
    pub(super) fn admit(&mut self) {
        self.phase = Phase::Authenticated;
        self.failures = 0;
        self.reader.set_limits(self.config.limits.commands);
    }

    /// Forgets the client.
    pub(super) fn forget(&mut self) {
        self.phase = Phase::NotAuthenticated;
        self.enabled.clear();
        self.tells_expunge = false;
        self.reader.set_limits(self.config.limits.early);
    }
}
