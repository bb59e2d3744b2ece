//! Attacks on validators, each with the limit that stops it, at the limit and one beyond.
use std::sync::LazyLock;

use dns_proto::dnssec::{
    Bogus, Chain, Config, DigestType, Ds, Insecure, Limits, PublicKey, Response, Signer, Verdict,
};
use dns_proto::{Base64, DnssecAlgorithm, Hex, Name, Rdata, Record, RecordType};
use proptest::prelude::*;

use crate::world::{World, lecture_hall, name, records, signer};

fn world(limits: Limits) -> World {
    lecture_hall(&signer(), Config { limits, ..Config::default() })
}

fn hashed(iterations: u16, limits: Limits) -> World {
    let chain = Chain::Nsec3 { iterations, salt: Vec::new(), opt_out: false };
    lecture_hall(&Signer { chain, ..signer() }, Config { limits, ..Config::default() })
}

fn is_secure(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Secure(_))
}

const EFFORT: Verdict = Verdict::Bogus(Bogus::Effort);

/// Returns a signature that says the same and is wrong.
fn spoilt(record: &Record) -> Record {
    let Rdata::Rrsig {
        covered,
        algorithm,
        labels,
        original_ttl,
        expiration,
        inception,
        key_tag,
        signer,
        ..
    } = record.data()
    else {
        panic!("{record}");
    };
    let signature = Base64::new(&[7; 64]).unwrap();
    let data = Rdata::Rrsig {
        covered,
        algorithm,
        labels,
        original_ttl,
        expiration,
        inception,
        key_tag,
        signer,
        signature,
    };
    Record::new(record.owner().clone(), record.ttl(), data)
}

/// Returns a key with the tag of another.
fn collision(key: &PublicKey, number: u8) -> PublicKey {
    let mut octets = [number; 32];
    for last in 0..=u16::MAX {
        octets[30..].copy_from_slice(&last.to_be_bytes());
        let other = PublicKey::new(key.algorithm(), key.is_entry_point(), octets.to_vec());
        if other.tag() == key.tag() {
            return other;
        }
    }
    panic!("no key has the tag");
}

fn before_the_good(response: &Response, count: usize) -> Response {
    let is_signature = |record: &Record| record.rtype() == RecordType::RRSIG;
    let place = response.answers.iter().position(is_signature).unwrap();
    let mut response = response.clone();
    let wrong = spoilt(&response.answers[place]);
    for _ in 0..count {
        response.answers.insert(place, wrong.clone());
    }
    response
}

#[test]
fn keytrap_ends_after_eight_signatures() {
    // CVE-2023-50387: signatures of one tag.
    let mut world = world(Limits::default());
    let response = world.ask(&name("www.hamburger.edu"), RecordType::A);
    assert!(is_secure(&world.judge(before_the_good(&response, 7))));
    assert_eq!(world.judge(before_the_good(&response, 8)), EFFORT);
    assert_eq!(world.judge(before_the_good(&response, 500)), EFFORT);
}

#[test]
fn so_many_signatures_may_cover_a_set() {
    // Of a key that is not there: each costs a look at all keys.
    let mut world = world(Limits::default());
    let response = world.ask(&name("www.hamburger.edu"), RecordType::A);
    let mut foreign = spoilt(response.answers.last().unwrap());
    let mut octets = foreign.octets().to_vec();
    octets[17] ^= 1;
    let data = Rdata::parse(RecordType::RRSIG, &octets).unwrap();
    foreign = Record::new(foreign.owner().clone(), foreign.ttl(), data);
    for (count, expected) in [(63, true), (64, false)] {
        let mut response = response.clone();
        response.answers.splice(0..0, std::iter::repeat_n(foreign.clone(), count));
        let verdict = world.judge(response);
        assert_eq!(is_secure(&verdict), expected);
        assert!(expected || verdict == EFFORT);
    }
}

