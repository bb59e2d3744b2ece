//! Signed transactions (RFC 8945): who shares a key knows who sent a message, and that it is whole.
//!
//! A client [`Key::request`]s: the query is signed, and the [`Transaction`] that comes of it
//! verifies the answer. A server's [`Keyring`] verifies the query, and the [`Transaction`] signs
//! the answer. Either goes on for any number of messages, as zone transfers need. Time is
//! seconds since 1970, passed in.
//!
//! ```
//! use bytes::BytesMut;
//! use dns_proto::tsig::{Algorithm, Key, Keyring};
//! use dns_proto::{Message, Name, Query, RecordType};
//!
//! let name: Name = "crepes.fr".parse()?;
//! let key = Key::new("key.crepes.fr".parse()?, Algorithm::HmacSha256, b"secret".to_vec());
//! let now = 1_800_000_000;
//! let mut query = BytesMut::from(&Query::new(&name, RecordType::AXFR).write()[..]);
//! let mut client = key.clone().request(&mut query, now)?;
//!
//! let keyring = Keyring::from_iter([key]);
//! let mut server = keyring.verify(&query, now)?.expect("it is signed");
//! assert_eq!(server.key().name().to_string(), "key.crepes.fr.");
//! let mut answer = BytesMut::from(&Query::new(&name, RecordType::AXFR).write()[..]);
//! server.sign(&mut answer, 0, now)?;
//!
//! assert!(client.verify(&answer, now)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
mod algorithm;
mod record;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use bytes::BytesMut;
use proto_core::Secret;

use crate::error::{Error, ParseError, ParseErrorKind};
use crate::message::Message;
use crate::name::Name;
use crate::number::Rcode;
use crate::text::codec::{Base, Decoder};

pub use algorithm::Algorithm;
use record::{Parsed, Variables, append, digest};

/// Seconds that the clocks of both ends may differ (RFC 8945 §10: "300 seconds is RECOMMENDED").
pub const FUDGE: u16 = 300;
/// Messages in a row that a stream may leave unsigned (RFC 8945 §5.3.1).
const UNSIGNED: u8 = 99;

/// A shared secret with its name and algorithm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    name: Name,
    algorithm: Algorithm,
    secret: Secret,
    shortest: usize,
}

impl Key {
    /// Makes a key.
    #[must_use]
    pub fn new(name: Name, algorithm: Algorithm, secret: impl Into<Secret>) -> Self {
        Self { name, algorithm, secret: secret.into(), shortest: algorithm.output() }
    }

    /// Makes a key of a secret in base 64, as configurations have it.
    ///
    /// # Errors
    ///
    /// When the text is not base 64.
    pub fn from_base64(name: Name, algorithm: Algorithm, text: &str) -> Result<Self, ParseError> {
        let (mut decoder, mut secret) = (Decoder::new(Base::Base64), Vec::new());
        let whole = decoder.push(text.as_bytes(), &mut secret).filter(|()| decoder.is_whole());
        whole.ok_or(ParseError::new(ParseErrorKind::Expected("base64"), 0))?;
        Ok(Self::new(name, algorithm, secret))
    }

    /// Takes MACs that are cut to so many octets, but not below ten nor half of the hash
    /// (RFC 8945 §5.2.2.1). Without, none that is shorter than the algorithm's own.
    #[must_use]
    pub fn accept_truncated(self, octets: usize) -> Self {
        let shortest = octets.max(self.algorithm.least()).min(self.algorithm.output());
        Self { shortest, ..self }
    }

    /// Returns the name.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Returns the algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the octets that a signature adds: what [`Writer::reserve`](crate::Writer::reserve)
    /// should keep free.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        // Fixed part of a record, of TSIG data, and the time after BADTIME.
        10 + 16 + 6 + self.name.wire().len() + self.algorithm.wire().len() + self.algorithm.output()
    }

    /// Signs a query, which is all of `message`, and returns what verifies the answer.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if the message is longer than 65,535 octets then; it is as it was.
    pub fn request(self, message: &mut BytesMut, now: u64) -> Result<Transaction, Error> {
        let mut transaction = Transaction::new(self, Vec::new());
        transaction.sign(message, 0, now)?;
        transaction.continued = false;
        Ok(transaction)
    }
}

/// The keys that a server shares with others, by name.
#[derive(Clone, Debug, Default)]
pub struct Keyring(BTreeMap<Name, Key>);

impl FromIterator<Key> for Keyring {
    fn from_iter<I: IntoIterator<Item = Key>>(keys: I) -> Self {
        Self(keys.into_iter().map(|key| (key.name.clone(), key)).collect())
    }
}

