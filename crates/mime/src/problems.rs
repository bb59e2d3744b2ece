//! What is wrong inside fields and bodies, which the structure does not depend on.
use alloc::vec::Vec;

use crate::encoded_word::Words;
use crate::lex::Lexer;
use crate::{Defect, DefectKind, Field, Message, Part, PartKind, Span};

impl Message<'_> {
    /// Reads all fields and bodies, and returns what is wrong in them; what is wrong with the
    /// structure is in [`defects`](Self::defects). As many are returned as
    /// [`Limits::defects`](crate::Limits::defects) admits, in the order of their parts.
    ///
    /// ```
    /// use mime::{DefectKind, Message};
    ///
    /// let message = Message::parse(b"To: a@b (c\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=!\r\n");
    /// assert_eq!(message.defects(), []);
    /// let problems = message.problems();
    /// let kinds: Vec<_> = problems.iter().map(|it| it.kind).collect();
    /// assert_eq!(kinds, [DefectKind::UnterminatedComment, DefectKind::BadEncoding]);
    /// ```
    #[must_use]
    pub fn problems(&self) -> Vec<Defect> {
        let mut found = Found { defects: Vec::new(), limit: self.index().most_defects };
        for part in self.parts() {
            for (field, span) in part.fields().zip(part.field_spans()) {
                check_field(&field, &mut |kind| found.add(kind, span));
            }
            if part.kind() == PartKind::Leaf {
                check_body(&part, &mut |kind| found.add(kind, part.body_span()));
            }
            if found.is_full() {
                break;
            }
        }
        found.defects
    }
}

struct Found {
    defects: Vec<Defect>,
    limit: usize,
}

impl Found {
    fn add(&mut self, kind: DefectKind, span: Span) {
        let kind = if self.defects.len() < self.limit { kind } else { DefectKind::TooManyDefects };
        if !self.is_full() {
            self.defects.push(Defect { kind, span });
        }
    }

    fn is_full(&self) -> bool {
        self.defects.len() > self.limit
    }
}

/// What the value of a field is made of, as far as something may be wrong in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    Addresses,
    Parameters,
    /// Words, with comments and quoted strings between them.
    Structured,
    Text,
    /// Tags and signatures, which have their own rules.
    Opaque,
}

impl Shape {
    fn of(name: &str) -> Self {
        let found =
            FIELDS.iter().find(|(_, names)| names.iter().any(|it| name.eq_ignore_ascii_case(it)));
        found.map_or(Self::Text, |(shape, _)| *shape)
    }
}

/// The fields that are not unstructured text (RFC 5322 §3.6, RFC 2045 §3, RFC 2369, RFC 3834).
const FIELDS: [(Shape, &[&str]); 4] = [
    (
        Shape::Addresses,
        &[
            "from",
            "to",
            "cc",
            "bcc",
            "sender",
            "reply-to",
            "return-path",
            "resent-from",
            "resent-to",
            "resent-cc",
            "resent-bcc",
            "resent-sender",
            "resent-reply-to",
            "disposition-notification-to",
        ],
    ),
    (Shape::Parameters, &["content-type", "content-disposition"]),
    (
        Shape::Structured,
        &[
            "date",
            "resent-date",
            "received",
            "message-id",
            "resent-message-id",
            "references",
            "in-reply-to",
            "mime-version",
            "content-transfer-encoding",
            "content-id",
            "content-language",
            "authentication-results",
            "auto-submitted",
            "list-id",
            "list-help",
            "list-unsubscribe",
            "list-subscribe",
            "list-post",
            "list-owner",
            "list-archive",
        ],
    ),
    (
        Shape::Opaque,
        &[
            "dkim-signature",
            "arc-seal",
            "arc-message-signature",
            "arc-authentication-results",
            "domainkey-signature",
            "x-google-dkim-signature",
        ],
    ),
];

