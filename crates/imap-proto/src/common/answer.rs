//! What came of a command.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::{Code, Condition, Flags, Number64, RespText, Response, UidSet};

/// What a server said to a command that succeeded.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// Its last words.
    pub text: RespText,
    /// What it said while the command was under way, unasked or not; octets that streamed aside.
    pub responses: Vec<Response>,
}

/// A mailbox that was opened (RFC 9051 §6.3.2).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Selected {
    /// How many messages there are.
    pub exists: u32,
    /// What makes UIDs valid.
    pub uid_validity: Option<NonZeroU32>,
    /// The UID that the next message will have at least.
    pub uid_next: Option<NonZeroU32>,
    /// The highest mod-sequence (RFC 7162); `None` if the mailbox has none.
    pub highest_mod_seq: Option<Number64>,
    /// The flags that messages here have.
    pub flags: Flags,
    /// Those that can be changed for good; `None` if all can.
    pub permanent_flags: Option<Flags>,
    /// Whether nothing can be changed.
    pub read_only: bool,
    /// All that the server said, with what QRESYNC brought: VANISHED and FETCH.
    pub responses: Vec<Response>,
}

/// Where an appended or copied message is (RFC 4315 §3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Appended {
    /// The mailbox's validity of UIDs.
    pub uid_validity: NonZeroU32,
    /// The messages' UIDs there, in the order in which they were given.
    pub uids: UidSet,
}

impl Selected {
    pub(super) fn new(answer: Answer, examined: bool) -> Self {
        let mut selected = Self {
            exists: 0,
            uid_validity: None,
            uid_next: None,
            highest_mod_seq: None,
            flags: Flags::default(),
            permanent_flags: None,
            read_only: examined || answer.text.code() == Some(&Code::ReadOnly),
            responses: Vec::new(),
        };
        for response in &answer.responses {
            match response {
                Response::Exists(count) => selected.exists = *count,
                Response::Flags(flags) => selected.flags = flags.clone(),
                Response::Condition { condition: Condition::Ok, text } => selected.learn(text),
                _ => {}
            }
        }
        selected.responses = answer.responses;
        selected
    }

    fn learn(&mut self, text: &RespText) {
        match text.code() {
            Some(Code::UidValidity(number)) => self.uid_validity = Some(*number),
            Some(Code::UidNext(number)) => self.uid_next = Some(*number),
            Some(Code::HighestModSeq(number)) => self.highest_mod_seq = Some(*number),
            Some(Code::PermanentFlags(flags)) => self.permanent_flags = Some(flags.clone()),
            _ => {}
        }
    }
}

impl Answer {
    /// Returns where messages came to, as APPENDUID or COPYUID says; MOVE says it before its end.
    pub(super) fn appended(&self) -> Option<Appended> {
        let unasked = self.responses.iter().filter_map(|response| match response {
            Response::Condition { text, .. } => Some(text),
            _ => None,
        });
        core::iter::once(&self.text).chain(unasked).find_map(|text| match text.code()? {
            Code::AppendUid { uid_validity, uids } => {
                Some(Appended { uid_validity: *uid_validity, uids: uids.clone() })
            }
            Code::CopyUid { uid_validity, to, .. } => {
                Some(Appended { uid_validity: *uid_validity, uids: to.clone() })
            }
            _ => None,
        })
    }
}
