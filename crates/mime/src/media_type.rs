//! What an attachment is.
use alloc::borrow::{Cow, ToOwned};
use core::fmt;
use core::str::FromStr;

use crate::lex::is_token;
use crate::{ParseError, ParseErrorKind};

/// The media type of an attachment: `type/subtype` without parameters (RFC 2045 §5.1).
///
/// Multiparts and messages are none of these: they have structure, and RFC 2046 §5 restricts how
/// they may be encoded.
///
/// ```
/// use mime::MediaType;
///
/// assert_eq!("image/png".parse(), Ok(MediaType::PNG));
/// assert!("multipart/mixed".parse::<MediaType>().is_err());
/// assert!("image/png\r\nBcc: eve".parse::<MediaType>().is_err());
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MediaType(Cow<'static, str>);

impl MediaType {
    /// `application/octet-stream`: octets of which nothing more is known (RFC 2046 §4.5.1).
    pub const OCTET_STREAM: Self = Self(Cow::Borrowed("application/octet-stream"));
    /// `application/pdf` (RFC 8118).
    pub const PDF: Self = Self(Cow::Borrowed("application/pdf"));
    /// `image/jpeg` (RFC 2046 §4.2).
    pub const JPEG: Self = Self(Cow::Borrowed("image/jpeg"));
    /// `image/png`.
    pub const PNG: Self = Self(Cow::Borrowed("image/png"));

    /// Returns the type as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_text(&self) -> bool {
        self.0.get(..5).is_some_and(|top| top.eq_ignore_ascii_case("text/"))
    }
}

impl FromStr for MediaType {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let error = ParseError::new(ParseErrorKind::MediaType, 0);
        let (top, subtype) = text.split_once('/').ok_or(error.clone())?;
        // RFC 6838 §4.2: each name has 127 characters at most.
        let name = |it: &str| (1..=127).contains(&it.len()) && it.bytes().all(is_token);
        let composite = ["multipart", "message"].iter().any(|it| top.eq_ignore_ascii_case(it));
        if composite || !name(top) || !name(subtype) {
            return Err(error);
        }
        Ok(Self(Cow::Owned(text.to_owned())))
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
