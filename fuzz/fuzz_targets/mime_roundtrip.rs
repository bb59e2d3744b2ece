//! The parts of a message are its octets, whoever reads it; and a body decodes the same in pieces.
#![no_main]
use homing::mime::{Decoder, Encoding, Limits, Message, Part, Reader};
use homing_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: ([u8; 3], &[u8])| {
    let (sizes, octets) = input;
    let message = Message::parse(octets);
    assert_eq!(written(message.root()), octets);
    let mut reader = Reader::new(Limits::default());
    let _ = reader.read(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n");
    let again = reader.read(octets);
    assert_eq!(again.defects(), message.defects());
    assert_eq!(spans(&again), spans(&message));
    for encoding in
        [Encoding::Base64, Encoding::QuotedPrintable, Encoding::Uuencode, Encoding::Yenc]
    {
        decodes_in_pieces(encoding, sizes, octets);
    }
});

/// Writes a part from what lies in it, and what lies between.
fn written(part: Part<'_, '_>) -> Vec<u8> {
    let octets = part.span();
    let (mut out, mut at) = (part.header().to_vec(), part.body_span().start);
    let body = |from, to| -> Vec<u8> {
        let skip = (from - part.body_span().start) as usize;
        part.body()[skip..].iter().take((to - from) as usize).copied().collect()
    };
    for child in part.children() {
        out.extend(body(at, child.span().start));
        out.extend([child.header(), child.body()].concat());
        at = child.span().end;
    }
    out.extend(body(at, octets.end));
    out
}

fn spans(message: &Message<'_>) -> Vec<(u64, u64, u64, usize)> {
    let of = |part: Part<'_, '_>| {
        let (all, body) = (part.span(), part.body_span());
        (all.start, body.start, all.end, part.fields().count())
    };
    message.parts().map(of).collect()
}

fn decodes_in_pieces(encoding: Encoding, sizes: [u8; 3], octets: &[u8]) {
    let decode = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
        pieces.for_each(|piece| decoder.feed(piece, &mut out));
        decoder.finish(&mut out);
        (out, decoder.problems())
    };
    assert_eq!(decode(&mut pieces(sizes, octets)), decode(&mut std::iter::once(octets)));
}
