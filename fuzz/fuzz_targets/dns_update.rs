//! Whatever update comes, the zone stays a zone, and one that fails changes nothing.
#![no_main]
use bytes::BytesMut;
use homing::dns::{Authority, Message, Outcome, Rcode, Record, RecordType, Zone};
use homing::proto_core::Transport;
use homing_fuzz::zone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let Ok(update) = Message::parse(octets) else { return };
    let (mut authority, before) = (Authority::default(), zone());
    authority.insert(before.clone());
    let mut out = BytesMut::new();
    let outcome = authority.update(&update, Transport::Tcp, &mut out);
    let after = authority.zone(before.apex().view()).expect("it is still there");

    let changed = matches!(outcome, Outcome::Updated { changed: true });
    assert_eq!(records(&before) != records(after), changed, "{outcome:?}");
    if changed {
        // RFC 1982 §3.2.
        assert!(after.serial().wrapping_sub(before.serial()).cast_signed() > 0);
    }
    is_sane(after);
    if outcome == Outcome::Ignored {
        return assert!(out.is_empty());
    }
    let answer = Message::parse(&out).expect("it was written");
    assert_eq!((answer.header().id, answer.header().response), (update.header().id, true));
    let updated = matches!(outcome, Outcome::Updated { .. });
    assert_eq!(updated, answer.rcode() == Rcode::NOERROR);
});

fn records(zone: &Zone) -> Vec<Record> {
    zone.records().collect()
}

fn is_sane(zone: &Zone) {
    let again = Zone::new(zone.records()).expect("a zone's records make a zone");
    assert_eq!(records(&again), records(zone));
    for (rtype, counts) in [(RecordType::SOA, 1..=1), (RecordType::NS, 1..=usize::MAX)] {
        let of_apex = zone.records().filter(|it| it.owner() == zone.apex() && it.rtype() == rtype);
        assert!(counts.contains(&of_apex.count()), "{rtype} at the apex");
    }
}
