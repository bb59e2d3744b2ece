//! One exchange.
use alloc::boxed::Box;
use alloc::vec::Vec;

use proto_core::{ChannelBinding, Secret};

use super::Policy;
use crate::credentials::check;
use crate::scram::{Binding, Client, Hash};
use crate::token::Kind;
use crate::{Credentials, Error, Mechanism, Misuse, Nonce, Token, cram};

/// The client's side of one exchange.
///
/// Call [`start`](Self::start), then [`step`](Self::step) with each challenge, then
/// [`finish`](Self::finish) when the server reports success.
///
/// ```
/// use sasl::{Credentials, client::Exchange};
///
/// let mut login = Exchange::login(&Credentials::new("bob", "hungry".into())?);
/// assert_eq!(login.start(), None); // LOGIN lets the server speak first
/// assert_eq!(login.step(b"Username:")?.expose(), b"bob");
/// assert_eq!(login.step(b"Password:")?.expose(), b"hungry");
/// login.finish()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    state: State,
}

#[derive(Debug)]
enum State {
    /// What is yet to be said, the last first.
    Unsaid(Vec<Secret>),
    Cram(Credentials),
    Scram(Box<Client>),
    Token(Kind, Secret),
    /// The token has been sent; a challenge would say what is wrong with it.
    Sent(Kind),
    /// The server has refused, and must not report success.
    Refused,
}

impl Exchange {
    /// Begins PLAIN (RFC 4616).
    #[must_use]
    pub fn plain(credentials: &Credentials) -> Self {
        let authzid = credentials.authzid().unwrap_or_default().as_bytes();
        let parts = [authzid, credentials.authcid().as_bytes(), credentials.password().expose()];
        Self::one(Mechanism::PLAIN, parts.join(&0).into())
    }

    /// Begins LOGIN; an authorization identity is not sent.
    #[must_use]
    pub fn login(credentials: &Credentials) -> Self {
        let unsaid = [credentials.password().clone(), credentials.authcid().into()];
        Self { mechanism: Mechanism::LOGIN, state: State::Unsaid(unsaid.into()) }
    }

    /// Begins CRAM-MD5 (RFC 2195); an authorization identity is not sent.
    #[must_use]
    pub fn cram_md5(credentials: &Credentials) -> Self {
        Self { mechanism: Mechanism::CRAM_MD5, state: State::Cram(credentials.clone()) }
    }

    /// Begins SCRAM (RFC 5802), bound to the channel if one is given. The nonce must be fresh and
    /// random; see [`Seed`](crate::Seed).
    ///
    /// ```
    /// use sasl::{Credentials, Nonce, client::{Exchange, Policy}, scram::Hash};
    ///
    /// let user = Credentials::new("user", "pencil".into())?;
    /// let nonce = Nonce::parse(b"rOprNGfwEbeRWgbNEkqO")?;
    /// let mut scram = Exchange::scram(Hash::Sha256, &user, nonce, None, Policy::default())?;
    /// assert_eq!(scram.start().expect("it begins").expose(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The name or the password cannot be [prepared](crate::prepare()).
    pub fn scram(
        hash: Hash,
        credentials: &Credentials,
        nonce: Nonce,
        channel: Option<&ChannelBinding>,
        policy: Policy,
    ) -> Result<Self, Misuse> {
        let mechanism = match (hash, channel) {
            (Hash::Sha1, None) => Mechanism::SCRAM_SHA_1,
            (Hash::Sha1, Some(_)) => Mechanism::SCRAM_SHA_1_PLUS,
            (Hash::Sha256, None) => Mechanism::SCRAM_SHA_256,
            (Hash::Sha256, Some(_)) => Mechanism::SCRAM_SHA_256_PLUS,
        };
        let binding = channel.map_or(Binding::None, |channel| Binding::To(channel.clone()));
        Self::from_scram(mechanism, credentials, nonce, &binding, policy)
    }

