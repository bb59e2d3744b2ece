//! Keys by which messages are put into threads (RFC 5256 §3).
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{BaseSubject, Message, MessageId};

/// What the `REFERENCES` algorithm (RFC 5256 §3) asks of a message.
///
/// ```
/// let message = mime::Message::parse(
///     b"Message-ID: <3@a>\r\nIn-Reply-To: <2@a> <1@a>\r\nSubject: Re: Lunch\r\n\r\n",
/// );
/// let key = message.thread_key();
/// assert_eq!(key.message_id().unwrap().as_str(), "3@a");
/// assert_eq!(key.parent().unwrap().as_str(), "2@a");
/// assert_eq!(key.subject().as_str(), "Lunch");
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ThreadKey {
    id: Option<MessageId>,
    references: Vec<MessageId>,
    subject: BaseSubject,
}

impl ThreadKey {
    /// Returns the message's identifier; a message without one is made a thread member under an
    /// identifier of the caller's.
    #[must_use]
    pub const fn message_id(&self) -> Option<&MessageId> {
        self.id.as_ref()
    }

    /// Returns the identifiers of the messages before it, the oldest first, each once: those of
    /// `References`, or the first of `In-Reply-To`.
    #[must_use]
    pub fn references(&self) -> &[MessageId] {
        &self.references
    }

    /// Returns the identifier of the message that it answers.
    #[must_use]
    pub fn parent(&self) -> Option<&MessageId> {
        self.references.last()
    }

    /// Returns the base subject, by which threads without references are joined.
    #[must_use]
    pub const fn subject(&self) -> &BaseSubject {
        &self.subject
    }
}

impl Message<'_> {
    /// Reads the keys for threading. Identifiers are in the form in which they can be compared:
    /// without quotes that mean nothing (RFC 5256 §3 step 1).
    #[must_use]
    pub fn thread_key(&self) -> ThreadKey {
        let mut references: Vec<_> = self.references().iter().map(normal).collect();
        if references.is_empty() {
            references.extend(self.in_reply_to().first().map(normal));
        }
        let id = self.message_id().as_ref().map(normal);
        let mut seen = alloc::collections::BTreeSet::new();
        references.retain(|it| Some(it) != id.as_ref() && seen.insert(it.clone()));
        let subject = BaseSubject::new(&self.subject().unwrap_or_default());
        ThreadKey { id, references, subject }
    }
}

/// Takes quotes off the left side where they are not needed, and backslashes within them:
/// `"a"@b` is `a@b`.
fn normal(id: &MessageId) -> MessageId {
    let unquoted = || {
        let (left, right) = id.as_str().strip_prefix('"')?.rsplit_once("\"@")?;
        let (mut out, mut chars) = (String::new(), left.chars());
        while let Some(c) = chars.next() {
            out.push(if c == '\\' { chars.next()? } else { c });
        }
        let atoms = out.split('.').all(|it| !it.is_empty() && it.bytes().all(crate::lex::is_atext));
        out.push('@');
        out.push_str(right);
        out.parse().ok().filter(|_| atoms)
    };
    unquoted().unwrap_or_else(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(header: &str) -> Vec<String> {
        let octets = header.to_owned() + "\r\n\r\n";
        let key = Message::parse(octets.as_bytes()).thread_key();
        key.references().iter().map(|it| it.as_str().to_owned()).collect()
    }

    #[test]
    fn references_come_before_answers_and_none_twice() {
        assert_eq!(ids("References: <1@a> <2@a>\r\n <1@a>\r\nIn-Reply-To: <9@a>"), ["1@a", "2@a"]);
        assert_eq!(ids("References: nothing\r\nIn-Reply-To: x <9@a> <8@a>"), ["9@a"]);
        assert_eq!(ids("Message-ID: <1@a>\r\nReferences: <1@a> <0@a>"), ["0@a"]);
        assert!(ids("Subject: x").is_empty());
    }

    /// The example of RFC 5256 §3 step 1.
    #[test]
    fn identifiers_are_compared_without_their_quotes() {
        assert_eq!(
            ids(
                "References: <\"01KF8JCEOCBS0045PS\"@xxx.yyy.com> <01KF8JCEOCBS0045PS@xxx.yyy.com> <\"a\\b c\"@d>"
            ),
            ["01KF8JCEOCBS0045PS@xxx.yyy.com", "\"a\\bc\"@d"][..1]
                .iter()
                .copied()
                .chain(["abc@d"])
                .collect::<Vec<_>>()
        );
    }
}
