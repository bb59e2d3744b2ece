use alloc::{format, string::String, vec::Vec};

use dns_proto::{Name, RecordType};
use smtp_proto::Parameters;

use super::world::{World, config, take_all, to};
use crate::{Action, Answer, Config, Queue, Security};

const POLICY: &str = "version: STSv1\nmode: enforce\nmx: a.x.org\nmax_age: 86400\n";

/// A world with two hosts for x.org, and what is said of them.
fn world(config: Config, records: &[(&str, &str)], validated: bool) -> World {
    let mut world = World::new(config, take_all);
    world.record("x.org", "MX 10 b.x.org.");
    world.record("x.org", "MX 20 a.x.org.");
    records.iter().for_each(|(owner, data)| world.record(owner, data));
    world.record("a.x.org", "A 192.0.2.1");
    world.record("b.x.org", "A 192.0.2.2");
    for answer in world.dns.values_mut() {
        if let Answer::Records(_, secure) = answer {
            *secure = validated;
        }
    }
    world
}

/// To whom connections are made for one message, and how they are protected.
fn hops(world: &mut World, policy: Option<&str>, parameters: Parameters) -> Vec<String> {
    hops_of(world, policy, parameters, false)
}

/// The same, of a world in which nobody can be reached, or there is no agreeing on TLS.
fn hops_of(
    world: &mut World,
    policy: Option<&str>,
    parameters: Parameters,
    tls_fails: bool,
) -> Vec<String> {
    let mut submission = to(&["u@x.org"]);
    submission.parameters = parameters;
    world.submit(submission);
    let mut hops = Vec::new();
    while let Some(action) = world.queue.poll() {
        let (now, at) = (world.now, world.at);
        match action {
            Action::LookUp { link, name, rtype } => {
                let none = Answer::Records(Vec::new(), false);
                let answer = world.dns.get(&(name, rtype)).cloned().unwrap_or(none);
                world.queue.found(now, at, link, rtype, answer);
            }
            Action::Fetch { link, domain } => {
                hops.push(format!("fetch {domain}"));
                world.queue.fetched(now, at, link, policy);
            }
            Action::Connect { link, hop } => {
                let kind = match hop.security {
                    Security::Plain => "plain",
                    Security::Opportunistic => "opportunistic",
                    Security::Encrypted => "encrypted",
                    Security::Verified => "verified",
                    Security::Dane(_) => "dane",
                };
                hops.push(format!("{} {kind}", hop.label()));
                let words = proto_core::Text::from_static("nobody answers");
                let why = crate::Cause::new("4.4.1".parse().unwrap(), words);
                match tls_fails {
                    true => world.queue.tls_failed(now, at, link, why),
                    false => world.queue.unreachable(now, at, link, why),
                }
            }
            Action::Report(report) => {
                let why = report.recipients[0].why.as_ref().unwrap();
                hops.push(format!("failed {}", why.status()));
                world.queue.reported(now, at, report.message);
            }
            _ => {}
        }
    }
    hops
}

fn sts() -> Config {
    let mut config = config();
    config.sts = true;
    config
}

fn dane() -> Config {
    let mut config = config();
    config.dane = true;
    config
}

#[test]
fn a_policy_is_fetched_once_and_obeyed() {
    let mut world = world(sts(), &[("_mta-sts.x.org", "TXT \"v=STSv1; id=1;\"")], false);
    let first = hops(&mut world, Some(POLICY), Parameters::default());
    assert_eq!(first, ["fetch x.org.", "a.x.org verified"], "b is not named");
    let second = hops(&mut world, None, Parameters::default());
    assert_eq!(second, ["a.x.org verified"]);
    // Somebody took the record away: the policy holds.
    world.dns.remove(&("_mta-sts.x.org".parse::<Name>().unwrap(), RecordType::TXT));
    assert_eq!(hops(&mut world, None, Parameters::default()), ["a.x.org verified"]);
}

#[test]
fn a_policy_that_cannot_be_had_or_only_tests_changes_nothing() {
    let testing = POLICY.replace("enforce", "testing");
    for policy in [None, Some("version: STSv2\n"), Some(testing.as_str())] {
        let mut world = world(sts(), &[("_mta-sts.x.org", "TXT \"v=STSv1; id=1;\"")], false);
        let hops = hops(&mut world, policy, Parameters::default());
        assert_eq!(hops, ["fetch x.org.", "b.x.org opportunistic", "a.x.org opportunistic"]);
    }
    let mut without = world(sts(), &[], false);
    let hops = hops(&mut without, Some(POLICY), Parameters::default());
    assert_eq!(hops, ["b.x.org opportunistic", "a.x.org opportunistic"]);
}

