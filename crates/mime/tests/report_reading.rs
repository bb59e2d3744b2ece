//! Reports as RFC 3464, 8098 and 5965 show them, and what is read of broken ones.
use bytes::BytesMut;
use mime::Message;
use mime::report::*;
use proptest::prelude::*;

fn read(kind: &str, body: &str) -> Report {
    let message = format!(
        "Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n--b\r\n\r\nWords\r\n\
         --b\r\nContent-Type: message/{kind}\r\n\r\n{}\r\n--b--",
        body.replace('\n', "\r\n")
    );
    Message::parse(message.as_bytes()).root().report().expect("a report")
}

fn delivery(body: &str) -> DeliveryStatus {
    let Report::Delivery(report) = read("delivery-status", body) else { panic!() };
    report
}

/// RFC 3464 appendix E.1 to E.3.
#[test]
fn the_examples_of_rfc_3464_are_read() {
    let simple = delivery(
        "Reporting-MTA: dns; cs.utk.edu\n\nOriginal-Recipient: rfc822;louisl@larry.slip.umd.edu\n\
         Final-Recipient: rfc822;louisl@larry.slip.umd.edu\nAction: failed\nStatus: 4.0.0\n\
         Diagnostic-Code: smtp; 426 connection timed out\n\
         Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\n",
    );
    assert_eq!(simple.reporting_mta, Typed::dns("cs.utk.edu").unwrap());
    let [it] = &simple.recipients[..] else { panic!() };
    assert_eq!((it.action, it.status.to_string()), (DeliveryAction::Failed, "4.0.0".into()));
    assert_eq!(it.final_recipient.value(), "louisl@larry.slip.umd.edu");
    assert_eq!(it.diagnostic_code, Some(Typed::smtp("426 connection timed out").unwrap()));
    assert_eq!(it.last_attempt_date.unwrap().unix_seconds(), 773_615_749);

    let many = delivery(
        "Reporting-MTA: dns; cs.utk.edu\n\n\
         Original-Recipient: rfc822;arathib@vnet.ibm.com\nFinal-Recipient: rfc822;arathib@vnet.ibm.com\n\
         Action: failed\nStatus: 5.0.0 (permanent failure)\n\
         Diagnostic-Code: smtp; 550 'arathib@vnet.IBM.COM' is not a\n registered gateway user\n\
         Remote-MTA: dns; vnet.ibm.com\n\n\
         Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com\nFinal-Recipient: rfc822;johnh@hpnjld.njd.hp.com\n\
         Action: delayed\nStatus: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)\n\n\
         Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\nFinal-Recipient: rfc822;wsnell@sdcc13.ucsd.edu\n\
         Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 user unknown\n\
         Remote-MTA: dns; sdcc13.ucsd.edu\n",
    );
    let shown: Vec<_> =
        many.recipients.iter().map(|it| (it.action.as_str(), it.status.class())).collect();
    assert_eq!(shown, [("failed", 5), ("delayed", 4), ("failed", 5)]);
    assert_eq!(
        many.recipients[0].diagnostic_code.as_ref().unwrap().value(),
        "550 'arathib@vnet.IBM.COM' is not a registered gateway user"
    );
    assert_eq!(many.recipients[2].remote_mta.as_ref().unwrap().value(), "sdcc13.ucsd.edu");

    let relayed = delivery(
        "Original-Envelope-ID: 0xae12\nReporting-MTA: mailbus; SYS30\n\n\
         Final-Recipient: unknown; nair_s\nStatus: 5.0.0 (unknown permanent failure)\n",
    );
    assert_eq!(relayed.original_envelope_id.unwrap().as_str(), "0xae12");
    assert_eq!(relayed.reporting_mta.kind(), "mailbus");
    assert_eq!(relayed.recipients[0].action, DeliveryAction::Failed);
}

/// RFC 8098 §9, and RFC 3798 §9 alike.
#[test]
fn the_example_of_rfc_8098_is_read() {
    let Report::Disposition(report) = read(
        "disposition-notification",
        "Reporting-UA: joes-pc.cs.example.com; Foomail 97.1\n\
         Original-Recipient: rfc822;Joe_Recipient@example.com\n\
         Final-Recipient: rfc822;Joe_Recipient@example.com\n\
         Original-Message-ID: <199509192301.23456@example.org>\n\
         Disposition: manual-action/MDN-sent-manually; displayed\n",
    ) else {
        panic!()
    };
    assert_eq!(report.reporting_ua.unwrap().as_str(), "joes-pc.cs.example.com; Foomail 97.1");
    assert_eq!(report.final_recipient.value(), "Joe_Recipient@example.com");
    assert_eq!(report.original_message_id.unwrap().as_str(), "199509192301.23456@example.org");
    assert_eq!((report.action, report.sending), (Mode::Manual, Mode::Manual));
    assert_eq!((report.disposal, report.modifiers.len()), (Disposal::Displayed, 0));
    let report = DispositionNotification::read(
        b"Disposition: automatic-action/MDN-sent-automatically; deleted/error, x\r\nError: no\r\n",
    );
    assert_eq!((report.action, report.disposal), (Mode::Automatic, Disposal::Deleted));
    assert_eq!((report.modifiers.len(), report.errors[0].as_str()), (2, "no"));
}

