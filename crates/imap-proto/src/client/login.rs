//! How the connection is opened: capabilities, TLS, and who we are.
use alloc::borrow::ToOwned;

use bytes::BufMut;
use proto_core::Secret;
use sasl::{base64, client::Identity};

use super::{
    Capabilities, Error, Event, Misuse, Session, StartTls,
    state::{Phase, Purpose, Sasl, State},
};
use crate::{
    Capability, Code, Condition, IString, RespText,
    command::{Authenticate, Command, Login, Password},
};

impl Session {
    /// Logs in by the best way that the server offers: a SASL mechanism, or LOGIN with a password
    /// if that is not disabled. [`Event::LoggedIn`] or [`Event::LoginRefused`] tells how it went.
    ///
    /// If there is no way, the session is over: what is offered does not get better.
    ///
    /// # Errors
    /// The session is not open, or somebody is logged in or about to be.
    pub fn authenticate(&mut self, identity: impl Into<Identity>) -> Result<(), Misuse> {
        if self.phase != Phase::Open || self.failed.is_some() || self.bye || self.is_leaving() {
            return Err(Misuse::NotOpen);
        }
        let begun =
            self.identity.is_some() || self.queue.any(|given| given.purpose == Purpose::Login);
        if begun || self.state != State::NotAuthenticated {
            return Err(Misuse::LoggedIn);
        }
        self.identity = Some(identity.into());
        if self.known {
            self.log_in();
            self.timer.restart_vaguely();
        }
        Ok(())
    }

    fn log_in(&mut self) {
        let Some(identity) = self.identity.take() else { return };
        let offered = self.capabilities.mechanisms();
        let exchange = identity.exchange(&offered, &mut self.setting, &self.config.sasl);
        let command = if let Some(mut exchange) = exchange {
            // RFC 4959: without SASL-IR the first message waits for an empty challenge.
            let ir = self.capabilities.has(&Capability::SaslIr);
            let initial = if ir { exchange.start() } else { None };
            let mechanism = exchange.mechanism();
            self.sasl = Some(Sasl { exchange, cancelled: None });
            Command::Authenticate(Authenticate { mechanism, initial })
        } else if let Some(login) = self.may_login(&identity) {
            Command::Login(login)
        } else {
            self.failed = Some(Error::NoLogin);
            return;
        };
        self.ask(command, Purpose::Login);
    }

    /// LOGIN's words, where it may be used. It cannot say as whom to act.
    fn may_login(&self, identity: &Identity) -> Option<Login> {
        let Identity::Password(credentials) = identity else { return None };
        let private = self.is_secured() || self.config.login_without_tls;
        // RFC 9051 §6.2.3: a client MUST NOT where LOGINDISABLED is.
        let disabled = self.capabilities.has(&Capability::LoginDisabled);
        if !private || disabled || credentials.authzid().is_some() {
            return None;
        }
        let user = IString::new(credentials.authcid().to_owned())?;
        Some(Login { user, password: Password::new(credentials.password().clone())? })
    }

    /// Whether a SASL exchange is under way.
    pub(super) fn is_logging_in(&self) -> bool {
        let sent = self.queue.under_way().any(|given| given.purpose == Purpose::Login);
        sent && self.sasl.is_some()
    }

    pub(super) fn challenge(&mut self, words: &[u8]) {
        let Some(Sasl { exchange, cancelled }) = &mut self.sasl else { return };
        let answer = match exchange.start() {
            Some(initial) => Ok(initial),
            None => base64::parse(words)
                .map_err(Into::into)
                .and_then(|challenge: Secret| exchange.step(challenge.expose())),
        };
        match answer {
            Ok(answer) => base64::write(answer.expose(), &mut self.output),
            Err(error) => {
                *cancelled = Some(error);
                self.output.put_u8(b'*');
            }
        }
        self.output.put_slice(b"\r\n");
    }

    pub(super) fn login_answered(
        &mut self,
        condition: Condition,
        text: RespText,
    ) -> Result<(), Error> {
        if let Some(sasl) = self.sasl.take() {
            if let Some(error) = sasl.cancelled {
                return Err(Error::Sasl(error));
            }
            if condition == Condition::Ok {
                sasl.exchange.finish()?;
            }
        }
        if condition != Condition::Ok {
            self.known = true;
            self.events.push_back(Event::LoginRefused(text));
            return Ok(());
        }
        self.state = State::Authenticated;
        if self.known {
            self.events.push_back(Event::LoggedIn(text));
        } else {
            self.welcome = Some(text);
            self.ask_capabilities();
        }
        Ok(())
    }

    pub(super) fn ask_capabilities(&mut self) {
        self.capabilities = Capabilities::default();
        self.known = false;
        self.ask(Command::Capability, Purpose::Capabilities);
    }

    /// CAPABILITY is over, for better or worse.
    pub(super) fn capabilities_known(&mut self) -> Result<(), Error> {
        self.known = true;
        if let Some(text) = self.welcome.take() {
            self.events.push_back(Event::LoggedIn(text));
        }
        if self.phase == Phase::Opening {
            return self.proceed();
        }
        self.log_in();
        Ok(())
    }

    /// The capabilities are known: TLS next, or the application.
    pub(super) fn proceed(&mut self) -> Result<(), Error> {
        let wants = self.config.starttls != StartTls::Never && !self.is_secured();
        if wants && self.state == State::NotAuthenticated {
            if self.capabilities.has(&Capability::StartTls) {
                self.ask(Command::StartTls, Purpose::StartTls);
                return Ok(());
            }
            if self.config.starttls == StartTls::Required {
                return Err(Error::NoTls);
            }
        }
        self.phase = Phase::Open;
        self.events.push_back(Event::Ready);
        Ok(())
    }

    pub(super) fn learn_code(&mut self, text: &RespText) -> Result<(), Error> {
        match text.code() {
            Some(Code::Capability(all)) => self.learn(all),
            _ => Ok(()),
        }
    }

    pub(super) fn learn(&mut self, all: &[Capability]) -> Result<(), Error> {
        if all.len() > self.config.limits.capabilities {
            return Err(Error::TooLong);
        }
        self.capabilities = all.iter().cloned().collect();
        self.known = true;
        Ok(())
    }
}
