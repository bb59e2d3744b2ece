//! The store in memory stands all checks.
use crate::engine::{conformance, memory};

#[test]
fn the_store_in_memory_stands_all_checks() {
    conformance::run(|| {
        let account = memory::Account::new();
        move || account.store()
    });
    assert!(conformance::checks::<memory::Store>().len() > 20);
}
