use alloc::{string::ToString, vec::Vec};
use core::time::Duration;

use dns_proto::RecordType;
use smtp_proto::{
    DateTime, DeliverBy, Hold, Late, Mailbox, Notify, Parameters, Priority,
    client::{Delivery, Reason},
};

use super::world::{World, accepted, config, greylist, moody, refused, take_all, to};
use crate::{Action, Answer, Record, Refusal, Target, Transport};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn a_message_is_written_first_and_forgotten_last() {
    let mut world = World::new(config(), take_all);
    let message = world.submit(to(&["bob@hamburger.edu"]));
    world.work();
    assert!(matches!(
        &world.journal[..],
        [Record::Accepted { .. }, Record::Delivered { .. }, Record::Removed { .. }]
    ));
    assert!(!world.stored.contains(&message) && world.queue.is_empty());
}

#[test]
fn recipients_of_one_domain_go_together() {
    let mut world = World::new(config(), take_all);
    world.submit(to(&["a@x.org", "b@y.org", "c@X.ORG"]));
    world.work();
    assert_eq!(world.log("send"), ["a@x.org c@X.ORG", "b@y.org"]);
}

#[test]
fn a_transaction_has_no_more_recipients_than_the_limit() {
    for (limit, transactions) in [(3, 1), (2, 2)] {
        let mut config = config();
        config.limits.recipients = limit;
        let mut world = World::new(config, take_all);
        world.submit(to(&["a@x.org", "b@x.org", "c@x.org"]));
        world.work();
        assert_eq!(world.log("send").len(), transactions);
    }
}

#[test]
fn one_connection_carries_one_message_after_another() {
    let mut config = config();
    config.limits.per_domain = 1;
    let mut world = World::new(config, take_all);
    for to_ in ["a@x.org", "b@x.org", "c@x.org"] {
        world.submit(to(&[to_]));
    }
    world.work();
    assert_eq!((world.log("connect").len(), world.log("send").len()), (1, 3));
    // It waits for more, and uses it, and leaves after a while.
    world.submit(to(&["d@x.org"]));
    world.work();
    assert_eq!((world.log("connect").len(), world.log("close").len()), (1, 0));
    world.run(MINUTE);
    assert_eq!(world.log("close").len(), 1);
    assert_eq!(world.queue.connections(), 0);
}

#[test]
fn a_connection_carries_no_more_messages_than_the_limit() {
    for (limit, connections) in [(3, 1), (2, 2)] {
        let mut config = config();
        (config.limits.per_domain, config.limits.per_connection) = (1, limit);
        let mut world = World::new(config, take_all);
        for to_ in ["a@x.org", "b@x.org", "c@x.org"] {
            world.submit(to(&[to_]));
        }
        world.work();
        assert_eq!(world.log("connect").len(), connections);
    }
}

#[test]
fn what_was_deferred_is_tried_again_on_schedule_and_only_that() {
    let mut world = World::new(config(), moody);
    world.queue.config.schedule.warn = None;
    world.submit(to(&["a@x.org", "carol@x.org"]));
    world.work();
    assert_eq!(world.log("send"), ["a@x.org carol@x.org"]);
    let start = world.now;
    for minutes in [5, 20, 50, 110, 230, 470, 710] {
        world.run(start + MINUTE * minutes - world.now - Duration::from_secs(1));
        let before = world.log("send").len();
        world.run(Duration::from_secs(1));
        assert_eq!(world.log("send")[before..], ["carol@x.org"], "{minutes}");
    }
}

#[test]
fn greylisting_is_met_with_patience() {
    let mut world = World::new(config(), greylist);
    world.submit(to(&["a@x.org"]));
    world.work();
    world.server = take_all;
    world.run(MINUTE * 5);
    assert!(world.queue.is_empty() && world.reports.is_empty());
}

#[test]
fn a_message_is_given_up_at_five_days_and_not_a_second_before() {
    let mut world = World::new(config(), greylist);
    world.queue.config.schedule.warn = None;
    world.submit(to(&["a@x.org"]));
    world.run(DAY * 5 - Duration::from_secs(1));
    assert_eq!((world.reports.len(), world.queue.len()), (0, 1));
    world.run(Duration::from_secs(1));
    let why = world.reports[0].recipients[0].why.as_ref().unwrap();
    assert_eq!(alloc::format!("{} {why}", why.status()), "4.4.7 x.org said: 451 4.7.1 come back");
    assert!(world.queue.is_empty());
}

#[test]
fn a_domain_that_cannot_be_reached_is_tried_once_for_all() {
    let mut config = config();
    config.limits.per_domain = 1;
    let mut world = World::new(config, take_all);
    world.down = Vec::from(["192.0.2.1:25".into()]);
    for _ in 0..50 {
        world.submit(to(&["a@x.org"]));
    }
    world.work();
    assert_eq!(world.log("connect").len(), 1);
    world.down.clear();
    world.run(MINUTE * 5);
    assert!(world.queue.is_empty());
}

