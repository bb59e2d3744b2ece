//! The life of a zone's keys (RFC 5011 §4 and §6).
use dns_proto::dnssec::{
    Config, KeyPair, KeyState, Period, PublicKey, Response, Rollover, RolloverLimits, Trust,
    sign_set,
};
use dns_proto::{DnssecAlgorithm, Rcode, Record, RecordType};

use crate::world::{NOW, key, name};

const DAY: u64 = 86_400;

/// An entry point of the zone.
fn entry(number: u8) -> KeyPair {
    key(DnssecAlgorithm::ED25519, true, number)
}

/// The zone's keys, signed by some of them.
fn keys(shown: &[&KeyPair], signing: &[&KeyPair], now: u64) -> Response {
    let zone = name("hamburger.edu");
    let record = |pair: &&KeyPair| Record::new(zone.clone(), 10_800, pair.public().data());
    let set: Vec<_> = shown.iter().map(record).collect();
    let mut response = Response::new(zone.clone(), RecordType::DNSKEY, Rcode::NOERROR);
    let period = Period::starting(now, 14 * 86_400);
    let signatures = signing.iter().map(|pair| sign_set(&set, &zone, pair, period).unwrap());
    response.answers = set.iter().cloned().chain(signatures).collect();
    response
}

/// Anchors that trust the first key.
fn anchors() -> Rollover {
    let zone = name("hamburger.edu");
    let ds = dns_proto::dnssec::Ds::of(
        &zone.view(),
        entry(1).public(),
        dns_proto::dnssec::DigestType::Sha256,
    );
    let mut anchors = Rollover::new(zone, vec![ds]);
    observe(&mut anchors, &[&entry(1)], &[&entry(1)], NOW);
    assert_eq!(states(&anchors), [KeyState::Valid]);
    anchors
}

fn observe(anchors: &mut Rollover, shown: &[&KeyPair], signing: &[&KeyPair], now: u64) {
    anchors.observe(Some(&keys(shown, signing, now)), &Config::default(), now);
    // It survives being kept, every time.
    let mut read = Rollover::parse("anchors", &anchors.to_string()).unwrap();
    read.limits = anchors.limits.clone();
    assert_eq!(read, *anchors, "{anchors}");
}

fn states(anchors: &Rollover) -> Vec<KeyState> {
    anchors.keys().map(|(_, state)| state).collect()
}

fn state(anchors: &Rollover, key: &PublicKey) -> Option<KeyState> {
    anchors.keys().find(|(own, _)| *own == key).map(|(_, state)| state)
}

#[test]
fn a_new_key_is_trusted_after_a_month() {
    let (mut anchors, old, new) = (anchors(), entry(1), entry(2));
    let both = [&old, &new];
    observe(&mut anchors, &both, &[&old], NOW);
    for (days, expected) in [(10, KeyState::Pending), (29, KeyState::Pending)] {
        observe(&mut anchors, &both, &[&old], NOW + days * DAY);
        assert_eq!(state(&anchors, new.public()), Some(expected), "{days}");
    }
    observe(&mut anchors, &both, &[&old], NOW + 30 * DAY - 1);
    assert_eq!(state(&anchors, new.public()), Some(KeyState::Pending));
    observe(&mut anchors, &both, &[&old], NOW + 30 * DAY);
    assert_eq!(state(&anchors, new.public()), Some(KeyState::Valid));
    // By itself, from then on.
    observe(&mut anchors, &[&new], &[&new], NOW + 31 * DAY);
    assert_eq!(state(&anchors, new.public()), Some(KeyState::Valid));
    assert_eq!(state(&anchors, old.public()), Some(KeyState::Missing));
}

#[test]
fn a_key_that_has_waited_long_enough_signs_for_itself() {
    // RFC 5011 §2.4.1: two sets with the key were believed. The old key is gone the next time.
    let (old, new) = (entry(1), entry(2));
    for (looks, days, expected) in [
        (2, 30, Some(KeyState::Valid)),
        (2, 29, Some(KeyState::Pending)),
        (1, 30, Some(KeyState::Pending)),
    ] {
        let mut anchors = anchors();
        for look in 0..looks {
            observe(&mut anchors, &[&old, &new], &[&old], NOW + look * DAY);
        }
        observe(&mut anchors, &[&new], &[&new], NOW + days * DAY);
        assert_eq!(state(&anchors, new.public()), expected, "{looks} {days}");
    }
}

