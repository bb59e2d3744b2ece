//! Lookups, with a zone in the place of the servers.
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;
use std::cell::RefCell;

use bytes::BytesMut;
use proto_core::Transport;
use proto_core::blocking::now;

use crate::error::Error;
use crate::message::MessageBuf;
use crate::name::Name;
use crate::number::{Rcode, RecordType};
use crate::query::Query;
use crate::random::Random;
use crate::stub::lookups::{self, Answers, Ask, Local};
use crate::stub::{Hosts, Limits, Search, ToHost};
use crate::{Authority, Zone, zone_file};

/// A zone that is asked by a function call, and what it was asked.
struct World {
    authority: Authority,
    local: Local,
    log: RefCell<Vec<String>>,
    /// Names for which the server fails.
    broken: Vec<&'static str>,
}

const ZONE: &str = "$TTL 60
@ SOA ns host 1 2 3 4 5
@ MX 20 b\n@ MX 10 a\n@ TXT one two\n@ TXT \"v=spf1 -all\"
a A 192.0.2.1\na AAAA 2001:db8::1\nb A 192.0.2.2
www CNAME web\nweb CNAME a
loop CNAME pool\npool CNAME loop
_imaps._tcp SRV 1 0 993 a\n_imaps._tcp SRV 2 0 994 b
_none._tcp SRV 0 0 0 .
svc HTTPS 0 pool.svc\npool.svc HTTPS 2 b port=8443\npool.svc HTTPS 1 . alpn=h2
pool.svc A 192.0.2.3
end HTTPS 0 a\ngone HTTPS 0 .
round HTTPS 0 round
bad HTTPS 1 . alpn=h2\nbad HTTPS \\# 17 0001000001000302683200010003026833
worse HTTPS 0 a\nworse HTTPS \\# 17 0001000001000302683200010003026833
half HTTPS 1 a alpn=h2\nhalf HTTPS \\# 9 000200000000020003\nhalf HTTPS \\# 7 00030000020000
short.sub A 192.0.2.4
1.2.0.192.in-addr.arpa PTR a
";

fn world(change: impl FnOnce(&mut Local)) -> World {
    let apex: Name = "z".parse().unwrap();
    let zone = zone_file::read("z", ZONE.as_bytes(), apex, |_| None).unwrap();
    let mut authority = Authority::default();
    authority.insert(Zone::new(zone).unwrap());
    let mut local = Local::new(Limits::default(), Random::new([7; 32]));
    change(&mut local);
    World { authority, local, log: RefCell::default(), broken: Vec::new() }
}

impl World {
    fn answer(&self, name: &Name, rtype: RecordType) -> Result<MessageBuf, Error> {
        self.log.borrow_mut().push(alloc::format!("{name} {rtype}"));
        if self.broken.contains(&name.to_string().as_str()) {
            return Err(Error::Useless);
        }
        let mut out = BytesMut::new();
        let query = Query::new(name, rtype).write();
        let _ = self.authority.respond(&query, Transport::Tcp, &mut out);
        let answer = MessageBuf::parse(out.freeze()).unwrap();
        // Outside the zone there is nothing.
        let refused = answer.view().rcode() == Rcode::REFUSED;
        Ok(if refused { self.nothing(name, rtype) } else { answer })
    }

    fn nothing(&self, name: &Name, rtype: RecordType) -> MessageBuf {
        let mut octets = Query::new(name, rtype).write().to_vec();
        (octets[2], octets[3]) = (0x80, 3);
        MessageBuf::parse(octets.into()).unwrap()
    }

    fn addresses(&self, host: &str) -> Result<Vec<String>, Error> {
        let found = now(lookups::addresses(self, &host.to_host().unwrap()))?;
        Ok(found.iter().map(IpAddr::to_string).collect())
    }

    fn log(&self) -> String {
        self.log.borrow().join(", ")
    }
}

