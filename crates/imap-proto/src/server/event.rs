//! What happened, as the application hears it.
use bytes::Bytes;
use sasl::{scram::Lookup, server::Claim};

use crate::command::{AppendPart, Tagged};

/// What the client did. Where an answer is owed, `poll` says `Paused` until it is given.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The client says who it is, by LOGIN or AUTHENTICATE. [`finish`](super::Session::finish) by
    /// OK lets it in, by NO does not.
    Login(Claim),
    /// The client is about to prove a password by SCRAM: what is stored of it?
    /// [`supply`](super::Session::supply) it, of a user who does not exist a
    /// [decoy](sasl::scram::Verifier::decoy). A proof that fails is answered by the session itself;
    /// one that holds comes as [`Login`](Self::Login).
    Lookup(Lookup),
    /// TLS is wanted. OK promises it: then the session waits for
    /// [`secured`](proto_core::Machine::secured).
    StartTls,
    /// Compression is wanted (RFC 4978). OK promises it: then the session waits for
    /// [`compressed`](proto_core::Machine::compressed).
    Compress,
    /// The client wants to be nobody again (RFC 8437). OK makes it so.
    Unauthenticate,
    /// A command for the mailboxes. [Respond](super::Session::respond) as often as there is
    /// something to say, then [`finish`](super::Session::finish).
    ///
    /// Of APPEND and REPLACE what they bring follows, and they are finished after
    /// [`End`](Self::End), or by NO or BAD at any time before: the session then sees to it that
    /// what still comes is thrown away.
    Command(Tagged),
    /// A piece of what the command brings. A [text](AppendPart::Text) is wanted if
    /// [`accept`](super::Session::accept) says so; to other parts no answer is owed.
    Part(AppendPart),
    /// Octets of a message. They share the buffer they were read into: copy what is kept for long.
    Octets(Bytes),
    /// All that the command brings is here.
    End,
    /// The command that brought all this turned out to be none, and the client has been told:
    /// forget it. No answer is owed.
    Aborted,
    /// The client waits for news (RFC 9051 §6.3.13), and has been told to: [respond](super::Session::respond)
    /// whenever there are any. No answer is owed.
    Idle,
    /// It waits no longer. [`finish`](super::Session::finish).
    Done,
}