#[test]
fn keytrap_by_many_good_keys_ends_after_eight_signatures() {
    // Every key has its DS; all have signed, and none well.
    let algorithm = DnssecAlgorithm::ED25519;
    for (wrong, expected) in [(7, true), (8, false), (12, false)] {
        let keys: Vec<_> = (1..=wrong + 1).map(|n| crate::world::key(algorithm, true, n)).collect();
        let mut world = lecture_hall(&Signer::new(keys), Config::default());
        let response = world.ask(&name("www.hamburger.edu"), RecordType::A);
        let validator = dns_proto::dnssec::Validator::new(response, &world.trust);
        let verdict = world.run(validator, |world, name, rtype| {
            let mut answer = world.ask(name, rtype);
            let signatures = answer.answers.iter_mut().filter(|it| it.rtype() == RecordType::RRSIG);
            if rtype == RecordType::DNSKEY && name.is_root() {
                signatures.take(wrong.into()).for_each(|it| *it = spoilt(it));
            }
            Some(answer)
        });
        assert_eq!(is_secure(&verdict), expected, "{wrong}");
        assert!(expected || verdict == EFFORT);
    }
}

#[test]
fn thousands_of_records_are_sorted_in_no_time() {
    // As many as a message has room for; pairs of them would be millions.
    let mut world = world(Limits::default());
    let mut response = world.ask(&name("www.hamburger.edu"), RecordType::A);
    for number in 0..4000_u32 {
        let address = std::net::Ipv4Addr::from(number);
        response.answers.push(Record::address(name("www.hamburger.edu"), 1, address.into()));
        response.answers.push(Record::address(name(&format!("x{number}")), 1, address.into()));
    }
    assert_eq!(world.judge(response), Verdict::Bogus(Bogus::Wrong));
}

#[test]
fn keytrap_counts_signatures_times_keys() {
    // CVE-2023-50387: and keys of one tag.
    let zone_with = |others: u8| {
        let signer = signer();
        let own = signer.keys[0].public();
        let mut all = records(crate::world::HAMBURGER);
        for number in 0..others {
            let key = collision(own, number + 10);
            all.push(Record::new(name("hamburger.edu"), 3600, key.data()));
        }
        signer.sign(&dns_proto::Zone::new(all).unwrap(), None, crate::world::NOW).unwrap()
    };
    // The good key comes first; so each bad signature costs four tries, a good one one.
    for (others, wrong, expected) in [(3, 1, true), (3, 2, false), (7, 1, false)] {
        let mut world = world(Limits::default());
        world.serve(zone_with(others));
        let response = world.ask(&name("www.hamburger.edu"), RecordType::A);
        let verdict = world.judge(before_the_good(&response, wrong));
        assert_eq!(is_secure(&verdict), expected, "{others} {wrong} {verdict:?}");
        assert!(expected || verdict == EFFORT);
    }
}

#[test]
fn keytrap_ends_after_four_mismatches_of_ds() {
    // CVE-2023-50387: DS records that look as if they were of the key.
    for (wrong, expected) in [(4, true), (5, false)] {
        let mut world = world(Limits::default());
        let key = signer().keys[0].public().clone();
        let apex = name("hamburger.edu");
        for number in 0..wrong {
            let digest = [number; 32];
            let data = Rdata::Ds {
                key_tag: key.tag(),
                algorithm: key.algorithm(),
                digest_type: 2,
                digest: Hex::new(&digest).unwrap(),
            };
            world.trust.add_anchor(apex.clone(), Ds::from_data(&data).unwrap());
        }
        world.trust.add_anchor(apex.clone(), Ds::of(&apex.view(), &key, DigestType::Sha256));
        let verdict = world.validate("www.hamburger.edu", RecordType::A);
        assert_eq!(is_secure(&verdict), expected);
        assert!(expected || verdict == EFFORT);
    }
}

fn deep(labels: usize) -> Name {
    let apex = name("hamburger.edu");
    let own = std::iter::repeat_n(&b"x"[..], labels);
    Name::from_labels(own.chain(apex.labels())).unwrap()
}

