use alloc::vec;

use super::*;

const DAY: u64 = 24 * 60 * 60;

fn config() -> Config {
    Config::new("crepes.fr".parse().unwrap())
}

fn alice() -> ReversePath {
    ReversePath::Mailbox("alice@crepes.fr".parse().unwrap())
}

fn mailboxes(list: &[&str]) -> Vec<Mailbox> {
    list.iter().map(|to| to.parse().unwrap()).collect()
}

fn text(words: &'static str) -> Text {
    Text::from_static(words)
}

/// Everything there is to do, with look-ups answered by the implicit MX.
fn drain(queue: &mut Queue, now: Instant, at: u64) -> Vec<Action> {
    let mut actions = Vec::new();
    while let Some(action) = queue.poll() {
        match action {
            Action::Route { job, .. } => queue.routed(now, at, job, Routed::Mx(vec![])),
            other => actions.push(other),
        }
    }
    actions
}

fn deliveries(actions: &[Action]) -> Vec<(JobId, Vec<String>)> {
    let deliveries = actions.iter().filter_map(|action| match action {
        Action::Deliver { job, recipients, .. } => {
            Some((*job, recipients.iter().map(|to| to.as_str().into()).collect()))
        }
        _ => None,
    });
    deliveries.collect()
}

#[test]
fn a_message_is_written_first_and_forgotten_last() {
    let mut queue = Queue::new(config(), 0);
    let to = mailboxes(&["bob@hamburger.edu"]);
    let message = queue.submit(Instant::ORIGIN, 0, alice(), to.clone()).unwrap();
    let actions = drain(&mut queue, Instant::ORIGIN, 0);
    assert_eq!(
        actions[0],
        Action::Write(Record::Accepted { message, at: 0, from: alice(), recipients: to })
    );
    let [(job, _)] = deliveries(&actions)[..] else { panic!("{actions:?}") };
    queue.finished(Instant::ORIGIN, 0, job, &[Verdict::Delivered]);
    assert_eq!(
        drain(&mut queue, Instant::ORIGIN, 0),
        [
            Action::Write(Record::Delivered { message, recipient: 0 }),
            Action::Write(Record::Removed { message }),
            Action::Forget(message),
        ]
    );
    assert!(queue.is_empty());
}

#[test]
fn recipients_of_one_domain_go_together() {
    let mut queue = Queue::new(config(), 0);
    let to = mailboxes(&["a@x.org", "b@y.org", "c@X.ORG"]);
    queue.submit(Instant::ORIGIN, 0, alice(), to).unwrap();
    let mut sent = deliveries(&drain(&mut queue, Instant::ORIGIN, 0));
    sent.sort();
    let sent: Vec<_> = sent.into_iter().map(|(_, to)| to).collect();
    assert_eq!(sent, [vec!["a@x.org", "c@X.ORG"], vec!["b@y.org"]]);
}

#[test]
fn what_was_deferred_is_tried_again_on_schedule_and_only_that() {
    let mut queue = Queue::new(config(), 0);
    queue.submit(Instant::ORIGIN, 0, alice(), mailboxes(&["a@x.org", "b@x.org"])).unwrap();
    let sent = deliveries(&drain(&mut queue, Instant::ORIGIN, 0));
    let later = Verdict::Deferred(text("451 come back"));
    queue.finished(Instant::ORIGIN, 0, sent[0].0, &[Verdict::Delivered, later.clone()]);
    let mut now = Instant::ORIGIN;
    for minutes in [5, 15, 30, 60, 120, 240, 240] {
        assert!(deliveries(&drain(&mut queue, now, 0)).is_empty());
        let due = queue.deadline().unwrap();
        assert_eq!(due - now, Duration::from_secs(minutes * 60));
        queue.expire(due);
        now = due;
        let sent = deliveries(&drain(&mut queue, now, 0));
        assert_eq!(sent[0].1, ["b@x.org"]);
        queue.finished(now, 0, sent[0].0, core::slice::from_ref(&later));
    }
}

#[test]
fn a_refused_recipient_is_bounced_once_everybody_is_settled() {
    let mut queue = Queue::new(config(), 0);
    let to = mailboxes(&["a@x.org", "b@y.org"]);
    let message = queue.submit(Instant::ORIGIN, 0, alice(), to.clone()).unwrap();
    let sent = deliveries(&drain(&mut queue, Instant::ORIGIN, 0));
    let why = text("550 5.1.1 who?");
    queue.finished(Instant::ORIGIN, 0, sent[0].0, &[Verdict::Failed(why.clone())]);
    let written = drain(&mut queue, Instant::ORIGIN, 0);
    assert!(matches!(&written[..], [Action::Write(Record::Failed { .. })]), "{written:?}");
    queue.finished(Instant::ORIGIN, 0, sent[1].0, &[Verdict::Delivered]);
    let actions = drain(&mut queue, Instant::ORIGIN, 0);
    let failed = match sent[0].1[0].as_str() {
        "a@x.org" => to[0].clone(),
        _ => to[1].clone(),
    };
    let ReversePath::Mailbox(sender) = alice() else { unreachable!() };
    let bounce = Action::Bounce { message, to: sender, failed: vec![(failed, why)] };
    assert_eq!(actions.last(), Some(&bounce));
    queue.bounced(message);
    assert_eq!(
        drain(&mut queue, Instant::ORIGIN, 0),
        [Action::Write(Record::Removed { message }), Action::Forget(message)]
    );
}

