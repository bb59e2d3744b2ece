//! The RFCs' examples, and what attackers try.
use alloc::string::{String, ToString};
use alloc::{format, vec};

use proto_core::{BindingKind, ChannelBinding};

use super::*;
use crate::client::{self, Policy};
use crate::server::{self, Claim};
use crate::{Credentials, Error, Misuse, Nonce, base64};

fn user(password: &str) -> Credentials {
    Credentials::new("user", password.into()).unwrap()
}

fn nonce(text: &str) -> Nonce {
    Nonce::parse(text.as_bytes()).unwrap()
}

fn verifier(hash: Hash, salt: &str, password: &str) -> Verifier {
    let salt = base64::parse(salt.as_bytes()).unwrap();
    Verifier::new(hash, &password.into(), salt.expose(), 4096).unwrap()
}

/// Four messages, as an RFC prints them.
struct Example {
    hash: Hash,
    nonces: (&'static str, &'static str),
    salt: &'static str,
    messages: [&'static str; 4],
}

/// RFC 5802 §5 and RFC 7677 §3.
const EXAMPLES: [Example; 2] = [
    Example {
        hash: Hash::Sha1,
        nonces: ("fyko+d2lbbFgONRv9qkxdawL", "3rfcNHYJY1ZVvWVs7j"),
        salt: "QSXCR+Q6sek8bf92",
        messages: [
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ],
    },
    Example {
        hash: Hash::Sha256,
        nonces: ("rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"),
        salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
        messages: [
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
    },
];

#[test]
fn the_rfcs_examples_are_spoken_by_both_ends() {
    for Example { hash, nonces, salt, messages } in EXAMPLES {
        let [first, challenge, proof, signature] = messages;
        let policy = Policy::default();
        let mut client =
            client::Exchange::scram(hash, &user("pencil"), nonce(nonces.0), None, policy).unwrap();
        let mut server = server::Exchange::scram(hash, false, &[], nonce(nonces.1));
        assert_eq!(client.start(), Some(first.into()));
        let server::Step::Lookup(lookup) = server.start(Some(first.as_bytes())).unwrap() else {
            panic!("{first}");
        };
        assert_eq!((lookup.authcid(), lookup.hash()), ("user", hash));
        assert_eq!(server.supply(verifier(hash, salt, "pencil")), Ok(challenge.into()));
        assert_eq!(client.step(challenge.as_bytes()), Ok(proof.into()));
        let said = server.step(proof.as_bytes());
        assert_eq!(said, Ok(server::Step::Challenge(signature.into())));
        assert_eq!(client.step(signature.as_bytes()), Ok("".into()));
        assert_eq!(client.finish(), Ok(()));
        let proved = Claim::Proved { authcid: "user".into(), authzid: None };
        assert_eq!(server.step(b""), Ok(server::Step::Verify(proved)));
        assert_eq!(server.step(b""), Err(Error::OutOfTurn));
    }
}

fn begun_client() -> client::Exchange {
    let policy = Policy::default();
    let own = nonce("fyko+d2lbbFgONRv9qkxdawL");
    let exchange = client::Exchange::scram(Hash::Sha1, &user("pencil"), own, None, policy);
    let mut exchange = exchange.unwrap();
    assert!(exchange.start().is_some());
    exchange
}

#[test]
fn a_client_refuses_a_false_server() {
    let salted = |text: &str| format!("{text},s=QSXCR+Q6sek8bf92,i=4096");
    let mine = "r=fyko+d2lbbFgONRv9qkxdawL";
    for (challenge, error) in [
        (salted("r=fyko+d2lbbFgONRv9qkxdawX3rfc"), Error::AlteredNonce),
        (salted("r=x"), Error::AlteredNonce),
        (salted(mine), Error::AlteredNonce),
        (salted(&format!("m=x,{mine}3rfc")), Error::Extension),
        (format!("{},m=x", salted(&format!("{mine}3rfc"))), Error::Extension),
        (format!("{mine}3rfc,s=QSXCR+Q6sek8bf92,i=4095"), Error::Iterations(4095)),
        (format!("{mine}3rfc,s=QSXCR+Q6sek8bf92,i=1000001"), Error::Iterations(1_000_001)),
    ] {
        let mut client = begun_client();
        assert_eq!(client.step(challenge.as_bytes()), Err(error), "{challenge}");
        assert!(client.step(b"v=").is_err());
        assert_eq!(client.finish(), Err(Error::Premature), "{challenge}");
    }
}

#[test]
fn a_client_refuses_malformed_challenges() {
    let mine = "r=fyko+d2lbbFgONRv9qkxdawL3rfc";
    for challenge in [
        "",
        "s=QSXCR+Q6sek8bf92,i=4096",
        mine,
        &format!("{mine},s=,i=4096"),
        &format!("{mine},s=QSXCR+Q6sek8bf92"),
        &format!("{mine},s=QSXCR+Q6sek8bf9,i=4096"),
        &format!("{mine},i=4096,s=QSXCR+Q6sek8bf92"),
        &format!("{mine},s=QSXCR+Q6sek8bf92,i=0"),
        &format!("{mine},s=QSXCR+Q6sek8bf92,i=04096"),
        &format!("{mine},s=QSXCR+Q6sek8bf92,i=4294967296"),
        &format!("{mine},s=QSXCR+Q6sek8bf92,i=4096,"),
        &format!("{mine},s=QSXCR+Q6sek8bf92,i=4096,xx"),
    ] {
        let refused = begun_client().step(challenge.as_bytes());
        assert!(matches!(refused, Err(Error::Malformed(_))), "{challenge}: {refused:?}");
    }
    let extended = format!("{mine},s=QSXCR+Q6sek8bf92,i=4096,x=unknown");
    assert!(begun_client().step(extended.as_bytes()).is_ok());
}

#[test]
fn a_wrong_signature_is_no_success() {
    let [_, challenge, _, signature] = EXAMPLES[0].messages;
    for (last, error) in [
        ("v=rmF9pqV8S7suAoZWja4dJRkFsKR=", None),
        ("v=AAAApqV8S7suAoZWja4dJRkFsKQ=", Some(Error::WrongSignature)),
        ("v=rmF9", Some(Error::WrongSignature)),
        ("e=invalid-proof", Some(Error::Refused)),
        ("", None),
    ] {
        let mut client = begun_client();
        client.step(challenge.as_bytes()).unwrap();
        let refused = client.step(last.as_bytes());
        assert!(refused.is_err() && error.is_none_or(|error| refused == Err(error)), "{last}");
        assert_eq!(client.finish(), Err(Error::Premature));
    }
    let mut client = begun_client();
    client.step(challenge.as_bytes()).unwrap();
    assert_eq!(client.finish(), Err(Error::Premature), "success without a signature");
    let mut client = begun_client();
    assert!(client.step(signature.as_bytes()).is_err(), "a signature before the proof");
}

#[test]
fn iterations_at_the_limits_are_done() {
    for (iterations, ok) in [(9, false), (10, true), (20, true), (21, false)] {
        let mut policy = Policy::default();
        (policy.least_iterations, policy.most_iterations) = (10, 20);
        let mut client =
            client::Exchange::scram(Hash::Sha256, &user("x"), nonce("a"), None, policy).unwrap();
        client.start().unwrap();
        let challenge = format!("r=ab,s=AAAA,i={iterations}");
        assert_eq!(client.step(challenge.as_bytes()).is_ok(), ok, "{iterations}");
    }
}

/// A server that has sent the RFC's challenge.
fn challenged() -> server::Exchange {
    let Example { hash, nonces, salt, messages } = &EXAMPLES[0];
    let mut server = server::Exchange::scram(*hash, false, &[], nonce(nonces.1));
    server.start(Some(messages[0].as_bytes())).unwrap();
    server.supply(verifier(*hash, salt, "pencil")).unwrap();
    server
}

#[test]
fn a_server_refuses_a_false_client() {
    let proof = EXAMPLES[0].messages[2];
    for (message, error) in [
        (proof.replace("r=fyko", "r=fykO"), Error::AlteredNonce),
        (proof.replace("3rfcNHYJY1ZVvWVs7j", ""), Error::AlteredNonce),
        (proof.replace("c=biws", "c=eSws"), Error::Unbound),
        (proof.replace("p=v0X8", "p=AAAA"), Error::WrongProof),
        (proof.replace("p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "p=v0X8"), Error::WrongProof),
        (proof.replace(",p=", ",x=more,p="), Error::WrongProof),
        (proof.replace(",p=", ",m=more,p="), Error::Extension),
    ] {
        let mut server = challenged();
        assert_eq!(server.step(message.as_bytes()), Err(error), "{message}");
        assert_eq!(server.step(proof.as_bytes()), Err(Error::OutOfTurn), "a second guess");
    }
    for message in ["", "c=biws", "c=biws,r=x", "r=x,c=biws,p=AAAA", "c=biws,r=x,p=!", "\0,p=AAAA"]
    {
        let refused = challenged().step(message.as_bytes());
        assert!(matches!(refused, Err(Error::Malformed(_))), "{message}: {refused:?}");
    }
}

/// What a listener has heard is worth nothing against another nonce.
#[test]
fn a_repeated_proof_is_refused() {
    let Example { hash, salt, messages, .. } = &EXAMPLES[0];
    let mut server = server::Exchange::scram(*hash, false, &[], nonce("another"));
    server.start(Some(messages[0].as_bytes())).unwrap();
    server.supply(verifier(*hash, salt, "pencil")).unwrap();
    assert_eq!(server.step(messages[2].as_bytes()), Err(Error::AlteredNonce));
}

#[test]
fn malformed_first_messages_are_refused() {
    for message in [
        "",
        "n",
        "n,",
        "x,,n=user,r=a",
        "p=,,n=user,r=a",
        "n,user,n=user,r=a",
        "n,a=,n=user,r=a",
        "n,,r=a,n=user",
        "n,,n=,r=a",
        "n,,n=us=er,r=a",
        "n,,n=user",
        "n,,n=user,r=",
        "n,,n=user,r=ü",
        "n,,n=user,r=a,",
        "n,,n=user,r=a,1=x",
        "n,,n=us\0er,r=a",
    ] {
        let mut server = server::Exchange::scram(Hash::Sha1, false, &[], nonce("b"));
        let refused = server.start(Some(message.as_bytes()));
        assert!(matches!(refused, Err(Error::Malformed(_))), "{message}: {refused:?}");
        assert_eq!(server.step(b"n,,n=user,r=a"), Err(Error::OutOfTurn));
    }
    for message in ["n,,m=x,n=user,r=a", "n,,n=user,r=a,m=x"] {
        let mut server = server::Exchange::scram(Hash::Sha1, false, &[], nonce("b"));
        assert_eq!(server.start(Some(message.as_bytes())), Err(Error::Extension));
    }
}

#[test]
fn names_are_unescaped_and_prepared() {
    let mut server = server::Exchange::scram(Hash::Sha256, false, &[], nonce("b"));
    let first = "n,a=bo=2Css,n=I\u{AD}X=3D,r=a";
    let server::Step::Lookup(lookup) = server.start(Some(first.as_bytes())).unwrap() else {
        panic!("{first}");
    };
    assert_eq!(lookup.authcid(), "IX=");
    let mut server = server::Exchange::scram(Hash::Sha256, false, &[], nonce("b"));
    let refused = server.start(Some("n,,n=\u{627}1,r=a".as_bytes()));
    assert!(matches!(refused, Err(Error::Prepare(_))));
}

fn channel(name: &'static str) -> ChannelBinding {
    ChannelBinding::new(BindingKind::TlsExporter, name.into())
}

/// Plays an exchange to its end; `ours` is what names the client's channel, `theirs` the server's.
fn bound(
    ours: Option<&ChannelBinding>,
    theirs: &[ChannelBinding],
    plus: bool,
) -> Result<(), Error> {
    let policy = Policy::default();
    let hash = Hash::Sha256;
    let mut client = client::Exchange::scram(hash, &user("x"), nonce("a"), ours, policy).unwrap();
    let mut server = server::Exchange::scram(hash, plus, theirs, nonce("b"));
    server.start(Some(client.start().unwrap().expose()))?;
    let challenge = server.supply(verifier(hash, "AAAA", "x")).unwrap();
    let server::Step::Challenge(signature) = server.step(client.step(&challenge)?.expose())? else {
        panic!("a signature is due");
    };
    client.step(&signature)?;
    client.finish()
}

#[test]
fn who_sits_in_between_is_found_by_the_channel() {
    let (one, other) = (channel("one"), channel("other"));
    let theirs = [one.clone()];
    assert_eq!(bound(Some(&one), &theirs, true), Ok(()));
    assert_eq!(bound(Some(&other), &theirs, true), Err(Error::Unbound));
    assert_eq!(bound(Some(&one), &[], true), Err(Error::Unbound), "the server has no name for it");
    assert_eq!(bound(Some(&one), &theirs, false), Err(Error::Unbound), "not the bound mechanism");
    assert_eq!(bound(None, &theirs, true), Err(Error::Unbound), "the client does not bind");
    assert_eq!(bound(None, &theirs, false), Ok(()), "a client that knows no binding");
    let unique = ChannelBinding::new(BindingKind::TlsUnique, "one".into());
    assert_eq!(bound(Some(&unique), &theirs, true), Err(Error::Unbound), "another kind");
}

#[test]
fn a_client_that_was_denied_binding_finds_out() {
    let theirs = [channel("one")];
    let mut server = server::Exchange::scram(Hash::Sha256, false, &theirs, nonce("b"));
    assert_eq!(server.start(Some(b"y,,n=user,r=a")), Err(Error::Downgrade));
    let mut server = server::Exchange::scram(Hash::Sha256, false, &[], nonce("b"));
    assert!(server.start(Some(b"y,,n=user,r=a")).is_ok());
}

/// Whether there is such a user does not show: not in the challenge's form, nor in the refusal.
#[test]
fn a_decoy_refuses_as_a_wrong_password_does() {
    let try_one = |stored: Verifier| {
        let mut client = begun_client();
        let mut server = server::Exchange::scram(Hash::Sha1, false, &[], nonce("b"));
        server.start(Some(EXAMPLES[0].messages[0].as_bytes())).unwrap();
        let challenge = server.supply(stored).unwrap();
        let error = server.step(client.step(&challenge).unwrap().expose()).unwrap_err();
        let form: String = challenge
            .iter()
            .map(|octet| if octet.is_ascii_alphanumeric() { 'x' } else { '-' })
            .collect();
        (error, form.len())
    };
    let wrong = Verifier::new(Hash::Sha1, &"other".into(), &[7; 16], 4096).unwrap();
    let decoy = Verifier::decoy(Hash::Sha1, b"key", "user", 4096);
    assert_eq!(try_one(decoy), try_one(wrong));
}

#[test]
fn a_verifier_of_another_hash_or_at_another_time_is_misuse() {
    let mut server = server::Exchange::scram(Hash::Sha256, false, &[], nonce("b"));
    let right = verifier(Hash::Sha256, "AAAA", "x");
    assert_eq!(server.supply(right.clone()), Err(Misuse::NotDue));
    server.start(Some(b"n,,n=user,r=a")).unwrap();
    assert_eq!(server.supply(verifier(Hash::Sha1, "AAAA", "x")), Err(Misuse::NotDue));
    assert!(server.supply(right.clone()).is_ok());
    assert_eq!(server.supply(right), Err(Misuse::NotDue));
    assert_eq!(
        server::Exchange::plain().supply(verifier(Hash::Sha1, "AAAA", "x")),
        Err(Misuse::NotDue)
    );
}

#[test]
fn stored_verifiers_are_read_as_they_are_written() {
    for hash in [Hash::Sha1, Hash::Sha256] {
        let stored = verifier(hash, "QSXCR+Q6sek8bf92", "pencil");
        assert_eq!(stored.to_string().parse(), Ok(stored));
    }
    for bad in [
        "",
        "SCRAM-MD5$1:AAAA$AAAA:AAAA",
        "SCRAM-SHA-1$0:AAAA$AAAA:AAAA",
        "SCRAM-SHA-1$1:AAAA$AAAA:AAAA",
        "SCRAM-SHA-1$1:$AAAA:AAAA",
        "SCRAM-SHA-1$1:AAAA$AAAA:AAAA:AAAA",
    ] {
        assert!(bad.parse::<Verifier>().is_err(), "{bad}");
    }
    let bad = Verifier::new(Hash::Sha1, &"x".into(), b"", 4096);
    assert_eq!(bad, Err(Misuse::Verifier));
    assert!(Verifier::new(Hash::Sha1, &vec![0xFF].into(), b"salt", 1).is_err());
    assert!(!format!("{:?}", verifier(Hash::Sha1, "QSXC", "x")).contains("QSXC"));
}
