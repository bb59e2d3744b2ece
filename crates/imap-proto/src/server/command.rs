//! Commands as they come, and what the session answers itself.
use alloc::string::ToString;

use proto_core::{LineError, Step, Text};

use super::state::{Owed, Phase, State};
use super::{Error, Event, Session};
use crate::command::{self, Bad, BadKind, Command, Tagged};
use crate::frame::FrameError;
use crate::{Code, Condition, Id, RespText, Response, Tag};

impl Session {
    /// Takes the next command.
    pub(super) fn hear_command(&mut self) -> Result<Option<Step<Event>>, Error> {
        match self.reader.next(&mut self.input) {
            Ok(None) => self.rest(),
            Ok(Some(command::Event::Command(tagged))) => {
                self.timer.restart();
                Ok(self.command(tagged)?.map(Step::Event))
            }
            Ok(Some(command::Event::Continue)) => {
                self.go_ahead();
                Ok(None)
            }
            // Of a command that has been answered.
            Ok(Some(_)) => Ok(None),
            Err(bad) => {
                self.timer.restart();
                self.answer_bad(&bad)?;
                Ok(None)
            }
        }
    }

    /// Takes the line that ends IDLE (RFC 9051 §6.3.13).
    pub(super) fn hear_done(&mut self) -> Result<Option<Step<Event>>, Error> {
        let line = self.reader.line(&mut self.input);
        let Some(line) = line.transpose() else { return self.rest() };
        self.timer.restart();
        let State::Idle(tag) = self.take_state() else { return Ok(None) };
        match line {
            Ok(line) if line.eq_ignore_ascii_case(b"DONE") => {
                self.say(Some(&tag), Condition::Ok, None, "no longer idling");
            }
            Ok(_) => self.mistake(Some(&tag), "DONE expected")?,
            Err(LineError::TooLong { .. }) => self.mistake(Some(&tag), "line is too long")?,
            Err(_) => self.mistake(Some(&tag), "line feed without carriage return")?,
        }
        Ok(Some(Step::Event(Event::IdleEnd)))
    }

    /// Answers a command that is none, and says nothing more of it.
    pub(super) fn answer_bad(&mut self, bad: &Bad) -> Result<(), Error> {
        let tag = bad.tag.as_ref();
        match bad.kind {
            BadKind::Frame(FrameError::EndlessLine) => return Err(Error::EndlessLine),
            BadKind::Frame(FrameError::LiteralTooLarge { .. }) => {
                self.check_skipping()?;
                self.count_mistake()?;
                self.say(tag, Condition::No, Some(Code::TooBig), "literal is too large");
            }
            BadKind::Arguments => {
                self.check_skipping()?;
                self.count_mistake()?;
                self.say(tag, Condition::Bad, Some(Code::TooBig), "arguments are too large");
            }
            kind => {
                self.check_skipping()?;
                self.count_mistake()?;
                let text = Text::new(&kind.to_string()).unwrap_or_default();
                self.say_text(tag, Condition::Bad, RespText::new(None, text));
            }
        }
        Ok(())
    }

    /// RFC 7888 §4: what comes although it was refused is thrown away, or the session ends.
    pub(super) fn check_skipping(&self) -> Result<(), Error> {
        let limits = &self.config.limits;
        let most = match self.phase {
            Phase::NotAuthenticated => limits.early.frame.endless_line,
            _ => limits.discarded,
        };
        if self.reader.skipping() > most {
            return Err(Error::EndlessLiteral);
        }
        Ok(())
    }

    /// Answers BAD, unless it is once too often.
    pub(super) fn mistake(&mut self, tag: Option<&Tag>, text: &'static str) -> Result<(), Error> {
        self.count_mistake()?;
        self.say(tag, Condition::Bad, None, text);
        Ok(())
    }

    fn count_mistake(&mut self) -> Result<(), Error> {
        if self.mistakes >= self.config.limits.mistakes {
            return Err(Error::TooManyMistakes);
        }
        self.mistakes += 1;
        Ok(())
    }