#[test]
fn a_bounce_is_never_bounced() {
    let mut queue = Queue::new(config(), 0);
    queue.submit(Instant::ORIGIN, 0, ReversePath::Null, mailboxes(&["a@x.org"])).unwrap();
    let sent = deliveries(&drain(&mut queue, Instant::ORIGIN, 0));
    queue.finished(Instant::ORIGIN, 0, sent[0].0, &[Verdict::Failed(text("550 no"))]);
    let actions = drain(&mut queue, Instant::ORIGIN, 0);
    assert!(!actions.iter().any(|action| matches!(action, Action::Bounce { .. })));
    assert!(queue.is_empty());
}

#[test]
fn a_message_is_given_up_at_five_days_and_not_a_second_before() {
    for (age, gives_up) in [(5 * DAY - 1, false), (5 * DAY, true)] {
        let mut queue = Queue::new(config(), 0);
        queue.submit(Instant::ORIGIN, 100, alice(), mailboxes(&["a@x.org"])).unwrap();
        let sent = deliveries(&drain(&mut queue, Instant::ORIGIN, 100));
        let later = Verdict::Deferred(text("451 come back"));
        queue.finished(Instant::ORIGIN, 100 + age, sent[0].0, &[later]);
        let actions = drain(&mut queue, Instant::ORIGIN, 100 + age);
        let bounced = actions.iter().any(|action| matches!(action, Action::Bounce { .. }));
        assert_eq!(bounced, gives_up, "{age}");
    }
}

#[test]
fn what_has_no_route_fails_or_waits() {
    let name = |text: &str| text.parse::<Name>().unwrap();
    let table = [
        (Routed::NoSuchDomain, true),
        (Routed::Mx(vec![(0, name("."))]), true),
        (Routed::Mx(vec![(10, name("crepes.fr"))]), true),
        (Routed::Failed, false),
    ];
    for (routed, fails) in table {
        let mut queue = Queue::new(config(), 0);
        queue.submit(Instant::ORIGIN, 0, alice(), mailboxes(&["a@x.org"])).unwrap();
        let _ = queue.poll();
        let Some(Action::Route { job, domain }) = queue.poll() else { panic!() };
        assert_eq!(domain, name("x.org"));
        queue.routed(Instant::ORIGIN, 0, job, routed.clone());
        let actions = drain(&mut queue, Instant::ORIGIN, 0);
        let bounced = actions.iter().any(|action| matches!(action, Action::Bounce { .. }));
        assert_eq!(bounced, fails, "{routed:?}");
        assert_eq!(queue.deadline().is_some(), !fails, "{routed:?}");
    }
}

#[test]
fn address_literals_need_no_look_up() {
    let mut queue = Queue::new(config(), 0);
    let to = mailboxes(&["a@[192.0.2.1]", "b@[IPv6:2001:db8::1]"]);
    queue.submit(Instant::ORIGIN, 0, alice(), to).unwrap();
    let mut targets = Vec::new();
    while let Some(action) = queue.poll() {
        match action {
            Action::Deliver { targets: to, .. } => targets.extend(to),
            Action::Route { .. } => panic!("a look-up"),
            _ => {}
        }
    }
    let address = |text: &str| Target::Address(text.parse().unwrap());
    assert_eq!(targets, [address("192.0.2.1"), address("2001:db8::1")]);
}

#[test]
fn the_queue_is_full_at_its_limit() {
    let mut config = config();
    config.limits.messages = 2;
    let mut queue = Queue::new(config, 0);
    let mut submit = || queue.submit(Instant::ORIGIN, 0, alice(), mailboxes(&["a@x.org"]));
    assert!(submit().is_ok() && submit().is_ok());
    assert_eq!(submit(), Err(Full));
}

#[test]
fn deliveries_keep_to_their_limits() {
    let mut config = config();
    (config.limits.deliveries, config.limits.per_domain) = (3, 2);
    let mut queue = Queue::new(config, 0);
    for to in ["a@x.org", "b@x.org", "c@x.org", "d@y.org", "e@y.org"] {
        queue.submit(Instant::ORIGIN, 0, alice(), mailboxes(&[to])).unwrap();
    }
    let sent = deliveries(&drain(&mut queue, Instant::ORIGIN, 0));
    assert_eq!(sent.len(), 3);
    queue.finished(Instant::ORIGIN, 0, sent[0].0, &[Verdict::Delivered]);
    assert_eq!(deliveries(&drain(&mut queue, Instant::ORIGIN, 0)).len(), 1);
}

