//! Commands and responses that were read are written as one line, and read as the same.
#![no_main]
use bytes::{Bytes, BytesMut};
use homing::pop3::{Command, Response};
use homing_fuzz::is_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    let line = Bytes::copy_from_slice(line);
    let mut out = BytesMut::new();
    if let Ok(command) = Command::parse(line.clone()) {
        command.write(&mut out);
        assert_eq!(Command::parse(written(&mut out)), Ok(command));
    }
    if let Ok(response) = Response::parse(&line) {
        response.write(&mut out);
        assert_eq!(Response::parse(&written(&mut out)), Ok(response));
    }
});

fn written(out: &mut BytesMut) -> Bytes {
    assert!(is_line(out), "{}", out.escape_ascii());
    let line = out.split().freeze();
    line.slice(..line.len() - 2)
}
