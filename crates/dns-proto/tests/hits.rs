//! Answers that the cache has: the same whichever way they are asked for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod common;

use core::time::Duration;

use bytes::BytesMut;
use common::name;
use common::net::Net;
use dns_proto::recursive::{ClientId, Config, Event, Resolver, Role, Upstream};
use dns_proto::{Class, Edns, Header, Message, Name, Question, RecordType, Writer};
use proto_core::{Agent, Transport};

const ZONE: &str = "
    . SOA 1
    www.edu A 127.0.0.8
    alias.edu CNAME www.edu
    text.edu TXT long
    many.edu A 127.0.0.1
    many.edu A 127.0.0.2
    many.edu A 127.0.0.3
";

fn rig(prefetch: bool) -> (Net, Resolver) {
    let mut net = Net::default();
    net.authority("127.0.0.1", &[ZONE]);
    let root = Upstream::new(Name::ROOT, ["127.0.0.1:53".parse().unwrap()], Role::Authority);
    let config = Config { allow_loopback: true, prefetch, ..Config::new([]) };
    (net, Resolver::new(Config { upstreams: vec![root], ..config }, [7; 32]))
}

fn query(asked: &str, rtype: RecordType, header: Header, edns: Option<Edns<'_>>) -> BytesMut {
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, header, 512);
    writer.question(Question { name: name(asked).view(), rtype, class: Class::IN }).unwrap();
    edns.iter().for_each(|edns| writer.edns(edns).unwrap());
    writer.finish();
    out
}

fn resolved(net: &mut Net, resolver: &mut Resolver, query: &[u8]) -> BytesMut {
    let query = Message::parse(query).unwrap();
    resolver.resolve(net.now, ClientId(1), &query, Transport::Udp).unwrap();
    let events = net.run(resolver);
    let [Event::Reply { message, .. }] = &events[..] else { panic!("{events:?}") };
    BytesMut::from(&message[..])
}

fn answered(net: &Net, resolver: &mut Resolver, query: &[u8]) -> Option<BytesMut> {
    let mut out = BytesMut::new();
    let query = Message::parse(query).unwrap();
    resolver.answer(net.now, &query, Transport::Udp, &mut out).then_some(out)
}

fn asked() -> Header {
    Header { recursion_desired: true, ..Header::default() }
}

#[test]
fn both_ways_give_the_same_octets() {
    let (mut net, mut resolver) = rig(true);
    let names = ["www.edu", "WWW.edu", "alias.edu", "text.edu", "many.edu", "nothing.edu"];
    for own in names {
        for rtype in [RecordType::A, RecordType::TXT, RecordType::CNAME] {
            for edns in
                [None, Some(Edns::new(1232)), Some(Edns { dnssec_ok: true, ..Edns::new(512) })]
            {
                for checking_disabled in [false, true] {
                    let header = Header { id: 9, checking_disabled, ..asked() };
                    let query = query(own, rtype, header, edns);
                    let first = resolved(&mut net, &mut resolver, &query);
                    let hits = resolver.statistics().hits;
                    assert_eq!(answered(&net, &mut resolver, &query).as_ref(), Some(&first));
                    assert_eq!(resolved(&mut net, &mut resolver, &query), first);
                    assert_eq!(resolver.statistics().hits, hits + 2);
                }
            }
        }
    }
}

#[test]
fn what_is_not_a_mere_hit_is_left_alone() {
    let (mut net, mut resolver) = rig(true);
    let good = query("www.edu", RecordType::A, asked(), None);
    assert_eq!(answered(&net, &mut resolver, &good), None);
    resolved(&mut net, &mut resolver, &good);
    assert!(answered(&net, &mut resolver, &good).is_some());
    let others = [
        query("www.edu", RecordType::A, Header { response: true, ..asked() }, None),
        query("www.edu", RecordType::A, Header { recursion_desired: false, ..asked() }, None),
        query("www.edu", RecordType::A, asked(), Some(Edns { version: 1, ..Edns::new(1232) })),
        query("www.edu", RecordType::AXFR, asked(), None),
        query("www.edu", RecordType::AAAA, asked(), None),
        query("localhost", RecordType::A, asked(), None),
    ];
    for query in &others {
        assert_eq!(answered(&net, &mut resolver, query), None);
    }
    // A name of this host stays one, whatever a zone has said of it.
    resolved(&mut net, &mut resolver, &others[5]);
    assert_eq!(answered(&net, &mut resolver, &others[5]), None);
    // With a tenth of its time left it is to be renewed; and then it is over.
    net.now += Duration::from_secs(269);
    assert!(answered(&net, &mut resolver, &good).is_some());
    net.now += Duration::from_secs(1);
    assert_eq!(answered(&net, &mut resolver, &good), None);
    let (mut net, mut resolver) = rig(false);
    resolved(&mut net, &mut resolver, &good);
    net.now += Duration::from_secs(299);
    assert!(answered(&net, &mut resolver, &good).is_some());
    net.now += Duration::from_secs(1);
    assert_eq!(answered(&net, &mut resolver, &good), None);
    assert!(resolver.deadline().is_none() && resolver.transmit().is_none());
}
