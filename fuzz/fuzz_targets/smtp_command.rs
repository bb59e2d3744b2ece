//! A command that was read is written as one line, and that is read as the same command.
#![no_main]
use bytes::{Bytes, BytesMut};
use homing::smtp::{Command, Leniency};
use homing_fuzz::is_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (options, line) = input;
    let mut leniency = Leniency::STRICT;
    leniency.space_after_colon = options & 1 != 0;
    leniency.missing_brackets = options & 2 != 0;
    leniency.any_hello = options & 4 != 0;
    let line = Bytes::copy_from_slice(line);
    let command = match Command::parse(&line, leniency) {
        Ok(command) => command,
        Err(error) => return assert!(error.offset() <= line.len()),
    };
    let mut out = BytesMut::new();
    command.write(&mut out);
    assert!(is_line(&out), "{}", out.escape_ascii());
    let again = out.split_to(out.len() - 2).freeze();
    // What is written needs no leniency, but for a name that is no host's.
    leniency = Leniency::STRICT;
    leniency.any_hello = options & 4 != 0;
    assert_eq!(Command::parse(&again, leniency), Ok(command));
});
