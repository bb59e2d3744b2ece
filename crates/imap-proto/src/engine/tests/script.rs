//! Dialogues, as the RFCs have them.
//!
//! `C:` is what a client says, `S:` all that it is answered; `C2:` and `S2:` are a second client's.
//! `I2:` is a client in IDLE, or one for whom the engine is woken: what it is told follows. `\r\n`
//! in a command is a line end, `<<…>>` a literal; an answer's literals go over several lines.
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Client, NOW};
use crate::engine::memory;

macro_rules! scripts {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            run(include_str!(concat!("../../../tests/scripts/engine/", stringify!($name), ".txt")));
        }
    )*};
}

scripts! { rfc_9051 two_clients condstore rev2 administration notify }

fn run(script: &str) {
    let account = memory::Account::new();
    account.set_time(NOW);
    let mut clients: BTreeMap<String, Client> = BTreeMap::new();
    let mut owed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut record = String::new();
    let mut last = String::new();
    for line in script.lines() {
        let (mark, rest) = line.split_once(": ").unwrap_or((line, ""));
        let (kind, who) = mark.split_at_checked(1).unwrap_or(("", ""));
        match kind {
            _ if line.starts_with('#') => {}
            _ if line.is_empty() => {
                // Between dialogues, or in a literal.
                if let Some(said) = owed.get_mut(&last).filter(|said| !said.is_empty()) {
                    assert_eq!(said.pop().as_deref(), Some(""));
                }
            }
            "C" | "I" if who.parse::<u8>().is_ok() || who.is_empty() => {
                check_none(&owed, line);
                let client = clients.entry(who.into()).or_insert_with(|| Client::new(&account));
                let said = if kind == "I" {
                    if rest == "IDLE" {
                        client.engine.idle();
                    }
                    client.news()
                } else {
                    client.say(&rest.replace("\\r\\n", "\r\n"))
                };
                owed.insert(who.into(), said.lines().rev().map(ToString::to_string).collect());
                last = who.into();
            }
            "S" if who.parse::<u8>().is_ok() || who.is_empty() => {
                let said = owed.get_mut(who).and_then(Vec::pop);
                assert_eq!(said.as_deref(), Some(rest), "in {script:.60}…");
            }
            // A literal goes on.
            _ => {
                let said = owed.get_mut(&last).and_then(Vec::pop);
                assert_eq!(said.as_deref(), Some(line));
            }
        }
        record.push_str(line);
    }
    check_none(&owed, "the end");
}

fn check_none(owed: &BTreeMap<String, Vec<String>>, line: &str) {
    let left: Vec<_> = owed.values().flatten().rev().collect();
    assert!(left.is_empty(), "also said before {line}: {left:#?}");
}
