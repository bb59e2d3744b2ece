//! Any message, cut anywhere, stuffed and unstuffed, comes back; any wire, cut anywhere, gives
//! the same message.
#![no_main]
use bytes::BytesMut;
use homing::proto_core::{
    Input,
    dot::{Bare, BarePolicy, Piece, Stuffer, Unstuffer},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (size, octets) = input;
    let size = usize::from(size).max(1);
    assert_eq!(receive(octets, size), receive(octets, octets.len().max(1)));
    let (mut wire, mut stuffer) = (BytesMut::new(), Stuffer::new(BarePolicy::Pass));
    for chunk in octets.chunks(size) {
        stuffer.write(chunk, &mut wire).expect("everything passes");
    }
    stuffer.finish(&mut wire).expect("everything passes");
    let (message, end, left) = receive(&wire, size);
    assert!(end.is_some() && left == 0);
    assert_eq!(message.get(..octets.len()), Some(octets));
});

fn receive(wire: &[u8], size: usize) -> (Vec<u8>, Option<Option<Bare>>, usize) {
    let (mut input, mut body) = (Input::default(), Unstuffer::new(BarePolicy::Pass));
    let (mut message, mut end) = (Vec::new(), None);
    for chunk in wire.chunks(size) {
        input.push(chunk);
        while end.is_none() {
            match body.next(&mut input) {
                Some(Piece::Data(data)) => message.extend_from_slice(&data),
                Some(Piece::End(bare)) => end = Some(bare),
                None => break,
            }
        }
    }
    (message, end, input.len())
}
