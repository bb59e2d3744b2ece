//! What a sender is told of a message (RFC 3464).
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

use bytes::Bytes;
use mime::report::{DeliveryAction, DeliveryStatus, RecipientStatus, StatusCode, Typed};
use mime::{AddrSpec, Builder, DateTime, FieldName};
use smtp_proto::{EnvelopeId, Mailbox, OriginalRecipient, Return};

use crate::{Cause, MessageId};

/// What the sender of a message is to be told: [`compose`](Self::compose) says it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Of which message.
    pub message: MessageId,
    /// Who is told.
    pub to: Mailbox,
    /// When the message came, in seconds since 1970.
    pub arrived: u64,
    /// What of the message is returned, if the sender said so.
    pub returned: Option<Return>,
    /// What the sender calls the transaction.
    pub envelope_id: Option<EnvelopeId>,
    /// What became of it for these.
    pub recipients: Vec<ReportedRecipient>,
}

/// What became of a message for one recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReportedRecipient {
    /// Its place among the message's recipients, counted from 0.
    pub place: u32,
    /// Who it is.
    pub to: Mailbox,
    /// As the sender named it.
    pub original: Option<OriginalRecipient>,
    /// What was done.
    pub action: DeliveryAction,
    /// Why, if it is not good news.
    pub why: Option<Cause>,
    /// Until when it is tried, in seconds since 1970, if it is.
    pub until: Option<u64>,
}

/// Who reports.
#[derive(Clone, Copy, Debug)]
pub struct Reporter<'a> {
    /// Our name.
    pub host: &'a str,
    /// Now.
    pub date: DateTime,
    /// What makes the report's name unique, if it is to have one.
    pub random: Option<u128>,
}

impl Report {
    /// Whether something will not arrive.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.recipients.iter().any(|it| it.action == DeliveryAction::Failed)
    }

    pub(crate) fn settled(&self) -> impl Iterator<Item = u32> {
        let settled = self.recipients.iter().filter(|it| it.action != DeliveryAction::Delayed);
        settled.map(|it| it.place)
    }

    /// Begins the message that tells the sender, in words and as RFC 3464 has it for programs; it
    /// is sent [from nobody](crate::Queue::submit_report).
    ///
    /// `original` is the message it is about, whole or its beginning: what is returned of it is
    /// its header, and the whole only of one that failed whose sender asked for that by `RET=FULL`
    /// (RFC 3461 §4.3).
    ///
    /// ```
    /// # use delivery::{Action, Cause, Queue, Config, Submission, Transport, Verdict, Reporter};
    /// # use proto_core::{Instant, Text};
    /// # let mut config = Config::new("crepes.fr".parse()?);
    /// # config.transport = Transport::Local;
    /// # let mut queue = Queue::new(config, 0);
    /// # let from = smtp_proto::ReversePath::Mailbox("alice@crepes.fr".parse()?);
    /// # queue.submit(Instant::ORIGIN, 0, Submission::new(from, ["bob@crepes.fr".parse()?]))?;
    /// # let report = loop {
    /// #     match queue.poll() {
    /// #         Some(Action::Keep { link, .. }) => {
    /// #             let why = Cause::new("5.1.1".parse()?, Text::from_static("no such user"));
    /// #             queue.kept(Instant::ORIGIN, 0, link, &[Verdict::Failed(why)]);
    /// #         }
    /// #         Some(Action::Report(report)) => break report,
    /// #         _ => {}
    /// #     }
    /// # };
    /// let date = mime::DateTime::new(1_700_000_000, 0)?;
    /// let reporter = Reporter { host: "mail.crepes.fr", date, random: None };
    /// let original = b"Subject: Toppings\r\n\r\nKetchup?\r\n";
    /// let mut out = bytes::BytesMut::new();
    /// report.compose(reporter, original.as_slice().into())?.write(&mut out);
    /// assert!(out.starts_with(b"Date: "));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A name or an address is none that a header can hold.
    pub fn compose(
        &self,
        reporter: Reporter<'_>,
        original: Bytes,
    ) -> Result<Builder, mime::ParseError> {
        let daemon = AddrSpec::new("MAILER-DAEMON", reporter.host)?;
        let mut status = DeliveryStatus::new(Typed::dns(reporter.host)?);
        status.original_envelope_id =
            self.envelope_id.as_ref().map(|id| mime::Text::from(id.as_str()));
        status.arrival_date = date(self.arrived);
        for recipient in &self.recipients {
            status = status.recipient(recipient.status()?);
        }
        let builder = Builder::new(reporter.date)
            .from(mime::Mailbox::new("Mail Delivery System", daemon))
            .to(address(&self.to)?)
            .subject(self.subject())
            // RFC 3834 §3.1.7: nobody answers this by himself.
            .field(FieldName::AUTO_SUBMITTED, "auto-replied")
            .text(self.words())
            .report(status);
        let builder = match reporter.random {
            Some(random) => builder.unique(random, reporter.host)?,
            None => builder,
        };
        let full = self.is_failure() && self.returned == Some(Return::Full);
        Ok(if full {
            builder.returned_message(original)
        } else {
            builder.returned_header(header(&original))
        })
    }

    fn subject(&self) -> &'static str {
        let has = |action| self.recipients.iter().any(|it| it.action == action);
        match () {
            () if self.is_failure() => "Undelivered mail returned to sender",
            () if has(DeliveryAction::Delayed) => "Mail is late",
            () => "Mail was delivered",
        }
    }

    /// What people read.
    fn words(&self) -> String {
        let mut text = String::new();
        let actions = [
            (DeliveryAction::Failed, "It did not reach these, and nothing more will be tried:"),
            (DeliveryAction::Delayed, "It has not reached these yet, and will be tried again:"),
            (DeliveryAction::Delivered, "It is in the mailboxes of these:"),
            (DeliveryAction::Relayed, "It went on to servers that will not tell more, for these:"),
            (DeliveryAction::Expanded, "It went on to all who are on these lists:"),
        ];
        text.push_str("This is what became of your message.\n");
        for (action, heading) in actions {
            let mut these = self.recipients.iter().filter(|it| it.action == action).peekable();
            if these.peek().is_some() {
                let _ = write!(text, "\n{heading}\n");
            }
            for it in these {
                // Writing to a String does not fail.
                let _ = write!(text, "\n{}\n", it.to);
                if let Some(why) = &it.why {
                    let _ = writeln!(text, "    {why}");
                }
            }
        }
        text
    }
}

