//! What became of a message on its way (RFC 3464).
use alloc::vec::Vec;
use core::fmt;

use bytes::BytesMut;

use super::{Fields, StatusCode, Typed};
use crate::{DateTime, FieldName, Text};

/// A delivery status notification (RFC 3464 §2): what became of a message, for each of its
/// recipients.
///
/// Its fields may be set at will: every value is of a type that cannot break a header.
///
/// ```
/// use bytes::BytesMut;
/// use mime::report::{DeliveryAction, DeliveryStatus, RecipientStatus, StatusCode, Typed};
///
/// let bob = Typed::address(&"bob@hamburger.edu".parse()?)?;
/// let mut failed = RecipientStatus::new(bob, DeliveryAction::Failed, "5.1.1".parse()?);
/// failed.diagnostic_code = Some(Typed::smtp("550 5.1.1 No such user")?);
/// let report = DeliveryStatus::new(Typed::dns("crepes.fr")?).recipient(failed);
/// let mut out = BytesMut::new();
/// report.write(false, &mut out);
/// assert_eq!(out, "Reporting-MTA: dns; crepes.fr\r\n\
///     \r\n\
///     Final-Recipient: rfc822; bob@hamburger.edu\r\n\
///     Action: failed\r\n\
///     Status: 5.1.1\r\n\
///     Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n");
/// # Ok::<(), mime::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeliveryStatus {
    /// What the sender's server called the message: `ENVID` (§2.2.1).
    pub original_envelope_id: Option<Text>,
    /// Who says so (§2.2.2).
    pub reporting_mta: Typed,
    /// What translated the report of another network (§2.2.3).
    pub dsn_gateway: Option<Typed>,
    /// From whom the message came (§2.2.4).
    pub received_from_mta: Option<Typed>,
    /// When it came (§2.2.5).
    pub arrival_date: Option<DateTime>,
    /// Other fields about the message (§2.4).
    pub extensions: Vec<(FieldName, Text)>,
    /// What became of it, for each recipient: one at least (§2.1).
    pub recipients: Vec<RecipientStatus>,
}

impl DeliveryStatus {
    /// Makes a report of this server about no recipients yet.
    #[must_use]
    pub const fn new(reporting_mta: Typed) -> Self {
        Self {
            original_envelope_id: None,
            reporting_mta,
            dsn_gateway: None,
            received_from_mta: None,
            arrival_date: None,
            extensions: Vec::new(),
            recipients: Vec::new(),
        }
    }

    /// Adds what became of the message for one recipient.
    #[must_use]
    pub fn recipient(mut self, recipient: RecipientStatus) -> Self {
        self.recipients.push(recipient);
        self
    }

    /// Appends the body of a `message/delivery-status`; with `utf8`, of a
    /// `message/global-delivery-status` (RFC 6533 §4.1).
    pub fn write(&self, utf8: bool, out: &mut BytesMut) {
        let mut fields = Fields { out, utf8 };
        fields.text("Original-Envelope-Id", self.original_envelope_id.as_ref());
        fields.typed("Reporting-MTA", Some(&self.reporting_mta));
        fields.typed("DSN-Gateway", self.dsn_gateway.as_ref());
        fields.typed("Received-From-MTA", self.received_from_mta.as_ref());
        fields.display("Arrival-Date", self.arrival_date);
        fields.extensions(&self.extensions);
        for recipient in &self.recipients {
            fields.blank_line();
            recipient.write(&mut fields);
        }
    }
}

/// What became of a message for one recipient (RFC 3464 §2.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecipientStatus {
    /// The recipient as the sender gave it: `ORCPT` (§2.3.1).
    pub original_recipient: Option<Typed>,
    /// The recipient as the reporting server knows it (§2.3.2).
    pub final_recipient: Typed,
    /// What was done (§2.3.3).
    pub action: DeliveryAction,
    /// Why, for programs (§2.3.4).
    pub status: StatusCode,
    /// Which server said so, if not the reporting one (§2.3.5).
    pub remote_mta: Option<Typed>,
    /// Its words (§2.3.6).
    pub diagnostic_code: Option<Typed>,
    /// When it was last tried (§2.3.7).
    pub last_attempt_date: Option<DateTime>,
    /// What the last server calls the message in its log (§2.3.8).
    pub final_log_id: Option<Text>,
    /// When it will be given up, if it is delayed (§2.3.9).
    pub will_retry_until: Option<DateTime>,
    /// Other fields about the recipient (§2.4).
    pub extensions: Vec<(FieldName, Text)>,
}

impl RecipientStatus {
    /// Makes what the RFC demands.
    #[must_use]
    pub const fn new(final_recipient: Typed, action: DeliveryAction, status: StatusCode) -> Self {
        Self {
            original_recipient: None,
            final_recipient,
            action,
            status,
            remote_mta: None,
            diagnostic_code: None,
            last_attempt_date: None,
            final_log_id: None,
            will_retry_until: None,
            extensions: Vec::new(),
        }
    }

    fn write(&self, fields: &mut Fields<'_>) {
        fields.typed("Original-Recipient", self.original_recipient.as_ref());
        fields.typed("Final-Recipient", Some(&self.final_recipient));
        fields.display("Action", Some(self.action));
        fields.display("Status", Some(self.status));
        fields.typed("Remote-MTA", self.remote_mta.as_ref());
        fields.typed("Diagnostic-Code", self.diagnostic_code.as_ref());
        fields.display("Last-Attempt-Date", self.last_attempt_date);
        fields.text("Final-Log-ID", self.final_log_id.as_ref());
        fields.display("Will-Retry-Until", self.will_retry_until);
        fields.extensions(&self.extensions);
    }
}

/// What a server did with a message for a recipient (RFC 3464 §2.3.3). Closed, as the grammar is.
///
/// ```
/// assert_eq!(mime::report::DeliveryAction::Failed.to_string(), "failed");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DeliveryAction {
    /// It will not arrive.
    Failed,
    /// It has not arrived yet.
    Delayed,
    /// It is in the recipient's mailbox.
    Delivered,
    /// It went to a server that does not report.
    Relayed,
    /// It went to more than one recipient in place of this one.
    Expanded,
}

impl DeliveryAction {
    /// Returns the word, as the RFC spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
        }
    }
}

impl fmt::Display for DeliveryAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
