//! The envelope that IMAP makes of a header (RFC 9051 §7.5.2).
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::limits::FieldLimits;
use crate::{Address, AddressList, Mailbox, Message, Part, PartKind};

/// IMAP's `ENVELOPE` of a message (RFC 9051 §7.5.2), ready to be written.
///
/// Texts are as the header has them, unfolded: clients decode the encoded words. `None` is `NIL`.
/// Of each field there are as many addresses as [`Limits::addresses`](crate::Limits::addresses).
///
/// ```
/// use mime::Message;
///
/// let message = Message::parse(b"From: =?utf-8?Q?=C3=89va?= <eva@crepes.fr>\r\nSubject: Hi\r\n\r\n");
/// let envelope = message.envelope();
/// assert_eq!(envelope.subject(), Some("Hi"));
/// let [eva] = envelope.reply_to() else { panic!() };
/// assert_eq!(eva.name(), Some("=?utf-8?Q?=C3=89va?="));
/// assert_eq!((eva.mailbox(), eva.host()), (Some("eva"), Some("crepes.fr")));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Envelope {
    date: Option<String>,
    subject: Option<String>,
    from: Vec<EnvelopeAddress>,
    sender: Vec<EnvelopeAddress>,
    reply_to: Vec<EnvelopeAddress>,
    to: Vec<EnvelopeAddress>,
    cc: Vec<EnvelopeAddress>,
    bcc: Vec<EnvelopeAddress>,
    in_reply_to: Option<String>,
    message_id: Option<String>,
}

impl Envelope {
    fn new(part: &Part<'_, '_>) -> Self {
        let text = |name: &str| part.field(name).map(|field| field.unfolded().into_owned());
        let list = |name: &str| {
            part.field(name).map_or_else(Vec::new, |it| addresses(it.value(), it.limits()))
        };
        let from = list("from");
        // RFC 9051 §7.5.2: the server sets these to From where they are not said, or are empty.
        let or_from = |list: Vec<_>| if list.is_empty() { from.clone() } else { list };
        Self {
            date: text("date"),
            subject: text("subject"),
            sender: or_from(list("sender")),
            reply_to: or_from(list("reply-to")),
            to: list("to"),
            cc: list("cc"),
            bcc: list("bcc"),
            in_reply_to: text("in-reply-to"),
            message_id: text("message-id"),
            from,
        }
    }

    /// Returns the date as the header has it.
    #[must_use]
    pub fn date(&self) -> Option<&str> {
        self.date.as_deref()
    }

    /// Returns the subject as the header has it.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Returns the authors.
    #[must_use]
    pub fn from(&self) -> &[EnvelopeAddress] {
        &self.from
    }

    /// Returns who sent it; the authors where nobody is named.
    #[must_use]
    pub fn sender(&self) -> &[EnvelopeAddress] {
        &self.sender
    }

    /// Returns where answers go; the authors where nobody is named.
    #[must_use]
    pub fn reply_to(&self) -> &[EnvelopeAddress] {
        &self.reply_to
    }

    /// Returns the primary recipients.
    #[must_use]
    pub fn to(&self) -> &[EnvelopeAddress] {
        &self.to
    }

    /// Returns the other recipients.
    #[must_use]
    pub fn cc(&self) -> &[EnvelopeAddress] {
        &self.cc
    }

    /// Returns the hidden recipients.
    #[must_use]
    pub fn bcc(&self) -> &[EnvelopeAddress] {
        &self.bcc
    }

    /// Returns the identifiers of the messages that it answers, as the header has them.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<&str> {
        self.in_reply_to.as_deref()
    }

    /// Returns its identifier as the header has it, with angle brackets.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.message_id.as_deref()
    }
}

/// An address of an [`Envelope`]: four words, of which the second, a route, is always `NIL`.
///
/// A group is its name as mailbox without host, its members, and an address with neither
/// (RFC 9051 §7.5.2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EnvelopeAddress {
    name: Option<String>,
    mailbox: Option<String>,
    host: Option<String>,
}

impl EnvelopeAddress {
    /// Returns the name for people, encoded as the header has it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns what stands before the `@`, or the name of a group that begins; none where it ends.
    #[must_use]
    pub fn mailbox(&self) -> Option<&str> {
        self.mailbox.as_deref()
    }

