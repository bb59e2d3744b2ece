//! How commands end.
use bytes::Bytes;
use proto_core::Text;

use super::Failure;
use super::view::NoSuchNumber;
use crate::{Code, Condition, RespText, Response};

/// What an engine has to say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output {
    /// An untagged response. Where it has [streamed](crate::Content::Streamed) contents, their
    /// octets follow, in order.
    Response(Response),
    /// Octets of a content that streams.
    Octets(Bytes),
    /// The octets that should follow cannot be had: the client can be told in no way but that the
    /// connection ends.
    Broken(Failure),
    /// How the command ended.
    Done(Condition, RespText),
}

/// Why a command is not carried out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) condition: Condition,
    pub(super) text: RespText,
}

pub(super) type Answer<T = RespText> = Result<T, Refusal>;

pub(super) fn ok(text: &'static str) -> RespText {
    RespText::new(None, Text::from_static(text))
}

pub(super) fn coded(code: Code, text: &'static str) -> RespText {
    RespText::new(Some(code), Text::from_static(text))
}

pub(super) fn bad(text: &'static str) -> Refusal {
    Refusal { condition: Condition::Bad, text: ok(text) }
}

pub(super) fn bad_code(code: Code, text: &'static str) -> Refusal {
    Refusal { condition: Condition::Bad, text: coded(code, text) }
}

pub(super) fn no(code: Code, text: &'static str) -> Refusal {
    Refusal { condition: Condition::No, text: coded(code, text) }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self { condition: Condition::No, text: failure.to_text() }
    }
}

impl From<NoSuchNumber> for Refusal {
    fn from(_: NoSuchNumber) -> Self {
        bad("no message has that number")
    }
}
