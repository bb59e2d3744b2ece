use alloc::{format, string::ToString, vec::Vec};
use core::time::Duration;

use mime::report::DeliveryAction;
use smtp_proto::{DeliverBy, Late, Notify, Parameters, ReversePath};

use super::world::{Server, World, config, greylist, moody, refused, take_all, to};
use crate::{Action, Record, Submission, Transport};

const HOUR: Duration = Duration::from_secs(3600);

fn wishing(notify: Option<Notify>) -> Submission {
    let mut submission = to(&["bob@x.org"]);
    if let Some(notify) = notify {
        submission.recipients[0].parameters = Parameters::default().with_notify(notify);
    }
    submission
}

/// Of what the sender is told in the first days.
fn told(submission: Submission, server: Server, dsn: bool, local: bool) -> Vec<&'static str> {
    let mut config = config();
    if local {
        config.transport = Transport::Local;
    }
    let mut world = World::new(config, server);
    world.peer.dsn = dsn;
    world.submit(submission);
    world.run(HOUR * 24 * 6);
    assert!(world.queue.is_empty());
    let recipients = world.reports.iter().flat_map(|report| &report.recipients);
    recipients.map(|it| it.action.as_str()).collect()
}

type Case = (Option<Notify>, Server, bool, bool, &'static [&'static str]);

/// RFC 3461 §4.1, §5.2: what is wished, what happens, whether the next server reports by itself,
/// whether that is the end of the way; and what is told.
#[test]
fn senders_are_told_what_they_wish_to_know() {
    let never = Some(Notify::NEVER);
    let (success, failure) = (Some(Notify::SUCCESS), Some(Notify::FAILURE));
    let (delay, all) =
        (Some(Notify::DELAY), Some(Notify::SUCCESS.and(Notify::FAILURE).and(Notify::DELAY)));
    let no: Server = |_| refused(550, "5.1.1 who?");
    let table: [Case; 15] = [
        (None, take_all, false, false, &[]),
        (None, no, false, false, &["failed"]),
        (None, greylist, false, false, &["delayed", "failed"]),
        (never, no, false, false, &[]),
        (never, greylist, false, false, &[]),
        (success, take_all, false, false, &["relayed"]),
        (success, take_all, true, false, &[]),
        (success, take_all, false, true, &["delivered"]),
        (success, no, false, false, &[]),
        (failure, take_all, false, false, &[]),
        (failure, greylist, false, false, &["failed"]),
        (delay, greylist, false, false, &["delayed"]),
        (delay, no, false, false, &[]),
        (all, greylist, true, false, &["delayed", "failed"]),
        (all, take_all, false, true, &["delivered"]),
    ];
    for (notify, server, dsn, local, expected) in table {
        assert_eq!(told(wishing(notify), server, dsn, local), expected, "{notify:?} {dsn} {local}");
    }
}

#[test]
fn nobody_is_told_of_a_bounce() {
    let mut submission = wishing(Some(Notify::SUCCESS.and(Notify::FAILURE)));
    submission.from = ReversePath::Null;
    assert!(told(submission.clone(), |_| refused(550, "no"), false, false).is_empty());
    assert!(told(submission, take_all, false, false).is_empty());
}

#[test]
fn a_list_that_was_expanded_is_reported_and_nothing_is_sent_to_it() {
    let mut submission = to(&["a@x.org", "list@x.org"]);
    submission.recipients[1].expanded = true;
    submission.recipients[1].parameters = Parameters::default().with_notify(Notify::SUCCESS);
    let mut world = World::new(config(), take_all);
    world.submit(submission);
    world.work();
    assert_eq!(world.log("send"), ["a@x.org"]);
    assert_eq!(world.reports[0].recipients[0].action, DeliveryAction::Expanded);
    assert!(world.queue.is_empty());
}

