//! Answers as the validator is given them.
use alloc::vec::Vec;

use crate::message::Message;
use crate::name::Name;
use crate::number::{Rcode, RecordType};
use crate::record::Record;

/// An answer to a question, from a server or put together by a resolver: what is to be validated,
/// and what the validator asks for.
///
/// Signatures are among the records. What is in the additional section proves nothing and is not
/// here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    /// What was asked for.
    pub name: Name,
    /// The type asked for.
    pub rtype: RecordType,
    /// How it went.
    pub rcode: Rcode,
    /// The answer section, aliases among it.
    pub answers: Vec<Record>,
    /// The authority section: proofs.
    pub authorities: Vec<Record>,
}

impl Response {
    /// Makes an answer that has nothing in it, to be filled.
    #[must_use]
    pub const fn new(name: Name, rtype: RecordType, rcode: Rcode) -> Self {
        Self { name, rtype, rcode, answers: Vec::new(), authorities: Vec::new() }
    }

    /// Takes the sections out of a message; `None` if it has no question.
    #[must_use]
    pub fn from_message(message: &Message<'_>) -> Option<Self> {
        let question = message.question()?;
        Some(Self {
            name: question.name.to_name(),
            rtype: question.rtype,
            rcode: message.rcode(),
            answers: message.answers().map(Record::from).collect(),
            authorities: message.authorities().map(Record::from).collect(),
        })
    }
}
