use super::*;
use crate::faults::What;
use crate::world::veil::{Attack, Trouble};

fn arguments(seed: u64, faults: Level) -> Arguments {
    Arguments {
        domains: 8,
        users: Some(16),
        messages: 12,
        seed,
        faults,
        days: 1,
        signed: false,
        report: None,
        bounces: None,
        letter: None,
        only: None,
        quiet: true,
    }
}

fn check(seeds: std::ops::Range<u64>, level: Level) {
    for seed in seeds {
        let arguments = arguments(seed, level);
        let end = World::new(arguments.plan(None)).run(|_| {});
        if let Some(broken) = end.broken {
            shorten(&arguments);
            panic!("{}: {}", arguments.command(), broken.0);
        }
    }
}

#[test]
fn nothing_is_lost_under_mild_faults() {
    check(0..100, Level::Mild);
}

#[test]
fn nothing_is_lost_under_harsh_faults() {
    check(100..200, Level::Harsh);
}

/// The promises of TLS are kept because certificates are looked at, and not because nobody attacks.
#[test]
fn who_believes_every_certificate_is_found_out() {
    let attack = What::Attack { site: 3, attack: Attack::Impostor };
    let broken = |gullible, signed| {
        let arguments = Arguments { messages: 200, signed, ..arguments(1, Level::None) };
        let mut plan = arguments.plan(None);
        plan.faults.push(Fault { at: 12 * HOUR, lasts: 6 * HOUR, what: attack });
        let mut world = World::new(plan);
        world.gullible = gullible;
        world.run(|_| {}).broken.map_or_else(String::new, |it| it.0)
    };
    for (signed, word) in [(false, "policy"), (true, "keys")] {
        let found = broken(true, signed);
        assert!(found.contains(word), "{signed}: {found:?}");
        assert_eq!(broken(false, signed), "");
    }
}

/// A world with one fault, for all of the day.
fn with_fault(signed: bool, what: What) -> World {
    let arguments = Arguments { messages: 60, signed, ..arguments(1, Level::None) };
    let mut plan = arguments.plan(None);
    plan.faults.push(Fault { at: 0, lasts: DAY, what });
    World::new(plan)
}

/// Of the two domains there, the one with a policy has to wait until the day is over.
#[test]
fn where_tls_is_broken_mail_goes_in_clear_unless_it_is_promised_tls() {
    for trouble in [Trouble::Refused, Trouble::Alert, Trouble::HangUp] {
        let mut world = with_fault(false, What::Tls { site: 3, trouble });
        let end = world.run(|_| {});
        assert_eq!(end.broken, None, "{trouble:?}");
        // Who refuses does so in a session that goes on.
        let again = world.metrics.cleared > 0;
        assert_eq!(again, trouble != Trouble::Refused, "{trouble:?}");
        assert!(world.ledger.warnings > 0, "nothing had to wait: {trouble:?}");
    }
}

#[test]
fn mail_in_clear_for_a_domain_with_a_policy_is_found_out() {
    let mut world = with_fault(false, What::Tls { site: 3, trouble: Trouble::HangUp });
    world.reckless = true;
    let broken = world.run(|_| {}).broken.map_or_else(String::new, |it| it.0);
    assert!(broken.contains("policy"), "{broken:?}");
}

/// Only what is neither signed nor has a policy, as the invariants say.
#[test]
fn who_forges_dns_on_its_way_has_mail() {
    for signed in [false, true] {
        let mut stolen = 0;
        for site in 0..4 {
            let mut world = with_fault(signed, What::Spoof { site });
            assert_eq!(world.run(|_| {}).broken, None, "{signed} {site}");
            stolen += world.ledger.stolen;
        }
        assert!(stolen > 0, "{signed}");
    }
    let mut world = with_fault(false, What::Forge { site: 2 });
    assert_eq!(world.run(|_| {}).broken, None);
    assert!(world.metrics.forged > 0 && world.ledger.stolen == 0, "whoever sees no query");
}

#[test]
fn who_does_not_validate_is_found_out() {
    let broken = |trusting| {
        let arguments = Arguments { messages: 60, signed: true, ..arguments(1, Level::None) };
        let mut plan = arguments.plan(None);
        plan.faults.push(Fault { at: 0, lasts: DAY, what: What::Spoof { site: 2 } });
        plan.trusting = trusting;
        World::new(plan).run(|_| {}).broken.map_or_else(String::new, |it| it.0)
    };
    assert!(broken(true).contains("believes"), "{:?}", broken(true));
    assert_eq!(broken(false), "");
}

/// Fewer, as validation takes its time.
#[test]
fn nothing_is_lost_where_a_part_is_signed() {
    for seed in 200..204 {
        let arguments = Arguments { signed: true, ..arguments(seed, Level::Harsh) };
        let end = World::new(arguments.plan(None)).run(|_| {});
        assert_eq!(end.broken, None, "{}", arguments.command());
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = || World::new(arguments(7, Level::Harsh).plan(None)).run(|_| {});
    let (one, other) = (run(), run());
    assert_eq!((one.digest, one.events, one.ended), (other.digest, other.events, other.ended));
    let another = World::new(arguments(8, Level::Harsh).plan(None)).run(|_| {});
    assert_ne!(one.digest, another.digest);
}
