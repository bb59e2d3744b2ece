//! Who asks a little has others asked a lot.
use bytes::Bytes;
use dns_proto::recursive::{Event, Limits};
use dns_proto::{Header, Name, Rcode, Record, RecordType, Section, Writer};
use proto_core::Transport;

use crate::common::net::{ns, silent};
use crate::common::record;
use crate::rig::{COM, EVIL, Rig, first};

/// NXNSAttack (CVE-2020-12662) and NRDelegation (CVE-2022-3204): a delegation to very many servers,
/// all to be looked up in the victim's zone.
#[test]
fn nxnsattack_and_nrdelegation() {
    // A mute victim is asked twice for each of sixteen names, and twice more when its parent has been
    // asked whether it is still there.
    for (servers, mute, messages) in [(100, false, 5), (1500, false, 5), (1500, true, 62)] {
        let mut rig = Rig::new(Limits::default()).evil(move |_| {
            let of = |host| ns("sub.evil.com", &format!("x{host}.victim.com"));
            (0..servers).map(|host| (Section::Authority, of(host))).collect()
        });
        if mute {
            rig.net.serve("127.0.0.7", silent());
        }
        assert_eq!(rig.rcode("www.sub.evil.com"), Rcode::SERVFAIL);
        assert_eq!(rig.hits("127.0.0.7"), messages, "{servers} {mute}");
        // And nobody can have it done again at once.
        assert_eq!(rig.cost("www.sub.evil.com"), (Rcode::SERVFAIL, 0));
    }
}

/// CAMP: every server of every delegation is to be looked up in a delegation of the same kind, and so
/// on without end. One account pays for all of it, and its targets or its messages run out.
#[test]
fn camp_draws_on_one_account() {
    for queries in [199, 200, 201] {
        let limits = Limits { queries, ..Limits::default() };
        let mut rig = Rig::new(limits).evil(tree);
        let (rcode, messages) = rig.cost("www.0.evil.com");
        assert_eq!(rcode, Rcode::SERVFAIL);
        // Every name is one message to its parent: the target limit ends it long before.
        assert_eq!(messages, 64 + 3, "{queries}");
    }
    for queries in [40, 41] {
        let limits = Limits { queries, all_targets: 1000, targets: 1000, ..Limits::default() };
        let mut rig = Rig::new(limits).evil(tree);
        assert_eq!(rig.cost("www.0.evil.com"), (Rcode::SERVFAIL, queries as usize));
    }
}

/// Refers to sixteen servers in other delegations.
fn tree(asked: &Name) -> Vec<(Section, Record)> {
    let label = asked.parent().map(|above| first(&above)).unwrap_or_default();
    let number: usize = label.parse().unwrap_or_default();
    let server = |host| {
        let other = (number * 16 + host + 1) % 1_000_003;
        ns(&format!("{label}.evil.com"), &format!("ns.{other}.evil.com"))
    };
    (0..16).map(|host| (Section::Authority, server(host))).collect()
}

/// TsuKing and its kin by aliases: every link costs a message, and there are so many links, of
/// CNAME or of DNAME, and none of the names is ever too long.
#[test]
fn chains_of_aliases_cost_a_message_each_and_are_short() {
    let mut rig = Rig::new(Limits::default()).evil(|asked| {
        let next = format!("{asked} CNAME x{}", asked.to_string().trim_end_matches('.'));
        vec![(Section::Answer, record(&next))]
    });
    // Two to get there; the twelfth link is one too many.
    assert_eq!(rig.cost("x.evil.com"), (Rcode::SERVFAIL, 2 + 12));
    let mut rig = Rig::new(Limits::default())
        .evil(|_| vec![(Section::Answer, record("y.evil.com DNAME y.y.evil.com"))]);
    let (rcode, messages) = rig.cost("x.y.evil.com");
    assert!(rcode == Rcode::SERVFAIL && messages <= 2 + 12, "{messages}");
    // All links in one message are no better.
    let mut rig = Rig::new(Limits::default()).evil(|_| {
        let link = |at| record(&format!("c{at}.evil.com CNAME c{}.evil.com", at + 1));
        (0..1000).map(|at| (Section::Answer, link(at))).collect()
    });
    assert_eq!(rig.cost("c0.evil.com"), (Rcode::SERVFAIL, 3));
}

