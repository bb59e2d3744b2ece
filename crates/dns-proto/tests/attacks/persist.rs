//! A cache that was written and is read again: by the same, by somebody later, and spoilt.
use dns_proto::recursive::Limits;
use dns_proto::{ParseErrorKind, Rcode, RecordType};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use crate::common::lines;
use crate::rig::{Rig, config};

const UNIX: u64 = 1_800_000_000;

/// A cache with an answer, an alias, an absence and delegations in it, all for 300 seconds but the
/// absence, which is for 60.
fn dumped() -> Vec<u8> {
    let mut rig = Rig::new(Limits::default());
    let text =
        "victim.com SOA 1\n www.victim.com A 127.0.0.8\n mail.victim.com CNAME www.victim.com";
    rig.net.authority("127.0.0.7", &[text]);
    rig.rcode("mail.victim.com");
    rig.rcode("www.victim.com");
    rig.rcode("nothing.victim.com");
    rig.resolver.dump(rig.net.now, UNIX)
}

#[test]
fn what_was_known_is_known_again_for_what_was_left() {
    let octets = dumped();
    for (later, kept) in [(0, true), (59, true), (60, false)] {
        let mut rig = Rig::new(Limits::default());
        assert!(rig.resolver.load(rig.net.now, UNIX + later, &octets).unwrap() > 4);
        assert_eq!(rig.cost("www.victim.com"), (Rcode::NOERROR, 0));
        let reply = rig.ask("mail.victim.com", RecordType::A);
        let expected = ["mail.victim.com. CNAME www.victim.com.", "www.victim.com. A 127.0.0.8"];
        assert_eq!(lines(&reply.view()), expected);
        let ttl = reply.view().answers().map(|it| it.ttl()).min().unwrap();
        assert_eq!(u64::from(ttl), 300 - later);
        assert_eq!(rig.cost("nothing.victim.com").1 == 0, kept, "{later}");
        // Whoever asks for something else begins at the zone that is known.
        assert_eq!(rig.cost("other.victim.com").1, 1);
    }
    let mut rig = Rig::new(Limits::default());
    assert_eq!(rig.resolver.load(rig.net.now, UNIX + 300, &octets), Ok(0));
    assert_eq!(rig.cost("www.victim.com"), (Rcode::NOERROR, 3));
}

#[test]
fn nothing_is_kept_beyond_the_limits() {
    let octets = dumped();
    // A clock that was put back makes nothing younger.
    let mut rig = Rig::new(Limits { ttl: 10, ..Limits::default() });
    rig.resolver.load(rig.net.now, UNIX - 1000, &octets).unwrap();
    rig.wait(9);
    assert_eq!(rig.cost("www.victim.com"), (Rcode::NOERROR, 0));
    rig.wait(1);
    assert_eq!(rig.cost("www.victim.com").1, 3);
    for cache in [0, 3, 4] {
        let mut rig = Rig::with(config(Limits { cache, ..Limits::default() }));
        rig.resolver.load(rig.net.now, UNIX, &octets).unwrap();
        assert_eq!(rig.resolver.cached(), cache);
    }
}

#[test]
fn what_is_known_better_stays() {
    let mut rig = Rig::new(Limits::default());
    assert_eq!(rig.cost("www.victim.com"), (Rcode::NOERROR, 3));
    let newer = rig.resolver.dump(rig.net.now, UNIX);
    rig.wait(100);
    assert_eq!(
        rig.ask("www.victim.com", RecordType::A).view().answers().next().unwrap().ttl(),
        200
    );
    rig.resolver.load(rig.net.now, UNIX, &newer).unwrap();
    assert_eq!(
        rig.ask("www.victim.com", RecordType::A).view().answers().next().unwrap().ttl(),
        200
    );
}

/// Puts the digest right again.
fn sealed(mut octets: Vec<u8>) -> Vec<u8> {
    let end = octets.len() - 32;
    octets.truncate(end);
    let digest = Sha256::digest(&octets);
    octets.extend(digest);
    octets
}

#[test]
fn other_versions_and_what_has_changed_are_errors_and_change_nothing() {
    let octets = dumped();
    let mut rig = Rig::new(Limits::default());
    let mut other = octets.clone();
    other[13] = 1;
    let error = rig.resolver.load(rig.net.now, UNIX, &other).unwrap_err();
    assert_eq!((error.kind(), error.offset()), (ParseErrorKind::Version, 0));
    for end in 0..octets.len() {
        assert!(rig.resolver.load(rig.net.now, UNIX, &octets[..end]).is_err(), "{end}");
        let mut other = octets.clone();
        other[end] ^= 1;
        assert!(rig.resolver.load(rig.net.now, UNIX, &other).is_err(), "{end}");
    }
    assert_eq!(rig.resolver.cached(), 0);
}

#[test]
fn entries_are_whole_or_none() {
    let (octets, mut whole) = (dumped(), 0);
    for end in 32..=octets.len() {
        let mut rig = Rig::new(Limits::default());
        match rig.resolver.load(rig.net.now, UNIX, &sealed(octets[..end].to_vec())) {
            // Where an entry ends, so may all.
            Ok(_) => whole += 1,
            Err(_) => assert_eq!(rig.resolver.cached(), 0),
        }
    }
    assert!(whole > 4 && whole < 20, "{whole}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_octets_are_a_cache_or_an_error(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        later in 0..400_u64,
    ) {
        let mut octets = dumped();
        for (place, value) in places {
            let place = place.index(octets.len());
            octets[place] = value;
        }
        let mut rig = Rig::new(Limits::default());
        let _ = rig.resolver.load(rig.net.now, UNIX + later, &sealed(octets));
        rig.ask("mail.victim.com", RecordType::A);
        let again = rig.resolver.dump(rig.net.now, UNIX);
        prop_assert!(rig.resolver.load(rig.net.now, UNIX, &again).is_ok());
    }
}
