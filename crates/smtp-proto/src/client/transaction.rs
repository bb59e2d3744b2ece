//! One message: what is asked, in which order, and what was answered.
use alloc::vec::Vec;

use bytes::BytesMut;

use super::{Delivery, Envelope, Outcome, Reason};
use crate::{
    Body, Capabilities, Command, Extension, ForwardPath, Parameters, Reply, ReversePath, Stage,
};

#[derive(Debug)]
pub(super) struct Transaction {
    from: ReversePath,
    parameters: Parameters,
    recipients: Vec<(ForwardPath, Fate)>,
    asks: Vec<Ask>,
    written: usize,
    heard: usize,
    mail_refused: bool,
    accepted: usize,
    data: Option<Reply>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ask {
    Rset,
    Mail,
    /// The recipient with this index.
    Rcpt(usize),
    Data,
}

/// What is known of a recipient so far.
#[derive(Debug)]
enum Fate {
    /// Not yet decided.
    Open,
    /// The server takes the recipient; the message is not decided.
    Taken,
    Known(Delivery),
}

/// What the answers came to.
#[derive(Debug)]
pub(super) enum Next {
    /// The message may follow.
    Body,
    /// The server wants a message that is for nobody: RFC 2920 §3.1 lets it.
    LoneDot,
    Over,
}

impl Transaction {
    /// Plans a transaction; what the server cannot take is decided at once.
    pub(super) fn plan(envelope: Envelope, server: &Capabilities, reset: bool) -> Self {
        let reason = refuse_message(&envelope, server);
        let offers_utf8 = server.extensions.contains(Extension::SmtpUtf8);
        let utf8 = envelope.utf8_header
            || !envelope.from.is_ascii()
            || envelope.recipients.iter().any(|to| !to.is_ascii()) && offers_utf8;
        let parameters = parameters(&envelope, server, utf8);
        let fate = |to: &ForwardPath| match reason {
            Some(reason) => Fate::Known(Delivery::Unsent(reason)),
            None if !to.is_ascii() && !offers_utf8 => {
                Fate::Known(Delivery::Unsent(Reason::NeedsSmtpUtf8))
            }
            None => Fate::Open,
        };
        let recipients: Vec<_> = envelope
            .recipients
            .into_iter()
            .map(|to| (fate(&to), to))
            .map(|(f, to)| (to, f))
            .collect();
        let asks = asks(&recipients, reset);
        Self {
            from: envelope.from,
            parameters,
            recipients,
            asks,
            written: 0,
            heard: 0,
            mail_refused: false,
            accepted: 0,
            data: None,
        }
    }

    /// Whether another command may be written before the next reply.
    pub(super) fn may_write(&self, pipelining: bool) -> bool {
        (pipelining || self.written == self.heard) && self.next_ask().is_some()
    }

    /// Writes the next command.
    pub(super) fn write_next(&mut self, out: &mut BytesMut) {
        let Some(ask) = self.next_ask() else { return };
        self.written += 1;
        match ask {
            Ask::Rset => Command::Rset.write(out),
            Ask::Mail => {
                let (from, parameters) = (self.from.clone(), self.parameters.clone());
                Command::Mail { from, parameters }.write(out);
            }
            Ask::Rcpt(index) => {
                if let Some((to, _)) = self.recipients.get(index) {
                    Command::Rcpt { to: to.clone(), parameters: Parameters::default() }.write(out);
                }
            }
            Ask::Data => Command::Data.write(out),
        }
    }

    /// What is still worth asking.
    fn next_ask(&self) -> Option<Ask> {
        let ask = *self.asks.get(self.written)?;
        let answered = self.written == self.heard;
        match ask {
            Ask::Rcpt(_) | Ask::Data if self.mail_refused => None,
            Ask::Data if answered && self.accepted == 0 => None,
            ask => Some(ask),
        }
    }

    /// What the next reply will be about.
    pub(super) fn stage(&self) -> Stage {
        match self.asks.get(self.heard) {
            Some(Ask::Rcpt(_)) => Stage::Rcpt,
            Some(Ask::Data) => Stage::Data,
            _ => Stage::Mail,
        }
    }

    /// Whether the server has been asked anything.
    pub(super) const fn is_begun(&self) -> bool {
        self.written > 0
    }

