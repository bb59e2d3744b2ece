//! What is said of others' names, or for longer than it may be said.
use bytes::BytesMut;
use dns_proto::recursive::{Limits, Role, Upstream};
use dns_proto::{Name, Rcode, Rdata, Record, RecordType, Section};

use crate::common::net::answer;
use crate::common::{lines, name, record};
use crate::rig::{COM, Rig, config, first};

const TRUE: [&str; 1] = ["www.victim.com. A 127.0.0.8"];

fn with_ttl(ttl: u32, line: &str) -> Record {
    let record = record(line);
    Record::new(record.owner().clone(), ttl, record.data())
}

/// Records about the victim, in every section of an answer of somebody else.
fn poisons() -> Vec<(Section, Record)> {
    let all = [Section::Answer, Section::Authority, Section::Additional];
    let lines = [
        "www.victim.com A 6.6.6.6",
        "ns.victim.com A 6.6.6.6",
        "www.victim.com CNAME www.evil.com",
        "a.com A 6.6.6.6",
        "a.root A 6.6.6.6",
        "com DNAME evil.com",
        "victim.com NS ns.evil.com",
        "com NS ns.evil.com",
        ". NS ns.evil.com",
        "www.victim.com NS ns.evil.com",
        "com SOA 1",
    ];
    let with = |line: &str| all.map(|section| (section, with_ttl(86_400, line)));
    let mut poisons: Vec<_> = lines.iter().flat_map(|line| with(line)).collect();
    poisons.sort_by_key(|(section, _)| *section);
    poisons
}

/// Kaminsky's records and all their kin (CVE-2008-1447, CVE-2025-11411, GHSA-83hf-93m4-rgwq): about
/// other zones, beside an answer, beside an absence, and alone.
#[test]
fn kaminsky_and_promiscuous_servers_are_not_believed_of_others() {
    for answer_with_servers in [false, true] {
        for beside in ["A", "nothing", "CNAME"] {
            let config =
                dns_proto::recursive::Config { answer_with_servers, ..config(Limits::default()) };
            let mut rig = Rig::with(config).evil(move |asked| {
                let mut all = poisons();
                match beside {
                    "A" => {
                        all.insert(0, (Section::Answer, record(&format!("{asked} A 127.0.0.5"))))
                    }
                    "CNAME" => {
                        let line = format!("{asked} CNAME www.victim.com");
                        all.insert(0, (Section::Answer, record(&line)));
                    }
                    _ => {}
                }
                all
            });
            for turn in 0..3 {
                rig.rcode(&format!("r{turn}.evil.com"));
            }
            assert_eq!(lines(&rig.ask("www.victim.com", RecordType::A).view()), TRUE, "{beside}");
            let mail = rig.ask("mail.victim.com", RecordType::A);
            assert_eq!(lines(&mail.view()), ["mail.victim.com. A 127.0.0.9"]);
            assert_eq!(rig.hits("6.6.6.6"), 0);
        }
    }
}

/// MaginotDNS: a forwarder that is asked about one zone says who serves another, and the servers of
/// zones that are walked to say who the forwarder's zone belongs to.
#[test]
fn maginotdns_keeps_what_forwarders_say_in_their_zone() {
    let mut config = config(Limits::default());
    config.upstreams.push(Upstream::new(
        name("corp.example"),
        ["127.0.0.6:53".parse().unwrap()],
        Role::Forwarder,
    ));
    let mut rig = Rig::with(config).evil(|asked| {
        let mut all = poisons();
        all.insert(0, (Section::Answer, record(&format!("{asked} A 127.0.0.5"))));
        all
    });
    assert_eq!(rig.rcode("x.corp.example"), Rcode::NOERROR);
    assert_eq!(lines(&rig.ask("www.victim.com", RecordType::A).view()), TRUE);
    assert_eq!(rig.hits("6.6.6.6"), 0);
    // And an authority has no say in the forwarder's zone.
    let victim = |query: &dns_proto::Message<'_>| {
        let line = "www.victim.com CNAME y.corp.example";
        let forged = record("y.corp.example A 6.6.6.6");
        vec![answer(query, &[(Section::Answer, record(line)), (Section::Answer, forged)])]
    };
    rig.net.serve("127.0.0.7", Box::new(move |query, _| victim(query)));
    rig.resolver.forget_all();
    let expected = ["www.victim.com. CNAME y.corp.example.", "y.corp.example. A 127.0.0.5"];
    assert_eq!(lines(&rig.ask("www.victim.com", RecordType::A).view()), expected);
}

/// TuDoor, and forgers who guess: what does not fit the question exactly is ignored, and neither ends
/// the wait nor has it begin again.
#[test]
fn tudoor_packets_change_nothing() {
    type Change = fn(&mut BytesMut);
    let changes: [Change; 12] = [
        |octets| octets[0] ^= 1,
        |octets| octets[1] ^= 0x80,
        |octets| octets[2] &= 0x7f,   // a query
        |octets| octets[2] |= 0x28,   // another opcode
        |octets| octets[13] ^= 1,     // another name
        |octets| octets.truncate(11), // half a header
        |octets| octets.truncate(octets.len() - 1),
        |octets| octets[5] = 2,     // more questions than there are
        |octets| octets[7] = 0xff,  // more records than there are
        |octets| octets[12] = 0xc0, // a name that is nowhere
        |octets| octets[12] = 0x3f, // a label that goes on
        |octets| octets.clear(),
    ];
    let mut rig = Rig::new(Limits::default()).liar(move |query| {
        let asked = query.question().unwrap().name.to_name();
        let good = answer(query, &[(Section::Answer, record(&format!("{asked} A 127.0.0.5")))]);
        let forged = changes.iter().map(|change| {
            let mut octets = BytesMut::from(&good[..]);
            change(&mut octets);
            octets.freeze()
        });
        let mut all: Vec<_> = forged.collect();
        all.push(good);
        all
    });
    assert_eq!(rig.cost("www.evil.com"), (Rcode::NOERROR, 3));
}

