//! Answers: the application's to events, the session's to commands that need no application.
use alloc::{boxed::Box, string::ToString};
use core::fmt::Write;

use bytes::{BufMut, BytesMut};
use proto_core::{Secret, Text, dot::Stuffer};
use sasl::{
    Mechanism, base64,
    scram::Verifier,
    server::{Exchange, Step as SaslStep},
};

use super::{
    Event, Expire, Login, Session,
    state::{Body, Kind, Listing, Owed, State},
};
use crate::{
    Entry, Error, LanguageTag, Maildrop, MessageNumber, Misuse, Response, ResponseCode, top::Top,
};

/// Whether more of a message is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum More {
    /// Give the next piece.
    Wanted,
    /// TOP has all its lines: further pieces would be ignored.
    Enough,
}

/// The application's answers.
impl Session {
    /// Lets somebody in, who sees this maildrop: the answer to [`Event::Login`].
    ///
    /// # Errors
    /// Nobody asked to log in.
    pub fn admit(&mut self, maildrop: Maildrop, text: Text) -> Result<(), Misuse> {
        let State::Owed(Owed::Login(_)) = self.state else { return Err(Misuse::NotDue) };
        self.maildrop = Some(maildrop);
        self.state = State::Command;
        self.timer.restart_vaguely();
        self.say_ok(&text);
        Ok(())
    }

    /// Answers the last event. What the response says is what happens: `+OK` after STLS arms
    /// TLS, after RETR and TOP it opens the message, after QUIT the session ends with either;
    /// `-ERR` does none of that.
    ///
    /// # Errors
    /// No answer is due, or `+OK` to a login, which needs [`admit`](Self::admit).
    pub fn respond(&mut self, response: Response) -> Result<(), Misuse> {
        let State::Owed(owed) = &mut self.state else { return Err(Misuse::NotDue) };
        let failed = matches!(owed, Owed::Login(_) | Owed::Lookup(_));
        self.state = match (owed, response.is_ok()) {
            (Owed::Login(_) | Owed::Lookup(_), true) | (Owed::Body(_), _) => {
                return Err(Misuse::NotDue);
            }
            (Owed::Tls, true) => State::Tls,
            (Owed::Message { lines }, true) => State::Owed(Owed::Body(Body {
                stuffer: Stuffer::new(self.config.bare),
                top: lines.map(Top::new),
            })),
            (Owed::Commit, _) => State::Closed,
            (Owed::Login(Some(exchange)), false) => match exchange.refusal() {
                Some(challenge) => {
                    self.say_challenge(&challenge);
                    self.state = State::Refusing(response);
                    self.timer.restart_vaguely();
                    return Ok(());
                }
                None => State::Command,
            },
            (_, false) => State::Command,
        };
        self.timer.restart_vaguely();
        response.write(&mut self.output);
        if failed {
            self.login_failed();
        }
        Ok(())
    }

    /// Gives what is stored of a user: the answer to [`Event::Lookup`].
    ///
    /// # Errors
    /// Nobody asked, or for a verifier of another hash.
    pub fn supply(&mut self, verifier: Verifier) -> Result<(), Misuse> {
        let State::Owed(Owed::Lookup(exchange)) = &mut self.state else {
            return Err(Misuse::NotDue);
        };
        let challenge = exchange.supply(verifier).map_err(|_| Misuse::NotDue)?;
        self.say_challenge(&challenge);
        if let State::Owed(Owed::Lookup(exchange)) =
            core::mem::replace(&mut self.state, State::Command)
        {
            self.state = State::Sasl(exchange);
        }
        self.timer.restart_vaguely();
        Ok(())
    }

    /// Sends a piece of the message, cut anywhere; dots and TOP's lines are the session's
    /// business. Write the output after each piece, so that only one is held.
    ///
    /// # Errors
    /// No message is open, or the piece holds an octet that the configuration rejects: then
    /// close the connection, for the client must not take what it has for the whole.
    pub fn send(&mut self, piece: &[u8]) -> Result<More, Misuse> {
        let State::Owed(Owed::Body(body)) = &mut self.state else { return Err(Misuse::NotDue) };
        let Some(top) = &mut body.top else {
            body.stuffer.write(piece, &mut self.output)?;
            return Ok(More::Wanted);
        };
        body.stuffer.write(top.take(piece), &mut self.output)?;
        Ok(if top.is_done() { More::Enough } else { More::Wanted })
    }

