//! The recursive resolver in virtual time: root, top-level and authoritative servers in memory.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod common;

use bytes::{Bytes, BytesMut};
use common::net::{Net, Server, answer, answering, ns, query, silent};
use common::{authority, lines, name, record};
use core::time::Duration;
use dns_proto::recursive::{ClientId, Config, Event, Limits, Resolver, Role, Upstream};
use dns_proto::{
    Message, MessageBuf, Misuse, Name, Query, Rcode, Rdata, Record, RecordType, Section, zone_file,
};
use proptest::prelude::*;
use proto_core::{Agent, Instant, Transmit, Transport};

const ROOT: &str = "
    . SOA 1
    . NS a.root
    a.root A 127.0.0.1
    edu NS a.edu
    a.edu A 127.0.0.2
    com NS a.com
    a.com A 127.0.0.3
    fr NS a.fr
    a.fr A 127.0.0.4
";
const EDU: &str = "
    edu SOA 1
    hamburger.edu NS dns.hamburger.edu
    dns.hamburger.edu A 127.0.0.5
";
const COM: &str = "
    com SOA 1
    networkutopia.com NS dns.networkutopia.com
    dns.networkutopia.com A 127.0.0.7
";
const FR: &str = "fr SOA 1\n crepes.fr NS dns.networkutopia.com";
const HAMBURGER: &str = "
    hamburger.edu SOA 1
    hamburger.edu MX 10 mail.hamburger.edu
    mail.hamburger.edu A 127.0.0.6
    www.hamburger.edu CNAME www.crepes.fr
    many.hamburger.edu TXT aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
";
const CREPES: &str = "crepes.fr SOA 1\n www.crepes.fr A 127.0.0.8";
const UTOPIA: &str = "networkutopia.com SOA 1\n dns.networkutopia.com A 127.0.0.7";

/// The example of the lecture: three top-level domains and three zones.
fn internet() -> Net {
    let mut net = Net::default();
    net.authority("127.0.0.1", &[ROOT]);
    net.authority("127.0.0.2", &[EDU]);
    net.authority("127.0.0.3", &[COM]);
    net.authority("127.0.0.4", &[FR]);
    net.authority("127.0.0.5", &[HAMBURGER]);
    net.authority("127.0.0.7", &[UTOPIA, CREPES]);
    net
}

fn config() -> Config {
    // Configured as a zone's servers, so that nobody asks the root who they are.
    let root = Upstream::new(Name::ROOT, ["127.0.0.1:53".parse().unwrap()], Role::Authority);
    let config =
        Config { allow_loopback: true, minimise: false, prefetch: false, ..Config::new([]) };
    Config { upstreams: vec![root], ..config }
}

fn limited(limits: Limits) -> Resolver {
    Resolver::new(Config { limits, ..config() }, [1; 32])
}

fn resolver() -> Resolver {
    limited(Limits::default())
}

/// Resolves a name for a client, and returns the reply.
fn ask(net: &mut Net, resolver: &mut Resolver, asked: &str, rtype: RecordType) -> MessageBuf {
    let query = query(&name(asked), rtype);
    let query = Message::parse(&query).unwrap();
    resolver.resolve(net.now, ClientId(1), &query, Transport::Tcp).unwrap();
    let events = net.run(resolver);
    let [Event::Reply { message, .. }] = &events[..] else { panic!("{events:?}") };
    let message = MessageBuf::parse(message.clone()).unwrap();
    assert!(message.view().header().recursion_available && message.view().header().id == 77);
    message
}

/// Resolves an address, and returns the rcode and the number of messages it took.
fn cost(net: &mut Net, limits: Limits, asked: &str) -> (Rcode, usize) {
    net.log.clear();
    let message = ask(net, &mut limited(limits), asked, RecordType::A);
    (message.view().rcode(), net.log.len())
}

#[test]
fn the_walk_goes_from_the_root_down_and_is_remembered() {
    let (mut net, mut resolver) = (internet(), resolver());
    let message = ask(&mut net, &mut resolver, "hamburger.edu", RecordType::MX);
    assert_eq!(lines(&message.view()), ["hamburger.edu. MX 10 mail.hamburger.edu."]);
    let walk = ["127.0.0.1", "127.0.0.2", "127.0.0.5"];
    assert_eq!(net.log, walk.map(|server| format!("{server} hamburger.edu. MX")));
    // The next name begins at the zone that is known.
    ask(&mut net, &mut resolver, "mail.hamburger.edu", RecordType::A);
    assert_eq!(net.log.split_off(3), ["127.0.0.5 mail.hamburger.edu. A"]);
    // The same again comes from the cache, with what is left of its TTL.
    net.now += Duration::from_secs(100);
    let message = ask(&mut net, &mut resolver, "Hamburger.EDU", RecordType::MX);
    assert_eq!((net.log.len(), message.view().answers().next().unwrap().ttl()), (3, 200));
    assert!(!message.view().header().authoritative);
    let statistics = resolver.statistics();
    assert_eq!((statistics.hits, statistics.misses, statistics.upstream), (1, 2, 4));
    assert_eq!(statistics.servers[&[127, 0, 0, 5].into()], 2);
    // And when it has expired, from the root again.
    net.now += Duration::from_secs(200);
    ask(&mut net, &mut resolver, "hamburger.edu", RecordType::MX);
    assert_eq!(net.log.len(), 6);
}