impl Keyring {
    /// Returns the key with this name.
    #[must_use]
    pub fn get(&self, name: &Name) -> Option<&Key> {
        self.0.get(name)
    }

    /// Adds a key, and returns the one of the same name that it replaces.
    pub fn insert(&mut self, key: Key) -> Option<Key> {
        self.0.insert(key.name.clone(), key)
    }

    /// Verifies a query; `None` if it is not signed.
    ///
    /// # Errors
    ///
    /// When it is not whole and signed by one of the keys, recently: answer with
    /// [`Rejection::rcode`] and let [`Rejection::sign`] say why.
    pub fn verify(&self, octets: &[u8], now: u64) -> Result<Option<Transaction>, Rejection> {
        let message = Message::parse(octets).map_err(|_| Rejection::malformed())?;
        if message.tsig().is_none() {
            return Ok(None);
        }
        let tsig = Parsed::new(&message).ok_or(Rejection::malformed())?;
        let unsigned = |error| Rejection::unsigned(&tsig, error);
        let key = self.0.get(&tsig.key).filter(|key| tsig.is_of(key));
        let key = key.ok_or_else(|| unsigned(Rcode::BADKEY))?;
        if !tsig.has_possible_length(key.algorithm) {
            return Err(Rejection::malformed());
        }
        let expected = digest(key, &[], Some(&tsig.variables), octets, Some(&tsig));
        if !tsig.matches(&expected) {
            return Err(unsigned(Rcode::BADSIG));
        }
        let transaction = Transaction::new(key.clone(), tsig.mac.clone());
        let signed = |error| Rejection::signed(&tsig, error, transaction.clone());
        if !tsig.is_timely(now) {
            return Err(signed(Rcode::BADTIME));
        }
        if tsig.mac.len() < key.shortest {
            return Err(signed(Rcode::BADTRUNC));
        }
        Ok(Some(transaction))
    }
}

/// A query and its answers under one key: each signature covers the one before.
#[derive(Clone, Debug)]
pub struct Transaction {
    key: Key,
    previous: Vec<u8>,
    /// Whether an answer has been signed or verified: the next ones are shorter about it.
    continued: bool,
    /// Messages since the last signature, and how many.
    pending: Vec<u8>,
    unsigned: u8,
    last_time: u64,
}

impl Transaction {
    const fn new(key: Key, previous: Vec<u8>) -> Self {
        let pending = Vec::new();
        Self { key, previous, continued: false, pending, unsigned: 0, last_time: 0 }
    }

    /// Returns the key.
    #[must_use]
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Signs the message that `out` has from `base` on: the answer, or the next of a stream.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if the message is longer than 65,535 octets then; it is as it was.
    pub fn sign(&mut self, out: &mut BytesMut, base: usize, now: u64) -> Result<(), Error> {
        self.sign_with(out, base, Variables::new(now, Rcode::NOERROR))
    }

    /// Notes a message of a stream that goes out without a signature: the next one covers it. At
    /// most 99 in a row, and neither the first nor the last (RFC 8945 §5.3.1).
    pub fn leave_unsigned(&mut self, message: &[u8]) {
        self.pending.extend_from_slice(message);
    }

    fn sign_with(
        &mut self,
        out: &mut BytesMut,
        base: usize,
        variables: Variables,
    ) -> Result<(), Error> {
        let message = out.get(base..).unwrap_or_default();
        let mac = self.digest(message, &variables, None);
        append(out, base, &self.key, &variables, &mac)?;
        (self.previous, self.continued) = (mac, true);
        self.pending.clear();
        Ok(())
    }

    /// Verifies an answer, or the next of a stream; `Ok(false)` if it is an unsigned one in the
    /// middle of a stream, which the next signed one vouches for ([`is_settled`](Self::is_settled)).
    ///
    /// # Errors
    ///
    /// When the message must not be believed. The transaction is as it was: the true answer may
    /// still come.
    pub fn verify(&mut self, octets: &[u8], now: u64) -> Result<bool, Failure> {
        let message = Message::parse(octets).map_err(|_| Failure::Malformed)?;
        if message.tsig().is_none() {
            // RFC 8945 §5.3.1: the first must be signed, and then every hundredth.
            if !self.continued || self.unsigned >= UNSIGNED {
                return Err(Failure::Unsigned);
            }
            self.pending.extend_from_slice(octets);
            self.unsigned += 1;
            return Ok(false);
        }
        let tsig = Parsed::new(&message).ok_or(Failure::Malformed)?;
        if tsig.key != self.key.name || !tsig.is_of(&self.key) {
            return Err(Failure::Key);
        }
        let error = tsig.variables.error();
        if tsig.mac.is_empty() && matches!(error, Rcode::BADKEY | Rcode::BADSIG) {
            return Err(Failure::Rejected(error));
        }
        if !tsig.has_possible_length(self.key.algorithm) {
            return Err(Failure::Malformed);
        }
        if !tsig.matches(&self.digest(octets, &tsig.variables, Some(&tsig))) {
            return Err(Failure::Signature);
        }
        if error != Rcode::NOERROR {
            return Err(Failure::Rejected(error));
        }
        if !tsig.is_timely(now) || tsig.variables.time() < self.last_time {
            return Err(Failure::Time);
        }
        if tsig.mac.len() < self.key.shortest {
            return Err(Failure::Truncated);
        }
        self.last_time = tsig.variables.time();
        (self.previous, self.continued, self.unsigned) = (tsig.mac, true, 0);
        self.pending.clear();
        Ok(true)
    }

