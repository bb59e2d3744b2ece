//! What the tests of sessions share.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod client;
pub(crate) mod server;

/// The octets of every script's client, for the laws.
pub(crate) fn words_after<'a>(text: &'a str, mark: &str) -> impl Iterator<Item = &'a str> {
    let line = text.lines().find_map(move |line| line.strip_prefix(mark));
    line.unwrap_or_default().split_whitespace()
}
