//! Whatever a primary sends, a secondary has its old version or a whole new one; and whatever steps
//! a journal has, they are written as they were read.
#![no_main]
use homing::dns::{
    ZoneDelta,
    transfer::{Incoming, Limits, Progress},
};
use homing_fuzz::{pieces, zone};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, [u8; 3], &[u8])| {
    let (whole, sizes, octets) = input;
    let own = zone();
    let begun = if whole {
        Incoming::whole(own.apex(), 7, None, 0)
    } else {
        Incoming::since(&own, 7, None, 0)
    };
    let (incoming, _) = begun.expect("a query has room");
    let mut incoming = incoming.with_limits(Limits { octets: 4096 });
    let (mut taken, mut failed) = (0, false);
    for message in pieces(sizes, octets) {
        taken += message.len();
        match incoming.receive(message, 0) {
            Ok(Progress::Done(zone)) => {
                assert!(!failed && taken <= 4096);
                assert_eq!(zone.apex(), own.apex());
                let step = ZoneDelta::between(&own, &zone);
                let next = own.apply(&step).expect("it begins here");
                assert!(next.records().eq(zone.records()));
            }
            Ok(_) => assert!(!failed && taken <= 4096, "an error sticks"),
            Err(_) => failed = true,
        }
    }
    if let Ok(Some((step, rest))) = ZoneDelta::parse(octets) {
        let mut written = Vec::new();
        step.write(&mut written);
        let again = ZoneDelta::parse(&written).expect("it was written");
        assert_eq!(again, Some((step, &[][..])));
        assert!(rest.len() < octets.len());
    }
});
