//! Tests of all commands together.
mod examples;
mod hostile;
mod properties;
mod reading;

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::*;

/// Writes a command without a tag and its CRLF, literals without waiting.
fn written(command: &Command) -> Bytes {
    let mut out = BytesMut::new();
    let dialect = Dialect { literals: crate::Literals::Plus, utf8: true };
    let mut writer = Writer::new(&mut out, dialect);
    command.put(&mut writer);
    assert_eq!(writer.finish(), Vec::<usize>::new());
    out.freeze()
}
