//! XOAUTH2 and OAUTHBEARER (RFC 7628): a token instead of a password.
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use proto_core::Secret;

use crate::credentials::check;
use crate::scram::{saslname, write_saslname};
use crate::{Error, Misuse, ParseError, ParseErrorKind};

/// Separates the parts (RFC 7628 §3.1).
const SEPARATOR: u8 = 1;

/// A bearer token (RFC 6750), and whose.
///
/// ```
/// use sasl::Token;
///
/// let token = Token::new("user@example.com", "vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==".into())?
///     .at("server.example.com", 143)?;
/// assert_eq!(token.authzid(), Some("user@example.com"));
/// assert_eq!((token.host(), token.port()), (Some("server.example.com"), Some(143)));
/// # Ok::<_, sasl::Misuse>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Token {
    authzid: Option<Box<str>>,
    host: Option<Box<str>>,
    port: Option<u16>,
    token: Secret,
}

impl Token {
    /// Makes a token of whom to act as and what the authorization server gave.
    ///
    /// # Errors
    /// The name is empty or holds a control character that separates, or the token holds
    /// something else than visible ASCII characters.
    pub fn new(authzid: &str, token: Secret) -> Result<Self, Misuse> {
        check(authzid.as_bytes())?;
        if authzid.bytes().any(|octet| octet == SEPARATOR) || !is_token(token.expose()) {
            return Err(Misuse::Token);
        }
        Ok(Self { authzid: Some(authzid.into()), host: None, port: None, token })
    }

    /// Says which server the token is for: OAUTHBEARER carries it, and servers may insist.
    ///
    /// # Errors
    /// The host is empty or holds something else than visible ASCII characters.
    pub fn at(mut self, host: &str, port: u16) -> Result<Self, Misuse> {
        check(host.as_bytes())?;
        if !is_token(host.as_bytes()) {
            return Err(Misuse::Token);
        }
        (self.host, self.port) = (Some(host.into()), Some(port));
        Ok(self)
    }

    /// Returns whom to act as; a server may know from the token alone.
    #[must_use]
    pub fn authzid(&self) -> Option<&str> {
        self.authzid.as_deref()
    }

    /// Returns the server that the client believes to talk with.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Returns the port that the client believes to talk with.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns the token. It is empty if the client only asks what it would need
    /// (RFC 7628 §4.3): refuse it.
    #[must_use]
    pub const fn token(&self) -> &Secret {
        &self.token
    }
}

/// One of the two mechanisms.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Xoauth2,
    Bearer,
}

impl Kind {
    pub(crate) fn write(self, token: &Token) -> Secret {
        let user = token.authzid().unwrap_or_default();
        let mut message = String::new();
        match self {
            Self::Xoauth2 => message = format!("user={user}\x01"),
            Self::Bearer => {
                message.push_str("n,");
                if !user.is_empty() {
                    message.push_str("a=");
                    write_saslname(user, &mut message);
                }
                message.push_str(",\x01");
                if let (Some(host), Some(port)) = (token.host(), token.port()) {
                    message.push_str(&format!("host={host}\x01port={port}\x01"));
                }
            }
        }
        [message.as_bytes(), b"auth=Bearer ", token.token.expose(), b"\x01\x01"].concat().into()
    }

    pub(crate) fn parse(self, message: &[u8]) -> Result<Token, Error> {
        let error = |at| ParseError::new(ParseErrorKind::Token, at);
        let utf8 = core::str::from_utf8(message)
            .map_err(|utf8| ParseError::new(ParseErrorKind::Utf8, utf8.valid_up_to()))?;
        let body = utf8.strip_suffix("\x01\x01").ok_or(error(utf8.len()))?;
        let mut token = Token { authzid: None, host: None, port: None, token: Secret::default() };
        let mut at = 0;
        let mut parts = body.split('\x01');
        if self == Self::Bearer {
            let header = parts.next().unwrap_or_default();
            token.authzid = header_authzid(header)?;
            at += header.len() + 1;
        }
        let mut has_token = false;
        for pair in parts {
            let (key, value) = pair.split_once('=').ok_or(error(at))?;
            let value_at = at + key.len() + 1;
            match key {
                "user" if self == Self::Xoauth2 && !value.is_empty() && !value.contains('\0') => {
                    token.authzid = Some(value.into());
                }
                "auth" => {
                    token.token = bearer(value).ok_or(error(value_at))?;
                    has_token = true;
                }
                "host" => token.host = Some(value.into()),
                "port" => token.port = Some(value.parse().map_err(|_| error(value_at))?),
                // RFC 7628 §3.1: unknown pairs are ignored.
                key if key.bytes().all(|octet| octet.is_ascii_alphabetic()) && !key.is_empty() => {}
                _ => return Err(error(at).into()),
            }
            at += pair.len() + 1;
        }
        if has_token { Ok(token) } else { Err(error(at).into()) }
    }

