//! One exchange.
use alloc::boxed::Box;

use bytes::Bytes;
use proto_core::{ChannelBinding, Secret};

use super::Claim;
use crate::scram::{self, Hash, Lookup, Server, Verifier};
use crate::token::Kind;
use crate::{Cram, Credentials, Error, Mechanism, Misuse, Nonce, ParseError, ParseErrorKind};
use crate::{Setting, cram};

/// What a server does next.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Send this challenge, which may be empty, and give the response to
    /// [`Exchange::step`].
    Challenge(Bytes),
    /// The application finds what is stored of this user, and gives it to
    /// [`Exchange::supply`]; of a user that does not exist, a [decoy](Verifier::decoy).
    Lookup(Lookup),
    /// The client has said everything: the application decides whether it is let in. If not, ask
    /// [`Exchange::refusal`] first.
    Verify(Claim),
}

/// The server's side of one exchange.
///
/// ```
/// use sasl::{server::{Claim, Exchange, Step}};
///
/// let mut login = Exchange::login();
/// assert_eq!(login.start(None)?, Step::Challenge("Username:".into()));
/// assert_eq!(login.step(b"bob")?, Step::Challenge("Password:".into()));
/// let Step::Verify(Claim::Password(bob)) = login.step(b"hungry")? else { panic!("all is said") };
/// assert_eq!(bob.authcid(), "bob");
/// # Ok::<_, sasl::Error>(())
/// ```
#[derive(Debug)]
pub struct Exchange(State);

#[derive(Debug)]
enum State {
    Plain,
    Login,
    LoginPassword(Box<str>),
    External,
    Anonymous,
    /// The challenge.
    Cram(Bytes),
    Scram(Box<Server>),
    Token(Kind),
    /// The token is being checked.
    Checking(Kind),
    Done,
}

impl Exchange {
    /// Begins an exchange by one of the mechanisms that the server has announced; `None` if it is
    /// not among them, or if the setting does not [permit](Setting::permits) it.
    ///
    /// Whether a `-PLUS` mechanism is announced tells whether a client that saw none was
    /// deceived, so `announced` is what the client was told.
    pub fn new(
        mechanism: Mechanism,
        announced: &[Mechanism],
        setting: &mut Setting,
    ) -> Option<Self> {
        if !announced.contains(&mechanism) || !setting.permits(mechanism) {
            return None;
        }
        match mechanism {
            Mechanism::PLAIN => Some(Self::plain()),
            Mechanism::LOGIN => Some(Self::login()),
            Mechanism::EXTERNAL => Some(Self(State::External)),
            Mechanism::ANONYMOUS => Some(Self(State::Anonymous)),
            Mechanism::CRAM_MD5 => Some(Self::cram_md5(setting.nonce()?)),
            Mechanism::XOAUTH2 => Some(Self(State::Token(Kind::Xoauth2))),
            Mechanism::OAUTHBEARER => Some(Self(State::Token(Kind::Bearer))),
            _ => {
                let nonce = setting.nonce()?;
                let binds = announced.iter().any(|known| {
                    known.is_bound() && known.hash() == mechanism.hash() && setting.permits(*known)
                });
                let channels = if binds { setting.bindings() } else { &[] };
                Some(Self::scram(mechanism.hash()?, mechanism.is_bound(), channels, nonce))
            }
        }
    }

    /// Begins PLAIN (RFC 4616).
    #[must_use]
    pub const fn plain() -> Self {
        Self(State::Plain)
    }

    /// Begins LOGIN.
    #[must_use]
    pub const fn login() -> Self {
        Self(State::Login)
    }

    /// Begins CRAM-MD5 (RFC 2195). The nonce must be fresh and random; see [`Seed`](crate::Seed).
    #[must_use]
    pub fn cram_md5(nonce: Nonce) -> Self {
        Self(State::Cram(cram::challenge(&nonce)))
    }

    /// Begins SCRAM (RFC 5802). The nonce must be fresh and random; see [`Seed`](crate::Seed).
    /// `channels` are the names of the encrypted channel, if the server has announced the bound
    /// mechanism, and `bound` says whether the client chose that.
    #[must_use]
    pub fn scram(hash: Hash, bound: bool, channels: &[ChannelBinding], nonce: Nonce) -> Self {
        Self(State::Scram(Box::new(Server::new(hash, bound, channels, nonce))))
    }

    /// Takes the initial response, if the client sent one. An empty one is not none.
    ///
    /// LOGIN has none, but clients that send the user name with it are common, and understood.
    ///
    /// # Errors
    /// The response is malformed, or it is the server's turn.
    pub fn start(&mut self, initial: Option<&[u8]>) -> Result<Step, Error> {
        match (initial, &self.0) {
            (Some(_), State::Cram(_)) => {
                self.0 = State::Done;
                Err(Error::OutOfTurn)
            }
            (Some(response), _) => self.step(response),
            (None, State::Login) => Ok(Step::Challenge(Bytes::from_static(b"Username:"))),
            (None, State::Cram(challenge)) => Ok(Step::Challenge(challenge.clone())),
            (None, State::Done | State::LoginPassword(_) | State::Checking(_)) => {
                Err(Error::OutOfTurn)
            }
            (None, _) => Ok(Step::Challenge(Bytes::new())),
        }
    }

