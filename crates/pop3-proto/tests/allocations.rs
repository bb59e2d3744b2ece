//! How often a session asks for memory.
#![allow(clippy::unwrap_used, reason = "tests")]
use std::alloc::System;

use pop3_proto::{
    Entry, Maildrop, Response, Text, UniqueId,
    server::{Config, Event, Session},
};
use proto_core::{Instant, Machine, Step};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Answers RETRs until the session wants more.
fn answer(session: &mut Session, message: &[u8]) -> usize {
    let mut answered = 0;
    loop {
        match session.poll().unwrap() {
            Step::Event(Event::Retrieve { .. }) => {
                session.respond(Response::ok(Text::from_static("message follows"))).unwrap();
                session.send(message).unwrap();
                session.finish().unwrap();
                session.output().clear();
                answered += 1;
            }
            Step::NeedInput if session.output().is_empty() => return answered,
            _ => session.output().clear(),
        }
    }
}

/// Issue: session code without allocation for each RETR, beyond the body.
#[test]
fn a_thousand_messages_are_sent_with_a_handful_of_allocations() {
    let now = Instant::ORIGIN;
    let mut session = Session::new(now, Config::new(Text::from_static("ready")));
    session.receive(now, b"USER a\r\nPASS b\r\n");
    let _ = session.poll().unwrap();
    let entry = Entry { size: 3000, id: UniqueId::new("one".into()).unwrap() };
    session.admit(Maildrop::new(vec![entry]).unwrap(), Text::default()).unwrap();
    let message = b"All mail and no play makes Jack a dull boy.\r\n".repeat(66);
    let commands = b"RETR 1\r\n".repeat(100);
    // The first fill the buffers.
    session.receive(now, &commands);
    assert_eq!(answer(&mut session, &message), 100);
    let region = Region::new(ALLOCATOR);
    for _ in 0..10 {
        session.receive(now, &commands);
        assert_eq!(answer(&mut session, &message), 100);
    }
    let change = region.change();
    let asked = change.allocations + change.reallocations;
    assert!(asked <= 20, "{change:?} for 1000 messages");
}
