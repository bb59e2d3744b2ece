//! What the server says, and what it means for the session.
use crate::{Code, Condition, ReadEvent, RespText, Response, Tag, command::Command};

use super::{
    Error, Event, Session, StartTls,
    queue::Given,
    state::{Idle, Phase, Purpose, State},
};

impl Session {
    pub(super) fn hear(&mut self, event: ReadEvent) -> Result<(), Error> {
        match event {
            ReadEvent::Body(fetch) => {
                self.told += fetch.items.len();
                self.tell(Event::Body(fetch))
            }
            ReadEvent::Octets(octets) => self.tell(Event::Octets(octets)),
            ReadEvent::Response(Response::Fetch(mut fetch)) => {
                // What was told with the octets that streamed is not told again.
                let told = core::mem::take(&mut self.told).min(fetch.items.len());
                fetch.items.drain(..told);
                self.response(Response::Fetch(fetch))
            }
            ReadEvent::Response(response) => {
                self.told = 0;
                self.response(response)
            }
        }
    }

    fn response(&mut self, response: Response) -> Result<(), Error> {
        if let Some(text) = text(&response) {
            self.learn_code(text)?;
        }
        if self.phase == Phase::Greeting {
            return self.greeting(response);
        }
        match response {
            Response::Tagged { tag, condition, text } => return self.tagged(&tag, condition, text),
            Response::Continuation(ref words) => {
                if self.queue.go_ahead(&mut self.output) {
                    self.send();
                    return Ok(());
                }
                if self.is_logging_in() {
                    self.challenge(words.as_bytes());
                    return Ok(());
                }
                if !self.idling()? {
                    return Ok(());
                }
            }
            Response::Preauth(_) => return Err(Error::NotDue),
            Response::Bye(_) => {
                self.bye = true;
                self.events.push_back(Event::Response(response));
                return Ok(());
            }
            Response::Capability(ref all) => self.learn(all)?,
            Response::Enabled(ref all) => {
                for one in all {
                    // Only what was asked for: the server does not choose how much we remember.
                    let asked = self.queue.any(|given| match &given.command {
                        Command::Enable(asked) => asked.contains(one),
                        _ => false,
                    });
                    if asked && !self.enabled.contains(one) {
                        self.enabled.push(one.clone());
                    }
                }
            }
            _ => {}
        }
        self.tell(Event::Response(response))
    }

    /// Tells the application, unless it is said in clear and TLS is to come: then anybody may have
    /// said it.
    fn tell(&mut self, event: Event) -> Result<(), Error> {
        let in_clear = !self.is_secured() && self.config.starttls != StartTls::Never;
        if matches!(self.phase, Phase::Greeting | Phase::Opening) && in_clear {
            // Where octets are cut does not count.
            self.preliminaries += u32::from(!matches!(event, Event::Octets(_)));
            let most = self.config.limits.preliminaries;
            return if self.preliminaries > most { Err(Error::TooLong) } else { Ok(()) };
        }
        self.events.push_back(event);
        Ok(())
    }

    fn greeting(&mut self, response: Response) -> Result<(), Error> {
        match response {
            Response::Condition { condition: Condition::Ok, .. } => {}
            Response::Preauth(_) => {
                // RFC 9051 §6.2.1: it is too late for STARTTLS.
                if self.config.starttls == StartTls::Required && !self.is_secured() {
                    return Err(Error::PreauthInClear);
                }
                self.state = State::Authenticated;
            }
            Response::Bye(_) => {
                self.bye = true;
                self.phase = Phase::Opening;
                self.events.push_back(Event::Response(response));
                return Ok(());
            }
            _ => return Err(Error::NoGreeting),
        }
        self.tell(Event::Response(response))?;
        self.phase = Phase::Opening;
        if self.known {
            return self.proceed();
        }
        self.ask_capabilities();
        Ok(())
    }

    fn tagged(&mut self, tag: &Tag, condition: Condition, text: RespText) -> Result<(), Error> {
        let Some(given) = self.queue.end(tag, condition, &text)? else { return Ok(()) };
        match given.purpose {
            Purpose::Asked => self.finish(given, condition, text),
            Purpose::Capabilities => self.capabilities_known()?,
            Purpose::StartTls if condition == Condition::Ok => {
                self.phase = Phase::Tls;
                self.events.push_back(Event::StartTls);
            }
            Purpose::StartTls => return Err(Error::NoTls),
            Purpose::Login => self.login_answered(condition, text)?,
        }
        self.send();
        Ok(())
    }

    /// A command of the application's is over.
    pub(super) fn finish(&mut self, given: Given, condition: Condition, text: RespText) {
        let done = Event::Done { tag: given.told.clone(), condition, text };
        match (&given.command, condition) {
            (Command::Select(select), Condition::Ok) => {
                let read_only = matches!(&done, Event::Done { text, .. } if text.code() == Some(&Code::ReadOnly));
                self.state = State::Selected { mailbox: select.mailbox.clone(), read_only };
            }
            (Command::Examine(examine), Condition::Ok) => {
                let mailbox = examine.mailbox.clone();
                self.state = State::Selected { mailbox, read_only: true };
            }
            // RFC 9051 §6.3.2: then no mailbox is selected.
            (Command::Select(_) | Command::Examine(_), Condition::No)
            | (Command::Close | Command::Unselect, Condition::Ok) => self.unselect(),
            (Command::Unauthenticate, Condition::Ok) => {
                self.state = State::NotAuthenticated;
                self.enabled.clear();
                self.ask_capabilities();
            }
            (Command::Logout, _) => self.close(),
            (Command::Compress, Condition::Ok) => {
                self.phase = Phase::Compressing;
                self.events.push_back(Event::Compress);
                self.compressed = Some(done);
                return;
            }
            (Command::Idle, condition) => {
                let renew = self.idle == Idle::Ends { renew: true } && condition == Condition::Ok;
                self.idle = Idle::No;
                if renew {
                    return self.queue.renew(given);
                }
            }
            _ => {}
        }
        self.events.push_back(done);
    }

    fn unselect(&mut self) {
        if matches!(self.state, State::Selected { .. }) {
            self.state = State::Authenticated;
        }
    }

    /// Hears a `+` that may be IDLE's; whether it is news that have no other name.
    fn idling(&mut self) -> Result<bool, Error> {
        match self.idle {
            Idle::Begun { done: true, .. } => self.end_idle(false),
            Idle::Begun { told, .. } => {
                self.idle = Idle::Lasts;
                self.idle_timer.restart();
                let idle = self.queue.under_way().find(|given| given.command == Command::Idle);
                if let Some(idle) = idle.filter(|_| !told) {
                    self.events.push_back(Event::Idling(idle.told.clone()));
                }
            }
            Idle::Lasts | Idle::Ends { .. } => return Ok(true),
            Idle::No => return Err(Error::NotDue),
        }
        Ok(false)
    }
}

/// The words of a response about how things are.
const fn text(response: &Response) -> Option<&RespText> {
    match response {
        Response::Tagged { text, condition: Condition::Ok, .. }
        | Response::Condition { text, condition: Condition::Ok }
        | Response::Preauth(text) => Some(text),
        _ => None,
    }
}