    /// Ends the message.
    ///
    /// # Errors
    /// As [`send`](Self::send); the session is over if the message has no end.
    pub fn finish(&mut self) -> Result<(), Misuse> {
        match core::mem::replace(&mut self.state, State::Command) {
            State::Owed(Owed::Body(body)) => {
                self.timer.restart_vaguely();
                body.stuffer.finish(&mut self.output).map_err(|bare| {
                    self.fail(Error::CutMessage);
                    bare.into()
                })
            }
            other => {
                self.state = other;
                Err(Misuse::NotDue)
            }
        }
    }
}

/// Answers that need no application.
impl Session {
    /// Whether the client may send a password.
    fn may_log_in(&self) -> bool {
        self.setting.is_secured() || self.config.login_without_tls
    }

    pub(super) fn user(&mut self, name: Text) -> Result<Option<Event>, Error> {
        if self.may_log_in() {
            // Whether there is such a user is nobody's business (RFC 1939 §7 allows both).
            self.user = Some(name);
            self.say(format_args!("+OK"));
        } else {
            self.mistake("STLS first")?;
        }
        Ok(None)
    }

    pub(super) fn capabilities(&mut self) {
        self.say(format_args!("+OK"));
        let fixed = ["TOP", "UIDL", "RESP-CODES", "PIPELINING", "AUTH-RESP-CODE"];
        for capability in fixed {
            self.say(format_args!("{capability}"));
        }
        if self.maildrop.is_none() {
            if self.may_log_in() {
                self.say(format_args!("USER"));
            }
            self.mechanisms();
            if self.config.stls && !self.setting.is_secured() {
                self.say(format_args!("STLS"));
            }
        }
        if self.config.utf8 {
            self.say(format_args!("UTF8 USER"));
            self.say(format_args!("LANG"));
        }
        match self.config.expire {
            Some(Expire::Never) => self.say(format_args!("EXPIRE NEVER")),
            Some(Expire::Days(days)) => self.say(format_args!("EXPIRE {days}")),
            None => {}
        }
        if let Some(delay) = self.config.login_delay {
            self.say(format_args!("LOGIN-DELAY {}", delay.as_secs()));
        }
        if let Some(text) = &self.config.implementation {
            self.output.put_slice(b"IMPLEMENTATION ");
            text.write(&mut self.output);
            self.output.put_slice(b"\r\n");
        }
        self.say(format_args!("."));
    }

    /// RFC 6856 §3: our own words are English, and `i-default` is that.
    pub(super) fn language(&mut self, tag: Option<&LanguageTag>) -> Result<(), Error> {
        match tag {
            None => {
                self.say(format_args!("+OK Language listing follows:"));
                self.say(format_args!("en English"));
                self.say(format_args!("i-default Default language"));
                self.say(format_args!("."));
            }
            Some(tag) if tag.is_part_of("en") => self.say(format_args!("+OK en English it is")),
            Some(tag) if tag.is_part_of("i-default") || tag.as_str() == "*" => {
                self.say(format_args!("+OK i-default English it is"));
            }
            Some(_) => self.mistake("invalid language")?,
        }
        Ok(())
    }

    fn mechanisms(&mut self) {
        let usable = |name: &&Mechanism| self.setting.permits(**name);
        let mut line = BytesMut::from("SASL");
        for name in self.config.mechanisms.iter().filter(usable) {
            line.put_u8(b' ');
            line.put_slice(name.as_str().as_bytes());
        }
        if line.len() > 4 {
            self.output.put_slice(&line);
            self.output.put_slice(b"\r\n");
        }
    }

    pub(super) fn sasl_start(
        &mut self,
        mechanism: Mechanism,
        initial: Option<&Secret>,
    ) -> Result<Option<Event>, Error> {
        let exchange = Exchange::new(mechanism, &self.config.mechanisms, &mut self.setting);
        let Some(mut exchange) = exchange else {
            self.mistake("no such mechanism")?;
            return Ok(None);
        };
        let step = exchange.start(initial.map(Secret::expose));
        self.sasl_step(exchange.into(), step)
    }