    /// Takes the response to a challenge.
    ///
    /// # Errors
    /// The response is malformed, or its proof is wrong, or the exchange is over. An exchange
    /// that failed stays over.
    pub fn step(&mut self, response: &[u8]) -> Result<Step, Error> {
        match core::mem::replace(&mut self.0, State::Done) {
            State::Plain => Ok(Step::Verify(Claim::Password(plain(response)?))),
            State::Login => {
                self.0 = State::LoginPassword(identity(response, 0)?.into());
                Ok(Step::Challenge(Bytes::from_static(b"Password:")))
            }
            State::LoginPassword(user) => {
                Ok(Step::Verify(Claim::Password(credentials(&user, response, 0)?)))
            }
            State::External => {
                let authzid = if response.is_empty() { None } else { Some(identity(response, 0)?) };
                Ok(Step::Verify(Claim::External { authzid: authzid.map(Into::into) }))
            }
            State::Anonymous => {
                Ok(Step::Verify(Claim::Anonymous { trace: trace(response)?.into() }))
            }
            State::Cram(challenge) => {
                Ok(Step::Verify(Claim::Cram(Cram::parse(response, challenge)?)))
            }
            State::Scram(mut server) => {
                let step = server.step(response)?;
                self.0 = State::Scram(server);
                Ok(match step {
                    scram::Step::Lookup(lookup) => Step::Lookup(lookup),
                    scram::Step::Challenge(challenge) => Step::Challenge(challenge),
                    scram::Step::Proved(authcid, authzid) => {
                        Step::Verify(Claim::Proved { authcid, authzid })
                    }
                })
            }
            State::Token(kind) => {
                let token = kind.parse(response)?;
                self.0 = State::Checking(kind);
                Ok(Step::Verify(Claim::Token(token)))
            }
            State::Checking(_) | State::Done => Err(Error::OutOfTurn),
        }
    }

    /// Answers [`Step::Lookup`], and returns the next challenge.
    ///
    /// # Errors
    /// No verifier is due, or not one of this hash.
    pub fn supply(&mut self, verifier: Verifier) -> Result<Bytes, Misuse> {
        match &mut self.0 {
            State::Scram(server) => server.supply(verifier),
            _ => Err(Misuse::NotDue),
        }
    }

    /// Returns the challenge that goes before a refusal, if the mechanism wants one: send it,
    /// and refuse when the client has answered it, whatever it says (RFC 7628 §3.2.3).
    pub fn refusal(&mut self) -> Option<Bytes> {
        match core::mem::replace(&mut self.0, State::Done) {
            State::Checking(kind) => Some(kind.refusal()),
            _ => None,
        }
    }
}

/// RFC 4505 §2: up to 255 characters, of which the server makes nothing.
fn trace(message: &[u8]) -> Result<&str, ParseError> {
    match message {
        [] => Ok(""),
        _ => {
            let trace = identity(message, 0)?;
            match trace.char_indices().nth(255) {
                Some((at, _)) => Err(ParseError::new(ParseErrorKind::Parts, at)),
                None => Ok(trace),
            }
        }
    }
}

/// RFC 4616 §2: `[authzid] NUL authcid NUL passwd`.
fn plain(message: &[u8]) -> Result<Credentials, ParseError> {
    let mut parts = message.split(|&octet| octet == 0);
    let (Some(authzid), Some(authcid), Some(password), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(ParseError::new(ParseErrorKind::Parts, message.len()));
    };
    let user = identity(authcid, authzid.len() + 1)?;
    let all = credentials(user, password, authzid.len() + authcid.len() + 2)?;
    match authzid {
        [] => Ok(all),
        _ => Ok(all.acting_as(identity(authzid, 0)?).expect("neither empty nor with a NUL")),
    }
}

fn credentials(user: &str, password: &[u8], offset: usize) -> Result<Credentials, ParseError> {
    let kind = match password {
        [] => ParseErrorKind::Empty,
        _ if password.contains(&0) => ParseErrorKind::Nul,
        _ => {
            let password = Secret::from(password.to_vec());
            return Ok(Credentials::new(user, password).expect("both parts were checked"));
        }
    };
    Err(ParseError::new(kind, offset))
}