impl Ask for World {
    async fn ask(&self, questions: Vec<(Name, RecordType)>) -> Answers {
        questions.iter().map(|(name, rtype)| self.answer(name, *rtype)).collect()
    }

    fn local(&self) -> &Local {
        &self.local
    }
}

fn searching(domains: &[&str], dots: u8) -> World {
    let domains = domains.iter().map(|domain| domain.parse().unwrap()).collect();
    world(|local| local.search = Search { domains, dots })
}

#[test]
fn both_families_are_asked_at_once_and_aliases_followed() {
    let world = world(|_| ());
    assert_eq!(world.addresses("www.z.").unwrap(), ["2001:db8::1", "192.0.2.1"]);
    assert_eq!(world.log(), "www.z. AAAA, www.z. A");
    assert_eq!(world.addresses("nobody.z."), Ok(Vec::new()));
    assert_eq!(world.addresses("loop.z."), Err(Error::Useless));
}

#[test]
fn ipv6_is_left_out_if_it_is_of_no_use() {
    let world = world(|local| local.no_aaaa = true);
    assert_eq!(world.addresses("a.z.").unwrap(), ["192.0.2.1"]);
    assert_eq!(world.addresses("localhost").unwrap(), ["127.0.0.1"]);
    assert_eq!(world.log(), "a.z. A");
}

