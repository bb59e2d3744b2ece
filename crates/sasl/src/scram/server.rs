//! The server's side of SCRAM.
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};
use proto_core::ChannelBinding;
use subtle::ConstantTimeEq;

use super::hash::xor;
use super::message::{Parts, saslname};
use super::{Hash, Lookup, Verifier};
use crate::{Error, Misuse, Nonce, ParseError, ParseErrorKind, base64, prepare};

/// What comes next.
pub(crate) enum Step {
    Lookup(Lookup),
    Challenge(Bytes),
    /// The proof held, and the client has had ours: the user, and whom to act as.
    Proved(Box<str>, Option<Box<str>>),
}

/// The server's side.
#[derive(Debug)]
pub(crate) struct Server {
    hash: Hash,
    plus: bool,
    /// Those that a client may choose from; none if the server has announced no `-PLUS`.
    bindings: Vec<ChannelBinding>,
    nonce: Nonce,
    state: State,
}

#[derive(Debug)]
enum State {
    First,
    Lookup(First),
    Proof(Proof),
    /// The client has the signature, and says nothing to it.
    Signed(First),
    Done,
}

/// The client's first message.
#[derive(Debug)]
struct First {
    authcid: Box<str>,
    authzid: Option<Box<str>>,
    /// What `c=` has to say: the header, then what names the channel.
    binding: Vec<u8>,
    bare: String,
    nonce: String,
}

#[derive(Debug)]
struct Proof {
    first: First,
    verifier: Verifier,
    nonce: String,
    challenge: String,
}

impl Server {
    pub(crate) fn new(hash: Hash, plus: bool, bindings: &[ChannelBinding], nonce: Nonce) -> Self {
        Self { hash, plus, bindings: bindings.to_vec(), nonce, state: State::First }
    }

    pub(crate) fn step(&mut self, response: &[u8]) -> Result<Step, Error> {
        match core::mem::replace(&mut self.state, State::Done) {
            State::First => {
                let first = self.first(response)?;
                let lookup = Lookup::new(&prepare(&first.authcid)?, self.hash);
                self.state = State::Lookup(first);
                Ok(Step::Lookup(lookup))
            }
            State::Proof(proof) => {
                let signature = proof.check(response)?;
                self.state = State::Signed(proof.first);
                Ok(Step::Challenge(signature))
            }
            State::Signed(First { authcid, authzid, .. }) if response.is_empty() => {
                Ok(Step::Proved(authcid, authzid))
            }
            State::Lookup(_) | State::Signed(_) | State::Done => Err(Error::OutOfTurn),
        }
    }

    /// Answers [`Step::Lookup`].
    pub(crate) fn supply(&mut self, verifier: Verifier) -> Result<Bytes, Misuse> {
        if verifier.hash != self.hash {
            return Err(Misuse::NotDue);
        }
        match core::mem::replace(&mut self.state, State::Done) {
            State::Lookup(first) => {
                let nonce = format!("{}{}", first.nonce, self.nonce.as_str());
                let mut salt = BytesMut::new();
                base64::write(&verifier.salt, &mut salt);
                let salt = String::from_utf8_lossy(&salt);
                let challenge = format!("r={nonce},s={salt},i={}", verifier.iterations);
                let words = Bytes::copy_from_slice(challenge.as_bytes());
                self.state = State::Proof(Proof { first, verifier, nonce, challenge });
                Ok(words)
            }
            other => {
                self.state = other;
                Err(Misuse::NotDue)
            }
        }
    }

    /// `flag , [a=authzid] , [m=…,] n=user , r=nonce [, extensions]`
    fn first(&self, message: &[u8]) -> Result<First, Error> {
        let mut parts = Parts::new(message)?;
        let header_error = |at| ParseError::new(ParseErrorKind::Gs2Header, at);
        let flag = parts.part().unwrap_or_default();
        let channel = self.channel(flag)?;
        let at = parts.at();
        let authzid = match parts.part() {
            Some("") => None,
            Some(part) => {
                let name = part.strip_prefix("a=").and_then(saslname).ok_or(header_error(at))?;
                Some(name.into())
            }
            None => return Err(header_error(at).into()),
        };
        let (header, bare) = parts.split();
        let mut binding = header.as_bytes().to_vec();
        binding.extend_from_slice(channel.map(ChannelBinding::data).unwrap_or_default());
        let at = parts.at();
        let authcid = saslname(parts.attribute("n")?);
        let authcid = authcid.ok_or(ParseError::new(ParseErrorKind::Attribute, at))?.into();
        let nonce = Nonce::parse(parts.attribute("r")?.as_bytes())?.as_str().to_string();
        parts.extensions()?;
        Ok(First { authcid, authzid, binding, bare: bare.to_string(), nonce })
    }

    /// Which channel the client binds to, if any (RFC 5802 §6).
    fn channel(&self, flag: &str) -> Result<Option<&ChannelBinding>, Error> {
        match (flag, self.plus) {
            ("n", false) => Ok(None),
            ("y", false) if self.bindings.is_empty() => Ok(None),
            ("y", false) => Err(Error::Downgrade),
            ("n" | "y", true) => Err(Error::Unbound),
            (flag, plus) => {
                let name = flag.strip_prefix("p=").filter(|name| !name.is_empty());
                let name = name.ok_or(ParseError::new(ParseErrorKind::Gs2Header, 0))?;
                let known = self.bindings.iter().find(|known| known.kind().as_str() == name);
                known.filter(|_| plus).map(Some).ok_or(Error::Unbound)
            }
        }
    }
}

impl Proof {
    /// `c=binding , r=nonce [, extensions] , p=proof`; returns our own proof.
    fn check(&self, message: &[u8]) -> Result<Bytes, Error> {
        let error = || ParseError::new(ParseErrorKind::Attribute, message.len());
        let mut parts = Parts::new(message)?;
        let text = core::str::from_utf8(message).unwrap_or_default();
        let (unproved, proof) = text.rsplit_once(",p=").ok_or_else(error)?;
        let binding = base64::parse(parts.attribute("c")?.as_bytes())?;
        let nonce = parts.attribute("r")?;
        parts.extensions()?;
        let proof = base64::parse(proof.as_bytes())?;
        if nonce != self.nonce {
            return Err(Error::AlteredNonce);
        }
        if binding.expose() != self.first.binding {
            return Err(Error::Unbound);
        }
        let Verifier { hash, stored_key, server_key, .. } = &self.verifier;
        let message = [self.first.bare.as_str(), &self.challenge, unproved].join(",");
        let signature = hash.hmac(stored_key, message.as_bytes());
        let client_key = xor(proof.expose(), &signature);
        let whole = proof.expose().len() == hash.length();
        if !whole || !bool::from(hash.hash(&client_key).ct_eq(stored_key)) {
            return Err(Error::WrongProof);
        }
        let mut words = BytesMut::from("v=");
        base64::write(&hash.hmac(server_key, message.as_bytes()), &mut words);
        Ok(words.freeze())
    }
}
