//! The examples of the RFCs about reports, built.
use bytes::BytesMut;
use mime::report::{
    DeliveryAction, DeliveryStatus, Disposal, DispositionNotification, FeedbackReport,
    FeedbackType, Mode, RecipientStatus, Report, Typed,
};
use mime::{Builder, DateTime, Message, Target, Text};

fn written(report: impl Into<Report>) -> String {
    let mut out = BytesMut::new();
    report.into().write(false, &mut out);
    String::from_utf8(out.to_vec()).expect("reports are text")
}

fn rfc822(address: &str) -> Typed {
    Typed::address(&address.parse().expect("an address")).expect("it fits")
}

fn date(text: &str) -> Option<DateTime> {
    Some(text.parse().expect("a date"))
}

/// RFC 3464 appendix E, "Simple DSN". Blanks after `;` are ours.
#[test]
fn the_simple_dsn_of_rfc_3464() {
    let mut status = RecipientStatus::new(
        rfc822("louisl@larry.slip.umd.edu"),
        DeliveryAction::Failed,
        "4.0.0".parse().unwrap(),
    );
    status.original_recipient = Some(rfc822("louisl@larry.slip.umd.edu"));
    status.diagnostic_code = Some(Typed::smtp("426 connection timed out").unwrap());
    status.last_attempt_date = date("Thu, 7 Jul 1994 17:15:49 -0400");
    let report = DeliveryStatus::new(Typed::dns("cs.utk.edu").unwrap()).recipient(status);
    assert_eq!(
        written(report),
        "Reporting-MTA: dns; cs.utk.edu\r\n\
         \r\n\
         Original-Recipient: rfc822; louisl@larry.slip.umd.edu\r\n\
         Final-Recipient: rfc822; louisl@larry.slip.umd.edu\r\n\
         Action: failed\r\n\
         Status: 4.0.0\r\n\
         Diagnostic-Code: smtp; 426 connection timed out\r\n\
         Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400\r\n"
    );
}

/// RFC 3464 appendix E, "Multi-Recipient DSN", without its comments. Remote-MTA stands before
/// Diagnostic-Code, as in the grammar of §2.3.
#[test]
fn the_multi_recipient_dsn_of_rfc_3464() {
    let status = |to, action, code: &str, words: Option<&str>, remote: Option<&str>| {
        let mut status = RecipientStatus::new(rfc822(to), action, code.parse().unwrap());
        status.original_recipient = Some(rfc822(to));
        status.diagnostic_code = words.map(|it| Typed::smtp(it).unwrap());
        status.remote_mta = remote.map(|it| Typed::dns(it).unwrap());
        status
    };
    let words = "550 'arathib@vnet.IBM.COM' is not a registered gateway user";
    let report = DeliveryStatus::new(Typed::dns("cs.utk.edu").unwrap())
        .recipient(status(
            "arathib@vnet.ibm.com",
            DeliveryAction::Failed,
            "5.0.0",
            Some(words),
            Some("vnet.ibm.com"),
        ))
        .recipient(status("johnh@hpnjld.njd.hp.com", DeliveryAction::Delayed, "4.0.0", None, None));
    assert_eq!(
        written(report),
        "Reporting-MTA: dns; cs.utk.edu\r\n\
         \r\n\
         Original-Recipient: rfc822; arathib@vnet.ibm.com\r\n\
         Final-Recipient: rfc822; arathib@vnet.ibm.com\r\n\
         Action: failed\r\n\
         Status: 5.0.0\r\n\
         Remote-MTA: dns; vnet.ibm.com\r\n\
         Diagnostic-Code: smtp; 550 'arathib@vnet.IBM.COM' is not a registered gateway\r\n user\r\n\
         \r\n\
         Original-Recipient: rfc822; johnh@hpnjld.njd.hp.com\r\n\
         Final-Recipient: rfc822; johnh@hpnjld.njd.hp.com\r\n\
         Action: delayed\r\n\
         Status: 4.0.0\r\n"
    );
}

