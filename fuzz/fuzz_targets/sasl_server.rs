//! Whatever a client responds, nothing breaks, and one that does not know the password never
//! proves that it does.
#![no_main]
use homing::sasl::{
    BindingKind, ChannelBinding, Mechanism, Seed, Setting,
    scram::Verifier,
    server::{Claim, Exchange, Step},
};
use homing_fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, bool, [u8; 3], &[u8])| {
    let (choice, initial, sizes, said) = input;
    let mechanism = Mechanism::ALL[usize::from(choice) % Mechanism::ALL.len()];
    let mut setting = Setting::default();
    setting.secure();
    setting.seed(Seed::new([7; 32]));
    setting.bind(ChannelBinding::new(BindingKind::TlsExporter, "channel".into()));
    let announced = if choice < 128 { &Mechanism::ALL[..] } else { &[mechanism] };
    let mut exchange = Exchange::new(mechanism, announced, &mut setting).expect("it is known");
    if !initial {
        let _ = exchange.start(None);
    }
    let lines: Vec<_> = said.split(|octet| *octet == b'\n').collect();
    let pieces: Vec<_> = pieces(sizes, said).collect();
    for message in if lines.len() > 1 { lines } else { pieces } {
        match exchange.step(message) {
            Ok(Step::Lookup(lookup)) => {
                let decoy = Verifier::decoy(lookup.hash(), b"key", lookup.authcid(), 1);
                exchange.supply(decoy).expect("it asked");
            }
            Ok(Step::Verify(claim)) => {
                assert!(!matches!(claim, Claim::Proved { .. }), "a decoy has no password");
                exchange.refusal();
            }
            _ => {}
        }
    }
});
