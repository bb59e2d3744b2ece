//! Reading reports, as many programs write them: what cannot be read is left out.
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{
    DeliveryAction, DeliveryStatus, Disposal, DispositionNotification, FeedbackReport,
    FeedbackType, Mode, RecipientStatus, Report, StatusCode, Typed,
};
use crate::{AddrSpec, Field, FieldName, Part, ReturnPath, Text};

impl Part<'_, '_> {
    /// Reads a report for programs: this part, or the first one in it that is a
    /// `message/delivery-status`, `message/disposition-notification` or `message/feedback-report`,
    /// or one of the first two in the forms of RFC 6533. `None` where there is none.
    ///
    /// ```
    /// use mime::Message;
    /// use mime::report::{DeliveryAction, Report};
    ///
    /// let message = Message::parse(
    ///     b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a.example\r\n\r\n\
    ///       Final-Recipient: rfc822; bob@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
    /// );
    /// let Some(Report::Delivery(report)) = message.root().report() else { panic!() };
    /// assert_eq!(report.recipients[0].action, DeliveryAction::Failed);
    /// assert_eq!(report.recipients[0].final_recipient.value(), "bob@b.example");
    /// ```
    #[must_use]
    pub fn report(&self) -> Option<Report> {
        // What is forwarded inside a message in a message reports nothing to us.
        let mut parts = alloc::vec![*self];
        while let Some(part) = parts.pop() {
            let kind = part.content_type();
            let is = |subtype: &str| kind.is("message", subtype);
            if is("delivery-status") || is("global-delivery-status") {
                return Some(DeliveryStatus::read(part.content().octets()).into());
            } else if is("disposition-notification") || is("global-disposition-notification") {
                return Some(DispositionNotification::read(part.content().octets()).into());
            } else if is("feedback-report") {
                return Some(FeedbackReport::read(part.content().octets()).into());
            }
            if part.kind() == crate::PartKind::Multipart {
                let at = parts.len();
                parts.extend(part.children());
                parts.get_mut(at..).unwrap_or_default().reverse();
            }
        }
        None
    }
}

impl DeliveryStatus {
    /// Reads the body of a `message/delivery-status`, its transfer encoding undone.
    ///
    /// A report that does not say its server has one without a name; a recipient that is not
    /// named has an empty name, an action that is not said follows from the status, and the other
    /// way round.
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        let mut report = Self::new(typed("dns", ""));
        let mut groups = groups(octets).into_iter();
        for field in groups.next().unwrap_or_default() {
            let text = || Text::from(field.text());
            match &*field.name().to_ascii_lowercase() {
                "original-envelope-id" => report.original_envelope_id = Some(text()),
                "reporting-mta" => report.reporting_mta = read_typed(&field, "dns"),
                "dsn-gateway" => report.dsn_gateway = Some(read_typed(&field, "dns")),
                "received-from-mta" => report.received_from_mta = Some(read_typed(&field, "dns")),
                "arrival-date" => report.arrival_date = field.date(),
                _ => report.extensions.extend(extension(&field)),
            }
        }
        report.recipients = groups.map(|it| RecipientStatus::read(&it)).collect();
        report
    }
}

