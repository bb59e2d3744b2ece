//! However responses are cut, they are the same; what is read is written, and read again.
#![no_main]
use bytes::BytesMut;
use homing::imap::{
    Dialect, Limits, Line, Quirk, ReadError, ReadEvent, Reader, ReaderLimits, Response,
    frame::FrameError,
};
use homing::proto_core::Input;
use homing_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, bool, [u8; 3], &[u8])| {
    let (strict, small, sizes, octets) = input;
    let mut limits = ReaderLimits::default();
    if small {
        (limits.body, limits.attached) = (4, 20);
        (limits.frame.text, limits.frame.endless_line) = (200, 400);
    }
    let reader = || if strict { Reader::new(limits).strict() } else { Reader::new(limits) };
    let whole = read(reader(), [octets]);
    assert_eq!(read(reader(), pieces(sizes, octets)), whole);
    for (event, noted) in &whole {
        if let Ok(ReadEvent::Response(response)) = event {
            again(response, *noted);
        }
    }
});

type Read = (Result<ReadEvent, ReadError>, bool);

/// Takes events, each with whether something was noted; neighbouring octets are joined.
fn read<'a>(mut reader: Reader, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Read> {
    let (mut input, mut all) = (Input::default(), Vec::<Read>::new());
    for piece in pieces {
        input.push(piece);
        while let Some(event) = reader.next(&mut input).transpose() {
            let noted = !reader.diagnostics().is_empty();
            match (all.last_mut(), &event) {
                (Some((Ok(ReadEvent::Octets(one)), _)), Ok(ReadEvent::Octets(two))) => {
                    *one = [&one[..], &two[..]].concat().into();
                }
                (_, Err(ReadError::Frame(FrameError::EndlessLine))) => {
                    all.push((event, noted));
                    return all;
                }
                _ => all.push((event, false)),
            }
            if let (Some(last), true) = (all.last_mut(), noted) {
                last.1 = true;
            }
        }
    }
    all
}

/// A response without mistakes is written as something that is read as the same.
fn again(response: &Response, noted: bool) {
    let mut out = BytesMut::new();
    let gaps = response.write(&mut out, Dialect { utf8: true, ..Dialect::SERVER });
    if noted || !gaps.is_empty() {
        return;
    }
    let line = Line::parse(out.freeze()).expect("a line");
    let mut diagnostics = Vec::new();
    let read = Response::parse_leniently(&line, Limits::default(), &mut diagnostics);
    assert_eq!(read.as_ref(), Ok(response));
    assert!(diagnostics.iter().all(|one| one.quirk == Quirk::Line), "{diagnostics:?}");
}
