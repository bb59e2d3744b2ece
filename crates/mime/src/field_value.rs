//! Values of header fields that one may write.
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use bytes::BytesMut;

use crate::fold::FieldWriter;
use crate::{
    Address, DateTime, FieldName, Group, Mailbox, MessageId, ParseError, ParseErrorKind, Text,
};

/// The value of a header field, of a form that cannot break the header.
///
/// It is made of what it says: text, mailboxes, message identifiers, a date, URIs.
///
/// ```
/// use mime::{Builder, DateTime, FieldName, FieldValue, Mailbox, Uri};
///
/// let list: Mailbox = "crepes@crepes.fr".parse()?;
/// let leave: Uri = "mailto:leave@crepes.fr".parse()?;
/// let builder = Builder::new(DateTime::new(0, 0)?)
///     .field(FieldName::AUTO_SUBMITTED, "auto-generated")
///     .field("Mail-Followup-To".parse()?, list)
///     .field(FieldName::LIST_UNSUBSCRIBE, leave)
///     .field(FieldName::LIST_ID, FieldValue::list_id("Crêpes", "crepes.crepes.fr")?);
/// # let mut out = bytes::BytesMut::new();
/// # builder.write(&mut out);
/// # let text = String::from_utf8(out.to_vec())?;
/// # assert!(text.contains("List-Unsubscribe: <mailto:leave@crepes.fr>\r\n"));
/// # assert!(text.contains("List-Id: =?utf-8?Q?Cr=C3=AApes?= <crepes.crepes.fr>\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldValue(Value);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Value {
    Text(Text),
    Addresses(Vec<Address>),
    MessageIds(Vec<MessageId>),
    Date(DateTime),
    Uris(Vec<Uri>),
    ListId(Text, String),
    Raw(String),
}

impl FieldValue {
    /// Makes the value of a `List-Id` field (RFC 2919 §3): a name for people, which may be empty,
    /// and an identifier in the form of a domain.
    ///
    /// # Errors
    /// The identifier is empty, over 255 octets (§3), or has anything but ASCII atoms and dots.
    pub fn list_id(name: impl Into<Text>, id: &str) -> Result<Self, ParseError> {
        let atom =
            |it: &str| !it.is_empty() && it.bytes().all(|it| it < 0x80 && crate::lex::is_atext(it));
        if id.len() > 255 || !id.split('.').all(atom) {
            return Err(ParseError::new(ParseErrorKind::ListId, 0));
        }
        Ok(Self(Value::ListId(name.into(), id.into())))
    }

    /// Takes octets that are already as a header has them: what follows the colon, folded, without
    /// the last line end. For fields that others write, such as `DKIM-Signature`, every octet of
    /// which counts.
    ///
    /// ```
    /// use mime::FieldValue;
    ///
    /// assert!(FieldValue::raw(" v=1; a=rsa-sha256;\r\n\tb=c2ln").is_ok());
    /// assert!(FieldValue::raw(" v=1;\r\nBcc: eve@example.org").is_err());
    /// ```
    ///
    /// # Errors
    /// A line is over 998 octets with the longest name, is blank though it is a continuation, or
    /// does not begin with a blank; or there is a control character that is neither tabulator nor
    /// part of CRLF.
    pub fn raw(value: &str) -> Result<Self, ParseError> {
        let mut at = 0;
        for (number, line) in value.split("\r\n").enumerate() {
            let folded = line.starts_with([' ', '\t']) && !line.trim_ascii().is_empty();
            let controls = line.contains(|c: char| c.is_control() && c != '\t');
            if number > 0 && !folded || controls || line.len() > 920 {
                return Err(ParseError::new(ParseErrorKind::FieldValue, at));
            }
            at += line.len() + 2;
        }
        Ok(Self(Value::Raw(value.into())))
    }

    /// Appends the whole field. `utf8`: UTF-8 may stand as it is.
    pub(crate) fn write(&self, name: &FieldName, utf8: bool, out: &mut BytesMut) {
        let mut field = FieldWriter::new(out, name.as_str(), utf8);
        match &self.0 {
            Value::Text(text) => field.text(text.as_str()),
            Value::Addresses(addresses) => field.addresses(addresses),
            Value::MessageIds(ids) => field.message_ids(ids),
            Value::Date(date) => field.date(*date),
            Value::Uris(uris) => {
                for (at, uri) in uris.iter().enumerate() {
                    let comma = if at + 1 < uris.len() { "," } else { "" };
                    field.word(alloc::format!("<{uri}>{comma}").as_bytes());
                }
            }
            Value::ListId(name, id) => {
                if !name.as_str().is_empty() {
                    field.phrase(name.as_str());
                }
                field.word(alloc::format!("<{id}>").as_bytes());
            }
            Value::Raw(value) => field.glued(value.as_bytes()),
        }
        field.end();
    }
}