/// Runs a life of a queue up to each record that it writes, crashes there, replays, and finishes:
/// every recipient is delivered to or told of, and nobody is delivered to twice.
#[test]
fn a_crash_after_any_record_loses_nothing() {
    for crash in 1..20 {
        let mut journal = Vec::new();
        let mut queue = Queue::new(config(), 0);
        queue.submit(Instant::ORIGIN, 0, alice(), mailboxes(&["a@x.org", "b@y.org"])).unwrap();
        let crashed = live(&mut queue, &mut journal, crash);
        let mut queue = Queue::replay(config(), 0, Instant::ORIGIN, journal.clone());
        let finished = live(&mut queue, &mut journal, usize::MAX);
        assert!(queue.is_empty());
        let delivered = |record: &&Record| matches!(record, Record::Delivered { .. });
        assert_eq!(journal.iter().filter(delivered).count(), 1, "crash after {crash}");
        assert!(crashed.1 + finished.1 >= 1, "nobody was told, crash after {crash}");
        let Some(Record::Removed { .. }) = journal.last() else { panic!("{journal:?}") };
    }
}

/// Delivers to x.org and fails at y.org until so many records are written; counts both.
fn live(queue: &mut Queue, journal: &mut Vec<Record>, records: usize) -> (usize, usize) {
    let (mut delivered, mut told) = (0, 0);
    let now = Instant::ORIGIN;
    while let Some(action) = queue.poll() {
        match action {
            Action::Write(record) => {
                journal.push(record);
                if journal.len() >= records {
                    return (delivered, told);
                }
            }
            Action::Route { job, .. } => queue.routed(now, 0, job, Routed::Mx(vec![])),
            Action::Deliver { job, recipients, .. } if recipients[0].domain() == "x.org" => {
                delivered += 1;
                queue.finished(now, 0, job, &[Verdict::Delivered]);
            }
            Action::Deliver { job, .. } => {
                queue.finished(now, 0, job, &[Verdict::Failed(text("550 no"))]);
            }
            Action::Bounce { message, .. } => {
                told += 1;
                queue.bounced(message);
            }
            Action::Forget(_) => {}
        }
    }
    (delivered, told)
}

#[test]
fn an_answer_that_comes_twice_is_ignored() {
    let mut config = config();
    config.limits.deliveries = 1;
    let mut queue = Queue::new(config, 0);
    for to in ["a@x.org", "b@y.org", "c@z.org"] {
        queue.submit(Instant::ORIGIN, 0, alice(), mailboxes(&[to])).unwrap();
    }
    while !matches!(queue.poll(), Some(Action::Route { .. })) {}
    let job = *queue.jobs.keys().next().unwrap();
    queue.finished(Instant::ORIGIN, 0, job, &[Verdict::Delivered]);
    assert_eq!(queue.len(), 3, "nothing was delivered yet");
    queue.routed(Instant::ORIGIN, 0, job, Routed::Mx(vec![]));
    queue.routed(Instant::ORIGIN, 0, job, Routed::Mx(vec![]));
    assert_eq!(deliveries(&drain(&mut queue, Instant::ORIGIN, 0)).len(), 1);
    let later = [Verdict::Deferred(text("451 come back"))];
    queue.finished(Instant::ORIGIN, 0, job, &later);
    queue.finished(Instant::ORIGIN, 0, job, &later);
    queue.routed(Instant::ORIGIN, 0, job, Routed::Failed);
    assert_eq!(deliveries(&drain(&mut queue, Instant::ORIGIN, 0)).len(), 1, "one at a time");
    assert_eq!(queue.timers.len(), 1);
}

#[test]
fn no_more_hosts_are_tried_than_the_limit() {
    let hosts = |count: u16| {
        let mut queue = Queue::new(config(), 0);
        queue.submit(Instant::ORIGIN, 0, alice(), mailboxes(&["a@x.org"])).unwrap();
        let _ = queue.poll();
        let Some(Action::Route { job, .. }) = queue.poll() else { panic!() };
        let mx = |n: u16| (n, alloc::format!("mx{n}.x.org").parse().unwrap());
        queue.routed(Instant::ORIGIN, 0, job, Routed::Mx((0..count).map(mx).collect()));
        let Some(Action::Deliver { targets, .. }) = queue.poll() else { panic!() };
        assert_eq!(targets[0], Target::Host("mx0.x.org".parse().unwrap()));
        targets.len()
    };
    assert_eq!((hosts(5), hosts(6), hosts(1000)), (5, 5, 5));
}
