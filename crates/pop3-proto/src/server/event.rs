//! What a server's application hears about.
use alloc::vec::Vec;

use proto_core::{Secret, Text};
use sasl::{scram::Lookup, server::Claim};

use crate::Apop;

/// What happened. The session is `Paused` after each, until it is answered.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Somebody says who they are. Answer with [`admit`](super::Session::admit), or
    /// [`respond`](super::Session::respond) with `-ERR`, and with
    /// [`ResponseCode::Auth`](crate::ResponseCode::Auth) if that is wrong: the capability
    /// AUTH-RESP-CODE promises it (RFC 3206 §6).
    Login(Login),
    /// Somebody is about to prove a password by SCRAM: what is stored of it? Answer with
    /// [`supply`](super::Session::supply), of a user who does not exist with a
    /// [decoy](sasl::scram::Verifier::decoy); or [`respond`](super::Session::respond) with `-ERR`.
    /// A proof that fails is refused by the session itself, and counted as a failed login; one that
    /// holds comes as a [`Login`](Self::Login).
    Lookup(Lookup),
    /// The client asks for TLS. Respond; after `+OK` do the handshake, then call `secured`.
    Stls,
    /// The client asks for a message. Respond; after `+OK` give its octets to
    /// [`send`](super::Session::send) and [`finish`](super::Session::finish).
    Retrieve {
        /// Its place among the maildrop's entries, counted from 0.
        index: usize,
        /// How many lines of the body are wanted, if not all. The session counts them.
        lines: Option<u64>,
    },
    /// The session ended well: make these deletions durable, all or as many as go, then respond.
    /// Nothing else ever deletes: not the end of the connection, nor a time-out (RFC 1939 §6).
    Commit {
        /// Places among the maildrop's entries, counted from 0, in rising order. May be empty.
        deleted: Vec<usize>,
    },
}

/// How somebody says who they are.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Login {
    /// By USER and PASS.
    Password {
        /// The name.
        user: Text,
        /// The password.
        password: Secret,
    },
    /// By APOP: find the user's secret, and ask whether the proof is of it.
    Apop(Apop),
    /// By SASL.
    Sasl(Claim),
}