/// tsuNAME: two zones whose servers are in each other. Whatever is asked, and by how many, the
/// servers above are asked a few times and not again and again.
#[test]
fn tsuname_is_asked_about_once() {
    let mut rig = Rig::new(Limits::default());
    let com = format!("{COM}\n one.com NS ns.two.com\n two.com NS ns.one.com");
    rig.net.authority("127.0.0.2", &[&com]);
    for client in 0..50 {
        assert_eq!(rig.rcode(&format!("x{client}.one.com")), Rcode::SERVFAIL);
        assert_eq!(rig.rcode(&format!("x{client}.two.com")), Rcode::SERVFAIL);
    }
    let hits = rig.hits("127.0.0.2");
    assert!(hits <= 110, "{hits} messages for 100 questions");
}

/// Endless referrals: each one label deeper, each to the same server.
#[test]
fn referrals_without_end() {
    let mut rig = Rig::new(Limits::default()).liar(|query| {
        let question = query.question().unwrap();
        let asked = question.name.to_name();
        // One label more than was served last would need memory; a name of 100 labels does not.
        thread_local!(static DEPTH: core::cell::Cell<usize> = const { core::cell::Cell::new(3) });
        let depth = DEPTH.replace(DEPTH.get() + 1);
        let labels = asked.labels().count();
        let zone = Name::from_labels(asked.labels().skip(labels - depth)).unwrap();
        let mut out = bytes::BytesMut::new();
        let mut writer = Writer::new(&mut out, query.header().answer(), 65_535);
        writer.question(question).unwrap();
        writer.section(Section::Authority).unwrap();
        writer.record(&ns(&zone.to_string(), &format!("ns.{zone}"))).unwrap();
        writer.section(Section::Additional).unwrap();
        writer.record(&record(&format!("ns.{zone} A {EVIL}"))).unwrap();
        writer.finish();
        vec![out.freeze()]
    });
    let deep = format!("{}evil.com", "a.".repeat(100));
    let sends = usize::try_from(Limits::default().sends).unwrap();
    assert_eq!(rig.cost(&deep), (Rcode::SERVFAIL, sends));
}

/// A server that says that every answer is too long for UDP, and for TCP too.
#[test]
fn truncation_without_end() {
    let mut rig = Rig::new(Limits::default()).liar(|query| {
        let header = Header { truncated: true, authoritative: true, ..query.header().answer() };
        let mut out = bytes::BytesMut::new();
        let mut writer = Writer::new(&mut out, header, 512);
        writer.question(query.question().unwrap()).unwrap();
        writer.finish();
        vec![out.freeze()]
    });
    let (rcode, messages) = rig.cost("www.evil.com");
    assert!(rcode == Rcode::SERVFAIL && messages <= 2 + 4, "{messages}");
}

/// DNSBomb (CVE-2024-33655): many queries in a victim's name, whose answers a slow server holds back
/// and lets go in one moment. What is older than 1.9 s has no answer.
#[test]
fn dnsbomb_has_no_answers() {
    let mut rig = Rig::new(Limits::default());
    rig.net.serve(EVIL, silent());
    let events = rig.events("www.evil.com", RecordType::A, Transport::Udp);
    assert!(matches!(events[..], [Event::Discarded { .. }]) && rig.clock() >= 1, "{events:?}");
    // TCP cannot be had in another's name.
    let mut rig = Rig::new(Limits::default());
    rig.net.serve(EVIL, silent());
    let events = rig.events("www.evil.com", RecordType::A, Transport::Tcp);
    assert!(matches!(events[..], [Event::Reply { .. }]), "{events:?}");
}

/// A server that answers every query with thousands of datagrams: the first that fits is believed,
/// and the others are not even read.
#[test]
fn a_flood_of_answers_is_one_answer() {
    let mut rig = Rig::new(Limits::default()).liar(|query| {
        let asked = query.question().unwrap().name.to_name();
        let answer = |last: usize| -> Bytes {
            let line = format!("{asked} A 6.6.{}.{}", last / 256, last % 256);
            crate::common::net::answer(query, &[(Section::Answer, record(&line))])
        };
        (0..5000).map(answer).collect()
    });
    assert_eq!(rig.cost("www.evil.com"), (Rcode::NOERROR, 3));
    assert_eq!(rig.cost("www.evil.com"), (Rcode::NOERROR, 0));
}
