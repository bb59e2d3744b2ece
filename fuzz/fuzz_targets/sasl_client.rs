//! Whatever a server challenges a client with, nothing breaks, and a server that does not know the
//! password never has a SCRAM client believe it.
#![no_main]
use homing::sasl::{
    BindingKind, ChannelBinding, Credentials, Mechanism, Seed, Setting, Token,
    client::{Identity, Policy},
};
use homing_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, bool, [u8; 3], &[u8])| {
    let (choice, initial, sizes, said) = input;
    let mechanism = Mechanism::ALL[usize::from(choice) % Mechanism::ALL.len()];
    let identity = match mechanism {
        Mechanism::EXTERNAL => Identity::External,
        Mechanism::ANONYMOUS => Identity::Anonymous,
        Mechanism::XOAUTH2 | Mechanism::OAUTHBEARER => {
            Identity::Token(Token::new("user", "token".into()).expect("a token"))
        }
        _ => Identity::Password(Credentials::new("user", "pencil".into()).expect("credentials")),
    };
    let mut setting = Setting::default();
    setting.secure();
    setting.seed(Seed::new([7; 32]));
    setting.bind(ChannelBinding::new(BindingKind::TlsExporter, "channel".into()));
    let mut policy = Policy::default();
    (policy.least_iterations, policy.most_iterations) = (1, 10);
    let mut exchange = identity.exchange(&[mechanism], &mut setting, &policy).expect("it is known");
    if initial {
        exchange.start();
    }
    // Messages are lines of what was said, or pieces of it.
    let lines: Vec<_> = said.split(|octet| *octet == b'\n').collect();
    let pieces: Vec<_> = pieces(sizes, said).collect();
    let messages = if lines.len() > 1 { lines } else { pieces };
    // What the client answers names its nonce, so that a fuzzer finds its way.
    let nonce = Seed::new([7; 32]).nonce();
    for message in messages {
        let whole = [b"r=", nonce.as_str().as_bytes(), message].concat();
        let message = if message.starts_with(b"+") { &whole } else { message };
        let _ = exchange.step(message);
    }
    if mechanism.hash().is_some() {
        assert!(exchange.finish().is_err(), "a server that knows nothing was believed");
    }
});