impl RecipientStatus {
    fn read(fields: &[Field<'_>]) -> Self {
        let (mut action, mut status, mut recipient) = (None, None, None);
        let mut out = Self::new(typed("rfc822", ""), DeliveryAction::Failed, StatusCode::PERMANENT);
        for field in fields {
            let text = || field.text();
            match &*field.name().to_ascii_lowercase() {
                "original-recipient" => out.original_recipient = Some(read_typed(field, "rfc822")),
                "final-recipient" => recipient = Some(read_typed(field, "rfc822")),
                "action" => action = word(&text()).parse_action(),
                "status" => status = word(&text()).0.parse().ok(),
                "remote-mta" => out.remote_mta = Some(read_typed(field, "dns")),
                "diagnostic-code" => out.diagnostic_code = Some(read_typed(field, "smtp")),
                "last-attempt-date" => out.last_attempt_date = field.date(),
                "final-log-id" => out.final_log_id = Some(Text::from(text())),
                "will-retry-until" => out.will_retry_until = field.date(),
                _ => out.extensions.extend(extension(field)),
            }
        }
        if let Some(recipient) = recipient.or_else(|| out.original_recipient.clone()) {
            out.final_recipient = recipient;
        }
        let class = status.map(StatusCode::class);
        out.action = action.unwrap_or(match class {
            Some(2) => DeliveryAction::Delivered,
            Some(4) => DeliveryAction::Delayed,
            _ => DeliveryAction::Failed,
        });
        out.status = status.unwrap_or(match out.action {
            DeliveryAction::Failed => StatusCode::PERMANENT,
            DeliveryAction::Delayed => StatusCode::TRANSIENT,
            _ => StatusCode::SUCCESS,
        });
        out
    }
}

impl DispositionNotification {
    /// Reads the body of a `message/disposition-notification`, its transfer encoding undone.
    ///
    /// Where the disposition cannot be read, a program processed the message by itself: that
    /// promises the least.
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        let mut out =
            Self::new(typed("rfc822", ""), Mode::Automatic, Mode::Automatic, Disposal::Processed);
        for field in groups(octets).into_iter().flatten() {
            let text = || Text::from(field.text());
            match &*field.name().to_ascii_lowercase() {
                "reporting-ua" => out.reporting_ua = Some(text()),
                "mdn-gateway" => out.mdn_gateway = Some(read_typed(&field, "dns")),
                "original-recipient" => out.original_recipient = Some(read_typed(&field, "rfc822")),
                "final-recipient" => out.final_recipient = read_typed(&field, "rfc822"),
                "original-message-id" => {
                    out.original_message_id = field.message_ids().into_iter().next();
                }
                "disposition" => out.read_disposition(&field.text()),
                "error" => out.errors.push(text()),
                _ => out.extensions.extend(extension(&field)),
            }
        }
        out
    }

    /// Reads `action/sending; type/modifiers` (RFC 8098 §3.2.6).
    fn read_disposition(&mut self, text: &str) {
        let (modes, kind) = text.split_once(';').unwrap_or(("", text));
        let (action, sending) = modes.split_once('/').unwrap_or((modes, ""));
        let mode = |word: &str, manual: &str| match word.trim().eq_ignore_ascii_case(manual) {
            true => Mode::Manual,
            false => Mode::Automatic,
        };
        self.action = mode(action, "manual-action");
        self.sending = mode(sending, "mdn-sent-manually");
        let (kind, modifiers) = kind.split_once('/').unwrap_or((kind, ""));
        let all =
            [Disposal::Displayed, Disposal::Deleted, Disposal::Dispatched, Disposal::Processed];
        let found = all.into_iter().find(|it| kind.trim().eq_ignore_ascii_case(it.as_str()));
        self.disposal = found.unwrap_or(Disposal::Processed);
        let modifiers = modifiers.split(',').map(str::trim).filter(|it| !it.is_empty());
        self.modifiers = modifiers.map(Text::from).collect();
    }
}

impl FeedbackReport {
    /// Reads the body of a `message/feedback-report`, its transfer encoding undone.
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        let mut out = Self::new(FeedbackType::Other(Text::default()), "");
        for field in groups(octets).into_iter().flatten() {
            let text = || Text::from(field.text());
            let number = || field.text().trim().parse::<u64>().ok();
            match &*field.name().to_ascii_lowercase() {
                "feedback-type" => out.feedback_type = feedback_type(&field.text()),
                "user-agent" => out.user_agent = text(),
                "version" => {
                    out.version = number().and_then(|it| it.try_into().ok()).unwrap_or(1);
                }
                "original-envelope-id" => out.original_envelope_id = Some(text()),
                "original-mail-from" => out.original_mail_from = path(&field),
                // RFC 5965 §3.2 says the first, and that old reports say the second.
                "arrival-date" | "received-date" => out.arrival_date = field.date(),
                "reporting-mta" => out.reporting_mta = Some(read_typed(&field, "dns")),
                "source-ip" => out.source_ip = source_ip(&field.text()),
                "incidents" => out.incidents = number(),
                "authentication-results" => out.authentication_results.push(text()),
                "original-rcpt-to" => out.original_rcpt_to.extend(path(&field).flatten()),
                "reported-domain" => out.reported_domains.push(text()),
                "reported-uri" => out.reported_uris.push(text()),
                _ => out.extensions.extend(extension(&field)),
            }
        }
        out
    }
}

