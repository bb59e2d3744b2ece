//! Nothing is believed that nobody signed, and what a key signs it verifies.
#![no_main]
use bytes::BytesMut;
use homing::dns::tsig::{Algorithm, Key, Keyring};
use homing::dns::{Message, Name};
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_800_000_000;

fuzz_target!(|octets: &[u8]| {
    let name: Name = "key.example".parse().expect("a name");
    let key = Key::new(name, Algorithm::HmacSha256, b"secret".to_vec());
    let keyring = Keyring::from_iter([key.clone()]);
    match keyring.verify(octets, NOW) {
        Ok(signed) => assert!(signed.is_none(), "forged"),
        Err(rejection) => {
            let mut answer = BytesMut::from(&[0; 12][..]);
            rejection.sign(&mut answer, 0, NOW).expect("room");
            Message::parse(&answer).expect("a message");
        }
    }
    let signed = Message::parse(octets).is_ok() && keyring.verify(octets, NOW).is_ok();
    let mut message = BytesMut::from(octets);
    if signed && let Ok(mut client) = key.request(&mut message, NOW) {
        let mut server = keyring.verify(&message, NOW).expect("it was signed").expect("it was signed");
        let mut answer = BytesMut::from(octets);
        if server.sign(&mut answer, 0, NOW).is_ok() {
            assert_eq!(client.verify(&answer, NOW), Ok(true));
        }
    }
});
