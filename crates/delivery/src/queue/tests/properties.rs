use alloc::{collections::BTreeSet, vec::Vec};
use core::time::Duration;

use proptest::prelude::*;
use smtp_proto::client::{Delivery, Reason};

use super::world::{World, accepted, config, outcome, refused, to};
use crate::{Action, Answer, Cause, LinkId, Record};

/// What the world may do to a queue, drawn at random.
#[derive(Clone, Copy, Debug)]
enum Luck {
    Good,
    NoDns,
    NoName,
    Unreachable,
    HangUp,
    Doubt,
    Later,
    Never,
    Full,
}

fn luck() -> impl Strategy<Value = Luck> {
    use Luck::*;
    prop_oneof![
        4 => Just(Good),
        1 => prop::sample::select(Vec::from([NoDns, NoName, Unreachable, HangUp, Doubt, Later, Never, Full])),
    ]
}

/// Does the next thing with this luck; false if there is nothing.
fn step(world: &mut World, luck: Luck) -> bool {
    let (now, at) = (world.now, world.at);
    let Some(action) = world.queue.poll() else { return false };
    let queue = &mut world.queue;
    match action {
        Action::Write(record) => world.journal.push(record),
        Action::LookUp { link, name, rtype } => {
            let answer = match luck {
                Luck::NoDns => Answer::Failed,
                Luck::NoName => Answer::NoSuchName,
                _ if rtype == dns_proto::RecordType::A => {
                    let address = dns_proto::Record::address(name, 60, [192, 0, 2, 1].into());
                    Answer::Records([address].into(), false)
                }
                _ => Answer::Records(Vec::new(), false),
            };
            queue.found(now, at, link, rtype, answer);
        }
        Action::Connect { link, .. } => match luck {
            Luck::Unreachable => {
                let words = proto_core::Text::from_static("nobody");
                queue.unreachable(now, at, link, Cause::new("4.4.1".parse().unwrap(), words));
            }
            Luck::HangUp => queue.closed(now, at, link),
            _ => queue.ready(now, at, link, world.peer),
        },
        Action::Send { link, envelope, .. } => {
            let delivery = match luck {
                Luck::HangUp => Delivery::Unsent(Reason::Interrupted),
                Luck::Doubt => Delivery::Unknown,
                Luck::Later => refused(451, "later"),
                Luck::Never => refused(550, "never"),
                Luck::Full => Delivery::Unsent(Reason::SessionFull { limit: 1 }),
                _ => accepted(),
            };
            let fates = envelope.recipients.iter().map(|it| (it.to.clone(), delivery.clone()));
            queue.sent(now, at, link, &outcome(fates.collect()));
            if matches!(luck, Luck::HangUp | Luck::Doubt) {
                queue.closed(now, at, link);
            }
        }
        Action::Report(report) => queue.reported(now, at, report.message),
        _ => {}
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_of_outcomes_ends_with_one_fate_for_everybody(
        lucks in prop::collection::vec(luck(), 0..200),
        domains in prop::collection::vec(0_u8..4, 1..12),
    ) {
        let mut config = config();
        (config.limits.connections, config.limits.per_domain) = (3, 2);
        let mut world = World::new(config, super::world::take_all);
        for chunk in domains.chunks(3) {
            let names: Vec<_> = chunk.iter().map(|n| alloc::format!("u{n}@d{n}.org")).collect();
            let names: Vec<_> = names.iter().map(alloc::string::String::as_str).collect();
            world.submit(to(&names));
        }
        let mut lucks = lucks.into_iter();
        for _ in 0..10_000 {
            prop_assert!(world.queue.connections() <= 3);
            if step(&mut world, lucks.next().unwrap_or(Luck::Good)) {
                continue;
            }
            let Some(due) = world.queue.deadline() else { break };
            world.pass(due - world.now);
        }
        prop_assert!(world.queue.is_empty());
        prop_assert!(world.queue.jobs.is_empty() && world.queue.keys.is_empty());
        prop_assert_eq!(world.queue.connections(), 0);
        let mut fates = BTreeSet::new();
        for record in &world.journal {
            if let Record::Delivered { message, recipient, .. } | Record::Failed { message, recipient, .. } = record {
                prop_assert!(fates.insert((*message, *recipient)));
            }
        }
        prop_assert_eq!(fates.len(), domains.len());
    }

    #[test]
    fn what_was_not_asked_is_ignored(link in 0_u64..9, times in 1_usize..4) {
        let mut world = World::new(config(), super::world::greylist);
        world.submit(to(&["a@x.org", "b@y.org"]));
        world.work();
        let (len, timers) = (world.queue.len(), world.queue.timers.clone());
        for _ in 0..times {
            let (now, at, link) = (world.now, world.at, LinkId(link));
            world.queue.found(now, at, link, dns_proto::RecordType::MX, Answer::NoSuchName);
            world.queue.fetched(now, at, link, Some("x"));
            world.queue.kept(now, at, link, &[]);
            world.queue.sent(now, at, link, &outcome(Vec::new()));
            world.queue.reported(now, at, crate::MessageId(link.0));
        }
        prop_assert_eq!(world.queue.len(), len);
        prop_assert_eq!(&world.queue.timers, &timers);
        world.pass(Duration::ZERO);
    }
}
