//! Zones that are signed so that to check them is work: verifications are counted.
use std::cell::Cell;

use dns_proto::authority::Config;
use dns_proto::dnssec::{
    self, Chain, KeyPair, Limits, Period, Policy, Provider, PublicKey, Signer, Trust, sign_set,
};
use dns_proto::recursive;
use dns_proto::{
    Authority, DnssecAlgorithm, Message, Name, Rcode, Rdata, Record, RecordType, Section, Zone,
    zone_file,
};
use proto_core::Instant;

use crate::common::name;
use crate::common::net::{answer, answering};
use crate::rig::{EVIL, Rig, config};

/// 15 January 2027.
pub(crate) const NOW: u64 = 1_800_000_000;

const ROOT: &str = ". SOA ns. host. 1 2h 1h 4w 1h
. NS a.root.
a.root. A 127.0.0.1
com. NS a.com.
a.com. A 127.0.0.2
";
const COM: &str = "com. SOA ns.com. host.com. 1 2h 1h 4w 1h
com. NS a.com.
a.com. A 127.0.0.2
evil.com. NS ns.evil.com.
ns.evil.com. A 127.0.0.6
";
pub(crate) const SIGNED: &str = "evil.com. SOA ns.evil.com. host.evil.com. 1 2h 1h 4w 1h
evil.com. NS ns.evil.com.
ns.evil.com. A 127.0.0.6
www.evil.com. A 127.0.0.5
a.evil.com. A 127.0.0.5
";

thread_local!(static VERIFIED: Cell<usize> = const { Cell::new(0) });

fn counted(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    VERIFIED.set(VERIFIED.get() + 1);
    key.verify(message, signature)
}

pub(crate) fn key(number: u8) -> KeyPair {
    KeyPair::generate(DnssecAlgorithm::ED25519, true, [number; 32]).unwrap()
}

pub(crate) fn zone(text: &str) -> Zone {
    let text = format!("$TTL 3600\n$ORIGIN .\n{text}");
    Zone::new(zone_file::read("test", text.as_bytes(), Name::ROOT, |_| None).unwrap()).unwrap()
}

pub(crate) fn authority(zone: Zone) -> Authority {
    let mut authority = Authority::new(Config { iterations: 500, ..Config::default() });
    authority.insert(zone);
    authority
}

/// The rig with the root and com signed, and these DS records for the hostile zone.
pub(crate) fn signed(limits: Limits, digests: &[Record]) -> Rig {
    signed_with(recursive::Limits::default(), limits, digests)
}

/// The same, for a resolver with other limits of its own.
pub(crate) fn signed_with(own: recursive::Limits, limits: Limits, digests: &[Record]) -> Rig {
    let signer = Signer::new(vec![key(1)]);
    let with = |text: &str, digests: &[Record]| {
        let lines: String = digests.iter().map(|it| format!("{it}\n")).collect();
        signer.sign(&zone(&format!("{text}{lines}")), None, NOW).unwrap()
    };
    let mut rig = Rig::with(config(own));
    let com = digests_of("com", &key(1));
    rig.net.serve("127.0.0.1", answering(authority(with(ROOT, &com))));
    rig.net.serve("127.0.0.2", answering(authority(with(COM, digests))));
    let provider = Provider { verify: counted, ..Provider::default() };
    let policy = Policy { provider, ..Policy::default() };
    let mut trust = Trust::new(dnssec::Config { policy, limits });
    signer.ds(&Name::ROOT).for_each(|ds| trust.add_anchor(Name::ROOT, ds));
    rig.resolver.validate(trust, Instant::ORIGIN, NOW);
    VERIFIED.set(0);
    rig
}

pub(crate) fn digests_of(zone: &str, of: &KeyPair) -> Vec<Record> {
    let (zone, signer) = (name(zone), Signer::new(vec![of.clone()]));
    signer.ds(&zone).map(|ds| Record::new(zone.clone(), 3600, ds.data())).collect()
}

/// Returns a key with the tag of another.
fn collision(key: &PublicKey, number: u8) -> PublicKey {
    let mut octets = [number; 32];
    for last in 0..=u16::MAX {
        octets[30..].copy_from_slice(&last.to_be_bytes());
        let other = PublicKey::new(key.algorithm(), key.is_entry_point(), octets.to_vec());
        if other.tag() == key.tag() {
            return other;
        }
    }
    panic!("no key has the tag");
}

