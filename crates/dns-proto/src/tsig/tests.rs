//! Both sides of transactions, and MACs that dnspython made.
use alloc::format;
use alloc::string::{String, ToString};

use super::*;
use crate::{Query, RecordType};

const NOW: u64 = 1_800_000_000;

/// MACs of the query of [`query`] with the key of [`key`], by dnspython 2.9.2.
const VECTORS: [(&str, &str); 9] = [
    ("hmac-md5.sig-alg.reg.int.", "7d8b38ddc243b952cc84f82f643fe698"),
    ("hmac-sha1.", "9401f7d3abcd63bc89a3afe177c666373e959b89"),
    ("hmac-sha224.", "f1fe871455dfd868d33b959f3bf04fbb927d6ded05fb7412e5db33cd"),
    ("hmac-sha256.", "d0b580b5521f9ddc89aadb7f2ee351198625b5922afeceeb323ebbea652489b5"),
    ("hmac-sha256-128.", "01d00c09f7135006ac48bb33c739a5a6"),
    (
        "hmac-sha384.",
        "1898c2fe23c535702b7944c8b51a0843a15c23a3ec1715a095e77264a7a4f813aa350d118b8558a74bd22fac73a69973",
    ),
    ("hmac-sha384-192.", "16376f902f7dcea9dd2c29ef6bbc3a2d5fd472d8fe50a731"),
    (
        "hmac-sha512.",
        "3898e259b2fa82ccd88f8aae37cd73b1201a6d273467419444b6a93bc5448cdb5abcf430976516004a89af2cfd012b4bfc813056ecfc18bd0d532ff3afdcab9a",
    ),
    ("hmac-sha512-256.", "5e44c172bd78053985e5e9c96ed381602480c568f11128021ac01bfb4834007b"),
];

fn key(algorithm: Algorithm) -> Key {
    Key::new("Key.Example".parse().unwrap(), algorithm, b"secret".to_vec())
}

