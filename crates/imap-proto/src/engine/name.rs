//! Names of mailboxes: what the wire makes of them.
use alloc::string::String;

use super::Limits;
use super::answer::{Answer, no};
use crate::{Code, Delimiter, Mailbox};

/// Reads a name: UTF-8 once the client has switched that on, modified UTF-7 before.
pub(super) fn read(mailbox: &Mailbox, utf8: bool) -> Answer<String> {
    let name = if utf8 { mailbox.to_utf8().map(Into::into) } else { mailbox.to_utf7() };
    name.ok_or_else(|| no(Code::Cannot, "the name is not encoded as it should be"))
}

/// Writes a name. One with NUL, which no store should have, is empty.
pub(super) fn write(name: &str, utf8: bool) -> Mailbox {
    let mailbox =
        if utf8 { Mailbox::new(name.as_bytes().to_vec()) } else { Mailbox::from_utf7(name) };
    mailbox.unwrap_or_else(|| Mailbox::named(crate::IString::default()))
}

/// Checks a name that is to be made.
pub(super) fn check(name: &str, delimiter: Option<Delimiter>, limits: &Limits) -> Answer<()> {
    let refuse = |text| Err(no(Code::Cannot, text));
    // RFC 9051 §5.1: no control characters, and none that split lines.
    if name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')) {
        return refuse("control characters in the name");
    }
    let levels = || delimiter.into_iter().flat_map(|mark| name.split(mark.get()));
    if name.is_empty() || levels().any(str::is_empty) {
        return refuse("a level of the name is empty");
    }
    if name.len() > limits.name || levels().count() > limits.levels {
        return Err(no(Code::Limit, "the name is too long"));
    }
    Ok(())
}