#[test]
fn this_host_and_the_hosts_file_are_not_asked_for() {
    let hosts = Hosts::parse(b"192.0.2.9 printer\n2001:db8::9 printer");
    let world = world(|local| local.hosts = hosts);
    for (host, addresses) in [
        ("localhost", "::1 127.0.0.1"),
        ("x.LocalHost.", "::1 127.0.0.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
        ("printer", "2001:db8::9 192.0.2.9"),
    ] {
        assert_eq!(world.addresses(host).unwrap().join(" "), addresses);
    }
    assert_eq!(world.log(), "");
}

#[test]
fn short_names_are_searched_until_there_are_data() {
    let world = searching(&["nowhere", "z", "sub.z"], 1);
    assert_eq!(world.addresses("short").unwrap(), ["192.0.2.4"]);
    let asked = ["short.nowhere.", "short.z.", "short.sub.z."];
    let asked = asked.map(|name| alloc::format!("{name} AAAA, {name} A"));
    assert_eq!(world.log(), asked.join(", "));
}

#[test]
fn a_failure_ends_the_search() {
    let mut world = searching(&["y", "z"], 1);
    world.broken = vec!["a.y."];
    assert_eq!(world.addresses("a"), Err(Error::Useless));
    assert_eq!(world.log(), "a.y. AAAA, a.y. A");
}

#[test]
fn names_with_enough_dots_are_tried_as_they_are_first() {
    let world = searching(&["z"], 1);
    assert_eq!(world.addresses("short.sub").unwrap(), ["192.0.2.4"]);
    assert!(world.log().starts_with("short.sub. AAAA, short.sub. A, short.sub.z."));
}

#[test]
fn exchanges_are_sorted_and_have_addresses() {
    let mut world = world(|_| ());
    world.broken = vec!["b.z."];
    let found = now(lookups::mx(&world, &"z.".to_host().unwrap())).unwrap();
    let found: Vec<_> =
        found.iter().map(|it| (it.preference, it.name.to_string(), it.addresses.clone())).collect();
    let both = Ok(vec!["2001:db8::1".parse().unwrap(), [192, 0, 2, 1].into()]);
    let expected = [(10, "a.z.".into(), both), (20, "b.z.".into(), Err(Error::Useless))];
    assert_eq!(found, expected);
}

#[test]
fn targets_are_counted() {
    for (targets, found, asked) in [(2, 2, 5), (1, 1, 3)] {
        let world = world(|local| local.limits.targets = targets);
        let host = "z.".to_host().unwrap();
        assert_eq!(now(lookups::mx(&world, &host)).unwrap().len(), found);
        assert_eq!(world.log.borrow().len(), asked);
    }
}

#[test]
fn aliases_are_counted() {
    for (aliases, found) in [(2, Ok(2)), (1, Err(Error::Useless))] {
        let world = world(|local| local.limits.aliases = aliases);
        assert_eq!(world.addresses("www.z.").map(|list| list.len()), found);
    }
}

#[test]
fn services_are_sorted_and_have_addresses() {
    let world = world(|_| ());
    let found = now(lookups::srv(&world, &"_imaps._tcp.z".to_host().unwrap())).unwrap();
    let sockets: Vec<_> = found.iter().flat_map(|it| it.socket_addrs()).collect();
    let text: Vec<_> = sockets.iter().map(ToString::to_string).collect();
    assert_eq!(text, ["[2001:db8::1]:993", "192.0.2.1:993", "192.0.2.2:994"]);
    let none = now(lookups::srv(&world, &"_none._tcp.z".to_host().unwrap())).unwrap();
    assert!(none[0].name.is_root() && none[0].addresses == Ok(Vec::new()));
}

/// What an HTTPS lookup finds: priority, host and port.
fn https(world: &World, host: &str) -> Result<Vec<String>, Error> {
    let host = host.to_host().unwrap();
    let found = now(lookups::services(world, &host, RecordType::HTTPS))?;
    let line = |it: &crate::stub::Service| {
        let (priority, name, port) = (it.priority, &it.name, it.port().unwrap_or(443));
        alloc::format!("{priority} {name} {port} {}", it.addresses.as_ref().unwrap().len())
    };
    Ok(found.iter().map(line).collect())
}

#[test]
fn aliases_of_services_are_followed_and_stand_at_the_end() {
    let world = world(|_| ());
    let expected = ["1 pool.svc.z. 443 1", "2 b.z. 8443 1", "0 pool.svc.z. 443 1"];
    assert_eq!(https(&world, "svc.z.").unwrap(), expected);
    assert_eq!(https(&world, "end.z.").unwrap(), ["0 a.z. 443 2"]);
    assert_eq!(https(&world, "gone.z.").unwrap(), [""; 0]);
    assert_eq!(https(&world, "a.z.").unwrap(), [""; 0]);
}

#[test]
fn a_malformed_record_of_a_service_spoils_its_set_and_one_against_itself_does_not() {
    // RFC 9460 §2.2: a key twice. §2.4.3: a mandatory key, or a protocol, that is not there.
    let world = world(|_| ());
    assert_eq!(https(&world, "bad.z.").unwrap(), [""; 0]);
    assert_eq!(https(&world, "worse.z.").unwrap(), [""; 0]);
    assert_eq!(https(&world, "half.z.").unwrap(), ["1 a.z. 443 2"]);
}

#[test]
fn aliases_of_services_are_counted() {
    let world = world(|_| ());
    assert_eq!(https(&world, "round.z."), Err(Error::Useless));
    assert_eq!(world.log.borrow().len(), 1 + Limits::default().service_aliases);
    for (service_aliases, found) in [(1, true), (0, false)] {
        let world = self::world(|local| local.limits.service_aliases = service_aliases);
        assert_eq!(https(&world, "svc.z.").is_ok(), found);
    }
}

#[test]
fn strings_of_a_text_are_joined() {
    let world = world(|_| ());
    let mut found = now(lookups::txt(&world, &"z.".to_host().unwrap())).unwrap();
    found.sort();
    assert_eq!(found, [&b"onetwo"[..], b"v=spf1 -all"]);
}

#[test]
fn negative_answers_say_as_much_as_there_is_to_say() {
    let world = searching(&["nowhere", "z"], 1);
    // a.z exists, but has no MX records; neither a.nowhere nor a does.
    let answer = now(lookups::records(&world, &"a".to_host().unwrap(), RecordType::MX)).unwrap();
    let view = answer.view();
    assert_eq!(view.rcode(), Rcode::NOERROR);
    assert_eq!(view.question().unwrap().name.to_string(), "a.z.");
}
