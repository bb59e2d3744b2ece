//! A policy that was read is written as it is meant, and read as the same policy.
#![no_main]
use homing::delivery::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(policy) = Policy::parse(text) else { return };
    assert_eq!(Policy::parse(&policy.write()), Ok(policy));
});
