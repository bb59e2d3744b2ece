//! Resolution as scripts: the lecture's example, and rules that need a dialogue to be shown.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use dns_proto::testing::{Outcome, run};

/// Runs every script in the folder.
#[test]
fn every_script_of_the_folder_passes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/replay");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut said = String::new();
        let outcome = run(&text, |line| said += &format!("{line}\n"));
        assert_eq!(outcome, Outcome::Pass, "{}\n{said}", path.display());
        count += 1;
    }
    assert!(count >= 14);
}

#[test]
fn a_script_whose_answer_is_another_fails() {
    let text = include_str!("replay/uwaterloo_recursive.rpl");
    // Of the checks, the first: it is the first place with this TTL after the steps begin.
    let at = text.find("STEP 2 CHECK_ANSWER").unwrap();
    let (before, after) = text.split_at(at);
    let wrong = format!("{before}{}", after.replacen("129.97.208.24", "129.97.208.99", 1));
    assert_ne!(wrong, text);
    assert!(matches!(run(&wrong, |_| ()), Outcome::Fail(reason) if reason.starts_with("step 2:")));
}

#[test]
fn features_out_of_scope_are_named() {
    let skipped = run("server:\n  local-zone: \"a\" static\nCONFIG_END\n", |_| ());
    assert_eq!(skipped, Outcome::Skip("local-zone".to_string()));
}

#[test]
fn a_script_whose_file_is_another_fails() {
    let text = include_str!("replay/root_key_rollover.rpl");
    for (from, to) in [
        (";;count=2", ";;count=3"),
        (";;query_interval: 3600", ";;query_interval: 3601"),
        ("${range 3200 ${timeout} 3600}", "${range 3300 ${timeout} 3600}"),
    ] {
        let wrong = text.replace(from, to);
        assert_ne!(wrong, text);
        assert!(
            matches!(run(&wrong, |_| ()), Outcome::Fail(reason) if reason.starts_with("step "))
        );
    }
}

#[test]
fn what_is_expected_of_another_resolver_is_skipped_with_its_step() {
    let skipped = |text: &str| match run(text, |_| ()) {
        Outcome::Skip(reason) => reason,
        other => panic!("{other:?}"),
    };
    let option = "server:\n  harden-unknown-additional: no\nCONFIG_END\n";
    assert_eq!(skipped(option), "harden-unknown-additional: no");
    let titled = "CONFIG_END\nSCENARIO_BEGIN Test trust in cname chain answer\nSTEP 10 NOTHING\n";
    assert!(skipped(titled).starts_with("step 10: "));
}