    pub(super) fn sasl_response(&mut self, line: &[u8]) -> Result<Option<Event>, Error> {
        match core::mem::replace(&mut self.state, State::Command) {
            State::Sasl(_) if line == b"*" => self.mistake("cancelled").map(|()| None),
            State::Sasl(mut exchange) => match base64::parse(line) {
                Ok(response) => {
                    let step = exchange.step(response.expose());
                    self.sasl_step(exchange, step)
                }
                Err(error) => self.mistake(&error.to_string()).map(|()| None),
            },
            // Whatever it says; RFC 7628 §3.2.3 has it say nothing.
            State::Refusing(response) => self.refuse(&response).map(|()| None),
            _ => Ok(None),
        }
    }

    /// Says why not, after the client's last word.
    fn refuse(&mut self, response: &Response) -> Result<(), Error> {
        response.write(&mut self.output);
        self.failures += 1;
        match self.failures >= self.config.limits.failures {
            true => Err(Error::TooManyFailures),
            false => Ok(()),
        }
    }

    fn sasl_step(
        &mut self,
        exchange: Box<Exchange>,
        step: Result<SaslStep, sasl::Error>,
    ) -> Result<Option<Event>, Error> {
        match step {
            Ok(SaslStep::Verify(claim)) => {
                self.state = State::Owed(Owed::Login(Some(exchange)));
                Ok(Some(Event::Login(Login::Sasl(claim))))
            }
            Ok(SaslStep::Lookup(lookup)) => {
                self.state = State::Owed(Owed::Lookup(exchange));
                Ok(Some(Event::Lookup(lookup)))
            }
            Ok(SaslStep::Challenge(challenge)) => {
                self.say_challenge(&challenge);
                self.state = State::Sasl(exchange);
                Ok(None)
            }
            Ok(_) => self.mistake("not here").map(|()| None),
            Err(error) if error.is_refusal() => {
                let why = Response::err(Text::from_static("not by that name and password"));
                self.refuse(&why.with_code(ResponseCode::Auth)).map(|()| None)
            }
            Err(error) => self.mistake(&error.to_string()).map(|()| None),
        }
    }

    fn say_challenge(&mut self, challenge: &[u8]) {
        self.output.put_slice(b"+ ");
        base64::write(challenge, &mut self.output);
        self.output.put_slice(b"\r\n");
    }

    /// Counts a login that the application refused.
    fn login_failed(&mut self) {
        self.failures += 1;
        if self.failures >= self.config.limits.failures {
            self.fail(Error::TooManyFailures);
        }
    }

    /// One line of a listing (RFC 1939 §5 and §7: the same words as in the whole listing).
    pub(super) fn list_one(
        &mut self,
        message: MessageNumber,
        listing: &Listing,
    ) -> Result<(), Error> {
        let found = self.maildrop.as_ref().and_then(|maildrop| maildrop.get(message));
        let Some((index, entry)) = found else { return self.mistake("no such message") };
        self.output.put_slice(b"+OK ");
        line(&mut self.output, listing.kind, index, entry);
        Ok(())
    }

    /// Writes on at the listing; false if the client must take some of it first.
    pub(super) fn list_more(&mut self) -> bool {
        let (State::Listing(listing), Some(maildrop)) = (&mut self.state, &self.maildrop) else {
            return true;
        };
        for (index, entry) in maildrop.kept_from(listing.next) {
            if self.output.len() >= self.config.limits.output {
                listing.next = index;
                return false;
            }
            line(&mut self.output, listing.kind, index, entry);
        }
        self.output.put_slice(b".\r\n");
        self.state = State::Command;
        self.timer.restart_vaguely();
        true
    }
}

fn line(output: &mut BytesMut, kind: Kind, index: usize, entry: &Entry) {
    // Writing to a buffer that grows does not fail.
    let _ = match kind {
        Kind::Sizes => write!(output, "{} {}\r\n", index + 1, entry.size),
        Kind::Ids => write!(output, "{} {}\r\n", index + 1, entry.id.as_str()),
    };
}
