//! Zone transfers from one end to the other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod common;

use std::fmt::Write;

use bytes::Bytes;
use common::zone;
use dns_proto::transfer::{Incoming, Limits, Outgoing, Progress};
use dns_proto::tsig::{Algorithm, Key, Keyring};
use dns_proto::{Error, Journal, Message, Misuse, Rcode, Zone, ZoneDelta};
use proptest::prelude::*;
use proto_core::Transport;

const NOW: u64 = 1_800_000_000;

fn version(serial: u32, hosts: std::ops::Range<u32>) -> Zone {
    let mut text = format!("z SOA {serial}\nz NS ns.z\nns.z A 127.0.0.1\n");
    for host in hosts {
        writeln!(text, "h{host}.z A 10.0.{}.{}", host / 256, host % 256).unwrap();
    }
    zone(&text)
}

fn key() -> Key {
    Key::new("k".parse().unwrap(), Algorithm::HmacSha256, b"secret".to_vec())
}

/// Sends all messages of an answer.
fn serve(zone: &Zone, journal: &Journal, query: &[u8], via: Transport) -> Vec<Bytes> {
    let signer = Keyring::from_iter([key()]).verify(query, NOW).unwrap();
    let message = Message::parse(query).unwrap();
    let mut outgoing = Outgoing::new(zone, journal, &message, via, signer).unwrap();
    core::iter::from_fn(|| outgoing.message(NOW).unwrap()).collect()
}

fn take(incoming: &mut Incoming, messages: &[Bytes]) -> Result<Progress, Error> {
    let mut last = Ok(Progress::More);
    for message in messages {
        last = incoming.receive(message, NOW);
        last.as_ref().map_err(|error| *error)?;
    }
    last
}

fn done(progress: Result<Progress, Error>) -> Zone {
    match progress {
        Ok(Progress::Done(zone)) => zone,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_whole_zone_arrives_with_and_without_signatures() {
    let primary = version(7, 0..3_000);
    for key in [None, Some(key())] {
        let (mut incoming, query) = Incoming::whole(primary.apex(), 1, key, NOW).unwrap();
        let messages = serve(&primary, &Journal::new(0), &query, Transport::Tcp);
        assert!(messages.len() > 1 && messages.iter().all(|message| message.len() <= 16_384));
        assert!(done(take(&mut incoming, &messages)).records().eq(primary.records()));
    }
}

#[test]
fn what_is_new_arrives_in_steps() {
    let versions = [version(1, 0..900), version(2, 5..900), version(3, 5..1_000)];
    let mut journal = Journal::new(1_000);
    for pair in versions.windows(2) {
        journal.push(ZoneDelta::between(&pair[0], &pair[1]));
    }
    for old in &versions[..2] {
        let (mut incoming, query) = Incoming::since(old, 1, Some(key()), NOW).unwrap();
        let messages = serve(&versions[2], &journal, &query, Transport::Tcp);
        assert_eq!(messages.len(), 1, "much less than the zone");
        assert!(done(take(&mut incoming, &messages)).records().eq(versions[2].records()));
    }
    // What the journal does not know goes whole.
    let older = version(0, 0..2);
    let (mut incoming, query) = Incoming::since(&older, 1, None, NOW).unwrap();
    let messages = serve(&versions[2], &journal, &query, Transport::Tcp);
    assert!(done(take(&mut incoming, &messages)).records().eq(versions[2].records()));
    let (mut incoming, query) = Incoming::since(&versions[2], 1, None, NOW).unwrap();
    let messages = serve(&versions[2], &journal, &query, Transport::Udp);
    assert!(matches!(take(&mut incoming, &messages), Ok(Progress::UpToDate)));
}

#[test]
fn by_udp_too_much_is_the_soa_alone() {
    let (old, new) = (version(1, 0..1), version(2, 0..200));
    let mut journal = Journal::new(1_000);
    journal.push(ZoneDelta::between(&old, &new));
    let (mut incoming, query) = Incoming::since(&old, 1, None, NOW).unwrap();
    let messages = serve(&new, &journal, &query, Transport::Udp);
    assert_eq!(Message::parse(&messages[0]).unwrap().answers().count(), 1);
    assert!(matches!(take(&mut incoming, &messages), Ok(Progress::More)));
}

#[test]
fn queries_for_no_transfer_get_their_rcode() {
    let zone = version(1, 0..1);
    let refused = |query: &[u8], via| {
        let query = Message::parse(query).unwrap();
        Outgoing::new(&zone, &Journal::new(0), &query, via, None).err()
    };
    let (_, query) = Incoming::whole(zone.apex(), 1, None, NOW).unwrap();
    assert_eq!(refused(&query, Transport::Udp), Some(Rcode::FORMERR));
    assert_eq!(refused(&query, Transport::Tcp), None);
    let (_, query) = Incoming::whole(&"y".parse().unwrap(), 1, None, NOW).unwrap();
    assert_eq!(refused(&query, Transport::Tcp), Some(Rcode::NOTAUTH));
}

#[test]
fn nothing_incomplete_forged_or_too_large_is_taken() {
    let primary = version(7, 0..3_000);
    let begin = |key| Incoming::whole(primary.apex(), 1, key, NOW).unwrap();
    let (incoming, query) = begin(Some(key()));
    let messages = serve(&primary, &Journal::new(0), &query, Transport::Tcp);
    let (all, last) = (messages.len(), messages.len() - 1);
    assert!(matches!(take(&mut incoming.clone(), &messages[..last]), Ok(Progress::More)));
    // A message missing, twice, or changed.
    let missing = [&messages[..1], &messages[2..]].concat();
    let twice = [&messages[..1], &messages[..all]].concat();
    let mut changed = messages.clone();
    changed[1] = {
        let mut octets = changed[1].to_vec();
        octets[40] ^= 1;
        octets.into()
    };
    for messages in [missing, twice, changed] {
        let mut incoming = incoming.clone();
        assert!(take(&mut incoming, &messages).is_err());
        let again = incoming.receive(&messages[0], NOW);
        assert!(again.is_err(), "a transfer that has failed stays so");
    }
    let (incoming, query) = begin(None);
    let messages = serve(&primary, &Journal::new(0), &query, Transport::Tcp);
    let octets: usize = messages.iter().map(Bytes::len).sum();
    for (octets, good) in [(octets, true), (octets - 1, false)] {
        let mut incoming = incoming.clone().with_limits(Limits { octets });
        let taken = take(&mut incoming, &messages);
        assert_eq!(taken.is_ok(), good);
        assert!(good || matches!(taken, Err(Error::TooLarge)));
    }
}

#[test]
fn a_step_from_another_version_is_not_applied() {
    let step = ZoneDelta::between(&version(2, 0..3), &version(3, 0..4));
    assert_eq!(version(1, 0..3).apply(&step).err(), Some(Misuse::Version));
    assert_eq!(version(2, 1..3).apply(&step).map(|zone| zone.serial()), Ok(3));
    let back = ZoneDelta::between(&version(3, 0..4), &version(2, 0..3));
    assert_eq!(version(3, 0..3).apply(&back).err(), Some(Misuse::Version));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_delta_leads_from_any_version_to_any_other(
        one in (0..2_000_u32, 0..2_000_u32), other in (0..2_000_u32, 0..2_000_u32)
    ) {
        let (old, new) = (version(1, one.0..one.1), version(2, other.0..other.1));
        let delta = ZoneDelta::between(&old, &new);
        let applied = old.apply(&delta).unwrap();
        prop_assert!(applied.records().eq(new.records()));
        prop_assert_eq!(ZoneDelta::between(&applied, &new).added().len(), 1);
    }
}
