//! The server's side.
use alloc::boxed::Box;

use bytes::Bytes;
use proto_core::Secret;

use crate::{Credentials, Error, Mechanism, ParseError, ParseErrorKind};

/// What a server does next.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// Send this challenge, which may be empty, and give the response to
    /// [`Exchange::step`].
    Challenge(Bytes),
    /// The client has said everything: the application decides whether it is true.
    Verify(Credentials),
}

/// The server's side of one exchange.
///
/// ```
/// use sasl::{Mechanism, server::{Exchange, Step}};
///
/// let mut login = Exchange::new(Mechanism::LOGIN).expect("LOGIN is known");
/// assert_eq!(login.start(None)?, Step::Challenge("Username:".into()));
/// assert_eq!(login.step(b"bob")?, Step::Challenge("Password:".into()));
/// let Step::Verify(bob) = login.step(b"hungry")? else { panic!("that was all") };
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
    Done,
}

impl Exchange {
    /// Begins an exchange; `None` if this side does not know the mechanism.
    #[must_use]
    pub fn new(mechanism: Mechanism) -> Option<Self> {
        match mechanism {
            Mechanism::PLAIN => Some(Self(State::Plain)),
            Mechanism::LOGIN => Some(Self(State::Login)),
            _ => None,
        }
    }

    /// Takes the initial response, if the client sent one. An empty one is not none.
    ///
    /// LOGIN has none, but clients that send the user name with it are common, and understood.
    ///
    /// # Errors
    /// The response is malformed.
    pub fn start(&mut self, initial: Option<&[u8]>) -> Result<Step, Error> {
        match (initial, &self.0) {
            (Some(response), _) => self.step(response),
            (None, State::Plain) => Ok(Step::Challenge(Bytes::new())),
            (None, State::Login) => Ok(Step::Challenge(Bytes::from_static(b"Username:"))),
            (None, _) => Err(Error::OutOfTurn),
        }
    }

    /// Takes the response to a challenge.
    ///
    /// # Errors
    /// The response is malformed, or the exchange is over. An exchange that failed stays over.
    pub fn step(&mut self, response: &[u8]) -> Result<Step, Error> {
        match core::mem::replace(&mut self.0, State::Done) {
            State::Plain => Ok(Step::Verify(plain(response)?)),
            State::Login => {
                self.0 = State::LoginPassword(identity(response, 0)?.into());
                Ok(Step::Challenge(Bytes::from_static(b"Password:")))
            }
            State::LoginPassword(user) => Ok(Step::Verify(credentials(&user, response, 0)?)),
            State::Done => Err(Error::OutOfTurn),
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
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::client;

    #[test]
    fn plain_is_read_as_it_is_meant() {
        let mut exchange = Exchange::new(Mechanism::PLAIN).unwrap();
        let Ok(Step::Verify(kurt)) = exchange.start(Some(b"Ursel\0Kurt\0xipj3plmq")) else {
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
            let mut exchange = Exchange::new(Mechanism::PLAIN).unwrap();
            let expected = Err(Error::Malformed(ParseError::new(kind, offset)));
            assert_eq!(exchange.start(Some(message)), expected, "{message:?}");
        }
    }

    #[test]
    fn login_takes_the_user_name_as_an_initial_response() {
        let mut exchange = Exchange::new(Mechanism::LOGIN).unwrap();
        assert_eq!(exchange.start(Some(b"bob")), Ok(Step::Challenge("Password:".into())));
        assert!(matches!(exchange.step(b"hungry"), Ok(Step::Verify(_))));
    }

    #[test]
    fn malformed_login_is_refused_and_stays_so() {
        for bad in [&b""[..], b"bo\0b", b"\xFF"] {
            let mut exchange = Exchange::new(Mechanism::LOGIN).unwrap();
            assert!(matches!(exchange.start(Some(bad)), Err(Error::Malformed(_))));
            assert_eq!(exchange.step(b"hungry"), Err(Error::OutOfTurn));
        }
        for bad in [&b""[..], b"\0"] {
            let mut exchange = Exchange::new(Mechanism::LOGIN).unwrap();
            exchange.start(Some(b"bob")).unwrap();
            assert!(matches!(exchange.step(bad), Err(Error::Malformed(_))));
        }
    }

    #[test]
    fn unknown_mechanisms_are_not_begun() {
        assert!(Exchange::new(Mechanism::parse(b"GSSAPI").unwrap()).is_none());
    }

    proptest! {
        #[test]
        fn what_a_client_says_a_server_hears(
            authcid in "[^\0]{1,12}",
            password in proptest::collection::vec(1u8.., 1..12),
            authzid in proptest::option::of("[^\0]{1,12}"),
            login: bool,
        ) {
            let mut said = Credentials::new(&authcid, password.into()).unwrap();
            if let (Some(authzid), false) = (authzid, login) {
                said = said.acting_as(&authzid).unwrap();
            }
            let mut client = if login {
                client::Exchange::login(&said)
            } else {
                client::Exchange::plain(&said)
            };
            let mut server = Exchange::new(client.mechanism()).unwrap();
            let initial = client.start();
            let mut step = server.start(initial.as_ref().map(Secret::expose)).unwrap();
            while let Step::Challenge(challenge) = step {
                step = server.step(client.step(&challenge).unwrap().expose()).unwrap();
            }
            prop_assert_eq!(step, Step::Verify(said));
            prop_assert_eq!(client.finish(), Ok(()));
        }

        #[test]
        fn no_message_makes_a_server_panic(messages: Vec<Vec<u8>>, login: bool) {
            let mechanism = if login { Mechanism::LOGIN } else { Mechanism::PLAIN };
            let mut server = Exchange::new(mechanism).unwrap();
            for message in messages {
                let _ = server.step(&message);
            }
        }
    }
}
