//! Every limit, at its number and one beyond.
use mime::DefectKind::{self, *};
use mime::{Limits, Message};

fn defects(message: &str, limits: &Limits) -> Vec<DefectKind> {
    Message::parse_with(message.as_bytes(), limits).defects().iter().map(|it| it.kind).collect()
}

#[test]
fn fields_are_counted() {
    let limits = Limits { fields: 2, ..Limits::default() };
    assert_eq!(defects("A: 1\r\nB: 2\r\n\r\n", &limits), []);
    let message = "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\nbody";
    assert_eq!(defects(message, &limits), [TooManyFields]);
    let message = Message::parse_with(message.as_bytes(), &limits);
    assert_eq!((message.root().fields().count(), message.root().body()), (2, &b"body"[..]));
}

#[test]
fn fields_are_measured() {
    let limits = Limits { field_octets: 10, ..Limits::default() };
    assert_eq!(defects("A: 45678\r\n\r\n", &limits), []);
    assert_eq!(defects("A: 456789\r\n\r\n", &limits), [FieldTooLong]);
    let message = b"A: 4567\r\n 8\r\n 9\r\nB: c\r\n\r\nbody";
    let message = Message::parse_with(message, &limits);
    let fields: Vec<_> = message.root().fields().map(|field| field.text()).collect();
    assert_eq!(fields, ["4567", "c"]);
    assert_eq!(message.root().body(), b"body");
}

fn multipart(parts: usize) -> String {
    let part = "\r\n--b\r\n\r\nx".repeat(parts - 1);
    format!("Content-Type: multipart/mixed; boundary=b\r\n{part}\r\n--b--")
}

#[test]
fn parts_are_counted() {
    let limits = Limits { parts: 3, ..Limits::default() };
    assert_eq!(defects(&multipart(3), &limits), []);
    assert_eq!(defects(&multipart(4), &limits), [TooManyParts]);
    assert_eq!(Message::parse_with(multipart(9).as_bytes(), &limits).parts().count(), 3);
    let forwarded = "Content-Type: message/rfc822\r\n\r\n\r\n";
    assert_eq!(defects(forwarded, &Limits { parts: 2, ..limits.clone() }), []);
    assert_eq!(defects(forwarded, &Limits { parts: 1, ..limits }), [TooManyParts]);
}

#[test]
fn depth_is_counted() {
    let limits = Limits { depth: 2, ..Limits::default() };
    let forward = "Content-Type: message/rfc822\r\n\r\n";
    assert_eq!(defects(forward, &limits), []);
    assert_eq!(defects(&forward.repeat(2), &limits), [TooDeep]);
    assert_eq!(defects(&multipart(2), &limits), []);
    assert_eq!(defects(&format!("{forward}{}", multipart(2)), &limits), [TooDeep]);
}

#[test]
fn boundaries_are_measured() {
    let message = "Content-Type: multipart/mixed; boundary=bbb\r\n\r\n--bbb\r\n\r\n--bbb--";
    assert_eq!(defects(message, &Limits { boundary: 3, ..Limits::default() }), []);
    assert_eq!(defects(message, &Limits { boundary: 2, ..Limits::default() }), [BoundaryTooLong]);
}

#[test]
fn padding_is_measured() {
    let message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \t\r\n\r\n--b--";
    assert_eq!(defects(message, &Limits { padding: 2, ..Limits::default() }), []);
    assert_eq!(
        defects(message, &Limits { padding: 1, ..Limits::default() }),
        [FalseDelimiter, NoParts]
    );
}

#[test]
fn defects_are_counted() {
    let limits = Limits { defects: 2, ..Limits::default() };
    assert_eq!(defects("A: b\r\na\r\nb\r\n\r\n", &limits), [NotAField; 2]);
    let expected = [NotAField, NotAField, TooManyDefects];
    assert_eq!(defects("A: b\r\na\r\nb\r\nc\r\nd\r\n\r\n", &limits), expected);
}