#[test]
fn those_who_fail_are_told_of_without_waiting_for_the_others() {
    let mut world = World::new(config(), moody);
    world.submit(to(&["a@x.org", "bob@x.org", "carol@y.org"]));
    world.work();
    let report = &world.reports[0];
    assert_eq!(report.recipients.len(), 1);
    assert_eq!((report.recipients[0].place, world.queue.len()), (1, 1));
    // Carol's turn comes later, in a report of her own.
    world.run(HOUR * 24 * 6);
    let words: Vec<_> = world.reports.iter().map(|it| it.recipients[0].action.as_str()).collect();
    assert_eq!(words, ["failed", "delayed", "failed"]);
}

#[test]
fn the_sender_is_warned_once_and_when_it_is_time() {
    let mut world = World::new(config(), greylist);
    world.submit(to(&["a@x.org"]));
    world.run(HOUR * 4 - Duration::from_secs(1));
    assert!(world.reports.is_empty());
    world.run(Duration::from_secs(1));
    assert_eq!(world.reports[0].recipients[0].until, Some(1_700_000_000 + 5 * 86_400));
    world.run(HOUR * 24 * 4);
    assert_eq!(world.reports.len(), 1);
}

#[test]
fn what_is_late_is_delivered_all_the_same_if_that_is_wished() {
    let mut world = World::new(config(), greylist);
    let mut submission = to(&["a@x.org"]);
    let by = DeliverBy::new(600, Late::Notify).unwrap();
    submission.parameters = Parameters::default().with_deliver_by(by);
    world.submit(submission);
    world.run(Duration::from_secs(600));
    assert_eq!(world.reports[0].recipients[0].action, DeliveryAction::Delayed);
    world.server = take_all;
    world.run(HOUR);
    assert!(world.queue.is_empty());
}