    /// Begins XOAUTH2.
    #[must_use]
    pub fn xoauth2(token: &Token) -> Self {
        let message = Kind::Xoauth2.write(token);
        Self { mechanism: Mechanism::XOAUTH2, state: State::Token(Kind::Xoauth2, message) }
    }

    /// Begins OAUTHBEARER (RFC 7628).
    #[must_use]
    pub fn oauthbearer(token: &Token) -> Self {
        let message = Kind::Bearer.write(token);
        Self { mechanism: Mechanism::OAUTHBEARER, state: State::Token(Kind::Bearer, message) }
    }

    /// Begins EXTERNAL (RFC 4422 appendix A), as the one whom the transport names.
    #[must_use]
    pub fn external() -> Self {
        Self::one(Mechanism::EXTERNAL, Secret::default())
    }

    /// Begins EXTERNAL, to act as somebody.
    ///
    /// # Errors
    /// The identity is empty or holds a NUL.
    pub fn external_as(authzid: &str) -> Result<Self, Misuse> {
        check(authzid.as_bytes())?;
        Ok(Self::one(Mechanism::EXTERNAL, authzid.into()))
    }

    /// Begins ANONYMOUS (RFC 4505), with a mail address or another trace.
    ///
    /// # Errors
    /// The trace holds a NUL or is longer than 255 characters.
    pub fn anonymous(trace: &str) -> Result<Self, Misuse> {
        match trace {
            _ if trace.contains('\0') => Err(Misuse::Nul),
            _ if trace.chars().count() > 255 => Err(Misuse::TraceTooLong),
            _ => Ok(Self::one(Mechanism::ANONYMOUS, trace.into())),
        }
    }

    /// Returns the mechanism that the exchange follows.
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Returns the initial response; `None` where the server speaks first. A protocol that has
    /// no room for one gives it to the server's first, empty challenge: then call
    /// [`step`](Self::step) instead.
    pub fn start(&mut self) -> Option<Secret> {
        match &mut self.state {
            State::Unsaid(_) if self.mechanism == Mechanism::LOGIN => None,
            State::Unsaid(unsaid) => unsaid.pop(),
            State::Scram(client) => client.start(),
            State::Token(..) => self.step(b"").ok(),
            State::Cram(_) | State::Sent(_) | State::Refused => None,
        }
    }

    /// Answers a challenge. The words of LOGIN's challenges mean nothing; their order does.
    ///
    /// # Errors
    /// Everything has been said: the server asks for more than there is. Or it is not the server
    /// that knows the user. Cancel.
    pub fn step(&mut self, challenge: &[u8]) -> Result<Secret, Error> {
        match &mut self.state {
            State::Unsaid(unsaid) => unsaid.pop().ok_or(Error::OutOfTurn),
            State::Scram(client) => client.step(challenge),
            State::Cram(credentials) => {
                let response = cram::respond(credentials, challenge);
                self.state = State::Unsaid(Vec::new());
                Ok(response)
            }
            State::Token(kind, message) => {
                let message = core::mem::take(message);
                self.state = State::Sent(*kind);
                Ok(message)
            }
            State::Sent(kind) => {
                let dummy = kind.dummy();
                self.state = State::Refused;
                Ok(dummy)
            }
            State::Refused => Err(Error::OutOfTurn),
        }
    }

    /// Notes that the server reports success.
    ///
    /// # Errors
    /// It does so before the end, so it has proved nothing; or after it refused.
    pub fn finish(self) -> Result<(), Error> {
        let done = match self.state {
            State::Unsaid(unsaid) => unsaid.is_empty(),
            State::Scram(client) => client.is_done(),
            State::Sent(_) => true,
            State::Cram(_) | State::Token(..) | State::Refused => false,
        };
        if done { Ok(()) } else { Err(Error::Premature) }
    }

