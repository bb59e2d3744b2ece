//! The examples of the RFCs.
use dns_proto::dnssec::{Config, Limits, Response, Step, Trust, Validator, Verdict};
use dns_proto::{Name, Rcode, RecordType};

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
        let rcode = if sections.contains("NXDOMAIN") || question.contains("NXDOMAIN") {
            Rcode::NXDOMAIN
        } else {
            Rcode::NOERROR
        };
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

#[test]
fn dump() {
    let zone = include_str!("../zones/rfc4035.zone");
    let answers = include_str!("../zones/rfc4035.answers");
    for (question, verdict) in judge(zone, answers, 1_082_000_000) {
        eprintln!("{question}: {verdict:?}");
    }
    let zone = include_str!("../zones/rfc5155.zone");
    let answers = include_str!("../zones/rfc5155.answers");
    for (question, verdict) in judge(zone, answers, 1_200_000_000) {
        eprintln!("{question}: {verdict:?}");
    }
    let _ = (Limits::default(), Name::ROOT);
}