    /// What a server says before it refuses (RFC 7628 §3.2.2).
    pub(crate) const fn refusal(self) -> Bytes {
        match self {
            Self::Xoauth2 => Bytes::from_static(br#"{"status":"401","schemes":"bearer"}"#),
            Self::Bearer => Bytes::from_static(br#"{"status":"invalid_token"}"#),
        }
    }

    /// What a client says to that, so that the server can refuse (RFC 7628 §3.2.3).
    pub(crate) fn dummy(self) -> Secret {
        match self {
            Self::Xoauth2 => Secret::default(),
            Self::Bearer => Vec::from([SEPARATOR]).into(),
        }
    }
}

/// `n , [a=authzid] ,`
fn header_authzid(header: &str) -> Result<Option<Box<str>>, ParseError> {
    let error = ParseError::new(ParseErrorKind::Gs2Header, 0);
    // A bound variant is not registered.
    let authzid = header.strip_prefix("n,").or_else(|| header.strip_prefix("y,")).ok_or(error)?;
    match authzid.strip_suffix(',').ok_or(error)? {
        "" => Ok(None),
        // RFC 7628 §4.4 prints `user=` where its grammar has `a=`, and so do clients.
        name => {
            let name = name.strip_prefix("a=").or_else(|| name.strip_prefix("user="));
            Ok(Some(name.and_then(saslname).ok_or(error)?.into()))
        }
    }
}

/// `Bearer token`, or nothing.
fn bearer(value: &str) -> Option<Secret> {
    let token = match value.split_at_checked("Bearer ".len()) {
        None if value.is_empty() => "",
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer ") && !token.is_empty() => {
            token
        }
        _ => return None,
    };
    token.bytes().all(|octet| octet.is_ascii_graphic()).then(|| token.into())
}

fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 7628 §4.1 and §4.4.
    #[test]
    fn the_rfcs_messages_are_read_and_written() {
        let message = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01\
             auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        let token = Kind::Bearer.parse(message.as_bytes()).unwrap();
        assert_eq!(token.authzid(), Some("user@example.com"));
        assert_eq!((token.host(), token.port()), (Some("server.example.com"), Some(143)));
        assert!(token.token().matches(b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="));
        assert_eq!(Kind::Bearer.write(&token).expose(), message.as_bytes());
        let message = b"n,user=someuser@example.com,\x01auth=Bearer vF9d==\x01\x01";
        let token = Kind::Bearer.parse(message).unwrap();
        assert_eq!(token.authzid(), Some("someuser@example.com"));
    }

    /// RFC 7628 §4.3.
    #[test]
    fn a_client_may_ask_without_a_token() {
        let message =
            b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=\x01\x01";
        assert!(Kind::Bearer.parse(message).unwrap().token().expose().is_empty());
    }

    #[test]
    fn xoauth2_is_read_and_written() {
        let token = Token::new("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRh".into());
        let token = token.unwrap();
        let message = Kind::Xoauth2.write(&token);
        let expected =
            b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRh\x01\x01";
        assert_eq!(message.expose(), expected);
        assert_eq!(Kind::Xoauth2.parse(message.expose()), Ok(token));
    }

    #[test]
    fn malformed_messages_are_refused_where_they_are_wrong() {
        use ParseErrorKind as K;
        for (message, kind, offset) in [
            (&b""[..], K::Token, 0),
            (b"\x01", K::Token, 1),
            (b"\x01\x01", K::Gs2Header, 0),
            (b"n,,\x01\x01", K::Token, 4),
            (b"p=tls-exporter,,\x01auth=Bearer x\x01\x01", K::Gs2Header, 0),
            (b"n,a=x=,\x01auth=Bearer x\x01\x01", K::Gs2Header, 0),
            (b"n,,\x01auth=Basic x\x01\x01", K::Token, 9),
            (b"n,,\x01auth=Bearer a b\x01\x01", K::Token, 9),
            (b"n,,\x01port=65536\x01auth=\x01\x01", K::Token, 9),
            (b"n,,\x01nonsense\x01auth=\x01\x01", K::Token, 4),
            (b"n,,\x01x1=\x01auth=\x01\x01", K::Token, 4),
            (b"n,,\x01auth=\xFF\x01\x01", K::Utf8, 9),
        ] {
            let error = Error::Malformed(ParseError::new(kind, offset));
            assert_eq!(Kind::Bearer.parse(message), Err(error), "{}", message.escape_ascii());
        }
        assert!(Kind::Bearer.parse(b"n,,\x01qs=x y\r\n\x01auth=bearer x\x01\x01").is_ok());
    }

    #[test]
    fn what_would_add_a_pair_is_misuse() {
        for (user, token) in
            [("a\x01auth=Bearer b", "x"), ("a", "x\x01"), ("a", "x y"), ("a", ""), ("", "x")]
        {
            assert!(Token::new(user, token.into()).is_err(), "{user:?} {token:?}");
        }
        let token = Token::new("a", "x".into()).unwrap();
        assert_eq!(token.at("h\x01auth=", 1), Err(Misuse::Token));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            user in "[^\0\x01]{1,12}", token in "[!-~]{1,20}", host in "[a-z.]{1,9}", port: u16,
        ) {
            let token = Token::new(&user, token.as_str().into()).unwrap();
            prop_assert_eq!(&Kind::Xoauth2.parse(Kind::Xoauth2.write(&token).expose()), &Ok(token.clone()));
            let token = token.at(&host, port).unwrap();
            prop_assert_eq!(Kind::Bearer.parse(Kind::Bearer.write(&token).expose()), Ok(token));
        }
    }
}
