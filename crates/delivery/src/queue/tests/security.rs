use alloc::{format, string::String, vec::Vec};

use dns_proto::{Name, RecordType};
use smtp_proto::Parameters;

use super::world::{World, config, take_all, to};
use crate::{Action, Answer, Config, Security};

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
                world.queue.unreachable(now, at, link, why);
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
