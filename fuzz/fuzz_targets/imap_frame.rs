//! However commands are cut, they are the same frames.
#![no_main]
use homing::imap::frame::{Frame, FrameError, Framer, Limits};
use homing::proto_core::Input;
use homing_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, [u8; 3], &[u8])| {
    let (small, sizes, octets) = input;
    let mut limits = Limits::default();
    if small {
        (limits.text, limits.literals, limits.literal, limits.endless_line) = (40, 2, 9, 100);
    }
    assert_eq!(frames(limits, pieces(sizes, octets)), frames(limits, [octets]));
});

/// Takes frames, and refuses every fourth size of literals; neighbouring octets are joined.
fn frames<'a>(
    limits: Limits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<Frame, FrameError>> {
    let (mut input, mut framer) = (Input::default(), Framer::new(limits));
    let mut frames = Vec::new();
    for piece in pieces {
        input.push(piece);
        while let Some(frame) = framer.next(&mut input).transpose() {
            match frame {
                Ok(Frame::Literal(literal)) if literal.size % 4 == 3 => framer.refuse(),
                Ok(Frame::Literal(_)) => framer.accept(),
                Err(FrameError::EndlessLine) => {
                    frames.push(frame);
                    return frames;
                }
                _ => {}
            }
            push(&mut frames, frame);
        }
    }
    frames
}

fn push(frames: &mut Vec<Result<Frame, FrameError>>, frame: Result<Frame, FrameError>) {
    match (frames.last_mut(), &frame) {
        (Some(Ok(Frame::Octets(one))), Ok(Frame::Octets(two))) => {
            *one = [&one[..], &two[..]].concat().into();
        }
        _ => frames.push(frame),
    }
}
