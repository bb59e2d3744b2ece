//! Scripts that are not run, and why.
use alloc::string::{String, ToString};

use super::script::Script;

/// What scripts, by their titles, expect of Unbound that is its own, and at which step.
const OTHERS: [(&str, &str); 3] = [
    (
        "Test trust in cname chain answer",
        "step 10: for each link of a chain that the zone's server has told whole Unbound asks anew",
    ),
    (
        "Test validator with cache referral with unsigned glue",
        "step 3: Unbound has looked at the additional section before it answers",
    ),
    (
        "Test validator with a referral with unsigned additional",
        "step 12: a referral out of the cache, to servers that Unbound has looked up before",
    ),
];

/// Returns why a script is not run.
pub(super) fn reason(script: &Script) -> Option<String> {
    let known = OTHERS.iter().find(|(title, _)| script.title == *title);
    known.map(|(_, reason)| (*reason).to_string())
}