/// Cuts a body into groups of fields at its empty lines; empty groups are none.
fn groups(octets: &[u8]) -> Vec<Vec<Field<'_>>> {
    let (mut out, mut group, mut start, mut at) = (Vec::new(), Vec::new(), 0, 0);
    let take = |group: &mut Vec<_>, start: usize, end: usize| {
        group.extend(octets.get(start..end).and_then(Field::new));
    };
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let end = at + line.len();
        if line.trim_ascii().is_empty() {
            take(&mut group, start, at);
            if !group.is_empty() {
                out.push(core::mem::take(&mut group));
            }
            start = end;
        } else if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            take(&mut group, start, at);
            start = at;
        }
        at = end;
    }
    take(&mut group, start, at);
    if !group.is_empty() {
        out.push(group);
    }
    out
}

/// Reads `type; value`; what has no type is what the field is for.
fn read_typed(field: &Field<'_>, default: &str) -> Typed {
    let value = field.text();
    let (kind, rest) = value.split_once(';').unwrap_or((default, &value));
    // A type has no blanks: `550 5.1.1 no; really` has none.
    let kind = kind.trim();
    let (kind, rest) = match kind.contains(char::is_whitespace) {
        true => (default, value.as_str()),
        false => (kind, rest),
    };
    let rest = if kind.eq_ignore_ascii_case("utf-8") { unescape(rest) } else { rest.to_string() };
    typed(kind, rest.trim())
}

/// Makes a value; one that could not be written has no value.
fn typed(kind: &str, value: &str) -> Typed {
    let made = Typed::new(kind, value).or_else(|_| Typed::new("x-unknown", value));
    made.or_else(|_| Typed::new(kind, ""))
        .or_else(|_| Typed::new("x-unknown", ""))
        .expect("empty values fit")
}

/// Undoes `\x{HEX}` (RFC 6533 §3).
fn unescape(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((head, tail)) = rest.split_once("\\x{") {
        out.push_str(head);
        // Six digits at most: a brace that never comes is not searched for.
        let digits = tail.bytes().take(7).position(|it| it == b'}').and_then(|at| tail.get(..at));
        let c = digits.and_then(|it| u32::from_str_radix(it, 16).ok()).and_then(char::from_u32);
        match (c, digits) {
            (Some(c), Some(digits)) => {
                out.push(c);
                rest = tail.get(digits.len() + 1..).unwrap_or_default();
            }
            _ => {
                out.push_str("\\x{");
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

fn extension(field: &Field<'_>) -> Option<(FieldName, Text)> {
    Some((field.name().parse().ok()?, Text::from(field.text())))
}

/// The first word of a value: comments come after it.
struct Word<'t>(&'t str);

fn word(text: &str) -> Word<'_> {
    Word(
        text.split(|c: char| c.is_whitespace() || c == '(')
            .find(|it| !it.is_empty())
            .unwrap_or_default(),
    )
}

impl Word<'_> {
    fn parse_action(&self) -> Option<DeliveryAction> {
        use DeliveryAction::{Delayed, Delivered, Expanded, Failed, Relayed};
        let all = [Failed, Delayed, Delivered, Relayed, Expanded];
        all.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(self.0))
    }
}

fn feedback_type(text: &str) -> FeedbackType {
    let known = [
        FeedbackType::Abuse,
        FeedbackType::AuthFailure,
        FeedbackType::Fraud,
        FeedbackType::NotSpam,
        FeedbackType::Virus,
    ];
    let word = word(text).0;
    let found = known.into_iter().find(|it| it.to_string().eq_ignore_ascii_case(word));
    found.unwrap_or_else(|| FeedbackType::Other(Text::from(word)))
}

/// Reads an address as the envelope has it; the inner `None` is the null path.
fn path(field: &Field<'_>) -> Option<Option<AddrSpec>> {
    match field.return_path()? {
        ReturnPath::Null => Some(None),
        ReturnPath::Address(address) => Some(Some(address)),
    }
}

/// Reads an address with or without the brackets and tag of a literal.
fn source_ip(text: &str) -> Option<core::net::IpAddr> {
    let text = word(text).0.trim_matches(['[', ']']);
    let tagged = text.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case("ipv6:"));
    text.get(if tagged { 5 } else { 0 }..)?.parse().ok()
}