fn check_field(field: &Field<'_>, tell: &mut dyn FnMut(DefectKind)) {
    let shape = Shape::of(field.name());
    if shape == Shape::Opaque {
        return;
    }
    if shape != Shape::Text {
        check_words(field.value(), tell);
    }
    if shape == Shape::Addresses && field.addresses().is_truncated() {
        tell(DefectKind::TooManyAddresses);
    }
    if shape == Shape::Parameters && field.content_type().written().is_truncated() {
        tell(DefectKind::TooManyParameters);
    }
    let mut words = field.words();
    words.decode(field.value());
    let Words { truncated, wrong, .. } = words;
    if wrong {
        tell(DefectKind::BadEncodedWord);
    }
    if truncated {
        tell(DefectKind::TooManyEncodedWords);
    }
}

/// Looks for a comment or a quoted string that does not end; it takes all that follows.
fn check_words(value: &[u8], tell: &mut dyn FnMut(DefectKind)) {
    let mut lexer = Lexer::new(value);
    loop {
        lexer.take_while(|octet| octet != b'"' && octet != b'(');
        let before = lexer.rest.len();
        let (inside, kind) = match lexer.peek() {
            Some(b'"') => (lexer.skip_quoted(), DefectKind::UnterminatedString),
            Some(_) => (lexer.skip_comment(), DefectKind::UnterminatedComment),
            None => return,
        };
        // What is whole has an octet before it and one after it.
        if before - lexer.rest.len() != inside.len() + 2 {
            return tell(kind);
        }
    }
}