#[test]
fn a_message_in_doubt_is_sent_again_and_counted() {
    let mut world = World::new(config(), |_| Delivery::Unknown);
    world.submit(to(&["a@x.org"]));
    world.work();
    assert_eq!(world.queue.statistics().doubtful, 1);
    world.server = take_all;
    world.run(MINUTE * 5);
    assert_eq!(world.log("send").len(), 2);
    assert!(world.queue.is_empty());
}

#[test]
fn a_host_that_hangs_up_leaves_the_message_to_the_next() {
    let mut world = World::new(config(), |_| Delivery::Unsent(Reason::Interrupted));
    world.record("x.org", "MX 10 a.x.org.");
    world.record("x.org", "MX 20 b.x.org.");
    world.submit(to(&["a@x.org"]));
    world.work();
    assert_eq!(world.log("connect"), ["192.0.2.1:25 a.x.org", "192.0.2.1:25 b.x.org"]);
    assert_eq!(world.queue.connections(), 0, "put off");
    world.server = take_all;
    world.run(MINUTE * 5);
    assert!(world.queue.is_empty());
}

#[test]
fn recipients_beyond_what_a_server_takes_follow_at_once() {
    fn one_at_a_time(to: &Mailbox) -> Delivery {
        match to.local_part() {
            "a" => accepted(),
            _ => refused(452, "4.5.3 too many recipients"),
        }
    }
    let mut world = World::new(config(), one_at_a_time);
    world.submit(to(&["a@x.org", "b@x.org"]));
    world.step();
    while world.log("send").is_empty() {
        world.step();
    }
    world.server = take_all;
    world.work();
    assert_eq!(world.log("send"), ["a@x.org b@x.org", "b@x.org"]);
    assert_eq!(world.log("connect").len(), 1);
    assert!(world.queue.is_empty());
}

#[test]
fn a_server_that_takes_nobody_is_not_asked_for_ever() {
    let mut world = World::new(config(), |_| refused(452, "4.5.3 too many recipients"));
    world.submit(to(&["a@x.org", "b@x.org"]));
    world.work();
    assert_eq!(world.log("send").len(), 1);
}

#[test]
fn what_is_held_goes_out_at_its_time() {
    let hour =
        DateTime::from_unix(i64::try_from(World::new(config(), take_all).at + 3600).unwrap());
    for hold in [Hold::For(3600), Hold::Until(hour.unwrap())] {
        let mut world = World::new(config(), take_all);
        let mut submission = to(&["a@x.org"]);
        submission.parameters = Parameters::default().with_hold(&hold);
        world.submit(submission);
        world.run(Duration::from_secs(3599));
        assert!(world.log("send").is_empty(), "{hold:?}");
        world.run(Duration::from_secs(1));
        assert_eq!(world.log("send").len(), 1, "{hold:?}");
    }
}

#[test]
fn an_lmtp_server_decides_for_each_recipient() {
    let mut config = config();
    let to_ = Target::Address([192, 0, 2, 25].into());
    config.transport = Transport::Lmtp { to: to_, port: 24 };
    let mut world = World::new(config, moody);
    let all = ["a@x.org", "bob@x.org", "carol@y.org", "d@y.org"];
    let mut submission = to(&all);
    for recipient in &mut submission.recipients {
        recipient.parameters =
            Parameters::default().with_notify(Notify::SUCCESS.and(Notify::FAILURE));
    }
    world.submit(submission);
    world.work();
    assert_eq!(world.log("send"), [all.join(" ")], "there is one server for all domains");
    let told = world.reports.iter().flat_map(|report| &report.recipients);
    let mut told: Vec<_> = told.map(|it| (it.to.to_string(), it.action.as_str())).collect();
    told.sort_unstable();
    let (delivered, failed) = ("delivered", "failed");
    let expected = [("a@x.org", delivered), ("bob@x.org", failed), ("d@y.org", delivered)];
    assert_eq!(told, expected.map(|(to, action)| (to.into(), action)));
    world.server = take_all;
    world.run(MINUTE * 30);
    assert_eq!(world.log("send")[1..], ["carol@y.org"], "she alone is tried again");
}

#[test]
fn what_is_urgent_goes_first() {
    let mut config = config();
    config.limits.connections = 1;
    let mut world = World::new(config, take_all);
    for (to_, priority) in [("a@x.org", 0), ("b@x.org", -3), ("c@x.org", 4)] {
        let mut submission = to(&[to_]);
        let priority = Priority::new(priority).unwrap();
        submission.parameters = Parameters::default().with_priority(priority);
        world.submit(submission);
    }
    world.work();
    assert_eq!(world.log("send"), ["c@x.org", "a@x.org", "b@x.org"]);
}

#[test]
fn what_is_late_is_returned_if_that_is_wished() {
    let mut world = World::new(config(), greylist);
    let mut submission = to(&["a@x.org"]);
    let by = DeliverBy::new(600, Late::Return).unwrap();
    submission.parameters = Parameters::default().with_deliver_by(by);
    world.submit(submission);
    world.run(Duration::from_secs(599));
    assert!(world.reports.is_empty());
    world.run(Duration::from_secs(1));
    let why = world.reports[0].recipients[0].why.as_ref().unwrap();
    assert_eq!(alloc::format!("{}", why.status()), "5.4.7");
    assert!(world.queue.is_empty());
}

