//! The authority: RFC 1034 §4.3.2, case by case, and dynamic update.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod common;

use bytes::BytesMut;
use common::{ask, authority, lines, name, record, zone};
use dns_proto::authority::Config;
use dns_proto::{
    Authority, Class, Edns, Header, Message, Misuse, Opcode, Outcome, Query, Question, Rcode,
    RecordType, Section, Update, Writer, Zone,
};
use proptest::prelude::*;
use proto_core::Transport;

const EDU: &str = "
    edu SOA 1
    edu NS a.edu
    a.edu A 127.0.0.2
    hamburger.edu NS dns.hamburger.edu
    dns.hamburger.edu A 127.0.0.5
    crossed.edu NS a.edu
";

const HAMBURGER: &str = "
    hamburger.edu SOA 1
    hamburger.edu NS dns.hamburger.edu
    hamburger.edu MX 10 mail.hamburger.edu
    hamburger.edu MX 20 backup.crepes.fr
    dns.hamburger.edu A 127.0.0.5
    mail.hamburger.edu A 127.0.0.6
    mail.hamburger.edu AAAA ::1
    www.hamburger.edu CNAME web.hamburger.edu
    web.hamburger.edu A 127.0.0.7
    gone.hamburger.edu CNAME nowhere.hamburger.edu
    away.hamburger.edu CNAME www.crepes.fr
    a.b.hamburger.edu TXT deep
    *.wild.hamburger.edu MX 5 mail.hamburger.edu
    there.wild.hamburger.edu A 127.0.0.8
    old.hamburger.edu DNAME new.hamburger.edu
    x.new.hamburger.edu A 127.0.0.9
";

/// Checks the outcome and the lines of an answer.
#[track_caller]
fn check(asked: &str, rtype: RecordType, outcome: Outcome, expected: &[&str]) {
    let (was, message) = ask(&authority(&[HAMBURGER]), asked, rtype);
    assert_eq!(
        (was, lines(&message.view())),
        (outcome, expected.iter().map(ToString::to_string).collect())
    );
    assert!(message.view().header().authoritative);
}

#[test]
fn data_come_with_the_addresses_they_need() {
    let expected = [
        "hamburger.edu. MX 10 mail.hamburger.edu.",
        "hamburger.edu. MX 20 backup.crepes.fr.",
        "+ mail.hamburger.edu. A 127.0.0.6",
        "+ mail.hamburger.edu. AAAA ::1",
    ];
    check("hamburger.edu", RecordType::MX, Outcome::Answer, &expected);
}

#[test]
fn a_delegation_is_no_authority_and_brings_glue() {
    for asked in ["hamburger.edu", "www.hamburger.edu"] {
        let (outcome, message) = ask(&authority(&[EDU]), asked, RecordType::A);
        assert_eq!(outcome, Outcome::Referral);
        assert!(!message.view().header().authoritative);
        let expected =
            ["? hamburger.edu. NS dns.hamburger.edu.", "+ dns.hamburger.edu. A 127.0.0.5"];
        assert_eq!(lines(&message.view()), expected);
    }
}

#[test]
fn the_signer_of_a_delegation_is_asked_above_the_cut() {
    let (outcome, message) = ask(&authority(&[EDU, HAMBURGER]), "hamburger.edu", RecordType::DS);
    assert_eq!((outcome, lines(&message.view())), (Outcome::NoData, vec!["? edu. SOA".into()]));
}

#[test]
fn aliases_are_followed_inside_the_zone() {
    let cname = "www.hamburger.edu. CNAME web.hamburger.edu.";
    let a = RecordType::A;
    let expected = [cname, "web.hamburger.edu. A 127.0.0.7"];
    check("www.hamburger.edu", a, Outcome::Answer, &expected);
    check("www.hamburger.edu", RecordType::CNAME, Outcome::Answer, &[cname]);
    let expected = ["away.hamburger.edu. CNAME www.crepes.fr."];
    check("away.hamburger.edu", a, Outcome::Answer, &expected);
    // RFC 6604: the end of the chain decides.
    let expected = ["gone.hamburger.edu. CNAME nowhere.hamburger.edu.", "? hamburger.edu. SOA"];
    check("gone.hamburger.edu", a, Outcome::NxDomain, &expected);
}

