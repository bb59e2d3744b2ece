//! One message: what is asked, in which order, and what was answered.
use alloc::vec::Vec;

use bytes::BytesMut;

use super::plan::Server;
use super::{Delivery, Envelope, Outcome, Reason, Recipient};
use crate::{Attributes, Command, Extension, ForwardPath, Parameters, Reply, ReversePath, Stage};

#[derive(Debug)]
pub(super) struct Transaction {
    from: ReversePath,
    parameters: Parameters,
    forwarded: Attributes,
    recipients: Vec<Wanted>,
    /// Those beyond what the server takes at once.
    rest: Option<Envelope>,
    binary: bool,
    chunked: bool,
    lmtp: bool,
    asks: Vec<Ask>,
    /// How many of them are the envelope's.
    commands: usize,
    written: usize,
    heard: usize,
    /// Nobody gets the message any more.
    refused: bool,
    accepted: usize,
    data: Option<Reply>,
}

/// How the session sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// RSET comes first.
    pub(super) reset: bool,
    pub(super) chunking: bool,
    pub(super) lmtp: bool,
}

/// A recipient, and what becomes of it.
#[derive(Debug)]
struct Wanted {
    to: ForwardPath,
    parameters: Parameters,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ask {
    Rset,
    XForward,
    Mail,
    /// The recipient with this index.
    Rcpt(usize),
    Data,
    /// A chunk, and the last one.
    Chunk,
    Last,
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
    pub(super) fn plan(mut envelope: Envelope, server: Server<'_>, options: Options) -> Self {
        let rest = server.split(&mut envelope);
        let reason = server.refuses(&envelope);
        let parameters = server.mail_parameters(&envelope);
        let wanted = |recipient: Recipient| {
            let reason = reason.or(server.refuses_recipient(&recipient));
            let fate = reason.map_or(Fate::Open, |it| Fate::Known(Delivery::Unsent(it)));
            let parameters = server.rcpt_parameters(&recipient);
            Wanted { to: recipient.to, parameters, fate }
        };
        let recipients: Vec<_> = envelope.recipients.into_iter().map(wanted).collect();
        let chunked = server.offers(Extension::Chunking) && (options.chunking || envelope.binary);
        let forwarded = envelope.forwarded.only(&server.capabilities.xforward);
        let asks = asks(&recipients, options.reset, !forwarded.is_empty(), chunked);
        Self {
            from: envelope.from,
            parameters,
            forwarded,
            recipients,
            rest,
            binary: envelope.binary,
            chunked,
            lmtp: options.lmtp,
            commands: asks.len(),
            asks,
            written: 0,
            heard: 0,
            refused: false,
            accepted: 0,
            data: None,
        }
    }

    /// Whether the message goes in chunks.
    pub(super) const fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// Whether the message is not made of lines.
    pub(super) const fn is_binary(&self) -> bool {
        self.binary
    }

    /// Notes that a chunk was written.
    pub(super) fn note_chunk(&mut self, last: bool) {
        self.asks.push(if last { Ask::Last } else { Ask::Chunk });
        self.written += 1;
    }

    /// Whether a chunk may be written now: the first with the envelope if the server lets us
    /// pipeline, another when all but one of those before it were taken.
    pub(super) fn may_chunk(&self, pipelining: bool) -> bool {
        let all_heard = self.heard >= self.commands;
        let first = self.written == self.commands;
        let open = self.written - self.heard;
        match pipelining {
            true if first => true,
            true => all_heard && open <= 1,
            false => open == 0,
        }
    }

    /// The recipients whom the server is asked for.
    pub(super) fn asked(&self) -> impl Iterator<Item = &ForwardPath> {
        let open = self.recipients.iter().filter(|it| matches!(it.fate, Fate::Open));
        open.map(|it| &it.to)
    }

    /// Whether there is nothing to ask, for all is decided.
    pub(super) const fn is_asked_nothing(&self) -> bool {
        self.asks.is_empty()
    }

    /// Whether every command of the envelope is written.
    pub(super) fn is_asked(&self) -> bool {
        self.written >= self.commands && !self.asks.is_empty()
    }

    /// Whether every reply that is due has come.
    pub(super) const fn is_heard(&self) -> bool {
        self.heard >= self.written
    }

    /// Whether there is nobody left for whom more of the message could be sent.
    pub(super) const fn is_hopeless(&self) -> bool {
        self.refused || self.heard >= self.commands && self.accepted == 0
    }

    /// Gives the message up, which is possible between chunks.
    pub(super) fn give_up(&mut self, delivery: &Delivery) {
        self.refused = true;
        self.decide(delivery);
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
            Ask::XForward => Command::XForward(self.forwarded.clone()).write(out),
            Ask::Rcpt(index) => {
                if let Some(Wanted { to, parameters, .. }) = self.recipients.get(index) {
                    let (to, parameters) = (to.clone(), parameters.clone());
                    Command::Rcpt { to, parameters }.write(out);
                }
            }
            Ask::Data => Command::Data.write(out),
            // Written with its octets.
            Ask::Chunk | Ask::Last => {}
        }
    }

