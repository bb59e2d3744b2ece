//! A reply that was read is written in lines, and those are read as the same reply.
#![no_main]
use bytes::BytesMut;
use homing::smtp::{Capabilities, Reply};
use homing_fuzz::is_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let reply = match Reply::parse(octets) {
        Ok(reply) => reply,
        Err(error) => return assert!(error.offset() <= octets.len()),
    };
    let mut out = BytesMut::new();
    reply.write(&mut out);
    assert!(out.split_inclusive(|octet| *octet == b'\n').all(is_line), "{}", out.escape_ascii());
    assert_eq!(Reply::parse(&out).as_ref(), Ok(&reply));
    let _ = (reply.to_string(), Capabilities::parse(&reply));
    if let Some(code) = reply.enhanced() {
        let text = code.to_string();
        let again = Reply::new(reply.code(), &text).expect("digits and dots");
        assert_eq!(again.enhanced(), Some(code), "{text}");
    }
});