#[test]
fn what_is_not_there_is_denied_with_the_soa() {
    let soa = ["? hamburger.edu. SOA"];
    check("nowhere.hamburger.edu", RecordType::A, Outcome::NxDomain, &soa);
    check("web.hamburger.edu", RecordType::MX, Outcome::NoData, &soa);
    // An empty non-terminal exists (RFC 4592 §2.2.2).
    check("b.hamburger.edu", RecordType::A, Outcome::NoData, &soa);
    check("wild.hamburger.edu", RecordType::A, Outcome::NoData, &soa);
    // RFC 2308 §3: the TTL is the least of the SOA's and its minimum.
    let (_, message) = ask(&authority(&[HAMBURGER]), "nowhere.hamburger.edu", RecordType::A);
    assert_eq!(message.view().authorities().next().unwrap().ttl(), 60);
}

#[test]
fn wildcards_cover_what_is_not_there() {
    let mx = RecordType::MX;
    let (_, message) = ask(&authority(&[HAMBURGER]), "x.y.wild.hamburger.edu", mx);
    let expected = "x.y.wild.hamburger.edu. MX 5 mail.hamburger.edu.";
    assert_eq!(lines(&message.view())[0], expected);
    let soa = ["? hamburger.edu. SOA"];
    check("x.wild.hamburger.edu", RecordType::A, Outcome::NoData, &soa);
    check("there.wild.hamburger.edu", mx, Outcome::NoData, &soa);
    check("x.there.wild.hamburger.edu", mx, Outcome::NxDomain, &soa);
}

#[test]
fn a_dname_moves_a_subtree() {
    let expected = [
        "old.hamburger.edu. DNAME new.hamburger.edu.",
        "x.old.hamburger.edu. CNAME x.new.hamburger.edu.",
        "x.new.hamburger.edu. A 127.0.0.9",
    ];
    check("x.old.hamburger.edu", RecordType::A, Outcome::Answer, &expected);
    let soa = ["? hamburger.edu. SOA"];
    check("old.hamburger.edu", RecordType::A, Outcome::NoData, &soa);
    let long = format!("{0}.{0}.{0}.{1}.old.hamburger.edu", "x".repeat(63), "x".repeat(43));
    let longer = zone(&HAMBURGER.replace("DNAME new.", "DNAME a.much.longer.new."));
    let mut authority = Authority::default();
    authority.insert(longer);
    let (outcome, _) = ask(&authority, &long, RecordType::A);
    assert_eq!(outcome, Outcome::Failed(Rcode::YXDOMAIN));
}

#[test]
fn any_gets_one_rrset() {
    let (_, message) = ask(&authority(&[HAMBURGER]), "hamburger.edu", RecordType::ANY);
    assert_eq!(lines(&message.view())[0], "hamburger.edu. NS dns.hamburger.edu.");
    assert_eq!(message.view().answers().count(), 1);
}

#[test]
fn chains_of_aliases_are_followed_so_far() {
    let mut text = String::from("z SOA 1\n");
    (0..20).for_each(|link| text += &format!("c{link}.z CNAME c{}.z\n", link + 1));
    let mut authority = Authority::new(Config { cnames: 3, ..Config::default() });
    authority.insert(zone(&text));
    // With c20 missing, exactly three links from c17 are followed to the end.
    assert_eq!(ask(&authority, "c17.z", RecordType::A).0, Outcome::NxDomain);
    let (outcome, message) = ask(&authority, "c16.z", RecordType::A);
    assert_eq!((outcome, message.view().answers().count()), (Outcome::Answer, 4));
}

#[test]
fn loops_of_aliases_end() {
    let authority = authority(&["z SOA 1\n a.z CNAME b.z\n b.z CNAME a.z"]);
    let (outcome, message) = ask(&authority, "a.z", RecordType::A);
    assert_eq!((outcome, message.view().answers().count()), (Outcome::Answer, 12));
}