    /// Takes a reply; false if none is due, or none like that.
    pub(super) fn hear(&mut self, reply: &Reply) -> bool {
        let Some(&ask) = self.asks.get(..self.written).and_then(|asked| asked.get(self.heard))
        else {
            return false;
        };
        let agrees = match reply.code() {
            354 => ask == Ask::Data,
            200..300 => ask != Ask::Data,
            code => matches!(code, 400..600),
        };
        self.heard += 1;
        match ask {
            Ask::Mail if !reply.is_positive() => {
                self.mail_refused = true;
                self.decide(&Delivery::Refused(Stage::Mail, reply.clone()));
            }
            Ask::Rcpt(index) => self.hear_rcpt(index, reply),
            Ask::Data => self.data = Some(reply.clone()),
            Ask::Rset | Ask::Mail => {}
        }
        agrees
    }

    fn hear_rcpt(&mut self, index: usize, reply: &Reply) {
        let Some((_, fate @ Fate::Open)) = self.recipients.get_mut(index) else { return };
        if reply.is_positive() {
            *fate = Fate::Taken;
            self.accepted += 1;
        } else {
            *fate = Fate::Known(Delivery::Refused(Stage::Rcpt, reply.clone()));
        }
    }

    /// Where the replies lead, once all have come.
    pub(super) fn next(&mut self) -> Option<Next> {
        if self.heard < self.written || self.next_ask().is_some() {
            return None;
        }
        match self.data.take() {
            Some(reply) if reply.code() == 354 && self.accepted > 0 => Some(Next::Body),
            Some(reply) if reply.code() == 354 => Some(Next::LoneDot),
            Some(reply) => {
                self.decide(&Delivery::Refused(Stage::Data, reply));
                Some(Next::Over)
            }
            None => Some(Next::Over),
        }
    }

    /// Decides for all whose fate is open.
    pub(super) fn decide(&mut self, delivery: &Delivery) {
        for (_, fate) in &mut self.recipients {
            if matches!(fate, Fate::Open | Fate::Taken) {
                *fate = Fate::Known(delivery.clone());
            }
        }
    }

    pub(super) fn outcome(self) -> Outcome {
        let known = |(to, fate)| match fate {
            Fate::Known(delivery) => (to, delivery),
            Fate::Open | Fate::Taken => (to, Delivery::Unsent(Reason::Interrupted)),
        };
        Outcome { recipients: self.recipients.into_iter().map(known).collect() }
    }
}

fn asks(recipients: &[(ForwardPath, Fate)], reset: bool) -> Vec<Ask> {
    let open = recipients.iter().enumerate().filter(|(_, (_, fate))| matches!(fate, Fate::Open));
    let rcpt: Vec<_> = open.map(|(index, _)| Ask::Rcpt(index)).collect();
    if rcpt.is_empty() {
        return rcpt;
    }
    let first = reset.then_some(Ask::Rset).into_iter().chain([Ask::Mail]);
    first.chain(rcpt).chain([Ask::Data]).collect()
}

/// Why this server cannot take the message at all.
fn refuse_message(envelope: &Envelope, server: &Capabilities) -> Option<Reason> {
    let offers = |extension| server.extensions.contains(extension);
    // RFC 1870 §6.2.
    if let (Some(size), Some(limit)) = (envelope.size, server.size)
        && size > limit
    {
        return Some(Reason::TooLarge { limit });
    }
    if (envelope.utf8_header || !envelope.from.is_ascii()) && !offers(Extension::SmtpUtf8) {
        return Some(Reason::NeedsSmtpUtf8);
    }
    // RFC 6531 §3.1: SMTPUTF8 implies 8BITMIME.
    (envelope.eight_bit && !offers(Extension::EightBitMime)).then_some(Reason::NeedsEightBitMime)
}

fn parameters(envelope: &Envelope, server: &Capabilities, utf8: bool) -> Parameters {
    let mut parameters = Parameters::default();
    if let Some(size) = envelope.size
        && server.extensions.contains(Extension::Size)
    {
        parameters = parameters.with_size(size);
    }
    if envelope.eight_bit || envelope.utf8_header {
        parameters = parameters.with_body(Body::EightBitMime);
    }
    if utf8 { parameters.with_smtputf8() } else { parameters }
}
