//! A message of which a search asks: what it needs of it is read, and only that.
use alloc::string::String;

use core::num::NonZeroU32;

use mime::{Message, Part, PartKind};

use super::casemap::fold;
use super::message::Lazy;
use super::search::Wanted;
use super::{Details, Failure, Limits, Mailbox};
use crate::Date;
use crate::command::SearchKey;

/// A message whose text is read when a key asks for it.
pub(super) struct Candidate<'m, M> {
    mailbox: &'m mut M,
    limits: &'m Limits,
    lazy: Lazy,
    /// The text of the header, and that of the body, folded.
    header: Option<String>,
    body: Option<String>,
}

impl<'m, M: Mailbox> Candidate<'m, M> {
    pub(super) const fn new(mailbox: &'m mut M, details: &Details, limits: &'m Limits) -> Self {
        let lazy = Lazy::new(details.uid, details.size);
        Self { mailbox, limits, lazy, header: None, body: None }
    }

    /// Says whether the message has what a key looks for in its text.
    pub(super) fn has(&mut self, key: &SearchKey, wanted: &Wanted) -> Result<bool, Failure> {
        let text = match wanted {
            Wanted::Text(text) => text.as_str(),
            _ => "",
        };
        match key {
            SearchKey::From(_) => self.field("from", text),
            SearchKey::To(_) => self.field("to", text),
            SearchKey::Cc(_) => self.field("cc", text),
            SearchKey::Bcc(_) => self.field("bcc", text),
            SearchKey::Subject(_) => self.field("subject", text),
            SearchKey::Header(field) => {
                let name = core::str::from_utf8(field.0.as_bytes()).unwrap_or_default();
                self.field(name, text)
            }
            SearchKey::SentBefore(day) => self.sent(|sent| sent < *day),
            SearchKey::SentOn(day) => self.sent(|sent| sent == *day),
            SearchKey::SentSince(day) => self.sent(|sent| sent >= *day),
            SearchKey::Body(_) => Ok(contains(self.body()?, text)),
            SearchKey::Text(_) => {
                Ok(contains(self.header()?, text) || contains(self.body()?, text))
            }
            // Others are not asked of the text.
            _ => Ok(false),
        }
    }

    /// Whether one of the fields of a name has a text; any has the empty one.
    fn field(&mut self, name: &str, text: &str) -> Result<bool, Failure> {
        let header = self.lazy.header(self.mailbox, self.limits)?;
        let message = Message::parse(&header);
        let mut fields = message.root().fields().filter(|field| field.is(name));
        Ok(fields.any(|field| text.is_empty() || contains(&fold(&field.text()), text)))
    }

    /// RFC 9051 §6.4.4: dates are compared as they are written, time and zone aside.
    fn sent(&mut self, is_wanted: impl Fn(Date) -> bool) -> Result<bool, Failure> {
        let header = self.lazy.header(self.mailbox, self.limits)?;
        let date = Message::parse(&header).date();
        let time = date.and_then(|date| {
            crate::DateTime::from_unix(date.unix_seconds(), date.offset_minutes())
        });
        Ok(time.is_some_and(|time| is_wanted(time.date())))
    }

    fn header(&mut self) -> Result<&str, Failure> {
        if self.header.is_none() {
            let header = self.lazy.header(self.mailbox, self.limits)?;
            let mut text = String::new();
            push_fields(&Message::parse(&header).root(), &mut text);
            self.header = Some(fold(&text));
        }
        Ok(self.header.as_deref().unwrap_or_default())
    }

    fn body(&mut self) -> Result<&str, Failure> {
        if self.body.is_none() {
            let octets = self.lazy.whole(self.mailbox, self.limits)?;
            self.body = Some(fold(&body_text(&Message::parse(&octets))));
        }
        Ok(self.body.as_deref().unwrap_or_default())
    }
}

/// Reads the header of a message, for those who compare messages.
pub(super) fn header<M: Mailbox>(
    mailbox: &mut M,
    uid: NonZeroU32,
    size: u64,
    limits: &Limits,
) -> Result<bytes::Bytes, Failure> {
    Lazy::new(uid, size).header(mailbox, limits)
}

/// What can be read in the body of a message: its texts, decoded, and the headers of its parts.
fn body_text(message: &Message<'_>) -> String {
    let mut text = String::new();
    for (at, part) in message.parts().enumerate() {
        if at > 0 {
            push_fields(&part, &mut text);
        }
        if part.kind() == PartKind::Leaf && part.content_type().top().eq_ignore_ascii_case("text") {
            text.push_str(&part.text());
            text.push('\n');
        }
    }
    text
}

fn push_fields(part: &Part<'_, '_>, text: &mut String) {
    for field in part.fields() {
        for piece in [field.name(), ": ", &field.text(), "\n"] {
            text.push_str(piece);
        }
    }
}

fn contains(text: &str, wanted: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), wanted.as_bytes()).is_some()
}