#[test]
fn other_zones_and_classes_are_refused() {
    let authority = authority(&[HAMBURGER]);
    assert_eq!(ask(&authority, "crepes.fr", RecordType::A).0, Outcome::Failed(Rcode::REFUSED));
    assert_eq!(ask(&authority, "edu", RecordType::NS).0, Outcome::Failed(Rcode::REFUSED));
    let mut query = BytesMut::new();
    let mut writer = Writer::new(&mut query, Header::default(), 512);
    let (name, rtype) = (name("hamburger.edu"), RecordType::MX);
    writer.question(Question { name: name.view(), rtype, class: Class::CH }).unwrap();
    writer.finish();
    let outcome = authority.respond(&query, Transport::Udp, &mut BytesMut::new());
    assert_eq!(outcome, Outcome::Failed(Rcode::REFUSED));
}

#[test]
fn what_cannot_be_answered_gets_its_rcode_or_silence() {
    let authority = authority(&[HAMBURGER]);
    let query = Query::new(&name("hamburger.edu"), RecordType::A).id(7).write();
    let respond = |change: fn(&mut Vec<u8>)| {
        let mut octets = query.to_vec();
        change(&mut octets);
        let mut out = BytesMut::new();
        let outcome = authority.respond(&octets, Transport::Udp, &mut out);
        let rcode = Message::parse(&out).ok().map(|message| message.rcode());
        assert_eq!(rcode.is_none(), outcome == Outcome::Ignored);
        rcode
    };
    assert_eq!(respond(|_| ()), Some(Rcode::NOERROR));
    assert_eq!(respond(|octets| octets[2] |= 0x80), None);
    assert_eq!(respond(|octets| octets.truncate(11)), None);
    assert_eq!(respond(|octets| octets.truncate(20)), Some(Rcode::FORMERR));
    assert_eq!(respond(|octets| octets[2] |= 0x10), Some(Rcode::NOTIMP));
    assert_eq!(respond(|octets| octets[2] |= 0x28), Some(Rcode::REFUSED));
    let version = |octets: &mut Vec<u8>| {
        let at = octets.len() - 5;
        octets[at] = 1;
    };
    assert_eq!(respond(version), Some(Rcode::BADVERS));
    let transfer = ask(&authority, "hamburger.edu", RecordType::AXFR).0;
    assert_eq!(transfer, Outcome::Failed(Rcode::NOTIMP));
}

#[test]
fn an_answer_that_does_not_fit_is_truncated_whole() {
    let mut text = String::from("z SOA 1\n");
    (0..40).for_each(|host| text += &format!("z A 10.0.0.{host}\n"));
    let authority = authority(&[&text]);
    for (payload, via, count) in [
        (None, Transport::Udp, 0),
        (Some(600), Transport::Udp, 0),
        (Some(700), Transport::Udp, 40),
        (None, Transport::Tcp, 40),
    ] {
        let query = Query::new(&name("z"), RecordType::A).payload(payload).write();
        let mut out = BytesMut::new();
        let _ = authority.respond(&query, via, &mut out);
        let message = Message::parse(&out).unwrap();
        assert_eq!((message.answers().count(), message.header().truncated), (count, count == 0));
        assert_eq!(message.edns().is_some(), payload.is_some());
    }
}

#[test]
fn no_udp_answer_exceeds_the_configured_payload() {
    let mut text = String::from("z SOA 1\n");
    (0..40).for_each(|host| text += &format!("z A 10.0.0.{host}\n"));
    // 12 header, 7 question, 40 times 16, 11 OPT.
    for (payload, whole) in [(670, true), (669, false)] {
        let mut authority = Authority::new(Config { payload, ..Config::default() });
        authority.insert(zone(&text));
        let (_, message) = ask(&authority, "z", RecordType::A);
        assert_eq!(message.view().header().truncated, !whole);
        assert_eq!(message.view().edns(), Some(Edns::new(payload)));
    }
}

