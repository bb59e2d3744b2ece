//! Messages that were sent in pieces, and bodies that lie elsewhere (RFC 2046 §5.2.2, §5.2.3).
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{ContentType, Field, Message, Part};

/// What a `message/partial` says of itself (RFC 2046 §5.2.2).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Partial {
    id: String,
    number: u32,
    total: Option<u32>,
}

impl Partial {
    /// Returns the identifier that all fragments share.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns its place, from 1.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Returns how many there are; the last fragment says it at least.
    #[must_use]
    pub const fn total(&self) -> Option<u32> {
        self.total
    }
}

/// Puts the fragments of a message together (RFC 2046 §5.2.2.1), in whatever order they arrive.
///
/// ```
/// use mime::{Message, Reassembly};
///
/// let one = b"Subject: x\r\nContent-Type: message/partial; id=a; number=1; total=2\r\n\r\n\
///             Subject: Lunch\r\n\r\nHel";
/// let two = b"Content-Type: message/partial; id=a; number=2; total=2\r\n\r\nlo";
/// let mut whole = Reassembly::default();
/// assert!(whole.add(&Message::parse(two)));
/// assert_eq!((whole.missing().collect::<Vec<_>>(), whole.finish()), (vec![1], None));
/// assert!(whole.add(&Message::parse(one)));
/// assert_eq!(whole.finish().unwrap(), b"Subject: Lunch\r\n\r\nHello");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reassembly<'a> {
    id: Option<String>,
    total: Option<u32>,
    fragments: BTreeMap<u32, &'a [u8]>,
    /// The header fields around the first fragment.
    outer: Vec<Field<'a>>,
}

impl<'a> Reassembly<'a> {
    /// Takes a fragment. `false`: it is none, or of another message, or its number contradicts
    /// what is known; the first fragment of a number counts.
    pub fn add(&mut self, message: &Message<'a>) -> bool {
        let root = message.root();
        let Some(Partial { id, number, total }) = root.partial() else { return false };
        let other = self.id.as_ref().is_some_and(|it| *it != id);
        let total = self.total.or(total);
        let last = self.fragments.keys().next_back().copied().unwrap_or(0).max(number);
        if other || total.is_some_and(|it| last > it) || self.fragments.contains_key(&number) {
            return false;
        }
        (self.id, self.total) = (Some(id), total);
        self.fragments.insert(number, root.body());
        if number == 1 {
            self.outer = root.fields().collect();
        }
        true
    }

    /// Iterates over the numbers that have not come; up to the last one known, where nobody has
    /// said how many there are.
    pub fn missing(&self) -> impl Iterator<Item = u32> {
        let last = self.fragments.keys().next_back().copied().unwrap_or(0);
        (1..=self.total.unwrap_or(last)).filter(|it| !self.fragments.contains_key(it))
    }

    /// Tells whether all fragments are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        // Counted, not searched for: a stranger may say that there are four thousand million.
        self.total.is_some_and(|total| usize::try_from(total) == Ok(self.fragments.len()))
    }

    /// Returns the message: of the header around the first fragment what is not about the
    /// fragment, of the header inside it the rest, and all bodies; `None` unless complete.
    #[must_use]
    pub fn finish(&self) -> Option<Vec<u8>> {
        self.is_complete().then_some(())?;
        let first = Message::parse(self.fragments.get(&1)?);
        let mut out = Vec::new();
        let outer = self.outer.iter().filter(|it| !is_inner(it.name())).copied();
        for field in outer.chain(first.root().fields().filter(|it| is_inner(it.name()))) {
            out.extend_from_slice(field.raw());
            if !field.raw().ends_with(b"\n") {
                out.extend_from_slice(b"\r\n");
            }
        }
        out.extend_from_slice(b"\r\n");
        let body = first.root().body_span();
        out.extend_from_slice(
            crate::Span { end: first.as_bytes().len() as u64, ..body }.of(first.as_bytes()),
        );
        self.fragments.values().skip(1).for_each(|body| out.extend_from_slice(body));
        Some(out)
    }
}

/// RFC 2046 §5.2.2.1 (1) and (2): the fields that are taken from the message inside.
fn is_inner(name: &str) -> bool {
    let content = name.get(..8).is_some_and(|it| it.eq_ignore_ascii_case("content-"));
    let names = ["subject", "message-id", "encrypted", "mime-version"];
    content || names.iter().any(|it| name.eq_ignore_ascii_case(it))
}

/// Where the body of a `message/external-body` lies (RFC 2046 §5.2.3, RFC 2017).
///
/// ```
/// let message = mime::Message::parse(
///     b"Content-Type: message/external-body; access-type=URL; URL=\"http://a/b c\"; size=17\r\n\r\n\
///       Content-Type: image/png\r\nContent-ID: <1@a>\r\n\r\n",
/// );
/// let external = message.root().external_body().unwrap();
/// assert_eq!(external.access_type(), "URL");
/// assert_eq!(external.parameter("url").as_deref(), Some("http://a/bc"));
/// assert_eq!(external.size(), Some(17));
/// assert!(external.header().root().content_type().is("image", "png"));
/// ```
#[derive(Clone, Debug)]
pub struct ExternalBody<'a> {
    kind: ContentType<'a>,
    access_type: String,
    header: &'a [u8],
}