#[test]
fn aliases_lead_to_other_zones_and_servers_without_glue_are_found() {
    let mut net = internet();
    let message = ask(&mut net, &mut resolver(), "www.hamburger.edu", RecordType::A);
    let expected = ["www.hamburger.edu. CNAME www.crepes.fr.", "www.crepes.fr. A 127.0.0.8"];
    assert_eq!(lines(&message.view()), expected);
    let walk = [
        "127.0.0.1 www.hamburger.edu. A",
        "127.0.0.2 www.hamburger.edu. A",
        "127.0.0.5 www.hamburger.edu. A",
        "127.0.0.1 www.crepes.fr. A",
        "127.0.0.4 www.crepes.fr. A",
        "127.0.0.1 dns.networkutopia.com. A",
        "127.0.0.3 dns.networkutopia.com. A",
        "127.0.0.7 dns.networkutopia.com. A",
        "127.0.0.7 www.crepes.fr. A",
    ];
    assert_eq!(net.log, walk);
}

#[test]
fn the_root_is_asked_who_its_servers_are_and_nobody_sees_more_than_needed() {
    let mut net = internet();
    let root = (name("a.root"), [127, 0, 0, 1].into());
    let mut resolver =
        Resolver::new(Config { allow_loopback: true, ..Config::new([root]) }, [1; 32]);
    let message = ask(&mut net, &mut resolver, "mail.hamburger.edu", RecordType::AAAA);
    assert_eq!(lines(&message.view()), ["? hamburger.edu. SOA"]);
    let walk = [
        "127.0.0.1 . NS",
        "127.0.0.1 edu. A",
        "127.0.0.2 hamburger.edu. A",
        "127.0.0.5 mail.hamburger.edu. AAAA",
    ];
    assert_eq!(net.log, walk);
}

#[test]
fn a_server_that_does_not_keep_the_case_is_asked_by_tcp() {
    let mut net = internet();
    let authority = authority(&[HAMBURGER]);
    let server: Server = Box::new(move |query, via| {
        let mut out = BytesMut::new();
        let _ = authority.answer(query, via, &mut out);
        out[12..].make_ascii_lowercase();
        vec![out.freeze()]
    });
    net.serve("127.0.0.5", server);
    let message = ask(&mut net, &mut resolver(), "mail.hamburger.edu", RecordType::A);
    assert_eq!(message.view().answers().count(), 1);
    assert_eq!(net.log.last().unwrap(), "127.0.0.5 mail.hamburger.edu. A tcp");
}

#[test]
fn an_alias_is_the_answer_to_who_asks_for_it() {
    let (mut net, mut resolver) = (internet(), resolver());
    for rtype in [RecordType::A, RecordType::CNAME, RecordType::ANY] {
        let message = ask(&mut net, &mut resolver, "www.hamburger.edu", rtype);
        let links = if rtype == RecordType::A { 2 } else { 1 };
        assert_eq!(message.view().answers().count(), links, "{rtype}");
    }
}

#[test]
fn absences_are_answers_and_remembered() {
    let (mut net, mut resolver) = (internet(), resolver());
    for (asked, rcode) in
        [("nobody.hamburger.edu", Rcode::NXDOMAIN), ("mail.hamburger.edu", Rcode::NOERROR)]
    {
        for _ in 0..2 {
            let message = ask(&mut net, &mut resolver, asked, RecordType::TXT);
            assert_eq!(message.view().rcode(), rcode);
            assert_eq!(lines(&message.view()), ["? hamburger.edu. SOA"]);
        }
    }
    assert_eq!((net.log.len(), resolver.statistics().hits), (4, 2));
    // RFC 2308: no longer than the SOA's minimum.
    net.now += Duration::from_secs(60);
    ask(&mut net, &mut resolver, "nobody.hamburger.edu", RecordType::TXT);
    assert_eq!(net.log.len(), 5);
}

#[test]
fn absences_are_kept_no_longer_than_the_limit() {
    for (negative_ttl, asked) in [(59, 4), (60, 3)] {
        let mut net = internet();
        let mut resolver = limited(Limits { negative_ttl, ..Limits::default() });
        ask(&mut net, &mut resolver, "x.hamburger.edu", RecordType::A);
        net.now += Duration::from_secs(59);
        ask(&mut net, &mut resolver, "x.hamburger.edu", RecordType::A);
        assert_eq!(net.log.len(), asked);
    }
}

#[test]
fn truncated_answers_are_asked_for_by_tcp() {
    let mut net = internet();
    let authority = authority(&[HAMBURGER]);
    let server: Server = Box::new(move |query, via| {
        let mut out = BytesMut::new();
        let _ = authority.answer(query, via, &mut out);
        // TC.
        out[2] |= if via == Transport::Udp { 2 } else { 0 };
        vec![out.freeze()]
    });
    net.serve("127.0.0.5", server);
    let message = ask(&mut net, &mut resolver(), "mail.hamburger.edu", RecordType::A);
    assert_eq!(message.view().answers().count(), 1);
    assert_eq!(net.log.last().unwrap(), "127.0.0.5 mail.hamburger.edu. A tcp");
}