    /// What is still worth asking.
    fn next_ask(&self) -> Option<Ask> {
        let ask = *self.asks.get(self.written)?;
        let answered = self.written == self.heard;
        match ask {
            Ask::Rcpt(_) | Ask::Data if self.refused => None,
            Ask::Data if answered && self.accepted == 0 => None,
            ask => Some(ask),
        }
    }

    /// What the next reply will be about.
    pub(super) fn stage(&self) -> Stage {
        match self.asks.get(self.heard) {
            Some(Ask::Rcpt(_)) => Stage::Rcpt,
            Some(Ask::Data) => Stage::Data,
            Some(Ask::Chunk | Ask::Last) => Stage::Body,
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
        match ask {
            Ask::Mail if !reply.is_positive() => {
                self.give_up(&Delivery::Refused(Stage::Mail, reply.clone()));
            }
            Ask::Rcpt(index) => self.hear_rcpt(index, reply),
            Ask::Data => self.data = Some(reply.clone()),
            Ask::Chunk if !reply.is_positive() => {
                self.give_up(&Delivery::Refused(Stage::Body, reply.clone()));
            }
            Ask::Last if !agrees => return false,
            Ask::Last if !self.hear_verdict(reply) => return true,
            Ask::Rset | Ask::XForward | Ask::Mail | Ask::Chunk | Ask::Last => {}
        }
        self.heard += 1;
        agrees
    }

    /// Takes what is said of the whole message, or in LMTP of the next recipient (RFC 2033
    /// §4.2). Says whether that was all.
    pub(super) fn hear_verdict(&mut self, reply: &Reply) -> bool {
        let delivery = match reply.is_positive() {
            true => Delivery::Accepted(reply.clone()),
            false => Delivery::Refused(Stage::Body, reply.clone()),
        };
        if !self.lmtp {
            self.decide(&delivery);
            return true;
        }
        let mut taken = self.recipients.iter_mut().filter(|it| matches!(it.fate, Fate::Taken));
        if let Some(next) = taken.next() {
            next.fate = Fate::Known(delivery);
        }
        taken.next().is_none()
    }

    fn hear_rcpt(&mut self, index: usize, reply: &Reply) {
        let Some(Wanted { fate: fate @ Fate::Open, .. }) = self.recipients.get_mut(index) else {
            return;
        };
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
            None if self.chunked && !self.is_hopeless() => Some(Next::Body),
            None => Some(Next::Over),
        }
    }

    /// Decides for all whose fate is open.
    pub(super) fn decide(&mut self, delivery: &Delivery) {
        for Wanted { fate, .. } in &mut self.recipients {
            if matches!(fate, Fate::Open | Fate::Taken) {
                *fate = Fate::Known(delivery.clone());
            }
        }
    }

    pub(super) fn outcome(self) -> Outcome {
        let known = |Wanted { to, fate, .. }| match fate {
            Fate::Known(delivery) => (to, delivery),
            Fate::Open | Fate::Taken => (to, Delivery::Unsent(Reason::Interrupted)),
        };
        let recipients = self.recipients.into_iter().map(known).collect();
        Outcome { recipients, rest: self.rest }
    }
}

fn asks(recipients: &[Wanted], reset: bool, forwarded: bool, chunked: bool) -> Vec<Ask> {
    let open = recipients.iter().enumerate().filter(|(_, it)| matches!(it.fate, Fate::Open));
    let rcpt: Vec<_> = open.map(|(index, _)| Ask::Rcpt(index)).collect();
    if rcpt.is_empty() {
        return rcpt;
    }
    let first = reset.then_some(Ask::Rset).into_iter().chain(forwarded.then_some(Ask::XForward));
    let first = first.chain([Ask::Mail]);
    first.chain(rcpt).chain((!chunked).then_some(Ask::Data)).collect()
}
