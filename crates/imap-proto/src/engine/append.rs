//! APPEND and REPLACE: messages come from the client.
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;

use super::answer::{Answer, Refusal, bad, coded, no, ok};
use super::copy::to_target;
use super::{Engine, Failure, Mailbox as _, NewMessage, Stage, Store, Upload, name, url};
use crate::command::{AppendPart, MessageForm, MessageSet, Numbering, Replace};
use crate::{Code, Condition, Mailbox, Range, RespText, SeqSet, UidSet};

/// An APPEND or REPLACE under way.
#[derive(Debug)]
pub(super) struct Appending<U> {
    name: String,
    messages: Vec<NewMessage<U>>,
    /// The message that is to be replaced.
    replaces: Option<NonZeroU32>,
    /// Pieces of the message that came last.
    pieces: usize,
    octets: u64,
    /// What has gone wrong, while octets are still coming.
    failed: Option<Refusal>,
}

impl<S: Store> Engine<S> {
    /// Takes a piece of what APPEND or REPLACE brings. After [`AppendPart::Text`] its octets
    /// [follow](Self::octets).
    ///
    /// # Errors
    /// The literal need not be waited for: the command ends here, with this.
    pub fn part(&mut self, part: &AppendPart) -> Result<(), (Condition, RespText)> {
        let result = self.take_part(part);
        let Some(appending) = &mut self.appending else {
            let refusal = bad("nothing is appended");
            return Err((refusal.condition, refusal.text));
        };
        let failed = result.err();
        if appending.failed.is_none() {
            appending.failed = failed;
        }
        // What is wrong elsewhere than before a literal is said at the next one, or at the end.
        match appending.failed.clone().filter(|_| matches!(part, AppendPart::Text(_))) {
            None => Ok(()),
            Some(refusal) => {
                self.appending = None;
                Err((refusal.condition, refusal.text))
            }
        }
    }

    /// Takes octets of a message.
    pub fn octets(&mut self, octets: Bytes) {
        let limit = self.store.append_limit().unwrap_or(u64::MAX);
        let Some(appending) = &mut self.appending else { return };
        if appending.failed.is_some() {
            return;
        }
        let result = appending.write(octets, limit);
        appending.failed = result.err().map(Refusal::from);
    }

    /// Takes it that all is here: [`next`](Self::next) says what came of it.
    pub fn end(&mut self) {
        let Some(appending) = self.appending.take() else { return };
        let answer = self.append(appending);
        self.finish(answer.map(|text| (Condition::Ok, text)), false);
    }

    /// Forgets an APPEND that does not go on: the session has answered it, or is over.
    pub fn abort(&mut self) {
        self.appending = None;
        self.stage = Stage::Quiet;
    }

    pub(super) fn begin_append(&mut self, mailbox: &Mailbox) -> Answer {
        self.begin(mailbox, None)
    }

    pub(super) fn begin_replace(&mut self, replace: &Replace) -> Answer {
        let range = Range { from: replace.number, to: replace.number };
        let set = SeqSet::new(alloc::vec![range]).ok_or_else(|| bad("no number"))?;
        if self.selected.is_none() {
            return Err(bad("no mailbox is selected"));
        }
        let uids = self.resolve(replace.numbering, &MessageSet::Numbers(set))?;
        let selected = self.selected_mut()?;
        if selected.read_only {
            return Err(no(Code::ReadOnly, "the mailbox is only to be read"));
        }
        // RFC 8508 §3.3: a message that is not there cannot be replaced.
        let there = selected.there(&uids);
        let uid = there.first().ok_or_else(|| match replace.numbering {
            Numbering::Uid => no(Code::NonExistent, "there is no such message"),
            Numbering::Sequence => no(Code::ExpungeIssued, "the message is gone"),
        })?;
        self.begin(&replace.mailbox, Some(*uid))
    }

    fn begin(&mut self, mailbox: &Mailbox, replaces: Option<NonZeroU32>) -> Answer {
        let name = name::read(mailbox, self.enabled.utf8())?;
        // Asked before a message of any size comes for nothing.
        self.store.open(&name).map_err(to_target)?;
        self.appending = Some(Appending {
            name,
            messages: Vec::new(),
            replaces,
            pieces: 0,
            octets: 0,
            failed: None,
        });
        Ok(ok("go on"))
    }