#[test]
fn a_server_without_good_tls_is_tried_in_clear_unless_more_is_wanted() {
    let failing = |world: &mut World, policy, parameters| hops_of(world, policy, parameters, true);
    let usual = || Parameters::default();
    let both = ["b.x.org opportunistic", "b.x.org plain", "a.x.org opportunistic", "a.x.org plain"];
    assert_eq!(failing(&mut world(config(), &[], false), None, usual()), both);
    // Each address counts once.
    let mut one = config();
    one.limits.addresses = 1;
    assert_eq!(failing(&mut world(one, &[], false), None, usual()), both[..2]);
    let mut strict = config();
    strict.in_clear = false;
    let hops = failing(&mut world(strict, &[], false), None, usual());
    assert_eq!(hops, ["b.x.org opportunistic", "a.x.org opportunistic"]);
    // What demands TLS demands it.
    let txt = [("_mta-sts.x.org", "TXT \"v=STSv1; id=1;\"")];
    let hops = failing(&mut world(sts(), &txt, false), Some(POLICY), usual());
    assert_eq!(hops, ["fetch x.org.", "a.x.org verified"]);
    let key = format!("TLSA 3 1 1 {}", "ab".repeat(32));
    let keys = [("_25._tcp.a.x.org", key.as_str()), ("_25._tcp.b.x.org", key.as_str())];
    let hops = failing(&mut world(dane(), &keys, true), None, usual());
    assert_eq!(hops, ["b.x.org dane", "a.x.org dane"]);
    let hops = failing(&mut world(config(), &[], true), None, usual().with_required_tls());
    assert_eq!(hops, ["b.x.org verified", "a.x.org verified"]);
}

#[test]
fn tlsa_records_count_if_everything_to_them_is_validated() {
    let key = format!("TLSA 3 1 1 {}", "ab".repeat(32));
    let of_no_use = format!("TLSA 1 1 1 {}", "ab".repeat(32));
    let records = [("_25._tcp.b.x.org", key.as_str()), ("_25._tcp.a.x.org", of_no_use.as_str())];
    let mut validated = world(dane(), &records, true);
    assert_eq!(
        hops(&mut validated, None, Parameters::default()),
        ["b.x.org dane", "a.x.org encrypted"]
    );
    let mut forged = world(dane(), &records, false);
    assert_eq!(
        hops(&mut forged, None, Parameters::default()),
        ["b.x.org opportunistic", "a.x.org opportunistic"]
    );
}

#[test]
fn a_host_whose_tlsa_records_are_hidden_is_not_used() {
    let mut world = world(dane(), &[], true);
    let name = "_25._tcp.b.x.org".parse().unwrap();
    world.dns.insert((name, RecordType::TLSA), Answer::Failed);
    let hops = hops(&mut world, None, Parameters::default());
    assert_eq!(hops, ["a.x.org opportunistic"]);
}

/// Who is asked for TLSA records, in turn, and what comes of it. The host b is an alias of c; what
/// is said of each name is whether it is validated, and whether c and b have keys.
fn alias(chain: bool, first: bool, keys: [bool; 2]) -> (Vec<String>, Vec<String>) {
    let mut world = World::new(dane(), take_all);
    let secure = |world: &mut World, name: &str, rtype, is| {
        if let Some(Answer::Records(_, secure)) = world.dns.get_mut(&(name.parse().unwrap(), rtype))
        {
            *secure = is;
        }
    };
    world.record("x.org", "MX 10 b.x.org.");
    secure(&mut world, "x.org", RecordType::MX, true);
    world.record("b.x.org", "CNAME c.y.org.");
    world.record("c.y.org", "A 192.0.2.2");
    let mut both = Vec::new();
    for key in [("b.x.org", RecordType::CNAME), ("c.y.org", RecordType::A)] {
        let Some(Answer::Records(records, _)) = world.dns.get(&(key.0.parse().unwrap(), key.1))
        else {
            panic!()
        };
        both.extend(records.iter().cloned());
    }
    let key = (("b.x.org").parse().unwrap(), RecordType::A);
    world.dns.insert(key, Answer::Records(both, chain));
    secure(&mut world, "b.x.org", RecordType::CNAME, first);
    for (name, _) in ["_25._tcp.c.y.org", "_25._tcp.b.x.org"].iter().zip(keys).filter(|it| it.1) {
        // The keys are in a third place, which does not change whose they are.
        world.record(name, "CNAME keys.z.org.");
        let tlsa = format!("TLSA 3 1 1 {}", "ab".repeat(32));
        world.record(name, &tlsa);
        secure(&mut world, name, RecordType::TLSA, true);
    }
    let mut names = Vec::new();
    world.submit(to(&["u@x.org"]));
    while let Some(action) = world.queue.poll() {
        let (now, at) = (world.now, world.at);
        match action {
            Action::LookUp { link, name, rtype } => {
                if matches!(rtype, RecordType::TLSA | RecordType::CNAME) {
                    world.log.push(format!("{rtype} {name}"));
                }
                let none = Answer::Records(Vec::new(), true);
                let answer = world.dns.get(&(name, rtype)).cloned().unwrap_or(none);
                world.queue.found(now, at, link, rtype, answer);
            }
            Action::Connect { hop, .. } => {
                let dane = matches!(hop.security, Security::Dane(_));
                names.push(format!("{dane}"));
                names.extend(hop.names.iter().map(|it| format!("{it}")));
            }
            _ => {}
        }
    }
    (world.log, names)
}

