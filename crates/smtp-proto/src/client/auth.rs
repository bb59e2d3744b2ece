//! AUTH: RFC 4954.
use bytes::{BufMut, BytesMut};
use proto_core::Secret;
use sasl::client::Exchange;

use super::Session;
use super::session::State;
use crate::{Command, Error, Reply, Stage};

/// RFC 4954 §4: an AUTH command with an initial response is a command line like others.
const COMMAND_LINE: usize = 512;

/// An exchange in which the server's words are awaited.
#[derive(Debug)]
pub(super) struct Pending {
    exchange: Exchange,
    /// Why we gave up, and sent `*`.
    cancelled: Option<sasl::Error>,
}

impl Session {
    /// Begins the exchange, if there is somebody to be.
    pub(super) fn authenticate(&mut self) -> Result<(), Error> {
        let Some(identity) = &self.config.identity else {
            self.become_ready();
            return Ok(());
        };
        let (offered, policy) = (&self.capabilities.mechanisms, &self.config.sasl);
        let exchange = identity.exchange(offered, &mut self.setting, policy);
        let mut exchange = exchange.ok_or(Error::NoMechanism)?;
        let mechanism = exchange.mechanism();
        let mut line = BytesMut::new();
        Command::Auth { mechanism, initial: exchange.start() }.write(&mut line);
        if line.len() > COMMAND_LINE {
            // The initial response waits for an empty challenge.
            let again = identity.exchange(offered, &mut self.setting, policy);
            exchange = again.ok_or(Error::NoMechanism)?;
            line.clear();
            Command::Auth { mechanism, initial: None }.write(&mut line);
        }
        self.output.put_slice(&line);
        self.state = State::Auth(Pending { exchange, cancelled: None });
        Ok(())
    }

    /// Takes the server's next words.
    pub(super) fn hear_auth(&mut self, mut pending: Pending, reply: Reply) -> Result<(), Error> {
        match (reply.code(), pending.cancelled) {
            (334, None) => {
                match answer(&mut pending.exchange, &reply) {
                    Ok(response) => sasl::base64::write(response.expose(), &mut self.output),
                    Err(error) => {
                        pending.cancelled = Some(error);
                        self.output.put_u8(b'*');
                    }
                }
                self.output.put_slice(b"\r\n");
                self.state = State::Auth(pending);
                Ok(())
            }
            (_, Some(error)) => Err(Error::Sasl(error)),
            (235, None) => {
                pending.exchange.finish()?;
                self.become_ready();
                Ok(())
            }
            (400..600, None) => Err(Error::Refused(Stage::Auth, reply)),
            _ => Err(Error::UnexpectedReply(reply)),
        }
    }
}

fn answer(exchange: &mut Exchange, reply: &Reply) -> Result<Secret, sasl::Error> {
    let challenge = reply.lines().next().unwrap_or_default();
    exchange.step(sasl::base64::parse(challenge)?.expose())
}
