//! The client's side of SCRAM.
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use bytes::BytesMut;
use proto_core::{ChannelBinding, Secret};
use subtle::ConstantTimeEq;

use super::hash::xor;
use super::message::{Parts, number, write_saslname};
use super::{Hash, Verifier};
use crate::client::Policy;
use crate::{Credentials, Error, Misuse, Nonce, ParseError, ParseErrorKind, base64, prepare};

/// What a client says of channel binding (RFC 5802 §6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Binding {
    /// It knows none.
    None,
    /// It knows one, and the server seems to know none.
    NotOffered,
    /// This one.
    To(ChannelBinding),
}

/// The client's side.
pub(crate) struct Client {
    hash: Hash,
    policy: Policy,
    password: Secret,
    nonce: Nonce,
    /// The header, then what names the channel.
    binding: Vec<u8>,
    first: String,
    bare: usize,
    state: State,
}

enum State {
    First,
    /// Waits for the salt.
    Salt,
    /// Waits for this signature.
    Signature(Vec<u8>),
    Done,
}

impl Client {
    pub(crate) fn new(
        hash: Hash,
        credentials: &Credentials,
        nonce: Nonce,
        binding: &Binding,
        policy: Policy,
    ) -> Result<Self, Misuse> {
        let authcid = prepare(credentials.authcid())?;
        let password = core::str::from_utf8(credentials.password().expose());
        let password = prepare(password.map_err(|_| Misuse::Utf8)?)?;
        let mut first = String::new();
        match binding {
            Binding::None => first.push('n'),
            Binding::NotOffered => first.push('y'),
            Binding::To(channel) => {
                first.push_str("p=");
                first.push_str(channel.kind().as_str());
            }
        }
        first.push(',');
        if let Some(authzid) = credentials.authzid() {
            first.push_str("a=");
            write_saslname(authzid, &mut first);
        }
        first.push(',');
        let bare = first.len();
        let mut header = first.clone().into_bytes();
        if let Binding::To(channel) = binding {
            header.extend_from_slice(channel.data());
        }
        first.push_str("n=");
        write_saslname(&authcid, &mut first);
        first.push_str(",r=");
        first.push_str(nonce.as_str());
        Ok(Self {
            hash,
            policy,
            password: (&*password).into(),
            nonce,
            binding: header,
            first,
            bare,
            state: State::First,
        })
    }

    /// The first message, once.
    pub(crate) fn start(&mut self) -> Option<Secret> {
        let State::First = self.state else { return None };
        self.state = State::Salt;
        Some(self.first.as_str().into())
    }

    pub(crate) fn step(&mut self, challenge: &[u8]) -> Result<Secret, Error> {
        match core::mem::replace(&mut self.state, State::Done) {
            State::First => {
                self.state = State::Salt;
                Ok(self.first.as_str().into())
            }
            State::Salt => self.prove(challenge),
            State::Signature(expected) => {
                let verified = verify(challenge, &expected);
                if verified.is_err() {
                    // Never to be taken for a success.
                    self.state = State::Signature(expected);
                }
                verified
            }
            State::Done => Err(Error::OutOfTurn),
        }
    }

    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Answers the salt with a proof.
    fn prove(&mut self, challenge: &[u8]) -> Result<Secret, Error> {
        // Whatever goes wrong here must not end as a success.
        self.state = State::Signature(Vec::new());
        let Salted { nonce, salt, iterations } = salted(challenge)?;
        let added = nonce.strip_prefix(self.nonce.as_str()).ok_or(Error::AlteredNonce)?;
        if added.is_empty() {
            return Err(Error::AlteredNonce);
        }
        if !self.policy.permits(iterations) {
            return Err(Error::Iterations(iterations));
        }
        let mut last = BytesMut::from("c=");
        base64::write(&self.binding, &mut last);
        last.extend_from_slice(b",r=");
        last.extend_from_slice(nonce.as_bytes());
        let bare = self.first.get(self.bare..).unwrap_or_default().as_bytes();
        let message = [bare, challenge, &last].join(&b',');
        let hash = self.hash;
        let password = hash.iterate(self.password.expose(), salt.expose(), iterations);
        let client_key = hash.hmac(&password, b"Client Key");
        let Verifier { stored_key, server_key, .. } =
            Verifier::salted(hash, &password, salt.expose(), iterations);
        last.extend_from_slice(b",p=");
        base64::write(&xor(&client_key, &hash.hmac(&stored_key, &message)), &mut last);
        self.state = State::Signature(hash.hmac(&server_key, &message));
        Ok(last.freeze().into())
    }
}

struct Salted {
    nonce: String,
    salt: Secret,
    iterations: u32,
}

/// `[m=…,] r=nonce , s=salt , i=count [, extensions]`
fn salted(challenge: &[u8]) -> Result<Salted, Error> {
    let mut parts = Parts::new(challenge)?;
    let nonce = Nonce::parse(parts.attribute("r")?.as_bytes())?.as_str().to_string();
    let salt = base64::parse(parts.attribute("s")?.as_bytes())?;
    let at = parts.at();
    let iterations = number(parts.attribute("i")?);
    let iterations = iterations.ok_or(ParseError::new(ParseErrorKind::Attribute, at))?;
    parts.extensions()?;
    Ok(Salted { nonce, salt, iterations })
}

/// `v=signature` or `e=why not`.
fn verify(challenge: &[u8], expected: &[u8]) -> Result<Secret, Error> {
    if challenge.starts_with(b"e=") {
        return Err(Error::Refused);
    }
    let mut parts = Parts::new(challenge)?;
    let signature = base64::parse(parts.attribute("v")?.as_bytes())?;
    parts.extensions()?;
    let same = !expected.is_empty() && bool::from(signature.expose().ct_eq(expected));
    if same { Ok(Secret::default()) } else { Err(Error::WrongSignature) }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("hash", &self.hash).finish_non_exhaustive()
    }
}