#[test]
fn hashing_of_deep_names_takes_turns_and_ends() {
    // CVE-2023-50868.
    let run = |hashes: u32| {
        let mut world = hashed(150, Limits { hashes, ..Limits::default() });
        let response = world.ask(&deep(110), RecordType::A);
        let verdict = world.judge(response);
        (verdict, world.yields)
    };
    // The name, its ancestors up to the apex, and the wildcard below it.
    let needed = 110 + 1 + 1;
    let (verdict, yields) = run(needed);
    assert!(is_secure(&verdict), "{verdict:?}");
    assert_eq!(yields, 13);
    let (verdict, yields) = run(needed - 1);
    assert_eq!((verdict, yields), (EFFORT, 13));
}

#[test]
fn more_iterations_than_150_are_not_computed() {
    // RFC 9276 §3.2.
    for (iterations, expected) in [(150, true), (151, false)] {
        let mut world = hashed(iterations, Limits::default());
        let verdict = world.validate("nothing.hamburger.edu", RecordType::A);
        assert_eq!(is_secure(&verdict), expected);
        let insecure = Verdict::Insecure(Insecure::Iterations);
        assert!(expected || verdict == insecure);
        assert!(expected || verdict.extended_error().is_some());
    }
}

#[test]
fn an_answer_has_so_many_sets_and_links() {
    let text = "hamburger.edu. SOA ns host 1 2 3 4 5\na.hamburger.edu. CNAME b.hamburger.edu.
b.hamburger.edu. CNAME c.hamburger.edu.\nc.hamburger.edu. A 192.0.2.1\n";
    let run = |limits: Limits| {
        let mut world = world(limits);
        let zone = crate::world::zone(text);
        world.serve(signer().sign(&zone, None, crate::world::NOW).unwrap());
        world.validate("a.hamburger.edu", RecordType::A)
    };
    assert!(is_secure(&run(Limits { sets: 3, ..Limits::default() })));
    assert_eq!(run(Limits { sets: 2, ..Limits::default() }), EFFORT);
    assert!(is_secure(&run(Limits { links: 2, ..Limits::default() })));
    assert_eq!(run(Limits { links: 1, ..Limits::default() }), EFFORT);
}

#[test]
fn a_loop_of_aliases_ends() {
    let mut world = world(Limits::default());
    let mut response = world.ask(&name("www.hamburger.edu"), RecordType::A);
    response.answers = records(
        "www.hamburger.edu. CNAME a.hamburger.edu.\na.hamburger.edu. CNAME www.hamburger.edu.",
    );
    assert_eq!(world.judge(response), EFFORT);
}

#[test]
fn a_chain_of_trust_has_so_many_links() {
    // Five look-ups lead to the zone.
    let mut long = world(Limits { needs: 5, ..Limits::default() });
    assert!(is_secure(&long.validate("www.hamburger.edu", RecordType::A)));
    let mut short = world(Limits { needs: 4, ..Limits::default() });
    assert_eq!(short.validate("www.hamburger.edu", RecordType::A), EFFORT);
    // A deep name of an unsigned answer: every label is asked for, until one is not there.
    let mut world = world(Limits::default());
    let mut response = world.ask(&deep(100), RecordType::A);
    response.authorities.clear();
    assert!(matches!(world.judge(response), Verdict::Bogus(_)));
    assert!(world.asked.len() < 10);
}

#[test]
fn a_proof_has_so_many_sets() {
    for (proofs, expected) in [(2, true), (1, false)] {
        let mut world = world(Limits { proofs, ..Limits::default() });
        let verdict = world.validate("hamburger.edu", RecordType::MX);
        assert_eq!(is_secure(&verdict), expected, "{verdict:?}");
    }
}

#[test]
fn so_many_zones_are_remembered() {
    let remembered = |zones| {
        let mut world = world(Limits { zones, ..Limits::default() });
        assert!(is_secure(&world.validate("www.hamburger.edu", RecordType::A)));
        assert!(is_secure(&world.validate("deep.er.edu", RecordType::TXT)));
        world.trust.remembered()
    };
    let all = remembered(100);
    assert_eq!(remembered(all), all);
    for zones in 0..all {
        assert!(remembered(zones) <= zones);
    }
}

