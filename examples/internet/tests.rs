use super::*;
use crate::faults::What;
use crate::world::veil::Attack;

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
        let arguments = Arguments { messages: 60, signed, ..arguments(1, Level::None) };
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
