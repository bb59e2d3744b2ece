//! Base64 by any means decodes to the same: at once (with the feature `simd`, by vectors) and piece
//! by piece (always by table).
use mime::{Decoder, Encoding, Message};
use proptest::prelude::*;

fn at_once(body: &[u8]) -> (Vec<u8>, usize) {
    let octets = [&b"Content-Transfer-Encoding: base64\r\n\r\n"[..], body].concat();
    let message = Message::parse(&octets);
    let content = message.root().content();
    (content.octets().to_vec(), content.problems())
}

fn in_pieces(body: &[u8], len: usize) -> (Vec<u8>, usize) {
    let (mut decoder, mut out) = (Decoder::new(Encoding::Base64), Vec::new());
    body.chunks(len).for_each(|piece| decoder.feed(piece, &mut out));
    decoder.finish(&mut out);
    (out, decoder.problems())
}

/// Lines as they are, and what goes wrong with them.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[A-Za-z0-9+/]{76}\r\n",
        4 => "[A-Za-z0-9+/]{0,90}",
        1 => "={1,3}",
        1 => "[ \t\r\n\u{b}\u{c}]{1,3}",
        1 => "[!-~]{1,3}",
        1 => "\\PC{1,2}",
        1 => Just("\0".to_owned()),
    ];
    let pieces = proptest::collection::vec(piece, 0..12);
    pieces.prop_map(|pieces| pieces.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_gives_the_same(body in body(), len in 1_usize..100) {
        let whole = at_once(&body);
        prop_assert_eq!(&in_pieces(&body, 1), &whole);
        prop_assert_eq!(&in_pieces(&body, len), &whole);
        prop_assert_eq!(&in_pieces(&body, body.len().max(1)), &whole);
    }

    #[test]
    fn any_octets_give_the_same(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(in_pieces(&body, 1), at_once(&body));
    }
}

#[test]
fn each_octet_is_read_alike_at_each_place_of_a_line() {
    for octet in 0..=u8::MAX {
        for at in 0..20 {
            let mut body = b"QUJDREVGR0hJSktMTU5PUFFS".to_vec();
            body[at] = octet;
            assert_eq!(in_pieces(&body, 1), at_once(&body), "{octet} at {at}");
        }
    }
}