fn query() -> BytesMut {
    let name: Name = "www.example".parse().unwrap();
    BytesMut::from(&Query::new(&name, RecordType::A).id(7).payload(None).write()[..])
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn all_algorithms_agree_with_dnspython() {
    for (algorithm, expected) in VECTORS {
        let key = key(algorithm.parse().unwrap());
        let (mut message, room) = (query(), key.wire_len());
        let unsigned = message.len();
        let transaction = key.clone().request(&mut message, NOW).unwrap();
        assert_eq!(hex(&transaction.previous), expected, "{algorithm}");
        assert!(message.len() - unsigned <= room);
        assert!(Keyring::from_iter([key]).verify(&message, NOW).unwrap().is_some());
    }
}

#[test]
fn every_octet_is_signed() {
    let keyring = Keyring::from_iter([key(Algorithm::HmacSha256)]);
    let mut message = query();
    key(Algorithm::HmacSha256).request(&mut message, NOW).unwrap();
    for at in 0..message.len() {
        for bit in 0..8 {
            let mut damaged = message.to_vec();
            damaged[at] ^= 1 << bit;
            let verified = keyring.verify(&damaged, NOW);
            // The id on its way is nobody's (RFC 8945 §5.3); names have no case.
            let case = damaged.eq_ignore_ascii_case(&message);
            assert!(at < 2 || case || !matches!(verified, Ok(Some(_))), "{at} {bit}");
        }
    }
    for end in 0..message.len() {
        assert!(!matches!(keyring.verify(&message[..end], NOW), Ok(Some(_))));
    }
}

#[test]
fn clocks_may_differ_by_the_fudge() {
    let keyring = Keyring::from_iter([key(Algorithm::HmacSha256)]);
    for (at, good) in [(NOW - 301, false), (NOW - 300, true), (NOW + 300, true), (NOW + 301, false)]
    {
        let mut message = query();
        let mut client = key(Algorithm::HmacSha256).request(&mut message, NOW).unwrap();
        let verified = keyring.verify(&message, at);
        assert_eq!(verified.is_ok(), good);
        let Err(rejection) = verified else { continue };
        assert_eq!((rejection.rcode(), rejection.error()), (Rcode::NOTAUTH, Rcode::BADTIME));
        let mut answer = query();
        rejection.sign(&mut answer, 0, at).unwrap();
        assert_eq!(client.verify(&answer, NOW), Err(Failure::Rejected(Rcode::BADTIME)));
        let parsed = Message::parse(&answer).unwrap();
        let tsig = parsed.additionals().last().unwrap().to_string();
        assert!(tsig.contains("BADTIME 6 "), "{tsig}");
    }
}

#[test]
fn unknown_keys_and_wrong_secrets_are_told_without_a_signature() {
    let mut message = query();
    let mut client = key(Algorithm::HmacSha256).request(&mut message, NOW).unwrap();
    let other = Key::new("key.example".parse().unwrap(), Algorithm::HmacSha256, b"x".to_vec());
    let rings = [(Keyring::default(), Rcode::BADKEY), (Keyring::from_iter([other]), Rcode::BADSIG)];
    for (keyring, error) in rings {
        let rejection = keyring.verify(&message, NOW).unwrap_err();
        assert_eq!((rejection.rcode(), rejection.error()), (Rcode::NOTAUTH, error));
        let mut answer = query();
        rejection.sign(&mut answer, 0, NOW).unwrap();
        assert_eq!(client.verify(&answer, NOW), Err(Failure::Rejected(error)));
    }
}

#[test]
fn macs_may_be_cut_where_the_key_allows_it() {
    for (octets, shortest, good) in [(32, 32, true), (31, 31, true), (31, 32, false), (16, 0, true)]
    {
        let mut message = query();
        let signer = key(Algorithm::HmacSha256);
        let transaction = Transaction::new(signer.clone(), Vec::new());
        let variables = Variables::new(NOW, Rcode::NOERROR);
        let mac = transaction.digest(&message, &variables, None);
        append(&mut message, 0, &signer, &variables, &mac[..octets]).unwrap();
        let keyring = Keyring::from_iter([signer.accept_truncated(shortest)]);
        let error = keyring.verify(&message, NOW).err().map(|rejection| rejection.error());
        assert_eq!(error, (!good).then_some(Rcode::BADTRUNC));
    }
    // Fifteen octets are less than half of SHA-256: no MAC at all.
    let mut message = query();
    append(
        &mut message,
        0,
        &key(Algorithm::HmacSha256),
        &Variables::new(NOW, Rcode::NOERROR),
        &[0; 15],
    )
    .unwrap();
    let keyring = Keyring::from_iter([key(Algorithm::HmacSha256).accept_truncated(0)]);
    assert_eq!(keyring.verify(&message, NOW).unwrap_err().rcode(), Rcode::FORMERR);
}

#[test]
fn streams_are_signed_message_by_message_or_now_and_then() {
    let mut message = query();
    let mut client = key(Algorithm::HmacSha512).request(&mut message, NOW).unwrap();
    let keyring = Keyring::from_iter([key(Algorithm::HmacSha512)]);
    let mut server = keyring.verify(&message, NOW).unwrap().unwrap();
    assert_eq!(client.verify(&query(), NOW), Err(Failure::Unsigned));
    for count in 0..3 {
        let mut answer = query();
        server.sign(&mut answer, 0, NOW + count).unwrap();
        assert_eq!(client.verify(&answer, NOW + count), Ok(true));
        assert_eq!(client.verify(&answer, NOW + count), Err(Failure::Signature), "a replay");
    }
    // Messages without a signature count for the next that has one.
    for _ in 0..UNSIGNED {
        server.leave_unsigned(&query());
        assert_eq!(client.verify(&query(), NOW), Ok(false));
    }
    assert!(!client.is_settled());
    assert_eq!(client.verify(&query(), NOW), Err(Failure::Unsigned));
    let mut answer = query();
    server.sign(&mut answer, 0, NOW + 3).unwrap();
    assert_eq!((client.verify(&answer, NOW + 3), client.is_settled()), (Ok(true), true));
}

#[test]
fn tsig_must_be_the_last_record() {
    let mut message = query();
    key(Algorithm::HmacSha256).request(&mut message, NOW).unwrap();
    let mut variables = message.clone();
    append(
        &mut variables,
        0,
        &key(Algorithm::HmacSha1),
        &Variables::new(NOW, Rcode::NOERROR),
        &[0; 20],
    )
    .unwrap();
    assert_eq!(Message::parse(&variables).unwrap_err().kind(), ParseErrorKind::Tsig);
    let keyring = Keyring::default();
    assert_eq!(keyring.verify(&variables, NOW).unwrap_err().rcode(), Rcode::FORMERR);
}

#[test]
fn secrets_are_read_in_base64_and_not_printed() {
    let name: Name = "key.example".parse().unwrap();
    let read = |text| Key::from_base64(name.clone(), Algorithm::HmacSha256, text);
    assert_eq!(read("c2VjcmV0"), Ok(key(Algorithm::HmacSha256)));
    assert!(read("c2VjcmV").is_err());
    assert!(!format!("{:?}", key(Algorithm::HmacSha256)).contains("secret:\""));
}