#[test]
fn replies_too_long_for_udp_are_truncated() {
    let mut zone = String::from("hamburger.edu SOA 1\n");
    (0..40).for_each(|host| zone += &format!("hamburger.edu A 10.0.0.{host}\n"));
    let mut net = internet();
    net.authority("127.0.0.5", &[&zone]);
    let mut resolver = resolver();
    let octets = query(&name("hamburger.edu"), RecordType::A);
    let query = Message::parse(&octets).unwrap();
    resolver.resolve(net.now, ClientId(1), &query, Transport::Udp).unwrap();
    let Some(Event::Reply { message, .. }) = net.run(&mut resolver).pop() else { panic!() };
    assert!(message.len() <= 512 && Message::parse(&message).unwrap().header().truncated);
}

#[test]
fn poison_beside_the_answer_is_not_believed() {
    let mut net = internet();
    let server: Server = Box::new(|query, _| {
        vec![answer(
            query,
            &[
                (Section::Answer, record("mail.hamburger.edu A 127.0.0.6")),
                (Section::Answer, record("dns.networkutopia.com A 6.6.6.6")),
                (Section::Authority, ns("com", "evil.hamburger.edu")),
                (Section::Authority, ns(".", "evil.hamburger.edu")),
                (Section::Additional, record("evil.hamburger.edu A 6.6.6.6")),
                (Section::Additional, record("a.com A 6.6.6.6")),
            ],
        )]
    });
    net.serve("127.0.0.5", server);
    let mut resolver = resolver();
    let message = ask(&mut net, &mut resolver, "mail.hamburger.edu", RecordType::A);
    assert_eq!(lines(&message.view()), ["mail.hamburger.edu. A 127.0.0.6"]);
    let message = ask(&mut net, &mut resolver, "dns.networkutopia.com", RecordType::A);
    assert_eq!(lines(&message.view()), ["dns.networkutopia.com. A 127.0.0.7"]);
    assert!(!net.log.iter().any(|line| line.starts_with("6.6.6.6")));
}

#[test]
fn an_alias_to_another_zone_is_not_answered_by_its_own_server() {
    let mut net = internet();
    let server: Server = Box::new(|query, _| {
        vec![answer(
            query,
            &[
                (Section::Answer, record("w.hamburger.edu CNAME www.crepes.fr")),
                (Section::Answer, record("www.crepes.fr A 6.6.6.6")),
            ],
        )]
    });
    net.serve("127.0.0.5", server);
    let message = ask(&mut net, &mut resolver(), "w.hamburger.edu", RecordType::A);
    assert_eq!(lines(&message.view())[1], "www.crepes.fr. A 127.0.0.8");
}

#[test]
fn referrals_upwards_and_sideways_are_useless() {
    for zone in [".", "edu", "hamburger.edu", "com", "x.hamburger.edu"] {
        let mut net = internet();
        let server: Server = Box::new(move |query, _| {
            let mut octets = answer(query, &[(Section::Authority, ns(zone, "a.edu"))]).to_vec();
            octets[2] &= !4; // not AA
            vec![octets.into()]
        });
        net.serve("127.0.0.5", server);
        assert_eq!(cost(&mut net, Limits::default(), "www.hamburger.edu"), (Rcode::SERVFAIL, 3));
    }
}

#[test]
fn answers_to_other_questions_are_ignored() {
    let mut net = internet();
    let authority = authority(&[HAMBURGER]);
    let server: Server = Box::new(move |query, via| {
        let mut out = BytesMut::new();
        let _ = authority.answer(query, via, &mut out);
        let mut forged = Vec::new();
        let changes: [fn(&mut BytesMut); 5] = [
            |octets| octets[0] ^= 1,      // another id
            |octets| octets[2] ^= 0x80,   // a query
            |octets| octets[13] ^= 1,     // another name
            |octets| octets.truncate(20), // cut
            |octets| octets[5] = 0,       // no question
        ];
        for change in changes {
            let mut octets = out.clone();
            change(&mut octets);
            forged.push(octets.freeze());
        }
        forged.push(out.clone().freeze());
        // What comes twice is not believed twice.
        forged.push(out.freeze());
        forged
    });
    net.serve("127.0.0.5", server);
    assert_eq!(cost(&mut net, Limits::default(), "mail.hamburger.edu"), (Rcode::NOERROR, 3));
}

#[test]
fn clients_with_the_same_question_share_one_walk() {
    let (mut net, mut resolver) = (internet(), resolver());
    let octets = query(&name("hamburger.edu"), RecordType::MX);
    let query = Message::parse(&octets).unwrap();
    for client in 0..10 {
        resolver.resolve(net.now, ClientId(client), &query, Transport::Udp).unwrap();
    }
    assert_eq!(net.run(&mut resolver).len(), 10);
    assert_eq!((net.log.len(), resolver.statistics().misses), (3, 10));
}

#[test]
fn silent_and_broken_servers_are_passed_over() {
    let delegation = "edu SOA 1\n hamburger.edu NS a.hamburger.edu\n a.hamburger.edu A 127.0.0.5\n\
        hamburger.edu NS b.hamburger.edu\n b.hamburger.edu A 127.0.0.50";
    for bad in [silent(), answering(authority(&[])), answering(authority(&[COM]))] {
        let mut net = internet();
        net.authority("127.0.0.2", &[delegation]);
        net.serve("127.0.0.50", bad);
        let (rcode, messages) = cost(&mut net, Limits::default(), "mail.hamburger.edu");
        assert_eq!((rcode, messages <= 4), (Rcode::NOERROR, true));
    }
}