impl ReportedRecipient {
    fn status(&self) -> Result<RecipientStatus, mime::ParseError> {
        let code = self.why.as_ref().map(Cause::status).filter(|code| code.class() != 2);
        let code = match self.action {
            DeliveryAction::Failed => code.unwrap_or(StatusCode::PERMANENT),
            DeliveryAction::Delayed => code.unwrap_or(StatusCode::TRANSIENT),
            _ => StatusCode::SUCCESS,
        };
        let final_recipient = Typed::address(&address(&self.to)?)?;
        let mut status = RecipientStatus::new(final_recipient, self.action, code);
        let original = self.original.as_ref();
        status.original_recipient =
            original.and_then(|it| Typed::new(it.kind(), it.address()).ok());
        if let Some(why) = &self.why
            && let Some(remote) = why.remote()
        {
            let remote = remote.to_string();
            status.remote_mta = Typed::dns(remote.as_str()).ok();
            // Our own words are no diagnostic code (RFC 3464 §2.3.6), and words too long for a
            // line are in the text for people.
            status.diagnostic_code = Typed::smtp(why.words().to_string().as_str()).ok();
        }
        status.will_retry_until = self.until.and_then(date);
        Ok(status)
    }
}

fn date(seconds: u64) -> Option<DateTime> {
    DateTime::new(i64::try_from(seconds).ok()?, 0).ok()
}

fn address(mailbox: &Mailbox) -> Result<AddrSpec, mime::ParseError> {
    AddrSpec::new(&mailbox.unquoted_local_part(), mailbox.domain())
}

