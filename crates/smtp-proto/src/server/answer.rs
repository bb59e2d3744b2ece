//! Replies: where they lead, and the customary ones.
use alloc::string::String;
use alloc::vec::Vec;

use proto_core::dot::Unstuffer;

use super::Session;
use super::message::Message;
use super::state::{Owed, State, Transaction};
use crate::reply::words;
use crate::{AttributeName, Capabilities, Extension, Extensions, Reply, SessionLimits};

impl Session {
    /// Where a reply leads.
    pub(super) fn after(&mut self, owed: &Owed, code: u16) -> State {
        let agreed = code < 400;
        match owed {
            _ if code == 421 => return State::Closed,
            Owed::Connected => self.turned_away = !agreed,
            Owed::Hello { .. } => self.greeted |= agreed,
            Owed::Mail { smtputf8, binary } if agreed => self.begin(*smtputf8, *binary),
            Owed::Rcpt(path) if agreed => {
                if let Some(transaction) = &mut self.transaction {
                    transaction.recipients += 1;
                    transaction.paths.extend(path.clone());
                }
            }
            Owed::Data if agreed => return self.begin_body(),
            Owed::Chunk(chunk) => return self.begin_chunks(*chunk, agreed),
            Owed::Burl { last } => {
                self.idling = if agreed { 0 } else { self.idling };
                return self.after_burl(*last, agreed);
            }
            Owed::Body => {
                self.transaction = None;
                self.idling = if agreed { 0 } else { self.idling };
            }
            Owed::Verdict(place) => {
                self.idling = if agreed { 0 } else { self.idling };
                return State::Verdicts(place + 1);
            }
            Owed::XClient { login } if agreed => {
                self.greeted = false;
                self.turned_away = false;
                self.authenticated = *login;
            }
            Owed::StartTls if agreed => return State::Tls,
            Owed::Auth(_) if agreed => self.authenticated = true,
            // Guesses are bounded like other mistakes.
            Owed::Auth(_) | Owed::Lookup(_) => self.mistakes = self.mistakes.saturating_add(1),
            Owed::Quit => return State::Closed,
            _ => {}
        }
        State::Command
    }

    fn begin(&mut self, smtputf8: bool, binary: bool) {
        self.transactions = self.transactions.saturating_add(1);
        self.transaction = Some(Transaction {
            smtputf8,
            binary,
            recipients: 0,
            paths: Vec::new(),
            message: None,
            spoilt: false,
            too_large: false,
            skipped: 0,
        });
    }

    fn begin_body(&mut self) -> State {
        if let Some(transaction) = &mut self.transaction {
            transaction.message = Some(Message::new(&self.config));
        }
        self.progress.restart_vaguely();
        State::Body(Unstuffer::new(self.config.bare))
    }

    /// The customary yes.
    pub(super) fn yes(&self, owed: &Owed) -> Reply {
        let host = &self.config.host;
        let own = |code, enhanced, text| Reply::own(code, self.words(enhanced, text));
        match owed {
            Owed::Connected | Owed::XClient { .. } => {
                let protocol = if self.config.lmtp { "LMTP" } else { "ESMTP" };
                Reply::own(220, alloc::format!("{host} {protocol}"))
            }
            Owed::Hello { host: client, extended } => {
                let mut text = alloc::format!("{host} greets {client}");
                if *extended {
                    self.announced().write_lines(&mut text);
                }
                Reply::own(250, text)
            }
            Owed::Mail { .. } => own(250, "2.1.0", "OK"),
            Owed::Rcpt(_) => own(250, "2.1.5", "OK"),
            Owed::Data | Owed::Chunk(_) => {
                Reply::own(354, "Start mail input; end with <CRLF>.<CRLF>")
            }
            Owed::Body | Owed::Verdict(_) | Owed::XForward => own(250, "2.0.0", "OK"),
            Owed::Burl { .. } => own(250, "2.5.0", "OK"),
            Owed::Etrn => own(250, "2.0.0", "Queueing started"),
            Owed::StartTls => own(220, "2.0.0", "Go ahead"),
            Owed::Auth(_) => own(235, "2.7.0", "Authentication successful"),
            // There is no yes without a verifier.
            Owed::Lookup(_) => own(535, "5.7.8", "Authentication credentials invalid"),
            Owed::Verify => own(252, "2.0.0", "Send some mail, and see"),
            Owed::Help => own(214, "2.0.0", "See RFC 5321"),
            Owed::Quit => own(221, "2.0.0", "Bye"),
        }
    }

    /// Everything that may come up in a session.
    pub(super) fn supported(&self) -> Extensions {
        match self.config.mechanisms.is_empty() {
            true => self.config.extensions.without(Extension::Auth),
            false => self.config.extensions.with(Extension::Auth),
        }
    }

    /// Everything that a client may use now.
    pub(super) fn offered(&self) -> Extensions {
        // RFC 8689 §2: only under TLS.
        let all = self.supported();
        if self.secured { all } else { all.without(Extension::RequireTls) }
    }

    /// What to tell the client of.
    pub(super) fn announced(&self) -> Capabilities {
        let (config, limits) = (&self.config, &self.config.limits);
        let mut extensions = self.offered();
        if self.secured {
            extensions = extensions.without(Extension::StartTls);
        }
        let mechanisms = self.usable_mechanisms();
        if mechanisms.is_empty() {
            extensions = extensions.without(Extension::Auth);
        }
        // RFC 4865 §3: what is not held for any time is not offered to be.
        if config.hold.is_none() {
            extensions = extensions.without(Extension::FutureRelease);
        }
        let recipients = u32::try_from(limits.recipients).ok().filter(|most| *most < 1_000_000);
        Capabilities {
            extensions,
            size: Some(limits.message_size),
            mechanisms,
            deliver_by: config.deliver_by,
            hold: config.hold.clone(),
            priorities: config.priorities.clone(),
            limits: SessionLimits { transactions: limits.transactions, recipients, domains: None },
            burl: config.burl.clone(),
            xclient: AttributeName::XCLIENT.to_vec(),
            xforward: AttributeName::XFORWARD.to_vec(),
        }
    }

    pub(super) fn words(&self, enhanced: &str, text: &str) -> String {
        words(self.config.extensions.contains(Extension::EnhancedStatusCodes), enhanced, text)
    }
}