#[test]
fn a_zone_refuses_what_does_not_belong() {
    let apex = || record("z SOA 1");
    let refused = |line: &str| Zone::new([apex(), record("c.z CNAME z"), record(line)]).err();
    assert_eq!(refused("y A 127.0.0.1"), Some(Misuse::OutOfZone));
    assert_eq!(refused("c.z A 127.0.0.1"), Some(Misuse::Cname));
    assert_eq!(refused("z CNAME y"), Some(Misuse::Cname));
    assert_eq!(refused("c.z CNAME y"), Some(Misuse::Cname));
    assert_eq!(refused("c.z CNAME z"), None);
    assert_eq!(refused("z SOA 2"), Some(Misuse::Soa));
    assert_eq!(Zone::new([record("z A 127.0.0.1")]).err(), Some(Misuse::Soa));
    let chaos = record("z A 127.0.0.1").with_class(Class::CH);
    assert_eq!(Zone::new([apex(), chaos]).err(), Some(Misuse::Class));
}

/// Applies an update and returns its outcome.
fn apply(authority: &mut Authority, update: &Update) -> Outcome {
    let octets = update.write().unwrap();
    let mut out = BytesMut::new();
    let message = Message::parse(&octets).unwrap();
    let outcome = authority.update(&message, Transport::Udp, &mut out);
    let answer = Message::parse(&out).unwrap();
    assert_eq!(answer.header().opcode, Opcode::UPDATE);
    assert_eq!(answer.header().rcode == Rcode::NOERROR, !matches!(outcome, Outcome::Failed(_)));
    outcome
}

const COM: &str = "com SOA 4294967295\n com NS a.com\n a.com A 127.0.0.3";

fn com() -> (Authority, Update) {
    (authority(&[COM]), Update::new(name("com")))
}

#[test]
fn a_registrar_inserts_a_delegation_once() {
    let (mut authority, update) = com();
    let update = update
        .require_no_name(name("networkutopia.com"))
        .insert(record("networkutopia.com NS dns1.networkutopia.com"))
        .insert(record("dns1.networkutopia.com A 127.0.0.9"));
    assert_eq!(apply(&mut authority, &update), Outcome::Updated { changed: true });
    // RFC 1982: after the last serial comes the first; zero is left out.
    assert_eq!(authority.zone(name("com").view()).unwrap().serial(), 1);
    let (outcome, message) = ask(&authority, "www.networkutopia.com", RecordType::A);
    assert_eq!((outcome, lines(&message.view()).len()), (Outcome::Referral, 2));
    assert_eq!(apply(&mut authority, &update), Outcome::Failed(Rcode::YXDOMAIN));
}

#[test]
fn every_prerequisite_fails_with_its_rcode() {
    let (mut authority, update) = com();
    let a = RecordType::A;
    let cases = [
        (update.clone().require_name(name("x.com")), Rcode::NXDOMAIN),
        (update.clone().require_no_name(name("a.com")), Rcode::YXDOMAIN),
        (update.clone().require_set(name("a.com"), RecordType::MX), Rcode::NXRRSET),
        (update.clone().require_no_set(name("a.com"), a), Rcode::YXRRSET),
        (update.clone().require_record(record("a.com A 127.0.0.4")), Rcode::NXRRSET),
        (update.clone().require_name(name("fr")), Rcode::NOTZONE),
        (update.clone().insert(record("fr A 127.0.0.4")), Rcode::NOTZONE),
        (Update::new(name("x.com")), Rcode::NOTAUTH),
    ];
    let before: Vec<_> = authority.zone(name("com").view()).unwrap().records().collect();
    for (update, rcode) in cases {
        let update = update.insert(record("new.com A 127.0.0.4"));
        assert_eq!(apply(&mut authority, &update), Outcome::Failed(rcode));
    }
    // Atomic: nothing of the failed ones is there.
    assert!(authority.zone(name("com").view()).unwrap().records().eq(before));
    let met = update
        .require_name(name("a.com"))
        .require_no_name(name("x.com"))
        .require_set(name("a.com"), a)
        .require_no_set(name("a.com"), RecordType::MX)
        .require_record(record("a.com A 127.0.0.3"));
    assert_eq!(apply(&mut authority, &met), Outcome::Updated { changed: false });
}

