//! What a reader thinks of a message (RFC 5965).
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use bytes::BytesMut;

use super::{Fields, Typed};
use crate::fold::FieldWriter;
use crate::{AddrSpec, DateTime, FieldName, Text};

/// A feedback report (RFC 5965 §3), as abuse desks exchange them.
///
/// Its fields may be set at will: every value is of a type that cannot break a header.
///
/// ```
/// use bytes::BytesMut;
/// use mime::report::{FeedbackReport, FeedbackType};
///
/// let mut report = FeedbackReport::new(FeedbackType::Abuse, "SomeGenerator/1.0");
/// report.source_ip = Some([192, 0, 2, 1].into());
/// let mut out = BytesMut::new();
/// report.write(&mut out);
/// assert_eq!(out, "Feedback-Type: abuse\r\n\
///     User-Agent: SomeGenerator/1.0\r\n\
///     Version: 1\r\n\
///     Source-IP: 192.0.2.1\r\n");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FeedbackReport {
    /// What kind of feedback it is (§3.1).
    pub feedback_type: FeedbackType,
    /// The program that says so (§3.1).
    pub user_agent: Text,
    /// The version of the format: 1 (§3.1).
    pub version: u32,
    /// What the sender's server called the message: `ENVID` (§3.2).
    pub original_envelope_id: Option<Text>,
    /// Who sent it, by its envelope; `Some(None)` is the null path (§3.2).
    pub original_mail_from: Option<Option<AddrSpec>>,
    /// When it came (§3.2).
    pub arrival_date: Option<DateTime>,
    /// Which server took it (§3.2).
    pub reporting_mta: Option<Typed>,
    /// Where it came from (§3.2).
    pub source_ip: Option<IpAddr>,
    /// How many messages like it this report is for (§3.2).
    pub incidents: Option<u64>,
    /// What was found when it was checked, each the value of an `Authentication-Results` field
    /// (§3.3).
    pub authentication_results: Vec<Text>,
    /// Whom it was for, by its envelope (§3.3).
    pub original_rcpt_to: Vec<AddrSpec>,
    /// Domains that it advertises or pretends to be from (§3.3).
    pub reported_domains: Vec<Text>,
    /// URIs that it advertises (§3.3).
    pub reported_uris: Vec<Text>,
    /// Other fields (§3.5).
    pub extensions: Vec<(FieldName, Text)>,
}

impl FeedbackReport {
    /// Makes what the RFC demands.
    pub fn new(feedback_type: FeedbackType, user_agent: impl Into<Text>) -> Self {
        Self {
            feedback_type,
            user_agent: user_agent.into(),
            version: 1,
            original_envelope_id: None,
            original_mail_from: None,
            arrival_date: None,
            reporting_mta: None,
            source_ip: None,
            incidents: None,
            authentication_results: Vec::new(),
            original_rcpt_to: Vec::new(),
            reported_domains: Vec::new(),
            reported_uris: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// Appends the body of a `message/feedback-report`.
    pub fn write(&self, out: &mut BytesMut) {
        let mut fields = Fields { out, utf8: false };
        fields.display("Feedback-Type", Some(&self.feedback_type));
        fields.text("User-Agent", Some(&self.user_agent));
        fields.display("Version", Some(self.version));
        fields.text("Original-Envelope-Id", self.original_envelope_id.as_ref());
        if let Some(from) = &self.original_mail_from {
            path(&mut fields, "Original-Mail-From", from.as_ref());
        }
        fields.display("Arrival-Date", self.arrival_date);
        fields.typed("Reporting-MTA", self.reporting_mta.as_ref());
        fields.display("Source-IP", self.source_ip);
        fields.display("Incidents", self.incidents);
        let texts = |fields: &mut Fields<'_>, name: &str, texts: &[Text]| {
            texts.iter().for_each(|text| fields.text(name, Some(text)));
        };
        texts(&mut fields, "Authentication-Results", &self.authentication_results);
        for to in &self.original_rcpt_to {
            path(&mut fields, "Original-Rcpt-To", Some(to));
        }
        texts(&mut fields, "Reported-Domain", &self.reported_domains);
        texts(&mut fields, "Reported-URI", &self.reported_uris);
        fields.extensions(&self.extensions);
    }
}

/// Writes an address as the envelope has it (RFC 5321 §4.1.2).
fn path(fields: &mut Fields<'_>, name: &str, address: Option<&AddrSpec>) {
    let mut field = FieldWriter::new(fields.out, name, fields.utf8);
    match address {
        Some(address) => field.path(address),
        None => field.word(b"<>"),
    }
    field.end();
}

/// What kind of feedback it is (RFC 5965 §7.3, RFC 6430, RFC 6591).
///
/// ```
/// assert_eq!(mime::report::FeedbackType::Abuse.to_string(), "abuse");
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum FeedbackType {
    /// Unwanted mail.
    Abuse,
    /// It failed authentication (RFC 6591).
    AuthFailure,
    /// A fraud.
    Fraud,
    /// Not spam, though it was taken for it (RFC 6430).
    NotSpam,
    /// A virus.
    Virus,
    /// Another name. Written without what a token may not have.
    Other(Text),
}

impl fmt::Display for FeedbackType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Abuse => "abuse",
            Self::AuthFailure => "auth-failure",
            Self::Fraud => "fraud",
            Self::NotSpam => "not-spam",
            Self::Virus => "virus",
            Self::Other(name) => name.as_str(),
        };
        let token = name.chars().filter(|c| u8::try_from(*c).is_ok_and(crate::lex::is_token));
        token.take(60).try_for_each(|c| fmt::Write::write_char(f, c))
    }
}
