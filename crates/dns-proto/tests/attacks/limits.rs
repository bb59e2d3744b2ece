//! Every limit of a resolver that no other test reaches, at its number and one beyond.
use dns_proto::recursive::{ClientId, Config, Event, Limits, Resolver, Upstream};
use dns_proto::{Message, Name, Rcode, Record, RecordType, Section};
use proto_core::{Agent, Instant, Transport};

use crate::common::net::{ns, query, silent};
use crate::common::{name, record};
use crate::rig::{EVIL, Rig};

fn address(asked: &Name, ttl: u32) -> Vec<(Section, Record)> {
    vec![(Section::Answer, Record::address(asked.clone(), ttl, [127, 0, 0, 5].into()))]
}

/// Asks twice, so many seconds apart, and says whether the second was answered from the cache.
fn kept(limits: Limits, ttl: u32, seconds: u64) -> bool {
    let mut rig = Rig::new(limits).evil(move |asked| address(asked, ttl));
    rig.cost("www.evil.com");
    rig.wait(seconds);
    rig.cost("www.evil.com").1 == 0
}

#[test]
fn positive_answers_are_kept_no_longer_and_no_shorter() {
    let most = || Limits { ttl: 100, ..Limits::default() };
    assert!(kept(most(), 100, 99) && !kept(most(), 100, 100));
    assert!(kept(most(), 101, 99) && !kept(most(), 101, 100));
    let least = || Limits { least_ttl: 50, ..Limits::default() };
    assert!(kept(least(), 0, 49) && !kept(least(), 0, 50));
    assert!(kept(least(), 51, 50) && !kept(least(), 51, 51));
}

#[test]
fn absences_are_kept_no_shorter() {
    for (limit, seconds, messages) in [(0, 59, 0), (0, 60, 1), (90, 89, 0), (90, 90, 1)] {
        let limits = Limits { least_negative_ttl: limit, ..Limits::default() };
        let mut rig =
            Rig::new(limits).evil(|_| vec![(Section::Authority, record("evil.com SOA 1"))]);
        rig.cost("www.evil.com");
        rig.wait(seconds);
        assert_eq!(rig.cost("www.evil.com").1, messages, "{limit} {seconds}");
    }
}

#[test]
fn failures_are_remembered_for_so_long() {
    for (seconds, again) in [(4, false), (5, true)] {
        let mut rig = Rig::new(Limits::default());
        rig.net.serve(EVIL, silent());
        assert_eq!(rig.rcode("www.evil.com"), Rcode::SERVFAIL);
        rig.wait(seconds);
        assert_eq!(rig.cost("www.evil.com").1 > 0, again, "{seconds}");
    }
}

#[test]
fn answers_are_discarded_when_they_are_older_than_this() {
    let mut rig = Rig::new(Limits::default());
    rig.net.serve(EVIL, silent());
    rig.events("www.evil.com", RecordType::A, Transport::Tcp);
    let took = rig.net.now - Instant::ORIGIN;
    let millisecond = core::time::Duration::from_millis(1);
    for (discard, discarded) in [(took, false), (took - millisecond, true)] {
        let mut rig = Rig::new(Limits { discard, ..Limits::default() });
        rig.net.serve(EVIL, silent());
        let events = rig.events("www.evil.com", RecordType::A, Transport::Udp);
        assert_eq!(matches!(events[..], [Event::Discarded { .. }]), discarded, "{discard:?}");
    }
}

#[test]
fn places_are_kept_for_so_long() {
    let millisecond = core::time::Duration::from_millis(1);
    let jostle = core::time::Duration::from_millis(50);
    for (wait, gone) in [(jostle - millisecond, 3), (jostle, 2)] {
        // The first keeps its place to the end; the second gives way to the third, or is the last.
        let limits = Limits { clients: 2, jostle, ..Limits::default() };
        let mut resolver = Resolver::new(crate::rig::config(limits), [7; 32]);
        let octets = query(&name("www.evil.com"), RecordType::A);
        let query = Message::parse(&octets).unwrap();
        for (client, now) in
            [(1, Instant::ORIGIN), (2, Instant::ORIGIN), (3, Instant::ORIGIN + wait)]
        {
            assert_eq!(resolver.poll(), None);
            resolver.resolve(now, ClientId(client), &query, Transport::Udp).unwrap();
        }
        assert_eq!(resolver.poll(), Some(Event::Discarded { client: ClientId(gone) }), "{wait:?}");
    }
}