    pub(super) fn from_scram(
        mechanism: Mechanism,
        credentials: &Credentials,
        nonce: Nonce,
        binding: &Binding,
        policy: Policy,
    ) -> Result<Self, Misuse> {
        let hash = mechanism.hash().unwrap_or(Hash::Sha256);
        let client = Client::new(hash, credentials, nonce, binding, policy)?;
        Ok(Self { mechanism, state: State::Scram(Box::new(client)) })
    }

    fn one(mechanism: Mechanism, message: Secret) -> Self {
        Self { mechanism, state: State::Unsaid(Vec::from([message])) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tim() -> Credentials {
        Credentials::new("tim", "tanstaaftanstaaf".into()).unwrap()
    }

    /// RFC 4616 §4.
    #[test]
    fn plain_says_everything_at_once() {
        let mut exchange = Exchange::plain(&tim());
        assert_eq!(exchange.start().unwrap().expose(), b"\0tim\0tanstaaftanstaaf");
        assert_eq!(exchange.step(b""), Err(Error::OutOfTurn));
        let kurt = Credentials::new("Kurt", "xipj3plmq".into()).unwrap();
        let mut exchange = Exchange::plain(&kurt.acting_as("Ursel").unwrap());
        assert_eq!(exchange.start().unwrap().expose(), b"Ursel\0Kurt\0xipj3plmq");
    }

    #[test]
    fn an_initial_response_may_wait_for_an_empty_challenge() {
        let mut exchange = Exchange::plain(&tim());
        assert_eq!(exchange.step(b"").unwrap().expose(), b"\0tim\0tanstaaftanstaaf");
        assert_eq!(exchange.finish(), Ok(()));
    }

    #[test]
    fn success_before_the_end_is_no_success() {
        let mut login = Exchange::login(&tim());
        login.step(b"").unwrap();
        assert_eq!(login.finish(), Err(Error::Premature));
    }

    #[test]
    fn external_and_anonymous_say_one_thing() {
        assert_eq!(Exchange::external().start(), Some("".into()));
        assert_eq!(Exchange::external_as("fred").unwrap().start(), Some("fred".into()));
        assert_eq!(Exchange::anonymous("sirhc").unwrap().start(), Some("sirhc".into()));
        assert_eq!(Exchange::external_as("").err(), Some(Misuse::Empty));
    }

    #[test]
    fn a_trace_of_255_characters_is_sent_and_one_of_256_is_not() {
        assert!(Exchange::anonymous(&"ü".repeat(255)).is_ok());
        assert_eq!(Exchange::anonymous(&"ü".repeat(256)).err(), Some(Misuse::TraceTooLong));
    }

    /// RFC 7628 §3.2.3: the server refuses only after one more word of the client's.
    #[test]
    fn a_refused_token_is_answered_and_is_no_success() {
        let token = Token::new("a", "b".into()).unwrap();
        for (mut exchange, dummy) in
            [(Exchange::oauthbearer(&token), "\x01"), (Exchange::xoauth2(&token), "")]
        {
            assert!(exchange.start().is_some());
            assert_eq!(exchange.start(), None);
            assert_eq!(exchange.step(b"{}"), Ok(dummy.into()));
            assert_eq!(exchange.step(b"{}"), Err(Error::OutOfTurn));
            assert_eq!(exchange.finish(), Err(Error::Premature));
        }
        assert_eq!(Exchange::oauthbearer(&token).finish(), Err(Error::Premature));
    }

    #[test]
    fn a_digest_is_made_once() {
        let mut cram = Exchange::cram_md5(&tim());
        assert_eq!(cram.start(), None);
        assert!(cram.step(b"<a@b>").is_ok());
        assert_eq!(cram.step(b"<a@b>"), Err(Error::OutOfTurn));
        assert_eq!(cram.finish(), Ok(()));
        assert_eq!(Exchange::cram_md5(&tim()).finish(), Err(Error::Premature));
    }
}