#[test]
fn a_key_that_is_not_shown_signs_for_nobody() {
    let (mut anchors, old, new) = (anchors(), entry(1), entry(2));
    for day in [0, 10] {
        observe(&mut anchors, &[&old, &new], &[&old], NOW + day * DAY);
    }
    observe(&mut anchors, &[&entry(3)], &[&new], NOW + 31 * DAY);
    assert_eq!((state(&anchors, new.public()), anchors.failures()), (Some(KeyState::Pending), 1));
}

#[test]
fn a_key_that_went_away_begins_again() {
    let (mut anchors, old, new) = (anchors(), entry(1), entry(2));
    observe(&mut anchors, &[&old, &new], &[&old], NOW);
    observe(&mut anchors, &[&old], &[&old], NOW + 20 * DAY);
    assert_eq!(state(&anchors, new.public()), None);
    observe(&mut anchors, &[&old, &new], &[&old], NOW + 21 * DAY);
    observe(&mut anchors, &[&old, &new], &[&old], NOW + 31 * DAY);
    assert_eq!(state(&anchors, new.public()), Some(KeyState::Pending));
}

#[test]
fn a_key_that_is_seen_once_is_not_trusted() {
    // Nobody looked for a month: one look is no month of looking.
    let (mut anchors, old, new) = (anchors(), entry(1), entry(2));
    anchors.limits = RolloverLimits { add: 0, ..RolloverLimits::default() };
    observe(&mut anchors, &[&old, &new], &[&old], NOW);
    assert_eq!(state(&anchors, new.public()), Some(KeyState::Pending));
    observe(&mut anchors, &[&old, &new], &[&old], NOW + 1);
    assert_eq!(state(&anchors, new.public()), Some(KeyState::Valid));
}

#[test]
fn keys_nobody_trusted_has_signed_are_not_looked_at() {
    let (mut anchors, old, new) = (anchors(), entry(1), entry(2));
    let before = anchors.next_probe();
    observe(&mut anchors, &[&old, &new], &[&new], NOW + DAY);
    assert_eq!(states(&anchors), [KeyState::Valid]);
    // RFC 5011 §2.3: again in an hour or so.
    let retry = anchors.next_probe().unwrap();
    assert!(Some(retry) > before && (NOW + DAY + 3000..=NOW + DAY + 3600).contains(&retry));
}

#[test]
fn a_revoked_key_is_never_trusted_again() {
    let (mut anchors, old, new) = (anchors(), entry(1), entry(2));
    for days in [0, 30] {
        observe(&mut anchors, &[&old, &new], &[&old], NOW + days * DAY);
    }
    let revoked = old.revoked();
    // The flag alone is nothing: the key itself must have signed it.
    observe(&mut anchors, &[&revoked, &new], &[&new], NOW + 31 * DAY);
    assert_eq!(state(&anchors, old.public()), Some(KeyState::Missing));
    observe(&mut anchors, &[&revoked, &new], &[&revoked, &new], NOW + 32 * DAY);
    assert_eq!(state(&anchors, revoked.public()), Some(KeyState::Revoked));
    observe(&mut anchors, &[&old, &new], &[&old, &new], NOW + 33 * DAY);
    assert_eq!(state(&anchors, old.public()), None);
    let mut trust = Trust::new(Config::default());
    anchors.install(&mut trust);
    let tags: Vec<_> = trust.anchors().map(|(_, ds)| ds.key_tag()).collect();
    assert_eq!(tags, [new.public().tag()]);
    // And is forgotten after a month.
    observe(&mut anchors, &[&new], &[&new], NOW + 62 * DAY - 1);
    assert_eq!(states(&anchors), [KeyState::Valid, KeyState::Revoked]);
    observe(&mut anchors, &[&new], &[&new], NOW + 62 * DAY);
    assert_eq!(states(&anchors), [KeyState::Valid]);
}

#[test]
fn without_any_key_left_it_is_over() {
    let (mut anchors, old) = (anchors(), entry(1).revoked());
    observe(&mut anchors, &[&old], &[&old], NOW + DAY);
    assert_eq!((states(&anchors), anchors.next_probe()), (vec![KeyState::Revoked], None));
    assert!(anchors.to_string().contains("\n;;REVOKED\n"));
    let mut trust = Trust::new(Config::default());
    anchors.install(&mut trust);
    assert_eq!(trust.anchors().count(), 0);
    assert!(!anchors.observe(None, trust.config(), NOW + 2 * DAY));
}