#[test]
fn hashes_are_computed_so_many_at_once() {
    // The name, its ancestors up to the apex, and the wildcard below it.
    for (hashes_at_once, yields) in [(11, 1), (21, 1), (22, 0), (23, 0)] {
        let mut world = hashed(0, Limits { hashes_at_once, ..Limits::default() });
        let response = world.ask(&deep(20), RecordType::A);
        assert!(is_secure(&world.judge(response)));
        assert_eq!(world.yields, yields, "{hashes_at_once}");
    }
}

#[test]
fn failures_are_remembered_for_a_minute_and_keys_for_a_day() {
    let mut world = world(Limits { ttl: 100, ..Limits::default() });
    let good = world.validate("www.hamburger.edu", RecordType::A);
    assert!(is_secure(&good));
    let count = world.asked.len();
    world.now += 99;
    world.validate("www.hamburger.edu", RecordType::A);
    assert_eq!(world.asked.len(), count);
    world.now += 1;
    world.validate("www.hamburger.edu", RecordType::A);
    assert_eq!(world.asked.len(), 2 * count);

    let keys = vec![crate::world::key(DnssecAlgorithm::ED25519, true, 9)];
    let wrong = Signer::new(keys).sign(
        &crate::world::zone(crate::world::HAMBURGER),
        None,
        crate::world::NOW,
    );
    world.serve(wrong.unwrap());
    world.now += 100;
    world.validate("www.hamburger.edu", RecordType::A);
    let count = world.asked.len();
    world.now += 59;
    world.validate("www.hamburger.edu", RecordType::A);
    assert_eq!(world.asked.len(), count);
    world.now += 1;
    world.validate("www.hamburger.edu", RecordType::A);
    assert!(world.asked.len() > count);
}

static PLAIN: LazyLock<World> = LazyLock::new(|| world(Limits::default()));
static HASHED: LazyLock<World> = LazyLock::new(|| hashed(0, Limits::default()));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_octets_are_only_wrong_as_keys_and_signatures(
        algorithm: u8,
        key in prop::collection::vec(any::<u8>(), 0..140),
        signature in prop::collection::vec(any::<u8>(), 0..140),
    ) {
        let key = PublicKey::new(DnssecAlgorithm::new(algorithm), true, key);
        prop_assert!(!key.verify(b"message", &signature));
        let _ = (key.tag(), Ds::of(&Name::ROOT.view(), &key, DigestType::Sha384));
    }

    #[test]
    fn any_flipped_octet_makes_an_answer_bogus(place: prop::sample::Index, bit in 0..8) {
        let mut world = HASHED.clone();
        let mut response = world.ask(&name("www.hamburger.edu"), RecordType::A);
        let total = response.answers.iter().map(|it| it.octets().len()).sum::<usize>();
        let mut at = place.index(total);
        for record in &mut response.answers {
            if at < record.octets().len() {
                let mut octets = record.octets().to_vec();
                octets[at] ^= 1_u8 << bit;
                // Of a signature's key tag, type and times some are told apart, of names the case.
                let Ok(data) = Rdata::parse(record.rtype(), &octets) else { return Ok(()) };
                let same = data == record.data();
                *record = Record::new(record.owner().clone(), record.ttl(), data);
                prop_assume!(!same);
                break;
            }
            at -= record.octets().len();
        }
        prop_assert!(matches!(world.judge(response), Verdict::Bogus(_)));
    }

    #[test]
    fn any_part_of_a_proof_is_a_proof_or_bogus(keep in prop::collection::vec(any::<bool>(), 16)) {
        for mut world in [PLAIN.clone(), HASHED.clone()] {
            let whole = world.ask(&name("soup.of.menu.hamburger.edu"), RecordType::A);
            let mut response = whole.clone();
            let mut kept = keep.iter().copied().cycle();
            response.authorities.retain(|_| kept.next().unwrap_or_default());
            match world.judge(response) {
                Verdict::Secure(found) => prop_assert_eq!(found.rcode.number(), 0),
                verdict => prop_assert!(matches!(verdict, Verdict::Bogus(_))),
            }
        }
    }
}