impl<'a> ExternalBody<'a> {
    /// Returns how it can be had: `URL`, `ftp`, `anon-ftp`, `tftp`, `local-file`, `mail-server`, …
    #[must_use]
    pub fn access_type(&self) -> &str {
        &self.access_type
    }

    /// Returns a parameter: `name`, `site`, `directory`, `mode`, `server`, `subject`,
    /// `permission`, or `URL`, whose blanks do not count (RFC 2017 §3).
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut value = self.kind.parameter(name)?;
        if name.eq_ignore_ascii_case("url") {
            value.retain(|c| !c.is_whitespace());
        }
        Some(value)
    }

    /// Returns its octets when it was announced.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.kind.parameter("size")?.trim().parse().ok()
    }

    /// Returns until when it is sure to be there.
    #[must_use]
    pub fn expiration(&self) -> Option<crate::DateTime> {
        self.kind.parameter("expiration")?.parse().ok()
    }

    /// Reads the header that the body has there, with its `Content-ID`. What follows the header is
    /// of use for `mail-server` only: the text to send (RFC 2046 §5.2.3.6).
    #[must_use]
    pub fn header(&self) -> Message<'a> {
        Message::parse(self.header)
    }
}

impl<'a> Part<'_, 'a> {
    /// Reads its type as `message/partial`; `None` if it is another, or without a good number.
    #[must_use]
    pub fn partial(&self) -> Option<Partial> {
        let kind = self.content_type();
        kind.is("message", "partial").then_some(())?;
        let number = |name: &str| {
            kind.parameter(name).and_then(|it| it.trim().parse().ok()).filter(|it: &u32| *it > 0)
        };
        Some(Partial {
            id: kind.parameter("id")?,
            number: number("number")?,
            total: number("total"),
        })
    }

    /// Reads its type as `message/external-body`; `None` if it is another.
    #[must_use]
    pub fn external_body(&self) -> Option<ExternalBody<'a>> {
        let kind = self.content_type();
        kind.is("message", "external-body").then_some(())?;
        let access_type = kind.parameter("access-type").unwrap_or_default();
        Some(ExternalBody { kind, access_type, header: self.body() })
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;

    use super::*;

    /// RFC 2046 §5.2.2.2.
    #[test]
    fn the_example_of_rfc_2046_is_put_together() {
        let one = b"X-Weird-Header-1: Foo\r\nFrom: Bill@host.com\r\nTo: joe@otherhost.com\r\n\
            Date: Fri, 26 Mar 1993 12:59:38 -0500 (EST)\r\nSubject: Audio mail (part 1 of 2)\r\n\
            Message-ID: <id1@host.com>\r\nMIME-Version: 1.0\r\nContent-type: message/partial;\r\n \
            id=\"ABC@host.com\"; number=1; total=2\r\n\r\nX-Weird-Header-1: Bar\r\n\
            X-Weird-Header-2: Hello\r\nMessage-ID: <anotherid@foo.com>\r\nSubject: Audio mail\r\n\
            MIME-Version: 1.0\r\nContent-type: audio/basic\r\nContent-transfer-encoding: base64\r\n\r\n  one";
        let two = b"From: Bill@host.com\r\nTo: joe@otherhost.com\r\nSubject: Audio mail (part 2 of 2)\r\n\
            MIME-Version: 1.0\r\nMessage-ID: <id2@host.com>\r\nContent-type: message/partial;\r\n \
            id=\"ABC@host.com\"; number=2; total=2\r\n\r\n  two";
        let mut whole = Reassembly::default();
        assert!(whole.add(&Message::parse(one)) && whole.add(&Message::parse(two)));
        assert!(!whole.add(&Message::parse(two)), "twice");
        let expected = "X-Weird-Header-1: Foo\r\nFrom: Bill@host.com\r\nTo: joe@otherhost.com\r\n\
            Date: Fri, 26 Mar 1993 12:59:38 -0500 (EST)\r\nMessage-ID: <anotherid@foo.com>\r\n\
            Subject: Audio mail\r\nMIME-Version: 1.0\r\nContent-type: audio/basic\r\n\
            Content-transfer-encoding: base64\r\n\r\n  one  two";
        assert_eq!(String::from_utf8(whole.finish().unwrap()).unwrap(), expected);
    }

    #[test]
    fn fragments_that_do_not_fit_are_refused() {
        let fragment = |id: &str, number: &str, total: &str| {
            format!("Content-Type: message/partial; id={id}; number={number}{total}\r\n\r\nx")
        };
        let mut whole = Reassembly::default();
        for (id, number, total, fits) in [
            ("a", "2", "; total=4294967295", true),
            ("b", "1", "", false),
            ("a", "0", "", false),
            ("a", "x", "", false),
            ("a", "3", "", true),
        ] {
            let octets = fragment(id, number, total);
            let octets = alloc::boxed::Box::leak(octets.into_boxed_str());
            assert_eq!(whole.add(&Message::parse(octets.as_bytes())), fits, "{octets}");
        }
        assert!(!whole.is_complete());
        assert_eq!(whole.missing().take(2).collect::<Vec<_>>(), vec![1, 4]);
        assert_eq!(whole.finish(), None);
        assert!(!whole.add(&Message::parse(b"\r\nx")));
    }
}