    /// Whether the last message was signed: a stream must not end otherwise.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.continued && self.unsigned == 0
    }

    /// RFC 8945 §4.3: what was before, the messages, and the variables or in a stream the timers.
    fn digest(&self, octets: &[u8], variables: &Variables, tsig: Option<&Parsed>) -> Vec<u8> {
        let mut before = Vec::new();
        if !self.previous.is_empty() {
            let length = u16::try_from(self.previous.len()).unwrap_or_default();
            before.extend_from_slice(&length.to_be_bytes());
            before.extend_from_slice(&self.previous);
        }
        before.extend_from_slice(&self.pending);
        if self.continued {
            // The timers alone.
            let timers = variables.timers();
            return record::hash(&self.key, &before, octets, tsig, &timers);
        }
        digest(&self.key, &before, Some(variables), octets, tsig)
    }
}

/// Why an answer is not believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// It is no message, or its TSIG record is malformed.
    #[error("message or tsig record is malformed")]
    Malformed,
    /// It is not signed, and should be.
    #[error("message is not signed")]
    Unsigned,
    /// It is signed with another key.
    #[error("message is signed with another key")]
    Key,
    /// The signature is wrong.
    #[error("signature is wrong")]
    Signature,
    /// It was signed at another time.
    #[error("signature is too old or too new")]
    Time,
    /// The signature is cut shorter than the key allows.
    #[error("signature is too short")]
    Truncated,
    /// The server says what was wrong with the query; without a signature, if it has not our key.
    #[error("server rejects the signature: {0}")]
    Rejected(Rcode),
}

/// Why a query is not believed, and what to tell its sender (RFC 8945 §5.2).
#[derive(Clone, Debug, thiserror::Error)]
#[error("signature is rejected: {rcode}, {error}")]
pub struct Rejection {
    rcode: Rcode,
    error: Rcode,
    answer: Option<Box<(Key, Variables, Option<Transaction>)>>,
}

impl Rejection {
    const fn malformed() -> Self {
        Self { rcode: Rcode::FORMERR, error: Rcode::NOERROR, answer: None }
    }

    /// RFC 8945 §5.3.2: BADKEY and BADSIG go unsigned.
    fn unsigned(tsig: &Parsed, error: Rcode) -> Self {
        let algorithm = tsig.algorithm.unwrap_or(Algorithm::HmacSha256);
        let key = Key::new(tsig.key.clone(), algorithm, Vec::new());
        let variables = Variables::new(tsig.variables.time(), error);
        Self { rcode: Rcode::NOTAUTH, error, answer: Some(Box::new((key, variables, None))) }
    }

    /// The others are signed, with the client's time.
    fn signed(tsig: &Parsed, error: Rcode, transaction: Transaction) -> Self {
        let variables = Variables::new(tsig.variables.time(), error);
        let key = transaction.key.clone();
        Self {
            rcode: Rcode::NOTAUTH,
            error,
            answer: Some(Box::new((key, variables, Some(transaction)))),
        }
    }

    /// Returns the rcode of the answer: NOTAUTH or FORMERR.
    #[must_use]
    pub const fn rcode(&self) -> Rcode {
        self.rcode
    }

    /// Returns the error that the TSIG record of the answer has.
    #[must_use]
    pub const fn error(&self) -> Rcode {
        self.error
    }

    /// Appends to the answer, which `out` has from `base` on, the TSIG record that says why.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if the message is longer than 65,535 octets then; it is as it was.
    pub fn sign(self, out: &mut BytesMut, base: usize, now: u64) -> Result<(), Error> {
        match self.answer.map(|answer| *answer) {
            None => Ok(()),
            Some((key, variables, None)) => append(out, base, &key, &variables, &[]),
            Some((_, variables, Some(mut transaction))) => {
                let variables = variables.with_server_time(now);
                transaction.sign_with(out, base, variables)
            }
        }
    }
}

#[cfg(test)]
mod tests;
