//! APOP: a login that does not send the password (RFC 1939 §7).
//!
//! It proves that the client knows the secret by MD5 over it and a timestamp of the server's. MD5
//! is broken for this: who sits on the wire and chooses timestamps learns parts of the secret
//! (CVE-2007-1558). It is here for old clients and devices, and off unless it is asked for.
use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use md5::{Digest, Md5};
use proto_core::{Secret, Text};

use crate::{ParseError, ParseErrorKind};

/// The timestamp in a server's greeting: `<…@…>`, new for each connection.
///
/// ```
/// use pop3_proto::ApopTimestamp;
///
/// // From the RFC; in earnest, of the process, the clock and some randomness.
/// let timestamp = ApopTimestamp::new("<1896.697170952@dbc.mtview.ca.us>".into())?;
/// let digest = timestamp.digest(&"tanstaaf".into());
/// assert_eq!(digest.to_string(), "c4c9334bac560ecc979e58001b3e22fb");
/// # Ok::<_, pop3_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApopTimestamp(Bytes);

impl ApopTimestamp {
    /// Checks a timestamp: angle brackets, an `@` inside, and nothing but printable ASCII, as a
    /// `msg-id` of RFC 5322 has it. That also is what bounds the attack named above.
    ///
    /// # Errors
    /// It is not of that form.
    pub fn new(timestamp: Bytes) -> Result<Self, ParseError> {
        let inner = timestamp.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
        let plain = |octet: &u8| octet.is_ascii_graphic() && !matches!(octet, b'<' | b'>');
        let sides = inner.and_then(|inner| {
            let at = inner.iter().position(|octet| *octet == b'@')?;
            inner.iter().all(plain).then_some((at, inner.len() - at - 1))
        });
        match sides {
            Some((1.., 1..)) => Ok(Self(timestamp)),
            _ => Err(ParseError::new(ParseErrorKind::Timestamp, 0)),
        }
    }

    /// Finds the timestamp in the words of a greeting.
    #[must_use]
    pub fn find(greeting: &Text) -> Option<Self> {
        let words = greeting.as_bytes();
        let start = words.iter().position(|octet| *octet == b'<')?;
        let length = words.get(start..)?.iter().position(|octet| *octet == b'>')?;
        Self::new(Bytes::copy_from_slice(words.get(start..=start + length)?)).ok()
    }

    /// Returns the octets, angle brackets and all.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Computes what proves knowledge of a secret.
    #[must_use]
    pub fn digest(&self, secret: &Secret) -> ApopDigest {
        let digest = Md5::new().chain_update(&self.0).chain_update(secret.expose());
        ApopDigest(digest.finalize().into())
    }
}

/// What proves knowledge of a secret. Equal ones are found out in constant time.
#[derive(Clone, Copy, Debug)]
pub struct ApopDigest([u8; 16]);

impl PartialEq for ApopDigest {
    fn eq(&self, other: &Self) -> bool {
        Secret::from(self.0.to_vec()).matches(&other.0)
    }
}

impl Eq for ApopDigest {}

impl ApopDigest {
    /// Reads 32 hexadecimal digits. RFC 1939 wants lower case; upper is understood.
    ///
    /// # Errors
    /// They are not.
    pub fn parse(digits: &[u8]) -> Result<Self, ParseError> {
        let mut digest = [0; 16];
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != digest.len() || !rest.is_empty() {
            return Err(ParseError::new(ParseErrorKind::Digest, 0));
        }
        for (octet, pair) in digest.iter_mut().zip(pairs) {
            let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
            let value = high.zip(low).map(|(high, low)| high * 16 + low);
            let value = value.and_then(|value| u8::try_from(value).ok());
            *octet = value.ok_or(ParseError::new(ParseErrorKind::Digest, 0))?;
        }
        Ok(Self(digest))
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        out.put_slice(alloc::format!("{self}").as_bytes());
    }
}

impl fmt::Display for ApopDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

/// Somebody's proof of who they are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Apop {
    user: Text,
    digest: ApopDigest,
    timestamp: ApopTimestamp,
}

impl Apop {
    pub(crate) const fn new(user: Text, digest: ApopDigest, timestamp: ApopTimestamp) -> Self {
        Self { user, digest, timestamp }
    }

    /// Returns the name.
    #[must_use]
    pub const fn user(&self) -> &Text {
        &self.user
    }

    /// Whether the proof is of this secret, which must be known in clear.
    #[must_use]
    pub fn is_of(&self, secret: &Secret) -> bool {
        self.timestamp.digest(secret) == self.digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_have_the_form_of_a_message_id() {
        for bad in
            ["", "<>", "<@>", "<a>", "<a@>", "<@b>", "a@b", "<a b@c>", "<a@b><c@d>", "<a@\r>"]
        {
            assert!(ApopTimestamp::new(bad.into()).is_err(), "{bad:?}");
        }
        let greeting = Text::from_static("ready <1896.697170952@dbc> and <a@b>");
        assert_eq!(ApopTimestamp::find(&greeting).unwrap().as_bytes(), b"<1896.697170952@dbc>");
        assert_eq!(ApopTimestamp::find(&Text::from_static("a > b < c")), None);
    }

    #[test]
    fn digests_are_thirty_two_digits() {
        let digest = ApopDigest::parse(b"c4c9334bac560ecc979e58001b3e22fb").unwrap();
        assert_eq!(ApopDigest::parse(b"C4C9334BAC560ECC979E58001B3E22FB"), Ok(digest));
        for bad in ["", "c4c9334bac560ecc979e58001b3e22f", "c4c9334bac560ecc979e58001b3e22fbc"] {
            assert!(ApopDigest::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(ApopDigest::parse(b"x4c9334bac560ecc979e58001b3e22fb").is_err());
    }
}
