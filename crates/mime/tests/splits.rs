//! However a message is cut, it is the same message.
mod common;

use common::{events, whole};
use mime::{Event, Limits, Message, Part};
use proptest::prelude::*;

const TRICKY: &[&str] = &[
    "A\r\nB\r\nC\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--bx\r\n--by\n--bz\r\n--b--",
    "X: y\r\nA\r\nB\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--bx\r\n--by\n--bz\r\n--b--",
    "no header\r\nat all",
    "From alice Sat Nov 22\r\nA: b\r\n\r\nbody",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b some\r\n\r\nx\r\n--b-- more\r\n--b x",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\ntext\r\n--bx\r\n--b\r\n--b\tx\r",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b--\r\n",
    "",
    "\n",
    "\r\n",
    "\r",
    "\rX: y\r\n\r\nbody",
    "-",
    "--",
    "A: b",
    "A: b\r",
    "A: b\r\n",
    "A: b\r\n ",
    "A: b\r\n c\r\n\td\r\n\r\n",
    "A: b\nC: d\n\nbody\n",
    "no field\r\n folded\r\nA : b\r\n: c\r\n\r\nbody",
    "A: \0\rb\r\r\nC: \r\n\r\n--b\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\nA: b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\nepilogue\r\n",
    "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b \t\n\n\n--b--",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\nA: b\r\n--b--\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--bb\r\n --b\r\n--b-\r\n--b--x\r\nx--b\r\n--b\rx\r\n-\r\n--b",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nx\r\n--b\r\n\r\ny\r\n--bb\r\n\r\nz",
    "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--a\r\n\r\ny\r\n--a--\r\n",
    "Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nA: b\r\n\r\nbody",
    "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nA: b\r\n\r\none\r\n--b\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--b--",
    "Content-Type: multipart/mixed\r\n\r\n--b\r\n",
    "Content-Type: multipart/mixed; boundary=\"a b \"\r\nContent-Type: text/html\r\n\r\n--a b\r\n\r\nx\r\n--a b--",
    "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\n\r\r\n\r\n--b--\r\n--b\r\n",
];

fn same_at_every_split(message: &[u8], limits: &Limits) {
    let expected = whole(message, limits);
    let octets: Vec<u8> = expected.iter().flat_map(|event| event.octets()).copied().collect();
    assert_eq!(octets, message, "no octet is lost");
    for at in 0..=message.len() {
        let (one, two) = message.split_at(at);
        assert_eq!(events([one, two], limits), expected, "split at {at} of {message:?}");
    }
    assert_eq!(events(message.chunks(1), limits), expected, "octet by octet");
    view_agrees(message, &expected, limits);
}

/// The view is made of the events, so its spans must cut out the same octets.
fn view_agrees(octets: &[u8], events: &[Event], limits: &Limits) {
    let message = Message::parse_with(octets, limits);
    let fields: Vec<&[u8]> = message
        .parts()
        .flat_map(|part| part.fields().map(|it| it.raw()).collect::<Vec<_>>())
        .collect();
    let expected: Vec<&[u8]> =
        events.iter().filter_map(|event| event.field()).map(|it| it.raw()).collect();
    assert_eq!(fields, expected);
    let defects = events.iter().filter(|event| matches!(event, Event::Defect(_))).count();
    assert_eq!(message.defects().len(), defects);
    assert_eq!(message.root().span().of(octets), octets);
    for part in message.parts() {
        assert_eq!([part.header(), part.body()].concat(), part.span().of(octets));
        if part.kind() != mime::PartKind::Message
            && part.parent().is_none_or(|up| up.kind() == mime::PartKind::Multipart)
            || part.kind() == mime::PartKind::Leaf
        {
            let found = message.part(part.path().numbers()).map(|it: Part<'_, '_>| it.span());
            assert_eq!(found, Some(part.span()), "{} of {octets:?}", part.path());
        }
    }
}

#[test]
fn tricky_messages_are_the_same_at_every_split() {
    let tight = Limits {
        depth: 2,
        parts: 2,
        fields: 2,
        field_octets: 20,
        boundary: 1,
        padding: 1,
        defects: 2,
        ..Limits::default()
    };
    for message in TRICKY {
        same_at_every_split(message.as_bytes(), &Limits::default());
        same_at_every_split(message.as_bytes(), &tight);
        let cut = Limits { field_octets: 3, ..Limits::default() };
        same_at_every_split(message.as_bytes(), &cut);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_of_messages_are_the_same_at_every_split(
        pieces in proptest::collection::vec(0..16_usize, 0..24),
        field_octets in prop_oneof![Just(4_usize), Just(60), Just(1000)],
    ) {
        let alphabet = [
            "\r\n", "\n", "\r", "--a", "--b", "--", "-", " ", "x", "A: b", "\r\n\r\n", "\r\n--a\r\n",
            "\r\n--b--", "Content-Type: multipart/mixed; boundary=a\r\n\r\n",
            "Content-Type: multipart/digest; boundary=b\r\n\r\n", "Content-Type: message/rfc822\r\n\r\n",
        ];
        let message: String = pieces.iter().map(|at| alphabet[*at]).collect();
        same_at_every_split(message.as_bytes(), &Limits { field_octets, ..Limits::default() });
    }

    #[test]
    fn any_octets_are_a_message(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        same_at_every_split(&octets, &Limits::default());
        let _ = Message::parse(&octets).to_string();
    }
}