/// How many labels of a long name the servers of its zone are shown, message by message.
fn shown(limits: Limits) -> Vec<usize> {
    let config = Config { minimise: true, ..crate::rig::config(limits) };
    let mut rig = Rig::with(config).evil(|_| vec![(Section::Authority, record("evil.com SOA 1"))]);
    rig.rcode(&format!("{}evil.com", "x.".repeat(40)));
    let asked = rig.net.log.iter().filter_map(|line| line.strip_prefix("127.0.0.6 "));
    asked.map(|line| line.matches("x.").count()).collect()
}

/// Names of many labels do not cost a message each (RFC 9156 §2.3).
#[test]
fn names_are_shown_in_so_many_pieces() {
    for (pieces, messages) in [(0, 1), (1, 1), (2, 2), (10, 10), (11, 11)] {
        let all = shown(Limits { pieces, ..Limits::default() });
        assert_eq!((all.len(), all.last()), (messages, Some(&40)), "{all:?}");
    }
    for (single_pieces, labels) in [(0, [4, 8, 12]), (1, [1, 6, 11]), (2, [1, 2, 7])] {
        assert_eq!(shown(Limits { single_pieces, ..Limits::default() })[..3], labels);
    }
}

/// Whoever floods has all the places of his own, and leaves those of others to them.
#[test]
fn so_many_clients_of_one_address_wait() {
    let limits = Limits { clients_per_address: 2, ..Limits::default() };
    let mut resolver = Resolver::new(crate::rig::config(limits), [7; 32]);
    let mut id = 0;
    let mut ask = |resolver: &mut Resolver, from: &str, via| {
        id += 1;
        let octets = query(&name(&format!("x{id}.evil.com")), RecordType::A);
        let (query, who) =
            (Message::parse(&octets).unwrap(), (ClientId(id), from.parse().unwrap()));
        resolver.resolve_from(Instant::ORIGIN, who, &query, via).unwrap();
        resolver.poll()
    };
    // Addresses of one IPv6 network of 64 bits are one; those of IPv4 in IPv6 are of IPv4.
    for all in [
        ["192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"],
        ["2001:db8::1", "2001:db8::2:1", "2001:db8::3"],
    ] {
        assert_eq!(ask(&mut resolver, all[0], Transport::Udp), None);
        assert_eq!(ask(&mut resolver, all[1], Transport::Udp), None);
        let third = ask(&mut resolver, all[2], Transport::Udp);
        assert!(matches!(third, Some(Event::Discarded { .. })), "{third:?}");
        let third = ask(&mut resolver, all[2], Transport::Tcp);
        assert!(matches!(third, Some(Event::Reply { .. })), "{third:?}");
    }
    for other in ["192.0.2.2", "2001:db8:0:1::1"] {
        assert_eq!(ask(&mut resolver, other, Transport::Udp), None);
    }
    // When all have been answered, there is room again.
    let flows: Vec<_> = std::iter::from_fn(|| resolver.transmit()).collect();
    assert_eq!(flows.len(), 6);
    while let Some(deadline) = resolver.deadline() {
        resolver.expire(deadline);
        while resolver.transmit().is_some() || resolver.poll().is_some() {}
    }
    assert_eq!(ask(&mut resolver, "192.0.2.1", Transport::Udp), None);
}

/// A zone whose servers have all failed is asked for again of its parent, who may name others.
#[test]
fn parents_are_asked_again_so_often() {
    for (climbs, messages) in [(0, 2), (1, 4), (2, 7)] {
        let mut rig = Rig::new(Limits { climbs, ..Limits::default() });
        let delegation = |zone: &str, at: &str| format!("{zone} NS ns.{zone}\n ns.{zone} A {at}\n");
        let evil = delegation("sub.evil.com", "127.0.1.1");
        rig.net.authority(EVIL, &[&format!("evil.com SOA 1\n{evil}")]);
        rig.net.authority("127.0.1.1", &["sub.evil.com SOA 1\n www.sub.evil.com A 127.0.0.5"]);
        assert_eq!(rig.rcode("www.sub.evil.com"), Rcode::NOERROR);
        // Then neither answers, and each is tried twice; com is asked who it is that does not.
        rig.net.serve("127.0.1.1", silent());
        rig.net.serve(EVIL, silent());
        let (rcode, cost) = rig.cost("mail.sub.evil.com");
        assert_eq!((rcode, cost), (Rcode::SERVFAIL, messages), "{climbs}: {:?}", rig.net.log);
    }
}