#[test]
fn a_report_is_one_record_with_what_it_tells_and_comes_from_nobody() {
    let mut world = World::new(config(), moody);
    let message = world.submit(to(&["bob@x.org"]));
    let report = loop {
        match world.queue.poll() {
            Some(Action::Report(report)) => break report,
            Some(Action::Write(_)) => {}
            Some(Action::LookUp { link, name, rtype }) => {
                let address = dns_proto::Record::address(name, 60, [192, 0, 2, 1].into());
                let records =
                    if rtype == dns_proto::RecordType::A { [address].into() } else { Vec::new() };
                let answer = crate::Answer::Records(records, false);
                world.queue.found(world.now, world.at, link, rtype, answer);
            }
            Some(Action::Connect { link, .. }) => {
                world.queue.ready(world.now, world.at, link, world.peer);
            }
            Some(Action::Send { link, envelope, .. }) => {
                let refused = (envelope.recipients[0].to.clone(), refused(550, "no"));
                let outcome = super::world::outcome([refused].into());
                world.queue.sent(world.now, world.at, link, &outcome);
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(report.message, message);
    let number = world.queue.submit_report(world.now, world.at, message, Parameters::default());
    let number = number.unwrap();
    let again = world.queue.submit_report(world.now, world.at, message, Parameters::default());
    assert_eq!(again, None, "it was told");
    let Some(Action::Write(Record::Accepted { message: written, submission, tells, .. })) =
        world.queue.poll()
    else {
        panic!("not written");
    };
    assert_eq!((written, tells.unwrap().message), (number, message));
    assert_eq!(submission.from, ReversePath::Null);
    assert_eq!(submission.recipients[0].to.as_str(), "alice@crepes.fr");
    assert_eq!(submission.recipients[0].parameters.to_string(), "NOTIFY=NEVER");
}

#[test]
fn what_the_sender_said_is_handed_on_and_reported() {
    let mut submission = wishing(None);
    let id = smtp_proto::EnvelopeId::new("QQ314159").unwrap();
    submission.parameters = Parameters::default()
        .with_envelope_id(&id)
        .with_returned(smtp_proto::Return::Full)
        .with_size(7);
    let original = smtp_proto::OriginalRecipient::new("rfc822", "Bob@burger.example").unwrap();
    submission.recipients[0].parameters = Parameters::default().with_original_recipient(&original);
    let mut world = World::new(config(), moody);
    world.submit(submission);
    world.work();
    let report = &world.reports[0];
    let said = format!("{:?} {:?}", report.envelope_id.as_ref().unwrap().as_str(), report.returned);
    assert_eq!(said, r#""QQ314159" Some(Full)"#);
    assert_eq!(report.recipients[0].original, Some(original));
}

/// RFC 8689 §5.
#[test]
fn the_bounce_of_what_requires_tls_requires_it_and_has_no_body() {
    let mut config = config();
    config.transports.insert("x.org".into(), Transport::Local);
    let to_alice = Transport::Relay {
        to: crate::Target::Address([192, 0, 2, 7].into()),
        port: 25,
        security: crate::Security::Verified,
    };
    config.transports.insert("crepes.fr".into(), to_alice);
    for (require_tls, said) in [(true, "REQUIRETLS"), (false, "")] {
        let mut world = World::new(config.clone(), moody);
        world.peer.require_tls = require_tls;
        let mut submission = to(&["bob@x.org"]);
        submission.parameters =
            Parameters::default().with_returned(smtp_proto::Return::Full).with_required_tls();
        let message = world.submit(submission);
        let report = loop {
            match world.queue.poll() {
                Some(Action::Report(report)) => break report,
                Some(Action::Keep { link, .. }) => {
                    let why = crate::Cause::new("5.1.1".parse().unwrap(), Default::default());
                    let verdicts = [crate::Verdict::Failed(why)];
                    world.queue.kept(world.now, world.at, link, &verdicts);
                }
                Some(_) => {}
                None => panic!("no report"),
            }
        };
        assert_eq!(report.returned, Some(smtp_proto::Return::Headers));
        world.queue.submit_report(world.now, world.at, message, Parameters::default());
        world.work();
        assert_eq!(world.log("send"), ["nobody alice@crepes.fr"]);
        assert_eq!(world.said, said);
    }
}

/// RFC 2852 §4.1.4: whether the server can be told by when, whether it reports, what the sender
/// wishes; what the server is told of the recipient, and the sender of the message.
#[test]
fn who_asks_for_a_time_is_told_where_nobody_keeps_it() {
    let trace = DeliverBy::new(600, Late::Notify).unwrap().traced();
    let plain = DeliverBy::new(600, Late::Notify).unwrap();
    let (never, success) = (Some(Notify::NEVER), Some(Notify::SUCCESS));
    type Case = (DeliverBy, bool, bool, Option<Notify>, &'static str, &'static [&'static str]);
    let table: [Case; 8] = [
        (plain, true, true, None, "", &[]),
        (plain, false, true, None, "NOTIFY=FAILURE,DELAY", &["relayed"]),
        (plain, false, true, success, "NOTIFY=SUCCESS,DELAY", &["relayed"]),
        (plain, false, true, never, "NOTIFY=NEVER", &[]),
        (plain, false, false, None, "", &["relayed"]),
        (plain, true, false, None, "", &[]),
        (trace, true, true, None, "", &["relayed"]),
        (trace, true, true, never, "NOTIFY=NEVER", &[]),
    ];
    for (by, deliver_by, dsn, notify, said, told) in table {
        let mut submission = wishing(notify);
        submission.parameters = Parameters::default().with_deliver_by(by);
        let mut world = World::new(config(), take_all);
        (world.peer.dsn, world.peer.deliver_by) = (dsn, deliver_by);
        world.submit(submission);
        world.work();
        let actions: Vec<_> = world.reports.iter().flat_map(|it| &it.recipients).collect();
        let actions: Vec<_> = actions.iter().map(|it| it.action.as_str()).collect();
        let case = format!("{by} {deliver_by} {dsn} {notify:?}");
        assert_eq!((world.asked.as_str(), &actions[..]), (said, told), "{case}");
        assert!(world.queue.is_empty(), "{case}");
    }
}

#[test]
fn a_server_that_knows_no_notify_is_not_told_whom_to_tell() {
    let never = || {
        let mut submission = to(&["a@x.org", "b@x.org", "c@x.org"]);
        for it in &mut submission.recipients[1..] {
            it.parameters = Parameters::default().with_notify(Notify::NEVER);
        }
        submission
    };
    for (dsn, local, expected) in [
        (false, false, &["a@x.org", "nobody b@x.org c@x.org"][..]),
        (true, false, &["a@x.org b@x.org c@x.org"]),
        (false, true, &[]),
    ] {
        let mut config = config();
        if local {
            config.transport = Transport::Local;
        }
        let mut world = World::new(config, take_all);
        world.peer.dsn = dsn;
        world.submit(never());
        world.work();
        assert_eq!(world.log("send"), expected, "{dsn} {local}");
        assert_eq!(world.log("connect").len(), usize::from(!local), "over one connection");
        assert!(world.queue.is_empty());
    }
    let mut world = World::new(config(), greylist);
    world.submit(never());
    world.run(HOUR * 24 * 6);
    assert!(world.queue.is_empty(), "and those put off end too");
    assert_eq!(world.reports.len(), 2, "of a's delay and failure");
}

/// RFC 3461 §10, as far as Example.ORG has to do with it.
#[test]
fn the_example_of_rfc_3461() {
    let mut config = config();
    config.own = "example.org".parse().unwrap();
    let mut world = World::new(config, |to| match to.local_part() {
        "Carol" => refused(550, "error - no such recipient"),
        _ => take_all(to),
    });
    (world.peer.dsn, world.plain) = (true, Vec::from(["bombs.af.mil".into()]));
    let line = "accepted\t0\t0\tMAIL FROM:<Alice@Example.ORG> RET=HDRS ENVID=QQ314159\t\
         RCPT TO:<Bob@Example.COM> NOTIFY=SUCCESS ORCPT=rfc822;Bob@Example.COM\t\
         RCPT TO:<Carol@Ivory.EDU> NOTIFY=FAILURE ORCPT=rfc822;Carol@Ivory.EDU\t\
         RCPT TO:<Dana@Ivory.EDU> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Dana@Ivory.EDU\t\
         RCPT TO:<Eric@Bombs.AF.MIL> NOTIFY=FAILURE ORCPT=rfc822;Eric@Bombs.AF.MIL\t\
         RCPT TO:<Fred@Bombs.AF.MIL> NOTIFY=NEVER\t\
         RCPT TO:<George@Tax-ME.GOV> NOTIFY=FAILURE ORCPT=rfc822;George@Tax-ME.GOV\t.";
    let Some(Record::Accepted { submission, .. }) = Record::parse(line) else {
        panic!("no record")
    };
    world.submit(submission);
    world.work();
    let sent = world.log("send");
    assert_eq!(sent.len(), 5);
    assert!(sent.contains(&"Eric@Bombs.AF.MIL") && sent.contains(&"nobody Fred@Bombs.AF.MIL"));
    assert_eq!(world.said, "RET=HDRS ENVID=QQ314159");
    assert!(world.queue.is_empty());
    let [report] = &world.reports[..] else { panic!("{:?}", world.reports) };
    let date = mime::DateTime::new(0, 0).unwrap();
    let reporter = crate::Reporter { host: "Example.ORG", date, random: None };
    let mut out = bytes::BytesMut::new();
    let original = b"From: Alice\r\n\r\nwords\r\n".as_slice();
    report.compose(reporter, original.into()).unwrap().write(&mut out);
    let message = mime::Message::parse(&out);
    let status = message.part(&[2]).unwrap().content().into_octets().into_owned();
    let status = alloc::string::String::from_utf8(status).unwrap();
    let about: Vec<_> = status.lines().filter(|line| !line.starts_with("Arrival")).collect();
    assert_eq!(
        about,
        [
            "Original-Envelope-Id: QQ314159",
            "Reporting-MTA: dns; Example.ORG",
            "",
            "Original-Recipient: rfc822; Carol@Ivory.EDU",
            "Final-Recipient: rfc822; Carol@Ivory.EDU",
            "Action: failed",
            "Status: 5.0.0",
            "Remote-MTA: dns; ivory.edu",
            "Diagnostic-Code: smtp; 550 error - no such recipient",
        ]
    );
}
