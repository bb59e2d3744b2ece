//! Names of header fields.
use alloc::borrow::Cow;
use core::fmt;
use core::str::FromStr;

use crate::{ParseError, ParseErrorKind};

/// The name of a header field that one may write (RFC 5322 §2.2): printable ASCII without colon.
///
/// `Content-Type`, `Content-Transfer-Encoding` and `MIME-Version` are none: they decide how the
/// body is read, so that only what writes the body writes them. Names are compared as they are
/// spelled; headers compare them in any case of letters.
///
/// ```
/// use mime::FieldName;
///
/// let name: FieldName = "X-Mailer".parse()?;
/// assert_eq!(name.as_str(), "X-Mailer");
/// assert_eq!(FieldName::AUTO_SUBMITTED.as_str(), "Auto-Submitted");
/// assert!("X-Mailer: a\r\nBcc".parse::<FieldName>().is_err());
/// assert!("content-type".parse::<FieldName>().is_err());
/// # Ok::<(), mime::ParseError>(())
/// ```
///
/// A message that is sent on unchanged gets fields before its own that say by whom and when
/// (RFC 5322 §3.6.6); an [`Editor`](crate::Editor) puts them there, the last one first:
///
/// ```
/// use mime::{DateTime, Editor, FieldName, Mailbox, Message};
///
/// let message = Message::parse(b"From: alice@crepes.fr\r\n\r\nHi\r\n");
/// let (bob, carol): (Mailbox, Mailbox) = ("bob@hamburger.edu".parse()?, "carol@sushi.jp".parse()?);
/// let mut out = bytes::BytesMut::new();
/// Editor::new(&message)
///     .prepend(FieldName::RESENT_TO, carol)
///     .prepend(FieldName::RESENT_FROM, bob)
///     .prepend(FieldName::RESENT_DATE, DateTime::new(0, 0)?)
///     .write(&mut out);
/// assert_eq!(out, "\
/// Resent-Date: Thu, 1 Jan 1970 00:00:00 +0000\r
/// Resent-From: bob@hamburger.edu\r
/// Resent-To: carol@sushi.jp\r
/// From: alice@crepes.fr\r\n\r\nHi\r\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FieldName(Cow<'static, str>);

impl FieldName {
    /// `Auto-Submitted`: no person sent this (RFC 3834 §5).
    pub const AUTO_SUBMITTED: Self = Self(Cow::Borrowed("Auto-Submitted"));
    /// `Comments` (RFC 5322 §3.6.5).
    pub const COMMENTS: Self = Self(Cow::Borrowed("Comments"));
    /// `Disposition-Notification-To`: who wants to know that it was read (RFC 8098 §2.1).
    pub const DISPOSITION_NOTIFICATION_TO: Self =
        Self(Cow::Borrowed("Disposition-Notification-To"));
    /// `Keywords` (RFC 5322 §3.6.5).
    pub const KEYWORDS: Self = Self(Cow::Borrowed("Keywords"));
    /// `List-Archive` (RFC 2369 §3.6).
    pub const LIST_ARCHIVE: Self = Self(Cow::Borrowed("List-Archive"));
    /// `List-Help` (RFC 2369 §3.1).
    pub const LIST_HELP: Self = Self(Cow::Borrowed("List-Help"));
    /// `List-Id` (RFC 2919).
    pub const LIST_ID: Self = Self(Cow::Borrowed("List-Id"));
    /// `List-Owner` (RFC 2369 §3.5).
    pub const LIST_OWNER: Self = Self(Cow::Borrowed("List-Owner"));
    /// `List-Post` (RFC 2369 §3.4).
    pub const LIST_POST: Self = Self(Cow::Borrowed("List-Post"));
    /// `List-Subscribe` (RFC 2369 §3.3).
    pub const LIST_SUBSCRIBE: Self = Self(Cow::Borrowed("List-Subscribe"));
    /// `List-Unsubscribe` (RFC 2369 §3.2).
    pub const LIST_UNSUBSCRIBE: Self = Self(Cow::Borrowed("List-Unsubscribe"));
    /// `List-Unsubscribe-Post`: one click is enough (RFC 8058 §3.1).
    pub const LIST_UNSUBSCRIBE_POST: Self = Self(Cow::Borrowed("List-Unsubscribe-Post"));
    /// `Resent-Bcc`: a recipient of whom the others do not know (RFC 5322 §3.6.6).
    pub const RESENT_BCC: Self = Self(Cow::Borrowed("Resent-Bcc"));
    /// `Resent-Cc`: other recipients (RFC 5322 §3.6.6).
    pub const RESENT_CC: Self = Self(Cow::Borrowed("Resent-Cc"));
    /// `Resent-Date`: when it was sent on (RFC 5322 §3.6.6).
    pub const RESENT_DATE: Self = Self(Cow::Borrowed("Resent-Date"));
    /// `Resent-From`: who sent it on (RFC 5322 §3.6.6).
    pub const RESENT_FROM: Self = Self(Cow::Borrowed("Resent-From"));
    /// `Resent-Message-ID`: which sending it was (RFC 5322 §3.6.6).
    pub const RESENT_MESSAGE_ID: Self = Self(Cow::Borrowed("Resent-Message-ID"));
    /// `Resent-Sender`: who sent it on for that one (RFC 5322 §3.6.6).
    pub const RESENT_SENDER: Self = Self(Cow::Borrowed("Resent-Sender"));
    /// `Resent-To`: to whom it was sent on (RFC 5322 §3.6.6).
    pub const RESENT_TO: Self = Self(Cow::Borrowed("Resent-To"));
    /// `Subject` (RFC 5322 §3.6.5), for editing.
    pub const SUBJECT: Self = Self(Cow::Borrowed("Subject"));

    /// Returns the name as it is spelled.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FieldName {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |octet: u8| !matches!(octet, b'!'..=b'9' | b';'..=b'~');
        // RFC 5322 §2.1.1: a name and its colon fit into a line of 78.
        let at = text.bytes().position(bad).or((text.len() > 76).then_some(76));
        if let Some(at) = at.or(text.is_empty().then_some(0)) {
            return Err(ParseError::new(ParseErrorKind::FieldName, at));
        }
        let structure = ["content-type", "content-transfer-encoding", "mime-version"];
        if structure.iter().any(|name| name.eq_ignore_ascii_case(text)) {
            return Err(ParseError::new(ParseErrorKind::FieldName, 0));
        }
        Ok(Self(Cow::Owned(text.into())))
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_printable_and_short() {
        assert!("x".repeat(76).parse::<FieldName>().is_ok());
        assert!("x".repeat(77).parse::<FieldName>().is_err());
        for (bad, at) in [("", 0), ("a b", 1), ("a:", 1), ("é", 0), ("a\n", 1), ("Mime-version", 0)]
        {
            let error = bad.parse::<FieldName>().unwrap_err();
            assert_eq!((error.kind(), error.offset()), (ParseErrorKind::FieldName, at), "{bad}");
        }
    }
}