/// The header of a message, with the end of its last line.
fn header(message: &Bytes) -> Bytes {
    let end = message.windows(4).position(|octets| octets == b"\r\n\r\n");
    message.slice(..end.map_or(message.len(), |end| end + 2))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use mime::Message;
    use proto_core::Text;
    use smtp_proto::Reply;

    use super::*;

    fn recipient(to: &str, action: DeliveryAction, why: Option<Cause>) -> ReportedRecipient {
        let (original, until) = (None, None);
        ReportedRecipient { place: 0, to: to.parse().unwrap(), original, action, why, until }
    }

    fn said(code: u16, words: &str) -> Option<Cause> {
        Some(Cause::said(&Reply::new(code, words).unwrap(), "mx.hamburger.edu"))
    }

    fn report() -> Report {
        let own = Cause::new("5.1.2".parse().unwrap(), Text::from_static("no such domain"));
        let mut bob =
            recipient("bob@hamburger.edu", DeliveryAction::Failed, said(550, "5.1.1 Who?"));
        bob.original = Some(OriginalRecipient::new("rfc822", "Bob@burger.example").unwrap());
        let mut late =
            recipient("carol@hamburger.edu", DeliveryAction::Delayed, said(451, "later"));
        late.until = Some(1_700_432_000);
        Report {
            message: MessageId(7),
            to: "alice@crepes.fr".parse().unwrap(),
            arrived: 1_700_000_000,
            returned: None,
            envelope_id: Some(EnvelopeId::new("QQ314159").unwrap()),
            recipients: [
                bob,
                late,
                recipient("dave@nowhere.example", DeliveryAction::Failed, Some(own)),
                recipient("erin@hamburger.edu", DeliveryAction::Relayed, None),
            ]
            .into(),
        }
    }

    fn write(report: &Report) -> BytesMut {
        let date = DateTime::new(1_700_000_000, 0).unwrap();
        let reporter = Reporter { host: "crepes.fr", date, random: Some(7) };
        let original = Bytes::from_static(b"Subject: Hi\r\n\r\nKetchup?\r\n");
        let mut out = BytesMut::new();
        report.compose(reporter, original).unwrap().write(&mut out);
        out
    }

    #[test]
    fn a_report_says_what_became_of_each() {
        let out = write(&report());
        let message = Message::parse(&out);
        assert_eq!(message.defects(), []);
        assert_eq!(message.field("auto-submitted").unwrap().text(), "auto-replied");
        assert!(message.root().content_type().is("multipart", "report"));
        let body = message.part(&[2]).unwrap().content().into_octets().into_owned();
        assert_eq!(
            String::from_utf8(body).unwrap(),
            "Original-Envelope-Id: QQ314159\r\nReporting-MTA: dns; crepes.fr\r\n\
             Arrival-Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n\
             Original-Recipient: rfc822; Bob@burger.example\r\n\
             Final-Recipient: rfc822; bob@hamburger.edu\r\nAction: failed\r\nStatus: 5.1.1\r\n\
             Remote-MTA: dns; mx.hamburger.edu\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 Who?\r\n\r\n\
             Final-Recipient: rfc822; carol@hamburger.edu\r\nAction: delayed\r\nStatus: 4.0.0\r\n\
             Remote-MTA: dns; mx.hamburger.edu\r\nDiagnostic-Code: smtp; 451 later\r\n\
             Will-Retry-Until: Sun, 19 Nov 2023 22:13:20 +0000\r\n\r\n\
             Final-Recipient: rfc822; dave@nowhere.example\r\nAction: failed\r\nStatus: 5.1.2\r\n\r\n\
             Final-Recipient: rfc822; erin@hamburger.edu\r\nAction: relayed\r\nStatus: 2.0.0\r\n"
        );
        assert_eq!(message.part(&[3]).unwrap().body(), b"Subject: Hi\r\n");
    }

    #[test]
    fn the_whole_message_is_returned_if_it_failed_and_that_is_wished() {
        let mut report = report();
        report.returned = Some(Return::Full);
        let out = write(&report);
        assert!(memchr::memmem::find(&out, b"Ketchup?").is_some());
        report.recipients.retain(|it| it.action != DeliveryAction::Failed);
        assert!(memchr::memmem::find(&write(&report), b"Ketchup?").is_none());
        report.returned = Some(Return::Headers);
        assert!(memchr::memmem::find(&write(&report), b"Ketchup?").is_none());
    }
}