/// RFC 5965 appendix B.2.
#[test]
fn the_example_of_rfc_5965_is_read() {
    let Report::Feedback(report) = read(
        "feedback-report",
        "Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n\
         Original-Mail-From: <somespammer@example.net>\nOriginal-Rcpt-To: <user@example.com>\n\
         Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT\nReporting-MTA: dns; mail.example.com\n\
         Source-IP: 192.0.2.1\nAuthentication-Results: mail.example.com;\n           spf=fail smtp.mail=somespammer@example.com\n\
         Reported-Domain: example.net\nReported-Uri: http://example.net/earn_money.html\n\
         Reported-Uri: mailto:user@example.com\nRemoval-Recipient: user@example.com\n",
    ) else {
        panic!()
    };
    assert_eq!((report.feedback_type, report.version), (FeedbackType::Abuse, 1));
    assert_eq!(report.original_mail_from.unwrap().unwrap().to_string(), "somespammer@example.net");
    assert_eq!(report.original_rcpt_to[0].to_string(), "user@example.com");
    assert_eq!(report.arrival_date.unwrap().unix_seconds(), 1_110_304_800);
    assert_eq!(report.source_ip.unwrap().to_string(), "192.0.2.1");
    assert_eq!(report.reported_uris.len(), 2);
    assert_eq!(report.extensions[0].0.as_str(), "Removal-Recipient");
    assert_eq!(FeedbackReport::read(b"Original-Mail-From: <>\r\n").original_mail_from, Some(None));
}

#[test]
fn broken_reports_are_read_as_far_as_they_go() {
    let report = DeliveryStatus::read(b"");
    assert_eq!((report.reporting_mta.to_string(), report.recipients.len()), ("dns; ".into(), 0));
    let report = delivery(
        "\n\nReporting-MTA: a.example\n\n\nStatus: 4.2.0\n\nAction: relayed\n\nOriginal-Recipient: a@b\n",
    );
    let shown: Vec<_> = report
        .recipients
        .iter()
        .map(|it| (it.action.as_str(), it.status.class(), it.final_recipient.to_string()))
        .collect();
    assert_eq!(report.reporting_mta.to_string(), "dns; a.example");
    assert_eq!(
        shown,
        [
            ("delayed", 4, "rfc822; ".into()),
            ("relayed", 2, "rfc822; ".into()),
            ("failed", 5, "rfc822; a@b".to_owned())
        ]
    );
    let long =
        format!("Reporting-MTA: dns; {}\r\n\r\nFinal-Recipient: \u{1}; x\r\n", "x".repeat(2000));
    let report = DeliveryStatus::read(long.as_bytes());
    assert_eq!(report.reporting_mta.to_string(), "dns; ");
    assert!(Message::parse(b"\r\nx").root().report().is_none());
    let nested =
        "Content-Type: message/rfc822\r\n\r\nContent-Type: message/feedback-report\r\n\r\n";
    assert!(Message::parse(nested.as_bytes()).root().report().is_none());
}

#[test]
fn addresses_beyond_ascii_are_read_in_both_forms() {
    for utf8 in [false, true] {
        let to = Typed::address(&"jürgen+a@hamburger.edu".parse().unwrap()).unwrap();
        let written = DeliveryStatus::new(Typed::dns("a").unwrap())
            .recipient(RecipientStatus::new(to, DeliveryAction::Delayed, StatusCode::TRANSIENT));
        let mut out = BytesMut::new();
        written.write(utf8, &mut out);
        assert_eq!(DeliveryStatus::read(&out), written, "{out:?}");
    }
}

proptest! {
    #[test]
    fn any_octets_are_a_report(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (DeliveryStatus::read(&octets), DispositionNotification::read(&octets), FeedbackReport::read(&octets));
    }

    #[test]
    fn a_written_report_is_read_back(words in prop::collection::vec("[a-z0-9.]{1,8}( [a-z0-9.;]{1,8}){0,20}", 6), automatic: bool) {
        let mut report = DeliveryStatus::new(Typed::dns(&*words[0]).unwrap());
        report.original_envelope_id = Some(words[1].as_str().into());
        report.extensions.push(("X-More".parse().unwrap(), words[2].as_str().into()));
        let mut to = RecipientStatus::new(Typed::new("rfc822", &*words[3]).unwrap(), DeliveryAction::Expanded, StatusCode::SUCCESS);
        to.diagnostic_code = Some(Typed::smtp(&*words[4]).unwrap());
        report.recipients.push(to);
        let mut out = BytesMut::new();
        report.write(false, &mut out);
        prop_assert_eq!(DeliveryStatus::read(&out), report);

        let mode = if automatic { Mode::Automatic } else { Mode::Manual };
        let mut report = DispositionNotification::new(Typed::new("rfc822", &*words[0]).unwrap(), mode, Mode::Manual, Disposal::Deleted);
        report.errors = vec![words[1].as_str().into(), words[2].as_str().into()];
        report.modifiers = vec!["error".into(), "x".into()];
        let mut out = BytesMut::new();
        report.write(false, &mut out);
        prop_assert_eq!(DispositionNotification::read(&out), report);

        let mut report = FeedbackReport::new(FeedbackType::NotSpam, &*words[5]);
        report.incidents = Some(7);
        report.original_mail_from = Some(None);
        report.reported_uris = words.iter().map(|it| it.as_str().into()).collect();
        let mut out = BytesMut::new();
        report.write(&mut out);
        prop_assert_eq!(FeedbackReport::read(&out), report);
    }
}
