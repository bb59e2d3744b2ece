//! CRAM-MD5: RFC 2195.
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use proto_core::Secret;
use subtle::ConstantTimeEq;

use crate::{Credentials, Error, Nonce, ParseError, ParseErrorKind};

/// A user's name and a keyed digest, which only who knows the password can make.
///
/// The application finds the user's password, which it has to have as it is, and asks
/// [`is_of`](Self::is_of).
///
/// ```
/// use sasl::{Credentials, Mechanism, Nonce, client, server};
///
/// let tim = Credentials::new("tim", "tanstaaftanstaaf".into())?;
/// let mut client = client::Exchange::cram_md5(&tim);
/// let nonce = Nonce::parse(b"1896.697170952")?;
/// let mut server = server::Exchange::cram_md5(nonce);
/// let server::Step::Challenge(challenge) = server.start(None)? else { panic!("it begins") };
/// let response = client.step(&challenge)?;
/// let server::Step::Verify(server::Claim::Cram(cram)) = server.step(response.expose())? else {
///     panic!("that was all");
/// };
/// assert_eq!(cram.authcid(), "tim");
/// assert!(cram.is_of(&"tanstaaftanstaaf".into()) && !cram.is_of(&"guess".into()));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cram {
    authcid: Box<str>,
    challenge: Bytes,
    digest: Secret,
}

impl Cram {
    /// Returns whose password it is said to be.
    #[must_use]
    pub fn authcid(&self) -> &str {
        &self.authcid
    }

    /// Whether the digest is of this password.
    #[must_use]
    pub fn is_of(&self, password: &Secret) -> bool {
        let digest = digest(password, &self.challenge);
        bool::from(self.digest.expose().ct_eq(digest.as_bytes()))
    }

    /// `user digest`: the name may have spaces, the digest has none.
    pub(crate) fn parse(response: &[u8], challenge: Bytes) -> Result<Self, Error> {
        let text = core::str::from_utf8(response)
            .map_err(|utf8| ParseError::new(ParseErrorKind::Utf8, utf8.valid_up_to()))?;
        if let Some(at) = text.find('\0') {
            return Err(ParseError::new(ParseErrorKind::Nul, at).into());
        }
        let parts = ParseError::new(ParseErrorKind::Parts, text.len());
        let (authcid, digest) = text.rsplit_once(' ').ok_or(parts)?;
        if authcid.is_empty() {
            return Err(ParseError::new(ParseErrorKind::Empty, 0).into());
        }
        let hexadecimal = |octet: u8| matches!(octet, b'0'..=b'9' | b'a'..=b'f');
        if digest.len() != 32 || !digest.bytes().all(hexadecimal) {
            return Err(ParseError::new(ParseErrorKind::Digest, authcid.len() + 1).into());
        }
        Ok(Self { authcid: authcid.into(), challenge, digest: digest.into() })
    }
}

/// A challenge has the form of a message id; what stands in it does not matter, so that nobody
/// learns the time or the name of the host from it.
pub(crate) fn challenge(nonce: &Nonce) -> Bytes {
    format!("<{}@sasl>", nonce.as_str()).into()
}

pub(crate) fn respond(credentials: &Credentials, challenge: &[u8]) -> Secret {
    let digest = digest(credentials.password(), challenge);
    format!("{} {digest}", credentials.authcid()).into_bytes().into()
}

fn digest(password: &Secret, challenge: &[u8]) -> String {
    let mac = Hmac::<Md5>::new_from_slice(password.expose());
    let mac = mac.expect("a key of HMAC may have any length");
    let digest = mac.chain_update(challenge).finalize().into_bytes();
    let mut text = String::new();
    for octet in digest {
        // Writing to a string does not fail.
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{octet:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2195 §2.
    #[test]
    fn the_rfcs_digest_is_made_and_known() {
        let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
        let tim = Credentials::new("tim", "tanstaaftanstaaf".into()).unwrap();
        let response = respond(&tim, challenge);
        assert_eq!(response.expose(), b"tim b913a602c7eda7a495b4e6e7334d3890");
        let cram = Cram::parse(response.expose(), Bytes::from_static(challenge)).unwrap();
        assert!(cram.is_of(tim.password()));
        assert!(!cram.is_of(&"tanstaaftanstaaF".into()));
        let other = Cram::parse(response.expose(), "<another@challenge>".into()).unwrap();
        assert!(!other.is_of(tim.password()), "a digest is of one challenge only");
    }

    #[test]
    fn a_malformed_response_is_refused_where_it_is_wrong() {
        use ParseErrorKind as K;
        let digest = "b913a602c7eda7a495b4e6e7334d3890";
        for (response, kind, offset) in [
            ("", K::Parts, 0),
            (digest, K::Parts, 32),
            (&format!(" {digest}"), K::Empty, 0),
            (&format!("tim {digest}0"), K::Digest, 4),
            (&format!("tim {}", digest.to_uppercase()), K::Digest, 4),
            (&format!("t\0m {digest}"), K::Nul, 1),
        ] {
            let error = Error::Malformed(ParseError::new(kind, offset));
            assert_eq!(Cram::parse(response.as_bytes(), Bytes::new()), Err(error), "{response}");
        }
        let spaced = format!("tim smith {digest}");
        assert_eq!(Cram::parse(spaced.as_bytes(), Bytes::new()).unwrap().authcid(), "tim smith");
    }
}