/// RFC 7672 §2.2.2, §2.2.3.
#[test]
fn the_keys_of_an_alias_are_those_of_its_end_or_else_its_own() {
    let (end, own) = ("TLSA _25._tcp.c.y.org.", "TLSA _25._tcp.b.x.org.");
    let at_end: &[&str] = &["true", "c.y.org.", "b.x.org.", "x.org."];
    let at_own: &[&str] = &["true", "b.x.org.", "x.org."];
    let none: &[&str] = &["false", "b.x.org.", "x.org."];
    type Case<'a> = (bool, bool, [bool; 2], &'a [&'a str], &'a [&'a str]);
    let table: [Case<'_>; 7] = [
        (true, true, [true, true], &[end], at_end),
        (true, true, [false, true], &[end, own], at_own),
        (true, true, [false, false], &[end, own], none),
        (false, true, [true, true], &["CNAME b.x.org.", own], at_own),
        (false, true, [true, false], &["CNAME b.x.org.", own], none),
        (false, false, [true, true], &["CNAME b.x.org."], none),
        (false, false, [false, false], &["CNAME b.x.org."], none),
    ];
    for (chain, first, keys, asked, names) in table {
        let found = alias(chain, first, keys);
        assert_eq!(found.0, asked, "{chain} {first} {keys:?}");
        assert_eq!(found.1, names, "{chain} {first} {keys:?}");
    }
}

#[test]
fn a_host_that_is_configured_may_have_keys_too() {
    for (security, dane_is_used) in [(Security::Opportunistic, true), (Security::Plain, false)] {
        let mut config = dane();
        let to = crate::Target::Host("b.x.org".parse().unwrap());
        config.transport = crate::Transport::Relay { to, port: 25, security };
        let key = format!("TLSA 3 1 1 {}", "ab".repeat(32));
        let mut world = world(config, &[("_25._tcp.b.x.org", &key)], true);
        let hops = hops(&mut world, None, Parameters::default());
        assert_eq!(hops[0].ends_with(" dane"), dane_is_used, "{hops:?}");
    }
}

#[test]
fn a_policy_survives_a_restart() {
    let mut world = world(sts(), &[("_mta-sts.x.org", "TXT \"v=STSv1; id=1;\"")], false);
    let mut records = Vec::new();
    world.submit(to(&["u@x.org"]));
    while let Some(action) = world.queue.poll() {
        let (now, at) = (world.now, world.at);
        match action {
            Action::LookUp { link, name, rtype } => {
                let none = Answer::Records(Vec::new(), false);
                let answer = world.dns.get(&(name, rtype)).cloned().unwrap_or(none);
                world.queue.found(now, at, link, rtype, answer);
            }
            Action::Fetch { link, .. } => world.queue.fetched(now, at, link, Some(POLICY)),
            Action::Write(record) => records.push(record),
            _ => {}
        }
    }
    // Somebody took the record away meanwhile.
    world.dns.remove(&("_mta-sts.x.org".parse::<Name>().unwrap(), RecordType::TXT));
    let snapshot: Vec<_> = world.queue.snapshot().collect();
    for (records, age, expected) in [
        (records.clone(), 86_399, "a.x.org verified"),
        (snapshot, 86_399, "a.x.org verified"),
        (records, 86_400, "b.x.org opportunistic"),
    ] {
        let mut config = sts();
        config.limits.connections = 1;
        let (now, at) = (world.now, world.at + age);
        let mut again = World::of(Queue::replay(config, 0, now, at, records), take_all);
        (again.dns, again.at) = (world.dns.clone(), at);
        let found = hops(&mut again, None, Parameters::default());
        assert_eq!(found.first().map(String::as_str), Some(expected), "{age}");
    }
}

#[test]
fn what_requires_tls_goes_only_where_it_is_sure() {
    let required = || Parameters::default().with_required_tls();
    let mut unsure = world(config(), &[], false);
    assert_eq!(hops(&mut unsure, None, required()), ["failed 5.7.30"]);
    let mut validated = world(config(), &[], true);
    let found = hops(&mut validated, None, required());
    assert_eq!(found, ["b.x.org verified", "a.x.org verified"]);
    let mut sts = world(sts(), &[("_mta-sts.x.org", "TXT \"v=STSv1; id=1;\"")], false);
    let found = hops(&mut sts, Some(POLICY), required());
    assert_eq!(found, ["fetch x.org.", "a.x.org verified"]);
}