    fn take_part(&mut self, part: &AppendPart) -> Answer<()> {
        let limit = self.store.append_limit().unwrap_or(u64::MAX);
        let utf8 = self.enabled.utf8();
        let Some(appending) = &mut self.appending else { return Err(bad("nothing is appended")) };
        match part {
            AppendPart::Message(start) => {
                if !start.annotations.is_empty() {
                    return Err(bad("notes on messages are not supported"));
                }
                if start.form == MessageForm::Utf8 && !utf8 {
                    return Err(bad("ENABLE UTF8=ACCEPT comes first"));
                }
                if appending.messages.len() >= self.limits.appended {
                    return Err(no(Code::Limit, "too many messages at once"));
                }
                (appending.pieces, appending.octets) = (0, 0);
                let upload = self.store.upload()?;
                let (flags, received) = (start.flags.clone(), start.date);
                appending.messages.push(NewMessage { upload, flags, received });
                Ok(())
            }
            AppendPart::Text(literal) => {
                appending.count(&self.limits)?;
                // RFC 7889 §4: said when the literal is announced, not when it has come.
                if appending.octets.saturating_add(literal.size) > limit {
                    return Err(Failure::TooBig.into());
                }
                Ok(())
            }
            AppendPart::Url(url) => {
                appending.count(&self.limits)?;
                if appending.failed.is_none() { self.take_url(url, limit) } else { Ok(()) }
            }
        }
    }

    /// RFC 4469: puts what a URL names into the message.
    fn take_url(&mut self, text: &crate::IString, limit: u64) -> Answer<()> {
        let bad_url = || {
            let url = crate::OtherText::parse(text.clone().into_bytes());
            match url {
                Some(url) => no(Code::BadUrl(url), "the URL names nothing here"),
                None => no(Code::Cannot, "the URL names nothing here"),
            }
        };
        let url = url::read(text.as_bytes()).ok_or_else(bad_url)?;
        let octets = self.fetch_url(&url).map_err(|failure| match failure {
            Failure::Unavailable => Refusal::from(failure),
            _ => bad_url(),
        })?;
        let Some(appending) = &mut self.appending else { return Ok(()) };
        Ok(appending.write(octets, limit)?)
    }

    fn append(&mut self, mut appending: Appending<S::Upload>) -> Answer {
        if let Some(refusal) = appending.failed {
            return Err(refusal);
        }
        let result = match appending.replaces {
            None => self.store.append(&appending.name, appending.messages),
            Some(uid) => {
                let message = appending.messages.pop().ok_or_else(|| bad("no message"))?;
                let selected = self.selected.as_mut().ok_or_else(|| bad("nothing is selected"))?;
                let source = &mut selected.mailbox;
                self.store.replace(&appending.name, message, source, uid)
            }
        };
        let appended = result.map_err(to_target)?;
        let uid_validity = appended.uid_validity;
        let text = match UidSet::from_numbers(appended.uids) {
            Some(uids) => coded(Code::AppendUid { uid_validity, uids }, "appended"),
            None => ok("appended"),
        };
        if appending.replaces.is_none() {
            return Ok(text);
        }
        // RFC 8508 §3.2: where it is comes before EXPUNGE of the one before.
        self.tell(super::enabled::untagged(text));
        Ok(ok("replaced"))
    }
}

impl<U: Upload> Appending<U> {
    fn count(&mut self, limits: &super::Limits) -> Answer<()> {
        self.pieces += 1;
        if self.pieces > limits.catenated {
            return Err(no(Code::Limit, "too many pieces"));
        }
        Ok(())
    }

    fn write(&mut self, octets: Bytes, limit: u64) -> Result<(), Failure> {
        let size = u64::try_from(octets.len()).unwrap_or(u64::MAX);
        self.octets = self.octets.saturating_add(size);
        if self.octets > limit {
            return Err(Failure::TooBig);
        }
        let message = self.messages.last_mut().ok_or(Failure::Bug)?;
        message.upload.write(octets)
    }
}

impl<S: Store> Engine<S> {
    fn fetch_url(&mut self, url: &url::MessageUrl) -> Result<Bytes, Failure> {
        let mut mailbox = self.store.open(&url.mailbox)?;
        let info = mailbox.info()?;
        if url.uid_validity.is_some_and(|validity| validity != info.uid_validity) {
            return Err(Failure::NonExistent);
        }
        let details = mailbox.details(&[url.uid])?;
        let details = details.first().ok_or(Failure::MessageGone)?;
        let mut lazy = super::message::Lazy::new(url.uid, details.size);
        let octets = lazy.whole(&mut mailbox, &self.limits)?;
        let message = mime::Message::parse(&octets);
        let section = super::section::cut(&octets, &message, &url.section);
        let section = section.ok_or(Failure::NonExistent)?;
        Ok(super::section::partial(&section, url.partial).0)
    }
}
