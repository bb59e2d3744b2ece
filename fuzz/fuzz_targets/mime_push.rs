//! However a message is cut, it is the same message, and no octet of it is lost.
#![no_main]
use homing::mime::{Event, Limits, Parser};
use homing_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, [u8; 3], &[u8])| {
    let (tight, sizes, octets) = input;
    let mut limits = Limits::default();
    if tight {
        (limits.depth, limits.parts, limits.fields, limits.field_octets) = (3, 4, 8, 60);
        (limits.boundary, limits.padding, limits.defects) = (4, 2, 3);
    }
    let whole = events([octets], &limits);
    assert_eq!(events(pieces(sizes, octets), &limits), whole);
    assert_eq!(whole.iter().flat_map(Event::octets).copied().collect::<Vec<_>>(), octets);
});

fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Vec<Event> {
    let (mut parser, mut events) = (Parser::new(limits.clone()), Vec::new());
    for piece in pieces {
        parser.feed(piece);
        std::iter::from_fn(|| parser.poll()).for_each(|event| push(&mut events, event));
    }
    parser.finish();
    std::iter::from_fn(|| parser.poll()).for_each(|event| push(&mut events, event));
    events
}

/// Joins what may be cut anywhere.
fn push(events: &mut Vec<Event>, event: Event) {
    match (events.last_mut(), &event) {
        (Some(Event::Body(one)), Event::Body(two))
        | (Some(Event::Preamble(one)), Event::Preamble(two))
        | (Some(Event::Epilogue(one)), Event::Epilogue(two))
        | (Some(Event::Skipped(one)), Event::Skipped(two)) => {
            *one = [&one[..], &two[..]].concat().into();
        }
        _ => events.push(event),
    }
}