    fn command(&mut self, Tagged { tag, command }: Tagged) -> Result<Option<Event>, Error> {
        if let Some(why) = self.objection(&command) {
            if command.brings_messages() {
                self.turn_down()?;
            }
            self.mistake(Some(&tag), why)?;
            return Ok(None);
        }
        match command {
            // A guess at a password is no mistake, nor is it a reason to forget some.
            Command::Login(login) => return self.login(tag, &login),
            Command::Authenticate(authenticate) => return self.begin_auth(tag, &authenticate),
            _ => self.mistakes = 0,
        }
        self.note_enabling(&command);
        Ok(self.take(tag, command))
    }

    /// Obeys, or asks the application to.
    fn take(&mut self, tag: Tag, command: Command) -> Option<Event> {
        let (what, event) = match command {
            Command::Capability => {
                let capabilities = self.capabilities();
                self.write(&Response::Capability(capabilities));
                self.say(Some(&tag), Condition::Ok, None, "that is all");
                return None;
            }
            Command::Logout => {
                self.write(&Response::Bye(RespText::new(None, Text::from_static("goodbye"))));
                self.say(Some(&tag), Condition::Ok, None, "goodbye");
                self.state = State::Closed;
                return None;
            }
            Command::Noop if self.phase == Phase::NotAuthenticated => {
                self.say(Some(&tag), Condition::Ok, None, "nothing done");
                return None;
            }
            Command::Id(fields) => {
                let id: Id = self.config.id.clone();
                self.write(&Response::Id(id));
                self.say(Some(&tag), Condition::Ok, None, "pleased to meet you");
                return Some(Event::Id(fields));
            }
            Command::Idle => {
                self.write(&Response::Continuation(Text::from_static("idling")));
                self.state = State::Idle(tag);
                return Some(Event::Idle);
            }
            Command::Compress if self.is_compressed => {
                let code = Some(Code::CompressionActive);
                self.say(Some(&tag), Condition::No, code, "DEFLATE is on already");
                return None;
            }
            Command::StartTls => (Owed::StartTls, Event::StartTls),
            Command::Compress => (Owed::Compress, Event::Compress),
            Command::Unauthenticate => (Owed::Unauthenticate, Event::Unauthenticate),
            command => {
                let what = match command {
                    Command::Append(_) | Command::Replace(_) => Owed::Message(None),
                    Command::Select(_) | Command::Examine(_) => Owed::Select,
                    Command::Close | Command::Unselect => Owed::Close,
                    Command::Notify(ref notify) => Owed::Notify(notify.tells_expunge()),
                    _ => Owed::Plain,
                };
                let told = Tagged { tag: tag.clone(), command };
                (what, Event::Command(told))
            }
        };
        self.state = State::Owed { tag, what };
        Some(event)
    }

    /// Says what speaks against a command here, if something does (RFC 9051 §3, §6).
    fn objection(&self, command: &Command) -> Option<&'static str> {
        let phase = self.phase;
        let place = Place::of(command);
        if !self.config.knows(command) {
            return Some("unknown command");
        }
        match place {
            Place::Anywhere => {}
            Place::NotAuthenticated if phase == Phase::NotAuthenticated => {}
            Place::NotAuthenticated => return Some("logged in already"),
            _ if phase == Phase::NotAuthenticated => return Some("log in first"),
            Place::Selected if phase == Phase::Authenticated => {
                return Some("no mailbox is selected");
            }
            Place::Authenticated | Place::Selected => {}
        }
        match command {
            Command::StartTls if self.setting.is_secured() => Some("TLS is on already"),
            Command::Unauthenticate if self.is_compressed => Some("not under compression"),
            _ => None,
        }
    }
}

/// Where a command may be given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Anywhere,
    NotAuthenticated,
    Authenticated,
    Selected,
}

impl Place {
    const fn of(command: &Command) -> Self {
        match command {
            Command::Capability
            | Command::Noop
            | Command::Logout
            | Command::Id(_)
            | Command::Language(_) => Self::Anywhere,
            Command::StartTls | Command::Login(_) | Command::Authenticate(_) => {
                Self::NotAuthenticated
            }
            Command::Check
            | Command::Close
            | Command::Unselect
            | Command::Expunge
            | Command::UidExpunge(_)
            | Command::Search(_)
            | Command::Sort(_)
            | Command::Thread(_)
            | Command::Fetch(_)
            | Command::Store(_)
            | Command::Copy { .. }
            | Command::Move { .. }
            | Command::Replace(_)
            | Command::UidBatches { .. } => Self::Selected,
            _ => Self::Authenticated,
        }
    }
}