#[test]
fn so_many_servers_of_a_delegation_are_kept() {
    // All are dead, and each is tried; the last has the answer.
    for (servers, rcode) in [(9, Rcode::SERVFAIL), (10, Rcode::NOERROR)] {
        let mut rig = Rig::new(Limits { servers, ..Limits::default() });
        let mut com = String::from("com SOA 1\n");
        (10..20).for_each(|it| {
            com += &format!("evil.com NS ns{it}.evil.com\n ns{it}.evil.com A 127.0.1.{it}\n");
        });
        rig.net.authority("127.0.0.2", &[&com]);
        rig.net.authority("127.0.1.19", &["evil.com SOA 1\n www.evil.com A 127.0.0.5"]);
        assert_eq!(rig.rcode("www.evil.com"), rcode, "{servers}");
    }
}

#[test]
fn so_many_rrsets_of_an_additional_section_are_kept() {
    for (additionals, hits) in [(2, 0), (3, 1)] {
        let mut rig = Rig::new(Limits { additionals, ..Limits::default() }).evil(|_| {
            let server =
                |it| (Section::Authority, ns("sub.evil.com", &format!("n{it}.sub.evil.com")));
            let glue = |it| {
                let line = format!("n{it}.sub.evil.com A 127.0.1.{it}");
                (Section::Additional, record(&line))
            };
            (1..=3).map(server).chain((1..=3).map(glue)).collect()
        });
        rig.net.authority("127.0.1.3", &["sub.evil.com SOA 1\n www.sub.evil.com A 127.0.0.5"]);
        rig.rcode("www.sub.evil.com");
        assert_eq!(rig.hits("127.0.1.3").min(1), hits, "{additionals}");
    }
}

#[test]
fn so_many_servers_are_known_by_their_speed() {
    // Whoever knows that a server was silent asks the other first.
    for (known_servers, first) in [(0, 2), (2, 1)] {
        let mut rig = Rig::new(Limits { known_servers, ..Limits::default() });
        let com = "com SOA 1
            evil.com NS ns1.evil.com\n ns1.evil.com A 127.0.1.1
            evil.com NS ns2.evil.com\n ns2.evil.com A 127.0.1.2";
        rig.net.authority("127.0.0.2", &[com]);
        rig.net.serve("127.0.1.1", silent());
        let wild: String = (0..40).map(|it| format!("h{it}.evil.com A 127.0.0.5\n")).collect();
        rig.net.authority("127.0.1.2", &[&format!("evil.com SOA 1\n{wild}")]);
        (0..40).for_each(|it| assert_eq!(rig.rcode(&format!("h{it}.evil.com")), Rcode::NOERROR));
        let silent = rig.hits("127.0.1.1");
        assert_eq!(if silent > 10 { 2 } else { 1 }, first, "{known_servers}: {silent}");
    }
}

/// The queue of those who wait is bounded whoever they are.
#[test]
fn clients_beyond_the_limit_are_refused_at_once() {
    let limits = Limits { clients: 0, ..Limits::default() };
    let mut rig = Rig::new(limits);
    assert_eq!(rig.cost("www.victim.com"), (Rcode::SERVFAIL, 0));
}

/// A configured zone's servers are held to the same budget.
#[test]
fn forwarders_that_never_answer_cost_their_attempts() {
    for attempts in [2, 3] {
        let mut config = crate::rig::config(Limits { attempts, ..Limits::default() });
        config.upstreams.push(Upstream::new(
            name("corp.example"),
            ["127.0.0.6:53".parse().unwrap()],
            dns_proto::recursive::Role::Forwarder,
        ));
        let mut rig = Rig::with(config);
        rig.net.serve(EVIL, silent());
        let expected = (Rcode::SERVFAIL, usize::try_from(attempts).unwrap());
        assert_eq!(rig.cost("x.corp.example"), expected);
    }
}