#[test]
fn the_apex_keeps_its_soa_and_a_server() {
    let (mut authority, update) = com();
    let update = update
        .remove_name(name("com"))
        .remove_set(name("com"), RecordType::NS)
        .remove(record("com NS a.com"))
        .remove_set(name("com"), RecordType::SOA);
    assert_eq!(apply(&mut authority, &update), Outcome::Updated { changed: false });
}

#[test]
fn records_sets_and_names_are_removed() {
    let (mut authority, update) = com();
    let changed = Outcome::Updated { changed: true };
    let add =
        update.clone().insert(record("b.com A 127.0.0.4")).insert(record("b.com A 127.0.0.5"));
    let add = add.insert(record("b.com MX 5 a.com"));
    assert_eq!(apply(&mut authority, &add), changed);
    let count =
        |authority: &Authority| authority.zone(name("com").view()).unwrap().records().count();
    assert_eq!(count(&authority), 6);
    apply(&mut authority, &update.clone().remove(record("b.com A 127.0.0.4")));
    assert_eq!(count(&authority), 5);
    apply(&mut authority, &update.clone().remove_set(name("b.com"), RecordType::A));
    assert_eq!(count(&authority), 4);
    apply(&mut authority, &update.remove_name(name("b.com")));
    assert_eq!(count(&authority), 3);
    assert_eq!(ask(&authority, "b.com", RecordType::A).0, Outcome::NxDomain);
}

#[test]
fn cnames_and_data_do_not_mix_by_update() {
    let (mut authority, update) = com();
    let unchanged = Outcome::Updated { changed: false };
    assert_eq!(
        apply(&mut authority, &update.clone().insert(record("a.com CNAME b.com"))),
        unchanged
    );
    let alias =
        update.clone().insert(record("w.com CNAME b.com")).insert(record("w.com A 127.0.0.4"));
    assert_eq!(apply(&mut authority, &alias), Outcome::Updated { changed: true });
    let moved = update.insert(record("w.com CNAME a.com"));
    assert_eq!(apply(&mut authority, &moved), Outcome::Updated { changed: true });
    let (_, message) = ask(&authority, "w.com", RecordType::A);
    assert_eq!(lines(&message.view()), ["w.com. CNAME a.com.", "a.com. A 127.0.0.3"]);
}

#[test]
fn a_newer_soa_replaces_and_an_older_is_ignored() {
    let (mut authority, update) = com();
    let serial = |authority: &Authority| authority.zone(name("com").view()).unwrap().serial();
    let older = update.clone().insert(record("com SOA 4294967294"));
    assert_eq!(apply(&mut authority, &older), Outcome::Updated { changed: false });
    let newer = update.insert(record("com SOA 17"));
    assert_eq!(apply(&mut authority, &newer), Outcome::Updated { changed: true });
    assert_eq!(serial(&authority), 17);
}

#[test]
fn malformed_updates_change_nothing() {
    let (mut authority, _) = com();
    // An address without octets, in the zone's own class.
    let mut octets = BytesMut::new();
    let header = Header { opcode: Opcode::UPDATE, ..Header::default() };
    let mut writer = Writer::new(&mut octets, header, 512);
    let (apex, rtype) = (name("com"), RecordType::SOA);
    writer.question(Question { name: apex.view(), rtype, class: Class::IN }).unwrap();
    writer.section(Section::Authority).unwrap();
    writer.empty(name("x.com").view(), RecordType::A, Class::IN).unwrap();
    writer.finish();
    let message = Message::parse(&octets).unwrap();
    let outcome = authority.update(&message, Transport::Udp, &mut BytesMut::new());
    assert_eq!(outcome, Outcome::Failed(Rcode::FORMERR));
}

