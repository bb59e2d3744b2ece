//! What happened, as the application hears it.
use bytes::Bytes;
use sasl::{scram::Lookup, server::Claim};

use crate::command::{AppendPart, IdFields, Tagged};

/// What the client did. Where an answer is owed, `poll` says `Paused` until it is given.
///
/// Answers are untagged responses, by [`respond`](super::Session::respond), and then how the
/// command ended, by [`finish`](super::Session::finish). Any may be `BYE`, which ends the session.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A connection was made. An untagged OK, PREAUTH or BYE is owed, and is the greeting.
    Connected,
    /// A command is here. What it leads to, and how it ended, is owed: OK to SELECT selects, to
    /// CLOSE closes.
    ///
    /// APPEND and REPLACE are told before what they bring has come. They are let go on by
    /// [`accept`](super::Session::accept), or end here with NO or BAD.
    Command(Tagged),
    /// A piece of what the command brings. For [`AppendPart::Text`], whose octets wait, an
    /// [`accept`](super::Session::accept) is owed, or NO or BAD; for others nothing.
    Part(AppendPart),
    /// Octets of a message. They share the buffer they were read into: copy what is kept for
    /// long. Nothing is owed.
    Octets(Bytes),
    /// All that the command brings is here: how it ended is owed.
    End,
    /// A command that brings messages was told and came to no end, and the client has been told
    /// why: throw away what there is of it. Nothing is owed.
    Abandoned,
    /// The client says who it is, by LOGIN or AUTHENTICATE. OK says it is true, NO that it is not.
    Auth(Claim),
    /// The client is about to prove a password by SCRAM: what is stored of it? Answer with
    /// [`supply`](super::Session::supply), of a user who does not exist with a
    /// [decoy](sasl::scram::Verifier::decoy), or with NO.
    AuthLookup(Lookup),
    /// TLS is wanted. OK promises it: then the session waits for
    /// [`secured`](proto_core::Machine::secured).
    StartTls,
    /// Compression is wanted. OK promises it: then the session waits for
    /// [`compressed`](proto_core::Machine::compressed).
    Compress,
    /// The client wants to be nobody again (RFC 8437). Forget everything known of it, and say OK;
    /// who cannot do that says BYE.
    Unauthenticate,
    /// The client listens for news, until [`IdleEnd`](Self::IdleEnd): respond at any time. Nothing
    /// is owed.
    Idle,
    /// The client no longer listens, and has been told OK, or BAD. Nothing is owed.
    IdleEnd,
    /// The client said what it is (RFC 2971), and has been told what we are. Nothing is owed.
    Id(Option<IdFields>),
}