impl From<Text> for FieldValue {
    fn from(text: Text) -> Self {
        Self(Value::Text(text))
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self(Value::Text(text.into()))
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self(Value::Text(text.into()))
    }
}

impl From<Vec<Address>> for FieldValue {
    fn from(addresses: Vec<Address>) -> Self {
        Self(Value::Addresses(addresses))
    }
}

impl From<Address> for FieldValue {
    fn from(address: Address) -> Self {
        Self(Value::Addresses([address].into()))
    }
}

impl From<Mailbox> for FieldValue {
    fn from(mailbox: Mailbox) -> Self {
        Address::from(mailbox).into()
    }
}

impl From<Group> for FieldValue {
    fn from(group: Group) -> Self {
        Address::from(group).into()
    }
}

impl From<Vec<MessageId>> for FieldValue {
    fn from(ids: Vec<MessageId>) -> Self {
        Self(Value::MessageIds(ids))
    }
}

impl From<MessageId> for FieldValue {
    fn from(id: MessageId) -> Self {
        Self(Value::MessageIds([id].into()))
    }
}

impl From<DateTime> for FieldValue {
    fn from(date: DateTime) -> Self {
        Self(Value::Date(date))
    }
}

impl From<Vec<Uri>> for FieldValue {
    fn from(uris: Vec<Uri>) -> Self {
        Self(Value::Uris(uris))
    }
}

impl From<Uri> for FieldValue {
    fn from(uri: Uri) -> Self {
        Self(Value::Uris([uri].into()))
    }
}

/// A URI that a header can hold, as List-* fields do (RFC 2369 §2).
///
/// ```
/// use mime::Uri;
///
/// let help: Uri = "https://crepes.fr/help".parse()?;
/// assert_eq!(help.to_string(), "https://crepes.fr/help");
/// assert!("https://crepes.fr/a b".parse::<Uri>().is_err());
/// # Ok::<(), mime::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Uri(String);

impl Uri {
    /// Returns the URI without angle brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Uri {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        // RFC 3986 §2: what is not among its characters is escaped.
        let bad = |octet: u8| !octet.is_ascii_graphic() || b"<>\"\\^`{|}".contains(&octet);
        let at = text.bytes().position(bad).or((text.len() > 900).then_some(900));
        let scheme = text.split_once(':').is_some_and(|(scheme, _)| {
            let mut letters = scheme.bytes();
            letters.next().is_some_and(|it| it.is_ascii_alphabetic())
                && letters.all(|it| it.is_ascii_alphanumeric() || b"+-.".contains(&it))
        });
        match at.or((!scheme).then_some(0)) {
            Some(at) => Err(ParseError::new(ParseErrorKind::Uri, at)),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_values_are_folded_or_refused() {
        for good in ["", " a", " a\r\n b\r\n\tc", "\r\n a"] {
            assert!(FieldValue::raw(good).is_ok(), "{good:?}");
        }
        for bad in ["a\r\n", "a\r\n \r\n b", "a\nb", "a\r\nb", "a\r", "\0"] {
            assert!(FieldValue::raw(bad).is_err(), "{bad:?}");
        }
        assert!(FieldValue::raw(&"x".repeat(920)).is_ok());
        assert!(FieldValue::raw(&"x".repeat(921)).is_err());
    }

    #[test]
    fn uris_have_a_scheme_and_no_blanks() {
        for bad in ["", "crepes.fr", ":a", "1a:b", "a:b>c", "a:é", "a:\r\n"] {
            assert!(bad.parse::<Uri>().is_err(), "{bad:?}");
        }
        assert!(("a:".to_owned() + &"x".repeat(898)).parse::<Uri>().is_ok());
        assert!(("a:".to_owned() + &"x".repeat(899)).parse::<Uri>().is_err());
        for bad in ["", "a..b", "a b", "<a>", "é"] {
            assert!(FieldValue::list_id("x", bad).is_err(), "{bad:?}");
        }
        assert!(FieldValue::list_id("x", &"x".repeat(255)).is_ok());
        assert!(FieldValue::list_id("x", &"x".repeat(256)).is_err());
    }

    use alloc::borrow::ToOwned;
}