#[test]
fn queries_that_are_not_for_a_resolver_get_their_rcode() {
    let mut resolver = resolver();
    let (asked, now) = (name("hamburger.edu"), Instant::ORIGIN);
    let mut rcode = |octets: &[u8]| {
        let query = Message::parse(octets).unwrap();
        resolver.resolve(now, ClientId(1), &query, Transport::Udp).unwrap();
        let Some(Event::Reply { message, .. }) = resolver.poll() else { panic!() };
        Message::parse(&message).unwrap().rcode()
    };
    let octets = query(&asked, RecordType::A).to_vec();
    let changed = |at: usize, octet: u8| {
        let mut octets = octets.clone();
        octets[at] = octet;
        octets
    };
    assert_eq!(rcode(&Query::new(&asked, RecordType::A).write()), Rcode::REFUSED);
    assert_eq!(rcode(&query(&asked, RecordType::AXFR)), Rcode::REFUSED);
    // With a record where answers have theirs.
    for section in [Section::Answer, Section::Authority] {
        let query = Message::parse(&octets).unwrap();
        let mut filled = answer(&query, &[(section, record("hamburger.edu SOA 1"))]).to_vec();
        filled[2] = 1;
        assert_eq!(rcode(&filled), Rcode::FORMERR);
    }
    assert_eq!(rcode(&query(&asked, RecordType::MAILB)), Rcode::NOTIMP);
    assert_eq!(rcode(&changed(2, 0x29)), Rcode::NOTIMP);
    assert_eq!(rcode(&changed(octets.len() - 1, 3)), Rcode::REFUSED);
    let answer = changed(2, 0x81);
    let refused =
        resolver.resolve(now, ClientId(1), &Message::parse(&answer).unwrap(), Transport::Udp);
    assert_eq!((refused, resolver.poll()), (Err(Misuse::NotQuery), None));
}

#[test]
fn servers_at_forbidden_addresses_are_not_asked() {
    let root = |address: [u8; 4]| Config::new([(name("a.root"), address.into())]);
    let cases = [
        (root([127, 0, 0, 1]), false),
        (Config { allow_loopback: true, ..root([127, 0, 0, 1]) }, true),
        (Config { allow_loopback: true, ..root([0, 0, 0, 0]) }, false),
        (Config { allow_loopback: true, ..root([224, 0, 0, 1]) }, false),
        (Config { allow_loopback: true, ..root([255; 4]) }, false),
        (root([198, 41, 0, 4]), true),
        (Config::new([(name("a.root"), "::ffff:127.0.0.1".parse().unwrap())]), false),
        (
            Config {
                ipv6: false,
                ..Config::new([(name("a.root"), "2001:503::".parse().unwrap())])
            },
            false,
        ),
    ];
    for (config, asked) in cases {
        let mut resolver = Resolver::new(config.clone(), [1; 32]);
        let octets = query(&name("edu"), RecordType::NS);
        let query = Message::parse(&octets).unwrap();
        resolver.resolve(Instant::ORIGIN, ClientId(1), &query, Transport::Udp).unwrap();
        assert_eq!(resolver.transmit().is_some(), asked, "{config:?}");
    }
}

