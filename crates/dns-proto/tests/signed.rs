//! Presigned zones: the example zones of RFC 4035 and RFC 5155, and the answers those print.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use bytes::BytesMut;
use dns_proto::authority::{Client, Config};
use dns_proto::{
    Authority, Edns, Header, Message, Name, Outcome, Question, Rcode, Record, RecordType, Records,
    Section, Writer, Zone, zone_file,
};
use proto_core::Transport;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn records(text: &str) -> Vec<Record> {
    let text = format!("$TTL 3600\n$ORIGIN .\n{text}");
    zone_file::read("test", text.as_bytes(), Name::ROOT, |_| None).unwrap()
}

fn authority(zone: &str) -> Authority {
    let config = Config { servers: true, ..Config::default() };
    let mut authority = Authority::new(config);
    authority.insert(Zone::new(records(zone)).unwrap());
    authority
}

/// Asks with DO, and lets `check` see the answer.
fn ask(authority: &Authority, asked: &str, rtype: RecordType, check: impl FnOnce(Message<'_>)) {
    let mut query = BytesMut::new();
    let mut writer = Writer::new(&mut query, Header::default(), 512);
    let asked = name(asked);
    let question = Question { name: asked.view(), rtype, class: dns_proto::Class::IN };
    writer.question(question).unwrap();
    writer.edns(&Edns { dnssec_ok: true, ..Edns::new(4096) }).unwrap();
    writer.finish();
    let mut out = BytesMut::new();
    let _ = authority.respond(&query, Transport::Tcp, &mut out);
    check(Message::parse(&out).unwrap());
}

fn sorted(records: impl Iterator<Item = Record>) -> Vec<String> {
    let mut lines: Vec<_> = records.map(|record| record.to_string().to_lowercase()).collect();
    lines.sort();
    lines
}

fn of(records: Records<'_>) -> Vec<String> {
    sorted(records.map(Record::from).filter(|record| record.rtype() != RecordType::OPT))
}

/// Compares every answer with the printed one, section by section.
fn compare(zone: &str, answers: &str) -> usize {
    let authority = authority(zone);
    let mut count = 0;
    for example in answers.split("\n? ").skip(1) {
        let (question, sections) = example.split_once('\n').unwrap();
        let words: Vec<_> = question.split(' ').collect();
        let expected: Vec<_> =
            sections.split("> ").skip(1).map(|it| it.split_once('\n').unwrap()).collect();
        ask(&authority, words[0], words[1].parse().unwrap(), |message| {
            assert_eq!(message.rcode(), Rcode::new(words[2].parse().unwrap()), "{question}");
            assert_eq!(message.header().authoritative, words.len() > 3, "{question}");
            for (section, records_of) in &expected {
                let own = match *section {
                    "Answer" => message.answers(),
                    "Authority" => message.authorities(),
                    _ => message.additionals(),
                };
                let expected = sorted(records(records_of).into_iter());
                let mut own = of(own);
                if *section == "Additional" {
                    // The RFCs print the addresses of the zone's servers with some answers only.
                    own.retain(|line| expected.contains(line) || !line.starts_with("ns"));
                }
                assert_eq!(own, expected, "{question}, {section}");
            }
        });
        count += 1;
    }
    count
}

#[test]
fn the_answers_of_rfc_4035_appendix_b() {
    let (zone, answers) =
        (include_str!("zones/rfc4035.zone"), include_str!("zones/rfc4035.answers"));
    assert_eq!(compare(zone, answers), 8);
}

#[test]
fn the_answers_of_rfc_5155_appendix_b() {
    let (zone, answers) =
        (include_str!("zones/rfc5155.zone"), include_str!("zones/rfc5155.answers"));
    assert_eq!(compare(zone, answers), 7);
}

/// RFC 5155 §7.2.8.
#[test]
fn the_owner_of_an_nsec3_record_is_no_name() {
    let authority = authority(include_str!("zones/rfc5155.zone"));
    let owner = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example";
    ask(&authority, owner, RecordType::NSEC3, |message| {
        assert_eq!(message.rcode(), Rcode::NXDOMAIN);
    });
}

#[test]
fn more_iterations_than_allowed_prove_nothing() {
    // The zone has 12.
    for (iterations, proofs) in [(12, 3), (11, 0)] {
        let mut authority = Authority::new(Config { iterations, ..Config::default() });
        authority.insert(Zone::new(records(include_str!("zones/rfc5155.zone"))).unwrap());
        ask(&authority, "a.c.x.w.example", RecordType::A, |message| {
            let nsec3 = |record: &dns_proto::RecordRef<'_>| record.rtype() == RecordType::NSEC3;
            assert_eq!(message.authorities().filter(nsec3).count(), proofs);
        });
    }
}

#[test]
fn without_do_there_are_no_proofs_or_signatures() {
    let authority = authority(include_str!("zones/rfc5155.zone"));
    let query = dns_proto::Query::new(&name("a.c.x.w.example"), RecordType::A).write();
    let mut out = BytesMut::new();
    let client = Client::from(Transport::Udp);
    assert_eq!(authority.respond(&query, client, &mut out), Outcome::NxDomain);
    let message = Message::parse(&out).unwrap();
    let types: Vec<_> = message.section(Section::Authority).map(|it| it.rtype()).collect();
    assert_eq!(types, [RecordType::SOA]);
}

/// RFC 4592 §2.2.1: the zone, and what it answers.
#[test]
fn the_wildcards_of_rfc_4592() {
    let zone = "example. SOA ns host 1 2 3 4 5
example. NS ns.example.com.
example. NS ns.example.net.
*.example. TXT \"this is a wildcard\"
*.example. MX 10 host1.example.
sub.*.example. TXT \"this is not a wildcard\"
host1.example. A 192.0.2.1
_ssh._tcp.host1.example. SRV 0 0 22 host1.example.
_ssh._tcp.host2.example. SRV 0 0 22 host1.example.
subdel.example. NS ns.example.com.
subdel.example. NS ns.example.net.
";
    let authority = authority(zone);
    let mut client = BytesMut::new();
    for (asked, rtype, outcome) in [
        ("host3.example", RecordType::MX, Outcome::Answer),
        ("host3.example", RecordType::A, Outcome::NoData),
        ("foo.bar.example", RecordType::TXT, Outcome::Answer),
        ("host1.example", RecordType::MX, Outcome::NoData),
        ("sub.*.example", RecordType::MX, Outcome::NoData),
        ("_telnet._tcp.host1.example", RecordType::SRV, Outcome::NxDomain),
        ("host.subdel.example", RecordType::A, Outcome::Referral),
        ("ghost.*.example", RecordType::MX, Outcome::NxDomain),
        ("_tcp.host2.example", RecordType::SRV, Outcome::NoData),
        ("*.example", RecordType::TXT, Outcome::Answer),
    ] {
        let query = dns_proto::Query::new(&name(asked), rtype).write();
        client.clear();
        let answered = authority.respond(&query, Transport::Udp, &mut client);
        assert_eq!(answered, outcome, "{asked} {rtype}");
    }
}
