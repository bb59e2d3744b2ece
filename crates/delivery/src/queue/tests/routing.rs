use alloc::{vec, vec::Vec};

use dns_proto::RecordType;

use super::world::{World, config, take_all, to};
use crate::{Answer, Config, Security, Target, Transport};

const DAY: core::time::Duration = core::time::Duration::from_secs(86_400);

/// What is tried for a@x.org behind these records, and what the sender is told.
fn tried(
    config: Config,
    records: &[(&str, &str)],
    down: &[&str],
) -> (Vec<alloc::string::String>, Option<alloc::string::String>) {
    let mut world = World::new(config, take_all);
    records.iter().for_each(|(owner, data)| world.record(owner, data));
    world.down = down.iter().map(|it| alloc::format!("{it}:25")).collect();
    world.submit(to(&["a@x.org"]));
    world.work();
    let tried = world.log("connect").iter().map(|it| (*it).into()).collect();
    let told = world.reports.first().and_then(|report| report.recipients[0].why.clone());
    (tried, told.map(|why| alloc::format!("{}", why.status())))
}

#[test]
fn hosts_are_tried_by_preference_until_one_answers() {
    let records = [
        ("x.org", "MX 20 b.x.org."),
        ("x.org", "MX 10 a.x.org."),
        ("a.x.org", "A 192.0.2.10"),
        ("a.x.org", "A 192.0.2.11"),
        ("b.x.org", "A 192.0.2.20"),
    ];
    let (tried, told) = tried(config(), &records, &["192.0.2.10", "192.0.2.11"]);
    assert_eq!(tried, ["192.0.2.10:25 a.x.org", "192.0.2.11:25 a.x.org", "192.0.2.20:25 b.x.org"]);
    assert_eq!(told, None);
}

#[test]
fn without_mx_records_the_domain_itself_is_the_host() {
    let (tried, _) = tried(config(), &[("x.org", "A 192.0.2.7")], &[]);
    assert_eq!(tried, ["192.0.2.7:25 x.org"]);
}

#[test]
fn ipv6_goes_first() {
    let mut config = config();
    config.ipv6 = true;
    let (tried, _) = tried(config, &[("x.org", "AAAA 2001:db8::1")], &["[2001:db8::1]"]);
    assert_eq!(tried, ["[2001:db8::1]:25 x.org", "192.0.2.1:25 x.org"]);
}

#[test]
fn what_has_no_route_is_returned_with_its_status() {
    let table = [
        // RFC 7505 §4.2.
        (vec![("x.org", "MX 0 .")], "5.1.10"),
        // RFC 5321 §5.1: we are the best.
        (vec![("x.org", "MX 10 crepes.fr."), ("x.org", "MX 20 b.x.org.")], "5.4.6"),
        // By our address.
        (vec![("x.org", "MX 10 a.x.org."), ("a.x.org", "A 192.0.2.99")], "5.4.6"),
    ];
    for (records, status) in table {
        let mut config = config();
        config.addresses = vec![[192, 0, 2, 99].into()];
        let (tried, told) = tried(config, &records, &[]);
        assert_eq!((tried.len(), told.as_deref()), (0, Some(status)), "{records:?}");
    }
}

#[test]
fn only_those_better_than_we_are_tried() {
    let records = [
        ("x.org", "MX 10 a.x.org."),
        ("x.org", "MX 20 us.x.org."),
        ("x.org", "MX 30 c.x.org."),
        ("us.x.org", "A 192.0.2.99"),
    ];
    let mut config = config();
    config.addresses = vec![[192, 0, 2, 99].into()];
    let (tried, told) = tried(config, &records, &["192.0.2.1"]);
    assert_eq!((&tried[..], told), (&["192.0.2.1:25 a.x.org".into()][..], None));
}

#[test]
fn dns_decides_between_never_and_not_now() {
    let none = || Answer::Records(Vec::new(), false);
    let table = [
        (RecordType::MX, Answer::NoSuchName, Some("5.1.2")),
        (RecordType::MX, Answer::Failed, None),
        (RecordType::A, none(), Some("5.4.4")),
        (RecordType::A, Answer::NoSuchName, Some("5.4.4")),
        (RecordType::A, Answer::Failed, None),
    ];
    for (rtype, answer, expected) in table {
        let mut world = World::new(config(), take_all);
        world.dns.insert(("x.org".parse().unwrap(), rtype), answer);
        world.submit(to(&["a@x.org"]));
        world.work();
        let told = world.reports.first().and_then(|report| report.recipients[0].why.as_ref());
        let status = told.map(|why| alloc::format!("{}", why.status()));
        assert_eq!(status.as_deref(), expected, "{rtype}");
        assert_eq!(world.queue.deadline().is_some(), expected.is_none(), "{rtype}");
    }
}

#[test]
fn address_literals_need_no_look_up() {
    let mut world = World::new(config(), take_all);
    world.submit(to(&["a@[192.0.2.5]", "b@[IPv6:2001:db8::1]"]));
    world.work();
    let mut tried = world.log("connect");
    tried.sort_unstable();
    assert_eq!(tried, ["192.0.2.5:25 [192.0.2.5]", "[2001:db8::1]:25 [2001:db8::1]"]);
    assert_eq!(world.log("MX"), Vec::<&str>::new());
}

#[test]
fn hosts_and_addresses_are_tried_up_to_their_limits() {
    for (limit, count) in [(3, 3), (2, 2)] {
        let mut config = config();
        config.limits.hosts = limit;
        let owned: Vec<_> = (0..3).map(|n| alloc::format!("MX {n} mx{n}.x.org.")).collect();
        let records: Vec<_> = owned.iter().map(|data| ("x.org", data.as_str())).collect();
        let (hosts, _) = tried(config.clone(), &records, &["192.0.2.1"]);
        assert_eq!(hosts.len(), count);
        config.limits.addresses = limit;
        let owned: Vec<_> = (10..13).map(|n| alloc::format!("A 192.0.2.{n}")).collect();
        let records: Vec<_> = owned.iter().map(|data| ("x.org", data.as_str())).collect();
        let (addresses, _) = tried(config, &records, &["192.0.2.10", "192.0.2.11", "192.0.2.12"]);
        assert_eq!(addresses.len(), count);
    }
}

#[test]
fn transports_are_chosen_by_domain() {
    let mut config = config();
    let address = Target::Address([192, 0, 2, 25].into());
    config.transport = Transport::Relay {
        to: Target::Host("smart.example".parse().unwrap()),
        port: 587,
        security: Security::Verified,
    };
    config.transports.insert("crepes.fr".into(), Transport::Lmtp { to: address, port: 24 });
    config.transports.insert("here.example".into(), Transport::Local);
    let mut world = World::new(config, take_all);
    world.submit(to(&["a@x.org", "b@y.org", "c@Crepes.FR", "d@here.example"]));
    world.work();
    let mut tried = world.log("connect");
    tried.sort_unstable();
    assert_eq!(tried, ["192.0.2.1:587 smart.example", "192.0.2.25:24 [192.0.2.25]"]);
    assert_eq!(world.log("keep"), ["d@here.example"]);
    let mut sent = world.log("send");
    sent.sort_unstable();
    assert_eq!(sent, ["a@x.org b@y.org", "c@Crepes.FR"], "one transaction for the smart host");
    world.run(DAY);
    assert!(world.queue.is_empty());
}
