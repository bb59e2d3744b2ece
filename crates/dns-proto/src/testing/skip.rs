//! Scripts that are not run, and why.
use alloc::format;
use alloc::string::String;

use super::script::Script;

/// What scripts, by their titles, expect at which step of Unbound that is its own.
const OTHERS: [(&str, u32, &str); 6] = [
    (
        "Test basic iterative qname minimised resolve of www.example.com.",
        40,
        "Unbound asks for addresses of the whole name before it asks what it wants",
    ),
    (
        "Test scrub of CNAME in answer section",
        100,
        "what a zone's server has told of an alias' end Unbound asks anew",
    ),
    (
        "Test scrub of insecure DNAME in answer section",
        100,
        "what a zone's server has told of an alias' end Unbound asks anew",
    ),
    (
        "Test trust in cname chain answer",
        10,
        "for each link of a chain that the zone's server has told whole Unbound asks anew",
    ),
    (
        "Test validator with cache referral with unsigned glue",
        3,
        "Unbound has looked at the additional section before it answers",
    ),
    (
        "Test validator with a referral with unsigned additional",
        12,
        "a referral out of the cache, to servers that Unbound has looked up before",
    ),
];

/// Returns why a script is not run.
pub(super) fn reason(script: &Script) -> Option<String> {
    let same = |title, number| {
        script.title == title && script.steps.iter().any(|step| step.number == number)
    };
    let known = OTHERS.iter().find(|(title, number, _)| same(*title, *number));
    known.map(|(_, number, reason)| format!("step {number}: {reason}"))
}