#[test]
fn the_queue_is_full_at_its_limit() {
    let mut config = config();
    config.limits.messages = 2;
    let mut world = World::new(config, greylist);
    world.submit(to(&["a@x.org"]));
    world.submit(to(&["a@x.org"]));
    let third = world.queue.submit(world.now, world.at, to(&["a@x.org"]));
    assert_eq!(third, Err(Refusal::Full));
    let nobody = world.queue.submit(world.now, world.at, to(&[]));
    assert_eq!(nobody, Err(Refusal::NoRecipients));
    world.run(DAY * 5);
    assert!(world.queue.is_empty());
    assert!(world.queue.submit(world.now, world.at, to(&["a@x.org"])).is_ok(), "there is room");
}

#[test]
fn a_full_queue_takes_reports_all_the_same() {
    let mut config = config();
    config.limits.messages = 1;
    let mut world = World::new(config, moody);
    world.submit(to(&["bob@x.org"]));
    let report = loop {
        match world.queue.poll() {
            Some(Action::Report(report)) => break report,
            Some(Action::LookUp { link, rtype, name }) => {
                let address = dns_proto::Record::address(name, 60, [192, 0, 2, 1].into());
                let found = if rtype == RecordType::A { [address].into() } else { Vec::new() };
                let answer = Answer::Records(found, false);
                world.queue.found(world.now, world.at, link, rtype, answer);
            }
            Some(Action::Connect { link, .. }) => {
                world.queue.ready(world.now, world.at, link, world.peer);
            }
            Some(Action::Send { link, envelope, .. }) => {
                let to = envelope.recipients[0].to.clone();
                let no = super::world::outcome([(to, refused(550, "5.1.1 who?"))].into());
                world.queue.sent(world.now, world.at, link, &no);
            }
            Some(_) => {}
            None => panic!("nobody is told"),
        }
    };
    assert_eq!(world.queue.submit(world.now, world.at, to(&["a@x.org"])), Err(Refusal::Full));
    let parameters = Parameters::default();
    let taken = world.queue.submit_report(world.now, world.at, report.message, parameters);
    assert!(taken.is_some());
}

#[test]
fn an_idle_connection_is_kept_for_its_time_and_no_longer() {
    let tick = Duration::from_millis(1);
    for idle in [Duration::from_secs(5), Duration::from_secs(1), tick] {
        let mut config = config();
        config.limits.idle = idle;
        let mut world = World::new(config, take_all);
        world.submit(to(&["a@x.org"]));
        world.work();
        world.run(idle - tick);
        assert_eq!(world.log("close").len(), 0, "{idle:?}");
        world.run(tick);
        assert_eq!(world.log("close").len(), 1, "{idle:?}");
    }
    let mut config = config();
    config.limits.idle = Duration::ZERO;
    let mut world = World::new(config, take_all);
    world.submit(to(&["a@x.org"]));
    world.work();
    assert_eq!(world.log("close").len(), 1, "not at all");
}

#[test]
fn a_sender_is_told_of_delay_when_the_message_is_so_old_and_not_before() {
    let second = Duration::from_secs(1);
    for warn in [DAY / 6, second * 100] {
        let mut world = World::new(config(), greylist);
        world.queue.config.schedule.warn = Some(warn);
        world.submit(to(&["a@x.org"]));
        world.run(warn - second);
        assert!(world.reports.is_empty(), "{warn:?}");
        world.run(second);
        assert_eq!(world.reports.len(), 1, "{warn:?}");
    }
}

#[test]
fn the_next_server_is_told_what_is_left_of_a_deadline_and_not_to_hold_the_message_again() {
    let mut world = World::new(config(), greylist);
    let mut submission = to(&["a@x.org"]);
    let by = DeliverBy::new(7200, Late::Notify).unwrap().traced();
    submission.parameters =
        Parameters::default().with_size(7).with_deliver_by(by).with_hold(&Hold::For(60));
    world.submit(submission);
    world.run(MINUTE);
    assert_eq!(world.said, "SIZE=7 BY=7140;NT");
    world.run(MINUTE * 5);
    assert_eq!(world.said, "SIZE=7 BY=6840;NT");
    world.server = take_all;
    world.peer.dsn = true;
    world.run(MINUTE * 15);
    // RFC 2852 §4.2: T asks every server on the way to tell.
    assert_eq!(world.reports[0].recipients[0].action.as_str(), "relayed");
}

#[test]
fn there_are_no_more_connections_than_the_limits() {
    for (limit, per_domain, made) in [(3, 9, 3), (2, 9, 2), (9, 2, 4), (9, 3, 6)] {
        let mut config = config();
        (config.limits.connections, config.limits.per_domain) = (limit, per_domain);
        let mut world = World::new(config, take_all);
        for to_ in ["a@x.org", "a@x.org", "a@x.org", "a@y.org", "a@y.org", "a@y.org"] {
            world.submit(to(&[to_]));
        }
        // Nobody is answered.
        while world.queue.poll().is_some() {}
        assert_eq!(world.queue.connections(), made, "{limit} {per_domain}");
    }
}
