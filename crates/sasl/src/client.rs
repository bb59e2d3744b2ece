//! The client's side.
use alloc::boxed::Box;
use alloc::vec::Vec;

use proto_core::Secret;

use crate::credentials::check;
use crate::{Credentials, Error, Mechanism, Misuse};

/// Who the client is, in every way it could prove that.
///
/// ```
/// use sasl::{Credentials, Mechanism, client::Identity};
///
/// let bob = Identity::Password(Credentials::new("bob", "hungry".into())?);
/// let offered = [Mechanism::parse(b"GSSAPI")?, Mechanism::LOGIN];
/// assert_eq!(bob.exchange(&offered).map(|e| e.mechanism()), Some(Mechanism::LOGIN));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Identity {
    /// A user with a password: PLAIN or LOGIN.
    Password(Credentials),
    /// Whoever the transport's certificate says it is: EXTERNAL.
    External,
    /// Nobody in particular: ANONYMOUS.
    Anonymous,
}

impl Identity {
    /// Begins an exchange by the best of the mechanisms that the server offers and that can
    /// prove this identity; `None` if there is none.
    #[must_use]
    pub fn exchange(&self, offered: &[Mechanism]) -> Option<Exchange> {
        let offers = |mechanism| offered.contains(&mechanism);
        match self {
            Self::Password(credentials) if offers(Mechanism::PLAIN) => {
                Some(Exchange::plain(credentials))
            }
            // LOGIN has no way to act as somebody else.
            Self::Password(credentials)
                if offers(Mechanism::LOGIN) && credentials.authzid().is_none() =>
            {
                Some(Exchange::login(credentials))
            }
            Self::External if offers(Mechanism::EXTERNAL) => Some(Exchange::external()),
            Self::Anonymous if offers(Mechanism::ANONYMOUS) => {
                Some(Exchange::one(Mechanism::ANONYMOUS, Secret::default()))
            }
            _ => None,
        }
    }
}

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
    /// What is yet to be said, the last first.
    unsaid: Vec<Secret>,
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
        Self { mechanism: Mechanism::LOGIN, unsaid: unsaid.into() }
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
        if self.mechanism == Mechanism::LOGIN { None } else { self.unsaid.pop() }
    }

    /// Answers a challenge. The words of LOGIN's challenges mean nothing; their order does.
    ///
    /// # Errors
    /// Everything has been said: the server asks for more than there is. Cancel.
    pub fn step(&mut self, _challenge: &[u8]) -> Result<Secret, Error> {
        self.unsaid.pop().ok_or(Error::OutOfTurn)
    }

    /// Notes that the server reports success.
    ///
    /// # Errors
    /// It does so before the end, so it has proved nothing.
    pub fn finish(self) -> Result<(), Error> {
        if self.unsaid.is_empty() { Ok(()) } else { Err(Error::Premature) }
    }

    fn one(mechanism: Mechanism, message: Secret) -> Self {
        Self { mechanism, unsaid: Vec::from(Box::new([message]) as Box<[_]>) }
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

    #[test]
    fn the_best_offered_mechanism_is_chosen() {
        let best = |identity: &Identity, offered: &[Mechanism]| {
            identity.exchange(offered).map(|exchange| exchange.mechanism())
        };
        let (plain, login) = (Mechanism::PLAIN, Mechanism::LOGIN);
        let password = Identity::Password(tim());
        assert_eq!(best(&password, &[login, plain]), Some(plain));
        assert_eq!(best(&password, &[login]), Some(login));
        assert_eq!(best(&password, &[Mechanism::EXTERNAL]), None);
        assert_eq!(best(&Identity::External, &[plain]), None);
        assert_eq!(best(&Identity::External, &[Mechanism::EXTERNAL]), Some(Mechanism::EXTERNAL));
        assert_eq!(best(&Identity::Anonymous, &[Mechanism::ANONYMOUS]), Some(Mechanism::ANONYMOUS));
        let delegated = Identity::Password(tim().acting_as("boss").unwrap());
        assert_eq!(best(&delegated, &[login]), None);
    }
}
