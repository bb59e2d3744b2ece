//! What is measured: by time in `dot`, by instructions in `counts`.
use bytes::BytesMut;
use homing::proto_core::{
    Input,
    dot::{BarePolicy, Piece, Stuffer, Unstuffer},
};

/// A message of about so many octets: lines of 76, one in fifty with a dot at its start.
pub(crate) fn mail(size: usize) -> Vec<u8> {
    let line = |number: usize| {
        let start = if number % 50 == 7 { b'.' } else { b'x' };
        [&[start][..], &[b'x'; 75], b"\r\n"].concat()
    };
    (0..size.div_ceil(78)).flat_map(line).collect()
}

/// The same as it goes over the wire.
pub(crate) fn wire(size: usize) -> Vec<u8> {
    let mut out = BytesMut::new();
    send(&mail(size), &mut out);
    out.to_vec()
}

/// Takes a message from the wire, strictly, in reads of 16 KiB.
pub(crate) fn receive(wire: &[u8]) -> usize {
    let (mut input, mut body) = (Input::default(), Unstuffer::new(BarePolicy::Reject));
    let mut received = 0;
    for read in wire.chunks(16 << 10) {
        input.push(read);
        while let Some(piece) = body.next(&mut input) {
            match piece {
                Piece::Data(octets) => received += octets.len(),
                Piece::End(bare) => {
                    assert_eq!(bare, None);
                    return received;
                }
            }
        }
    }
    received
}

/// Puts a message onto the wire, strictly.
pub(crate) fn send(mail: &[u8], out: &mut BytesMut) {
    let mut body = Stuffer::new(BarePolicy::Reject);
    body.write(mail, out).expect("nothing is bare");
    body.finish(out).expect("nothing is bare");
}
