//! What a sender is told when a message did not arrive.
use alloc::string::{String, ToString};
use core::fmt::Write;

use bytes::Bytes;
use mime::report::{DeliveryAction, DeliveryStatus, RecipientStatus, StatusCode, Typed};
use mime::{AddrSpec, Builder, FieldName};
use proto_core::Text;
use smtp_proto::Mailbox;

/// Begins the message that tells a sender who did not get what (RFC 5321 §6.1), in words and as
/// RFC 3464 has it for programs: the application adds a Message-ID, writes it, and submits it to
/// `to` from the null path.
///
/// `host` is our name, `header` the header of the message that did not arrive, `date` is now.
///
/// # Errors
/// A name or an address is none that a header can hold.
pub fn bounce(
    host: &str,
    date: mime::DateTime,
    to: &Mailbox,
    failed: &[(Mailbox, Text)],
    header: Bytes,
) -> Result<Builder, mime::ParseError> {
    let from = mime::Mailbox::new("Mail Delivery System", AddrSpec::new("MAILER-DAEMON", host)?);
    let mut text = String::from(
        "Your message did not reach everybody it was for. Nothing more will be tried.\n",
    );
    let mut report = DeliveryStatus::new(Typed::dns(host)?);
    for (recipient, why) in failed {
        let why = why.to_string();
        // Writing to a String does not fail.
        let _ = write!(text, "\n{recipient}\n    {why}\n");
        report = report.recipient(status(recipient, &why)?);
    }
    text.push_str("\nThe header of your message is attached.\n");
    Ok(Builder::new(date)
        .from(from)
        .to(address(to)?)
        .subject("Undelivered mail returned to sender")
        // RFC 3834 §3.1.7: nobody answers this by himself.
        .field(FieldName::AUTO_SUBMITTED, "auto-replied")
        .text(&text)
        .report(report)
        .returned_header(header))
}

fn address(mailbox: &Mailbox) -> Result<AddrSpec, mime::ParseError> {
    AddrSpec::new(&mailbox.unquoted_local_part(), mailbox.domain())
}

/// Says what became of one recipient. `why` is a server's reply, or words of our own, which are no
/// diagnostic code (RFC 3464 §2.3.6).
fn status(recipient: &Mailbox, why: &str) -> Result<RecipientStatus, mime::ParseError> {
    let mut words = why.split([' ', '-']);
    let code = words.next().filter(|it| it.len() == 3 && it.bytes().all(|it| it.is_ascii_digit()));
    let enhanced = words.next().and_then(|word| word.parse::<StatusCode>().ok());
    let status = match (code, enhanced) {
        (Some(_), Some(status)) => status,
        // It was tried for so long that no more is (RFC 3463 §3.5, X.4.7).
        (Some(code), None) if code.starts_with('4') => EXPIRED,
        _ => StatusCode::PERMANENT,
    };
    let recipient = Typed::address(&address(recipient)?)?;
    let mut failed = RecipientStatus::new(recipient, DeliveryAction::Failed, status);
    // Words too long for a line are in the text for people.
    failed.diagnostic_code = code.and_then(|_| Typed::smtp(why).ok());
    Ok(failed)
}

const EXPIRED: StatusCode = StatusCode::new(4, 4, 7).expect("4 is a class");

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use mime::Message;

    use super::*;

    #[test]
    fn a_bounce_is_a_report() {
        let date = mime::DateTime::new(1_763_800_000, 0).unwrap();
        let to = "alice@crepes.fr".parse().unwrap();
        let failed = [
            ("bob@hamburger.edu", "550 5.1.1 No such user"),
            ("carol@hamburger.edu", "451 later"),
            ("dave@nowhere.example", "no such domain"),
        ];
        let failed = failed.map(|(to, why)| (to.parse().unwrap(), Text::from_static(why)));
        let header = Bytes::from_static(b"Subject: Hi\r\n");
        let mut out = BytesMut::new();
        bounce("crepes.fr", date, &to, &failed, header).unwrap().write(&mut out);
        let message = Message::parse(&out);
        assert_eq!(message.defects(), []);
        assert_eq!(message.field("auto-submitted").unwrap().text(), "auto-replied");
        assert!(message.root().content_type().is("multipart", "report"));
        let body = message.part(&[2]).unwrap().content().into_octets().into_owned();
        assert_eq!(
            String::from_utf8(body).unwrap(),
            "Reporting-MTA: dns; crepes.fr\r\n\r\n\
             Final-Recipient: rfc822; bob@hamburger.edu\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n\r\n\
             Final-Recipient: rfc822; carol@hamburger.edu\r\nAction: failed\r\nStatus: 4.4.7\r\n\
             Diagnostic-Code: smtp; 451 later\r\n\r\n\
             Final-Recipient: rfc822; dave@nowhere.example\r\nAction: failed\r\nStatus: 5.0.0\r\n"
        );
        assert_eq!(message.part(&[3]).unwrap().body(), b"Subject: Hi\r\n");
    }
}
