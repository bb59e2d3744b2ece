//! Messages signed with public keys (RFC 2931).
use bytes::BytesMut;
use dns_proto::dnssec::{Bogus, KeyPair, Period, PublicKey, sign_message, verify_message};
use dns_proto::{DnssecAlgorithm, Error, Message, Name, Query, RecordType};

use crate::world::{NOW, key, name};

fn query() -> BytesMut {
    BytesMut::from(&Query::new(&name("hamburger.edu"), RecordType::SOA).id(7).write()[..])
}

fn signed(pair: &KeyPair, query_before: Option<&[u8]>) -> BytesMut {
    let mut message = query();
    let period = Period::starting(NOW, 300);
    sign_message(&mut message, query_before, &name("Alice.hamburger.edu"), pair, period).unwrap();
    message
}

fn verify(octets: &[u8], before: Option<&[u8]>, pair: &KeyPair, now: u64) -> Result<Name, Bogus> {
    let find = |owner: &Name, tag| -> Option<PublicKey> {
        let known = *owner == name("alice.hamburger.edu") && tag == pair.public().tag();
        known.then(|| pair.public().clone())
    };
    verify_message(octets, before, find, now)
}

#[test]
fn signed_messages_are_verified_with_every_algorithm() {
    for algorithm in [
        DnssecAlgorithm::ECDSAP256SHA256,
        DnssecAlgorithm::ECDSAP384SHA384,
        DnssecAlgorithm::ED25519,
    ] {
        let pair = key(algorithm, false, 1);
        let message = signed(&pair, None);
        assert_eq!(Message::parse(&message).unwrap().header().id, 7);
        assert_eq!(verify(&message, None, &pair, NOW), Ok(name("alice.hamburger.edu")));
        // An answer covers its query.
        let answer = signed(&pair, Some(&message));
        assert!(verify(&answer, Some(&message), &pair, NOW).is_ok());
        assert_eq!(verify(&answer, None, &pair, NOW), Err(Bogus::Wrong));
    }
}

#[test]
fn any_flipped_octet_is_noticed() {
    let pair = key(DnssecAlgorithm::ED25519, false, 1);
    let message = signed(&pair, None);
    for place in 0..message.len() {
        let mut other = message.clone();
        other[place] ^= 1;
        assert!(verify(&other, None, &pair, NOW).is_err(), "{place}");
        assert!(verify(&message[..place], None, &pair, NOW).is_err(), "{place}");
    }
}

#[test]
fn signatures_of_messages_have_a_time_and_a_key() {
    let pair = key(DnssecAlgorithm::ED25519, false, 1);
    let message = signed(&pair, None);
    assert!(verify(&message, None, &pair, NOW + 300).is_ok());
    assert_eq!(verify(&message, None, &pair, NOW + 301), Err(Bogus::Expired));
    assert_eq!(verify(&message, None, &pair, NOW - 3601), Err(Bogus::NotYetValid));
    let other = key(DnssecAlgorithm::ED25519, false, 2);
    assert_eq!(verify(&message, None, &other, NOW), Err(Bogus::Key));
    assert_eq!(verify(&query(), None, &pair, NOW), Err(Bogus::Missing));
}

#[test]
fn what_would_be_too_long_is_not_signed() {
    let pair = key(DnssecAlgorithm::ED25519, false, 1);
    let added = signed(&pair, None).len() - query().len();
    for (length, fits) in [(65_535 - added, true), (65_536 - added, false)] {
        let mut message = BytesMut::zeroed(length);
        let before = message.clone();
        let period = Period::starting(NOW, 300);
        let result = sign_message(&mut message, None, &name("alice.hamburger.edu"), &pair, period);
        assert_eq!(result.is_ok(), fits);
        assert!(fits || (result == Err(Error::Full) && message == before));
    }
}
