//! Messages made to hurt.
mod common;

use mime::{DefectKind, Event, Limits, Message, Parser};

fn has(message: &Message<'_>, kind: DefectKind) -> bool {
    message.defects().iter().any(|defect| defect.kind == kind)
}

#[test]
fn nesting_100_000_deep_costs_no_stack() {
    let forwards = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    let message = Message::parse(forwards.as_bytes());
    assert!(has(&message, DefectKind::TooDeep));
    assert_eq!(message.parts().count(), 64);
    // Even where the limits allow it.
    let limits =
        Limits { depth: usize::MAX, parts: usize::MAX, fields: usize::MAX, ..Limits::default() };
    let message = Message::parse_with(forwards.as_bytes(), &limits);
    assert_eq!(message.parts().count(), 100_001);
    let last = message.parts().last().unwrap();
    assert_eq!((last.depth(), last.path().numbers().len()), (100_001, 100_001));
}

#[test]
fn nested_multiparts_stop_at_the_limit() {
    let level = |at: usize| {
        format!("Content-Type: multipart/mixed; boundary=b{at:06}\r\n\r\n--b{at:06}\r\n")
    };
    let nested: String = (0..100_000).map(level).collect();
    let message = Message::parse(nested.as_bytes());
    assert!(has(&message, DefectKind::TooDeep) && has(&message, DefectKind::MissingClose));
    assert_eq!(message.parts().count(), 64);
}

#[test]
fn a_million_parts_stop_at_the_limit() {
    let parts = "\r\n--b\r\n\r\n".repeat(1_000_000);
    let message = format!("Content-Type: multipart/mixed; boundary=b\r\n{parts}");
    let message = Message::parse(message.as_bytes());
    assert!(has(&message, DefectKind::TooManyParts));
    assert_eq!(message.parts().count(), 10_000);
}

#[test]
fn a_header_of_ten_megabytes_is_cut() {
    let long = format!("Subject: {}\r\nTo: a@b\r\n\r\n", "x\r\n ".repeat(2_500_000));
    let message = Message::parse(long.as_bytes());
    assert!(has(&message, DefectKind::FieldTooLong));
    assert_eq!(message.to().mailboxes().count(), 1);
    let many = "A: b\r\n".repeat(1_700_000);
    let message = Message::parse(many.as_bytes());
    assert!(has(&message, DefectKind::TooManyFields));
    assert_eq!(message.root().fields().count(), 65_536);
}

#[test]
fn odd_octets_in_headers_are_named() {
    for (octets, kind) in [
        (&b"A: \0\r\n\r\n"[..], DefectKind::NulInHeader),
        (b"A: b\rC: d\r\n\r\n", DefectKind::BareCr),
        (b"A: b\n\n", DefectKind::BareLf),
        (b"A: \xff\r\n\r\n", DefectKind::EightBitHeader),
        (b"what\r\n\r\n", DefectKind::NotAField),
        (b"A: b", DefectKind::TruncatedHeader),
        (b"Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n", DefectKind::RepeatedField),
        (b"Content-Transfer-Encoding: rot13\r\n\r\n", DefectKind::UnknownEncoding),
        (b"Content-Type: multipart/mixed\r\n\r\n", DefectKind::MissingBoundary),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n", DefectKind::NoParts),
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", DefectKind::MissingClose),
        (b"Content-Disposition: inline\r\nContent-Disposition: inline\r\n\r\n", DefectKind::RepeatedField),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\n--b--",
            DefectKind::EncodedMultipart,
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--bx\r\n--b--",
            DefectKind::FalseDelimiter,
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b-- end\r\n",
            DefectKind::TextAfterDelimiter,
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
              Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--b--\r\n--b--",
            DefectKind::RepeatedBoundary,
        ),
    ] {
        let message = Message::parse(octets);
        let found: Vec<_> = message.defects().iter().map(|it| it.kind).collect();
        assert_eq!(found, [kind], "{octets:?}");
    }
}

#[test]
fn defects_say_where() {
    let octets = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b x\r\n\r\n\r\n--by\r\n--b--";
    let message = Message::parse(octets);
    let found: Vec<_> = message.defects().iter().map(|it| it.span.of(octets)).collect();
    assert_eq!(found, [&b"--b x\r\n"[..], b"\r\n--"]);
    let octets = b"A: b\r\nwhat\r\n\r\n";
    assert_eq!(Message::parse(octets).defects()[0].span.of(octets), b"what\r\n");
}

#[test]
fn wrong_escapes_cost_no_more_than_their_octets() {
    for (encoding, piece) in [("quoted-printable", "=X"), ("base64", "!"), ("x-uuencode", "M\n")] {
        let body = format!("begin 644 a\n{}\n", piece.repeat(1_000_000));
        let message = format!("Content-Transfer-Encoding: {encoding}\r\n\r\n{body}");
        let content = Message::parse(message.as_bytes()).root().content().problems();
        assert!(content >= 1_000_000, "{encoding}: {content}");
    }
}

#[test]
fn false_delimiters_cost_no_more_than_their_octets() {
    let lines = "\r\n--b\r\n--bx".repeat(200_000);
    let message = format!("Content-Type: multipart/mixed; boundary=bb\r\n{lines}");
    assert_eq!(Message::parse(message.as_bytes()).parts().count(), 1);
}

#[test]
fn fields_that_arrive_octet_by_octet_are_searched_once() {
    let mut parser = Parser::default();
    parser.feed(b"A: ");
    for _ in 0..100_000 {
        parser.feed(b"x");
        assert!(!matches!(parser.poll(), Some(Event::Field(_))));
    }
}

#[test]
fn a_large_message_passes_through_little_memory() {
    let mut parser = Parser::default();
    parser.feed(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n");
    let (piece, mut seen) = (b"0123456789\r\n-".repeat(1000), 0);
    for _ in 0..1000 {
        parser.feed(&piece);
        while let Some(event) = parser.poll() {
            if let Event::Body(octets) = event {
                seen += octets.len();
                assert!(octets.len() <= piece.len() + 3);
            }
        }
    }
    // Nothing but the octets that may begin a delimiter waits for more.
    assert!(1000 * piece.len() - seen <= 3);
}

#[test]
fn hostile_fields_are_read_in_no_time() {
    let hostile = [
        "(",
        "\"",
        "<",
        "=?utf-8?Q?a",
        "a*0=b;",
        "a*0*=%;",
        ";",
        "@",
        ",",
        ":",
        "\\",
        "[",
        "x ",
        "<a@b>",
    ];
    for piece in hostile {
        let raw = format!("X: {}\r\n", piece.repeat(100_000 / piece.len()));
        let field = mime::Field::new(raw.as_bytes()).unwrap();
        let _ = (field.text(), field.addresses(), field.date(), field.message_ids());
        let _ = field.content_type().parameter("a");
        let _ = field.disposition().parameter("a");
    }
}

#[test]
fn a_digest_with_a_large_header_is_shown_in_no_time() {
    let comment = format!("({})", "x".repeat(100_000));
    let parts = "\r\n--b\r\n\r\n".repeat(4000);
    let fields = "A: b\r\n".repeat(50_000);
    let message = format!("{fields}Content-Type: {comment}multipart/digest; boundary=b\r\n{parts}");
    let message = Message::parse(message.as_bytes());
    assert_eq!(message.parts().count(), 8001);
    assert!(
        message.parts().skip(1).step_by(2).all(|part| part.content_type().is("message", "rfc822"))
    );
}