/// Returns a signature that says the same and is wrong.
pub(crate) fn spoilt(record: &Record, by: u8) -> Record {
    let Rdata::Rrsig {
        covered,
        algorithm,
        labels,
        original_ttl,
        expiration,
        inception,
        key_tag,
        signer,
        ..
    } = record.data()
    else {
        panic!("{record}");
    };
    let octets = [by; 64];
    let signature = dns_proto::Base64::new(&octets).unwrap();
    let data = Rdata::Rrsig {
        covered,
        algorithm,
        labels,
        original_ttl,
        expiration,
        inception,
        key_tag,
        signer,
        signature,
    };
    Record::new(record.owner().clone(), record.ttl(), data)
}

/// Serves the hostile zone: so many keys of one tag, and as many signatures as are wanted.
fn trap(rig: &mut Rig, own: KeyPair, keys: u8, signatures: u8) {
    let apex = name("evil.com");
    let period = Period::starting(NOW, 86_400);
    let public = |key: &PublicKey| Record::new(apex.clone(), 3600, key.data());
    let zone_key = KeyPair::generate(DnssecAlgorithm::ED25519, false, [3; 32]).unwrap();
    let mut set: Vec<_> = (0..keys).map(|it| public(&collision(zone_key.public(), it))).collect();
    set.extend([public(own.public()), public(zone_key.public())]);
    let keys_signature = sign_set(&set, &apex, &own, period).unwrap();
    let said = move |query: &Message<'_>| {
        let question = query.question().unwrap();
        let asked = question.name.to_name();
        let mut records = Vec::new();
        if question.rtype == RecordType::DNSKEY {
            records.extend(set.iter().cloned());
            records.push(keys_signature.clone());
        } else {
            let address = Record::address(asked, 3600, [127, 0, 0, 5].into());
            let good =
                sign_set(core::slice::from_ref(&address), &name("evil.com"), &zone_key, period);
            let good = good.unwrap();
            records.push(address);
            records.extend((0..signatures).map(|it| spoilt(&good, it)));
        }
        let records: Vec<_> = records.into_iter().map(|it| (Section::Answer, it)).collect();
        vec![answer(query, &records)]
    };
    rig.net.serve(EVIL, Box::new(move |query, _| said(query)));
}

/// KeyTrap (CVE-2023-50387) and its variants: many signatures and one key (SigJam), many keys and one
/// signature (LockCram), many of both.
#[test]
fn keytrap_sigjam_and_lockcram() {
    // The chain: a DNSKEY for each of three zones, a DS for each of two. What is bogus is looked at
    // once more, when its zone's keys have been asked for anew.
    for (keys, signatures) in [(0, 100), (40, 1), (40, 100)] {
        let mut rig = signed(Limits::default(), &digests_of("evil.com", &key(2)));
        trap(&mut rig, key(2), keys, signatures);
        let (rcode, messages) = rig.cost("www.evil.com");
        assert_eq!(rcode, Rcode::SERVFAIL);
        let chain = 5;
        let most = 2 * (chain + 8);
        assert!((8..=most).contains(&VERIFIED.get()), "{keys} {signatures}: {}", VERIFIED.get());
        assert_eq!(messages, 9);
        // And the next who asks does not have it done again.
        VERIFIED.set(0);
        assert_eq!(rig.cost("www.evil.com"), (Rcode::SERVFAIL, 0));
        assert_eq!(VERIFIED.get(), 0);
    }
}

/// HashTrap: many DS records of one tag and many keys of that tag, each to be digested for each.
#[test]
fn hashtrap_ends_without_a_verification() {
    let own = key(2);
    let all: Vec<Record> = (0..50)
        .flat_map(|it| {
            let other = collision(own.public(), it);
            let ds = Rdata::Ds {
                key_tag: other.tag(),
                algorithm: other.algorithm(),
                digest_type: 2,
                digest: dns_proto::Hex::new(&[7; 32]).unwrap(),
            };
            [Record::new(name("evil.com"), 3600, ds)]
        })
        .collect();
    let mut rig = signed(Limits::default(), &all);
    trap(&mut rig, own, 40, 1);
    assert_eq!(rig.cost("www.evil.com").0, Rcode::SERVFAIL);
    // The chain down to com, twice; nothing of evil.com.
    assert!(VERIFIED.get() <= 2 * 4, "{}", VERIFIED.get());
}