/// A part that must be text, not empty and without NUL.
fn identity(part: &[u8], offset: usize) -> Result<&str, ParseError> {
    let error = |kind, at: usize| ParseError::new(kind, offset + at);
    let text = core::str::from_utf8(part)
        .map_err(|utf8| error(ParseErrorKind::Utf8, utf8.valid_up_to()))?;
    match text.find('\0') {
        Some(at) => Err(error(ParseErrorKind::Nul, at)),
        None if text.is_empty() => Err(error(ParseErrorKind::Empty, 0)),
        None => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_is_read_as_it_is_meant() {
        let mut exchange = Exchange::plain();
        let Ok(Step::Verify(Claim::Password(kurt))) =
            exchange.start(Some(b"Ursel\0Kurt\0xipj3plmq"))
        else {
            panic!("RFC 4616 §4");
        };
        assert_eq!((kurt.authzid(), kurt.authcid()), (Some("Ursel"), "Kurt"));
        assert!(kurt.password().matches(b"xipj3plmq"));
        assert_eq!(exchange.step(b"\0a\0b"), Err(Error::OutOfTurn));
    }

    #[test]
    fn malformed_plain_is_refused_where_it_is_wrong() {
        use ParseErrorKind as K;
        for (message, kind, offset) in [
            (&b""[..], K::Parts, 0),
            (b"a\0b", K::Parts, 3),
            (b"a\0b\0c\0d", K::Parts, 7),
            (b"\0\0c", K::Empty, 1),
            (b"\0b\0", K::Empty, 3),
            (b"\0b\xFF\0c", K::Utf8, 2),
            (b"\xFF\0b\0c", K::Utf8, 0),
        ] {
            let mut exchange = Exchange::plain();
            let expected = Err(Error::Malformed(ParseError::new(kind, offset)));
            assert_eq!(exchange.start(Some(message)), expected, "{message:?}");
        }
    }

    #[test]
    fn login_takes_the_user_name_as_an_initial_response() {
        let mut exchange = Exchange::login();
        assert_eq!(exchange.start(Some(b"bob")), Ok(Step::Challenge("Password:".into())));
        assert!(matches!(exchange.step(b"hungry"), Ok(Step::Verify(_))));
    }

    #[test]
    fn malformed_login_is_refused_and_stays_so() {
        for bad in [&b""[..], b"bo\0b", b"\xFF"] {
            let mut exchange = Exchange::login();
            assert!(matches!(exchange.start(Some(bad)), Err(Error::Malformed(_))));
            assert_eq!(exchange.step(b"hungry"), Err(Error::OutOfTurn));
        }
        for bad in [&b""[..], b"\0"] {
            let mut exchange = Exchange::login();
            exchange.start(Some(b"bob")).unwrap();
            assert!(matches!(exchange.step(bad), Err(Error::Malformed(_))));
        }
    }

    #[test]
    fn only_what_was_announced_and_is_permitted_is_begun() {
        let mut setting = Setting::default();
        let gssapi = Mechanism::parse(b"GSSAPI").unwrap();
        assert!(Exchange::new(gssapi, &[gssapi], &mut setting).is_none());
        let plain = Mechanism::PLAIN;
        assert!(Exchange::new(plain, &[plain], &mut setting).is_none(), "in clear");
        setting.secure();
        assert!(Exchange::new(plain, &[Mechanism::LOGIN], &mut setting).is_none());
        assert!(Exchange::new(plain, &[plain], &mut setting).is_some());
        let scram = Mechanism::SCRAM_SHA_256;
        assert!(Exchange::new(scram, &[scram], &mut setting).is_none(), "no nonce");
    }

    #[test]
    fn external_and_anonymous_say_one_thing() {
        let external = |response: &[u8]| Exchange(State::External).start(Some(response));
        let claim = |authzid: Option<&str>| {
            Ok(Step::Verify(Claim::External { authzid: authzid.map(Into::into) }))
        };
        assert_eq!(external(b""), claim(None));
        assert_eq!(external(b"fred"), claim(Some("fred")));
        assert!(external(b"a\0b").is_err());
        let anonymous = |response: &[u8]| Exchange(State::Anonymous).start(Some(response));
        let trace = |trace: &str| Ok(Step::Verify(Claim::Anonymous { trace: trace.into() }));
        // RFC 4505 §4.
        assert_eq!(anonymous(b"sirhc"), trace("sirhc"));
        assert_eq!(anonymous(b""), trace(""));
        assert_eq!(anonymous("ü".repeat(255).as_bytes()), trace(&"ü".repeat(255)));
        assert!(anonymous("ü".repeat(256).as_bytes()).is_err());
    }

    #[test]
    fn a_server_that_speaks_first_takes_no_initial_response() {
        let mut cram = Exchange::cram_md5(Nonce::parse(b"x").unwrap());
        assert_eq!(cram.start(Some(b"tim x")), Err(Error::OutOfTurn));
        assert_eq!(cram.start(None), Err(Error::OutOfTurn), "it is over");
    }

    #[test]
    fn a_refused_token_has_a_challenge_first_and_a_password_has_none() {
        let mut bearer = Exchange(State::Token(Kind::Bearer));
        assert!(bearer.start(Some(b"n,,\x01auth=Bearer x\x01\x01")).is_ok());
        assert_eq!(bearer.step(b"\x01"), Err(Error::OutOfTurn), "it has not been refused");
        let mut bearer = Exchange(State::Token(Kind::Bearer));
        assert!(bearer.start(Some(b"n,,\x01auth=Bearer x\x01\x01")).is_ok());
        assert_eq!(bearer.refusal(), Some("{\"status\":\"invalid_token\"}".into()));
        assert_eq!(bearer.refusal(), None);
        let mut plain = Exchange::plain();
        assert!(plain.start(Some(b"\0a\0b")).is_ok());
        assert_eq!(plain.refusal(), None);
    }
}