    /// Returns what stands after the `@`; none where a group begins or ends.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    fn new(mailbox: &Mailbox) -> Self {
        Self {
            name: mailbox.name().map(unmark),
            mailbox: Some(unmark(mailbox.address().local())),
            host: Some(unmark(mailbox.address().domain())),
        }
    }
}

impl Message<'_> {
    /// Makes IMAP's envelope of its header.
    #[must_use]
    pub fn envelope(&self) -> Envelope {
        Envelope::new(&self.root())
    }
}

impl Part<'_, '_> {
    /// Makes IMAP's envelope of a message in a message; `None` if this part is none.
    #[must_use]
    pub fn envelope(&self) -> Option<Envelope> {
        let inner = (self.kind() == PartKind::Message).then(|| self.children().next())??;
        Some(Envelope::new(&inner))
    }
}

/// Reads addresses without decoding encoded words: a mark, of which Unicode says that no text has
/// it, makes their beginnings ordinary text, and is taken out again.
fn addresses(value: &[u8], limits: FieldLimits) -> Vec<EnvelopeAddress> {
    let mut marked = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr::memmem::find(rest, b"=?") {
        let (head, tail) = rest.split_at_checked(at + 1).unwrap_or((rest, &[]));
        marked.extend_from_slice(head);
        marked.extend_from_slice(MARK.encode_utf8(&mut [0; 4]).as_bytes());
        rest = tail;
    }
    marked.extend_from_slice(rest);
    let mut out = Vec::new();
    for address in AddressList::within(&marked, limits).as_slice() {
        match address {
            Address::Mailbox(mailbox) => out.push(EnvelopeAddress::new(mailbox)),
            Address::Group(group) => {
                let mailbox = Some(unmark(group.name()));
                out.push(EnvelopeAddress { mailbox, ..EnvelopeAddress::default() });
                out.extend(group.members().iter().map(EnvelopeAddress::new));
                out.push(EnvelopeAddress::default());
            }
            // Without a host it would begin a group.
            Address::Unreadable(text) => out.push(EnvelopeAddress {
                name: None,
                mailbox: Some(unmark(text.as_str())),
                host: Some(String::new()),
            }),
        }
    }
    out
}

/// A noncharacter (Unicode §23.7).
const MARK: char = '\u{fdd0}';

fn unmark(text: &str) -> String {
    if text.contains(MARK) { text.replace(MARK, "") } else { text.to_string() }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;

    use super::*;

    #[test]
    fn addresses_are_written_as_imap_wants_them() {
        let shown = |value: &str| -> Vec<_> {
            let show = |it: &EnvelopeAddress| {
                format!("{:?} {:?} {:?}", it.name(), it.mailbox(), it.host())
                    .replace("Some(", "")
                    .replace(')', "")
            };
            addresses(value.as_bytes(), FieldLimits::default()).iter().map(show).collect()
        };
        for (value, expected) in [
            ("a@b", vec!["None \"a\" \"b\""]),
            ("\"A, B\" <a@b>, c@d (C)", vec!["\"A, B\" \"a\" \"b\"", "\"C\" \"c\" \"d\""]),
            (
                "G: a@b;, c@d",
                vec!["None \"G\" None", "None \"a\" \"b\"", "None None None", "None \"c\" \"d\""],
            ),
            ("x:;", vec!["None \"x\" None", "None None None"]),
            ("MAILER-DAEMON", vec!["None \"MAILER-DAEMON\" \"\""]),
            (
                "=?utf-8?q?a?= =?utf-8?q?b?= <c@d>",
                vec!["\"=?utf-8?q?a?= =?utf-8?q?b?=\" \"c\" \"d\""],
            ),
            ("", vec![]),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn an_empty_sender_is_the_author() {
        let envelope = Message::parse(b"From: a@b\r\nSender:\r\nReply-To: c@d\r\n\r\n").envelope();
        assert_eq!(envelope.sender(), envelope.from());
        assert_eq!(envelope.reply_to()[0].mailbox(), Some("c"));
        assert_eq!((envelope.date(), envelope.to().len()), (None, 0));
    }
}
