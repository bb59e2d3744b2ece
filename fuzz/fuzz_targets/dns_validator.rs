//! Any answers, to what is asked and to what the validator asks: it ends within its limits, and
//! says the same when polled again. Signatures are believed or not, as the input says: forgers get
//! nothing secure.
#![no_main]
use homing::dns::dnssec::{
    Config, KeyPair, Period, Policy, Provider, Response, Step, Trust, Validator, Verdict, sign_set,
};
use homing::dns::{DnssecAlgorithm, Message, Name, Rcode, Record, RecordType};
use libfuzzer_sys::fuzz_target;

const NOW: u64 = 1_800_000_000;

fuzz_target!(|input: (bool, Vec<Vec<u8>>)| {
    let (believing, messages) = input;
    let mut responses = messages.iter().filter_map(|octets| {
        let message = Message::parse(octets).ok()?;
        Response::from_message(&message)
    });
    let Some(response) = responses.next() else { return };
    let mut provider = Provider::default();
    if believing {
        provider.verify = |_, _, _| true;
    }
    let policy = Policy { provider, ..Policy::default() };
    let mut trust = Trust::new(Config { policy, ..Config::default() });
    let keys = root(&mut trust);
    let limits = trust.config().limits.clone();
    let mut validator = Validator::new(response, &trust);
    let (mut needs, mut yields) = (0, 0);
    let verdict = loop {
        match validator.poll(&mut trust, NOW) {
            Step::Done(verdict) => break verdict,
            Step::Yield => yields += 1,
            Step::Need { name, rtype } => {
                let again = validator.poll(&mut trust, NOW);
                assert_eq!(again, Step::Need { name: name.clone(), rtype });
                needs += 1;
                validator.supply(if (&name, rtype) == (&keys.name, keys.rtype) {
                    Some(keys.clone())
                } else {
                    responses.next().map(|response| Response { name, rtype, ..response })
                });
            }
        }
        assert!(needs <= limits.needs && yields <= limits.hashes);
    };
    assert!(believing || !matches!(verdict, Verdict::Secure(_)));
    assert_eq!(validator.poll(&mut trust, NOW), Step::Done(verdict));
    assert!(trust.remembered() <= limits.zones);
});

/// Trusts a key of the root, and returns what shows it.
fn root(trust: &mut Trust) -> Response {
    let pair = KeyPair::generate(DnssecAlgorithm::ED25519, true, [7; 32]).expect("it is made here");
    trust.add_key(Name::ROOT, pair.public());
    let key = Record::new(Name::ROOT, 3600, pair.public().data());
    let set = std::slice::from_ref(&key);
    let signature = sign_set(set, &Name::ROOT, &pair, Period::starting(NOW, 3600));
    let mut response = Response::new(Name::ROOT, RecordType::DNSKEY, Rcode::NOERROR);
    response.answers = vec![key.clone(), signature.expect("it is a set")];
    response
}
