//! However commands are cut, the same is told of them; and one that was read is written as what
//! is read as the same.
#![no_main]
use bytes::BytesMut;
use homing::imap::command::{AppendPart, Bad, BadKind, Event, Reader, ReaderLimits, Tagged};
use homing::imap::frame::FrameError;
use homing::imap::{Dialect, Literals};
use homing::proto_core::Input;
use homing_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, [u8; 3], &[u8])| {
    let (options, sizes, octets) = input;
    let mut limits = ReaderLimits::default();
    if options & 1 != 0 {
        (limits.frame.text, limits.frame.literals, limits.frame.literal) = (60, 4, 20);
        (limits.arguments.octets, limits.arguments.literals) = (8, 2);
        (limits.line.depth, limits.line.elements) = (3, 8);
    }
    let told = events(limits, [octets]);
    assert_eq!(events(limits, pieces(sizes, octets)), told);
    let literals = if options & 2 != 0 { Literals::Plus } else { Literals::Synchronizing };
    let dialect = Dialect { literals, utf8: options & 4 != 0 };
    for tagged in told.iter().filter_map(|event| match event {
        Ok(Event::Command(tagged)) => Some(tagged),
        _ => None,
    }) {
        let mut out = BytesMut::new();
        let waits = tagged.write(dialect, &mut out);
        assert!(waits.iter().all(|at| out[..*at].ends_with(b"\r\n")));
        if !tagged.command.brings_messages() {
            assert_eq!(&out.split_off(out.len() - 2)[..], b"\r\n");
        }
        assert_eq!(Tagged::parse(out.freeze()).as_ref(), Ok(tagged));
    }
});

/// Reads commands, and refuses every fourth size of messages; neighbouring octets are joined.
fn events<'a>(
    limits: ReaderLimits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<Result<Event, Bad>> {
    let (mut input, mut reader) = (Input::default(), Reader::new(limits));
    let mut events = Vec::new();
    for piece in pieces {
        input.push(piece);
        while let Some(event) = reader.next(&mut input).transpose() {
            match &event {
                Ok(Event::Part(AppendPart::Text(literal))) if literal.size % 4 == 3 => {
                    reader.refuse();
                }
                Ok(Event::Part(AppendPart::Text(_))) => reader.accept(),
                Err(Bad { kind: BadKind::Frame(FrameError::EndlessLine), .. }) => {
                    events.push(event);
                    return events;
                }
                _ => {}
            }
            push(&mut events, event);
        }
    }
    events
}

fn push(events: &mut Vec<Result<Event, Bad>>, event: Result<Event, Bad>) {
    match (events.last_mut(), &event) {
        (Some(Ok(Event::Octets(one))), Ok(Event::Octets(two))) => {
            *one = [&one[..], &two[..]].concat().into();
        }
        _ => events.push(event),
    }
}
