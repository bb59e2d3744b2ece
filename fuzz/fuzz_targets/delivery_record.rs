//! A line of the journal that was read is written as one line, and read as the same record.
#![no_main]
use homing::delivery::Record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    let Some(record) = Record::parse(line) else { return };
    let written = record.write();
    assert_eq!(written.find('\n'), Some(written.len() - 1), "{written:?}");
    assert_eq!(Record::parse(written.trim_end_matches('\n')), Some(record), "{written:?}");
});