/// CVE-2023-50868: names of a hundred labels in a zone with NSEC3, each to be hashed many times.
#[test]
fn deep_names_are_hashed_within_the_limit() {
    let deep = format!("{}evil.com", "x.".repeat(100));
    for (hashes, rcode) in [(300, Rcode::NXDOMAIN), (100, Rcode::SERVFAIL)] {
        let own = key(2);
        let mut rig = signed(Limits { hashes, ..Limits::default() }, &digests_of("evil.com", &own));
        let chain = Chain::Nsec3 { iterations: 150, salt: vec![7; 8], opt_out: false };
        let signer = Signer { chain, ..Signer::new(vec![own]) };
        let zone = signer.sign(&zone(SIGNED), None, NOW).unwrap();
        rig.net.serve(EVIL, answering(authority(zone)));
        assert_eq!(rig.rcode(&deep), rcode, "{hashes}");
        assert!(rig.net.log.len() <= 12, "{:?}", rig.net.log);
    }
}

/// The rig with the hostile zone signed, and proofs of this kind.
fn proving(chain: Chain) -> Rig {
    let own = key(2);
    let mut rig = signed(Limits::default(), &digests_of("evil.com", &own));
    let signer = Signer { chain, ..Signer::new(vec![own]) };
    rig.net.serve(EVIL, answering(authority(signer.sign(&zone(SIGNED), None, NOW).unwrap())));
    rig
}

/// Water torture: names made up at random below a zone. When its proofs are known, nobody is asked
/// (RFC 8198), by NSEC or by NSEC3; but for what an opt-out may hide.
#[test]
fn water_torture_is_answered_from_proofs() {
    let hashed = |opt_out| Chain::Nsec3 { iterations: 1, salt: vec![7], opt_out };
    for (chain, most) in [(Chain::Nsec, 4), (hashed(false), 12), (hashed(true), usize::MAX)] {
        let mut rig = proving(chain);
        for turn in 0..40 {
            assert_eq!(rig.rcode(&format!("r{turn}.evil.com")), Rcode::NXDOMAIN);
        }
        let hits = rig.hits(EVIL);
        assert!(hits <= most && (most < 100 || hits >= 40), "{hits} of {most}");
        if most < 100 {
            for turn in 40..80 {
                let asked = format!("x.r{turn}.evil.com");
                assert_eq!(rig.cost(&asked), (Rcode::NXDOMAIN, 0));
            }
            // What is there is found, and so is what it has not.
            assert_eq!(rig.rcode("www.evil.com"), Rcode::NOERROR);
            let reply = rig.ask("mail.evil.com", RecordType::MX);
            let proofs = reply.view().authorities().filter(|it| it.rtype() == RecordType::SOA);
            assert_eq!((reply.view().rcode(), proofs.count()), (Rcode::NXDOMAIN, 1));
        }
    }
}

/// RFC 8198 §5.4: that a name has not a type is known of every name whose record has been seen.
#[test]
fn absent_types_are_answered_from_proofs() {
    for (chain, messages) in [
        (Chain::Nsec, 0),
        (Chain::Nsec3 { iterations: 0, salt: Vec::new(), opt_out: false }, 0),
        // The gaps of an opt-out prove nothing to others.
        (Chain::Nsec3 { iterations: 0, salt: Vec::new(), opt_out: true }, 1),
    ] {
        let mut rig = proving(chain);
        assert_eq!(rig.ask("www.evil.com", RecordType::TXT).view().rcode(), Rcode::NOERROR);
        let before = rig.net.log.len();
        let reply = rig.ask("www.evil.com", RecordType::MX);
        let reply = reply.view();
        assert_eq!((reply.rcode(), reply.answers().count()), (Rcode::NOERROR, 0));
        assert_eq!(rig.net.log.len() - before, messages);
        // The address is there.
        assert_eq!(rig.ask("www.evil.com", RecordType::A).view().answers().count(), 1);
    }
}