/// Ghost domains (CVE-2012-1192): a zone that its parent has disowned names its servers anew, for a
/// day, beside every answer and when it is asked for them.
#[test]
fn ghost_domains_end_with_the_parents_word() {
    let mut config = config(Limits::default());
    config.answer_with_servers = true;
    let mut rig = Rig::with(config).evil(|asked| {
        let servers = with_ttl(86_400, "evil.com NS ns.evil.com");
        let host = with_ttl(86_400, "ns.evil.com A 127.0.0.6");
        let mut said = vec![(Section::Authority, servers.clone()), (Section::Additional, host)];
        match first(asked).as_str() {
            "evil" => said.insert(0, (Section::Answer, servers)),
            _ => said.insert(0, (Section::Answer, record(&format!("{asked} A 6.6.6.6")))),
        }
        said
    });
    assert_eq!(rig.rcode("x.evil.com"), Rcode::NOERROR);
    disown(&mut rig);
    for turn in 0..6 {
        rig.wait(50);
        rig.ask("evil.com", RecordType::NS);
        rig.ask("ns.evil.com", RecordType::A);
        let expected = if turn < 5 { Rcode::NOERROR } else { Rcode::NXDOMAIN };
        assert_eq!(rig.rcode(&format!("x{turn}.evil.com")), expected, "{}", rig.clock());
    }
}

/// Phoenix domains (CVE-2022-30698 and -30699): the disowned zone delegates names below it, for a
/// day, and those delegations each other's.
#[test]
fn phoenix_domains_end_with_the_parents_word() {
    let mut rig = Rig::new(Limits::default()).liar(|query| {
        let asked = query.question().unwrap().name.to_name().to_lowercase();
        // w.x.y.evil.com is in x.y.evil.com, which y.evil.com delegates to the same server.
        let labels = asked.labels().count();
        let zone = asked.parent().unwrap();
        if labels == 4 && first(&asked) == "w" {
            let line = format!("{zone} NS ns.{zone}");
            let glue = with_ttl(86_400, &format!("ns.{zone} A 127.0.0.6"));
            let servers = (Section::Authority, with_ttl(86_400, &line));
            thread_local!(static TOLD: core::cell::Cell<u32> = const { core::cell::Cell::new(0) });
            if TOLD.replace(TOLD.get() + 1).is_multiple_of(2) {
                let mut octets =
                    BytesMut::from(&answer(query, &[servers, (Section::Additional, glue)])[..]);
                octets[2] &= !4;
                return vec![octets.freeze()];
            }
        }
        vec![answer(query, &[(Section::Answer, record(&format!("{asked} A 6.6.6.6")))])]
    });
    assert_eq!(rig.rcode("w.y.evil.com"), Rcode::NOERROR);
    disown(&mut rig);
    rig.wait(200);
    assert_eq!(rig.rcode("v.y.evil.com"), Rcode::NOERROR);
    // The delegation of y.evil.com was for a day; evil.com's, for five minutes.
    rig.wait(100);
    assert_eq!(rig.rcode("u.y.evil.com"), Rcode::NXDOMAIN);
}

fn disown(rig: &mut Rig) {
    let com: String =
        COM.lines().filter(|line| !line.contains("evil")).collect::<Vec<_>>().join("\n");
    rig.net.authority("127.0.0.2", &[&com]);
}

/// A zone cannot make itself unforgettable: seconds are bounded, and a TTL with its first bit set is
/// none at all (RFC 2181 §8).
#[test]
fn giant_ttls_are_a_day_or_nothing() {
    for (ttl, kept) in [(86_400, 86_400), (86_401, 86_400), (0x7fff_ffff, 86_400)] {
        let mut rig = Rig::new(Limits::default()).evil(move |asked| {
            let data = Rdata::A { address: [127, 0, 0, 5].into() };
            vec![(Section::Answer, Record::new(asked.clone(), ttl, data))]
        });
        assert_eq!(rig.cost("www.evil.com"), (Rcode::NOERROR, 3));
        rig.wait(kept - 1);
        assert_eq!(rig.cost("www.evil.com"), (Rcode::NOERROR, 0), "{ttl}");
        rig.wait(1);
        assert_eq!(rig.cost("www.evil.com").1, 3, "{ttl}");
    }
}

/// Huge RRsets (CVE-2024-1737): thousands of records at one name, and thousands of types or owners,
/// in messages as long as there are. Whoever compares each with each feels it here.
#[test]
fn huge_rrsets_are_sorted_and_kept() {
    for owners in [1, 3000] {
        let mut rig = Rig::new(Limits::default()).evil(move |asked| {
            let data = |at: u32| Rdata::A { address: at.into() };
            let owner = |at: u32| -> Name {
                if at.is_multiple_of(owners) {
                    asked.clone()
                } else {
                    name(&format!("x{}.evil.com", at % owners))
                }
            };
            (0..3000).map(|at| (Section::Answer, Record::new(owner(at), 1, data(at)))).collect()
        });
        for turn in 0..4 {
            assert_eq!(rig.rcode("www.evil.com"), Rcode::NOERROR, "{turn}");
            rig.wait(10);
        }
    }
}