fn check_body(part: &Part<'_, '_>, tell: &mut dyn FnMut(DefectKind)) {
    let content = part.content();
    if content.problems() > 0 {
        tell(DefectKind::BadEncoding);
    }
    if part.content_type().top().eq_ignore_ascii_case("text") && part.is_bad_text(content) {
        tell(DefectKind::BadText);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::DefectKind::{self, *};
    use super::*;
    use crate::Limits;

    fn problems(header: &str, limits: &Limits) -> Vec<DefectKind> {
        let octets = format!("{header}\r\n\r\n");
        let message = Message::parse_with(octets.as_bytes(), limits);
        assert_eq!(message.defects(), [], "{header}");
        message.problems().iter().map(|it| it.kind).collect()
    }

    #[test]
    fn what_is_wrong_in_fields_is_named() {
        let table: &[(&str, &[DefectKind])] = &[
            ("From: A (b) \"c\" <d@e>", &[]),
            ("From: a@b (c", &[UnterminatedComment]),
            ("From: a@b (c (d)", &[UnterminatedComment]),
            ("From: a@b (c\\)", &[UnterminatedComment]),
            ("From: \"a <b@c>", &[UnterminatedString]),
            ("From: \"a\\\" <b@c>", &[UnterminatedString]),
            ("Content-Disposition: attachment; filename=\"a", &[UnterminatedString]),
            ("Content-Type: text/plain (", &[UnterminatedComment]),
            ("Date: Sat, 22 Nov 2025 09:26:40 +0100 (CET", &[UnterminatedComment]),
            ("Subject: 1 (of \"3", &[]),
            ("Subject: =?utf-8?Q?=C3=A9?=", &[]),
            ("Subject: =?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", &[]),
            ("Subject: what=?", &[]),
            ("Subject: =?utf-8?Q?=C3", &[BadEncodedWord]),
            ("Subject: =?utf-8?Q?=C3?=", &[BadEncodedWord]),
            ("Subject: =?utf-8?Q?=G1?=", &[BadEncodedWord]),
            ("Subject: =?utf-8?B?aGk!?=", &[BadEncodedWord]),
            ("Subject: =?x-none?Q?a?=", &[BadEncodedWord]),
            ("Subject: =?utf-8?X?a?=", &[]),
            ("To: =?utf-8?Q?=C3?= <a@b>", &[BadEncodedWord]),
            ("DKIM-Signature: b==?utf-8?Q?a", &[]),
        ];
        for (header, expected) in table {
            assert_eq!(problems(header, &Limits::default()), *expected, "{header}");
        }
    }

    #[test]
    fn what_is_wrong_in_bodies_is_named() {
        for (header, body, expected) in [
            ("Content-Transfer-Encoding: base64", "aGk=", None),
            ("Content-Transfer-Encoding: base64", "aGk!", Some(BadEncoding)),
            ("Content-Transfer-Encoding: base64", "aGkab", Some(BadEncoding)),
            ("Content-Transfer-Encoding: quoted-printable", "=3D=G1", Some(BadEncoding)),
            (
                "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
                "=C3",
                Some(BadText),
            ),
            ("Content-Type: text/plain; charset=us-ascii", "é", None),
            ("Content-Type: text/plain; charset=utf-8", "é", None),
            ("Content-Type: text/plain; charset=x-none", "é", Some(BadText)),
            ("Content-Type: image/png\r\nContent-Transfer-Encoding: base64", "/w==", None),
        ] {
            let octets = format!("{header}\r\n\r\n{body}");
            let message = Message::parse(octets.as_bytes());
            let found = message.problems();
            assert_eq!(found.first().map(|it| it.kind), expected, "{octets}");
            assert!(found.iter().all(|it| it.span.of(message.as_bytes()) == body.as_bytes()));
        }
    }

    #[test]
    fn parameters_addresses_and_encoded_words_are_counted() {
        let limits = |of: usize| Limits {
            parameters: of,
            addresses: of,
            encoded_words: of,
            ..Limits::default()
        };
        for (header, number, kind) in [
            ("Content-Type: a/b; c=d; e*0=f; e*1=g", 3, TooManyParameters),
            ("Content-Disposition: a; b=c; d=e", 2, TooManyParameters),
            ("To: a@b, c: d@e, f;, g@h", 5, TooManyAddresses),
            ("To: a@b,, c@d", 2, TooManyAddresses),
            ("Subject: =?a?Q?b?= =?a?Q?c?=", 2, TooManyEncodedWords),
            ("To: =?utf-8?Q?a?= <b@c>", 1, TooManyEncodedWords),
        ] {
            let within = problems(header, &limits(number));
            assert!(!within.contains(&kind), "{header}");
            let beyond = problems(header, &limits(number - 1));
            assert!(beyond.contains(&kind), "{header}: {beyond:?}");
        }
    }

    #[test]
    fn what_is_beyond_a_limit_is_left_as_it_is() {
        let limits = Limits { parameters: 1, addresses: 2, encoded_words: 1, ..Limits::default() };
        let message = Message::parse_with(
            b"Content-Type: a/b; c=1; d=2\r\nTo: g: a@b, c@d;, e@f\r\n\
              Subject: =?utf-8?Q?a?= =?utf-8?Q?b?=\r\n\r\n",
            &limits,
        );
        let kind = message.root().content_type();
        assert_eq!((kind.parameter("c").as_deref(), kind.parameter("d")), (Some("1"), None));
        assert_eq!(kind.parameters().len(), 1);
        assert_eq!(message.subject().unwrap(), "a =?utf-8?Q?b?=");
        let to: Vec<String> = message.to().mailboxes().map(|it| format!("{it}")).collect();
        assert_eq!(to, ["a@b"]);
        assert!(message.to().is_truncated());
        assert_eq!(message.body_structure().parts()[0].parameters().len(), 1);
    }

    #[test]
    fn a_boundary_beyond_the_limit_is_none() {
        let limits = Limits { parameters: 1, ..Limits::default() };
        let octets = b"Content-Type: multipart/mixed; a=b; boundary=c\r\n\r\n--c\r\n\r\n--c--";
        let message = Message::parse_with(octets, &limits);
        assert_eq!(message.defects().first().map(|it| it.kind), Some(MissingBoundary));
        assert_eq!(message.problems().first().map(|it| it.kind), Some(TooManyParameters));
        assert_eq!(message.parts().count(), 1);
    }

    #[test]
    fn problems_are_no_more_than_defects_may_be() {
        let limits = Limits { defects: 2, ..Limits::default() };
        assert_eq!(problems(&["From: ("; 2].join("\r\n"), &limits), [UnterminatedComment; 2]);
        let more = problems(&["From: ("; 4].join("\r\n"), &limits);
        assert_eq!(more, [UnterminatedComment, UnterminatedComment, TooManyDefects]);
    }
}