fn lines_of_com() -> impl Strategy<Value = String> {
    let owner = prop::sample::select(vec!["com", "a.com", "b.com", "x.b.com", "*.com"]);
    let data = prop::sample::select(vec![
        "A 127.0.0.1",
        "A 127.0.0.2",
        "NS a.com",
        "NS b.com",
        "CNAME a.com",
        "CNAME b.com",
        "DNAME b.com",
        "MX 5 a.com",
        "SOA 3",
        "SOA 4000000000",
    ]);
    (owner, data).prop_map(|(owner, data)| format!("{owner} {data}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_zone_stays_a_zone_whatever_updates_do(
        changes in prop::collection::vec((0..4_u8, lines_of_com()), 0..30)
    ) {
        let (mut authority, mut update) = com();
        for (kind, line) in &changes {
            let record = record(line);
            let (owner, rtype) = (record.owner().clone(), record.rtype());
            update = match kind {
                0 => update.remove(record),
                1 => update.remove_set(owner, rtype),
                2 if owner != name("com") => update.remove_name(owner),
                _ => update.insert(record),
            };
        }
        let outcome = apply(&mut authority, &update);
        let zone = authority.zone(name("com").view()).unwrap();
        // Whatever it holds, it could have been made of.
        let again = Zone::new(zone.records());
        prop_assert!(again.is_ok(), "{outcome:?} {again:?}");
        prop_assert_eq!(outcome == Outcome::Updated { changed: true }, zone.serial() != u32::MAX);
        for asked in ["com", "a.com", "b.com", "x.b.com", "y.x.b.com", "z.com"] {
            let (_, message) = ask(&authority, asked, RecordType::MX);
            prop_assert!(message.view().header().response);
        }
    }

    #[test]
    fn no_damaged_message_panics_the_authority(
        damage in prop::collection::vec((any::<u16>(), any::<u8>()), 1..4)
    ) {
        let (mut authority, update) = com();
        let update = update.require_name(name("a.com")).insert(record("b.com CNAME a.com"));
        let query = Query::new(&name("b.com"), RecordType::MX).write();
        for octets in [update.write().unwrap(), query] {
            let mut octets = octets.to_vec();
            for &(at, octet) in &damage {
                let at = usize::from(at) % octets.len();
                octets[at] = octet;
            }
            let mut out = BytesMut::new();
            let ignored = authority.respond(&octets, Transport::Udp, &mut out) == Outcome::Ignored;
            prop_assert_eq!(ignored, Message::parse(&out).is_err());
            if let Ok(message) = Message::parse(&octets) {
                let mut out = BytesMut::new();
                let _ = authority.update(&message, Transport::Udp, &mut out);
                prop_assert!(Zone::new(authority.zone(name("com").view()).unwrap().records()).is_ok());
            }
        }
    }
}

/// RFC 1035 §6.2.
#[test]
fn a_question_for_every_class_has_no_authoritative_answer() {
    let authority = authority(&["edu SOA 1\n hamburger.edu A 192.0.2.1"]);
    let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x09hamburger\x03edu\0\0\x01\0\xff";
    let mut out = BytesMut::new();
    assert_eq!(authority.respond(query, Transport::Udp, &mut out), Outcome::Answer);
    let answer = Message::parse(&out).unwrap();
    assert!(!answer.header().authoritative);
    assert_eq!(answer.answers().count(), 1);
}

#[test]
fn the_opt_record_of_an_update_is_seen() {
    let update =
        b"\0\0\x2f\0\0\x01\0\0\0\0\0\x01\x03edu\0\0\x06\0\x01\0\0\x29\x04\xd0\0\x02\x80\0\0\0";
    let update = Message::parse(update).unwrap();
    assert_eq!(update.edns().map(|edns| (edns.payload, edns.version)), Some((1232, 2)));
    let mut out = BytesMut::new();
    let outcome = authority(&["edu SOA 1"]).answer(&update, Transport::Udp, &mut out);
    assert_eq!(outcome, Outcome::Failed(Rcode::BADVERS));
    assert_eq!(Message::parse(&out).unwrap().rcode(), Rcode::BADVERS);
}