#[test]
fn ids_differ_and_flows_are_never_used_again() {
    let mut resolver = resolver();
    let (mut ids, mut flows) =
        (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for host in 0..100 {
        let octets = query(&name(&format!("host{host}.edu")), RecordType::A);
        let query = Message::parse(&octets).unwrap();
        resolver.resolve(Instant::ORIGIN, ClientId(host), &query, Transport::Udp).unwrap();
        let Some(Transmit::Send { flow, message, .. }) = resolver.transmit() else { panic!() };
        ids.insert(Message::parse(&message).unwrap().header().id);
        flows.insert(flow);
    }
    assert!(ids.len() > 95 && flows.len() == 100);
}

// The budgets, each at its limit and beyond.

/// A zone whose aliases form a chain of so many links, each to be asked for by itself.
fn alias_chain(links: usize) -> Net {
    let mut net = internet();
    let server: Server = Box::new(move |query, _| {
        let asked = query.question().unwrap().name.to_string();
        let link: usize = asked[1..].split('.').next().unwrap().parse().unwrap();
        let line = match link {
            _ if link == links => format!("{asked} A 127.0.0.9"),
            _ => format!("{asked} CNAME c{}.hamburger.edu", link + 1),
        };
        vec![answer(query, &[(Section::Answer, record(&line))])]
    });
    net.serve("127.0.0.5", server);
    net
}

#[test]
fn chains_of_aliases_are_bounded() {
    let chain = |links| cost(&mut alias_chain(links), Limits::default(), "c0.hamburger.edu");
    assert_eq!(chain(11).0, Rcode::NOERROR);
    assert_eq!(chain(12).0, Rcode::SERVFAIL);
    assert_eq!(chain(1000).1, 14);
    // In one message, too.
    for (cnames, rcode) in [(3, Rcode::NOERROR), (2, Rcode::SERVFAIL)] {
        let mut net = internet();
        net.authority(
            "127.0.0.5",
            &["hamburger.edu SOA 1\n a.hamburger.edu CNAME b.hamburger.edu\n \
            b.hamburger.edu CNAME c.hamburger.edu\n c.hamburger.edu CNAME d.hamburger.edu\n \
            d.hamburger.edu A 127.0.0.9"],
        );
        let limits = Limits { cnames, ..Limits::default() };
        assert_eq!(cost(&mut net, limits, "a.hamburger.edu"), (rcode, 3));
    }
}

#[test]
fn loops_of_aliases_end() {
    let mut net = internet();
    let looped = "hamburger.edu SOA 1\n a.hamburger.edu CNAME b.hamburger.edu\n \
        b.hamburger.edu CNAME a.hamburger.edu";
    net.authority("127.0.0.5", &[looped]);
    assert_eq!(cost(&mut net, Limits::default(), "a.hamburger.edu"), (Rcode::SERVFAIL, 3));
}

#[test]
fn servers_that_need_each_other_are_given_up() {
    let mut net = internet();
    net.authority(
        "127.0.0.3",
        &["com SOA 1\n a-side.com NS ns.b-side.com\n b-side.com NS ns.a-side.com"],
    );
    let (rcode, messages) = cost(&mut net, Limits::default(), "www.a-side.com");
    assert_eq!((rcode, messages <= 10), (Rcode::SERVFAIL, true), "{messages}");
}

#[test]
fn messages_for_one_client_are_bounded() {
    let limits = |queries| Limits { queries, ..Limits::default() };
    // www.hamburger.edu takes nine, see above.
    assert_eq!(cost(&mut internet(), limits(9), "www.hamburger.edu"), (Rcode::NOERROR, 9));
    assert_eq!(cost(&mut internet(), limits(8), "www.hamburger.edu"), (Rcode::SERVFAIL, 8));
}

#[test]
fn messages_for_one_name_are_bounded() {
    let limits = |sends| Limits { sends, ..Limits::default() };
    assert_eq!(cost(&mut internet(), limits(3), "mail.hamburger.edu"), (Rcode::NOERROR, 3));
    assert_eq!(cost(&mut internet(), limits(2), "mail.hamburger.edu"), (Rcode::SERVFAIL, 2));
}

#[test]
fn attempts_at_an_address_are_bounded() {
    for attempts in [1, 2, 3] {
        let mut net = internet();
        net.serve("127.0.0.5", silent());
        let limits = Limits { attempts, ..Limits::default() };
        let expected = (Rcode::SERVFAIL, 2 + usize::try_from(attempts).unwrap());
        assert_eq!(cost(&mut net, limits, "mail.hamburger.edu"), expected);
    }
}

/// The NXNS attack: a delegation to so many servers that have to be looked up, in vain.
fn nxns(count: usize, exist: bool) -> Net {
    let mut net = internet();
    let evil: Server = Box::new(move |query, _| {
        let server = |host| ns("evil.edu", &format!("ns{host}.victim.com"));
        let servers: Vec<_> = (0..count).map(|host| (Section::Authority, server(host))).collect();
        vec![answer(query, &servers)]
    });
    net.serve("127.0.0.2", evil);
    net.authority(
        "127.0.0.3",
        &["com SOA 1\n victim.com NS dns.victim.com\n dns.victim.com A 127.0.0.66"],
    );
    let mut victim = String::from("victim.com SOA 1\n");
    if exist {
        (0..count).for_each(|host| victim += &format!("ns{host}.victim.com TXT x\n"));
    }
    net.authority("127.0.0.66", &[&victim]);
    net
}

/// How many messages the victim of an NXNS attack gets.
fn amplification(count: usize, exist: bool, limits: Limits) -> usize {
    let mut net = nxns(count, exist);
    assert_eq!(cost(&mut net, limits, "www.evil.edu").0, Rcode::SERVFAIL);
    net.log.iter().filter(|line| line.starts_with("127.0.0.66")).count()
}

#[test]
fn a_delegation_makes_few_messages_to_its_victim() {
    assert_eq!(amplification(100, false, Limits::default()), 5);
    assert_eq!(amplification(100, true, Limits::default()), 16);
    for (limit, messages) in [(3, 3), (4, 4)] {
        let limits = Limits { missing_targets: limit, ..Limits::default() };
        assert_eq!(amplification(100, false, limits), messages);
        let limits = Limits { targets: limit, ..Limits::default() };
        assert_eq!(amplification(100, true, limits), messages);
        let limits = Limits { all_targets: limit, ..Limits::default() };
        assert_eq!(amplification(100, true, limits), messages);
        // Each is looked up for both kinds of address.
        let servers = usize::try_from(limit).unwrap();
        let limits = Limits { servers, ..Limits::default() };
        assert_eq!(amplification(100, true, limits), 2 * messages);
    }
}

#[test]
fn waiting_clients_are_bounded() {
    let mut resolver = limited(Limits { clients: 2, ..Limits::default() });
    let octets = query(&name("hamburger.edu"), RecordType::MX);
    let query = Message::parse(&octets).unwrap();
    for client in 0..3 {
        assert_eq!(resolver.poll(), None);
        resolver.resolve(Instant::ORIGIN, ClientId(client), &query, Transport::Udp).unwrap();
    }
    assert_eq!(resolver.poll(), Some(Event::Discarded { client: ClientId(2) }));
    // Who came last gives way after a moment; who came first keeps the place.
    let now = Instant::ORIGIN + Limits::default().jostle;
    for (client, gone) in [(3, 1), (4, 4)] {
        resolver.resolve(now, ClientId(client), &query, Transport::Udp).unwrap();
        assert_eq!(resolver.poll(), Some(Event::Discarded { client: ClientId(gone) }));
    }
    // By TCP there is somebody who would wait for nothing.
    resolver.resolve(now, ClientId(5), &query, Transport::Tcp).unwrap();
    let Some(Event::Reply { client, message }) = resolver.poll() else { panic!() };
    let rcode = Message::parse(&message).unwrap().rcode();
    assert_eq!((client, rcode), (ClientId(5), Rcode::SERVFAIL));
}

#[test]
fn a_question_that_nobody_asks_any_more_is_dropped() {
    let mut resolver = limited(Limits { clients: 1, ..Limits::default() });
    // One place is kept to the end: with two, the second gives way.
    let mut resolver_of_two = limited(Limits { clients: 2, ..Limits::default() });
    let open = |resolver: &mut Resolver, now, client, asked: &str| {
        let octets = query(&name(asked), RecordType::MX);
        let query = Message::parse(&octets).unwrap();
        resolver.resolve(now, ClientId(client), &query, Transport::Udp).unwrap();
        let out = std::iter::from_fn(|| resolver.transmit());
        out.fold((0, 0), |(sent, closed), it| match it {
            Transmit::Send { .. } => (sent + 1, closed),
            _ => (sent, closed + 1),
        })
    };
    let later = Instant::ORIGIN + Duration::from_secs(1);
    assert_eq!(open(&mut resolver, Instant::ORIGIN, 1, "hamburger.edu"), (1, 0));
    assert_eq!(open(&mut resolver, later, 2, "crepes.fr"), (0, 0));
    assert_eq!(open(&mut resolver_of_two, Instant::ORIGIN, 1, "hamburger.edu"), (1, 0));
    assert_eq!(open(&mut resolver_of_two, Instant::ORIGIN, 2, "networkutopia.com"), (1, 0));
    assert_eq!(open(&mut resolver_of_two, later, 3, "crepes.fr"), (1, 1));
}

#[test]
fn the_cache_and_the_statistics_are_bounded() {
    for limit in [2, 3] {
        let mut net = internet();
        let mut resolver = limited(Limits { cache: limit, counted: limit, ..Limits::default() });
        for host in 0..9 {
            let asked = format!("x{host}.hamburger.edu");
            ask(&mut net, &mut resolver, &asked, RecordType::A);
        }
        assert_eq!((resolver.cached(), resolver.statistics().servers.len()), (limit, limit));
    }
}

/// What a hostile server says: nothing, noise, or records out of a small world.
fn hostile(choices: &[u8], query: &Message<'_>) -> Vec<Bytes> {
    let names = [".", "edu", "com", "hamburger.edu", "a.edu", "x.com", "www.hamburger.edu"];
    let mut sections = Vec::new();
    for pair in choices.chunks_exact(3) {
        let pick = |octet: u8| names[usize::from(octet) % names.len()];
        let line = match pair[0] % 4 {
            0 => format!("{} A 127.0.0.{}", pick(pair[1]), pair[2] % 8),
            1 => format!("{} NS {}", pick(pair[1]), pick(pair[2])),
            2 => format!("{} CNAME {}", pick(pair[1]), pick(pair[2])),
            _ => format!("{} SOA 1", pick(pair[1])),
        };
        let section = match pair[0] / 4 % 3 {
            0 => Section::Answer,
            1 => Section::Authority,
            _ => Section::Additional,
        };
        sections.push((section, record(&line)));
    }
    sections.sort_by_key(|(section, _)| *section);
    match choices.first() {
        None | Some(0..=30) => Vec::new(),
        Some(octet @ 31..=60) => vec![Bytes::copy_from_slice(&[*octet; 30])],
        Some(_) => {
            let whole = answer(query, &sections);
            vec![whole.clone(), whole]
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_network_costs_more_than_the_budget(
        scripts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..24), 1..12),
        queries in 1..60_u32,
    ) {
        let mut net = Net::default();
        let turn = std::rc::Rc::new(std::cell::Cell::new(0));
        for last in 0..8 {
            let (scripts, turn) = (scripts.clone(), turn.clone());
            let server: Server = Box::new(move |query, _| {
                turn.set(turn.get() + 1);
                hostile(&scripts[turn.get() % scripts.len()], query)
            });
            net.serve(&format!("127.0.0.{last}"), server);
        }
        let limits = Limits { queries, ..Limits::default() };
        let mut resolver = limited(limits);
        // `ask` wants exactly one reply.
        ask(&mut net, &mut resolver, "www.hamburger.edu", RecordType::A);
        prop_assert!(net.log.len() <= usize::try_from(queries).unwrap());
        prop_assert!(resolver.deadline().is_none() && resolver.transmit().is_none());
    }
}

#[test]
fn a_forwarder_that_names_servers_instead_of_an_answer_has_none() {
    let mut net = Net::default();
    let refers: Server = Box::new(|query, _| {
        vec![answer(query, &[(Section::Authority, ns("content.hamburger.edu", "dns.crepes.fr"))])]
    });
    net.serve("127.0.0.1", refers);
    let mut config = config();
    config.upstreams[0].role = Role::Forwarder;
    let mut resolver = Resolver::new(config, [1; 32]);
    let message = ask(&mut net, &mut resolver, "www.content.hamburger.edu", RecordType::A);
    assert_eq!((message.view().rcode(), message.view().answers().count()), (Rcode::NOERROR, 0));
    assert_eq!(net.log.len(), 1);
}

#[test]
fn names_that_mean_this_host_or_its_networks_are_not_asked_for() {
    let (mut net, mut resolver) = (internet(), resolver());
    let message = ask(&mut net, &mut resolver, "40.30.20.10.in-addr.arpa", RecordType::PTR);
    assert_eq!(message.view().rcode(), Rcode::NXDOMAIN);
    assert_eq!(lines(&message.view()), ["? 10.in-addr.arpa. SOA"]);
    for (asked, rtype, said) in [
        ("localhost", RecordType::A, "localhost. A 127.0.0.1"),
        ("www.LocalHost", RecordType::AAAA, "www.LocalHost. AAAA ::1"),
        ("1.0.0.127.in-addr.arpa", RecordType::PTR, "1.0.0.127.in-addr.arpa. PTR localhost."),
    ] {
        let message = ask(&mut net, &mut resolver, asked, rtype);
        assert_eq!(lines(&message.view()), [said]);
    }
    for asked in ["mail.invalid", "facebookwkhpilnemxj7asaniu7vnjjbiltxjqhye3mhbshg7kx5tfyd.onion"]
    {
        let message = ask(&mut net, &mut resolver, asked, RecordType::A);
        assert_eq!(message.view().rcode(), Rcode::NXDOMAIN, "{asked}");
    }
    assert_eq!(net.log, [""; 0]);
    // RFC 4035 §3.1.4.1: whether they are signed is for their parents to say.
    ask(&mut net, &mut resolver, "10.in-addr.arpa", RecordType::DS);
    assert_eq!(net.log, ["127.0.0.1 10.in-addr.arpa. DS"]);
}

#[test]
fn networks_of_ones_own_may_have_servers_of_ones_own() {
    let mut net = internet();
    net.authority("127.0.0.9", &["10.in-addr.arpa SOA 1\n 1.0.0.10.in-addr.arpa PTR printer"]);
    let mut config = config();
    let servers = ["127.0.0.9:53".parse().unwrap()];
    let own = Upstream::new(name("10.in-addr.arpa"), servers, Role::Authority);
    config.upstreams.push(own);
    let mut resolver = Resolver::new(config, [1; 32]);
    let message = ask(&mut net, &mut resolver, "1.0.0.10.in-addr.arpa", RecordType::PTR);
    assert_eq!(lines(&message.view()), ["1.0.0.10.in-addr.arpa. PTR printer."]);
}

#[test]
fn proofs_about_names_of_other_zones_are_dropped() {
    // RFC 4034 §4.1.1: the next name is in the zone too.
    for (next, kept) in [("www.hamburger.edu", 1), ("crepes.edu", 0)] {
        let mut net = Net::default();
        let reaches: Server = Box::new(move |query, _| {
            let text = format!("hamburger.edu. 60 NSEC {next}. NS SOA NSEC\n");
            let read = zone_file::read("proof", text.as_bytes(), Name::ROOT, |_| None);
            vec![answer(query, &[(Section::Answer, read.unwrap().remove(0))])]
        });
        net.serve("127.0.0.1", reaches);
        let mut config = config();
        config.upstreams[0].zone = name("hamburger.edu");
        let mut resolver = Resolver::new(config, [1; 32]);
        let message = ask(&mut net, &mut resolver, "hamburger.edu", RecordType::NSEC);
        assert_eq!(message.view().answers().count(), kept, "{next}");
    }
}

#[test]
fn aliases_in_a_circle_are_an_error_and_one_of_itself_is_all_there_is() {
    let mut net = internet();
    let circle = "hamburger.edu SOA 1
        a.hamburger.edu CNAME b.hamburger.edu
        b.hamburger.edu CNAME a.hamburger.edu
        self.hamburger.edu CNAME self.hamburger.edu";
    net.authority("127.0.0.5", &[circle]);
    let message = ask(&mut net, &mut resolver(), "a.hamburger.edu", RecordType::A);
    assert_eq!(message.view().rcode(), Rcode::SERVFAIL);
    // Two on the way there, and once round.
    assert!(net.log.len() <= 4, "{:?}", net.log);
    let message = ask(&mut net, &mut resolver(), "self.hamburger.edu", RecordType::A);
    let alias = "self.hamburger.edu. CNAME self.hamburger.edu.";
    assert_eq!(
        (message.view().rcode(), lines(&message.view())),
        (Rcode::NOERROR, vec![alias.into()])
    );
}

/// A resolver that has everything done by the server at 127.0.0.9.
fn forwarding(change: impl FnOnce(&mut Upstream)) -> Resolver {
    let mut upstream =
        Upstream::new(Name::ROOT, ["127.0.0.9:53".parse().unwrap()], Role::Forwarder);
    change(&mut upstream);
    Resolver::new(Config { upstreams: vec![upstream], ..config() }, [1; 32])
}

#[test]
fn what_a_forwarder_says_need_not_be_kept() {
    for (cached, messages) in [(true, 1), (false, 2)] {
        let mut net = Net::default();
        net.authority("127.0.0.9", &["edu SOA 1\n www.edu A 192.0.2.1"]);
        let mut resolver = forwarding(|upstream| upstream.cached = cached);
        for _ in 0..2 {
            let message = ask(&mut net, &mut resolver, "www.edu", RecordType::A);
            assert_eq!(lines(&message.view()), ["www.edu. A 192.0.2.1"]);
        }
        assert_eq!(net.log.len(), messages);
    }
}

#[test]
fn forwarders_that_have_names_are_looked_up_before_they_are_needed() {
    let mut net = Net::default();
    let zone = "edu SOA 1\n www.edu A 192.0.2.1\n two.edu A 192.0.2.2\n ns.edu A 127.0.0.10";
    net.authority("127.0.0.9", &[zone]);
    net.authority("127.0.0.10", &[zone]);
    let mut resolver = forwarding(|upstream| upstream.hosts.push(name("ns.edu")));
    ask(&mut net, &mut resolver, "www.edu", RecordType::A);
    assert_eq!(net.log, ["127.0.0.9 ns.edu. A", "127.0.0.9 www.edu. A"]);
    net.servers.remove(&[127, 0, 0, 9].into());
    let message = ask(&mut net, &mut resolver, "two.edu", RecordType::A);
    assert_eq!(lines(&message.view()), ["two.edu. A 192.0.2.2"]);
}

#[test]
fn who_wants_no_recursion_is_told_the_nearest_servers_that_are_known() {
    let mut net = internet();
    let mut resolver = Resolver::new(Config { snoop: true, ..config() }, [1; 32]);
    ask(&mut net, &mut resolver, "mail.hamburger.edu", RecordType::A);
    let (octets, asked) =
        (Query::new(&name("www.hamburger.edu"), RecordType::A).write(), net.log.len());
    let query = Message::parse(&octets).unwrap();
    resolver.resolve(net.now, ClientId(1), &query, Transport::Udp).unwrap();
    let Some(Event::Reply { message, .. }) = resolver.poll() else { panic!() };
    let message = Message::parse(&message).unwrap();
    assert_eq!(
        lines(&message),
        ["? hamburger.edu. NS dns.hamburger.edu.", "+ dns.hamburger.edu. A 127.0.0.5"]
    );
    assert_eq!(net.log.len(), asked);
}

#[test]
fn a_malformed_record_does_not_cost_the_answer() {
    let mut net = internet();
    net.serve(
        "127.0.0.5",
        Box::new(|query, _| {
            let good = record("mail.hamburger.edu A 127.0.0.6");
            let octets = answer(query, &[(Section::Answer, good.clone()), (Section::Answer, good)]);
            let mut octets = octets.to_vec();
            // The first of the two says that it has three octets, and has.
            let at = octets.windows(6).position(|it| it == [0, 4, 127, 0, 0, 6]).unwrap();
            octets[at + 1] = 3;
            octets.remove(at + 2);
            vec![octets.into()]
        }),
    );
    let message = ask(&mut net, &mut resolver(), "mail.hamburger.edu", RecordType::A);
    assert_eq!(lines(&message.view()), ["mail.hamburger.edu. A 127.0.0.6"]);
}

#[test]
fn a_service_with_malformed_parameters_is_handed_on() {
    let octets = b"\0\x01\0\0\x01\0\x03\x02h2\0\x01\0\x03\x02h3";
    let data = Rdata::parse(RecordType::HTTPS, octets).unwrap();
    let service = Record::new(name("hamburger.edu"), 300, data);
    let mut net = internet();
    net.serve(
        "127.0.0.5",
        Box::new(move |query, _| vec![answer(query, &[(Section::Answer, service.clone())])]),
    );
    let message = ask(&mut net, &mut resolver(), "hamburger.edu", RecordType::HTTPS);
    let message = message.view();
    assert_eq!(message.answers().next().unwrap().data(), data);
}

#[test]
fn two_absences_of_a_zone_show_one_soa() {
    let (mut net, mut resolver) = (internet(), resolver());
    let soa = |message: MessageBuf| message.view().authorities().next().unwrap().to_string();
    let old = soa(ask(&mut net, &mut resolver, "one.hamburger.edu", RecordType::A));
    net.now += Duration::from_secs(5);
    net.authority("127.0.0.5", &["hamburger.edu SOA 2"]);
    let new = soa(ask(&mut net, &mut resolver, "two.hamburger.edu", RecordType::A));
    let asked = net.log.len();
    assert_eq!(soa(ask(&mut net, &mut resolver, "one.hamburger.edu", RecordType::A)), new);
    assert!(new != old && net.log.len() == asked);
    // Which does not make the first last longer.
    net.now += Duration::from_secs(56);
    ask(&mut net, &mut resolver, "one.hamburger.edu", RecordType::A);
    assert_eq!(net.log.len(), asked + 1);
}

#[test]
fn an_absence_behind_an_alias_says_how_long_it_lasts() {
    let mut net = internet();
    net.authority("127.0.0.7", &[UTOPIA, "crepes.fr SOA 1\n www.crepes.fr TXT closed"]);
    let message = ask(&mut net, &mut resolver(), "www.hamburger.edu", RecordType::A);
    assert_eq!(
        lines(&message.view()),
        ["www.hamburger.edu. CNAME www.crepes.fr.", "? crepes.fr. SOA"]
    );
}
