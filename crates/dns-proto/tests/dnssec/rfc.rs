//! The examples of the RFCs.
use dns_proto::dnssec::{
    Config, Ds, Insecure, KeyPair, Period, PublicKey, Response, Step, Trust, Validator, Verdict,
    ZonemdCheck, nsec3_hash, sign_set,
};
use dns_proto::{Rcode, Rdata, RecordType, Zone, zone_file};

use crate::world::{name, records};

/// Judges every answer that an RFC prints; the zone's keys are the anchor.
fn judge(zone: &str, answers: &str, now: u64) -> Vec<(String, Verdict)> {
    let zone = records(zone);
    let keys: Vec<_> = zone.iter().filter(|it| it.rtype() == RecordType::DNSKEY).collect();
    let mut trust = Trust::new(Config::default());
    keys.iter().for_each(|key| trust.add_record(key).unwrap());
    let signed = |record: &&dns_proto::Record| {
        record.rtype() == RecordType::RRSIG && record.data().to_string().starts_with("DNSKEY")
    };
    let mut key_answer = Response::new(name("example"), RecordType::DNSKEY, Rcode::NOERROR);
    key_answer.answers = keys.into_iter().chain(zone.iter().filter(signed)).cloned().collect();
    let mut verdicts = Vec::new();
    for example in answers.split("\n? ").skip(1) {
        let (question, sections) = example.split_once('\n').unwrap();
        let words: Vec<_> = question.split(' ').collect();
        let part = |section: &str| {
            let parts = sections.split("> ").skip(1).map(|it| it.split_once('\n').unwrap());
            let own = parts.filter(|(head, _)| head.eq_ignore_ascii_case(section));
            own.flat_map(|(_, text)| records(text)).collect::<Vec<_>>()
        };
        let rcode = Rcode::new(words[2].parse().unwrap());
        let mut response = Response::new(name(words[0]), words[1].parse().unwrap(), rcode);
        (response.answers, response.authorities) = (part("answer"), part("authority"));
        let mut validator = Validator::new(response, &trust);
        let verdict = loop {
            match validator.poll(&mut trust, now) {
                Step::Done(verdict) => break verdict,
                Step::Yield => {}
                Step::Need { name, rtype } => {
                    let known = name == key_answer.name && rtype == RecordType::DNSKEY;
                    validator.supply(known.then(|| key_answer.clone()));
                }
            }
        };
        verdicts.push((question.to_owned(), verdict));
    }
    verdicts
}

fn compare(verdicts: &[(String, Verdict)], expected: &[(&str, Expected)]) {
    for (question, expected) in expected {
        let (_, verdict) = verdicts.iter().find(|(own, _)| own == question).unwrap();
        match (expected, verdict) {
            (Expected::Secure(rcode), Verdict::Secure(found)) => assert_eq!(found.rcode, *rcode),
            (Expected::Insecure(reason), Verdict::Insecure(found)) => assert_eq!(found, reason),
            (Expected::Indeterminate, Verdict::Indeterminate) => {}
            _ => panic!("{question}: {verdict:?}"),
        }
    }
}

enum Expected {
    Secure(Rcode),
    Insecure(Insecure),
    Indeterminate,
}

/// Answers of RFC 4035 appendix B, by the signatures as they are printed. The referrals aside,
/// which are no answers.
#[test]
fn answers_of_rfc_4035_are_secure() {
    let zone = include_str!("../zones/rfc4035.zone");
    let answers = include_str!("../zones/rfc4035.answers");
    let expected = [
        ("x.w.example. MX 0 AA", Expected::Secure(Rcode::NOERROR)),
        ("ml.example. A 3 AA", Expected::Secure(Rcode::NXDOMAIN)),
        ("ns1.example. MX 0 AA", Expected::Secure(Rcode::NOERROR)),
        ("a.z.w.example. MX 0 AA", Expected::Secure(Rcode::NOERROR)),
        ("a.z.w.example. AAAA 0 AA", Expected::Secure(Rcode::NOERROR)),
        // The parent's, and of the parent nothing is known.
        ("example. DS 0 AA", Expected::Indeterminate),
    ];
    compare(&judge(zone, answers, 1_082_000_000), &expected);
}

/// Answers of RFC 5155 appendix B. The zone opts out: what is covered may be there unsigned.
#[test]
fn answers_of_rfc_5155_are_proven() {
    let zone = include_str!("../zones/rfc5155.zone");
    let answers = include_str!("../zones/rfc5155.answers");
    let expected = [
        ("a.c.x.w.example. A 3 AA", Expected::Insecure(Insecure::OptOut)),
        ("ns1.example. MX 0 AA", Expected::Secure(Rcode::NOERROR)),
        ("y.w.example. A 0 AA", Expected::Secure(Rcode::NOERROR)),
        ("a.z.w.example. MX 0 AA", Expected::Insecure(Insecure::OptOut)),
        ("a.z.w.example. AAAA 0 AA", Expected::Insecure(Insecure::OptOut)),
        ("example. DS 0 AA", Expected::Indeterminate),
    ];
    compare(&judge(zone, answers, 1_200_000_000), &expected);
}

