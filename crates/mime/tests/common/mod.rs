//! The push parser, driven.
#![allow(dead_code, reason = "each test program uses a part of it")]
use bytes::Bytes;
use mime::{Event, Limits, Parser};

/// Returns the events of a message that arrives in these pieces, polling after each; adjacent
/// pieces of one body are joined.
pub(crate) fn events<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: &Limits,
) -> Vec<Event> {
    let (mut parser, mut events) = (Parser::new(limits.clone()), Vec::new());
    for piece in pieces {
        parser.feed(piece);
        while let Some(event) = parser.poll() {
            push(&mut events, event);
        }
    }
    parser.finish();
    while let Some(event) = parser.poll() {
        push(&mut events, event);
    }
    assert_eq!(parser.poll(), None, "the end is the end");
    events
}

/// Returns the events of a message that arrives at once.
pub(crate) fn whole(message: &[u8], limits: &Limits) -> Vec<Event> {
    let mut parser = Parser::new(limits.clone());
    parser.feed(message);
    parser.finish();
    let mut events = Vec::new();
    while let Some(event) = parser.poll() {
        push(&mut events, event);
    }
    events
}

fn push(events: &mut Vec<Event>, event: Event) {
    let join = |one: &Bytes, two: &Bytes| Bytes::from([&one[..], &two[..]].concat());
    let joined = match (events.last(), &event) {
        (Some(Event::Body(one)), Event::Body(two)) => Event::Body(join(one, two)),
        (Some(Event::Preamble(one)), Event::Preamble(two)) => Event::Preamble(join(one, two)),
        (Some(Event::Epilogue(one)), Event::Epilogue(two)) => Event::Epilogue(join(one, two)),
        (Some(Event::Skipped(one)), Event::Skipped(two)) => Event::Skipped(join(one, two)),
        _ => return events.push(event),
    };
    events.pop();
    events.push(joined);
}
