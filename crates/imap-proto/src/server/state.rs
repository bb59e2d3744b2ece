//! Where a session stands.
use alloc::{boxed::Box, collections::VecDeque};

use bytes::{Bytes, BytesMut};
use sasl::server::Exchange;

use crate::{Condition, Gap, RespText, Tag};

#[derive(Debug)]
pub(super) enum State {
    /// A command is awaited.
    Command,
    /// The application owes an answer.
    Owed(Tag, Owed),
    /// An APPEND brings what it brings.
    Appending(Appending),
    /// A line of an authentication exchange is awaited.
    Sasl(Tag, Box<Exchange>),
    /// The client acknowledges a refusal that its mechanism has words for (RFC 7628 §3.2.3).
    Refusing(Tag, RespText),
    /// The client waits for news, until DONE.
    Idle(Tag),
    /// The transport below is about to change.
    Tls,
    Deflate,
    /// The last octets of a response are not there.
    Closed,
}

#[derive(Debug)]
pub(super) enum Owed {
    /// A login, with the exchange that led to it, if one did.
    Login(Option<Box<Exchange>>),
    /// What is stored of a password.
    Lookup(Box<Exchange>),
    Tls,
    Deflate,
    Unauthenticate,
    /// A command, and what its success does.
    Command(Effect),
}

/// What a command does to the session when it succeeds, and when it does not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Effect {
    None,
    /// Success selects a mailbox, and failure leaves none selected (RFC 9051 §6.3.2).
    Selects,
    /// Success leaves none selected.
    Unselects,
}

#[derive(Debug)]
pub(super) struct Appending {
    pub(super) tag: Tag,
    /// A literal waits to be accepted, and whether it synchronizes.
    pub(super) offered: Option<bool>,
    /// The application has answered already; it is told when what comes is over.
    pub(super) refused: Option<(Condition, RespText)>,
}

/// What is left of a response whose contents stream.
#[derive(Debug, Default)]
pub(super) struct Streaming {
    /// What is written and stands after the contents that are awaited.
    pub(super) rest: BytesMut,
    /// Contents that are awaited: how much of `rest` comes before each, and its size.
    pub(super) gaps: VecDeque<(usize, u64)>,
    /// Octets of the present one that are missing.
    pub(super) missing: u64,
}

impl Streaming {
    pub(super) fn new(line: BytesMut, gaps: &[Gap]) -> Self {
        let mut before = 0;
        let between = gaps.iter().map(|gap| {
            let length = gap.at - before;
            before = gap.at;
            (length, gap.size)
        });
        Self { gaps: between.collect(), rest: line, missing: 0 }
    }

    /// Whether there is nothing left of it.
    pub(super) fn is_over(&self) -> bool {
        self.missing == 0 && self.gaps.is_empty()
    }

    /// Writes on, up to octets that are missing, or to the end.
    pub(super) fn go_on(&mut self, output: &mut BytesMut) {
        while self.missing == 0 {
            match self.gaps.pop_front() {
                Some((length, size)) => {
                    output.extend_from_slice(&self.rest.split_to(length));
                    self.missing = size;
                }
                None => {
                    output.extend_from_slice(&core::mem::take(&mut self.rest));
                    return;
                }
            }
        }
    }

    /// Takes octets that are missing; gives back those that are not.
    pub(super) fn fill(&mut self, octets: &Bytes, output: &mut BytesMut) -> bool {
        let length = octets.len() as u64;
        if length > self.missing {
            return false;
        }
        output.extend_from_slice(octets);
        self.missing -= length;
        self.go_on(output);
        true
    }
}