/// RFC 8098 §9.
#[test]
fn the_example_of_rfc_8098() {
    let joe = rfc822("Joe_Recipient@example.com");
    let mut receipt =
        DispositionNotification::new(joe.clone(), Mode::Manual, Mode::Manual, Disposal::Displayed);
    receipt.reporting_ua = Some(Text::from("joes-pc.cs.example.com; Foomail 97.1"));
    receipt.original_recipient = Some(joe);
    receipt.original_message_id = Some("199509192301.23456@example.org".parse().unwrap());
    assert_eq!(
        written(receipt),
        "Reporting-UA: joes-pc.cs.example.com; Foomail 97.1\r\n\
         Original-Recipient: rfc822; Joe_Recipient@example.com\r\n\
         Final-Recipient: rfc822; Joe_Recipient@example.com\r\n\
         Original-Message-ID: <199509192301.23456@example.org>\r\n\
         Disposition: manual-action/MDN-sent-manually; displayed\r\n"
    );
}

/// RFC 5965 B.2, with a zone in digits.
#[test]
fn the_full_example_of_rfc_5965() {
    let mut report = FeedbackReport::new(FeedbackType::Abuse, "SomeGenerator/1.0");
    report.original_mail_from = Some(Some("somespammer@example.net".parse().unwrap()));
    report.original_rcpt_to = vec!["user@example.com".parse().unwrap()];
    report.arrival_date = date("Tue, 8 Mar 2005 14:00:00 -0400");
    report.reporting_mta = Some(Typed::dns("mail.example.com").unwrap());
    report.source_ip = Some([192, 0, 2, 1].into());
    report.authentication_results =
        vec![Text::from("mail.example.com; spf=fail smtp.mail=somespammer@example.com")];
    report.reported_domains = vec![Text::from("example.net")];
    report.reported_uris = vec![
        Text::from("http://example.net/earn_money.html"),
        Text::from("mailto:user@example.com"),
    ];
    report.extensions =
        vec![("Removal-Recipient".parse().unwrap(), Text::from("user@example.com"))];
    assert_eq!(
        written(report),
        "Feedback-Type: abuse\r\n\
         User-Agent: SomeGenerator/1.0\r\n\
         Version: 1\r\n\
         Original-Mail-From: <somespammer@example.net>\r\n\
         Arrival-Date: Tue, 8 Mar 2005 14:00:00 -0400\r\n\
         Reporting-MTA: dns; mail.example.com\r\n\
         Source-IP: 192.0.2.1\r\n\
         Authentication-Results: mail.example.com; spf=fail\r\n smtp.mail=somespammer@example.com\r\n\
         Original-Rcpt-To: <user@example.com>\r\n\
         Reported-Domain: example.net\r\n\
         Reported-URI: http://example.net/earn_money.html\r\n\
         Reported-URI: mailto:user@example.com\r\n\
         Removal-Recipient: user@example.com\r\n"
    );
}

/// RFC 6533: the types follow from what is in the report and from the target.
#[test]
fn a_report_is_global_if_it_must_be() {
    let status = RecipientStatus::new(
        rfc822("é@b.example"),
        DeliveryAction::Failed,
        "5.1.1".parse().unwrap(),
    );
    let report = DeliveryStatus::new(Typed::dns("a.example").unwrap()).recipient(status);
    let built = Builder::new(DateTime::new(0, 0).unwrap())
        .text("x")
        .report(report)
        .returned_header("Subject: é\r\n");
    for (target, kind, body) in [
        (Target::SEVEN_BIT, "delivery-status", "utf-8; \\x{E9}@b.example"),
        (Target::EIGHT_BIT_MIME.smtputf8(), "global-delivery-status", "utf-8; é@b.example"),
    ] {
        let mut out = BytesMut::new();
        built.clone().target(target).write(&mut out);
        let message = Message::parse(&out);
        assert_eq!(message.defects(), []);
        let part = message.part(&[2]).unwrap();
        assert!(part.content_type().is("message", kind));
        assert!(part.text().contains(body), "{}", part.text());
        let header = message.part(&[3]).unwrap();
        assert!(header.content_type().is("message", "global-headers"));
        assert_eq!(header.content().octets(), "Subject: é\r\n".as_bytes());
    }
}
