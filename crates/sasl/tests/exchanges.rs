//! Client against server, by every mechanism, and both against nonsense.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use proptest::prelude::*;
use sasl::{
    BindingKind, ChannelBinding, Credentials, Mechanism, Seed, Setting, Token,
    client::{Identity, Policy},
    scram::Verifier,
    server::{self, Claim, Step},
};

/// One end of an encrypted connection.
fn setting(seed: u8) -> Setting {
    let mut setting = Setting::default();
    setting.seed(Seed::new([seed; 32]));
    setting.bind(ChannelBinding::new(BindingKind::TlsExporter, "the channel".into()));
    setting.secure();
    setting
}

/// What the server stores: of real users little work, for there are many cases.
const ITERATIONS: u32 = 2;

fn policy() -> Policy {
    let mut policy = Policy::default();
    policy.least_iterations = ITERATIONS;
    policy
}

/// Plays an exchange by this mechanism, if the identity can use it; returns the server's claim
/// and whether the client was content.
fn play(
    mechanism: Mechanism,
    identity: &Identity,
    stored: &str,
    initial: bool,
) -> Option<(Result<Claim, sasl::Error>, bool)> {
    let offered = [mechanism];
    let mut client = identity.exchange(&offered, &mut setting(1), &policy())?;
    let mut server = server::Exchange::new(mechanism, &offered, &mut setting(2)).unwrap();
    let first = if initial { client.start() } else { None };
    let mut step = server.start(first.as_ref().map(|first| first.expose()));
    loop {
        let challenge = match step {
            Ok(Step::Challenge(challenge)) => challenge,
            Ok(Step::Lookup(lookup)) => {
                let verifier =
                    Verifier::new(lookup.hash(), &stored.into(), b"salt", ITERATIONS).unwrap();
                server.supply(verifier).unwrap()
            }
            Ok(Step::Verify(claim)) => return Some((Ok(claim), client.finish().is_ok())),
            Err(error) => return Some((Err(error), client.finish().is_ok())),
            Ok(other) => panic!("{other:?}"),
        };
        step = match client.step(&challenge) {
            Ok(response) => server.step(response.expose()),
            Err(error) => return Some((Err(error), client.finish().is_ok())),
        };
    }
}

fn is_true(claim: &Claim, password: &str) -> bool {
    match claim {
        Claim::Password(credentials) => credentials.password().matches(password.as_bytes()),
        Claim::Cram(cram) => cram.is_of(&password.into()),
        Claim::Proved { .. } => true,
        other => panic!("{other:?}"),
    }
}

/// Those that carry a password or a proof of it.
fn passwords() -> impl Strategy<Value = Mechanism> {
    let all: Vec<_> = Mechanism::ALL
        .into_iter()
        .filter(|known| {
            known.hash().is_some()
                || matches!(*known, Mechanism::PLAIN | Mechanism::LOGIN | Mechanism::CRAM_MD5)
        })
        .collect();
    proptest::sample::select(all)
}

