//! What hostile clients do, and the answer that RFC 5321 wants: the tables in `tests/hostile`.
//!
//! Each case is a script of its own: `## its name`, perhaps `# config:`, and a dialogue. The
//! application's answers are in it, so a test over real sockets can play the same files: it sends
//! the lines of `C:` and compares the codes of `S:`, and leaves out what lets time pass (`@`) and
//! what needs a configuration that its server does not have.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

mod common;

use std::fs;

use common::server::Server;
use proto_core::testing::Script;

const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile");

#[test]
fn hostile_clients_are_answered_as_they_deserve() {
    let mut paths: Vec<_> = fs::read_dir(TABLES).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    let mut played = 0;
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        for case in text.split("## ").skip(1) {
            let (name, script) = case.split_once('\n').unwrap();
            let name = format!("{}: {name}", path.file_stem().unwrap().to_string_lossy());
            println!("{name}");
            let server = Server::configured(common::words_after(script, "# config:"));
            Script::parse(&name, script).run(&server);
            played += 1;
        }
    }
    assert!(played >= 80, "only {played}");
}
