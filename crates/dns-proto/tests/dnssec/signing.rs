//! Signed zones: what is signed, what is proven, and what is kept.
use std::collections::BTreeSet;

use dns_proto::dnssec::{
    Chain, Config, KeyPair, Period, Signer, Verdict, ZonemdCheck, ZonemdHash, sign_set,
};
use dns_proto::{DnssecAlgorithm, Misuse, Rdata, Record, RecordType, Zone, zone_file};

use crate::world::{HAMBURGER, NOW, key, lecture_hall, name, records, signer, zone};

fn of(zone: &Zone, rtype: RecordType) -> Vec<Record> {
    zone.records().filter(|record| record.rtype() == rtype).collect()
}

fn signed_types(zone: &Zone, owner: &str) -> BTreeSet<String> {
    let owner = name(owner);
    let own = of(zone, RecordType::RRSIG).into_iter().filter(|record| *record.owner() == owner);
    own.map(|record| record.data().to_string().split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn what_is_the_zone_s_is_signed_and_nothing_else() {
    let text = format!("{HAMBURGER}free.hamburger.edu. DS 1 15 2 {}\n", "00".repeat(32));
    let signed = signer().sign(&zone(&text), None, NOW).unwrap();
    let set = |types: &[&str]| types.iter().map(ToString::to_string).collect();
    assert_eq!(signed_types(&signed, "www.hamburger.edu"), set(&["A", "TXT", "NSEC"]));
    assert_eq!(signed_types(&signed, "hamburger.edu"), set(&["SOA", "NS", "DNSKEY", "NSEC"]));
    // At a cut only the DS and the proof; glue below it not at all.
    assert_eq!(signed_types(&signed, "free.hamburger.edu"), set(&["DS", "NSEC"]));
    assert_eq!(signed_types(&signed, "ns.free.hamburger.edu"), set(&[]));
    let glue = of(&signed, RecordType::A);
    assert!(glue.iter().any(|record| *record.owner() == name("ns.free.hamburger.edu")));
    // RFC 9077: the proofs live as long as a negative answer.
    assert!(of(&signed, RecordType::NSEC).iter().all(|record| record.ttl() == 3600));
}

#[test]
fn the_chain_of_names_goes_round() {
    let signed = signer().sign(&zone(HAMBURGER), None, NOW).unwrap();
    let (mut at, mut seen) = (name("hamburger.edu"), 0);
    let nsecs = of(&signed, RecordType::NSEC);
    loop {
        let own = nsecs.iter().find(|record| *record.owner() == at).unwrap();
        let Rdata::Nsec { next, .. } = own.data() else { panic!("{own}") };
        (at, seen) = (next.to_name(), seen + 1);
        if at == name("hamburger.edu") {
            break;
        }
    }
    assert_eq!(seen, nsecs.len());
}

#[test]
fn what_is_not_due_is_kept() {
    for chain in [Chain::Nsec, Chain::Nsec3 { iterations: 0, salt: Vec::new(), opt_out: false }] {
        let signer = Signer { chain, zonemd: Some(ZonemdHash::Sha384), ..signer() };
        let first = signer.sign(&zone(HAMBURGER), None, NOW).unwrap();
        // Ten days of fourteen: nothing is due before.
        let same = signer.sign(&zone(HAMBURGER), Some(&first), NOW + 10 * 86_400 - 1).unwrap();
        assert!(same.records().eq(first.records()));
        let due = signer.sign(&zone(HAMBURGER), Some(&first), NOW + 10 * 86_400).unwrap();
        let kept = |one: &Zone, other: &Zone| {
            let old: Vec<_> = of(other, RecordType::RRSIG);
            of(one, RecordType::RRSIG).into_iter().filter(|it| old.contains(it)).count()
        };
        assert_eq!((due.serial(), kept(&due, &first)), (2, 0));
        // One record more: the SOA's, its own, its neighbour's proof's, the digest's.
        let more = format!("{HAMBURGER}new.hamburger.edu. A 192.0.2.77\n");
        let next = signer.sign(&zone(&more), Some(&first), NOW + 86_400).unwrap();
        let all = of(&next, RecordType::RRSIG).len();
        assert_eq!((next.serial(), all - kept(&next, &first)), (2, 5));
        assert_eq!(next.check_zonemd(), ZonemdCheck::Verified);
        // And of that the next.
        let after = signer.sign(&zone(&more), Some(&next), NOW + 86_400).unwrap();
        assert!(after.records().eq(next.records()));
    }
}

#[test]
fn keys_that_sign_keys_sign_nothing_else() {
    let algorithm = DnssecAlgorithm::ECDSAP256SHA256;
    let (ksk, zsk) = (key(algorithm, true, 1), key(algorithm, false, 2));
    let (old, tags) = (key(algorithm, true, 3).revoked(), [ksk.public().tag(), zsk.public().tag()]);
    let revoked = old.public().tag();
    assert_ne!(revoked, key(algorithm, true, 3).public().tag());
    let signed = Signer::new(vec![ksk, zsk, old]).sign(&zone(HAMBURGER), None, NOW).unwrap();
    for record in of(&signed, RecordType::RRSIG) {
        let Rdata::Rrsig { covered, key_tag, .. } = record.data() else { panic!("{record}") };
        let for_keys = covered == RecordType::DNSKEY;
        let expected =
            if for_keys { key_tag == tags[0] || key_tag == revoked } else { key_tag == tags[1] };
        assert!(expected, "{record}");
    }
}

#[test]
fn the_child_asks_its_parent_for_its_keys() {
    let signer = Signer { child_records: true, ..signer() };
    let signed = signer.sign(&zone(HAMBURGER), None, NOW).unwrap();
    let ds: Vec<_> = signer.ds(signed.apex()).collect();
    let cds = of(&signed, RecordType::CDS);
    assert_eq!(cds.len(), 1);
    assert_eq!(cds[0].data().to_string(), ds[0].data().to_string());
    assert_eq!(of(&signed, RecordType::CDNSKEY).len(), 1);
    assert!(signed_types(&signed, "hamburger.edu").contains("CDS"));
}

#[test]
fn a_digest_of_a_signed_zone_is_signed_and_true() {
    for hash in [ZonemdHash::Sha384, ZonemdHash::Sha512] {
        let signer = Signer { zonemd: Some(hash), ..signer() };
        let signed = signer.sign(&zone(HAMBURGER), None, NOW).unwrap();
        assert_eq!(signed.check_zonemd(), ZonemdCheck::Verified);
        assert!(signed_types(&signed, "hamburger.edu").contains("ZONEMD"));
        let mut world = lecture_hall(&signer, Config::default());
        let verdict = world.validate("hamburger.edu", RecordType::ZONEMD);
        assert!(matches!(verdict, Verdict::Secure(_)), "{verdict:?}");
    }
    assert_eq!(zone(HAMBURGER).check_zonemd(), ZonemdCheck::Absent);
}

#[test]
fn digests_that_cannot_count_do_not() {
    let plain = zone(HAMBURGER);
    let digest = plain.zonemd(ZonemdHash::Sha384).data().to_string();
    let with = |lines: &[String]| {
        let lines: String =
            lines.iter().map(|line| format!("hamburger.edu. ZONEMD {line}\n")).collect();
        zone(&format!("{HAMBURGER}{lines}")).check_zonemd()
    };
    assert_eq!(with(std::slice::from_ref(&digest)), ZonemdCheck::Verified);
    assert_eq!(with(&[digest.replacen("1 ", "2 ", 1)]), ZonemdCheck::Serial);
    let (wrong, scheme) = (format!("1 1 1 {}", "00".repeat(48)), digest.replacen(" 1 ", " 2 ", 1));
    assert_eq!(with(std::slice::from_ref(&wrong)), ZonemdCheck::Mismatch);
    assert_eq!(with(&[scheme]), ZonemdCheck::Unsupported);
    // RFC 8976 §4: two of one kind, neither counts.
    assert_eq!(with(&[digest, wrong]), ZonemdCheck::Unsupported);
}

#[test]
fn zones_signed_by_others_are_signed_anew() {
    let text = include_str!("../zones/rfc5155.zone");
    let others = Zone::new(records(text)).unwrap();
    let signed = signer().sign(&others, None, NOW).unwrap();
    assert!(of(&signed, RecordType::NSEC3).is_empty());
    assert!(of(&signed, RecordType::NSEC3PARAM).is_empty());
    // Keys of others stay: perhaps they sign too.
    assert_eq!(of(&signed, RecordType::DNSKEY).len(), 3);
    let again = signer().sign(&signed, Some(&signed), NOW).unwrap();
    assert!(again.records().eq(signed.records()));
}

#[test]
fn key_files_are_read_as_they_were_written() {
    for algorithm in [
        DnssecAlgorithm::ECDSAP256SHA256,
        DnssecAlgorithm::ECDSAP384SHA384,
        DnssecAlgorithm::ED25519,
    ] {
        let pair = key(algorithm, false, 5);
        let file = pair.export();
        let text = std::str::from_utf8(file.expose()).unwrap();
        let read = KeyPair::import(pair.public().clone(), text).unwrap();
        assert_eq!(read.export(), file);
        assert!(pair.public().verify(b"x", &read.sign(b"x")));
        assert!(!format!("{pair:?}").contains("PrivateKey"));
        let other = key(algorithm, false, 6);
        assert!(KeyPair::import(other.public().clone(), text).is_err());
        assert!(KeyPair::import(pair.public().clone(), &text.replace("v1.3", "v2.0")).is_err());
        assert!(KeyPair::import(pair.public().clone(), &text.replace("Algorithm", "A")).is_err());
        for end in 0..text.len() - 1 {
            assert!(KeyPair::import(pair.public().clone(), &text[..end]).is_err());
        }
    }
}

#[test]
fn rsa_keys_are_imported_and_not_made() {
    let refused = KeyPair::generate(DnssecAlgorithm::RSASHA256, true, [1; 32]);
    assert_eq!(refused.unwrap_err(), Misuse::Algorithm);
    let text = include_str!("vectors/rfc5702-10");
    let lines: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("; ")).collect();
    let dnskey = records(text).into_iter().find(|it| it.rtype() == RecordType::DNSKEY).unwrap();
    let public = dns_proto::dnssec::PublicKey::from_data(&dnskey.data()).unwrap();
    let pair = KeyPair::import(public, &lines[1..].join("\n")).unwrap();
    let file = pair.export();
    let text = std::str::from_utf8(file.expose()).unwrap();
    assert_eq!(KeyPair::import(pair.public().clone(), text).unwrap().export(), file);
    let mut world = lecture_hall(&Signer::new(vec![pair]), Config::default());
    let verdict = world.validate("www.hamburger.edu", RecordType::A);
    assert!(matches!(verdict, Verdict::Secure(_)), "{verdict:?}");
}

#[test]
fn what_is_no_set_is_not_signed() {
    let (apex, pair) = (name("z"), key(DnssecAlgorithm::ED25519, true, 1));
    let period = Period::starting(NOW, 60);
    assert_eq!(sign_set(&[], &apex, &pair, period), Err(Misuse::Set));
    let mixed = records("a.z A 192.0.2.1\nb.z A 192.0.2.1\n");
    assert_eq!(sign_set(&mixed, &apex, &pair, period), Err(Misuse::Set));
}

#[test]
fn a_signed_zone_is_a_master_file() {
    let signed = signer().sign(&zone(HAMBURGER), None, NOW).unwrap();
    let text: String = signed.records().map(|record| format!("{record}\n")).collect();
    let read = zone_file::read("z", text.as_bytes(), dns_proto::Name::ROOT, |_| None).unwrap();
    assert!(Zone::new(read).unwrap().records().eq(signed.records()));
}