proptest! {
    #[test]
    fn what_a_client_says_a_server_hears(
        mechanism in passwords(),
        // Beyond ASCII, preparation may change them; see below.
        user in "[!-~ü]{1,12}",
        password in "[ -~é]{1,12}",
        authzid in proptest::option::of("[^\0]{1,8}"),
        initial: bool,
    ) {
        let mut said = Credentials::new(&user, password.as_str().into()).unwrap();
        if let Some(authzid) = &authzid {
            said = said.acting_as(authzid).unwrap();
        }
        let identity = Identity::Password(said);
        let Some((claim, content)) = play(mechanism, &identity, &password, initial) else {
            // They have no way to act as somebody else.
            prop_assert!(authzid.is_some());
            prop_assert!(matches!(mechanism, Mechanism::LOGIN | Mechanism::CRAM_MD5));
            return Ok(());
        };
        let claim = claim.unwrap();
        prop_assert!(content);
        prop_assert!(is_true(&claim, &password));
        prop_assert_eq!(claim.authcid(), Some(user.as_str()));
        prop_assert_eq!(claim.authzid(), authzid.as_deref());
    }

    #[test]
    fn a_wrong_password_is_never_right(
        mechanism in passwords(), right in "[ -~]{1,12}", wrong in "[ -~]{1,12}",
    ) {
        prop_assume!(right != wrong);
        let bob = Credentials::new("bob", wrong.as_str().into()).unwrap();
        let (claim, content) = play(mechanism, &Identity::Password(bob), &right, true).unwrap();
        match claim {
            Ok(claim) => prop_assert!(!is_true(&claim, &right)),
            Err(error) => {
                prop_assert_eq!(error, sasl::Error::WrongProof);
                prop_assert!(!content);
            }
        }
    }

    #[test]
    fn a_token_arrives(
        user in "[^\0\x01]{1,12}", token in "[!-~]{1,30}", bearer: bool, initial: bool,
    ) {
        let mechanism = if bearer { Mechanism::OAUTHBEARER } else { Mechanism::XOAUTH2 };
        let token = Token::new(&user, token.as_str().into()).unwrap();
        let played = play(mechanism, &Identity::Token(token.clone()), "", initial);
        prop_assert_eq!(played, Some((Ok(Claim::Token(token)), true)));
    }

    #[test]
    fn no_message_makes_either_end_panic(
        mechanism in proptest::sample::select(Mechanism::ALL.to_vec()),
        messages in proptest::collection::vec(prop_oneof![
            any::<Vec<u8>>(),
            "[nyp]?(=[a-z-]{0,5})?,(a=[a-z=]{0,3})?,[mnrcspive]=[ -~]{0,9},[mnrcspive]=[ -~]{0,9}"
                .prop_map(String::into_bytes),
            "[a-z]{0,3},?\x01?[a-z]{0,4}=[ -~]{0,8}\x01\x01".prop_map(String::into_bytes),
        ], 0..5),
    ) {
        let token = Token::new("a", "b".into()).unwrap();
        let password = Credentials::new("a", "b".into()).unwrap();
        let offered = [mechanism];
        for identity in [
            Identity::Password(password), Identity::Token(token), Identity::External,
            Identity::Anonymous,
        ] {
            let client = identity.exchange(&offered, &mut setting(1), &policy());
            for (mut client, message) in client.into_iter().zip(&messages) {
                let _ = client.step(message);
            }
        }
        let mut server = server::Exchange::new(mechanism, &offered, &mut setting(2)).unwrap();
        for message in &messages {
            if let Ok(Step::Lookup(lookup)) = server.step(message) {
                server.supply(Verifier::decoy(lookup.hash(), b"", lookup.authcid(), 1)).unwrap();
            }
        }
    }
}

#[test]
fn whoever_has_no_password_arrives_too() {
    for (mechanism, identity, claim) in [
        (Mechanism::EXTERNAL, Identity::External, Claim::External { authzid: None }),
        (Mechanism::ANONYMOUS, Identity::Anonymous, Claim::Anonymous { trace: "".into() }),
    ] {
        for initial in [true, false] {
            let played = play(mechanism, &identity, "", initial);
            assert_eq!(played, Some((Ok(claim.clone()), true)), "{mechanism}");
        }
    }
}

/// However a keyboard makes an é, and whatever soft hyphens were pasted.
#[test]
fn a_password_is_the_same_however_it_is_entered() {
    let bob = Credentials::new("b\u{AD}ob", "cafe\u{301}".into()).unwrap();
    let identity = Identity::Password(bob);
    let played = play(Mechanism::SCRAM_SHA_256_PLUS, &identity, "caf\u{E9}", true);
    let (claim, content) = played.unwrap();
    assert_eq!(claim.unwrap().authcid(), Some("bob"));
    assert!(content);
}