#[test]
fn missing_keys_are_trusted_until_another_has_long_been_there() {
    let (mut anchors, old, new) = (anchors(), entry(1), entry(2));
    for days in [0, 30] {
        observe(&mut anchors, &[&old, &new], &[&old], NOW + days * DAY);
    }
    observe(&mut anchors, &[&new], &[&new], NOW + 31 * DAY);
    observe(&mut anchors, &[&new], &[&new], NOW + (31 + 366) * DAY - 1);
    assert_eq!(state(&anchors, old.public()), Some(KeyState::Missing));
    observe(&mut anchors, &[&new], &[&new], NOW + (31 + 366) * DAY);
    assert_eq!(state(&anchors, old.public()), None);
}

#[test]
fn so_many_keys_are_followed() {
    for (keys, expected) in [(2, 2), (3, 3)] {
        let mut anchors = anchors();
        anchors.limits.keys = keys;
        let shown = [&entry(1), &entry(2), &entry(3), &entry(4)];
        observe(&mut anchors, &shown, &[&entry(1)], NOW);
        assert_eq!(anchors.keys().count(), expected);
    }
}

#[test]
fn keys_that_sign_data_and_unknown_algorithms_are_not_followed() {
    let mut anchors = anchors();
    let data = key(DnssecAlgorithm::ED25519, false, 5);
    observe(&mut anchors, &[&entry(1), &data], &[&entry(1)], NOW);
    assert_eq!(anchors.keys().count(), 1);
    // Nor when somebody has put them into the file.
    let text = |pair: &KeyPair| format!("hamburger.edu. DNSKEY {}\n", pair.public().data());
    let file = format!("{}{}", text(&entry(1)), text(&data));
    assert_eq!(Rollover::parse("file", &file).unwrap().keys().count(), 1);
}

#[test]
fn trust_follows_what_is_observed() {
    let (old, new) = (entry(1), entry(2));
    let mut trust = Trust::new(Config::default());
    trust.follow(anchors());
    let zone = name("hamburger.edu");
    let tags = |trust: &Trust| trust.anchors().map(|(_, ds)| ds.key_tag()).collect::<Vec<_>>();
    assert_eq!(tags(&trust), [old.public().tag()]);
    for day in [1, 2, 33] {
        let response = keys(&[&old, &new], &[&old], NOW + day * DAY);
        assert!(trust.observe(zone.view(), Some(&response), NOW + day * DAY).is_some());
    }
    assert_eq!(tags(&trust).len(), 2);
    // No answer is nothing to keep, and of other zones there is nothing to observe.
    assert_eq!(trust.observe(zone.view(), None, NOW + 34 * DAY), None);
    assert_eq!(trust.observe(name("edu").view(), None, NOW + 34 * DAY), None);
    let (of_old, of_both) = ([&old.revoked(), &new], [&old.revoked(), &new]);
    let response = keys(&of_old, &of_both, NOW + 34 * DAY);
    assert!(trust.observe(zone.view(), Some(&response), NOW + 34 * DAY).is_some());
    assert_eq!(tags(&trust), [new.public().tag()]);
}

#[test]
fn files_of_unbound_are_read() {
    let text = "; autotrust trust anchor file
;;id: . 1
;;last_queried: 1258962400 ;;Mon Nov 23 07:46:40 2009
;;last_success: 1258962400 ;;Mon Nov 23 07:46:40 2009
;;next_probe_time: 1258967360 ;;Mon Nov 23 09:09:20 2009
;;query_failed: 0
;;query_interval: 5400
;;retry_time: 3600
.\t10800\tIN\tDNSKEY\t257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4= \
;{id = 3613 (ksk), size = 256b} ;;state=1 [ ADDPEND ] ;;count=7 ;;lastchange=1258962400 \
;;Mon Nov 23 07:46:40 2009
.\t10800\tIN\tDNSKEY\t257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs= \
;{id = 35217 (ksk), size = 256b} ;;state=2 [  VALID  ] ;;count=0 ;;lastchange=1258962400 \
;;Mon Nov 23 07:46:40 2009
";
    let anchors = Rollover::parse("root.key", text).unwrap();
    assert_eq!(states(&anchors), [KeyState::Pending, KeyState::Valid]);
    assert_eq!(anchors.next_probe(), Some(1_258_967_360));
    assert_eq!(anchors.to_string(), text);
    assert_eq!(Rollover::parse("f", "x DS nonsense").unwrap_err().line(), 1);
}
