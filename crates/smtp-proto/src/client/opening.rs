//! From the greeting to the first transaction.
use super::session::State;
use super::{Event, Session, Tls};
use crate::{Capabilities, Command, Error, Extension, Reply, Stage};

impl Session {
    pub(super) fn hear_greeting(&mut self, reply: Reply) -> Result<(), Error> {
        match reply.code() {
            220 => {
                self.say_ehlo();
                Ok(())
            }
            400..600 => Err(Error::Refused(Stage::Greeting, reply)),
            _ => Err(Error::UnexpectedReply(reply)),
        }
    }

    pub(super) fn hear_ehlo(&mut self, reply: Reply) -> Result<(), Error> {
        match reply.code() {
            250 => {
                self.capabilities = Capabilities::parse(&reply);
                if !self.config.pipelining {
                    let offered = self.capabilities.extensions;
                    self.capabilities.extensions = offered.without(Extension::Pipelining);
                }
                self.secure()
            }
            500..600 if self.config.lmtp => Err(Error::Refused(Stage::Hello, reply)),
            // RFC 5321 §3.2: a server that does not know EHLO knows HELO.
            500..600 => {
                self.say(&Command::Helo(self.config.host.clone()));
                self.state = State::Helo;
                Ok(())
            }
            400..500 => Err(Error::Refused(Stage::Hello, reply)),
            _ => Err(Error::UnexpectedReply(reply)),
        }
    }

    pub(super) fn hear_helo(&mut self, reply: Reply) -> Result<(), Error> {
        match reply.code() {
            250 => self.secure(),
            400..600 => Err(Error::Refused(Stage::Hello, reply)),
            _ => Err(Error::UnexpectedReply(reply)),
        }
    }

    pub(super) fn hear_starttls(&mut self, reply: Reply) -> Result<(), Error> {
        match reply.code() {
            220 => {
                self.state = State::Tls;
                self.pending = Some(Event::StartTls);
                Ok(())
            }
            400..600 if self.config.tls == Tls::Opportunistic => self.introduce(),
            400..600 => Err(Error::Refused(Stage::StartTls, reply)),
            _ => Err(Error::UnexpectedReply(reply)),
        }
    }

    pub(super) fn say_ehlo(&mut self) {
        self.capabilities = Capabilities::default();
        let host = self.config.host.clone();
        self.say(&if self.config.lmtp { Command::Lhlo(host) } else { Command::Ehlo(host) });
        self.state = State::Ehlo;
    }

    pub(super) fn become_ready(&mut self) {
        self.state = State::Ready;
        self.pending = Some(Event::Ready);
    }

    /// Asks for TLS, if it is wanted and can be had.
    fn secure(&mut self) -> Result<(), Error> {
        if self.secured || self.config.tls == Tls::Off {
            return self.introduce();
        }
        if self.capabilities.extensions.contains(Extension::StartTls) {
            self.say(&Command::StartTls);
            self.state = State::StartTls;
            return Ok(());
        }
        match self.config.tls {
            Tls::Required => Err(Error::NoStartTls),
            _ => self.introduce(),
        }
    }

    /// Says for whom we speak, in as many commands as that takes, and then proves who we are.
    fn introduce(&mut self) -> Result<(), Error> {
        let Some(attributes) = self.config.xclient.take() else { return self.authenticate() };
        if !self.capabilities.extensions.contains(Extension::XClient) {
            return Err(Error::NotOffered(Extension::XClient));
        }
        let wanted = attributes.only(&self.capabilities.xclient);
        // XCLIENT_README: no command exceeds RFC 5321's 512 octets.
        let (wanted, later) = wanted.split(512 - "XCLIENT\r\n".len());
        if wanted.is_empty() {
            return self.authenticate();
        }
        self.config.xclient = Some(later).filter(|later| !later.is_empty());
        self.say(&Command::XClient(wanted));
        self.state = State::XClient;
        Ok(())
    }

    /// The server greets again, and whom it greets is another.
    pub(super) fn hear_xclient(&mut self, reply: Reply) -> Result<(), Error> {
        match reply.code() {
            220 => {
                self.say_ehlo();
                Ok(())
            }
            400..600 => Err(Error::Refused(Stage::XClient, reply)),
            _ => Err(Error::UnexpectedReply(reply)),
        }
    }
}
