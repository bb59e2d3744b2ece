//! Whatever is asked, the answer is a message that fits.
#![no_main]
use bytes::BytesMut;
use homing::dns::{Authority, Message, Outcome, UDP_PAYLOAD};
use homing::proto_core::Transport;
use homing_fuzz::zone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, &[u8])| {
    let (udp, query) = input;
    let mut authority = Authority::default();
    authority.insert(zone());
    let via = if udp { Transport::Udp } else { Transport::Tcp };
    let mut out = BytesMut::new();
    let outcome = authority.respond(query, via, &mut out);
    if outcome == Outcome::Ignored {
        return assert!(out.is_empty());
    }
    assert!(!udp || out.len() <= usize::from(UDP_PAYLOAD), "{} octets", out.len());
    assert_eq!(out.get(..2), query.get(..2), "the id");
    let answer = Message::parse(&out).expect("it was written");
    assert!(answer.header().response);
    if let Outcome::Failed(rcode) = outcome {
        assert_eq!(answer.rcode(), rcode);
    }
});