#[test]
fn names_hash_as_in_rfc_5155_appendix_a() {
    let owners = [
        ("example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
        ("a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
        ("*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"),
        ("xx.example", "t644ebqk9bibcna874givr6joj62mlhv"),
    ];
    for (owner, label) in owners {
        let hash = nsec3_hash(&name(owner), 12, &[0xaa, 0xbb, 0xcc, 0xdd]);
        let data = format!("1 0 0 - {label} A");
        let mut octets = Vec::new();
        Rdata::parse_text(RecordType::NSEC3, &data, &mut octets).unwrap();
        let Ok(Rdata::Nsec3 { next, .. }) = Rdata::parse(RecordType::NSEC3, &octets) else {
            panic!("{owner}");
        };
        assert_eq!(next.octets(), hash, "{owner}");
    }
}

/// Keys, digests and signatures of RFC 5702 §6, RFC 6605 §6 and RFC 8080 §6, with the private keys.
#[test]
fn signatures_of_the_rfcs_are_verified_and_made() {
    let vectors = [
        (include_str!("vectors/rfc5702-8"), true),
        (include_str!("vectors/rfc5702-10"), true),
        // These were signed with random numbers.
        (include_str!("vectors/rfc6605-13"), false),
        (include_str!("vectors/rfc6605-14"), false),
        (include_str!("vectors/rfc8080-15a"), true),
        (include_str!("vectors/rfc8080-15b"), true),
    ];
    for (text, deterministic) in vectors {
        let all = records(text);
        let of = |rtype| all.iter().find(|it| it.rtype() == rtype);
        let key_record = of(RecordType::DNSKEY).unwrap();
        let key = PublicKey::from_data(&key_record.data()).unwrap();
        let zone = key_record.owner();
        if let Some(ds) = of(RecordType::DS).and_then(|it| Ds::from_data(&it.data())) {
            assert!(ds.matches(&zone.view(), &key));
        }
        let signed = all.iter().find(|it| [RecordType::A, RecordType::MX].contains(&it.rtype()));
        let rrsig = of(RecordType::RRSIG).unwrap();
        let Rdata::Rrsig { inception, expiration, key_tag, .. } = rrsig.data() else {
            panic!("{rrsig}");
        };
        assert_eq!(key.tag(), key_tag);
        // As the zone's answer.
        let mut response =
            Response::new(rrsig.owner().clone(), signed.unwrap().rtype(), Rcode::NOERROR);
        response.answers = vec![signed.unwrap().clone(), rrsig.clone()];
        let lines: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("; ")).collect();
        let pair = KeyPair::import(key.clone(), &lines[1..].join("\n")).unwrap();
        let period = Period { inception: inception.0, expiration: expiration.0 };
        let key_rrsig = sign_set(std::slice::from_ref(key_record), zone, &pair, period).unwrap();
        let mut keys = Response::new(zone.clone(), RecordType::DNSKEY, Rcode::NOERROR);
        keys.answers = vec![key_record.clone(), key_rrsig];
        let mut trust = Trust::new(Config::default());
        trust.add_key(zone.clone(), &key);
        let mut validator = Validator::new(response, &trust);
        let now = u64::from(inception.0) + 1;
        assert!(matches!(validator.poll(&mut trust, now), Step::Need { .. }));
        validator.supply(Some(keys));
        let step = validator.poll(&mut trust, now);
        assert!(matches!(step, Step::Done(Verdict::Secure(_))), "{text}: {step:?}");
        if deterministic {
            let again = sign_set(&[signed.unwrap().clone()], zone, &pair, period).unwrap();
            assert_eq!(again.data(), rrsig.data());
        }
    }
}

#[test]
fn zones_of_rfc_8976_have_the_digests_they_say() {
    let zones = [
        ("example", include_str!("../zones/rfc8976-a1.zone")),
        ("example", include_str!("../zones/rfc8976-a2.zone")),
        ("example", include_str!("../zones/rfc8976-a3.zone")),
        ("uri.arpa", include_str!("../zones/rfc8976-a4.zone")),
        ("root-servers.net", include_str!("../zones/rfc8976-a5.zone")),
    ];
    for (number, (apex, text)) in (1..).zip(zones) {
        let apex = name(apex);
        let mut all = zone_file::read("zone", text.as_bytes(), apex.clone(), |_| None).unwrap();
        // A.2 has a record of another zone, which is to be left out.
        all.retain(|record| record.owner().is_within(apex.view()));
        let zone = Zone::new(all.clone()).unwrap();
        assert_eq!(zone.check_zonemd(), ZonemdCheck::Verified, "A.{number}");
        // Any other record, or none of one, is another zone.
        let first = all.iter().position(|record| record.rtype() == RecordType::NS).unwrap();
        all.remove(first);
        let other = Zone::new(all).unwrap();
        assert_eq!(other.check_zonemd(), ZonemdCheck::Mismatch, "A.{number}");
    }
}
