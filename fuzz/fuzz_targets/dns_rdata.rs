//! Data of any type that were read are printed, and read again as the same, in every form.
#![no_main]
use homing::dns::{Rdata, RecordType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u16, &[u8])| {
    let (rtype, octets) = (RecordType::new(input.0), input.1);
    let Ok(data) = Rdata::parse(rtype, octets) else { return };
    let mut written = Vec::new();
    data.write(&mut written);
    // No pointers here, so there is one way to write it.
    assert_eq!(written, octets, "{rtype}");
    if rtype == RecordType::OPT {
        return drop(data.to_string());
    }
    for text in [format!("{data}"), format!("{data:#}")] {
        let mut again = Vec::new();
        assert_eq!(Rdata::parse_text(rtype, &text, &mut again), Ok(()), "{rtype} {text}");
        assert_eq!(Rdata::parse(rtype, &again), Ok(data), "{rtype} {text}");
    }
    let mut canonical = Vec::new();
    data.write_canonical(&mut canonical);
    let again = Rdata::parse(rtype, &canonical).expect("it is canonical");
    assert_eq!((again.canonical_cmp(&data), again), (std::cmp::Ordering::Equal, data));
});
